//! The pipeline of one upload, from its first byte to its last row.
//!
//! Part of `transfer::upload`. `load` reads as the path. Whatever ends it, `settle` leaves the table,
//! the staging table and the journal in a state that says the truth.

use std::{sync::Arc, time::Instant};

use tokio::sync::{mpsc, oneshot};

use super::{
    deliver::Prepared,
    fingerprint::Decisive,
    head::{Feed, Head, Sample},
    insert::Queries,
    intake::Begun,
    job::{Job, Start, UploadOutcome, cut_as_before},
    ledger::Ledger,
    past::Past,
    records::Chunk,
    target::Target,
    typing,
};
use crate::{
    catalog::{NewTable, Table},
    clickhouse::sql::TableName,
    journal::{TransferRow, UploadRow},
    metrics::Stage,
    task,
    transfer::{
        Commit, CommitMode, Counts, Error, Inner, Patience, Phase, RejectPolicy, Result,
        UploadRequest,
        commit::Choice,
        inserts::tokens,
        protocol::{Claim, beginning::First, ending::Journal},
        registry::Running,
        rejects::FaultCounts,
    },
};

pub(super) async fn run(
    inner: &Inner,
    running: Running,
    request: UploadRequest,
    chunks: mpsc::Receiver<Chunk>,
    begin: oneshot::Sender<Begun>,
) -> Result<UploadOutcome, Arc<Error>> {
    let transfer = Arc::clone(running.transfer());
    let placed = tokio::select! {
        reason = transfer.stopped() => Err(reason),
        placed = Box::pin(at_node(inner, &request)) => placed,
    };
    let (placed, failure) = match placed {
        Ok(placed) => (placed, None),
        Err(error) => (inner.clone(), Some(error)),
    };
    let journal = match request.dry_run {
        true => Journal::Absent,
        false => Journal::Unasked,
    };
    let mut job = Job {
        inner: &placed,
        transfer: &transfer,
        request: &request,
        config: Arc::clone(&inner.config),
        ledger: Ledger::new(inner, &transfer, journal),
        created: None,
        staging: None,
        queries: Queries::default(),
        is_out_of_hand: false,
    };
    let outcome = if let Some(error) = failure {
        Err(error)
    } else {
        tokio::select! {
            reason = transfer.stopped() => Err(reason),
            outcome = job.load(chunks, begin) => outcome,
        }
    };
    job.settle(running, outcome).await
}

/// Waits for ClickHouse, and finds the node to work with.
async fn at_node(inner: &Inner, request: &UploadRequest) -> Result<Inner> {
    inner.wait_ready().await?;
    let mut patience = Patience::short();
    loop {
        match inner.at_node_of(request).await {
            Ok(placed) => return Ok(placed),
            Err(error) => patience.after(inner, "looking for the node", error).await?,
        }
    }
}

