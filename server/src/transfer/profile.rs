//! What is known of a file: what the caller says, and what its beginning shows.
//!
//! `transfer::upload` and `transfer::inspect` ask for it before anything is typed. What the caller
//! has set is never changed.

mod columns;

use memchr::memmem;

use super::{Error, FileSpec, Format, Result, cut::Cut};
use crate::{
    codec::{Compression, Detected},
    csv::{
        Dialect, DialectError, Limits, json,
        sniff::{self, Finding, Hint, Hints, Sniffed},
    },
};

pub(super) use columns::Columns;
pub use columns::FoundColumn;

/// The text of a file that is looked at before it is loaded.
pub const SAMPLE_BYTES: usize = 1 << 20;

/// The text that the first record is looked for in.
const FIRST_RECORD_BYTES: usize = 64 << 10;

/// How sure a format is that the content shows, though it could be read as another one.
const FORMAT_CONFIDENCE: f64 = 0.95;

/// How sure an encoding must be for text to be loaded by it.
const LEAST_CONFIDENCE: f64 = 0.5;

/// How a file is read.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its family.
    pub format: Finding<Format>,
    /// What makes records of it.
    pub cut: Cut,
    /// What was found of its dialect; none for NDJSON, and where nothing was to be found.
    pub sniffed: Option<Sniffed>,
    /// How it is packed; none for a file without a byte.
    pub compression: Option<Compression>,
    /// Whether the caller has said how it is packed.
    pub compression_given: bool,
    /// Its encoding; none for a file without a byte.
    pub encoding: Option<Detected>,
    /// The bytes of text that were looked at.
    pub sample_bytes: usize,
    /// Its columns, in the order of the file.
    pub columns: Vec<FoundColumn>,
}

impl Profile {
    /// Refuses an encoding that is a mere guess.
    ///
    /// # Errors
    ///
    /// [`Error::UncertainEncoding`].
    pub(super) fn check_encoding(&self) -> Result<()> {
        match self.encoding {
            Some(found) if !found.given && found.confidence < LEAST_CONFIDENCE => {
                Err(Error::UncertainEncoding {
                    found: found.encoding,
                })
            }
            _ => Ok(()),
        }
    }
}

/// The beginning of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'a> {
    pub(super) text: &'a [u8],
    /// Whether it is all of it.
    pub(super) is_complete: bool,
}

/// How a text is cut into records, and how that was found.
#[derive(Debug)]
pub(super) struct Cutting {
    pub(super) format: Finding<Format>,
    pub(super) cut: Cut,
    pub(super) sniffed: Option<Sniffed>,
}

impl Cutting {
    /// Finds how a text is cut. `columns` are those of the table that it is loaded into, which a
    /// header names.
    ///
    /// # Errors
    ///
    /// The caller has set what does not go together, or the text is no JSON where it should be.
    pub(super) fn find(sample: Sample<'_>, spec: &FileSpec, columns: &[String]) -> Result<Self> {
        let is_json = spec.sniff && json::looks_like_json_lines(sample.text);
        match spec.format {
            Some(Format::Ndjson) => Self::ndjson(sample, Finding::given(Format::Ndjson)),
            None if is_json => Self::ndjson(sample, found(Format::Ndjson, Format::Csv)),
            Some(format) => Self::delimited(sample, spec, columns, Finding::given(format)),
            None => Self::delimited(sample, spec, columns, delimited_format(sample, spec)),
        }
    }

    fn ndjson(sample: Sample<'_>, format: Finding<Format>) -> Result<Self> {
        Ok(Self {
            format,
            cut: Cut::Ndjson(json::keys_of_sample(sample.text, sample.is_complete)?),
            sniffed: None,
        })
    }

    fn delimited(
        sample: Sample<'_>,
        spec: &FileSpec,
        columns: &[String],
        format: Finding<Format>,
    ) -> Result<Self> {
        let mut hints = spec.hints.clone();
        if format.value == Format::Tsv {
            hints = with_tsv(hints);
        }
        if !spec.sniff {
            let dialect = dialect(format.value, &defaults(&hints))?;
            return Ok(Self {
                format,
                cut: Cut::Delimited(dialect),
                sniffed: None,
            });
        }
        let mut sniffed = sniff::sniff(sample.text, sample.is_complete, &hints);
        let mut dialect = dialect(format.value, &sniffed)?;
        if !sniffed.header_rows.given
            && !dialect.header()
            && names_columns(sample, dialect, columns)
        {
            sniffed.header_rows = found(1, 0);
            dialect = dialect.with_header(true);
        }
        Ok(Self {
            format,
            cut: Cut::Delimited(dialect),
            sniffed: Some(sniffed),
        })
    }
}

