//! Uploads that survive: the line is cut, the server is killed, the client is stopped, and every row
//! of the file is in the table once.

use std::{
    fs::{self, File},
    io::Write as _,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{Client, Proxy, Server, Way, begin, until};

const ID: &str = "0190d3a0-0000-7000-8000-000000000007";
const ROWS: u32 = 400_000;

/// A server with blocks so small that an upload has many, and the tables of these tests.
fn start() -> Server {
    let server = Server::start_with(&["--block-rows", "20000"]);
    for table in ["t", "expected"] {
        server.sql(&format!(
            "CREATE TABLE {table} (n UInt32, s String, d Date) ENGINE = MergeTree ORDER BY n"
        ));
    }
    server.sql(&format!(
        "INSERT INTO expected SELECT number, concat('text ', toString(number * 7919)), \
         makeDate(2024, 1, 1 + number % 31) FROM numbers({ROWS})"
    ));
    server
}

/// Some ten megabytes.
fn write_rows(server: &Server) -> String {
    let mut content = String::from("n,s,d\n");
    for n in 0..u64::from(ROWS) {
        let (text, day) = (n * 7919, 1 + n % 31);
        content.push_str(&format!("{n},text {text},2024-01-{day:02}\n"));
    }
    server.files.write("rows.csv", content)
}

fn check_content(server: &Server) {
    assert_eq!(server.content("t"), server.content("expected"));
}

/// An upload whose line is held up in the middle, when some of its rows are staged.
fn held_upload(server: &Server, proxy: &Proxy, flags: &[&str]) -> Client {
    let file = write_rows(server);
    proxy.hold_after(3_000_000);
    let upload = ["upload", &file, "--table", "t", "--transfer-id", ID];
    let client = begin(&proxy.url(), &[&upload[..], flags].concat());
    server.until_transfer(ID, |transfer| transfer["rows_staged"].as_i64() > Some(0));
    // The journal is written once a second, when a block is done.
    thread::sleep(Duration::from_millis(1_100));
    proxy.hold_after(6_000_000);
    server.until_transfer(ID, |transfer| transfer["durable_offset"].as_i64() > Some(0));
    client
}

/// Stops an upload in the middle, so that it can be resumed; its error.
fn stopped_upload(server: &Server) -> Value {
    let proxy = Proxy::to(server.url());
    let client = held_upload(server, &proxy, &[]);
    client.signal("TERM");
    let (code, object) = client.finish();
    assert_eq!(code, Some(130), "{object}");
    drop(proxy);
    server.until_transfer(ID, |transfer| transfer["state"] == "interrupted");
    object
}

fn numbers(list: &Value) -> Vec<u64> {
    let list = list.as_array().unwrap().iter();
    list.map(|number| number.as_u64().unwrap()).collect()
}

#[test]
fn an_upload_whose_line_is_cut_again_and_again_is_exact() {
    let server = start();
    let file = write_rows(&server);
    let proxy = Proxy::to(server.url());
    proxy.slow_down(5_000_000);
    proxy.cut(&[
        (Way::Up, 100),
        (Way::Up, 1_500_000),
        (Way::Up, 3_000_000),
        (Way::Down, 60),
        (Way::Up, 70_000),
    ]);
    let upload = ["upload", &file, "--table", "t"];
    let (code, loaded, notes) = begin(&proxy.url(), &upload).finish_with_notes();
    assert_eq!(code, Some(0), "{loaded} {notes}");
    assert_eq!(proxy.cuts_done(), 5);
    check_content(&server);
    assert_eq!(loaded["rows_committed"], ROWS, "{loaded} {notes}");
    let resumed_at = numbers(&loaded["resumed_at"]);
    assert_eq!(
        loaded["attempts"].as_u64(),
        Some(resumed_at.len() as u64 + 1)
    );
    assert!(resumed_at.iter().any(|offset| *offset > 0), "{loaded}");
    assert!(
        notes.contains("sluice: trying again for up to 5 min 0 s (attempt 2): 127.0.0.1:"),
        "{notes}"
    );
    assert!(notes.contains("sluice: going on at "), "{notes}");
}

#[test]
fn an_upload_waits_for_a_line_that_is_refused_for_a_while() {
    let server = start();
    let proxy = Proxy::to(server.url());
    let client = held_upload(&server, &proxy, &[]);
    proxy.refuse(true);
    proxy.release();
    proxy.sever();
    thread::sleep(Duration::from_secs(2));
    proxy.refuse(false);
    let (code, loaded) = client.finish();
    assert_eq!(code, Some(0), "{loaded}");
    assert_eq!(loaded["attempts"], 2);
    check_content(&server);
}

#[test]
fn an_upload_whose_server_is_killed_goes_on_with_the_next_one() {
    let mut server = start();
    let proxy = Proxy::to(server.url());
    let client = held_upload(&server, &proxy, &[]);
    server.restart();
    proxy.release();
    let (code, loaded, notes) = client.finish_with_notes();
    assert_eq!(code, Some(0), "{loaded} {notes}");
    assert_eq!(loaded["transfer_id"], ID);
    assert!(numbers(&loaded["resumed_at"])[0] > 0, "{loaded}");
    check_content(&server);
}

#[test]
fn an_upload_that_is_asked_to_terminate_is_resumed_by_its_id() {
    let server = start();
    let error = &stopped_upload(&server)["error"];
    assert_eq!(error["reason"], "INTERRUPTED");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("can be resumed"), "{message}");
    let command = error["metadata"]["resume"].as_str().unwrap();
    assert!(
        command.ends_with(&format!("--table t --resume {ID}")),
        "{command}"
    );

    let file = server.files.path("rows.csv");
    let resume = ["upload", &file, "--table", "t", "--resume", ID];
    let (code, loaded, notes) = server.begin(&resume).finish_with_notes();
    assert_eq!(code, Some(0), "{loaded} {notes}");
    assert_eq!(loaded["transfer_id"], ID);
    assert_eq!(loaded["attempts"], 1);
    assert!(numbers(&loaded["resumed_at"])[0] > 0, "{loaded}");
    check_content(&server);

    // The same again is the same result, and not a row more.
    let (code, again, notes) = server.begin(&resume).finish_with_notes();
    assert_eq!(code, Some(0), "{again} {notes}");
    assert_eq!(again["rows_committed"], ROWS);
    assert_eq!(again["replayed"], true);
    assert!(numbers(&again["resumed_at"]).is_empty(), "{again}");
    assert!(notes.contains("the file is loaded already"), "{notes}");
    assert!(!notes.contains("going on"), "{notes}");
    let text = server.text(&resume);
    let said = format!("by transfer {ID}: 400,000 rows into t; nothing was loaded again\n");
    assert!(
        text.starts_with("this file was loaded already at 2") && text.contains(&said),
        "{text}"
    );
    check_content(&server);
}

