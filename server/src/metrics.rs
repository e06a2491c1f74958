//! What is counted for operators, and how it is shown: as `OpenMetrics` on `/metrics`.
//!
//! The layers hand in what has happened, `app` says how things stand when somebody looks, `rpc` serves the text. This
//! module alone knows the library that counts. Labels are words of the program and never those of a caller, so that
//! their number is bounded: no tables, no users, no ids. `docs/operations.md` has the table of all of it.
//!
//! How this works: what happens per block or per message is counted by handles that are looked up once
//! ([`Flow`]); what happens per call or transfer is looked up by its labels. Nothing is counted per row or cell.

mod families;
mod levels;

use std::{fmt, sync::Arc, time::Duration};

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter, family::Family},
    registry::Registry,
};

use self::families::{Families, Labels};
pub use self::levels::{Levels, PoolLevel};

/// The form of the text, for the header of the answer.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One counter.
#[derive(Clone, Debug, Default)]
pub struct Count(counter::Counter);

impl Count {
    /// Adds to it.
    pub fn add(&self, amount: u64) {
        self.0.inc_by(amount);
    }
}

/// Counters of one kind, by a reason.
#[derive(Clone, Debug, Default)]
pub struct CountByReason(Family<Labels<1>, counter::Counter>);

impl CountByReason {
    /// Adds to that of a reason.
    pub fn add(&self, reason: &'static str, amount: u64) {
        let count = self.0.get_or_create(&[("reason", reason)]);
        count.inc_by(amount);
    }
}

/// What flows through transfers, counted as it does.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// Uploads: bytes of files that have arrived.
    pub received_bytes: Count,
    /// Uploads: records read.
    pub rows_read: Count,
    /// Uploads: records left out.
    pub rows_rejected: CountByReason,
    /// Uploads: rows that are visible.
    pub rows_committed: Count,
    /// Exports: rows handed to clients.
    pub rows_exported: Count,
    /// Exports: bytes of files handed to clients.
    pub sent_bytes: Count,
}

/// What an upload spends its time with. The stages overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits for bytes of its client.
    Receive,
    /// It cuts and types records.
    Type,
    /// It waits for ClickHouse to take blocks.
    Insert,
    /// It makes its rows visible.
    Commit,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Receive, Self::Type, Self::Insert, Self::Commit];

    /// The value of the label.
    const fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Type => "type",
            Self::Insert => "insert",
            Self::Commit => "commit",
        }
    }
}

/// A transfer that has ended here.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// Upload or export.
    pub kind: &'static str,
    /// How it ended.
    pub state: &'static str,
    /// How its rows became visible.
    pub mode: &'static str,
    /// How long it ran.
    pub elapsed: Duration,
    /// What an upload has spent its time with; none for an export.
    pub stages: Option<[Duration; 4]>,
}

/// A call that has ended.
#[derive(Clone, Copy, Debug)]
pub struct EndedCall {
    /// The service.
    pub service: &'static str,
    /// The method.
    pub method: &'static str,
    /// The name of the status.
    pub code: &'static str,
    /// How long it took.
    pub elapsed: Duration,
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connecting {
    /// A request has begun on it.
    Opened,
    /// It was closed: there are too many.
    Refused,
    /// Its handshake or its first request failed.
    Failed,
}

/// What is asked of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalUse {
    /// Rows are read.
    Read,
    /// Rows are written.
    Write,
}

/// All that is counted. Cheap to share; one for each server.
pub struct Metrics {
    registry: Registry,
    families: Families,
    flow: Flow,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("sluice");
        let flow = Flow::default();
        let families = Families::register(&mut registry, &flow);
        Self {
            registry,
            families,
            flow,
        }
    }
}

impl Metrics {
    /// Counts nothing yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// What flows through transfers.
    pub const fn flow(&self) -> &Flow {
        &self.flow
    }

