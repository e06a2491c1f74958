//! Counters of a running transfer and the rates between two looks at them.
//!
//! Written by the stages of the pipelines, read by every watcher; never waits.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use crate::metrics::{Flow, Stage};

/// What has moved so far; every counter only grows.
#[derive(Debug, Default)]
pub struct Counters {
    bytes_received: AtomicU64,
    rows_parsed: AtomicU64,
    rows_staged: AtomicU64,
    rows_committed: AtomicU64,
    rows_rejected: AtomicU64,
    rows_exported: AtomicU64,
    bytes_sent: AtomicU64,
    rows_in_flight: AtomicU64,
    /// In microseconds, in the order of [`Stage::ALL`].
    stages: [AtomicU64; Stage::ALL.len()],
    /// What is counted of all transfers together.
    flow: Flow,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Upload: bytes of the file that the server has.
    pub bytes_received: u64,
    /// Upload: records read, without the header.
    pub rows_parsed: u64,
    /// Upload: rows sent to ClickHouse.
    pub rows_staged: u64,
    /// Upload: rows that ClickHouse has confirmed.
    pub rows_committed: u64,
    /// Upload: records left out because a cell does not fit.
    pub rows_rejected: u64,
    /// Export: rows written.
    pub rows_exported: u64,
    /// Export: bytes of the file handed to the client.
    pub bytes_sent: u64,
}

impl Counters {
    /// Counters at nothing, which are counted in `flow` too.
    pub fn new(flow: Flow) -> Self {
        Self {
            flow,
            ..Self::default()
        }
    }

    /// Goes on from where an upload stood.
    pub fn resume(&self, counts: Counts) {
        let store = |counter: &AtomicU64, count| counter.store(count, Ordering::Release);
        store(&self.bytes_received, counts.bytes_received);
        store(&self.rows_parsed, counts.rows_parsed);
        store(&self.rows_staged, counts.rows_staged);
        store(&self.rows_committed, counts.rows_committed);
        store(&self.rows_rejected, counts.rows_rejected);
    }

    /// Counts bytes of the file that have arrived.
    pub fn add_bytes_received(&self, bytes: usize) {
        add(&self.bytes_received, bytes);
        self.flow.received_bytes.add(bytes as u64);
    }

    /// Counts records that were read and typed.
    pub fn add_rows_parsed(&self, rows: usize) {
        add(&self.rows_parsed, rows);
        self.flow.rows_read.add(rows as u64);
    }

    /// Counts rows that were sent to ClickHouse.
    pub fn add_rows_staged(&self, rows: usize) {
        add(&self.rows_staged, rows);
    }

    /// Says how many rows are on their way to a table, of which nobody knows yet whether they are there.
    pub fn set_in_flight(&self, rows: usize) {
        self.rows_in_flight.store(rows as u64, Ordering::Release);
    }

    /// The rows on their way to a table.
    pub fn rows_in_flight(&self) -> u64 {
        self.rows_in_flight.load(Ordering::Acquire)
    }

    /// Counts records that cannot be loaded, all for one reason.
    pub fn add_rows_rejected(&self, reason: &'static str, rows: usize) {
        add(&self.rows_rejected, rows);
        self.flow.rows_rejected.add(reason, rows as u64);
    }

    /// Says that ClickHouse has confirmed every row that was sent.
    pub fn commit_staged(&self) {
        let staged = self.rows_staged.load(Ordering::Acquire);
        let before = self.rows_committed.swap(staged, Ordering::AcqRel);
        self.flow.rows_committed.add(staged.saturating_sub(before));
    }

    /// Counts rows and bytes of an export that were handed to the client.
    pub fn add_exported(&self, rows: usize, bytes: usize) {
        add(&self.rows_exported, rows);
        add(&self.bytes_sent, bytes);
        self.flow.rows_exported.add(rows as u64);
        self.flow.sent_bytes.add(bytes as u64);
    }

    /// Counts time that an upload has spent with something.
    pub fn add_time(&self, stage: Stage, time: Duration) {
        let [receive, typing, insert, commit] = &self.stages;
        let stage = match stage {
            Stage::Receive => receive,
            Stage::Type => typing,
            Stage::Insert => insert,
            Stage::Commit => commit,
        };
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        stage.fetch_add(micros, Ordering::Relaxed);
    }

    /// Does something, and counts the time that it takes.
    pub fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        self.add_time(stage, begun.elapsed());
        done
    }

    /// The time that an upload has spent with each stage.
    pub fn stages(&self) -> [Duration; Stage::ALL.len()] {
        let read = |micros: &AtomicU64| Duration::from_micros(micros.load(Ordering::Relaxed));
        self.stages.each_ref().map(read)
    }

    /// Reads all counters.
    pub fn read(&self) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        Counts {
            bytes_received: load(&self.bytes_received),
            rows_parsed: load(&self.rows_parsed),
            rows_staged: load(&self.rows_staged),
            rows_committed: load(&self.rows_committed),
            rows_rejected: load(&self.rows_rejected),
            rows_exported: load(&self.rows_exported),
            bytes_sent: load(&self.bytes_sent),
        }
    }
}

fn add(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(amount as u64, Ordering::AcqRel);
}

/// Turns an export's counts into rates, one look after the other.
#[derive(Debug)]
pub struct Rate {
    since: Instant,
    counts: Counts,
}

impl Rate {
    /// Begins at nothing, now.
    pub fn start() -> Self {
        Self {
            since: Instant::now(),
            counts: Counts::default(),
        }
    }

    /// Returns rows and bytes a second since the last look, and makes `counts` the last look.
    pub fn update(&mut self, counts: Counts) -> (f64, f64) {
        let now = Instant::now();
        let elapsed = now
            .duration_since(self.since)
            .max(Duration::from_millis(1))
            .as_secs_f64();
        let rows = counts
            .rows_exported
            .saturating_sub(self.counts.rows_exported);
        let bytes = counts.bytes_sent.saturating_sub(self.counts.bytes_sent);
        self.since = now;
        self.counts = counts;
        (per_second(rows, elapsed), per_second(bytes, elapsed))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate is for display")]
fn per_second(amount: u64, seconds: f64) -> f64 {
    amount as f64 / seconds
}
