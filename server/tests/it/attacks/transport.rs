//! Connections that are not encrypted as they should be, and certificates of others.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use sluice_server::{
    auth::{CertificateGrants, ConnectionLimit, Grant, Scope, Tables},
    tls::{ClientCa, TlsConfig},
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use super::kit::{Site, write_secret};

/// A CA with a directory of its own.
pub(crate) struct Ca {
    directory: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "test CA");
        let key = KeyPair::generate().unwrap();
        let directory = TempDir::new().unwrap();
        std::fs::write(
            directory.path().join("ca.pem"),
            params.self_signed(&key).unwrap().pem(),
        )
        .unwrap();
        Self {
            directory,
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A certificate of this name for localhost, and its key.
    pub(crate) fn issue(&self, name: &str) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = (
            self.file(&format!("{name}.pem")),
            self.file(&format!("{name}.key")),
        );
        std::fs::write(&files.0, certificate.pem()).unwrap();
        write_secret(&files.1, key.serialize_pem().as_bytes());
        files
    }
}

fn client(ca: &Path, own: Option<(PathBuf, PathBuf)>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(ca).unwrap())
        .unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
            let key = PrivateKeyDer::from_pem_file(key).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    }
}

/// Asks for the connections over gRPC-Web with HTTP/1.1: the answer in lower case.
async fn ask(address: SocketAddr, config: ClientConfig) -> std::io::Result<String> {
    let stream = tokio::net::TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    let head = "POST /sluice.v1.CatalogService/ListConnections HTTP/1.1\r\nHost: localhost\r\n\
                Connection: close\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: 5\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&[0; 5]).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).to_lowercase())
}

/// A server with TLS that wants certificates, which are good for `loader` only.
async fn site(ca: &Ca) -> Site {
    let (certificate, key) = ca.issue("server");
    let grant = Grant {
        scopes: [Scope::CatalogRead].into_iter().collect(),
        tables: Tables::All,
        connections: ConnectionLimit::All,
        clickhouse_role: None,
        clickhouse_user: None,
    };
    Site::start_with(|config| {
        config.access.tokens = None;
        config.access.certificates = CertificateGrants {
            subjects: BTreeMap::from([("loader".to_owned(), grant)]),
            others: None,
        };
        config.port.tls = Some(TlsConfig {
            certificate,
            key,
            client_ca: Some(ClientCa {
                file: ca.file("ca.pem"),
                is_required: true,
            }),
            reload_interval: Duration::from_millis(50),
        });
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_certificates_of_the_client_ca_that_are_granted_something_are_callers() {
    let (ca, other) = (Ca::new(), Ca::new());
    let site = site(&ca).await;
    let (address, trusted) = (site.server.address, ca.file("ca.pem"));
    let answer = ask(address, client(&trusted, Some(ca.issue("loader"))))
        .await
        .unwrap();
    assert!(answer.contains("grpc-status:0"), "{answer}");
    let answer = ask(address, client(&trusted, Some(ca.issue("stranger"))))
        .await
        .unwrap();
    assert!(
        answer.contains("grpc-status:16") || answer.contains("grpc-status: 16"),
        "{answer}"
    );
    ask(address, client(&trusted, Some(other.issue("loader"))))
        .await
        .unwrap_err();
    ask(address, client(&trusted, None)).await.unwrap_err();
    ask(
        address,
        client(&other.file("ca.pem"), Some(ca.issue("loader"))),
    )
    .await
    .unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_with_tls_does_not_speak_without() {
    let ca = Ca::new();
    let site = site(&ca).await;
    // Plain HTTP/1.1 and HTTP/2, and the hello of TLS 1.0 with one cipher.
    let hello = [
        &[0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 1][..],
        &[7; 32],
        &[0, 0, 2, 0, 0x2f, 1, 0],
    ]
    .concat();
    for first in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &hello,
    ] {
        let mut stream = TcpStream::connect(site.server.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(15)))
            .unwrap();
        stream.write_all(first).unwrap();
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        // At most an alert of TLS.
        assert!(answer.is_empty() || answer[0] == 0x15, "{answer:?}");
        assert!(answer.len() < 32, "{answer:?}");
    }
}
