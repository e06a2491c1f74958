//! Everything that can end a command early.
//!
//! Made where it happens, turned into text, JSON and an exit code by `report`. It must never hold a
//! source as text where the source itself can be kept.

use std::{error::Error as StdError, io};

use sluice_proto::v1::{CommitMode, Transfer, TransferError, TransferState};
use tonic::Status;

use crate::{
    json,
    rejects::Saved,
    text,
    trust::{self, Distrust},
};

/// The result of a step of a command.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The flags do not make sense together.
    #[error("{0}")]
    Usage(String),
    /// No connection to the server.
    #[error("cannot reach the server at {server}: {}{}", deepest(.source), not_tls(.server, .source))]
    Connect {
        /// The address as it was given.
        server: String,
        /// What the transport says.
        source: tonic::transport::Error,
    },
    /// One end of the connection does not trust the other.
    #[error("{0}")]
    Untrusted(#[from] Distrust),
    /// The server answered with an error, or the connection broke.
    #[error("{}", call_text(.0))]
    Call(#[source] Box<Status>),
    /// The transfer that was watched ended by an error.
    #[error("transfer {transfer_id} ended: {}", .error.message)]
    Transfer {
        /// The transfer.
        transfer_id: String,
        /// Its error, as the server keeps it.
        error: Box<TransferError>,
    },
    /// The id of an upload is one that has ended without success before this command.
    #[error("{}", ended_text(.0))]
    Ended(Box<Transfer>),
    /// The server refused an upload, of which it may know rejected rows.
    #[error("{cause}")]
    Upload {
        /// The transfer.
        transfer_id: String,
        /// What the server says.
        cause: Box<Self>,
        /// The file that the rejected rows were written to.
        saved: Option<Saved>,
    },
    /// An upload ended before its time, for a reason that is not its file.
    #[error("{cause}; {}", .left.words(.transfer_id))]
    Left {
        /// The transfer.
        transfer_id: String,
        /// Why it ended.
        cause: Box<Self>,
        /// What has become of it.
        left: Left,
    },
    /// A transfer that is not to be disturbed is still at work.
    #[error("transfer {transfer_id} is still {state}")]
    Busy {
        /// The transfer.
        transfer_id: String,
        /// Where it stands, in a word.
        state: &'static str,
    },
    /// The file to load is not the one that the upload began with.
    #[error("{name} has changed since its upload began: {what}")]
    FileChanged {
        /// The path.
        name: String,
        /// What is different.
        what: String,
    },
    /// An upload is complete, and its rejected rows are not where they were to be.
    #[error(
        "{rows_committed} rows are loaded, but the rejected ones are not saved \
         (`sluice transfers rejects {transfer_id}` has them): {cause}"
    )]
    Unsaved {
        /// The transfer.
        transfer_id: String,
        /// Rows that are in the table.
        rows_committed: i64,
        /// Why they are not.
        cause: Box<Self>,
    },
    /// The user of ClickHouse lacks grants for an upload. What is missing has been printed.
    #[error("clickhouse's user lacks grants that an upload into {table} needs")]
    NotGranted {
        /// The table.
        table: String,
    },
    /// A dry run has found that the upload would fail. What is wrong has been printed.
    #[error("{} would be rejected, and the upload would fail", text::rows(*.rows))]
    WouldFail {
        /// The rows.
        rows: i64,
    },
    /// The server's answer lacks a part that the contract promises.
    #[error("the server's answer has no {0}, which the contract promises")]
    Answer(&'static str),
    /// The file to load cannot be read.
    #[error("cannot read {name} (after {bytes} bytes): {source}")]
    Source {
        /// The path, or `standard input`.
        name: String,
        /// Bytes that were read before.
        bytes: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The file to write cannot be written.
    #[error("cannot write {name} (after {bytes} bytes): {source}")]
    Sink {
        /// The path, or `standard output`.
        name: String,
        /// Bytes that were written before.
        bytes: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The result cannot be written to standard output or standard error.
    #[error("cannot write the result: {0}")]
    Output(#[source] io::Error),
    /// The stream of an export ended without its summary.
    #[error("the export ended after {bytes} bytes without its summary: the file is not whole")]
    NoSummary {
        /// Bytes of the file that had arrived.
        bytes: u64,
    },
    /// The summary of an export names another size than what arrived.
    #[error(
        "the export has {expected} bytes by its summary, {bytes} arrived: the file is not whole"
    )]
    SizeMismatch {
        /// Bytes that the server says it sent.
        expected: i64,
        /// Bytes that arrived.
        bytes: u64,
    },
    /// The rest of an export has other columns than its beginning.
    #[error("the rest of the export has other columns than its beginning")]
    ColumnsChanged,
    /// The rest of an export would come from another table than its beginning.
    #[error("another table of this name has taken the place of the one that the export began with")]
    TableReplaced,
    /// Ctrl-C or a request to terminate.
    #[error("interrupted")]
    Interrupted,
    /// The program's own machinery failed.
    #[error("cannot run: {0}")]
    Runtime(#[source] io::Error),
}

/// What has become of an upload that ended before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Left {
    /// It is cancelled, and up to so many of its rows are in the table.
    Cancelled(i64),
    /// It waits for its client.
    Resumable {
        /// The command that goes on with it.
        command: String,
        /// Whether the server is known to have begun with it.
        is_certain: bool,
    },
    /// It can no longer be stopped.
    Committing,
    /// Nobody knows: the server has not answered. So many of its rows were in the table before.
    Unknown(i64),
    /// It read standard input, and cannot be sent again. So many of its rows are in the table.
    StandardInput(i64),
    /// It cannot be resumed, and up to so many of its rows are in the table.
    Direct(i64),
}

impl Left {
    fn words(&self, transfer_id: &str) -> String {
        match self {
            Self::Cancelled(rows) => {
                let stay = stay_words(*rows);
                format!("the upload {transfer_id} is cancelled and cannot be resumed{stay}")
            }
            Self::Resumable { is_certain, .. } => {
                let unless = if *is_certain {
                    ""
                } else {
                    ", unless the server has not heard of it"
                };
                format!("the upload {transfer_id} can be resumed{unless}")
            }
            Self::Committing => format!(
                "the upload {transfer_id} is complete or being committed, and is not cancelled"
            ),
            Self::Unknown(rows) => format!(
                "the server has not confirmed that the upload {transfer_id} is cancelled{}",
                shown_words(*rows)
            ),
            Self::StandardInput(rows) => format!(
                "standard input cannot be sent again, so the upload cannot go on{}",
                shown_words(*rows)
            ),
            Self::Direct(0) => {
                "an upload in the mode direct cannot go on, and the first rows of it \
                                may be in the table"
                    .to_owned()
            }
            Self::Direct(rows) => format!(
                "an upload in the mode direct cannot go on, and up to {} of it may be in the table",
                text::rows(*rows)
            ),
        }
    }
}

/// That rows of an upload that has ended are in the table, as the server says it.
fn stay_words(rows: i64) -> String {
    match rows {
        0 => String::new(),
        _ => format!(
            "; up to {} of the file are in the table and stay there: look at them before you load \
             the file again",
            text::rows(rows)
        ),
    }
}

/// The same of an upload whose end is not known.
fn shown_words(rows: i64) -> String {
    match rows {
        0 => String::new(),
        _ => format!(
            "; {} of the file or more are in the table: look at them before you load the file again",
            text::rows(rows)
        ),
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let distrust = status.source().and_then(trust::find);
        distrust.map_or_else(|| Self::Call(Box::new(status)), Self::Untrusted)
    }
}

/// That an id is used up: how its upload ended, why, and where that is known when.
fn ended_text(transfer: &Transfer) -> String {
    let id = &transfer.transfer_id;
    let how = match transfer.state() {
        TransferState::Cancelled => "was cancelled",
        _ => "failed",
    };
    let time = json::end_time(transfer);
    let time = time.map(|time| format!(" at {time}")).unwrap_or_default();
    let error = transfer.error.as_ref();
    let cause = error
        .map(|error| error.message.as_str())
        .unwrap_or_default();
    let cause = match cause.strip_prefix("the transfer was cancelled") {
        Some(rest) => rest.to_owned(),
        None if cause.is_empty() => String::new(),
        None => format!(": {cause}"),
    };
    // Or the cause says how many.
    let is_told = error.is_some_and(|error| error.metadata.contains_key("rowsLeft"));
    let rows = if leaves_rows(transfer) && !is_told {
        "; some of its rows may be in the table"
    } else {
        ""
    };
    format!(
        "upload {id} has ended and cannot go on: it {how}{time}{cause}{rows}; a new upload of the \
         file needs a new id"
    )
}

/// Whether an upload that has ended without success may have left rows in its table.
pub(crate) fn leaves_rows(transfer: &Transfer) -> bool {
    let mode = transfer.commit_mode();
    matches!(mode, CommitMode::Blocks | CommitMode::Direct)
}

/// Whether the status was made here because the connection broke, and not by the server.
pub(crate) fn connection_broke(status: &Status) -> bool {
    status.source().is_some()
}

/// Whether what answers speaks another protocol, whose answer was taken for a frame of HTTP/2.
pub(crate) fn is_other_program(status: &Status) -> bool {
    let source = status.source().map(deepest);
    source.is_some_and(|cause| cause.contains("frame with invalid size"))
}

/// The message of a failed call; of a broken connection, its cause.
fn call_text(status: &Status) -> String {
    match status.source() {
        Some(_) if is_other_program(status) => {
            "the server answers, but not as a sluice-server does; is this the port of another program, such as \
             ClickHouse, or one that wants https://?"
                .to_owned()
        }
        Some(source) => format!("lost the connection to the server: {}", deepest(source)),
        // A program that knows HTTP and not gRPC; the library says it like this.
        None if status.message().starts_with("grpc-status header missing") => {
            let code = status.message().rsplit(' ').next().unwrap_or_default();
            match code {
                "413" => "a proxy refused the request: 413, its limit on the size of a body".to_owned(),
                code => format!(
                    "what answers is not a sluice-server, or a proxy before it: the HTTP status is {code}, without \
                     that of gRPC"
                ),
            }
        }
        None if status.message().is_empty() => {
            format!(
                "the server answered {} without a message",
                sluice_proto::code_name(status.code())
            )
        }
        None => status.message().to_owned(),
    }
}

/// That the other end speaks no TLS, where that shows.
fn not_tls(server: &str, source: &tonic::transport::Error) -> &'static str {
    let cause = deepest(source);
    let is_refused = cause.contains("handshake eof") || cause.contains("InvalidContentType");
    if server.starts_with("https://") && is_refused {
        "; it seems to speak no TLS: try http://"
    } else {
        ""
    }
}

/// The text of the first cause, which says more than "transport error".
pub(crate) fn deepest(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
