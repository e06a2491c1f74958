//! A real server in a process of its own, the command line beside it, and a directory for files.

mod certificates;
mod guarded;
mod process;
mod proxy;
mod terminal;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command as Process, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

use crate::{bare, last_object, program};

use self::process::{child_of, ended, signal};
pub(crate) use self::{
    certificates::{Ca, Pair, secret, token},
    guarded::GuardedClickhouse,
    process::{Client, is_alive, kill},
    proxy::{Proxy, Way},
    terminal::Terminal,
};

/// Longer than anything here takes; what is not there by then will not come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at something that will change.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The command line, as built for these tests.
pub(crate) const SLUICE: &str = env!("CARGO_BIN_EXE_sluice");

/// A file of the server's test data.
pub(crate) fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/tests/data");
    path.join(name).to_str().unwrap().to_owned()
}

/// The server's program with nothing of this environment: on a free port and this data directory,
/// unless the options say otherwise.
pub(crate) fn server_program(data: &Path, options: &[&str]) -> Process {
    let mut command = Process::new(server_binary());
    command.env_clear();
    if !options.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    if !options.contains(&"--clickhouse-url") {
        command.arg("--engine-library").arg(library());
        if !options.contains(&"--data-dir") {
            command.arg("--data-dir").arg(data);
        }
    }
    command.args(options).stdin(Stdio::null());
    command
}

/// The server's program.
fn server_binary() -> PathBuf {
    let program = Path::new(SLUICE).with_file_name("sluice-server");
    assert!(
        program.exists(),
        "{} is missing: build the workspace first: cargo build --workspace",
        program.display()
    );
    program
}

/// The ClickHouse library that `make engine` installs.
fn library() -> PathBuf {
    let package = "../server/engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so";
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join(package);
    assert!(
        library.exists(),
        "{} is missing: run `make engine`",
        library.display()
    );
    library
}

/// Looks again and again until there is something to see.
pub(crate) fn until<T>(expected: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited in vain: {expected}");
        thread::sleep(POLL_INTERVAL);
    }
}

/// A directory that is removed with the test.
pub(crate) struct Files {
    directory: TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        let path = self.directory.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names of all files, also of hidden ones.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Server {
    process: Child,
    url: String,
    engine_address: String,
    log: Arc<Mutex<String>>,
    options: Vec<String>,
    pub(crate) data: TempDir,
    pub(crate) files: Files,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with more options, and waits until it listens.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        let data = TempDir::new().unwrap();
        let log = Arc::default();
        let (process, events) = spawn(data.path(), options, &log);
        let mut server = Self {
            process,
            url: String::new(),
            engine_address: String::new(),
            log,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            data,
            files: Files::new(),
        };
        server.wait_for(&events);
        server
    }

    /// Waits until the server listens.
    fn wait_for(&mut self, events: &mpsc::Receiver<Value>) {
        loop {
            let fields = events.recv_timeout(PATIENCE).unwrap();
            if let Some(port) = fields["port"].as_u64() {
                self.engine_address = format!("127.0.0.1:{port}");
            }
            if fields["message"] == "listening" {
                let is_encrypted = self.options.iter().any(|option| option == "--tls-cert");
                let scheme = if is_encrypted { "https" } else { "http" };
                self.url = format!("{scheme}://{}", fields["address"].as_str().unwrap());
                return;
            }
        }
    }

