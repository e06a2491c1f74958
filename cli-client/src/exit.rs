//! The exit codes, and which failure has which; the names of the gRPC codes.
//!
//! `report` asks for the code of a failure; the table for people is [`crate::cli`]'s help. A code
//! must never change its meaning: scripts decide by it whether to try again.

use std::process::ExitCode;

use sluice_proto::v1::ErrorReason;
use tonic::Code;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Success,
    /// 1: a failure that no other code names.
    Failure,
    /// 2: the command line, the query or the filter is wrong.
    Usage,
    /// 3: the file or its data is bad.
    Data,
    /// 4: database, table, columns or transfer are missing or not as needed.
    Precondition,
    /// 5: the server or ClickHouse is away, overloaded or too slow; a later try may succeed.
    Unavailable,
    /// 6: not signed in, or not allowed.
    Permission,
    /// 7: a local file or pipe cannot be read or written.
    LocalIo,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// The number that the system gets.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Data => 3,
            Self::Precondition => 4,
            Self::Unavailable => 5,
            Self::Permission => 6,
            Self::LocalIo => 7,
            Self::Interrupted => 130,
        }
    }

    /// The code of a server's error, by its reason where that says more than its gRPC code.
    pub(crate) fn of_call(code: Code, reason: &str) -> Self {
        match ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}")) {
            Some(reason) => Self::of_reason(code, reason),
            None => Self::of_code(code),
        }
    }

    fn of_reason(code: Code, reason: ErrorReason) -> Self {
        // The contract numbers the reasons by what they are about.
        match i32::from(reason) {
            20..=49 => Self::Data,
            50..=69 => Self::Precondition,
            _ => match reason {
                ErrorReason::FileTooLarge => Self::Data,
                ErrorReason::TooManyTransfers
                | ErrorReason::MemoryLimit
                | ErrorReason::TransferTakenOver
                | ErrorReason::OffsetAlreadyCommitted
                | ErrorReason::OffsetOutOfRange
                | ErrorReason::ChecksumMismatch
                | ErrorReason::ClickhouseResources => Self::Unavailable,
                _ => Self::of_code(code),
            },
        }
    }

    fn of_code(code: Code) -> Self {
        match code {
            Code::Ok => Self::Success,
            Code::InvalidArgument => Self::Usage,
            Code::NotFound | Code::FailedPrecondition | Code::AlreadyExists => Self::Precondition,
            Code::Unavailable | Code::DeadlineExceeded => Self::Unavailable,
            Code::Unauthenticated | Code::PermissionDenied => Self::Permission,
            Code::Cancelled
            | Code::Unknown
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Internal
            | Code::DataLoss => Self::Failure,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::Exit;

    fn check(code: Code, reason: &str, expected: u8) {
        assert_eq!(
            Exit::of_call(code, reason).number(),
            expected,
            "{code:?} {reason}"
        );
    }

    #[test]
    fn bad_data_is_3_and_a_bad_request_is_2() {
        check(Code::InvalidArgument, "OVERFLOW", 3);
        check(Code::InvalidArgument, "TOO_FEW_FIELDS", 3);
        check(Code::InvalidArgument, "NULL_NOT_ALLOWED", 3);
        check(Code::InvalidArgument, "FILE_TOO_LARGE", 3);
        check(Code::InvalidArgument, "INVALID_REQUEST", 2);
        check(Code::InvalidArgument, "INVALID_QUERY", 2);
        check(Code::InvalidArgument, "", 2);
    }

    #[test]
    fn tables_and_columns_are_4() {
        check(Code::NotFound, "TABLE_NOT_FOUND", 4);
        check(Code::FailedPrecondition, "HEADER_MISMATCH", 4);
        check(Code::AlreadyExists, "TABLE_EXISTS", 4);
        check(Code::NotFound, "TRANSFER_NOT_FOUND", 4);
        check(Code::FailedPrecondition, "FILE_CHANGED", 4);
        check(Code::FailedPrecondition, "SPEC_MISMATCH", 4);
        check(Code::FailedPrecondition, "COMMIT_MODE_UNAVAILABLE", 4);
        check(Code::FailedPrecondition, "SESSION_EXPIRED", 4);
        check(Code::FailedPrecondition, "A_REASON_OF_A_LATER_VERSION", 4);
    }

    #[test]
    fn what_may_succeed_later_is_5() {
        check(Code::Unavailable, "CLICKHOUSE_UNAVAILABLE", 5);
        check(Code::DeadlineExceeded, "CLICKHOUSE_TIMEOUT", 5);
        check(Code::ResourceExhausted, "TOO_MANY_TRANSFERS", 5);
        check(Code::ResourceExhausted, "MEMORY_LIMIT", 5);
        check(Code::Aborted, "TRANSFER_TAKEN_OVER", 5);
        check(Code::OutOfRange, "OFFSET_OUT_OF_RANGE", 5);
        check(Code::AlreadyExists, "OFFSET_ALREADY_COMMITTED", 5);
        check(Code::ResourceExhausted, "CLICKHOUSE_RESOURCES", 5);
        check(Code::DataLoss, "CHECKSUM_MISMATCH", 5);
        check(Code::Unavailable, "", 5);
    }

    #[test]
    fn a_limit_that_stays_is_1() {
        check(Code::ResourceExhausted, "BLOCK_TOO_LARGE", 1);
        check(Code::Internal, "INTERNAL", 1);
        check(Code::Cancelled, "TRANSFER_CANCELLED", 1);
        check(Code::DataLoss, "COUNT_MISMATCH", 1);
    }

    #[test]
    fn who_may_not_is_6() {
        check(Code::Unauthenticated, "CLICKHOUSE_AUTHENTICATION", 6);
        check(Code::PermissionDenied, "CLICKHOUSE_ACCESS_DENIED", 6);
    }
}
