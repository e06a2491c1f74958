//! What is known of a file, with the defaults of its format filled in.
//!
//! `inspect` prints it whole, `upload` as a part of its result. The keys and their meanings stay:
//! programs depend on them. It must never leave a key out because there is nothing to say.

mod words;

use serde::Serialize;
use sluice_proto::v1::{
    Compression, Dialect, FileProfile, Finding, Format, ProfileColumn, Workbook,
};

pub(crate) use self::words::{column_words, findings, reading, workbook_notes};

/// A file as JSON: delimiter, quote and the like as the characters themselves, null for none.
#[derive(Debug, Serialize)]
pub(crate) struct ProfileObject<'a> {
    #[serde(flatten)]
    pub(crate) form: Form<'a>,
    line_end: Option<&'a str>,
    columns: Vec<ColumnObject<'a>>,
    findings: Vec<FindingObject<'a>>,
    sample_bytes: i64,
    trailing_lines: i64,
    /// Null for what is no workbook.
    workbook: Option<WorkbookObject<'a>>,
}

/// A workbook, and what is read of it.
#[derive(Debug, Serialize)]
struct WorkbookObject<'a> {
    kind: &'a str,
    sheets: Vec<SheetObject<'a>>,
    sheet: &'a str,
    range: &'a str,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct SheetObject<'a> {
    name: &'a str,
    hidden: bool,
}

/// A dialect with the defaults of its format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Form<'a> {
    /// As `--encoding` takes it.
    encoding: String,
    /// As `--compression` takes it.
    compression: &'static str,
    /// As `--format` takes it, or `workbook`.
    format: &'static str,
    delimiter: Option<&'a str>,
    quote: Option<&'a str>,
    /// None where quotes are doubled.
    escape: Option<&'a str>,
    comment: Option<&'a str>,
    header: bool,
    header_rows: i32,
    skip_lines: i64,
    skip_initial_space: bool,
    row_names: bool,
    end_line: Option<i64>,
}

#[derive(Debug, Serialize)]
struct ColumnObject<'a> {
    name: &'a str,
    r#type: &'a str,
    /// The name in the header where it differs.
    original_name: Option<&'a str>,
    null_markers: &'a [String],
    date_format: Option<&'a str>,
    decimal_comma: bool,
    thousands: Option<&'a str>,
    unit: Option<&'a str>,
    excel_text: bool,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct FindingObject<'a> {
    name: &'a str,
    value: &'a str,
    confidence: f64,
    runner_up: Option<&'a str>,
    given: bool,
}

/// A file as JSON.
pub(crate) fn object(profile: &FileProfile) -> ProfileObject<'_> {
    ProfileObject {
        form: form(profile.dialect.as_ref()),
        line_end: finding(profile, "line_end").map(|found| found.value.as_str()),
        columns: profile.columns.iter().map(ColumnObject::from).collect(),
        findings: profile.findings.iter().map(FindingObject::from).collect(),
        sample_bytes: profile.sample_bytes,
        trailing_lines: profile.trailing_lines,
        workbook: profile.workbook.as_ref().map(WorkbookObject::from),
    }
}

/// The finding of a name.
fn finding<'a>(profile: &'a FileProfile, name: &str) -> Option<&'a Finding> {
    profile.findings.iter().find(|found| found.name == name)
}

/// The dialect with the defaults of its format.
fn form(dialect: Option<&Dialect>) -> Form<'_> {
    let Some(dialect) = dialect else {
        return Form::default_of(Format::Csv);
    };
    let plain = Form::default_of(dialect.format());
    Form {
        encoding: match dialect.encoding.as_str() {
            "" => plain.encoding,
            label => label.to_ascii_lowercase(),
        },
        compression: compression_word(dialect.compression()),
        delimiter: or_default(dialect.delimiter.as_deref(), plain.delimiter),
        quote: or_default(dialect.quote.as_deref(), plain.quote),
        escape: or_default(dialect.escape.as_deref(), plain.escape),
        comment: or_default(dialect.comment.as_deref(), plain.comment),
        header: dialect.header_rows.unwrap_or(plain.header_rows) > 0,
        header_rows: dialect.header_rows.unwrap_or(plain.header_rows),
        skip_lines: dialect.skip_lines.unwrap_or_default(),
        skip_initial_space: dialect.skip_initial_space.unwrap_or_default(),
        row_names: dialect.row_names.unwrap_or_default(),
        end_line: dialect.end_line,
        ..plain
    }
}

impl Form<'_> {
    /// What a format is where nothing says otherwise.
    fn default_of(format: Format) -> Self {
        let (word, delimiter, quote, escape, header_rows) = match format {
            Format::Csv | Format::Unspecified => ("csv", Some(","), Some("\""), None, 1),
            Format::Tsv => ("tsv", Some("\t"), None, Some("\\"), 1),
            Format::Ndjson => ("ndjson", None, None, None, 0),
            Format::Workbook => ("workbook", None, None, None, 1),
        };
        Self {
            encoding: "utf-8".to_owned(),
            compression: "none",
            format: word,
            delimiter,
            quote,
            escape,
            comment: None,
            header: header_rows > 0,
            header_rows,
            skip_lines: 0,
            skip_initial_space: false,
            row_names: false,
            end_line: None,
        }
    }
}

/// What was given, of which the empty text is none, or the default.
fn or_default<'a>(given: Option<&'a str>, default: Option<&'a str>) -> Option<&'a str> {
    match given {
        Some("") => None,
        Some(text) => Some(text),
        None => default,
    }
}

fn compression_word(compression: Compression) -> &'static str {
    match compression {
        Compression::Unspecified | Compression::None => "none",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
        Compression::Bzip2 => "bzip2",
        Compression::Xz => "xz",
        Compression::Zip => "zip",
    }
}

impl<'a> From<&'a Workbook> for WorkbookObject<'a> {
    fn from(workbook: &'a Workbook) -> Self {
        let sheets = workbook.sheets.iter().map(|sheet| SheetObject {
            name: &sheet.name,
            hidden: sheet.hidden,
        });
        Self {
            kind: &workbook.kind,
            sheets: sheets.collect(),
            sheet: &workbook.sheet,
            range: &workbook.range,
            notes: &workbook.notes,
        }
    }
}

impl<'a> From<&'a ProfileColumn> for ColumnObject<'a> {
    fn from(column: &'a ProfileColumn) -> Self {
        Self {
            name: &column.name,
            r#type: &column.r#type,
            original_name: column.original_name.as_deref(),
            null_markers: &column.null_markers,
            date_format: Some(column.date_format.as_str()).filter(|format| !format.is_empty()),
            decimal_comma: column.decimal_comma,
            thousands: column.thousands.as_deref(),
            unit: column.unit.as_deref(),
            excel_text: column.excel_text,
            notes: &column.notes,
        }
    }
}

impl<'a> From<&'a Finding> for FindingObject<'a> {
    fn from(found: &'a Finding) -> Self {
        Self {
            name: &found.name,
            value: &found.value,
            confidence: found.confidence,
            runner_up: found.runner_up.as_deref(),
            given: found.given,
        }
    }
}

#[cfg(test)]
mod tests;
