//! The flags of `upload` and `inspect`.
//!
//! Part of `cli`. A flag must never be here that the server does not honour.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use sluice_proto::v1::TableRef;
use uuid::Uuid;

use super::{
    reading::{DialectArgs, ValueArgs},
    words::{Commit, Missing},
};
use crate::settings::{names, value, value::FullScan};

/// Flags of `upload`.
#[derive(Debug, Args)]
pub(crate) struct UploadArgs {
    /// The file to load; `-` is standard input.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// The table to load into: `db.table` or `table`; names with other characters in backticks.
    #[arg(long, short, value_name = "DB.T", value_parser = names::parse_table)]
    pub(crate) table: TableRef,

    /// Load these columns only; `column=field` takes the value from another field of the header, or
    /// without a header from the field of that number.
    #[arg(long, value_name = "A,B=FIELD", value_parser = names::parse_mappings)]
    pub(crate) columns: Option<names::Mappings>,

    /// Columns whose fields have other names in the header; all other fields are matched by name.
    #[arg(long, value_name = "A=FIELD,B=FIELD", conflicts_with = "columns", value_parser = names::parse_renames)]
    pub(crate) rename: Option<names::Mappings>,

    /// What to do with columns of the table that have no field in the file, no DEFAULT and take no NULL.
    #[arg(long, value_name = "WHAT", default_value = "refuse")]
    pub(crate) missing: Missing,

    /// Leave out fields of the file that the table has no column for. Default: they are refused.
    #[arg(long)]
    pub(crate) ignore_extra: bool,

    /// How rows become visible in the table. A mode that the table does not allow is refused.
    #[arg(long, value_name = "MODE", default_value = "auto")]
    pub(crate) commit: Commit,

    /// With --commit replace: empty the table if no row of the file is loaded, because it has only a
    /// header or all of its rows are rejected. Default: that is refused.
    #[arg(long)]
    pub(crate) allow_empty: bool,

    #[command(flatten)]
    pub(crate) again: AgainArgs,

    /// Read and check the whole file, report everything, load nothing. The exit code is that of the
    /// upload: 3 where it would reject more rows than --max-rejects allows.
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) create: CreateArgs,

    #[command(flatten)]
    pub(crate) rejects: RejectArgs,

    #[command(flatten)]
    pub(crate) dialect: DialectArgs,

    /// Find nothing in the file: what is left out takes the default of the format, for CSV a comma,
    /// a double quote, one header record, UTF-8, no compression.
    #[arg(
        long,
        help_heading = "Form of the file (what is left out is found in its first MiB)"
    )]
    pub(crate) no_sniff: bool,

    #[command(flatten)]
    pub(crate) values: ValueArgs,
}

/// What makes an upload survive.
#[derive(Debug, Args)]
#[command(next_help_heading = "Interruptions")]
pub(crate) struct AgainArgs {
    /// The id of the transfer: whoever uploads the same file with the same flags and id again gets
    /// the result of the first time, and no row twice (not in the mode direct). Default: a new one.
    #[arg(long, value_name = "UUID", value_parser = value::parse_id)]
    pub(crate) transfer_id: Option<Uuid>,

    /// Go on with an upload that was interrupted: the same FILE and the same flags as then, with the
    /// id that it had. Not for standard input.
    #[arg(
        long,
        value_name = "ID",
        value_parser = value::parse_id,
        conflicts_with_all = ["transfer_id", "dry_run"]
    )]
    pub(crate) resume: Option<Uuid>,

    /// How long to try again when the connection breaks or the server or ClickHouse is away, counted
    /// from the last time that something moved: a number of seconds, or as 500ms, 5m or 2h; 0 is
    /// never. A server that is away from the start is an error at once.
    #[arg(long, value_name = "TIME", value_parser = value::parse_time, default_value = "5m")]
    pub(crate) retry_time: Duration,
}

/// How the table is made.
#[derive(Debug, Args)]
#[command(next_help_heading = "A new table")]
pub(crate) struct CreateArgs {
    /// Create the table, with types found in the file.
    #[arg(long)]
    pub(crate) create: bool,

    /// With --create: read the whole file for the types, then read it again to load it; always, never, or
    /// where it has at most so many bytes, such as 256MB. Without, types are found in its first MiB, as
    /// those of standard input and pipes are. Default: 64MiB.
    #[arg(
        long,
        requires = "create",
        value_name = "always|never|SIZE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "always",
        value_parser = value::parse_full_scan
    )]
    pub(crate) full_scan: Option<FullScan>,

    /// With --create: run the CREATE TABLE of this file instead of the generated one, such as the
    /// edited output of `sluice inspect --create-statement`.
    #[arg(
        long,
        value_name = "FILE",
        requires = "create",
        conflicts_with = "full_scan"
    )]
    pub(crate) create_statement: Option<PathBuf>,

    /// With --create: create the table on all servers of this cluster of ClickHouse (ON CLUSTER), as a
    /// table that they keep together.
    #[arg(
        long,
        value_name = "NAME",
        requires = "create",
        conflicts_with = "create_statement"
    )]
    pub(crate) cluster: Option<String>,
}

/// What happens to rows that do not fit.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rejected rows")]
pub(crate) struct RejectArgs {
    /// Leave out up to N rows that do not fit, or up to P percent of all rows, judged at the end of
    /// the file. Default: 0, the first one ends the upload.
    #[arg(long, value_name = "N|P%", value_parser = value::parse_limit)]
    pub(crate) max_rejects: Option<value::Limit>,

    /// Write the rejected rows to this file, also when the upload fails: a CSV with the fields of
    /// the file and `_sluice_line`, `_sluice_column`, `_sluice_reason`, which are skipped when it is
    /// loaded again. Where the number of fields or the quotes of a record were at fault, empty its `_sluice_reason` once
    /// it is corrected. A file that is there is replaced once they are all there, and stays as it was when
    /// no row was rejected.
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
}

/// Flags of `inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The file to look at; `-` is standard input.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// The table to match it against: `db.table` or `table`. Default: none.
    #[arg(long, short, value_name = "DB.T", value_parser = names::parse_table)]
    pub(crate) table: Option<TableRef>,

    /// Try these columns only, as in `upload`.
    #[arg(
        long,
        value_name = "A,B=FIELD",
        value_parser = names::parse_mappings,
        requires = "table"
    )]
    pub(crate) columns: Option<names::Mappings>,

    /// Show this many rows, 1 to 1,000.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i32).range(1..=1_000),
        default_value_t = 10
    )]
    pub(crate) rows: i32,

    /// Look at this much of the file, up to 8 MiB: a number of bytes, or of KiB or MiB as 64K or 4M.
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = value::parse_sample_bytes,
        default_value = "1M"
    )]
    pub(crate) sample_bytes: usize,

    /// Print nothing but the CREATE TABLE that `upload --create` would run.
    #[arg(long)]
    pub(crate) create_statement: bool,

    #[command(flatten)]
    pub(crate) dialect: DialectArgs,

    #[command(flatten)]
    pub(crate) values: ValueArgs,
}
