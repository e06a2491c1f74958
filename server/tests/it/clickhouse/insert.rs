//! Streaming inserts.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sluice_server::clickhouse::{
    Error, Insert,
    sql::{InsertColumn, Statement, insert_native},
};
use uuid::Uuid;

use super::{Stage, block, text_block};

fn column(name: &str, wire_type: &str, cast_to: Option<&str>) -> InsertColumn {
    InsertColumn {
        name: name.to_owned(),
        wire_type: wire_type.to_owned(),
        cast_to: cast_to.map(str::to_owned),
    }
}

fn numbers(stage: &Stage) -> Statement {
    insert_native(&stage.table("t"), &[column("n", "Int32", None)])
}

/// A block with `row_count` times the number 7.
fn sevens(row_count: u8) -> Bytes {
    block(
        "n",
        "Int32",
        row_count,
        &7_i32.to_le_bytes().repeat(usize::from(row_count)),
    )
}

/// Sends until the INSERT shows among the processes: ClickHouse begins it after 256 KiB or the end.
async fn send_until_it_runs(stage: &Stage, insert: &mut Insert, query_id: Uuid) {
    let block = Bytes::from(sevens(100).repeat(100));
    while stage.client.progress(query_id).await.unwrap().is_none() {
        insert.send(block.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn blocks_arrive_in_order_also_when_cut_anywhere() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (n Int32) ENGINE = MergeTree ORDER BY tuple()")
        .await;
    let bytes = [sevens(3), sevens(100)].concat();
    let mut insert = stage
        .client
        .insert(&numbers(&stage), Uuid::new_v4())
        .await
        .unwrap();
    for piece in bytes.chunks(5) {
        insert.send(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    insert.finish().await.unwrap();
    assert_eq!(
        stage.value("SELECT (count(), sum(n)) FROM t").await,
        "(103,721)"
    );
}

#[tokio::test]
async fn names_with_backticks_and_backslashes_are_only_names() {
    let stage = Stage::new().await;
    stage
        .run(r"CREATE TABLE `we\`ird \\ ta'ble` (`c\`o\\l` String) ENGINE = Memory")
        .await;
    let table = stage.table(r"we`ird \ ta'ble");
    let statement = insert_native(&table, &[column(r"c`o\l", "String", None)]);
    let mut insert = stage
        .client
        .insert(&statement, Uuid::new_v4())
        .await
        .unwrap();
    insert.send(text_block(r"c`o\l", &["x"])).await.unwrap();
    insert.finish().await.unwrap();
    assert_eq!(
        stage
            .value(r"SELECT `c\`o\\l` FROM `we\`ird \\ ta'ble`")
            .await,
        "x"
    );
}

#[tokio::test]
async fn complex_types_are_cast_by_the_database() {
    let stage = Stage::new().await;
    let cases = [
        ("Array(Nullable(Int8))", "[1,NULL]"),
        ("Map(String, UInt8)", "{'a':1}"),
        ("Array(Map(String, Array(Int8)))", "[{'a':[1]}]"),
        ("Tuple(x Int8, y String)", "(1,'it\\'s')"),
        ("JSON", r#"{"a":{"b":1}}"#),
        ("Array(DateTime('UTC'))", "['2024-02-29 12:00:00']"),
        ("Point", "(1,2)"),
    ];
    for (data_type, text) in cases {
        stage.run("DROP TABLE IF EXISTS t").await;
        stage
            .run(&format!("CREATE TABLE t (c {data_type}) ENGINE = Memory"))
            .await;
        let statement = insert_native(&stage.table("t"), &[column("c", "String", Some(data_type))]);
        let mut insert = stage
            .client
            .insert(&statement, Uuid::new_v4())
            .await
            .unwrap();
        insert.send(text_block("c", &[text])).await.unwrap();
        insert
            .finish()
            .await
            .unwrap_or_else(|error| panic!("{data_type}: {error}"));
        let stored = stage.value("SELECT toString(c) FROM t").await;
        assert_eq!(stored, text, "{data_type}");
    }
}

#[tokio::test]
async fn container_with_a_value_that_does_not_fit_is_refused() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (c Array(UInt8)) ENGINE = Memory")
        .await;
    let columns = [column("c", "String", Some("Array(UInt8)"))];
    let statement = insert_native(&stage.table("t"), &columns);
    for text in ["[300]", "[1", "", "[1] x"] {
        let mut insert = stage
            .client
            .insert(&statement, Uuid::new_v4())
            .await
            .unwrap();
        insert.send(text_block("c", &[text])).await.unwrap();
        assert!(insert.finish().await.is_err(), "{text:?}");
    }
    assert_eq!(stage.value("SELECT count() FROM t").await, "0");
}

#[tokio::test]
async fn null_takes_the_default_on_both_routes() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (n Int32 DEFAULT 42, a Array(Int8)) ENGINE = Memory")
        .await;
    let plain = insert_native(&stage.table("t"), &[column("n", "Nullable(Int32)", None)]);
    let null = block("n", "Nullable(Int32)", 1, &[1, 0, 0, 0, 0]);
    let mut insert_plain = stage.client.insert(&plain, Uuid::new_v4()).await.unwrap();
    insert_plain.send(null.clone()).await.unwrap();
    insert_plain.finish().await.unwrap();
    let columns = [
        column("n", "Nullable(Int32)", None),
        column("a", "String", Some("Array(Int8)")),
    ];
    let cast = insert_native(&stage.table("t"), &columns);
    let mut insert_cast = stage.client.insert(&cast, Uuid::new_v4()).await.unwrap();
    let mut bytes = null.to_vec();
    bytes[0] = 2;
    bytes.extend_from_slice(b"\x01a\x06String\x03[1]");
    insert_cast.send(bytes.into()).await.unwrap();
    insert_cast.finish().await.unwrap();
    assert_eq!(
        stage.value("SELECT groupArray((n, a)) FROM t").await,
        "[(42,[]),(42,[1])]"
    );
}

#[tokio::test]
async fn equal_contents_are_never_dropped() {
    let stage = Stage::new().await;
    stage
        .run(
            "CREATE TABLE t (n Int32) ENGINE = MergeTree ORDER BY n \
              SETTINGS non_replicated_deduplication_window = 100",
        )
        .await;
    for _ in 0..2 {
        let mut insert = stage
            .client
            .insert(&numbers(&stage), Uuid::new_v4())
            .await
            .unwrap();
        insert.send(sevens(10)).await.unwrap();
        insert.finish().await.unwrap();
    }
    assert_eq!(stage.value("SELECT count() FROM t").await, "20");
}

#[tokio::test]
async fn block_without_rows_changes_nothing() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (n Int32) ENGINE = MergeTree ORDER BY n")
        .await;
    let mut insert = stage
        .client
        .insert(&numbers(&stage), Uuid::new_v4())
        .await
        .unwrap();
    for chunk in [sevens(2), sevens(0), sevens(1), sevens(0)] {
        insert.send(chunk).await.unwrap();
    }
    insert.finish().await.unwrap();
    assert_eq!(stage.value("SELECT count() FROM t").await, "3");
}

#[tokio::test]
async fn dropped_insert_is_aborted() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (n Int32) ENGINE = MergeTree ORDER BY n")
        .await;
    let query_id = Uuid::new_v4();
    let mut insert = stage
        .client
        .insert(&numbers(&stage), query_id)
        .await
        .unwrap();
    send_until_it_runs(&stage, &mut insert, query_id).await;
    drop(insert);
    while stage.client.progress(query_id).await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.value("SELECT count() FROM t").await, "0");
}

