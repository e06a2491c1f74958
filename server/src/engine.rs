//! The ClickHouse that the server works with: a remote one, or one that it hosts itself.
//!
//! `app` starts an [`Engine`] and hands its [`Endpoint`] to the layers above, which then see one kind
//! of ClickHouse only: an HTTP endpoint. It must never speak SQL on behalf of a transfer.
//!
//! How hosting works: [`Engine::start`] starts a child of the server's own program
//! (`sluice-server engine-host`), which loads the ClickHouse library and serves HTTP on a port of
//! 127.0.0.1 until its standard input closes. The server holds the other end of that pipe, so the
//! child ends with it, whatever ended it. A child that dies is started again on the same port.

mod authenticator;
mod embedded;
mod ffi;
mod host;
mod library;
mod password;
mod probe;
mod process;
mod remote;
mod supervisor;
mod users;
mod walls;

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::{net::TcpStream, sync::watch};

pub use self::embedded::EmbeddedConfig;
pub use self::host::{HostRequest, run_host};
pub use self::remote::{Endpoint, RemoteConfig, Secret};
use self::supervisor::Supervisor;
pub use self::walls::Walls;
use crate::clickhouse::ClientConfig;

/// The result of a call to the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Which ClickHouse to work with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineConfig {
    /// One that the server hosts itself.
    Embedded(EmbeddedConfig),
    /// One that runs elsewhere.
    Remote(RemoteConfig),
}

/// What an [`Engine`] is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The process is started and does not answer yet.
    Starting,
    /// It answers. A remote engine is always taken to be ready.
    Ready,
    /// It ended without being asked to, and is started again after a delay.
    Down {
        /// How it ended, or why the last start failed.
        reason: String,
        /// The delay before the next start.
        retry_in: Duration,
    },
    /// It was shut down and stays so.
    Stopped,
}

impl State {
    /// Whether it answers.
    pub fn is_ready(&self) -> bool {
        *self == Self::Ready
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("starting"),
            Self::Ready => f.write_str("ready"),
            Self::Down { reason, retry_in } => {
                write!(f, "down, starts again in {retry_in:?}: {reason}")
            }
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

/// As whom callers' own statements run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallersUsers {
    /// Queries.
    pub readers: &'static str,
    /// CREATE TABLE.
    pub creators: &'static str,
}

/// A running ClickHouse; clones are handles on the same one. Dropping the last handle on an embedded
/// one ends it without waiting for it; call [`Engine::shutdown`] to end it in good order.
#[derive(Debug, Clone)]
pub struct Engine {
    endpoint: Endpoint,
    state: watch::Receiver<State>,
    supervisor: Option<Arc<Supervisor>>,
}

impl Engine {
    /// Starts the embedded engine and waits until it answers, or takes the address of the remote one.
    ///
    /// # Errors
    ///
    /// Those of the embedded engine: its library is missing, the data directory cannot be used or is
    /// in use, the port is taken, or the process ends or stays silent before it answers.
    /// A remote engine is not contacted, so it cannot fail.
    pub async fn start(config: EngineConfig) -> Result<Self> {
        match config {
            EngineConfig::Remote(remote) => {
                let (_, state) = watch::channel(State::Ready);
                Ok(Self {
                    endpoint: remote.into_endpoint(),
                    state,
                    supervisor: None,
                })
            }
            EngineConfig::Embedded(embedded) => {
                let supervisor = Supervisor::start(embedded).await?;
                Ok(Self {
                    endpoint: Endpoint::embedded(supervisor.port(), supervisor.password().clone()),
                    state: supervisor.state(),
                    supervisor: Some(Arc::new(supervisor)),
                })
            }
        }
    }

    /// Where it answers, and as whom to speak to it. The same for the whole life of the engine.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The address of its HTTP interface, such as `http://127.0.0.1:8123`, without a final slash.
    pub fn url(&self) -> &str {
        &self.endpoint.url
    }

    /// Whether the server hosts it itself.
    pub fn is_embedded(&self) -> bool {
        self.supervisor.is_some()
    }

    /// The users as whom callers' own queries and CREATE TABLE statements run, who may do no more; `None` for a
    /// remote engine, whose users are not ours to say. Their password is that of the endpoint.
    pub fn callers_users(&self) -> Option<CallersUsers> {
        self.is_embedded().then_some(CallersUsers {
            readers: users::READERS,
            creators: users::CREATORS,
        })
    }

