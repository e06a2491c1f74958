//! `sluice completions`: a completion script for a shell.
//!
//! Called by `command`. It must never ask the server.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{
    cli::Cli,
    error::{Error, Result},
};

/// Prints the script.
pub(super) fn run(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sluice", &mut script);
    io::stdout()
        .lock()
        .write_all(&script)
        .map_err(Error::Output)
}
