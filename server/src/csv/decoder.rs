//! Cuts a flat file that arrives in chunks into batches of whole records.
//!
//! `transfer` pushes the chunks of an upload and pulls batches. The decoder must never let the way
//! a file was pushed show: records, batches and errors depend on the bytes of the file alone.

mod header;

use std::mem;

pub use header::Header;

use super::account::{Account, Lines, Tally};
use super::lines::LineCounter;
use super::scanner::{Fault, Scanner, Stop, Until, narrow};
use super::{BYTE_ORDER_MARK, Dialect, Error, Position, RecordBatch, Result};

/// The greatest value of each limit, which keeps offsets within a batch in 32 bits.
const MAX_LIMIT_BYTES: usize = 512 << 20;

/// How much the decoder takes in before it hands on or gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A batch ends with the first record that ends at or after this many bytes of the file since
    /// the last batch. Values above 512 MiB mean 512 MiB. Default: 1 MiB.
    pub batch_bytes: usize,
    /// A longer record, without its line end, is an error. Values above 512 MiB mean 512 MiB.
    /// Default: 16 MiB.
    pub max_record_bytes: usize,
    /// A record with more fields is an error. 0 means 1. Default: 10,000.
    pub max_fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_bytes: 1 << 20,
            max_record_bytes: 16 << 20,
            max_fields: 10_000,
        }
    }
}

/// A place between two batches, at which another decoder can go on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    /// Where the next batch begins, and the number of its first record.
    pub position: Position,
    /// Whether the byte before is CR, so that an LF would belong to it.
    pub after_return: bool,
}

/// Cuts one raw record into fields once more, as a [`Decoder`] did: each with its text and whether
/// it was written with quotes or escapes.
///
/// Bytes that are no whole record, because a quote in them is never closed, are one field.
pub fn decode_record(raw: &[u8], dialect: Dialect) -> Vec<(Vec<u8>, bool)> {
    let limits = Limits {
        max_fields: usize::MAX,
        max_record_bytes: MAX_LIMIT_BYTES,
        ..Limits::default()
    };
    let mut decoder = Decoder::within_file(dialect, limits);
    decoder.push(raw);
    match decoder.finish() {
        Ok(Some(batch)) if batch.record(0).raw() == raw => {
            let fields = batch.record(0).fields();
            fields
                .map(|field| (field.bytes.to_vec(), field.quoted))
                .collect()
        }
        _ => vec![(raw.to_vec(), false)],
    }
}

/// Takes bytes in and gives batches of records out.
///
/// The rules are those of the `csv` crate with records of any length: LF, CR LF and a lone CR each
/// end a record, blank lines are skipped, a quote is special only at the start of a field, and a
/// byte order mark at the start of the file is skipped. Unlike there, a quote that is never closed
/// is an error, and an escape works outside of quotes too. A blank line is a record with one empty field behind
/// records that all have one field, in TSV before the first one too. The lines that a dialect skips, and where it ends the table, are those of an editor:
/// quotes mean nothing there.
///
/// After an error every call gives the same error again. The records before the one at fault come
/// in a batch of their own first.
///
/// Memory is bounded by `batch_bytes`, one pushed chunk and one record, plus an index of 8 bytes a
/// field and 16 a record. What is left of a chunk after a batch is copied, so chunks should not be
/// many times `batch_bytes`.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    scanner: Scanner,
    /// The bytes since the last batch.
    buffer: Vec<u8>,
    /// Where `buffer` begins, with the number of the next record.
    origin: Position,
    header: Option<Header>,
    /// How many more records name the columns.
    header_rows: u8,
    /// The lines before the table that are still to be skipped, or 0.
    skip_lines: u64,
    end_line: Option<u64>,
    /// The lines of the table where it matters, and those before it.
    lines: LineCounter,
    /// What every byte so far is.
    account: Account,
    /// Where the batch ends that cannot be given yet: with CR, to which an LF may belong.
    full: Option<usize>,
    at_start: bool,
    /// Whether no more bytes of the table will come.
    over: bool,
    /// Whether no more bytes of the file will come.
    finished: bool,
    error: Option<Error>,
    /// The last line of the file, where a quote in it is never closed.
    unclosed: Option<Vec<u8>>,
    spare: RecordBatch,
    largest_chunk: usize,
}

impl Decoder {
    /// Starts at the beginning of a file.
    pub fn new(dialect: Dialect, limits: Limits) -> Self {
        let limits = Limits {
            batch_bytes: limits.batch_bytes.min(MAX_LIMIT_BYTES),
            max_record_bytes: limits.max_record_bytes.min(MAX_LIMIT_BYTES),
            max_fields: limits.max_fields.max(1),
        };
        Self {
            limits,
            scanner: Scanner::new(dialect),
            buffer: Vec::new(),
            origin: Position {
                record: 1,
                line: 1,
                byte_offset: 0,
            },
            header: None,
            header_rows: dialect.header_rows(),
            skip_lines: u64::from(dialect.skip_lines()),
            end_line: dialect.end_line(),
            lines: LineCounter::default(),
            account: Account::default(),
            full: None,
            at_start: dialect.skip_lines() == 0,
            over: false,
            finished: false,
            error: None,
            unclosed: None,
            spare: RecordBatch::default(),
            largest_chunk: 0,
        }
    }