#[tokio::test]
async fn fault_of_the_statement_is_told_by_name() {
    let stage = Stage::new().await;
    let mut insert = stage
        .client
        .insert(&numbers(&stage), Uuid::new_v4())
        .await
        .unwrap();
    let error = loop {
        if let Err(error) = insert.send(sevens(100)).await {
            break error;
        }
    };
    assert!(matches!(error, Error::UnknownTable(_)), "{error:?}");
}

#[tokio::test]
async fn unknown_table_shows_at_the_end_of_a_short_insert() {
    let stage = Stage::new().await;
    let mut insert = stage
        .client
        .insert(&numbers(&stage), Uuid::new_v4())
        .await
        .unwrap();
    insert.send(sevens(1)).await.unwrap();
    let error = insert.finish().await.unwrap_err();
    assert!(matches!(error, Error::UnknownTable(_)), "{error:?}");
}

#[tokio::test]
async fn exception_in_the_middle_of_a_long_insert_is_found() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (s String, CONSTRAINT c CHECK s != 'bad') ENGINE = MergeTree ORDER BY s")
        .await;
    let statement = insert_native(&stage.table("t"), &[column("s", "String", None)]);
    let long = "x".repeat(120);
    let good = [text_block("s", &vec![long.as_str(); 100])]
        .concat()
        .repeat(80);
    for round in 0..20 {
        let mut insert = stage
            .client
            .insert(&statement, Uuid::new_v4())
            .await
            .unwrap();
        insert.send(text_block("s", &["bad"])).await.unwrap();
        let started = Instant::now();
        let error = loop {
            if let Err(error) = insert.send(Bytes::from(good.clone())).await {
                break error;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "never noticed");
        };
        let name = error.exception().map(|exception| exception.name.as_str());
        assert_eq!(
            name,
            Some("VIOLATED_CONSTRAINT"),
            "round {round}: {error:?}"
        );
    }
}

