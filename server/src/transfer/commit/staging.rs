//! The staging table of one upload: made, counted, moved into the target, dropped.
//!
//! `transfer::upload` and `transfer::sweeper` drive it. Every step can be repeated, after a crash of
//! whoever took it too, and by another server; it must never move a row twice.

use std::collections::BTreeMap;

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    clickhouse::{
        Client, Error as ClickHouseError, Statement,
        sql::{EngineClause, TableName, staging as sql},
    },
    transfer::{Error, Result},
};

/// Partitions that one statement moves: enough to save round trips, few enough to be soon done.
const PARTITIONS_AT_ONCE: usize = 16;

/// The staging table of one upload.
#[derive(Clone, Debug)]
pub(in crate::transfer) struct Staging {
    client: Client,
    transfer_id: Uuid,
    target: TableName,
    name: TableName,
}

/// A row of `sql::partitions`.
#[derive(::clickhouse::Row, Deserialize)]
struct PartitionRow {
    id: String,
    row_count: u64,
}

impl Staging {
    /// Names the table; `target` must have its database in its name.
    pub(in crate::transfer) fn new(client: &Client, transfer_id: Uuid, target: &TableName) -> Self {
        Self {
            client: client.clone(),
            transfer_id,
            target: target.clone(),
            name: sql::name(target, transfer_id),
        }
    }

    /// The table.
    pub(in crate::transfer) const fn name(&self) -> &TableName {
        &self.name
    }

    /// Makes the table, empty.
    pub(in crate::transfer) async fn create(&self, engine: &EngineClause) -> Result<()> {
        self.drop().await?;
        let statement = sql::create(&self.name, &self.target, engine);
        Ok(self.client.execute(&statement).await?)
    }

    /// Drops the table and what is in it; it may be gone already.
    pub(in crate::transfer) async fn drop(&self) -> Result<()> {
        Ok(self.client.execute(&sql::drop(&self.name)).await?)
    }

    /// Its partitions, each with its number of rows.
    pub(in crate::transfer) async fn partitions(&self) -> Result<BTreeMap<String, u64>> {
        let rows: Vec<PartitionRow> = self.client.fetch(&sql::partitions(&self.name)).await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.id, row.row_count))
            .collect())
    }

    /// The rows in it.
    pub(in crate::transfer) async fn row_count(&self) -> Result<u64> {
        Ok(self.partitions().await?.values().sum())
    }

    /// Where a table keeps its data; none when there is no such table.
    async fn data_path(&self, table: &TableName) -> Result<Option<String>> {
        let paths: Vec<String> = self.client.fetch(&sql::data_path(table)).await?;
        Ok(paths.into_iter().next())
    }

    /// Where the staged rows are, for [`Staging::exchange`].
    pub(in crate::transfer) async fn own_path(&self) -> Result<String> {
        let path = self.data_path(&self.name).await?;
        path.ok_or(Error::Internal("the staging table is gone"))
    }

    /// Moves what this, or another server, may have moved in part before.
    pub(in crate::transfer) async fn move_rest(&self) -> Result<()> {
        let partitions = self.partitions().await?;
        if partitions.is_empty() {
            return Ok(());
        }
        // What is being moved this moment is in both tables, and is not to be left out.
        match self.execute_alone(&sql::change_nothing(&self.name)).await {
            Err(Error::ClickHouse(ClickHouseError::UnknownTable(_))) => return Ok(()),
            outcome => outcome?,
        }
        self.leave_out_moved().await?;
        let partitions: Vec<_> = partitions.into_keys().collect();
        self.move_all(&partitions).await
    }

    /// Moves every row into the target; `partitions` are all that there are.
    pub(in crate::transfer) async fn move_all(&self, partitions: &[String]) -> Result<()> {
        for partitions in partitions.chunks(PARTITIONS_AT_ONCE) {
            let statement = sql::move_partitions(&self.name, &self.target, partitions);
            self.execute_alone(&statement).await?;
        }
        match self.row_count().await? {
            0 => Ok(()),
            actual => Err(Error::CountMismatch {
                expected: 0,
                actual,
            }),
        }
    }

    /// Leaves out the parts that ClickHouse has added to the target but not yet taken from here when
    /// it died.
    async fn leave_out_moved(&self) -> Result<()> {
        let statement = sql::moved_parts(&self.name, &self.target);
        let parts: Vec<String> = self.client.fetch(&statement).await?;
        if !parts.is_empty() {
            tracing::warn!(table = %self.name, ?parts, "parts were moved by half; leaving them out");
            self.execute_alone(&sql::drop_parts(&self.name, &parts))
                .await?;
        }
        Ok(())
    }

    /// Gives the target the rows that are staged, which are at `path`, and this table the old ones.
    pub(in crate::transfer) async fn exchange(&self, path: &str) -> Result<()> {
        let is_there = |found: Option<String>| found.is_some_and(|found| found == path);
        if is_there(self.data_path(&self.target).await?) {
            return Ok(());
        }
        if !is_there(self.data_path(&self.name).await?) {
            return Err(Error::Internal("the staged rows are gone"));
        }
        self.execute_alone(&sql::exchange(&self.name, &self.target))
            .await
    }

    /// Runs a statement of the commit, which ClickHouse refuses while another one of the same commit
    /// runs: an id is in use once.
    async fn execute_alone(&self, statement: &Statement) -> Result<()> {
        let fence = Uuid::from_u128(!self.transfer_id.as_u128());
        Ok(self.client.execute_long(statement, fence).await?)
    }
}
