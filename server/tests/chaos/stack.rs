//! A real server process with its engine, and the ways to break them.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fastrand::Rng;
use tempfile::TempDir;

use crate::proxy::Proxy;

/// As whom the embedded ClickHouse takes its operator.
const ENGINE_USER: &str = "default";

/// The longest that a start may take.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What is broken while an upload runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The client dies.
    Client,
    /// The server is killed, its engine perhaps as well.
    Server,
    /// The engine is killed.
    Engine,
    /// The connections of the client are cut.
    Cut,
    FrozenServer,
    FrozenEngine,
    /// The line between server and ClickHouse is cut, and refuses connections for a while.
    LineRefused,
    /// It hands little on.
    LineSlow,
    /// ClickHouse has no space left for INSERTs.
    DiskFull,
    /// It has too many parts.
    TooManyParts,
    /// Another client sends the same upload through the other server.
    Rival,
}

impl Trouble {
    const ALL: [Self; 11] = [
        Self::Client,
        Self::Server,
        Self::Engine,
        Self::Cut,
        Self::FrozenServer,
        Self::FrozenEngine,
        Self::LineRefused,
        Self::LineSlow,
        Self::DiskFull,
        Self::TooManyParts,
        Self::Rival,
    ];

    pub(crate) fn any(rng: &mut Rng) -> Self {
        Self::ALL[rng.usize(..Self::ALL.len())]
    }

    /// The server that it befalls.
    pub(crate) fn door(self, rng: &mut Rng) -> usize {
        match self {
            Self::LineRefused | Self::LineSlow => FAR,
            _ => rng.usize(..2),
        }
    }

    /// The setting of a table that makes it so.
    const fn setting(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::DiskFull => Some((
                "min_free_disk_bytes_to_perform_insert",
                "1000000000000000000",
            )),
            Self::TooManyParts => Some(("parts_to_throw_insert", "1")),
            _ => None,
        }
    }
}

/// The server that has the engine.
const NEAR: usize = 0;

/// The server that reaches it by a line.
const FAR: usize = 1;

/// A server, and a proxy before it.
struct Door {
    server: Child,
    listen: SocketAddr,
    proxy: Proxy,
}

/// Two servers of one ClickHouse: the engine of the first, to which the second has a line.
pub(crate) struct Stack {
    doors: [Door; 2],
    engine_port: u16,
    line: Proxy,
    data_dir: TempDir,
    frozen: Option<u32>,
    /// What the far server logs in with: each server makes a new password for its engine.
    far_password: String,
    /// Whether some table refuses INSERTs.
    is_refusing: bool,
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn signal(name: &str, process: u32) {
    let arguments = [name.to_owned(), process.to_string()];
    // It may have ended already.
    drop(
        Command::new("kill")
            .args(arguments)
            .stderr(Stdio::null())
            .status(),
    );
}

impl Stack {
    pub(crate) async fn start() -> Self {
        let engine_port = free_port();
        let data_dir = TempDir::new().unwrap();
        let line = Proxy::start(SocketAddr::from(([127, 0, 0, 1], engine_port))).await;
        let [near, far] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let server = spawn_near(near, engine_port, data_dir.path());
        let near = Door {
            server,
            listen: near,
            proxy: Proxy::start(near).await,
        };
        while !is_serving(near.listen) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let far_password = password(data_dir.path());
        let server = spawn_far(far, line.address, data_dir.path());
        let far = Door {
            server,
            listen: far,
            proxy: Proxy::start(far).await,
        };
        let mut stack = Self {
            doors: [near, far],
            engine_port,
            line,
            data_dir,
            frozen: None,
            far_password,
            is_refusing: false,
        };
        stack.wait_ready().await;
        stack
    }

    pub(crate) fn proxy_url(&self, door: usize) -> String {
        format!("http://{}", self.doors[door].proxy.address)
    }

