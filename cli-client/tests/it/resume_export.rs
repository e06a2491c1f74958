//! Exports that survive: the line is cut, and the file is the one that it would have been.

use std::fs;

use crate::support::{Proxy, Server, Way, begin};

/// A server with a table whose keys are not unique, and whose texts are hard to cut between.
fn start() -> Server {
    let server = Server::start();
    server.sql(
        "CREATE TABLE t (id UInt32, s String, n Nullable(String)) ENGINE = MergeTree ORDER BY id",
    );
    // Rows of one key are alike: their order is nobody's to say.
    server.sql(
        "INSERT INTO t SELECT intDiv(number, 3) AS id, \
         multiIf(id % 3 = 0, 'plain', id % 3 = 1, 'a \"quoted\", text', 'line\\nbreak'), \
         if(id % 5 = 0, NULL, repeat('x', id % 50)) FROM numbers(600000)",
    );
    server
}

const ORDERED: [&str; 5] = ["export", "--table", "t", "--order-by", "id"];

/// Exports with and without a cut line; how the cut one went.
fn check(server: &Server, cuts: &[(Way, u64)], flags: &[&str], name: &str) -> serde_json::Value {
    let (whole, cut) = (server.files.path("whole"), server.files.path(name));
    server.json(&[&ORDERED[..], flags, &["-o", &whole]].concat());
    let proxy = Proxy::to(server.url());
    proxy.cut(cuts);
    let export = [&ORDERED[..], flags, &["-o", &cut, "--resume"]].concat();
    let (code, written, notes) = begin(&proxy.url(), &export).finish_with_notes();
    assert_eq!(code, Some(0), "{flags:?}: {written} {notes}");
    assert_eq!(proxy.cuts_done(), cuts.len(), "{flags:?}");
    let bytes = fs::read(&whole).unwrap();
    assert!(
        fs::read(&cut).unwrap() == bytes,
        "{flags:?}: the files differ"
    );
    assert_eq!(written["bytes"], bytes.len(), "{flags:?}");
    assert_eq!(server.files.names(), [name, "whole"]);
    written
}

#[test]
fn an_export_whose_line_is_cut_goes_on_to_the_same_bytes() {
    let server = start();
    let cuts = [
        (Way::Down, 1_000_000),
        (Way::Down, 3_000_000),
        (Way::Down, 300),
    ];
    let forms: [&[&str]; 6] = [
        &[],
        &["--no-header", "--line-end", "crlf", "--delimiter", ";"],
        &["--quote-style", "always", "--limit", "500000"],
        &["--format", "tsv"],
        &["--format", "ndjson"],
        &["--columns", "s,id", "--where", "id > 17"],
    ];
    for flags in forms {
        let written = check(&server, &cuts, flags, "cut");
        assert_eq!(written["attempts"], 4, "{flags:?}");
        let resumed_at = written["resumed_at"].as_array().unwrap();
        assert!(
            resumed_at[1].as_u64() > Some(3_000_000),
            "{flags:?}: {written}"
        );
    }
}

#[test]
fn an_export_goes_on_downwards() {
    let server = start();
    let target = server.files.path("cut");
    let export = [
        "export",
        "--table",
        "t",
        "--order-by",
        "id:desc",
        "--resume",
        "-o",
    ];
    let proxy = Proxy::to(server.url());
    proxy.cut(&[(Way::Down, 2_000_000)]);
    let (code, written) = begin(&proxy.url(), &[&export[..], &[&target]].concat()).finish();
    assert_eq!(
        (code, &written["attempts"]),
        (Some(0), &2.into()),
        "{written}"
    );
    assert_eq!(written["rows"], 600_000);
    let whole = server.files.path("whole");
    server.json(&[
        "export",
        "--table",
        "t",
        "--order-by",
        "id:desc",
        "-o",
        &whole,
    ]);
    assert!(fs::read(&whole).unwrap() == fs::read(&target).unwrap());
}

