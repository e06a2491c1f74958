//! Rows that do not fit: how many are allowed, where they go, and their way back into the table.

use serde_json::{Value, json};

use crate::{last_object, support::Server};

const BAD: &str = "id,name,day\n1,a,2024-01-01\n300,\"b, c\",2024-01-02\n3,c,2024-02-30\n\
    4,d\n5,e,2024-01-05,x,y\n6,f,2024-01-06\n";
const REJECTS: &str = "id,name,day,_sluice_line,_sluice_column,_sluice_reason\n\
    300,\"b, c\",2024-01-02,3,id,OVERFLOW\n3,c,2024-02-30,4,day,INVALID_DATE\n\
    4,d,,5,\"\",TOO_FEW_FIELDS\n5,e,\"2024-01-05,x,y\",6,\"\",TOO_MANY_FIELDS\n";
const FIXED: &str = "id,name,day,_sluice_line,_sluice_column,_sluice_reason\n\
    2,\"b, c\",2024-01-02,3,id,OVERFLOW\n3,c,2024-02-29,4,day,INVALID_DATE\n\
    4,d,2024-01-04,5,,\n5,e,2024-01-05,6,,\n";

/// A server with the table and the file that has four bad rows.
struct Case {
    server: Server,
    file: String,
    rejects: String,
}

impl Case {
    fn start() -> Self {
        let server = Server::start();
        server.sql(
            "CREATE TABLE items (id UInt8, name String, day Date) ENGINE = MergeTree ORDER BY id",
        );
        Self {
            file: server.files.write("x.csv", BAD),
            rejects: server.files.path("bad.csv"),
            server,
        }
    }