    /// The id of the process that hosts it; `None` for a remote engine and while it is down.
    pub fn process_id(&self) -> Option<u32> {
        self.supervisor
            .as_ref()
            .and_then(|supervisor| supervisor.process_id())
    }

    /// How often it was started again; 0 for a remote engine.
    pub fn restarts(&self) -> u64 {
        let supervisor = self.supervisor.as_ref();
        supervisor.map_or(0, |supervisor| supervisor.restarts())
    }

    /// What it is doing now, to look at or to wait on.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// What a client needs to speak to it, with the default time limits.
    pub fn client_config(&self) -> ClientConfig {
        let Endpoint {
            url,
            user,
            password,
            database,
        } = self.endpoint.clone();
        ClientConfig {
            password: (!password.is_empty()).then(|| password.into_inner()),
            database,
            is_one_server: self.is_embedded(),
            ..ClientConfig::new(url, user)
        }
    }

    /// Waits until it answers.
    ///
    /// # Errors
    ///
    /// [`Error::NotReady`] when it does not within `timeout`, [`Error::Stopped`] after a shutdown.
    pub async fn wait_ready(&self, timeout: Duration) -> Result<()> {
        match tokio::time::timeout(timeout, self.settled()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Stopped),
            Err(_) => Err(Error::NotReady {
                waited: timeout,
                state: self.state.borrow().clone(),
            }),
        }
    }

    /// Waits until it answers, or never will: then false.
    async fn settled(&self) -> bool {
        let mut state = self.state.clone();
        loop {
            let settled = state.wait_for(|state| matches!(state, State::Ready | State::Stopped));
            if !settled.await.is_ok_and(|state| state.is_ready()) {
                return false;
            }
            if !self.is_refusing().await {
                return true;
            }
            // Its process has just ended, and the supervisor has not seen it yet.
            if state.changed().await.is_err() {
                return false;
            }
        }
    }

    /// Whether nobody listens any more where the embedded engine answers.
    async fn is_refusing(&self) -> bool {
        let Some(supervisor) = &self.supervisor else {
            return false;
        };
        let address = (Ipv4Addr::LOCALHOST, supervisor.port());
        let connected = TcpStream::connect(address).await;
        connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    }

    /// Ends the embedded engine: asks it to, waits, and kills it after 10 seconds. Returns when the
    /// process is gone. Does nothing to a remote engine or when called again.
    pub async fn shutdown(&self) {
        if let Some(supervisor) = &self.supervisor {
            supervisor.stop().await;
        }
    }
}

/// Why the engine cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The library of the embedded engine is nowhere to be found.
    #[error(
        "the ClickHouse library was not found; looked at {}; run `make engine`, or name it with \
         --engine-library", list(.searched)
    )]
    LibraryNotFound {
        /// The files that do not exist.
        searched: Vec<PathBuf>,
    },
    /// The data directory cannot be made, opened or locked.
    #[error("data directory {}: {action}", path.display())]
    DataDirectory {
        /// The directory.
        path: PathBuf,
        /// What failed.
        action: &'static str,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// Another process works on the data directory.
    #[error(
        "data directory {} is in use by {holder}: stop that one, or choose another with --data-dir",
        path.display()
    )]
    DataDirectoryInUse {
        /// The directory.
        path: PathBuf,
        /// Who holds it, as far as is known.
        holder: String,
    },
    /// Another program listens on the port.
    #[error("port {port} of 127.0.0.1 is taken: choose another with --embedded-http-port")]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// The system has no port to give.
    #[error("no free port on 127.0.0.1")]
    NoPort(#[source] io::Error),
    /// The child process cannot be started.
    #[error("cannot start {}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// The child process ended before it answered.
    #[error("the engine ended with {status} before it answered: {output}")]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its output.
        output: String,
    },
    /// The child process could not be waited for.
    #[error("lost sight of the engine's process")]
    Wait(#[source] io::Error),
    /// The child process runs and does not answer.
    #[error("the engine did not answer within {waited:?}: {output}")]
    StartTimeout {
        /// The time it had.
        waited: Duration,
        /// The last lines of its output.
        output: String,
    },
    /// It is not ready within the time that the caller gave it.
    #[error("the engine is not ready after {waited:?}; it is {state}")]
    NotReady {
        /// The time that the caller gave.
        waited: Duration,
        /// What it is doing instead.
        state: State,
    },
    /// It was shut down.
    #[error("the engine was shut down")]
    Stopped,
}

/// Writes paths as a list with commas.
fn list(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}
