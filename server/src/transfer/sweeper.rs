//! Clears up after uploads that nobody works on: commits are completed, abandoned ones dropped.
//!
//! `app` runs it for as long as the server. Every server does the same on the same ClickHouse; it must
//! never touch an upload that is alive, on whatever server.

use std::time::Duration;

use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Error, Inner, Phase, Result, Transfers, records::SILENCE_SECONDS, upload::complete};
use crate::{
    clickhouse::sql::{TableName, staging as sql},
    connections,
    journal::TransferRow,
};

/// The pause between two rounds.
const INTERVAL: Duration = Duration::from_secs(20);

/// Transfers that one round looks at.
const ROUND: usize = 1_000;

/// A row of `sql::old_tables`.
#[derive(::clickhouse::Row, Deserialize)]
struct TableRow {
    database: String,
    name: String,
    /// In seconds.
    age: u64,
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
            match self.inner.sweep(silence).await {
                Ok(()) => silence = SILENCE_SECONDS,
                Err(error) => tracing::debug!(%error, "cannot clear up now"),
            }
            let pause = INTERVAL.min(self.inner.config.session_idle);
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            self.inner
                .sessions
                .drop_idle(self.inner.config.session_idle);
        }
    }
}

impl Inner {
    async fn sweep(&self, silence_seconds: u64) -> Result<()> {
        self.wait_ready().await?;
        if !self.journal.exists().await? {
            return Ok(());
        }
        let open = [Phase::Committing, Phase::Running, Phase::Interrupted];
        let rows = self.journal.list(&open.map(Phase::name), ROUND).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.transfer_id).collect();
        let pulses = if ids.is_empty() {
            Vec::new()
        } else {
            self.journal.pulses(&ids).await?
        };
        for row in rows {
            let pulse = pulses
                .iter()
                .find(|pulse| pulse.transfer_id == row.transfer_id);
            let age = pulse.map_or(0, |pulse| pulse.age);
            let limit = self.config.session_limit.as_secs();
            let id = row.transfer_id;
            let outcome = match Phase::named(&row.state) {
                _ if self.is_active(id) => Ok(()),
                Some(Phase::Committing) if age >= silence_seconds => self.complete_for(row).await,
                Some(Phase::Interrupted) if age > limit => self.expire(row).await,
                Some(Phase::Running) if age > limit.max(SILENCE_SECONDS) => self.expire(row).await,
                _ => Ok(()),
            };
            if let Err(error) = outcome {
                tracing::warn!(%id, %error, "cannot clear up after an upload");
            }
        }
        for connection in self.connections.named() {
            self.through(connection.clone()).drop_orphans(&ids).await;
        }
        Ok(())
    }

    /// Completes a commit whose server has gone, where this one gets to the table without the caller.
    async fn complete_for(&self, row: TransferRow) -> Result<()> {
        match self.through_that_of(&row) {
            Some(inner) => complete(&inner, row).await.map(drop),
            None => Ok(()),
        }
    }

    /// Whether a pipeline of this server works on it.
    fn is_active(&self, id: Uuid) -> bool {
        let transfer = self.registry.get(id);
        transfer.is_ok_and(|transfer| transfer.state().is_active())
    }

    /// Ends an upload whose client did not come back.
    async fn expire(&self, row: TransferRow) -> Result<()> {
        tracing::info!(id = %row.transfer_id, "an upload was abandoned");
        let error = Error::SessionExpired {
            seconds: self.config.session_limit.as_secs(),
        };
        self.give_up(row, &error).await
    }

    /// Ends an upload that no pipeline works on. One that does after all finds that the upload is not
    /// its own any more.
    pub(super) async fn give_up(&self, row: TransferRow, error: &Error) -> Result<()> {
        let failure = (self.describe)(error);
        let row = TransferRow {
            state: Phase::of_failure(error).name().to_owned(),
            error_code: failure.code,
            error_reason: failure.reason,
            error_message: failure.message,
            error_metadata: failure.metadata,
            run: Uuid::new_v4(),
            ..row
        };
        self.journal.put_transfer(row.clone()).await?;
        match self.through_that_of(&row) {
            Some(inner) => inner.staging(row.transfer_id, &row.target()).drop().await,
            // Where only callers can get to, one of them has to drop it.
            None => Ok(()),
        }
    }

    /// Drops staging tables that the journal has no open upload for.
    async fn drop_orphans(&self, open: &[Uuid]) {
        if let Err(error) = self.try_drop_orphans(open).await {
            let connection = self.connection.name();
            tracing::debug!(connection, %error, "cannot look for staging tables");
        }
    }

    async fn try_drop_orphans(&self, open: &[Uuid]) -> Result<()> {
        let client = self.connection.service();
        let statement = sql::old_tables(SILENCE_SECONDS);
        let tables: Vec<TableRow> = client.fetch(&statement).await?;
        for table in tables {
            let Some(id) = sql::transfer_of(&table.name) else {
                continue;
            };
            if open.contains(&id) || self.is_active(id) || !self.is_orphan(id, table.age).await? {
                continue;
            }
            let table = TableName::new(table.database, table.name);
            tracing::info!(%table, "dropping a staging table that was left behind");
            client.execute(&sql::drop(&table)).await?;
        }
        Ok(())
    }

    /// Whether the upload of a staging table has ended. One that the journal does not know may be of a
    /// service with a journal of its own, but for the ClickHouse that this journal is in.
    async fn is_orphan(&self, id: Uuid, age: u64) -> Result<bool> {
        if let Some(row) = self.journal.find(id).await? {
            return Ok(Phase::named(&row.state).is_some_and(Phase::is_final));
        }
        let is_own = self.connection.name() == connections::DEFAULT;
        Ok(is_own && age > self.config.session_limit.as_secs())
    }
}
