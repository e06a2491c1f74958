//! A batch of whole records and views of its records and fields.
//!
//! Made by the decoder, read column by column by whoever types the fields. It must never change
//! the file's bytes: a field that differs from its text is stored a second time.

mod builder;

use std::fmt;

use super::account::{Tally, behind_line_end};
use super::lines::LineCounter;

pub(super) use builder::RecordBatchBuilder;

/// Where a record begins in the file.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Number of the record, from 1, without the header; 0 is the header itself.
    pub record: u64,
    /// Number of the line on which the record begins, from 1. LF, CR LF and a lone CR each end a
    /// line, inside quotes too.
    pub line: u64,
    /// Number of bytes before the record's first byte, with a byte order mark.
    pub byte_offset: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            record,
            line,
            byte_offset,
        } = self;
        match record {
            0 => write!(f, "the header on line {line} (byte {byte_offset})"),
            _ => write!(f, "record {record} on line {line} (byte {byte_offset})"),
        }
    }
}

/// Where the text of a field stands in the batch: 8 bytes, because there are many.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct FieldSpan {
    start: u32,
    /// Twice the length, plus one when quoted.
    length_and_quoted: u32,
}

impl FieldSpan {
    #[inline]
    pub(super) const fn new(start: u32, length: u32, quoted: bool) -> Self {
        Self {
            start,
            length_and_quoted: (length << 1) | quoted as u32,
        }
    }

    /// Moves the text by the length of what is put before it.
    pub(super) const fn shift(&mut self, by: u32) {
        self.start += by;
    }

    #[inline]
    fn field(self, data: &[u8]) -> Field<'_> {
        let start = self.start as usize;
        let length = (self.length_and_quoted >> 1) as usize;
        let bytes = data.get(start..start + length).unwrap_or_default();
        Field {
            bytes,
            quoted: self.length_and_quoted & 1 == 1,
        }
    }
}

/// Where a record stands in the batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordSpan {
    pub(super) first_field: u32,
    pub(super) start: u32,
    /// Before the line end.
    pub(super) end: u32,
    /// Line ends between the start of the batch and the record.
    pub(super) line: u32,
}

/// One field of a record.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The text, without quotes and with escape sequences replaced.
    pub bytes: &'a [u8],
    /// Whether the field was written with quotes or escape sequences. Text that was is meant
    /// literally: `\N` is NULL only when this is false.
    pub quoted: bool,
}

impl Field<'_> {
    /// Whether the field is the null marker: `\N`, neither quoted nor escaped.
    #[inline]
    pub fn is_null_marker(&self) -> bool {
        !self.quoted && self.bytes == super::NULL_MARKER
    }
}

/// Whole records that follow one another in the file.
#[derive(Debug, Default)]
pub struct RecordBatch {
    /// The bytes of the file, then the texts of the fields that differ from theirs.
    pub(super) data: Vec<u8>,
    /// How many of them are those of the file.
    pub(super) file_bytes: usize,
    pub(super) fields: Vec<FieldSpan>,
    pub(super) records: Vec<RecordSpan>,
    /// The fields whose quotes have no certain reading, in their order.
    pub(super) misquoted: Vec<u32>,
    pub(super) least_fields: u32,
    pub(super) most_fields: u32,
    /// The position of the first record, but line and offset are those of `data`.
    pub(super) origin: Position,
}

impl RecordBatch {
    /// Number of records.
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no record.
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Number of fields of every record, or `None` when records differ or there is none.
    pub fn field_count(&self) -> Option<usize> {
        let same = self.least_fields == self.most_fields && !self.is_empty();
        same.then_some(self.most_fields as usize)
    }

    /// Whether every quoted field ends with its closing quote, but for blanks.
    pub const fn is_well_quoted(&self) -> bool {
        self.misquoted.is_empty()
    }

