//! `sluice transfers list`: which transfers, and in which portions.

use crate::support::Server;

#[test]
fn transfers_are_listed_by_state_kind_and_table() {
    let server = Server::start();
    for table in ["t", "expected"] {
        server.sql(&format!(
            "CREATE TABLE {table} (n UInt32) ENGINE = MergeTree ORDER BY n"
        ));
    }
    let file = server.files.write("x.csv", "n\n1\n");
    server.json(&["upload", &file, "--table", "t"]);
    server.json(&["upload", &file, "--table", "expected"]);
    server.json(&["export", "--table", "t", "-o", "/dev/null"]);
    let bad = server.files.write("bad.csv", "n\nx\n");
    server.fails(&["upload", &bad, "--table", "t"], 3);
    let count = |flags: &[&str]| {
        let list = server.json(&[&["transfers", "list"], flags].concat());
        list["transfers"].as_array().unwrap().len()
    };
    assert_eq!(count(&[]), 4);
    assert_eq!(count(&["--state", "failed"]), 1);
    assert_eq!(count(&["--state", "failed,succeeded"]), 4);
    assert_eq!(
        count(&["--state", "interrupted", "--state", "committing"]),
        0
    );
    assert_eq!(count(&["--kind", "export"]), 1);
    assert_eq!(count(&["--kind", "upload", "--table", "default.t"]), 2);
    assert_eq!(count(&["--table", "t", "--state", "succeeded"]), 2);
    assert_eq!(count(&["--owner", "nobody"]), 0);

    let first = server.json(&["transfers", "list", "--limit", "3"]);
    assert_eq!(first["transfers"].as_array().unwrap().len(), 3);
    let token = first["next_page_token"].as_str().unwrap();
    let rest = server.json(&["transfers", "list", "--page-token", token]);
    assert_eq!(rest["transfers"].as_array().unwrap().len(), 1);
    assert_eq!(rest["next_page_token"], "");
}