#[test]
fn what_has_arrived_is_gone_on_with_in_the_next_run() {
    let server = start();
    let (whole, target) = (server.files.path("whole"), server.files.path("cut"));
    server.json(&[&ORDERED[..], &["-o", &whole]].concat());
    let proxy = Proxy::to(server.url());
    proxy.cut(&[(Way::Down, 2_000_000)]);
    let export = [
        &ORDERED[..],
        &["-o", &target, "--resume", "--retry-time", "0"],
    ]
    .concat();
    let (code, object, notes) = begin(&proxy.url(), &export).finish_with_notes();
    assert_eq!(code, Some(5), "{object}");
    assert_eq!(object["error"]["reason"], "CONNECTION_LOST");
    assert!(
        notes.contains("the same command goes on behind it"),
        "{notes}"
    );
    assert!(!server.files.names().contains(&"cut".to_owned()));

    let (code, written, notes) = begin(&proxy.url(), &export).finish_with_notes();
    assert_eq!(code, Some(0), "{written} {notes}");
    assert!(notes.contains("going on behind "), "{notes}");
    assert!(
        written["resumed_at"][0].as_u64() > Some(1_000_000),
        "{written}"
    );
    assert!(fs::read(&whole).unwrap() == fs::read(&target).unwrap());
    assert_eq!(server.files.names(), ["cut", "whole"]);
}

#[test]
fn another_export_does_not_go_on_with_it() {
    let server = start();
    let target = server.files.path("cut");
    let proxy = Proxy::to(server.url());
    proxy.cut(&[(Way::Down, 2_000_000)]);
    let export = [
        &ORDERED[..],
        &["-o", &target, "--resume", "--retry-time", "0"],
    ]
    .concat();
    assert_eq!(begin(&proxy.url(), &export).finish().0, Some(5));
    let other = [&export[..], &["--where", "id < 10"]].concat();
    let (code, written, notes) = begin(&proxy.url(), &other).finish_with_notes();
    assert_eq!(code, Some(0), "{written} {notes}");
    assert!(notes.contains("is of another export"), "{notes}");
    assert_eq!(written["rows"], 30);
    assert_eq!(server.files.names(), ["cut"]);
}

#[test]
fn an_order_that_is_not_known_begins_at_zero_and_says_so() {
    let server = start();
    server.sql("CREATE TABLE two (a UInt8, b UInt32) ENGINE = MergeTree ORDER BY (a, b)");
    server.sql("INSERT INTO two SELECT number % 3, number FROM numbers(900000)");
    let lines: [(&[&str], &str); 4] = [
        (&["--query", "SELECT * FROM two ORDER BY a, b"], "a query"),
        (&["--table", "two", "--order-by", "a,b"], "one column"),
        (&["--table", "two", "--order-by", "b"], "(a, b)"),
        (&["--table", "t"], "--order-by"),
    ];
    for (source, reason) in lines {
        let target = server.files.path("cut");
        let proxy = Proxy::to(server.url());
        proxy.cut(&[(Way::Down, 1_000_000)]);
        let line = [&["export"], source, &["-o", &target, "--resume"]].concat();
        let (code, written, notes) = begin(&proxy.url(), &line).finish_with_notes();
        assert_eq!(code, Some(0), "{written} {notes}");
        assert!(
            notes.contains("--resume has no effect") && notes.contains(reason),
            "{notes}"
        );
        assert!(notes.contains("from zero"), "{notes}");
        assert_eq!(written["resumed_at"], serde_json::json!([0]));
        assert_eq!(server.files.names(), ["cut"]);
    }
}

#[test]
fn an_export_whose_server_is_killed_begins_again() {
    let mut server = start();
    let target = server.files.path("cut");
    let proxy = Proxy::to(server.url());
    proxy.cut(&[(Way::Down, 1_000_000)]);
    proxy.refuse(false);
    let line = ["export", "--table", "t", "--order-by", "id", "-o", &target];
    let client = begin(&proxy.url(), &line);
    crate::support::until("the cut", || (proxy.cuts_done() == 1).then_some(()));
    proxy.refuse(true);
    server.restart();
    proxy.refuse(false);
    let (code, written) = client.finish();
    assert_eq!(code, Some(0), "{written}");
    assert_eq!(written["rows"], 600_000);
    assert!(written["attempts"].as_u64() > Some(1), "{written}");
    assert_eq!(server.files.names(), ["cut"]);
}