    /// Kills the server and its engine, and starts it again at the same address with the same data.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// Starts a server that has ended again, at the same address with the same data.
    pub(crate) fn start_again(&mut self) {
        let (_, address) = self.url.split_once("://").unwrap();
        let address = address.to_owned();
        let options = self.options.iter().map(String::as_str);
        let options: Vec<_> = options.chain(["--listen", &address]).collect();
        let (process, events) = spawn(self.data.path(), &options, &self.log);
        self.process = process;
        self.wait_for(&events);
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The address of its engine.
    pub(crate) fn engine_url(&self) -> String {
        format!("http://{}", self.engine_address)
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> &str {
        let (_, port) = self.url.rsplit_once(':').unwrap();
        port
    }

    /// The command line, pointed at this server.
    pub(crate) fn sluice(&self, line: &[&str]) -> Command {
        let mut command = bare();
        command.args(["--server", &self.url]).args(line);
        command.timeout(PATIENCE);
        command
    }

    /// The command line with `--json` where no file may be larger than so many blocks of 512 bytes,
    /// which stands for the end of the disk.
    pub(crate) fn sluice_on_full_disk(&self, blocks: u32, line: &[&str]) -> Process {
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = Process::new("sh");
        command
            .args(["-c", &limited, SLUICE, "--server", &self.url, "--json"])
            .args(line);
        command
    }

    /// Runs a command that succeeds; its JSON object.
    pub(crate) fn json(&self, line: &[&str]) -> Value {
        let assert = self.sluice(line).arg("--json").assert().code(0);
        last_object(assert.get_output())
    }

    /// Runs a command that fails with this exit code; its JSON error.
    pub(crate) fn fails(&self, line: &[&str], code: i32) -> Value {
        let assert = self.sluice(line).arg("--json").assert().code(code);
        last_object(assert.get_output())["error"].take()
    }

    /// Runs a command that succeeds; what people see on standard output.
    pub(crate) fn text(&self, line: &[&str]) -> String {
        let assert = self.sluice(line).assert().code(0);
        String::from_utf8(assert.get_output().stdout.clone()).unwrap()
    }

    /// Starts a command that runs beside the test, with `--json`.
    pub(crate) fn begin(&self, line: &[&str]) -> Client {
        begin(&self.url, line)
    }

    /// Waits until a transfer is as expected.
    pub(crate) fn until_transfer(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        until(&format!("transfer {id} as expected"), || {
            let get = ["--json", "transfers", "get", id];
            let output = self.sluice(&get).output().unwrap();
            last = last_object(&output);
            is_so(&last).then(|| last.take())
        })
    }

    /// Waits until a transfer has ended.
    pub(crate) fn until_ended(&self, id: &str) -> Value {
        self.until_transfer(id, |transfer| {
            let state = transfer["state"].as_str().unwrap_or_default();
            ["succeeded", "failed", "cancelled"].contains(&state)
        })
    }

    /// Waits until ClickHouse no longer runs the query of a transfer.
    pub(crate) fn until_query_is_gone(&self, id: &str) {
        let count = format!("SELECT count() FROM system.processes WHERE query_id = '{id}'");
        until("the query ends", || (self.sql(&count) == "0").then_some(()));
    }

    /// Runs SQL on the engine directly, past the server, and returns the answer as text.
    pub(crate) fn sql(&self, query: &str) -> String {
        let password = fs::read_to_string(self.data.path().join("clickhouse-password"));
        let login = format!(
            "X-ClickHouse-User: {ENGINE_USER}\r\nX-ClickHouse-Key: {}\r\n",
            password.unwrap().trim_end()
        );
        sql(&self.engine_address, &login, query)
    }

    /// Rows of a table and a sum over all its cells.
    pub(crate) fn content(&self, table: &str) -> String {
        self.sql(&format!(
            "SELECT count(), sum(cityHash64(tuple(*))) FROM {table}"
        ))
    }

    /// The process of the embedded engine.
    pub(crate) fn engine(&self) -> u32 {
        child_of(self.process.id()).unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.process.id());
    }

    /// Kills the server and its engine.
    pub(crate) fn kill(&mut self) {
        let engine = child_of(self.process.id());
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        if let Some(engine) = engine {
            kill(engine);
            until("the engine is gone", || (!is_alive(engine)).then_some(()));
        }
    }

    /// Waits until the server has ended by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        ended(&mut self.process)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            self.kill();
        }
        if thread::panicking() {
            let log = self.log.lock().unwrap();
            drop(writeln!(std::io::stderr(), "the server's log:\n{log}"));
        }
    }
}

/// As whom the embedded ClickHouse takes its operator.
const ENGINE_USER: &str = "default";

/// Runs SQL on the ClickHouse at this address with these headers, and returns the answer as text.
fn sql(address: &str, login: &str, query: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = query.len();
    write!(
        stream,
        "POST / HTTP/1.0\r\n{login}Content-Length: {length}\r\n\r\n{query}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(head.split(' ').nth(1), Some("200"), "{query}: {body}");
    body.trim_end_matches('\n').to_owned()
}

/// Starts a server's program, and keeps its log; the fields of its events.
fn spawn(
    data: &Path,
    options: &[&str],
    log: &Arc<Mutex<String>>,
) -> (Child, mpsc::Receiver<Value>) {
    let mut process = server_program(data, options)
        .args(["--log-format", "json"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let events = follow_log(&mut process, log);
    (process, events)
}

/// Starts a command that runs beside the test, with `--json`, by this way to the server.
pub(crate) fn begin(url: &str, line: &[&str]) -> Client {
    let process = program()
        .args(["--json", "--server", url])
        .args(line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Client::new(process)
}

/// Keeps every line of the log, and hands on the fields of each.
fn follow_log(process: &mut Child, log: &Arc<Mutex<String>>) -> mpsc::Receiver<Value> {
    let lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let log = Arc::clone(log);
    let (sender, fields) = mpsc::channel();
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
            if let Ok(mut event) = serde_json::from_str::<Value>(&line) {
                // Nobody listens any more once the server is up.
                drop(sender.send(event["fields"].take()));
            }
        }
    });
    fields
}
