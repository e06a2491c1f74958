//! Finds out how a file is cut into records and fields, from its beginning.
//!
//! `transfer` calls [`sniff`] with a decoded sample before an upload starts, and so does
//! `InspectFile`. It must never read a cell's value for keeps, and never change what the caller has
//! set: every [`Hint`] is kept as it is.
//!
//! # How this works
//!
//! 1. `sample` takes the mark off, finds how lines end, and picks the part that is worth scoring.
//! 2. `candidates` lists the delimiters, quotes and escapes that stand in the sample at all.
//! 3. `cut` cuts the sample by each of them, and `score` asks of each table: are its rows alike in
//!    width, and do its cells look like values (`cell`)? The best one wins.
//! 4. `layout` finds with the winner where the table starts and ends: notes, comments, footnotes.
//! 5. `header` decides how many of its first rows are names.

mod candidates;
mod cell;
mod cut;
mod header;
mod language;
mod layout;
mod number;
mod sample;
mod score;
mod spacing;
pub mod tabs;
mod time;
mod words;

#[cfg(test)]
mod tests;

use std::fmt;

use cut::Table;
pub use header::{folded_name, is_type};
use sample::Sample;
pub use sample::head_bytes;
use score::Ranking;

/// Something that the caller may have set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Hint<T> {
    /// Find it.
    #[default]
    Find,
    /// It is this; whatever the sample says.
    Given(T),
}

impl<T> Hint<T> {
    const fn given(&self) -> Option<&T> {
        match self {
            Self::Find => None,
            Self::Given(value) => Some(value),
        }
    }
}

/// What the caller has set. Default: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// The bytes between two fields; empty counts as not given.
    pub delimiter: Hint<Vec<u8>>,
    /// The byte around a protected field, or that there is none.
    pub quote: Hint<Option<u8>>,
    /// The byte that protects the next one, or that quotes are doubled.
    pub escape: Hint<Option<u8>>,
    /// What starts a line that is no record, or that nothing does.
    pub comment: Hint<Option<Vec<u8>>>,
    /// Physical lines before the header, or before the first record when there is no header.
    pub skip_lines: Hint<u64>,
    /// Records that name the columns.
    pub header_rows: Hint<u8>,
    /// What ends a record.
    pub terminator: Hint<Terminator>,
    /// Whether a space after a delimiter is no part of the field.
    pub skip_initial_space: Hint<bool>,
    /// The last line of the table, from 1, or that it goes on to the end of the file.
    pub end_line: Hint<Option<u64>>,
    /// Whether the first field of the records has no name in the header.
    pub row_names: Hint<bool>,
    /// The columns of the table that it is loaded into, which a header names; empty when there is
    /// none yet.
    pub columns: Vec<String>,
}

impl Hints {
    /// Whether the caller has set any of the bytes that part and protect fields.
    #[must_use]
    pub fn has_marks(&self) -> bool {
        self.delimiter != Hint::Find || self.quote != Hint::Find || self.escape != Hint::Find
    }

    /// Whether the caller has said nothing that settles a doubt.
    fn leave_open(&self, doubt: &Doubt) -> bool {
        match doubt {
            Doubt::LinesAbove { .. } => matches!(self.skip_lines, Hint::Find),
            Doubt::ShortHeader { .. } => {
                self.row_names == Hint::Find
                    && self.header_rows == Hint::Find
                    && self.skip_lines == Hint::Find
            }
            Doubt::UnevenHeader { .. } | Doubt::LoneRow { .. } | Doubt::SecondHeader { .. } => {
                matches!(self.header_rows, Hint::Find)
            }
            Doubt::LoneName { .. } => {
                matches!(
                    (&self.skip_lines, &self.delimiter),
                    (Hint::Find, Hint::Find)
                )
            }
            Doubt::Quotes { .. } => matches!(self.quote, Hint::Find),
            Doubt::Delimiters { .. } => matches!(self.delimiter, Hint::Find),
            Doubt::OtherLanguage { .. } => {
                matches!(
                    (&self.delimiter, &self.header_rows),
                    (Hint::Find, Hint::Find)
                )
            }
            Doubt::Tabs { .. } => true,
        }
    }
}