#[test]
fn what_standard_output_has_got_is_not_taken_back() {
    let server = start();
    let proxy = Proxy::to(server.url());
    proxy.cut(&[(Way::Down, 1_000_000)]);
    let mut client = begin(&proxy.url(), &["export", "--table", "t", "-o", "-"]);
    let mut output = client.output();
    let copied = std::io::copy(&mut output, &mut std::io::sink()).unwrap();
    assert!(copied < 1_000_000);
    assert_eq!(client.finish().0, Some(5));
    let line = ["export", "--table", "t", "-o", "-", "--resume"];
    server.sluice(&line).assert().code(2);
}

#[test]
fn a_full_disk_is_7_and_keeps_what_has_arrived() {
    let server = start();
    let (whole, target) = (server.files.path("whole"), server.files.path("cut"));
    server.json(&[&ORDERED[..], &["-o", &whole]].concat());
    let export = [&ORDERED[..], &["-o", &target, "--resume"]].concat();
    let output = server.sluice_on_full_disk(4096, &export).output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let error = &crate::last_object(&output)["error"];
    assert_eq!(error["reason"], "SINK_UNWRITABLE");
    assert!(!server.files.names().contains(&"cut".to_owned()));

    let written = server.json(&export);
    assert!(
        written["resumed_at"][0].as_u64() > Some(1_000_000),
        "{written}"
    );
    assert!(fs::read(&whole).unwrap() == fs::read(&target).unwrap());
    assert_eq!(server.files.names(), ["cut", "whole"]);
}

/// Another table of the same name and columns, with the same keys and other rows.
fn replace_table(server: &Server) {
    server.sql("DROP TABLE t SYNC");
    server.sql(
        "CREATE TABLE t (id UInt32, s String, n Nullable(String)) ENGINE = MergeTree ORDER BY id",
    );
    server.sql("INSERT INTO t SELECT intDiv(number, 3), 'another', NULL FROM numbers(600000)");
}

#[test]
fn a_table_that_was_made_anew_is_another_table() {
    let server = start();
    let (whole, target) = (server.files.path("whole"), server.files.path("cut"));
    let proxy = Proxy::to(server.url());
    let export = [&ORDERED[..], &["-o", &target, "--resume"]].concat();

    // Between two runs.
    proxy.cut(&[(Way::Down, 2_000_000)]);
    let impatient = [&export[..], &["--retry-time", "0"]].concat();
    assert_eq!(begin(&proxy.url(), &impatient).finish().0, Some(5));
    replace_table(&server);
    let (code, written, notes) = begin(&proxy.url(), &impatient).finish_with_notes();
    assert_eq!(code, Some(0), "{written} {notes}");
    assert!(notes.contains("another table of this name"), "{notes}");
    server.json(&[&ORDERED[..], &["-o", &whole]].concat());
    assert!(fs::read(&whole).unwrap() == fs::read(&target).unwrap());

    // While one run waits for its line.
    fs::remove_file(&target).unwrap();
    proxy.cut(&[(Way::Down, 2_000_000)]);
    let client = begin(&proxy.url(), &export);
    crate::support::until("the cut", || (proxy.cuts_done() == 2).then_some(()));
    proxy.refuse(true);
    replace_table(&server);
    proxy.refuse(false);
    let (code, written, notes) = client.finish_with_notes();
    assert_eq!(code, Some(0), "{written} {notes}");
    server.json(&[&ORDERED[..], &["-o", &whole]].concat());
    assert!(fs::read(&whole).unwrap() == fs::read(&target).unwrap());
    assert_eq!(server.files.names(), ["cut", "whole"]);
}

#[test]
fn a_line_that_breaks_before_the_first_byte_is_tried_again() {
    let server = start();
    for flags in [&["--resume"][..], &[]] {
        let target = server.files.path("cut");
        let proxy = Proxy::to(server.url());
        // The first answer that comes at all.
        proxy.cut(&[(Way::Down, 1), (Way::Down, 1)]);
        let line = [&ORDERED[..], &["-o", &target], flags].concat();
        let (code, written, notes) = begin(&proxy.url(), &line).finish_with_notes();
        assert_eq!(code, Some(0), "{flags:?}: {written} {notes}");
        assert_eq!(written["rows"], 600_000, "{flags:?}");
        assert_eq!(proxy.cuts_done(), 2, "{flags:?}");
        assert!(notes.contains("trying again"), "{flags:?}: {notes}");
        assert_eq!(server.files.names(), ["cut"], "{flags:?}");
    }
}
