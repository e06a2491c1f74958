//! A server and clients for the tests of this module.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{Extension, Router, routing::get};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::{service::Routes, transport::Server};

use crate::{
    task,
    tls::{AcceptConfig, ClientCa, ConnectionInfo, Incoming, ServerTls, TlsConfig},
};

/// A CA of its own, in a directory of its own.
pub(super) struct Ca {
    pub directory: TempDir,
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Ca {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "test CA");
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("ca.pem"), &pem).unwrap();
        Self {
            directory,
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Makes a certificate for localhost with this name, and its key.
    pub(super) fn issue(&self, name: &str) {
        self.issue_with(name, |_| {});
    }

    pub(super) fn issue_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.file(&format!("{name}.pem")), certificate.pem()).unwrap();
        let file = self.file(&format!("{name}.key"));
        crate::secret_file::write(&file, key.serialize_pem());
    }

    pub(super) fn config(&self, name: &str, client_ca: Option<bool>) -> TlsConfig {
        TlsConfig {
            certificate: self.file(&format!("{name}.pem")),
            key: self.file(&format!("{name}.key")),
            client_ca: client_ca.map(|is_required| ClientCa {
                file: self.file("ca.pem"),
                is_required,
            }),
            reload_interval: Duration::from_millis(10),
        }
    }

    /// A client that trusts this CA, with a certificate of `of`.
    pub(super) fn client(&self, own: Option<(&Self, &str)>, alpn: &[&[u8]]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some((ca, name)) => {
                let chain = CertificateDer::from_pem_file(ca.file(&format!("{name}.pem")));
                let key = PrivateKeyDer::from_pem_file(ca.file(&format!("{name}.key")));
                builder
                    .with_client_auth_cert(vec![chain.unwrap()], key.unwrap())
                    .unwrap()
            }
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        config
    }
}

pub(super) async fn who(Extension(info): Extension<ConnectionInfo>) -> String {
    format!(
        "encrypted={} certificate={:?}",
        info.is_encrypted, info.certificate
    )
}

/// Serves until the test ends.
pub(super) async fn serve(config: AcceptConfig) -> SocketAddr {
    serve_with(config, Duration::from_secs(30)).await
}

/// Serves until the test ends, and asks a silent HTTP/2 client after `keepalive` whether it lives.
pub(super) async fn serve_with(config: AcceptConfig, keepalive: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_, health) = tonic_health::server::health_reporter();
    let router = Routes::new(health).into_axum_router();
    let router = Router::new().route("/who", get(who)).merge(router);
    let incoming = Incoming::new(listener, config);
    drop(task::spawn_background("server", async move {
        Server::builder()
            .accept_http1(true)
            .http2_keepalive_interval(Some(keepalive))
            .http2_keepalive_timeout(Some(keepalive))
            .add_routes(Routes::from(router))
            .serve_with_incoming(incoming)
            .await
            .unwrap();
    }));
    address
}

/// The limits of a server as it comes.
pub(super) fn usual(tls: Option<TlsConfig>) -> AcceptConfig {
    AcceptConfig {
        tls: tls.map(|tls| ServerTls::load(tls).unwrap()),
        ..AcceptConfig::default()
    }
}

/// The limits of a server without patience.
pub(super) fn quick(tls: Option<TlsConfig>) -> AcceptConfig {
    AcceptConfig {
        handshake_timeout: Duration::from_millis(200),
        head_timeout: Duration::from_millis(200),
        ..usual(tls)
    }
}

pub(super) async fn connect(
    address: SocketAddr,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// Asks over HTTP/1.1 who the server thinks that this is.
pub(super) async fn ask(mut io: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<String> {
    let request = b"GET /who HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    io.write_all(request).await?;
    let mut answer = String::new();
    io.read_to_string(&mut answer).await?;
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned());
    body.ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}

/// Whether the other end closes within ten seconds, whatever it says before.
pub(super) async fn is_closed(mut io: impl AsyncRead + Unpin) -> bool {
    let mut rest = Vec::new();
    let reading = io.read_to_end(&mut rest);
    tokio::time::timeout(Duration::from_secs(10), reading)
        .await
        .is_ok()
}
