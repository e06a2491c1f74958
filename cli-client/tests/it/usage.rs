//! Command lines that are wrong: exit code 2.

use crate::{bare, last_object, sluice};

const ID: &str = "0190d3a0-0000-7000-8000-000000000001";

#[test]
fn a_wrong_command_line_is_2() {
    let lines: [&[&str]; 24] = [
        &[],
        &["load"],
        &["upload", "x.csv"],
        &["upload", "x.csv", "--table", "a.b.c"],
        &[
            "upload",
            "x.csv",
            "--table",
            "t",
            "--delimiter",
            "123456789",
        ],
        &["upload", "x.csv", "--table", "t", "--max-rejects", "101%"],
        &["upload", "x.csv", "--table", "t", "--full-scan"],
        &["upload", "x.csv", "--table", "t", "--retry-time", "soon"],
        &["upload", "x.csv", "--table", "t", "--resume", "7"],
        &["upload", "-", "--table", "t", "--resume", ID],
        &["upload", "x.csv", "-t", "t", "--resume", ID, "--dry-run"],
        &["export", "--table", "t", "-o", "-", "--resume"],
        &["transfers", "list", "--state", "done"],
        &["upload", "-", "--table", "t", "--create", "--full-scan"],
        &[
            "upload",
            "x.csv",
            "--table",
            "t",
            "--format",
            "ndjson",
            "--no-header",
        ],
        &["inspect", "x.csv", "--sample-bytes", "9M"],
        &[
            "export",
            "--table",
            "t",
            "-o",
            "-",
            "--compression-level",
            "3",
        ],
        &["upload", "x.csv", "--table", "t", "--transfer-id", "7"],
        &["upload", "x.csv", "--table", "t", "--commit", "maybe"],
        &["export", "--table", "t"],
        &["export", "-o", "-"],
        &["export", "--table", "t", "--query", "SELECT 1", "-o", "-"],
        &["export", "--table", "t", "--where", "a == 1", "-o", "-"],
        &["preview", "--table", "t", "--limit", "0"],
    ];
    for line in lines {
        let assert = sluice().args(line).assert().code(2);
        let output = assert.get_output();
        assert!(output.stdout.is_empty(), "{line:?}");
        assert!(!output.stderr.is_empty(), "{line:?}");
    }
}

#[test]
fn a_wrong_command_line_is_json_when_asked_for() {
    let line = ["--json", "upload", "x.csv", "--table", "t", "--quote", "ab"];
    let assert = sluice().args(line).assert().code(2);
    let error = &last_object(assert.get_output())["error"];
    assert_eq!(error["code"], "INVALID_ARGUMENT");
    assert_eq!(error["reason"], "USAGE");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("a quote is one ASCII character")
    );
    assert!(assert.get_output().stderr.is_empty());
}

#[test]
fn an_address_that_is_none_is_2() {
    for address in ["ftp://example.com", "", "http://a b"] {
        let line = ["--json", "--server", address, "ping"];
        let assert = bare().args(line).assert().code(2);
        let error = &last_object(assert.get_output())["error"];
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("address"), "{message}");
    }
}

#[test]
fn a_flag_goes_before_the_environment() {
    let mut by_environment = bare();
    by_environment.env("SLUICE_SERVER", "127.0.0.1:9");
    let mut by_flag = bare();
    by_flag
        .env("SLUICE_SERVER", "127.0.0.1:8")
        .args(["--server", "127.0.0.1:9"]);
    for mut command in [by_environment, by_flag] {
        let assert = command.args(["--json", "ping"]).assert().code(5);
        let error = &last_object(assert.get_output())["error"];
        assert_eq!(error["metadata"]["server"], "http://127.0.0.1:9");
    }
}

#[test]
fn an_id_that_is_no_uuid_is_2_and_says_how_to_make_one() {
    let lines: [&[&str]; 7] = [
        &["upload", "x.csv", "--table", "t", "--transfer-id", "foo"],
        &["upload", "x.csv", "--table", "t", "--resume", "foo"],
        &["export", "--table", "t", "-o", "-", "--transfer-id", "foo"],
        &["transfers", "get", "foo"],
        &["transfers", "watch", "foo"],
        &["transfers", "cancel", "foo"],
        &["transfers", "rejects", "foo"],
    ];
    for line in lines {
        let assert = sluice().args(line).arg("--json").assert().code(2);
        let error = &last_object(assert.get_output())["error"];
        assert_eq!(error["reason"], "USAGE", "{line:?}");
        let message = error["message"].as_str().unwrap();
        for part in [
            "invalid value 'foo'",
            "is a UUID, such as 0",
            "`uuidgen` makes one",
        ] {
            assert!(message.contains(part), "{line:?}: {message}");
        }
    }
}
