//! What an upload writes to the journal of itself.
//!
//! Part of `transfer::upload`. Where there is no journal, nothing is written and nothing fails.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use uuid::Uuid;

use super::checkpoints::Checkpoints;
use crate::{
    journal::{TransferRow, UploadRow},
    transfer::{Error, Inner, Phase, Result, Transfer},
};

/// How long the journal may keep the end of an upload waiting that has failed.
const FAREWELL_LIMIT: Duration = Duration::from_secs(5);

/// The journal as one upload sees it.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    inner: &'a Inner,
    transfer: &'a Transfer,
    is_open: bool,
    /// Tells this run of the upload from all others.
    run: Uuid,
    /// How far the upload is.
    pub(super) checkpoints: Checkpoints<'a>,
    /// Whether a row is on its way: if it is dropped there, it may still arrive.
    is_writing: AtomicBool,
}

impl<'a> Ledger<'a> {
    /// A ledger for a transfer; `is_open` says whether there is a journal.
    pub(super) fn new(inner: &'a Inner, transfer: &'a Transfer, is_open: bool) -> Self {
        Self {
            inner,
            transfer,
            is_open,
            run: Uuid::new_v4(),
            checkpoints: Checkpoints::new(inner, transfer, is_open),
            is_writing: AtomicBool::new(false),
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Writes what the upload begins with, and that it runs.
    pub(super) async fn begin(&self, row: UploadRow) -> Result<()> {
        if self.is_open {
            let journal = &self.inner.journal;
            let running = self.put(Phase::Running, None, Vec::new());
            tokio::try_join!(async { Ok(journal.put_upload(row).await?) }, running)?;
        }
        Ok(())
    }

    /// Writes that the upload goes on here.
    pub(super) async fn resume(&self) -> Result<()> {
        self.put(Phase::Running, None, Vec::new()).await
    }

    /// Sees a row arrive that was dropped on its way, so that what is written next comes after it.
    pub(super) async fn land(&self) {
        if self.is_writing.load(Ordering::Relaxed) {
            let again = self.put(Phase::Running, None, Vec::new());
            if !matches!(
                tokio::time::timeout(FAREWELL_LIMIT, again).await,
                Ok(Ok(()))
            ) {
                tracing::warn!("the journal does not answer");
            }
        }
    }

    /// Whether nobody else has gone on with the upload.
    pub(super) async fn is_own(&self) -> Result<bool> {
        if !self.is_open {
            return Ok(true);
        }
        let row = self
            .inner
            .journal
            .find(self.transfer.description().id)
            .await?;
        Ok(row.is_none_or(|row| row.run == self.run))
    }

    /// Writes that the rows become visible: `partitions` is what moves.
    pub(super) async fn commit(&self, partitions: Vec<String>) -> Result<()> {
        if !self.is_own().await? {
            let id = self.transfer.description().id.to_string();
            return Err(Error::TakenOver { id });
        }
        self.put(Phase::Committing, None, partitions).await
    }

    /// Writes that everything arrived.
    pub(super) async fn succeed(&self) -> Result<()> {
        self.put(Phase::Succeeded, None, Vec::new()).await
    }

    /// Writes why the upload ended, as far as that is possible at all.
    pub(super) async fn fail(&mut self, phase: Phase, error: &Error) {
        if !self.is_open {
            return;
        }
        let farewell = async {
            if phase == Phase::Interrupted {
                self.checkpoints.flush().await?;
            }
            self.put(phase, Some(error), Vec::new()).await
        };
        match tokio::time::timeout(FAREWELL_LIMIT, farewell).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "cannot write to the journal"),
            Err(_) => tracing::warn!("the journal does not answer"),
        }
    }

    async fn put(
        &self,
        phase: Phase,
        error: Option<&Error>,
        partitions: Vec<String>,
    ) -> Result<()> {
        if self.is_open {
            let row = self.row(phase, error, partitions);
            self.is_writing.store(true, Ordering::Relaxed);
            self.inner.journal.put_transfer(row).await?;
            self.is_writing.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    fn row(&self, phase: Phase, error: Option<&Error>, partitions: Vec<String>) -> TransferRow {
        let now = self.transfer.snapshot();
        let counts = now.counts;
        let table = now.table.unwrap_or_default();
        let commit = now.commit;
        let failure = error
            .map(|error| (self.inner.describe)(error))
            .unwrap_or_default();
        let started = now.started_at.duration_since(SystemTime::UNIX_EPOCH);
        TransferRow {
            transfer_id: now.id,
            connection: self.inner.connection.name().to_owned(),
            state: phase.name().to_owned(),
            database: table.database,
            table: table.table,
            commit_mode: commit
                .as_ref()
                .map_or("", |commit| commit.mode.name())
                .to_owned(),
            guarantee: commit.map(|commit| commit.guarantee).unwrap_or_default(),
            resumable: now.is_resumable,
            source_name: now.source_name,
            owner: now.owner,
            total_bytes: now.total_bytes,
            bytes_received: counts.bytes_received,
            rows_parsed: counts.rows_parsed,
            rows_staged: counts.rows_staged,
            rows_committed: counts.rows_committed,
            rows_rejected: counts.rows_rejected,
            create_statement: self.transfer.create_statement().to_owned(),
            partitions,
            started_at: started.map_or(0, millis),
            elapsed_ms: u64::try_from(now.elapsed.as_millis()).unwrap_or(u64::MAX),
            error_code: failure.code,
            error_reason: failure.reason,
            error_message: failure.message,
            error_metadata: failure.metadata,
            run: self.run,
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
