//! Where a result goes: text for people or one JSON object, to standard output or beside it.
//!
//! The commands print through it. It must never be used for progress or errors, nor mix with data:
//! when an export writes to standard output, results go to standard error.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::{
    cli::{Cli, Command},
    error::{Error, Result},
    text::Plain,
};

/// How results are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    is_json: bool,
    is_quiet: bool,
    beside_data: bool,
}

impl Output {
    /// What the command line asks for.
    pub(crate) fn new(cli: &Cli) -> Self {
        let beside_data =
            matches!(&cli.command, Command::Export(args) if args.output.as_os_str() == "-");
        Self {
            is_json: cli.json,
            is_quiet: cli.quiet,
            beside_data,
        }
    }

    /// JSON to standard output, for a command line that could not be read.
    pub(crate) fn json() -> Self {
        Self {
            is_json: true,
            ..Self::text()
        }
    }

    /// Text to standard output.
    pub(crate) fn text() -> Self {
        Self {
            is_json: false,
            is_quiet: false,
            beside_data: false,
        }
    }

    /// Whether progress and summaries are left out.
    pub(crate) fn is_quiet(self) -> bool {
        self.is_quiet
    }

    /// Whether results and errors are JSON.
    pub(crate) fn is_json(self) -> bool {
        self.is_json
    }

    /// Prints what was asked for. Fails with [`Error::Output`].
    pub(crate) fn data(
        self,
        object: &impl Serialize,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        let written = if self.beside_data {
            self.print(io::stderr().lock(), object, text)
        } else {
            self.print(BufWriter::new(io::stdout().lock()), object, text)
        };
        written.map_err(Error::Output)
    }

    /// Prints what a transfer has done; nothing for people who asked for quiet.
    pub(crate) fn summary(self, object: &impl Serialize, text: &str) -> Result<()> {
        if self.is_quiet && !self.is_json {
            return Ok(());
        }
        self.data(object, |out| writeln!(out, "{text}"))
    }

    fn print(
        self,
        mut out: impl Write,
        object: &impl Serialize,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.is_json {
            serde_json::to_writer(&mut out, object)?;
            writeln!(out)?;
        } else {
            text(&mut Plain(&mut out))?;
        }
        out.flush()
    }
}
