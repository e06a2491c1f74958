//! What Sluice itself keeps in ClickHouse: the rejected rows of uploads.
//!
//! Used by `transfer`. It lives in a database of its own, so that every server of a ClickHouse sees
//! the same; nothing is made before the first row is to be kept.

use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::clickhouse::{
    Client, Result, Rows,
    sql::{TableName, journal},
};

/// A record that was not loaded.
#[derive(Clone, Debug, PartialEq, Eq, ::clickhouse::Row, Serialize, Deserialize)]
pub struct RejectedRow {
    /// The upload.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub transfer_id: Uuid,
    /// The number of the record, from 1.
    pub record: u64,
    /// The line that it begins on, from 1.
    pub line: u64,
    /// The bytes of the text before it.
    pub byte_offset: u64,
    /// The number of the field at fault, from 1; 0 when the record as a whole is at fault.
    pub field: u32,
    /// The column of the table; empty when the record as a whole is at fault.
    pub column: String,
    /// The type of the column; empty when the record as a whole is at fault.
    pub r#type: String,
    /// The value, shortened.
    #[serde(with = "serde_bytes")]
    pub value: Vec<u8>,
    /// The reason, in capitals with underscores.
    pub reason: String,
    /// The record as it stands in the file.
    #[serde(with = "serde_bytes")]
    pub raw: Vec<u8>,
}

/// A handle on the journal.
#[derive(Debug)]
pub struct Journal {
    client: Client,
    database: String,
    retention_seconds: u64,
    is_ready: OnceCell<()>,
}

impl Journal {
    /// Names the database; nothing is asked of ClickHouse yet.
    #[must_use]
    pub fn new(client: Client, database: String, retention_seconds: u64) -> Self {
        Self {
            client,
            database,
            retention_seconds,
            is_ready: OnceCell::new(),
        }
    }

    /// Keeps rejected rows.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse: the user may lack the right to create the database.
    pub async fn add_rejected(&self, rows: &[RejectedRow]) -> Result<()> {
        self.is_ready.get_or_try_init(|| self.create()).await?;
        let table = TableName::new(self.database.as_str(), journal::REJECTED_ROWS);
        self.client.insert_rows(&table, rows).await
    }

    /// Reads the rejected rows of a transfer, in the order of the file.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn rejected(&self, transfer_id: Uuid) -> Result<Rows<RejectedRow>> {
        self.is_ready.get_or_try_init(|| self.create()).await?;
        let statement = journal::rejected_rows(&self.database, transfer_id);
        self.client.stream(&statement).await
    }

    async fn create(&self) -> Result<()> {
        let statements = [
            journal::create_database(&self.database),
            journal::create_rejected_rows(&self.database, self.retention_seconds),
        ];
        for statement in statements {
            self.client.execute(&statement).await?;
        }
        Ok(())
    }
}