#[test]
fn what_was_interrupted_is_resumed_only_as_it_was() {
    let server = start();
    stopped_upload(&server);
    let file = server.files.path("rows.csv");
    let resume = |table: &str, id: &str| {
        let line = ["upload", &file, "--table", table, "--resume", id];
        server.fails(&line, 4)["reason"].take()
    };
    let unknown = "0190d3a0-0000-7000-8000-00000000ffff";
    assert_eq!(resume("t", unknown), "TRANSFER_NOT_FOUND");

    let content = fs::read(&file).unwrap();
    fs::write(&file, &content[..100]).unwrap();
    assert_eq!(resume("t", ID), "FILE_CHANGED");
    let mut changed = content.clone();
    changed[6] = b'9';
    fs::write(&file, changed).unwrap();
    assert_eq!(resume("t", ID), "FILE_CHANGED");
    fs::write(&file, content).unwrap();
    assert_eq!(resume("expected", ID), "SPEC_MISMATCH");
    assert_eq!(server.sql("SELECT count() FROM t"), "0");

    server.json(&["upload", &file, "--table", "t", "--resume", ID]);
    check_content(&server);
}

#[test]
fn a_file_that_changes_while_the_line_is_down_is_refused() {
    let server = start();
    let proxy = Proxy::to(server.url());
    let client = held_upload(&server, &proxy, &[]);
    let file = server.files.path("rows.csv");
    let mut changed = File::options().append(true).open(&file).unwrap();
    changed.write_all(b"1,more,2024-01-01\n").unwrap();
    proxy.sever();
    proxy.release();
    let (code, object) = client.finish();
    assert_eq!(code, Some(4), "{object}");
    assert_eq!(object["error"]["reason"], "FILE_CHANGED");
    let message = object["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("has changed since its upload began"),
        "{message}"
    );
    assert_eq!(server.sql("SELECT count() FROM t"), "0");
    assert_eq!(server.until_ended(ID)["state"], "cancelled");
}

#[test]
fn an_upload_without_patience_tells_how_to_go_on() {
    let server = start();
    let proxy = Proxy::to(server.url());
    let client = held_upload(&server, &proxy, &["--retry-time", "0"]);
    proxy.sever();
    let (code, object) = client.finish();
    assert_eq!(code, Some(5), "{object}");
    assert_eq!(object["error"]["reason"], "CONNECTION_LOST");
    let command = object["error"]["metadata"]["resume"].as_str().unwrap();
    assert!(command.ends_with(&format!("--resume {ID}")), "{command}");
    drop(proxy);
    let file = server.files.path("rows.csv");
    let flags = ["--table", "t", "--resume", ID];
    server.json(&[&["upload", &file][..], &flags].concat());
    check_content(&server);
}

