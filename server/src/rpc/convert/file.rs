//! What a caller says of a file: dialect, values, style.
//!
//! Part of `rpc::convert`. A field that is not set stays open; whether it is found or takes a default
//! is not decided here.

use sluice_proto::v1 as pb;
use tonic::Status;

use super::super::status;
use crate::{
    codec::{self, Compression, Encoding, Packing, Selection},
    column::rules::{DateFormat, ExcelText, Thousands, ValueRules},
    csv::{
        Dialect, DialectError, Encoder, LineEnd, QuoteStyle, Style,
        sniff::{Hint, Hints},
    },
    transfer::{ColumnValueSpec, ExportForm, FileSpec, Format, ValueSpec},
};

/// The most lines that can be passed over, and the greatest number of a line.
const MAX_SKIP_LINES: i64 = u32::MAX as i64;

/// What is known of a file that is to be read.
pub(super) fn spec(
    dialect: Option<pb::Dialect>,
    values: Option<pb::ValueOptions>,
    sniff: bool,
) -> Result<FileSpec, Status> {
    let dialect = dialect.unwrap_or_default();
    let is_workbook = dialect.format() == pb::Format::Workbook;
    let format = match dialect.format() {
        pb::Format::Unspecified | pb::Format::Workbook => None,
        pb::Format::Csv => Some(Format::Csv),
        pb::Format::Tsv => Some(Format::Tsv),
        pb::Format::Ndjson => Some(Format::Ndjson),
    };
    let compression = match dialect.compression() {
        pb::Compression::Unspecified | pb::Compression::None if is_workbook => {
            Some(Compression::Workbook)
        }
        pb::Compression::Unspecified => None,
        pb::Compression::None => Some(Compression::None),
        pb::Compression::Gzip => Some(Compression::Gzip),
        pb::Compression::Zstd => Some(Compression::Zstd),
        pb::Compression::Bzip2 => Some(Compression::Bzip2),
        pb::Compression::Xz => Some(Compression::Xz),
        pb::Compression::Zip => Some(Compression::Zip),
    };
    let encoding = encoding(&dialect)?;
    let sheet = selection(&dialect)?;
    let values = value_spec(values.unwrap_or_default())?;
    let mut hints = hints(dialect)?;
    if values.lenient_quotes && format != Some(Format::Tsv) && hints.quote == Hint::Find {
        // Whoever says what quotes within fields are says that there are quotes.
        hints.quote = Hint::Given(Some(b'"'));
    }
    Ok(FileSpec {
        format,
        compression,
        encoding,
        hints,
        values,
        sniff,
        name: String::new(),
        sheet,
    })
}

/// Which part of a workbook is read.
fn selection(dialect: &pb::Dialect) -> Result<Selection, Status> {
    let range = match dialect.range.as_str() {
        "" => None,
        text => {
            let parsed = text.parse();
            Some(parsed.map_err(|error: codec::NoArea| {
                status::invalid_dialect("range", text, error.to_string())
            })?)
        }
    };
    Ok(Selection {
        sheet: Some(dialect.sheet.clone()).filter(|sheet| !sheet.is_empty()),
        range,
    })
}

fn encoding(dialect: &pb::Dialect) -> Result<Option<Encoding>, Status> {
    let name = dialect.encoding.as_str();
    if name.is_empty() {
        return Ok(None);
    }
    let unknown = "is no label of the WHATWG Encoding Standard, such as utf-8 or windows-1252";
    let known = Encoding::from_name(name);
    known
        .map(Some)
        .ok_or_else(|| status::invalid_dialect("encoding", name, unknown))
}

fn hints(dialect: pb::Dialect) -> Result<Hints, Status> {
    check(&dialect)?;
    let skip_lines = dialect.skip_lines.map(|lines| {
        let valid = u64::try_from(lines)
            .ok()
            .filter(|_| lines <= MAX_SKIP_LINES);
        valid.ok_or_else(|| out_of_range("skip_lines", lines, "0 to 4294967295"))
    });
    let end_line = dialect.end_line.map(|line| {
        let valid = u64::try_from(line).ok().filter(|line| *line > 0);
        valid.ok_or_else(|| out_of_range("end_line", line, "1 or more"))
    });
    let header_rows = dialect.header_rows.map(|rows| {
        let valid = u8::try_from(rows)
            .ok()
            .filter(|rows| *rows <= crate::csv::MAX_HEADER_ROWS);
        valid.ok_or_else(|| out_of_range("header_rows", rows.into(), "0 to 4"))
    });
    Ok(Hints {
        delimiter: hint(dialect.delimiter.map(String::into_bytes)),
        quote: hint(
            dialect
                .quote
                .map(|text| one_byte("quote", &text))
                .transpose()?,
        ),
        escape: hint(
            dialect
                .escape
                .map(|text| one_byte("escape", &text))
                .transpose()?,
        ),
        comment: hint(
            dialect
                .comment
                .map(|text| Some(text.into_bytes()).filter(|t| !t.is_empty())),
        ),
        skip_lines: hint(skip_lines.transpose()?),
        header_rows: hint(header_rows.transpose()?),
        terminator: Hint::Find,
        skip_initial_space: hint(dialect.skip_initial_space),
        end_line: hint(end_line.transpose()?.map(Some)),
        row_names: hint(dialect.row_names),
        columns: Vec::new(),
    })
}