const fn found<T>(value: T, runner_up: T) -> Finding<T> {
    Finding {
        value,
        confidence: FORMAT_CONFIDENCE,
        runner_up: Some(runner_up),
        given: false,
    }
}

/// CSV, unless the text has tabs, no quotes, and what only TSV has: `\N`, `\t`, `\n` or `\\`.
fn delimited_format(sample: Sample<'_>, spec: &FileSpec) -> Finding<Format> {
    let has = |needle: &[u8]| memmem::find(sample.text, needle).is_some();
    let is_open = spec.hints == Hints::default();
    let is_tsv = spec.sniff
        && is_open
        && has(b"\t")
        && !has(b"\"")
        && (has(b"\t\\N\t") || has(b"\\t") || has(b"\\n") || has(b"\\\\") || has(b"\t\\N\n"));
    if is_tsv {
        found(Format::Tsv, Format::Csv)
    } else {
        Finding {
            runner_up: None,
            ..found(Format::Csv, Format::Tsv)
        }
    }
}

/// TSV has no quotes, and a tab unless the caller wants another delimiter.
fn with_tsv(mut hints: Hints) -> Hints {
    if hints.delimiter == Hint::Find {
        hints.delimiter = Hint::Given(b"\t".to_vec());
    }
    if hints.quote == Hint::Find {
        hints.quote = Hint::Given(None);
    }
    if hints.escape == Hint::Find {
        hints.escape = Hint::Given(Some(b'\\'));
    }
    hints
}

/// What was set, and the defaults for the rest.
fn defaults(hints: &Hints) -> Sniffed {
    fn or<T: Clone>(hint: &Hint<T>, default: T) -> Finding<T> {
        match hint {
            Hint::Given(value) => Finding::given(value.clone()),
            Hint::Find => Finding::given(default),
        }
    }
    Sniffed {
        delimiter: or(&hints.delimiter, b",".to_vec()),
        quote: or(&hints.quote, Some(b'"')),
        escape: or(&hints.escape, None),
        comment: or(&hints.comment, None),
        skip_lines: or(&hints.skip_lines, 0),
        header_rows: or(&hints.header_rows, 1),
        terminator: or(&hints.terminator, sniff::Terminator::default()),
        skip_initial_space: or(&hints.skip_initial_space, false),
        end_line: or(&hints.end_line, None),
        lines_after_end: 0,
        field_count: Finding::given(0),
        names: Vec::new(),
    }
}

/// Makes a dialect of what was set and found.
fn dialect(format: Format, sniffed: &Sniffed) -> Result<Dialect, DialectError> {
    let quote = sniffed.quote.value;
    let delimiter = &sniffed.delimiter.value;
    let skip_lines = u32::try_from(sniffed.skip_lines.value).unwrap_or(u32::MAX);
    let base = if format == Format::Tsv {
        Dialect::tsv()
            .with_long_delimiter(delimiter)?
            .with_quote(quote)?
    } else {
        // Every byte is free before it gets a role.
        Dialect::csv()
            .with_quote(None)?
            .with_long_delimiter(delimiter)?
            .with_quote(quote)?
            .with_escape(sniffed.escape.value)?
    };
    base.with_comment(sniffed.comment.value.as_deref())?
        .with_skip_initial_space(sniffed.skip_initial_space.value)?
        .with_header_rows(sniffed.header_rows.value)?
        .with_skip_lines(skip_lines)?
        .with_end_line(sniffed.end_line.value)
}

/// Whether at least half of the fields of the first record are names of the table's columns.
fn names_columns(sample: Sample<'_>, dialect: Dialect, columns: &[String]) -> bool {
    let limits = Limits {
        batch_bytes: 1,
        ..Limits::default()
    };
    let mut decoder = Cut::Delimited(dialect).decoder(limits);
    let text = sample.text.get(..FIRST_RECORD_BYTES).unwrap_or(sample.text);
    decoder.push(text);
    let Ok(Some(batch)) = decoder.finish() else {
        return false;
    };
    let record = batch.record(0);
    let is_column = |name: &[u8]| {
        columns
            .iter()
            .any(|column| column.as_bytes().eq_ignore_ascii_case(name))
    };
    let named = record.fields().filter(|field| is_column(field.bytes));
    named.count() * 2 >= record.field_count() && record.field_count() > 0
}

impl From<DialectError> for Error {
    fn from(error: DialectError) -> Self {
        Self::Dialect(error)
    }
}
