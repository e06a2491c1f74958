//! One decoder for every format of flat files.
//!
//! `transfer::upload` and `transfer::inspect` cut files with it. It adds nothing to the decoders of
//! `csv` but the choice between them.

use std::borrow::Cow;

use crate::csv::{
    self, Account, Decoder, Dialect, Header, Limits, Mark, RecordBatch, Tally, decode_record,
    json::{self, JsonDecoder, JsonKeys},
    nested_text, raw_field,
};

/// What makes records of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Values between delimiters: CSV, TSV.
    Delimited(Dialect),
    /// One JSON object a line; its keys, in the order of the fields.
    Ndjson(JsonKeys),
}

impl Cut {
    /// Starts at the beginning of a text.
    pub(super) fn decoder(&self, limits: Limits) -> FileDecoder {
        match self {
            Self::Delimited(dialect) => {
                FileDecoder::Delimited(Box::new(Decoder::new(*dialect, limits)))
            }
            Self::Ndjson(keys) => {
                FileDecoder::Ndjson(Box::new(JsonDecoder::new(limits, keys.clone())))
            }
        }
    }

    /// Goes on at a place of a text that the decoder of all of it gave.
    pub(super) fn resume(&self, limits: Limits, mark: Mark) -> FileDecoder {
        match self {
            Self::Delimited(dialect) => {
                FileDecoder::Delimited(Box::new(Decoder::resume(*dialect, limits, mark)))
            }
            Self::Ndjson(keys) => {
                FileDecoder::Ndjson(Box::new(JsonDecoder::resume(limits, keys.clone(), mark)))
            }
        }
    }

    /// Whether a text can be cut from the middle on: nothing depends on what stands far before. In TSV
    /// an empty line is a record until one has several fields: the header has to be that one.
    pub(super) const fn can_seek(&self, field_count: usize) -> bool {
        match self {
            Self::Delimited(dialect) => {
                let skips_blank = !dialect.is_tsv() || dialect.header_rows() > 0;
                dialect.end_line().is_none() && field_count > 1 && skips_blank
            }
            Self::Ndjson(_) => true,
        }
    }

    /// Whether an empty cell of a text column is a text, and not NULL: where there are escapes
    /// instead of quotes nothing else could tell the two apart, and NULL is written as `\N`.
    pub(super) const fn empty_is_text(&self) -> bool {
        match self {
            Self::Delimited(dialect) => dialect.is_tsv(),
            Self::Ndjson(_) => false,
        }
    }

    /// Whether Arrays, Maps and Tuples have no escapes but their own.
    pub(super) const fn keeps_nested(&self) -> bool {
        match self {
            Self::Delimited(dialect) => dialect.keeps_nested(),
            Self::Ndjson(_) => false,
        }
    }

    /// Cuts one record once more: the text of each field, and whether it was quoted; `nested` are those
    /// that are Arrays, Maps or Tuples. What no fields can be made of is one field.
    pub(super) fn fields(&self, raw: &[u8], nested: &[usize]) -> Vec<(Vec<u8>, bool)> {
        let keys = match self {
            Self::Delimited(dialect) => return delimited_fields(raw, *dialect, nested),
            Self::Ndjson(keys) => keys,
        };
        let limits = Limits {
            batch_bytes: 1,
            max_record_bytes: usize::MAX,
            max_fields: usize::MAX,
        };
        let mut decoder = JsonDecoder::new(limits, keys.clone());
        decoder.push(raw);
        match decoder.finish() {
            Ok(Some(batch)) if batch.record(0).field_count() > 0 => {
                let fields = batch.record(0).fields();
                let owned = fields.map(|field| (field.bytes.to_vec(), field.quoted));
                owned.collect()
            }
            _ => vec![(raw.to_vec(), true)],
        }
    }

