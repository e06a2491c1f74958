//! Somebody goes away in the middle: the client, the server, ClickHouse, the reader of a pipe.

use std::io::Read as _;

use crate::support::{Client, GuardedClickhouse, Proxy, Server, Terminal, is_alive, kill};

const ID: &str = "0190d3a0-0000-7000-8000-000000000004";
const ENDLESS: &str = "SELECT number FROM system.numbers";

fn start_with(options: &[&str]) -> Server {
    let server = Server::start_with(options);
    server.sql("CREATE TABLE slow (n UInt32, s String) ENGINE = MergeTree ORDER BY n");
    server
}

fn start() -> Server {
    start_with(&[])
}

/// Three megabytes of rows: more than one batch.
fn rows() -> String {
    (0..300_000).map(|n| format!("{n},abcde\n")).collect()
}

/// An upload whose file does not end, in the middle of its rows.
fn open_upload(server: &Server, counter: &str) -> Client {
    open_upload_with(server, counter, &[])
}

/// The same with more flags.
fn open_upload_with(server: &Server, counter: &str, flags: &[&str]) -> Client {
    let upload = ["upload", "-", "--table", "slow", "--transfer-id", ID];
    let mut client = server.begin(&[&upload[..], flags].concat());
    client.write(&format!("n,s\n{}", rows()));
    server.until_transfer(ID, |transfer| transfer[counter].as_i64() > Some(0));
    client
}

/// An export that does not end by itself, in the middle of its rows.
fn open_export(server: &Server, target: &str) -> Client {
    let export = ["export", "--query", ENDLESS, "-o", target];
    let flags = ["--transfer-id", ID, "--retry-time", "0"];
    let client = server.begin(&[&export[..], &flags].concat());
    server.until_transfer(ID, |transfer| transfer["bytes_sent"].as_i64() > Some(0));
    client
}

/// Whatever went before, the server serves the next call.
fn goes_on(server: &Server) {
    let file = server.files.write("good.csv", "n,s\n4000000000,after\n");
    let loaded = server.json(&["upload", &file, "--table", "slow"]);
    assert_eq!(loaded["rows_committed"], 1);
    let row = "SELECT s FROM slow WHERE n = 4000000000";
    assert_eq!(server.sql(row), "after");
}

#[test]
fn an_upload_whose_client_is_killed_waits_for_the_next_one() {
    let server = start();
    let client = open_upload(&server, "rows_parsed");
    client.signal("KILL");
    assert_eq!(client.finish().0, None);
    let transfer = server.until_transfer(ID, |transfer| transfer["state"] == "interrupted");
    assert_eq!(transfer["error"]["reason"], "CLIENT_GONE");
    assert_eq!(transfer["rows_committed"], 0);
    let list = server.json(&["transfers", "list"]);
    assert_eq!(list["transfers"][0]["transfer_id"], ID);
    assert_eq!(list["transfers"][0]["state"], "interrupted");
    assert_eq!(server.sql("SELECT count() FROM slow"), "0");
    server.until_query_is_gone(ID);
    goes_on(&server);
}

#[test]
fn an_export_whose_client_is_killed_ends_its_query() {
    let server = start();
    let client = open_export(&server, "/dev/null");
    client.signal("KILL");
    assert_eq!(client.finish().0, None);
    let transfer = server.until_ended(ID);
    assert_eq!(transfer["state"], "failed");
    assert_eq!(transfer["error"]["reason"], "CLIENT_GONE");
    server.until_query_is_gone(ID);
    goes_on(&server);
}

#[test]
fn an_upload_that_is_interrupted_is_130_and_cancelled() {
    for name in ["INT", "TERM"] {
        let server = start();
        let client = open_upload(&server, "rows_parsed");
        client.signal(name);
        let (code, object) = client.finish();
        assert_eq!(code, Some(130), "{name}");
        assert_eq!(object["error"]["reason"], "INTERRUPTED", "{name}");
        let transfer = server.until_ended(ID);
        assert_eq!(transfer["state"], "cancelled", "{name}");
        assert_eq!(transfer["error"]["reason"], "TRANSFER_CANCELLED", "{name}");
        server.until_query_is_gone(ID);
        goes_on(&server);
    }
}