#[test]
fn an_upload_that_is_interrupted_cannot_be_resumed() {
    let server = start();
    let proxy = Proxy::to(server.url());
    let client = held_upload(&server, &proxy, &[]);
    // What the client says of its end has to get through.
    proxy.release();
    client.signal("INT");
    let (code, object) = client.finish();
    assert_eq!(code, Some(130), "{object}");
    assert_eq!(object["error"]["reason"], "INTERRUPTED");
    let message = object["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("is cancelled and cannot be resumed"),
        "{message}"
    );
    let file = server.files.path("rows.csv");
    for flag in ["--resume", "--transfer-id"] {
        let error = server.fails(&["upload", &file, "--table", "t", flag, ID], 4);
        check_ended(&error, "TRANSFER_ENDED", "it was cancelled; ");
        assert_eq!(error["metadata"]["causeReason"], "TRANSFER_CANCELLED");
    }
    assert_eq!(server.sql("SELECT count() FROM t"), "0");
}

/// An error that tells of an upload that had ended before.
fn check_ended(error: &Value, reason: &str, how: &str) {
    assert_eq!(error["reason"], reason, "{error}");
    let message = error["message"].as_str().unwrap();
    let begin = format!("upload {ID} has ended and cannot go on: {how}");
    assert!(message.starts_with(&begin), "{message}");
    assert!(
        message.ends_with("a new upload of the file needs a new id"),
        "{message}"
    );
}

#[test]
fn the_id_of_an_upload_that_has_failed_is_used_up_and_says_so() {
    let server = start();
    let file = server.files.write("bad.csv", "n,s,d\n1,a,2024-02-30\n");
    let upload = |flag| ["upload", &file, "--table", "t", flag, ID];
    assert_eq!(
        server.fails(&upload("--transfer-id"), 3)["reason"],
        "INVALID_DATE"
    );
    for flag in ["--resume", "--transfer-id"] {
        let error = server.fails(&upload(flag), 4);
        check_ended(&error, "TRANSFER_ENDED", "it failed at 2");
        let metadata = &error["metadata"];
        assert_eq!(metadata["causeReason"], "INVALID_DATE");
        assert_eq!(metadata["state"], "FAILED");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(metadata["cause"].as_str().unwrap()),
            "{message}"
        );
        let time = metadata["endTime"].as_str().unwrap();
        assert!(
            message.contains(&format!("it failed at {time}: ")),
            "{message}"
        );
        assert_eq!(metadata["line"], Value::Null, "{error}");
    }

    // Of the mode direct nobody knows how much was there.
    let id = "0190d3a0-0000-7000-8000-000000000008";
    let direct = |flag| {
        [
            "upload", &file, "--table", "t", "--commit", "direct", flag, id,
        ]
    };
    server.fails(&direct("--transfer-id"), 3);
    for flag in ["--resume", "--transfer-id"] {
        let error = server.fails(&direct(flag), 4);
        assert_eq!(error["reason"], "TRANSFER_NOT_RESUMABLE", "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains("some of its rows may be in the table"),
            "{message}"
        );
    }
}

/// A server whose table can be loaded block by block.
fn start_blocks() -> Server {
    let server = start();
    server.sql("ALTER TABLE t MODIFY SETTING non_replicated_deduplication_window = 1000");
    server
}

/// That an error tells of the rows that are in the table.
fn check_rows_left(server: &Server, error: &Value) {
    let rows: i64 = error["metadata"]["rowsLeft"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let there: i64 = server.sql("SELECT count() FROM t").parse().unwrap();
    assert!(0 < there && there <= rows, "{there} of {error}");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("rows of the file are in the table and stay there"),
        "{message}"
    );
}

#[test]
fn blocks_that_are_interrupted_tell_of_the_rows_that_stay() {
    let server = start_blocks();
    let proxy = Proxy::to(server.url());
    let client = held_upload(&server, &proxy, &["--commit", "blocks"]);
    proxy.release();
    client.signal("INT");
    let (code, object) = client.finish();
    assert_eq!(code, Some(130), "{object}");
    let error = &object["error"];
    assert_eq!(error["reason"], "INTERRUPTED");
    check_rows_left(&server, error);

    let file = server.files.path("rows.csv");
    for flag in ["--resume", "--transfer-id"] {
        let upload = [
            "upload", &file, "--table", "t", "--commit", "blocks", flag, ID,
        ];
        let error = server.fails(&upload, 4);
        check_ended(&error, "TRANSFER_NOT_RESUMABLE", "it was cancelled; ");
        check_rows_left(&server, &error);
    }
}