    /// A transfer has begun.
    pub fn transfer_began(&self, kind: &'static str) {
        let began = &self.families.transfers_started;
        began.get_or_create(&[("kind", kind)]).inc();
    }

    /// A transfer has ended.
    pub fn transfer_ended(&self, ended: &Ended) {
        let Ended {
            kind,
            state,
            mode,
            elapsed,
            stages,
        } = *ended;
        let labels = [("kind", kind), ("state", state), ("mode", mode)];
        self.families.transfers_ended.get_or_create(&labels).inc();
        let seconds = self
            .families
            .transfer_seconds
            .get_or_create_owned(&[("kind", kind)]);
        seconds.observe(elapsed.as_secs_f64());
        for (stage, time) in Stage::ALL.into_iter().zip(stages.into_iter().flatten()) {
            let labels = [("stage", stage.name())];
            let seconds = self.families.stage_seconds.get_or_create_owned(&labels);
            seconds.observe(time.as_secs_f64());
        }
    }

    /// A call has begun.
    pub fn call_began(&self) {
        self.families.calls_open.inc();
    }

    /// A call has ended.
    pub fn call_ended(&self, ended: &EndedCall) {
        let EndedCall {
            service,
            method,
            code,
            elapsed,
        } = *ended;
        self.families.calls_open.dec();
        let labels = [("service", service), ("method", method), ("code", code)];
        self.families.calls.get_or_create(&labels).inc();
        let labels = [("service", service), ("method", method)];
        let seconds = self.families.call_seconds.get_or_create_owned(&labels);
        seconds.observe(elapsed.as_secs_f64());
    }

    /// A caller could not show who it is.
    pub fn caller_unknown(&self, reason: &'static str) {
        let unknown = &self.families.auth_failures;
        unknown.get_or_create(&[("reason", reason)]).inc();
    }

    /// A caller was refused what it asked for.
    pub fn caller_denied(&self) {
        self.families.denials.inc();
    }

    /// A caller has called too often; whether it is counted by its name, or by its address.
    pub fn rate_limited(&self, by_subject: bool) {
        let by = if by_subject { "subject" } else { "address" };
        let limited = &self.families.rate_limited;
        limited.get_or_create(&[("by", by)]).inc();
    }

    /// Somebody has connected.
    pub fn connected(&self, what: Connecting) {
        let outcome = match what {
            Connecting::Opened => {
                self.families.connections_open.inc();
                "opened"
            }
            Connecting::Refused => "refused",
            Connecting::Failed => "failed",
        };
        let connections = &self.families.connections;
        connections.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// A connection that was opened has ended.
    pub fn disconnected(&self) {
        self.families.connections_open.dec();
    }

    /// The journal was read or written.
    pub fn journal_used(&self, used: JournalUse, has_failed: bool) {
        let operation = match used {
            JournalUse::Read => "read",
            JournalUse::Write => "write",
        };
        let labels = [("operation", operation)];
        self.families
            .journal_operations
            .get_or_create(&labels)
            .inc();
        if has_failed {
            self.families.journal_errors.get_or_create(&labels).inc();
        }
    }

    /// The sweeper has gone round.
    pub fn swept(&self, has_failed: bool) {
        self.families.sweeper_runs.inc();
        if has_failed {
            self.families.sweeper_errors.inc();
        }
    }

    /// The sweeper has done something for an upload that nobody works on.
    pub fn sweeper_did(&self, action: &'static str) {
        let did = &self.families.sweeper_uploads;
        did.get_or_create(&[("action", action)]).inc();
    }

    /// The sweeper has dropped a staging table that was left behind.
    pub fn sweeper_dropped(&self) {
        self.families.sweeper_tables.inc();
    }

    /// All of it as text, with how things stand now.
    #[must_use]
    pub fn render(&self, levels: &Levels) -> String {
        self.families.set(levels);
        let mut text = String::with_capacity(32 << 10);
        // A string takes everything.
        encode(&mut text, &self.registry).ok();
        text
    }
}

#[cfg(test)]
mod tests;