#[test]
fn an_export_that_is_interrupted_leaves_the_old_file_and_nothing_else() {
    let server = start();
    let target = server.files.write("out.csv", "old");
    let client = open_export(&server, &target);
    client.signal("INT");
    let (code, object) = client.finish();
    assert_eq!(code, Some(130));
    assert_eq!(object["error"]["reason"], "INTERRUPTED");
    assert_eq!(server.files.read("out.csv"), "old");
    assert_eq!(server.files.names(), ["out.csv"]);
    assert_eq!(server.until_ended(ID)["state"], "cancelled");
    server.until_query_is_gone(ID);
    goes_on(&server);
}

#[test]
fn a_reader_that_has_seen_enough_makes_a_success() {
    let server = start();
    let mut client = open_export(&server, "-");
    let mut start = [0; 100];
    client.output().read_exact(&mut start).unwrap();
    assert!(start.starts_with(b"number\n0\n1\n2\n"));
    assert_eq!(client.finish().0, Some(0));
    assert_eq!(server.until_ended(ID)["state"], "cancelled");
    server.until_query_is_gone(ID);
    goes_on(&server);
}

#[test]
fn a_transfer_that_another_client_cancels_ends_for_all() {
    let server = start();
    let client = open_upload(&server, "rows_parsed");
    let watch = server.begin(&["transfers", "watch", ID]);
    let cancelled = server.json(&["transfers", "cancel", ID]);
    assert_eq!(cancelled["state"], "cancelled");
    for (code, object) in [client.finish(), watch.finish()] {
        assert_eq!(code, Some(1), "{object}");
        assert_eq!(object["error"]["code"], "CANCELLED");
        assert_eq!(object["error"]["reason"], "TRANSFER_CANCELLED");
    }
    server.until_query_is_gone(ID);
    goes_on(&server);
}

#[test]
fn an_upload_whose_clickhouse_is_killed_is_exact() {
    let server = start_with(&["--block-rows", "10000"]);
    let mut client = open_upload(&server, "rows_staged");
    kill(server.engine());
    client.write(&rows());
    client.end_input();
    let (code, object) = client.finish();
    assert_eq!(code, Some(0), "{object}");
    assert_eq!(object["rows_committed"], 600_000);
    assert_eq!(server.until_ended(ID)["state"], "succeeded");
    let twice = "SELECT count(), uniqExact(n) FROM slow";
    assert_eq!(server.sql(twice), "600000\t300000");
    goes_on(&server);
}

#[test]
fn a_direct_upload_whose_clickhouse_is_killed_is_4_and_the_next_one_loads() {
    let server = start_with(&["--block-rows", "10000"]);
    let mut client = open_upload_with(&server, "rows_staged", &["--commit", "direct"]);
    kill(server.engine());
    // It may have ended before it has read everything.
    client.try_write(&rows()).ok();
    client.end_input();
    let (code, object) = client.finish();
    assert_eq!(code, Some(4), "{object}");
    assert_eq!(object["error"]["reason"], "TRANSFER_NOT_RESUMABLE");
    let message = object["error"]["message"].as_str().unwrap();
    assert!(message.contains("may be in the table"), "{message}");
    assert_eq!(server.until_ended(ID)["state"], "failed");
    goes_on(&server);
}

#[test]
fn an_export_whose_clickhouse_is_killed_is_5_and_leaves_the_old_file() {
    let server = start();
    let target = server.files.write("out.csv", "old");
    let client = open_export(&server, &target);
    kill(server.engine());
    let (code, object) = client.finish();
    assert_eq!(code, Some(5), "{object}");
    assert_eq!(object["error"]["reason"], "CLICKHOUSE_UNAVAILABLE");
    assert_eq!(server.files.read("out.csv"), "old");
    assert_eq!(server.files.names(), ["out.csv"]);
    goes_on(&server);
}

#[test]
fn a_server_that_shuts_down_in_an_upload_is_5_and_ends_well() {
    let mut server = start_with(&["--drain-timeout", "300ms"]);
    let client = open_upload(&server, "rows_parsed");
    let engine = server.engine();
    server.signal("TERM");
    let (code, object) = client.finish();
    assert_eq!(code, Some(5), "{object}");
    assert_eq!(object["error"]["code"], "UNAVAILABLE");
    assert_eq!(object["error"]["reason"], "SHUTTING_DOWN");
    assert_eq!(server.ended().code(), Some(0));
    assert!(!is_alive(engine), "the engine outlives its server");
}

