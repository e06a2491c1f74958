//! The records of an upload, batch by batch, from the chunks of its caller.
//!
//! Shared by the two ways of waiting for a chunk: `head` waits as a task, `typing` as a thread.

use bytes::Bytes;

use super::Chunk;
use crate::{
    csv::{Decoder, Dialect, Header, Limits, Record, RecordBatch},
    transfer::Result,
};

/// A decoder, and what is known of the end of the file.
#[derive(Debug)]
pub(super) struct Records {
    decoder: Decoder,
    /// Bytes that the decoder has not seen. It is given no more than a batch of them at a time: what
    /// follows a batch is copied.
    pending: Bytes,
    batch_bytes: usize,
    /// Bytes of the file so far.
    byte_count: u64,
    ended: bool,
}

impl Records {
    pub(super) fn new(dialect: Dialect, limits: Limits) -> Self {
        Self {
            decoder: Decoder::new(dialect, limits),
            pending: Bytes::new(),
            batch_bytes: limits.batch_bytes,
            byte_count: 0,
            ended: false,
        }
    }

    /// Takes what the caller sent next; only after [`Records::next`] has returned none.
    pub(super) fn take(&mut self, chunk: &Chunk) {
        match chunk {
            Chunk::Data(data, _) => {
                self.byte_count += data.len() as u64;
                self.pending = data.clone();
            }
            Chunk::End => self.ended = true,
        }
    }

    /// The next batch; none when it takes more chunks, or when the file has ended.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let batch = if self.ended {
                self.decoder.finish()
            } else {
                self.decoder.next_batch()
            };
            if let Some(batch) = batch? {
                return Ok(Some(batch));
            }
            if self.pending.is_empty() {
                return Ok(None);
            }
            let piece = self
                .pending
                .split_to(self.pending.len().min(self.batch_bytes));
            self.decoder.push(&piece);
        }
    }

    /// Whether the caller has said that the file is whole.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether the file ends with this record, and without a line end.
    pub(super) fn is_cut_off(&self, record: &Record<'_>) -> bool {
        let record_end = record.position().byte_offset + record.raw().len() as u64;
        self.ended && record_end == self.byte_count
    }

    pub(super) fn header(&self) -> Option<&Header> {
        self.decoder.header()
    }

    /// Takes the memory of a batch back.
    pub(super) fn recycle(&mut self, batch: RecordBatch) {
        self.decoder.recycle(batch);
    }
}
