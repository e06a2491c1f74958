//! The end of an upload: its rows become visible, or whatever it left is cleared away.
//!
//! Part of `transfer::upload`. What may follow what is decided by `protocol`; here it is done. A commit that has
//! begun goes forward only: nothing is dropped and nothing is called failed until every row is in the table.

use std::{sync::Arc, time::Instant};

use uuid::Uuid;

use super::{
    job::{Job, UploadOutcome},
    ledger::in_time,
};
use crate::{
    clickhouse::{self, sql::TableName},
    journal::RejectedRow,
    metrics::Stage,
    transfer::{
        CommitMode, Error, Patience, Phase, Result,
        commit::{complete::Decided, staging::Staging},
        protocol::{
            Step,
            completion::Passage,
            ending::{Answer, Cause, Ending, Farewell, Situation, explained},
        },
        registry::Running,
        rejects::{self, MAX_SHOWN_ROWS},
    },
};

impl Job<'_> {
    /// Makes everything that was sent visible, and says so in the journal. `target` is the identity of
    /// the table that the file was matched to.
    pub(super) async fn commit(
        &mut self,
        mode: CommitMode,
        table: &TableName,
        target: Uuid,
    ) -> Result<()> {
        let begun = Instant::now();
        let committed = self.make_visible(mode, table, target).await;
        let counters = self.transfer.counters();
        counters.add_time(Stage::Commit, begun.elapsed());
        committed
    }

    async fn make_visible(
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
        self.begin_commit(target, &moves).await?;
        let decided = Decided {
            staging: &staging,
            passage,
            target,
            moves: &moves,
            commit: self.ledger.newest().cloned(),
        };
        let done = self.inner.carry_out(decided, Patience::new()).await;
        done.map_err(|error| self.pending(error))?;
        self.transfer.counters().commit_staged();
        if let Err(error) = self.ledger.describe(Phase::Succeeded, None).await {
            // The step says it.
            tracing::warn!(error = error.logged(), "cannot write to the journal");
        }
        Ok(())
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

    /// From here on nothing but the end of the commit may follow.
    async fn begin_commit(&mut self, target: Uuid, moves: &[String]) -> Result<()> {
        if !self.transfer.begin_commit() {
            // Lost the race with a stop: `run` sees it and drops this.
            std::future::pending::<()>().await;
        }
        let mut patience = Patience::new();
        loop {
            let claimed = self.ledger.close(Step::Commit, target, moves.to_vec());
            match claimed.await {
                Ok(()) => break,
                Err(error @ (Error::TakenOver { .. } | Error::Cancelled)) => {
                    self.transfer.abandon_commit();
                    return Err(error);
                }
                Err(error) => {
                    let over = patience.after(self.inner, "beginning the commit", error);
                    over.await.map_err(|error| self.pending(error))?;
                }
            }
        }
        if let Err(error) = self.ledger.describe(Phase::Committing, None).await {
            // The step says it.
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

    /// What is known of the upload, for its ending.
    fn situation(&self, is_begun: bool) -> Situation {
        Situation {
            journal: self.ledger.journal(),
            is_owner: self.ledger.is_owner(),
            has_committed: self.ledger.has_committed(),
            is_staged: self.staging.is_some(),
            is_out_of_hand: self.is_out_of_hand,
            is_begun,
        }
    }

    /// Ends the transfer, and leaves what is needed to go on with it, or nothing.
    pub(super) async fn settle(
        mut self,
        running: Running,
        outcome: Result<UploadOutcome>,
    ) -> Result<UploadOutcome, Arc<Error>> {
        let mut error = match outcome {
            Ok(outcome) => return running.finish(Ok(outcome)),
            Err(error) => error,
        };
        if let Err(unknown) = self.ledger.see_taken().await {
            tracing::warn!(error = unknown.logged(), "cannot read the journal");
        }
        let mut is_begun = self.request.dry_run;
        let ending = loop {
            match Ending::of(cause(&error), self.situation(is_begun)) {
                Ending::CancelUnbegun => {
                    if self.cancel_unbegun().await {
                        self.ledger.farewell(Phase::Cancelled, &error).await;
                        return running.finish(Err(error));
                    }
                    is_begun = true;
                }
                Ending::LookWhoOwns => {
                    self.end_queries().await;
                    error = self.explain(error).await;
                }
                ending => break ending,
            }
        };
        if ending != Ending::Leave {
            self.end_queries().await;
        }
        match ending {
            Ending::ClearLate => self.clear_late().await,
            Ending::Interrupt => {
                // What passes is gone on with; whoever has sent another file may load that one beside it.
                if !error.is_passing() {
                    error = self.with_rows_left(error);
                }
                self.ledger.farewell(Phase::Interrupted, &error).await;
            }
            Ending::Restart | Ending::End(_) => return self.end(running, ending, error).await,
            Ending::Leave | Ending::CancelUnbegun | Ending::LookWhoOwns => {}
        }
        Err(running.interrupt(error))
    }

    async fn end_queries(&mut self) {
        for query in std::mem::take(&mut self.queries).into_iter().flatten() {
            if self.is_visible() {
                self.inner.let_write(query).await;
            }
            self.inner.kill(query).await;
        }
    }

    /// The error that it is, once it is known who owns the upload.
    async fn explain(&self, error: Error) -> Error {
        let owner = self.ledger.check_owner().await;
        match (explained(cause(&error), answer(&owner)), owner) {
            (Cause::Miscounted, _) => Error::CountMismatch {
                expected: self.transfer.counters().read().rows_staged,
                actual: 0,
            },
            (_, Err(lost)) => lost,
            (_, Ok(())) => error,
        }
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

    /// Takes the step that ends the upload for good, and leaves nothing of it but that end, and the rows that are
    /// in the table in the modes that show them at once; or the one by which the same upload begins at its first
    /// byte again.
    ///
    /// ClickHouse writes the token of a block before the block: killed in between, it will not take
    /// the block again, though it is not there. Only counting shows that.
    async fn end(
        &mut self,
        running: Running,
        ending: Ending,
        error: Error,
    ) -> Result<UploadOutcome, Arc<Error>> {
        let step = match ending {
            Ending::End(step) => step,
            _ => Step::Restart,
        };
        let error = self.with_rows_left(error);
        let closed = self.close(step).await;
        match (ending.then(answer(&closed)), closed) {
            (Farewell::Tell, _) if step == Step::Restart => {
                self.clear_away().await;
                self.ledger.checkpoints.forget();
                self.transfer.update_offsets(|offsets| offsets.durable = 0);
                self.ledger.farewell(Phase::Interrupted, &error).await;
                Err(running.interrupt(error))
            }
            (Farewell::Tell, closed) => {
                // A caller may have been faster with the end, and that is the one to be told.
                let error = closed.map_or_else(|cancel| self.with_rows_left(cancel), |()| error);
                self.clear_away().await;
                let phase = Phase::of_failure(&error);
                self.ledger.farewell(phase, &error).await;
                running.finish(Err(error))
            }
            (Farewell::Leave, Err(lost @ (Error::TakenOver { .. } | Error::Cancelled))) => {
                Err(running.interrupt(lost))
            }
            (Farewell::Leave, closed) => {
                if let Err(unknown) = closed {
                    tracing::warn!(error = unknown.logged(), "cannot write to the journal");
                }
                Err(running.interrupt(error))
            }
        }
    }

    /// Takes a step that ends the work, and waits for a ClickHouse that is away.
    async fn close(&mut self, step: Step) -> Result<()> {
        let mut patience = Patience::new();
        loop {
            let closed = self.ledger.close(step, Uuid::nil(), Vec::new()).await;
            match answer(&closed) {
                Answer::Unknown => {}
                Answer::Taken | Answer::Cancelled | Answer::Lost => return closed,
            }
            if let Err(error) = closed {
                patience
                    .after(self.inner, "ending the upload", error)
                    .await?;
            }
        }
    }

    /// Whether its rows are in the table as they come.
    fn is_visible(&self) -> bool {
        let commit = self.transfer.commit();
        commit.is_some_and(|commit| !commit.mode.is_staged())
    }

    /// The error of an upload that shows its rows as they come, and has shown some.
    fn with_rows_left(&self, error: Error) -> Error {
        let counters = self.transfer.counters();
        let counts = counters.read();
        // In the mode DIRECT nobody knows how many of those that were sent.
        let rows = counts.rows_committed.max(counts.rows_staged) + counters.rows_in_flight();
        if !self.is_visible() || self.request.dry_run {
            return error;
        }
        error.with_rows_left(rows)
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
            staging.drop_or_leave().await;
        }
    }

    async fn clear_away(&self) {
        if let Some(staging) = &self.staging {
            staging.drop_or_leave().await;
        }
        if let Some(table) = &self.created {
            // So that the upload can be repeated as it was.
            let cluster = self.request.on_cluster.as_deref();
            self.inner.catalog().drop_if_empty(table, cluster).await;
        }
    }
}

/// Why a run ended, for `protocol`.
fn cause(error: &Error) -> Cause {
    match error {
        Error::CommitPending { .. } => Cause::CommitPending,
        Error::Cancelled => Cause::Cancelled,
        Error::TakenOver { .. } => Cause::TakenOver,
        Error::CountMismatch { .. } => Cause::Miscounted,
        Error::StagedRowsGone | Error::ClickHouse(clickhouse::Error::UnknownTable(_)) => {
            Cause::StagedGone
        }
        Error::FileChanged { .. }
        | Error::OtherFile { .. }
        | Error::DamagedFile { .. }
        | Error::FileTruncated { .. } => Cause::OtherFile,
        error if error.is_fenced() => Cause::Fenced,
        error if error.is_passing() => Cause::Passing,
        _ => Cause::Lasting,
    }
}

/// What became of a step, or of the question who owns the upload.
const fn answer(outcome: &Result<()>) -> Answer {
    match outcome {
        Ok(()) => Answer::Taken,
        Err(Error::Cancelled) => Answer::Cancelled,
        Err(Error::TakenOver { .. }) => Answer::Lost,
        Err(_) => Answer::Unknown,
    }
}
