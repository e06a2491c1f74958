//! The server's program where it cannot start: one clear message, and an end.

use std::{net::TcpListener, time::Duration};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::support::{Server, is_alive, server_program};

/// Runs the server with options that it must refuse; what it says after its log.
fn refused(options: &[&str]) -> String {
    let data = TempDir::new().unwrap();
    let mut command = Command::from_std(server_program(data.path(), options));
    let assert = command.timeout(Duration::from_secs(60)).assert().code(1);
    let output = assert.get_output();
    assert!(output.stdout.is_empty());
    let text = format!("\n{}", String::from_utf8(output.stderr.clone()).unwrap());
    let (_, message) = text.split_once("\nsluice-server: ").unwrap();
    message.to_owned()
}

/// A port of this machine that is taken while the listener lives.
fn taken_port() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    (listener, port)
}

#[test]
fn wrong_options_are_refused_all_at_once() {
    let options = [
        "--embedded-http-port=none",
        "--max-transfers=0",
        "--block-bytes=1",
        "--drain-timeout=30",
        "--log-format=xml",
    ];
    let message = refused(&options);
    let lines: Vec<_> = message.lines().collect();
    assert_eq!(lines[0], "the configuration cannot be used");
    assert_eq!(lines.len(), 1 + options.len(), "{message}");
    for option in options {
        let (name, _) = option.split_once('=').unwrap();
        assert!(
            message.contains(&format!("\n  {name} (SLUICE_")),
            "{message}"
        );
    }
}

#[test]
fn a_port_that_is_taken_is_named_once_with_the_reason() {
    let (_listener, port) = taken_port();
    let address = format!("127.0.0.1:{port}");
    let message = refused(&["--listen", &address]);
    let expected = format!("cannot listen on {address}: ");
    assert!(message.starts_with(&expected), "{message}");
    assert_eq!(message.matches("in use").count(), 1, "{message}");
}

#[test]
fn a_port_of_the_engine_that_is_taken_is_named() {
    let (_listener, port) = taken_port();
    let message = refused(&["--embedded-http-port", &port]);
    let expected = format!("port {port} of 127.0.0.1 is taken");
    assert!(message.starts_with(&expected), "{message}");
    assert!(message.contains("--embedded-http-port"), "{message}");
}

#[test]
fn a_data_directory_has_one_server() {
    let server = Server::start();
    let path = server.data.path().to_str().unwrap();
    let message = refused(&["--data-dir", path]);
    assert!(message.contains(path), "{message}");
    assert!(
        message.contains("in use by another sluice-server"),
        "{message}"
    );
    assert_eq!(server.sql("SELECT 1"), "1");
}

#[test]
fn an_idle_server_ends_when_asked_to() {
    for name in ["TERM", "INT"] {
        let mut server = Server::start();
        let engine = server.engine();
        server.signal(name);
        assert_eq!(server.ended().code(), Some(0), "{name}");
        assert!(!is_alive(engine), "{name}");
    }
}

#[test]
fn tables_outlive_the_server() {
    let mut first = Server::start();
    first.sql("CREATE TABLE kept (n UInt8) ENGINE = MergeTree ORDER BY n");
    let file = first.files.write("one.csv", "n\n7\n");
    first.json(&["upload", &file, "--table", "kept"]);
    first.signal("TERM");
    assert_eq!(first.ended().code(), Some(0));
    let path = first.data.path().to_str().unwrap();
    let second = Server::start_with(&["--data-dir", path]);
    let rows = second.text(&["export", "--table", "kept", "-o", "-"]);
    assert_eq!(rows, "n\n7\n");
}
