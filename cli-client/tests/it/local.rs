//! Failures on this side: no server, no file, no room.

use std::fs;

use crate::{last_object, sluice};

#[test]
fn a_server_that_is_away_is_5() {
    let commands: [&[&str]; 10] = [
        &["ping"],
        &["databases"],
        &["tables", "db"],
        &["describe", "db.t"],
        &["preview", "--query", "SELECT 1"],
        &["transfers", "list"],
        &["transfers", "watch", "0190d3a0-0000-7000-8000-000000000001"],
        &[
            "transfers",
            "rejects",
            "0190d3a0-0000-7000-8000-000000000001",
        ],
        &["inspect", "/dev/null"],
        &["upload", "/dev/null", "--table", "t"],
    ];
    for command in commands {
        let assert = sluice().arg("--json").args(command).assert().code(5);
        let error = &last_object(assert.get_output())["error"];
        assert_eq!(error["code"], "UNAVAILABLE", "{command:?}");
        assert_eq!(error["reason"], "SERVER_UNREACHABLE", "{command:?}");
        assert_eq!(
            error["metadata"]["server"], "http://127.0.0.1:9",
            "{command:?}"
        );
    }
}

#[test]
fn people_get_a_hint() {
    let assert = sluice().arg("ping").assert().code(5);
    let text = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(
        text.starts_with("sluice: cannot reach the server at http://127.0.0.1:9: "),
        "{text}"
    );
    assert!(text.contains("\nhint: "), "{text}");
}

#[test]
fn a_missing_file_is_7() {
    let line = ["--json", "upload", "/does/not/exist.csv", "--table", "t"];
    let assert = sluice().args(line).assert().code(7);
    let error = &last_object(assert.get_output())["error"];
    assert_eq!(error["code"], "NOT_FOUND");
    assert_eq!(error["reason"], "SOURCE_UNREADABLE");
    assert_eq!(error["metadata"]["path"], "/does/not/exist.csv");
}

#[test]
fn a_statement_that_is_missing_is_7() {
    let line = ["upload", "/dev/null", "--table", "t", "--create"];
    let statement = ["--create-statement", "/does/not/exist.sql"];
    sluice().args(line).args(statement).assert().code(7);
}

#[test]
fn a_pipe_is_not_read_twice() {
    let line = [
        "upload",
        "/dev/null",
        "--table",
        "t",
        "--create",
        "--full-scan",
    ];
    sluice().args(line).assert().code(2);
}

#[test]
fn a_directory_that_is_missing_is_7() {
    let line = ["export", "--table", "t", "-o", "/does/not/exist/out.csv"];
    sluice().args(line).assert().code(7);
    let line = [
        "upload",
        "/dev/null",
        "--table",
        "t",
        "--rejects",
        "/does/not/exist/bad.csv",
    ];
    sluice().args(line).assert().code(7);
}

#[test]
fn an_export_that_fails_leaves_the_old_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.csv");
    fs::write(&path, "old").unwrap();
    sluice()
        .args(["export", "--table", "t", "-o"])
        .arg(&path)
        .assert()
        .code(5);
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn an_export_to_standard_output_keeps_it_for_the_data() {
    let line = ["--json", "export", "--table", "t", "-o", "-"];
    let assert = sluice().args(line).assert().code(5);
    assert!(assert.get_output().stdout.is_empty());
    let text = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    let object: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(object["error"]["reason"], "SERVER_UNREACHABLE");
}