    /// Runs SQL on the engine, past the server.
    pub(crate) fn sql(&self, query: &str) -> String {
        let started = Instant::now();
        loop {
            match self.try_sql(query) {
                Some((200, answer)) => return answer.trim_end().to_owned(),
                Some((status, answer)) => panic!("{status}: {answer}"),
                None if started.elapsed() < START_LIMIT => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                None => panic!("the engine does not answer"),
            }
        }
    }

    fn try_sql(&self, query: &str) -> Option<(u16, String)> {
        // Each server makes a new one.
        let password = self.data_dir.path().join("clickhouse-password");
        let password = std::fs::read_to_string(password).ok()?;
        let mut stream = TcpStream::connect(("127.0.0.1", self.engine_port)).ok()?;
        stream.set_read_timeout(Some(START_LIMIT)).ok()?;
        let head = format!(
            "POST / HTTP/1.0\r\nHost: engine\r\nX-ClickHouse-User: {ENGINE_USER}\r\n\
             X-ClickHouse-Key: {}\r\nContent-Length: {}\r\n\r\n",
            password.trim_end(),
            query.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(query.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, body.to_owned()))
    }

    /// Breaks something that befalls the upload into a table through a door; returns for how long to leave
    /// it so, or nothing when the client is to die.
    pub(crate) fn disrupt(
        &mut self,
        trouble: Trouble,
        door: usize,
        table: &str,
        rng: &mut Rng,
    ) -> Option<Duration> {
        println!("  {trouble:?} at door {door}");
        let pause = Duration::from_millis(rng.u64(100..1_500));
        match trouble {
            Trouble::Client => return None,
            Trouble::Server => {
                let engine = self.engine();
                self.doors[door].server.kill().unwrap();
                if door == NEAR
                    && rng.bool()
                    && let Some(engine) = engine
                {
                    signal("-KILL", engine);
                }
            }
            Trouble::Engine => signal("-KILL", self.engine()?),
            Trouble::Cut => self.doors[door].proxy.cut(),
            Trouble::FrozenServer => self.freeze(self.doors[door].server.id()),
            Trouble::FrozenEngine => self.freeze(self.engine()?),
            Trouble::LineRefused => {
                self.line.refuse(true);
                self.line.cut();
                return Some(Duration::from_millis(rng.u64(1_000..5_000)));
            }
            Trouble::LineSlow => self.line.slow_down(Duration::from_millis(rng.u64(5..100))),
            Trouble::DiskFull | Trouble::TooManyParts => {
                let (name, value) = trouble.setting()?;
                self.refuse_inserts(table, name, value);
                return Some(2 * pause);
            }
            Trouble::Rival => {}
        }
        Some(pause)
    }

    /// Lets the table that INSERTs go to, the staging table if there is one, refuse them. Either may have
    /// gone meanwhile.
    fn refuse_inserts(&mut self, table: &str, setting: &str, value: &str) {
        self.is_refusing = true;
        let staging = "SELECT name FROM system.tables WHERE startsWith(name, '_sluice_staging')";
        let staging = self.try_sql(staging).map(|(_, names)| names);
        let staging = staging.unwrap_or_default();
        let table = staging.lines().next().unwrap_or(table);
        self.try_sql(&format!(
            "ALTER TABLE default.`{table}` MODIFY SETTING {setting} = {value}"
        ));
    }

    /// Lets every table take INSERTs again.
    fn allow_inserts(&mut self) {
        for trouble in [Trouble::DiskFull, Trouble::TooManyParts] {
            let (setting, value) = trouble.setting().unwrap();
            loop {
                let tables = self.sql(&format!(
                    "SELECT name FROM system.tables WHERE database = 'default' \
                     AND engine_full LIKE '%{setting} = {value}%'"
                ));
                if tables.is_empty() {
                    break;
                }
                for table in tables.lines() {
                    // A staging table has an own value for the one, and none for the other.
                    let change = if table.starts_with('_') && trouble == Trouble::TooManyParts {
                        format!("MODIFY SETTING {setting} = 100000")
                    } else {
                        format!("RESET SETTING {setting}")
                    };
                    self.try_sql(&format!("ALTER TABLE default.`{table}` {change}"));
                }
            }
        }
        self.is_refusing = false;
    }

