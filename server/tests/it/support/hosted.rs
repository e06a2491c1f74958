//! Engines with configuration files of their own: clusters, users, roles.
//!
//! Used by the tests of what the embedded engine of a server does not have. Each is a process of the
//! server's program, which ends with its standard input.

use std::{
    io::Read as _,
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{library, post};

/// How long an engine may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running engine; dropping it ends it.
pub(crate) struct HostedEngine {
    pub(crate) url: String,
    child: Child,
    _dir: TempDir,
}

impl HostedEngine {
    /// Starts an engine with `config` as the content of its `<clickhouse>` element and `users`, if any,
    /// as that of its users' file; it runs `queries` before it answers.
    pub(crate) fn start(config: &str, users: Option<&str>, queries: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let users_file = dir.path().join("users.xml");
        let mut config = config.to_owned();
        if let Some(users) = users {
            std::fs::write(&users_file, format!("<clickhouse>{users}</clickhouse>")).unwrap();
            config += &format!("<users_config>{}</users_config>", users_file.display());
        }
        let config_file = dir.path().join("config.xml");
        std::fs::write(&config_file, format!("<clickhouse>{config}</clickhouse>")).unwrap();
        let port = free_port();
        let wait = "SELECT count() FROM file('/dev/stdin', 'LineAsString', 's String')";
        let child = Command::new(env!("CARGO_BIN_EXE_sluice-server"))
            .args(["engine-host", "--library"])
            .arg(library())
            .args(["--", "--multiquery", "--listen_host=127.0.0.1"])
            .args(["--implicit_select=0", "--allow_introspection_functions=0"])
            .arg(format!("--config-file={}", config_file.display()))
            .arg(format!("--path={}", dir.path().join("data").display()))
            .arg(format!("--http_port={port}"))
            .args([
                "--query",
                &format!("{queries}SYSTEM START LISTEN HTTP; {wait}"),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut engine = Self {
            url: format!("http://127.0.0.1:{port}"),
            child,
            _dir: dir,
        };
        engine.wait();
        engine
    }

    /// Runs SQL and returns the answer as text.
    pub(crate) fn sql(&self, query: &str) -> String {
        let (status, answer) = post(&self.url, "/", query.as_bytes());
        assert_eq!(status, 200, "{query}: {answer}");
        answer.trim_end_matches('\n').to_owned()
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn wait(&mut self) {
        let begun = Instant::now();
        let address = self.url.trim_start_matches("http://").to_owned();
        while std::net::TcpStream::connect(&address).is_err() {
            if self.child.try_wait().unwrap().is_some() || begun.elapsed() > START_LIMIT {
                self.child.kill().ok();
                let mut output = String::new();
                let errors = self.child.stderr.as_mut().unwrap();
                errors.read_to_string(&mut output).unwrap();
                panic!("the engine does not start: {output}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for HostedEngine {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
