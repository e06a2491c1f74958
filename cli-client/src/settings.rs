//! What a command is to do, resolved: flags become requests of the contract.
//!
//! `main` resolves, `command` executes. Everything that can be wrong without asking the server or
//! opening the file to move is found here; it must never do either. What it does open is the
//! configuration file and passwords.

pub(crate) mod dialect;
mod export;
pub(crate) mod filter;
pub(crate) mod names;
mod reading;
mod scanner;
mod server;
mod transfers;
mod upload;
pub(crate) mod value;

use std::path::{Path, PathBuf};

use clap_complete::Shell;
use sluice_proto::v1::{CheckConnectionRequest, PreviewRowsRequest, TableRef};
use uuid::Uuid;

use self::server::Given;
pub(crate) use self::{
    export::Export,
    server::server_url,
    transfers::TransferList,
    upload::{Inspect, Upload},
};
use crate::{
    cli::{Cli, Command, TransfersCommand},
    config::Wanted,
    connect::Server,
    error::{Error, Result},
    stdio,
};

/// A command line, resolved.
#[derive(Debug)]
pub(crate) enum Settings {
    /// Print what is known without a server.
    Print(Page),
    /// Work with a server.
    Work(Box<Work>),
}

/// What is known without a server.
#[derive(Debug)]
pub(crate) enum Page {
    /// A completion script.
    Completions(Shell),
    /// The manual page.
    Man,
    /// The profiles of the configuration file.
    Profiles(Wanted),
}

/// What to do with which server.
#[derive(Debug)]
pub(crate) struct Work {
    /// The server, and how to show it who calls.
    pub(crate) server: Server,
    /// What to do.
    pub(crate) action: Action,
}

/// What to do with a server.
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
    Ping(Box<CheckConnectionRequest>),
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
    /// Resolves the command line. Asks for a password on a terminal where one is missing, and says on
    /// standard error when a profile is not used. Fails with [`Error::Usage`].
    pub(crate) fn resolve(cli: Cli) -> Result<Self> {
        let wanted = Wanted::from(cli.config);
        let task = task(cli.command, &wanted)?;
        if cli.json && !has_object(&task) {
            let text =
                "completions, man and inspect --create-statement print text: leave --json out";
            return Err(Error::Usage(text.to_owned()));
        }
        let action = match task {
            Task::Print(page) => return Ok(Self::Print(page)),
            Task::Work(action) => action,
        };
        let given = Given {
            server: cli.server,
            credentials: cli.credentials.into(),
            place: cli.place.into(),
        };
        let (server, note) = server::resolve(given, &wanted)?;
        if let Some(note) = note.filter(|_| !cli.quiet) {
            stdio::error_line(&note);
        }
        Ok(Self::Work(Box::new(Work { server, action })))
    }
}

/// A command, resolved.
enum Task {
    Print(Page),
    Work(Action),
}

/// Resolves a command. Fails with [`Error::Usage`].
fn task(command: Command, wanted: &Wanted) -> Result<Task> {
    let action = match command {
        Command::Completions { shell } => return Ok(Task::Print(Page::Completions(shell))),
        Command::Man => return Ok(Task::Print(Page::Man)),
        Command::Profiles => return Ok(Task::Print(Page::Profiles(wanted.clone()))),
        Command::Upload(args) => Action::Upload(Box::new(upload::upload(*args)?)),
        Command::Inspect(args) => Action::Inspect(Box::new(upload::inspect(*args)?)),
        Command::Export(args) => Action::Export(Box::new(export::export(*args)?)),
        Command::Preview(args) => Action::Ask(Question::Preview(Box::new(export::preview(args)?))),
        Command::Databases => Action::Ask(Question::Databases),
        Command::Tables { database } => Action::Ask(Question::Tables(database.unwrap_or_default())),
        Command::Describe { table } => Action::Ask(Question::Describe(table)),
        Command::Ping(args) => Action::Ask(Question::Ping(Box::new(upload::ping(args)))),
        Command::Transfers(command) => Action::Ask(about_transfers(command)),
    };
    Ok(Task::Work(action))
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
fn has_object(task: &Task) -> bool {
    match task {
        Task::Print(Page::Completions(_) | Page::Man) => false,
        Task::Work(Action::Inspect(inspect)) => !inspect.statement_only,
        Task::Print(Page::Profiles(_))
        | Task::Work(Action::Upload(_) | Action::Export(_) | Action::Ask(_)) => true,
    }
}

/// The id as given, or a new one whose beginning is the time, so that ids sort by it.
fn transfer_id(given: Option<Uuid>) -> String {
    given.unwrap_or_else(Uuid::now_v7).to_string()
}

#[cfg(test)]
mod tests;
