//! `sluice export`: the form of the file, and its way back into the table.

use std::fs;

use crate::support::Server;

/// A table whose values need care, and one of the same structure.
fn start() -> Server {
    let server = Server::start();
    for table in ["care", "again"] {
        server.sql(&format!(
            "CREATE TABLE {table} (id UInt32, s String, n Nullable(String), d Decimal(10, 2)) \
             ENGINE = MergeTree ORDER BY id"
        ));
    }
    server.sql(
        "INSERT INTO care VALUES (1, 'semi;colon', NULL, 1.5), (2, 'it\\'s', '', 2), \
         (3, 'line\\nbreak', 'NULL', 3.25), (4, 'größe', '\\\\N', -4), (5, '=1+1', '@x', -5)",
    );
    server
}

/// Exports the table with these flags; the bytes of the file.
fn export(server: &Server, name: &str, flags: &[&str]) -> Vec<u8> {
    let target = server.files.path(name);
    let line = [
        "export",
        "--table",
        "care",
        "--order-by",
        "id",
        "-o",
        &target,
    ];
    let written = server.json(&[&line[..], flags].concat());
    let bytes = fs::read(&target).unwrap();
    assert_eq!(written["bytes"], bytes.len());
    bytes
}

/// Loads an exported file into the second table, and compares.
fn comes_back(server: &Server, name: &str, flags: &[&str]) {
    let file = server.files.path(name);
    server.sql("TRUNCATE TABLE again");
    server.json(&[&["upload", &file, "--table", "again"], flags].concat());
    assert_eq!(server.content("again"), server.content("care"), "{name}");
}

#[test]
fn every_flag_of_the_form_is_honoured() {
    let server = start();
    let flags = [
        "--delimiter=semicolon",
        "--quote='",
        "--escape=\\",
        "--null=NULL",
        "--line-end=crlf",
        "--quote-style=non-numeric",
        "--encoding=utf-8-bom",
        "--compression=none",
    ];
    let text = String::from_utf8(export(&server, "care.csv.gz", &flags)).unwrap();
    let expected = "\u{feff}'id';'s';'n';'d'\r\n1;'semi;colon';NULL;1.5\r\n2;'it\\'s';'';2\r\n\
        3;'line\nbreak';'NULL';3.25\r\n";
    assert!(text.starts_with(expected), "{text:?}");
    let known = ["--quote='", "--escape=\\", "--null=NULL"];
    comes_back(&server, "care.csv.gz", &known);

    let flags = [
        "--quote-style=always",
        "--no-header",
        "--line-end=cr",
        "--columns=id,n",
    ];
    let text = String::from_utf8(export(&server, "always.csv", &flags)).unwrap();
    assert!(text.starts_with("\"1\",\\N\r\"2\",\"\"\r"), "{text:?}");
}

#[test]
fn a_spreadsheet_runs_nothing() {
    let server = start();
    let flags = ["--excel-safe", "--columns=s,n,d"];
    let text = String::from_utf8(export(&server, "safe.csv", &flags)).unwrap();
    assert!(text.ends_with("\n'=1+1,'@x,-5\n"), "{text}");
}

#[test]
fn files_are_compressed_by_their_name_and_found_by_content() {
    let server = start();
    let plain = export(&server, "care.csv", &[]);
    for (name, start) in [
        ("care.csv.gz", &[0x1f, 0x8b][..]),
        ("care.csv.zst", &[0x28, 0xb5, 0x2f, 0xfd]),
    ] {
        let bytes = export(&server, name, &["--compression-level", "9"]);
        assert!(bytes.starts_with(start), "{name}");
        assert!(bytes != plain);
        comes_back(&server, name, &[]);
        // The name means nothing to an upload.
        let other = server.files.write("any.name", &bytes);
        let found = server.json(&["inspect", &other]);
        assert!(["gzip", "zstd"].contains(&found["compression"].as_str().unwrap()));
    }
    assert!(export(&server, "plain.csv.gz", &["--compression", "none"]) == plain);
}

#[test]
fn ndjson_comes_back() {
    let server = start();
    let text = String::from_utf8(export(&server, "care.ndjson", &["--format", "ndjson"])).unwrap();
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["s"], "semi;colon");
    assert_eq!(first["n"], serde_json::Value::Null);
    assert_eq!(text.lines().count(), 5);
    comes_back(&server, "care.ndjson", &[]);
    comes_back(&server, "care.ndjson", &["--format", "ndjson"]);
    let found = server.json(&["inspect", &server.files.path("care.ndjson")]);
    assert_eq!(found["format"], "ndjson");
    assert_eq!(found["delimiter"], serde_json::Value::Null);
}

#[test]
fn other_encodings_come_back() {
    let server = start();
    let bytes = export(&server, "wide.csv", &["--encoding", "utf-16le"]);
    assert!(bytes.starts_with(b"\xff\xfei\0d\0"));
    comes_back(&server, "wide.csv", &[]);
    let bytes = export(&server, "west.csv", &["--encoding", "windows-1252"]);
    assert!(bytes.windows(5).any(|part| part == b"gr\xf6\xdfe"));
    comes_back(&server, "west.csv", &["--encoding", "latin-1"]);

    server.sql("INSERT INTO care VALUES (6, 'snowman ☃', NULL, 0)");
    let target = server.files.write("snow.csv", "old");
    let line = [
        "export",
        "--table",
        "care",
        "-o",
        &target,
        "--encoding",
        "windows-1252",
    ];
    let error = server.fails(&line, 4);
    assert_eq!(error["reason"], "CANNOT_REPRESENT", "{error}");
    assert_eq!(server.files.read("snow.csv"), "old");
}
