//! The records of the batch at hand, and where the next one begins.
//!
//! Used by both paths of the scanner, so that lines and limits are counted in one way.
//! It must never look at bytes.

use std::mem;

use super::super::record::RecordSpan;
use super::{Fault, Stop, Until, narrow};

/// The records cut so far and the start of the one at hand.
#[derive(Debug)]
pub(in super::super) struct RecordIndex {
    spans: Vec<RecordSpan>,
    /// Where the record at hand begins.
    start: u32,
    /// Line ends before the record at hand.
    line: u32,
    /// Line ends so far, with those inside the record at hand.
    lines: u32,
    first_field: usize,
    least_fields: u32,
    most_fields: u32,
    blank: Blank,
}

/// What an empty line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blank {
    /// No record: none has been before it.
    First,
    /// A record with one empty field, as long as every record has one.
    Record,
    /// No record: one had several fields.
    Nothing,
}

impl RecordIndex {
    /// `keeps_first` says that an empty line is a record where none has been before it: in a dialect with escapes
    /// nothing else is an empty text.
    pub(super) const fn new(keeps_first: bool) -> Self {
        Self {
            spans: Vec::new(),
            start: 0,
            line: 0,
            lines: 0,
            first_field: 0,
            least_fields: u32::MAX,
            most_fields: 0,
            blank: if keeps_first {
                Blank::Record
            } else {
                Blank::First
            },
        }
    }

    /// Has empty lines be no records: one before had several fields.
    pub(super) const fn skip_blank(&mut self) {
        self.blank = Blank::Nothing;
    }

    /// Number of records cut so far.
    pub(in super::super) const fn len(&self) -> usize {
        self.spans.len()
    }

    /// Where the record at hand begins.
    pub(in super::super) const fn start(&self) -> u32 {
        self.start
    }

    /// Number of line ends before the record at hand.
    pub(in super::super) const fn line(&self) -> u32 {
        self.line
    }

    /// The first field of the record at hand.
    pub(super) const fn first_field(&self) -> usize {
        self.first_field
    }

    /// The smallest and the greatest number of fields in a record.
    pub(super) const fn field_counts(&self) -> (u32, u32) {
        (self.least_fields, self.most_fields)
    }

    /// Length of the record at hand if it ended at `offset`.
    #[inline]
    pub(super) const fn bytes_before(&self, offset: u32) -> u32 {
        offset.saturating_sub(self.start)
    }

    /// Has the record at hand begin at `offset`.
    #[inline]
    pub(super) const fn start_at(&mut self, offset: u32) {
        self.start = offset;
        self.line = self.lines;
    }

    /// Counts line ends that have been met.
    #[inline]
    pub(super) const fn count_lines(&mut self, lines: u32) {
        self.lines += lines;
    }

    /// Whether the line that ends at `end` is empty and so is no record.
    #[inline]
    pub(super) const fn is_blank(&self, end: u32) -> bool {
        end == self.start && !matches!(self.blank, Blank::Record)
    }

    /// Passes over a blank line.
    #[inline]
    pub(super) fn end_blank(&mut self, end: u32, until: Until) -> Option<Stop> {
        self.start_at(end + 1);
        (self.start >= until.blank_end).then_some(Stop::Full(self.start))
    }

    /// Ends the record at hand; `field_count` counts all fields of the batch, with its own.
    #[inline]
    pub(super) fn end_record(
        &mut self,
        end: u32,
        field_count: usize,
        until: Until,
    ) -> Option<Stop> {
        if end - self.start > until.record_bytes {
            return Some(Stop::Fault(Fault::TooLong));
        }
        let count = field_count - self.first_field;
        if count > until.fields {
            return Some(Stop::Fault(Fault::TooWide));
        }
        let count = narrow(count);
        self.spans.push(RecordSpan {
            first_field: narrow(self.first_field),
            start: self.start,
            end,
            line: self.line,
        });
        self.least_fields = self.least_fields.min(count);
        self.most_fields = self.most_fields.max(count);
        self.blank = match self.blank {
            Blank::First | Blank::Record if count == 1 => Blank::Record,
            _ => Blank::Nothing,
        };
        self.first_field = field_count;
        self.start_at(end + 1);
        (self.start >= until.record_end).then_some(Stop::Full(self.start))
    }

    /// Hands the records over and takes memory for the next ones.
    pub(super) fn swap_spans(&mut self, spans: &mut Vec<RecordSpan>) {
        mem::swap(&mut self.spans, spans);
    }

    pub(super) fn clear(&mut self) {
        self.spans.clear();
        self.start = 0;
        self.line = 0;
        self.lines = 0;
        self.first_field = 0;
        self.least_fields = u32::MAX;
        self.most_fields = 0;
    }
}