/// Two ways to read a file that load different rows, of which neither is clearly better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Lines that can be records stand above what looks like the table.
    LinesAbove {
        /// The first of them.
        line: u64,
        /// The line of the header, or of the first record.
        table_line: u64,
    },
    /// The first record has another number of fields than the others, and may be the header.
    UnevenHeader {
        /// Its line.
        line: u64,
        /// Its fields.
        fields: usize,
        /// Those of most records.
        expected: usize,
    },
    /// The header has fewer names than the records have fields.
    ShortHeader {
        /// Its line.
        line: u64,
        /// Its names.
        names: usize,
        /// The fields of most records.
        fields: usize,
    },
    /// The file has no other row, and it may be the header or a record.
    LoneRow {
        /// Its line.
        line: u64,
    },
    /// The second row can name the columns together with the first one, or be a record.
    SecondHeader {
        /// Its line.
        line: u64,
    },
    /// A line without a delimiter stands right above records that have some, and it can be the name of the only column.
    LoneName {
        /// Its line.
        line: u64,
    },
    /// Quotes open some fields, and too few of them work as quotes.
    Quotes {
        /// The first line with one.
        line: u64,
    },
    /// Tabs part the fields, and backslashes or quotes speak for TSV as well as for CSV.
    Tabs {
        /// The first line that has some.
        line: u64,
    },
    /// Two delimiters part the lines equally well.
    Delimiters {
        /// The one.
        one: u8,
        /// The other.
        other: u8,
    },
    /// The file begins as a text that is no table.
    OtherLanguage {
        /// What it seems to be.
        what: &'static str,
    },
}

impl Doubt {
    /// The same, further down in the file.
    fn moved(self, by: u64) -> Self {
        match self {
            Self::LinesAbove { line, table_line } => Self::LinesAbove {
                line: line + by,
                table_line: table_line + by,
            },
            Self::UnevenHeader {
                line,
                fields,
                expected,
            } => Self::UnevenHeader {
                line: line + by,
                fields,
                expected,
            },
            Self::ShortHeader {
                line,
                names,
                fields,
            } => Self::ShortHeader {
                line: line + by,
                names,
                fields,
            },
            Self::LoneRow { line } => Self::LoneRow { line: line + by },
            Self::SecondHeader { line } => Self::SecondHeader { line: line + by },
            Self::LoneName { line } => Self::LoneName { line: line + by },
            Self::Quotes { line } => Self::Quotes { line: line + by },
            Self::Tabs { line } => Self::Tabs { line: line + by },
            Self::Delimiters { .. } | Self::OtherLanguage { .. } => self,
        }
    }

