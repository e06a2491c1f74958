//! What is known of a file: what the caller says, and what its beginning shows.
//!
//! `transfer::upload` and `transfer::inspect` ask for it before anything is typed. What the caller
//! has set is never changed.

mod columns;

use super::{Error, FileSpec, Format, Result, cut::Cut};
use crate::{
    codec::{Compression, Detected, LEAST_CONFIDENCE, Workbook},
    csv::{
        Dialect, DialectError, json,
        sniff::{
            self, Doubt, Finding, Hint, Hints, Sniffed,
            tabs::{Tabs, tabs},
        },
    },
};

pub(super) use columns::Columns;
pub use columns::FoundColumn;

/// The text of a file that is looked at before it is loaded.
pub const SAMPLE_BYTES: usize = 1 << 20;

/// The lines in which tabs are looked for.
const TABBED_LINES: usize = 100;

/// How sure another delimiter must be for a file without tabs to be no TSV, whatever its name is.
const OTHER_CONFIDENCE: f64 = 0.9;

/// How sure a format is that the content shows, though it could be read as another one.
const FORMAT_CONFIDENCE: f64 = 0.95;

/// How a file is read.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its family.
    pub format: Finding<Format>,
    /// What makes records of it.
    pub cut: Cut,
    /// What was found of its dialect; none for NDJSON, and where nothing was to be found.
    pub sniffed: Option<Sniffed>,
    /// Whether tabs part it, and how it is read then.
    pub(super) tabs: Option<Tabs>,
    /// How it is packed; none for a file without a byte.
    pub compression: Option<Compression>,
    /// What is known of a workbook.
    pub workbook: Option<Workbook>,
    /// Whether the caller has said how it is packed.
    pub compression_given: bool,
    /// Its encoding; none for a file without a byte.
    pub encoding: Option<Detected>,
    /// The bytes of text that were looked at.
    pub sample_bytes: usize,
    /// Whether the first field of its records has no name in the header.
    pub has_row_names: bool,
    /// Its columns, in the order of the file.
    pub columns: Vec<FoundColumn>,
}

