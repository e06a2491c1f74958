//! What can go wrong between Sluice and ClickHouse, with ClickHouse's exceptions sorted into kinds.
//!
//! Made by the other files of this layer, matched by `catalog`, `transfer` and `rpc::status`. The
//! text of an exception is taken apart here and nowhere else.

mod logged;

use std::{error::Error as StdError, fmt, time::Duration};

/// The result of an operation on ClickHouse.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The longest answer without an exception that is quoted in a message, in bytes.
const MAX_QUOTED_BYTES: usize = 300;

/// Why ClickHouse did not do what it was asked to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection, or it was lost. An INSERT may or may not have reached the table.
    #[error("clickhouse cannot be reached: {message}")]
    Unavailable {
        /// What happened, from the outermost cause to the innermost.
        message: String,
        /// The exception, when the cause lies behind ClickHouse, such as a lost replica.
        exception: Option<Exception>,
    },
    /// TLS failed: another certificate than is trusted, or none at all.
    #[error("clickhouse cannot be trusted over TLS: {message}")]
    Tls {
        /// What happened.
        message: String,
    },
    /// ClickHouse took longer than a time limit of Sluice.
    #[error("clickhouse did not {action} within {} s", limit.as_secs())]
    Timeout {
        /// What was waited for, as a verb.
        action: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// ClickHouse gave up at a time limit of its own.
    #[error("clickhouse ran into a time limit: {0}")]
    TimeoutException(Exception),
    /// User or password are wrong.
    #[error("clickhouse refused the credentials: {0}")]
    Authentication(Exception),
    /// The user may not do this.
    #[error("clickhouse denied access: {0}")]
    AccessDenied(Exception),
    /// The database does not exist.
    #[error("unknown database: {0}")]
    UnknownDatabase(Exception),
    /// The table does not exist.
    #[error("unknown table: {0}")]
    UnknownTable(Exception),
    /// A column does not exist.
    #[error("unknown column: {0}")]
    UnknownColumn(Exception),
    /// The table to create exists.
    #[error("the table exists: {0}")]
    TableExists(Exception),
    /// Memory, disk, parts or the number of queries are used up.
    #[error("clickhouse is short of resources: {0}")]
    Resources(Exception),
    /// The user has used up what a quota allows.
    #[error(
        "the clickhouse user has used up its quota: {0}; wait until its interval ends, or ask for \
         a larger one"
    )]
    Quota(Exception),
    /// A block of an INSERT touches more partitions than the INSERT may.
    #[error("too many partitions: {0}")]
    TooManyPartitions(Exception),
    /// ClickHouse cannot make sense of the query.
    #[error("invalid query: {0}")]
    InvalidQuery(Exception),
    /// The text of a caller is not one SELECT of tables, or does more; it was not run.
    #[error("the query is not taken: {reason}")]
    NotASelect {
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// A condition has values that its operator does not take; nothing was sent.
    #[error("the condition on {column} has {given}, {operator} takes {expected}")]
    InvalidCondition {
        /// The column of the condition.
        column: String,
        /// The operator as SQL writes it.
        operator: &'static str,
        /// What it has.
        given: String,
        /// What the operator takes.
        expected: &'static str,
    },
    /// Any other exception; the message is ClickHouse's own.
    #[error("clickhouse refused: {0}")]
    Exception(Exception),
    /// ClickHouse answered with something that is neither data nor an exception.
    #[error("unexpected answer of clickhouse: {message}")]
    Protocol {
        /// What was wrong with the answer.
        message: String,
    },
}

/// An exception as ClickHouse wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The number, such as 60.
    pub code: i32,
    /// The name, such as `UNKNOWN_TABLE`; empty when ClickHouse gave none.
    pub name: String,
    /// The message without code, name and version.
    pub message: String,
}

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            write!(formatter, "{} (code {})", self.message, self.code)
        } else {
            write!(
                formatter,
                "{} (code {}, {})",
                self.message, self.code, self.name
            )
        }
    }
}