    /// What is wrong with the text of a record that no fields could be made of.
    pub(super) fn fault(&self, raw: &[u8]) -> Option<json::Fault> {
        match self {
            Self::Delimited(_) => None,
            Self::Ndjson(keys) => JsonDecoder::new(Limits::default(), keys.clone()).fault(raw),
        }
    }

    /// How many records name the columns.
    pub(super) const fn header_rows(&self) -> u8 {
        match self {
            Self::Delimited(dialect) => dialect.header_rows(),
            Self::Ndjson(_) => 0,
        }
    }

    /// Whether the file names its columns.
    pub(super) const fn has_header(&self) -> bool {
        match self {
            Self::Delimited(dialect) => dialect.header(),
            Self::Ndjson(_) => true,
        }
    }
}

fn delimited_fields(raw: &[u8], dialect: Dialect, nested: &[usize]) -> Vec<(Vec<u8>, bool)> {
    let mut fields = decode_record(raw, dialect);
    if dialect.keeps_nested() {
        for index in nested {
            if let Some((text, true)) = fields.get_mut(*index) {
                let field = raw_field(raw, *index);
                *text = nested_text(field).map_or_else(|| field.to_vec(), Cow::into_owned);
            }
        }
    }
    fields
}

/// Takes text in and gives batches of records out.
#[derive(Debug)]
pub(super) enum FileDecoder {
    Delimited(Box<Decoder>),
    Ndjson(Box<JsonDecoder>),
}

impl FileDecoder {
    /// See [`Decoder::push`].
    pub(super) fn push(&mut self, text: &[u8]) {
        match self {
            Self::Delimited(decoder) => decoder.push(text),
            Self::Ndjson(decoder) => decoder.push(text),
        }
    }

    /// See [`Decoder::next_batch`].
    pub(super) fn next_batch(&mut self) -> csv::Result<Option<RecordBatch>> {
        match self {
            Self::Delimited(decoder) => decoder.next_batch(),
            Self::Ndjson(decoder) => decoder.next_batch(),
        }
    }

    /// See [`Decoder::finish`].
    pub(super) fn finish(&mut self) -> csv::Result<Option<RecordBatch>> {
        match self {
            Self::Delimited(decoder) => decoder.finish(),
            Self::Ndjson(decoder) => decoder.finish(),
        }
    }

    /// See [`Decoder::take_unclosed`].
    pub(super) fn take_unclosed(&mut self) -> Option<(Vec<u8>, Tally)> {
        match self {
            Self::Delimited(decoder) => decoder.take_unclosed(),
            Self::Ndjson(_) => None,
        }
    }

    /// See [`Decoder::mark`].
    pub(super) const fn mark(&self) -> Mark {
        match self {
            Self::Delimited(decoder) => decoder.mark(),
            Self::Ndjson(decoder) => decoder.mark(),
        }
    }

    /// See [`Decoder::header`].
    pub(super) fn header(&self) -> Option<&Header> {
        match self {
            Self::Delimited(decoder) => decoder.header(),
            Self::Ndjson(decoder) => decoder.header(),
        }
    }

    /// Goes on with other keys behind the last batch.
    pub(super) fn set_keys(&mut self, keys: &JsonKeys) {
        if let Self::Ndjson(decoder) = self {
            decoder.set_keys(keys);
        }
    }

    /// The fields that were not met at first, and have come since then.
    pub(super) fn met(&self) -> Vec<usize> {
        match self {
            Self::Delimited(_) => Vec::new(),
            Self::Ndjson(decoder) => decoder.met().collect(),
        }
    }

    /// See [`Decoder::recycle`].
    pub(super) fn recycle(&mut self, batch: RecordBatch) {
        match self {
            Self::Delimited(decoder) => decoder.recycle(batch),
            Self::Ndjson(decoder) => decoder.recycle(batch),
        }
    }

    /// See [`Decoder::account`].
    pub(super) const fn account(&self) -> &Account {
        match self {
            Self::Delimited(decoder) => decoder.account(),
            Self::Ndjson(decoder) => decoder.account(),
        }
    }
}
