//! Cuts bytes into records and fields, 64 at a time, across any boundary between pushes.
//!
//! Used by the decoder, which owns the bytes. It must never look at a byte twice, apart from the
//! rest of the block in which a batch ends.
//!
//! # How this works
//!
//! All positions are offsets into the batch at hand; when a batch is taken they start from 0 again,
//! which is possible because a batch ends where a record ends. [`Scanner::scan`] cuts block after
//! block by one of two paths. `regular` works on the masks of a block alone and takes nearly all
//! blocks. `careful` walks over the marked bytes with a state machine: text outside of quotes,
//! escaped marks, blank lines, and what does not fill a block at the end of the file. Both leave
//! the same state behind, so they can alternate. Dialects that masks cannot cut go through `loose`
//! alone, byte by byte.
//!
//! If you change one path, change the others: the tests hold all of them against a plain decoder
//! and the `csv` crate.

mod careful;
mod index;
mod loose;
mod regular;

use std::mem;

use index::RecordIndex;
use loose::Loose;

use super::block::{BLOCK_BYTES, Finder};
use super::record::FieldSpan;
use super::{Dialect, Position, RecordBatch};

/// Turns an offset into the form that is stored.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a batch and the text it adds are below 4 GiB, because `Limits` are clamped"
)]
pub(super) const fn narrow(offset: usize) -> u32 {
    offset as u32
}

/// Why the scanner stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// What is there does not fill a block.
    Starved,
    /// A record or a blank line ended right before this offset, and the batch is long enough.
    Full(u32),
    /// The file is over and every record is cut.
    Over,
    /// The record at hand cannot be cut.
    Fault(Fault),
}

/// What is wrong with the record at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is longer than the limit.
    TooLong,
    /// It has more fields than the limit.
    TooWide,
    /// It has a quote that nothing closes.
    Unterminated,
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Until {
    /// Stop at the first record that ends at or after this offset.
    pub(super) record_end: u32,
    /// Stop at the first blank line that ends at or after this offset.
    pub(super) blank_end: u32,
    /// Stop at a record that is longer.
    pub(super) record_bytes: u32,
    /// Stop at a record with more fields.
    pub(super) fields: usize,
    /// A record of no more bytes is within both limits, because each field but the first takes one.
    pub(super) safe_bytes: u32,
    /// No more bytes will come.
    pub(super) over: bool,
}

/// What the bytes before the position have opened.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In text outside of quotes, or before the first byte of a field.
    #[default]
    Outside,
    /// After an opening quote.
    Inside,
    /// Right after a quote that closes the field, unless another one follows.
    Closed,
}

/// The state between two blocks, and the index of the batch so far.
#[derive(Debug)]
pub(super) struct Scanner {
    dialect: Dialect,
    finder: Finder,

    position: u32,
    state: State,
    /// Whether the byte before the position is CR.
    after_return: bool,
    /// The byte after the last quote that closed a field, or after the last escaped byte.
    protected_until: u32,
    /// Whether the text of the field at hand differs from its bytes.
    differs: bool,
    field_start: u32,

    /// Longer than `field_count`, so that a block can be cut without asking for room.
    fields: Vec<FieldSpan>,
    field_count: usize,
    records: RecordIndex,
    /// Texts that differ from their bytes, and the fields that they belong to.
    texts: Vec<u8>,
    text_fields: Vec<usize>,
    /// The fields whose quotes have no certain reading.
    misquoted: Vec<u32>,

    /// What it takes to cut a dialect that masks cannot cut.
    loose: Option<Box<Loose>>,
}

