//! `sluice upload`: what arrives in the table, and what is said about it.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Server, sample};

/// For files that lack columns of their table.
const MISSING: [&str; 2] = ["--missing", "default"];

const ITEMS: &str = "CREATE TABLE items (id UInt32, name String, price Nullable(Decimal(10, 2))) \
    ENGINE = MergeTree ORDER BY id";

#[test]
fn a_file_makes_its_table_and_comes_back_byte_for_byte() {
    let server = Server::start();
    let file = sample("airports.csv");
    let bytes = fs::read(&file).unwrap();
    let table = ["--table", "default.airports"];
    let loaded = server.json(&["upload", &file, table[0], table[1], "--create"]);
    assert_eq!(loaded["transfer_id"].as_str().unwrap().len(), 36);
    assert_eq!(loaded["table"], "default.airports");
    assert!(loaded["commit_mode"].is_string(), "{loaded}");
    assert_eq!(loaded["bytes_received"], bytes.len());
    assert_eq!(loaded["rows_parsed"], 3376);
    assert_eq!(loaded["rows_staged"], 3376);
    assert_eq!(loaded["rows_rejected"], 0);
    assert_eq!(loaded["rows_committed"], 3376);
    assert!(loaded["elapsed_seconds"].as_f64().unwrap() > 0.0);
    let statement = loaded["create_statement"].as_str().unwrap();
    assert!(statement.starts_with("CREATE TABLE"), "{statement}");
    let columns = loaded["columns"].as_array().unwrap();
    assert_eq!(columns.len(), 7);
    assert_eq!(columns[6]["column"], "longitude");
    assert_eq!(columns[6]["source"], "longitude");
    assert_eq!(server.sql("SELECT count() FROM airports"), "3376");

    let target = server.files.path("out.csv");
    let written = server.json(&["export", table[0], table[1], "-o", &target]);
    assert_eq!(written["rows"], 3376);
    assert_eq!(written["bytes"], bytes.len());
    assert!(written["elapsed_seconds"].as_f64().unwrap() > 0.0);
    assert!(fs::read(&target).unwrap() == bytes, "the files differ");
}

#[test]
fn what_is_exported_loads_again_with_the_same_content() {
    let server = Server::start();
    let target = server.files.path("airports.csv");
    let source = sample("airports.csv");
    server.json(&["upload", &source, "--table", "airports", "--create"]);
    server.json(&["export", "--table", "airports", "-o", &target]);
    server.sql("CREATE TABLE again AS airports");
    server.json(&["upload", &target, "--table", "again"]);
    let content = server.content("airports");
    assert!(content.starts_with("3376\t"), "{content}");
    assert_eq!(server.content("again"), content);
}

#[test]
fn standard_input_and_output_carry_a_file() {
    let server = Server::start();
    let bytes = fs::read(sample("airports.csv")).unwrap();
    let upload = ["--json", "upload", "-", "--table", "airports", "--create"];
    let assert = server.sluice(&upload).write_stdin(bytes.clone()).assert();
    let loaded = crate::last_object(assert.code(0).get_output());
    assert_eq!(loaded["rows_committed"], 3376);
    assert_eq!(loaded["bytes_received"], bytes.len());

    let export = ["--json", "export", "--table", "airports", "-o", "-"];
    let assert = server.sluice(&export).assert().code(0);
    let output = assert.get_output();
    assert!(output.stdout == bytes, "the files differ");
    let summary = String::from_utf8(output.stderr.clone()).unwrap();
    let summary = summary.lines().last().unwrap();
    let summary: Value = serde_json::from_str(summary).unwrap();
    assert_eq!(summary["rows"], 3376);
    assert_eq!(summary["bytes"], bytes.len());
}

