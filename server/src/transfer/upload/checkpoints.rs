//! Which blocks ClickHouse has confirmed, as the journal is told.
//!
//! Part of `transfer::upload`; `blocks` takes checkpoints, `ledger` writes the last ones of an upload that
//! is interrupted. It must never name a block that ClickHouse has not confirmed.

use std::time::{Duration, Instant};

use crate::{
    journal::{BlockSums, Checkpoint},
    transfer::{Error, Inner, Patience, Result, Transfer},
};

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
