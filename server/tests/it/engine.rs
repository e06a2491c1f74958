//! The embedded engine: start, data that stays, restart after a crash, one engine per directory, end.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use sluice_server::engine::{
    EmbeddedConfig, Engine, EngineConfig, Error, RemoteConfig, Secret, State,
};
use tempfile::TempDir;

use crate::support::{hosted::free_port, post, url_with_password};

/// The library that `make engine` brings.
const LIBRARY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"
);

/// Longer than any step of a test takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn embedded(data_dir: &Path) -> EmbeddedConfig {
    EmbeddedConfig {
        data_dir: data_dir.to_owned(),
        http_port: None,
        library: Some(PathBuf::from(LIBRARY)),
        host_program: Some(PathBuf::from(env!("CARGO_BIN_EXE_sluice-server"))),
        start_timeout: PATIENCE,
        hidden_database: "sluice".to_owned(),
    }
}

async fn start(data_dir: &Path) -> Result<Engine, Error> {
    Engine::start(EngineConfig::Embedded(embedded(data_dir))).await
}

/// Runs one statement as the server does, and returns the body of the answer.
fn query(engine: &Engine, sql: &str) -> String {
    let (status, body) = post(&url_with_password(engine), "/", sql.as_bytes());
    assert_eq!(status, 200, "{sql}: {body}");
    body.trim_end().to_owned()
}

/// Waits until `happened` says so.
fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happened() {
        assert!(
            Instant::now() < deadline,
            "{what} did not happen within {PATIENCE:?}"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

fn send(signal: &str, process_id: u32) {
    let status = Command::new("kill")
        .args([signal, &process_id.to_string()])
        .status()
        .unwrap();
    assert!(status.success(), "kill {signal} {process_id}: {status}");
}

fn exists(process_id: u32) -> bool {
    let kill = ["-0", &process_id.to_string()].map(str::to_owned);
    Command::new("kill")
        .args(kill)
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

#[tokio::test]
async fn it_starts_answers_and_ends() {
    let directory = TempDir::new().unwrap();
    let engine = start(directory.path()).await.unwrap();
    assert!(engine.is_embedded());
    assert!(engine.state().borrow().is_ready());
    engine.wait_ready(Duration::ZERO).await.unwrap();
    assert_eq!(query(&engine, "SELECT 1 + 1"), "2");
    let process_id = engine.process_id().unwrap();
    engine.shutdown().await;
    assert_eq!(*engine.state().borrow(), State::Stopped);
    assert_eq!(engine.process_id(), None);
    assert!(!exists(process_id));
    let error = engine.wait_ready(PATIENCE).await.unwrap_err();
    assert!(matches!(error, Error::Stopped), "{error}");
}

#[tokio::test]
async fn it_behaves_as_a_server_and_not_as_a_command_line() {
    let directory = TempDir::new().unwrap();
    let engine = start(directory.path()).await.unwrap();
    let changed = "SELECT groupArray(name) FROM system.settings \
         WHERE name IN ('implicit_select', 'allow_introspection_functions') AND value != '0'";
    assert_eq!(query(&engine, changed), "[]");
    let memory = "SELECT value FROM system.server_settings \
         WHERE name = 'max_server_memory_usage_to_ram_ratio'";
    assert_eq!(query(&engine, memory), "0.8");
    engine.shutdown().await;
}

#[tokio::test]
async fn data_survives_a_restart() {
    let directory = TempDir::new().unwrap();
    let engine = start(directory.path()).await.unwrap();
    query(
        &engine,
        "CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a",
    );
    query(&engine, "INSERT INTO kept VALUES (7), (8)");
    query(&engine, "CREATE DATABASE other");
    engine.shutdown().await;

    let engine = start(directory.path()).await.unwrap();
    assert_eq!(query(&engine, "SELECT sum(a) FROM default.kept"), "15");
    assert_eq!(query(&engine, "EXISTS DATABASE other"), "1");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_killed_engine_comes_back_on_the_same_port_with_the_same_data() {
    let directory = TempDir::new().unwrap();
    let engine = start(directory.path()).await.unwrap();
    let url = engine.url().to_owned();
    query(
        &engine,
        "CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a",
    );
    query(&engine, "INSERT INTO kept VALUES (7), (8)");
    let killed = engine.process_id().unwrap();

    let mut state = engine.state();
    send("-KILL", killed);
    let down = state
        .wait_for(|state| matches!(state, State::Down { .. }))
        .await
        .unwrap()
        .clone();
    assert!(down.to_string().contains("signal: 9"), "{down}");
    engine.wait_ready(PATIENCE).await.unwrap();

    assert_eq!(engine.url(), url);
    assert_ne!(engine.process_id().unwrap(), killed);
    assert_eq!(query(&engine, "SELECT sum(a) FROM kept"), "15");
    engine.shutdown().await;
}

#[tokio::test]
async fn an_engine_outlives_the_signals_that_end_its_server() {
    let directory = TempDir::new().unwrap();
    let engine = start(directory.path()).await.unwrap();
    let process_id = engine.process_id().unwrap();
    for signal in ["-TERM", "-INT", "-HUP"] {
        send(signal, process_id);
    }
    assert_eq!(query(&engine, "SELECT sleep(0.2)"), "0");
    assert_eq!(engine.process_id(), Some(process_id));
    engine.shutdown().await;
}

#[tokio::test]
async fn a_second_engine_on_the_same_data_directory_is_refused() {
    let directory = TempDir::new().unwrap();
    let engine = start(directory.path()).await.unwrap();
    let error = start(directory.path()).await.unwrap_err();
    assert!(matches!(error, Error::DataDirectoryInUse { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("in use by another sluice-server"), "{text}");
    assert!(text.contains("--data-dir"), "{text}");
    engine.shutdown().await;
    start(directory.path()).await.unwrap().shutdown().await;
}

#[tokio::test]
async fn a_data_directory_that_another_clickhouse_holds_is_refused_with_its_process() {
    let directory = TempDir::new().unwrap();
    let port = free_port();
    let mut other = Command::new(env!("CARGO_BIN_EXE_sluice-server"))
        .args(["engine-host", "--library", LIBRARY, "--", "--multiquery"])
        .args([format!("--path={}", directory.path().display()), format!("--http_port={port}")])
        .args(["--listen_host=127.0.0.1", "--query"])
        .arg("SYSTEM START LISTEN HTTP; SELECT * FROM file('/dev/stdin', 'LineAsString', 's String')")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the start of the other ClickHouse", || answers(port));
    let text = start(directory.path()).await.unwrap_err().to_string();
    assert!(
        text.contains(&format!("another ClickHouse (process {})", other.id())),
        "{text}"
    );
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());
}

#[tokio::test]
async fn an_engine_whose_program_fails_tells_its_last_words() {
    let directory = TempDir::new().unwrap();
    let library = directory.path().join("libchdb.so");
    std::fs::write(&library, "not a library").unwrap();
    let config = EmbeddedConfig {
        library: Some(library),
        ..embedded(directory.path())
    };
    let error = Engine::start(EngineConfig::Embedded(config))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Ended { .. }), "{error}");
    assert!(error.to_string().contains("cannot load"), "{error}");
}

#[tokio::test]
async fn a_port_that_is_taken_for_good_is_said() {
    let directory = TempDir::new().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = EmbeddedConfig {
        http_port: Some(port),
        ..embedded(directory.path())
    };
    let error = Engine::start(EngineConfig::Embedded(config))
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::PortTaken { port: taken } if taken == port),
        "{error}"
    );
}

#[tokio::test]
async fn a_missing_library_is_said_with_what_to_do() {
    let directory = TempDir::new().unwrap();
    let library = Some(PathBuf::from("/nowhere/libchdb.so"));
    let config = EmbeddedConfig {
        library,
        ..embedded(directory.path())
    };
    let error = Engine::start(EngineConfig::Embedded(config))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("/nowhere/libchdb.so") && text.contains("make engine"),
        "{text}"
    );
}