    /// The line that can be read in two ways.
    #[must_use]
    pub const fn line(&self) -> u64 {
        match self {
            Self::LinesAbove { line, .. }
            | Self::UnevenHeader { line, .. }
            | Self::ShortHeader { line, .. }
            | Self::LoneRow { line }
            | Self::SecondHeader { line }
            | Self::LoneName { line }
            | Self::Quotes { line }
            | Self::Tabs { line } => *line,
            Self::Delimiters { .. } | Self::OtherLanguage { .. } => 1,
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinesAbove { line, table_line } => write!(
                f,
                "line {line} can be a record, and the table seems to begin on line {table_line} only: \
                 `--skip-lines {}` leaves out what stands above, `--skip-lines {}` begins with line \
                 {line}",
                table_line - 1,
                line - 1
            ),
            Self::UnevenHeader {
                line,
                fields,
                expected,
            } => write!(
                f,
                "line {line} has {fields} fields, the records below have {expected}, and it can be the \
                 header or a record: `--header-rows 1` takes it for the header, `--no-header` for a \
                 record"
            ),
            Self::ShortHeader {
                line,
                names,
                fields,
            } => write!(
                f,
                "line {line} names {names} columns, the records below have {fields} fields: give the line {fields} \
                 names;{} or `--skip-lines {line} --no-header` leaves it out, and `--columns name=1,…` names the \
                 fields by their numbers",
                match fields - names {
                    1 => " `--row-names` says that the first field has none;",
                    _ => "",
                }
            ),
            Self::LoneRow { line } => write!(
                f,
                "line {line} is the only one, and it can be the header or a record: `--header-rows 1` \
                 takes it for the header, `--no-header` for a record"
            ),
            Self::SecondHeader { line } => write!(
                f,
                "line {line} can be a second line of the header or a record: `--header-rows 1` takes it for a record, \
                 `--header-rows 2` joins it to the names above"
            ),
            Self::LoneName { line } => write!(
                f,
                "line {line} can be a note above the table, or the name of the only column, in whose values the delimiter \
                 stands: `--skip-lines {line}` leaves it out, `--delimiter '\\x01' --header-rows 1` reads one column"
            ),
            Self::Delimiters { one, other } => write!(
                f,
                "the fields can be parted by `{one}` as well as by `{other}`: `--delimiter '{one}'` or \
                 `--delimiter '{other}'` says which",
                one = char::from(*one),
                other = char::from(*other)
            ),
            Self::OtherLanguage { what } => write!(
                f,
                "the file begins as {what}: send the table itself; `--delimiter '\\x01' --no-header` loads it line by line"
            ),
            Self::Quotes { line } => write!(
                f,
                "line {line} has a field that begins with a quote, and too few fields are quoted well to know what \
                 quotes are: `--quote '\"'` takes them for quotes, `--quote ''` for text"
            ),
            Self::Tabs { line } => write!(
                f,
                "tabs part the fields, and line {line} can be read as TSV with escapes or as CSV with \
                 quotes: `--format tsv` reads \\n and the like as escapes and quotes as text, \
                 `--format csv` backslashes as text"
            ),
        }
    }
}

/// What ends a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Terminator {
    /// `\n`.
    #[default]
    Lf,
    /// `\r\n`.
    CrLf,
    /// `\r`.
    Cr,
    /// More than one of them.
    Mixed,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<T> {
    /// What it is.
    pub value: T,
    /// How sure that is, from 0 to 1. What the caller has set has 1.
    pub confidence: f64,
    /// What it is if it is not `value`.
    pub runner_up: Option<T>,
    /// Whether the caller has set it.
    pub given: bool,
}

impl<T> Finding<T> {
    /// What the caller has set.
    pub const fn given(value: T) -> Self {
        Self {
            value,
            confidence: 1.0,
            runner_up: None,
            given: true,
        }
    }

    const fn found(value: T, confidence: f64, runner_up: Option<T>) -> Self {
        Self {
            value,
            confidence: confidence.clamp(0.0, 1.0),
            runner_up,
            given: false,
        }
    }
}

/// How a file is cut into records and fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Sniffed {
    /// The bytes between two fields. A file of one column: a comma.
    pub delimiter: Finding<Vec<u8>>,
    /// The byte around a protected field. A file without quotes: `"`.
    pub quote: Finding<Option<u8>>,
    /// The byte that protects the next one; none when quotes are doubled.
    pub escape: Finding<Option<u8>>,
    /// What starts a line that is no record.
    pub comment: Finding<Option<Vec<u8>>>,
    /// Physical lines before the header, or before the first record when there is no header:
    /// titles, notes, blank lines, and comments too.
    pub skip_lines: Finding<u64>,
    /// Records that name the columns: 0, 1 or 2.
    pub header_rows: Finding<u8>,
    /// What ends a record.
    pub terminator: Finding<Terminator>,
    /// Whether (nearly) every delimiter is followed by a space that is no part of the field.
    pub skip_initial_space: Finding<bool>,
    /// The last line of the first table, from 1, when something else follows it in the sample.
    pub end_line: Finding<Option<u64>>,
    /// Lines of the sample after `end_line`.
    pub lines_after_end: u64,
    /// Fields in most records.
    pub field_count: Finding<usize>,
    /// The fields of the first header record, as they stand in the file; empty without a header.
    pub names: Vec<String>,
    /// Whether the first field of the records has no name in the header, which begins with the second: what R writes
    /// with the names of its rows.
    pub row_names: Finding<bool>,
    /// Why what was found is not certain enough to load the file by it.
    pub doubt: Option<Doubt>,
}

