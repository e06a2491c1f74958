//! Streaming selects.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use sluice_server::clickhouse::{
    Error,
    sql::{
        Compared, Condition, Operator, OrderBy, Projection, SelectColumn, SelectQuery, Selection,
        select_query, select_table,
    },
};
use uuid::Uuid;

use super::{Stage, block, free_query, read_all, text_block};
use crate::support::{engine_url, post};

fn column(name: &str, projection: Projection) -> SelectColumn {
    SelectColumn {
        name: name.to_owned(),
        projection,
    }
}

/// The number of rows of `t` for which a condition holds, or the error.
async fn count_where(
    stage: &Stage,
    (name, data_type): (&str, &str),
    operator: Operator,
    values: &[&str],
) -> Result<u8, Error> {
    let condition = Condition {
        column: name.to_owned(),
        compared: Compared::Typed(data_type.to_owned()),
        alternatives: Vec::new(),
        operator,
        values: values.iter().map(|&value| value.to_owned()).collect(),
    };
    let selection = Selection {
        conditions: vec![condition],
        ..Selection::default()
    };
    let columns = [column("id", Projection::Value)];
    let statement = select_table(&stage.table("t"), &columns, &selection)?;
    // A block begins with the number of columns and the number of rows; no row, no block.
    Ok(stage.read(&statement).await?.get(1).copied().unwrap_or(0))
}

