//! Processes beside the test: commands that run on, signals, and who is whose child.

use std::{
    fs,
    io::{Read as _, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus},
};

use serde_json::Value;

use super::until;

/// A command that runs beside the test.
pub(crate) struct Client {
    process: Child,
    input: Option<ChildStdin>,
}

impl Client {
    /// Takes a command that was started with pipes.
    pub(super) fn new(mut process: Child) -> Self {
        let input = process.stdin.take();
        Self { process, input }
    }

    /// Writes to its standard input.
    pub(crate) fn write(&mut self, data: &str) {
        self.try_write(data).unwrap();
    }

    /// Writes to its standard input, which it may have closed.
    pub(crate) fn try_write(&mut self, data: &str) -> std::io::Result<()> {
        self.input.as_mut().unwrap().write_all(data.as_bytes())
    }

    /// Ends its standard input.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    pub(crate) fn output(&mut self) -> ChildStdout {
        self.process.stdout.take().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.process.id());
    }

    /// Waits for its end: exit code, JSON object and what it says to people.
    pub(crate) fn finish_with_notes(mut self) -> (Option<i32>, Value, String) {
        let mut stderr = self.process.stderr.take().unwrap();
        let (code, object) = self.finish();
        let mut notes = String::new();
        stderr.read_to_string(&mut notes).unwrap();
        (code, object, notes)
    }

    /// Waits for its end, with its standard input as it is: exit code and JSON object, which are
    /// missing where a signal has ended it.
    pub(crate) fn finish(mut self) -> (Option<i32>, Value) {
        let status = ended(&mut self.process);
        let mut text = String::new();
        if let Some(mut output) = self.process.stdout.take() {
            output.read_to_string(&mut text).unwrap();
        }
        let object = text.lines().last().map(serde_json::from_str);
        (
            status.code(),
            object.transpose().unwrap().unwrap_or_default(),
        )
    }
}

pub(super) fn ended(process: &mut Child) -> ExitStatus {
    until("the process ends", || process.try_wait().unwrap())
}

pub(super) fn signal(name: &str, process: u32) {
    let process = process.to_string();
    let status = Command::new("kill").args(["-s", name, &process]).status();
    assert!(status.unwrap().success(), "{name} to {process}");
}

/// Ends a process that may have ended already.
pub(crate) fn kill(process: u32) {
    let mut command = Command::new("kill");
    command.args(["-9", &process.to_string()]);
    drop(command.output().unwrap());
}

/// The child of a process that has only one.
pub(super) fn child_of(parent: u32) -> Option<u32> {
    let entries = fs::read_dir("/proc").unwrap();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .filter_map(|name| name.parse().ok())
        .find(|process| state_and_parent(*process) == Some((true, parent)))
}

pub(crate) fn is_alive(process: u32) -> bool {
    state_and_parent(process).is_some_and(|(alive, _)| alive)
}

/// Whether the process runs, and its parent; nothing where there is no such process.
fn state_and_parent(process: u32) -> Option<(bool, u32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let alive = !matches!(fields.next()?, "Z" | "X");
    Some((alive, fields.next()?.parse().ok()?))
}