impl Exception {
    /// Finds the exception in a text of the form `Code: N. DB::Exception: … (NAME) (version …)`;
    /// what stands before `Code:` is skipped. Of a bare `Code: N` name and message stay empty.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once("Code: ")?;
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (code, rest) = rest.split_at_checked(digits)?;
        let code = code.parse().ok()?;
        let rest = rest.strip_prefix(". ").unwrap_or(rest);
        let rest = match rest.split_once("Exception: ") {
            Some((kind, message)) if kind.starts_with("DB::") => message,
            _ => rest,
        };
        let (message, name) = split_name(strip_version(rest));
        Some(Self {
            code,
            name: name.to_owned(),
            message: message.trim_end_matches(['.', ' ']).to_owned(),
        })
    }
}

/// A row that a CHECK constraint does not let in, as an exception tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The name of the constraint.
    pub constraint: String,
    /// The table: `db.table`.
    pub table: String,
    /// The number of the row in its block, from 1.
    pub row: u64,
    /// What had to be true.
    pub expression: String,
    /// The columns that it names, with their values: `a = 1, b = 'x'`.
    pub values: String,
}

impl Exception {
    /// What it says of a constraint that a row has violated.
    pub(crate) fn violation(&self) -> Option<Violation> {
        const VIOLATED_CONSTRAINT: i32 = 469;
        if self.code != VIOLATED_CONSTRAINT {
            return None;
        }
        let rest = self.message.strip_prefix("Constraint `")?;
        let (constraint, rest) = rest.split_once("` for table ")?;
        let (table, rest) = rest.split_once(" is violated at row ")?;
        let (row, rest) = rest.split_once(". Expression: (")?;
        let (expression, values) = rest.rsplit_once("). Column values: ").unwrap_or((rest, ""));
        Some(Violation {
            constraint: constraint.to_owned(),
            table: table
                .split(" (")
                .next()
                .unwrap_or_default()
                .replace('`', ""),
            row: row.parse().ok()?,
            expression: expression.to_owned(),
            values: values.to_owned(),
        })
    }

    /// Whether a call of the operating system failed because that has run out of something.
    fn is_exhaustion(&self) -> bool {
        // As `strerror` words EMFILE and ENFILE, ENOSPC, EDQUOT, ENOMEM.
        let words = [
            "Too many open files",
            "No space left on device",
            "Disk quota exceeded",
            "Cannot allocate memory",
        ];
        // ClickHouse's own calls name the number, under many codes; those of libraries come as
        // POCO_EXCEPTION, STD_EXCEPTION or UNKNOWN_EXCEPTION.
        let is_about_system =
            self.message.contains(", errno: ") || matches!(self.code, 1000..=1002);
        is_about_system && words.iter().any(|words| self.message.contains(words))
    }
}

/// Cuts off ` (version 26.7.2.1 (official build))`.
fn strip_version(text: &str) -> &str {
    text.rfind(" (version ")
        .and_then(|start| text.get(..start))
        .unwrap_or(text)
        .trim_end()
}

/// Splits `message (NAME)` into message and name.
fn split_name(text: &str) -> (&str, &str) {
    let is_name = |name: &&str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    text.rsplit_once(" (")
        .and_then(|(message, name)| {
            let name = name.strip_suffix(')').filter(is_name)?;
            Some((message, name))
        })
        .unwrap_or((text, ""))
}

