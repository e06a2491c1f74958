//! `sluice man`: the manual page, with the pages of all commands behind it.
//!
//! Called by `command`. It must never ask the server.

use std::io::{self, Write as _};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::{
    cli::Cli,
    error::{Error, Result},
};

/// Prints the pages.
pub(super) fn run() -> Result<()> {
    let mut command = Cli::command();
    command.build();
    let mut pages = Vec::new();
    render(&command, "sluice", &mut pages).map_err(Error::Output)?;
    io::stdout().lock().write_all(&pages).map_err(Error::Output)
}

/// Renders a command and those below it, each under its whole name.
fn render(command: &Command, name: &str, pages: &mut Vec<u8>) -> io::Result<()> {
    Man::new(command.clone().disable_help_subcommand(true))
        .title(name)
        .render(pages)?;
    for below in command
        .get_subcommands()
        .filter(|below| below.get_name() != "help")
    {
        render(below, &format!("{name}-{}", below.get_name()), pages)?;
    }
    Ok(())
}
