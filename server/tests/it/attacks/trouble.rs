//! A ClickHouse that cannot be worked with: what is wrong is told apart.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use sluice_proto::v1 as pb;
use sluice_server::{config::ConnectionConfig, task};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tonic::Code;

use super::{
    kit::{Site, USUAL, connection_to, refused, through},
    transport::Ca,
};
use crate::support::{
    export_table,
    hosted::{HostedEngine, free_port},
};

const USERS: &str = "<users>\
     <default><no_password/></default>\
     <guest><password>welcome</password><grants><query>GRANT SELECT ON default.other</query></grants></guest>\
     </users><profiles><default></default></profiles><quotas><default></default></quotas>";

fn connection(url: &str, password: &str, database: &str) -> ConnectionConfig {
    ConnectionConfig {
        database: database.to_owned(),
        ..connection_to(url, "guest", password)
    }
}

fn trusting(url: &str, ca: PathBuf) -> ConnectionConfig {
    ConnectionConfig {
        ca_file: Some(ca),
        ..connection(url, "welcome", "default")
    }
}

/// Forwards what comes over TLS; the port.
async fn tls_in_front_of(target: String, ca: &Ca) -> u16 {
    let (certificate, key) = ca.issue("clickhouse");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(certificate).unwrap()],
            PrivateKeyDer::from_pem_file(key).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    task::spawn_background("TLS", async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, target) = (acceptor.clone(), target.clone());
            task::spawn_background("TLS connection", async move {
                if let Ok(mut client) = acceptor.accept(client).await {
                    let mut server = TcpStream::connect(target).await.unwrap();
                    copy_bidirectional(&mut client, &mut server).await.ok();
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_clickhouse_is_told_apart() {
    let engine = HostedEngine::start("", Some(USERS), "");
    engine.sql("CREATE TABLE t (a Int32) ENGINE = Log");
    let (ca, other_ca) = (Ca::new(), Ca::new());
    let plain = engine.url.trim_start_matches("http://").to_owned();
    let port = tls_in_front_of(plain.clone(), &ca).await;
    let secure = format!("https://localhost:{port}");
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let site = Site::start_with(|config| {
        for (name, connection) in [
            ("good", connection(&engine.url, "welcome", "default")),
            ("secure", trusting(&secure, ca.file("ca.pem"))),
            ("nobody", connection(&nobody, "welcome", "default")),
            ("stranger", trusting(&secure, other_ca.file("ca.pem"))),
            (
                "plain",
                trusting(&format!("https://{plain}"), ca.file("ca.pem")),
            ),
            ("password", connection(&engine.url, "open", "default")),
            ("database", connection(&engine.url, "welcome", "nowhere")),
        ] {
            config.connections.insert(name.to_owned(), connection);
        }
    })
    .await;
    let token = site.token("alice", USUAL, None);
    let mut catalog = site.catalog(&token).await;
    let mut check = async |name: &str| {
        catalog
            .check_connection(through(name, pb::CheckConnectionRequest::default()))
            .await
    };
    for good in ["good", "secure"] {
        let answer = check(good).await.unwrap().into_inner();
        assert_eq!(answer.user, "guest");
        let missing = answer.missing_grants.iter();
        let on_tables = missing.filter(|grant| grant.on == "default.*");
        let mut privileges: Vec<_> = on_tables.map(|grant| grant.privilege.as_str()).collect();
        privileges.sort_unstable();
        let expected = [
            "CREATE TABLE",
            "DROP TABLE",
            "INSERT",
            "SELECT",
            "SHOW COLUMNS",
        ];
        assert_eq!(privileges, expected);
    }
    for (name, code, why) in [
        ("nobody", Code::Unavailable, "CLICKHOUSE_UNAVAILABLE"),
        ("stranger", Code::FailedPrecondition, "CLICKHOUSE_TLS"),
        ("plain", Code::FailedPrecondition, "CLICKHOUSE_TLS"),
        (
            "password",
            Code::Unauthenticated,
            "CLICKHOUSE_AUTHENTICATION",
        ),
        ("database", Code::NotFound, "DATABASE_NOT_FOUND"),
    ] {
        let outcome = check(name).await;
        let told = outcome
            .as_ref()
            .err()
            .map(|status| status.message().to_owned());
        refused(outcome, code, why);
        let told = told.unwrap();
        assert!(
            !told.contains("welcome") && !told.contains("open\""),
            "{told}"
        );
    }
    // A grant that is missing shows when it is needed, with its name.
    let request = through("good", export_table("t"));
    let outcome = site.ingest(&token).await.export(request).await.map(drop);
    let message = outcome.as_ref().unwrap_err().message().to_owned();
    refused(outcome, Code::NotFound, "TABLE_NOT_FOUND");
    assert!(
        message.contains("GRANT SELECT ON default.t TO guest"),
        "{message}"
    );
}
