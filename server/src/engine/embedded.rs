//! Starts the embedded engine: data directory, port, child process, first answer.
//!
//! Used by `engine::supervisor`, for the first start and for every restart. It never restarts anything
//! by itself.

use std::env;
use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::host::HostRequest;
use super::process::Process;
use super::{Error, Result, Secret, library, password, probe, users};

/// The pause between two questions whether the engine answers.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How long to wait for an engine that a killed server left behind on the same data directory or
/// port: it lets queries that run go on for 5 seconds.
const LEFTOVER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait for a port that something else has: longer than such an engine takes from its
/// last answer to closing the port.
const FOREIGN_PORT_TIMEOUT: Duration = Duration::from_secs(1);

/// The first pause between two attempts while waiting for such an engine, or for a port.
const FIRST_RETRY: Duration = Duration::from_millis(100);

/// The longest such pause; every one is twice as long as the one before.
const MAX_RETRY: Duration = Duration::from_secs(2);

/// The mode of the data directory.
const PRIVATE: u32 = 0o700;

/// The file in the data directory that is locked while a server works on it.
const LOCK_FILE: &str = "sluice.lock";

/// The file in the data directory that ClickHouse itself locks, with the id of its process.
const STATUS_FILE: &str = "status";

/// A ClickHouse that the server hosts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedConfig {
    /// Where it keeps its tables; made when missing. One engine at a time may use it.
    pub data_dir: PathBuf,
    /// The port of its HTTP interface on 127.0.0.1. Default: a free one.
    pub http_port: Option<u16>,
    /// The ClickHouse library. Default: the first that is found beside the program, in
    /// `../lib/sluice`, or in `server/engine/node_modules` of the source tree.
    pub library: Option<PathBuf>,
    /// The program that hosts the library: `sluice-server`. Default: the program that runs.
    pub host_program: Option<PathBuf>,
    /// How long one start may take until the engine answers.
    pub start_timeout: Duration,
    /// A database that the queries of callers must not see. Default: that of the journal, `sluice`.
    pub hidden_database: String,
}

/// Everything that a start needs. Holds the lock on the data directory.
#[derive(Debug)]
pub(super) struct Launcher {
    program: PathBuf,
    library: PathBuf,
    data_dir: PathBuf,
    users: PathBuf,
    password: Secret,
    /// That of the server before, whose engine may still be there.
    last_password: Secret,
    start_timeout: Duration,
    _lock: File,
}

impl Launcher {
    /// Finds the files, takes the data directory and makes the password.
    pub(super) fn prepare(config: &EmbeddedConfig) -> Result<Self> {
        let library = library::locate(config.library.as_deref())?;
        let program = match &config.host_program {
            Some(program) => program.clone(),
            None => env::current_exe().map_err(|source| Error::Spawn {
                program: "this program".into(),
                source,
            })?,
        };
        let (data_dir, lock) = take_directory(&config.data_dir)?;
        let fault = |action| {
            let path = data_dir.clone();
            move |source| Error::DataDirectory {
                path,
                action,
                source,
            }
        };
        let last_password = password::last(&data_dir);
        let password =
            password::make(&data_dir).map_err(fault("cannot make the password of ClickHouse"))?;
        let users = data_dir.join(users::FILE);
        users::write(&users, &password::hash(&password), &config.hidden_database)
            .map_err(fault("cannot write the users of ClickHouse"))?;
        let start_timeout = config.start_timeout;
        Ok(Self {
            program,
            library,
            data_dir,
            users,
            password,
            last_password,
            start_timeout,
            _lock: lock,
        })
    }

    /// The data directory, absolute.
    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The password of its users.
    pub(super) const fn password(&self) -> &Secret {
        &self.password
    }

    /// Starts the engine for the first time, on `fixed_port` or on a free one. Gives an engine that a
    /// killed server left behind the time to end.
    pub(super) async fn first_launch(&self, fixed_port: Option<u16>) -> Result<(Process, u16)> {
        let begun = Instant::now();
        let mut retry_in = FIRST_RETRY;
        loop {
            let port = fixed_port.map_or_else(free_port, Ok)?;
            let error = match self.launch(port).await {
                Ok(process) => return Ok((process, port)),
                Err(error) => error,
            };
            let patience = match &error {
                Error::DataDirectoryInUse { .. } => LEFTOVER_TIMEOUT,
                Error::PortTaken { .. } if fixed_port.is_none() => LEFTOVER_TIMEOUT,
                Error::PortTaken { .. } if self.is_leftover(port).await => LEFTOVER_TIMEOUT,
                Error::PortTaken { .. } => FOREIGN_PORT_TIMEOUT,
                _ => return Err(error),
            };
            if begun.elapsed() >= patience {
                return Err(error);
            }
            tracing::warn!(target: "engine", %error, ?retry_in, "waiting for it to become free");
            sleep(retry_in).await;
            retry_in = (retry_in * 2).min(MAX_RETRY);
        }
    }

    /// Whether the engine of the server before is on `port`.
    async fn is_leftover(&self, port: u16) -> bool {
        probe::serves(port, &self.data_dir, &self.last_password).await
    }

