//! Puts a batch together record by record, for a decoder that does not cut by marked bytes.
//!
//! Used by decoders beside the scanner. It must never be given a record that overlaps the one
//! before it: records follow one another in the file.

use std::ops::Range;

use super::super::scanner::narrow;
use super::{FieldSpan, Position, RecordBatch, RecordSpan};

/// Takes the records of one batch and their fields, in the order of the file.
///
/// All offsets are those of the batch's own bytes, which are handed over at the end; until then
/// they stay with the caller, who may go on reading them. They have to stay below 512 MiB, as
/// `Limits` sees to.
#[derive(Debug)]
pub(in super::super) struct RecordBatchBuilder {
    batch: RecordBatch,
    /// Texts that do not stand in the batch's bytes.
    texts: Vec<u8>,
    /// The fields that they belong to.
    text_fields: Vec<usize>,
}

impl RecordBatchBuilder {
    /// Starts a batch: `origin` is the place of its first byte and the number of its first record.
    ///
    /// `batch` lends its memory; take its `data` before, to collect the batch's bytes in.
    pub(in super::super) fn new(origin: Position, mut batch: RecordBatch) -> Self {
        batch.fields.clear();
        batch.records.clear();
        batch.misquoted.clear();
        batch.least_fields = u32::MAX;
        batch.most_fields = 0;
        batch.origin = origin;
        Self {
            batch,
            texts: Vec::new(),
            text_fields: Vec::new(),
        }
    }

    /// Number of records started so far.
    pub(in super::super) const fn len(&self) -> usize {
        self.batch.records.len()
    }

    /// Starts a record whose bytes, without the line end, stand at `raw`, after `lines` line ends
    /// of the batch.
    pub(in super::super) fn start_record(&mut self, raw: Range<usize>, lines: u32) {
        self.end_record();
        self.batch.records.push(RecordSpan {
            first_field: narrow(self.batch.fields.len()),
            start: narrow(raw.start),
            end: narrow(raw.end),
            line: lines,
        });
    }

    /// Adds a field to the record at hand, with a copy of its text.
    pub(in super::super) fn push_field(&mut self, text: &[u8], quoted: bool) {
        let start = narrow(self.texts.len());
        self.text_fields.push(self.batch.fields.len());
        self.texts.extend_from_slice(text);
        let span = FieldSpan::new(start, narrow(text.len()), quoted);
        self.batch.fields.push(span);
    }

    /// Adds a field to the record at hand whose text stands at `range` of the batch's bytes.
    pub(in super::super) fn push_span(&mut self, range: Range<usize>, quoted: bool) {
        let span = FieldSpan::new(narrow(range.start), narrow(range.len()), quoted);
        self.batch.fields.push(span);
    }

    /// Ends the batch, which owns its bytes from now on.
    pub(in super::super) fn finish(mut self, data: Vec<u8>) -> RecordBatch {
        self.end_record();
        let shift = narrow(data.len());
        for &index in &self.text_fields {
            if let Some(span) = self.batch.fields.get_mut(index) {
                span.shift(shift);
            }
        }
        self.batch.file_bytes = data.len();
        self.batch.data = data;
        self.batch.data.append(&mut self.texts);
        self.batch
    }

    fn end_record(&mut self) {
        let Some(record) = self.batch.records.last() else {
            return;
        };
        let count = narrow(self.batch.fields.len()) - record.first_field;
        self.batch.least_fields = self.batch.least_fields.min(count);
        self.batch.most_fields = self.batch.most_fields.max(count);
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, RecordBatch, RecordBatchBuilder};

    #[test]
    fn batch_holds_what_was_pushed() {
        let data = b"\n{1}\n{\"a\\n\"}\n".to_vec();
        let origin = Position {
            record: 7,
            line: 10,
            byte_offset: 100,
        };
        let mut builder = RecordBatchBuilder::new(origin, RecordBatch::default());
        builder.start_record(1..4, 1);
        builder.push_span(2..3, false);
        builder.start_record(5..12, 2);
        builder.push_field(b"a\n", true);
        builder.push_field(b"", false);
        assert_eq!(builder.len(), 2);
        let batch = builder.finish(data);

        assert_eq!((batch.len(), batch.field_count()), (2, None));
        let [first, second] = [batch.record(0), batch.record(1)];
        assert_eq!((first.raw(), first.field_count()), (&b"{1}"[..], 1));
        assert_eq!(first.field(0).unwrap().bytes, b"1");
        assert_eq!(second.raw(), b"{\"a\\n\"}");
        let texts: Vec<_> = second
            .fields()
            .map(|field| (field.bytes, field.quoted))
            .collect();
        assert_eq!(texts, [(&b"a\n"[..], true), (b"", false)]);
        let position = Position {
            record: 8,
            line: 12,
            byte_offset: 105,
        };
        assert_eq!(second.position(), position);
    }

    #[test]
    fn spare_leaves_nothing_behind() {
        let mut builder = RecordBatchBuilder::new(Position::default(), RecordBatch::default());
        builder.start_record(0..1, 0);
        builder.push_span(0..1, false);
        let spare = builder.finish(b"x".to_vec());
        assert_eq!(spare.field_count(), Some(1));
        let batch = RecordBatchBuilder::new(Position::default(), spare).finish(Vec::new());
        assert!(batch.is_empty());
        assert_eq!(batch.field_count(), None);
    }
}
