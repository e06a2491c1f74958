//! What a command is to do, resolved: flags become requests of the contract.
//!
//! `main` resolves, `command` executes. Everything that can be wrong without asking the server or
//! opening a file is found here; it must never do either.

pub(crate) mod dialect;
mod export;
pub(crate) mod filter;
pub(crate) mod names;
mod reading;
mod scanner;
mod transfers;
mod upload;
pub(crate) mod value;

use std::path::{Path, PathBuf};

use clap_complete::Shell;
use sluice_proto::v1::{PreviewRowsRequest, TableRef};
use uuid::Uuid;

pub(crate) use self::{
    export::Export,
    transfers::TransferList,
    upload::{Inspect, Upload},
};
use crate::{
    cli::{Cli, Command, TransfersCommand},
    connect::Server,
    error::{Error, Result},
    place::Place,
};

/// A command line, resolved.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The server, and how to show it who calls.
    pub(crate) server: Server,
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
    /// Look at a file.
    Inspect(Box<Inspect>),
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
    TransferList(Box<TransferList>),
    /// Show a transfer.
    TransferGet(Uuid),
    /// Follow a transfer.
    TransferWatch(Uuid),
    /// End a transfer.
    TransferCancel(Uuid),
    /// Print the rejected rows of an upload, or write them to a file.
    TransferRejects(Uuid, Endpoint),
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
        let action = action(cli.command)?;
        if cli.json && !has_object(&action) {
            let text =
                "completions, man and inspect --create-statement print text: leave --json out";
            return Err(Error::Usage(text.to_owned()));
        }
        Ok(Self {
            server: Server {
                url: server_url(&cli.server)?,
                credentials: cli.credentials.into(),
                place: Place::from(cli.place).headers()?,
            },
            action,
        })
    }
}

/// Resolves a command. Fails with [`Error::Usage`].
fn action(command: Command) -> Result<Action> {
    let question = match command {
        Command::Upload(args) => return Ok(Action::Upload(Box::new(upload::upload(*args)?))),
        Command::Inspect(args) => return Ok(Action::Inspect(Box::new(upload::inspect(*args)?))),
        Command::Export(args) => return Ok(Action::Export(Box::new(export::export(*args)?))),
        Command::Completions { shell } => return Ok(Action::Completions(shell)),
        Command::Man => return Ok(Action::Man),
        Command::Preview(args) => Question::Preview(Box::new(export::preview(args))),
        Command::Databases => Question::Databases,
        Command::Tables { database } => Question::Tables(database.unwrap_or_default()),
        Command::Describe { table } => Question::Describe(table),
        Command::Ping => Question::Ping,
        Command::Transfers(command) => about_transfers(command),
    };
    Ok(Action::Ask(question))
}

fn about_transfers(command: TransfersCommand) -> Question {
    match command {
        TransfersCommand::List(args) => {
            Question::TransferList(Box::new(transfers::transfer_list(args)))
        }
        TransfersCommand::Get { id } => Question::TransferGet(id),
        TransfersCommand::Watch { id } => Question::TransferWatch(id),
        TransfersCommand::Cancel { id } => Question::TransferCancel(id),
        TransfersCommand::Rejects { id, output } => Question::TransferRejects(id, output.into()),
    }
}

/// Whether the result can be an object.
fn has_object(action: &Action) -> bool {
    match action {
        Action::Completions(_) | Action::Man => false,
        Action::Inspect(inspect) => !inspect.statement_only,
        Action::Upload(_) | Action::Export(_) | Action::Ask(_) => true,
    }
}

/// The URL with its scheme.
fn server_url(text: &str) -> Result<String> {
    if text.is_empty() {
        return Err(Error::Usage(
            "the address of the server is empty".to_owned(),
        ));
    }
    match text.split_once("://") {
        None => Ok(format!("http://{text}")),
        Some(("http" | "https", _)) => Ok(text.to_owned()),
        Some((scheme, _)) => Err(Error::Usage(format!(
            "the address {text} begins with {scheme}://, not with http:// or https://"
        ))),
    }
}

/// The id as given, or a new one whose beginning is the time, so that ids sort by it.
fn transfer_id(given: Option<Uuid>) -> String {
    given.unwrap_or_else(Uuid::now_v7).to_string()
}

#[cfg(test)]
mod tests;
