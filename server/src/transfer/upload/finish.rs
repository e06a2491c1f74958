//! The end of an upload: its rows become visible, or whatever it left is cleared away.
//!
//! Part of `transfer::upload`; `transfer::sweeper` completes what others have left. A commit that has
//! begun goes forward only.

use std::sync::Arc;

use super::{UploadOutcome, run::Job};
use crate::{
    clickhouse,
    journal::{RejectedRow, TransferRow},
    transfer::{
        CommitMode, Error, Inner, Patience, Phase, Result, State,
        commit::staging::Staging,
        registry::Running,
        rejects::{self, MAX_SHOWN_ROWS},
    },
};

impl Job<'_> {
    /// Makes everything that was sent visible, and says so in the journal.
    pub(super) async fn commit(&self, mode: CommitMode) -> Result<()> {
        let inner = self.inner;
        let counters = self.transfer.counters();
        if self.request.dry_run {
            return Ok(());
        }
        let Some(staging) = self.staging.clone().filter(|_| mode.is_staged()) else {
            counters.commit_staged();
            return self.ledger.succeed().await.or_else(|error| match mode {
                // Its rows are in the table, and nobody can go on with it anyway.
                CommitMode::Direct => {
                    tracing::warn!(%error, "cannot write to the journal");
                    Ok(())
                }
                _ => Err(error),
            });
        };
        let expected = counters.read().rows_staged;
        let mut patience = Patience::new();
        let partitions = loop {
            match staging.partitions().await {
                Ok(partitions) => break partitions,
                Err(error) => patience.after(inner, "counting the rows", error).await?,
            }
        };
        let actual = partitions.values().sum();
        if actual != expected {
            return Err(Error::CountMismatch { expected, actual });
        }
        let moves = match mode {
            CommitMode::Replace => vec![staging.own_path().await?],
            _ => partitions.into_keys().collect(),
        };
        if let Some(table) = self
            .transfer
            .snapshot()
            .table
            .filter(|_| inner.connection.is_mapped())
        {
            inner.check_mapped(&table, mode).await?;
        }
        if !self.transfer.begin_commit() {
            // Whoever asked for the end is heard at the next moment.
            std::future::pending::<()>().await;
        }
        while let Err(error) = self.ledger.commit(moves.clone()).await {
            patience.after(inner, "beginning the commit", error).await?;
        }
        let mut is_repeated = false;
        while let Err(error) = make_visible(&staging, mode, &moves, is_repeated).await {
            patience.after(inner, "committing", error).await?;
            is_repeated = true;
        }
        counters.commit_staged();
        let succeed = async {
            while let Err(error) = self.ledger.succeed().await {
                patience.after(inner, "writing the journal", error).await?;
            }
            Ok(())
        };
        // Whoever completes a commit does not need what has moved.
        let (outcome, ()) = tokio::join!(succeed, drop_staging(&staging));
        outcome
    }

    /// The first rejected rows of an upload that began before.
    pub(super) async fn first_rejected(&self) -> Result<Vec<RejectedRow>> {
        let mut rows = self.inner.journal.rejected(self.request.id).await?;
        let mut first = Vec::new();
        while first.len() < MAX_SHOWN_ROWS
            && let Some(row) = rows.next().await?
        {
            first.push(rejects::shortened(&row));
        }
        Ok(first)
    }

    /// Forgets what is staged, so that the same upload begins at its first byte again.
    ///
    /// ClickHouse writes the token of a block before the block: killed in between, it will not take
    /// the block again, though it is not there. Only counting shows that.
    async fn begin_anew(&mut self) {
        if !matches!(self.ledger.is_own().await, Ok(true)) {
            return;
        }
        if let Some(staging) = &self.staging {
            drop_staging(staging).await;
        }
        if self.ledger.is_open()
            && let Err(error) = self.inner.journal.forget(self.request.id).await
        {
            tracing::warn!(%error, "cannot forget what was staged");
        }
        self.ledger.checkpoints.forget();
        self.transfer.update_offsets(|offsets| offsets.durable = 0);
    }

    /// A staging table that is gone was dropped late, by an interrupted run or by a sweeper.
    fn explain(&self, error: Error) -> Error {
        match error {
            Error::ClickHouse(clickhouse::Error::UnknownTable(_)) if self.staging.is_some() => {
                Error::CountMismatch {
                    expected: self.transfer.counters().read().rows_staged,
                    actual: 0,
                }
            }
            error => error,
        }
    }

    /// Ends the transfer, and leaves what is needed to go on with it, or nothing.
    pub(super) async fn settle(
        mut self,
        running: Running,
        outcome: Result<UploadOutcome>,
    ) -> Result<UploadOutcome, Arc<Error>> {
        let error = match outcome {
            Ok(outcome) => return running.finish(Ok(outcome)),
            Err(error) => self.explain(error),
        };
        for query in self.queries.into_iter().flatten() {
            self.inner.kill(query).await;
        }
        let is_committing = matches!(self.transfer.state(), State::Committing);
        if matches!(error, Error::CountMismatch { .. }) && !is_committing {
            self.begin_anew().await;
        }
        if !is_committing {
            self.ledger.land().await;
        }
        let is_own = self.ledger.is_own().await;
        if matches!(is_own, Ok(false)) && !is_committing {
            // Whoever goes on with the upload clears up.
            return Err(running.interrupt(error));
        }
        // The right file can still be sent where another one was refused.
        let is_kept = error.is_passing() || matches!(error, Error::FileChanged { .. });
        if is_kept && self.transfer.offsets().is_resumable {
            if !is_committing {
                self.ledger.fail(Phase::Interrupted, &error).await;
            }
            return Err(running.interrupt(error));
        }
        // Where the journal does not answer, the sweeper finds out.
        if is_own.is_ok() {
            self.clear_away(&error).await;
        }
        running.finish(Err(error))
    }

    /// Leaves nothing of an upload that has failed but its end in the journal.
    async fn clear_away(&mut self, error: &Error) {
        if let Some(staging) = &self.staging {
            drop_staging(staging).await;
        }
        if let Some(table) = &self.created {
            // So that the upload can be repeated as it was.
            self.inner.catalog().drop_if_empty(table).await;
        }
        self.ledger.fail(Phase::of_failure(error), error).await;
    }
}