impl From<Exception> for Error {
    fn from(exception: Exception) -> Self {
        match exception.code {
            _ if exception.is_exhaustion() => Self::Resources(exception),
            // UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, AUTHENTICATION_FAILED
            192..=194 | 516 => Self::Authentication(exception),
            // READONLY, DATABASE_ACCESS_DENIED, QUERY_IS_PROHIBITED, ACCESS_DENIED
            164 | 291 | 392 | 497 => Self::AccessDenied(exception),
            // UNKNOWN_DATABASE
            81 => Self::UnknownDatabase(exception),
            // UNKNOWN_TABLE; TABLE_IS_DROPPED, TABLE_UUID_MISMATCH: it went while the statement began
            60 | 218 | 741 => Self::UnknownTable(exception),
            // NO_SUCH_COLUMN_IN_TABLE, UNKNOWN_IDENTIFIER
            16 | 47 => Self::UnknownColumn(exception),
            // TABLE_ALREADY_EXISTS
            57 => Self::TableExists(exception),
            // QUOTA_EXCEEDED
            201 => Self::Quota(exception),
            // TOO_MANY_PARTS, which stands for something else as well.
            252 if exception
                .message
                .contains("partitions for single INSERT block") =>
            {
                Self::TooManyPartitions(exception)
            }
            // CANNOT_ALLOCATE_MEMORY, TOO_MANY_SIMULTANEOUS_QUERIES, MEMORY_LIMIT_EXCEEDED,
            // NOT_ENOUGH_SPACE, TOO_MANY_PARTS, CANNOT_SCHEDULE_TASK, SERVER_OVERLOADED
            173 | 202 | 241 | 243 | 252 | 439 | 745 => Self::Resources(exception),
            // TIMEOUT_EXCEEDED, TOO_SLOW, SOCKET_TIMEOUT
            159 | 160 | 209 => Self::TimeoutException(exception),
            // DNS_ERROR, NO_FREE_CONNECTION, NETWORK_ERROR, NO_ZOOKEEPER, TABLE_IS_READ_ONLY,
            // ALL_CONNECTION_TRIES_FAILED, TOO_FEW_LIVE_REPLICAS, KEEPER_EXCEPTION
            // QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: another server, or a lost call, does the same;
            // ABORTED: ClickHouse is shutting down
            198 | 203 | 210 | 216 | 225 | 236 | 242 | 279 | 285 | 999 => Self::Unavailable {
                message: exception.to_string(),
                exception: Some(exception),
            },
            code if is_query_fault(code) => Self::InvalidQuery(exception),
            _ => Self::Exception(exception),
        }
    }
}

/// Whether the exception says how a statement ended, and nothing of the statement.
const fn is_about_end(code: i32) -> bool {
    matches!(
        code,
        // UNEXPECTED_END_OF_FILE, ATTEMPT_TO_READ_AFTER_EOF, CANNOT_READ_ALL_DATA: the line broke behind a
        // part of the body.
        3 | 32 | 33
        // QUERY_WAS_CANCELLED: killed, or ClickHouse is shutting down.
        | 394
        // POCO_EXCEPTION, STD_EXCEPTION, UNKNOWN_EXCEPTION: something below ClickHouse failed.
        | 1000..=1002
    )
}

/// Whether the exception says that the text of a query is at fault.
const fn is_query_fault(code: i32) -> bool {
    matches!(
        code,
        // BAD_ARGUMENTS, NUMBER_OF_ARGUMENTS_DOESNT_MATCH, ILLEGAL_TYPE_OF_ARGUMENT,
        // UNKNOWN_FUNCTION, UNKNOWN_TYPE, TYPE_MISMATCH, SYNTAX_ERROR, UNKNOWN_AGGREGATE_FUNCTION
        36 | 42 | 43 | 46 | 50 | 53 | 62 | 63
        // UNKNOWN_SETTING, MULTIPLE_EXPRESSIONS_FOR_ALIAS, ILLEGAL_AGGREGATION,
        // AMBIGUOUS_IDENTIFIER, NOT_AN_AGGREGATE, AMBIGUOUS_COLUMN_NAME,
        // INTO_OUTFILE_NOT_ALLOWED, NO_COMMON_TYPE, INVALID_JOIN_ON_EXPRESSION,
        // UNKNOWN_QUERY_PARAMETER, BAD_QUERY_PARAMETER
        | 115 | 179 | 184 | 207 | 215 | 352 | 358 | 386 | 403 | 456 | 457
    )
}

