//! CREATE TABLE from the columns that were found in a file.
//!
//! Used by `transfer::upload`. It never touches a table that exists.

use super::{Catalog, Error, Result};
use crate::clickhouse::{
    Client, Statement,
    sql::{self, Definition, TableName, create::NewEngine},
};

/// A column of a new table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewColumn {
    /// The name.
    pub name: String,
    /// The type, as ClickHouse writes it.
    pub data_type: String,
}

/// A table of the MergeTree family that does not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTable {
    /// The columns, in their order.
    pub columns: Vec<NewColumn>,
    /// The columns that the rows are sorted by; empty: the order of insertion.
    pub sorting_key: Vec<String>,
    /// Why they were chosen.
    pub key_reason: String,
    /// The cluster on all of whose servers it is made; none: that of its database.
    pub on_cluster: Option<String>,
}

impl Catalog {
    /// The statement that creates a table.
    ///
    /// # Errors
    ///
    /// [`Error::NoColumns`] and [`Error::ClickHouse`].
    pub async fn create_statement(&self, table: &TableName, new: &NewTable) -> Result<String> {
        let engine = self.new_engine(table).await?;
        Ok(statement(table, new, engine)?.text().to_owned())
    }

    /// The engine of a new table: in a database whose tables several servers share, one whose rows they
    /// share too.
    ///
    /// # Errors
    ///
    /// [`Error::ClickHouse`].
    pub(crate) async fn new_engine(&self, table: &TableName) -> Result<NewEngine> {
        let statement = sql::catalog::database_engine(&table.database);
        let engines: Vec<String> = self.client.fetch(&statement).await?;
        let is_replicated = engines.iter().any(|engine| engine == "Replicated");
        Ok(if is_replicated {
            NewEngine::ReplicatedMergeTree
        } else {
            NewEngine::MergeTree
        })
    }

    /// Creates a table and returns the statement that did it.
    ///
    /// # Errors
    ///
    /// [`Error::NoColumns`], [`Error::DatabaseNotFound`], and [`Error::ClickHouse`] with
    /// [`TableExists`](crate::clickhouse::Error::TableExists) when there is a table of this name.
    pub async fn create_table(&self, table: &TableName, new: &NewTable) -> Result<String> {
        let statement = statement(table, new, self.new_engine(table).await?)?;
        self.run_create(&self.client, table, &statement).await?;
        Ok(statement.text().to_owned())
    }

    /// Creates a table as a statement of a caller says, which must be one CREATE TABLE of this table, and
    /// returns the statement that did it: the same, written anew. `client` has the rights that it runs with. Where
    /// `as_said` is given, that is the table which the statement names, and which the one that is returned creates.
    ///
    /// # Errors
    ///
    /// [`Error::RefusedCreate`], [`Error::NotCreateTable`], and those of [`Catalog::create_table`].
    pub async fn create_by_statement(
        &self,
        client: &Client,
        table: &TableName,
        as_said: Option<&TableName>,
        text: &str,
    ) -> Result<String> {
        let definition = Definition::parse(text);
        let definition = definition.map_err(|reason| Error::RefusedCreate { reason })?;
        let said = as_said.unwrap_or(table);
        if self.full_name(definition.name()).await? != self.full_name(said).await? {
            return Err(Error::NotCreateTable);
        }
        self.run_create(client, table, &definition.statement(table))
            .await?;
        Ok(definition.statement(said).text().to_owned())
    }

    /// Drops a table that was created for nothing, perhaps on a whole cluster; one with rows stays. A failure is
    /// logged only.
    pub(crate) async fn drop_if_empty(&self, table: &TableName, cluster: Option<&str>) {
        let statement = sql::create::drop_if_empty(table, cluster);
        if let Err(error) = self.client.execute(&statement).await {
            tracing::info!(%table, error = error.logged(), "the new table stays");
        }
    }

    async fn run_create(
        &self,
        client: &Client,
        table: &TableName,
        statement: &Statement,
    ) -> Result<()> {
        match client.execute(statement).await {
            Ok(()) => Ok(()),
            Err(crate::clickhouse::Error::UnknownDatabase(_)) => Err(Error::DatabaseNotFound {
                database: self.full_name(table).await?.database,
            }),
            Err(error) => Err(error.into()),
        }
    }
}

fn statement(table: &TableName, new: &NewTable, engine: NewEngine) -> Result<Statement> {
    if new.columns.is_empty() {
        return Err(Error::NoColumns);
    }
    let columns = new.columns.iter();
    let columns: Vec<_> = columns
        .map(|column| (column.name.as_str(), column.data_type.as_str()))
        .collect();
    let cluster = new.on_cluster.as_deref();
    let engine = cluster.map_or(engine, |_| NewEngine::ReplicatedMergeTree);
    let key = &new.sorting_key;
    Ok(sql::create::create_table(
        table, cluster, engine, &columns, key,
    ))
}
