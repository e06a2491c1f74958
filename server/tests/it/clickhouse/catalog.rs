//! Databases, tables, columns, previews and new tables.

use sluice_server::{
    catalog::{Catalog, Error, NewColumn, NewTable, PreviewSource},
    clickhouse::{
        Error as ClickHouseError, TableName,
        sql::{CallerQuery, MAX_QUERY_BYTES},
    },
};

use super::Stage;

fn catalog(stage: &Stage) -> Catalog {
    Catalog::new(stage.client.clone())
}

#[tokio::test]
async fn connection_tells_version_and_database() {
    let stage = Stage::new().await;
    let connection = catalog(&stage).check().await.unwrap();
    assert!(
        connection.version.starts_with(|c: char| c.is_ascii_digit()),
        "{connection:?}"
    );
    assert_eq!(connection.database, stage.database);
    assert!(!connection.timezone.is_empty());
    let databases = catalog(&stage).list_databases().await.unwrap();
    assert!(
        databases
            .iter()
            .any(|database| database.name == stage.database)
    );
    assert!(databases.is_sorted_by(|a, b| a.name < b.name));
}

#[tokio::test]
async fn tables_come_in_pages_by_name() {
    let stage = Stage::new().await;
    for name in ["b", "a'`", "c"] {
        let name = sluice_server::clickhouse::sql::quote_identifier(name);
        stage
            .run(&format!("CREATE TABLE {name} (n Int8) ENGINE = Memory"))
            .await;
    }
    let page = catalog(&stage)
        .list_tables("", 2, "", |_| true)
        .await
        .unwrap();
    let names: Vec<_> = page
        .tables
        .iter()
        .map(|table| table.name.table.as_str())
        .collect();
    assert_eq!((names, page.has_more), (vec!["a'`", "b"], true));
    let page = catalog(&stage)
        .list_tables(&stage.database, 2, "b", |_| true)
        .await
        .unwrap();
    assert_eq!((page.tables.len(), page.has_more), (1, false));
    let page = catalog(&stage)
        .list_tables("", 2, "c", |_| true)
        .await
        .unwrap();
    assert_eq!((page.tables.len(), page.has_more), (0, false));
    let error = catalog(&stage)
        .list_tables("no such", 2, "", |_| true)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::DatabaseNotFound { database } if database == "no such"));
}

#[tokio::test]
async fn table_is_described_in_full() {
    let stage = Stage::new().await;
    stage
        .run(
            "CREATE TABLE t (id UInt64 COMMENT 'key', d Date DEFAULT today(), \
              m String MATERIALIZED 'x', a String ALIAS concat(m, 'y'), e Int8 EPHEMERAL) \
              ENGINE = MergeTree PARTITION BY toYYYYMM(d) ORDER BY (id, d) PRIMARY KEY id \
              COMMENT 'about t'",
        )
        .await;
    stage.run("INSERT INTO t (id) VALUES (1), (2)").await;
    let table = catalog(&stage)
        .table(&TableName::new("", "t"))
        .await
        .unwrap();
    assert_eq!(table.summary.name, stage.table("t"));
    assert_eq!(table.summary.engine, "MergeTree");
    assert_eq!(table.summary.comment, "about t");
    assert_eq!(table.summary.row_count, Some(2));
    assert!(table.summary.byte_count.is_some_and(|bytes| bytes > 0));
    assert_eq!(table.sorting_key, "id, d");
    assert_eq!(table.primary_key, "id");
    assert_eq!(table.partition_key, "toYYYYMM(d)");
    assert!(
        table.create_statement.starts_with("CREATE TABLE"),
        "{}",
        table.create_statement
    );
    let kinds: Vec<_> = table
        .columns
        .iter()
        .map(|column| {
            let flags = (column.is_insertable(), column.is_selected_by_star());
            (column.name.as_str(), column.default_kind.as_str(), flags)
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("id", "", (true, true)),
            ("d", "DEFAULT", (true, true)),
            ("m", "MATERIALIZED", (false, false)),
            ("a", "ALIAS", (false, false)),
            ("e", "EPHEMERAL", (true, false)),
        ]
    );
    assert_eq!(table.columns[0].comment, "key");
    assert_eq!(table.columns[1].default_expression, "today()");
}

#[tokio::test]
async fn row_count_is_unknown_where_clickhouse_would_have_to_count() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE m (n Int8) ENGINE = Memory AS SELECT 1")
        .await;
    stage.run("CREATE VIEW v AS SELECT * FROM m").await;
    stage
        .run("CREATE TABLE mg (n Int8) ENGINE = Merge(currentDatabase(), '^m$')")
        .await;
    let row_count = async |name: &str| {
        let table = catalog(&stage).table(&stage.table(name)).await.unwrap();
        assert_eq!(table.columns.len(), 1, "{name}");
        table.summary.row_count
    };
    assert_eq!(row_count("m").await, Some(1));
    assert_eq!(row_count("v").await, None);
}

#[tokio::test]
async fn missing_database_and_missing_table_are_told_apart() {
    let stage = Stage::new().await;
    let error = catalog(&stage)
        .table(&stage.table("none"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::TableNotFound { table, .. } if table == "none"));
    let error = catalog(&stage)
        .table(&TableName::new("nodb", "t"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::DatabaseNotFound { database } if database == "nodb"));
}

