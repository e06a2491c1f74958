//! NDJSON into tables of every shape, and documents that JSON columns take or not.

use std::fmt::Write as _;

use sluice_proto::v1 as pb;

use crate::support::{TestServer, counters, creating, metadata, post, reason, spec};

fn lenient(table: &str) -> pb::UploadSpec {
    pb::UploadSpec {
        rejects: Some(pb::RejectPolicy {
            max_rows: Some(100),
            ..Default::default()
        }),
        ..spec(table)
    }
}

fn without_extra(spec: pb::UploadSpec) -> pb::UploadSpec {
    pb::UploadSpec {
        ignore_extra_fields: true,
        ..spec
    }
}

/// More lines than are looked at before a table is chosen, then one with a key of its own.
fn with_late_key(key: &str) -> String {
    let mut file = String::new();
    for id in 0..40_000 {
        writeln!(file, r#"{{"id":{id},"a":"xxxxxxxxxxxxxxxx"}}"#).unwrap();
    }
    writeln!(file, r#"{{"id":40000,"a":"y",{key}}}"#).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_comes_late_has_its_column() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE t (id UInt32, a String, b Nullable(UInt8), c UInt8 DEFAULT id % 7 + 1, n Nested(x UInt8), \
         `o.p` Nullable(String)) ENGINE = MergeTree ORDER BY id",
    );
    let file = with_late_key(r#""b":5,"c":200,"o":{"p":"q"}"#);
    let late = pb::UploadSpec {
        default_missing_columns: true,
        ..spec("t")
    };
    let response = server.upload(late, &file).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 40_001);
    let rows = "SELECT id, b, c, `o.p` FROM t WHERE id IN (8, 40000) ORDER BY id";
    assert_eq!(server.sql(rows), "8\t\\N\t2\t\\N\n40000\t5\t200\tq");
    let source = |column: &str| {
        let mut columns = response.columns.iter();
        let found = columns.find(|found| found.column == column).unwrap();
        found.source.clone().unwrap_or_default()
    };
    assert_eq!(["b", "c", "o.p", "n.x"].map(source), ["b", "c", "o.p", ""]);

    // One that the table does not have is at fault, and only then left out if that is asked for.
    server.sql("CREATE TABLE u (id UInt32, a String) ENGINE = MergeTree ORDER BY id");
    let file = with_late_key(r#""b":5"#);
    let status = server.upload(spec("u"), &file).await.unwrap_err();
    assert_eq!(reason(&status), "UNMATCHED_COLUMN", "{status}");
    assert_eq!(metadata(&status, "column"), "b");
    assert_eq!(metadata(&status, "line"), "40001");
    let response = server.upload(lenient("u"), &file).await.unwrap();
    assert_eq!(counters(&response).rows_rejected, 1);
    assert_eq!(response.rejected_rows[0].reason, "UNMATCHED_COLUMN");
    server.sql("TRUNCATE TABLE u");
    let response = server
        .upload(without_extra(spec("u")), &file)
        .await
        .unwrap();
    assert_eq!(counters(&response).rows_committed, 40_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_made_of_the_whole_file_has_the_keys_that_come_late() {
    let server = TestServer::start().await;
    let file = with_late_key(r#""b":5"#);
    let status = server.upload(creating("made"), &file).await.unwrap_err();
    assert_eq!(reason(&status), "UNMATCHED_COLUMN", "{status}");
    let scan = pb::UploadSpec {
        dry_run: true,
        full_scan: true,
        ..creating("made")
    };
    let statement = server.upload(scan, &file).await.unwrap().create_statement;
    assert!(statement.contains("`b` Nullable("), "{statement}");
    let by_statement = pb::UploadSpec {
        create_statement: statement,
        ..creating("made")
    };
    let response = server.upload(by_statement, &file).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 40_001);
    let rows = "SELECT id, b FROM made WHERE id >= 39999 ORDER BY id";
    assert_eq!(server.sql(rows), "39999\t\\N\n40000\t5");
}

#[tokio::test(flavor = "multi_thread")]
async fn truth_values_are_one_and_zero_in_whole_numbers() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE t (id UInt32, s String, b UInt8, l Array(Int16)) ENGINE = MergeTree ORDER BY id",
    );
    let file = "{\"id\":1,\"s\":12,\"b\":false,\"l\":[true,7]}\n{\"id\":2,\"s\":\"x\",\"b\":true,\"l\":[]}\n";
    server.upload(spec("t"), file).await.unwrap();
    let rows = "SELECT * FROM t ORDER BY id";
    assert_eq!(server.sql(rows), "1\t12\t0\t[1,7]\n2\tx\t1\t[]");
    // A record that was rejected for something else comes back so that it loads.
    let file = "{\"id\":-3,\"s\":\"y\",\"b\":true,\"l\":[]}\n";
    let response = server.upload(lenient("t"), file).await.unwrap();
    let rejects = server
        .rejects_file(&response.transfer.unwrap().transfer_id)
        .await
        .unwrap()
        .concat();
    let corrected = String::from_utf8(rejects).unwrap().replace("-3", "3");
    server.upload(spec("t"), corrected.as_str()).await.unwrap();
    assert_eq!(server.sql("SELECT * FROM t WHERE id = 3"), "3\ty\t1\t[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_go_into_columns_of_every_shape() {
    let server = TestServer::start().await;
    let file = "{\"site\":\"north\",\"pump\":{\"model\":\"K7\",\"motor\":{\"kw\":11,\"phase\":\"three\"}}}\n\
        {\"site\":\"south\",\"pump\":{\"model\":\"R2\",\"motor\":{\"kw\":4,\"phase\":\"one\"}}}\n";
    for (columns, first) in [
        (
            "`pump.model` String, `pump.motor.kw` UInt8, `pump.motor.phase` String",
            "K7\t11\tthree",
        ),
        (
            "`pump.model` String, `pump.motor` JSON",
            "K7\t{\"kw\":11,\"phase\":\"three\"}",
        ),
        (
            "pump Tuple(model String, motor Tuple(kw UInt8, phase String))",
            "('K7',(11,'three'))",
        ),
        (
            "pump Map(String, String)",
            "{'model':'K7','motor':'{\"kw\":11,\"phase\":\"three\"}'}",
        ),
        (
            "pump JSON",
            "{\"model\":\"K7\",\"motor\":{\"kw\":11,\"phase\":\"three\"}}",
        ),
        (
            "pump String",
            "{\"model\":\"K7\",\"motor\":{\"kw\":11,\"phase\":\"three\"}}",
        ),
    ] {
        server.sql("DROP TABLE IF EXISTS t");
        server.sql(&format!(
            "CREATE TABLE t (site String, {columns}) ENGINE = MergeTree ORDER BY site"
        ));
        let response = server.upload(spec("t"), file).await.unwrap();
        assert_eq!(counters(&response).rows_committed, 2, "{columns}");
        let rows = "SELECT * EXCEPT site FROM t WHERE site = 'north' FORMAT TSVRaw";
        assert_eq!(server.sql(rows), first, "{columns}");
    }
    // A part that the table does not have is a field without a column.
    server
        .sql("CREATE TABLE p (site String, `pump.model` String) ENGINE = MergeTree ORDER BY site");
    let status = server.upload(spec("p"), file).await.unwrap_err();
    assert_eq!(reason(&status), "UNMATCHED_COLUMN", "{status}");
    let response = server.upload(without_extra(spec("p")), file).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 2);
    assert_eq!(
        server.sql("SELECT `pump.model` FROM p ORDER BY site"),
        "K7\nR2"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn arrays_of_objects_go_into_columns_of_every_shape() {
    let server = TestServer::start().await;
    let file = "{\"name\":\"svc\",\"in\":[{\"host\":\"a \\\"q\\\"\",\"port\":5000},{\"host\":\"b\",\"port\":1}]}\n\
        {\"name\":\"s2\",\"in\":[]}\n";
    for (columns, expected) in [
        (
            "in Nested(host String, port UInt16)",
            "['a \"q\"','b']\t[5000,1]\n[]\t[]",
        ),
        (
            "in Array(Tuple(host String, port UInt16))",
            "[('a \"q\"',5000),('b',1)]\n[]",
        ),
        (
            "in Array(String)",
            "['{\"host\":\"a \\\\\"q\\\\\"\",\"port\":5000}','{\"host\":\"b\",\"port\":1}']\n[]",
        ),
        (
            "in Array(JSON)",
            "['{\"host\":\"a \\\\\"q\\\\\"\",\"port\":5000}','{\"host\":\"b\",\"port\":1}']\n[]",
        ),
        (
            "in Array(Map(String, String))",
            "[{'host':'a \"q\"','port':'5000'},{'host':'b','port':'1'}]\n[]",
        ),
        (
            "in String",
            "[{\"host\":\"a \\\"q\\\"\",\"port\":5000},{\"host\":\"b\",\"port\":1}]\n[]",
        ),
    ] {
        server.sql("DROP TABLE IF EXISTS t");
        server.sql(&format!(
            "CREATE TABLE t (name String, {columns}) ENGINE = MergeTree ORDER BY name"
        ));
        server.upload(spec("t"), file).await.unwrap();
        let rows = "SELECT * EXCEPT name FROM t ORDER BY name DESC FORMAT TSVRaw";
        assert_eq!(server.sql(rows), expected, "{columns}");
    }
    // A table that is made of it has text, and says so.
    let response = server.upload(creating("made"), file).await.unwrap();
    let columns = response.profile.unwrap().columns;
    assert_eq!(columns[1].r#type, "String");
    assert!(
        columns[1]
            .notes
            .iter()
            .any(|note| note.contains("Array or Nested")),
        "{columns:?}"
    );
}

/// Documents that are none, and why not.
const BAD_DOCUMENTS: [(&str, &str); 7] = [
    ("{bad", "INVALID_DOCUMENT"),
    ("[1]", "INVALID_DOCUMENT"),
    ("null", "INVALID_DOCUMENT"),
    (r#"{"a":1,"a":2}"#, "INVALID_DOCUMENT"),
    (r#"{"a":{"b":1},"a.b":2}"#, "INVALID_DOCUMENT"),
    (r#"{"a":18446744073709551616}"#, "OVERFLOW"),
    ("", "NULL_NOT_ALLOWED"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_none_is_a_rejected_row() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE t (id UInt32, doc JSON) ENGINE = MergeTree ORDER BY id");
    for (document, expected) in BAD_DOCUMENTS {
        let quoted = match document {
            "" => String::new(),
            _ => format!("\"{}\"", document.replace('"', "\"\"")),
        };
        let file = format!("id,doc\n1,\"{{\"\"a\"\":1}}\"\n2,{quoted}\n3,\"{{\"\"a\"\":3}}\"\n");
        for dry_run in [true, false] {
            let spec = pb::UploadSpec {
                dry_run,
                ..lenient("t")
            };
            let response = server.upload(spec, file.as_str()).await.unwrap();
            let [rejected] = response.rejected_rows.as_slice() else {
                panic!("{document}: {response:?}");
            };
            let found = (
                rejected.line,
                rejected.reason.as_str(),
                rejected.column.as_str(),
            );
            assert_eq!(found, (3, expected, "doc"), "{document}");
        }
        let status = server.upload(spec("t"), file.as_str()).await.unwrap_err();
        assert_eq!(reason(&status), expected, "{document}");
        assert_eq!(metadata(&status, "line"), "3");
    }
    assert_eq!(
        server.sql("SELECT count(), sum(doc.a::Int64) FROM t"),
        "14\t28"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_here_clickhouse_does_not_take_either() {
    let server = TestServer::start().await;
    for (document, _) in BAD_DOCUMENTS {
        let cast = format!("SELECT CAST('{document}' AS JSON)");
        let (status, _) = post(&server.engine_url, "/", cast.as_bytes());
        // Of null it makes an empty object, in silence.
        assert_eq!(status == 200, document == "null", "{document}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_values_of_a_document_stay_what_they_are() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE t (id UInt32, doc JSON(k UInt8), n Nullable(JSON), l Array(JSON)) \
         ENGINE = MergeTree ORDER BY id",
    );
    let document = r#"{"d":"2024-02-30","f":[true,2],"i":18446744073709551615,"k":7,"m":[true,"x"],"t":"2024-01-01T00:00:00Z"}"#;
    let file =
        format!("{{\"id\":1,\"doc\":{document},\"n\":null,\"l\":[{{\"x\":\"01\"}},\"{{}}\"]}}\n");
    server.upload(spec("t"), file.as_str()).await.unwrap();
    let row = server.sql("SELECT doc, n, l FROM t FORMAT TSVRaw");
    assert_eq!(row, format!("{document}\t\\N\t['{{\"x\":\"01\"}}','{{}}']"));
    for (part, reason) in [
        ("300", "OVERFLOW"),
        ("1.5", "PRECISION_LOSS"),
        ("null", "NULL_NOT_ALLOWED"),
    ] {
        let file = format!("{{\"id\":2,\"doc\":{{\"k\":{part}}},\"n\":{{}},\"l\":[]}}\n");
        let response = server.upload(lenient("t"), file.as_str()).await.unwrap();
        assert_eq!(response.rejected_rows[0].reason, reason, "{part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_a_constraint_refuses_is_named_with_the_table_of_the_caller() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE t (id UInt32, v Int32, s String, CONSTRAINT positive CHECK v > 0) \
         ENGINE = MergeTree ORDER BY id \
         SETTINGS non_replicated_deduplication_window = 1000",
    );
    // A rejected row and one of two lines stand before it, and more rows than a chunk of ClickHouse has.
    let mut file = String::from("id,v,s\nx,1,\n1,1,\"two\nlines\"\n");
    for id in 2..=150_000 {
        let v = if id == 120_000 { -3 } else { 5 };
        writeln!(file, "{id},{v},t").unwrap();
    }
    let modes = [
        pb::CommitMode::Atomic,
        pb::CommitMode::Blocks,
        pb::CommitMode::Direct,
    ];
    for mode in modes {
        let spec = pb::UploadSpec {
            commit_mode: mode.into(),
            ..lenient("t")
        };
        let status = server.upload(spec, file.as_str()).await.unwrap_err();
        assert_eq!(reason(&status), "CONSTRAINT_VIOLATED", "{status}");
        assert_eq!(metadata(&status, "table"), "default.t", "{mode:?}");
        assert_eq!(metadata(&status, "constraint"), "positive");
        assert_eq!(metadata(&status, "expression"), "v > 0");
        assert_eq!(metadata(&status, "value"), "v = -3");
        assert!(!status.message().contains("_sluice"), "{status}");
        if mode != pb::CommitMode::Direct {
            assert_eq!(metadata(&status, "line"), "120003", "{mode:?}");
            assert_eq!(metadata(&status, "record"), "120001", "{mode:?}");
        }
    }
    assert_eq!(server.sql("SELECT count() FROM t WHERE v < 0"), "0");
}
