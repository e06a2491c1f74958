//! As whom callers' own statements run, and what ClickHouse refuses that user whatever the statement says.

use sluice_proto::v1 as pb;
use sluice_server::config::{CallersUser, ConnectionConfig};
use sluice_server::engine::Secret;
use tonic::Code;

use super::kit::{ALL, Site, USUAL, connection_to, refused, spec, through};
use crate::support::{as_user, hosted::HostedEngine, post, upload_messages};

/// What the user of callers' CREATE TABLE may not do on the embedded ClickHouse, also when nobody has read the
/// statement before. `OUTSIDE` is a directory of the test.
const BEYOND_CREATING: [&str; 25] = [
    "CREATE TABLE sluice.x (a Int8) ENGINE = Log",
    "CREATE TABLE system.x (a Int8) ENGINE = Log",
    "CREATE TABLE sales.x ENGINE = Log AS SELECT a FROM hr.salaries",
    "CREATE TABLE sales.x AS hr.salaries",
    "CREATE TABLE sales.x (a Int8) ENGINE = Merge('hr', '.*')",
    "CREATE TABLE sales.x (a Int8) ENGINE = Buffer('hr', 'salaries', 1, 1, 1, 1, 1, 1, 1)",
    "CREATE TABLE sales.x (a Int8) ENGINE = Distributed('default', 'hr', 'salaries')",
    "CREATE TABLE sales.x (a Int8) ENGINE = File(CSV)",
    "CREATE TABLE sales.x (a Int8) ENGINE = URL('http://127.0.0.1:1/', 'CSV')",
    "CREATE TABLE sales.x (a Int8) ENGINE = MySQL('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "CREATE TABLE sales.x (a Int8) ENGINE = S3('http://127.0.0.1:1/b/k', 'CSV')",
    "CREATE TABLE sales.x (a Int8) ENGINE = Executable('x', 'CSV')",
    "CREATE TABLE sales.x (a Int8) ENGINE = Dictionary('hr.d')",
    "CREATE TABLE sales.x (a Int8) ENGINE = ReplicatedMergeTree('/x', 'y') ORDER BY a",
    "CREATE TABLE sales.x (a Int8) ENGINE = MergeTree ORDER BY a \
     SETTINGS disk = disk(type = local_blob_storage, path = 'OUTSIDE/')",
    "CREATE TABLE sales.x (a Int8) ENGINE = MergeTree ORDER BY a \
     SETTINGS `d\\x69sk` = disk(type = local_blob_storage, path = 'OUTSIDE/')",
    "CREATE TABLE sales.x (a Int8) ENGINE = MergeTree ORDER BY a \
     SETTINGS disk = disk(type = web, endpoint = 'http://127.0.0.1:1/')",
    "CREATE VIEW sales.x AS SELECT * FROM hr.salaries",
    "CREATE MATERIALIZED VIEW sales.x ENGINE = Log AS SELECT * FROM hr.salaries",
    "CREATE OR REPLACE TABLE hr.salaries (a Int8) ENGINE = Log",
    "CREATE TABLE sales.x ENGINE = Log AS SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "DROP TABLE hr.salaries",
    "INSERT INTO hr.salaries SELECT 1",
    "SELECT * FROM hr.salaries",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
];

#[tokio::test(flavor = "multi_thread")]
async fn clickhouse_itself_refuses_the_create_statements_of_callers_anything_but_a_table() {
    let site = Site::start().await;
    let outside = tempfile::TempDir::new().unwrap();
    let path = outside.path().display().to_string();
    let url = as_user(&site.server.engine_url, "sluice_creators");
    let asked = |text: &str| post(&url, "/", text.as_bytes());
    for text in BEYOND_CREATING {
        let (status, answer) = asked(&text.replace("OUTSIDE", &path));
        assert_ne!(status, 200, "{text}: {answer}");
        let is_refusal = |code: &&str| answer.starts_with(&format!("Code: {code}."));
        // 36: without a disk the setting means nothing.
        assert!(
            ["36", "452", "497"].iter().any(is_refusal),
            "{text}: {answer}"
        );
    }
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    assert_eq!(site.server.sql("SELECT sum(a) FROM hr.salaries"), "1000000");
    let plain = "CREATE TABLE sales.x (a Int8) ENGINE = ReplacingMergeTree ORDER BY a \
                 SETTINGS index_granularity = 1024";
    assert_eq!(asked(plain), (200, String::new()));
}

