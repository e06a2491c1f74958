//! The command line as typed flags.
//!
//! `main` parses it, `settings` resolves it into requests of the contract, and the commands
//! `completions` and `man` print it. It is the only reader of the environment, and must never offer
//! a flag that the server does not honour.

mod help;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use sluice_proto::v1::{Condition, TableRef};
use uuid::Uuid;

use crate::settings::{dialect, filter, names};

/// The heading of the flags that every command takes.
const GENERAL: &str = "General options";

/// Moves flat files into ClickHouse tables and tables into flat files.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, after_help = help::AFTER, max_term_width = 100)]
pub(crate) struct Cli {
    /// Address of the Sluice server.
    #[arg(
        long,
        global = true,
        help_heading = GENERAL,
        value_name = "URL",
        env = "SLUICE_SERVER",
        default_value = "http://127.0.0.1:50051"
    )]
    pub(crate) server: String,

    /// Print one JSON object on the last line of standard output instead of text.
    #[arg(long, global = true, help_heading = GENERAL)]
    pub(crate) json: bool,

    /// Show no progress and no summary; data, JSON and errors are still printed.
    #[arg(long, short, global = true, help_heading = GENERAL)]
    pub(crate) quiet: bool,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load a file, or standard input, into a table.
    ///
    /// Strict: the first value that does not fit its column exactly ends the upload with the line,
    /// the column and the value. Files with a header are matched to the table's columns by name.
    Upload(UploadArgs),
    /// Write a table or the result of a query to a file, or to standard output.
    ///
    /// FILE is replaced only when the export is complete; until then, and after any failure, it
    /// stays as it was.
    #[command(after_help = help::WHERE)]
    Export(ExportArgs),
    /// Show the first rows of a table or of a query.
    Preview(PreviewArgs),
    /// List the databases.
    Databases,
    /// List the tables of a database.
    Tables {
        /// The database. Default: the server's default database.
        database: Option<String>,
    },
    /// Show the columns, keys and size of a table.
    Describe {
        /// The table: `db.table` or `table`; names with other characters in backticks.
        #[arg(value_name = "DB.T", value_parser = names::parse_table)]
        table: TableRef,
    },
    /// Ask whether the server and its ClickHouse answer.
    Ping,
    /// Look at running and recent transfers, or cancel one.
    #[command(subcommand)]
    Transfers(TransfersCommand),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man,
}

/// Flags of `upload`.
#[derive(Debug, Args)]
pub(crate) struct UploadArgs {
    /// The file to load; `-` is standard input.
    pub(crate) file: PathBuf,

    /// The table to load into: `db.table` or `table`; names with other characters in backticks.
    #[arg(long, short, value_name = "DB.T", value_parser = names::parse_table)]
    pub(crate) table: TableRef,

    /// Create the table, with types found in the first MiB of the file.
    #[arg(long)]
    pub(crate) create: bool,

    #[command(flatten)]
    pub(crate) dialect: DialectArgs,

    /// Load these columns only; `column=field` takes the value from another field of the header, or
    /// without a header from the field of that number.
    #[arg(long, value_name = "A,B=FIELD", value_parser = names::parse_mappings)]
    pub(crate) columns: Option<names::Mappings>,

    /// How rows become visible in the table.
    #[arg(long, value_name = "MODE", default_value = "auto")]
    pub(crate) commit: Commit,

    /// The id of the transfer. Default: a new one.
    #[arg(long, value_name = "UUID")]
    pub(crate) transfer_id: Option<Uuid>,
}

/// How a flat file is cut into records and fields.
#[derive(Debug, Args)]
pub(crate) struct DialectArgs {
    /// The family of the file.
    #[arg(long, default_value = "csv")]
    pub(crate) format: Format,

    /// The character between two fields, or one of: tab, comma, semicolon, pipe, space.
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

    /// The file has no header: its first record is data.
    #[arg(long)]
    pub(crate) no_header: bool,
}

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
}

/// Flags of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// Write these columns only, in this order.
    #[arg(long, value_name = "A,B", value_parser = names::parse_columns, conflicts_with = "query")]
    pub(crate) columns: Option<names::Columns>,

    /// Write only rows for which this holds; several are joined by AND. See below.
    #[arg(
        long = "where",
        value_name = "EXPR",
        value_parser = filter::parse_condition,
        conflicts_with = "query"
    )]
    pub(crate) conditions: Vec<Condition>,

    /// Order the rows: column names, each with `:desc` for the largest first.
    #[arg(
        long,
        value_name = "A,B:desc",
        value_parser = names::parse_ordering,
        conflicts_with = "query"
    )]
    pub(crate) order_by: Option<names::Ordering>,

    /// Write at most this many rows.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i64).range(0..),
        conflicts_with = "query"
    )]
    pub(crate) limit: Option<i64>,

    #[command(flatten)]
    pub(crate) dialect: DialectArgs,

    /// The id of the transfer. Default: a new one.
    #[arg(long, value_name = "UUID")]
    pub(crate) transfer_id: Option<Uuid>,

    /// The file to write; `-` is standard output, and the summary then goes to standard error.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
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

/// What to do with transfers.
#[derive(Debug, Subcommand)]
pub(crate) enum TransfersCommand {
    /// List the transfers that run or ended lately, the newest first.
    List,
    /// Show one transfer.
    Get {
        /// The id of the transfer.
        id: Uuid,
    },
    /// Follow a transfer until it has ended, and fail as it fails.
    Watch {
        /// The id of the transfer.
        id: Uuid,
    },
    /// End a transfer.
    Cancel {
        /// The id of the transfer.
        id: Uuid,
    },
}

/// The family of a flat file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values, RFC 4180.
    Csv,
    /// Tab-separated values as ClickHouse writes them: backslash escapes, `\N` for NULL.
    Tsv,
}

/// How rows become visible in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Commit {
    /// The strongest mode that the table allows.
    Auto,
    /// One plain streaming INSERT: a failure can leave the first rows, a repetition doubles rows.
    Direct,
    /// All rows at once or none.
    Atomic,
    /// Block by block, each exactly once.
    Blocks,
    /// The new rows take the place of the old ones at once.
    Replace,
}
