//! `sluice`, the command line of Sluice: uploads flat files, exports tables, looks around.
//!
//! `main` only joins the parts: flags (`cli`) become settings (`settings`), a command (`command`)
//! does the work over one connection (`connect`), and what went wrong becomes a text, a JSON object
//! and an exit code (`report`, `exit`). It must never end the process itself: temporary files are
//! removed when values are dropped.

mod cli;
mod command;
mod config;
mod connect;
mod credentials;
mod ends;
mod error;
mod exit;
mod json;
mod output;
mod place;
mod profile;
mod progress;
mod rejects;
mod report;
mod retry;
mod settings;
mod signal;
mod sink;
mod source;
mod stdio;
mod table;
mod task;
mod tcp;
mod text;
mod trust;

use std::{env, process::ExitCode};

use clap::Parser as _;

use crate::{cli::Cli, error::Error, exit::Exit, output::Output, settings::Settings};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => run(cli),
        Err(error) => report::usage(&error, env::args_os()),
    };
    exit.into()
}

/// Runs one command line to its end.
fn run(cli: Cli) -> Exit {
    let output = Output::new(&cli);
    let result = Settings::resolve(cli).and_then(|settings| execute(settings, output));
    match result {
        Ok(()) => Exit::Success,
        Err(error) => report::failure(&error, output),
    }
}

/// Gives the command a runtime and leaves behind, without waiting, a thread that still reads from a
/// silent pipe.
fn execute(settings: Settings, output: Output) -> Result<(), Error> {
    let runtime = task::runtime()?;
    let result = runtime.block_on(command::run(settings, output));
    runtime.shutdown_background();
    result
}