impl<'a> Job<'a> {
    async fn load(
        &mut self,
        mut chunks: mpsc::Receiver<Chunk>,
        begin: oneshot::Sender<Begun>,
    ) -> Result<UploadOutcome> {
        let (mut start, newest) = match self.first_contact().await? {
            Past::Done(row) => return self.replay(*row, begin, chunks).await,
            Past::Committing(row, commit) => {
                let row = self.complete(*row, commit).await?;
                return self.replay(row, begin, chunks).await;
            }
            Past::Begun {
                newest,
                upload,
                commit,
                checkpoint,
            } => {
                self.config = cut_as_before(&self.config, &upload);
                let start = Start {
                    upload: Some(upload),
                    commit,
                    checkpoint,
                };
                (start, Some(newest))
            }
            Past::Nothing(newest) => (Start::default(), newest),
        };
        if !self.request.dry_run {
            self.take(newest.as_ref()).await?;
        }
        self.catch_up(&mut start).await?;
        let (existing, ()) =
            tokio::join!(self.existing(&mut start), self.make_known(newest.as_ref()));
        let existing = existing?;
        let was_created = self.request.create_table.is_some() && existing.is_some();
        self.check_offset(start.begun())?;
        self.resume_counters(&start);
        if let Some(commit) = &start.commit {
            // Whatever ends this run before it chooses again, the journal keeps the mode.
            self.transfer.set_commit(commit.clone());
        }
        if start.upload.is_some() {
            self.ledger.resume().await?;
        }
        // The caller may have gone.
        begin.send(start.begun()).ok();

        let known = existing.as_ref().filter(|_| !was_created);
        let mut head = self.read_head(&start, known, &mut chunks).await?;
        self.check_head(&head)?;
        if self.request.full_scan {
            return self.scan(head, chunks).await;
        }
        let before = start.commit.as_ref().map(|commit| commit.mode);
        let is_trial = existing.is_none() && self.request.dry_run;
        let (target, choice) = if is_trial {
            self.try_new(&mut head).await?
        } else {
            let target = self.target(&mut head, existing, was_created).await?;
            let choice = self.choose(&target.table, before).await?;
            (target, choice)
        };
        let upload = self.upload_row(&mut head, &target, &choice)?;
        if let Some(before) = &start.upload
            && (before.fingerprint != upload.fingerprint
                || before.target != upload.target
                    && !self.inner.is_replica_of(&target.table, before).await?)
        {
            return Err(Error::TableChanged {
                id: self.request.id.to_string(),
                table: target.table.to_string(),
            });
        }
        if start.can_seek() {
            head.seek(start.checkpoint.into(), &self.config);
        }
        let prepared = Prepared {
            head,
            chunks,
            target,
            choice,
            start,
            upload,
        };
        Box::pin(self.type_and_send(prepared)).await
    }

    /// Finds out whether this upload was begun before.
    async fn first_contact(&mut self) -> Result<Past> {
        let mut patience = Patience::short();
        loop {
            match self.look_back().await {
                Ok(past) => return Ok(past),
                Err(error) => patience.after(self.inner, "looking back", error).await?,
            }
        }
    }

    /// Waits until nothing of whoever had the upload before comes any more, and looks how far it is then, where
    /// that is needed.
    async fn catch_up(&self, start: &mut Start) -> Result<()> {
        let is_staged = |commit: &Commit| commit.mode.is_staged();
        // Where the mode is not known, it was being chosen.
        let is_staged = start.commit.as_ref().is_some_and(is_staged);
        if start.coming().first(is_staged) != First::CatchUp {
            return Ok(());
        }
        let id = self.request.id;
        let inner = self.inner;
        inner.see_ended(inner.client(), &tokens(id)).await?;
        let mut patience = Patience::new();
        let incarnation = self.ledger.incarnation();
        let checkpoint = loop {
            match self.inner.journal.checkpoint(id, incarnation).await {
                Ok(checkpoint) => break checkpoint,
                Err(error) => {
                    patience
                        .after(self.inner, "looking how far the upload is", error.into())
                        .await?;
                }
            }
        };
        start.checkpoint = checkpoint.unwrap_or_default();
        Ok(())
    }

    /// Makes the upload that of this run.
    async fn take(&mut self, newest: Option<&Claim>) -> Result<()> {
        let mut patience = Patience::new();
        loop {
            match self.ledger.take(newest).await {
                // Its caller asks again, and sees how it stands then.
                taken @ (Ok(()) | Err(Error::TakenOver { .. })) => return taken,
                Err(error) => {
                    patience
                        .after(self.inner, "taking the upload", error)
                        .await?;
                }
            }
        }
    }

    /// Makes an upload known to other servers before there is anything to be said of it, so that it can be looked
    /// at and cancelled there.
    async fn make_known(&self, newest: Option<&Claim>) {
        if self.request.dry_run || newest.is_some() {
            return;
        }
        if let Err(error) = self.ledger.describe(Phase::Running, None).await {
            tracing::warn!(error = error.logged(), "cannot write to the journal");
        }
    }

