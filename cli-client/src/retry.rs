//! When a call that failed is worth another try, and how long to wait before it.
//!
//! Uploads and exports ask it after every failure. It decides and waits for nothing itself, and must
//! never call a failure passing that the same bytes would meet again.

use std::time::{Duration, Instant};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    error::{Error, connection_broke, deepest, is_other_program},
    text,
};

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
        Error::Call(status) if is_other_program(status) => false,
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

/// Of which kind a failure is: the reason of the server, or where it has none what has failed.
pub(crate) fn kind(error: &Error) -> String {
    match error {
        Error::Call(status) if connection_broke(status) => "the connection broke".to_owned(),
        Error::Call(status) => match reason(status) {
            reason if reason.is_empty() => status.code().to_string(),
            reason => reason,
        },
        Error::Connect { .. } => "no connection".to_owned(),
        error => error.to_string(),
    }
}

/// The time that the server asks for before the next try.
fn wanted_delay(error: &Error) -> Duration {
    let Error::Call(status) = error else {
        return Duration::ZERO;
    };
    let info = status.get_details_retry_info();
    info.and_then(|info| info.retry_delay).unwrap_or_default()
}

/// What a command waits for before it tries again.
#[derive(Debug, Clone)]
pub(crate) struct Wait {
    /// Of which kind the failure is.
    kind: String,
    /// Who does not answer, and why.
    reason: String,
    /// What is done then.
    next: &'static str,
    attempt: u32,
    until: Instant,
}

impl Wait {
    /// The wait before the next try, after this failure of a call to these ends.
    pub(crate) fn new(ends: &str, error: &Error, patience: &Patience, next: &'static str) -> Self {
        let reason = match error {
            Error::Connect { source, .. } => format!("no answer: {}", deepest(source)),
            error => error.to_string(),
        };
        Self {
            kind: kind(error),
            reason: format!("{ends}: {reason}"),
            next,
            attempt: patience.tries + 1,
            until: patience.since.unwrap_or_else(Instant::now) + patience.limit,
        }
    }

    /// Of which kind the failure is: its words can differ each time.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// All of it on one line, with what changes first, which a narrow terminal shows too:
    /// `trying again for up to 4 min 59 s (attempt 2): 127.0.0.1:50051: …`.
    pub(crate) fn line(&self, now: Instant) -> String {
        let left = self.until.saturating_duration_since(now).as_millis();
        // Rounded up: nobody waits for parts of a second.
        let left = u64::try_from(left.div_ceil(1_000)).unwrap_or(u64::MAX);
        format!(
            "{} for up to {} (attempt {}): {}",
            self.next,
            text::whole_seconds(Duration::from_secs(left)),
            self.attempt,
            self.reason
        )
    }
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
