//! One transfer that runs in this server, or did: what its pipeline and its watchers share.
//!
//! Made by `transfer::registry`. It never waits for ClickHouse.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Commit, CommitMode, Counters, Counts, Error,
    cut::Cut,
    snapshot::{Offsets, Phase, Snapshot},
};
use crate::{clickhouse::sql::TableName, journal::TransferRow, metrics::Flow};

/// Whether a transfer goes into or out of ClickHouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// File to ClickHouse.
    Upload,
    /// ClickHouse to file.
    Export,
}

impl Kind {
    /// The name as the contract has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upload => "UPLOAD",
            Self::Export => "EXPORT",
        }
    }
}

/// Where a transfer stands.
#[derive(Clone, Debug)]
pub enum State {
    /// Bytes or rows are moving.
    Running,
    /// The rows become visible; nothing stops that any more.
    Committing,
    /// Everything arrived.
    Succeeded,
    /// An error, or a caller, ended it.
    Failed(Arc<Error>),
    /// It ended here, and can go on here or elsewhere.
    Interrupted(Arc<Error>),
}

impl State {
    /// Whether a pipeline works on it.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Running | Self::Committing)
    }
}

/// What is known of a transfer before it begins.
#[derive(Clone, Debug)]
pub struct Description {
    /// The id, chosen by the client or by the server.
    pub id: Uuid,
    /// Upload or export.
    pub kind: Kind,
    /// The table; none for the export of a query.
    pub table: Option<TableName>,
    /// The name of the file as the client gave it.
    pub source_name: String,
    /// The size of the file, where known.
    pub total_bytes: Option<u64>,
    /// Who began it; empty when that is not known.
    pub owner: String,
    /// The connection that it goes through.
    pub connection: String,
    /// Upload: whether its bytes come as appends, each right behind the one before, from whatever call.
    pub is_appended: bool,
    /// Upload: whether it only reads the file.
    pub is_dry_run: bool,
    /// Upload: whether it is the first pass of another one, which looks for types only.
    pub is_scan: bool,
}

/// How the file of an upload is cut, once that is known.
#[derive(Clone, Debug)]
pub struct FileForm {
    /// The names of its fields.
    pub names: Vec<Vec<u8>>,
    /// The fields among them that are Arrays, Maps or Tuples.
    pub nested: Vec<usize>,
    /// Those that are whole numbers in the table.
    pub integers: Vec<usize>,
    /// What makes records of it.
    pub cut: Cut,
}

/// One transfer, shared by its pipeline and its watchers.
#[derive(Debug)]
pub struct Transfer {
    description: Description,
    counters: Counters,
    total_rows: Mutex<Option<u64>>,
    file_form: OnceLock<FileForm>,
    commit: OnceLock<Commit>,
    target: OnceLock<(TableName, String)>,
    offsets: Mutex<Offsets>,
    /// The CRC-32C of the bytes of the file that have arrived.
    file_crc32c: AtomicU32,
    /// Export: whether some text is not UTF-8.
    invalid_utf8: AtomicBool,
    /// Who works on it here, and the newest step of the journal that was taken for it.
    claim: Mutex<Option<(Uuid, u32)>>,
    started_at: SystemTime,
    /// When it began and how long it ran, where that was before this server heard of it.
    recalled: OnceLock<(SystemTime, Duration)>,
    started: Instant,
    ended: Mutex<Option<Duration>>,
    state: watch::Sender<State>,
    stop: CancellationToken,
    stop_reason: Mutex<Option<Error>>,
}

impl Transfer {
    /// Says that some text of an export is not UTF-8.
    pub(super) fn set_invalid_utf8(&self) {
        self.invalid_utf8.store(true, Ordering::Release);
    }

    /// Whether some text of an export is not UTF-8.
    pub fn has_invalid_utf8(&self) -> bool {
        self.invalid_utf8.load(Ordering::Acquire)
    }

