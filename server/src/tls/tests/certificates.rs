//! Who is who: the server's certificate, the clients', and both after a change.

use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::transport::Endpoint;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::kit::{Ca, ask, connect, serve, usual};
use crate::tls::{Error, ServerTls};

const H1: &[u8] = b"http/1.1";
const H2: &[u8] = b"h2";

#[tokio::test]
async fn both_versions_of_http_are_spoken_on_one_port() {
    let ca = Ca::new();
    ca.issue("server");
    let address = serve(usual(Some(ca.config("server", None)))).await;
    for (offered, chosen) in [
        (&[H1][..], Some(H1)),
        (&[H2, H1][..], Some(H2)),
        (&[H1, H2][..], Some(H2)),
        (&[][..], None),
    ] {
        let stream = connect(address, ca.client(None, offered)).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen);
    }
    let stream = connect(address, ca.client(None, &[H1])).await.unwrap();
    assert_eq!(
        ask(stream).await.unwrap(),
        "encrypted=true certificate=None"
    );
    let client = ca.client(None, &[H2]);
    let connector = tower::service_fn(move |_| {
        let client = client.clone();
        async move { connect(address, client).await.map(TokioIo::new) }
    });
    let channel = Endpoint::from_static("http://localhost");
    let channel = channel.connect_with_connector(connector).await.unwrap();
    let request = HealthCheckRequest::default();
    HealthClient::new(channel).check(request).await.unwrap();
    assert!(
        connect(address, ca.client(None, &[b"spdy/3"]))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn without_tls_both_versions_are_spoken_too() {
    let address = serve(usual(None)).await;
    let stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(
        ask(stream).await.unwrap(),
        "encrypted=false certificate=None"
    );
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let channel = channel.connect().await.unwrap();
    let request = HealthCheckRequest::default();
    HealthClient::new(channel).check(request).await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_names_the_caller() {
    let ca = Ca::new();
    ca.issue("server");
    ca.issue("loader");
    for is_required in [true, false] {
        let address = serve(usual(Some(ca.config("server", Some(is_required))))).await;
        let client = ca.client(Some((&ca, "loader")), &[H1]);
        for _ in 0..2 {
            let stream = connect(address, client.clone()).await.unwrap();
            let answer = ask(stream).await.unwrap();
            assert_eq!(answer, "encrypted=true certificate=Some(\"loader\")");
        }
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused_where_one_is_required() {
    let ca = Ca::new();
    ca.issue("server");
    let address = serve(usual(Some(ca.config("server", Some(true))))).await;
    // With TLS 1.3 the client hears of it after its own side of the handshake.
    let asked = async || ask(connect(address, ca.client(None, &[H1])).await?).await;
    // Its request is then under way, and must not cost it the reason.
    for _ in 0..20 {
        let error = asked().await.unwrap_err().to_string();
        assert!(error.contains("CertificateRequired"), "{error}");
    }
    let address = serve(usual(Some(ca.config("server", Some(false))))).await;
    let stream = connect(address, ca.client(None, &[H1])).await.unwrap();
    assert_eq!(
        ask(stream).await.unwrap(),
        "encrypted=true certificate=None"
    );
}

#[tokio::test]
async fn a_certificate_of_another_ca_or_another_time_is_refused() {
    let (ca, other) = (Ca::new(), Ca::new());
    ca.issue("server");
    other.issue("stranger");
    ca.issue_with("old", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    ca.issue_with("early", |params| {
        params.not_before = rcgen::date_time_ymd(2090, 1, 1);
    });
    for is_required in [true, false] {
        let address = serve(usual(Some(ca.config("server", Some(is_required))))).await;
        for own in [(&other, "stranger"), (&ca, "old"), (&ca, "early")] {
            let client = ca.client(Some(own), &[H1]);
            let asked = async || ask(connect(address, client).await?).await;
            assert!(asked().await.is_err(), "{}", own.1);
        }
    }
}

#[tokio::test]
async fn an_old_version_of_tls_is_refused() {
    let ca = Ca::new();
    ca.issue("server");
    let address = serve(usual(Some(ca.config("server", None)))).await;
    for minor in [0, 1, 2] {
        // SSL 3.0, TLS 1.0 and 1.1: a ClientHello with one cipher and no extensions.
        let mut hello = vec![1, 0, 0, 41, 3, minor];
        hello.extend([7; 32]);
        hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0]);
        let mut record = vec![0x16, 3, 1, 0, 45];
        record.extend(hello);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&record).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        // A fatal alert, and no ServerHello before it.
        assert_eq!((answer[0], answer[5]), (0x15, 2), "{answer:?}");
    }
}

#[tokio::test]
async fn plain_http_on_an_encrypted_port_is_refused() {
    let ca = Ca::new();
    ca.issue("server");
    let address = serve(usual(Some(ca.config("server", None)))).await;
    let stream = TcpStream::connect(address).await.unwrap();
    assert!(ask(stream).await.is_err());
}

/// The name of the server's certificate, or none where the handshake fails.
async fn serves(address: std::net::SocketAddr, ca: &Ca, name: &str) -> bool {
    let Ok(stream) = connect(address, ca.client(None, &[])).await else {
        return false;
    };
    let expected = std::fs::read_to_string(ca.file(&format!("{name}.pem"))).unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    use rustls::pki_types::{CertificateDer, pem::PemObject as _};
    shown == CertificateDer::from_pem_slice(expected.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_new_certificate_is_served_without_a_restart() {
    let ca = Ca::new();
    for name in ["server", "first", "second"] {
        ca.issue(name);
    }
    let address = serve(usual(Some(ca.config("server", None)))).await;
    let copy = |from: &str, ending: &str| {
        let file = |name| ca.file(&format!("{name}.{ending}"));
        std::fs::copy(file(from), file("server")).unwrap();
    };
    std::fs::copy(ca.file("server.pem"), ca.file("original.pem")).unwrap();
    assert!(serves(address, &ca, "original").await);
    // Only the certificate is new: it does not fit the key, and the old pair stays in use.
    copy("first", "pem");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(serves(address, &ca, "original").await);
    copy("first", "key");
    wait_for(address, &ca, "first").await;
    std::fs::write(ca.file("server.key"), "broken").unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(serves(address, &ca, "first").await);
    copy("second", "pem");
    copy("second", "key");
    wait_for(address, &ca, "second").await;
}

async fn wait_for(address: std::net::SocketAddr, ca: &Ca, name: &str) {
    let waiting = async {
        while !serves(address, ca, name).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .unwrap();
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let ca = Ca::new();
    ca.issue("server");
    ca.issue("other");
    std::fs::write(ca.file("empty.pem"), "").unwrap();
    let load = |change: &dyn Fn(&mut crate::tls::TlsConfig)| {
        let mut config = ca.config("server", Some(true));
        change(&mut config);
        ServerTls::load(config).unwrap_err()
    };
    let error = load(&|config| config.certificate = ca.file("missing.pem"));
    assert!(matches!(error, Error::Read { .. }));
    let error = load(&|config| config.certificate = ca.file("empty.pem"));
    assert!(matches!(error, Error::NoCertificate(_)));
    let error = load(&|config| config.certificate = ca.file("server.key"));
    assert!(matches!(error, Error::NoCertificate(_)));
    crate::secret_file::write(&ca.file("none.key"), "none");
    let error = load(&|config| config.key = ca.file("none.key"));
    assert!(matches!(error, Error::NoKey(_)));
    let error = load(&|config| config.key = ca.file("other.key"));
    assert!(matches!(error, Error::Pair { .. }));
    let error = load(&|config| config.client_ca.as_mut().unwrap().file = ca.file("empty.pem"));
    assert!(matches!(error, Error::NoCertificate(_)));
}
