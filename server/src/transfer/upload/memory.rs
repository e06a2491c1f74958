//! The memory of an upload's blocks, as the typing thread takes it.
//!
//! Part of `transfer::upload`, used by `typing`. It must never decide where a block ends: an upload
//! without memory waits, and its blocks stay what they are.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{runtime::Handle, sync::mpsc};

use super::sending::Item;
use crate::{
    column::EncodedBlock,
    memory::{BlockMemory, Share},
    transfer::Inner,
};

/// The memory of the block that is made.
#[derive(Debug)]
pub(super) struct UploadMemory {
    block: BlockMemory,
    batch_bytes: usize,
    runtime: Handle,
}

/// Bytes of a block, and the memory that they stand in.
struct Held {
    bytes: Bytes,
    #[expect(dead_code, reason = "goes when the bytes go")]
    shares: Arc<Vec<Share>>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl UploadMemory {
    pub(super) fn new(inner: &Inner) -> Self {
        Self {
            block: inner.block_memory(),
            batch_bytes: inner.config.batch_bytes,
            runtime: Handle::current(),
        }
    }

    /// Waits on this thread until the block, of so many bytes now, may take one more batch; false when
    /// nobody takes it any more.
    pub(super) fn cover(&mut self, block_bytes: usize, items: &mpsc::Sender<Item>) -> bool {
        let covered = self.block.cover(block_bytes + self.batch_bytes);
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = covered => true,
                () = items.closed() => false,
            }
        })
    }

    /// Has the memory of the block go when the last of its bytes does; the next one begins.
    pub(super) fn go_with(&mut self, block: EncodedBlock) -> EncodedBlock {
        let shares = self.block.take();
        if shares.is_empty() {
            return block;
        }
        let shares = Arc::new(shares);
        let held = |bytes| {
            let shares = Arc::clone(&shares);
            Bytes::from_owner(Held { bytes, shares })
        };
        EncodedBlock {
            chunks: block.chunks.into_iter().map(held).collect(),
            ..block
        }
    }
}
