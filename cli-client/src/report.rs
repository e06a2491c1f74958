//! What went wrong, for people or as JSON, and the exit code that goes with it.
//!
//! `main` calls it last. The reasons of local failures are made here; those of the server are in the
//! contract. It must never print a message without its variables: line, column and value are what
//! the reader needs.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    time::Duration,
};

use serde::Serialize;
use sluice_proto::{
    code_name,
    v1::{Transfer, TransferError},
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    error::{Error, Left, connection_broke, leaves_rows},
    exit::Exit,
    json::{self, ErrorObject, ViolationObject},
    output::Output,
    rejects::Saved,
    stdio, text,
    trust::Distrust,
};

mod hint;

/// What is said of a failure.
#[derive(Debug, Serialize)]
struct Report {
    error: ErrorObject,
    #[serde(skip)]
    exit: Exit,
    #[serde(skip)]
    retry_after: Option<Duration>,
}

/// Prints a failure and returns its exit code. A reader of standard output that has gone away is
/// none.
pub(crate) fn failure(error: &Error, output: Output) -> Exit {
    if is_closed_output(error) {
        return Exit::Success;
    }
    let report = Report::new(error);
    if output.is_json() {
        // What is missing, or wrong, stands in an object that has been printed.
        if !matches!(error, Error::NotGranted { .. } | Error::WouldFail { .. }) {
            // A standard output that is closed leaves the exit code to say it.
            output.data(&report, |_| Ok(())).ok();
        }
    } else {
        report.print();
    }
    report.exit
}

/// Prints what clap found wrong with the command line, or the help that was asked for.
pub(crate) fn usage(error: &clap::Error, args: impl Iterator<Item = OsString>) -> Exit {
    let args: Vec<_> = args.collect();
    if error.use_stderr() && args.iter().any(|arg| arg == "--json") {
        let text = error.render().to_string();
        let message = text.trim_start_matches("error: ").trim_end();
        return failure(&Error::Usage(message.to_owned()), Output::json());
    }
    // What was found wrong stands in the text: a name that somebody else gave a file, for one.
    let is_plain = |arg: &OsString| {
        let arg = arg.to_string_lossy();
        text::one_line(&arg) == arg
    };
    let printed = if args.iter().all(is_plain) {
        error.print()
    } else {
        write!(text::Plain(io::stderr()), "{}", error.render())
    };
    match printed {
        Ok(()) if error.use_stderr() => Exit::Usage,
        Ok(()) => Exit::Success,
        Err(source) => failure(&Error::Output(source), Output::text()),
    }
}

fn is_closed_output(error: &Error) -> bool {
    matches!(error, Error::Output(source) if source.kind() == io::ErrorKind::BrokenPipe)
}

impl Report {
    fn new(error: &Error) -> Self {
        match error {
            Error::Call(status) => Self::of_call(status, error),
            Error::Transfer { transfer_id, error } => Self::of_transfer(transfer_id, error),
            Error::Ended(transfer) => Self::ended(transfer, error),
            Error::Upload {
                transfer_id,
                cause,
                saved,
            } => Self::new(cause).about_upload(transfer_id, saved.as_ref()),
            Error::Left {
                transfer_id,
                cause,
                left,
            } => {
                let mut report = Self::new(cause).with("transferId", transfer_id);
                report.error.message = error.to_string();
                report.left(left)
            }
            Error::Busy { transfer_id, .. } => {
                Self::local(error, Code::Unavailable, "TRANSFER_BUSY", Exit::Unavailable)
                    .with("transferId", transfer_id)
            }
            Error::NotGranted { table } => Self::not_granted(error, table),
            Error::WouldFail { .. } => {
                Self::local(error, Code::InvalidArgument, "TOO_MANY_REJECTS", Exit::Data)
            }
            Error::FileChanged { name, .. } => Self::local(
                error,
                Code::FailedPrecondition,
                "FILE_CHANGED",
                Exit::Precondition,
            )
            .with("path", name),
            Error::Unsaved {
                transfer_id, cause, ..
            } => {
                let mut report = Self::new(cause).with("transferId", transfer_id);
                report.error.message = error.to_string();
                report
            }
            Error::Source {
                name,
                bytes,
                source,
            } => Self::of_file(error, "SOURCE_UNREADABLE", source).place(name, *bytes),
            Error::Sink {
                name,
                bytes,
                source,
            } => Self::of_file(error, "SINK_UNWRITABLE", source).place(name, *bytes),
            Error::Usage(_) => Self::local(error, Code::InvalidArgument, "USAGE", Exit::Usage),
            Error::Untrusted(distrust) => Self::untrusted(error, distrust),
            Error::Connect { server, .. } => Self::local(
                error,
                Code::Unavailable,
                "SERVER_UNREACHABLE",
                Exit::Unavailable,
            )
            .with("server", server),
            Error::Output(source) => Self::of_file(error, "SINK_UNWRITABLE", source),
            Error::NoSummary { bytes } => {
                Self::local(error, Code::DataLoss, "EXPORT_INCOMPLETE", Exit::Failure)
                    .with("bytes", &bytes.to_string())
            }
            Error::SizeMismatch { expected, bytes } => {
                Self::local(error, Code::DataLoss, "EXPORT_INCOMPLETE", Exit::Failure)
                    .with("bytes", &bytes.to_string())
                    .with("expected", &expected.to_string())
            }
            Error::ColumnsChanged | Error::TableReplaced => {
                Self::local(error, Code::Aborted, "EXPORT_INCOMPLETE", Exit::Failure)
            }
            Error::Interrupted => {
                Self::local(error, Code::Cancelled, "INTERRUPTED", Exit::Interrupted)
            }
            Error::Answer(_) => Self::local(error, Code::Internal, "BAD_ANSWER", Exit::Failure),
            Error::Runtime(_) => Self::local(error, Code::Internal, "INTERNAL", Exit::Failure),
        }
    }