#[test]
fn blocks_whose_file_changes_tell_of_the_rows_that_stay() {
    let server = start_blocks();
    let proxy = Proxy::to(server.url());
    let client = held_upload(&server, &proxy, &["--commit", "blocks"]);
    let mut changed = File::options()
        .append(true)
        .open(server.files.path("rows.csv"))
        .unwrap();
    changed.write_all(b"1,more,2024-01-01\n").unwrap();
    proxy.sever();
    proxy.release();
    let (code, object) = client.finish();
    assert_eq!(code, Some(4), "{object}");
    assert_eq!(object["error"]["reason"], "FILE_CHANGED");
    check_rows_left(&server, &object["error"]);
}

#[test]
fn blocks_of_standard_input_tell_of_the_rows_in_the_table() {
    let server = start_blocks();
    let proxy = Proxy::to(server.url());
    let upload = ["upload", "-", "--table", "t", "--transfer-id", ID];
    let mut client = begin(
        &proxy.url(),
        &[&upload[..], &["--commit", "blocks"]].concat(),
    );
    let rows: String = (0..100_000)
        .map(|n| format!("{n},a,2024-01-01\n"))
        .collect();
    client.write(&format!("n,s,d\n{rows}"));
    server.until_transfer(ID, |transfer| transfer["rows_staged"].as_i64() > Some(0));
    // What is watched is shown four times a second.
    thread::sleep(Duration::from_millis(600));
    proxy.sever();
    let (code, object) = client.finish();
    assert_eq!(code, Some(5), "{object}");
    let message = object["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("of the file or more are in the table"),
        "{message}"
    );
    assert_ne!(object["error"]["metadata"]["rows"], Value::Null);
}

