//! The staging table of one upload: made, handed from owner to owner, counted, dropped; and what
//! `commit::complete` needs to bring its rows into the target.
//!
//! `transfer::upload` and `transfer::sweeper` drive it. Every step can be repeated, after a crash of
//! whoever took it too, and by another server; nothing is decided here.
//!
//! How this works: the name of the table ends with the incarnation of the file and the step of the
//! journal by which its owner has it. Whoever takes the upload over gives the table his own step, so that
//! what a former owner begins later finds nothing; a commit counts on from there. REPLACE moves the rows into
//! a table made like the target, whose name counts the attempts.

use std::collections::BTreeMap;

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    clickhouse::{
        Client, Error as ClickHouseError, Statement,
        sql::{EngineClause, TableName, staging as sql},
    },
    transfer::{CommitMode, Error, Result, protocol::completion::Passage},
};

/// Parts of a partition that all replicas can add in one step: their names must fit into 1 MB.
const MAX_PARTS_AT_ONCE: u32 = 1_000;

/// How often a table is looked for that others give new names to.
const MAX_RENAMES: usize = 16;

/// The staging table of one upload.
#[derive(Clone, Debug)]
pub(in crate::transfer) struct Staging {
    client: Client,
    transfer_id: Uuid,
    incarnation: u32,
    target: TableName,
    /// Sluice's own database, for tables that cannot be beside their target.
    own_database: String,
}

/// A row of `sql::partitions`.
#[derive(::clickhouse::Row, Deserialize)]
struct PartitionRow {
    id: String,
    row_count: u64,
}

/// A row of `sql::tables_of` and of `sql::identity`.
#[derive(::clickhouse::Row, Deserialize)]
struct TableRow {
    database: String,
    name: String,
    #[serde(with = "::clickhouse::serde::uuid")]
    uuid: Uuid,
    engine: String,
    definition: String,
}

impl TableRow {
    fn table(&self) -> TableName {
        TableName::new(self.database.as_str(), self.name.as_str())
    }
}

impl Staging {
    /// Names the tables; `target` must have its database in its name.
    pub(in crate::transfer) fn new(
        client: &Client,
        target: &TableName,
        transfer_id: Uuid,
        incarnation: u32,
        own_database: &str,
    ) -> Self {
        Self {
            client: client.for_transfer(transfer_id),
            transfer_id,
            incarnation,
            target: target.clone(),
            own_database: own_database.to_owned(),
        }
    }

    /// The table as the owner by step `epoch` has it.
    fn name(&self, database: &str, epoch: u32) -> TableName {
        sql::name(database, self.transfer_id, self.incarnation, epoch)
    }

    /// Makes the table, empty, for the owner by step `epoch`: beside the target, or `apart` from it, in Sluice's
    /// own database.
    pub(in crate::transfer) async fn create(
        &self,
        engine: &EngineClause,
        apart: bool,
        is_synced: bool,
        epoch: u32,
    ) -> Result<TableName> {
        let database = if apart {
            &self.own_database
        } else {
            &self.target.database
        };
        let table = self.name(database, epoch);
        let statement = sql::create(&table, &self.target, engine, is_synced);
        self.client.execute(&statement).await?;
        Ok(table)
    }

    /// Makes a table with the columns and constraints of the target that keeps nothing, beside it or `apart` from it.
    pub(in crate::transfer) async fn create_trial(&self, apart: bool) -> Result<TableName> {
        let database = if apart {
            &self.own_database
        } else {
            &self.target.database
        };
        let table = self.name(database, 0);
        let statement = sql::create_trial(&table, &self.target);
        self.client.execute(&statement).await?;
        Ok(table)
    }