fn out_of_range(field: &str, value: i64, range: &str) -> Status {
    status::invalid_dialect(
        field,
        &value.to_string(),
        format!("must be {range}, and is {value}"),
    )
}

fn hint<T>(value: Option<T>) -> Hint<T> {
    value.map_or(Hint::Find, Hint::Given)
}

/// One byte, or none for the empty text.
fn one_byte(field: &str, text: &str) -> Result<Option<u8>, Status> {
    match text.as_bytes() {
        [] => Ok(None),
        [byte] => Ok(Some(*byte)),
        _ => {
            let description = "must be exactly one ASCII character, or empty for none";
            Err(status::invalid_dialect(field, text, description))
        }
    }
}

/// Refuses what no dialect can be, before a byte of the file has come: with the bytes that are
/// given and the defaults for the rest. What is found later never contradicts what is given.
fn check(dialect: &pb::Dialect) -> Result<(), Status> {
    if dialect.format() == pb::Format::Ndjson {
        return Ok(());
    }
    given_dialect(dialect).map(drop)
}

/// A dialect of what is given, with the format's defaults for the rest.
fn given_dialect(dialect: &pb::Dialect) -> Result<Dialect, Status> {
    let refuse = |field: &'static str, value: &str| {
        let value = value.to_owned();
        move |error: DialectError| status::invalid_dialect(field, &value, error.to_string())
    };
    let mut result = match dialect.format() {
        pb::Format::Tsv => Dialect::tsv(),
        _ => Dialect::csv(),
    };
    // The quote first: a delimiter may take the place of a quote that is not used.
    if let Some(text) = &dialect.quote {
        result = result
            .with_quote(one_byte("quote", text)?)
            .map_err(refuse("quote", text))?;
    }
    if let Some(text) = &dialect.delimiter {
        // The default quote gives way to a delimiter that is given.
        let takes_quote = dialect.quote.is_none() && text.as_bytes() == b"\"";
        if takes_quote {
            result = result.with_quote(None).map_err(refuse("delimiter", text))?;
        }
        let changed = result.with_long_delimiter(text.as_bytes());
        result = changed.map_err(refuse("delimiter", text))?;
    }
    if let Some(text) = dialect.escape.as_ref().filter(|_| !result.is_tsv()) {
        result = result
            .with_escape(one_byte("escape", text)?)
            .map_err(refuse("escape", text))?;
    }
    if let Some(text) = dialect.comment.as_ref().filter(|text| !text.is_empty()) {
        let changed = result.with_comment(Some(text.as_bytes()));
        result = changed.map_err(refuse("comment", text))?;
    }
    if let Some(skip) = dialect.skip_initial_space {
        let changed = result.with_skip_initial_space(skip);
        result = changed.map_err(refuse("skip_initial_space", &skip.to_string()))?;
    }
    Ok(result)
}

fn value_spec(options: pb::ValueOptions) -> Result<ValueSpec, Status> {
    let bytes = |texts: Vec<String>| texts.into_iter().map(String::into_bytes).collect();
    let pad = options.ragged() == pb::Ragged::Pad;
    let lenient_quotes = options.quotes() == pb::Quotes::Lenient;
    let thousands = thousands("values", options.thousands, options.decimal_comma)?;
    let rules = ValueRules {
        excel_text: options.excel_text.map(excel_text),
        strip_units: options.strip_units,
        decimal_comma: thousands
            .and_then(Thousands::decimal_comma)
            .or(options.decimal_comma),
        thousands,
        null_markers: bytes(options.null_markers),
        trim: options.trim,
        true_words: bytes(options.true_words),
        false_words: bytes(options.false_words),
        round: options.round,
        ..ValueRules::default()
    };
    if let Some(word) = rules.contradictory_word() {
        let word = String::from_utf8_lossy(word);
        let description = format!("`{word}` cannot be both true and false");
        return Err(status::invalid_request("values.true_words", description));
    }
    let mut named = std::collections::HashSet::new();
    if let Some(twice) = options
        .columns
        .iter()
        .find(|own| !named.insert(&own.column))
    {
        let description = format!("`{}` stands twice", twice.column);
        return Err(status::invalid_request(
            "values.columns.column",
            description,
        ));
    }
    let columns = options.columns.into_iter().map(column_value_spec);
    Ok(ValueSpec {
        rules,
        empty_as_default: options.empty_as_default,
        pad,
        lenient_quotes,
        columns: columns.collect::<Result<_, _>>()?,
    })
}

