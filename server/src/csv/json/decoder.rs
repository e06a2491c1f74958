//! Cuts NDJSON that arrives in chunks into batches of records.
//!
//! `transfer` pushes text and pulls batches, as with the decoder of delimited text, whose rules on
//! batches, limits and errors hold here too. The decoder must never let the way a file was pushed
//! show, nor go on in the middle of a line.

use std::mem;

use super::keys::{JsonKeys, Keys, SlotValue};
use crate::{
    csv::{
        Account, BYTE_ORDER_MARK, Error, Header, Limits, Mark, NULL_MARKER, Position, RecordBatch,
        Result, account::Lines, record::RecordBatchBuilder,
    },
    json::{Fault, Text, Value},
};

/// The greatest value of each limit, which keeps offsets within a batch in 32 bits.
const MAX_LIMIT_BYTES: usize = 512 << 20;

/// Takes NDJSON in and gives batches of records out.
///
/// LF and CR LF end a line, lines of white space are skipped, and so is a byte order mark at the
/// start. Every other line is a record with one field for each key, in the order of the keys:
///
/// | value | field | quoted |
/// | --- | --- | --- |
/// | string | its text, escape sequences replaced | yes |
/// | number | as it is written | no |
/// | `true`, `false` | as it is written | no |
/// | array, object | as it is written, its inner keys left alone | no |
/// | `null`, or no such key | `\N` | no |
///
/// A line that is no such object (malformed, with an unknown key, with a key twice) is a record
/// *without any field*, which no good line can be; [`fault`](Self::fault) says what is wrong with
/// it. It does not stop the decoder, because the next line is where it is all the same.
///
/// After an error every call gives the same error again. The records before the one at fault come
/// in a batch of their own first. Memory is bounded by `batch_bytes`, one pushed chunk and one
/// record, plus an index of 8 bytes a field and 16 a record, and the texts with escape sequences.
#[derive(Debug)]
pub struct JsonDecoder {
    limits: Limits,
    keys: Keys,
    header: Header,
    /// The bytes since the last batch.
    buffer: Vec<u8>,
    /// How many of them are whole lines that were read.
    read: usize,
    /// How many of them were searched for a line end.
    searched: usize,
    /// Line ends in those that were read.
    lines: u32,
    /// Where `buffer` begins, with the number of the next record.
    origin: Position,
    batch: RecordBatchBuilder,
    spare: RecordBatch,
    /// What every byte so far is.
    account: Account,
    largest_chunk: usize,
    at_start: bool,
    over: bool,
    error: Option<Error>,
}

impl JsonDecoder {
    /// Starts at the beginning of a file whose objects have these keys, no key twice.
    ///
    /// `max_fields` is no limit here: the keys are known.
    pub fn new(limits: Limits, keys: impl Into<JsonKeys>) -> Self {
        let keys = keys.into();
        let limits = Limits {
            batch_bytes: limits.batch_bytes.min(MAX_LIMIT_BYTES),
            max_record_bytes: limits.max_record_bytes.min(MAX_LIMIT_BYTES),
            ..limits
        };
        let origin = Position {
            record: 1,
            line: 1,
            byte_offset: 0,
        };
        Self {
            limits,
            header: Header::of_names(&keys.names),
            keys: Keys::new(&keys),
            buffer: Vec::new(),
            read: 0,
            searched: 0,
            lines: 0,
            origin,
            batch: RecordBatchBuilder::new(origin, RecordBatch::default()),
            spare: RecordBatch::default(),
            account: Account::default(),
            largest_chunk: 0,
            at_start: true,
            over: false,
            error: None,
        }
    }

    /// Starts at a place that [`mark`](Self::mark) gave for the same file.
    pub fn resume(limits: Limits, keys: impl Into<JsonKeys>, mark: Mark) -> Self {
        let position = mark.position;
        Self {
            origin: position,
            batch: RecordBatchBuilder::new(position, RecordBatch::default()),
            at_start: false,
            ..Self::new(limits, keys)
        }
    }