impl Profile {
    /// Refuses what is a mere guess, and of what two readings there is none that is better.
    ///
    /// # Errors
    ///
    /// [`Error::UncertainEncoding`], [`Error::Doubt`].
    pub(super) fn check(&self) -> Result<()> {
        if let Some(found) = self.encoding
            && !found.given
            && found.confidence < LEAST_CONFIDENCE
        {
            return Err(Error::UncertainEncoding {
                found: found.encoding,
                line: found.first_fault.unwrap_or(1),
            });
        }
        let doubt = self.sniffed.as_ref().and_then(|sniffed| sniffed.doubt);
        doubt.map_or(Ok(()), |doubt| Err(Error::Doubt(doubt)))
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
    /// Whether tabs part it, and how it is read then.
    pub(super) tabs: Option<Tabs>,
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
            None if is_json => Self::ndjson(sample, found_format(Format::Ndjson, Format::Csv)),
            _ if !spec.sniff => Self::as_said(spec),
            Some(format) => Self::delimited(sample, &spec.hints, columns, Finding::given(format)),
            None if spec.hints.has_marks() => {
                Self::delimited(sample, &spec.hints, columns, CSV_UNLIKE_OTHERS)
            }
            None => Self::csv_or_tsv(sample, spec, columns),
        }
    }

    fn ndjson(sample: Sample<'_>, format: Finding<Format>) -> Result<Self> {
        Ok(Self {
            format,
            cut: Cut::Ndjson(json::keys_of_sample(sample.text, sample.is_complete)?.into()),
            sniffed: None,
            tabs: None,
        })
    }

    /// What the caller says, with the defaults of the format for what he does not.
    fn as_said(spec: &FileSpec) -> Result<Self> {
        let format = match spec.format {
            Some(format) => Finding::given(format),
            None => CSV_UNLIKE_OTHERS,
        };
        let hints = for_format(format.value, &spec.hints);
        let dialect = dialect(format.value, &defaults(&hints))?;
        Ok(Self {
            format,
            cut: Cut::Delimited(dialect),
            sniffed: None,
            tabs: None,
        })
    }

    /// CSV, unless tabs part the fields and TSV has more for it.
    fn csv_or_tsv(sample: Sample<'_>, spec: &FileSpec, columns: &[String]) -> Result<Self> {
        let csv = Self::delimited(sample, &spec.hints, columns, CSV_UNLIKE_OTHERS)?;
        let is_named = spec.is_named_as_tsv();
        let is_tabbed = csv.sniffed.as_ref().is_some_and(|sniffed| {
            sniffed.delimiter.value == b"\t"
                || is_named && has_tabs_or_one_column(sample, sniffed, columns)
        });
        if !is_tabbed {
            return Ok(csv);
        }
        let found = tabs(sample.text, is_named);
        let mut cutting = match found {
            Tabs::Tsv | Tabs::NamedTsv => {
                let format = found_format(Format::Tsv, Format::Csv);
                Self::delimited(sample, &spec.hints, columns, format)?
            }
            Tabs::Csv | Tabs::Either | Tabs::Doubt(_) => csv,
        };
        if let (Tabs::Doubt(line), Some(sniffed)) = (found, &mut cutting.sniffed) {
            sniffed.doubt = Some(Doubt::Tabs { line });
        }
        cutting.tabs = Some(found);
        Ok(cutting)
    }

    fn delimited(
        sample: Sample<'_>,
        hints: &Hints,
        columns: &[String],
        format: Finding<Format>,
    ) -> Result<Self> {
        let hints = Hints {
            columns: columns.to_vec(),
            ..for_format(format.value, hints)
        };
        let sniffed = sniff::sniff(sample.text, sample.is_complete, &hints);
        let dialect = dialect(format.value, &sniffed)?;
        Ok(Self {
            format,
            cut: Cut::Delimited(dialect),
            sniffed: Some(sniffed),
            tabs: None,
        })
    }
}

const fn found_format(value: Format, runner_up: Format) -> Finding<Format> {
    Finding {
        value,
        confidence: FORMAT_CONFIDENCE,
        runner_up: Some(runner_up),
        given: false,
    }
}

/// CSV, where nothing speaks for another format.
const CSV_UNLIKE_OTHERS: Finding<Format> = Finding {
    value: Format::Csv,
    confidence: FORMAT_CONFIDENCE,
    runner_up: None,
    given: false,
};

/// Whether most lines of a file whose name says that it is TSV have a tab; or none has, and nothing else
/// parts them either.
fn has_tabs_or_one_column(sample: Sample<'_>, sniffed: &Sniffed, columns: &[String]) -> bool {
    let lines = || sample.text.split(|byte| *byte == b'\n').take(TABBED_LINES);
    let tabbed = lines().filter(|line| line.contains(&b'\t')).count();
    let is_column = |line: &[u8]| {
        let name = line.trim_ascii();
        columns.iter().any(|column| column.as_bytes() == name)
    };
    match tabbed {
        0 => {
            lines().next().is_some_and(is_column)
                || sniffed.field_count.value <= 1
                || sniffed.delimiter.confidence < OTHER_CONFIDENCE
        }
        _ => tabbed * 2 >= lines().filter(|line| !line.trim_ascii().is_empty()).count(),
    }
}

/// What is said, and what the format says of it.
fn for_format(format: Format, hints: &Hints) -> Hints {
    match format {
        Format::Tsv => with_tsv(hints.clone()),
        Format::Csv | Format::Ndjson => hints.clone(),
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
        row_names: or(&hints.row_names, false),
        doubt: None,
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

impl From<DialectError> for Error {
    fn from(error: DialectError) -> Self {
        Self::Dialect(error)
    }
}
