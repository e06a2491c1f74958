//! Every family that is served: name, kind, labels, help. `docs/operations.md` has the same as a table, and a test
//! compares the two.
//!
//! Part of `metrics`. Names follow the conventions of Prometheus; a counter has no `_total` here, the library adds it.

use std::sync::atomic::Ordering;

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Metric, Registry},
};

use super::{Flow, Levels, Stage};

/// Names and values of the labels.
pub(super) type Labels<const N: usize> = [(&'static str, &'static str); N];

type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Gauges<const N: usize> = Family<Labels<N>, Gauge>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// Seconds of a call: from a cached answer to a watch of an hour.
const CALL_SECONDS: [f64; 10] = [
    0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0, 600.0, 3600.0,
];

/// Seconds of a transfer and its stages: from a small file to one of a day.
const TRANSFER_SECONDS: [f64; 11] = [
    0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 28800.0,
];

fn call_seconds() -> Histogram {
    Histogram::new(CALL_SECONDS)
}

fn transfer_seconds() -> Histogram {
    Histogram::new(TRANSFER_SECONDS)
}

pub(super) struct Families {
    pub(super) transfers_started: Counters<1>,
    pub(super) transfers_ended: Counters<3>,
    pub(super) transfer_seconds: Histograms<1>,
    pub(super) stage_seconds: Histograms<1>,
    pub(super) calls: Counters<3>,
    pub(super) calls_open: Gauge,
    pub(super) call_seconds: Histograms<2>,
    pub(super) auth_failures: Counters<1>,
    pub(super) denials: Counter,
    pub(super) rate_limited: Counters<1>,
    pub(super) connections: Counters<1>,
    pub(super) connections_open: Gauge,
    pub(super) journal_operations: Counters<1>,
    pub(super) journal_errors: Counters<1>,
    pub(super) sweeper_runs: Counter,
    pub(super) sweeper_errors: Counter,
    pub(super) sweeper_uploads: Counters<1>,
    pub(super) sweeper_tables: Counter,
    transfers_open: Gauges<2>,
    places_used: Gauge,
    places_limit: Gauge,
    waiting: Gauge,
    memory_used: Gauges<1>,
    memory_limit: Gauges<1>,
    engine_restarts: Counter,
    ready: Gauge,
    clickhouse_up: Gauge,
    journal_up: Gauge,
}

/// Registers families one after the other.
struct Registering<'r>(&'r mut Registry);

impl Registering<'_> {
    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn plain<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        self.add(name, help, M::default())
    }

    fn histograms<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        make: fn() -> Histogram,
    ) -> Histograms<N> {
        self.add(name, help, Family::new_with_constructor(make))
    }
}

impl Families {
    /// Registers all of them.
    pub(super) fn register(registry: &mut Registry, flow: &Flow) -> Self {
        let mut to = Registering(registry);
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        to.0.register("build", "The version of the server", version);
        register_flow(&mut to, flow);
        let families = Self {
            transfers_started: to.plain("transfers_started", "Transfers that began"),
            transfers_ended: to.plain("transfers_ended", "Transfers that ended here, and how"),
            transfer_seconds: to.histograms(
                "transfer_duration_seconds",
                "Time from the beginning of a transfer to its end",
                transfer_seconds,
            ),
            stage_seconds: to.histograms(
                "upload_stage_seconds",
                "Time that an upload spent waiting for its client, typing, inserting and committing",
                transfer_seconds,
            ),
            transfers_open: to.plain("transfers_open", "Transfers that are open now"),
            calls: to.plain("grpc_calls", "Calls that ended, by the name of their status"),
            calls_open: to.plain("grpc_calls_open", "Calls that are open now"),
            call_seconds: to.histograms(
                "grpc_call_duration_seconds",
                "Time from the head of a call to the end of its answer",
                call_seconds,
            ),
            auth_failures: to.plain(
                "auth_failures",
                "Calls of which nobody could tell who made them",
            ),
            denials: to.plain("access_denied", "Things that callers asked for and may not do"),
            rate_limited: to.plain("rate_limited", "Calls beyond the limit of their caller"),
            connections: to.plain("connections", "Connections to the port, and what became of them"),
            connections_open: to.plain("connections_open", "Connections to the port that are open now"),
            journal_operations: to.plain("journal_operations", "Reads and writes of the journal"),
            journal_errors: to.plain("journal_errors", "Those of them that failed"),
            sweeper_runs: to.plain("sweeper_runs", "Rounds of the sweeper"),
            sweeper_errors: to.plain("sweeper_errors", "Rounds of the sweeper that broke off"),
            sweeper_uploads: to.plain(
                "sweeper_uploads",
                "Uploads that nobody worked on, and what the sweeper did for them",
            ),
            sweeper_tables: to.plain(
                "sweeper_dropped_tables",
                "Staging tables that were left behind and dropped",
            ),
            places_used: to.plain("transfer_places_used", "Transfers that have a place to run"),
            places_limit: to.plain("transfer_places_limit", "The places, --max-transfers"),
            waiting: to.plain("memory_waiters", "Those that wait for memory or for a place"),
            memory_used: to.plain("memory_used_bytes", "Memory that is taken, by the part of the budget"),
            memory_limit: to.plain("memory_limit_bytes", "The parts of the budget, --memory-limit"),
            engine_restarts: to.plain("engine_restarts", "Starts of the embedded ClickHouse after the first"),
            ready: to.plain("ready", "Whether the server is ready, as /readyz says"),
            clickhouse_up: to.plain("clickhouse_up", "Whether ClickHouse answers"),
            journal_up: to.plain("journal_up", "Whether the journal can be written to, or none is kept"),
        };
        families.begin_at_zero();
        families
    }

