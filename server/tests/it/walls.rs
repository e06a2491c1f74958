//! What keeps others out of the embedded ClickHouse, and ClickHouse itself within its data directory: the
//! password and the walls of its process. All of it holds past the server's reading of statements, so it is
//! tried as the server's own user.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sluice_server::engine::{Engine, EngineConfig, State};
use tempfile::TempDir;

use crate::support::{
    as_user, config,
    hosted::{HostedEngine, free_port},
    library, post, split_url, url_with_password,
};

/// Longer than any step of a test takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a secret file holds.
const SECRET: &str = "the secret of the server";

/// An engine in a directory of its own.
struct Walled {
    engine: Engine,
    data_dir: TempDir,
    /// A directory beside it, which is none of its business.
    outside: TempDir,
}

impl Walled {
    async fn start() -> Self {
        let data_dir = TempDir::new().unwrap();
        let outside = TempDir::new().unwrap();
        std::fs::write(outside.path().join("secret"), SECRET).unwrap();
        let engine = Engine::start(config(data_dir.path()).engine).await.unwrap();
        Self {
            engine,
            data_dir,
            outside,
        }
    }

    /// Where it answers: `host:port`.
    fn address(&self) -> String {
        self.engine.url().trim_start_matches("http://").to_owned()
    }

    /// The password, as an operator reads it.
    fn password(&self) -> String {
        let file = self.data_dir.path().join("clickhouse-password");
        let text = std::fs::read_to_string(file).unwrap();
        text.trim_end().to_owned()
    }

    /// Asks as the server does.
    fn ask(&self, sql: &str) -> (u16, String) {
        post(&url_with_password(&self.engine), "/", sql.as_bytes())
    }

    fn run(&self, sql: &str) -> String {
        let (status, answer) = self.ask(sql);
        assert_eq!(status, 200, "{sql}: {answer}");
        answer
    }

    /// Asserts that a statement fails and tells nothing. A directory that may not be listed has no files.
    fn refuse(&self, sql: &str) -> String {
        let (status, answer) = self.ask(sql);
        assert!(status != 200 || answer.is_empty(), "{sql}: {answer}");
        assert!(!answer.contains(SECRET), "{sql}: {answer}");
        answer
    }
}