/// Rows of every kind of field; `SAME_ROWS` is what they mean.
fn rows(count: u32) -> String {
    let mut file = String::from("id,name,price,day,note\n");
    for n in 0..count {
        let note = match n % 3 {
            0 => String::new(),
            1 => format!("\"a \"\"quoted\"\", text {n}\""),
            _ => "\"line\nbreak\"".to_owned(),
        };
        let (name, whole, cents) = (n % 1000, n / 100, n % 100);
        let (month, day) = (1 + n % 12, 1 + n % 28);
        file.push_str(&format!(
            "{n},item {name},{whole}.{cents:02},2024-{month:02}-{day:02},{note}\n"
        ));
    }
    file
}

const SAME_ROWS: &str = "INSERT INTO expected SELECT number, concat('item ', toString(number % 1000)), \
    concat(toString(intDiv(number, 100)), '.', leftPad(toString(number % 100), 2, '0')), \
    makeDate(2024, 1 + number % 12, 1 + number % 28), multiIf(number % 3 = 0, NULL, \
    number % 3 = 1, concat('a \"quoted\", text ', toString(number)), 'line\\nbreak') FROM numbers(200000)";

#[test]
fn two_hundred_thousand_rows_arrive_as_the_database_itself_would_make_them() {
    let server = Server::start();
    for table in ["expected", "loaded", "again"] {
        server.sql(&format!(
            "CREATE TABLE {table} (id UInt32, name LowCardinality(String), price Decimal(12, 2), \
             day Date, note Nullable(String)) ENGINE = MergeTree ORDER BY id"
        ));
    }
    server.sql(SAME_ROWS);
    let expected = server.content("expected");
    let file = rows(200_000);
    let source = server.files.write("rows.csv", &file);
    let loaded = server.json(&["upload", &source, "--table", "loaded"]);
    assert_eq!(loaded["rows_committed"], 200_000);
    assert_eq!(loaded["bytes_received"], file.len());
    assert_eq!(server.content("loaded"), expected);

    let target = server.files.path("out.csv");
    server.json(&["export", "--table", "loaded", "-o", &target]);
    server.json(&["upload", &target, "--table", "again"]);
    assert_eq!(server.content("again"), expected);
}

#[test]
fn delimiter_header_and_columns_are_taken_from_the_command_line() {
    let server = Server::start();
    server.sql(ITEMS);
    let upload = |name: &str, content: &str, flags: &[&str]| {
        let file = server.files.write(name, content);
        server.json(&[&["upload", &file, "--table", "items"], flags].concat())
    };
    let semicolon = ["--delimiter", "semicolon", "--columns", "id=key,name"];
    upload("1.csv", "key;x;name\n1;no;\"a;b\"\n", &semicolon);
    let no_header = ["--no-header", "--columns", "name=2,id=1"];
    upload("2.csv", "2,two,no\n", &no_header);
    let no_quote = ["--quote", ""];
    upload("3.csv", "id,name\n3,\"q\n", &no_quote);
    let loaded = upload("4.csv", "ID,Price\n4,2.50\n", &MISSING);
    assert_eq!(
        server.sql("SELECT * FROM items ORDER BY id"),
        "1\ta;b\t\\N\n2\ttwo\t\\N\n3\t\"q\t\\N\n4\t\t2.5"
    );
    let columns = loaded["columns"].as_array().unwrap();
    let sources: Vec<_> = columns.iter().map(|column| &column["source"]).collect();
    assert_eq!(json!(sources), json!(["ID", null, "Price"]));
}

