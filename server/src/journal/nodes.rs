//! The tables of the journal at the node that it works with: made, joined, brought up to date, written and read.
//!
//! Part of `journal`. It must never read a table that lacks what was written to it at another node.

use std::sync::atomic::Ordering;

use futures_util::future::try_join_all;
use tokio::time::timeout;

use super::{Absence, ClaimRow, Journal, MAX_LOST_STEPS, NO_ZOOKEEPER, Place, SYNC_LIMIT};
use crate::clickhouse::{
    Client, Error, Result, Statement,
    sql::{
        TableName,
        journal::{self, Keeping},
        staging,
    },
};
use crate::metrics::JournalUse;

impl Journal {
    pub(super) async fn insert<T>(&self, table: &str, rows: &[T]) -> Result<()>
    where
        T: ::clickhouse::RowOwned + ::clickhouse::RowWrite + serde::Serialize,
        for<'a> T: ::clickhouse::Row<Value<'a> = T>,
    {
        let inserted = self.insert_uncounted(table, rows).await;
        self.counted(JournalUse::Write, inserted)
    }

    async fn insert_uncounted<T>(&self, table: &str, rows: &[T]) -> Result<()>
    where
        T: ::clickhouse::RowOwned + ::clickhouse::RowWrite + serde::Serialize,
        for<'a> T: ::clickhouse::Row<Value<'a> = T>,
    {
        let table = TableName::new(self.database.as_str(), table);
        let at = Box::pin(self.joined()).await?;
        let inserted = at.client.insert_rows(&table, rows).await;
        if self.is_made_again(at, &inserted).await? {
            return at.client.insert_rows(&table, rows).await;
        }
        inserted
    }

    /// The same outcome, counted.
    pub(super) fn counted<T>(&self, used: JournalUse, outcome: Result<T>) -> Result<T> {
        let has_failed = outcome.is_err();
        self.metrics.journal_used(used, has_failed);
        if used == JournalUse::Write {
            self.is_failing.store(has_failed, Ordering::Relaxed);
        }
        outcome
    }

    /// Takes a step, or says whose it is.
    pub(super) async fn take_step(&self, mut row: ClaimRow) -> Result<ClaimRow> {
        for _ in 0..MAX_LOST_STEPS {
            let token = format!("step/{}/{}", row.transfer_id, row.step);
            let table = TableName::new(self.database.as_str(), journal::CLAIMS);
            let rows = std::slice::from_ref(&row);
            let at = Box::pin(self.joined()).await?;
            let inserted = at.client.insert_rows_once(&table, rows, &token).await;
            if self.is_made_again(at, &inserted).await? {
                at.client.insert_rows_once(&table, rows, &token).await?;
            } else {
                inserted?;
            }
            let claims = self.claims(row.transfer_id).await?;
            if let Some(taken) = claims.into_iter().find(|claim| claim.step >= row.step) {
                return Ok(taken);
            }
            row.step += 1;
        }
        Err(Error::Protocol {
            message: "the journal loses what is written to it".to_owned(),
        })
    }

    /// Reads some tables, with all that was written to them before.
    pub(super) async fn fetch<T>(&self, tables: &[&str], statement: &Statement) -> Result<Vec<T>>
    where
        T: ::clickhouse::RowOwned + ::clickhouse::RowRead,
    {
        let rows = self.fetch_uncounted(tables, statement).await;
        self.counted(JournalUse::Read, rows)
    }

    async fn fetch_uncounted<T>(&self, tables: &[&str], statement: &Statement) -> Result<Vec<T>>
    where
        T: ::clickhouse::RowOwned + ::clickhouse::RowRead,
    {
        let at = Box::pin(self.joined()).await?;
        self.catch_up(at, tables).await?;
        let rows = at.client.fetch(statement).await;
        if self.is_made_again(at, &rows).await? {
            // Other nodes may have what was lost here.
            self.catch_up(at, tables).await?;
            return at.client.fetch(statement).await;
        }
        rows
    }

    /// Reads a table that a journal of a version before has only once somebody writes to it.
    pub(super) async fn fetch_later<T>(&self, table: &str, statement: &Statement) -> Result<Vec<T>>
    where
        T: ::clickhouse::RowOwned + ::clickhouse::RowRead,
    {
        let at = Box::pin(self.joined()).await?;
        let rows = async {
            self.catch_up(at, &[table]).await?;
            at.client.fetch(statement).await
        };
        match rows.await {
            // Where others have it too, it is made before anything is read.
            Err(Error::UnknownTable(_) | Error::UnknownDatabase(_))
                if !self.is_together(at).await? =>
            {
                Ok(Vec::new())
            }
            rows => rows,
        }
    }