    pub(super) fn new(description: Description, flow: Flow) -> Self {
        Self {
            description,
            counters: Counters::new(flow),
            total_rows: Mutex::default(),
            invalid_utf8: AtomicBool::new(false),
            file_form: OnceLock::new(),
            commit: OnceLock::new(),
            target: OnceLock::new(),
            offsets: Mutex::default(),
            file_crc32c: AtomicU32::new(0),
            claim: Mutex::default(),
            started_at: SystemTime::now(),
            recalled: OnceLock::new(),
            started: Instant::now(),
            ended: Mutex::new(None),
            state: watch::Sender::new(State::Running),
            stop: CancellationToken::new(),
            stop_reason: Mutex::new(None),
        }
    }

    /// What was known before it began.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The counters.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Export: the rows that ClickHouse expects to read, where known.
    pub fn total_rows(&self) -> Option<u64> {
        *lock(&self.total_rows)
    }

    pub(super) fn set_total_rows(&self, rows: u64) {
        *lock(&self.total_rows) = Some(rows);
    }

    /// Upload: how its file is cut, once that is known.
    pub fn file_form(&self) -> Option<&FileForm> {
        self.file_form.get()
    }

    pub(super) fn set_file_form(&self, form: FileForm) {
        // It is found once.
        drop(self.file_form.set(form));
    }

    /// Upload: how its rows become visible, once that is known.
    pub fn commit(&self) -> Option<&Commit> {
        self.commit.get()
    }

    pub(super) fn set_commit(&self, commit: Commit) {
        // It is chosen once.
        drop(self.commit.set(commit));
    }

    /// Upload: how far its file is safe.
    pub fn offsets(&self) -> Offsets {
        *lock(&self.offsets)
    }

    pub(super) fn update_offsets(&self, update: impl FnOnce(&mut Offsets)) {
        update(&mut lock(&self.offsets));
    }

    /// Upload: the CRC-32C of the bytes of its file that have arrived.
    pub fn file_crc32c(&self) -> u32 {
        // The one thread that hands the bytes over writes it.
        self.file_crc32c.load(Ordering::Relaxed)
    }

    pub(super) fn set_file_crc32c(&self, crc32c: u32) {
        self.file_crc32c.store(crc32c, Ordering::Relaxed);
    }

    /// Upload: the run that works on it, and its newest step in the journal.
    pub(super) fn claim(&self) -> Option<(Uuid, u32)> {
        *lock(&self.claim)
    }

    pub(super) fn set_claim(&self, run: Uuid, step: u32) {
        *lock(&self.claim) = Some((run, step));
    }

    /// How it is now.
    pub fn snapshot(&self) -> Snapshot {
        let Description {
            id,
            kind,
            table,
            source_name,
            total_bytes,
            owner,
            connection,
            is_appended,
            is_dry_run,
            is_scan: _,
        } = self.description.clone();
        let found = self.target.get().map(|(table, _)| table.clone());
        let counts = self.counters.read();
        let offsets = self.offsets();
        let (phase, error) = match self.state() {
            State::Running => (Phase::Running, None),
            State::Committing => (Phase::Committing, None),
            State::Succeeded => (Phase::Succeeded, None),
            State::Failed(error) => (Phase::of_failure(&error), Some(error)),
            State::Interrupted(error) => (Phase::Interrupted, Some(error)),
        };
        let committed = match phase {
            Phase::Interrupted => offsets.durable,
            // What has come of a stream on top of that goes with the stream.
            Phase::Running if !is_appended => offsets.durable,
            _ => counts.bytes_received,
        };
        Snapshot {
            id,
            kind,
            phase,
            table: found.or(table),
            counts,
            total_bytes,
            total_rows: self.total_rows(),
            commit: self.commit().cloned(),
            started_at: self.recalled.get().map_or(self.started_at, |times| times.0),
            elapsed: self.elapsed(),
            error,
            source_name,
            committed_offset: if kind == Kind::Upload { committed } else { 0 },
            durable_offset: offsets.durable,
            is_resumable: offsets.is_resumable && phase.may_go_on(),
            owner,
            connection,
            is_dry_run,
        }
    }