/// Completes a commit that was begun, here or by another server.
///
/// # Errors
///
/// Those of ClickHouse.
pub(in crate::transfer) async fn complete(inner: &Inner, row: TransferRow) -> Result<TransferRow> {
    let mode = CommitMode::named(&row.commit_mode).unwrap_or_default();
    let staging = inner.staging(row.transfer_id, &row.target());
    tracing::info!(id = %row.transfer_id, mode = mode.name(), "completing a commit");
    make_visible(&staging, mode, &row.partitions, true).await?;
    let row = TransferRow {
        state: Phase::Succeeded.name().to_owned(),
        rows_committed: row.rows_staged,
        ..row
    };
    inner.journal.put_transfer(row.clone()).await?;
    drop_staging(&staging).await;
    Ok(row)
}

async fn make_visible(
    staging: &Staging,
    mode: CommitMode,
    moves: &[String],
    is_repeated: bool,
) -> Result<()> {
    match (mode, moves) {
        (CommitMode::Replace, [path]) => staging.exchange(path).await,
        _ if is_repeated => staging.move_rest().await,
        (_, partitions) => staging.move_all(partitions).await,
    }
}

/// Drops a staging table; what is left of it is swept later.
async fn drop_staging(staging: &Staging) {
    match staging.drop().await {
        Ok(()) | Err(Error::ClickHouse(clickhouse::Error::UnknownDatabase(_))) => {}
        Err(error) => tracing::warn!(table = %staging.name(), %error, "cannot drop"),
    }
}
