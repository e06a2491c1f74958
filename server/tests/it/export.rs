//! What an export writes, in which messages, and what it refuses.

use sluice_proto::v1 as pb;
use tonic::Code;

use crate::support::{
    TestServer, export_query, export_source, export_table, metadata, reason, table_ref,
};

const NUMBERS: &str = "CREATE TABLE numbers_table (n UInt32, even LowCardinality(String), \
    half Nullable(Float64)) ENGINE = MergeTree ORDER BY n";

fn fill(server: &TestServer, rows: u32) {
    server.sql(NUMBERS);
    server.sql(&format!(
        "INSERT INTO numbers_table SELECT number, if(number % 2 = 0, 'even', 'odd'), \
         if(number % 10 = 0, NULL, number / 2) FROM numbers({rows})"
    ));
}

fn source() -> pb::TableSource {
    pb::TableSource {
        table: Some(table_ref("numbers_table")),
        ..Default::default()
    }
}

fn condition(column: &str, operator: pb::Operator, values: &[&str]) -> pb::Condition {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    pb::Condition {
        column: column.to_owned(),
        operator: operator.into(),
        values,
        alternatives: Vec::new(),
    }
}

/// The rows of `w` for which a condition holds.
async fn matching(server: &TestServer, condition: pb::Condition) -> usize {
    let source = pb::TableSource {
        table: Some(table_ref("w")),
        columns: vec!["id".to_owned()],
        r#where: vec![condition],
        ..Default::default()
    };
    let exported = server.export(export_source(source)).await;
    exported.unwrap().text().lines().count() - 1
}

