//! The end of an upload: its rows become visible, or whatever it left is cleared away.
//!
//! Part of `transfer::upload`; `transfer::sweeper` completes what others have left. A commit that has
//! begun goes forward only: nothing is dropped and nothing is called failed until every row is in the
//! table, and that a table is not there proves nothing.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use super::{UploadOutcome, ledger::in_time, run::Job};
use crate::{
    clickhouse::{self, sql::TableName},
    journal::{RejectedRow, TransferRow},
    transfer::{
        CommitMode, Error, Inner, Patience, Phase, Result,
        claims::as_counted,
        commit::staging::{Passage, Staging},
        protocol::{Claim, Step},
        registry::Running,
        rejects::{self, MAX_SHOWN_ROWS},
    },
};

/// The pause before a commit that broke off is tried again, and how often: then it is the sweeper's.
const PENDING_PAUSE: Duration = Duration::from_secs(2);
const PENDING_TRIES: u32 = 60;

impl Job<'_> {
    /// Makes everything that was sent visible, and says so in the journal. `target` is the identity of
    /// the table that the file was matched to.
    pub(super) async fn commit(
        &mut self,
        mode: CommitMode,
        table: &TableName,
        target: Uuid,
    ) -> Result<()> {
        if self.request.dry_run {
            return Ok(());
        }
        let Some(staging) = self.staging.clone().filter(|_| mode.is_staged()) else {
            return self.end_visible(mode).await;
        };
        let (partitions, passage) = tokio::try_join!(
            self.count(&staging, mode),
            self.check_choice(mode, table, &staging, target)
        )?;
        let moves = match passage {
            Passage::Exchange => vec![self.replacement(&staging).await?.to_string()],
            Passage::Move | Passage::Attach | Passage::Replace => partitions,
        };
        if passage.is_replicated() {
            self.merge_crowded(&staging).await?;
        }
        let is_repeated = self.begin_commit(target, &moves).await?;
        let done = self
            .carry_out(&staging, passage, target, (&moves, is_repeated))
            .await;
        done.map_err(|error| self.pending(error))
    }

    /// The end of an upload whose rows are in the table already.
    async fn end_visible(&mut self, mode: CommitMode) -> Result<()> {
        let closed = self.ledger.close(Step::Done, Uuid::nil(), Vec::new()).await;
        match (closed, mode) {
            (Ok(()), _) => {}
            // Its rows are in the table, and nobody can go on with it anyway.
            (Err(Error::ClickHouse(error)), CommitMode::Direct) => {
                tracing::warn!(error = error.logged(), "cannot write to the journal");
            }
            (Err(error), _) => return Err(error),
        }
        self.transfer.counters().commit_staged();
        if let Err(error) = self.ledger.describe(Phase::Succeeded, None).await {
            // The step says it.
            tracing::warn!(error = error.logged(), "cannot write to the journal");
        }
        Ok(())
    }

    /// Counts what is staged, in ClickHouse; returns its partitions.
    async fn count(&self, staging: &Staging, mode: CommitMode) -> Result<Vec<String>> {
        let expected = self.transfer.counters().read().rows_staged;
        let mut patience = Patience::new();
        let partitions = loop {
            match staging.partitions().await {
                Ok(partitions) => break partitions,
                Err(Error::StagedRowsGone) => {
                    self.ledger.check_owner().await?;
                    return Err(Error::CountMismatch {
                        expected,
                        actual: 0,
                    });
                }
                Err(error) => {
                    patience
                        .after(self.inner, "counting the rows", error)
                        .await?;
                }
            }
        };
        let actual = partitions.values().sum();
        if actual != expected {
            return Err(Error::CountMismatch { expected, actual });
        }
        self.check_not_empty(mode, actual)?;
        Ok(partitions.into_keys().collect())
    }

    /// Sees that the table is the one that the file was matched to, and still allows the mode: a view
    /// may have been made since, which would not see rows that are moved in. Says how they come in.
    async fn check_choice(
        &self,
        mode: CommitMode,
        table: &TableName,
        staging: &Staging,
        target: Uuid,
    ) -> Result<Passage> {
        let mut patience = Patience::new();
        loop {
            let checked = async {
                if staging.target_uuid().await? != Some(target) || !staging.is_like_target().await?
                {
                    return Err(Error::TableChanged {
                        id: self.request.id.to_string(),
                        table: table.to_string(),
                    });
                }
                self.inner.choose_commit(table, mode).await
            };
            match checked.await {
                Ok(choice) => return Ok(Passage::of(mode, &choice.engine)),
                Err(error) => {
                    patience
                        .after(self.inner, "looking at the table", error)
                        .await?;
                }
            }
        }
    }

    async fn merge_crowded(&self, staging: &Staging) -> Result<()> {
        let mut patience = Patience::new();
        while let Err(error) = staging.merge_crowded().await {
            patience
                .after(self.inner, "merging what is staged", error)
                .await?;
        }
        Ok(())
    }

    async fn replacement(&self, staging: &Staging) -> Result<Uuid> {
        let mut patience = Patience::new();
        loop {
            match staging.make_replacement().await {
                Ok(uuid) => return Ok(uuid),
                Err(error) => {
                    patience
                        .after(self.inner, "making the new table", error)
                        .await?;
                }
            }
        }
    }

    /// From here on nothing but the end of the commit may follow. Says whether others may have begun with it
    /// already: the answer was lost, and they have seen the step.
    async fn begin_commit(&mut self, target: Uuid, moves: &[String]) -> Result<bool> {
        if !self.transfer.begin_commit() {
            // Lost the race with a stop: `run` sees it and drops this.
            std::future::pending::<()>().await;
        }
        let mut patience = Patience::new();
        let mut is_repeated = false;
        loop {
            let claimed = self.ledger.close(Step::Commit, target, moves.to_vec());
            match claimed.await {
                Ok(()) => break,
                Err(error @ (Error::TakenOver { .. } | Error::Cancelled)) => {
                    self.transfer.abandon_commit();
                    return Err(error);
                }
                Err(error) => {
                    is_repeated = true;
                    let over = patience.after(self.inner, "beginning the commit", error);
                    over.await.map_err(|error| self.pending(error))?;
                }
            }
        }
        if let Err(error) = self.ledger.describe(Phase::Committing, None).await {
            // The step says it.
            tracing::warn!(error = error.logged(), "cannot write to the journal");
        }
        Ok(is_repeated)
    }

    /// Does what was decided.
    async fn carry_out(
        &mut self,
        staging: &Staging,
        passage: Passage,
        target: Uuid,
        (moves, mut is_repeated): (&[String], bool),
    ) -> Result<()> {
        let inner = self.inner;
        let mut patience = Patience::new();
        while let Err(error) = make_visible(staging, passage, target, moves, is_repeated).await {
            if matches!(error, Error::StagedRowsGone) {
                // Whoever has completed it has dropped the table.
                self.ledger.check_owner().await?;
            }
            patience.after(inner, "committing", error).await?;
            is_repeated = true;
        }
        self.transfer.counters().commit_staged();
        let mut patience = Patience::new();
        while let Err(error) = self.ledger.close(Step::Done, Uuid::nil(), Vec::new()).await {
            patience.after(inner, "ending the commit", error).await?;
        }
        // Whoever asks now reads the step; the staged rows are of no use any more.
        let (described, ()) = tokio::join!(
            self.ledger.describe(Phase::Succeeded, None),
            drop_staging(staging)
        );
        if let Err(error) = described {
            tracing::warn!(error = error.logged(), "cannot write to the journal");
        }
        Ok(())
    }

    /// Refuses to put nothing in the place of all rows of the table, unless that is meant.
    fn check_not_empty(&self, mode: CommitMode, staged: u64) -> Result<()> {
        if mode != CommitMode::Replace || staged > 0 || self.request.allow_empty {
            return Ok(());
        }
        let now = self.transfer.snapshot();
        Err(Error::EmptyReplacement {
            table: now.table.unwrap_or_default().to_string(),
            rejected: now.counts.rows_rejected,
        })
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

    /// A staging table that is gone was dropped or renamed by whoever has taken the upload over, who keeps other
    /// INSERTs out too.
    async fn explain(&self, error: Error) -> Error {
        if error.is_fenced() {
            return self.ledger.check_owner().await.err().unwrap_or(error);
        }
        let is_gone = matches!(
            error,
            Error::ClickHouse(clickhouse::Error::UnknownTable(_)) | Error::StagedRowsGone
        );
        if !is_gone || self.staging.is_none() {
            return error;
        }
        match self.ledger.check_owner().await {
            Err(lost @ (Error::TakenOver { .. } | Error::Cancelled)) => lost,
            Ok(()) | Err(_) => Error::CountMismatch {
                expected: self.transfer.counters().read().rows_staged,
                actual: 0,
            },
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
            Err(error) => error,
        };
        if matches!(error, Error::CommitPending { .. }) || self.ledger.has_committed() {
            // Whoever comes next completes it: the client, the sweeper, another server.
            return Err(running.interrupt(error));
        }
        if let Err(unknown) = self.ledger.see_taken().await {
            tracing::warn!(error = unknown.logged(), "cannot read the journal");
        }
        if matches!(error, Error::Cancelled) && self.cancel_unbegun().await {
            self.ledger.farewell(Phase::Cancelled, &error).await;
            return running.finish(Err(error));
        }
        if self.ledger.is_open() && !self.ledger.is_owner() {
            // It was refused before it became anybody's: the journal says what is true of it.
            return Err(running.interrupt(error));
        }
        for query in self.queries.into_iter().flatten() {
            self.inner.kill(query).await;
        }
        let error = self.explain(error).await;
        match error {
            Error::TakenOver { .. } => {
                self.clear_late().await;
                return Err(running.interrupt(error));
            }
            Error::CountMismatch { .. } if self.staging.is_some() => {
                return Err(self.restart(running, error).await);
            }
            _ => {}
        }
        // The right file can still be sent where another one was refused.
        let is_kept = error.is_passing()
            || matches!(
                error,
                Error::FileChanged { .. } | Error::OtherFile { .. } | Error::FileTruncated { .. }
            );
        let can_go_on = self.transfer.offsets().is_resumable || !self.is_out_of_hand;
        if is_kept && self.ledger.is_open() && can_go_on {
            self.ledger.farewell(Phase::Interrupted, &error).await;
            return Err(running.interrupt(error));
        }
        self.give_up(running, error).await
    }

    /// Ends an upload that a caller has cancelled while it was looked for in the journal, so that it is not begun
    /// later either.
    async fn cancel_unbegun(&mut self) -> bool {
        if self.request.dry_run || self.ledger.is_owner() {
            return false;
        }
        let cancel = in_time(async {
            if !self.ledger.is_open() {
                self.open_ledger().await?;
            }
            self.ledger.cancel_unbegun().await
        });
        cancel.await.unwrap_or_default()
    }

    /// Forgets what is staged, so that the same upload begins at its first byte again.
    ///
    /// ClickHouse writes the token of a block before the block: killed in between, it will not take
    /// the block again, though it is not there. Only counting shows that.
    async fn restart(&mut self, running: Running, error: Error) -> Arc<Error> {
        let closed = self.ledger.close(Step::Restart, Uuid::nil(), Vec::new());
        match closed.await {
            Ok(()) => {
                if let Some(staging) = &self.staging {
                    drop_staging(staging).await;
                }
                self.ledger.checkpoints.forget();
                self.transfer.update_offsets(|offsets| offsets.durable = 0);
                self.ledger.farewell(Phase::Interrupted, &error).await;
            }
            Err(lost @ (Error::TakenOver { .. } | Error::Cancelled)) => {
                return running.interrupt(lost);
            }
            // The next one to come counts as well.
            Err(unknown) => tracing::warn!(error = unknown.logged(), "cannot write to the journal"),
        }
        running.interrupt(error)
    }

    /// Ends an upload for good, and leaves nothing of it but its end in the journal, and the rows that
    /// are in the table in the modes that show them at once.
    async fn give_up(
        &mut self,
        running: Running,
        error: Error,
    ) -> Result<UploadOutcome, Arc<Error>> {
        let error = self.with_rows_left(error);
        let phase = Phase::of_failure(&error);
        let step = match phase {
            Phase::Cancelled => Step::Cancel,
            _ => Step::Fail,
        };
        match self.close_end(step).await {
            // Ended by a caller through another server: that is the step to be described.
            Ok(()) | Err(Error::Cancelled) => {
                self.clear_away().await;
                self.ledger.farewell(phase, &error).await;
                running.finish(Err(error))
            }
            Err(lost @ Error::TakenOver { .. }) => Err(running.interrupt(lost)),
            // It has not ended before the journal has it: whoever goes on with it, or the sweeper, sees.
            Err(unknown) => {
                tracing::warn!(error = unknown.logged(), "cannot write to the journal");
                Err(running.interrupt(error))
            }
        }
    }

    /// Takes the step that ends the upload without success, and waits for a ClickHouse that is away.
    async fn close_end(&mut self, step: Step) -> Result<()> {
        let mut patience = Patience::new();
        loop {
            match self.ledger.close(step, Uuid::nil(), Vec::new()).await {
                closed @ (Ok(()) | Err(Error::Cancelled | Error::TakenOver { .. })) => {
                    return closed;
                }
                Err(error) => {
                    patience
                        .after(self.inner, "ending the upload", error)
                        .await?;
                }
            }
        }
    }

    /// The error of an upload that shows its rows as they come, and has shown some.
    fn with_rows_left(&self, error: Error) -> Error {
        let counts = self.transfer.counters().read();
        let commit = self.transfer.commit();
        let is_visible = commit.is_some_and(|commit| !commit.mode.is_staged());
        // In the mode DIRECT nobody knows how many of those that were sent.
        let rows = counts.rows_committed.max(counts.rows_staged);
        if !is_visible || self.request.dry_run || rows == 0 {
            return error;
        }
        Error::RowsLeft {
            rows,
            cause: Box::new(error),
        }
    }

    /// Whoever goes on with an upload clears up; but a table that was made after he had done so is left
    /// to this run.
    async fn clear_late(&self) {
        let Some(staging) = &self.staging else {
            return;
        };
        let is_over = match self.inner.newest_claim(self.request.id).await {
            Ok(Some(newest)) => !newest.needs_staging(self.ledger.incarnation()),
            // Nobody knows; the sweeper finds out.
            Ok(None) | Err(_) => false,
        };
        if is_over {
            drop_staging(staging).await;
        }
    }

    async fn clear_away(&self) {
        if let Some(staging) = &self.staging {
            drop_staging(staging).await;
        }
        if let Some(table) = &self.created {
            // So that the upload can be repeated as it was.
            let cluster = self.request.on_cluster.as_deref();
            self.inner.catalog().drop_if_empty(table, cluster).await;
        }
    }
}