fn column_value_spec(options: pb::ColumnValueOptions) -> Result<ColumnValueSpec, Status> {
    if options.column.is_empty() {
        return Err(status::invalid_request(
            "values.columns.column",
            "name a column",
        ));
    }
    let format = Some(options.date_format).filter(|format| !format.is_empty());
    let date_format = format.map(|text| {
        DateFormat::parse(&text).map_err(|error| {
            status::invalid_request("values.columns.date_format", error.to_string())
        })
    });
    let separator = options.list_separator;
    if separator.as_ref().is_some_and(String::is_empty) {
        return Err(status::invalid_request(
            "values.columns.list_separator",
            "is at least one character",
        ));
    }
    Ok(ColumnValueSpec {
        thousands: thousands("values.columns", options.thousands, options.decimal_comma)?,
        strip_units: options.strip_units,
        unit: options.unit.map(String::into_bytes),
        list_separator: separator.map(String::into_bytes),
        excel_text: options.excel_text.map(excel_text),
        column: options.column,
        null_markers: options
            .null_markers
            .into_iter()
            .map(String::into_bytes)
            .collect(),
        date_format: date_format.transpose()?,
        decimal_comma: options.decimal_comma,
    })
}

/// What separates groups of digits. It must not be the decimal point too.
fn thousands(
    field: &str,
    given: Option<String>,
    decimal_comma: Option<bool>,
) -> Result<Option<Thousands>, Status> {
    let Some(text) = given else {
        return Ok(None);
    };
    let field = format!("{field}.thousands");
    let Some(thousands) = Thousands::parse(&text) else {
        let description = "is none of `,`, `.`, `'`, `_` and a space";
        return Err(status::invalid_request(&field, description));
    };
    let implied = thousands.decimal_comma();
    if implied.is_some() && decimal_comma.is_some() && implied != decimal_comma {
        let description = format!("`{text}` cannot be the decimal point as well");
        return Err(status::invalid_request(&field, description));
    }
    Ok(Some(thousands))
}

const fn excel_text(is_text: bool) -> ExcelText {
    if is_text {
        ExcelText::All
    } else {
        ExcelText::Never
    }
}

/// The family and form of a file that is to be written.
pub(super) fn export_form(
    dialect: &pb::Dialect,
    style: pb::ExportStyle,
) -> Result<ExportForm, Status> {
    match dialect.format() {
        pb::Format::Ndjson => Ok(ExportForm::Ndjson),
        pb::Format::Workbook => Err(status::invalid_request(
            "dialect.format",
            "workbooks are not written; export CSV, which they open",
        )),
        pb::Format::Unspecified | pb::Format::Csv | pb::Format::Tsv => {
            let header_rows = dialect.header_rows.unwrap_or(1);
            if !(0..=1).contains(&header_rows) {
                return Err(out_of_range("header_rows", header_rows.into(), "0 or 1"));
            }
            let form = given_dialect(dialect)?.with_header(header_rows == 1);
            Ok(ExportForm::Delimited(form, encode_style(form, style)?))
        }
    }
}

fn encode_style(dialect: Dialect, style: pb::ExportStyle) -> Result<Style, Status> {
    let defaults = Style::default();
    let style = Style {
        line_end: match style.line_end() {
            pb::LineEnd::Unspecified | pb::LineEnd::Lf => LineEnd::Lf,
            pb::LineEnd::Crlf => LineEnd::CrLf,
            pb::LineEnd::Cr => LineEnd::Cr,
        },
        quotes: match style.quote_style() {
            pb::QuoteStyle::Unspecified | pb::QuoteStyle::Necessary => QuoteStyle::Necessary,
            pb::QuoteStyle::Always => QuoteStyle::Always,
            pb::QuoteStyle::NonNumeric => QuoteStyle::NonNumeric,
        },
        excel_safe: style.excel_safe,
        null_marker: style
            .null_marker
            .map_or(defaults.null_marker, String::into_bytes),
    };
    match Encoder::with_style(dialect, &style) {
        Ok(_) => Ok(style),
        Err(error) => Err(status::invalid_request("style", error.to_string())),
    }
}

/// How a file is to be packed.
pub(super) fn packing(dialect: &pb::Dialect, style: &pb::ExportStyle) -> Result<Packing, Status> {
    let compression = match dialect.compression() {
        pb::Compression::Unspecified | pb::Compression::None => Compression::None,
        pb::Compression::Gzip => Compression::Gzip,
        pb::Compression::Zstd => Compression::Zstd,
        pb::Compression::Bzip2 => Compression::Bzip2,
        pb::Compression::Xz => Compression::Xz,
        pb::Compression::Zip => Compression::Zip,
    };
    let packing = Packing::new(compression, style.compression_level);
    packing.map_err(|error| {
        let field = match error {
            codec::Error::NotWritten { .. } => "dialect.compression",
            _ => "style.compression_level",
        };
        status::invalid_request(field, error.to_string())
    })
}

/// The encoding of a file that is to be written.
pub(super) fn export_encoding(dialect: &pb::Dialect) -> Result<Encoding, Status> {
    Ok(encoding(dialect)?.unwrap_or_default())
}
