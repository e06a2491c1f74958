//! Keeps the embedded engine alive: watches its process, restarts it on the same port, ends it.
//!
//! Used by `engine::Engine`. It never changes the port once the first start has succeeded, so that the
//! address that the other layers hold stays true.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::embedded::{EmbeddedConfig, Launcher};
use super::process::Process;
use super::{Result, Secret, State};
use crate::task;

/// The delay before the first restart. It doubles with every further one.
const FIRST_DELAY: Duration = Duration::from_millis(100);

/// The longest delay before a restart.
const MAX_DELAY: Duration = Duration::from_secs(10);

/// An engine that lived this long starts with [`FIRST_DELAY`] again.
const STABLE_AFTER: Duration = Duration::from_secs(30);

/// The time that the process has to end by itself; it lets queries that run go on for 5 seconds.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The embedded engine and the task that watches it. Dropping it ends the engine, without waiting.
#[derive(Debug)]
pub(super) struct Supervisor {
    port: u16,
    password: Secret,
    /// The id of the process, 0 while there is none.
    process_id: Arc<AtomicU32>,
    restarts: Arc<AtomicU64>,
    state: watch::Receiver<State>,
    stop: DropGuard,
}

impl Supervisor {
    /// Starts the engine and, when it answers, the task that watches it.
    pub(super) async fn start(config: EmbeddedConfig) -> Result<Self> {
        let launcher = Launcher::prepare(&config)?;
        let begun = Instant::now();
        let (process, port) = launcher.first_launch(config.http_port).await?;
        tracing::info!(
            target: "engine",
            port,
            data_dir = %launcher.data_dir().display(),
            pid = process.id(),
            elapsed = ?begun.elapsed(),
            "the embedded ClickHouse answers"
        );
        let (sender, state) = watch::channel(State::Ready);
        let stop = CancellationToken::new();
        let password = launcher.password().clone();
        let watcher = Watcher {
            launcher,
            port,
            process_id: Arc::default(),
            restarts: Arc::default(),
            state: sender,
            stop: stop.clone(),
            delay: FIRST_DELAY,
        };
        let process_id = Arc::clone(&watcher.process_id);
        let restarts = Arc::clone(&watcher.restarts);
        watcher.announce(&process);
        drop(task::spawn("engine supervisor", watcher.run(process)));
        Ok(Self {
            port,
            password,
            process_id,
            restarts,
            state,
            stop: stop.drop_guard(),
        })
    }

    /// The port of the HTTP interface.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The password of its users.
    pub(super) const fn password(&self) -> &Secret {
        &self.password
    }

    /// The id of the process.
    pub(super) fn process_id(&self) -> Option<u32> {
        Some(self.process_id.load(Ordering::Relaxed)).filter(|&id| id != 0)
    }

    /// How often it was started again.
    pub(super) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// The state, to look at or to wait on.
    pub(super) fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Ends the engine and waits until its process is gone.
    pub(super) async fn stop(&self) {
        self.stop.token().cancel();
        // An error means that the task is gone, and the process with it.
        drop(
            self.state
                .clone()
                .wait_for(|state| *state == State::Stopped)
                .await,
        );
    }
}

/// The task that watches the process.
struct Watcher {
    launcher: Launcher,
    port: u16,
    process_id: Arc<AtomicU32>,
    restarts: Arc<AtomicU64>,
    state: watch::Sender<State>,
    stop: CancellationToken,
    /// The delay before the next restart.
    delay: Duration,
}

impl Watcher {
    /// Watches one process after the other until it is told to stop.
    async fn run(mut self, mut process: Process) {
        loop {
            let Some(reason) = self.outlived(process).await else {
                break;
            };
            tracing::error!(target: "engine", %reason, "the engine died");
            match self.restarted(reason).await {
                Some(restarted) => process = restarted,
                None => break,
            }
        }
        let Self {
            launcher, state, ..
        } = self;
        // The data directory is free before anybody hears of the end.
        drop(launcher);
        state.send_replace(State::Stopped);
    }

    /// Waits for the end of `process`. Returns how it ended, or `None` when it was told to.
    async fn outlived(&mut self, mut process: Process) -> Option<String> {
        let begun = Instant::now();
        let was_stopped = tokio::select! {
            _ = process.exited() => false,
            () = self.stop.cancelled() => true,
        };
        if was_stopped {
            process.stop(STOP_TIMEOUT).await;
            self.process_id.store(0, Ordering::Relaxed);
            return None;
        }
        self.process_id.store(0, Ordering::Relaxed);
        // Nobody is to call it while its last words are read.
        self.state.send_replace(State::Down {
            reason: "the process has ended".to_owned(),
            retry_in: self.delay,
        });
        let ended = process.ended().await;
        if begun.elapsed() >= STABLE_AFTER {
            self.delay = FIRST_DELAY;
        }
        Some(match ended {
            Ok(status) => format!("ended with {status}: {}", process.output()),
            Err(error) => format!("lost sight of the process: {error}"),
        })
    }

    /// Starts the engine again, as often as it takes. `None` when it was told to stop.
    async fn restarted(&mut self, mut reason: String) -> Option<Process> {
        loop {
            let retry_in = self.delay;
            self.delay = (self.delay * 2).min(MAX_DELAY);
            self.state.send_replace(State::Down { reason, retry_in });
            tokio::select! {
                () = sleep(retry_in) => {}
                () = self.stop.cancelled() => return None,
            }
            self.state.send_replace(State::Starting);
            let launched = tokio::select! {
                launched = self.launcher.launch(self.port) => launched,
                () = self.stop.cancelled() => return None,
            };
            match launched {
                Ok(process) => {
                    tracing::info!(target: "engine", port = self.port, "the engine answers again");
                    self.announce(&process);
                    self.restarts.fetch_add(1, Ordering::Relaxed);
                    self.state.send_replace(State::Ready);
                    return Some(process);
                }
                Err(error) => {
                    tracing::error!(target: "engine", %error, "the engine did not start");
                    reason = error.to_string();
                }
            }
        }
    }

    /// Makes the id of the process known.
    fn announce(&self, process: &Process) {
        self.process_id
            .store(process.id().unwrap_or(0), Ordering::Relaxed);
    }
}