#[test]
fn an_upload_that_ends_in_time_is_not_hurt_by_a_shutdown() {
    let mut server = start();
    let mut client = open_upload(&server, "rows_parsed");
    server.signal("TERM");
    client.write("4000000000,last\n");
    client.end_input();
    let (code, object) = client.finish();
    assert_eq!(code, Some(0), "{object}");
    assert_eq!(object["rows_committed"], 300_001);
    assert_eq!(server.ended().code(), Some(0));
}

#[test]
fn a_server_that_is_killed_in_an_upload_is_5() {
    let mut server = start();
    let client = open_upload(&server, "rows_parsed");
    server.kill();
    let (code, object) = client.finish();
    assert_eq!(code, Some(5), "{object}");
    assert_eq!(object["error"]["code"], "UNAVAILABLE");
    assert_eq!(object["error"]["reason"], "CONNECTION_LOST");
}

#[test]
fn a_server_that_is_killed_in_an_export_is_5_and_leaves_the_old_file() {
    let mut server = start();
    let target = server.files.write("out.csv", "old");
    let client = open_export(&server, &target);
    server.kill();
    let (code, object) = client.finish();
    assert_eq!(code, Some(5), "{object}");
    assert_eq!(object["error"]["reason"], "CONNECTION_LOST");
    assert_eq!(server.files.read("out.csv"), "old");
    assert_eq!(server.files.names(), ["out.csv"]);
}

/// A ClickHouse, the line to it, which is refused, the server behind that, and a file.
fn away() -> (GuardedClickhouse, Proxy, Server, String) {
    let clickhouse = GuardedClickhouse::start("loader", "secret");
    let line = Proxy::to(&clickhouse.url);
    let server = Server::start_with(&["--clickhouse-url", &line.url()]);
    clickhouse.sql("CREATE TABLE slow (n UInt32, s String) ENGINE = MergeTree ORDER BY n");
    let file = server.files.write("x.csv", "n,s\n1,a\n");
    line.refuse(true);
    line.sever();
    (clickhouse, line, server, file)
}

#[test]
fn a_clickhouse_that_is_away_is_told_once_with_the_server_and_the_time() {
    let (_clickhouse, line, server, file) = away();
    let upload = ["upload", &file, "--table", "slow", "--retry-time", "6s"];
    let target = server.files.path("out.csv");
    let export = [
        "export",
        "--table",
        "slow",
        "-o",
        &target,
        "--retry-time",
        "6s",
    ];
    for words in [&upload[..], &export] {
        let (code, object, notes) = server.begin(words).finish_with_notes();
        assert_eq!(code, Some(5), "{object}");
        assert_eq!(object["error"]["reason"], "CLICKHOUSE_UNAVAILABLE");
        let clickhouse = line.url().replace("http://", "");
        let ends = format!("127.0.0.1:{}, ClickHouse at {clickhouse}: ", server.port());
        assert_eq!(notes.matches("trying again").count(), 1, "{notes}");
        let (time, reason) = notes.split_once(" (attempt 2): ").unwrap();
        assert!(time.contains("for up to 6 s"), "{notes}");
        let reason = reason.strip_prefix(&ends).unwrap();
        assert!(
            reason.starts_with("clickhouse cannot be reached: "),
            "{notes}"
        );
    }
}

#[test]
fn a_terminal_shows_one_line_of_what_is_waited_for() {
    let (_clickhouse, line, server, file) = away();
    let upload = ["upload", &file, "--table", "slow", "--server", server.url()];
    let terminal = Terminal::start(&upload);
    for attempt in ["(attempt 2)", "(attempt 3)"] {
        terminal.shows(attempt);
    }
    line.refuse(false);
    let (code, object, screen) = terminal.finish();
    assert_eq!(code, Some(0), "{object} {screen}");
    // It is drawn anew in its place, and is no line that stays.
    assert!(
        !screen.contains("trying again for up to 5 min 0 s (attempt 2)\n"),
        "{screen}"
    );
}
