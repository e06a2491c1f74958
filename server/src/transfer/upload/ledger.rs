//! What an upload writes to the journal of itself, and what it may still do.
//!
//! Part of `transfer::upload`. Where there is no journal, nothing is written and nothing fails. Every
//! change of hands and every end is a step that only one can take (`transfer::protocol`); the rows that
//! lists are made of only describe it. It must never say that a step was taken before ClickHouse has
//! shown whose it is.
//!
//! Its checkpoints say which blocks ClickHouse has confirmed: they must never name one that it has not.

use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::{
    journal::{BlockSums, Checkpoint, PlaceRow, TransferRow, UploadRow},
    transfer::{
        Error, Inner, Patience, Phase, Result, Transfer,
        claims::lost_to,
        protocol::{Claim, Counted, Step, ending::Journal},
        records::row_of,
    },
};

/// How long the journal may keep the end of an upload waiting that has failed.
const FAREWELL_LIMIT: Duration = Duration::from_secs(5);

/// The journal as one upload sees it.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    inner: &'a Inner,
    transfer: &'a Transfer,
    journal: Journal,
    /// Tells this run of the upload from all others.
    run: Uuid,
    /// The newest step of this run.
    own: Option<Claim>,
    /// Whether it has asked for its first one.
    is_taking: bool,
    /// How far the upload is.
    pub(super) checkpoints: Checkpoints<'a>,
}

impl<'a> Ledger<'a> {
    /// A ledger for a transfer.
    pub(super) fn new(inner: &'a Inner, transfer: &'a Transfer, journal: Journal) -> Self {
        let is_open = journal == Journal::Present;
        Self {
            inner,
            transfer,
            journal,
            run: Uuid::new_v4(),
            own: None,
            is_taking: false,
            checkpoints: Checkpoints::new(inner, transfer, is_open),
        }
    }

    pub(super) const fn journal(&self) -> Journal {
        self.journal
    }

    pub(super) fn is_open(&self) -> bool {
        self.journal == Journal::Present
    }

    /// How often the file had been begun anew, from 1; 0 without a journal.
    pub(super) fn incarnation(&self) -> u32 {
        self.own.as_ref().map_or(0, |own| own.incarnation)
    }

    /// The same for the name of the staging table: without a journal a number that no other run has.
    pub(super) fn staging_incarnation(&self) -> u32 {
        let (number, ..) = self.run.as_fields();
        self.own.as_ref().map_or(number, |own| own.incarnation)
    }

    /// The number of the newest step of this run: no other run has it.
    pub(super) fn epoch(&self) -> u32 {
        self.transfer.claim().map_or(0, |(_, number)| number)
    }

    /// The newest step of this run; none without a journal.
    pub(super) const fn newest(&self) -> Option<&Claim> {
        self.own.as_ref()
    }

    /// Whether this run has ever owned the upload.
    pub(super) const fn is_owner(&self) -> bool {
        self.own.is_some()
    }

    /// Whether the rows have begun to become visible, for good.
    pub(super) fn has_committed(&self) -> bool {
        let own = self.own.as_ref();
        own.is_some_and(|own| matches!(own.step, Step::Commit | Step::Done))
    }

    /// Takes the upload over from whoever has it; `newest` is the last step that was seen.
    ///
    /// # Errors
    ///
    /// [`Error::TakenOver`] when another one was faster, and those of ClickHouse.
    pub(super) async fn take(&mut self, newest: Option<&Claim>) -> Result<()> {
        if !self.is_open() {
            return Ok(());
        }
        let wanted = Claim::after(newest, Step::Own, self.run);
        let is_new = newest.is_none_or(|newest| newest.incarnation != wanted.incarnation);
        if !Step::Own.may_follow(newest.map(|newest| newest.step), is_new) {
            return Err(self.taken_over());
        }
        // Before the step: whoever sees it finds its server.
        let id = self.transfer.description().id;
        self.inner.announce(id, self.run).await?;
        self.is_taking = true;
        match self.claim(wanted).await? {
            Taken::Own => Ok(()),
            Taken::Other(_) => Err(self.taken_over()),
        }
    }

    /// Finds out whether the first step was taken whose answer this run has not waited for.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse; then nobody knows.
    pub(super) async fn see_taken(&mut self) -> Result<()> {
        if self.is_taking && !self.is_owner() {
            let id = self.transfer.description().id;
            if let Some(newest) = self.inner.newest_claim(id).await? {
                self.recognise(newest);
            }
        }
        Ok(())
    }

    /// Takes a step for its own that this run has asked for without waiting for the answer.
    fn recognise(&mut self, step: Claim) {
        if step.run == self.run {
            self.transfer.set_claim(self.run, step.number);
            self.own = Some(step);
        }
    }

