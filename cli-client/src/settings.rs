//! What a command is to do, resolved: flags become requests of the contract.
//!
//! `main` resolves, `command` executes. Everything that can be wrong without asking the server or
//! opening a file is found here; it must never do either.

pub(crate) mod dialect;
pub(crate) mod filter;
pub(crate) mod names;
mod scanner;

use std::path::{Path, PathBuf};

use clap_complete::Shell;
use sluice_proto::v1::{
    CommitMode, Dialect, ExportRequest, Format, PreviewRowsRequest, TableRef, TableSource,
    UploadSpec, export_request, preview_rows_request,
};
use uuid::Uuid;

use crate::{
    cli::{self, Cli, Command, DialectArgs, ExportArgs, PreviewArgs, TransfersCommand, UploadArgs},
    error::{Error, Result},
};

/// A command line, resolved.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The URL of the server.
    pub(crate) server: String,
    /// What to do.
    pub(crate) action: Action,
}

/// What to do.
#[derive(Debug)]
pub(crate) enum Action {
    /// Load a file.
    Upload(Box<Upload>),
    /// Write a file.
    Export(Box<Export>),
    /// Ask for something that changes nothing here.
    Ask(Question),
    /// Print a completion script.
    Completions(Shell),
    /// Print the manual page.
    Man,
}

/// What to ask the server.
#[derive(Debug)]
pub(crate) enum Question {
    /// Show rows.
    Preview(Box<PreviewRowsRequest>),
    /// List databases.
    Databases,
    /// List the tables of a database; an empty name is the default one.
    Tables(String),
    /// Show a table.
    Describe(TableRef),
    /// Ask for the state of the connection.
    Ping,
    /// List transfers.
    TransferList,
    /// Show a transfer.
    TransferGet(Uuid),
    /// Follow a transfer.
    TransferWatch(Uuid),
    /// End a transfer.
    TransferCancel(Uuid),
}

/// An upload.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Where the bytes come from.
    pub(crate) input: Endpoint,
    /// What to load, and how; its size is filled in when the file is open.
    pub(crate) spec: UploadSpec,
    /// The table.
    pub(crate) table: TableRef,
}

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
}

/// The local end of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Standard input or output.
    Standard,
    /// A path.
    Path(PathBuf),
}

impl From<PathBuf> for Endpoint {
    fn from(path: PathBuf) -> Self {
        if path == Path::new("-") {
            Self::Standard
        } else {
            Self::Path(path)
        }
    }
}

impl Settings {
    /// Resolves the command line. Fails with [`Error::Usage`].
    pub(crate) fn resolve(cli: Cli) -> Result<Self> {
        let action = match cli.command {
            Command::Upload(args) => Action::Upload(Box::new(upload(args))),
            Command::Export(args) => Action::Export(Box::new(export(args))),
            Command::Preview(args) => Action::Ask(Question::Preview(Box::new(preview(args)))),
            Command::Databases => Action::Ask(Question::Databases),
            Command::Tables { database } => {
                Action::Ask(Question::Tables(database.unwrap_or_default()))
            }
            Command::Describe { table } => Action::Ask(Question::Describe(table)),
            Command::Ping => Action::Ask(Question::Ping),
            Command::Transfers(TransfersCommand::List) => Action::Ask(Question::TransferList),
            Command::Transfers(TransfersCommand::Get { id }) => {
                Action::Ask(Question::TransferGet(id))
            }
            Command::Transfers(TransfersCommand::Watch { id }) => {
                Action::Ask(Question::TransferWatch(id))
            }
            Command::Transfers(TransfersCommand::Cancel { id }) => {
                Action::Ask(Question::TransferCancel(id))
            }
            Command::Completions { shell } => Action::Completions(shell),
            Command::Man => Action::Man,
        };
        if cli.json && matches!(action, Action::Completions(_) | Action::Man) {
            let text = "completions and man print text: leave --json out";
            return Err(Error::Usage(text.to_owned()));
        }
        Ok(Self {
            server: server_url(&cli.server)?,
            action,
        })
    }
}

/// The URL with its scheme. TLS belongs to a proxy in front of the server, or to a later version.
fn server_url(text: &str) -> Result<String> {
    if text.is_empty() {
        return Err(Error::Usage(
            "the address of the server is empty".to_owned(),
        ));
    }
    match text.split_once("://") {
        None => Ok(format!("http://{text}")),
        Some(("http", _)) => Ok(text.to_owned()),
        Some((scheme, _)) => Err(Error::Usage(format!(
            "the address {text} begins with {scheme}://, and this version speaks http:// only"
        ))),
    }
}

fn upload(args: UploadArgs) -> Upload {
    let source_name = match args.file.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => "-".to_owned(),
    };
    let commit_mode = match args.commit {
        cli::Commit::Auto => CommitMode::Unspecified,
        cli::Commit::Direct => CommitMode::Direct,
        cli::Commit::Atomic => CommitMode::Atomic,
        cli::Commit::Blocks => CommitMode::Blocks,
        cli::Commit::Replace => CommitMode::Replace,
    };
    Upload {
        input: args.file.into(),
        table: args.table.clone(),
        spec: UploadSpec {
            transfer_id: transfer_id(args.transfer_id),
            table: Some(args.table),
            dialect: Some(dialect(args.dialect)),
            columns: args.columns.map(|columns| columns.0).unwrap_or_default(),
            create_table: args.create,
            commit_mode: commit_mode.into(),
            total_bytes: None,
            source_name,
        },
    }
}

fn export(args: ExportArgs) -> Export {
    let reads_what_it_writes = args.source.table.is_some() && args.conditions.is_empty();
    let source = match (args.source.table, args.source.query) {
        (None, Some(query)) => export_request::Source::Query(query),
        (table, _) => export_request::Source::Table(TableSource {
            table,
            columns: args.columns.map(|columns| columns.0).unwrap_or_default(),
            r#where: args.conditions,
            order_by: args.order_by.map(|order| order.0).unwrap_or_default(),
            limit: args.limit,
        }),
    };
    Export {
        output: args.output.into(),
        reads_what_it_writes,
        limit: args.limit,
        request: ExportRequest {
            transfer_id: transfer_id(args.transfer_id),
            source: Some(source),
            dialect: Some(dialect(args.dialect)),
        },
    }
}

fn preview(args: PreviewArgs) -> PreviewRowsRequest {
    let table = args.source.table.map(preview_rows_request::Source::Table);
    let query = args.source.query.map(preview_rows_request::Source::Query);
    PreviewRowsRequest {
        source: table.or(query),
        limit: args.limit,
    }
}

fn dialect(args: DialectArgs) -> Dialect {
    let format = match args.format {
        cli::Format::Csv => Format::Csv,
        cli::Format::Tsv => Format::Tsv,
    };
    Dialect {
        format: format.into(),
        delimiter: args.delimiter,
        quote: args.quote,
        header: args.no_header.then_some(false),
    }
}

/// The id as given, or a new one whose beginning is the time, so that ids sort by it.
fn transfer_id(given: Option<Uuid>) -> String {
    given.unwrap_or_else(Uuid::now_v7).to_string()
}

#[cfg(test)]
mod tests;
