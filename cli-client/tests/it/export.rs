//! `sluice export`: which rows, in which form, and what becomes of the file.

use crate::support::Server;

/// A small table whose rows are easy to tell apart.
fn fruit(server: &Server) {
    server.sql(
        "CREATE TABLE fruit (id UInt32, name String, price Nullable(Decimal(10, 2)), day Date) \
         ENGINE = MergeTree ORDER BY id",
    );
    server.sql(
        "INSERT INTO fruit VALUES (1, 'apple', 1.25, '2024-01-01'), (2, 'pear', NULL, '2024-01-02'), \
         (3, 'plum, blue', 0.5, '2024-01-03'), (4, 'apricot', 3, '2024-01-04')",
    );
}

/// The lines that an export of the table writes.
fn lines(server: &Server, flags: &[&str]) -> Vec<String> {
    let line = [&["export", "--table", "fruit", "-o", "-"], flags].concat();
    server.text(&line).lines().map(str::to_owned).collect()
}

#[test]
fn columns_filters_order_and_limit_choose_the_rows() {
    let server = Server::start();
    fruit(&server);
    let check = |flags: &[&str], expected: &[&str]| {
        assert_eq!(lines(&server, flags), expected, "{flags:?}");
    };
    let by_id = ["--order-by", "id", "--columns", "id"];
    let ids = |flags: &[&str], expected: &[&str]| {
        check(&[&by_id, flags].concat(), &[&["id"], expected].concat());
    };
    ids(&[], &["1", "2", "3", "4"]);
    ids(&["--where", "name = pear"], &["2"]);
    ids(&["--where", "name != 'plum, blue'"], &["1", "2", "4"]);
    ids(&["--where", "name LIKE 'ap%'"], &["1", "4"]);
    ids(&["--where", "name NOT LIKE 'ap%'"], &["2", "3"]);
    ids(&["--where", "id IN (1, 3, 9)"], &["1", "3"]);
    ids(&["--where", "name NOT IN ('pear', 'apple')"], &["3", "4"]);
    ids(&["--where", "price IS NULL"], &["2"]);
    ids(&["--where", "price IS NOT NULL"], &["1", "3", "4"]);
    ids(&["--where", "price >= 1.25", "--where", "id < 4"], &["1"]);
    ids(&["--where", "day > 2024-01-02"], &["3", "4"]);
    ids(&["--where", "name = \"' OR 1 = 1 --\""], &[]);
    ids(&["--limit", "2"], &["1", "2"]);
    ids(&["--limit", "0"], &[]);
    check(
        &[
            "--columns",
            "name,id",
            "--order-by",
            "name:desc",
            "--limit",
            "2",
        ],
        &["name,id", "\"plum, blue\",3", "pear,2"],
    );
    check(
        &[
            "--order-by",
            "day:desc",
            "--no-header",
            "--delimiter",
            "pipe",
            "--limit",
            "1",
        ],
        &["4|apricot|3|2024-01-04"],
    );
}

#[test]
fn a_query_is_exported_with_its_columns() {
    let server = Server::start();
    let target = server.files.path("out.csv");
    let query = "SELECT number AS n, toString(number * 2) AS twice FROM numbers(3)";
    let written = server.json(&["export", "--query", query, "-o", &target]);
    assert_eq!(server.files.read("out.csv"), "n,twice\n0,0\n1,2\n2,4\n");
    assert_eq!(written["rows"], 3);
    assert_eq!(written["bytes"], 20);
    assert_eq!(written["columns"][0]["name"], "n");
    assert_eq!(written["columns"][0]["type"], "UInt64");
    assert_eq!(written["columns"][1]["type"], "String");
}

/// Two tables of one structure; the first holds what is hard to write.
fn odd(server: &Server) {
    for table in ["odd", "again"] {
        server.sql(&format!(
            "CREATE TABLE {table} (id UInt32, s String, n Nullable(String)) \
             ENGINE = MergeTree ORDER BY id"
        ));
    }
    server.sql(
        "INSERT INTO odd VALUES (1, 'tab\\there', NULL), (2, 'line\\nbreak', ''), \
         (3, 'back\\\\slash', '\\\\N'), (4, '', 'NULL'), (5, 'quote\"', ' space '), \
         (6, 'a,b', 'cr\\r\\nlf'), (7, 'ünï ✓', '\"\"')",
    );
}

