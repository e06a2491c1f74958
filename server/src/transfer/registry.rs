//! The transfers of this server: those that run, and for a while those that ended.
//!
//! Every pipeline registers here first and ends here last; `rpc` looks here for watchers.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::{
    Error, Result,
    live::{Description, Kind, State, Transfer, lock},
    snapshot::Phase,
};
use crate::metrics::{Ended, Metrics};

/// How long an upload may take to let go of what another call goes on with.
const TAKE_OVER_LIMIT: Duration = Duration::from_secs(10);

/// The transfers that may be open for each one that may run: those that wait for their turn, and uploads
/// that have no byte yet.
const OPEN_FOR_EACH: usize = 16;

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

    /// Ends the transfer here: it goes on later, or is what the journal says. Hands the reason on.
    pub fn interrupt(mut self, error: Error) -> Arc<Error> {
        let error = Arc::new(error);
        self.end(State::Interrupted(Arc::clone(&error)));
        error
    }

    fn end(&mut self, state: State) {
        self.finished = true;
        log_end(&self.transfer, &state);
        self.transfer.end(state);
        self.registry.metrics.transfer_ended(&ended(&self.transfer));
        self.registry.retire(&self.transfer);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.finished {
            self.end(State::Failed(Arc::new(Error::ClientGone)));
        }
    }
}

/// What is counted of a transfer that has ended.
fn ended(transfer: &Transfer) -> Ended {
    let Description {
        kind,
        is_dry_run,
        is_scan,
        ..
    } = transfer.description();
    let commit = transfer.commit();
    let mode = match (*kind, commit) {
        (Kind::Export, _) => "NONE",
        _ if *is_scan => "SCAN",
        _ if *is_dry_run => "DRY_RUN",
        (Kind::Upload, commit) => commit.map_or("NONE", |commit| commit.mode.name()),
    };
    let state = match transfer.state() {
        State::Failed(error) => Phase::of_failure(&error).name(),
        State::Interrupted(_) => Phase::Interrupted.name(),
        _ if transfer.is_recalled() => "REPLAYED",
        State::Running | State::Committing | State::Succeeded => Phase::Succeeded.name(),
    };
    Ended {
        kind: kind.name(),
        state,
        mode,
        elapsed: transfer.ran_here(),
        stages: (*kind == Kind::Upload).then(|| transfer.counters().stages()),
    }
}

fn log_end(transfer: &Transfer, state: &State) {
    let Description {
        id, kind, table, ..
    } = transfer.description();
    let counts = transfer.counters().read();
    let elapsed = transfer.elapsed();
    match state {
        State::Failed(error) => {
            tracing::warn!(%id, ?kind, ?table, ?counts, ?elapsed, error = error.logged(), "transfer failed");
        }
        State::Interrupted(error) => {
            tracing::warn!(%id, ?kind, ?table, ?counts, ?elapsed, error = error.logged(), "transfer interrupted");
        }
        State::Running | State::Committing | State::Succeeded => {
            tracing::info!(%id, ?kind, ?table, ?counts, ?elapsed, "transfer ended");
        }
    }
}