    /// Gives the table to the owner by step `epoch`; none where there is none. Refused for a former owner,
    /// who would take it from a later one.
    pub(in crate::transfer) async fn take_over(&self, epoch: u32) -> Result<Option<TableName>> {
        for _ in 0..MAX_RENAMES {
            let Some(found) = self.find().await? else {
                return Ok(None);
            };
            let wanted = self.name(&found.database, epoch);
            if found == wanted {
                return Ok(Some(wanted));
            }
            if suffix(&found.table) > Some(epoch) {
                let id = self.transfer_id.to_string();
                return Err(Error::TakenOver { id });
            }
            match self.client.execute(&sql::rename(&found, &wanted)).await {
                Ok(()) => return Ok(Some(wanted)),
                // Somebody else has renamed it in this moment.
                Err(ClickHouseError::UnknownTable(_) | ClickHouseError::TableExists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// The table, whoever has it.
    pub(in crate::transfer) async fn find(&self) -> Result<Option<TableName>> {
        let prefix = sql::prefix(self.transfer_id, self.incarnation);
        let tables = self.tables(&prefix).await?;
        let newest = tables.iter().max_by_key(|table| suffix(&table.name));
        Ok(newest.map(TableRow::table))
    }

    /// The number that the name of a staging table ends with.
    pub(super) fn epoch(table: &TableName) -> u32 {
        suffix(&table.table).unwrap_or_default()
    }

    /// Whether there is a table, with at least so many rows.
    pub(in crate::transfer) async fn holds(&self, row_count: u64) -> Result<bool> {
        match self.find().await? {
            Some(table) => Ok(self.count(&table).await? >= row_count),
            None => Ok(false),
        }
    }

    /// Drops the table, what REPLACE has left of the target, and what is in them; they may be gone
    /// already.
    pub(in crate::transfer) async fn drop(&self) -> Result<()> {
        for prefix in [
            sql::prefix(self.transfer_id, self.incarnation),
            sql::replacement_prefix(self.transfer_id, self.incarnation),
        ] {
            for table in self.tables(&prefix).await? {
                self.client.execute(&sql::drop(&table.table())).await?;
            }
        }
        Ok(())
    }

    /// Drops the table; what is left of it is swept later.
    pub(in crate::transfer) async fn drop_or_leave(&self) {
        match self.drop().await {
            Ok(()) | Err(Error::ClickHouse(ClickHouseError::UnknownDatabase(_))) => {}
            Err(error) => tracing::warn!(staging = ?self, error = error.logged(), "cannot drop"),
        }
    }

    /// The partitions of the table, each with its number of rows.
    pub(in crate::transfer) async fn partitions(&self) -> Result<BTreeMap<String, u64>> {
        let table = self.found().await?;
        self.partitions_of(&table).await
    }

    /// The identity of the target as it is now; none where there is no such table.
    pub(in crate::transfer) async fn target_uuid(&self) -> Result<Option<Uuid>> {
        self.uuid_of(&self.target).await
    }

    /// The identity of a table; none where there is no such table.
    pub(super) async fn uuid_of(&self, table: &TableName) -> Result<Option<Uuid>> {
        Ok(self.identity(table).await?.map(|table| table.uuid))
    }

    pub(super) const fn target(&self) -> &TableName {
        &self.target
    }

    pub(super) const fn transfer_id(&self) -> Uuid {
        self.transfer_id
    }

    /// Whether the target still has the columns and constraints that it had when the table was made.
    pub(in crate::transfer) async fn is_like_target(&self) -> Result<bool> {
        let staged = self.found().await?;
        let alike: Vec<u8> = self
            .client
            .fetch(&sql::is_alike(&staged, &self.target))
            .await?;
        Ok(alike == [1])
    }

    /// Makes the table that is to take the place of the target, with the target's own definition, and
    /// returns its identity.
    pub(in crate::transfer) async fn make_replacement(&self) -> Result<Uuid> {
        let name = sql::replacement(&self.target, self.transfer_id, self.incarnation, 0);
        self.client
            .execute(&sql::create_like(&name, &self.target))
            .await?;
        let made = self.identity(&name).await?;
        let target = self.identity(&self.target).await?;
        let (Some(made), Some(target)) = (made, target) else {
            return Err(self.target_changed());
        };
        if made.definition != target.definition {
            return Err(Error::CommitModeUnavailable {
                mode: "REPLACE",
                table: self.target.to_string(),
                cause: "a table made like it would have another definition".to_owned(),
            });
        }
        Ok(made.uuid)
    }

    /// How its rows come into the target as that is now.
    pub(in crate::transfer) async fn passage(&self, mode: CommitMode) -> Result<Passage> {
        let target = self.identity(&self.target).await?;
        let target = target.ok_or_else(|| self.target_changed())?;
        Ok(Passage::of(mode, &EngineClause::parse(&target.engine)))
    }

    /// Makes fewer parts of what all replicas could not add in one step.
    pub(in crate::transfer) async fn merge_crowded(&self) -> Result<()> {
        let staged = self.found().await?;
        let crowded = sql::crowded_partitions(&staged, MAX_PARTS_AT_ONCE);
        let crowded: Vec<String> = self.client.fetch(&crowded).await?;
        for id in crowded {
            self.execute_alone(&sql::merge_partition(&staged, &id))
                .await?;
        }
        Ok(())
    }

    async fn found(&self) -> Result<TableName> {
        self.find().await?.ok_or(Error::StagedRowsGone)
    }

    pub(super) fn target_changed(&self) -> Error {
        Error::TargetGone {
            table: self.target.to_string(),
        }
    }

    /// Gives the table its next name: what is to be done to it under the one of before, and has not begun,
    /// does not happen any more. Its number is at least `least`.
    pub(super) async fn rename_on(&self, staged: &TableName, least: u32) -> Result<TableName> {
        let next = least.max(Self::epoch(staged) + 1);
        let next = self.name(&staged.database, next);
        self.client.execute(&sql::rename(staged, &next)).await?;
        Ok(next)
    }

    /// The tables that are to take the place of the target, or have been the target, each with its identity.
    pub(super) async fn replacements(&self) -> Result<Vec<(TableName, Uuid)>> {
        let prefix = sql::replacement_prefix(self.transfer_id, self.incarnation);
        let tables = self.tables(&prefix).await?;
        let named = tables.iter().map(|table| (table.table(), table.uuid));
        Ok(named.collect())
    }

    /// Gives such a table its next name: an exchange that is still on its way finds nothing under the old one.
    pub(super) async fn rename_replacement_on(&self, table: &TableName) -> Result<TableName> {
        let attempt = suffix(&table.table).unwrap_or_default() + 1;
        let name = sql::replacement(&self.target, self.transfer_id, self.incarnation, attempt);
        self.client.execute(&sql::rename(table, &name)).await?;
        Ok(name)
    }

    /// Waits until a replica has the parts that it knows of.
    pub(super) async fn sync(&self, table: &TableName) -> Result<()> {
        let statement = sql::sync_replica(table);
        Ok(self.client.execute_long(&statement, Uuid::new_v4()).await?)
    }

    /// The names that a statement asks for.
    pub(super) async fn names(&self, statement: &Statement) -> Result<Vec<String>> {
        Ok(self.client.fetch(statement).await?)
    }

    /// The partitions of a staging table, each with its number of rows.
    pub(super) async fn partitions_of(&self, table: &TableName) -> Result<BTreeMap<String, u64>> {
        let rows: Vec<PartitionRow> = self.client.fetch(&sql::partitions(table)).await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.id, row.row_count))
            .collect())
    }

    async fn count(&self, table: &TableName) -> Result<u64> {
        Ok(self.partitions_of(table).await?.values().sum())
    }

    async fn tables(&self, prefix: &str) -> Result<Vec<TableRow>> {
        let databases = [self.target.database.as_str(), self.own_database.as_str()];
        let statement = sql::tables_of(databases, prefix);
        Ok(self.client.fetch(&statement).await?)
    }

    async fn identity(&self, table: &TableName) -> Result<Option<TableRow>> {
        let rows = self.client.fetch(&sql::identity(table)).await?;
        Ok(rows.into_iter().next())
    }

    /// Runs a statement of the commit, which ClickHouse refuses while another one of the same commit
    /// runs: an id is in use once.
    pub(super) async fn execute_alone(&self, statement: &Statement) -> Result<()> {
        let fence = Uuid::from_u128(!self.transfer_id.as_u128());
        Ok(self.client.execute_long(statement, fence).await?)
    }
}

/// The number that a name ends with: a step, or an attempt.
fn suffix(name: &str) -> Option<u32> {
    name.rsplit('_').next()?.parse().ok()
}
