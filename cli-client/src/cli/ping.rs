//! The flags of `ping`: whose grants to look at.

use clap::Args;
use sluice_proto::v1::TableRef;

use super::Commit;
use crate::settings::names;

/// An upload whose grants are looked at.
#[derive(Debug, Args)]
pub(crate) struct PingArgs {
    /// The table whose grants to look at: `db.table` or `table`; names with other characters in
    /// backticks. Default: all tables of the default database.
    #[arg(long, short, value_name = "DB.T", value_parser = names::parse_table)]
    pub(crate) table: Option<TableRef>,

    /// How rows are to become visible in it, as in `upload`.
    #[arg(long, value_name = "MODE", default_value = "auto", requires = "table")]
    pub(crate) commit: Commit,

    /// The table is to be created, as in `upload`.
    #[arg(long, requires = "table")]
    pub(crate) create: bool,
}
