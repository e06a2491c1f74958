//! Asks a running server whether it is ready, by the server's own configuration: `sluice-server health`.
//!
//! `main` calls it. It must need nothing that a container without a shell does not have.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::{
    config::Config,
    tls::{self, TlsConfig},
};

/// The time for all of it: the server has its answer ready.
const LIMIT: Duration = Duration::from_secs(4);

/// The most bytes of an answer that are read; the whole one has about 500.
const MAX_ANSWER_BYTES: u64 = 16 << 10;

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The address of the running server.
    pub address: SocketAddr,
    /// Its TLS, where it has some at that address.
    pub tls: Option<TlsConfig>,
}

/// Why there is no good answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The port was not said.
    #[error("the port is chosen when the server starts: name it with --address")]
    Port,
    /// The files of the certificate cannot be used.
    #[error("cannot set up TLS")]
    Tls(#[from] tls::Error),
    /// It took too long.
    #[error("{0} does not answer within {LIMIT:?}")]
    Silent(SocketAddr),
    /// There is nobody, or somebody else.
    #[error("{address} cannot be asked{hint}")]
    Connect {
        /// The address.
        address: SocketAddr,
        /// What to do about it.
        hint: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// What came is no answer of a server.
    #[error("{0} answers with something else: no server of Sluice is there")]
    Answer(SocketAddr),
    /// It is not ready.
    #[error("{0}")]
    NotReady(String),
}

impl Ask {
    /// Whom a configuration names: the listener for probes where it has one, else the port, on this machine.
    ///
    /// # Errors
    ///
    /// The port is chosen by the system.
    pub fn of(config: &Config, address: Option<SocketAddr>) -> Result<Self, AskError> {
        let mut address = address.unwrap_or_else(|| config.admin_listen.unwrap_or(config.listen));
        // The port says which of the two it is.
        let is_admin = config
            .admin_listen
            .is_some_and(|admin| admin.port() == address.port());
        let tls = config.port.tls.clone().filter(|_| !is_admin);
        if address.port() == 0 {
            return Err(AskError::Port);
        }
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        Ok(Self { address, tls })
    }
}

/// Asks, and returns what the server says of itself, on one line.
///
/// # Errors
///
/// [`AskError`]: it is not ready, or does not say.
pub async fn ask(whom: &Ask) -> Result<String, AskError> {
    let answer = timeout(LIMIT, answer(whom)).await;
    let answer = answer.map_err(|_| AskError::Silent(whom.address))??;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or(AskError::Answer(whom.address))?;
    let line = body.trim_end().replace('\n', "; ");
    match head.split(' ').nth(1) {
        Some("200") if body.starts_with("ready") => Ok(line),
        Some("503") if body.starts_with("not ready") => Err(AskError::NotReady(line)),
        _ => Err(AskError::Answer(whom.address)),
    }
}

async fn answer(whom: &Ask) -> Result<Vec<u8>, AskError> {
    let address = whom.address;
    let failed = |hint| {
        move |source| AskError::Connect {
            address,
            hint,
            source,
        }
    };
    let stream = TcpStream::connect(address).await.map_err(failed(""))?;
    let Some(config) = &whom.tls else {
        return get(stream, address).await.map_err(failed(""));
    };
    // With a client CA that has not signed the server's own certificate, there is none to show.
    let hint = if config.client_ca.is_some() {
        "; it wants client certificates: give the server an --admin-listen for probes"
    } else {
        ""
    };
    let connector = TlsConnector::from(Arc::new(tls::to_itself(config)?));
    let name = ServerName::from(address.ip());
    let stream = connector.connect(name, stream).await;
    let stream = stream.map_err(failed(hint))?;
    get(stream, address).await.map_err(failed(hint))
}

async fn get(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    host: SocketAddr,
) -> io::Result<Vec<u8>> {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(1024);
    let read = stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await;
    match read {
        // Some close without a farewell.
        Err(error) if answer.is_empty() => Err(error),
        _ => Ok(answer),
    }
}
