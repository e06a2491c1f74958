//! What `export` writes loads again without a flag.

use sluice_proto::v1 as pb;

use super::{checksum, create};
use crate::support::{TestServer, export_source, reason, spec, table_ref};

/// Arrays, Maps and Tuples of texts that have escapes.
const NESTED: &str = "a Array(String), m Map(String, String), t Tuple(String, Nullable(String)), \
    n Nested(x UInt8, y String), e Array(Enum8('a\\'\\t\\\\' = 1)), j Array(JSON)";
const NESTED_ROW: &str = r#"['C:\\temp\\new', 'it\'s', '\t', '\n', '"', '\0\b', 'NULL', '\\N'], map('k\t\'', 'v\\n'),
    ('\\\'', NULL), [(1, 'x\\ty')], ['a\'\t\\'], ['{"k": "x\\\\ty\\"z"}']"#;

#[tokio::test(flavor = "multi_thread")]
async fn nested_values_in_tsv_are_those_of_clickhouse() {
    let server = TestServer::start().await;
    for table in ["flagless_in", "flagless_out"] {
        server.sql(&format!(
            "CREATE TABLE {table} (id UInt32, {NESTED}) ENGINE = MergeTree ORDER BY id \
             SETTINGS flatten_nested = 0"
        ));
    }
    server.sql(&format!("INSERT INTO flagless_in SELECT 1, {NESTED_ROW}"));
    let dialect = pb::Dialect {
        format: pb::Format::Tsv.into(),
        ..Default::default()
    };
    let request = pb::ExportRequest {
        dialect: Some(dialect),
        ..ordered("flagless_in")
    };
    let exported = server.export(request).await.unwrap();
    let theirs = server.sql("SELECT * FROM flagless_in FORMAT TabSeparatedWithNames");
    assert_eq!(
        String::from_utf8_lossy(&exported.file),
        format!("{theirs}\n")
    );
    let named = pb::UploadSpec {
        source_name: "theirs.tsv".to_owned(),
        ..spec("flagless_out")
    };
    server.upload(named, theirs).await.unwrap();
    assert_eq!(
        checksum(&server, "flagless_out"),
        checksum(&server, "flagless_in")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn json_in_tsv_is_refused_where_it_has_two_readings() {
    let server = TestServer::start().await;
    create(&server, "flagless_out", "Array(String)");
    let tsv = |value: &str| format!("id\tvalue\n1\t{value}\n2\t['b']\n");
    let named = || pb::UploadSpec {
        source_name: "json.tsv".to_owned(),
        dialect: Some(pb::Dialect {
            format: pb::Format::Tsv.into(),
            ..Default::default()
        }),
        ..spec("flagless_out")
    };
    for value in [r#"["a\\nb"]"#, r#"["a\",\"b"]"#] {
        let status = server.upload(named(), tsv(value)).await.unwrap_err();
        assert_eq!(reason(&status), "INVALID_NESTED", "{value}");
    }
    server.upload(named(), tsv(r#"["a\nb"]"#)).await.unwrap();
    let loaded = server.sql("SELECT value FROM flagless_out WHERE id = 1 FORMAT TSVRaw");
    assert_eq!(loaded, r"['a\nb']");
}

#[tokio::test(flavor = "multi_thread")]
async fn nan_is_a_value_unless_the_caller_says_that_it_is_null() {
    let server = TestServer::start().await;
    let text = "id,value\n1,nan\n2,1.5\n";
    let said = pb::ValueOptions {
        null_markers: vec!["nan".to_owned()],
        ..Default::default()
    };
    for (values, expected) in [(None, "nan\n1.5"), (Some(said), "\\N\n1.5")] {
        create(&server, "flagless_out", "Nullable(Float64)");
        let upload = pb::UploadSpec {
            values,
            ..spec("flagless_out")
        };
        server.upload(upload, text).await.unwrap();
        let loaded = server.sql("SELECT value FROM flagless_out ORDER BY id");
        assert_eq!(loaded, expected);
    }
}

fn ordered(table: &str) -> pb::ExportRequest {
    export_source(pb::TableSource {
        table: Some(table_ref(table)),
        order_by: vec![pb::OrderBy {
            column: "id".to_owned(),
            descending: false,
        }],
        ..Default::default()
    })
}