#[test]
fn a_chosen_id_names_the_transfer_once() {
    let server = Server::start();
    server.sql(ITEMS);
    let id = "0190d3a0-0000-7000-8000-00000000000a";
    let file = server.files.write("one.csv", "id\n1\n");
    let upload = ["upload", &file, "--table", "items", "--transfer-id", id];
    let upload = [&upload[..], &MISSING].concat();
    // Whoever repeats it gets the same result, and not a row more.
    for replayed in [false, true] {
        let loaded = server.json(&upload);
        assert_eq!(loaded["transfer_id"], id);
        assert_eq!(loaded["rows_committed"], 1);
        assert_eq!(loaded["replayed"], replayed);
        assert_eq!(server.sql("SELECT count() FROM items"), "1");
    }
    let text = server.text(&upload);
    assert!(
        text.starts_with("this file was loaded already at 20")
            && !text.contains("loaded 1 row into"),
        "{text}"
    );
    let honest = format!(" by transfer {id}: 1 row into items; nothing was loaded again\n");
    assert!(text.contains(&honest), "{text}");
    let error = server.fails(&[&upload[..], &["--no-sniff"]].concat(), 4);
    assert_eq!(error["reason"], "SPEC_MISMATCH");
    assert_eq!(error["metadata"]["transferId"], id);
    let export = ["export", "--table", "items", "-o", "/dev/null"];
    let error = server.fails(&[&export[..], &["--transfer-id", id]].concat(), 4);
    assert_eq!(error["code"], "ALREADY_EXISTS");
    assert_eq!(error["reason"], "TRANSFER_EXISTS");
    assert_eq!(error["metadata"]["transferId"], id);
    assert_eq!(server.sql("SELECT count() FROM items"), "1");
}

#[test]
fn a_table_that_exists_is_not_made_again() {
    let server = Server::start();
    server.sql(ITEMS);
    let file = server.files.write("one.csv", "id\n1\n");
    let error = server.fails(&["upload", &file, "--table", "items", "--create"], 4);
    assert_eq!(error["reason"], "TABLE_EXISTS");
    assert_eq!(server.sql("SELECT count() FROM items"), "0");
}

#[test]
fn people_get_a_summary_unless_they_want_quiet() {
    let server = Server::start();
    let file = sample("penguins.csv");
    let text = server.text(&["upload", &file, "--table", "default.p", "--create"]);
    assert!(
        text.starts_with("loaded 344 rows into default.p in "),
        "{text}"
    );
    for line in ["\ncreated: CREATE TABLE", "\ncommit mode ", "\ntransfer "] {
        assert!(text.contains(line), "{line:?} in {text}");
    }
    let quiet = ["--quiet", "upload", &file, "--table", "p"];
    let assert = server.sluice(&quiet).assert().code(0);
    let output = assert.get_output();
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    assert_eq!(server.sql("SELECT count() FROM p"), "688");
}

#[test]
fn a_file_without_rows_empties_a_table_only_when_asked() {
    let server = Server::start();
    server.sql(ITEMS);
    server.sql("INSERT INTO items (id) VALUES (7), (8)");
    let header = server.files.write("header.csv", "id\n");
    let bad = server.files.write("bad.csv", "id\nx\n-1\n");
    for (file, flags, rejected) in [
        (&header, &[][..], "0"),
        (&bad, &["--max-rejects", "100%"], "2"),
    ] {
        let upload = ["upload", file, "--table", "items", "--commit", "replace"];
        let upload = [&upload[..], &MISSING, flags].concat();
        let error = server.fails(&upload, 4);
        assert_eq!(error["reason"], "EMPTY_REPLACEMENT", "{error}");
        assert_eq!(error["code"], "FAILED_PRECONDITION");
        assert_eq!(error["metadata"]["table"], "default.items");
        assert_eq!(error["metadata"]["rejected"], rejected);
        assert_eq!(server.sql("SELECT sum(id) FROM items"), "15");
        let assert = server.sluice(&upload).assert().code(4);
        let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(
            text.contains("\nhint: ") && text.contains("--allow-empty"),
            "{text}"
        );

        let loaded = server.json(&[&upload[..], &["--allow-empty"]].concat());
        assert_eq!(loaded["rows_committed"], 0);
        assert_eq!(server.sql("SELECT count() FROM items"), "0");
        server.sql("INSERT INTO items (id) VALUES (7), (8)");
    }
    // The other modes take nothing away.
    let upload = ["upload", &header, "--table", "items"];
    let loaded = server.json(&[&upload[..], &MISSING].concat());
    assert_eq!(loaded["rows_committed"], 0);
    let useless = ["upload", &header, "--table", "items", "--allow-empty"];
    assert_eq!(server.fails(&useless, 2)["reason"], "USAGE");
}
