//! A real server process with its engine, and the ways to break them.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fastrand::Rng;
use tempfile::TempDir;

use crate::proxy::Proxy;

/// The longest that a start may take.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A server, its engine, and a proxy before it.
pub(crate) struct Stack {
    server: Child,
    listen: SocketAddr,
    engine_port: u16,
    proxy: Proxy,
    data_dir: TempDir,
    frozen: Option<u32>,
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
        let listen = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let engine_port = free_port();
        let data_dir = TempDir::new().unwrap();
        let server = spawn(listen, engine_port, data_dir.path());
        let mut stack = Self {
            server,
            listen,
            engine_port,
            proxy: Proxy::start(listen).await,
            data_dir,
            frozen: None,
        };
        stack.wait_ready().await;
        stack
    }

    pub(crate) fn proxy_url(&self) -> String {
        format!("http://{}", self.proxy.address)
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
        let mut stream = TcpStream::connect(("127.0.0.1", self.engine_port)).ok()?;
        stream.set_read_timeout(Some(START_LIMIT)).ok()?;
        let head = format!(
            "POST / HTTP/1.0\r\nHost: engine\r\nContent-Length: {}\r\n\r\n",
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

    /// Breaks something; returns for how long to leave it so, or nothing when the client is to die.
    pub(crate) fn disrupt(&mut self, rng: &mut Rng) -> Option<Duration> {
        let choice = rng.usize(..6);
        println!(
            "  {}",
            [
                "client",
                "server",
                "engine",
                "cut",
                "frozen server",
                "frozen engine"
            ][choice]
        );
        let pause = Duration::from_millis(rng.u64(100..1_500));
        match choice {
            0 => return None,
            1 => {
                let engine = self.engine();
                self.server.kill().unwrap();
                if rng.bool()
                    && let Some(engine) = engine
                {
                    signal("-KILL", engine);
                }
            }
            2 => signal("-KILL", self.engine()?),
            3 => self.proxy.cut(),
            4 => self.freeze(self.server.id()),
            _ => self.freeze(self.engine()?),
        }
        Some(pause)
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
        self.wait_ready().await;
    }

    /// Waits until server and engine answer; a server that cannot start, because the engine of the one
    /// before still holds the data, is started again.
    async fn wait_ready(&mut self) {
        let started = Instant::now();
        loop {
            if self.server.try_wait().unwrap().is_some() {
                let data_dir = self.data_dir.path();
                self.server = spawn(self.listen, self.engine_port, data_dir);
            }
            // The engine that answers may be that of a server that was killed; a server answers
            // once it has an engine of its own.
            if self.is_serving() && self.try_sql("SELECT 1").is_some() {
                return;
            }
            assert!(started.elapsed() < START_LIMIT, "the server does not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether the server answers.
    fn is_serving(&self) -> bool {
        let ask = || {
            let mut stream = TcpStream::connect(self.listen)?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            stream.read(&mut [0])
        };
        matches!(ask(), Ok(1))
    }

    /// The process of the engine.
    fn engine(&self) -> Option<u32> {
        let parent = self.server.id().to_string();
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
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

fn spawn(listen: SocketAddr, engine_port: u16, data_dir: &Path) -> Child {
    let package = "engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so";
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join(package);
    assert!(
        library.exists(),
        "{} is missing: run `make engine`",
        library.display()
    );
    Command::new(env!("CARGO_BIN_EXE_sluice-server"))
        .args(["--listen", &listen.to_string()])
        .args(["--embedded-http-port", &engine_port.to_string()])
        .args(["--block-rows", "20000", "--log", "warn"])
        .arg("--data-dir")
        .arg(data_dir)
        .arg("--engine-library")
        .arg(&library)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
