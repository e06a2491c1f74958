//! Clears up after uploads that nobody works on: commits are completed, abandoned ones dropped.
//!
//! `app` runs it for as long as the server. Every server does the same on the same ClickHouse; it must
//! never touch an upload that is alive, on whatever server.

use std::{collections::HashMap, time::Duration};

use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    CommitMode, Error, Inner, Phase, Result, Transfers,
    claims::as_counted,
    protocol::{Claim, Due, Standing, Step},
    records::SILENCE_SECONDS,
};
use crate::{
    clickhouse::sql::{TableName, staging as sql},
    connections::{self, Connection},
    journal::{ListFilter, TransferRow},
};

/// The pause between two rounds.
const INTERVAL: Duration = Duration::from_secs(20);

/// The silence of an open upload after which it gives way to others that wait for its place or memory; a
/// stream that is silent for as long is ended too.
const GIVE_WAY: Duration = Duration::from_secs(60);

/// Transfers that are looked at together.
const PAGE: usize = 1_000;

/// A row of `sql::old_tables`.
#[derive(::clickhouse::Row, Deserialize)]
struct TableRow {
    database: String,
    name: String,
    /// In seconds.
    age: u64,
    /// Whether it says of itself that it is a staging table.
    is_marked: bool,
}

/// A row of `sql::staged_bytes`.
#[derive(::clickhouse::Row, Deserialize)]
struct StagedRow {
    name: String,
    bytes: u64,
}

/// An upload that waits for its client.
struct Waiting {
    /// For so many seconds.
    age: u64,
    row: TransferRow,
}

impl Transfers {
    /// Clears up, again and again.
    pub async fn sweep(self, shutdown: CancellationToken) {
        // The embedded ClickHouse has no other server than this one.
        let mut silence = if self.inner.connections.default().is_embedded() {
            0
        } else {
            SILENCE_SECONDS
        };
        loop {
            let swept = tokio::select! {
                // What it leaves, the next server finds as after a crash.
                () = shutdown.cancelled() => return,
                swept = self.inner.sweep(silence) => swept,
            };
            self.inner.metrics.swept(swept.is_err());
            match swept {
                Ok(()) => silence = SILENCE_SECONDS,
                Err(error) => tracing::debug!(error = error.logged(), "cannot clear up now"),
            }
            let pause = INTERVAL.min(self.inner.config.session_idle);
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            self.inner
                .sessions
                .drop_idle(self.inner.config.session_idle);
            if self.inner.memory.is_waited_for() {
                self.inner.sessions.give_way(GIVE_WAY);
            }
        }
    }
}

impl Inner {
    async fn sweep(&self, silence_seconds: u64) -> Result<()> {
        self.wait_ready().await?;
        if !self.journal.exists().await? {
            return Ok(());
        }
        let open = [Phase::Committing, Phase::Running, Phase::Interrupted].map(Phase::name);
        let mut filter = ListFilter {
            states: &open,
            ..ListFilter::default()
        };
        let mut ids = Vec::new();
        let mut waiting = Vec::new();
        loop {
            let rows = self.journal.list(&filter, PAGE).await?;
            let is_last = rows.len() < PAGE;
            filter.after = rows.last().map(|row| (row.started_at, row.transfer_id));
            ids.extend(rows.iter().map(|row| row.transfer_id));
            waiting.extend(self.sweep_page(rows, silence_seconds).await?);
            if is_last {
                break;
            }
        }
        self.bound(waiting).await?;
        for connection in self.connections.named().flat_map(Connection::at_each) {
            self.through(connection).drop_orphans(&ids).await;
        }
        Ok(())
    }