#[tokio::test]
async fn half_a_block_is_refused() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (n Int32) ENGINE = MergeTree ORDER BY n")
        .await;
    let mut insert = stage
        .client
        .insert(&numbers(&stage), Uuid::new_v4())
        .await
        .unwrap();
    let whole = sevens(10);
    insert.send(whole.slice(..whole.len() - 1)).await.unwrap();
    let error = insert.finish().await.unwrap_err();
    assert!(error.exception().is_some(), "{error:?}");
    assert_eq!(stage.value("SELECT count() FROM t").await, "0");
}

#[tokio::test]
async fn killed_insert_says_so() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (n Int32) ENGINE = MergeTree ORDER BY n")
        .await;
    let query_id = Uuid::new_v4();
    let mut insert = stage
        .client
        .insert(&numbers(&stage), query_id)
        .await
        .unwrap();
    send_until_it_runs(&stage, &mut insert, query_id).await;
    stage.client.kill(query_id).await.unwrap();
    let error = loop {
        if let Err(error) = insert.send(sevens(100)).await {
            break error;
        }
    };
    let name = error.exception().map(|exception| exception.name.as_str());
    assert_eq!(name, Some("QUERY_WAS_CANCELLED"), "{error:?}");
}

#[tokio::test]
async fn a_block_is_not_written_before_its_last_byte() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (n Int32) ENGINE = MergeTree ORDER BY tuple()")
        .await;
    // One column and 200,000 rows: more than ClickHouse waits for before it begins.
    let mut bytes = b"\x01\xc0\x9a\x0c\x01n\x05Int32".to_vec();
    bytes.extend(7_i32.to_le_bytes().repeat(200_000));
    let mut bytes = Bytes::from(bytes);
    let last_byte = bytes.split_off(bytes.len() - 1);
    let open = async |token| {
        let query_id = Uuid::new_v4();
        let statement = numbers(&stage);
        let insert = stage.client.insert_block(&statement, query_id, token, None);
        let mut insert = insert.await.unwrap();
        insert.send(bytes.clone()).await.unwrap();
        while stage.client.progress(query_id).await.unwrap().is_none() {}
        (insert, query_id)
    };
    let (first, first_id) = open("first").await;
    let (mut second, _) = open("second").await;
    assert_eq!(stage.value("SELECT count() FROM t").await, "0");
    second.send(last_byte).await.unwrap();
    second.finish().await.unwrap();
    assert_eq!(stage.value("SELECT count() FROM t").await, "200000");
    drop(first);
    while stage.client.progress(first_id).await.unwrap().is_some() {}
    assert_eq!(stage.value("SELECT count() FROM t").await, "200000");
}
