//! Rows of small structs, one after the other, both ways.
//!
//! Used by `journal`, whose tables have a fixed structure. Never used for data of users: their
//! columns are not known when the server is compiled.

use std::{fmt, time::Duration};

use ::clickhouse::{RowOwned, RowRead, RowWrite, query::RowCursor};
use serde::Serialize;
use uuid::Uuid;

use super::{
    Client,
    error::{Error, Result},
    settings::Purpose,
    sql::{Statement, TableName},
};

/// The rows of a result as they arrive. Dropping it before its end ends the query.
pub struct Rows<T> {
    cursor: RowCursor<T>,
    limit: Duration,
}

impl<T> fmt::Debug for Rows<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rows").finish_non_exhaustive()
    }
}

impl<T: RowOwned + RowRead> Rows<T> {
    /// The next row; none after the last.
    ///
    /// # Errors
    ///
    /// The exception of ClickHouse, or faults of the connection.
    pub async fn next(&mut self) -> Result<Option<T>> {
        let row = self.cursor.next().await;
        row.map_err(|error| Error::from_library(&error, "answer", self.limit))
    }
}

impl Client {
    /// Reads the rows of a result of any length.
    pub(crate) async fn stream<T: RowOwned + RowRead>(
        &self,
        statement: &Statement,
    ) -> Result<Rows<T>> {
        let limit = self.shared.timeouts.statement;
        let query = self.query(statement, Purpose::Read).await?;
        let cursor = query
            .fetch::<T>()
            .map_err(|error| Error::from_library(&error, "answer", limit))?;
        Ok(Rows { cursor, limit })
    }

    /// Reads rows for as long as `take` takes them; says whether it took all that there are. What is left
    /// of the result is not read.
    pub(crate) async fn fetch_while<T: RowOwned + RowRead>(
        &self,
        statement: &Statement,
        mut take: impl FnMut(T) -> bool,
    ) -> Result<bool> {
        let limit = self.shared.timeouts.statement;
        let read = async {
            let mut rows = self.stream(statement).await?;
            while let Some(row) = rows.next().await? {
                if !take(row) {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let outcome = tokio::time::timeout(limit, read).await;
        outcome.unwrap_or(Err(Error::Timeout {
            action: "answer",
            limit,
        }))
    }

    /// Writes rows to a table; all of them are in it when this returns.
    pub(crate) async fn insert_rows<T>(&self, table: &TableName, rows: &[T]) -> Result<()>
    where
        T: RowOwned + RowWrite + Serialize,
        for<'a> T: ::clickhouse::Row<Value<'a> = T>,
    {
        self.write_rows(table, rows, Purpose::Insert, None).await
    }

    /// Writes rows to a table, unless it has taken rows with the same token before.
    pub(crate) async fn insert_rows_once<T>(
        &self,
        table: &TableName,
        rows: &[T],
        token: &str,
    ) -> Result<()>
    where
        T: RowOwned + RowWrite + Serialize,
        for<'a> T: ::clickhouse::Row<Value<'a> = T>,
    {
        let purpose = Purpose::InsertBlock;
        self.write_rows(table, rows, purpose, Some(token)).await
    }

    async fn write_rows<T>(
        &self,
        table: &TableName,
        rows: &[T],
        purpose: Purpose,
        token: Option<&str>,
    ) -> Result<()>
    where
        T: RowOwned + RowWrite + Serialize,
        for<'a> T: ::clickhouse::Row<Value<'a> = T>,
    {
        // The settings of an insert, without a text of its own: the library writes the statement.
        let nothing = Statement::new(String::new());
        let mut library = self
            .prepare(&nothing, Uuid::new_v4(), purpose)
            .await?
            // The structure is our own, and asking for it would take a second statement.
            .with_validation(false);
        if let Some(token) = token {
            library.set_setting("insert_deduplication_token", token);
        }
        self.within_limit(async {
            let mut insert = library.insert_unescaped::<T>(&table.quoted()).await?;
            for row in rows {
                insert.write(row).await?;
            }
            insert.end().await
        })
        .await
    }
}
