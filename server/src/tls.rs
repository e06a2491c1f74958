//! The port's transport: TLS, client certificates, and how many connections may wait for what; and TLS
//! on the way out.
//!
//! `app` builds an [`Incoming`] from its listener, and `rpc` serves HTTP on what comes out of it. It
//! knows nothing of HTTP but how its first bytes look, and must never show a private key.

mod certificate;
mod client;
mod connection;
mod incoming;
mod itself;

use std::{
    fs,
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use secrecy::{ExposeSecret as _, SecretSlice};

pub use self::{
    client::client,
    connection::{Connection, ConnectionInfo},
    incoming::{AcceptConfig, Incoming},
    itself::to_itself,
};
use crate::{secret_file, task};

/// HTTP/2 for gRPC, HTTP/1.1 for gRPC-Web and pages behind old proxies.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason of the system.
        source: io::Error,
    },
    /// A file holds no certificate in PEM.
    #[error(
        "{0} holds no certificate: give a PEM file with CERTIFICATE blocks, the server's own first"
    )]
    NoCertificate(PathBuf),
    /// A file holds no private key in PEM.
    #[error("{0} holds no private key: give a PEM file with a PRIVATE KEY block and no password")]
    NoKey(PathBuf),
    /// Certificate and key do not belong together, or are of a kind that is not supported.
    #[error("the certificate {certificate} and the key {key} cannot be used together")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What the library says.
        source: rustls::Error,
    },
    /// The certificates of client CAs cannot be used.
    #[error("the client CA {path} cannot be used: {problem}")]
    ClientCa {
        /// The file.
        path: PathBuf,
        /// What the library says.
        problem: String,
    },
    /// TLS on the way out cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Client(String),
}

/// TLS on the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The server's certificate in PEM, followed by those that lead to its CA.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
    /// Whose client certificates are taken. Default: none are asked for.
    pub client_ca: Option<ClientCa>,
    /// The pause between two looks at the files. Default: [`Self::RELOAD_INTERVAL`].
    pub reload_interval: Duration,
}

impl TlsConfig {
    /// 5 s: soon enough after a renewal, and two calls of the system each time.
    pub const RELOAD_INTERVAL: Duration = Duration::from_secs(5);

    fn files(&self) -> impl Iterator<Item = &Path> {
        let ca = self.client_ca.as_ref().map(|ca| ca.file.as_path());
        [self.certificate.as_path(), self.key.as_path()]
            .into_iter()
            .chain(ca)
    }
}

/// Whose client certificates are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCa {
    /// The CA's certificates in PEM.
    pub file: PathBuf,
    /// Whether a connection without one is refused. Otherwise such a caller needs a token.
    pub is_required: bool,
}

/// TLS with the files as they are now. A clone shares everything.
#[derive(Debug, Clone)]
pub struct ServerTls {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: TlsConfig,
    current: RwLock<Arc<ServerConfig>>,
}

impl ServerTls {
    /// Reads the files, and from then on reads them again when they change, as long as one clone
    /// lives. Files that cannot be used leave everything as it was, with a warning.
    ///
    /// # Errors
    ///
    /// They cannot be used now.
    pub fn load(config: TlsConfig) -> Result<Self, Error> {
        let seen = fingerprint(&config);
        let current = RwLock::new(Arc::new(server_config(&config)?));
        let pause = config.reload_interval;
        let inner = Arc::new(Inner { config, current });
        let weak = Arc::downgrade(&inner);
        drop(task::spawn_background("certificates", async move {
            let mut watch = Watch {
                seen,
                is_broken: false,
            };
            loop {
                tokio::time::sleep(pause).await;
                let Some(inner) = weak.upgrade() else { return };
                inner.reload(&mut watch);
            }
        }));
        Ok(Self { inner })
    }

    /// What the next handshake goes by.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        let current = &self.inner.current;
        Arc::clone(&current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the last look at the files has shown.
struct Watch {
    seen: Vec<Option<Fingerprint>>,
    is_broken: bool,
}

/// What differs between two versions of a file.
type Fingerprint = (SystemTime, u64, u64);

fn fingerprint(config: &TlsConfig) -> Vec<Option<Fingerprint>> {
    let of = |path: &Path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
    };
    config.files().map(of).collect()
}

impl Inner {
    fn reload(&self, watch: &mut Watch) {
        let now = fingerprint(&self.config);
        let has_changed = now != watch.seen;
        if !has_changed && !watch.is_broken {
            return;
        }
        watch.seen = now;
        match server_config(&self.config) {
            Ok(config) => {
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                *current = Arc::new(config);
                watch.is_broken = false;
                tracing::info!("the certificates were read again");
            }
            Err(error) => {
                // Certificate and key are seldom written at one moment: the next look will do.
                if has_changed {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(%error, cause, "the certificates that were used before stay in use");
                }
                watch.is_broken = true;
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

fn read_key(path: &Path) -> Result<Vec<u8>, Error> {
    let mut pem = Vec::new();
    let read = secret_file::open(path).and_then(|mut file| file.read_to_end(&mut pem));
    read.map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(pem)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    certificates
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| Error::NoCertificate(path.to_owned()))
}

/// TLS 1.2 and 1.3 with the library's own choice of ciphers.
fn server_config(config: &TlsConfig) -> Result<ServerConfig, Error> {
    let chain = certificates(&config.certificate)?;
    let pem = SecretSlice::from(read_key(&config.key)?);
    let key = PrivateKeyDer::from_pem_slice(pem.expose_secret());
    let key = key.map_err(|_| Error::NoKey(config.key.clone()))?;
    let pair = |source| Error::Pair {
        certificate: config.certificate.clone(),
        key: config.key.clone(),
        source,
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(pair)?;
    let builder = match &config.client_ca {
        Some(ca) => builder.with_client_cert_verifier(client_verifier(ca, provider)?),
        None => builder.with_no_client_auth(),
    };
    let mut server = builder.with_single_cert(chain, key).map_err(pair)?;
    server.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    if config.client_ca.is_some() {
        // A resumed session would not show its certificate again, after its end neither.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
    }
    Ok(server)
}

fn client_verifier(
    ca: &ClientCa,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let fault = |problem: String| Error::ClientCa {
        path: ca.file.clone(),
        problem,
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&ca.file)? {
        let added = roots.add(certificate);
        added.map_err(|error| fault(error.to_string()))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if ca.is_required {
        builder
    } else {
        builder.allow_unauthenticated()
    };
    builder.build().map_err(|error| fault(error.to_string()))
}

#[cfg(test)]
mod tests;
