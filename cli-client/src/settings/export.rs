//! Exports and previews, resolved: the flags as requests of the contract.
//!
//! Called by [`Settings::resolve`](super::Settings::resolve). It must never open the file that is written: only its
//! name is looked at, for the compression.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    time::Duration,
};

use sluice_proto::v1::{
    Compression, Dialect, ExportRequest, ExportStyle, LineEnd, PreviewRowsRequest, QuoteStyle,
    TableRef, TableSource, export_request, preview_rows_request,
};

use super::{Endpoint, reading, transfer_id};
use crate::{
    cli::{self, ExportArgs, FormArgs, PreviewArgs, SourceArgs},
    error::{Error, Result},
    stdio,
};

/// The longest query that a server takes.
const MAX_QUERY_BYTES: u64 = 128 << 10;

/// An export.
#[derive(Debug)]
pub(crate) struct Export {
    /// What to export, and how.
    pub(crate) request: ExportRequest,
    /// Where the bytes go.
    pub(crate) output: Endpoint,
    /// Whether the rows that ClickHouse reads are the rows that the file gets, as for a table
    /// without conditions.
    pub(crate) reads_what_it_writes: bool,
    /// The most rows of the file.
    pub(crate) limit: Option<i64>,
    /// Whether to keep what has arrived, and to go on behind it.
    pub(crate) resume: bool,
    /// How long to try again without getting anywhere.
    pub(crate) retry_time: Duration,
}

/// Resolves the flags of `export`. Fails with [`Error::Usage`].
pub(super) fn export(args: ExportArgs) -> Result<Export> {
    if args.resume && args.output == Path::new("-") {
        return Err(Error::Usage(
            "--resume goes on in the middle of a file, and standard output is written once"
                .to_owned(),
        ));
    }
    let reads_what_it_writes = args.source.table.is_some() && args.conditions.is_empty();
    let (table, query) = source(args.source)?;
    let source = match (table, query) {
        (None, Some(query)) => export_request::Source::Query(query),
        (table, _) => export_request::Source::Table(TableSource {
            table,
            columns: args.columns.map(|columns| columns.0).unwrap_or_default(),
            r#where: args.conditions,
            order_by: args.order_by.map(|order| order.0).unwrap_or_default(),
            limit: args.limit,
        }),
    };
    let (dialect, style) = form(args.form, &args.output)?;
    Ok(Export {
        output: args.output.into(),
        reads_what_it_writes,
        limit: args.limit,
        resume: args.resume,
        retry_time: args.retry_time,
        request: ExportRequest {
            transfer_id: transfer_id(args.transfer_id),
            source: Some(source),
            dialect: Some(dialect),
            style: Some(style),
        },
    })
}

/// Resolves the flags of `preview`.
pub(super) fn preview(args: PreviewArgs) -> Result<PreviewRowsRequest> {
    let (table, query) = source(args.source)?;
    let table = table.map(preview_rows_request::Source::Table);
    let query = query.map(preview_rows_request::Source::Query);
    Ok(PreviewRowsRequest {
        source: table.or(query),
        limit: args.limit,
    })
}

/// The table, or the query, which may stand in a file.
fn source(args: SourceArgs) -> Result<(Option<TableRef>, Option<String>)> {
    let query = match (args.query, args.query_file) {
        (query, None) => query,
        (_, Some(path)) => Some(read_query(&path)?),
    };
    Ok((args.table, query))
}

fn read_query(path: &Path) -> Result<String> {
    let read = || -> io::Result<String> {
        let file = if path == Path::new("-") {
            stdio::input()?
        } else {
            File::open(path)?
        };
        let mut text = String::new();
        let length = file.take(MAX_QUERY_BYTES + 1).read_to_string(&mut text)?;
        if length as u64 > MAX_QUERY_BYTES {
            let text = format!("a query has at most {MAX_QUERY_BYTES} bytes");
            return Err(io::Error::other(text));
        }
        let ends = |next: char| next == ';' || next.is_whitespace();
        Ok(text.trim_end_matches(ends).to_owned())
    };
    read().map_err(|source| Error::Source {
        name: path.display().to_string(),
        bytes: 0,
        source,
    })
}