#[tokio::test]
async fn a_remote_engine_is_taken_as_it_is() {
    let remote = RemoteConfig {
        url: "http://db:8123".to_owned(),
        user: "loader".to_owned(),
        password: Secret::new("secret".to_owned()),
        database: "files".to_owned(),
    };
    let engine = Engine::start(EngineConfig::Remote(remote)).await.unwrap();
    assert!(!engine.is_embedded());
    assert_eq!(engine.url(), "http://db:8123");
    assert_eq!(engine.endpoint().password.expose(), "secret");
    engine.wait_ready(Duration::ZERO).await.unwrap();
    engine.shutdown().await;
}

#[test]
fn the_engine_ends_with_a_server_that_is_killed_and_makes_room_for_the_next() {
    let directory = TempDir::new().unwrap();
    let port = free_port();
    let server = || {
        Command::new(env!("CARGO_BIN_EXE_sluice-server"))
            .args(["--listen=127.0.0.1:0", "--engine-library", LIBRARY])
            .arg(format!("--embedded-http-port={port}"))
            .arg("--data-dir")
            .arg(directory.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut first = server();
    wait_until("the start of the first engine", || answers(port));
    let leftover = locked_by(directory.path());
    first.kill().unwrap();
    first.wait().unwrap();

    // The second one starts at once, while the engine of the first may still be there.
    let mut second = server();
    wait_until("the start of the second engine", || {
        assert_eq!(second.try_wait().unwrap(), None, "the second server ended");
        locked_by(directory.path()) != leftover && answers(port)
    });
    second.kill().unwrap();
    second.wait().unwrap();
    wait_until("the end of the engine", || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err()
    });
}

/// The process that the status file of the data directory names.
fn locked_by(data_dir: &Path) -> Option<String> {
    let status = std::fs::read_to_string(data_dir.join("status")).ok()?;
    status.lines().next().map(str::to_owned)
}

/// Whether an engine answers a ping on the port.
fn answers(port: u16) -> bool {
    let ping = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.write_all(b"GET /ping HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ping().is_ok_and(|answer| answer.ends_with("Ok.\n"))
}
