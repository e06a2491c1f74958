//! The one table from domain errors to what a client sees: code, reason, metadata, message.
//!
//! Every handler and the state of every transfer go through here. `proto/sluice/v1/errors.proto`
//! documents each reason; a test holds the two together.

mod access;
mod difference;
mod file;
mod length;
mod request;
mod resume;

use std::{borrow::Cow, collections::HashMap, fmt, time::Duration};

use sluice_proto::v1 as pb;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::{
    catalog, clickhouse,
    column::{self, reader},
    csv::{Position, json::FaultKind},
    transfer::{Error, Failure},
};
pub(super) use access::{
    denied, foreign_host, no_connection, outlived_token, too_many, unknown_caller,
};
pub(super) use request::{invalid_dialect, invalid_request, message_too_large, message_too_slow};

/// The `domain` of every `google.rpc.ErrorInfo` that this server sends.
const ERROR_DOMAIN: &str = "sluice.v1";

/// When a client should try again after a fault that passes.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// A domain error as the outside sees it.
#[derive(Debug)]
struct External {
    code: Code,
    reason: Cow<'static, str>,
    metadata: HashMap<String, String>,
    message: String,
    /// When the same call may succeed.
    retry: Option<Duration>,
}

impl External {
    fn new(code: Code, reason: &'static str, error: &impl ToString) -> Self {
        let message = length::message(error.to_string());
        Self {
            code,
            reason: reason.into(),
            metadata: HashMap::new(),
            message,
            retry: None,
        }
    }

    fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        let value = length::variable(value.to_string());
        self.metadata.insert(name.to_owned(), value);
        self
    }

    fn at(self, position: &Position) -> Self {
        self.with("line", position.line)
            .with("record", position.record)
            .with("byteOffset", position.byte_offset)
    }

    /// The same call may succeed later.
    fn retryable(mut self) -> Self {
        self.retry = Some(RETRY_DELAY);
        self
    }

    fn into_status(self) -> Status {
        let Self {
            code,
            reason,
            metadata,
            message,
            retry,
        } = self;
        let mut details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, metadata);
        // Without a delay it would still ask the client to try again.
        if retry.is_some() {
            details.set_retry_info(retry);
        }
        Status::with_error_details(code, message, details)
    }
}

/// What a client of a call sees of `error`.
pub(super) fn status(error: &Error) -> Status {
    let external = external(error);
    if external.code == Code::Internal {
        tracing::error!(error = error.logged(), "internal fault");
    }
    external.into_status()
}

/// What a watcher of a transfer sees of `error`.
pub(super) fn transfer_error(error: &Error) -> pb::TransferError {
    let External {
        code,
        reason,
        metadata,
        message,
        ..
    } = external(error);
    pb::TransferError {
        code: code.into(),
        reason: reason.into_owned(),
        message,
        metadata,
    }
}