/// Completes a commit that was begun, here or by another server.
///
/// # Errors
///
/// Those of ClickHouse; and what somebody has to mend before it can be completed.
pub(in crate::transfer) async fn complete(
    inner: &Inner,
    row: TransferRow,
    commit: &Claim,
) -> Result<TransferRow> {
    let id = row.transfer_id;
    let mode = CommitMode::named(&row.commit_mode).unwrap_or_default();
    let staging = inner.staging(&row.target(), id, commit.incarnation);
    tracing::info!(%id, mode = mode.name(), "completing a commit");
    let passage = staging.passage(mode).await?;
    make_visible(&staging, passage, commit.target, &commit.moves, true).await?;
    let done = Claim {
        number: commit.number + 1,
        step: Step::Done,
        run: Uuid::new_v4(),
        ..commit.clone()
    };
    // Somebody else may have completed it in the same instant: nothing else follows a commit.
    let done = inner.claim(id, &done).await?;
    let row = as_counted(row, &done);
    inner.journal.put_transfer(row.clone()).await?;
    drop_staging(&staging).await;
    Ok(row)
}

/// Goes on with a commit that broke off here, as long as what holds it up may pass and nobody else does.
pub(super) async fn complete_pending(inner: &Inner, id: Uuid) {
    for _ in 0..PENDING_TRIES {
        tokio::time::sleep(PENDING_PAUSE).await;
        if inner.registry.is_closed() || inner.is_active(id) {
            return;
        }
        match complete_once(inner, id).await {
            Ok(()) => return,
            Err(error) if error.is_passing() => {
                tracing::debug!(%id, error = error.logged(), "the commit is not finished yet");
            }
            Err(error) => {
                tracing::warn!(%id, error = error.logged(), "the commit waits for somebody");
                return;
            }
        }
    }
}

