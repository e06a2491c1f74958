//! How long to wait for ClickHouse.
//!
//! Used by `clickhouse` only; `engine` and tests set other limits.

use std::{future::Future, time::Duration};

use super::error::{Error, Result};

/// How long a connection may take to open. Default of [`Timeouts::connect`]: a server in the same
/// country answers within 0.2 s, so a second try of a lost packet fits in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a question to the catalog may take. Default of [`Timeouts::statement`].
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long ClickHouse may refuse to take more bytes. Default of [`Timeouts::send`]: ClickHouse
/// slows inserts down on purpose while it merges parts.
const SEND_TIMEOUT: Duration = Duration::from_secs(300);
/// How long ClickHouse may work after the last byte. Default of [`Timeouts::finish`]: it includes
/// the last parts, materialized views and replicas.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1800);

/// How long to wait for ClickHouse. A streaming SELECT has no limit of its own: sorting may take
/// long, a vanished host is noticed by keep-alive probes, and the caller can cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a new connection. Default: 10 s.
    pub connect: Duration,
    /// For a statement that is no transfer, from question to answer. Default: 60 s.
    pub statement: Duration,
    /// For one chunk of an INSERT to be taken. Default: 300 s.
    pub send: Duration,
    /// For the answer to an INSERT after its last byte. Default: 1800 s.
    pub finish: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: CONNECT_TIMEOUT,
            statement: STATEMENT_TIMEOUT,
            send: SEND_TIMEOUT,
            finish: FINISH_TIMEOUT,
        }
    }
}

/// Waits for an answer of the library for no longer than `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = ::clickhouse::error::Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(limit, answer).await {
        Ok(result) => {
            result.map_err(|error| Error::from_library(&error, "answer", limit).of_own_statement())
        }
        Err(_elapsed) => Err(Error::Timeout {
            action: "answer",
            limit,
        }),
    }
}
