//! CREATE TABLE from the columns that were found in a file.
//!
//! Used by `transfer::upload`. It never touches a table that exists.

use super::{Catalog, Error, Result};
use crate::clickhouse::{
    Statement,
    sql::{self, TableName},
};

/// The statement for a MergeTree table with these columns, each a name and a type. The rows keep
/// the order of the file: nothing is known yet of the queries that a sorting key would serve.
///
/// # Errors
///
/// [`Error::NoColumns`].
pub fn create_statement(table: &TableName, columns: &[(String, String)]) -> Result<Statement> {
    if columns.is_empty() {
        return Err(Error::NoColumns);
    }
    Ok(sql::create::create_table(table, columns))
}

impl Catalog {
    /// Creates a table and returns the statement that did it.
    ///
    /// # Errors
    ///
    /// [`Error::NoColumns`], [`Error::DatabaseNotFound`], and [`Error::ClickHouse`] with
    /// [`TableExists`](crate::clickhouse::Error::TableExists) when there is a table of this name.
    pub async fn create_table(
        &self,
        table: &TableName,
        columns: &[(String, String)],
    ) -> Result<String> {
        let statement = create_statement(table, columns)?;
        match self.client.execute(&statement).await {
            Ok(()) => Ok(statement.text().to_owned()),
            Err(crate::clickhouse::Error::UnknownDatabase(_)) => Err(Error::DatabaseNotFound {
                database: self.full_name(table).await?.database,
            }),
            Err(error) => Err(error.into()),
        }
    }
}