#[test]
fn bytes_that_are_damaged_on_the_way_are_told_by_their_checksums() {
    let server = start();
    let proxy = Proxy::to(server.url());
    proxy.damage("damaged");
    let content = "n,s,d\n1,damaged,2024-01-01\n";
    let file = server.files.write("x.csv", content);
    let upload = |flag| ["upload", &file, "--table", "t", flag, ID];
    let (code, object) = begin(&proxy.url(), &upload("--transfer-id")).finish();
    assert_eq!(code, Some(5), "{object}");
    let error = &object["error"];
    assert_eq!(error["code"], "DATA_LOSS");
    assert_eq!(error["reason"], "CHECKSUM_MISMATCH");
    let sums = [content, &content.replace("damaged", "eamaged")];
    let sums = sums.map(|content| format!("{:08x}", crc32c::crc32c(content.as_bytes())));
    let metadata = &error["metadata"];
    assert_eq!(
        [&metadata["expectedCrc32c"], &metadata["actualCrc32c"]],
        [&sums[0], &sums[1]]
    );
    let message = error["message"].as_str().unwrap();
    for part in [
        &sums[0],
        &sums[1],
        "damaged on the way",
        "send it again under the same id",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert_eq!(server.sql("SELECT count() FROM t"), "0");
    let loaded = server.json(&upload("--resume"));
    assert_eq!(loaded["rows_committed"], 1);
    assert_eq!(server.sql("SELECT n, s FROM t"), "1\tdamaged");
}

#[test]
fn a_second_interruption_does_not_wait_for_the_server() {
    let server = start();
    let proxy = Proxy::to(server.url());
    let client = held_upload(&server, &proxy, &[]);
    let start = Instant::now();
    client.signal("INT");
    thread::sleep(Duration::from_millis(100));
    client.signal("INT");
    let (code, object) = client.finish();
    assert_eq!(code, Some(130), "{object}");
    assert!(start.elapsed().as_millis() < 1_500, "{:?}", start.elapsed());
}

#[test]
fn standard_input_cannot_be_sent_again_and_says_so() {
    let server = start();
    let proxy = Proxy::to(server.url());
    let upload = ["upload", "-", "--table", "t", "--transfer-id", ID];
    let mut client = begin(&proxy.url(), &upload);
    client.write("n,s,d\n1,a,2024-01-01\n");
    until("the transfer begins", || {
        let list = server.json(&["transfers", "list"]);
        (!list["transfers"].as_array().unwrap().is_empty()).then_some(())
    });
    proxy.sever();
    let (code, object) = client.finish();
    assert_eq!(code, Some(5), "{object}");
    assert_eq!(object["error"]["reason"], "CONNECTION_LOST");
    let message = object["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("standard input cannot be sent again"),
        "{message}"
    );
}

#[test]
fn a_mode_that_keeps_no_trace_is_not_gone_on_with() {
    let server = start();
    let proxy = Proxy::to(server.url());
    let file = write_rows(&server);
    proxy.hold_after(6_000_000);
    let upload = ["upload", &file, "--table", "t", "--transfer-id", ID];
    let client = begin(
        &proxy.url(),
        &[&upload[..], &["--commit", "direct"]].concat(),
    );
    server.until_transfer(ID, |transfer| transfer["rows_staged"].as_i64() > Some(0));
    proxy.sever();
    proxy.release();
    let (code, object) = client.finish();
    assert_eq!(code, Some(4), "{object}");
    assert_eq!(object["error"]["reason"], "TRANSFER_NOT_RESUMABLE");
    let message = object["error"]["message"].as_str().unwrap();
    assert!(message.contains("may be in the table"), "{message}");
    let resume = ["upload", &file, "--table", "t", "--resume", ID];
    let error = server.fails(&[&resume[..], &["--commit", "direct"]].concat(), 4);
    assert_eq!(error["reason"], "TRANSFER_NOT_RESUMABLE");
}

#[test]
fn a_compressed_file_is_sent_again_and_no_row_is_doubled() {
    let mut server = start();
    let file = write_rows(&server);
    let target = server.files.path("rows.csv.gz");
    let gzip = std::process::Command::new("gzip")
        .args(["-k", "-1", &file])
        .status();
    assert!(gzip.unwrap().success());
    let size = fs::metadata(&target).unwrap().len();
    let proxy = Proxy::to(server.url());
    proxy.hold_after(size * 2 / 3);
    let upload = ["upload", &target, "--table", "t", "--transfer-id", ID];
    let client = begin(&proxy.url(), &upload);
    server.until_transfer(ID, |transfer| transfer["rows_staged"].as_i64() > Some(0));
    server.restart();
    proxy.release();
    let (code, loaded, notes) = client.finish_with_notes();
    assert_eq!(code, Some(0), "{loaded} {notes}");
    assert_eq!(numbers(&loaded["resumed_at"]), [0]);
    check_content(&server);
}

#[test]
fn an_id_that_is_no_upload_is_refused() {
    let server = start();
    let export = ["export", "--query", "SELECT 1", "-o", "/dev/null"];
    server.json(&[&export[..], &["--transfer-id", ID]].concat());
    let file = server.files.write("x.csv", "n\n1\n");
    let error = server.fails(&["upload", &file, "--table", "t", "--resume", ID], 2);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("is an export"), "{message}");
    server.fails(&["upload", "-", "--table", "t", "--resume", ID], 2);
}

#[test]
fn a_transfer_tells_where_it_goes_on() {
    let server = start();
    stopped_upload(&server);
    let transfer = server.json(&["transfers", "get", ID]);
    assert_eq!(transfer["state"], "interrupted");
    assert_eq!(transfer["resumable"], true);
    assert_eq!(transfer["commit_mode"], "atomic");
    assert!(
        transfer["committed_offset"].as_i64() > Some(0),
        "{transfer}"
    );
    let text = server.text(&["transfers", "get", ID]);
    for line in [
        "\nresumable      yes",
        "\ngoes on at     byte ",
        "\ndurable to     byte ",
        "\nguarantee ",
    ] {
        assert!(text.contains(line), "{line:?} in {text}");
    }
    let cancelled = server.json(&["transfers", "cancel", ID]);
    assert_eq!(cancelled["state"], "cancelled");
}

#[test]
fn damaged_bytes_that_were_staged_already_need_another_id() {
    let server = start();
    let proxy = Proxy::to(server.url());
    proxy.damage("text 7919,");
    let file = write_rows(&server);
    let upload = ["upload", &file, "--table", "t"];
    let (code, object) = begin(
        &proxy.url(),
        &[&upload[..], &["--transfer-id", ID]].concat(),
    )
    .finish();
    assert_eq!(code, Some(5), "{object}");
    let error = &object["error"];
    assert_eq!(error["reason"], "CHECKSUM_MISMATCH");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("where that is FILE_CHANGED"), "{message}");
    for flag in ["--resume", "--transfer-id"] {
        let error = server.fails(&[&upload[..], &[flag, ID]].concat(), 4);
        assert_eq!(error["reason"], "FILE_CHANGED", "{error}");
    }
    assert_eq!(server.sql("SELECT count() FROM t"), "0");
    server.json(&upload);
    check_content(&server);
}
