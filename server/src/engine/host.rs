//! The child process that hosts the library: its arguments, as the server writes them, and its run.
//!
//! `engine::embedded` builds a [`HostRequest`], the child's `main` runs it with [`run_host`]. The child
//! must not start threads, a runtime that stays, or logging of its own before its walls are raised.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::{fs::Mode, process::umask};
use tokio::signal::unix::{SignalKind, signal};

use super::authenticator::Authenticator;
use super::ffi;
use super::walls::{self, Walls};
use crate::causes::with_causes;

/// The subcommand of the server's program that hosts the library.
pub(super) const SUBCOMMAND: &str = "engine-host";

/// What the engine runs: it opens the HTTP interface, then reads standard input to its end.
const QUERIES: &str = "SYSTEM START LISTEN HTTP; \
     SELECT count() FROM file('/dev/stdin', 'LineAsString', 's String')";

/// What a line of the child's output begins with that is no complaint.
pub(super) const NOTE: &str = "engine-host: ";

/// Of the memory of the machine. ClickHouse's own 0.9 would leave the server too little on a small one.
const MEMORY_LIMIT: &str = "--max_server_memory_usage_to_ram_ratio=0.8";

/// How long a transfer may pause before the engine gives its connection up. ClickHouse's own 30 s
/// would end the export of a client that writes to a slow disk; and the library ends itself when a
/// connection is silent for so long in the middle of a request's head.
const CLIENT_TIMEOUT_SECONDS: u32 = 3600;

/// What the child process is to host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRequest {
    /// The ClickHouse library.
    pub library: PathBuf,
    /// What the process is held to; nothing holds it without.
    pub walls: Option<Walls>,
    /// The arguments of its command line, without the name of the program.
    pub arguments: Vec<OsString>,
}

impl HostRequest {
    /// A service on `http_port` of 127.0.0.1 that keeps its tables in `data_dir` and has the users of
    /// the file `users`.
    pub(super) fn serve(library: &Path, data_dir: &Path, users: &Path, http_port: u16) -> Self {
        let with = |option: &str, file: &Path| {
            let mut argument = OsString::from(option);
            argument.push(file);
            argument
        };
        let arguments = vec![
            "--multiquery".into(),
            with("--path=", data_dir),
            // Without it the library would read a config.xml of the working directory; it also has to
            // be named where users are read from a file.
            with("--config-file=", users),
            format!("--http_port={http_port}").into(),
            "--listen_host=127.0.0.1".into(),
            // On by default in the library, off in a ClickHouse server.
            "--implicit_select=0".into(),
            "--allow_introspection_functions=0".into(),
            format!("--http_receive_timeout={CLIENT_TIMEOUT_SECONDS}").into(),
            format!("--http_send_timeout={CLIENT_TIMEOUT_SECONDS}").into(),
            format!("--http_headers_read_timeout={CLIENT_TIMEOUT_SECONDS}").into(),
            "--query".into(),
            QUERIES.into(),
            // What follows are settings of the server, not of its sessions.
            "--".into(),
            MEMORY_LIMIT.into(),
            with("--users_config=", users),
        ];
        Self {
            library: library.to_owned(),
            walls: Some(Walls {
                data_dir: data_dir.to_owned(),
                users: users.to_owned(),
                http_port,
            }),
            arguments,
        }
    }

    /// The arguments of the server's program that make it host this.
    pub(super) fn command_line(&self) -> Vec<OsString> {
        let mut line = vec![
            SUBCOMMAND.into(),
            "--library".into(),
            self.library.clone().into(),
        ];
        if let Some(walls) = &self.walls {
            let values = [
                ("--data-dir", walls.data_dir.clone().into_os_string()),
                ("--users", walls.users.clone().into_os_string()),
                ("--http-port", walls.http_port.to_string().into()),
            ];
            line.extend(
                values
                    .into_iter()
                    .flat_map(|(flag, value)| [flag.into(), value]),
            );
        }
        line.push("--".into());
        line.extend(self.arguments.iter().cloned());
        line
    }
}

/// Hosts the library until standard input closes: the whole work of the child process. An error goes
/// to standard error, which the server reads. Call it before anything else starts a thread or opens a file.
pub fn run_host(request: HostRequest) -> ExitCode {
    ffi::close_inherited_files();
    // What the library writes is for this user only.
    umask(Mode::RWXG | Mode::RWXO);
    let mut arguments = vec![OsString::from("clickhouse")];
    arguments.extend(request.arguments);
    let outcome = outlive_signals()
        .map_err(|error| format!("cannot install signal handlers: {error}"))
        .and_then(|()| match &request.walls {
            Some(walls) => host_walled(&request.library, arguments, walls),
            None => host(&request.library, arguments, || Ok(())),
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            // Nobody is left to tell when standard error is closed.
            drop(writeln!(io::stderr(), "{text}"));
            ExitCode::FAILURE
        }
    }
}

/// Hosts the library behind its walls, and lets its command line in.
fn host_walled(library: &Path, mut arguments: Vec<OsString>, walls: &Walls) -> Result<(), String> {
    let cannot =
        |error: io::Error| format!("cannot let the command line of ClickHouse in: {error}");
    let authenticator = Authenticator::bind().map_err(cannot)?;
    let port = authenticator.port();
    arguments.extend(authenticator.arguments());
    host(library, arguments, || {
        raise(walls, port)?;
        let serving = authenticator.serve(move || end_connecting(port));
        serving.map_err(cannot)
    })
}

/// Closes the way to the authenticator, and to its port on other hosts, before the HTTP interface opens.
fn end_connecting(port: u16) {
    if let Err(error) = walls::end_connecting() {
        let text = format!("the engine can connect to port {port} of other hosts: {error}");
        // Nobody is left to tell when standard output is closed.
        drop(writeln!(io::stdout(), "{text}"));
    }
}

fn host(
    library: &Path,
    arguments: Vec<OsString>,
    prepare: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    ffi::host(library, arguments, prepare).map_err(|error| with_causes(&error))
}

/// Raises the walls, and tells the server how high they are.
fn raise(walls: &Walls, authenticator_port: u16) -> Result<(), String> {
    let (height, is_full) = walls.raise(authenticator_port)?;
    let mark = if is_full { NOTE } else { "" };
    writeln!(io::stdout(), "{mark}the engine is {height}").map_err(|error| error.to_string())
}

/// Makes the process live through the signals that ask a service to end. They may reach the whole
/// group (systemd, a closed terminal), and then the server still needs its engine to drain; it ends
/// the engine itself, by closing the pipe.
fn outlive_signals() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let _guard = runtime.enter();
    for kind in [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ] {
        // The handler stays for the life of the process; nobody needs to hear of the signal.
        drop(signal(kind)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::HostRequest;

    #[test]
    fn the_arguments_of_the_engine_follow_the_double_dash() {
        let request = HostRequest::serve(
            Path::new("/l.so"),
            Path::new("/data dir"),
            Path::new("/u.xml"),
            8123,
        );
        let line = request.command_line();
        let line: Vec<_> = line.iter().map(|arg| arg.to_str().unwrap()).collect();
        assert_eq!(
            line.get(..10).unwrap(),
            [
                "engine-host",
                "--library",
                "/l.so",
                "--data-dir",
                "/data dir",
                "--users",
                "/u.xml",
                "--http-port",
                "8123",
                "--"
            ]
        );
        for argument in [
            "--path=/data dir",
            "--http_port=8123",
            "--config-file=/u.xml",
            "--users_config=/u.xml",
        ] {
            assert!(line.contains(&argument), "{argument}");
        }
    }
}