    fn local(error: &Error, code: Code, reason: &str, exit: Exit) -> Self {
        Self {
            error: ErrorObject {
                code: code_name(code),
                reason: reason.to_owned(),
                message: error.to_string(),
                metadata: [].into(),
                violations: Vec::new(),
            },
            exit,
            retry_after: None,
        }
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.error.metadata.insert(key.to_owned(), value.to_owned());
        self
    }

    /// A local file or pipe that failed.
    fn of_file(error: &Error, reason: &str, source: &io::Error) -> Self {
        let report = Self::local(error, io_code(source), reason, Exit::LocalIo);
        report.with("osError", &source.to_string())
    }

    fn place(self, path: &str, bytes: u64) -> Self {
        self.with("path", path).with("bytes", &bytes.to_string())
    }

    fn untrusted(error: &Error, distrust: &Distrust) -> Self {
        let reason = match distrust {
            Distrust::Server(_) => "SERVER_UNTRUSTED",
            Distrust::Client(_) => "CLIENT_UNTRUSTED",
        };
        Self::local(error, Code::Unauthenticated, reason, Exit::Permission)
    }

    /// Only its text and its exit code are printed: what is missing stands before it.
    fn not_granted(error: &Error, table: &str) -> Self {
        let exit = Exit::Permission;
        Self::local(error, Code::PermissionDenied, "GRANTS_MISSING", exit).with("table", table)
    }

    fn of_call(status: &Status, error: &Error) -> Self {
        if connection_broke(status) {
            return Self::local(
                error,
                Code::Unavailable,
                "CONNECTION_LOST",
                Exit::Unavailable,
            );
        }
        let (reason, metadata) = match status.get_details_error_info() {
            Some(info) => (info.reason, info.metadata),
            None => Default::default(),
        };
        let violations = status.get_details_bad_request().into_iter();
        let violations = violations.flat_map(|request| request.field_violations);
        let violations = violations.map(|found| ViolationObject {
            field: found.field,
            description: found.description,
        });
        let exit = Exit::of_call(status.code(), &reason);
        Self {
            error: ErrorObject {
                code: code_name(status.code()),
                reason,
                message: error.to_string(),
                metadata: metadata.into_iter().collect(),
                violations: violations.collect(),
            },
            exit,
            retry_after: status
                .get_details_retry_info()
                .and_then(|info| info.retry_delay),
        }
    }

    fn of_transfer(transfer_id: &str, error: &TransferError) -> Self {
        let report = Self {
            error: ErrorObject::of_transfer(error),
            exit: Exit::of_call(error.code.into(), &error.reason),
            retry_after: None,
        };
        report.with("transferId", transfer_id)
    }

    /// An upload that had ended before: what was wrong with it then is not wrong now.
    fn ended(transfer: &Transfer, error: &Error) -> Self {
        let end = transfer.error.clone().unwrap_or_default();
        let rows_left = end.metadata.get("rowsLeft");
        let reason = if leaves_rows(transfer) {
            "TRANSFER_NOT_RESUMABLE"
        } else {
            "TRANSFER_ENDED"
        };
        let state = json::state(transfer).to_uppercase();
        let report = Self::local(error, Code::FailedPrecondition, reason, Exit::Precondition);
        let mut report = report
            .with("transferId", &transfer.transfer_id)
            .with("state", &state)
            .with("cause", &end.message)
            .with("causeReason", &end.reason);
        if let Some(time) = json::end_time(transfer) {
            report = report.with("endTime", &time.to_string());
        }
        match rows_left {
            Some(rows) => report.with("rowsLeft", rows),
            None => report,
        }
    }