/// All transfers of this server.
#[derive(Debug)]
pub struct Registry {
    max_running: usize,
    places: Arc<Semaphore>,
    max_ended: usize,
    entries: Mutex<Entries>,
    metrics: Arc<Metrics>,
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
    /// Has places for `max_running` transfers, and remembers `max_ended` that ended.
    pub fn new(max_running: usize, max_ended: usize, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            max_running,
            places: Arc::new(Semaphore::new(max_running)),
            max_ended,
            entries: Mutex::default(),
            metrics,
        })
    }

    /// Waits for the place of a transfer that runs, in the order of arrival.
    pub async fn place(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.places).acquire_owned().await {
            Ok(place) => place,
            // It is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    /// How many transfers may run at once.
    pub const fn max_running(&self) -> usize {
        self.max_running
    }

    /// How many run.
    pub fn running(&self) -> usize {
        self.max_running - self.places.available_permits()
    }

    /// How many are open, by their kind and state.
    pub fn open(&self) -> Vec<(&'static str, &'static str, usize)> {
        let entries = lock(&self.entries);
        let count = |kind: Kind, phase: Phase| {
            let is_one = |transfer: &&Arc<Transfer>| {
                let is_committing = matches!(transfer.state(), State::Committing);
                transfer.description().kind == kind
                    && is_running(transfer)
                    && is_committing == (phase == Phase::Committing)
            };
            let count = entries.by_id.values().filter(is_one).count();
            (kind.name(), phase.name(), count)
        };
        vec![
            count(Kind::Upload, Phase::Running),
            count(Kind::Upload, Phase::Committing),
            count(Kind::Export, Phase::Running),
        ]
    }

    const fn max_open(&self) -> usize {
        self.max_running * OPEN_FOR_EACH
    }

    /// Registers a transfer that begins now; it takes a place when it has something to move.
    ///
    /// # Errors
    ///
    /// [`Error::ShuttingDown`], [`Error::TakenOver`] for the id of an upload that another call has begun in
    /// the same moment, [`Error::Exists`] for any other that is in use, and [`Error::TooManyTransfers`]. The id of a transfer that has ended may be used again.
    pub fn begin(self: &Arc<Self>, description: Description) -> Result<Running> {
        let mut entries = lock(&self.entries);
        let id = description.id;
        if entries.closed {
            return Err(Error::ShuttingDown);
        }
        if let Some(known) = entries.by_id.get(&id) {
            let id = id.to_string();
            let kinds = (known.description().kind, description.kind);
            match (kinds, known.state().is_active()) {
                ((known, new), false) if known == new => {}
                ((Kind::Upload, Kind::Upload), _) => return Err(Error::TakenOver { id }),
                _ => return Err(Error::Exists { id }),
            }
        }
        if entries
            .by_id
            .values()
            .filter(|known| is_running(known))
            .count()
            >= self.max_open()
        {
            return Err(Error::TooManyTransfers {
                limit: self.max_open(),
            });
        }
        self.metrics.transfer_began(description.kind.name());
        let flow = self.metrics.flow().clone();
        let transfer = Arc::new(Transfer::new(description, flow));
        entries.ended.retain(|ended| *ended != id);
        entries.order.retain(|known| *known != id);
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

    /// Interrupts the upload with this id, if one runs here, and waits until it has ended.
    pub async fn take_over(&self, id: Uuid) {
        let Ok(transfer) = self.get(id) else {
            return;
        };
        if transfer.description().kind == Kind::Upload && is_running(&transfer) {
            transfer.stop(Error::TakenOver { id: id.to_string() });
            transfer.wait_ended(TAKE_OVER_LIMIT).await;
        }
    }

    /// All transfers, the newest first.
    pub fn all(&self) -> Vec<Arc<Transfer>> {
        let entries = lock(&self.entries);
        let newest_first = entries.order.iter().rev();
        newest_first
            .filter_map(|id| entries.by_id.get(id).cloned())
            .collect()
    }

    /// Forgets a transfer that has ended here.
    pub fn forget(&self, id: Uuid) {
        let mut entries = lock(&self.entries);
        if entries
            .by_id
            .get(&id)
            .is_some_and(|known| !is_running(known))
        {
            entries.by_id.remove(&id);
            entries.ended.retain(|ended| *ended != id);
            entries.order.retain(|known| *known != id);
        }
    }

    /// Whether new transfers are refused.
    pub fn is_closed(&self) -> bool {
        lock(&self.entries).closed
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

    /// Counts a transfer among those that ended, unless another one has its id by now.
    fn retire(&self, transfer: &Arc<Transfer>) {
        let mut entries = lock(&self.entries);
        let id = transfer.description().id;
        let known = entries.by_id.get(&id);
        if !known.is_some_and(|known| Arc::ptr_eq(known, transfer)) {
            return;
        }
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
    transfer.state().is_active()
}