    fn freeze(&mut self, process: u32) {
        signal("-STOP", process);
        self.frozen = Some(process);
    }

    /// Makes everything work again.
    pub(crate) async fn mend(&mut self) {
        if let Some(process) = self.frozen.take() {
            signal("-CONT", process);
        }
        self.line.refuse(false);
        self.line.slow_down(Duration::ZERO);
        self.wait_ready().await;
        if self.is_refusing {
            self.allow_inserts();
        }
    }

    /// Waits until servers and engine answer; a server that cannot start, because the engine of the one
    /// before still holds the data, is started again.
    async fn wait_ready(&mut self) {
        let started = Instant::now();
        loop {
            let data_dir = self.data_dir.path();
            let near = &mut self.doors[NEAR];
            if near.server.try_wait().unwrap().is_some() {
                near.server = spawn_near(near.listen, self.engine_port, data_dir);
            }
            // The engine that answers may be that of a server that was killed; a server answers
            // once it has an engine of its own.
            let mut is_ready = is_serving(near.listen) && self.try_sql("SELECT 1").is_some();
            let far = &mut self.doors[FAR];
            if is_ready && self.far_password != password(data_dir) {
                far.server.kill().unwrap();
                far.server.wait().unwrap();
            }
            if is_ready && far.server.try_wait().unwrap().is_some() {
                self.far_password = password(data_dir);
                far.server = spawn_far(far.listen, self.line.address, data_dir);
            }
            is_ready &= is_serving(self.doors[FAR].listen);
            if is_ready {
                return;
            }
            assert!(started.elapsed() < START_LIMIT, "the servers do not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The process of the engine.
    fn engine(&self) -> Option<u32> {
        let parent = self.doors[NEAR].server.id().to_string();
        let output = Command::new("pgrep").args(["-P", &parent]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        text.lines().next()?.trim().parse().ok()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(process) = self.frozen.take() {
            signal("-CONT", process);
        }
        for door in &mut self.doors {
            drop(door.server.kill());
            drop(door.server.wait());
        }
    }
}

/// Whether a server answers.
fn is_serving(listen: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(listen)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        stream.read(&mut [0])
    };
    matches!(ask(), Ok(1))
}

/// Where the engine keeps the password of its user, if it has one.
fn password_file(data_dir: &Path) -> PathBuf {
    data_dir.join("clickhouse-password")
}

/// The password of the engine as it is now.
fn password(data_dir: &Path) -> String {
    std::fs::read_to_string(password_file(data_dir)).unwrap_or_default()
}

/// The server with the engine.
fn spawn_near(listen: SocketAddr, engine_port: u16, data_dir: &Path) -> Child {
    let package = "engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so";
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join(package);
    assert!(
        library.exists(),
        "{} is missing: run `make engine`",
        library.display()
    );
    let mut command = server(listen);
    command
        .args(["--embedded-http-port", &engine_port.to_string()])
        .arg("--data-dir")
        .arg(data_dir)
        .arg("--engine-library")
        .arg(&library);
    command.spawn().unwrap()
}

/// The server that reaches this engine by a line.
fn spawn_far(listen: SocketAddr, line: SocketAddr, data_dir: &Path) -> Child {
    let mut command = server(listen);
    command.args(["--clickhouse-url", &format!("http://{line}")]);
    command.args(["--clickhouse-user", ENGINE_USER]);
    let password = password_file(data_dir);
    if password.exists() {
        command.arg("--clickhouse-password-file").arg(password);
    }
    command.spawn().unwrap()
}

/// A server with what both have in common: the size of blocks among it.
fn server(listen: SocketAddr) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice-server"));
    command
        .args(["--listen", &listen.to_string()])
        .args(["--block-rows", "20000", "--log", "warn"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
