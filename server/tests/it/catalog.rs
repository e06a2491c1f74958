//! What the catalog says of databases, tables, columns and rows.

use sluice_proto::v1 as pb;
use tonic::Code;

use crate::support::{TestServer, reason, table_ref};

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_tells_who_and_where() {
    let server = TestServer::start().await;
    let mut client = server.catalog().await;
    let answer = client
        .check_connection(pb::CheckConnectionRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.server_version, server.sql("SELECT version()"));
    assert_eq!(
        (answer.user.as_str(), answer.database.as_str()),
        ("default", "default")
    );
    assert_eq!(answer.timezone, server.sql("SELECT timezone()"));
    assert!(answer.embedded && answer.round_trip.is_some());
    assert!(answer.missing_grants.is_empty(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_and_tables_are_listed_by_name_in_pages() {
    let server = TestServer::start().await;
    server.sql("CREATE DATABASE shop");
    let id = "0190a5f07f1a7c008000000000000001";
    let staged = [
        format!("_sluice_staging_{id}_1_2"),
        format!("_sluice_replacement_{id}_1_0"),
        "_sluice_staging_mine".to_owned(),
    ];
    let names = ["b", "a", "odd `name`", "c"].map(str::to_owned);
    for name in names.into_iter().chain(staged) {
        let name = name.replace('`', "\\`");
        server.sql(&format!(
            "CREATE TABLE shop.`{name}` (n UInt8) ENGINE = MergeTree ORDER BY n"
        ));
    }
    server.sql("INSERT INTO shop.a VALUES (1), (2)");
    let mut client = server.catalog().await;
    let databases = client
        .list_databases(pb::ListDatabasesRequest {})
        .await
        .unwrap()
        .into_inner();
    assert!(
        databases
            .databases
            .iter()
            .any(|database| database.name == "shop")
    );
    let mut names = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListTablesRequest {
            database: "shop".to_owned(),
            page_size: 3,
            page_token,
        };
        let page = client.list_tables(request).await.unwrap().into_inner();
        for table in page.tables {
            let name = table.table.unwrap().table;
            if name == "a" {
                assert_eq!(
                    (table.engine.as_str(), table.row_count),
                    ("MergeTree", Some(2))
                );
            }
            names.push(name);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    // Those of uploads on their way are not a user's.
    assert_eq!(names, ["_sluice_staging_mine", "a", "b", "c", "odd `name`"]);
    let missing = pb::ListTablesRequest {
        database: "no_db".to_owned(),
        ..Default::default()
    };
    let status = client.list_tables(missing).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("DATABASE_NOT_FOUND", Code::NotFound)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_described_with_columns_and_keys() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE described (id UInt64 COMMENT 'the key', day Date, up LowCardinality(String) \
         DEFAULT upper('x'), m UInt8 MATERIALIZED 1) ENGINE = MergeTree \
         PARTITION BY toYYYYMM(day) ORDER BY (id, day) PRIMARY KEY id",
    );
    let mut client = server.catalog().await;
    let request = pb::GetTableRequest {
        table: Some(table_ref("described")),
    };
    let table = client.get_table(request).await.unwrap().into_inner();
    let keys = (table.sorting_key, table.primary_key, table.partition_key);
    assert_eq!(
        keys,
        (
            "id, day".to_owned(),
            "id".to_owned(),
            "toYYYYMM(day)".to_owned()
        )
    );
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|c| {
            (
                c.name.as_str(),
                c.r#type.as_str(),
                c.default_kind.as_str(),
                c.comment.as_str(),
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            ("id", "UInt64", "", "the key"),
            ("day", "Date", "", ""),
            ("up", "LowCardinality(String)", "DEFAULT", ""),
            ("m", "UInt8", "MATERIALIZED", ""),
        ]
    );
    assert!(table.create_statement.contains("CREATE TABLE"));
    let request = pb::GetTableRequest {
        table: Some(table_ref("nowhere")),
    };
    let status = client.get_table(request).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("TABLE_NOT_FOUND", Code::NotFound)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_previewed_as_text_with_null_told_apart() {
    use pb::preview_rows_request::Source;
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE looked_at (n UInt8, s Nullable(String), a Array(UInt8)) ENGINE = Memory",
    );
    server.sql("INSERT INTO looked_at VALUES (1, NULL, [1, 2]), (2, 'NULL', []), (3, repeat('x', 9999), [])");
    let mut client = server.catalog().await;
    let request = |source, limit| pb::PreviewRowsRequest {
        source: Some(source),
        limit,
    };
    let table = request(Source::Table(table_ref("looked_at")), 3);
    let preview = client.preview_rows(table).await.unwrap().into_inner();
    let cells: Vec<Vec<Option<String>>> = preview
        .rows
        .into_iter()
        .map(|row| row.cells.into_iter().map(|cell| cell.text).collect())
        .collect();
    assert_eq!(
        cells[0],
        [Some("1".to_owned()), None, Some("[1,2]".to_owned())]
    );
    assert_eq!(cells[1][1].as_deref(), Some("NULL"));
    assert!(
        cells[2][1].as_ref().unwrap().len() <= 4100,
        "a long cell is cut"
    );
    assert_eq!(preview.columns[1].r#type, "Nullable(String)");

    let query = request(
        Source::Query("SELECT number FROM system.numbers".to_owned()),
        2,
    );
    let preview = client.preview_rows(query).await.unwrap().into_inner();
    assert_eq!(preview.rows.len(), 2);
    let drop = request(Source::Query("DROP TABLE looked_at".to_owned()), 2);
    let status = client.preview_rows(drop).await.unwrap_err();
    assert_eq!(reason(&status), "NOT_A_SELECT");
    let too_many = request(Source::Table(table_ref("looked_at")), 10_001);
    let status = client.preview_rows(too_many).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_REQUEST");
}
