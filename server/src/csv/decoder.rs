//! Cuts a flat file that arrives in chunks into batches of whole records.
//!
//! `transfer` pushes the chunks of an upload and pulls batches. The decoder must never let the way
//! a file was pushed show: records, batches and errors depend on the bytes of the file alone.

use std::mem;

use super::scanner::{Scanner, Stop, Until, narrow};
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_bytes: 1 << 20,
            max_record_bytes: 16 << 20,
        }
    }
}

/// The first record of a file that names its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    names: Vec<Vec<u8>>,
    raw: Vec<u8>,
    position: Position,
}

impl Header {
    /// The names in the order of the file, without quotes and escapes; not necessarily UTF-8.
    pub fn names(&self) -> &[Vec<u8>] {
        &self.names
    }

    /// The bytes of the file that make up the header, without its line end.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Where the header begins; its `record` is 0.
    pub const fn position(&self) -> Position {
        self.position
    }
}

/// Takes bytes in and gives batches of records out.
///
/// The rules are those of the `csv` crate with records of any length: LF, CR LF and a lone CR each
/// end a record, blank lines are skipped, a quote is special only at the start of a field, and a
/// byte order mark at the start of the file is skipped. Unlike there, a quote that is never closed
/// is an error. In TSV a blank line is a record with one empty field as long as every record has
/// one field, because there that is the only form of an empty text.
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
    wants_header: bool,
    at_start: bool,
    over: bool,
    error: Option<Error>,
    spare: RecordBatch,
    largest_chunk: usize,
}

impl Decoder {
    /// Starts at the beginning of a file.
    pub fn new(dialect: Dialect, limits: Limits) -> Self {
        let limits = Limits {
            batch_bytes: limits.batch_bytes.min(MAX_LIMIT_BYTES),
            max_record_bytes: limits.max_record_bytes.min(MAX_LIMIT_BYTES),
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
            wants_header: dialect.header(),
            at_start: true,
            over: false,
            error: None,
            spare: RecordBatch::default(),
            largest_chunk: 0,
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
    /// Fails when a record is longer than the limit.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.at_start && !self.start() {
            return Ok(None);
        }
        loop {
            let end = match self.scanner.scan(&self.buffer, self.until()) {
                Stop::Starved => return Ok(None),
                Stop::Full(end) => end as usize,
                Stop::Over => self.buffer.len(),
                Stop::TooLong => {
                    let limit = self.limits.max_record_bytes;
                    return self.fail(Error::RecordTooLong {
                        position: self.position(),
                        limit,
                    });
                }
                Stop::Unterminated => {
                    return self.fail(Error::UnterminatedQuote {
                        position: self.position(),
                    });
                }
            };
            if end == 0 {
                return Ok(None);
            }
            let batch = self.cut(end);
            if self.wants_header && !batch.is_empty() {
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
        self.over = true;
        self.next_batch()
    }

    /// The header, once it is decoded; never, if the dialect has none or the file has no record.
    ///
    /// It is no part of any batch.
    pub const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Takes back the memory of a batch that is done with, for the next one.
    pub fn recycle(&mut self, batch: RecordBatch) {
        self.spare = batch;
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
        Until {
            record_end: if self.wants_header { 0 } else { batch_end },
            blank_end: batch_end,
            record_bytes: narrow(self.limits.max_record_bytes),
            over: self.over,
        }
    }

    /// Where the record at hand begins.
    fn position(&self) -> Position {
        let records = self.scanner.records();
        let record = if self.wants_header {
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

    /// Gives the records before the one at fault first, and the error from then on.
    fn fail(&mut self, error: Error) -> Result<Option<RecordBatch>> {
        self.error = Some(error);
        let end = self.scanner.records().start() as usize;
        let batch = (self.scanner.records().len() > 0).then(|| self.cut(end));
        self.buffer = Vec::new();
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
        self.origin.line += u64::from(self.scanner.records().line());
        self.origin.byte_offset += end as u64;
        self.scanner.take(data, origin, spare)
    }

    fn take_header(&mut self, batch: RecordBatch) {
        let record = batch.record(0);
        self.header = Some(Header {
            names: record.fields().map(|field| field.bytes.to_vec()).collect(),
            raw: record.raw().to_vec(),
            position: Position {
                record: 0,
                ..record.position()
            },
        });
        self.wants_header = false;
        self.recycle(batch);
    }
}

#[cfg(test)]
mod tests;
