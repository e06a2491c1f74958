//! Commands that only look: ping, databases, tables, describe, preview, transfers.

use serde_json::{Value, json};

use crate::support::{Files, GuardedClickhouse, Server, sample, secret};

/// A server with a database of two tables.
fn start() -> Server {
    let server = Server::start();
    server.sql("CREATE DATABASE shop COMMENT 'what is sold'");
    server.sql(
        "CREATE TABLE shop.orders (id UInt64 COMMENT 'the key', day Date, note Nullable(String), \
         up LowCardinality(String) DEFAULT upper('x')) ENGINE = MergeTree \
         PARTITION BY toYYYYMM(day) ORDER BY (id, day) PRIMARY KEY id COMMENT 'all of them'",
    );
    server.sql("INSERT INTO shop.orders (id, day) VALUES (1, '2024-01-02')");
    server.sql("INSERT INTO shop.orders VALUES (2, '2024-01-03', 'a\\tb', 'Y')");
    server.sql("CREATE TABLE shop.`odd name` (n UInt8) ENGINE = Memory");
    server
}

/// Some members of an object.
fn pick(object: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| object[*name].clone()).collect()
}

/// What people see holds these texts.
fn shows(server: &Server, line: &[&str], parts: &[&str]) {
    let text = server.text(line);
    for part in parts {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn ping_tells_who_answers() {
    let server = start();
    let answer = server.json(&["ping"]);
    assert_eq!(answer["server"], server.url());
    let version = server.sql("SELECT version()");
    assert_eq!(answer["server_version"], *version);
    assert_eq!(answer["timezone"], *server.sql("SELECT timezone()"));
    let names = ["user", "database", "embedded"];
    assert_eq!(pick(&answer, &names), json!(["default", "default", true]));
    assert_eq!(answer["missing_grants"], json!([]));
    let seconds = answer["round_trip_seconds"].as_f64().unwrap();
    assert!(seconds > 0.0 && seconds < 30.0, "{seconds}");
    let parts = [&version, server.url(), " (embedded)", "user default"];
    shows(&server, &["ping"], &parts);
}

#[test]
fn databases_and_tables_are_listed() {
    let server = start();
    let listed = server.json(&["databases"]);
    let databases = listed["databases"].as_array().unwrap();
    let shop = databases.iter().find(|found| found["name"] == "shop");
    let shop = pick(shop.unwrap(), &["engine", "comment"]);
    assert_eq!(shop, json!(["Atomic", "what is sold"]));
    shows(
        &server,
        &["databases"],
        &["shop", "default", "what is sold"],
    );

    let listed = server.json(&["tables", "shop"]);
    let tables = listed["tables"].as_array().unwrap();
    let names = ["database", "table", "engine", "row_count", "comment"];
    let tables: Vec<_> = tables.iter().map(|table| pick(table, &names)).collect();
    assert_eq!(
        tables,
        [
            json!(["shop", "odd name", "Memory", 0, ""]),
            json!(["shop", "orders", "MergeTree", 2, "all of them"]),
        ]
    );
    assert!(listed["tables"][1]["byte_count"].as_i64().unwrap() > 0);
    let parts = ["shop.`odd name`", "shop.orders", "MergeTree", "all of them"];
    shows(&server, &["tables", "shop"], &parts);
    assert_eq!(server.json(&["tables"])["tables"], json!([]));
}

#[test]
fn describe_shows_columns_and_keys() {
    let server = start();
    let table = server.json(&["describe", "shop.orders"]);
    let names = ["database", "table", "engine", "row_count", "comment"];
    let expected = json!(["shop", "orders", "MergeTree", 2, "all of them"]);
    assert_eq!(pick(&table, &names), expected);
    let keys = pick(&table, &["sorting_key", "primary_key", "partition_key"]);
    assert_eq!(keys, json!(["id, day", "id", "toYYYYMM(day)"]));
    assert_eq!(
        table["columns"],
        json!([
            {"name": "id", "type": "UInt64", "comment": "the key"},
            {"name": "day", "type": "Date"},
            {"name": "note", "type": "Nullable(String)"},
            {"name": "up", "type": "LowCardinality(String)", "default_kind": "DEFAULT",
             "default_expression": "upper('x')"},
        ])
    );
    let statement = table["create_statement"].as_str().unwrap();
    assert!(
        statement.starts_with("CREATE TABLE shop.orders"),
        "{statement}"
    );
    let parts = [
        "LowCardinality(String)",
        "DEFAULT upper('x')",
        "the key",
        "id, day",
        "shop.orders",
    ];
    shows(&server, &["describe", "shop.orders"], &parts);
    shows(
        &server,
        &["describe", "shop.`odd name`"],
        &["shop.`odd name`", "UInt8"],
    );
}

#[test]
fn preview_shows_rows_with_null_told_apart() {
    let server = start();
    let seen = server.json(&["preview", "--table", "shop.orders"]);
    assert_eq!(
        seen["columns"][2],
        json!({"name": "note", "type": "Nullable(String)"})
    );
    let mut rows = seen["rows"].as_array().unwrap().clone();
    rows.sort_by_key(|row| row[0].to_string());
    assert_eq!(
        rows,
        [
            json!(["1", "2024-01-02", null, "X"]),
            json!(["2", "2024-01-03", "a\tb", "Y"]),
        ]
    );
    let parts = ["id  day", "NULL", "a\\tb", "2024-01-03"];
    shows(&server, &["preview", "--table", "shop.orders"], &parts);

    let numbers = "SELECT number AS n FROM system.numbers";
    let seen = server.json(&["preview", "--query", numbers, "--limit", "3"]);
    assert_eq!(seen["rows"], json!([["0"], ["1"], ["2"]]));
    let seen = server.json(&["preview", "--query", numbers]);
    assert_eq!(seen["rows"].as_array().unwrap().len(), 20);
}

#[test]
fn transfers_can_be_looked_at_after_their_end() {
    let server = start();
    assert_eq!(
        server.json(&["transfers", "list"]),
        json!({"transfers": [], "next_page_token": ""})
    );
    let file = sample("penguins.csv");
    let loaded = server.json(&["upload", &file, "--table", "shop.penguins", "--create"]);
    let query = "SELECT * FROM shop.penguins";
    let written = server.json(&["export", "--query", query, "-o", "/dev/null"]);
    let bad = server.files.write("bad.csv", "n\n256\n");
    server.fails(&["upload", &bad, "--table", "shop.`odd name`"], 3);

    let list = server.json(&["transfers", "list"]);
    let list = list["transfers"].as_array().unwrap();
    let names = ["kind", "state", "table", "rows_committed", "rows_exported"];
    let seen: Vec<_> = list.iter().map(|transfer| pick(transfer, &names)).collect();
    assert_eq!(
        seen,
        [
            json!(["upload", "failed", "shop.`odd name`", 0, 0]),
            json!(["export", "succeeded", null, 0, 344]),
            json!(["upload", "succeeded", "shop.penguins", 344, 0]),
        ]
    );
    let ids = [&list[1]["transfer_id"], &list[2]["transfer_id"]];
    assert_eq!(ids, [&written["transfer_id"], &loaded["transfer_id"]]);
    assert_eq!(list[2]["source_name"], "penguins.csv");
    assert_eq!(list[2]["total_bytes"], loaded["bytes_received"]);

    let id = |index: usize| list[index]["transfer_id"].as_str().unwrap();
    for command in ["get", "watch", "cancel"] {
        let transfer = server.json(&["transfers", command, id(2)]);
        assert_eq!(transfer, list[2], "{command}");
    }
    let failed = server.json(&["transfers", "get", id(0)]);
    assert_eq!(failed["error"]["reason"], "OVERFLOW");
    assert_eq!(failed["error"]["metadata"]["line"], "2");
    let error = server.fails(&["transfers", "watch", id(0)], 3);
    assert_eq!(error["reason"], "OVERFLOW");
    assert_eq!(error["metadata"]["transferId"], id(0));

    let parts = [id(0), id(1), id(2), "failed", "succeeded", "penguins.csv"];
    shows(&server, &["transfers", "list"], &parts);
    let parts = [id(2), "shop.penguins", "344", "rows committed"];
    shows(&server, &["transfers", "get", id(2)], &parts);
}

#[test]
fn a_transfer_that_nobody_knows_is_4() {
    let server = start();
    let id = "0190d3a0-0000-7000-8000-000000000005";
    for command in ["get", "watch", "cancel"] {
        let error = server.fails(&["transfers", command, id], 4);
        assert_eq!(error["code"], "NOT_FOUND", "{command}");
        assert_eq!(error["reason"], "TRANSFER_NOT_FOUND", "{command}");
        assert_eq!(error["metadata"]["transferId"], id, "{command}");
    }
}

#[test]
fn another_clickhouse_is_worked_with_where_the_server_allows_it() {
    let server = start();
    server.json(&["ping", "--connection", "default"]);
    let unknown = server.fails(&["ping", "--connection", "größe"], 4);
    assert_eq!(unknown["reason"], "CONNECTION_NOT_FOUND");
    let own = ["ping", "--clickhouse-url", "http://127.0.0.1:8123"];
    let refused = server.fails(&own, 6);
    assert_eq!(refused["reason"], "CLICKHOUSE_NOT_ALLOWED");
}

#[test]
fn ping_lists_the_grants_that_an_upload_lacks_and_ends_with_6() {
    let server = start();
    server.sql("CREATE TABLE shop.log (n UInt8) ENGINE = Log");
    // As the user of the embedded ClickHouse who may only read.
    let limited = Server::start_with(&[
        "--clickhouse-url",
        &server.engine_url(),
        "--clickhouse-user",
        "sluice_callers",
        "--clickhouse-password-file",
        server
            .data
            .path()
            .join("clickhouse-password")
            .to_str()
            .unwrap(),
    ]);
    let line = ["--json", "ping", "--table", "shop.log"];
    let assert = limited.sluice(&line).assert().code(6);
    let answer: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(answer["upload_needs"], json!(["direct"]));
    let missing = answer["missing_grants"].as_array().unwrap();
    let insert = missing
        .iter()
        .find(|one| one["privilege"] == "INSERT" && one["on"] == "shop.log");
    assert_eq!(insert.unwrap()["grantee"], "sluice_callers");
    let statement = "GRANT INSERT ON shop.log TO sluice_callers";
    assert!(
        answer["grant_statements"]
            .as_array()
            .unwrap()
            .contains(&json!(statement))
    );

    let assert = limited.sluice(&line[1..]).assert().code(6);
    let output = assert.get_output();
    let (text, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(text.contains(&format!("\n  {statement};\n")), "{text}");
    assert!(
        errors.contains("lacks grants that an upload into shop.log needs"),
        "{errors}"
    );
    // What nobody has asked for is listed only; and who may do everything lacks nothing.
    limited.text(&["ping"]);
    let everything = [
        "ping", "--table", "shop.log", "--commit", "replace", "--create",
    ];
    assert_eq!(server.json(&everything)["missing_grants"], json!([]));
}

#[test]
fn ping_with_0_says_that_nothing_is_missing_for_what_was_asked() {
    let grants = ["SELECT ON *.*", "SHOW ON *.*", "INSERT ON shop.*"];
    let clickhouse = GuardedClickhouse::start_with("loader", "pass", &grants);
    clickhouse.sql("CREATE DATABASE shop");
    clickhouse.sql("CREATE TABLE shop.log (n UInt8) ENGINE = Log");
    clickhouse.sql("CREATE TABLE shop.t (n UInt8) ENGINE = MergeTree ORDER BY n");
    let files = Files::new();
    let password = secret(&files, "password", "pass\n");
    let server = Server::start_with(&[
        "--clickhouse-url",
        &clickhouse.url,
        "--clickhouse-user",
        "loader",
        "--clickhouse-password-file",
        &password,
    ]);
    let text = server.text(&["ping", "--table", "shop.log"]);
    let (asked, others) = text
        .split_once("\nnot needed for it, and missing for other uses of the table:\n")
        .unwrap();
    assert!(
        asked.ends_with("\nan upload into shop.log (direct) lacks no grant"),
        "{text}"
    );
    assert!(
        others.contains("  CREATE DATABASE ON sluice.*: journal\n"),
        "{text}"
    );
    let object = server.json(&["ping", "--table", "shop.log"]);
    let missing = object["missing_grants"].as_array().unwrap();
    assert!(!missing.is_empty() && missing.iter().all(|grant| grant["required"] == false));

    // One is missing for the mode that is chosen, and stands apart from the others.
    let assert = server
        .sluice(&["ping", "--table", "shop.t"])
        .assert()
        .code(6);
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let (_, list) = text
        .split_once("\nan upload into shop.t (atomic) lacks these grants:\n")
        .unwrap();
    let (required, others) = list.split_once("\nnot needed for it").unwrap();
    assert!(
        required.lines().all(|line| line.contains("atomic")),
        "{text}"
    );
    assert!(others.contains(": journal\n"), "{text}");
    server.text(&["ping", "--table", "shop.t", "--commit", "direct"]);
}