fn order(column: &str, descending: bool) -> pb::OrderBy {
    pb::OrderBy {
        column: column.to_owned(),
        descending,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_comes_as_schema_data_and_summary() {
    let server = TestServer::start().await;
    fill(&server, 300_000);
    // Without an order ClickHouse gives the parts of a table as its threads get to them.
    let ordered = pb::TableSource {
        order_by: vec![order("n", false)],
        ..source()
    };
    let exported = server.export(export_source(ordered)).await.unwrap();
    let names: Vec<_> = exported
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.r#type.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("n", "UInt32"),
            ("even", "LowCardinality(String)"),
            ("half", "Nullable(Float64)")
        ]
    );
    let lines: Vec<_> = exported.text().lines().collect();
    assert_eq!(lines.len(), 300_001);
    assert_eq!(lines[..3], ["n,even,half", "0,even,\\N", "1,odd,0.5"]);
    assert!(exported.largest_message <= 1 << 20);
    let transfer = exported.summary.unwrap();
    let counters = transfer.counters.unwrap();
    assert_eq!(counters.rows_exported, 300_000);
    assert_eq!(
        counters.bytes_sent,
        i64::try_from(exported.file.len()).unwrap()
    );
    assert_eq!(transfer.state, i32::from(pb::TransferState::Succeeded));
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_conditions_order_and_limit_choose_the_rows() {
    use pb::Operator as Op;
    let server = TestServer::start().await;
    fill(&server, 100);
    let cases: Vec<(Vec<pb::Condition>, &str)> = vec![
        (vec![condition("n", Op::Less, &["2"])], "1\n0\n"),
        (
            vec![condition("n", Op::GreaterOrEqual, &["98"])],
            "99\n98\n",
        ),
        (vec![condition("n", Op::Equal, &["5"])], "5\n"),
        (vec![condition("n", Op::In, &["7", "70"])], "70\n7\n"),
        (
            vec![
                condition("half", Op::IsNull, &[]),
                condition("n", Op::Greater, &["80"]),
            ],
            "90\n",
        ),
        (
            vec![
                condition("even", Op::Like, &["%d%"]),
                condition("n", Op::LessOrEqual, &["4"]),
            ],
            "3\n1\n",
        ),
        (
            vec![
                condition("even", Op::NotEqual, &["odd' OR 1=1 --"]),
                condition("n", Op::Less, &["2"]),
            ],
            "1\n0\n",
        ),
        (
            vec![
                condition("even", Op::NotLike, &["%d%"]),
                condition("half", Op::IsNotNull, &[]),
                condition("n", Op::NotIn, &["2", "4"]),
                condition("n", Op::Less, &["8"]),
            ],
            "6\n",
        ),
    ];
    for (conditions, expected) in cases {
        let exported = server.export(export_source(pb::TableSource {
            columns: vec!["n".to_owned()],
            r#where: conditions.clone(),
            order_by: vec![order("even", false), order("n", true)],
            ..source()
        }));
        let text = exported
            .await
            .unwrap_or_else(|error| panic!("{conditions:?}: {error}"));
        let mut rows: Vec<u32> = text
            .text()
            .lines()
            .skip(1)
            .map(|n| n.parse().unwrap())
            .collect();
        rows.sort_by(|a, b| b.cmp(a));
        let rows: String = rows.iter().map(|n| format!("{n}\n")).collect();
        assert_eq!(rows, expected, "{conditions:?}");
    }
    let limited = pb::TableSource {
        limit: Some(3),
        order_by: vec![order("n", true)],
        columns: vec!["n".to_owned()],
        ..source()
    };
    let exported = server.export(export_source(limited)).await.unwrap();
    assert_eq!(exported.text(), "n\n99\n98\n97\n");
    let nothing = pb::TableSource {
        limit: Some(0),
        ..source()
    };
    assert_eq!(
        server.export(export_source(nothing)).await.unwrap().text(),
        "n,even,half\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_exported_with_its_complex_columns_as_text() {
    let server = TestServer::start().await;
    let query = "WITH 2 AS x SELECT x AS a, [1, 2] AS list, map('k', 'v') AS m, (1, 'z') AS t, \
        toLowCardinality('lc') AS lc, NULL AS nothing, 'a' AS `odd \"name\"` -- a comment";
    let exported = server.export(export_query(query)).await.unwrap();
    assert_eq!(
        exported.text(),
        "a,list,m,t,lc,nothing,\"odd \"\"name\"\"\"\n2,\"[1,2]\",{'k':'v'},\"(1,'z')\",lc,\\N,a\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_exported_is_refused_before_the_first_message() {
    let server = TestServer::start().await;
    fill(&server, 10);
    let unknown_column = pb::TableSource {
        columns: vec!["no".to_owned()],
        ..source()
    };
    let unknown_order = pb::TableSource {
        order_by: vec![order("no", false)],
        ..source()
    };
    let bad_value = pb::TableSource {
        r#where: vec![condition("n", pb::Operator::Less, &["x"])],
        ..source()
    };
    let no_value = pb::TableSource {
        r#where: vec![condition("n", pb::Operator::Less, &[])],
        ..source()
    };
    let cases = [
        (export_table("no_table"), "TABLE_NOT_FOUND", Code::NotFound),
        (
            export_source(unknown_column),
            "COLUMN_NOT_FOUND",
            Code::NotFound,
        ),
        (
            export_source(unknown_order),
            "COLUMN_NOT_FOUND",
            Code::NotFound,
        ),
        (
            export_source(no_value),
            "INVALID_REQUEST",
            Code::InvalidArgument,
        ),
        (
            export_query("SELECT FROM WHERE"),
            "INVALID_QUERY",
            Code::InvalidArgument,
        ),
        (
            export_query("DROP TABLE numbers_table"),
            "NOT_A_SELECT",
            Code::InvalidArgument,
        ),
        (
            export_query("SELECT 1; DROP TABLE numbers_table"),
            "NOT_A_SELECT",
            Code::InvalidArgument,
        ),
        (
            export_query("SELECT * FROM no_table"),
            "TABLE_NOT_FOUND",
            Code::NotFound,
        ),
        (export_query(" "), "NOT_A_SELECT", Code::InvalidArgument),
    ];
    for (request, expected, code) in cases {
        let text = format!("{request:?}");
        let status = server.export(request).await.unwrap_err();
        assert_eq!(
            (reason(&status).as_str(), status.code()),
            (expected, code),
            "{text}: {status:?}"
        );
    }
    let overflow = pb::TableSource {
        r#where: vec![condition("n", pb::Operator::Less, &["4294967296"])],
        ..source()
    };
    for (request, value) in [(bad_value, "x"), (overflow, "4294967296")] {
        let status = server.export(export_source(request)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert_eq!(metadata(&status, "value"), value);
    }
    assert_eq!(server.sql("SELECT count() FROM numbers_table"), "10");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_in_the_middle_is_an_error_and_never_data() {
    let server = TestServer::start().await;
    let query =
        "SELECT number, throwIf(number = 3000000, 'went wrong') AS fails FROM numbers(5000000)";
    let mut messages = server
        .ingest()
        .await
        .export(export_query(query))
        .await
        .unwrap()
        .into_inner();
    let mut file = Vec::new();
    let status = loop {
        match messages.message().await {
            Ok(Some(pb::ExportResponse {
                payload: Some(pb::export_response::Payload::Data(data)),
            })) => {
                file.extend_from_slice(&data);
            }
            Ok(Some(_)) => {}
            Ok(None) => panic!("the export ended as if it were whole"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason(&status), "CLICKHOUSE_EXCEPTION", "{status:?}");
    assert!(status.message().contains("went wrong"), "{status:?}");
    assert_eq!(
        metadata(&status, "clickhouseName"),
        "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"
    );
    let text = String::from_utf8(file).unwrap();
    assert!(text.len() > 1_000_000, "some of it had arrived");
    let whole = text.lines().skip(1).all(|line| line.ends_with(",0"));
    assert!(whole && text.ends_with('\n'), "only whole rows of data");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_kills_the_query() {
    let server = TestServer::start().await;
    let query = "SELECT number FROM system.numbers";
    let mut messages = server
        .ingest()
        .await
        .export(export_query(query))
        .await
        .unwrap()
        .into_inner();
    for _ in 0..5 {
        messages.message().await.unwrap().unwrap();
    }
    assert_eq!(running_queries(&server), 1);
    drop(messages);
    for _ in 0..100 {
        if running_queries(&server) == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the query still runs");
}

fn running_queries(server: &TestServer) -> u32 {
    let query = "SELECT count() FROM system.processes WHERE query LIKE 'SELECT number FROM system.numbers%'";
    server.sql(query).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_comes_while_a_query_is_silent() {
    let server = TestServer::start().await;
    // A query of a caller's may not sleep itself.
    server.sql("CREATE VIEW slow AS SELECT sleepEachRow(0.5) AS slept FROM numbers(4)");
    let query = "SELECT slept FROM slow";
    let exported = server.export(export_query(query)).await.unwrap();
    assert!(
        exported.progress.len() >= 5,
        "{} messages in 2 s",
        exported.progress.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_an_export_writes_finds_its_row() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE w (id UInt8, f Float64, g Nullable(Float32), d Decimal(10, 2), dt DateTime('Europe/Paris'), \
         d6 Nullable(DateTime64(6, 'America/Vancouver')), dl LowCardinality(DateTime), da Date, u UUID, i4 IPv4, \
         i6 IPv6, b Bool, e Enum8('a' = 1, 'b c' = 2), s String, lc LowCardinality(String), i256 Int256, \
         a Array(UInt8), at Array(DateTime('Europe/Paris')), m Map(String, UInt8), t Tuple(x UInt8, y String), \
         v Variant(UInt8, String), dy Dynamic, j JSON, p Point) ENGINE = MergeTree ORDER BY id \
         SETTINGS allow_suspicious_low_cardinality_types = 1",
    );
    // Two instants that the clocks of Paris showed alike, and of Vancouver; nothing else differs but in kind.
    server.sql(
        "INSERT INTO w VALUES \
         (1, nan, nan, 1.5, toDateTime(1729989000), toDateTime64(1730624400, 6), toDateTime(1), '2024-02-29', \
          '0190a5f0-7f1a-7c00-8000-0000000000c0', '1.2.3.4', '::1', true, 'b c', 'it''s', 'x', -5, [1, 2], \
          [toDateTime(1729989000)], map('k', 1), (1, 'q''r'), 5::UInt8, 'dyn', '{\"a\": 1}', (1.5, 2)), \
         (2, -0.1, 0.1, -1.5, toDateTime(1729992600), toDateTime64(1730628000, 6), toDateTime(2), '2024-03-01', \
          '0190a5f0-7f1a-7c00-8000-0000000000c1', '1.2.3.5', '::2', false, 'a', '', 'y', 5, [], \
          [toDateTime(1729992600)], map(), (2, ''), 'five', 5::UInt8, '{\"a\": 2}', (0, 0))",
    );
    let everything = pb::TableSource {
        table: Some(table_ref("w")),
        order_by: vec![order("id", false)],
        ..Default::default()
    };
    let exported = server.export(export_source(everything)).await.unwrap();
    let mut reader = csv::Reader::from_reader(exported.text().as_bytes());
    let names = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        for (name, value) in names.iter().zip(row) {
            for (operator, values, expected) in [
                (pb::Operator::Equal, &[value] as &[&str], 1),
                (pb::Operator::NotEqual, &[value], 1),
                (pb::Operator::In, &[value, value], 1),
                (pb::Operator::NotIn, &[value], 1),
            ] {
                let found = matching(&server, condition(name, operator, values)).await;
                assert_eq!(found, expected, "{name} {operator:?} {values:?}");
            }
        }
    }
    for (condition, expected) in [
        (condition("m", pb::Operator::Equal, &["{'k' : 1}"]), 1),
        (condition("t", pb::Operator::Equal, &["( 1 , 'q\\'r' )"]), 1),
        (condition("f", pb::Operator::In, &["nan", "-0.1"]), 2),
        (
            condition("da", pb::Operator::Between, &["2024-02-29", "2024-03-01"]),
            2,
        ),
        (
            condition(
                "da",
                pb::Operator::NotBetween,
                &["2024-03-01", "2024-03-02"],
            ),
            1,
        ),
        (
            condition("dt", pb::Operator::Greater, &["2024-10-27 02:30:00+02:00"]),
            1,
        ),
        (condition("s", pb::Operator::Ilike, &["IT%"]), 1),
        (condition("s", pb::Operator::NotIlike, &["IT%"]), 1),
    ] {
        let text = format!("{condition:?}");
        assert_eq!(matching(&server, condition).await, expected, "{text}");
    }
    let either = pb::Condition {
        alternatives: vec![condition("id", pb::Operator::Equal, &["2"])],
        ..condition("f", pb::Operator::Equal, &["nan"])
    };
    assert_eq!(matching(&server, either).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_are_not_utf8_come_back_as_they_are() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE w (id UInt8, s String, l LowCardinality(String), n Nullable(String), f FixedString(3)) \
         ENGINE = MergeTree ORDER BY id",
    );
    server.sql(
        "INSERT INTO w VALUES (1, unhex('436166E9'), unhex('FF'), unhex('80'), unhex('FFFEFD')), \
         (2, unhex('FF00220A092CE9'), 'é', NULL, 'abc'), (3, '', unhex('C3'), unhex('EFBBBF'), unhex('00FF00'))",
    );
    server.sql("CREATE TABLE again AS w");
    let before = server.checksum("w");
    let whole = || pb::TableSource {
        table: Some(table_ref("w")),
        ..Default::default()
    };
    for delimiter in [None, Some("\t"), Some(";")] {
        let mut request = export_source(whole());
        request.dialect.get_or_insert_default().delimiter = delimiter.map(str::to_owned);
        let exported = server.export(request).await.unwrap();
        assert!(exported.has_invalid_utf8);
        server.sql("TRUNCATE TABLE again");
        let mut upload = crate::support::spec("again");
        let dialect = upload.dialect.get_or_insert_default();
        dialect.encoding = "utf-8-bytes".to_owned();
        dialect.delimiter = delimiter.map(str::to_owned);
        server.upload(upload, &exported.file).await.unwrap();
        assert_eq!(server.checksum("again"), before, "{delimiter:?}");
    }
    let mut told = export_source(whole());
    told.dialect.get_or_insert_default().encoding = "utf-8-bytes".to_owned();
    assert!(!server.export(told).await.unwrap().has_invalid_utf8);
    let columns = vec!["id".to_owned()];
    let plain = server
        .export(export_source(pb::TableSource { columns, ..whole() }))
        .await;
    assert!(!plain.unwrap().has_invalid_utf8);
    // Without the word, what is not UTF-8 is refused and named.
    let mut strict = crate::support::spec("again");
    strict.dialect.get_or_insert_default().encoding = "utf-8".to_owned();
    let exported = server.export(export_source(whole())).await.unwrap();
    let status = server.upload(strict, &exported.file).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_UTF8");
}