#[tokio::test]
async fn result_is_native_blocks_and_nothing_else() {
    let stage = Stage::new().await;
    let bytes = stage.read(&free_query("SELECT 'a' AS x")).await.unwrap();
    assert_eq!(bytes, text_block("x", &["a"]));
    assert!(
        stage
            .read(&free_query("SELECT 1 WHERE 0"))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn low_cardinality_and_complex_columns_come_as_plain_strings() {
    let stage = Stage::new().await;
    stage
        .run(
            "CREATE TABLE t (l LowCardinality(String), a Array(String), v Variant(String, UInt8)) \
              ENGINE = Memory",
        )
        .await;
    stage
        .run(r"INSERT INTO t VALUES ('x', ['it\'s'], NULL)")
        .await;
    let check = async |name: &str, projection, expected: &[u8]| {
        let columns = [column(name, projection)];
        let statement = select_table(&stage.table("t"), &columns, &Selection::default()).unwrap();
        assert_eq!(stage.read(&statement).await.unwrap(), expected, "{name}");
    };
    let text = |name, data: &[u8]| block(name, "Nullable(String)", 1, data);
    check(
        "l",
        Projection::Cast("String".to_owned()),
        &text_block("l", &["x"]),
    )
    .await;
    check("a", Projection::Text(None), &text("a", b"\0\x09['it\\'s']")).await;
    check("v", Projection::Text(None), &text("v", b"\x01\0")).await;
}

#[tokio::test]
async fn every_scalar_type_is_compared_as_itself() {
    let stage = Stage::new().await;
    let columns = [
        (
            "s",
            "String",
            "a\tb\\N\n'c`{x:Int8}",
            "a\tb\\N\n'c`{x:Int8}",
        ),
        ("n", "Nullable(String)", "\\N", "\\N"),
        ("l", "LowCardinality(Nullable(String))", "y", "y"),
        ("d", "Date", "2024-02-29", "2024-02-29"),
        (
            "t",
            "DateTime('Europe/Paris')",
            "2024-02-29 12:00:00",
            "2024-02-29 12:00:00",
        ),
        (
            "t64",
            "DateTime64(3, 'UTC')",
            "2024-02-29 12:00:00.125",
            "2024-02-29 12:00:00.125",
        ),
        ("e", "Enum8('a' = 1, 'b}\\'c' = 2)", "b}'c", "b}'c"),
        (
            "u",
            "UUID",
            "61f0c404-5cb3-11e7-907b-a6006ad3dba0",
            "61F0C404-5cb3-11e7-907b-a6006ad3dba0",
        ),
        ("i", "Int256", "-5", "-5"),
        ("m", "Nullable(Decimal(38, 10))", "1.5", "1.50"),
        ("f", "Float64", "0.1", "0.1"),
        ("ip", "IPv4", "1.2.3.4", "1.2.3.4"),
        ("b", "Bool", "true", "true"),
        ("x", "FixedString(3)", "ab", "ab"),
    ];
    let definitions: Vec<_> = columns
        .iter()
        .map(|(name, data_type, ..)| format!("{name} {data_type}"))
        .collect();
    stage
        .run(&format!(
            "CREATE TABLE t (id UInt8, {}) ENGINE = Memory",
            definitions.join(", ")
        ))
        .await;
    let literals: Vec<_> = columns
        .iter()
        .map(|(.., stored, _)| sluice_server::clickhouse::sql::quote_string(stored))
        .collect();
    stage
        .run(&format!(
            "INSERT INTO t VALUES (1, {})",
            literals.join(", ")
        ))
        .await;
    for (name, data_type, _, value) in columns {
        for (operator, values, expected) in [
            (Operator::Equal, &[value][..], 1),
            (Operator::In, &[value, value], 1),
            (Operator::NotIn, &[value], 0),
            (Operator::NotEqual, &[value], 0),
            (Operator::IsNull, &[], 0),
        ] {
            let count = count_where(&stage, (name, data_type), operator, values).await;
            let count = count.unwrap_or_else(|error| panic!("{name} {operator:?}: {error}"));
            assert_eq!(count, expected, "{name} {operator:?}");
        }
    }
    let like = count_where(&stage, ("s", "String"), Operator::Like, &["a%c`%"])
        .await
        .unwrap();
    assert_eq!(like, 1);
}

#[tokio::test]
async fn value_that_does_not_fit_the_column_is_refused() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (id UInt8, e Enum8('a' = 1)) ENGINE = Memory AS SELECT 44, 'a'")
        .await;
    for (column, value) in [
        (("id", "UInt8"), "300"),
        (("id", "UInt8"), "-1"),
        (("id", "UInt8"), ""),
        (("id", "UInt8"), "5x"),
        (("e", "Enum8('a' = 1)"), "z"),
    ] {
        let result = count_where(&stage, column, Operator::Equal, &[value]).await;
        assert!(result.is_err(), "{value:?}: {result:?}");
    }
}

#[tokio::test]
async fn order_and_limit_hold_through_conversions() {
    let stage = Stage::new().await;
    stage
        .run(
            "CREATE TABLE t (id UInt8, a Array(UInt8)) ENGINE = MergeTree ORDER BY id \
              AS SELECT number, [number] FROM numbers(100)",
        )
        .await;
    let selection = Selection {
        order_by: vec![OrderBy {
            column: "id".to_owned(),
            descending: true,
        }],
        limit: Some(2),
        ..Selection::default()
    };
    let columns = [
        column("a", Projection::Text(None)),
        column("id", Projection::Value),
    ];
    let statement = select_table(&stage.table("t"), &columns, &selection).unwrap();
    let bytes = stage.read(&statement).await.unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.find("[99]") < text.find("[98]"), "{text:?}");
    assert_eq!(bytes.get(..2), Some(&[2, 2][..]));
}

#[tokio::test]
async fn conversions_go_around_a_query() {
    let stage = Stage::new().await;
    let query = SelectQuery::from_normalised("SELECT [1] AS a, 'x' AS a2").unwrap();
    let columns = [
        column("a", Projection::Text(None)),
        column("a2", Projection::Value),
    ];
    let bytes = stage.read(&select_query(&query, &columns)).await.unwrap();
    assert!(bytes.ends_with(b"\x02a2\x06String\x01x"), "{bytes:?}");
}

#[tokio::test]
async fn database_refuses_everything_but_reading() {
    let stage = Stage::new().await;
    // What a caller's query may not call stands in a view here.
    for (name, source) in [
        ("far", "remote('127.0.0.1:9', system, one, 'dummy UInt8')"),
        (
            "web",
            "url('http://127.0.0.1:9/x', 'LineAsString', 's String')",
        ),
    ] {
        let view = format!("CREATE VIEW {name} (s String) AS SELECT * FROM {source}");
        stage.run(&view).await;
        let read = format!("SELECT * FROM {name}");
        let error = stage.read(&free_query(&read)).await.unwrap_err();
        assert!(matches!(error, Error::AccessDenied(_)), "{name}: {error:?}");
    }
}