    /// Adds the transfer, and where its rejected rows are.
    fn about_upload(self, transfer_id: &str, saved: Option<&Saved>) -> Self {
        let report = self.with("transferId", transfer_id);
        match saved {
            Some(saved) => report.with("rejectsFile", &saved.file),
            None => report,
        }
    }

    /// Adds what has become of an upload. A script must not try again blindly where rows of it may
    /// be in the table.
    fn left(mut self, left: &Left) -> Self {
        match left {
            Left::Resumable { command, .. } => self.with("resume", command),
            Left::Direct(rows) => {
                self.error.code = code_name(Code::FailedPrecondition);
                self.error.reason = "TRANSFER_NOT_RESUMABLE".to_owned();
                self.exit = Exit::Precondition;
                self.with("rows", &rows.to_string())
            }
            Left::Cancelled(rows @ 1..) => self.with("rowsLeft", &rows.to_string()),
            Left::Unknown(rows @ 1..) | Left::StandardInput(rows @ 1..) => {
                self.with("rows", &rows.to_string())
            }
            Left::Cancelled(_) | Left::Committing | Left::Unknown(_) | Left::StandardInput(_) => {
                self
            }
        }
    }

    /// Where the rejected rows are, if there are more than the message names.
    fn rejected_rows(&self) -> Option<String> {
        let metadata = &self.error.metadata;
        if let Some(file) = metadata.get("rejectsFile") {
            return Some(format!("the rejected rows are in {file}"));
        }
        let id = metadata.get("transferId")?;
        (self.error.reason == "TOO_MANY_REJECTS")
            .then(|| format!("`sluice transfers rejects {id}` prints the rejected rows"))
    }

    /// The message, its variables, and what to do.
    fn print(&self) {
        stdio::error_line(&format!("sluice: {}", self.error.message));
        let variables = self.variables();
        if !variables.is_empty() {
            stdio::error_line(&format!("  {variables}"));
        }
        if let Some(place) = self.rejected_rows() {
            stdio::error_line(&format!("  {place}"));
        }
        for violation in &self.error.violations {
            stdio::error_line(&format!("  {}: {}", violation.field, violation.description));
        }
        // The value may be right, and the type that was found for its column wrong.
        if let Some(command) = self.error.metadata.get("resume") {
            stdio::error_line(&format!("hint: go on with: {command}"));
        } else if self.error.metadata.contains_key("neededType") {
            stdio::error_line(&format!("hint: {}", hint::TYPES));
        } else if let Some(hint) = hint::of(&self.error.reason)
            && !self.names_option()
            && !self.is_of_foreign_file()
        {
            stdio::error_line(&format!("hint: {hint}"));
        } else if let Some(delay) = self.retry_after {
            stdio::error_line(&format!("hint: try again in {}", text::duration(delay)));
        }
    }

    /// Whether the file is no text at all, so that no encoding helps.
    fn is_of_foreign_file(&self) -> bool {
        let mut about_text = ["encoding", "byteOffset", "line"].into_iter();
        let is_about_text = about_text.any(|key| self.error.metadata.contains_key(key));
        self.error.reason == "INVALID_ENCODING" && !is_about_text
    }

    /// Whether the message about a value already names what reads it.
    fn names_option(&self) -> bool {
        self.error.metadata.contains_key("column") && self.error.message.contains(": `--")
    }

    /// The variables that tell where in the file or the table it is: `line 17, column age, …`.
    fn variables(&self) -> String {
        let keys = [
            ("line", "line"),
            ("record", "record"),
            ("byteOffset", "byte"),
            ("field", "field"),
            ("column", "column"),
            ("type", "type"),
            ("value", "value"),
            ("reason", "reason"),
        ];
        let found = keys.into_iter().filter_map(|(key, name)| {
            let value = text::one_line(self.error.metadata.get(key)?);
            Some(match key {
                "value" => format!("{name} \"{value}\""),
                _ => format!("{name} {value}"),
            })
        });
        found.collect::<Vec<_>>().join(", ")
    }
}

/// The gRPC code that says the same as the system's error.
fn io_code(error: &io::Error) -> Code {
    match error.kind() {
        io::ErrorKind::NotFound => Code::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Code::PermissionDenied
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::ResourceExhausted,
        io::ErrorKind::IsADirectory => Code::FailedPrecondition,
        _ => Code::Unknown,
    }
}

#[cfg(test)]
mod tests;
