//! Faults in the file, the names and the disk: exit code, reason, place, and a server that goes on.

use std::{
    fs::{self, File},
    process::Command as Process,
};

use crate::support::{SLUICE, Server, is_alive};

const ID: &str = "0190d3a0-0000-7000-8000-000000000003";
const ENDLESS: &str = "SELECT number FROM system.numbers";

/// A server with the table that every test here loads into.
fn start() -> Server {
    let server = Server::start();
    server.sql(
        "CREATE TABLE items (id UInt32, name String, added Date DEFAULT '2000-01-01') \
         ENGINE = MergeTree ORDER BY id",
    );
    server
}

/// Loads a file that must be refused; nothing of it is in the table, and the next one loads.
fn refused(server: &Server, content: &str, flags: &[&str], code: i32) -> serde_json::Value {
    let file = server.files.write("bad.csv", content);
    let upload = [&["upload", &file, "--table", "items"], flags].concat();
    let error = server.fails(&upload, code);
    assert_eq!(server.sql("SELECT count() FROM items"), "0", "{error}");
    goes_on(server);
    error
}

/// Whatever went before, the server serves the next call.
fn goes_on(server: &Server) {
    let file = server.files.write("good.csv", "id,name\n7,after\n");
    server.json(&["upload", &file, "--table", "items"]);
    let rows = server.text(&["export", "--table", "items", "-o", "-"]);
    assert_eq!(rows, "id,name,added\n7,after,2000-01-01\n");
    server.sql("TRUNCATE TABLE items");
}

#[test]
fn a_file_cut_off_in_a_record_is_3() {
    let server = start();
    let error = refused(&server, "id,name,added\n1,a,2024-01-01\n2,b", &[], 3);
    assert_eq!(error["code"], "INVALID_ARGUMENT");
    assert_eq!(error["reason"], "TOO_FEW_FIELDS");
    let place = &error["metadata"];
    let numbers = [&place["line"], &place["record"], &place["byteOffset"]];
    assert_eq!(numbers, ["3", "2", "29"]);
    assert_eq!(
        (&place["fields"], &place["expected"]),
        (&"2".into(), &"3".into())
    );
    assert!(
        error["message"].as_str().unwrap().contains("cut off"),
        "{error}"
    );

    let error = refused(&server, "id,name\n1,a\n2,\"b\n3,c\n", &["--quote", "\""], 3);
    assert_eq!(error["reason"], "UNTERMINATED_QUOTE");
    assert_eq!(error["metadata"]["line"], "3");
    assert_eq!(error["metadata"]["byteOffset"], "12");

    // Nothing says what columns a new table would have.
    let empty = server.files.write("empty.csv", "");
    let error = server.fails(&["upload", &empty, "--table", "new_one", "--create"], 3);
    assert_eq!(error["reason"], "EMPTY_FILE");
}

