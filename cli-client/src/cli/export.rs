//! The flags of `export` and `preview`.
//!
//! Part of `cli`. A flag must never be here that the server does not honour.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use sluice_proto::v1::{Condition, TableRef};
use uuid::Uuid;

use super::words::{Compression, Format, LineEnd, QuoteStyle};
use crate::settings::{dialect, filter, names, value};

/// A table or a query.
#[derive(Debug, Args)]
#[group(id = "source", required = true, multiple = false)]
pub(crate) struct SourceArgs {
    /// The table to read: `db.table` or `table`; names with other characters in backticks.
    #[arg(long, short, value_name = "DB.T", value_parser = names::parse_table)]
    pub(crate) table: Option<TableRef>,

    /// One SELECT to run.
    #[arg(long, value_name = "SQL")]
    pub(crate) query: Option<String>,

    /// A file with one SELECT to run, at most 128 KiB; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) query_file: Option<PathBuf>,
}

/// Flags of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// Write these columns only, in this order.
    #[arg(long, value_name = "A,B", value_parser = names::parse_columns, conflicts_with_all = ["query", "query_file"])]
    pub(crate) columns: Option<names::Columns>,

    /// Write only rows for which this holds; several are joined by AND. See below.
    #[arg(
        long = "where",
        value_name = "EXPR",
        value_parser = filter::parse_condition,
        conflicts_with_all = ["query", "query_file"]
    )]
    pub(crate) conditions: Vec<Condition>,

    /// Order the rows: column names, each with `:desc` for the largest first.
    #[arg(
        long,
        value_name = "A,B:desc",
        value_parser = names::parse_ordering,
        conflicts_with_all = ["query", "query_file"]
    )]
    pub(crate) order_by: Option<names::Ordering>,

    /// Write at most this many rows.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i64).range(0..),
        conflicts_with_all = ["query", "query_file"]
    )]
    pub(crate) limit: Option<i64>,

    /// The id of the transfer. Default: a new one.
    #[arg(long, value_name = "UUID", value_parser = value::parse_id)]
    pub(crate) transfer_id: Option<Uuid>,

    /// The file to write; `-` is standard output, and the summary then goes to standard error.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Keep what has arrived when the export fails, and go on behind it: in this run, and in the
    /// next one with the same flags. Needs --table and --order-by on the table's whole sorting key,
    /// of one column, and a file that is uncompressed UTF-8; else the export begins at zero, and says
    /// why. Rows that change in the meantime can be missing or doubled.
    #[arg(long)]
    pub(crate) resume: bool,

    /// How long to try again when the connection breaks or the server or ClickHouse is away: a number
    /// of seconds, or as 500ms, 5m or 2h; 0 is never. What standard output has got cannot be taken
    /// back: there it ends the export. A server that is away from the start is an error at once.
    #[arg(long, value_name = "TIME", value_parser = value::parse_time, default_value = "5m")]
    pub(crate) retry_time: Duration,

    #[command(flatten)]
    pub(crate) form: FormArgs,
}

/// How the file is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Form of the file")]
pub(crate) struct FormArgs {
    /// The family of the file. Default: by its name, tsv for `.tsv` and `.tab`, ndjson for `.ndjson` and `.jsonl`, else csv.
    /// A name of a file that is not written, such as `.xlsx` or `.parquet`, is refused.
    #[arg(long)]
    pub(crate) format: Option<Format>,

    /// What stands between two fields: 1 to 8 bytes, or one of: tab, comma, semicolon, pipe, space.
    /// `\t` is a tab, `\x01` to `\x7f` a byte by its number, `\\` a backslash.
    /// Default: `,` for CSV, a tab for TSV.
    #[arg(
        long,
        value_name = "D",
        value_parser = dialect::parse_delimiter,
        allow_hyphen_values = true
    )]
    pub(crate) delimiter: Option<String>,

    /// The character around fields that hold delimiters or line ends; empty for none.
    /// Default: `"` for CSV, none for TSV.
    #[arg(long, value_name = "Q", value_parser = dialect::parse_quote, allow_hyphen_values = true)]
    pub(crate) quote: Option<String>,

    /// The character before a quote within quotes, instead of doubling it; empty for none.
    /// Default: none for CSV, `\` for TSV.
    #[arg(long, value_name = "E", value_parser = dialect::parse_escape, allow_hyphen_values = true)]
    pub(crate) escape: Option<String>,

    /// Write no header: the first record is data.
    #[arg(long)]
    pub(crate) no_header: bool,

    /// The text that stands for NULL; a text that equals it has quotes. Default: `\N`.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) null: Option<String>,

    /// What ends a line. Default: lf.
    #[arg(long, value_name = "WHAT")]
    pub(crate) line_end: Option<LineEnd>,

    /// Which fields have quotes. Default: necessary.
    #[arg(long, value_name = "WHICH")]
    pub(crate) quote_style: Option<QuoteStyle>,

    /// Put an apostrophe before texts that begin with `=`, `+`, `-`, `@`, a tab or CR, so that a
    /// spreadsheet does not run them. Such a file does not read back unchanged.
    #[arg(long)]
    pub(crate) excel_safe: bool,

    /// How characters are written as bytes: utf-8, utf-8-bom with a byte order mark, utf-16le,
    /// windows-1252, latin1, gbk or another label of the WHATWG Encoding Standard. A file in
    /// UTF-16 begins with a mark. Default: utf-8.
    #[arg(long, value_name = "LABEL", value_parser = dialect::parse_encoding)]
    pub(crate) encoding: Option<String>,

    /// How the file is compressed. Default: by its name, gzip for `.gz`, zstd for `.zst`, else none.
    #[arg(long, value_name = "NAME")]
    pub(crate) compression: Option<Compression>,

    /// How hard to compress, 1 to 9. Default: 2 for gzip, 1 for zstd.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=9))]
    pub(crate) compression_level: Option<i32>,
}

/// Flags of `preview`.
#[derive(Debug, Args)]
pub(crate) struct PreviewArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// Show at most this many rows, up to 10,000.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i32).range(1..=10_000),
        default_value_t = 20
    )]
    pub(crate) limit: i32,
}