    /// Cuts a batch of another decoder once more, with these keys.
    pub fn cut_again(keys: JsonKeys, batch: &RecordBatch) -> RecordBatch {
        let mark = Mark {
            position: batch.origin,
            after_return: false,
        };
        let all = Limits {
            batch_bytes: usize::MAX,
            max_record_bytes: usize::MAX,
            max_fields: usize::MAX,
        };
        let mut decoder = Self::resume(all, keys, mark);
        decoder.at_start = batch.origin.byte_offset == 0;
        let end = batch.records.last().map_or(0, |last| last.end as usize);
        decoder.push(batch.data.get(..end).unwrap_or_default());
        // Its lines were within the limits.
        decoder.finish().ok().flatten().unwrap_or_default()
    }

    /// Goes on with other keys behind the last batch.
    pub fn set_keys(&mut self, keys: &JsonKeys) {
        self.header = Header::of_names(&keys.names);
        self.keys = Keys::new(keys);
        self.batch = RecordBatchBuilder::new(self.origin, RecordBatch::default());
        self.read = 0;
        self.searched = 0;
        self.lines = 0;
        self.at_start = self.origin.byte_offset == 0;
    }

    /// The fields of those that were not met at first, and have come since then.
    pub fn met(&self) -> impl Iterator<Item = usize> {
        self.keys.met()
    }

    /// Where the next batch begins; right after a batch was given.
    pub const fn mark(&self) -> Mark {
        Mark {
            position: self.origin,
            after_return: false,
        }
    }