    /// Ends the upload before anybody has begun it; false where somebody has, perhaps this run.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse; then nobody knows.
    pub(super) async fn cancel_unbegun(&mut self) -> Result<bool> {
        if !self.is_open() {
            return Ok(false);
        }
        let cancel = Claim::after(None, Step::Cancel, self.run);
        match self.claim(cancel).await? {
            Taken::Own => Ok(true),
            Taken::Other(other) => {
                self.recognise(other);
                Ok(false)
            }
        }
    }

    /// Writes what the upload begins with, and that it runs.
    pub(super) async fn begin(&self, row: UploadRow) -> Result<()> {
        if self.is_open() {
            let journal = &self.inner.journal;
            let row = UploadRow {
                incarnation: self.incarnation(),
                ..row
            };
            let incarnation = row.incarnation;
            let running = self.put(Phase::Running, None);
            tokio::try_join!(
                async { Ok(journal.put_upload(row).await?) },
                Box::pin(self.put_place(incarnation)),
                running
            )?;
        }
        Ok(())
    }

    /// Writes at which node it begins, where servers at other nodes have the same journal.
    async fn put_place(&self, incarnation: u32) -> Result<()> {
        let inner = self.inner;
        if !inner.journal.is_shared().await? {
            return Ok(());
        }
        let table = self.transfer.snapshot().table.unwrap_or_default();
        let row = PlaceRow {
            transfer_id: self.transfer.description().id,
            incarnation,
            node: inner.connection.node_name().await?.to_owned(),
            keeper_path: inner.keeper_path(&table).await?,
        };
        Ok(inner.journal.put_place(row).await?)
    }

    /// Writes that the upload goes on here.
    pub(super) async fn resume(&self) -> Result<()> {
        self.put(Phase::Running, None).await
    }

    /// Sees that nobody else has taken a step since; the error says what somebody did.
    pub(super) async fn check_owner(&self) -> Result<()> {
        self.inner.check_owner(self.transfer).await
    }

    /// Takes the step that ends the work on the rows, unless another one has ended it.
    ///
    /// # Errors
    ///
    /// What somebody else has done to the upload; or that of ClickHouse, and then nobody knows.
    pub(super) async fn close(
        &mut self,
        step: Step,
        target: Uuid,
        moves: Vec<String>,
    ) -> Result<()> {
        let Some(own) = &self.own else {
            return Ok(());
        };
        let wanted = Claim {
            number: self.epoch() + 1,
            step,
            run: self.run,
            incarnation: own.incarnation,
            target,
            moves,
            counted: self.counted(),
        };
        match self.claim(wanted).await? {
            Taken::Own => Ok(()),
            Taken::Other(other) => Err(lost_to(self.transfer, &other)),
        }
    }

    /// Describes the newest step in the row that lists are made of.
    pub(super) async fn describe(&self, phase: Phase, error: Option<&Error>) -> Result<()> {
        self.put(phase, error).await
    }

    /// Writes why the upload ended, as far as that is possible at all.
    pub(super) async fn farewell(&mut self, phase: Phase, error: &Error) {
        if !self.is_open() {
            return;
        }
        let farewell = async {
            if phase == Phase::Interrupted {
                self.checkpoints.flush().await?;
            }
            self.put(phase, Some(error)).await
        };
        in_time(farewell).await;
    }

    fn counted(&self) -> Counted {
        let counts = self.transfer.counters().read();
        Counted {
            file_bytes: counts.bytes_received,
            file_crc32c: self.transfer.file_crc32c(),
            rows_parsed: counts.rows_parsed,
            rows_staged: counts.rows_staged,
            rows_rejected: counts.rows_rejected,
        }
    }

    async fn claim(&mut self, wanted: Claim) -> Result<Taken> {
        let id = self.transfer.description().id;
        let taken = self.inner.claim(id, &wanted).await?;
        if taken.run == self.run && taken.step == wanted.step {
            self.transfer.set_claim(self.run, taken.number);
            self.own = Some(taken);
            return Ok(Taken::Own);
        }
        Ok(Taken::Other(taken))
    }

    fn taken_over(&self) -> Error {
        let id = self.transfer.description().id.to_string();
        Error::TakenOver { id }
    }

    async fn put(&self, phase: Phase, error: Option<&Error>) -> Result<()> {
        if self.is_open() {
            let row = self.row(phase, error);
            self.inner.journal.put_transfer(row).await?;
        }
        Ok(())
    }

    fn row(&self, phase: Phase, error: Option<&Error>) -> TransferRow {
        let failure = error
            .map(|error| (self.inner.describe)(error))
            .unwrap_or_default();
        TransferRow {
            state: phase.name().to_owned(),
            create_statement: self.transfer.create_statement().to_owned(),
            error_code: failure.code,
            error_reason: failure.reason,
            error_message: failure.message,
            error_metadata: failure.metadata,
            incarnation: self.incarnation(),
            file_crc32c: self.transfer.file_crc32c(),
            version: phase.version(self.epoch()),
            ..row_of(self.transfer.snapshot())
        }
    }
}