    /// Does what is due for each of some uploads; returns those that wait for their clients.
    async fn sweep_page(
        &self,
        rows: Vec<TransferRow>,
        silence_seconds: u64,
    ) -> Result<Vec<Waiting>> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.transfer_id).collect();
        let mut waiting = Vec::new();
        if ids.is_empty() {
            return Ok(waiting);
        }
        let pulses = self.journal.pulses(&ids).await?;
        let claims = self.newest_claims(&ids).await?;
        for row in rows {
            let id = row.transfer_id;
            let pulse = pulses.iter().find(|pulse| pulse.transfer_id == id);
            let age = pulse.map_or(0, |pulse| pulse.age);
            let newest = claims.iter().find(|(of, _)| *of == id);
            let Some((_, newest)) = newest.filter(|_| !self.is_active(id)) else {
                continue;
            };
            match self
                .sweep_one(row.clone(), newest, age, silence_seconds)
                .await
            {
                Ok(is_done) => {
                    let is_open = !is_done && newest.standing() == Standing::Owned;
                    if is_open && is_waiting(&row, age) {
                        waiting.push(Waiting { age, row });
                    }
                }
                Err(error) => {
                    self.metrics.sweeper_did("failed");
                    tracing::warn!(%id, error = error.logged(), "cannot clear up after an upload");
                }
            }
        }
        Ok(waiting)
    }

    /// Gives up the uploads that have waited longest, where more wait than are kept.
    async fn bound(&self, mut waiting: Vec<Waiting>) -> Result<()> {
        if waiting.is_empty() {
            return Ok(());
        }
        let mut staged: HashMap<Uuid, u64> = HashMap::new();
        for connection in self.connections.named().flat_map(Connection::at_each) {
            let rows: Vec<StagedRow> = connection.service().fetch(&sql::staged_bytes()).await?;
            for row in rows {
                if let Some((id, _)) = sql::transfer_of(&row.name) {
                    *staged.entry(id).or_default() += row.bytes;
                }
            }
        }
        let bytes_of = |row: &TransferRow| staged.get(&row.transfer_id).copied().unwrap_or(0);
        let mut count = waiting.len();
        let mut bytes: u64 = waiting.iter().map(|waiting| bytes_of(&waiting.row)).sum();
        let (most, most_bytes) = (
            self.config.max_interrupted,
            self.config.max_interrupted_bytes,
        );
        waiting.sort_by_key(|waiting| std::cmp::Reverse(waiting.age));
        for Waiting { row, .. } in waiting {
            if count <= most && bytes <= most_bytes {
                break;
            }
            count -= 1;
            bytes -= bytes_of(&row);
            tracing::warn!(id = %row.transfer_id, "too many uploads wait: giving one up");
            let error = Error::TooManyInterrupted {
                count: most,
                bytes: most_bytes,
            };
            self.expire(row, error).await?;
            self.metrics.sweeper_did("expired");
        }
        Ok(())
    }

    /// Does what is due for an upload that no pipeline of this server works on: its newest step says
    /// where it stands, its row only what is known of it. Says whether anything was.
    async fn sweep_one(
        &self,
        row: TransferRow,
        newest: &Claim,
        age: u64,
        silence_seconds: u64,
    ) -> Result<bool> {
        let limit = self.config.session_limit.as_secs();
        let is_interrupted = Phase::named(&row.state) == Some(Phase::Interrupted);
        let limit = if is_interrupted {
            limit
        } else {
            limit.max(SILENCE_SECONDS)
        };
        let Some(due) = newest.due(age, silence_seconds, limit) else {
            return Ok(false);
        };
        let action = match due {
            Due::Complete => "completed",
            Due::Expire => "expired",
            Due::DescribeSuccess | Due::DescribeEnd { .. } => "described",
        };
        match due {
            Due::Complete => self.complete_for(row, newest).await?,
            Due::Expire => {
                let error = Error::SessionExpired {
                    seconds: self.config.session_limit.as_secs(),
                };
                self.expire(row, error).await?;
            }
            Due::DescribeSuccess => {
                let row = as_counted(row, newest);
                self.journal.put_transfer(row).await?;
            }
            Due::DescribeEnd { by_caller } => {
                let error = if by_caller {
                    Error::Cancelled
                } else {
                    Error::ServerGone
                };
                self.describe_end(row, newest, error).await?;
            }
        }
        self.metrics.sweeper_did(action);
        Ok(true)
    }

    /// Completes a commit whose server has gone, where this one gets to the table without the caller.
    async fn complete_for(&self, row: TransferRow, commit: &Claim) -> Result<()> {
        match self.through_that_of(&row, commit.incarnation).await? {
            Some(inner) => inner.complete(row, commit).await.map(drop),
            None => Ok(()),
        }
    }

    /// Whether a pipeline of this server works on it.
    pub(super) fn is_active(&self, id: Uuid) -> bool {
        let transfer = self.registry.get(id);
        transfer.is_ok_and(|transfer| transfer.state().is_active())
    }

    /// Ends an upload whose client did not come back.
    async fn expire(&self, row: TransferRow, error: Error) -> Result<()> {
        tracing::info!(id = %row.transfer_id, "an upload was abandoned");
        let taken = self.end_work(row.transfer_id, Step::Fail).await?;
        match taken.filter(|taken| taken.step == Step::Fail) {
            Some(taken) => self.describe_end(row, &taken, error).await,
            // Somebody has gone on with it, or has ended it.
            None => Ok(()),
        }
    }

    /// Writes why an upload ended that no pipeline works on, and drops what it has staged.
    pub(super) async fn describe_end(
        &self,
        row: TransferRow,
        end: &Claim,
        error: Error,
    ) -> Result<()> {
        let error = self.with_rows_left(&row, end, error).await?;
        let failure = (self.describe)(&error);
        let phase = Phase::of_failure(&error);
        let row = TransferRow {
            state: phase.name().to_owned(),
            error_code: failure.code,
            error_reason: failure.reason,
            error_message: failure.message,
            error_metadata: failure.metadata,
            version: phase.version(end.number),
            ..row
        };
        self.journal.put_transfer(row.clone()).await?;
        match self.through_that_of(&row, end.incarnation).await? {
            Some(inner) => {
                let staging = inner.staging(&row.target(), row.transfer_id, end.incarnation);
                staging.drop().await
            }
            // Where only callers can get to, one of them has to drop it.
            None => Ok(()),
        }
    }

    /// The error of an upload whose rows are in the table as they come, and that nobody works on: each block that
    /// it has meant to send may be there.
    async fn with_rows_left(&self, row: &TransferRow, end: &Claim, error: Error) -> Result<Error> {
        let mode = CommitMode::named(&row.commit_mode).unwrap_or_default();
        if mode == CommitMode::Auto || mode.is_staged() {
            return Ok(error);
        }
        let meant = self.journal.intents(row.transfer_id, end.incarnation, 0);
        let meant: u64 = meant.await?.iter().map(|block| block.block_rows).sum();
        let rows = meant.max(row.rows_committed).max(row.rows_staged);
        Ok(error.with_rows_left(rows))
    }

    /// Drops staging tables that the journal has no open upload for.
    async fn drop_orphans(&self, open: &[Uuid]) {
        if let Err(error) = self.try_drop_orphans(open).await {
            let connection = self.connection.name();
            tracing::debug!(
                connection,
                error = error.logged(),
                "cannot look for staging tables"
            );
        }
    }

    async fn try_drop_orphans(&self, open: &[Uuid]) -> Result<()> {
        let client = self.connection.service();
        let statement = sql::old_tables(SILENCE_SECONDS);
        let tables: Vec<TableRow> = client.fetch(&statement).await?;
        for table in tables {
            let Some((id, incarnation)) = sql::transfer_of(&table.name) else {
                continue;
            };
            let is_busy = open.contains(&id) || self.is_active(id);
            if is_busy || !self.is_orphan(id, incarnation, &table).await? {
                continue;
            }
            let table = TableName::new(table.database, table.name);
            tracing::info!(%table, "dropping a staging table that was left behind");
            client.execute(&sql::drop(&table)).await?;
            self.metrics.sweeper_dropped();
        }
        Ok(())
    }

    /// Whether it is a table of an upload that needs it no more. Anybody may give a table such a name: it is
    /// one if it says so, or if it is what a REPLACE has put aside, which is as its user made it. One that
    /// the journal does not know may be of a service with a journal of its own, but for the ClickHouse that
    /// this journal is in.
    async fn is_orphan(&self, id: Uuid, incarnation: u32, table: &TableRow) -> Result<bool> {
        let newest = self.newest_claim(id).await?;
        if let (Some(newest), Some(row)) = (newest, self.journal.find(id).await?) {
            let is_put_aside = CommitMode::named(&row.commit_mode) == Some(CommitMode::Replace)
                && row.connection == self.connection.name()
                && row.database == table.database;
            return Ok(!newest.needs_staging(incarnation) && (table.is_marked || is_put_aside));
        }
        let is_own = self.connection.name() == connections::DEFAULT;
        Ok(is_own && table.is_marked && table.age > self.config.session_limit.as_secs())
    }
}

/// Whether nobody works on it, on whatever server.
fn is_waiting(row: &TransferRow, age: u64) -> bool {
    Phase::named(&row.state) == Some(Phase::Interrupted) || age > SILENCE_SECONDS
}