impl Error {
    /// The exception of ClickHouse behind this error, where there is one.
    #[must_use]
    pub const fn exception(&self) -> Option<&Exception> {
        match self {
            Self::TimeoutException(exception)
            | Self::Authentication(exception)
            | Self::AccessDenied(exception)
            | Self::UnknownDatabase(exception)
            | Self::UnknownTable(exception)
            | Self::UnknownColumn(exception)
            | Self::TableExists(exception)
            | Self::Resources(exception)
            | Self::Quota(exception)
            | Self::TooManyPartitions(exception)
            | Self::InvalidQuery(exception)
            | Self::Exception(exception) => Some(exception),
            Self::Unavailable { exception, .. } => exception.as_ref(),
            Self::Tls { .. }
            | Self::Timeout { .. }
            | Self::NotASelect { .. }
            | Self::InvalidCondition { .. }
            | Self::Protocol { .. } => None,
        }
    }

    /// Whether the same statement may succeed later without any change. An INSERT that failed so
    /// may nevertheless have reached the table.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Timeout { .. }
                | Self::TimeoutException(_)
                | Self::Resources(_)
        )
    }

    /// Whether a statement that can be repeated may succeed when it is.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        self.is_retryable() || matches!(self, Self::Protocol { .. })
    }

    /// The same error of a statement of our own: what only says how it ended says that it can be tried
    /// again. A caller's own SELECT that was killed is not.
    pub(super) fn of_own_statement(self) -> Self {
        match self {
            Self::Exception(exception) if is_about_end(exception.code) => Self::Unavailable {
                message: exception.to_string(),
                exception: Some(exception),
            },
            error => error,
        }
    }

    /// Whether the answer of ClickHouse was lost, in whole or but for its code, so that the reason
    /// may still be found elsewhere.
    pub(super) fn is_answer_lost(&self) -> bool {
        match self.exception() {
            Some(exception) => exception.message.is_empty(),
            None => matches!(self, Self::Unavailable { .. } | Self::Protocol { .. }),
        }
    }

    /// Translates an error of the client library; `action` and `limit` describe the wait that a
    /// time-out ended.
    pub(super) fn from_library(
        error: &::clickhouse::error::Error,
        action: &'static str,
        limit: Duration,
    ) -> Self {
        use ::clickhouse::error::Error as Library;
        match error {
            Library::BadResponse(text) => Self::from_answer(text),
            Library::TimedOut => Self::Timeout { action, limit },
            Library::Network(source) => Self::unavailable(source.as_ref()),
            Library::InvalidParams(source) => Self::Unavailable {
                message: format!("the address cannot be used: {source}"),
                exception: None,
            },
            // The library's word for a scheme that no connector is built in for.
            Library::Unsupported(_) => Self::Unavailable {
                message: "the address must begin with http:// or https://".to_owned(),
                exception: None,
            },
            other => Self::Protocol {
                message: other.to_string(),
            },
        }
    }

    /// Sorts the body of an answer that is no data: an exception, or the page of some proxy.
    pub(super) fn from_answer(text: &str) -> Self {
        Exception::parse(text).map_or_else(
            || Self::Unavailable {
                message: format!("the answer was {:?}", quoted(text)),
                exception: None,
            },
            Self::from,
        )
    }

    /// A lost connection, with the whole chain of causes in its message.
    fn unavailable(source: &(dyn StdError + 'static)) -> Self {
        let mut message = source.to_string();
        let mut cause = source.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !message.ends_with(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = inner.source();
        }
        if is_tls(source) {
            return Self::Tls { message };
        }
        Self::Unavailable {
            message,
            exception: None,
        }
    }
}

/// Whether TLS is among the causes of a failure.
fn is_tls(source: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(source);
    while let Some(error) = cause {
        if error.is::<rustls::Error>() {
            return true;
        }
        // What an error of the system holds is itself no source of it, and may be another one.
        let system = error.downcast_ref::<std::io::Error>();
        cause = match system.and_then(std::io::Error::get_ref) {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    false
}

/// The beginning of `text`, cut at a character.
fn quoted(text: &str) -> &str {
    let text = text.trim();
    let end = (0..=MAX_QUOTED_BYTES.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