#[tokio::test]
async fn exception_after_the_first_rows_is_an_error_and_never_data() {
    let stage = Stage::new().await;
    for (text, rows_before) in [
        (
            "SELECT throwIf(number = 3000000, 'bo\u{f6}m') AS x FROM system.numbers",
            true,
        ),
        (
            "SELECT throwIf(number = 3000000, repeat('long ', 3000)) FROM system.numbers",
            true,
        ),
        (
            "SELECT toUInt8(throwIf(number = 0, 'at once')) FROM system.numbers",
            false,
        ),
    ] {
        let query = stage
            .client
            .query_native(&free_query(text), Uuid::new_v4())
            .await
            .unwrap();
        let mut query = query;
        let mut bytes = Vec::new();
        let error = loop {
            match query.next().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => panic!("{text}: no error"),
                Err(error) => break error,
            }
        };
        assert_eq!(!bytes.is_empty(), rows_before, "{text}");
        assert!(
            !bytes.windows(13).any(|part| part == b"__exception__"),
            "{text}"
        );
        // The name stands at the end of the text, which a busy ClickHouse does not always get across before
        // it hangs up.
        let code = error.exception().map(|exception| exception.code);
        assert_eq!(code, Some(395), "{text}: {error:?}");
        assert!(
            query.next().await.unwrap().is_none(),
            "nothing follows an error"
        );
    }
}

#[tokio::test]
async fn slow_reader_holds_the_query_up_without_loss() {
    let stage = Stage::new().await;
    let statement = free_query("SELECT number FROM numbers(3000000)");
    let query_id = Uuid::new_v4();
    let mut query = stage
        .client
        .query_native(&statement, query_id)
        .await
        .unwrap();
    let first = query.next().await.unwrap().unwrap();
    let seen = stage.client.progress(query_id).await.unwrap().unwrap();
    assert!(
        seen.read_rows < 3_000_000,
        "the result waits in no queue: {seen:?}"
    );
    let rest = read_all(query).await.unwrap();
    assert!(first.len() + rest.len() > 24_000_000);
}

#[tokio::test]
async fn dropped_query_ends_in_the_database() {
    let stage = Stage::new().await;
    let query_id = Uuid::new_v4();
    let statement = free_query("SELECT number FROM system.numbers");
    let mut query = stage
        .client
        .query_native(&statement, query_id)
        .await
        .unwrap();
    query.next().await.unwrap();
    assert!(stage.client.progress(query_id).await.unwrap().is_some());
    drop(query);
    let started = Instant::now();
    while stage.client.progress(query_id).await.unwrap().is_some() {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "the query runs on"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn killed_query_ends_with_an_error() {
    let stage = Stage::new().await;
    let query_id = Uuid::new_v4();
    let statement = free_query("SELECT number FROM system.numbers");
    let mut query = stage
        .client
        .query_native(&statement, query_id)
        .await
        .unwrap();
    query.next().await.unwrap();
    stage.client.kill(query_id).await.unwrap();
    let error = read_all(query).await.unwrap_err();
    let name = error.exception().map(|exception| exception.name.as_str());
    assert_eq!(name, Some("QUERY_WAS_CANCELLED"), "{error:?}");
}

#[tokio::test]
async fn somebody_has_looked_at_each_function_of_the_engine() {
    let url = engine_url().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/clickhouse/sql/functions");
    let mut listed = HashSet::new();
    for list in ["scalar", "aggregate", "higher_order", "refused"] {
        let text = std::fs::read_to_string(format!("{folder}/{list}.txt")).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for name in lines.flat_map(str::split_whitespace) {
            assert!(listed.insert(name.to_owned()), "{name} stands in two lists");
        }
    }
    let question = "SELECT name, higher_order = 1 FROM system.functions WHERE origin = 'System'";
    let (status, answer) = post(&url, "/", question.as_bytes());
    assert_eq!(status, 200, "{answer}");
    let higher = std::fs::read_to_string(format!("{folder}/higher_order.txt")).unwrap();
    for line in answer.lines() {
        let (name, takes_functions) = line.split_once('\t').unwrap();
        assert!(listed.contains(name), "{name} stands in no list");
        let is_listed = higher.split_whitespace().any(|listed| listed == name);
        assert_eq!(takes_functions == "1", is_listed, "{name} takes functions");
    }
}