/// One request to the engine at `host:port`, with these lines in its head: the whole answer.
fn request(address: &str, path: &str, lines: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    let head = format!("POST {path} HTTP/1.0\r\n{lines}Content-Length: {length}\r\n\r\n{body}");
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The header line of a user and a password.
fn basic(user: &str, password: &str) -> String {
    let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {encoded}\r\n")
}

/// The path and the header lines by which `default` may show a password.
fn ways(password: &str) -> [(String, String); 4] {
    [
        (
            "/".to_owned(),
            format!("X-ClickHouse-User: default\r\nX-ClickHouse-Key: {password}\r\n"),
        ),
        ("/".to_owned(), basic("default", password)),
        (format!("/?user=default&password={password}"), String::new()),
        (format!("/?password={password}"), String::new()),
    ]
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn clickhouse_answers_to_nobody_without_the_password() {
    const QUESTION: &str = "SELECT 'answ' || 'ered'";
    let walled = Walled::start().await;
    let (address, password) = (walled.address(), walled.password());
    let page = "Host: evil.example\r\nOrigin: http://evil.example\r\nContent-Type: text/plain\r\n";
    let mut refused = vec![
        ("/".to_owned(), String::new()),
        ("/".to_owned(), page.to_owned()),
        ("/?user=default".to_owned(), page.to_owned()),
        ("/".to_owned(), "X-ClickHouse-User: default\r\n".to_owned()),
        ("/".to_owned(), "Authorization: never\r\n".to_owned()),
        (
            "/".to_owned(),
            "X-ClickHouse-User: default\r\nX-ClickHouse-SSL-Certificate-Auth: on\r\n".to_owned(),
        ),
        // The address that the library gives its own command line, and that of nobody.
        (
            "/".to_owned(),
            "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n".to_owned(),
        ),
        ("/".to_owned(), "X-Forwarded-For: 0.0.0.0\r\n".to_owned()),
        ("/?session_id=a&quota_key=default".to_owned(), String::new()),
        ("/".to_owned(), format!("X-ClickHouse-Key: {password}\r\n")),
        ("/".to_owned(), basic("sluice", &password)),
        ("/".to_owned(), basic("Default", &password)),
        ("/".to_owned(), basic("sluice_callers", "")),
        ("/".to_owned(), basic("sluice_creators", "")),
    ];
    let almost = password.get(1..).unwrap();
    for wrong in ["", "wrong", almost, "default", "command_line"] {
        refused.extend(ways(wrong));
    }
    // Twice: what the first of them used up would let the next one in.
    for (path, lines) in refused.iter().chain(&refused) {
        let answer = request(&address, path, lines, QUESTION).unwrap();
        assert!(
            !answer.contains("answered") && !answer.contains(" 200 OK"),
            "{path} {lines}: {answer}"
        );
        let refusals = ["AUTHENTICATION_FAILED", "REQUIRED_PASSWORD"];
        assert!(
            refusals.iter().any(|refusal| answer.contains(refusal)),
            "{path} {lines}: {answer}"
        );
    }
    assert_eq!(walled.run(QUESTION), "answered\n");
    walled.engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clickhouse_lets_nobody_in_while_it_starts() {
    let data_dir = TempDir::new().unwrap();
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let is_started = Arc::new(AtomicBool::new(false));
    // Asks from before the port opens until after the server has taken the engine for started.
    let asker = std::thread::spawn({
        let is_started = Arc::clone(&is_started);
        move || {
            let mut refusals = 0;
            loop {
                let is_last = is_started.load(Ordering::Relaxed);
                for (path, lines) in ways("") {
                    let answer =
                        request(&address, &path, &lines, "SELECT 'in'").unwrap_or_default();
                    assert!(!answer.contains(" 200 OK"), "{path} {lines}: {answer}");
                    refusals += usize::from(answer.contains("REQUIRED_PASSWORD"));
                }
                if is_last {
                    return refusals;
                }
            }
        }
    });
    let mut config = config(data_dir.path()).engine;
    let EngineConfig::Embedded(embedded) = &mut config else {
        panic!("the engine is not embedded");
    };
    embedded.http_port = Some(port);
    let engine = Engine::start(config).await.unwrap();
    is_started.store(true, Ordering::Relaxed);
    assert!(asker.join().unwrap() >= 4);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_opens_clickhouse_in_every_way_that_it_knows() {
    let walled = Walled::start().await;
    let (address, password) = (walled.address(), walled.password());
    for (path, lines) in ways(&password) {
        let answer = request(&address, &path, &lines, "SELECT currentUser()").unwrap();
        assert!(answer.contains(" 200 OK"), "{path} {lines}: {answer}");
        assert!(answer.ends_with("\r\n\r\ndefault\n"), "{answer}");
    }
    // With all that goes with a request.
    let (_, header) = &ways(&password)[0];
    let path = "/?query=SELECT+x%2B{a:UInt8}+FROM+VALUES('x+UInt8',+(1))&param_a=2&session_id=s&max_threads=1";
    let answer = request(&address, path, header, "").unwrap();
    assert!(answer.ends_with("\r\n\r\n3\n"), "{answer}");
    let mut answer = String::new();
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!("GET /?user=default&password={password}&query=SELECT+7 HTTP/1.0\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\n7\n"), "{answer}");
    walled.engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_lies_in_a_private_file_and_outlives_a_crash_of_the_engine() {
    let walled = Walled::start().await;
    let file = walled.data_dir.path().join("clickhouse-password");
    let by_file = || {
        let password = std::fs::read_to_string(&file).unwrap();
        let (bare, ..) = split_url(walled.engine.url());
        let address = bare.trim_start_matches("http://").to_owned();
        let url = format!("http://default:{}@{address}", password.trim_end());
        post(&url, "/", b"SELECT currentUser()")
    };
    assert_eq!(by_file(), (200, "default\n".to_owned()));
    assert_eq!(mode(&file), 0o600);
    assert_eq!(
        mode(&walled.data_dir.path().join("sluice-users.xml")),
        0o600
    );
    assert_eq!(mode(walled.data_dir.path()), 0o700);
    let users = std::fs::read_to_string(walled.data_dir.path().join("sluice-users.xml")).unwrap();
    let password = std::fs::read_to_string(&file).unwrap();
    assert!(!users.contains(password.trim_end()), "{users}");

    let mut state = walled.engine.state();
    let process = walled.engine.process_id().unwrap().to_string();
    let mut kill = Command::new("kill");
    assert!(kill.args(["-KILL", &process]).status().unwrap().success());
    let is_down = |state: &State| matches!(state, State::Down { .. });
    state.wait_for(is_down).await.unwrap();
    walled.engine.wait_ready(PATIENCE).await.unwrap();
    assert_eq!(by_file(), (200, "default\n".to_owned()));
    assert_eq!(walled.run("SELECT currentUser()"), "default\n");
    // The engine that came after the crash is as closed as the first one.
    for (path, lines) in ways("") {
        let answer = request(&walled.address(), &path, &lines, "SELECT 1").unwrap();
        assert!(answer.contains("REQUIRED_PASSWORD"), "{answer}");
    }
    walled.engine.shutdown().await;

    // The next server has another one.
    let engine = Engine::start(config(walled.data_dir.path()).engine)
        .await
        .unwrap();
    assert_ne!(std::fs::read_to_string(&file).unwrap(), password);
    let url = as_user(&url_with_password(&engine), "sluice_callers");
    assert_eq!(post(&url, "/", b"SELECT 1"), (200, "1\n".to_owned()));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_reads_and_writes_nothing_outside_of_its_data_directory() {
    let walled = Walled::start().await;
    let outside = walled.outside.path().display().to_string();
    let server = std::process::id();
    for sql in [
        format!("SELECT file('{outside}/secret')"),
        "SELECT file('/etc/hostname')".to_owned(),
        "SELECT * FROM file('/etc/hostname', 'LineAsString', 'a String')".to_owned(),
        "SELECT * FROM file('/etc/passwd', 'LineAsString', 'a String')".to_owned(),
        format!("SELECT file('/proc/{server}/environ')"),
        format!("SELECT file('/proc/{server}/cmdline')"),
        format!("INSERT INTO FUNCTION file('{outside}/new', 'CSV', 'a Int8') VALUES (1)"),
        format!(
            "CREATE TABLE b (a Int8) ENGINE = MergeTree ORDER BY a \
             SETTINGS disk = disk(type = local_blob_storage, path = '{outside}/new/')"
        ),
        format!(
            "CREATE TABLE c (a Int8) ENGINE = MergeTree ORDER BY a \
             SETTINGS disk = disk(type = local, path = '{outside}/new/')"
        ),
        format!("SELECT 1 INTO OUTFILE '{outside}/new'"),
        format!("BACKUP DATABASE default TO File('{outside}/new')"),
        "SELECT * FROM executable('cat', 'LineAsString', 'a String')".to_owned(),
        // Its own password lies in the directory, and is not for it.
        format!(
            "SELECT file('{}/clickhouse-password')",
            walled.data_dir.path().display()
        ),
    ] {
        walled.refuse(&sql);
    }
    // Such a table may be declared; its rows go nowhere.
    walled.ask(&format!(
        "CREATE TABLE a (a Int8) ENGINE = File(CSV, '{outside}/new')"
    ));
    walled.refuse("INSERT INTO a VALUES (1)");
    // What cannot be listed is empty, for some of its functions.
    for listing in [
        format!("filesystem('{outside}') WHERE name = 'secret'"),
        format!("file('{outside}/*', 'LineAsString', 'a String')"),
    ] {
        let listed = walled.ask(&format!("SELECT count() FROM {listing}"));
        assert!(
            listed.0 != 200 || listed.1 == "0\n",
            "{listing}: {listed:?}"
        );
    }
    let mut names = std::fs::read_dir(&outside)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert_eq!(names.next().unwrap(), "secret");
    assert!(names.next().is_none());

    // Without the walls the same questions are answered, so the walls it is.
    let free = HostedEngine::start("", None, "");
    let question = format!("SELECT file('{outside}/secret')");
    assert_eq!(free.sql(&question), SECRET);
    walled.engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_connects_to_nothing() {
    let walled = Walled::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let fast = "SETTINGS http_max_tries = 1, s3_retry_attempts = 0, connections_with_failover_max_tries = 1";
    for sql in [
        format!("SELECT * FROM url('http://127.0.0.1:{port}/', 'CSV', 'a String') {fast}"),
        format!("SELECT * FROM remote('127.0.0.1:{port}', system.one) {fast}"),
        format!("SELECT * FROM mysql('127.0.0.1:{port}', 'd', 't', 'u', 'p')"),
        format!(
            "INSERT INTO FUNCTION url('http://127.0.0.1:{port}/', 'CSV', 'a Int8') {fast} VALUES (1)"
        ),
    ] {
        walled.refuse(&sql);
    }
    let seen = listener.accept().map(drop).unwrap_err();
    assert_eq!(seen.kind(), ErrorKind::WouldBlock, "something connected");

    // Nor to the port by which its command line was let in, wherever: another host may have it too.
    let own = listening_ports(walled.engine.process_id().unwrap());
    let http_port = walled
        .address()
        .rsplit_once(':')
        .unwrap()
        .1
        .parse()
        .unwrap();
    assert!(own.len() == 2 && own.contains(&http_port), "{own:?}");
    let port = own.into_iter().find(|&port| port != http_port).unwrap();
    let elsewhere = TcpListener::bind(("127.0.0.2", port)).unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    for host in ["127.0.0.1", "127.0.0.2"] {
        let answer = walled.refuse(&format!(
            "SELECT * FROM url('http://{host}:{port}/', 'CSV', 'a String') {fast}"
        ));
        assert!(answer.contains("ermission denied"), "{answer}");
    }
    let seen = elsewhere.accept().map(drop).unwrap_err();
    assert_eq!(seen.kind(), ErrorKind::WouldBlock, "something connected");
    walled.engine.shutdown().await;
}

/// The TCP ports on which a process listens.
fn listening_ports(process: u32) -> Vec<u16> {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let files: Vec<_> = files
        .filter_map(|file| std::fs::read_link(file.unwrap().path()).ok())
        .collect();
    let table = std::fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap();
    let rows = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    // The columns: number, local address, remote address, state (0A: listening), …, inode.
    rows.filter(|row| row[3] == "0A" && files.contains(&format!("socket:[{}]", row[9]).into()))
        .map(|row| u16::from_str_radix(row[1].rsplit_once(':').unwrap().1, 16).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_s_process_has_no_more_than_it_needs() {
    let walled = Walled::start().await;
    let process = walled.engine.process_id().unwrap();
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap();
    let variables = environment
        .split(|&byte| byte == 0)
        .filter(|text| !text.is_empty());
    for variable in variables {
        assert!(
            variable.starts_with(b"TZ="),
            "{:?}",
            String::from_utf8_lossy(variable)
        );
    }
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    for line in ["Umask:\t0077", "NoNewPrivs:\t1"] {
        assert!(status.lines().any(|own| own == line), "{line}: {status}");
    }
    walled.run("CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a");
    walled.run("INSERT INTO t VALUES (1)");
    assert_eq!(mode(&walled.data_dir.path().join("store")) & 0o077, 0);
    walled.engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_s_process_keeps_no_file_that_it_inherits() {
    let directory = TempDir::new().unwrap();
    let secret = directory.path().join("secret");
    let data = directory.path().join("data");
    std::fs::write(&secret, SECRET).unwrap();
    // As a shell hands a file on that it has open.
    let mut process = Command::new("sh")
        .args(["-c", "exec 9<\"$0\"; exec \"$@\""])
        .arg(&secret)
        .arg(env!("CARGO_BIN_EXE_sluice-server"))
        .args(["engine-host", "--library"])
        .arg(library())
        .args(["--", "--multiquery"])
        .arg(format!("--path={}", data.display()))
        .args([
            "--query",
            "SELECT count() FROM file('/dev/stdin', 'LineAsString', 's String')",
        ])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // ClickHouse locks its directory by this file before it runs a query.
    for _ in 0..600 {
        if data.join("status").exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(data.join("status").exists(), "it does not start");
    let open = std::fs::read_dir(format!("/proc/{}/fd", process.id())).unwrap();
    let open: Vec<_> = open
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .collect();
    assert!(!open.is_empty() && !open.contains(&secret), "{open:?}");
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
}