    /// Shows what may come with its labels from the start: the rate of what was never there cannot be told.
    fn begin_at_zero(&self) {
        for kind in ["UPLOAD", "EXPORT"] {
            self.transfers_started
                .get_or_create_owned(&[("kind", kind)]);
            self.transfer_seconds.get_or_create_owned(&[("kind", kind)]);
            let mode = if kind == "UPLOAD" { "ATOMIC" } else { "NONE" };
            for state in ["SUCCEEDED", "FAILED", "CANCELLED"] {
                let labels = [("kind", kind), ("state", state), ("mode", mode)];
                self.transfers_ended.get_or_create_owned(&labels);
            }
        }
        for stage in Stage::ALL {
            self.stage_seconds
                .get_or_create_owned(&[("stage", stage.name())]);
        }
        let upload = [("service", "IngestService"), ("method", "Upload")];
        let [service, method] = upload;
        self.calls
            .get_or_create_owned(&[service, method, ("code", "OK")]);
        self.call_seconds.get_or_create_owned(&upload);
        self.auth_failures
            .get_or_create_owned(&[("reason", "MISSING_TOKEN")]);
        for by in ["subject", "address"] {
            self.rate_limited.get_or_create_owned(&[("by", by)]);
        }
        for outcome in ["opened", "refused", "failed"] {
            self.connections
                .get_or_create_owned(&[("outcome", outcome)]);
        }
        for operation in ["read", "write"] {
            let labels = [("operation", operation)];
            self.journal_operations.get_or_create_owned(&labels);
            self.journal_errors.get_or_create_owned(&labels);
        }
        for action in ["completed", "expired", "described", "failed"] {
            self.sweeper_uploads
                .get_or_create_owned(&[("action", action)]);
        }
    }

    /// Takes over how things stand.
    pub(super) fn set(&self, levels: &Levels) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.ready.set(levels.is_ready.into());
        self.clickhouse_up.set(levels.has_clickhouse.into());
        self.journal_up.set(levels.has_journal.into());
        let restarts = self.engine_restarts.inner();
        restarts.store(levels.engine_restarts, Ordering::Relaxed);
        self.waiting.set(number(levels.waiting));
        self.places_used.set(number(levels.places_used));
        self.places_limit.set(number(levels.places_limit));
        for pool in &levels.memory {
            let labels = [("part", pool.name)];
            let used = self.memory_used.get_or_create_owned(&labels);
            used.set(number(pool.used_bytes));
            let limit = self.memory_limit.get_or_create_owned(&labels);
            limit.set(number(pool.limit_bytes));
        }
        for (kind, state, count) in &levels.open {
            let labels = [("kind", *kind), ("state", *state)];
            let open = self.transfers_open.get_or_create_owned(&labels);
            open.set(number(*count));
        }
    }
}

fn register_flow(to: &mut Registering<'_>, flow: &Flow) {
    let flows = [
        (
            "upload_received_bytes",
            "Bytes of files that have arrived",
            &flow.received_bytes,
        ),
        (
            "upload_rows_read",
            "Records read from files, those of trial runs too",
            &flow.rows_read,
        ),
        (
            "upload_rows_committed",
            "Rows of uploads that are visible",
            &flow.rows_committed,
        ),
        ("export_rows", "Rows handed to clients", &flow.rows_exported),
        (
            "export_sent_bytes",
            "Bytes of files handed to clients",
            &flow.sent_bytes,
        ),
    ];
    // Shown from the start, as the others are.
    flow.rows_rejected.add("INVALID_NUMBER", 0);
    to.add(
        "upload_rows_rejected",
        "Records left out of uploads",
        flow.rows_rejected.0.clone(),
    );
    for (name, help, count) in flows {
        to.add(name, help, count.0.clone());
    }
}