impl Scanner {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            finder: Finder::new(dialect),
            position: 0,
            state: State::Outside,
            after_return: false,
            protected_until: 0,
            differs: false,
            field_start: 0,
            fields: Vec::new(),
            field_count: 0,
            records: RecordIndex::new(dialect.is_tsv()),
            texts: Vec::new(),
            text_fields: Vec::new(),
            misquoted: Vec::new(),
            loose: Loose::for_dialect(dialect),
        }
    }

    /// Passes over bytes before the first record.
    pub(super) const fn skip(&mut self, byte_count: u32) {
        self.position = byte_count;
        self.field_start = byte_count;
        self.records.start_at(byte_count);
    }

    /// Passes over the LF behind the CR at which it has stopped.
    pub(super) const fn pass_line_feed(&mut self) {
        self.after_return = false;
    }

    /// Whether the byte before the position is CR.
    pub(super) const fn after_return(&self) -> bool {
        self.after_return
    }

    /// Goes on in a file whose records so far had several fields: says what the byte before the
    /// position is, at the start of a batch.
    pub(super) const fn resume(&mut self, after_return: bool) {
        self.after_return = after_return;
        self.records.skip_blank();
    }

    /// How many fields there is room for.
    #[cfg(test)]
    pub(super) const fn field_capacity(&self) -> usize {
        self.fields.capacity()
    }

    /// Where the field at hand begins.
    pub(super) const fn field_start(&self) -> usize {
        self.field_start as usize
    }

    /// The records cut so far and the start of the one at hand.
    pub(super) const fn records(&self) -> &RecordIndex {
        &self.records
    }

    /// Cuts records until there is a reason to stop; `data` is the batch so far.
    pub(super) fn scan(&mut self, data: &[u8], until: Until) -> Stop {
        if let Some(mut loose) = self.loose.take() {
            let stop = self.scan_loose(&mut loose, data, until);
            self.loose = Some(loose);
            return stop;
        }
        loop {
            let stop = self
                .cut_regular(data, until)
                .or_else(|| self.cut_rest(data, until));
            if let Some(stop) = stop {
                if let Stop::Full(end) = stop {
                    // What was looked at after the end is looked at again for the next record.
                    self.position = end;
                    self.state = State::Outside;
                    self.after_return = data.get(end as usize - 1) == Some(&b'\r');
                }
                return stop;
            }
        }
    }

    /// Cuts a block that is not regular, or what does not fill a block at the end of the file.
    fn cut_rest(&mut self, data: &[u8], until: Until) -> Option<Stop> {
        let rest = data.get(self.position as usize..).unwrap_or_default();
        match rest.first_chunk::<BLOCK_BYTES>() {
            Some(block) => self.cut_block(data, block, narrow(BLOCK_BYTES), until),
            None if !until.over => Some(Stop::Starved),
            None if rest.is_empty() => Some(self.end_file(data, until)),
            None => self.cut_last(data, rest, until),
        }
    }

    /// Cuts the first `length` bytes of a block, whatever they are.
    fn cut_block(
        &mut self,
        data: &[u8],
        block: &[u8; BLOCK_BYTES],
        length: u32,
        until: Until,
    ) -> Option<Stop> {
        self.make_room();
        let masks = self.finder.masks(block);
        let stop = self.cut_careful(data, &masks, length, until);
        self.after_return = masks.carriage_return >> (length - 1) & 1 == 1;
        self.position += length;
        stop.or_else(|| self.beyond(until))
    }

    /// Says when the record at hand is beyond a limit as far as it is known.
    #[inline]
    fn beyond(&self, until: Until) -> Option<Stop> {
        let bytes = self.records.bytes_before(self.position);
        if bytes <= until.safe_bytes {
            return None;
        }
        if bytes > until.record_bytes {
            return Some(Stop::Fault(Fault::TooLong));
        }
        // The field at hand is one more.
        let is_wide = self.field_count - self.records.first_field() >= until.fields;
        is_wide.then_some(Stop::Fault(Fault::TooWide))
    }

    /// Cuts what does not fill a block.
    #[cold]
    fn cut_last(&mut self, data: &[u8], rest: &[u8], until: Until) -> Option<Stop> {
        // NUL is neither delimiter nor quote, so the padding is never marked.
        let mut block = [0; BLOCK_BYTES];
        block
            .iter_mut()
            .zip(rest)
            .for_each(|(to, from)| *to = *from);
        self.cut_block(data, &block, narrow(rest.len()), until)
    }

    /// Makes sure that every byte of a block could end a field.
    #[inline]
    fn make_room(&mut self) {
        if self.fields.len() < self.field_count + BLOCK_BYTES {
            let length = self.fields.len() + self.fields.len() / 8 + 16 * BLOCK_BYTES;
            self.fields.resize(length, FieldSpan::default());
        }
    }

    /// Makes the records cut so far a batch that owns `data`, and starts the next one.
    ///
    /// `spare` lends its memory.
    pub(super) fn take(
        &mut self,
        data: Vec<u8>,
        origin: Position,
        mut spare: RecordBatch,
    ) -> RecordBatch {
        self.fields.truncate(self.records.first_field());
        let shift = narrow(data.len());
        for &index in &self.text_fields {
            if let Some(span) = self.fields.get_mut(index) {
                span.shift(shift);
            }
        }
        spare.file_bytes = data.len();
        spare.data = data;
        spare.data.append(&mut self.texts);
        spare.origin = origin;
        (spare.least_fields, spare.most_fields) = self.records.field_counts();
        let field_count = narrow(self.fields.len());
        self.misquoted.retain(|&index| index < field_count);
        mem::swap(&mut spare.misquoted, &mut self.misquoted);
        mem::swap(&mut spare.fields, &mut self.fields);
        self.records.swap_spans(&mut spare.records);
        self.start_batch();
        spare
    }

    /// Forgets the records cut so far and counts offsets from the start of the record at hand.
    pub(super) fn start_batch(&mut self) {
        self.position = 0;
        self.state = State::Outside;
        self.protected_until = 0;
        self.differs = false;
        self.field_start = 0;
        self.field_count = 0;
        self.records.clear();
        self.texts.clear();
        self.text_fields.clear();
        self.misquoted.clear();
        if let Some(loose) = &mut self.loose {
            loose.restart();
        }
    }
}