#[test]
fn a_bad_cell_in_line_100_001_is_3_and_found_there() {
    let server = start();
    let mut content = String::from("id,name,added\n");
    for id in 1..100_000 {
        content.push_str(&format!("{id},name,2024-02-29\n"));
    }
    let offset = content.len();
    content.push_str("100000,name,2023-02-29\n100001,name,2024-02-29\n");
    let error = refused(&server, &content, &[], 3);
    assert_eq!(error["code"], "INVALID_ARGUMENT");
    assert_eq!(error["reason"], "INVALID_DATE");
    let place = [
        ("line", "100001"),
        ("record", "100000"),
        ("byteOffset", &offset.to_string()),
        ("field", "3"),
        ("column", "added"),
        ("type", "Date"),
        ("value", "2023-02-29"),
    ];
    for (name, value) in place {
        assert_eq!(error["metadata"][name], value, "{name}");
    }

    let file = server.files.path("bad.csv");
    let upload = ["upload", &file, "--table", "items"];
    let assert = server.sluice(&upload).assert().code(3);
    let output = assert.get_output();
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    for part in [
        "sluice: line 100001, ",
        "column added",
        "value \"2023-02-29\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_wrong_delimiter_is_4_and_shows_the_header() {
    let server = start();
    let error = refused(&server, "id,name\n1,a\n", &["--delimiter", ";"], 4);
    assert_eq!(error["code"], "FAILED_PRECONDITION");
    assert_eq!(error["reason"], "HEADER_MISMATCH");
    assert_eq!(error["metadata"]["header"], "id,name");
    let table = error["metadata"]["table"].as_str().unwrap();
    assert!(table.contains("items"), "{table}");

    let file = server.files.path("bad.csv");
    let upload = ["upload", &file, "--table", "items", "--delimiter", ";"];
    let assert = server.sluice(&upload).assert().code(4);
    let text = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(text.contains("\nhint: `sluice inspect` shows"), "{text}");
}

#[test]
fn a_table_that_does_not_exist_is_4() {
    let server = start();
    let file = server.files.write("x.csv", "id\n1\n");
    let target = server.files.path("out.csv");
    let lines: [&[&str]; 4] = [
        &["upload", &file, "--table", "nowhere"],
        &["export", "--table", "nowhere", "-o", &target],
        &["describe", "nowhere"],
        &["preview", "--table", "nowhere"],
    ];
    for line in lines {
        let error = server.fails(line, 4);
        assert_eq!(error["code"], "NOT_FOUND", "{line:?}");
        assert_eq!(error["reason"], "TABLE_NOT_FOUND", "{line:?}");
        assert_eq!(error["metadata"]["table"], "default.nowhere", "{line:?}");
    }
    let lines: [&[&str]; 3] = [
        &["upload", &file, "--table", "no_db.t"],
        &["upload", &file, "--table", "no_db.t", "--create"],
        &["tables", "no_db"],
    ];
    for line in lines {
        let error = server.fails(line, 4);
        assert_eq!(error["reason"], "DATABASE_NOT_FOUND", "{line:?}");
        assert_eq!(error["metadata"]["database"], "no_db", "{line:?}");
    }
    assert_eq!(server.files.names(), ["x.csv"]);
    goes_on(&server);
}

#[test]
fn a_column_that_does_not_exist_is_4() {
    let server = start();
    let content = "id,name,colour\n1,a,red\n";
    let cases: [(&[&str], &str, &str); 3] = [
        (&["--columns", "id,colour"], "COLUMN_NOT_FOUND", "colour"),
        (&["--columns", "id,name=title"], "HEADER_NOT_FOUND", "title"),
        (&[], "UNMATCHED_COLUMN", "colour"),
    ];
    for (flags, reason, column) in cases {
        let error = refused(&server, content, flags, 4);
        assert_eq!(error["reason"], reason);
        assert_eq!(error["metadata"]["column"], column);
    }
    for flags in [
        ["--columns", "id,colour"],
        ["--where", "colour = red"],
        ["--order-by", "colour"],
    ] {
        let export = ["export", "--table", "items", "-o", "/dev/null"];
        let error = server.fails(&[&export[..], &flags].concat(), 4);
        assert_eq!(error["reason"], "COLUMN_NOT_FOUND", "{flags:?}");
        assert_eq!(error["metadata"]["column"], "colour", "{flags:?}");
    }
    goes_on(&server);
}

#[test]
fn a_query_that_is_wrong_is_2() {
    let server = start();
    let cases = [
        ("SELECT (1", "INVALID_QUERY"),
        ("SELEC 1", "INVALID_QUERY"),
        ("DROP TABLE items", "NOT_A_SELECT"),
        ("SELECT 1; SELECT 2", "NOT_A_SELECT"),
    ];
    for (query, reason) in cases {
        let lines: [&[&str]; 2] = [
            &["export", "--query", query, "-o", "/dev/null"],
            &["preview", "--query", query],
        ];
        for line in lines {
            let error = server.fails(line, 2);
            assert_eq!(error["code"], "INVALID_ARGUMENT", "{line:?}");
            assert_eq!(error["reason"], reason, "{line:?}: {error}");
        }
    }
    let export = ["export", "--table", "items", "-o", "/dev/null"];
    let error = server.fails(&[&export[..], &["--where", "id = one"]].concat(), 2);
    assert_eq!(error["reason"], "INVALID_REQUEST");
    assert_eq!(error["metadata"]["column"], "id");
    goes_on(&server);
}

#[test]
fn a_full_disk_is_7() {
    let server = start();
    let export = ["export", "--query", ENDLESS, "--transfer-id", ID, "-o"];
    let error = server.fails(&[&export[..], &["/dev/full"]].concat(), 7);
    assert_eq!(error["code"], "RESOURCE_EXHAUSTED");
    assert_eq!(error["reason"], "SINK_UNWRITABLE");
    assert_eq!(error["metadata"]["path"], "/dev/full");
    assert_eq!(error["metadata"]["bytes"], "0");
    assert_eq!(server.until_ended(ID)["state"], "cancelled");

    let full = || File::options().write(true).open("/dev/full").unwrap();
    let lines: [&[&str]; 2] = [
        &["export", "--query", ENDLESS, "-o", "-"],
        &["--json", "ping"],
    ];
    for line in lines {
        let mut command = Process::new(SLUICE);
        command.args(["--server", server.url()]).args(line);
        let status = command.stdout(full()).output().unwrap().status;
        assert_eq!(status.code(), Some(7), "{line:?}");
    }
    goes_on(&server);
}

#[test]
fn a_disk_that_fills_in_the_middle_leaves_the_old_file_and_nothing_else() {
    let server = start();
    let target = server.files.write("out.csv", "old");
    let export = ["export", "--query", ENDLESS, "-o", &target];
    let line = [&export[..], &["--transfer-id", ID]].concat();
    let output = server.sluice_on_full_disk(128, &line).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    let error = &crate::last_object(&output)["error"];
    assert_eq!(error["reason"], "SINK_UNWRITABLE");
    assert_eq!(error["metadata"]["path"], *target);
    assert_ne!(error["metadata"]["bytes"], "0");
    assert_eq!(server.files.read("out.csv"), "old");
    assert_eq!(server.files.names(), ["out.csv"]);
    assert_eq!(server.until_ended(ID)["state"], "cancelled");
    goes_on(&server);
}

#[test]
fn a_file_that_cannot_be_read_is_7() {
    let server = start();
    // It opens, and fails at the first read.
    let file = "/proc/self/mem";
    let error = server.fails(&["upload", file, "--table", "items"], 7);
    assert_eq!(error["reason"], "SOURCE_UNREADABLE");
    assert_eq!(error["metadata"]["path"], file);
    assert_eq!(error["metadata"]["bytes"], "0");
    // It may have failed before the server knew of it.
    let list = server.json(&["transfers", "list"]);
    for transfer in list["transfers"].as_array().unwrap() {
        let id = transfer["transfer_id"].as_str().unwrap();
        assert_ne!(server.until_ended(id)["state"], "succeeded");
    }
    assert_eq!(server.sql("SELECT count() FROM items"), "0");
    goes_on(&server);
}

/// Sets how many files a process may have open; returns how many it has.
fn limit_open_files(process: u32, limit: &str) -> usize {
    let line = ["--pid", &process.to_string(), &format!("--nofile={limit}:")];
    let done = Process::new("prlimit").args(line).output().unwrap();
    // ClickHouse may end itself for want of them; the next one has as many as it likes.
    assert!(done.status.success() || !is_alive(process), "{done:?}");
    fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
}

#[test]
fn a_clickhouse_that_is_out_of_file_descriptors_is_waited_for() {
    let server = start();
    let engine = server.engine();
    let file = server.files.write("x.csv", "id,name\n1,a\n2,b\n");
    let upload = ["upload", &file, "--table", "items", "--transfer-id", ID];
    let open = limit_open_files(engine, "4096");
    limit_open_files(engine, &open.to_string());
    let once = [&upload[..], &["--retry-time", "0", "--json"]].concat();
    let output = server.sluice(&once).output().unwrap();
    if output.status.success() {
        // For want of them it has ended at once, and the server has waited for the next one.
        assert!(!is_alive(engine));
    } else {
        assert_eq!(output.status.code(), Some(5));
        let error = crate::last_object(&output)["error"].take();
        // Or it has no descriptor left even for the connection, or ends later.
        let reasons = ["CLICKHOUSE_RESOURCES", "CLICKHOUSE_UNAVAILABLE"];
        let reason = error["reason"].as_str().unwrap();
        assert!(reasons.contains(&reason), "{error}");
    }

    let client = server.begin(&upload);
    // The server waits for a while, and the client then tries again.
    server.until_transfer(ID, |transfer| {
        let state = transfer["state"].as_str();
        state.is_some_and(|state| state != "interrupted")
    });
    limit_open_files(engine, "4096");
    let (code, loaded, notes) = client.finish_with_notes();
    assert_eq!(code, Some(0), "{loaded} {notes}");
    assert_eq!(loaded["rows_committed"], 2);
    assert_eq!(server.sql("SELECT sum(id) FROM items"), "3");
}
