//! What Sluice itself keeps in ClickHouse: transfers, how far they are, and rejected rows.
//!
//! Used by `transfer`. It lives in a database of its own, so that every server of a ClickHouse sees
//! the same and can go on with any upload; nothing is made before the first row is to be kept.

mod record;

use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::clickhouse::{
    Client, Error, Result, Rows,
    sql::{TableName, journal},
};

pub use record::{Checkpoint, Pulse, RejectedRow, TransferRow, UploadRow};

/// A handle on the journal.
#[derive(Debug)]
pub struct Journal {
    client: Client,
    database: String,
    retention_seconds: u64,
    is_allowed: OnceCell<bool>,
}

impl Journal {
    /// Names the database; nothing is asked of ClickHouse yet.
    #[must_use]
    pub fn new(client: Client, database: String, retention_seconds: u64) -> Self {
        Self {
            client,
            database,
            retention_seconds,
            is_allowed: OnceCell::new(),
        }
    }

    /// Makes the database and its tables where they are missing; false when the user may not, which
    /// is found out once.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse, but for a missing grant.
    pub async fn open(&self) -> Result<bool> {
        let is_allowed = self.is_allowed.get_or_try_init(|| async {
            match self.create().await {
                Ok(()) => Ok(true),
                Err(Error::AccessDenied(exception)) => {
                    let database = &self.database;
                    tracing::warn!(%exception, database, "no journal: uploads cannot be resumed");
                    Ok(false)
                }
                Err(error) => Err(error),
            }
        });
        is_allowed.await.copied()
    }

    /// Whether there is a journal to read; makes none.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn exists(&self) -> Result<bool> {
        if let Some(is_allowed) = self.is_allowed.get() {
            return Ok(*is_allowed);
        }
        let statement = journal::count_tables(&self.database);
        let counts: Vec<u64> = self.client.fetch(&statement).await?;
        Ok(counts
            .first()
            .is_some_and(|count| *count == journal::TABLE_COUNT as u64))
    }

    /// Keeps rejected rows. A row that is kept already stays once.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse: the user may lack the right to create the database.
    pub async fn add_rejected(&self, rows: &[RejectedRow]) -> Result<()> {
        if !self.open().await? {
            // Says what is missing.
            self.create().await?;
        }
        self.insert(journal::REJECTED_ROWS, rows).await
    }

    /// Reads the rejected rows of a transfer, in the order of the file.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn rejected(&self, transfer_id: Uuid) -> Result<Rows<RejectedRow>> {
        if !self.open().await? {
            // Says what is missing.
            self.create().await?;
        }
        let statement = journal::rejected_rows(&self.database, transfer_id);
        self.client.stream(&statement).await
    }

    /// Forgets the rejected rows and checkpoints of an upload that begins anew.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn forget(&self, transfer_id: Uuid) -> Result<()> {
        for table in [journal::REJECTED_ROWS, journal::CHECKPOINTS] {
            let statement = journal::forget(&self.database, table, transfer_id);
            self.client.execute(&statement).await?;
        }
        Ok(())
    }

    /// Writes what an upload begins with; replaces what was there.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn put_upload(&self, row: UploadRow) -> Result<()> {
        self.insert(journal::UPLOADS, &[row]).await
    }

    /// Writes where a transfer stands; replaces what was there.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn put_transfer(&self, row: TransferRow) -> Result<()> {
        self.insert(journal::TRANSFERS, &[row]).await
    }

    /// Writes how far an upload is.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn add_checkpoint(&self, checkpoint: Checkpoint) -> Result<()> {
        self.insert(journal::CHECKPOINTS, &[checkpoint]).await
    }

    /// What an upload began with.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn upload(&self, transfer_id: Uuid) -> Result<Option<UploadRow>> {
        let statement = journal::upload(&self.database, transfer_id);
        Ok(self.client.fetch(&statement).await?.into_iter().next())
    }

    /// How far an upload is.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn checkpoint(&self, transfer_id: Uuid) -> Result<Option<Checkpoint>> {
        let statement = journal::checkpoint(&self.database, transfer_id);
        Ok(self.client.fetch(&statement).await?.into_iter().next())
    }

    /// Where a transfer stands.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn find(&self, transfer_id: Uuid) -> Result<Option<TransferRow>> {
        let statement = journal::find(&self.database, transfer_id);
        Ok(self.client.fetch(&statement).await?.into_iter().next())
    }

    /// The newest transfers, at most `limit`, of any state or of the states that are given.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn list(&self, states: &[&str], limit: usize) -> Result<Vec<TransferRow>> {
        let statement = journal::list(&self.database, states, limit);
        self.client.fetch(&statement).await
    }

    /// How transfers do.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn pulses(&self, ids: &[Uuid]) -> Result<Vec<Pulse>> {
        let statement = journal::pulses(&self.database, ids);
        self.client.fetch(&statement).await
    }

    async fn insert<T>(&self, table: &str, rows: &[T]) -> Result<()>
    where
        T: ::clickhouse::RowOwned + ::clickhouse::RowWrite + serde::Serialize,
        for<'a> T: ::clickhouse::Row<Value<'a> = T>,
    {
        let table = TableName::new(self.database.as_str(), table);
        self.client.insert_rows(&table, rows).await
    }

    async fn create(&self) -> Result<()> {
        for statement in journal::create(&self.database, self.retention_seconds) {
            self.client.execute(&statement).await?;
        }
        Ok(())
    }
}