    /// Completes a commit whose run has ended; ClickHouse may still be at its last statement.
    async fn complete(&self, row: TransferRow, commit: Claim) -> Result<TransferRow> {
        let mut patience = Patience::new();
        loop {
            match self.inner.complete(row.clone(), &commit).await {
                Ok(row) => return Ok(row),
                Err(error) => patience
                    .after(self.inner, "completing", error)
                    .await
                    .map_err(|error| self.pending(error))?,
            }
        }
    }

    /// Asks the journal for this upload.
    async fn look_back(&mut self) -> Result<Past> {
        if self.request.dry_run {
            self.inner.try_announce(self.request.id).await;
            return Ok(Past::Nothing(None));
        }
        self.open_ledger().await?;
        let has_journal = self.ledger.is_open();
        // Until more is known: nothing is in the table before the mode is chosen.
        let is_resumable = has_journal && self.request.commit_mode != CommitMode::Direct;
        self.transfer
            .update_offsets(|offsets| offsets.is_resumable = is_resumable);
        if has_journal {
            self.inner.past(self.request).await
        } else {
            Ok(Past::Nothing(None))
        }
    }

    /// The outcome of an upload that is loaded, once all bytes that its caller sends are known to be
    /// those that were loaded.
    async fn replay(
        &self,
        row: TransferRow,
        begin: oneshot::Sender<Begun>,
        mut chunks: mpsc::Receiver<Chunk>,
    ) -> Result<UploadOutcome> {
        self.transfer.recall(&row);
        self.transfer.show_succeeded();
        let begun = Begun {
            offset: row.bytes_received,
            crc32c: row.file_crc32c,
            is_over: true,
        };
        self.check_offset(begun)?;
        begin.send(begun).ok();
        match chunks.recv().await {
            Some(Chunk::End) => {}
            // `Upload::send` lets through what is behind the file that was loaded.
            Some(Chunk::Data(bytes, _)) => {
                return Err(Error::OtherFile {
                    id: self.request.id.to_string(),
                    expected: row.bytes_received,
                    actual: row.bytes_received + bytes.len() as u64,
                });
            }
            None => return Err(Error::ClientGone),
        }
        Ok(UploadOutcome {
            create_statement: Some(row.create_statement).filter(|text| !text.is_empty()),
            replayed: true,
            ..UploadOutcome::default()
        })
    }

    /// Sees that the caller's bytes begin where they are expected.
    fn check_offset(&self, begun: Begun) -> Result<()> {
        let id = || self.request.id.to_string();
        let start = self.request.start_offset;
        let prefix_crc32c = self.request.prefix_crc32c;
        // What lies before goes into the comparison of what comes again.
        let is_known = |start| start == 0 || start == begun.offset || prefix_crc32c.is_some();
        if let Some(actual) = start.filter(|start| *start > begun.offset || !is_known(*start)) {
            return Err(Error::OffsetOutOfRange {
                id: id(),
                expected: begun.offset,
                actual,
            });
        }
        let follows = start.is_none_or(|start| start == begun.offset);
        match prefix_crc32c {
            Some(crc32c) if follows && crc32c != begun.crc32c => Err(Error::FileChanged {
                id: id(),
                offset: begun.offset,
            }),
            _ => Ok(()),
        }
    }

    fn resume_counters(&self, start: &Start) {
        let from = start.typing();
        self.transfer.counters().resume(Counts {
            bytes_received: from.file_offset,
            rows_parsed: from.rows_parsed,
            rows_staged: from.rows_staged,
            rows_rejected: from.rows_rejected,
            ..Counts::default()
        });
        self.transfer.set_file_crc32c(start.begun().crc32c);
        let durable = start.begun().offset;
        self.transfer
            .update_offsets(|offsets| offsets.durable = durable);
    }

    async fn read_head(
        &self,
        start: &Start,
        table: Option<&Table>,
        chunks: &mut mpsc::Receiver<Chunk>,
    ) -> Result<Head> {
        let feed = match &start.upload {
            Some(upload) if start.can_seek() => Feed::Sample {
                bytes: Some(upload.sample.clone().into()),
                is_complete: upload.sample_is_complete,
            },
            _ => Feed::Chunks(chunks),
        };
        let asked = Instant::now();
        let head = Head::read(self.inner, &self.config, &self.request.file, table, feed).await;
        let counters = self.transfer.counters();
        counters.add_time(Stage::Receive, asked.elapsed());
        head
    }