    fn line<'a>(&'a self, flags: &[&'a str]) -> Vec<&'a str> {
        [&["upload", &self.file, "--table", "items"], flags].concat()
    }

    fn count(&self) -> String {
        self.server.sql("SELECT count() FROM items")
    }
}

#[test]
fn rejected_rows_come_back_fixed() {
    let case = Case::start();
    let server = &case.server;
    let flags = ["--max-rejects", "4", "--rejects", &case.rejects];
    let loaded = server.json(&case.line(&flags));
    let counts = ["rows_parsed", "rows_rejected", "rows_committed"].map(|key| &loaded[key]);
    assert_eq!(counts, [6, 4, 2]);
    assert_eq!(loaded["rejects_file"], *case.rejects);
    let rows = loaded["rejected_rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!(
        rows[0],
        json!({"line": 3, "record": 2, "byte_offset": 27, "column": "id", "type": "UInt8",
            "value": "300", "reason": "OVERFLOW", "more": [], "raw": "300,\"b, c\",2024-01-02"})
    );
    assert_eq!(rows[2]["column"], Value::Null);
    assert_eq!(server.files.read("bad.csv"), REJECTS);

    // What was rejected as a whole is not taken before it says that it was corrected.
    let table = ["--table", "items"];
    let unfixed = ["upload", &case.rejects, "--max-rejects", "4"];
    let same = server.json(&[&unfixed[..], &table].concat());
    let rows = same["rejected_rows"].as_array().unwrap();
    let reasons: Vec<_> = rows.iter().map(|row| &row["reason"]).collect();
    let unresolved = "UNRESOLVED_REJECT";
    assert_eq!(
        json!(reasons),
        json!(["OVERFLOW", "INVALID_DATE", unresolved, unresolved])
    );

    // The file of the first run is still there, and stays when nothing is rejected.
    let fixed = server.files.write("fixed.csv", FIXED);
    let again = [
        "upload",
        &fixed,
        "--table",
        "items",
        "--rejects",
        &case.rejects,
    ];
    assert_eq!(server.json(&again)["rows_rejected"], 0);
    let expected = "1\ta\t2024-01-01\n2\tb, c\t2024-01-02\n3\tc\t2024-02-29\n\
        4\td\t2024-01-04\n5\te\t2024-01-05\n6\tf\t2024-01-06";
    assert_eq!(server.sql("SELECT * FROM items ORDER BY id"), expected);
    assert_eq!(server.files.read("bad.csv"), REJECTS);
    let text = server.text(&again);
    let stays = format!("\nno row was rejected; {} stays as it was\n", case.rejects);
    assert!(text.contains(&stays), "{text}");
    assert_eq!(server.files.names(), ["bad.csv", "fixed.csv", "x.csv"]);
    let text = server.text(&["upload", &fixed, "--table", "items", "--dry-run"]);
    assert!(!text.contains("left out"), "{text}");
    let text = server.text(&["inspect", &fixed, "--table", "items"]);
    assert!(
        text.contains("\ntried 4 rows: every one fits items\n"),
        "{text}"
    );
    assert!(!text.contains("refuses"), "{text}");
}

#[test]
fn a_policy_that_is_exceeded_is_3_and_keeps_the_rows() {
    let case = Case::start();
    let flags = ["--max-rejects", "2", "--rejects", &case.rejects];
    let error = case.server.fails(&case.line(&flags), 3);
    assert_eq!(error["reason"], "TOO_MANY_REJECTS");
    assert_eq!(error["metadata"]["limit"], "2 rows");
    assert_eq!(error["metadata"]["rejectsFile"], *case.rejects);
    let id = error["metadata"]["transferId"].as_str().unwrap();
    assert_eq!(case.server.until_ended(id)["state"], "failed");
    assert_eq!(case.count(), "0");
    let written = case.server.files.read("bad.csv");
    assert!(REJECTS.starts_with(&written), "{written}");
    assert!(
        written.contains("\n3,c,2024-02-30,4,day,INVALID_DATE\n"),
        "{written}"
    );
}

#[test]
fn the_first_bad_row_is_kept_too() {
    let case = Case::start();
    let flags = ["--rejects", case.rejects.as_str()];
    let error = case.server.fails(&case.line(&flags), 3);
    assert_eq!(error["reason"], "OVERFLOW");
    assert_eq!(error["metadata"]["line"], "3");
    let expected: String = REJECTS.split_inclusive('\n').take(2).collect();
    assert_eq!(case.server.files.read("bad.csv"), expected);
    assert_eq!(case.count(), "0");
}

#[test]
fn a_share_is_judged_at_the_end() {
    let case = Case::start();
    let error = case.server.fails(&case.line(&["--max-rejects", "50%"]), 3);
    assert_eq!(error["reason"], "TOO_MANY_REJECTS");
    assert_eq!(case.count(), "0");
    let loaded = case.server.json(&case.line(&["--max-rejects", "70%"]));
    assert_eq!(loaded["rows_rejected"], 4);
    assert_eq!(loaded["rejects_file"], Value::Null);
    assert_eq!(case.count(), "2");
}

#[test]
fn people_are_told_what_was_rejected_and_where_it_is() {
    let case = Case::start();
    let flags = ["--max-rejects", "9", "--rejects", &case.rejects];
    let text = case.server.text(&case.line(&flags));
    assert!(text.starts_with("loaded 2 rows into items in "), "{text}");
    let all = format!("\n  all of them are in {}\n", case.rejects);
    for part in [
        "\nrejected 4 rows:\n",
        "\n  line 3, column id (UInt8): OVERFLOW \"300\"\n",
        "\n  line 5: TOO_FEW_FIELDS in \"4,d\"\n",
        &all,
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let assert = case
        .server
        .sluice(&case.line(&["--max-rejects", "0%"]))
        .assert();
    let text = String::from_utf8(assert.code(3).get_output().stderr.clone()).unwrap();
    assert!(text.contains("`sluice transfers rejects "), "{text}");
}

#[test]
fn the_rows_of_a_transfer_are_printed_or_written() {
    let case = Case::start();
    let server = &case.server;
    let loaded = server.json(&case.line(&["--max-rejects", "9"]));
    let id = loaded["transfer_id"].as_str().unwrap();
    assert_eq!(server.text(&["transfers", "rejects", id]), REJECTS);

    let lines = server.text(&["--json", "transfers", "rejects", id]);
    let rows: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(json!(rows), loaded["rejected_rows"]);

    let write = ["transfers", "rejects", id, "-o", &case.rejects];
    let written = server.json(&write);
    assert_eq!(written["rows_rejected"], 4);
    assert_eq!(written["rejects_file"], *case.rejects);
    assert_eq!(server.files.read("bad.csv"), REJECTS);
    assert!(server.text(&write).starts_with("4 rejected rows in "));

    let fine = server
        .files
        .write("fine.csv", "id,name,day\n9,i,2024-01-09\n");
    let loaded = server.json(&["upload", &fine, "--table", "items"]);
    let id = loaded["transfer_id"].as_str().unwrap();
    assert_eq!(server.text(&["transfers", "rejects", id]), "");
    let write = ["transfers", "rejects", id, "-o", &case.rejects];
    assert_eq!(server.json(&write)["rejects_file"], Value::Null);
    let stays = format!(
        "no row of transfer {id} was rejected; {} stays as it was\n",
        case.rejects
    );
    assert_eq!(server.text(&write), stays);
    assert_eq!(server.files.read("bad.csv"), REJECTS);
    assert_eq!(server.files.names(), ["bad.csv", "fine.csv", "x.csv"]);

    let nobody = "0190d3a0-0000-7000-8000-000000000009";
    let error = server.fails(&["transfers", "rejects", nobody], 4);
    assert_eq!(error["reason"], "TRANSFER_NOT_FOUND");
}

#[test]
fn the_file_to_load_and_other_files_are_safe() {
    let case = Case::start();
    let server = &case.server;
    server.fails(&case.line(&["--rejects", &case.file]), 2);
    assert_eq!(server.files.read("x.csv"), BAD);
    let other = server.files.write("other.csv", "id,name\n1,a\n");
    let fine = server
        .files
        .write("fine.csv", "id,name,day\n9,i,2024-01-09\n");
    server.json(&["upload", &fine, "--table", "items", "--rejects", &other]);
    assert_eq!(server.files.read("other.csv"), "id,name\n1,a\n");
    let missing = [
        "upload",
        &fine,
        "--table",
        "nowhere",
        "--rejects",
        &case.rejects,
    ];
    server.files.write("bad.csv", REJECTS);
    server.fails(&missing, 4);
    assert_eq!(server.files.read("bad.csv"), REJECTS);
    let names = ["bad.csv", "fine.csv", "other.csv", "x.csv"];
    assert_eq!(server.files.names(), names);
}

#[test]
fn rejected_rows_come_from_a_server_that_was_started_again() {
    let mut case = Case::start();
    let id = "0190d3a0-0000-7000-8000-000000000021";
    let flags = ["--max-rejects", "4", "--transfer-id", id];
    let loaded = case.server.json(&case.line(&flags));
    assert_eq!(loaded["rows_rejected"], 4);
    case.server.restart();
    case.server.files.write("bad.csv", "of the user\n");
    let server = &case.server;
    let write = ["transfers", "rejects", id, "-o", &case.rejects];
    assert_eq!(server.json(&write)["rejects_file"], *case.rejects);
    assert_eq!(server.files.read("bad.csv"), REJECTS);
    assert_eq!(server.text(&["transfers", "rejects", id]), REJECTS);

    // The same upload once more: nothing is loaded, and the rows are where they are to be.
    server.files.write("bad.csv", "of the user\n");
    let rejects = ["--rejects", case.rejects.as_str()];
    let again = server.json(&case.line(&[&flags[..], &rejects].concat()));
    assert_eq!(again["replayed"], true);
    assert_eq!(again["rejects_file"], *case.rejects);
    assert_eq!(server.files.read("bad.csv"), REJECTS);
    assert_eq!(case.count(), "2");
}

#[test]
fn rows_of_which_the_server_can_make_no_csv_are_written_as_they_stand() {
    let mut case = Case::start();
    let id = "0190d3a0-0000-7000-8000-000000000022";
    let flags = ["--max-rejects", "4", "--transfer-id", id];
    case.server.json(&case.line(&flags));
    // As an older server has left it: nothing tells how the file was cut.
    case.server
        .sql("ALTER TABLE sluice.uploads_2 UPDATE sample = '' WHERE 1 SETTINGS mutations_sync = 2");
    case.server.restart();
    let server = &case.server;
    let write = ["transfers", "rejects", id, "-o", &case.rejects];
    let raw = "300,\"b, c\",2024-01-02\n3,c,2024-02-30\n4,d\n5,e,2024-01-05,x,y\n";
    let written = server.json(&write);
    assert_eq!(written["rejects_file"], *case.rejects);
    assert_eq!(written["rejects_file_is_raw"], true);
    assert_eq!(server.files.read("bad.csv"), raw);
    let text = server.text(&write);
    assert!(
        text.contains("as they stand in the file, without its header"),
        "{text}"
    );
    let assert = server
        .sluice(&["transfers", "rejects", id])
        .assert()
        .code(0);
    let output = assert.get_output();
    assert_eq!(String::from_utf8_lossy(&output.stdout), raw);
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(notes.contains("--no-header"), "{notes}");

    let fixed = server
        .files
        .write("fixed.csv", "2,\"b, c\",2024-01-02\n3,c,2024-02-29\n");
    let load = ["upload", &fixed, "--table", "items", "--no-header"];
    assert_eq!(server.json(&load)["rows_committed"], 2);
}

#[test]
fn rejected_rows_that_do_not_fit_on_the_disk_leave_the_old_file() {
    let case = Case::start();
    let server = &case.server;
    let loaded = server.json(&case.line(&["--max-rejects", "4"]));
    let id = loaded["transfer_id"].as_str().unwrap();
    server.files.write("bad.csv", "of the user\n");
    let write = ["transfers", "rejects", id, "-o", &case.rejects];
    let output = server.sluice_on_full_disk(0, &write).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(last_object(&output)["error"]["reason"], "SINK_UNWRITABLE");
    assert_eq!(server.files.read("bad.csv"), "of the user\n");
    assert_eq!(server.files.names(), ["bad.csv", "x.csv"]);
}

#[test]
fn many_rejected_rows_pass_through() {
    let case = Case::start();
    let mut file = String::from("id,name,day\n");
    for n in 0..50_000 {
        file.push_str(&format!("{},name {n},2024-01-01\n", 256 + n));
    }
    let file = case.server.files.write("many.csv", file);
    let upload = ["upload", &file, "--table", "items", "--max-rejects", "100%"];
    let loaded = case
        .server
        .json(&[&upload[..], &["--rejects", &case.rejects]].concat());
    assert_eq!(loaded["rows_rejected"], 50_000);
    assert_eq!(loaded["rejected_rows"].as_array().unwrap().len(), 100);
    let written = case.server.files.read("bad.csv");
    assert_eq!(written.lines().count(), 50_001);
    let last = "50255,name 49999,2024-01-01,50001,id,OVERFLOW";
    assert_eq!(written.lines().last(), Some(last));
}