async fn complete_once(inner: &Inner, id: Uuid) -> Result<()> {
    let newest = inner.newest_claim(id).await?;
    let Some(commit) = newest.filter(|newest| newest.step == Step::Commit) else {
        return Ok(());
    };
    match inner.journal.find(id).await? {
        Some(row) => match inner.through_that_of(&row, commit.incarnation).await? {
            Some(inner) => complete(&inner, row, &commit).await.map(drop),
            None => Ok(()),
        },
        None => Ok(()),
    }
}

async fn make_visible(
    staging: &Staging,
    passage: Passage,
    target: Uuid,
    moves: &[String],
    is_repeated: bool,
) -> Result<()> {
    if passage != Passage::Exchange {
        let brought = staging.bring_in(passage, target, moves, is_repeated);
        return brought.await;
    }
    let replacement = moves.first().and_then(|id| Uuid::try_parse(id).ok());
    let replacement = replacement.ok_or(Error::Internal("the journal names no table"))?;
    staging.replace(target, replacement).await
}

/// Drops a staging table; what is left of it is swept later.
async fn drop_staging(staging: &Staging) {
    match staging.drop().await {
        Ok(()) | Err(Error::ClickHouse(clickhouse::Error::UnknownDatabase(_))) => {}
        Err(error) => tracing::warn!(?staging, error = error.logged(), "cannot drop"),
    }
}
