//! Standard input, output and error without a buffer in between.
//!
//! `source` and `sink` move a megabyte at a time, for which the standard handles' own buffers are
//! only another copy; `progress` and `report` write lines. It must never take a lock that outlives
//! the call.

use std::{
    fs::File,
    io::{self, Write as _},
};

use crate::text;

/// Standard input as a file.
pub(crate) fn input() -> io::Result<File> {
    duplicate(&io::stdin())
}

/// Standard output as a file.
pub(crate) fn output() -> io::Result<File> {
    duplicate(&io::stdout())
}

/// Writes one line to standard error, whatever it holds of a file, a table or an answer. A standard error
/// that is closed takes nothing, and there is nowhere left to say so.
pub(crate) fn error_line(line: &str) {
    let mut stderr = io::stderr().lock();
    if writeln!(stderr, "{}", text::one_line(line)).is_err() {
        drop(stderr);
    }
}

#[cfg(unix)]
fn duplicate(stream: &impl std::os::fd::AsFd) -> io::Result<File> {
    Ok(File::from(stream.as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn duplicate(stream: &impl std::os::windows::io::AsHandle) -> io::Result<File> {
    Ok(File::from(stream.as_handle().try_clone_to_owned()?))
}