/// What the journal keeps of `error`.
pub(super) fn failure(error: &Error) -> Failure {
    let External {
        code,
        reason,
        metadata,
        message,
        ..
    } = external(error);
    Failure {
        code: code.into(),
        reason: reason.into_owned(),
        message,
        metadata: metadata.into_iter().collect(),
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one exhaustive table, an entry for each error"
)]
fn external(error: &Error) -> External {
    use Code::{
        Aborted, AlreadyExists, Cancelled, DeadlineExceeded, FailedPrecondition, Internal,
        InvalidArgument, NotFound, PermissionDenied, ResourceExhausted, Unavailable,
    };
    let new = |code, reason| External::new(code, reason, error);
    match error {
        Error::Csv(error) => file::csv_error(error),
        Error::Codec(error) => file::codec_error(error),
        Error::UncertainEncoding { found, line } => new(InvalidArgument, "INVALID_ENCODING")
            .with("encoding", found)
            .with("line", line),
        Error::Json(error) => file::json_error(error),
        Error::Dialect(_) => new(InvalidArgument, "INVALID_DIALECT"),
        Error::LongHead { limit } => new(InvalidArgument, "AMBIGUOUS_FILE").with("limit", limit),
        Error::Doubt(doubt) => new(InvalidArgument, "AMBIGUOUS_FILE").with("line", doubt.line()),
        Error::TooManyRejects {
            rejected,
            parsed,
            limit,
            first,
        } => {
            let first = external(first);
            let mut all = new(InvalidArgument, "TOO_MANY_REJECTS")
                .with("reason", first.reason)
                .with("rejected", rejected)
                .with("parsed", parsed);
            all.metadata.extend(first.metadata);
            all.with("limit", limit)
        }
        // What ended it, and what it has left.
        Error::RowsLeft { rows, cause } => External {
            message: length::message(error.to_string()),
            retry: None,
            ..external(cause).with("rowsLeft", rows)
        },
        Error::Journal(cause) => External {
            message: error.to_string(),
            ..clickhouse_error(cause)
        },
        Error::InvalidJson { position, fault } => match &fault.kind {
            FaultKind::UnknownKey { key } => {
                let unmatched = new(FailedPrecondition, "UNMATCHED_COLUMN").at(position);
                unmatched.with("column", key)
            }
            _ => new(InvalidArgument, "INVALID_JSON").at(position),
        },
        Error::Column(error) => column_error(error),
        Error::Reader(error) => reader_error(error),
        Error::CannotRepresent(_) => new(FailedPrecondition, "CANNOT_REPRESENT"),
        Error::ClickHouse(error) => clickhouse_error(error),
        Error::Catalog(error) => catalog_error(error),
        // A client may retry: the engine is started again.
        Error::Engine(_) => new(Unavailable, "CLICKHOUSE_UNAVAILABLE").retryable(),

        // The file: a client must not retry with the same bytes.
        Error::BadCell(cell) => {
            let external = new(InvalidArgument, cell.reason.as_str())
                .at(&cell.position)
                .with("field", cell.field)
                .with("column", &cell.column)
                .with("type", &cell.data_type)
                .with("value", &cell.value);
            match &cell.needed_type {
                Some(needed) => external.with("neededType", needed),
                None => external,
            }
        }
        Error::Violation(violation) => {
            let external = new(InvalidArgument, "CONSTRAINT_VIOLATED")
                .with("table", &violation.table)
                .with("constraint", &violation.said.constraint)
                .with("expression", &violation.said.expression)
                .with("value", violation.values());
            match violation.place {
                Some((line, record)) => external.with("line", line).with("record", record),
                None => external,
            }
        }
        Error::FieldCount {
            position,
            fields,
            expected,
            cut_off: _,
        } => {
            let few = fields < expected;
            new(
                InvalidArgument,
                if few {
                    "TOO_FEW_FIELDS"
                } else {
                    "TOO_MANY_FIELDS"
                },
            )
            .at(position)
            .with("fields", fields)
            .with("expected", expected)
        }
        Error::UnresolvedReject { position, reason } => new(InvalidArgument, "UNRESOLVED_REJECT")
            .at(position)
            .with("rejectedFor", reason),
        Error::InvalidQuoting {
            position,
            field,
            value,
        } => new(InvalidArgument, "INVALID_QUOTING")
            .at(position)
            .with("field", field)
            .with("value", value),
        Error::BadConditionValue {
            column,
            data_type,
            value,
            reason: _,
        } => new(InvalidArgument, "INVALID_REQUEST")
            .with("field", "table.where.values")
            .with("column", column)
            .with("type", data_type)
            .with("value", value),
        Error::EmptyFile => new(InvalidArgument, "EMPTY_FILE"),

        // File and table: a client must not retry with the same spec.
        Error::HeaderMismatch { header, table } => new(FailedPrecondition, "HEADER_MISMATCH")
            .with("header", header)
            .with("table", table),
        Error::HeaderNotFound {
            source_name,
            header,
        } => new(FailedPrecondition, "HEADER_NOT_FOUND")
            .with("column", source_name)
            .with("header", header),
        Error::UnmatchedColumn { field, table } => new(FailedPrecondition, "UNMATCHED_COLUMN")
            .with("column", field)
            .with("table", table),
        Error::MissingColumns { columns, table } => new(FailedPrecondition, "MISSING_COLUMN")
            .with("columns", columns)
            .with("table", table),
        Error::DuplicateColumn { column, place } => new(FailedPrecondition, "DUPLICATE_COLUMN")
            .with("column", column)
            .with("place", place),
        Error::ColumnNotFound { column, table } => new(NotFound, "COLUMN_NOT_FOUND")
            .with("column", column)
            .with("table", table),
        Error::NotInsertable { column, kind } => new(FailedPrecondition, "COLUMN_NOT_INSERTABLE")
            .with("column", column)
            .with("kind", kind),
        Error::MissingGrants {
            table,
            statements,
            may_be_absent: _,
        } => new(PermissionDenied, "CLICKHOUSE_ACCESS_DENIED")
            .with("table", table)
            .with("grants", statements.join("; ")),
        Error::CommitModeUnavailable { mode, table, cause } => {
            new(FailedPrecondition, "COMMIT_MODE_UNAVAILABLE")
                .with("mode", mode)
                .with("table", table)
                .with("cause", cause)
        }
        Error::SpecMismatch { .. }
        | Error::FileChanged { .. }
        | Error::OtherFile { .. }
        | Error::DamagedFile { .. }
        | Error::FileTruncated { .. }
        | Error::CommitPending { .. }
        | Error::TableChanged { .. }
        | Error::Ended { .. }
        | Error::NotResumable { .. }
        | Error::OffsetOutOfRange { .. }
        | Error::OffsetAlreadyCommitted { .. }
        | Error::ChecksumMismatch { .. }
        | Error::TakenOver { .. }
        | Error::Elsewhere { .. } => resume::resume_error(error),
        // Only behind COMMIT_PENDING, as the next one is.
        Error::OtherNode { node } => {
            new(FailedPrecondition, "TRANSFER_ELSEWHERE").with("node", node)
        }
        Error::TargetGone { table } => {
            new(FailedPrecondition, "TABLE_CHANGED").with("table", table)
        }
        Error::FileTooLarge { limit } => {
            new(InvalidArgument, "FILE_TOO_LARGE").with("limit", limit)
        }
        Error::CountMismatch { expected, actual } => new(Aborted, "COUNT_MISMATCH")
            .with("expected", expected)
            .with("actual", actual)
            .retryable(),
        Error::EmptyReplacement { table, rejected } => new(FailedPrecondition, "EMPTY_REPLACEMENT")
            .with("table", table)
            .with("rejected", rejected),
        Error::TooManyInterrupted { count, bytes } => {
            new(FailedPrecondition, "TOO_MANY_INTERRUPTED")
                .with("limit", count)
                .with("limitBytes", bytes)
        }
        Error::SessionExpired { seconds } => {
            new(FailedPrecondition, "SESSION_EXPIRED").with("seconds", seconds)
        }
        Error::Recorded(failure) => External {
            code: Code::from(failure.code),
            reason: failure.reason.clone().into(),
            metadata: failure.metadata.iter().cloned().collect(),
            message: failure.message.clone(),
            retry: None,
        },

        // The transfer.
        Error::CancelPending { id } => new(Unavailable, "CANCEL_PENDING")
            .with("transferId", id)
            .retryable(),
        Error::Cancelled => new(Cancelled, "TRANSFER_CANCELLED"),
        Error::ClientGone => new(Cancelled, "CLIENT_GONE"),
        Error::IdleTimeout { seconds } => {
            new(DeadlineExceeded, "IDLE_TIMEOUT").with("seconds", seconds)
        }
        Error::Exists { id } => new(AlreadyExists, "TRANSFER_EXISTS").with("transferId", id),
        Error::NotFound { id } => new(NotFound, "TRANSFER_NOT_FOUND").with("transferId", id),

        // A client may retry.
        Error::ShuttingDown => new(Unavailable, "SHUTTING_DOWN").retryable(),
        Error::TooManyTransfers { limit } => new(ResourceExhausted, "TOO_MANY_TRANSFERS")
            .with("limit", limit)
            .retryable(),
        Error::MemoryLimit { limit } => new(ResourceExhausted, "MEMORY_LIMIT")
            .with("limit", limit)
            .retryable(),
        Error::ServerGone => new(Unavailable, "SERVER_GONE").retryable(),

        // Our bug.
        Error::StagedRowsGone | Error::Internal(_) => new(Internal, "INTERNAL"),
    }
}

