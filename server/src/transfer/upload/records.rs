//! The records of an upload, batch by batch.
//!
//! Shared by the two ways of waiting for a chunk: `head` waits as a task, `typing` as a thread.

use std::collections::VecDeque;

use bytes::Bytes;

use super::text::Text;
use crate::{
    csv::{self, Header, Limits, Mark, Record, RecordBatch},
    transfer::{
        Result,
        cut::{Cut, FileDecoder},
    },
};

/// A place between two batches of a text, and what stands before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::transfer) struct Place {
    pub(in crate::transfer) mark: Mark,
    /// The CRC-32C of all bytes before.
    pub(in crate::transfer) crc32c: u32,
}

/// A text, and the decoder that cuts it.
#[derive(Debug)]
pub(in crate::transfer) struct Records {
    text: Text,
    decoder: FileDecoder,
    /// Bytes of text so far.
    byte_count: u64,
    /// Whether the decoder has all of it.
    is_over: bool,
    /// Pieces that the decoder has, from behind the last batch on.
    pieces: VecDeque<Bytes>,
    /// Where the last batch ended.
    place: Place,
}

impl Records {
    pub(in crate::transfer) fn new(text: Text, cut: &Cut, limits: Limits) -> Self {
        Self {
            text,
            decoder: cut.decoder(limits),
            byte_count: 0,
            is_over: false,
            pieces: VecDeque::new(),
            place: Place::default(),
        }
    }

    /// Goes on at a place of the same text.
    pub(in crate::transfer) fn resume(text: Text, cut: &Cut, limits: Limits, place: Place) -> Self {
        Self {
            decoder: cut.resume(limits, place.mark),
            byte_count: place.mark.position.byte_offset,
            place,
            ..Self::new(text, cut, limits)
        }
    }

    /// Where the last batch ended.
    pub(in crate::transfer) const fn place(&self) -> Place {
        self.place
    }

    /// Passes over the pieces of the last batch.
    fn pass(&mut self) {
        let mark = self.decoder.mark();
        let mut passed = mark.position.byte_offset - self.place.mark.position.byte_offset;
        while passed > 0
            && let Some(piece) = self.pieces.front_mut()
        {
            let length = piece
                .len()
                .min(usize::try_from(passed).unwrap_or(usize::MAX));
            let before = piece.split_to(length);
            self.place.crc32c = crc32c::crc32c_append(self.place.crc32c, &before);
            passed -= length as u64;
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        self.place.mark = mark;
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
                Ok(Some(batch)) => {
                    self.pass();
                    return Ok(Some(batch));
                }
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
                    self.pieces.push_back(piece);
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
