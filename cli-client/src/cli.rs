//! The command line as typed flags.
//!
//! `main` parses it, `settings` resolves it into requests of the contract, and the commands
//! `completions` and `man` print it. It is the only reader of the environment, and must never offer
//! a flag that the server does not honour.

mod again;
mod config;
mod credentials;
mod export;
mod help;
mod ping;
mod place;
mod reading;
mod transfers;
mod upload;
mod words;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use sluice_proto::v1::TableRef;

pub(crate) use self::{
    again::resume_command,
    config::ConfigArgs,
    credentials::CredentialArgs,
    export::{ExportArgs, FormArgs, PreviewArgs, SourceArgs},
    ping::PingArgs,
    place::PlaceArgs,
    reading::{DialectArgs, ValueArgs},
    transfers::{ListArgs, TransfersCommand},
    upload::{InspectArgs, UploadArgs},
    words::{
        Commit, Compressed, Compression, Format, InvalidUtf8, Kind, LineEnd, Missing, QuoteStyle,
        Quotes, Ragged, State,
    },
};
use crate::settings::names;

/// The heading of the flags that every command takes.
const GENERAL: &str = "General options";

/// Moves flat files into ClickHouse tables and tables into flat files.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, after_help = help::AFTER, max_term_width = 100)]
pub(crate) struct Cli {
    /// Profile, and the file that it stands in.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,

    /// Address of the Sluice server. Default: that of the profile, or `http://127.0.0.1:50051`.
    #[arg(long, global = true, help_heading = GENERAL, value_name = "URL", env = "SLUICE_SERVER")]
    pub(crate) server: Option<String>,

    /// Token and certificates.
    #[command(flatten)]
    pub(crate) credentials: CredentialArgs,

    /// Which ClickHouse.
    #[command(flatten)]
    pub(crate) place: PlaceArgs,

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
    /// How the file is written is found in it, and said. Strict: the first value that does not fit
    /// its column exactly ends the upload with the line, the column and the value, unless
    /// --max-rejects allows for some. Files with a header are matched to the table's columns by
    /// name.
    ///
    /// When the connection breaks, or the server or ClickHouse goes away, the upload of a file goes
    /// on by itself where it stood (--retry-time); in every commit mode but direct each row is in
    /// the table once whatever happens in between. Standard input cannot be sent again.
    #[command(after_help = help::RESUME)]
    Upload(Box<UploadArgs>),
    /// Show how a file would be read: its form, its columns, its first rows.
    ///
    /// Looks at the beginning of the file only, and loads nothing; `upload --dry-run` checks all of
    /// it. With --table it also tries those rows against the table. The exit code is 0 whatever is
    /// found.
    Inspect(Box<InspectArgs>),
    /// Write a table or the result of a query to a file, or to standard output.
    ///
    /// FILE is replaced only when the export is complete; until then, and after any failure, it
    /// stays as it was. When the connection breaks, the export begins again by itself; with --resume
    /// it goes on where it stood.
    #[command(after_help = help::WHERE)]
    Export(Box<ExportArgs>),
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
    /// Ask whether the server and its ClickHouse answer, and which grants are missing there.
    ///
    /// Lists what the user of ClickHouse may not do, and the GRANT statements that would allow it. With
    /// --table the exit code is 6 where one is missing that an upload into the table needs; what
    /// exports, the journal or other commit modes need is listed only.
    Ping(PingArgs),
    /// Look at running and recent transfers and their rejected rows, or cancel one.
    #[command(subcommand)]
    Transfers(TransfersCommand),
    /// List the profiles of the configuration file.
    ///
    /// What stands there is checked, and no server is asked.
    #[command(after_help = help::PROFILES)]
    Profiles,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man,
}
