//! What is handed on with a call, and who is let in by it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use sluice_proto::v1::{self as pb, ingest_service_client::IngestServiceClient};
use sluice_server::tls::TlsConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::{Code, Request, Status, transport::Endpoint};

use super::kit::{
    Client, ID, append, begin, cancel, create, engine, finish, get, servers_with, truly,
};
use crate::{
    attacks::{Ca, SECRET, USUAL, secret_source, token_of, write_secret},
    support::{TestServer, export_query, reason},
};

/// A call as its caller makes it.
fn with<T>(message: T, headers: &[(&'static str, &str)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in headers {
        let value = value.parse().unwrap();
        request.metadata_mut().insert(*name, value);
    }
    request
}

fn told<T>(outcome: Result<T, Status>) -> (Code, String) {
    match outcome {
        Ok(_) => (Code::Ok, String::new()),
        Err(status) => (status.code(), reason(&status)),
    }
}

/// What each call about the transfer is told, with these headers.
async fn answers(client: &mut Client, headers: &[(&'static str, &str)]) -> Vec<(Code, String)> {
    let data = Bytes::from_static(b"n,m,s\n1,2,a\n");
    let watch = pb::WatchTransferRequest {
        transfer_id: ID.to_owned(),
        interval: None,
    };
    let rejects = pb::ListRejectedRowsRequest {
        transfer_id: ID.to_owned(),
        as_csv: false,
    };
    vec![
        told(client.get_transfer(with(get(ID), headers)).await),
        told(client.watch_transfer(with(watch, headers)).await),
        told(client.list_rejected_rows(with(rejects, headers)).await),
        told(
            client
                .append_upload(with(append(ID, 0, data.clone()), headers))
                .await,
        ),
        told(client.finish_upload(with(finish(ID, &data), headers)).await),
        told(client.cancel_transfer(with(cancel(ID), headers)).await),
        told(client.begin_upload(with(begin("t", ID), headers)).await),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_without_rights_are_refused_through_the_other_server_too() {
    let engine = engine();
    create(&engine, "t");
    let directory = tempfile::TempDir::new().unwrap();
    let secret = directory.path().join("secret");
    write_secret(&secret, SECRET);
    let servers = servers_with(&engine, truly, |config| {
        let source = secret_source(secret.clone());
        config.access.tokens = Some(sluice_server::auth::AuthConfig::new(vec![source]));
    })
    .await;
    let [mut one, mut two] = [servers[0].ingest().await, servers[1].ingest().await];
    let header = |token: &str| format!("Bearer {token}");
    let alice = header(&token_of(&secret, "alice", USUAL));
    let alice = [("authorization", alice.as_str())];
    one.begin_upload(with(begin("t", ID), &alice))
        .await
        .unwrap();

    let mallory = header(&token_of(&secret, "mallory", USUAL));
    for headers in [
        vec![("authorization", mallory.as_str())],
        vec![("authorization", "Bearer nonsense")],
        vec![],
        vec![
            ("authorization", mallory.as_str()),
            ("sluice-forwarded", "1"),
        ],
        vec![("sluice-forwarded", "1")],
        vec![
            ("authorization", alice[0].1),
            ("sluice-connection", "nowhere"),
        ],
    ] {
        let direct = answers(&mut one, &headers).await;
        let through = answers(&mut two, &headers).await;
        let is_marked = headers.iter().any(|(name, _)| *name == "sluice-forwarded");
        assert!(
            through.iter().all(|(code, _)| *code != Code::Ok),
            "{headers:?}: {through:?}"
        );
        if !is_marked {
            assert_eq!(direct, through, "{headers:?}");
        }
    }
    // Its owner goes on.
    let data = Bytes::from_static(b"n,m,s\n1,2,a\n");
    let appended = two
        .append_upload(with(append(ID, 0, data.clone()), &alice))
        .await;
    assert_eq!(appended.unwrap().into_inner().committed_offset, 12);
    // With the mark a call is not handed on, and takes nothing over.
    let marked = [alice[0], ("sluice-forwarded", "1")];
    let begun = two.begin_upload(with(begin("t", ID), &marked)).await;
    assert_eq!(reason(&begun.unwrap_err()), "TRANSFER_ELSEWHERE");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_name_the_transfer_of_the_message_or_none() {
    let engine = engine();
    create(&engine, "t");
    let servers = servers_with(&engine, truly, |_| {}).await;
    let mut client = servers[0].ingest().await;
    let upper = ID.to_uppercase();
    for own in [ID, upper.as_str()] {
        let begun = client.begin_upload(with(begin("t", ID), &[("sluice-transfer-id", own)]));
        begun.await.unwrap();
    }
    let other = [("sluice-transfer-id", "0190a5f0-7f1a-7c00-8000-00000000ffff")];
    for headers in [other, [("sluice-transfer-id", "nonsense")]] {
        for (code, reason) in answers(&mut client, &headers).await {
            assert_eq!(
                (code, reason.as_str()),
                (Code::InvalidArgument, "INVALID_REQUEST")
            );
        }
        let mut export = export_query("SELECT 1");
        export.transfer_id = ID.to_owned();
        let exported = client.export(with(export, &headers)).await;
        assert_eq!(told(exported).1, "INVALID_REQUEST");
        let spec = begin("t", ID).spec.unwrap();
        let messages = crate::support::upload_messages(spec, b"n,m,s\n", 10);
        let uploaded = client
            .upload(with(tokio_stream::iter(messages), &headers))
            .await;
        assert_eq!(told(uploaded).1, "INVALID_REQUEST");
    }
}

async fn tls_client(server: &TestServer, ca: &Ca) -> Client {
    let mut config = sluice_server::tls::client(Some(&ca.file("ca.pem"))).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let address = server.address;
    let connect = tower::service_fn(move |_: http::Uri| {
        let connector = connector.clone();
        async move {
            let stream = TcpStream::connect(address).await?;
            let name = ServerName::try_from("localhost").unwrap();
            Ok::<_, std::io::Error>(TokioIo::new(connector.connect(name, stream).await?))
        }
    });
    let endpoint = Endpoint::from_static("http://localhost");
    IngestServiceClient::new(endpoint.connect_with_connector(connect).await.unwrap())
}

fn encrypted(number: usize, ports: [u16; 2]) -> Option<String> {
    Some(format!("https://localhost:{}", ports[number]))
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_verify_one_another() {
    let engine = engine();
    create(&engine, "t");
    let [ca, other_ca] = [Ca::new(), Ca::new()];
    let (certificate, key) = ca.issue("server");
    let fleet = async |fleet_ca: PathBuf| {
        servers_with(&engine, encrypted, |config| {
            let fleet = config.transfer.fleet.as_mut().unwrap();
            fleet.ca_file = Some(fleet_ca.clone());
            config.port.tls = Some(TlsConfig {
                certificate: certificate.clone(),
                key: key.clone(),
                client_ca: None,
                reload_interval: Duration::from_secs(60),
            });
        })
        .await
    };
    let data = Bytes::from_static(b"n,m,s\n1,2,a\n");
    let servers = fleet(ca.file("ca.pem")).await;
    let mut one = tls_client(&servers[0], &ca).await;
    let mut two = tls_client(&servers[1], &ca).await;
    one.begin_upload(begin("t", ID)).await.unwrap();
    let appended = two.append_upload(append(ID, 0, data.clone())).await;
    assert_eq!(appended.unwrap().into_inner().committed_offset, 12);
    two.finish_upload(finish(ID, &data)).await.unwrap();
    assert_eq!(engine.sql("SELECT count() FROM t"), "1");

    let servers = fleet(other_ca.file("ca.pem")).await;
    let mut one = tls_client(&servers[0], &ca).await;
    let mut two = tls_client(&servers[1], &ca).await;
    let id = "0190a5f0-7f1a-7c00-8000-0000000000d1";
    one.begin_upload(begin("t", id)).await.unwrap();
    let appended = two.append_upload(append(id, 0, data)).await;
    assert_eq!(
        told(appended),
        (Code::Unavailable, "SERVER_GONE".to_owned())
    );
}
