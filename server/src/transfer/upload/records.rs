//! The records of an upload, batch by batch, from the chunks of its caller.
//!
//! Shared by the two ways of waiting for a chunk: `head` waits as a task, `typing` as a thread.

use super::Chunk;
use crate::{
    csv::{Decoder, Dialect, Header, Limits, RecordBatch},
    transfer::Result,
};

/// A decoder, and what is known of the end of the file.
#[derive(Debug)]
pub(super) struct Records {
    decoder: Decoder,
    ended: bool,
    ends_with_newline: bool,
}

impl Records {
    pub(super) fn new(dialect: Dialect, limits: Limits) -> Self {
        Self {
            decoder: Decoder::new(dialect, limits),
            ended: false,
            ends_with_newline: false,
        }
    }

    /// Takes what the caller sent next.
    pub(super) fn take(&mut self, chunk: &Chunk) {
        match chunk {
            Chunk::Data(data, _) => {
                self.decoder.push(data);
                if let Some(last) = data.last() {
                    self.ends_with_newline = matches!(last, b'\n' | b'\r');
                }
            }
            Chunk::End => self.ended = true,
        }
    }

    /// The next batch; none when it takes more chunks, or when the file has ended.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        let batch = if self.ended {
            self.decoder.finish()
        } else {
            self.decoder.next_batch()
        };
        Ok(batch?)
    }

    /// Whether the caller has said that the file is whole.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether the file has ended without a line end.
    pub(super) fn is_cut_off(&self) -> bool {
        self.ended && !self.ends_with_newline
    }

    pub(super) fn header(&self) -> Option<&Header> {
        self.decoder.header()
    }

    /// Takes the memory of a batch back.
    pub(super) fn recycle(&mut self, batch: RecordBatch) {
        self.decoder.recycle(batch);
    }
}
