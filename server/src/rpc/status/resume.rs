//! What a client sees when an upload cannot go on as it asks.
//!
//! Part of `rpc::status`.

use tonic::Code;

use super::{
    External,
    difference::{Difference, differences},
};
use crate::transfer::Error;

pub(super) fn resume_error(error: &Error) -> External {
    let new = |code, reason, id: &String| External::new(code, reason, error).with("transferId", id);
    match error {
        Error::SpecMismatch { id, before, now } => spec_mismatch(error, id, before, now),
        Error::FileChanged { id, offset } => {
            new(Code::FailedPrecondition, "FILE_CHANGED", id).with("offset", offset)
        }
        Error::OtherFile {
            id,
            expected,
            actual,
        } => new(Code::FailedPrecondition, "FILE_CHANGED", id)
            .with("expectedBytes", expected)
            .with("actualBytes", actual),
        // A client may send the same bytes again.
        Error::DamagedFile {
            id,
            expected,
            actual,
        } => new(Code::DataLoss, "CHECKSUM_MISMATCH", id)
            .with("expectedCrc32c", format_args!("{expected:08x}"))
            .with("actualCrc32c", format_args!("{actual:08x}")),
        Error::FileTruncated { expected, actual } => {
            External::new(Code::FailedPrecondition, "FILE_TRUNCATED", error)
                .with("expectedBytes", expected)
                .with("actualBytes", actual)
        }
        // A client may retry what passes; else somebody has to do something first.
        Error::CommitPending { id, .. } if error.is_passing() => {
            new(Code::Unavailable, "COMMIT_PENDING", id).retryable()
        }
        Error::CommitPending { id, .. } => new(Code::FailedPrecondition, "COMMIT_PENDING", id),
        Error::TableChanged { id, table } => {
            new(Code::FailedPrecondition, "TABLE_CHANGED", id).with("table", table)
        }
        Error::Ended { id, phase, cause } => new(Code::FailedPrecondition, "TRANSFER_ENDED", id)
            .with("state", phase.name())
            .with("cause", cause),
        Error::NotResumable { id } => new(Code::FailedPrecondition, "TRANSFER_NOT_RESUMABLE", id),
        Error::OffsetOutOfRange {
            id,
            expected,
            actual,
        } => new(Code::OutOfRange, "OFFSET_OUT_OF_RANGE", id)
            .with("expectedOffset", expected)
            .with("actualOffset", actual),
        Error::OffsetAlreadyCommitted {
            id,
            expected,
            actual,
        } => new(Code::AlreadyExists, "OFFSET_ALREADY_COMMITTED", id)
            .with("expectedOffset", expected)
            .with("actualOffset", actual),
        Error::ChecksumMismatch { id, offset } => {
            new(Code::InvalidArgument, "CHECKSUM_MISMATCH", id).with("offset", offset)
        }
        Error::TakenOver { id } => new(Code::Aborted, "TRANSFER_TAKEN_OVER", id).retryable(),
        Error::Elsewhere { id } => new(Code::Unavailable, "TRANSFER_ELSEWHERE", id).retryable(),
        _ => External::new(Code::Internal, "INTERNAL", error),
    }
}

/// What a client finds in a file itself, where it does not leave that to the server: it follows from other choices.
const FOUND: [&str; 3] = ["dialect.", "sniff", "create_statement"];

/// Specs that are the same differ in the connection, or in who sends them.
fn spec_mismatch(error: &Error, id: &String, before: &[u8], now: &[u8]) -> External {
    let mut differing = differences(before, now);
    // Whether a table is made decides who looks at the file.
    if differing.iter().any(|one| one.path == "create_table") {
        differing.retain(|one| !FOUND.iter().any(|found| one.path.starts_with(found)));
    }
    let joined = |text: fn(&Difference) -> String| {
        let texts: Vec<_> = differing.iter().map(text).collect();
        texts.join(", ")
    };
    let (fields, words) = if differing.is_empty() {
        let other = "the connection or the caller".to_owned();
        (other.clone(), other)
    } else {
        (joined(|one| one.path.clone()), joined(Difference::words))
    };
    let message = format!("{error} (different: {words})");
    External::new(Code::FailedPrecondition, "SPEC_MISMATCH", &message)
        .with("transferId", id)
        .with("fields", fields)
}