    /// The record at `index`, from 0.
    ///
    /// A record that does not exist has no fields.
    pub fn record(&self, index: usize) -> Record<'_> {
        Record {
            batch: self,
            index,
            spans: self.spans(index),
        }
    }

    /// All records, in the order of the file.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'_>> + '_ {
        (0..self.len()).map(|index| self.record(index))
    }

    /// The field at `index`, from 0, of every record, in the order of the file.
    ///
    /// A record that has no such field yields an empty one, so look at [`field_count`] first where
    /// that matters.
    ///
    /// [`field_count`]: Self::field_count
    pub fn column(&self, index: usize) -> Column<'_> {
        let stride = self.field_count().filter(|&count| index < count);
        let strided = stride
            .and_then(|_| self.fields.get(index..))
            .unwrap_or_default();
        Column {
            batch: self,
            index,
            record: 0,
            strided,
            stride,
        }
    }

    fn spans(&self, index: usize) -> &[FieldSpan] {
        let Some(record) = self.records.get(index) else {
            return &[];
        };
        let next = self.records.get(index + 1);
        let end = next.map_or(self.fields.len(), |next| next.first_field as usize);
        self.fields
            .get(record.first_field as usize..end)
            .unwrap_or_default()
    }
}

/// One record of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    batch: &'a RecordBatch,
    index: usize,
    spans: &'a [FieldSpan],
}

impl<'a> Record<'a> {
    /// Number of fields, at least 1.
    pub const fn field_count(&self) -> usize {
        self.spans.len()
    }

    /// The field at `index`, from 0, if the record has that many.
    pub fn field(&self, index: usize) -> Option<Field<'a>> {
        self.spans
            .get(index)
            .map(|span| span.field(&self.batch.data))
    }

    /// The index of the first field whose quotes have no certain reading: more than blanks follows its closing
    /// quote. Its text is what it is with all quotes but those around it.
    pub fn misquoted_field(&self) -> Option<usize> {
        let first = self.batch.records.get(self.index)?.first_field;
        let misquoted = &self.batch.misquoted;
        let next = misquoted.partition_point(|&index| index < first);
        let field = (misquoted.get(next)? - first) as usize;
        (field < self.spans.len()).then_some(field)
    }

    /// All fields, from left to right.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Field<'a>> + 'a {
        let data = self.batch.data.as_slice();
        self.spans.iter().map(|span| span.field(data))
    }

    /// Where the record begins in the file.
    pub fn position(&self) -> Position {
        let origin = self.batch.origin;
        let span = self.batch.records.get(self.index);
        Position {
            record: origin.record + self.index as u64,
            line: origin.line + span.map_or(0, |span| u64::from(span.line)),
            byte_offset: origin.byte_offset + span.map_or(0, |span| u64::from(span.start)),
        }
    }

    /// The bytes of the file that make up the record, without its line end.
    pub fn raw(&self) -> &'a [u8] {
        let span = self.batch.records.get(self.index);
        let range = span.map_or(0..0, |span| span.start as usize..span.end as usize);
        self.batch.data.get(range).unwrap_or_default()
    }

    /// Its lines, and their bytes with the line ends.
    pub fn tally(&self) -> Tally {
        let raw = self.raw();
        let span = self.batch.records.get(self.index);
        let end = span.map_or(0, |span| span.end as usize);
        let file = self.batch.data.get(..self.batch.file_bytes);
        let line_end = behind_line_end(file.unwrap_or_default(), end) - end;
        let mut lines = LineCounter::default();
        lines.take_all(raw);
        Tally {
            lines: lines.ends() + 1,
            bytes: (raw.len() + line_end) as u64,
        }
    }
}

/// One field of every record of a batch; see [`RecordBatch::column`].
#[derive(Debug, Clone)]
pub struct Column<'a> {
    batch: &'a RecordBatch,
    index: usize,
    record: usize,
    /// The spans from the next field of the column on, when every record has `stride` fields.
    strided: &'a [FieldSpan],
    stride: Option<usize>,
}

impl<'a> Iterator for Column<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        let Some(stride) = self.stride else {
            return self.next_ragged();
        };
        let span = self.strided.first()?;
        self.strided = self.strided.get(stride..).unwrap_or_default();
        Some(span.field(&self.batch.data))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match self.stride {
            Some(stride) => self.strided.len().div_ceil(stride),
            None => self.batch.len() - self.record,
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Column<'_> {}

impl<'a> Column<'a> {
    fn next_ragged(&mut self) -> Option<Field<'a>> {
        if self.record == self.batch.len() {
            return None;
        }
        let field = self.batch.record(self.record).field(self.index);
        self.record += 1;
        Some(field.unwrap_or_default())
    }
}
