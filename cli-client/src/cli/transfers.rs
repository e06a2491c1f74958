//! The flags of `transfers`.
//!
//! Part of `cli`. A flag must never be here that the server does not honour.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sluice_proto::v1::TableRef;
use uuid::Uuid;

use super::words::{Kind, State};
use crate::settings::{names, value};

/// What to do with transfers.
#[derive(Debug, Subcommand)]
pub(crate) enum TransfersCommand {
    /// List the transfers that run or ended lately, the newest first.
    ///
    /// The uploads of every server of the same ClickHouse, and the exports of this server.
    List(ListArgs),
    /// Show one transfer: its state, its counters, where it goes on, and what is promised.
    Get {
        /// The id of the transfer.
        #[arg(value_parser = value::parse_id)]
        id: Uuid,
    },
    /// Follow a transfer until it has ended, and fail as it fails.
    Watch {
        /// The id of the transfer.
        #[arg(value_parser = value::parse_id)]
        id: Uuid,
    },
    /// End a transfer and drop what it has staged.
    ///
    /// One that has ended, or is being committed, stays as it is: the state that is printed tells.
    Cancel {
        /// The id of the transfer.
        #[arg(value_parser = value::parse_id)]
        id: Uuid,
    },
    /// Print the rejected rows of an upload: a CSV that can be fixed and loaded again.
    ///
    /// The fields of the file come first, then `_sluice_line`, `_sluice_column` and
    /// `_sluice_reason`, which an upload skips. With --json standard output gets one object a line
    /// instead; a FILE is always a CSV.
    Rejects {
        /// The id of the transfer.
        #[arg(value_parser = value::parse_id)]
        id: Uuid,

        /// The file to write; `-` is standard output. A file that is there is replaced once all rows
        /// have come, and stays as it was when no row was rejected.
        #[arg(long, short, value_name = "FILE", default_value = "-")]
        output: PathBuf,
    },
}

/// Flags of `transfers list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only transfers in this state, or in one of several with commas between them.
    #[arg(long = "state", value_name = "STATE", value_delimiter = ',')]
    pub(crate) states: Vec<State>,

    /// Only uploads, or only exports.
    #[arg(long)]
    pub(crate) kind: Option<Kind>,

    /// Only transfers of this table: `db.table`, or `table` in any database.
    #[arg(long, short, value_name = "DB.T", value_parser = names::parse_table)]
    pub(crate) table: Option<TableRef>,

    /// Only transfers that this owner began: the subject of a token.
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,

    /// Show at most this many. Default: all.
    #[arg(long, value_name = "N", value_parser = value::parse_count)]
    pub(crate) limit: Option<usize>,

    /// Go on where a list with --limit ended, which has said how.
    #[arg(long, value_name = "TOKEN")]
    pub(crate) page_token: Option<String>,
}