#[tokio::test]
async fn preview_tells_null_from_text_and_cuts_long_cells() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (n Nullable(String), a Array(String), m UInt8 MATERIALIZED 1, s String) \
              ENGINE = MergeTree ORDER BY tuple()")
        .await;
    stage
        .run(r"INSERT INTO t VALUES (NULL, ['it\'s\t'], concat('a', repeat('é', 3000))), ('NULL', [], 'a\xFFb')")
        .await;
    let name = stage.table("t");
    let preview = catalog(&stage)
        .preview(PreviewSource::Table(&name), 10, 1 << 20)
        .await
        .unwrap();
    let names: Vec<_> = preview
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["n", "a", "s"]);
    assert_eq!(preview.rows[0][0], None);
    assert_eq!(preview.rows[0][1].as_deref(), Some(r"['it\'s\t']"));
    let long = preview.rows[0][2].as_deref().unwrap();
    assert_eq!(long, format!("a{}", "é".repeat(2047)));
    assert_eq!(preview.rows[1][0].as_deref(), Some("NULL"));
    assert_eq!(preview.rows[1][2].as_deref(), Some("a\u{fffd}b"));
    let preview = catalog(&stage)
        .preview(PreviewSource::Table(&name), 1, 1 << 20)
        .await
        .unwrap();
    assert_eq!(preview.rows.len(), 1);
}

#[tokio::test]
async fn preview_of_a_query_shows_its_own_columns() {
    let stage = Stage::new().await;
    let preview = async |text: &str| {
        let catalog = catalog(&stage);
        let query = CallerQuery::new(text)?;
        let query = catalog.read_query(&query).await?;
        catalog
            .preview(PreviewSource::Query(&query), 2, 1 << 20)
            .await
    };
    let shown = preview("SELECT number, number, toDate(0) AS d FROM system.numbers; -- x")
        .await
        .unwrap();
    let types: Vec<_> = shown
        .columns
        .iter()
        .map(|column| column.type_text.as_str())
        .collect();
    assert_eq!(types, ["UInt64", "UInt64", "Date"]);
    let last: Vec<_> = shown.rows[1].iter().flatten().map(String::as_str).collect();
    assert_eq!(last, ["1", "1", "1970-01-01"]);
    let error = preview("SELECT x FROM system.one").await.unwrap_err();
    let is_column = matches!(error, Error::ClickHouse(ClickHouseError::UnknownColumn(_)));
    assert!(is_column, "{error:?}");
    let error = preview("SELECT 1 FORMAT CSV").await.unwrap_err();
    assert!(error.to_string().contains("leave out FORMAT"), "{error}");
    let error = preview("SELECT 1) UNION ALL (SELECT 2").await.unwrap_err();
    let is_query = matches!(error, Error::ClickHouse(ClickHouseError::InvalidQuery(_)));
    assert!(is_query, "{error:?}");
    assert!(!error.to_string().contains("base64"), "{error}");
    let error = preview("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("begins with INSERT"), "{error}");
}

#[tokio::test]
async fn table_is_created_once() {
    let stage = Stage::new().await;
    let columns = [("id", "Int64"), ("a `b`", "Nullable(Date)")];
    let columns = columns.map(|(name, data_type)| NewColumn {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
    });
    let new = NewTable {
        on_cluster: None,
        columns: columns.into(),
        sorting_key: vec!["id".to_owned()],
        key_reason: String::new(),
    };
    let name = stage.table("new one");
    let statement = catalog(&stage).create_table(&name, &new).await.unwrap();
    assert!(statement.contains("ENGINE = MergeTree"), "{statement}");
    let table = catalog(&stage).table(&name).await.unwrap();
    assert_eq!(table.sorting_key, "id");
    assert_eq!(table.columns[1].name, "a `b`");
    assert_eq!(table.columns[1].type_text, "Nullable(Date)");
    let error = catalog(&stage).create_table(&name, &new).await.unwrap_err();
    let exists = matches!(error, Error::ClickHouse(ClickHouseError::TableExists(_)));
    assert!(exists, "{error:?}");
    let nowhere = TableName::new("nodb", "t");
    let error = catalog(&stage)
        .create_table(&nowhere, &new)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::DatabaseNotFound { .. }), "{error:?}");
    let nothing = NewTable {
        columns: Vec::new(),
        ..new
    };
    let error = catalog(&stage)
        .create_table(&name, &nothing)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NoColumns), "{error:?}");
}

#[tokio::test]
async fn the_longest_query_that_is_taken_runs() {
    let stage = Stage::new().await;
    let catalog = catalog(&stage);
    let rest = "SELECT length('') AS n".len();
    let text = format!(
        "SELECT length('{}') AS n",
        "x".repeat(MAX_QUERY_BYTES - rest)
    );
    let query = CallerQuery::new(&text).unwrap();
    let query = catalog.read_query(&query).await.unwrap();
    let shown = catalog
        .preview(PreviewSource::Query(&query), 1, 1 << 20)
        .await;
    let expected = (MAX_QUERY_BYTES - rest).to_string();
    assert_eq!(
        shown.unwrap().rows[0][0].as_deref(),
        Some(expected.as_str())
    );
}

#[tokio::test]
async fn a_text_that_is_no_query_is_explained_by_itself() {
    let stage = Stage::new().await;
    let catalog = catalog(&stage);
    for (text, part) in [
        ("SELECT 1 FROM", "failed at position 14"),
        (
            "SELECT number FROM numbers(1) LIMIT 1 WITH TIES",
            "ORDER BY",
        ),
        ("SELECT 1; SELECT 2", "second statement"),
        ("SELECT '\\xff'", "not UTF-8"),
    ] {
        let query = CallerQuery::new(text).unwrap();
        let error = catalog.read_query(&query).await.unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
        assert!(!error.contains("base64"), "{text}: {error}");
    }
}
