//! The staging table of one upload: made, handed from owner to owner, counted, moved into the target or
//! attached to it, dropped.
//!
//! `transfer::upload` and `transfer::sweeper` drive it. Every step can be repeated, after a crash of
//! whoever took it too, and by another server; it must never move a row twice, nor take a table that
//! is not there for one that has been moved.
//!
//! How this works: the name of the table ends with the incarnation of the file and the step of the
//! journal by which its owner has it. Whoever takes the upload over gives the table his own step, so that
//! what a former owner begins later finds nothing. REPLACE moves the rows into a table made like the
//! target, whose name counts the attempts: an exchange is sent once for each name, because a repeated
//! one would swap back.
//!
//! A replicated target takes no rows from a table of one server but by a step of all its replicas, which copies
//! them: each partition at once. That the staging table has lost a partition says that it was done. Where that
//! was not said, the target is asked for the UUIDs of the parts; and whoever repeats it gives the staging
//! table the next name, so that a statement that comes late finds nothing.

mod passage;

use std::collections::BTreeMap;

use serde::Deserialize;
use uuid::Uuid;

pub(in crate::transfer) use passage::Passage;

use crate::{
    clickhouse::{
        Client, Error as ClickHouseError, Statement,
        sql::{EngineClause, TableName, staging as sql},
    },
    transfer::{CommitMode, Error, Result},
};

