//! What an upload does with a file and a table, and what it says about it.

use sluice_proto::v1 as pb;
use tonic::Code;

use crate::support::{TestServer, metadata, reason, spec, table_ref};

const ITEMS: &str = "CREATE TABLE items (id UInt32, name String, price Nullable(Decimal(10, 2)), \
    added Date DEFAULT '2000-01-01') ENGINE = MergeTree ORDER BY id";

fn mapping(column: &str, source: &str) -> pb::ColumnMapping {
    pb::ColumnMapping {
        column: column.to_owned(),
        source: source.to_owned(),
    }
}

fn with_dialect(table: &str, dialect: pb::Dialect) -> pb::UploadSpec {
    pb::UploadSpec {
        dialect: Some(dialect),
        ..spec(table)
    }
}

fn headless(table: &str) -> pb::UploadSpec {
    let dialect = pb::Dialect {
        header_rows: Some(0),
        ..Default::default()
    };
    with_dialect(table, dialect)
}

/// Loads a file that must be refused, and checks that nothing of it is in the table.
async fn refused(server: &TestServer, spec: pb::UploadSpec, file: &str) -> tonic::Status {
    let status = server.upload(spec, file).await.unwrap_err();
    assert_eq!(server.sql("SELECT count() FROM items"), "0", "{file}");
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_matched_by_name_and_missing_ones_take_their_default() {
    let server = TestServer::start().await;
    server.sql(ITEMS);
    let file = "NAME,id,price\n\"a, \"\"b\"\"\",1,2.50\nplain,2,\n";
    let response = server.upload(spec("items"), file).await.unwrap();
    assert_eq!(
        server.sql("SELECT * FROM items ORDER BY id"),
        "1\ta, \"b\"\t2.5\t2000-01-01\n2\tplain\t\\N\t2000-01-01"
    );
    let sources: Vec<_> = response
        .columns
        .iter()
        .map(|c| c.source.as_deref())
        .collect();
    assert_eq!(sources, [Some("id"), Some("NAME"), Some("price"), None]);
    let transfer = response.transfer.unwrap();
    let counters = transfer.counters.unwrap();
    assert_eq!(counters.bytes_received, i64::try_from(file.len()).unwrap());
    let rows = (
        counters.rows_parsed,
        counters.rows_staged,
        counters.rows_committed,
    );
    assert_eq!(rows, (2, 2, 2));
    assert_eq!(transfer.state, i32::from(pb::TransferState::Succeeded));
    assert_eq!(transfer.commit_mode(), pb::CommitMode::Atomic);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_header_is_matched_by_position() {
    let server = TestServer::start().await;
    server.sql(ITEMS);
    server
        .upload(headless("items"), "1,one,\n2,two,3\n")
        .await
        .unwrap();
    assert_eq!(server.sql("SELECT name FROM items ORDER BY id"), "one\ntwo");
    let status = server
        .upload(headless("items"), "3,x,1,2024-01-01,extra\n")
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "UNMATCHED_COLUMN");
    assert_eq!(metadata(&status, "column"), "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_can_be_selected_and_renamed() {
    let server = TestServer::start().await;
    server.sql(ITEMS);
    let columns = vec![mapping("id", "key"), mapping("name", "")];
    let selected = pb::UploadSpec {
        columns,
        ..spec("items")
    };
    server
        .upload(selected, "ignored,key,name\nx,7,seven\n")
        .await
        .unwrap();
    assert_eq!(
        server.sql("SELECT id, name, price FROM items"),
        "7\tseven\t\\N"
    );

    let columns = vec![mapping("name", "2"), mapping("id", "1")];
    let numbered = pb::UploadSpec {
        columns,
        ..headless("items")
    };
    server.upload(numbered, "8,eight,x\n").await.unwrap();
    assert_eq!(server.sql("SELECT name FROM items WHERE id = 8"), "eight");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_match_the_table_are_refused_before_anything_is_loaded() {
    let server = TestServer::start().await;
    server.sql(ITEMS);
    let missing = |column| pb::UploadSpec {
        columns: vec![mapping(column, "")],
        ..spec("items")
    };
    let cases = [
        (
            with_dialect(
                "items",
                pb::Dialect {
                    delimiter: Some(",".to_owned()),
                    ..Default::default()
                },
            ),
            "id;name\n1;a\n",
            "HEADER_MISMATCH",
            Code::FailedPrecondition,
        ),
        (
            spec("items"),
            "id,name,colour\n1,a,red\n",
            "UNMATCHED_COLUMN",
            Code::FailedPrecondition,
        ),
        (
            spec("items"),
            "id,ID\n1,2\n",
            "DUPLICATE_COLUMN",
            Code::FailedPrecondition,
        ),
        (
            missing("colour"),
            "id,colour\n1,red\n",
            "COLUMN_NOT_FOUND",
            Code::NotFound,
        ),
        (
            missing("name"),
            "id,title\n1,a\n",
            "HEADER_NOT_FOUND",
            Code::FailedPrecondition,
        ),
    ];
    for (spec, file, expected, code) in cases {
        let status = refused(&server, spec, file).await;
        assert_eq!(
            (reason(&status).as_str(), status.code()),
            (expected, code),
            "{status:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_bad_cell_is_named_with_its_place() {
    let server = TestServer::start().await;
    server.sql(ITEMS);
    let file = "id,name,price\n1,\"two\nlines\",1\n300,b,x1\n-1,c,2\n";
    let status = refused(&server, spec("items"), file).await;
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(reason(&status), "INVALID_NUMBER");
    let names = [
        "line",
        "record",
        "byteOffset",
        "field",
        "column",
        "type",
        "value",
    ];
    let values = names.map(|name| metadata(&status, name));
    let expected = [
        "4",
        "2",
        "30",
        "3",
        "price",
        "Nullable(Decimal(10, 2))",
        "x1",
    ];
    assert_eq!(values, expected);
    let message = status.message();
    for part in ["line 4", "`price`", "`x1`"] {
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_family_of_types_refuses_what_does_not_fit() {
    let server = TestServer::start().await;
    let cases = [
        ("UInt8", "256", "OVERFLOW"),
        ("UInt8", "1.5", "PRECISION_LOSS"),
        ("Int16", "-32769", "OVERFLOW"),
        ("Float64", "1e400", "OVERFLOW"),
        ("Float32", "one", "INVALID_NUMBER"),
        ("Decimal(5, 2)", "1.234", "PRECISION_LOSS"),
        ("Decimal(5, 2)", "1000", "OVERFLOW"),
        ("Date", "2024-02-30", "INVALID_DATE"),
        ("Date", "01/02/2024", "AMBIGUOUS_DATE"),
        ("Date", "2150-01-01", "OVERFLOW"),
        ("DateTime('UTC')", "2024-13-45 00:00:00", "INVALID_DATE"),
        (
            "DateTime64(3)",
            "2024-01-01 00:00:00.0001",
            "PRECISION_LOSS",
        ),
        ("Bool", "maybe", "INVALID_BOOL"),
        ("UUID", "61f0c404", "INVALID_UUID"),
        ("IPv4", "1.2.3.256", "INVALID_IP"),
        ("Enum8('a' = 1)", "b", "UNKNOWN_ENUM"),
        ("FixedString(2)", "abc", "TOO_LONG"),
        ("Int32", "", "NULL_NOT_ALLOWED"),
    ];
    for (data_type, value, expected) in cases {
        server.sql("DROP TABLE IF EXISTS strict");
        server.sql(&format!(
            "CREATE TABLE strict (n UInt8, v {data_type}) ENGINE = MergeTree ORDER BY tuple()"
        ));
        let status = server
            .upload(spec("strict"), format!("n,v\n1,{value}\n"))
            .await
            .unwrap_err();
        assert_eq!(reason(&status), expected, "{value} as {data_type}");
        assert_eq!(metadata(&status, "value"), value);
    }
    server.sql("CREATE TABLE bytes (v String) ENGINE = Memory");
    let utf8 = with_dialect(
        "bytes",
        pb::Dialect {
            encoding: "utf-8".to_owned(),
            ..Default::default()
        },
    );
    let status = server.upload(utf8, b"v\n\xFF\n").await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_UTF8");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_created_with_the_types_of_the_file() {
    let server = TestServer::start().await;
    let create = pb::UploadSpec {
        create_table: true,
        ..spec("made")
    };
    let file = "id,when,ratio,ok,code,note,\n1,2024-01-02 03:04:05,0.5,true,007,\"a,b\",x\n2,2024-01-02 03:04:06,,false,008,,y\n";
    let response = server.upload(create.clone(), file).await.unwrap();
    assert!(
        response.create_statement.contains("CREATE TABLE"),
        "{response:?}"
    );
    assert_eq!(
        server.sql("SELECT arrayStringConcat(groupArray(concat(name, ' ', type)), ', ') FROM (SELECT name, type FROM system.columns WHERE table = 'made' ORDER BY position)"),
        "id Int64, when DateTime, ratio Nullable(Float64), ok Bool, code String, note String, c7 String"
    );
    assert_eq!(
        server.sql("SELECT code, note, c7 FROM made ORDER BY id"),
        "007\ta,b\tx\n008\t\ty"
    );
    let status = server.upload(create, file).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("TABLE_EXISTS", Code::AlreadyExists)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_may_be_cut_into_messages_anywhere() {
    let server = TestServer::start().await;
    server.sql(ITEMS);
    let rows: String = (0..500)
        .map(|id| format!("{id},\"näme, \"\"{id}\"\"\",{id}.25\r\n"))
        .collect();
    let file = format!("\u{feff}id,name,price\r\n{rows}");
    let mut sums = Vec::new();
    for chunk_bytes in [1, 2, 7, 1000, 1 << 20] {
        server.sql("TRUNCATE TABLE items");
        server
            .upload_in(spec("items"), file.as_bytes(), chunk_bytes)
            .await
            .unwrap();
        sums.push(server.sql("SELECT count(), sum(cityHash64(tuple(*))) FROM items"));
    }
    assert!(sums[0].starts_with("500\t"), "{}", sums[0]);
    assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_header_loads_nothing_and_succeeds() {
    let server = TestServer::start().await;
    server.sql(ITEMS);
    let response = server.upload(spec("items"), "id,name\n").await.unwrap();
    assert_eq!(
        response.transfer.unwrap().counters.unwrap().rows_committed,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_may_be_as_long_as_the_limit_and_no_longer() {
    let server = TestServer::start_with(|config| config.transfer.max_record_bytes = 100).await;
    server.sql("CREATE TABLE long (v String) ENGINE = MergeTree ORDER BY tuple()");
    for (length, fits) in [(99, true), (100, true), (101, false)] {
        let outcome = server
            .upload(spec("long"), format!("v\n{}\n", "x".repeat(length)))
            .await;
        match outcome {
            Ok(_) => assert!(fits, "{length} bytes were taken"),
            Err(status) => {
                assert!(!fits, "{length} bytes were refused: {status}");
                assert_eq!(reason(&status), "RECORD_TOO_LONG");
                assert_eq!(metadata(&status, "limit"), "100");
                assert_eq!(metadata(&status, "line"), "2");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_cannot_honour_is_refused() {
    let server = TestServer::start().await;
    server.sql(ITEMS);
    let blocks = pb::UploadSpec {
        commit_mode: pb::CommitMode::Blocks.into(),
        default_missing_columns: true,
        ..spec("items")
    };
    let status = refused(&server, blocks, "id\n1\n").await;
    assert_eq!(reason(&status), "COMMIT_MODE_UNAVAILABLE");
    let delimiter = |text: &str| pb::Dialect {
        delimiter: Some(text.to_owned()),
        ..Default::default()
    };
    for text in ["", "123456789", "\n", "a\0", "N"] {
        let spec = with_dialect("items", delimiter(text));
        let status = refused(&server, spec, "id\n1\n").await;
        assert_eq!(reason(&status), "INVALID_DIALECT", "{text:?}");
    }
    let nameless = pb::UploadSpec {
        table: Some(table_ref("")),
        ..Default::default()
    };
    let status = refused(&server, nameless, "id\n1\n").await;
    assert_eq!(reason(&status), "INVALID_REQUEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn computed_columns_take_no_values() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE computed (a UInt8, b UInt8 MATERIALIZED a + 1, c UInt8 DEFAULT a + 2) ENGINE = MergeTree ORDER BY a");
    let status = server
        .upload(spec("computed"), "a,b\n1,2\n")
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "COLUMN_NOT_INSERTABLE");
    server
        .upload(spec("computed"), "a,c\n1,\n5,9\n")
        .await
        .unwrap();
    assert_eq!(
        server.sql("SELECT a, b, c FROM computed ORDER BY a"),
        "1\t2\t3\n5\t6\t9"
    );
}