/// Loads a row into a table that a statement makes.
async fn create(
    site: &Site,
    token: &str,
    connection: &str,
    statement: &str,
) -> Result<(), tonic::Status> {
    let database = if connection == "default" {
        "sales"
    } else {
        "default"
    };
    let spec = pb::UploadSpec {
        create_table: true,
        create_statement: statement.to_owned(),
        ..spec(database, "made")
    };
    let messages = tokio_stream::iter(upload_messages(spec, b"a\n1\n", 1024));
    let mut ingest = site.ingest(token).await;
    ingest.upload(through(connection, messages)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_a_limited_caller_makes_its_table_on_the_embedded_clickhouse() {
    let site = Site::start().await;
    // An engine that the server's own user may ask for, and the one of callers may not.
    let beyond = "CREATE TABLE sales.made (a Int32) ENGINE = ReplicatedMergeTree ORDER BY a";
    let outcome = create(&site, &site.alice(), "default", beyond).await;
    refused(outcome, Code::PermissionDenied, "CLICKHOUSE_ACCESS_DENIED");
    let plain = "CREATE TABLE sales.made (a Int32) ENGINE = MergeTree ORDER BY a";
    create(&site, &site.alice(), "default", plain)
        .await
        .unwrap();
    assert_eq!(site.server.sql("SELECT sum(a) FROM sales.made"), "1");
}

/// Users of another ClickHouse: the server's, one who only reads, and one who could reach more.
const USERS: &str = "<users>\
     <default><no_password/><networks><ip>::/0</ip></networks><access_management>1</access_management></default>\
     <service><password>s3cret</password><networks><ip>::/0</ip></networks></service>\
     <reader><password>r3ader</password><networks><ip>::/0</ip></networks>\
       <grants><query>GRANT SELECT ON default.*</query></grants></reader>\
     <wide><password>w1de</password><networks><ip>::/0</ip></networks>\
       <grants><query>GRANT SELECT ON *.*</query><query>GRANT URL ON *.*</query></grants></wide>\
     </users><profiles><default/></profiles><quotas><default/></quotas>";

fn with_callers(url: &str, callers: Option<(&str, &str)>) -> ConnectionConfig {
    ConnectionConfig {
        callers: callers.map(|(name, password)| CallersUser {
            name: name.to_owned(),
            password_file: None,
            password: Secret::new(password.to_owned()),
        }),
        ..connection_to(url, "service", "s3cret")
    }
}

async fn warnings(site: &Site, token: &str, connection: &str) -> Vec<String> {
    let check = through(connection, pb::CheckConnectionRequest::default());
    let answer = site.catalog(token).await.check_connection(check).await;
    answer.unwrap().into_inner().warnings
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_callers_run_as_the_user_that_the_connection_names_for_them() {
    const PLAIN: &str = "CREATE TABLE default.made (a Int32) ENGINE = MergeTree ORDER BY a";
    let other = HostedEngine::start("", Some(USERS), "");
    other.sql("CREATE TABLE t (a Int32) ENGINE = MergeTree ORDER BY a");
    let site = Site::start_with(|config| {
        for (name, callers) in [
            ("open", None),
            ("walled", Some(("reader", "r3ader"))),
            ("wide", Some(("wide", "w1de"))),
        ] {
            let connection = with_callers(&other.url, callers);
            config.connections.insert(name.to_owned(), connection);
        }
    })
    .await;
    let root = site.token("root", ALL, None);
    let user = async |connection: &str| {
        let request = pb::PreviewRowsRequest {
            source: Some(pb::preview_rows_request::Source::Query(
                "SELECT currentUser() FROM default.t RIGHT JOIN (SELECT 1) AS one ON 1".to_owned(),
            )),
            ..Default::default()
        };
        let mut catalog = site.catalog(&root).await;
        let rows = catalog.preview_rows(through(connection, request)).await;
        rows.unwrap().into_inner().rows[0].cells[0].text.clone()
    };
    assert_eq!(user("open").await.as_deref(), Some("service"));
    assert_eq!(user("walled").await.as_deref(), Some("reader"));

    // That user may not make tables; without one it is the connection's own.
    let made = create(&site, &root, "walled", PLAIN).await;
    refused(made, Code::PermissionDenied, "CLICKHOUSE_ACCESS_DENIED");
    create(&site, &root, "open", PLAIN).await.unwrap();
    // ClickHouse knows nothing of a token's limit there.
    let limited = site.token("bob", USUAL, Some(&["default.*"]));
    for connection in ["open", "walled"] {
        let made = create(&site, &limited, connection, PLAIN).await;
        refused(made, Code::PermissionDenied, "QUERY_NOT_ALLOWED");
    }

    let of_open = warnings(&site, &root, "open").await;
    assert!(
        of_open.len() == 1 && of_open[0].contains("callers-user"),
        "{of_open:?}"
    );
    assert_eq!(warnings(&site, &root, "walled").await, [""; 0]);
    let of_wide = warnings(&site, &root, "wide").await;
    assert!(
        of_wide.len() == 1 && of_wide[0].contains("REVOKE URL"),
        "{of_wide:?}"
    );
    assert_eq!(warnings(&site, &root, "default").await, [""; 0]);
}
