//! The commands, one file each, and what they share: the connection and the way to be interrupted.
//!
//! `main` calls [`run`] with resolved settings. A command must never leave a transfer behind that it
//! began and gave up: see [`guarded`].

mod completions;
mod databases;
mod describe;
mod export;
mod inspect;
mod man;
mod ping;
mod preview;
mod profiles;
mod tables;
mod transfers;
mod upload;

use std::{io, pin::pin};

use crate::{
    connect::{Connection, Server},
    error::{Error, Result},
    output::Output,
    settings::{Action, Endpoint, Page, Question, Settings, Work},
    signal::Interrupt,
};

/// Runs a command to its end, or until it is interrupted.
pub(crate) async fn run(settings: Settings, output: Output) -> Result<()> {
    let Work { server, action } = match settings {
        Settings::Print(page) => return print(&page, output),
        Settings::Work(work) => *work,
    };
    let mut interrupt = Interrupt::listen().map_err(Error::Runtime)?;
    match action {
        Action::Upload(upload) => {
            Box::pin(upload::run(*upload, &server, output, &mut interrupt)).await
        }
        Action::Export(export) => export::run(*export, &server, output, &mut interrupt).await,
        Action::Inspect(look) => inspect::run(*look, &server, output, &mut interrupt).await,
        Action::Ask(question) => unless(&mut interrupt, ask(question, &server, output)).await,
    }
}

/// Prints what no server is asked for.
fn print(page: &Page, output: Output) -> Result<()> {
    match page {
        Page::Completions(shell) => completions::run(*shell),
        Page::Man => man::run(),
        Page::Profiles(wanted) => profiles::run(wanted, output),
    }
}

/// Runs a command that leaves nothing to be undone.
async fn ask(question: Question, server: &Server, output: Output) -> Result<()> {
    let connection = Connection::open(server).await?;
    match question {
        Question::Preview(request) => preview::run(*request, &connection, output).await,
        Question::Databases => databases::run(&connection, output).await,
        Question::Tables(database) => tables::run(&database, &connection, output).await,
        Question::Describe(table) => describe::run(table, &connection, output).await,
        Question::Ping(request) => ping::run(*request, &server.url, &connection, output).await,
        Question::TransferList(list) => transfers::list(*list, &connection, output).await,
        Question::TransferGet(id) => transfers::get(id, &connection, output).await,
        Question::TransferWatch(id) => transfers::watch(id, &connection, output).await,
        Question::TransferCancel(id) => transfers::cancel(id, &connection, output).await,
        Question::TransferRejects(id, target) => {
            transfers::rejects(id, &target, &connection, output).await
        }
    }
}

/// Waits for the work, or fails with [`Error::Interrupted`].
async fn unless<T>(interrupt: &mut Interrupt, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        result = work => result,
        _ = interrupt.received() => Err(Error::Interrupted),
    }
}

/// Waits for a transfer; when it is interrupted, the server is told before the call is dropped. A
/// transfer that fails on this side tells the server itself, while its call still stands: a call that
/// breaks off looks like a client that has gone.
async fn guarded<T>(
    connection: &Connection,
    transfer_id: &str,
    interrupt: &mut Interrupt,
    transfer: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut transfer = pin!(transfer);
    let result = unless(interrupt, &mut transfer).await;
    if let Err(Error::Interrupted) = &result {
        // Whoever asks twice does not want to wait.
        tokio::select! {
            _ = connection.give_up(transfer_id) => {}
            _ = interrupt.received() => {}
        }
    }
    result
}

/// Whether the reader of standard output has seen enough.
fn is_closed_pipe(error: &Error, output: &Endpoint) -> bool {
    let Error::Sink { source, .. } = error else {
        return false;
    };
    *output == Endpoint::Standard && source.kind() == io::ErrorKind::BrokenPipe
}