    /// Waits until a node has what was written to tables at any other.
    pub(super) async fn catch_up(&self, at: Place<'_>, tables: &[&str]) -> Result<()> {
        if tables.is_empty() || !self.is_together(at).await? {
            return Ok(());
        }
        let syncs = tables.iter().map(|table| self.sync(at.client, table));
        Box::pin(try_join_all(syncs)).await.map(drop)
    }

    pub(super) async fn sync(&self, client: &Client, table: &str) -> Result<()> {
        let name = TableName::new(self.database.as_str(), table);
        let synced = timeout(SYNC_LIMIT, client.execute(&staging::sync_replica(&name))).await;
        synced.unwrap_or_else(|_| {
            Err(Error::Unavailable {
                message: format!(
                    "the journal lacks what was written to {}.{table} at another node, which is away; it goes on \
                     when that node is back",
                    self.database
                ),
                exception: None,
            })
        })
    }

    /// Whether the tables at a node are kept together with those of others; false where there are none.
    pub(super) async fn is_together(&self, at: Place<'_>) -> Result<bool> {
        Ok(self.kind(at).await?.unwrap_or(false))
    }

    /// The same; none where there are none.
    pub(super) async fn kind(&self, at: Place<'_>) -> Result<Option<bool>> {
        if let Some(is_together) = at.known.is_together.get() {
            return Ok(Some(*is_together));
        }
        let kind = self.look(at).await?;
        if let Some(is_together) = kind {
            at.known.is_together.set(is_together).ok();
        }
        Ok(kind)
    }

    /// The same, as it is now.
    async fn look(&self, at: Place<'_>) -> Result<Option<bool>> {
        let statement = journal::is_together(&self.database);
        let rows: Vec<bool> = at.client.fetch(&statement).await?;
        Ok(rows.first().copied())
    }

    /// Makes the tables again where an outcome says that they are not there; whether it did.
    pub(super) async fn is_made_again<T>(
        &self,
        at: Place<'_>,
        outcome: &Result<T>,
    ) -> Result<bool> {
        let is_gone = matches!(
            outcome,
            Err(Error::UnknownDatabase(_) | Error::UnknownTable(_))
        );
        if is_gone {
            if at.known.absence.get().is_some() {
                tracing::error!(
                    database = self.database,
                    "the journal was dropped while the server ran: what it knew of uploads is lost; \
                     making it again"
                );
            }
            Box::pin(self.create(at)).await?;
        }
        Ok(is_gone)
    }

    /// Makes what is missing of the tables at a node, or says why it cannot be kept there.
    pub(super) async fn create(&self, at: Place<'_>) -> Result<Option<Absence>> {
        let there = self.look(at).await?;
        let has_several = self.nodes.are_several();
        let (url, database) = (at.node.url(), &self.database);
        if has_several && there == Some(false) {
            return Ok(Some(Absence::Nodes(format!(
                "the journal cannot be kept: the tables of the database {database} at {url} are not replicated, \
                 and the connection has other nodes; drop it while no upload is open, or name another one by \
                 --journal-database"
            ))));
        }
        let replica = match there {
            Some(false) => None,
            Some(true) | None => at.node.replica().await?.map(str::to_owned),
        };
        if let Some(replica) = replica {
            let together = Keeping::Together { replica };
            match self.create_as(at.client, &together).await {
                Err(error) if is_without_keeper(&error) && there.is_none() => {}
                made => return made.map(|()| None),
            }
        }
        if has_several {
            return Ok(Some(Absence::Nodes(format!(
                "the journal cannot be kept: {url} has no Keeper or no macro `replica`, and the connection has \
                 other nodes"
            ))));
        }
        let made = self.create_as(at.client, &Keeping::Alone);
        made.await.map(|()| None)
    }

    async fn create_as(&self, client: &Client, keeping: &Keeping) -> Result<()> {
        for statement in journal::create(&self.database, self.retention_seconds, keeping) {
            client.execute(&statement).await?;
        }
        if self.is_synced {
            for statement in journal::sync(&self.database) {
                client.execute(&statement).await?;
            }
        }
        Ok(())
    }
}

/// Whether a replicated table cannot be made because the node has no Keeper.
fn is_without_keeper(error: &Error) -> bool {
    error
        .exception()
        .is_some_and(|exception| exception.code == NO_ZOOKEEPER)
}
