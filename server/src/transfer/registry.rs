//! The transfers of this server: those that run, and for a while those that ended.
//!
//! Every pipeline registers here first and ends here last; `rpc` looks here for watchers.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Counters, Error, Result, cut::Cut};
use crate::clickhouse::sql::TableName;

/// Whether a transfer goes into or out of ClickHouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// File to ClickHouse.
    Upload,
    /// ClickHouse to file.
    Export,
}

/// Where a transfer stands.
#[derive(Clone, Debug)]
pub enum State {
    /// Bytes or rows are moving.
    Running,
    /// Everything arrived.
    Succeeded,
    /// An error, or a caller, ended it.
    Failed(Arc<Error>),
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
}

/// How the file of an upload is cut, once that is known.
#[derive(Clone, Debug)]
pub struct FileForm {
    /// The names of its fields.
    pub names: Vec<Vec<u8>>,
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
    started_at: SystemTime,
    started: Instant,
    ended: Mutex<Option<Duration>>,
    state: watch::Sender<State>,
    stop: CancellationToken,
    stop_reason: Mutex<Option<Error>>,
}

impl Transfer {
    fn new(description: Description) -> Self {
        Self {
            description,
            counters: Counters::default(),
            total_rows: Mutex::default(),
            file_form: OnceLock::new(),
            started_at: SystemTime::now(),
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

    /// When it began.
    pub fn started_at(&self) -> SystemTime {
        self.started_at
    }

    /// How long it has run, or ran.
    pub fn elapsed(&self) -> Duration {
        lock(&self.ended).unwrap_or_else(|| self.started.elapsed())
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Waits until it has ended, or for `limit`; says whether it has ended.
    pub async fn wait_ended(&self, limit: Duration) -> bool {
        let mut state = self.state.subscribe();
        let ended = state.wait_for(|state| !matches!(state, State::Running));
        tokio::time::timeout(limit, ended).await.is_ok()
    }

    /// Asks the pipeline to end with `reason`; the first reason stays.
    pub fn stop(&self, reason: Error) {
        lock(&self.stop_reason).get_or_insert(reason);
        self.stop.cancel();
    }

    /// Waits until somebody asks the pipeline to end, and returns why.
    pub(super) async fn stopped(&self) -> Error {
        self.stop.cancelled().await;
        lock(&self.stop_reason).take().unwrap_or(Error::Cancelled)
    }

    fn end(&self, state: State) {
        *lock(&self.ended) = Some(self.started.elapsed());
        self.state.send_replace(state);
    }
}

/// A transfer that runs. Dropping it without [`Running::finish`] makes it a failed one.
#[derive(Debug)]
#[must_use]
pub struct Running {
    transfer: Arc<Transfer>,
    registry: Arc<Registry>,
    finished: bool,
}

impl Running {
    /// The transfer, for the stages of its pipeline.
    pub fn transfer(&self) -> &Arc<Transfer> {
        &self.transfer
    }

    /// Ends the transfer and hands the outcome on.
    ///
    /// # Errors
    ///
    /// The error that was given, shared with the watchers.
    pub fn finish<T>(mut self, outcome: Result<T>) -> Result<T, Arc<Error>> {
        let (state, outcome) = match outcome {
            Ok(value) => (State::Succeeded, Ok(value)),
            Err(error) => {
                let error = Arc::new(error);
                (State::Failed(Arc::clone(&error)), Err(error))
            }
        };
        self.end(state);
        outcome
    }

    fn end(&mut self, state: State) {
        self.finished = true;
        log_end(&self.transfer, &state);
        self.transfer.end(state);
        self.registry.retire(self.transfer.description.id);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.finished {
            self.end(State::Failed(Arc::new(Error::ClientGone)));
        }
    }
}

fn log_end(transfer: &Transfer, state: &State) {
    let Description {
        id, kind, table, ..
    } = &transfer.description;
    let counts = transfer.counters.read();
    let elapsed = transfer.started.elapsed();
    match state {
        State::Failed(error) => {
            tracing::warn!(%id, ?kind, ?table, ?counts, ?elapsed, %error, "transfer failed");
        }
        State::Running | State::Succeeded => {
            tracing::info!(%id, ?kind, ?table, ?counts, ?elapsed, "transfer ended");
        }
    }
}

/// All transfers of this server.
#[derive(Debug)]
pub struct Registry {
    max_running: usize,
    max_ended: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_id: HashMap<Uuid, Arc<Transfer>>,
    /// In the order in which they began.
    order: Vec<Uuid>,
    ended: VecDeque<Uuid>,
    closed: bool,
}

impl Registry {
    /// Allows `max_running` transfers at once and remembers `max_ended` that ended.
    pub fn new(max_running: usize, max_ended: usize) -> Arc<Self> {
        Arc::new(Self {
            max_running,
            max_ended,
            entries: Mutex::default(),
        })
    }

    /// Registers a transfer that begins now.
    ///
    /// # Errors
    ///
    /// [`Error::ShuttingDown`], [`Error::Exists`] and [`Error::TooManyTransfers`].
    pub fn begin(self: &Arc<Self>, description: Description) -> Result<Running> {
        let mut entries = lock(&self.entries);
        let id = description.id;
        if entries.closed {
            return Err(Error::ShuttingDown);
        }
        if entries.by_id.contains_key(&id) {
            return Err(Error::Exists { id: id.to_string() });
        }
        if entries.by_id.len() - entries.ended.len() >= self.max_running {
            return Err(Error::TooManyTransfers {
                limit: self.max_running,
            });
        }
        let transfer = Arc::new(Transfer::new(description));
        entries.by_id.insert(id, Arc::clone(&transfer));
        entries.order.push(id);
        Ok(Running {
            transfer,
            registry: Arc::clone(self),
            finished: false,
        })
    }

    /// Finds a transfer.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub fn get(&self, id: Uuid) -> Result<Arc<Transfer>> {
        let entries = lock(&self.entries);
        entries
            .by_id
            .get(&id)
            .cloned()
            .ok_or_else(|| Error::NotFound { id: id.to_string() })
    }

    /// Lists at most `limit` transfers, the newest first, beginning after the one named `after`.
    pub fn list(&self, limit: usize, after: Option<Uuid>) -> Vec<Arc<Transfer>> {
        let entries = lock(&self.entries);
        let newest_first = entries.order.iter().rev();
        let skipped = after.map_or(0, |after| {
            newest_first
                .clone()
                .position(|id| *id == after)
                .map_or(usize::MAX, |index| index + 1)
        });
        let page = newest_first.skip(skipped).take(limit);
        page.filter_map(|id| entries.by_id.get(id).cloned())
            .collect()
    }

    /// Refuses new transfers from now on.
    pub fn close(&self) {
        lock(&self.entries).closed = true;
    }

    /// Asks every transfer that runs to end because the server does.
    pub fn stop_all(&self) {
        for transfer in lock(&self.entries).by_id.values() {
            transfer.stop(Error::ShuttingDown);
        }
    }

    /// Waits until no transfer runs.
    pub async fn wait_idle(&self) {
        let running = || {
            lock(&self.entries)
                .by_id
                .values()
                .find(|t| is_running(t))
                .cloned()
        };
        while let Some(transfer) = running() {
            transfer.wait_ended(Duration::from_secs(1)).await;
        }
    }

    fn retire(&self, id: Uuid) {
        let mut entries = lock(&self.entries);
        entries.ended.push_back(id);
        if entries.ended.len() > self.max_ended
            && let Some(oldest) = entries.ended.pop_front()
        {
            entries.by_id.remove(&oldest);
            entries.order.retain(|id| *id != oldest);
        }
    }
}

fn is_running(transfer: &Transfer) -> bool {
    matches!(*transfer.state.borrow(), State::Running)
}

/// A poisoned lock is taken all the same: no update here leaves its data half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