/// Types that cannot be carried: a client must change the table or the query.
fn column_error(error: &column::Error) -> External {
    let new = |code, reason| External::new(code, reason, error);
    match error {
        column::Error::InvalidType { text, .. } | column::Error::UnsupportedType { text } => {
            new(Code::FailedPrecondition, "UNSUPPORTED_TYPE").with("type", text)
        }
        column::Error::UnknownZone { name } => {
            new(Code::FailedPrecondition, "UNSUPPORTED_TYPE").with("type", name)
        }
        column::Error::NoColumns => new(Code::FailedPrecondition, "HEADER_MISMATCH"),
        column::Error::UnevenColumns { .. } => new(Code::Internal, "INTERNAL"),
    }
}

/// The bytes that ClickHouse sent.
fn reader_error(error: &reader::Error) -> External {
    let new = |code, reason| External::new(code, reason, error);
    match error {
        // A client may retry: the connection ended in the middle.
        reader::Error::Truncated { .. } => {
            new(Code::Unavailable, "CLICKHOUSE_UNAVAILABLE").retryable()
        }
        reader::Error::BlockTooLarge { limit, .. } => {
            new(Code::ResourceExhausted, "BLOCK_TOO_LARGE").with("limit", limit)
        }
        reader::Error::InvalidName { .. }
        | reader::Error::UnexpectedType { .. }
        | reader::Error::SchemaChanged { .. }
        | reader::Error::Malformed { .. } => new(Code::Internal, "INTERNAL"),
    }
}

