//! Text that wants to become SQL, and queries that want more than rows.

use sluice_proto::v1 as pb;
use tonic::Code;

use super::kit::{ALL, Site, USUAL, export, refused, spec, table, upload};
use crate::support::{Exported, as_user, post};

/// Names that would end a quoted name, if quoting did not hold.
const NAMES: [&str; 9] = [
    "t`; DROP TABLE hr.salaries; --",
    "t\\`; DROP TABLE hr.salaries; --",
    "t\" UNION ALL SELECT * FROM hr.salaries --",
    "t' OR '1'='1",
    "t\\",
    "t /* ",
    "t\n; SELECT 1",
    "{p0:Identifier}",
    "t\0",
];

fn query(text: &str) -> pb::ExportRequest {
    pb::ExportRequest {
        source: Some(pb::export_request::Source::Query(text.to_owned())),
        ..Default::default()
    }
}

fn preview(text: &str) -> pb::PreviewRowsRequest {
    pb::PreviewRowsRequest {
        source: Some(pb::preview_rows_request::Source::Query(text.to_owned())),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn free_queries_need_a_caller_who_may_see_everything() {
    let site = Site::start().await;
    for token in [
        site.alice(),
        site.token("bob", USUAL, None),
        site.token("boss", ALL, Some(&["*"])),
    ] {
        let (mut ingest, mut catalog) = (site.ingest(&token).await, site.catalog(&token).await);
        let denied = Code::PermissionDenied;
        refused(
            ingest.export(query("SELECT 1")).await.map(drop),
            denied,
            "QUERY_NOT_ALLOWED",
        );
        refused(
            catalog.preview_rows(preview("SELECT 1")).await,
            denied,
            "QUERY_NOT_ALLOWED",
        );
    }
    let root = site.token("root", ALL, None);
    site.catalog(&root)
        .await
        .preview_rows(preview("SELECT 1"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_reads_tables_and_nothing_else() {
    let site = Site::start().await;
    let mut catalog = site.catalog(&site.token("root", ALL, None)).await;
    for text in [
        "SELECT file('/etc/passwd')",
        "SELECT `f\\x69le`('/etc/passwd')",
        "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
        "SELECT * FROM remote('127.0.0.1', hr.salaries)",
        "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
        "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'CSV', 'a String')",
        "SELECT * FROM executable('x', 'CSV', 'a String')",
        "SELECT arrayMap(file, ['/etc/passwd'])",
        "SELECT arrayMap((file) AS f, ['/etc/passwd'])",
        "SELECT * FROM eval('SELECT 1')",
        "SELECT * FROM system.processes",
        "SELECT * FROM (SELECT * FROM file('/etc/passwd', 'LineAsString') SETTINGS readonly = 0)",
        "SELECT (SELECT count() FROM url('http://127.0.0.1:1/', 'CSV', 'a String') SETTINGS readonly = 0)",
        "SELECT 1; DROP TABLE hr.salaries",
        "DROP TABLE hr.salaries",
        "INSERT INTO hr.salaries SELECT 1",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT 1) ; DROP TABLE hr.salaries --",
        "SELECT 1 FORMAT CSV",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String') SETTINGS readonly = 0",
        "SELECT * FROM (SELECT * FROM remote('127.0.0.1', hr.salaries) SETTINGS readonly = 0)",
        "SELECT 1 SETTINGS max_memory_usage = 1",
        "SYSTEM SHUTDOWN",
        "WITH x AS (SELECT 1) INSERT INTO hr.salaries SELECT * FROM x",
    ] {
        let outcome = catalog.preview_rows(preview(text)).await;
        let Err(status) = outcome else {
            panic!("{text} was run");
        };
        let codes = [
            Code::InvalidArgument,
            Code::PermissionDenied,
            Code::FailedPrecondition,
        ];
        assert!(codes.contains(&status.code()), "{text}: {status:?}");
        assert!(!status.message().contains("root:"), "{text}");
    }
    assert_eq!(site.server.sql("SELECT sum(a) FROM hr.salaries"), "1000000");
}

/// What the user of callers' queries may not do, also when nobody has read the query before.
const BEYOND_READING: [&str; 40] = [
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM sqlite('/etc/passwd', 'x')",
    "SELECT * FROM icebergLocal('/etc')",
    "SELECT * FROM deltaLakeLocal('/etc')",
    "SELECT * FROM executable('cat', 'CSV', 'a String')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/k', 'CSV', 'a String')",
    "SELECT * FROM azureBlobStorage('x', 'y', 'z')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', 'CSV', 'a Int8')",
    "SELECT * FROM remote('127.0.0.1', hr.salaries)",
    "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM mongodb('127.0.0.1:1', 'd', 'c', 'u', 'p', 'a Int8')",
    "SELECT * FROM jdbc('x', 'y', 'z')",
    "SELECT * FROM odbc('x', 'y', 'z')",
    "SELECT * FROM loop('sluice', 'transfers')",
    "SELECT * FROM view(SELECT * FROM sluice.transfers_2)",
    "SELECT * FROM merge('sluice', '.*')",
    "SELECT * FROM sluice.transfers_2",
    "SHOW CREATE TABLE sluice.transfers_2",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.users",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM INFORMATION_SCHEMA.COLUMNS",
    "SELECT * FROM system.errors",
    "SELECT * FROM system.query_cache",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT * FROM eval('SELECT 1') SETTINGS allow_experimental_eval_table_function = 1",
    "SELECT * FROM (SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String') SETTINGS readonly = 0)",
    "SELECT (SELECT count() FROM file('/etc/passwd', 'LineAsString') SETTINGS readonly = 0)",
    "INSERT INTO hr.salaries SELECT 1",
    "INSERT INTO FUNCTION file('/tmp/x', 'CSV', 'a Int8') SELECT 1",
    "CREATE TABLE hr.x (a Int8) ENGINE = Log",
    "CREATE TEMPORARY TABLE x (a Int8)",
    "DROP TABLE hr.salaries",
    "ALTER TABLE hr.salaries DELETE WHERE 1",
    "KILL QUERY WHERE 1",
    "SYSTEM SHUTDOWN",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
];

#[tokio::test(flavor = "multi_thread")]
async fn clickhouse_itself_refuses_the_queries_of_callers_anything_but_reading() {
    let site = Site::start().await;
    let root = site.token("root", ALL, None);
    upload(&mut site.ingest(&root).await, spec("sales", "t"))
        .await
        .unwrap();
    let url = as_user(&site.server.engine_url, "sluice_callers");
    let asked = |text: &str| post(&url, "/", text.as_bytes());
    for text in BEYOND_READING {
        let (status, answer) = asked(text);
        assert_ne!(status, 200, "{text}: {answer}");
        // 481 is what SQLite says of a file that Landlock keeps from it.
        let codes = ["164", "358", "452", "481", "497", "636"];
        let is_refusal = |code: &&str| answer.starts_with(&format!("Code: {code}."));
        assert!(codes.iter().any(is_refusal), "{text}: {answer}");
    }
    assert_eq!(asked("SELECT sum(a) FROM hr.salaries").1, "1000000\n");
    site.server
        .sql("CREATE TABLE sales.later (a Int32) ENGINE = Log");
    assert_eq!(asked("SELECT count() FROM sales.later").1, "0\n");

    // It is the user of both kinds of queries, and of nothing else.
    let mut catalog = site.catalog(&root).await;
    let seen = catalog
        .preview_rows(preview("SELECT currentUser()"))
        .await
        .unwrap();
    let cells = &seen.into_inner().rows[0].cells;
    assert_eq!(cells[0].text.as_deref(), Some("sluice_callers"));
    let exported = site
        .ingest(&root)
        .await
        .export(query("SELECT currentUser() AS u"))
        .await;
    let exported = Exported::of(exported.unwrap()).await.unwrap();
    assert_eq!(exported.file, b"u\nsluice_callers\n");
    let hidden = catalog.preview_rows(preview("SELECT * FROM sluice.transfers_2"));
    let denied = Code::PermissionDenied;
    refused(hidden.await, denied, "CLICKHOUSE_ACCESS_DENIED");
    let checked = catalog
        .check_connection(pb::CheckConnectionRequest::default())
        .await;
    assert_eq!(checked.unwrap().into_inner().user, "default");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_stay_names() {
    let site = Site::start().await;
    let root = site.token("root", ALL, None);
    let (mut ingest, mut catalog) = (site.ingest(&root).await, site.catalog(&root).await);
    for name in NAMES {
        for (database, table_name) in [("sales", name), (name, "t")] {
            upload(&mut ingest, spec(database, table_name))
                .await
                .unwrap_err();
            ingest
                .export(export(database, table_name))
                .await
                .unwrap_err();
            let get = pb::GetTableRequest {
                table: Some(table(database, table_name)),
            };
            catalog.get_table(get).await.unwrap_err();
        }
        let list = pb::ListTablesRequest {
            database: name.to_owned(),
            ..Default::default()
        };
        catalog.list_tables(list).await.unwrap_err();
        let paged = pb::ListTablesRequest {
            database: "sales".to_owned(),
            page_token: name.to_owned(),
            ..Default::default()
        };
        catalog.list_tables(paged).await.unwrap();
        let column = pb::ColumnMapping {
            column: name.to_owned(),
            ..Default::default()
        };
        let mapped = pb::UploadSpec {
            columns: vec![column],
            ..spec("sales", "t")
        };
        upload(&mut ingest, mapped).await.unwrap_err();
        let source = pb::TableSource {
            table: Some(table("sales", "t")),
            columns: vec![name.to_owned()],
            ..Default::default()
        };
        ingest
            .export(crate::support::export_source(source))
            .await
            .unwrap_err();
        let named = pb::UploadSpec {
            source_name: name.to_owned(),
            ..spec("sales", "t")
        };
        upload(&mut ingest, named).await.unwrap();
    }
    assert_eq!(site.server.sql("SELECT sum(a) FROM hr.salaries"), "1000000");
    assert_eq!(
        site.server.sql("SELECT count() FROM sales.t"),
        NAMES.len().to_string()
    );
    site.check_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_with_odd_names_are_made_and_read_as_they_are_called() {
    let site = Site::start().await;
    let root = site.token("root", ALL, None);
    let mut ingest = site.ingest(&root).await;
    for name in ["a`b", "a\\b", "a\"b", "a'b", "{p0:String}", "a; --"] {
        let create = pb::UploadSpec {
            create_table: true,
            ..spec("sales", name)
        };
        upload(&mut ingest, create).await.unwrap();
        let mut stream = ingest
            .export(export("sales", name))
            .await
            .unwrap()
            .into_inner();
        while stream.message().await.unwrap().is_some() {}
    }
    assert_eq!(site.server.sql("SELECT sum(a) FROM hr.salaries"), "1000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_conditions_stay_values() {
    let site = Site::start().await;
    site.server
        .sql("CREATE TABLE sales.s (x String) ENGINE = Log");
    site.server.sql("INSERT INTO sales.s VALUES ('row')");
    let mut ingest = site.ingest(&site.alice()).await;
    for value in NAMES
        .into_iter()
        .chain(["' OR 1 = 1 --", "\\' OR 1 = 1 --", "{p1:String}"])
    {
        let condition = pb::Condition {
            column: "x".to_owned(),
            operator: pb::Operator::Equal.into(),
            values: vec![value.to_owned()],
            alternatives: Vec::new(),
        };
        let source = pb::TableSource {
            table: Some(table("sales", "s")),
            r#where: vec![condition],
            ..Default::default()
        };
        let request = crate::support::export_source(source);
        let call = ingest.export(request).await.unwrap();
        let file = Exported::of(call).await.unwrap().file;
        assert!(!String::from_utf8_lossy(&file).contains("row"), "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cells_are_never_interpreted() {
    let site = Site::start().await;
    site.server
        .sql("CREATE TABLE sales.s (x String) ENGINE = Log");
    let mut ingest = site.ingest(&site.alice()).await;
    let cells = [
        "'); DROP TABLE hr.salaries; --",
        "=HYPERLINK(1)",
        "{p0:String}",
        "\\x00",
    ];
    let file = format!("x\n{}\n", cells.join("\n"));
    let messages = crate::support::upload_messages(spec("sales", "s"), file.as_bytes(), 7);
    ingest.upload(tokio_stream::iter(messages)).await.unwrap();
    assert_eq!(
        site.server.sql("SELECT count() FROM sales.s"),
        cells.len().to_string()
    );
    assert_eq!(site.server.sql("SELECT sum(a) FROM hr.salaries"), "1000000");
}