/// Partitions that one statement moves: enough to save round trips, few enough to be soon done.
const PARTITIONS_AT_ONCE: usize = 16;

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
        (transfer_id, incarnation): (Uuid, u32),
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
        (apart, is_synced): (bool, bool),
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
                Err(ClickHouseError::UnknownTable(_)) => {}
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

    /// Whether at least so many rows are staged.
    pub(in crate::transfer) async fn holds(&self, row_count: u64) -> Result<bool> {
        match self.find().await? {
            Some(table) => Ok(self.count(&table).await? >= row_count),
            None => Ok(row_count == 0),
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

    /// The partitions of the table, each with its number of rows.
    pub(in crate::transfer) async fn partitions(&self) -> Result<BTreeMap<String, u64>> {
        let table = self.found().await?;
        self.partitions_of(&table).await
    }

    /// The identity of the target as it is now; none where there is no such table.
    pub(in crate::transfer) async fn target_uuid(&self) -> Result<Option<Uuid>> {
        Ok(self.identity(&self.target).await?.map(|table| table.uuid))
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

    /// Brings every partition into the target, which must be the table that the rows were counted for.
    pub(in crate::transfer) async fn bring_in(
        &self,
        passage: Passage,
        identity: Uuid,
        partitions: &[String],
        mut is_repeated: bool,
    ) -> Result<()> {
        for _ in 0..MAX_RENAMES {
            let done = self
                .try_bring_in(passage, identity, partitions, is_repeated)
                .await;
            match done {
                // Another server completes the same, and has given the table its next name.
                Err(Error::ClickHouse(ClickHouseError::UnknownTable(_)))
                    if passage.is_replicated() => {}
                Ok(false) => {}
                done => return done.map(drop),
            }
            is_repeated = true;
        }
        Err(Error::Internal("a table is given new names without end"))
    }

    /// The same once; false where the table has another name by now, under which there may be rows left.
    async fn try_bring_in(
        &self,
        passage: Passage,
        identity: Uuid,
        partitions: &[String],
        is_repeated: bool,
    ) -> Result<bool> {
        let mut staged = self.found().await?;
        self.check_target(identity).await?;
        if passage == Passage::Replace && partitions.is_empty() {
            self.execute_alone(&sql::empty(&self.target)).await?;
            return Ok(true);
        }
        let rest;
        let partitions = if is_repeated {
            if passage.is_replicated() {
                staged = self.rename_on(staged).await?;
            }
            rest = self.partitions_left(passage, &staged, &self.target).await?;
            &rest
        } else {
            partitions
        };
        for (number, partitions) in partitions.chunks(PARTITIONS_AT_ONCE).enumerate() {
            if number > 0 {
                self.check_target(identity).await?;
            }
            self.bring(passage, &staged, &self.target, partitions)
                .await?;
        }
        self.check_empty(&staged).await?;
        // There is nothing under a name that is no more, and no name comes back.
        if passage.is_replicated() && self.find().await? != Some(staged) {
            return Ok(false);
        }
        // A move names its table: one that came under that name in the last moment is not ours.
        self.check_target(identity).await?;
        Ok(true)
    }

    /// Lets the table `replacement` take the place of the target, once all rows are in it.
    pub(in crate::transfer) async fn replace(
        &self,
        identity: Uuid,
        replacement: Uuid,
    ) -> Result<()> {
        let prefix = sql::replacement_prefix(self.transfer_id, self.incarnation);
        for _ in 0..MAX_RENAMES {
            let tables = self.tables(&prefix).await?;
            let now = self.identity(&self.target).await?.map(|table| table.uuid);
            // The old rows wait under our name: they have been exchanged, whatever came then.
            let has_old = tables.iter().any(|table| table.uuid == identity);
            if now == Some(replacement) || has_old {
                return Ok(());
            }
            let Some(made) = tables.into_iter().find(|table| table.uuid == replacement) else {
                return Err(Error::Internal(
                    "the table that was to take the place is gone",
                ));
            };
            let attempt = suffix(&made.name).unwrap_or_default() + 1;
            let made = made.table();
            let name = sql::replacement(&self.target, self.transfer_id, self.incarnation, attempt);
            // An exchange that is still on its way finds nothing under the old name.
            match self.client.execute(&sql::rename(&made, &name)).await {
                Ok(()) => {}
                Err(ClickHouseError::UnknownTable(_)) => continue,
                Err(error) => return Err(error.into()),
            }
            // One that came before has swapped the tables: then this name has the old rows.
            if self.identity(&name).await?.map(|table| table.uuid) != Some(replacement) {
                continue;
            }
            self.check_target(identity).await?;
            let staged = self.found().await?;
            let passage = Passage::Move;
            let rest = self.partitions_left(passage, &staged, &name).await?;
            for partitions in rest.chunks(PARTITIONS_AT_ONCE) {
                self.bring(passage, &staged, &name, partitions).await?;
            }
            self.check_empty(&staged).await?;
            self.check_target(identity).await?;
            self.execute_alone(&sql::exchange(&name, &self.target))
                .await?;
        }
        Err(Error::Internal("a table is given new names without end"))
    }

    async fn found(&self) -> Result<TableName> {
        self.find().await?.ok_or(Error::StagedRowsGone)
    }

    async fn check_empty(&self, staged: &TableName) -> Result<()> {
        match self.count(staged).await? {
            0 => Ok(()),
            actual => Err(Error::CountMismatch {
                expected: 0,
                actual,
            }),
        }
    }

    /// Sees that the target is the table that the rows were counted for.
    async fn check_target(&self, identity: Uuid) -> Result<()> {
        if self.target_uuid().await? == Some(identity) {
            Ok(())
        } else {
            Err(self.target_changed())
        }
    }

    fn target_changed(&self) -> Error {
        Error::TargetGone {
            table: self.target.to_string(),
        }
    }

    /// Gives the table its next name: what is to be done to it under the one of before, and has not begun,
    /// does not happen any more.
    async fn rename_on(&self, staged: TableName) -> Result<TableName> {
        let next = suffix(&staged.table).unwrap_or_default() + 1;
        let next = self.name(&staged.database, next);
        self.client.execute(&sql::rename(&staged, &next)).await?;
        Ok(next)
    }

    async fn bring(
        &self,
        passage: Passage,
        staged: &TableName,
        into: &TableName,
        partitions: &[String],
    ) -> Result<()> {
        for statement in passage.statements(staged, into, partitions) {
            self.execute_alone(&statement).await?;
        }
        Ok(())
    }

    /// What is still to be brought in of what this, or another server, may have brought in before.
    async fn partitions_left(
        &self,
        passage: Passage,
        staged: &TableName,
        into: &TableName,
    ) -> Result<Vec<String>> {
        if self.partitions_of(staged).await?.is_empty() {
            return Ok(Vec::new());
        }
        // What is being moved this moment is in both tables, and is not to be left out.
        self.execute_alone(&sql::change_nothing(staged)).await?;
        if passage.is_replicated() {
            // The replicas may have agreed on what this one has not done yet.
            self.client
                .execute_long(&sql::sync_replica(into), Uuid::new_v4())
                .await?;
        }
        let there: Vec<String> = self.client.fetch(&passage.there(staged, into)).await?;
        if !there.is_empty() {
            tracing::warn!(table = %staged, ?there, "the target has these already; leaving them out");
            self.execute_alone(&passage.leave_out(staged, &there))
                .await?;
        }
        Ok(self.partitions_of(staged).await?.into_keys().collect())
    }

    async fn partitions_of(&self, table: &TableName) -> Result<BTreeMap<String, u64>> {
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
    async fn execute_alone(&self, statement: &Statement) -> Result<()> {
        let fence = Uuid::from_u128(!self.transfer_id.as_u128());
        Ok(self.client.execute_long(statement, fence).await?)
    }
}

/// The number that a name ends with: a step, or an attempt.
fn suffix(name: &str) -> Option<u32> {
    name.rsplit('_').next()?.parse().ok()
}