/// What the journal makes of the last that is written of an upload; none where it does not answer in time, or fails.
pub(super) async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Option<T> {
    match tokio::time::timeout(FAREWELL_LIMIT, work).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            tracing::warn!(error = error.logged(), "cannot write to the journal");
            None
        }
        Err(_) => {
            tracing::warn!("the journal does not answer");
            None
        }
    }
}

/// Whose a step is.
#[derive(Debug)]
enum Taken {
    Own,
    Other(Claim),
}

/// The pause between two checkpoints of an upload that moves: what may be sent again after a crash.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// The checkpoints of one upload, one for each block. Where there is no journal, nothing is written and
/// nothing fails.
#[derive(Debug)]
pub(super) struct Checkpoints<'a> {
    inner: &'a Inner,
    transfer: &'a Transfer,
    is_open: bool,
    written: Instant,
    /// What the journal does not have yet, in order.
    uncovered: Vec<Checkpoint>,
    newest: Option<Checkpoint>,
}

/// What ClickHouse has confirmed of an upload: blocks 1 to `blocks`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Confirmed {
    pub(super) blocks: u64,
    pub(super) rows: u64,
}

impl From<Checkpoint> for Confirmed {
    fn from(checkpoint: Checkpoint) -> Self {
        Self {
            blocks: checkpoint.block,
            rows: checkpoint.rows_staged,
        }
    }
}

impl<'a> Checkpoints<'a> {
    /// The checkpoints of a transfer; `is_open` says whether there is a journal.
    pub(super) fn new(inner: &'a Inner, transfer: &'a Transfer, is_open: bool) -> Self {
        Self {
            inner,
            transfer,
            is_open,
            written: Instant::now(),
            uncovered: Vec::new(),
            newest: None,
        }
    }

    /// Takes the checkpoint of the next block; writes all that are not written when the last time is long
    /// enough ago.
    pub(super) async fn checkpoint(&mut self, checkpoint: Checkpoint) -> Result<()> {
        self.newest = Some(checkpoint);
        if !self.is_open {
            return Ok(());
        }
        self.uncovered.push(checkpoint);
        if self.written.elapsed() < CHECKPOINT_INTERVAL {
            return Ok(());
        }
        match self.flush().await {
            // They are kept for the next time.
            Err(error) if error.is_passing() => Ok(()),
            outcome => outcome,
        }
    }

    /// Sees that with one more block no more than `limit` are uncovered: so many would be sent again after a
    /// crash, and no more does the table know again.
    pub(super) async fn cover(&mut self, limit: u64) -> Result<()> {
        let mut patience = Patience::new();
        while self.uncovered.len() as u64 >= limit
            && let Err(error) = self.flush().await
        {
            patience
                .after(self.inner, "writing a checkpoint", error)
                .await?;
        }
        Ok(())
    }

    /// Leaves out every checkpoint: they do not hold any more.
    pub(super) fn forget(&mut self) {
        self.newest = None;
        self.uncovered.clear();
    }

    /// Shows that the upload lives, though it does not move.
    pub(super) async fn beat(&mut self) {
        if self.is_open {
            let newest = self.newest.unwrap_or_else(|| Checkpoint {
                transfer_id: self.transfer.description().id,
                ..Checkpoint::default()
            });
            let beat = async {
                self.flush().await?;
                Ok::<_, Error>(self.inner.journal.add_checkpoints(&[newest]).await?)
            };
            if let Err(error) = beat.await {
                tracing::debug!(error = error.logged(), "cannot write to the journal");
            }
        }
    }

    /// Writes what is not written yet, at once.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if let Some(newest) = self.uncovered.last() {
            let journal = &self.inner.journal;
            journal.add_checkpoints(&self.uncovered).await?;
            let durable = newest.file_offset;
            self.uncovered.clear();
            self.written = Instant::now();
            self.transfer
                .update_offsets(|offsets| offsets.durable = durable);
        }
        Ok(())
    }

    /// Writes what is not written yet, and sees that the journal has every block that was confirmed.
    pub(super) async fn settle(&mut self, incarnation: u32, confirmed: Confirmed) -> Result<()> {
        if !self.is_open || confirmed.blocks == 0 {
            return Ok(());
        }
        let id = self.transfer.description().id;
        let mut patience = Patience::new();
        let sums = loop {
            let sums = async {
                self.flush().await?;
                Ok::<_, Error>(self.inner.journal.block_sums(id, incarnation).await?)
            };
            match sums.await {
                Ok(sums) => break sums,
                Err(error) => {
                    patience
                        .after(self.inner, "writing the last checkpoint", error)
                        .await?;
                }
            }
        };
        let Confirmed { blocks, rows } = confirmed;
        let last = blocks;
        if sums == (BlockSums { blocks, last, rows }) {
            return Ok(());
        }
        tracing::error!(%id, ?sums, ?confirmed, "the journal lacks blocks");
        Err(Error::Internal(
            "the journal does not have every block that was confirmed",
        ))
    }
}