    /// Starts the engine on `port` and waits until it answers.
    pub(super) async fn launch(&self, port: u16) -> Result<Process> {
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
            return Err(Error::PortTaken { port });
        }
        let request = HostRequest::serve(&self.library, &self.data_dir, &self.users, port);
        let mut process =
            Process::spawn(&self.program, &request.command_line()).map_err(|source| {
                Error::Spawn {
                    program: self.program.clone(),
                    source,
                }
            })?;
        let answered = tokio::select! {
            ended = process.ended() => Err(ended),
            answered = timeout(self.start_timeout, self.answers(port)) => Ok(answered),
        };
        match answered {
            Ok(Ok(())) => Ok(process),
            Ok(Err(_)) => Err(Error::StartTimeout {
                waited: self.start_timeout,
                output: process.output(),
            }),
            Err(Err(source)) => Err(Error::Wait(source)),
            Err(Ok(status)) => {
                let output = process.output();
                // What the library writes for the two failures that can pass.
                if output.contains("Cannot lock file") {
                    Err(in_use(&self.data_dir, &holder(&self.data_dir)))
                } else if output.contains("Address already in use") {
                    Err(Error::PortTaken { port })
                } else {
                    Err(Error::Ended { status, output })
                }
            }
        }
    }

    /// Returns when the engine answers; never, if it does not.
    async fn answers(&self, port: u16) {
        let mut ticks = interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if probe::serves(port, &self.data_dir, &self.password).await {
                return;
            }
        }
    }
}

/// Makes the directory, closes it to others, and locks it for this process. Returns its absolute path.
fn take_directory(path: &Path) -> Result<(PathBuf, File)> {
    let fault = |action| {
        move |source| Error::DataDirectory {
            path: path.to_owned(),
            action,
            source,
        }
    };
    let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(path);
    made.map_err(fault("cannot make it"))?;
    let directory = path
        .canonicalize()
        .map_err(fault("cannot resolve its path"))?;
    close_to_others(&directory);
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(directory.join(LOCK_FILE))
        .map_err(fault("cannot make its lock file"))?;
    match lock.try_lock() {
        Ok(()) => Ok((directory, lock)),
        Err(TryLockError::WouldBlock) => Err(in_use(path, "another sluice-server")),
        Err(TryLockError::Error(source)) => Err(fault("cannot lock it")(source)),
    }
}

/// Takes the rights of all but its owner from the directory. One that belongs to somebody else is left as
/// it is, with a warning: its owner has decided who sees it.
fn close_to_others(directory: &Path) {
    let close = || -> io::Result<()> {
        if fs::metadata(directory)?.permissions().mode() & 0o777 != PRIVATE {
            fs::set_permissions(directory, Permissions::from_mode(PRIVATE))?;
        }
        Ok(())
    };
    if let Err(error) = close() {
        tracing::warn!(
            target: "engine",
            data_dir = %directory.display(),
            %error,
            "cannot make the data directory private: others on this machine may read the tables"
        );
    }
}

/// An [`Error::DataDirectoryInUse`].
fn in_use(path: &Path, holder: &str) -> Error {
    Error::DataDirectoryInUse {
        path: path.to_owned(),
        holder: holder.to_owned(),
    }
}

/// The ClickHouse that has locked the directory, with its process as its status file has it.
fn holder(data_dir: &Path) -> String {
    let status = fs::read_to_string(data_dir.join(STATUS_FILE)).unwrap_or_default();
    match status.lines().find_map(|line| line.strip_prefix("PID: ")) {
        Some(id) => format!("another ClickHouse (process {id})"),
        None => "another ClickHouse".to_owned(),
    }
}

/// A port of 127.0.0.1 that was free just now.
fn free_port() -> Result<u16> {
    let port = || -> io::Result<u16> {
        Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port())
    };
    port().map_err(Error::NoPort)
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use super::{Error, holder, take_directory};

    #[test]
    fn a_data_directory_is_made_and_locked_once() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let (directory, lock) = take_directory(&path).unwrap();
        assert_eq!(directory, path.canonicalize().unwrap());
        let error = take_directory(&path).unwrap_err();
        assert!(matches!(error, Error::DataDirectoryInUse { .. }), "{error}");
        assert!(
            error.to_string().contains("another sluice-server"),
            "{error}"
        );
        drop(lock);
        take_directory(&path).unwrap();
    }

    #[test]
    fn a_data_directory_is_closed_to_others() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        drop(take_directory(&path).unwrap());
        assert_eq!(mode(), 0o700);
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        drop(take_directory(&path).unwrap());
        assert_eq!(mode(), 0o700);
    }

    #[test]
    fn a_file_is_no_data_directory() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = take_directory(file.path()).unwrap_err();
        assert!(matches!(error, Error::DataDirectory { .. }), "{error}");
    }

    #[test]
    fn the_holder_is_named_as_the_status_file_has_it() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(holder(directory.path()), "another ClickHouse");
        std::fs::write(
            directory.path().join("status"),
            "PID: 42\nStarted at: now\n",
        )
        .unwrap();
        assert_eq!(holder(directory.path()), "another ClickHouse (process 42)");
    }
}
