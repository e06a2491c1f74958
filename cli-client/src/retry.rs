//! When a call that failed is worth another try, and how long to wait before it.
//!
//! Uploads and exports ask it after every failure. It decides and waits for nothing itself, and must
//! never call a failure passing that the same bytes would meet again.

use std::time::{Duration, Instant};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::error::{Error, connection_broke};

/// The time before the second try; each further one takes twice as long.
const FIRST_DELAY: Duration = Duration::from_millis(200);
/// The longest time between two tries, unless the server asks for more.
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// Reasons of the server that pass, whatever gRPC code they come with.
const PASSING: [&str; 13] = [
    "CLIENT_GONE",
    "SERVER_GONE",
    "TRANSFER_TAKEN_OVER",
    "CLICKHOUSE_UNAVAILABLE",
    "CLICKHOUSE_TIMEOUT",
    "CLICKHOUSE_RESOURCES",
    "TOO_MANY_TRANSFERS",
    "MEMORY_LIMIT",
    "MESSAGE_TIMEOUT",
    "SHUTTING_DOWN",
    "IDLE_TIMEOUT",
    // Where the file goes on is known only to the server, which is asked before every try.
    "OFFSET_OUT_OF_RANGE",
    "OFFSET_ALREADY_COMMITTED",
];

/// Whether the same call may succeed later.
pub(crate) fn is_passing(error: &Error) -> bool {
    match error {
        Error::Connect { .. } | Error::NoSummary { .. } | Error::Busy { .. } => true,
        Error::Call(status) => {
            connection_broke(status)
                || status.code() == Code::Unavailable
                || !wanted_delay(error).is_zero()
                || is_passing_reason(&reason(status))
        }
        _ => false,
    }
}

/// Whether a failure of this reason passes.
pub(crate) fn is_passing_reason(reason: &str) -> bool {
    PASSING.contains(&reason)
}

/// The reason of a server's error; empty where it has none.
pub(crate) fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map(|info| info.reason).unwrap_or_default()
}

/// Whether a call failed for this reason.
pub(crate) fn is_reason(error: &Error, wanted: &str) -> bool {
    matches!(error, Error::Call(status) if reason(status) == wanted)
}

/// The time that the server asks for before the next try.
fn wanted_delay(error: &Error) -> Duration {
    let Error::Call(status) = error else {
        return Duration::ZERO;
    };
    let info = status.get_details_retry_info();
    info.and_then(|info| info.retry_delay).unwrap_or_default()
}

/// How long a command goes on trying without getting anywhere.
#[derive(Debug)]
pub(crate) struct Patience {
    limit: Duration,
    since: Option<Instant>,
    tries: u32,
}

impl Patience {
    /// Patience for this time; none at all for zero.
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            since: None,
            tries: 0,
        }
    }

    /// The whole time.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Begins anew, because something has moved.
    pub(crate) fn renew(&mut self) {
        self.since = None;
        self.tries = 0;
    }

    /// The time to wait before the next try; nothing when there has been enough of it.
    pub(crate) fn delay(&mut self, error: &Error) -> Option<Duration> {
        self.next(wanted_delay(error), fastrand::f64(), Instant::now())
    }

    /// The same with the server's wish, a random number from 0 to 1, and the time.
    fn next(&mut self, wanted: Duration, random: f64, now: Instant) -> Option<Duration> {
        let since = *self.since.get_or_insert(now);
        let left = self.limit.checked_sub(now.duration_since(since))?;
        if left.is_zero() {
            return None;
        }
        let full = FIRST_DELAY.saturating_mul(1_u32.checked_shl(self.tries).unwrap_or(u32::MAX));
        self.tries = self.tries.saturating_add(1);
        let delay = full.min(LONGEST_DELAY).mul_f64(0.5 + random / 2.0);
        // The last try is at the very end of the time.
        Some(delay.max(wanted).min(left))
    }
}

#[cfg(test)]
mod tests;
