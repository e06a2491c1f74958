//! The flags that say which ClickHouse the server is to work with.

use std::path::PathBuf;

use clap::Args;

use super::GENERAL;
use crate::place::Place;

/// One of the server's connections, or a ClickHouse of one's own.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// Connection of the server to work with, by its name. Default: its own, `default`.
    #[arg(
        long,
        global = true,
        help_heading = GENERAL,
        value_name = "NAME",
        env = "SLUICE_CONNECTION",
        conflicts_with = "clickhouse_url"
    )]
    connection: Option<String>,

    /// Another ClickHouse, where the server allows that: http://host:port or https://host:port.
    #[arg(long, global = true, help_heading = GENERAL, value_name = "URL")]
    clickhouse_url: Option<String>,

    /// Database of a table that is named without one, at --clickhouse-url.
    #[arg(long, global = true, help_heading = GENERAL, value_name = "DATABASE")]
    clickhouse_database: Option<String>,

    /// User at --clickhouse-url; the password is asked for on a terminal. Default: `default`.
    #[arg(long, global = true, help_heading = GENERAL, value_name = "USER")]
    clickhouse_user: Option<String>,

    /// File with the user's password. Nobody else may be able to read it.
    #[arg(long, global = true, help_heading = GENERAL, value_name = "FILE")]
    clickhouse_password_file: Option<PathBuf>,

    /// File with a token for --clickhouse-url, instead of a user.
    #[arg(
        long,
        global = true,
        help_heading = GENERAL,
        value_name = "FILE",
        conflicts_with_all = ["clickhouse_user", "clickhouse_password_file"]
    )]
    clickhouse_token_file: Option<PathBuf>,
}

impl From<PlaceArgs> for Place {
    fn from(args: PlaceArgs) -> Self {
        Self {
            connection: args.connection,
            url: args.clickhouse_url,
            database: args.clickhouse_database,
            user: args.clickhouse_user,
            password_file: args.clickhouse_password_file,
            token_file: args.clickhouse_token_file,
        }
    }
}
