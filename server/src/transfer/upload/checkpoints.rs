//! How far an upload is, as the journal is told while blocks go to ClickHouse.
//!
//! Part of `transfer::upload`; `blocks` takes checkpoints, `ledger` writes the last one of an upload that is
//! interrupted. It must never name a block that ClickHouse has not confirmed.

use std::time::{Duration, Instant};

use crate::{
    journal::Checkpoint,
    transfer::{Inner, Result, Transfer},
};

/// The pause between two checkpoints of an upload that moves: what may be sent again after a crash.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// The checkpoints of one upload. Where there is no journal, nothing is written and nothing fails.
#[derive(Debug)]
pub(super) struct Checkpoints<'a> {
    inner: &'a Inner,
    transfer: &'a Transfer,
    is_open: bool,
    written: Instant,
    newest: Option<Checkpoint>,
}

impl<'a> Checkpoints<'a> {
    /// The checkpoints of a transfer; `is_open` says whether there is a journal.
    pub(super) fn new(inner: &'a Inner, transfer: &'a Transfer, is_open: bool) -> Self {
        Self {
            inner,
            transfer,
            is_open,
            written: Instant::now(),
            newest: None,
        }
    }

    /// Takes a new checkpoint; writes it when the last one is old enough.
    pub(super) async fn checkpoint(&mut self, checkpoint: Checkpoint) -> Result<()> {
        self.newest = Some(checkpoint);
        if self.is_open && self.written.elapsed() >= CHECKPOINT_INTERVAL {
            return match self.flush().await {
                // The next one says the same and more.
                Err(error) if error.is_passing() => Ok(()),
                outcome => outcome,
            };
        }
        Ok(())
    }

    /// Leaves out the newest checkpoint: it does not hold any more.
    pub(super) fn forget(&mut self) {
        self.newest = None;
    }

    /// Shows that the upload lives, though it does not move.
    pub(super) async fn beat(&mut self) {
        if self.is_open {
            self.newest.get_or_insert(Checkpoint {
                transfer_id: self.transfer.description().id,
                ..Checkpoint::default()
            });
            if let Err(error) = self.flush().await {
                tracing::debug!(%error, "cannot write to the journal");
            }
        }
    }

    /// Writes what is not written yet.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if let Some(newest) = self.newest.filter(|_| self.is_open) {
            self.inner.journal.add_checkpoint(newest).await?;
            self.written = Instant::now();
            self.transfer
                .update_offsets(|offsets| offsets.durable = newest.file_offset);
        }
        Ok(())
    }
}