    /// Takes the next bytes of the file; call [`next_batch`](Self::next_batch) until it has none
    /// before pushing more.
    ///
    /// Bytes after [`finish`](Self::finish) or after an error are ignored.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.over && self.error.is_none() {
            self.largest_chunk = self.largest_chunk.max(bytes.len());
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next batch, or `None` when it takes more bytes to complete one.
    ///
    /// # Errors
    ///
    /// Fails when a line is longer than the limit.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.at_start && !self.start() {
            return Ok(None);
        }
        while let Some((end, has_line_end)) = self.next_line() {
            if !self.take_line(end, has_line_end) {
                return self.fail();
            }
            if self.read >= self.limits.batch_bytes
                && let Some(batch) = self.cut()
            {
                return Ok(Some(batch));
            }
        }
        if self.is_too_long(self.buffer.len()) {
            return self.fail();
        }
        Ok(if self.over { self.cut() } else { None })
    }

    /// Ends the file and gives what is left; call until there is no further batch.
    ///
    /// # Errors
    ///
    /// Fails as [`next_batch`](Self::next_batch) does.
    pub fn finish(&mut self) -> Result<Option<RecordBatch>> {
        self.over = true;
        self.next_batch()
    }

    /// The keys as a header, which there is from the start.
    pub const fn header(&self) -> Option<&Header> {
        Some(&self.header)
    }

    /// See the same of delimited text.
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Takes back the memory of a batch that is done with, for the next one.
    pub fn recycle(&mut self, batch: RecordBatch) {
        self.spare = batch;
    }

    /// What is wrong with a record that has no fields, given its bytes; `None` if nothing is.
    pub fn fault(&mut self, raw: &[u8]) -> Option<Fault> {
        self.keys.read(raw).err()
    }

    /// Skips a byte order mark; false when it cannot be told yet.
    fn start(&mut self) -> bool {
        if self.buffer.len() < BYTE_ORDER_MARK.len() && !self.over {
            return false;
        }
        if self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.read = BYTE_ORDER_MARK.len();
            self.searched = self.read;
        }
        self.at_start = false;
        true
    }

    /// Where the next line ends, and whether with LF.
    fn next_line(&mut self) -> Option<(usize, bool)> {
        let rest = self.buffer.get(self.searched..).unwrap_or_default();
        if let Some(length) = memchr::memchr(b'\n', rest) {
            let end = self.searched + length;
            self.searched = end + 1;
            return Some((end, true));
        }
        self.searched = self.buffer.len();
        (self.over && self.read < self.buffer.len()).then_some((self.searched, false))
    }

    /// Reads a line; false when it is too long.
    fn take_line(&mut self, end: usize, has_line_end: bool) -> bool {
        if self.is_too_long(end) {
            return false;
        }
        let raw = self.read..self.read + self.line_bytes(end);
        let line = self.buffer.get(raw.clone()).unwrap_or_default();
        if !line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
            self.batch.start_record(raw.clone(), self.lines);
            if self.keys.read(line).is_ok() {
                add_fields(&mut self.batch, &self.keys, raw.start);
            }
        }
        self.lines += u32::from(has_line_end);
        self.read = end + usize::from(has_line_end);
        true
    }

    /// Number of bytes of the line at hand up to `end`, without a CR there.
    fn line_bytes(&self, end: usize) -> usize {
        let line = self.buffer.get(self.read..end).unwrap_or_default();
        line.strip_suffix(b"\r").unwrap_or(line).len()
    }

    fn is_too_long(&self, end: usize) -> bool {
        self.line_bytes(end) > self.limits.max_record_bytes
    }

    /// Gives the records before the one at fault first, and the error from then on.
    #[cold]
    fn fail(&mut self) -> Result<Option<RecordBatch>> {
        let error = Error::RecordTooLong {
            position: Position {
                record: self.origin.record + self.batch.len() as u64,
                line: self.origin.line + u64::from(self.lines),
                byte_offset: self.origin.byte_offset + self.read as u64,
            },
            limit: self.limits.max_record_bytes,
        };
        self.error = Some(error);
        let batch = self.cut();
        self.account = Account::default();
        self.buffer = Vec::new();
        batch.map_or(Err(error), |batch| Ok(Some(batch)))
    }

    /// Splits off the lines that were read; `None` when there is no record in them.
    fn cut(&mut self) -> Option<RecordBatch> {
        let count = self.batch.len() as u64;
        let origin = Position {
            record: self.origin.record + count,
            line: self.origin.line + u64::from(self.lines),
            byte_offset: self.origin.byte_offset + self.read as u64,
        };
        let mut spare = mem::take(&mut self.spare);
        let mut next = mem::take(&mut spare.data);
        let rest = self.buffer.get(self.read..).unwrap_or_default();
        next.clear();
        if !self.over {
            next.reserve(rest.len() + self.largest_chunk);
        }
        next.extend_from_slice(rest);
        let mut data = mem::replace(&mut self.buffer, next);
        data.truncate(self.read);
        let (end, ends) = (self.read, self.lines);
        let begin_file = self.origin.byte_offset == 0;
        self.searched -= self.read;
        self.read = 0;
        self.lines = 0;
        self.origin = origin;
        let next = RecordBatchBuilder::new(origin, spare);
        let batch = mem::replace(&mut self.batch, next).finish(data);
        self.account.take(Lines {
            text: batch.data.get(..end).unwrap_or_default(),
            begin_file,
            records: &batch.records,
            ends,
            is_header: false,
        });
        if count > 0 {
            return Some(batch);
        }
        self.spare = batch;
        None
    }
}

/// Adds the fields of a record that begins at `start` of the batch.
fn add_fields(batch: &mut RecordBatchBuilder, keys: &Keys, start: usize) {
    let (values, texts) = keys.values();
    for value in values {
        match value {
            SlotValue::Own(Value::Null) => batch.push_field(NULL_MARKER, false),
            SlotValue::Own(Value::Raw(range)) => {
                batch.push_span(start + range.start..start + range.end, false);
            }
            SlotValue::Own(Value::Text(Text::Plain(range))) => {
                batch.push_span(start + range.start..start + range.end, true);
            }
            SlotValue::Own(Value::Text(Text::Written(range))) => {
                batch.push_field(texts.get(range.clone()).unwrap_or_default(), true);
            }
            SlotValue::Array(range) => {
                batch.push_field(texts.get(range.clone()).unwrap_or_default(), false);
            }
        }
    }
}

#[cfg(test)]
mod tests;