    /// How long it has run, or ran.
    pub(super) fn elapsed(&self) -> Duration {
        if let Some((_, elapsed)) = self.recalled.get() {
            return *elapsed;
        }
        self.ran_here()
    }

    /// How long it has run here, or ran.
    pub(super) fn ran_here(&self) -> Duration {
        lock(&self.ended).unwrap_or_else(|| self.started.elapsed())
    }

    /// Whether it had ended before this server heard of it.
    pub(super) fn is_recalled(&self) -> bool {
        self.recalled.get().is_some()
    }

    /// Upload: the CREATE TABLE that was run for it; empty when the table was there.
    pub(super) fn create_statement(&self) -> &str {
        let target = self.target.get();
        target.map_or("", |(_, statement)| statement)
    }

    /// Says which table it is, in full, and how it was made.
    pub(super) fn set_target(&self, table: TableName, create_statement: Option<String>) {
        // It is found once.
        drop(
            self.target
                .set((table, create_statement.unwrap_or_default())),
        );
    }

    /// Takes what the journal knows of an upload that has ended.
    pub(super) fn recall(&self, row: &TransferRow) {
        let started_at = Duration::from_millis(u64::try_from(row.started_at).unwrap_or(0));
        let elapsed = Duration::from_millis(row.elapsed_ms);
        // It is recalled once.
        self.recalled
            .set((SystemTime::UNIX_EPOCH + started_at, elapsed))
            .ok();
        self.set_target(row.target(), Some(row.create_statement.clone()));
        self.set_commit(Commit {
            mode: CommitMode::named(&row.commit_mode).unwrap_or_default(),
            guarantee: row.guarantee.clone(),
        });
        self.update_offsets(|offsets| {
            *offsets = Offsets {
                durable: row.bytes_received,
                is_resumable: row.resumable,
            };
        });
        self.set_file_crc32c(row.file_crc32c);
        self.counters.resume(Counts {
            bytes_received: row.bytes_received,
            rows_parsed: row.rows_parsed,
            rows_staged: row.rows_staged,
            rows_committed: row.rows_committed,
            rows_rejected: row.rows_rejected,
            ..Counts::default()
        });
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Waits until it has ended, or for `limit`; says whether it has ended.
    pub async fn wait_ended(&self, limit: Duration) -> bool {
        let mut state = self.state.subscribe();
        let ended = state.wait_for(|state| !state.is_active());
        tokio::time::timeout(limit, ended).await.is_ok()
    }

    /// Says that the rows become visible from now on; false when somebody has asked for the end.
    pub(super) fn begin_commit(&self) -> bool {
        let reason = lock(&self.stop_reason);
        let may_go_on = reason.is_none() && !self.stop.is_cancelled();
        if may_go_on {
            self.state.send_replace(State::Committing);
        }
        may_go_on
    }

    /// Says that everything had arrived before; its caller's bytes are still compared.
    pub(super) fn show_succeeded(&self) {
        self.state.send_replace(State::Succeeded);
    }

    /// Says that they do not after all: somebody else has ended the upload first.
    pub(super) fn abandon_commit(&self) {
        self.state.send_replace(State::Running);
    }

    /// Asks the pipeline to end with `reason`; the first reason stays. A commit that has begun goes
    /// on, whatever is asked.
    pub fn stop(&self, reason: Error) {
        // The lock is held over both: a commit begins before, or not at all.
        let mut first = lock(&self.stop_reason);
        if matches!(*self.state.borrow(), State::Committing) {
            return;
        }
        first.get_or_insert(reason);
        self.stop.cancel();
    }

    /// Waits until somebody asks the pipeline to end, and returns why.
    pub(super) async fn stopped(&self) -> Error {
        self.stop.cancelled().await;
        lock(&self.stop_reason).take().unwrap_or(Error::Cancelled)
    }

    pub(super) fn end(&self, state: State) {
        *lock(&self.ended) = Some(self.started.elapsed());
        self.state.send_replace(state);
    }
}

/// A poisoned lock is taken all the same: no update here leaves its data half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