    /// Starts at a [`mark`](Self::mark) of the same file: no end line, several fields before it.
    pub fn resume(dialect: Dialect, limits: Limits, mark: Mark) -> Self {
        let mut decoder = Self {
            origin: mark.position,
            ..Self::within_file(dialect, limits)
        };
        decoder.scanner.resume(mark.after_return);
        decoder
    }

    /// Where the next batch begins; right after a batch was given.
    pub const fn mark(&self) -> Mark {
        Mark {
            position: self.origin,
            after_return: self.scanner.after_return(),
        }
    }

    /// Starts where a record begins, past the lines to skip and the header.
    fn within_file(dialect: Dialect, limits: Limits) -> Self {
        Self {
            header_rows: 0,
            skip_lines: 0,
            end_line: None,
            at_start: false,
            ..Self::new(dialect, limits)
        }
    }

    /// Takes the next bytes of the file; call [`next_batch`](Self::next_batch) until it has none
    /// before pushing more.
    ///
    /// Bytes after [`finish`](Self::finish) or after an error are ignored; those after the table's
    /// last line are only counted.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.finished || self.error.is_some() {
            return;
        }
        let bytes = self.after_skipped(bytes);
        let Some(end_line) = self.end_line else {
            return self.take_in(bytes);
        };
        let (table, rest) = bytes.split_at(self.lines.take_until(bytes, end_line));
        // Behind a CR that ends the table its LF may come with the next bytes.
        let may_go_on = rest.is_empty() && table.ends_with(b"\r");
        self.take_in(table);
        self.over |= self.lines.ends() >= end_line && !may_go_on;
        self.account.after.take(rest);
    }

    /// The next batch, or `None` when it takes more bytes to complete one.
    ///
    /// # Errors
    ///
    /// Fails when a record is longer or has more fields than the limit.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.at_start && !self.start() {
            return Ok(None);
        }
        loop {
            let stop = match self.full.take() {
                Some(end) => Stop::Full(narrow(end)),
                None => self.scanner.scan(&self.buffer, self.until()),
            };
            let end = match stop {
                Stop::Starved => return Ok(None),
                Stop::Full(end) => match self.with_line_feed(end as usize) {
                    Some(end) => end,
                    None => return Ok(None),
                },
                Stop::Over => self.buffer.len(),
                Stop::Fault(fault) => return self.fail(fault),
            };
            if end == 0 {
                self.header_rows = 0;
                return Ok(None);
            }
            let batch = self.cut(end);
            if self.header_rows > 0 && !batch.is_empty() {
                self.take_header(batch);
            } else if batch.is_empty() {
                self.spare = batch;
            } else {
                self.origin.record += batch.len() as u64;
                return Ok(Some(batch));
            }
        }
    }

    /// Ends the file and gives what is left; call until there is no further batch.
    ///
    /// # Errors
    ///
    /// Fails as [`next_batch`](Self::next_batch) does, and when a quote was never closed.
    pub fn finish(&mut self) -> Result<Option<RecordBatch>> {
        self.finished = true;
        self.over = true;
        self.next_batch()
    }

    /// The header, once it is decoded; never, if the dialect has none or the file has no record.
    ///
    /// It is no part of any batch.
    pub const fn header(&self) -> Option<&Header> {
        match self.header_rows {
            0 => self.header.as_ref(),
            _ => None,
        }
    }

    /// What every byte is that was passed over or given since the decoder began; nothing after an error.
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Takes the last line of a file that ended with [`Error::UnterminatedQuote`] in it, as a record of its own that
    /// [`account`](Self::account) has. None where lines follow the one with the quote: the quote may be what is wrong
    /// with all of them.
    pub fn take_unclosed(&mut self) -> Option<(Vec<u8>, Tally)> {
        let line = self.unclosed.take()?;
        let mut lines = LineCounter::default();
        lines.take_all(&line);
        let tally = Tally {
            lines: lines.lines(),
            bytes: line.len() as u64,
        };
        self.account.records.add(tally.lines, line.len());
        Some((line, tally))
    }

    /// Takes back the memory of a batch, for the next one.
    pub fn recycle(&mut self, batch: RecordBatch) {
        self.spare = batch;
    }

    /// Passes over the lines before the table.
    fn after_skipped<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.skip_lines == 0 {
            return bytes;
        }
        let (skipped, rest) = bytes.split_at(self.lines.take_until(bytes, self.skip_lines));
        self.account.before.take(skipped);
        self.origin.byte_offset += skipped.len() as u64;
        self.origin.line = self.lines.ends() + 1;
        if !rest.is_empty() {
            self.skip_lines = 0;
        }
        rest
    }

    /// Where a batch ends whose last line ends before `end`, with the LF of a CR LF; none when it cannot be told yet.
    fn with_line_feed(&mut self, end: usize) -> Option<usize> {
        let last = end.checked_sub(1).and_then(|last| self.buffer.get(last));
        if last != Some(&b'\r') {
            return Some(end);
        }
        match self.buffer.get(end) {
            Some(b'\n') => {
                self.scanner.pass_line_feed();
                Some(end + 1)
            }
            None if !self.over => {
                self.full = Some(end);
                None
            }
            _ => Some(end),
        }
    }

    /// Adds bytes of the table to those that are still to be cut.
    fn take_in(&mut self, bytes: &[u8]) {
        if !self.over {
            self.largest_chunk = self.largest_chunk.max(bytes.len());
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Skips a byte order mark; false when it cannot be told yet.
    fn start(&mut self) -> bool {
        if self.buffer.len() < BYTE_ORDER_MARK.len() && !self.over {
            return false;
        }
        if self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.scanner.skip(narrow(BYTE_ORDER_MARK.len()));
        }
        self.at_start = false;
        true
    }

    fn until(&self) -> Until {
        let batch_end = narrow(self.limits.batch_bytes);
        let record_bytes = self.limits.max_record_bytes;
        let fields = self.limits.max_fields;
        Until {
            record_end: if self.header_rows > 0 { 0 } else { batch_end },
            blank_end: batch_end,
            record_bytes: narrow(record_bytes),
            fields,
            safe_bytes: narrow(record_bytes.min(fields.saturating_sub(1))),
            over: self.over,
        }
    }

    /// Where the record at hand begins.
    fn position(&self) -> Position {
        let records = self.scanner.records();
        let record = if self.header_rows > 0 {
            0
        } else {
            self.origin.record + records.len() as u64
        };
        Position {
            record,
            line: self.origin.line + u64::from(records.line()),
            byte_offset: self.origin.byte_offset + u64::from(records.start()),
        }
    }

    /// The line, from 1, on which the field at hand begins.
    fn field_line(&self) -> u64 {
        let start = self.scanner.records().start() as usize;
        let before = self.buffer.get(start..self.scanner.field_start());
        let mut lines = LineCounter::default();
        lines.take_all(before.unwrap_or_default());
        self.position().line + lines.ends()
    }

    /// Gives the records before the one at fault first, and the error from then on.
    fn fail(&mut self, fault: Fault) -> Result<Option<RecordBatch>> {
        let position = self.position();
        let error = match fault {
            Fault::TooLong => Error::RecordTooLong {
                position,
                limit: self.limits.max_record_bytes,
            },
            Fault::TooWide => Error::TooManyColumns {
                position,
                limit: self.limits.max_fields,
            },
            Fault::Unterminated => Error::UnterminatedQuote {
                position,
                quote_line: self.field_line(),
            },
        };
        self.error = Some(error);
        let end = self.scanner.records().start() as usize;
        let batch = (self.scanner.records().len() > 0).then(|| self.cut(end));
        let rest = mem::take(&mut self.buffer);
        let is_line = memchr::memchr2(b'\n', b'\r', rest.trim_ascii_end()).is_none();
        let is_all = batch.is_some() || end == 0;
        if matches!(fault, Fault::Unterminated)
            && self.finished
            && self.header_rows == 0
            && is_all
            && is_line
        {
            self.unclosed = Some(rest);
        } else {
            self.account = Account::default();
        }
        batch.map_or(Err(error), |batch| Ok(Some(batch)))
    }

    /// Splits off the first `end` bytes with the records in them.
    fn cut(&mut self, end: usize) -> RecordBatch {
        let mut spare = mem::take(&mut self.spare);
        let mut next = mem::take(&mut spare.data);
        let rest = self.buffer.get(end..).unwrap_or_default();
        next.clear();
        if !self.over {
            next.reserve(self.limits.batch_bytes.min(end) + self.largest_chunk.max(rest.len()));
        }
        next.extend_from_slice(rest);
        let mut data = mem::replace(&mut self.buffer, next);
        data.truncate(end);

        let origin = self.origin;
        let ends = self.scanner.records().line();
        self.origin.line += u64::from(ends);
        self.origin.byte_offset += end as u64;
        let batch = self.scanner.take(data, origin, spare);
        self.account.take(Lines {
            text: batch.data.get(..end).unwrap_or_default(),
            begin_file: origin.byte_offset == 0,
            records: &batch.records,
            ends,
            is_header: self.header_rows > 0,
        });
        batch
    }

    /// Takes the only record of a batch for one that names the columns.
    fn take_header(&mut self, batch: RecordBatch) {
        let record = batch.record(0);
        match &mut self.header {
            Some(header) => header.add(record),
            None => self.header = Some(Header::new(record)),
        }
        self.header_rows -= 1;
        self.recycle(batch);
    }
}

#[cfg(test)]
mod tests;
