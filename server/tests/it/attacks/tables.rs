//! Callers who want more than they were given: scopes, tables, the journal.

use sluice_proto::v1 as pb;
use tonic::Code;

use super::kit::{ALL, Site, export, preview, refused, spec, table, upload};

const DENIED: Code = Code::PermissionDenied;

#[tokio::test(flavor = "multi_thread")]
async fn without_the_scope_nothing_is_done() {
    let site = Site::start().await;
    let reader = site.token("reader", "catalog:read", None);
    let (mut ingest, mut catalog) = (site.ingest(&reader).await, site.catalog(&reader).await);
    refused(
        upload(&mut ingest, spec("sales", "t")).await,
        DENIED,
        "SCOPE_MISSING",
    );
    refused(
        ingest.export(export("sales", "t")).await.map(drop),
        DENIED,
        "SCOPE_MISSING",
    );
    refused(
        catalog.preview_rows(preview("sales", "t")).await,
        DENIED,
        "SCOPE_MISSING",
    );
    let begin = pb::BeginUploadRequest {
        spec: Some(spec("sales", "t")),
    };
    refused(ingest.begin_upload(begin).await, DENIED, "SCOPE_MISSING");
    let writer = site.token("writer", "ingest:upload", None);
    let (mut ingest, mut catalog) = (site.ingest(&writer).await, site.catalog(&writer).await);
    refused(
        catalog.list_databases(pb::ListDatabasesRequest {}).await,
        DENIED,
        "SCOPE_MISSING",
    );
    refused(
        catalog
            .list_connections(pb::ListConnectionsRequest {})
            .await,
        DENIED,
        "SCOPE_MISSING",
    );
    refused(
        catalog
            .check_connection(pb::CheckConnectionRequest::default())
            .await,
        DENIED,
        "SCOPE_MISSING",
    );
    let inspect = pb::InspectFileRequest {
        sample: "a\n1\n".into(),
        ..Default::default()
    };
    refused(ingest.inspect_file(inspect).await, DENIED, "SCOPE_MISSING");
    upload(&mut ingest, spec("sales", "t")).await.unwrap();
    assert_eq!(site.server.sql("SELECT count() FROM sales.t"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_others_are_out_of_reach() {
    let site = Site::start().await;
    let alice = site.alice();
    let (mut ingest, mut catalog) = (site.ingest(&alice).await, site.catalog(&alice).await);
    let why = "TABLE_NOT_ALLOWED";
    for name in [
        ("hr", "salaries"),
        ("", "t"),
        ("Sales", "t"),
        ("sales ", "t"),
        ("sluice", "transfers"),
        ("system", "users"),
    ] {
        let (database, name) = name;
        refused(upload(&mut ingest, spec(database, name)).await, DENIED, why);
        let dry_run = pb::UploadSpec {
            dry_run: true,
            ..spec(database, name)
        };
        refused(upload(&mut ingest, dry_run).await, DENIED, why);
        let create = pb::UploadSpec {
            create_table: true,
            ..spec(database, name)
        };
        refused(upload(&mut ingest, create).await, DENIED, why);
        refused(
            ingest.export(export(database, name)).await.map(drop),
            DENIED,
            why,
        );
        refused(
            catalog.preview_rows(preview(database, name)).await,
            DENIED,
            why,
        );
        let get = pb::GetTableRequest {
            table: Some(table(database, name)),
        };
        refused(catalog.get_table(get).await, DENIED, why);
        let inspect = pb::InspectFileRequest {
            sample: "a\n1\n".into(),
            table: Some(table(database, name)),
            ..Default::default()
        };
        refused(ingest.inspect_file(inspect).await, DENIED, why);
    }
    let list = pb::ListTablesRequest {
        database: "hr".to_owned(),
        ..Default::default()
    };
    refused(catalog.list_tables(list).await, DENIED, why);
    let databases = catalog
        .list_databases(pb::ListDatabasesRequest {})
        .await
        .unwrap();
    let databases = databases.into_inner().databases;
    let names: Vec<_> = databases
        .iter()
        .map(|database| database.name.as_str())
        .collect();
    assert_eq!(names, ["sales"]);
    assert_eq!(site.server.sql("SELECT sum(a) FROM hr.salaries"), "1000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_tables_shows_the_caller_s_own_only() {
    let site = Site::start().await;
    site.server
        .sql("CREATE TABLE sales.secret (a Int8) ENGINE = Log");
    let token = site.token("bob", "catalog:read", Some(&["sales.t"]));
    let list = pb::ListTablesRequest {
        database: "sales".to_owned(),
        ..Default::default()
    };
    let tables = site
        .catalog(&token)
        .await
        .list_tables(list)
        .await
        .unwrap()
        .into_inner()
        .tables;
    let names: Vec<_> = tables
        .iter()
        .map(|each| each.table.as_ref().unwrap().table.as_str())
        .collect();
    assert_eq!(names, ["t"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_and_the_databases_of_clickhouse_are_not_for_uploads_and_exports() {
    let site = Site::start().await;
    let everything = site.token("root", ALL, None);
    upload(&mut site.ingest(&everything).await, spec("sales", "t"))
        .await
        .unwrap();
    let mut ingest = site.ingest(&everything).await;
    for (database, name) in [
        ("sluice", "transfers"),
        ("system", "users"),
        ("INFORMATION_SCHEMA", "tables"),
    ] {
        refused(
            upload(&mut ingest, spec(database, name)).await,
            DENIED,
            "TABLE_NOT_ALLOWED",
        );
    }
    let usual = site.token("bob", super::kit::USUAL, None);
    let (mut ingest, mut catalog) = (site.ingest(&usual).await, site.catalog(&usual).await);
    refused(
        ingest.export(export("sluice", "transfers")).await.map(drop),
        DENIED,
        "TABLE_NOT_ALLOWED",
    );
    refused(
        catalog.preview_rows(preview("sluice", "transfers")).await,
        DENIED,
        "TABLE_NOT_ALLOWED",
    );
    let get = pb::GetTableRequest {
        table: Some(table("sluice", "transfers")),
    };
    refused(catalog.get_table(get).await, DENIED, "TABLE_NOT_ALLOWED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_a_caller_makes_a_table_and_nothing_else() {
    let site = Site::start().await;
    let mut ingest = site.ingest(&site.alice()).await;
    for statement in [
        "CREATE TABLE sales.x (a Int32) ENGINE = Log AS SELECT a FROM hr.salaries",
        "CREATE TABLE sales.x (a Int32) ENGINE = Merge('hr', '.*')",
        "CREATE TABLE sales.x (a Int32) ENGINE = URL('http://169.254.169.254/', 'CSV')",
        "CREATE TABLE sales.x (a Int32) ENGINE = File('CSV', '/etc/passwd')",
        "CREATE TABLE sales.x (a Int32, b String DEFAULT file('/etc/passwd')) ENGINE = Log",
        "CREATE TABLE sales.x (a Int32 DEFAULT (SELECT max(a) FROM hr.salaries)) ENGINE = Log",
        "CREATE TABLE hr.x (a Int32) ENGINE = Log",
        "CREATE TABLE `sales`.`\\x78` (a Int32) ENGINE = Log",
        "CREATE TABLE sales.x (a Int32) ENGINE = Log; DROP TABLE hr.salaries",
        "DROP TABLE hr.salaries",
    ] {
        let spec = pb::UploadSpec {
            create_table: true,
            create_statement: statement.to_owned(),
            ..spec("sales", "x")
        };
        let status = upload(&mut ingest, spec).await.unwrap_err();
        assert_eq!(
            status.code(),
            Code::InvalidArgument,
            "{statement}: {status:?}"
        );
    }
    assert_eq!(
        site.server
            .sql("SELECT count() FROM system.tables WHERE name = 'x'"),
        "0"
    );
    assert_eq!(site.server.sql("EXISTS hr.salaries"), "1");
}

/// What of `system` tells nothing of others.
const HARMLESS: [&str; 7] = [
    "numbers",
    "numbers_mt",
    "one",
    "parts",
    "parts_columns",
    "zeros",
    "zeros_mt",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_clickhouse_knows_of_others_is_nobodys_to_read() {
    let site = Site::start().await;
    let why = "TABLE_NOT_ALLOWED";
    for scopes in [super::kit::USUAL, ALL] {
        let token = site.token("bob", scopes, None);
        let (mut ingest, mut catalog) = (site.ingest(&token).await, site.catalog(&token).await);
        for (database, name) in [
            ("system", "processes"),
            ("system", "users"),
            ("system", "grants"),
            ("system", "stack_trace"),
            ("system", "query_log"),
            ("system", "tables"),
            ("System", "processes"),
            ("information_schema", "tables"),
            ("INFORMATION_SCHEMA", "COLUMNS"),
        ] {
            let exported = ingest.export(export(database, name)).await.map(drop);
            refused(exported, DENIED, why);
            let shown = catalog.preview_rows(preview(database, name)).await;
            refused(shown, DENIED, why);
            let get = pb::GetTableRequest {
                table: Some(table(database, name)),
            };
            refused(catalog.get_table(get).await, DENIED, why);
            let inspect = pb::InspectFileRequest {
                sample: "a\n1\n".into(),
                table: Some(table(database, name)),
                ..Default::default()
            };
            refused(ingest.inspect_file(inspect).await, DENIED, why);
        }
        let shown = catalog.preview_rows(preview("system", "one")).await;
        assert_eq!(shown.unwrap().into_inner().rows.len(), 1);
        let list = |database: &str| pb::ListTablesRequest {
            database: database.to_owned(),
            ..Default::default()
        };
        let listed = catalog.list_tables(list("system")).await.unwrap();
        assert_eq!(names(&listed.into_inner().tables), HARMLESS);
        refused(
            catalog.list_tables(list("information_schema")).await,
            DENIED,
            why,
        );
    }
}

fn names(tables: &[pb::TableSummary]) -> Vec<&str> {
    let names = tables.iter().map(|each| each.table.as_ref().unwrap());
    names.map(|each| each.table.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_names_nothing_that_the_caller_may_not_see() {
    let site = Site::start().await;
    for name in ["a_secret", "m_secret", "u_secret", "v_secret", "z_secret"] {
        site.server
            .sql(&format!("CREATE TABLE sales.{name} (a Int8) ENGINE = Log"));
    }
    site.server
        .sql("CREATE TABLE sales.w (a Int8) ENGINE = Log");
    let token = site.token("bob", "catalog:read", Some(&["sales.t", "sales.w"]));
    let mut catalog = site.catalog(&token).await;
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let list = pb::ListTablesRequest {
            database: "sales".to_owned(),
            page_size: 1,
            page_token,
        };
        let page = catalog.list_tables(list).await.unwrap().into_inner();
        seen.extend(names(&page.tables).into_iter().map(str::to_owned));
        page_token = page.next_page_token;
        assert!(!page_token.contains("secret"), "{page_token}");
        if page_token.is_empty() {
            break;
        }
        assert_eq!(page.tables.len(), 1, "a page with more behind it is full");
    }
    assert_eq!(seen, ["t", "w"]);
}