/// The form of the file. Fails with [`Error::Usage`] for what a format does not have.
fn form(args: FormArgs, output: &Path) -> Result<(Dialect, ExportStyle)> {
    let format = match args.format {
        Some(format) => format,
        None => format_by_name(output)?,
    };
    check_format(format, &args)?;
    let compression = match args.compression {
        Some(word) => reading::compression(word),
        None => by_name(output)?,
    };
    check_level(args.compression_level, compression)?;
    let dialect = Dialect {
        format: reading::format(format).into(),
        delimiter: args.delimiter,
        quote: args.quote,
        header_rows: args.no_header.then_some(0),
        escape: args.escape,
        encoding: args.encoding.unwrap_or_default(),
        compression: compression.into(),
        ..Dialect::default()
    };
    let style = ExportStyle {
        line_end: args.line_end.map_or(LineEnd::Unspecified, line_end).into(),
        quote_style: args
            .quote_style
            .map_or(QuoteStyle::Unspecified, quote_style)
            .into(),
        excel_safe: args.excel_safe,
        null_marker: args.null,
        compression_level: args.compression_level,
    };
    Ok((dialect, style))
}

/// NDJSON has neither fields with delimiters nor a header.
fn check_format(format: cli::Format, args: &FormArgs) -> Result<()> {
    if format != cli::Format::Ndjson {
        return Ok(());
    }
    reading::refuse(
        "ndjson",
        &[
            ("--delimiter", args.delimiter.is_some()),
            ("--quote", args.quote.is_some()),
            ("--escape", args.escape.is_some()),
            ("--no-header", args.no_header),
            ("--null", args.null.is_some()),
            ("--quote-style", args.quote_style.is_some()),
            ("--excel-safe", args.excel_safe),
        ],
    )
}

fn check_level(level: Option<i32>, compression: Compression) -> Result<()> {
    match (level, compression) {
        (Some(level), Compression::None) => Err(Error::Usage(format!(
            "--compression-level {level} needs --compression, or a FILE that ends in .gz or .zst"
        ))),
        _ => Ok(()),
    }
}

/// The end of a name, in lower case.
fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_ascii_lowercase()
}

/// The compression that the name of the file tells. Fails with [`Error::Usage`] for one that is not written.
fn by_name(output: &Path) -> Result<Compression> {
    let extension = extension(output);
    match extension.as_str() {
        "gz" => Ok(Compression::Gzip),
        "zst" => Ok(Compression::Zstd),
        "xz" | "bz2" | "zip" | "lz4" => Err(Error::Usage(format!(
            "files are not packed as .{extension}: name one that ends in .gz or .zst, or say --compression"
        ))),
        _ => Ok(Compression::None),
    }
}

/// The format that the name of the file tells, packed or not. Fails with [`Error::Usage`] for one that is not written.
fn format_by_name(output: &Path) -> Result<cli::Format> {
    let packed = matches!(extension(output).as_str(), "gz" | "zst");
    let stem = output.file_stem().map(Path::new).filter(|_| packed);
    let extension = extension(stem.unwrap_or(output));
    match extension.as_str() {
        "tsv" | "tab" => Ok(cli::Format::Tsv),
        "ndjson" | "jsonl" => Ok(cli::Format::Ndjson),
        "xlsx" | "xlsm" | "xlsb" | "xls" | "ods" => Err(Error::Usage(format!(
            "workbooks such as .{extension} are not written: name a file that ends in .csv, which office programs open, \
             or say --format"
        ))),
        "parquet" | "arrow" | "feather" | "avro" | "orc" | "json" => Err(Error::Usage(format!(
            "files such as .{extension} are not written: name one that ends in .csv, .tsv or .ndjson, or say --format"
        ))),
        _ => Ok(cli::Format::Csv),
    }
}

fn line_end(word: cli::LineEnd) -> LineEnd {
    match word {
        cli::LineEnd::Lf => LineEnd::Lf,
        cli::LineEnd::Crlf => LineEnd::Crlf,
        cli::LineEnd::Cr => LineEnd::Cr,
    }
}

fn quote_style(word: cli::QuoteStyle) -> QuoteStyle {
    match word {
        cli::QuoteStyle::Necessary => QuoteStyle::Necessary,
        cli::QuoteStyle::Always => QuoteStyle::Always,
        cli::QuoteStyle::NonNumeric => QuoteStyle::NonNumeric,
    }
}
