//! `upload --create` and `--dry-run`: what the table becomes, and what is said before it is made.

use crate::support::{GuardedClickhouse, Proxy, Server, sample, until};

fn type_of(server: &Server, table: &str, column: &str) -> String {
    server.sql(&format!(
        "SELECT type FROM system.columns WHERE table = '{table}' AND name = '{column}'"
    ))
}

#[test]
fn a_dry_run_loads_nothing_and_reports_everything() {
    let server = Server::start();
    let file = sample("penguins.csv");
    let line = ["upload", &file, "--table", "p", "--create", "--dry-run"];
    let checked = server.json(&line);
    assert_eq!(checked["dry_run"], true);
    assert_eq!(checked["rows_parsed"], 344);
    assert_eq!(checked["rows_rejected"], 0);
    assert_eq!(checked["rows_committed"], 0);
    let statement = checked["create_statement"].as_str().unwrap();
    assert!(statement.starts_with("CREATE TABLE"), "{statement}");
    assert_eq!(server.sql("EXISTS TABLE p"), "0");
    let text = server.text(&line);
    assert!(text.starts_with("checked 344 rows for p in "), "{text}");
    for part in [
        "; nothing was loaded\n",
        "\nevery row fits\n",
        "\nwould create: CREATE TABLE",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn a_dry_run_finds_every_bad_row_and_is_3_where_the_upload_would_fail() {
    let server = Server::start();
    server.sql("CREATE TABLE items (id UInt8, name String) ENGINE = MergeTree ORDER BY id");
    let file = server
        .files
        .write("x.csv", "id,name\n1,a\n300,b\n-1,c\n4\n5,e\n");
    let rejects = server.files.path("bad.csv");
    let line = [
        "upload",
        &file,
        "--table",
        "items",
        "--dry-run",
        "--rejects",
        &rejects,
    ];
    let checked = server.json(&[&line[..], &["--max-rejects=3"]].concat());
    assert_eq!(
        (&checked["rows_parsed"], &checked["rows_rejected"]),
        (&5.into(), &3.into())
    );
    assert_eq!(server.files.read("bad.csv").lines().count(), 4);
    for (flags, code) in [
        (&[][..], 3),
        (&["--max-rejects=2"], 3),
        (&["--max-rejects=59%"], 3),
        (&["--max-rejects=60%"], 0),
    ] {
        let line = [&line[..], flags].concat();
        server.sluice(&line).assert().code(code);
        let assert = server
            .sluice(&[&line[..], &["--json"]].concat())
            .assert()
            .code(code);
        let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        let object: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(object["rows_rejected"], 3, "{text}");
    }
    let text = server.text(&[&line[..], &["--max-rejects=3"]].concat());
    assert!(
        text.contains("\n3 rows would be rejected:\n  line 3, column id"),
        "{text}"
    );
    assert_eq!(server.sql("SELECT count() FROM items"), "0");
    let missing = ["upload", &file, "--table", "nowhere", "--dry-run"];
    assert_eq!(server.fails(&missing, 4)["reason"], "TABLE_NOT_FOUND");
}

/// More than the sample of numbers, then what is none.
fn late() -> String {
    let mut file = String::from("id,late,rare\n");
    for id in 0..120_000 {
        file.push_str(&format!("{id},{},{}\n", id % 100, id % 7));
    }
    file.push_str("120000,surprise,NA\n");
    file
}

#[test]
fn a_full_scan_finds_what_the_sample_misses() {
    let server = Server::start();
    let file = server.files.write("late.csv", late());
    let whole = ["upload", &file, "--table", "t", "--create"];
    let line = [&whole[..], &["--full-scan=never"]].concat();
    let error = server.fails(&line, 3);
    assert_eq!(error["metadata"]["line"], "120002", "{error}");
    assert_eq!(error["metadata"]["column"], "late", "{error}");
    server.sql("DROP TABLE IF EXISTS t");
    let assert = server.sluice(&line).assert().code(3);
    let text = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(text.contains("\nhint: --full-scan "), "{text}");
    server.sql("DROP TABLE IF EXISTS t");

    // A dry run says the same.
    let dry = |flag: &'static str| [&whole[..], &["--dry-run", flag]].concat();
    server.sluice(&dry("--full-scan=never")).assert().code(3);
    server.sluice(&dry("--full-scan=1kB")).assert().code(3);
    let checked = server.json(&dry("--full-scan=64MiB"));
    assert_eq!(checked["rows_rejected"], 0);
    let shown = server.text(&["inspect", &file, "--table", "t", "--create-statement"]);
    assert_eq!(shown.trim_end(), checked["create_statement"]);
    assert_eq!(server.sql("EXISTS TABLE t"), "0");

    // Asked for, it is done whatever else is said.
    let scanned = server.json(&[&whole[..], &["--no-sniff", "--full-scan", "--dry-run"]].concat());
    assert_eq!(scanned["rows_rejected"], 0);

    // A file that is not large is read for the types first.
    let loaded = server.json(&whole);
    assert_eq!(loaded["create_statement"], checked["create_statement"]);
    assert_eq!(loaded["rows_committed"], 120_001);
    assert_eq!(loaded["profile"]["columns"][2]["null_markers"][0], "NA");
    assert!(type_of(&server, "t", "late").contains("String"));
    assert!(type_of(&server, "t", "rare").starts_with("Nullable("));
    let last = "SELECT * FROM t WHERE id = 120000";
    assert_eq!(server.sql(last), "120000\tsurprise\t\\N");
}

#[test]
fn a_statement_can_be_edited_and_run() {
    let server = Server::start();
    let file = server.files.write("x.csv", "id,name\n1,a\n2,b\n3,c\n");
    let shown = server.text(&["inspect", &file, "--table", "t", "--create-statement"]);
    assert!(shown.starts_with("CREATE TABLE"), "{shown}");
    let edited = "CREATE TABLE default.t (id UInt16, name LowCardinality(String), at DateTime \
        DEFAULT '2024-01-01 00:00:00') ENGINE = MergeTree ORDER BY name;\n";
    let statement = server.files.write("t.sql", edited);
    let line = [
        "upload",
        &file,
        "--table",
        "t",
        "--create",
        "--create-statement",
    ];
    let loaded = server.json(&[&line[..], &[&statement]].concat());
    assert_eq!(loaded["rows_committed"], 3);
    assert_eq!(type_of(&server, "t", "id"), "UInt16");
    assert_eq!(type_of(&server, "t", "name"), "LowCardinality(String)");

    let other = server.files.write("other.sql", "DROP TABLE t");
    server.fails(&[&line[..], &[&other]].concat(), 2);
    assert_eq!(server.sql("SELECT count() FROM t"), "3");
}

#[test]
fn a_dry_run_takes_a_statement_as_the_upload_does() {
    let server = Server::start();
    let file = server.files.write("x.csv", "id,name\n1,a\n2,b\n300,c\n");
    let upload = [
        "upload",
        &file,
        "--table",
        "t",
        "--create",
        "--create-statement",
    ];
    for (statement, code, reason) in [
        (
            "CREATE TABLE default.t (id UInt8, name String) ENGINE = MergeTree ORDER BY id",
            3,
            "OVERFLOW",
        ),
        (
            "CREATE TABLE default.t (id UInt16, name String) ENGINE = MergeTree ORDER BY nobody",
            2,
            "INVALID_QUERY",
        ),
        (
            "CREATE TABLE default.t (id UInt16, name Strin) ENGINE = MergeTree ORDER BY id",
            2,
            "INVALID_QUERY",
        ),
        (
            "CREATE TABLE default.t (id UInt16) ENGINE = MergeTree ORDER BY id",
            4,
            "UNMATCHED_COLUMN",
        ),
        (
            "CREATE TABLE default.t (id UInt16, name String, n Int8) ENGINE = MergeTree ORDER BY id",
            4,
            "MISSING_COLUMN",
        ),
        (
            "CREATE TABLE default.other (id UInt16, name String) ENGINE = MergeTree ORDER BY id",
            2,
            "INVALID_QUERY",
        ),
        ("DROP TABLE t", 2, "INVALID_QUERY"),
        (
            "CREATE TABLE default.t (id UInt16, name String) ENGINE = MergeTree ORDER BY id",
            0,
            "",
        ),
    ] {
        let path = server.files.write("t.sql", statement);
        let line = [&upload[..], &[&path]].concat();
        let dry = [&line[..], &["--dry-run"]].concat();
        if code == 0 {
            assert_eq!(server.json(&dry)["rows_rejected"], 0);
        } else if reason == "OVERFLOW" {
            server.sluice(&dry).assert().code(code);
            assert_eq!(server.fails(&line, code)["reason"], reason);
        } else {
            let (tried, done) = (server.fails(&dry, code), server.fails(&line, code));
            assert_eq!(
                (&tried["reason"], &tried["message"]),
                (&done["reason"], &done["message"]),
                "{statement}"
            );
            assert_eq!(tried["reason"], reason, "{statement}: {tried}");
        }
        assert_eq!(
            server.sql("SELECT count() FROM system.tables WHERE database = 'default'"),
            "0",
            "{statement}"
        );
    }
    server.sql("CREATE TABLE t (id UInt8) ENGINE = Log");
    let line = ["upload", &file, "--table", "t", "--create", "--dry-run"];
    assert_eq!(server.fails(&line, 4)["reason"], "TABLE_EXISTS");
}

#[test]
fn extra_fields_are_left_out_when_asked() {
    let server = Server::start();
    server.sql(
        "CREATE TABLE items (id UInt8, note String DEFAULT 'x') ENGINE = MergeTree ORDER BY id",
    );
    let file = server.files.write("x.csv", "id,colour\n1,red\n2,blue\n");
    let line = ["upload", &file, "--table", "items"];
    assert_eq!(server.fails(&line, 4)["reason"], "UNMATCHED_COLUMN");
    let text = server.text(&[&line[..], &["--ignore-extra"]].concat());
    assert!(
        text.contains("\nnot in the file, took their DEFAULT: note\n"),
        "{text}"
    );
    assert!(
        text.contains("\nnot in the table, left out: colour\n"),
        "{text}"
    );
    assert_eq!(server.sql("SELECT * FROM items ORDER BY id"), "1\tx\n2\tx");
}

const ID: &str = "0190d3a0-0000-7000-8000-000000000031";

/// A ClickHouse whose line breaks behind the CREATE TABLE of an upload, before its answer; the upload
/// that then waits for the line.
struct Broken {
    clickhouse: GuardedClickhouse,
    line: Proxy,
    server: Server,
    upload: [String; 7],
}

impl Broken {
    fn start() -> Self {
        let clickhouse = GuardedClickhouse::start("loader", "secret");
        let line = Proxy::to(&clickhouse.url);
        let server = Server::start_with(&["--clickhouse-url", &line.url()]);
        let file = server.files.write("x.csv", "id,name\n1,a\n2,b\n3,c\n");
        let upload = ["upload", &file, "--table", "fresh", "--create"];
        let [a, b, c, d, e] = upload.map(str::to_owned);
        Self {
            clickhouse,
            line,
            upload: [a, b, c, d, e, "--transfer-id".to_owned(), ID.to_owned()],
            server,
        }
    }

    fn upload(&self) -> Vec<&str> {
        self.upload.iter().map(String::as_str).collect()
    }

    fn begin(&self) -> crate::support::Client {
        self.line.cut_behind("\r\nCREATE TABLE `fresh`");
        let client = self.server.begin(&self.upload());
        until("the cut", || (self.line.cuts_done() == 1).then_some(()));
        let exists = || self.clickhouse.sql("EXISTS TABLE fresh") == "1";
        until("the table is made", || exists().then_some(()));
        client
    }

    fn check(&self) {
        let rows = self.clickhouse.sql("SELECT count(), sum(id) FROM fresh");
        assert_eq!(rows, "3\t6");
    }
}

#[test]
fn a_new_table_whose_upload_lost_its_clickhouse_is_gone_on_with() {
    let broken = Broken::start();
    let client = broken.begin();
    broken.line.refuse(false);
    let (code, loaded, notes) = client.finish_with_notes();
    assert_eq!(code, Some(0), "{loaded} {notes}");
    assert_eq!(loaded["rows_committed"], 3);
    let statement = loaded["create_statement"].as_str().unwrap();
    assert!(statement.starts_with("CREATE TABLE"), "{statement}");
    broken.check();
}

#[test]
fn a_new_table_whose_upload_was_interrupted_in_a_fault_is_loaded_by_the_same_id() {
    let broken = Broken::start();
    let client = broken.begin();
    client.signal("INT");
    assert_eq!(client.finish().0, Some(130));
    broken.line.refuse(false);
    let loaded = broken.server.json(&broken.upload());
    assert_eq!(loaded["rows_committed"], 3);
    broken.check();
}

#[test]
fn a_table_of_somebody_else_is_not_taken_for_a_new_one() {
    let broken = Broken::start();
    let client = broken.begin();
    client.signal("INT");
    assert_eq!(client.finish().0, Some(130));
    // Somebody has made another one in the meantime, or uses this one already.
    broken.clickhouse.sql("INSERT INTO fresh VALUES (9, 'i')");
    broken.line.refuse(false);
    let error = broken.server.fails(&broken.upload(), 4);
    assert_eq!(error["reason"], "TABLE_EXISTS");
    assert_eq!(broken.clickhouse.sql("SELECT id FROM fresh"), "9");
    // Another upload has no right to it in any case.
    broken.clickhouse.sql("TRUNCATE TABLE fresh");
    let other = &broken.upload()[..5];
    assert_eq!(broken.server.fails(other, 4)["reason"], "TABLE_EXISTS");
}