/// Finds out how `sample`, the beginning of a file, is cut into records and fields.
///
/// The sample is text without compression, in UTF-8 as far as it is valid; a byte order mark may
/// stand first. `complete` says that it is the whole file. Any bytes at all give an answer, and it
/// takes time in proportion to the length of the sample.
#[must_use]
pub fn sniff(sample: &[u8], complete: bool, hints: &Hints) -> Sniffed {
    // Comments are no table: what they say, and how they are cut, would speak for another delimiter.
    let bare = sample::without_comments(sample, hints);
    let scored = Sample::new(bare.as_deref().unwrap_or(sample), complete, hints);
    let ranking = score::rank(&scored, hints);
    let whole;
    let sample = if bare.is_some() && hints.comment == Hint::Find {
        whole = Sample::new(sample, complete, hints);
        &whole
    } else {
        &scored
    };
    let table = sample.cut_whole(&ranking.best.format);
    let mut layout = layout::find(&table, sample, hints);
    layout.doubt = language::of(sample.text)
        .map(|what| Doubt::OtherLanguage { what })
        .or(layout.doubt)
        .or_else(|| quote_doubt(&scored, &ranking.best.format))
        .or_else(|| delimiter_doubt(&ranking, &layout, hints))
        .filter(|doubt| hints.leave_open(doubt));
    assemble(hints, &ranking, &table, layout)
}

/// The doubt about a file that two delimiters part equally well, unless the names of the table settle it.
fn delimiter_doubt(ranking: &Ranking, layout: &layout::Layout, hints: &Hints) -> Option<Doubt> {
    let is_column = |name: &String| {
        let mut columns = hints.columns.iter();
        columns.any(|column| folded_name(column.as_bytes()) == folded_name(name.as_bytes()))
    };
    let rival = ranking.rival()?;
    let ([one], [other]) = (ranking.best.format.delimiter.as_slice(), rival) else {
        return None;
    };
    (!layout.names.iter().any(is_column)).then_some(Doubt::Delimiters {
        one: *one,
        other: *other,
    })
}

/// The doubt about a file that is better cut without quotes, though some open its fields.
fn quote_doubt(sample: &Sample<'_>, format: &cut::Format) -> Option<Doubt> {
    let text: &[u8] = &sample.window;
    let at = candidates::first_opening(text, &format.delimiter, b'"');
    let at = at.filter(|_| format.quote.is_none())?;
    let before = text.get(..at).unwrap_or_default();
    let line_end = if sample.cr_ends { b'\r' } else { b'\n' };
    let lines = memchr::memchr_iter(line_end, before).count() as u64;
    Some(Doubt::Quotes {
        line: lines + 1 + sample.lines_before,
    })
}

fn assemble(
    hints: &Hints,
    ranking: &Ranking,
    table: &Table<'_>,
    layout: layout::Layout,
) -> Sniffed {
    Sniffed {
        delimiter: match hints.delimiter.given() {
            Some(delimiter) if !delimiter.is_empty() => Finding::given(delimiter.clone()),
            _ => ranking.delimiter(),
        },
        quote: or_given(&hints.quote, || ranking.quote()),
        escape: or_given(&hints.escape, || ranking.escape()),
        comment: or_given(&hints.comment, || layout.comment),
        skip_lines: or_given(&hints.skip_lines, || layout.skip_lines),
        header_rows: or_given(&hints.header_rows, || layout.header_rows),
        terminator: or_given(&hints.terminator, || sample::terminator(table)),
        skip_initial_space: or_given(&hints.skip_initial_space, || spacing::find(table)),
        end_line: or_given(&hints.end_line, || layout.end_line),
        lines_after_end: layout.lines_after_end,
        field_count: layout.field_count,
        names: layout.names,
        row_names: or_given(&hints.row_names, || {
            Finding::found(layout.row_names, 0.9, None)
        }),
        doubt: layout.doubt,
    }
}

fn or_given<T: Clone>(hint: &Hint<T>, find: impl FnOnce() -> Finding<T>) -> Finding<T> {
    match hint {
        Hint::Given(value) => Finding::given(value.clone()),
        Hint::Find => find(),
    }
}