/// Exports the odd table and loads it again; the file.
fn there_and_back(server: &Server, format: &str) -> String {
    let target = server.files.path("odd");
    let form = ["--format", format];
    let export = [
        "export",
        "--table",
        "odd",
        "--order-by",
        "id",
        "-o",
        &target,
    ];
    server.json(&[&export[..], &form].concat());
    server.json(&[&["upload", &target, "--table", "again"], &form[..]].concat());
    assert_eq!(server.content("again"), server.content("odd"), "{format}");
    server.files.read("odd")
}

#[test]
fn a_tsv_file_is_what_clickhouse_writes_and_loads_again() {
    let server = Server::start();
    odd(&server);
    let file = there_and_back(&server, "tsv");
    let own = server.sql("SELECT * FROM odd ORDER BY id FORMAT TSVWithNames");
    assert_eq!(file, own + "\n");
}

#[test]
fn a_csv_file_of_odd_values_loads_again() {
    let server = Server::start();
    odd(&server);
    let file = there_and_back(&server, "csv");
    assert!(
        file.starts_with("id,s,n\n1,tab\there,\\N\n2,\"line\nbreak\",\"\"\n"),
        "{file}"
    );
}

#[test]
fn a_file_is_replaced_when_the_export_is_whole() {
    let server = Server::start();
    let target = server
        .files
        .write("out.csv", "old content, longer than the new");
    server.json(&["export", "--query", "SELECT 1 AS one", "-o", &target]);
    assert_eq!(server.files.read("out.csv"), "one\n1\n");
    assert_eq!(server.files.names(), ["out.csv"]);
}

#[test]
fn an_export_that_fails_in_the_middle_leaves_the_file_as_it_was() {
    let server = Server::start();
    let old = server.files.write("old.csv", "old");
    let new = server.files.path("new.csv");
    let query = "SELECT number, throwIf(number = 3000000, 'went wrong') FROM numbers(5000000)";
    let cases = [
        ("0190d3a0-0000-7000-8000-000000000001", &old),
        ("0190d3a0-0000-7000-8000-000000000002", &new),
    ];
    for (id, target) in cases {
        let export = [
            "export",
            "--query",
            query,
            "-o",
            target,
            "--transfer-id",
            id,
        ];
        let error = server.fails(&export, 4);
        assert_eq!(error["reason"], "CLICKHOUSE_EXCEPTION");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("went wrong"), "{message}");
        let transfer = server.until_ended(id);
        assert_eq!(transfer["state"], "failed");
        assert!(transfer["bytes_sent"].as_i64().unwrap() > 0, "{transfer}");
    }
    assert_eq!(server.files.read("old.csv"), "old");
    assert_eq!(server.files.names(), ["old.csv"]);
    server.json(&["export", "--query", "SELECT 1", "-o", &new]);
    assert_eq!(server.files.names(), ["new.csv", "old.csv"]);
}

#[test]
fn a_word_of_ones_own_for_null_is_said_and_loads_again() {
    let server = Server::start();
    fruit(&server);
    let file = server.files.path("fruit.csv");
    let file = file.as_str();
    let word = ["--null", "no price"];
    let flags = [&["export", "--table", "fruit", "-o", file][..], &word].concat();
    let said = server.text(&flags);
    assert!(said.contains("add --null 'no price'"), "{said}");
    server.sql("CREATE TABLE again AS fruit");
    server.text(&[&["upload", file, "--table", "again"][..], &word].concat());
    let equal = "SELECT (SELECT groupArray(tuple(*)) FROM (SELECT * FROM again ORDER BY id)) = \
                 (SELECT groupArray(tuple(*)) FROM (SELECT * FROM fruit ORDER BY id))";
    assert_eq!(server.sql(equal), "1");
}

#[test]
fn people_get_a_summary() {
    let server = Server::start();
    let target = server.files.path("out.csv");
    let text = server.text(&["export", "--query", "SELECT 1 AS one", "-o", &target]);
    let expected = format!("exported 1 row to {target} in ");
    assert!(text.starts_with(&expected), "{text}");
    assert!(
        text.contains("6 B") && text.contains("\ntransfer "),
        "{text}"
    );
}