    /// Refuses a file that nobody can tell how to read, and one of nothing that is to replace the rows of a table.
    fn check_head(&self, head: &Head) -> Result<()> {
        if head.is_empty() && self.request.commit_mode == CommitMode::Replace {
            return Err(Error::EmptyFile);
        }
        if self.request.rejects == RejectPolicy::default() && !self.request.dry_run {
            head.records.check_closed()?;
        }
        head.check(&self.request.file.values)
    }

    /// Matches the file to the table that a dry run would make, and chooses its commit mode; leaves no table.
    async fn try_new(&mut self, head: &mut Head) -> Result<(Target, Choice)> {
        let tried = async {
            let target = self.try_target(head).await?;
            let made = self.created.clone();
            let choice = self
                .choose(made.as_ref().unwrap_or(&target.table), None)
                .await?;
            Ok((target, choice))
        };
        let tried = tried.await;
        self.drop_trial().await;
        tried
    }

    /// Chooses the commit mode, or sees that the one of before still holds.
    async fn choose(&self, table: &TableName, before: Option<CommitMode>) -> Result<Choice> {
        let mode = before.unwrap_or(self.request.commit_mode);
        let is_dry = self.request.dry_run;
        let choice = self.inner.choose_granted(table, mode, is_dry);
        let choice = choice.await?;
        self.transfer.set_commit(match is_dry {
            false => choice.commit.clone(),
            true => Commit {
                mode: choice.commit.mode,
                guarantee: format!(
                    "a dry run: nothing is loaded; an upload would be {}",
                    choice.commit.guarantee
                ),
            },
        });
        let is_resumable = self.ledger.is_open() && choice.commit.mode != CommitMode::Direct;
        self.transfer
            .update_offsets(|offsets| offsets.is_resumable = is_resumable);
        Ok(choice)
    }

    /// What the journal is to know of this upload.
    fn upload_row(&self, head: &mut Head, target: &Target, choice: &Choice) -> Result<UploadRow> {
        let decisive = Decisive {
            cut: &head.profile.cut,
            columns: &head.profile.columns,
            plan: &target.plan,
            mode: choice.commit.mode,
            batch_bytes: self.config.batch_bytes,
            sizes: self.block_sizes(),
        };
        let fingerprint = decisive.fingerprint();
        let Sample { bytes, is_complete } = head.take_sample();
        Ok(UploadRow {
            transfer_id: self.request.id,
            incarnation: self.ledger.incarnation(),
            spec: self.request.spec.clone(),
            sample: bytes,
            sample_is_complete: is_complete,
            can_seek: head.can_seek(),
            created: target.create_statement.is_some(),
            fingerprint,
            target: target.uuid,
            block_rows: self.config.block_rows as u64,
            block_bytes: self.config.block_bytes as u64,
            batch_bytes: self.config.batch_bytes as u64,
        })
    }

    /// Reads the whole file to find out what its table would be.
    async fn scan(&self, head: Head, chunks: mpsc::Receiver<Chunk>) -> Result<UploadOutcome> {
        let watched = Arc::clone(self.transfer);
        let scanned = task::spawn_blocking("scan", move || typing::scan(head, chunks, &watched));
        let (mut head, account) = scanned
            .await
            .map_err(|_| Error::Internal("the scanning thread panicked"))??;
        head.profile.columns = head.columns.found(true);
        let table = NewTable {
            on_cluster: self.request.on_cluster.clone(),
            ..head.new_table(&head.profile.columns, &self.request.columns)?
        };
        let catalog = self.inner.catalog();
        let statement = catalog
            .create_statement(&self.request.table, &table)
            .await?;
        Ok(UploadOutcome {
            create_statement: Some(statement),
            profile: Some(head.profile),
            faults: FaultCounts::default(),
            account: Some(account),
            ..UploadOutcome::default()
        })
    }
}
