//! Lets transfers begin: each takes its place and its memory in the order of arrival, or is told to come
//! again later.
//!
//! `transfer::upload` and `transfer::export` ask here. An upload asks with its first byte: one that is open
//! and has none holds nothing that others wait for.

use std::sync::Arc;

use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    time::{Instant, timeout_at},
};

use super::{Error, Inner, Result, profile::SAMPLE_BYTES};
use crate::{
    config::TransferConfig,
    memory::{BlockMemory, Share},
};

/// What every upload has beside the bytes of its file and its blocks: its tasks, its connections.
const OVERHEAD_BYTES: usize = 512 << 10;

/// The bytes of a block that are reserved for an upload that begins: many files are not larger.
const FIRST_BYTES: usize = 1 << 20;

/// A block asks for its memory in so many steps.
const BLOCK_STEPS: usize = 8;

/// The places of a transfer that runs: one on its connection, one on the server.
#[derive(Debug)]
#[must_use]
pub(super) struct Places {
    #[expect(dead_code, reason = "gives its place back on drop")]
    places: (Option<OwnedSemaphorePermit>, OwnedSemaphorePermit),
}

/// What an upload that runs holds.
pub(super) type Held = (Places, Share);

/// An upload that may have to wait before it can begin.
#[derive(Debug)]
pub(super) struct Admission {
    inner: Arc<Inner>,
    /// The size of the file, where it is known.
    total_bytes: Option<u64>,
    /// Takes what it holds for as long as the upload runs; none once that is done.
    holder: Option<oneshot::Sender<Held>>,
}

impl Admission {
    /// What the upload will hold lies in the channel, until the receiver is dropped.
    pub(super) fn new(
        inner: Arc<Inner>,
        total_bytes: Option<u64>,
    ) -> (Self, oneshot::Receiver<Held>) {
        let (holder, held) = oneshot::channel();
        let admission = Self {
            inner,
            total_bytes,
            holder: Some(holder),
        };
        (admission, held)
    }

    /// Waits until the upload may begin. Dropped in the middle, or refused, it can be asked again.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyTransfers`] and [`Error::MemoryLimit`] after the time limit.
    pub(super) async fn enter(&mut self) -> Result<()> {
        let Some(holder) = &mut self.holder else {
            return Ok(());
        };
        let inner = &self.inner;
        let until = inner.queue_end();
        let held = tokio::select! {
            () = holder.closed() => return Ok(()),
            held = async {
                let places = inner.places(until).await?;
                Ok::<_, Error>((places, inner.upload_memory(self.total_bytes, until).await?))
            } => held?,
        };
        if let Some(holder) = self.holder.take() {
            // An upload that has ended needs nothing.
            drop(holder.send(held));
        }
        Ok(())
    }
}

impl Inner {
    /// Until when a transfer that comes now waits for its turn.
    pub(super) fn queue_end(&self) -> Instant {
        Instant::now() + self.config.queue_timeout
    }

    /// Waits for a place on the connection, then for one on the server: who waits for a connection of
    /// few places does not hold those that others could use.
    pub(super) async fn places(&self, until: Instant) -> Result<Places> {
        let _waiting = self.memory.wait();
        let own = self.connection.admit(until).await;
        let own = own.map_err(|limit| Error::TooManyTransfers { limit })?;
        let shared = timeout_at(until, self.registry.place()).await;
        let shared = shared.map_err(|_| Error::TooManyTransfers {
            limit: self.registry.max_running(),
        })?;
        Ok(Places {
            places: (own, shared),
        })
    }

    /// Waits for the memory that an upload begins with.
    async fn upload_memory(&self, total_bytes: Option<u64>, until: Instant) -> Result<Share> {
        let _waiting = self.memory.wait();
        let bytes = first_bytes(&self.config, total_bytes);
        let share = timeout_at(until, self.memory.upload(bytes)).await;
        share.map_err(|_| Error::MemoryLimit {
            limit: self.memory.limit(),
        })
    }

    /// Waits for the memory of a workbook, which is there whole until it is read; so are the texts that its cells share.
    ///
    /// # Errors
    ///
    /// [`Error::MemoryLimit`] after the time limit.
    pub(super) async fn workbook_memory(&self, config: &TransferConfig) -> Result<Share> {
        let _waiting = self.memory.wait();
        let share = self.memory.workbook(config.max_workbook_bytes);
        let share = timeout_at(self.queue_end(), share).await;
        share.map_err(|_| Error::MemoryLimit {
            limit: self.memory.limit(),
        })
    }

    /// The memory of an upload's blocks.
    pub(super) fn block_memory(&self) -> BlockMemory {
        let step = self.config.block_bytes / BLOCK_STEPS;
        let own = block_bytes(&self.config);
        BlockMemory::new(Arc::clone(&self.memory), own, step)
    }
}

/// What an upload needs to begin: what waits to be received and decoded, and the beginning of a block.
fn first_bytes(config: &TransferConfig, total_bytes: Option<u64>) -> usize {
    let total = total_bytes.and_then(|total| usize::try_from(total).ok());
    let waiting = config.window_bytes + config.buffer_bytes + SAMPLE_BYTES;
    let waiting = waiting.min(total.unwrap_or(usize::MAX));
    OVERHEAD_BYTES + waiting + block_bytes(config)
}

/// The bytes of a block that every upload has reserved.
fn block_bytes(config: &TransferConfig) -> usize {
    FIRST_BYTES.min(config.block_bytes / 4)
}
