//! The records of an upload, batch by batch.
//!
//! Shared by the two ways of waiting for a chunk: `head` waits as a task, `typing` as a thread.

use super::text::Text;
use crate::{
    csv::{self, Header, Limits, Record, RecordBatch},
    transfer::{
        Result,
        cut::{Cut, FileDecoder},
    },
};

/// A text, and the decoder that cuts it.
#[derive(Debug)]
pub(in crate::transfer) struct Records {
    text: Text,
    decoder: FileDecoder,
    /// Bytes of text so far.
    byte_count: u64,
    /// Whether the decoder has all of it.
    is_over: bool,
}

impl Records {
    pub(in crate::transfer) fn new(text: Text, cut: &Cut, limits: Limits) -> Self {
        Self {
            text,
            decoder: cut.decoder(limits),
            byte_count: 0,
            is_over: false,
        }
    }

    /// The text, to push to; only after [`Records::next`] has returned none.
    pub(in crate::transfer) const fn text_mut(&mut self) -> &mut Text {
        &mut self.text
    }

    /// The text, for what is known of it.
    pub(in crate::transfer) const fn text(&self) -> &Text {
        &self.text
    }

    /// The next batch; none when it takes more of the file, or after the last.
    pub(in crate::transfer) fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let batch = if self.is_over {
                self.decoder.finish()
            } else {
                self.decoder.next_batch()
            };
            match batch {
                Ok(Some(batch)) => return Ok(Some(batch)),
                Ok(None) => {}
                // The end of the quote is in the part of the file that is not here.
                Err(csv::Error::UnterminatedQuote { .. }) if self.text.is_cut_short() => {
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
            match self.text.next()? {
                Some(piece) => {
                    self.byte_count += piece.len() as u64;
                    self.decoder.push(&piece);
                }
                None if self.text.has_ended() && !self.is_over => self.is_over = true,
                None => return Ok(None),
            }
        }
    }

    /// Whether the last batch of a whole file has been given.
    pub(in crate::transfer) const fn has_ended(&self) -> bool {
        self.is_over && !self.text.is_cut_short()
    }

    /// Whether the file ends with this record, and without a line end.
    pub(in crate::transfer) fn is_cut_off(&self, record: &Record<'_>) -> bool {
        let record_end = record.position().byte_offset + record.raw().len() as u64;
        self.is_over && record_end == self.byte_count
    }

    pub(in crate::transfer) fn header(&self) -> Option<&Header> {
        self.decoder.header()
    }

    /// Lines after the end of the table.
    pub(in crate::transfer) fn ignored_lines(&self) -> u64 {
        self.decoder.ignored_lines()
    }

    /// Takes the memory of a batch back.
    pub(in crate::transfer) fn recycle(&mut self, batch: RecordBatch) {
        self.decoder.recycle(batch);
    }
}
