//! Connections: named ones with each identity, and those that callers name themselves.

use sluice_proto::v1 as pb;
use sluice_server::{
    config::{Config, ConnectionConfig, Identity},
    guard::AllowList,
    task,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tonic::Code;

use super::kit::{ALL, Site, USUAL, connection_to, refused, spec, through, with};
use crate::support::{
    Exported, export_query, export_table, hosted::HostedEngine, metadata, split_url,
    upload_messages,
};

/// Users of another ClickHouse: `alice`, whose reading is limited to a row and whose quota is small; and
/// `service`, who may do everything by itself, or less with one of its roles.
const USERS: &str = "<users>\
     <default><no_password/><networks><ip>::/0</ip></networks><access_management>1</access_management></default>\
     <alice><password>wonderland</password><networks><ip>::/0</ip></networks>\
       <quota>small</quota>\
       <databases><default><t><filter>a = 1</filter></t></default></databases>\
       <grants><query>GRANT SELECT ON default.*</query></grants></alice>\
     <service><password>s3cret</password><networks><ip>::/0</ip></networks>\
       <grants><query>GRANT loader, writer, reader</query></grants></service>\
     </users><roles><loader><grants><query>GRANT ALL ON *.*</query></grants></loader>\
     <writer><grants><query>GRANT SELECT, INSERT ON default.t</query>\
       <query>GRANT SELECT ON system.*</query></grants></writer>\
     <reader><grants><query>GRANT SELECT ON default.t</query>\
       <query>GRANT SELECT ON system.*</query></grants></reader></roles>\
     <profiles><default></default></profiles>\
     <quotas><default></default><small><interval><duration>3600</duration>\
       <queries>200</queries></interval></small></quotas>";

fn other_clickhouse() -> HostedEngine {
    let engine = HostedEngine::start("", Some(USERS), "");
    engine.sql("CREATE TABLE t (a Int32) ENGINE = MergeTree ORDER BY a");
    engine.sql("INSERT INTO t VALUES (1), (2), (3)");
    engine
}

fn connection(url: &str, identity: Identity) -> ConnectionConfig {
    ConnectionConfig {
        identity,
        ..connection_to(url, "service", "s3cret")
    }
}

fn name(config: &mut Config, name: &str, connection: ConnectionConfig) {
    config.connections.insert(name.to_owned(), connection);
}

fn upload(rows: &[u8]) -> tokio_stream::Iter<std::vec::IntoIter<pb::UploadRequest>> {
    tokio_stream::iter(upload_messages(spec("default", "t"), rows, 1024))
}

const CHECK: pb::CheckConnectionRequest = pb::CheckConnectionRequest {
    table: None,
    commit_mode: 0,
    create_table: false,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_named_connection_is_another_clickhouse() {
    let other = other_clickhouse();
    let site = Site::start_with(|config| {
        name(
            config,
            "warehouse",
            connection(&other.url, Identity::Service),
        );
    })
    .await;
    let token = site.token("alice", USUAL, None);
    let (mut catalog, mut ingest) = (site.catalog(&token).await, site.ingest(&token).await);
    let listed = catalog
        .list_connections(pb::ListConnectionsRequest {})
        .await;
    let listed = listed.unwrap().into_inner().connections;
    let names: Vec<_> = listed
        .iter()
        .map(|one| (one.name.as_str(), one.url.as_str()))
        .collect();
    assert_eq!(names, [("default", ""), ("warehouse", other.url.as_str())]);

    let checked = catalog
        .check_connection(through("warehouse", CHECK))
        .await
        .unwrap();
    assert_eq!(checked.into_inner().user, "service");
    let response = ingest
        .upload(through("warehouse", upload(b"a\n7\n8\n")))
        .await
        .unwrap();
    let transfer = response.into_inner().transfer.unwrap();
    assert_eq!(transfer.commit_mode(), pb::CommitMode::Atomic);
    assert_eq!(other.sql("SELECT sum(a) FROM t"), "21");
    // The journal is the server's own.
    assert_eq!(
        other.sql("SELECT count() FROM system.databases WHERE name = 'sluice'"),
        "0"
    );
    let kept = "SELECT connection FROM sluice.transfers_2 FINAL WHERE state = 'SUCCEEDED'";
    assert_eq!(site.server.sql(kept), "warehouse");

    let unknown = catalog.check_connection(through("elsewhere", CHECK)).await;
    refused(unknown, Code::NotFound, "CONNECTION_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_the_token_limits_the_service() {
    let other = other_clickhouse();
    let site = Site::start_with(|config| {
        name(config, "warehouse", connection(&other.url, Identity::Role));
    })
    .await;
    let writer = site.token_with_role("alice", "writer");
    let mut ingest = site.ingest(&writer).await;
    let response = ingest
        .upload(through("warehouse", upload(b"a\n4\n")))
        .await
        .unwrap();
    let transfer = response.into_inner().transfer.unwrap();
    assert_eq!(transfer.commit_mode(), pb::CommitMode::Atomic);
    assert_eq!(other.sql("SELECT sum(a) FROM t"), "10");
    // A query is bound to the role.
    let query = export_query("SELECT currentRoles()[1] AS role");
    let call = ingest.export(through("warehouse", query)).await.unwrap();
    let exported = Exported::of(call).await.unwrap();
    assert_eq!(exported.file, b"role\nwriter\n");

    let reader = site.token_with_role("bob", "reader");
    let mut ingest = site.ingest(&reader).await;
    let denied = ingest.upload(through("warehouse", upload(b"a\n5\n"))).await;
    refused(denied, Code::PermissionDenied, "CLICKHOUSE_ACCESS_DENIED");
    let hidden = export_query("SELECT * FROM sluice.transfers_2");
    let denied = ingest.export(through("warehouse", hidden)).await;
    assert!(denied.is_err());
    let foreign = site.token_with_role("mallory", "admin");
    let denied = site
        .ingest(&foreign)
        .await
        .upload(through("warehouse", upload(b"a\n6\n")))
        .await;
    assert!(denied.is_err());
    assert_eq!(other.sql("SELECT sum(a) FROM t"), "10");
    let staging = "SELECT count() FROM system.tables WHERE name LIKE '\\_sluice%'";
    assert_eq!(other.sql(staging), "0");

    let none = site.token("carol", USUAL, None);
    let denied = site
        .ingest(&none)
        .await
        .upload(through("warehouse", upload(b"a\n6\n")))
        .await;
    refused(denied, Code::PermissionDenied, "IDENTITY_MISSING");
}

/// Forwards requests to ClickHouse whose bearer token has the right signature, as its user `alice`.
async fn verifying_proxy(target: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    task::spawn_background("proxy", async move {
        while let Ok((client, _)) = listener.accept().await {
            task::spawn_background("request", forward(client, target.clone()));
        }
    });
    url
}

async fn forward(mut client: TcpStream, target: String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let bearer = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_token = name.eq_ignore_ascii_case("authorization");
        value.strip_prefix("Bearer ").filter(|_| is_token)
    });
    let key = jsonwebtoken::DecodingKey::from_secret(super::kit::SECRET);
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
    rules.validate_aud = false;
    let claims = bearer.map(|token| jsonwebtoken::decode::<serde_json::Value>(token, &key, &rules));
    if !matches!(claims, Some(Ok(_))) {
        let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 95\r\nConnection: close\r\n\r\nCode: 516. \
                      DB::Exception: the token is not valid. (AUTHENTICATION_FAILED) (version 26.7.2.1)......";
        client.write_all(answer.as_bytes()).await.ok();
        return;
    }
    let mut server = TcpStream::connect(target).await.unwrap();
    let lines = head.trim_end().lines();
    let lines = lines.filter(|line| !line.to_ascii_lowercase().starts_with("authorization"));
    let head = lines.collect::<Vec<_>>().join("\r\n");
    let own = "X-ClickHouse-User: alice\r\nX-ClickHouse-Key: wonderland\r\nConnection: close";
    let head = format!("{head}\r\n{own}\r\n\r\n");
    server.write_all(head.as_bytes()).await.unwrap();
    copy_bidirectional(&mut client, &mut server).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_caller_is_handed_on() {
    let other = other_clickhouse();
    let proxy = verifying_proxy(other.url.trim_start_matches("http://").to_owned()).await;
    let site = Site::start_with(|config| {
        name(config, "cloud", connection(&proxy, Identity::Token));
    })
    .await;
    let token = site.token("alice", USUAL, None);
    let mut catalog = site.catalog(&token).await;
    let checked = catalog
        .check_connection(through("cloud", CHECK))
        .await
        .unwrap();
    assert_eq!(checked.into_inner().user, "alice");
    // The row policy of the user holds.
    let mut ingest = site.ingest(&token).await;
    let call = ingest.export(through("cloud", export_table("t"))).await;
    let exported = Exported::of(call.unwrap()).await.unwrap();
    assert_eq!(exported.row_count(), 1);
}

/// A server that takes the ClickHouse of callers at these hosts.
async fn open_to(hosts: &[&str]) -> Site {
    Site::start_with(|config| {
        config.adhoc = Some(AllowList::parse(hosts).unwrap());
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clickhouse_of_the_callers_own_is_used_as_the_caller() {
    let other = other_clickhouse();
    let host = other.url.trim_start_matches("http://").to_owned();
    let site = open_to(&[&host]).await;
    let token = site.token("alice", USUAL, None);
    let mut catalog = site.catalog(&token).await;
    let own = |user, password| {
        [
            ("sluice-clickhouse-url", other.url.clone()),
            ("sluice-clickhouse-user", user),
            ("sluice-clickhouse-password", password),
        ]
    };
    let mut check = async |user: &str, password: &str, database: &str| {
        let headers = own(user.to_owned(), password.to_owned());
        let mut headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        headers.push(("sluice-clickhouse-database", database));
        catalog.check_connection(with(CHECK, &headers)).await
    };
    let checked = check("alice", "wonder%6Cand", "").await.unwrap();
    assert_eq!(checked.into_inner().user, "alice");
    let wrong = check("alice", "looking-glass", "").await;
    refused(wrong, Code::Unauthenticated, "CLICKHOUSE_AUTHENTICATION");
    let unknown = check("alice", "wonderland", "nowhere").await;
    refused(unknown, Code::NotFound, "DATABASE_NOT_FOUND");
    let mut ingest = site.ingest(&token).await;
    let headers = own("alice".to_owned(), "wonderland".to_owned());
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let denied = ingest.upload(with(upload(b"a\n9\n"), &headers)).await;
    refused(denied, Code::PermissionDenied, "CLICKHOUSE_ACCESS_DENIED");
    // Nothing of the credentials is kept.
    let kept =
        "SELECT count() FROM sluice.transfers_2 WHERE toString(tuple(*)) LIKE '%wonderland%'";
    assert_eq!(site.server.sql(kept), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_internal_service_is_reached_through_the_server() {
    let site = open_to(&["clickhouse.example.com", "localhost:8123", "203.0.113.0/24"]).await;
    let token = site.token("mallory", ALL, None);
    let mut catalog = site.catalog(&token).await;
    let (engine, ..) = split_url(&site.server.engine_url);
    for (url, code) in [
        // The engine of the server itself, and this machine in all its spellings.
        (engine.as_str(), Code::PermissionDenied),
        ("http://127.0.0.1:8123", Code::PermissionDenied),
        ("http://[::1]:8123", Code::PermissionDenied),
        ("http://[::ffff:127.0.0.1]:8123", Code::PermissionDenied),
        ("http://0.0.0.0:8123", Code::PermissionDenied),
        ("http://localhost:9000", Code::PermissionDenied),
        // The name is allowed, what it means is not.
        ("http://localhost:8123", Code::PermissionDenied),
        ("http://2130706433:8123", Code::InvalidArgument),
        ("http://0x7f.1:8123", Code::InvalidArgument),
        // The metadata of clouds, private networks.
        ("http://169.254.169.254:80", Code::PermissionDenied),
        ("http://[fd00:ec2::254]:80", Code::PermissionDenied),
        ("http://10.0.0.1:8123", Code::PermissionDenied),
        ("http://192.168.1.1:8123", Code::PermissionDenied),
        // Another host than it seems.
        (
            "http://clickhouse.example.com@10.0.0.1:8123",
            Code::InvalidArgument,
        ),
        ("http://203.0.113.1:8123/?query=x", Code::InvalidArgument),
        ("file:///etc/passwd", Code::InvalidArgument),
        ("gopher://203.0.113.1:8123", Code::InvalidArgument),
    ] {
        let headers = [("sluice-clickhouse-url", url)];
        let status = catalog
            .check_connection(with(CHECK, &headers))
            .await
            .unwrap_err();
        assert_eq!(status.code(), code, "{url}: {status:?}");
    }
    site.check_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let site = open_to(&[&address.to_string()]).await;
    let (engine, ..) = split_url(&site.server.engine_url);
    task::spawn_background("redirect", async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut head = [0; 4096];
            if client.read(&mut head).await.is_err() {
                continue;
            }
            let answer = format!(
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: {engine}/\r\nContent-Length: 0\r\n\r\n"
            );
            client.write_all(answer.as_bytes()).await.ok();
        }
    });
    let token = site.token("mallory", ALL, None);
    let url = format!("http://{address}");
    let headers = [("sluice-clickhouse-url", url.as_str())];
    let status = site
        .catalog(&token)
        .await
        .check_connection(with(CHECK, &headers))
        .await;
    assert_eq!(status.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_contradict_each_other_are_refused() {
    let site = open_to(&["203.0.113.1"]).await;
    let token = site.token("alice", USUAL, None);
    let mut catalog = site.catalog(&token).await;
    const URL: (&str, &str) = ("sluice-clickhouse-url", "http://203.0.113.1");
    for (headers, field) in [
        (
            vec![("sluice-clickhouse-user", "me")],
            "sluice-clickhouse-user",
        ),
        (
            vec![URL, ("sluice-connection", "default")],
            "sluice-connection",
        ),
        (
            vec![
                URL,
                ("sluice-clickhouse-token", "t"),
                ("sluice-clickhouse-user", "u"),
            ],
            "sluice-clickhouse-token",
        ),
        (vec![("sluice-connection", "%FF")], "sluice-connection"),
        (vec![("sluice-connection", "a%0Ab")], "sluice-connection"),
    ] {
        let status = catalog
            .check_connection(with(CHECK, &headers))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{headers:?}");
        assert_eq!(metadata(&status, "field"), field);
    }
    let closed = Site::start().await;
    let token = closed.token("alice", USUAL, None);
    let outcome = closed
        .catalog(&token)
        .await
        .check_connection(with(CHECK, &[URL]))
        .await;
    refused(outcome, Code::PermissionDenied, "CLICKHOUSE_NOT_ALLOWED");
}

/// A token with the claim `connections`.
fn limited_to(connections: &serde_json::Value) -> String {
    let until = std::time::SystemTime::now() + std::time::Duration::from_secs(600);
    let until = until.duration_since(std::time::UNIX_EPOCH).unwrap();
    let claims = serde_json::json!({
        "sub": "alice", "scope": ALL, "exp": until.as_secs(), "connections": connections,
    });
    let key = jsonwebtoken::EncodingKey::from_secret(super::kit::SECRET);
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_can_be_limited_to_connections() {
    use serde_json::json;
    let other = other_clickhouse();
    let own = other.url.clone();
    let site = Site::start_with(|config| {
        for each in ["dev_a", "dev_b", "prod"] {
            name(config, each, connection(&other.url, Identity::Service));
        }
        let host = own.trim_start_matches("http://");
        config.adhoc = Some(AllowList::parse(&[host]).unwrap());
    })
    .await;
    let why = "CONNECTION_NOT_ALLOWED";
    for (claim, allowed) in [
        (json!(["dev_*"]), &["dev_a", "dev_b"][..]),
        (json!("default dev_b"), &["default", "dev_b"]),
        (json!(["prod"]), &["prod"]),
        (json!([]), &[]),
        (json!(["*"]), &["default", "dev_a", "dev_b", "prod"]),
    ] {
        let token = limited_to(&claim);
        let (mut catalog, mut ingest) = (site.catalog(&token).await, site.ingest(&token).await);
        let listed = catalog.list_connections(pb::ListConnectionsRequest {});
        let listed = listed.await.unwrap().into_inner().connections;
        let names: Vec<_> = listed.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, allowed, "{claim}");
        for one in ["default", "dev_a", "dev_b", "prod"] {
            let checked = catalog.check_connection(through(one, CHECK)).await;
            let listed = ingest
                .list_transfers(through(one, pb::ListTransfersRequest::default()))
                .await;
            if allowed.contains(&one) {
                checked.unwrap();
                listed.unwrap();
                continue;
            }
            refused(checked, Code::PermissionDenied, why);
            refused(listed, Code::PermissionDenied, why);
            let loaded = ingest.upload(through(one, upload(b"a\n9\n"))).await;
            refused(loaded, Code::PermissionDenied, why);
        }
        // A call that names none means `default`.
        let checked = catalog.check_connection(CHECK).await;
        assert_eq!(checked.is_ok(), allowed.contains(&"default"), "{claim}");
        // What there is beside its own it does not hear.
        let unknown = catalog.check_connection(through("devil", CHECK)).await;
        let status = unknown.unwrap_err();
        let hidden = ["prod", "dev_a"]
            .iter()
            .filter(|one| !allowed.contains(one));
        for one in hidden {
            assert!(!status.message().contains(one), "{claim}: {status:?}");
        }
        // A ClickHouse of its own is none of them.
        let headers = [("sluice-clickhouse-url", own.as_str())];
        let outcome = catalog.check_connection(with(CHECK, &headers)).await;
        refused(outcome, Code::PermissionDenied, why);
    }
    assert_eq!(other.sql("SELECT sum(a) FROM t"), "6");
    for claim in [json!(null), json!(7), json!(["a*b"]), json!([""])] {
        let token = limited_to(&claim);
        let listed = site.catalog(&token).await;
        let listed = { listed }
            .list_connections(pb::ListConnectionsRequest {})
            .await;
        refused(listed, Code::Unauthenticated, "TOKEN_INVALID");
    }
    // Without the claim all of them, and a ClickHouse of its own.
    let token = site.token("bob", ALL, None);
    let headers = [("sluice-clickhouse-url", own.as_str())];
    let mut catalog = site.catalog(&token).await;
    catalog
        .check_connection(through("prod", CHECK))
        .await
        .unwrap();
    catalog
        .check_connection(with(CHECK, &headers))
        .await
        .unwrap();
}