fn catalog_error(error: &catalog::Error) -> External {
    let new = |code, reason| External::new(code, reason, error);
    match error {
        catalog::Error::DatabaseNotFound { database } => {
            new(Code::NotFound, "DATABASE_NOT_FOUND").with("database", database)
        }
        catalog::Error::TableNotFound { database, table } => {
            new(Code::NotFound, "TABLE_NOT_FOUND").with("table", format!("{database}.{table}"))
        }
        catalog::Error::Hidden { name, grant } => {
            let reason = if name.table.is_empty() {
                "DATABASE_NOT_FOUND"
            } else {
                "TABLE_NOT_FOUND"
            };
            let external = new(Code::NotFound, reason).with("grants", grant);
            if name.table.is_empty() {
                external.with("database", &name.database)
            } else {
                external.with("table", name)
            }
        }
        catalog::Error::TableExists(table) => {
            new(Code::AlreadyExists, "TABLE_EXISTS").with("table", table)
        }
        catalog::Error::NoColumns => new(Code::FailedPrecondition, "HEADER_MISMATCH"),
        catalog::Error::TooManyColumns { limit } => {
            new(Code::InvalidArgument, "INVALID_QUERY").with("limit", limit)
        }
        catalog::Error::NotCreateTable | catalog::Error::RefusedCreate { .. } => {
            new(Code::InvalidArgument, "INVALID_QUERY")
        }
        catalog::Error::ClickHouse(error) => clickhouse_error(error),
    }
}

fn clickhouse_error(error: &clickhouse::Error) -> External {
    use clickhouse::Error as Kind;
    let new = |code, reason| External::new(code, reason, error);
    let external = match error {
        // A client may retry, also an upload: with the guarantee of its commit mode.
        Kind::Unavailable { .. } => new(Code::Unavailable, "CLICKHOUSE_UNAVAILABLE").retryable(),
        Kind::Timeout { .. } | Kind::TimeoutException(_) => {
            new(Code::DeadlineExceeded, "CLICKHOUSE_TIMEOUT").retryable()
        }
        Kind::Resources(_) => new(Code::ResourceExhausted, "CLICKHOUSE_RESOURCES").retryable(),

        // A client must change something first, or wait for longer than a retry does.
        Kind::Quota(_) => new(Code::ResourceExhausted, "CLICKHOUSE_RESOURCES"),
        Kind::Tls { .. } => new(Code::FailedPrecondition, "CLICKHOUSE_TLS"),
        Kind::Authentication(_) => new(Code::Unauthenticated, "CLICKHOUSE_AUTHENTICATION"),
        Kind::AccessDenied(_) => new(Code::PermissionDenied, "CLICKHOUSE_ACCESS_DENIED"),
        Kind::UnknownDatabase(_) => new(Code::NotFound, "DATABASE_NOT_FOUND"),
        Kind::UnknownTable(_) => new(Code::NotFound, "TABLE_NOT_FOUND"),
        Kind::UnknownColumn(_) => new(Code::NotFound, "COLUMN_NOT_FOUND"),
        Kind::TableExists(_) => new(Code::AlreadyExists, "TABLE_EXISTS"),
        Kind::InvalidQuery(_) => new(Code::InvalidArgument, "INVALID_QUERY"),
        Kind::NotASelect { .. } => new(Code::InvalidArgument, "NOT_A_SELECT"),
        Kind::InvalidCondition { column, .. } => new(Code::InvalidArgument, "INVALID_REQUEST")
            .with("field", "table.where.values")
            .with("column", column),
        Kind::TooManyPartitions(_) | Kind::Exception(_) => {
            new(Code::FailedPrecondition, "CLICKHOUSE_EXCEPTION")
        }

        // Our bug, or a proxy in between.
        Kind::Protocol { .. } => new(Code::Internal, "INTERNAL"),
    };
    match error.exception() {
        Some(exception) => external
            .with("clickhouseCode", exception.code)
            .with("clickhouseName", &exception.name),
        None => external,
    }
}
