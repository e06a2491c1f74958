//! How a file is cut into fields: as the flags say, or as it is found.

use crate::support::Server;

/// A server with the table of people that the files here hold.
fn start() -> Server {
    let server = Server::start();
    server.sql(
        "CREATE TABLE people (id UInt32, name String, born Nullable(Date), size Nullable(Float64)) \
         ENGINE = MergeTree ORDER BY id",
    );
    server
}

fn people(server: &Server) -> String {
    server.sql("SELECT * FROM people ORDER BY id")
}

#[test]
fn every_flag_of_the_dialect_is_honoured() {
    let server = start();
    let content = b"A list\nof people\nid||name|| size\n||full||m\n# a comment\n\
        1||'J\xf6rg || M\\'ller'|| 1,5\n2||''||\nTotal: 2\n";
    let file = server.files.write("people.txt", content);
    let flags = [
        "--no-sniff",
        "--format=csv",
        "--delimiter=||",
        "--quote='",
        "--escape=\\",
        "--comment=#",
        "--skip-lines=2",
        "--header-rows=2",
        "--skip-initial-space",
        "--end-line=7",
        "--encoding=windows-1252",
        "--compression=none",
        "--decimal-comma",
        "--columns=id,name=name full,size=size m",
    ];
    let loaded = server.json(&[&["upload", &file, "--table", "people"], &flags[..]].concat());
    let expected = "1\tJörg || M\\'ller\t\\N\t1.5\n2\t\t\\N\t\\N";
    assert_eq!(people(&server), expected, "{loaded}");
    assert_eq!(loaded["ignored_lines"], 1);
    let profile = &loaded["profile"];
    assert_eq!(profile["delimiter"], "||");
    assert_eq!(profile["quote"], "'");
    assert_eq!(profile["escape"], "\\");
    assert_eq!(profile["encoding"], "windows-1252");
    assert_eq!(profile["header_rows"], 2);
}

/// A German export of a spreadsheet: title, semicolons, decimal commas, day before month.
fn german() -> Vec<u8> {
    let mut file = b"Personen 2024\nid;name;born;size\n".to_vec();
    for id in 1..=40 {
        let day = 1 + id % 28;
        file.extend_from_slice(format!("{id};J").as_bytes());
        file.extend_from_slice(format!("\u{1}rg {id};{day:02}.03.1990;1,{id:02}\n").as_bytes());
    }
    // The one byte of ö in windows-1252.
    file.iter()
        .map(|byte| if *byte == 1 { 0xf6 } else { *byte })
        .collect()
}

#[test]
fn what_is_not_said_is_found_and_told() {
    let server = start();
    let file = server.files.write("people.csv", german());
    let text = server.text(&["upload", &file, "--table", "people"]);
    assert!(text.starts_with("loaded 40 rows into people in "), "{text}");
    let reading = "\nread as windows-1252, delimiter ;, 1 line skipped\n";
    assert!(text.contains(reading), "{text}");
    for words in [
        "column born: dates as %d.%m.%Y",
        "column size: decimal comma",
    ] {
        assert!(text.contains(words), "{words:?} in {text}");
    }
    let first = server.sql("SELECT * FROM people WHERE id = 7");
    assert_eq!(first, "7\tJörg 7\t1990-03-08\t1.07");
}

#[test]
fn what_is_left_out_is_counted_and_shown() {
    let server = start();
    let file = "People of May\n\nid,name,born,size\n# the first\n1,Ann,,\n\n2,Bob,,x\n3,Cid,,\nTotal,\u{1b}[2J\n";
    let file = server.files.write("people.csv", file);
    let flags = [
        "--skip-lines=2",
        "--comment=#",
        "--end-line=8",
        "--max-rejects=1",
    ];
    let upload = [&["upload", &file, "--table", "people"], &flags[..]].concat();
    let account = server.json(&upload)["account"].clone();
    let expected = serde_json::json!({
        "text_bytes": 82,
        "header": {"lines": 1, "bytes": 18},
        "loaded": {"lines": 2, "bytes": 16},
        "rejected": {"lines": 1, "bytes": 9},
        "blank": {"lines": 1, "bytes": 1},
        "comments": {"lines": 1, "bytes": 12, "examples": ["# the first"]},
        "before": {"lines": 2, "bytes": 15, "examples": ["People of May"]},
        "after": {"lines": 1, "bytes": 11, "examples": ["Total,\u{1b}[2J"]},
    });
    assert_eq!(account["before"], expected["before"], "{account}");
    assert_eq!(account, expected);
    let text = server.text(&[&upload[..], &["--commit=direct"]].concat());
    for words in [
        "left out 2 lines before the table (15 B): \"People of May\"\n",
        "left out 1 comment (12 B): \"# the first\"\n",
        "left out 1 blank line (1 B)\n",
        "left out 1 line after the end of the table (11 B): \"Total,\\u{1b}[2J\"\n",
    ] {
        assert!(text.contains(words), "{words:?} in {text}");
    }
}

#[test]
fn a_flag_goes_before_what_would_be_found() {
    let server = start();
    let file = server
        .files
        .write("people.csv", "id;name\n1;a,b\n2;c,d\n3;e,f\n");
    let upload = ["upload", &file, "--table", "people"];
    let loaded = server.json(&[&upload[..], &["--delimiter", "semicolon"]].concat());
    let findings = loaded["profile"]["findings"].as_array().unwrap();
    let delimiter = findings.iter().find(|found| found["name"] == "delimiter");
    assert_eq!(delimiter.unwrap()["given"], true, "{loaded}");
    assert_eq!(server.sql("SELECT name FROM people WHERE id = 2"), "c,d");
    let error = server.fails(&[&upload[..], &["--delimiter", "pipe"]].concat(), 4);
    assert_eq!(error["reason"], "HEADER_MISMATCH");
    let error = server.fails(&[&upload[..], &["--no-sniff"]].concat(), 4);
    assert_eq!(error["reason"], "HEADER_MISMATCH");
}

#[test]
fn a_dialect_that_cannot_be_is_2() {
    let server = start();
    let file = server.files.write("people.csv", "id,name\n1,a\n");
    let cases: [&[&str]; 3] = [
        &["--delimiter", "x", "--quote", "x"],
        &["--encoding", "no-such-code"],
        &["--format", "tsv", "--quote", "\""],
    ];
    for flags in cases {
        let error = server.fails(
            &[&["upload", &file, "--table", "people"], flags].concat(),
            2,
        );
        assert_eq!(error["reason"], "INVALID_DIALECT", "{flags:?}: {error}");
    }
    assert_eq!(people(&server), "");
}
