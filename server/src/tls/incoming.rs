//! From a listener to connections on which a request has begun.
//!
//! `rpc` serves what comes out. How this works: a task accepts, and one short task for each connection
//! makes the handshake and reads the first bytes, each within a time limit, so that neither a silent
//! nor a slow peer holds more than one of the places, and that not for long. The HTTP library limits
//! the rest: the time of the headers of later requests on HTTP/1 (30 s), silent peers on HTTP/2 (by
//! pings), and the size of headers.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::{
    ServerTls,
    certificate::subject,
    connection::{Connection, ConnectionInfo, Io},
};
use crate::{
    auth::limit::network,
    loopback,
    metrics::{Connecting, Metrics},
    task,
};

/// What an HTTP/2 client says first (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The bytes of an HTTP/1 head after which the HTTP library may judge it: more than it takes.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Connections that wait to be served; the serving side only has to start a task for each.
const QUEUE: usize = 64;

/// The pause after the system refused a connection: it has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The time that a refused peer has to read why.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// How connections are taken.
#[derive(Debug, Clone)]
pub struct AcceptConfig {
    /// TLS; without it the port speaks plain HTTP.
    pub tls: Option<ServerTls>,
    /// The most connections at once; others are closed at once. Default: [`Self::MAX_CONNECTIONS`].
    pub max_connections: usize,
    /// The most of them from one address. Default: as many as there may be at all, for proxies.
    pub max_connections_per_address: usize,
    /// The time that a handshake may take. Default: [`Self::HANDSHAKE_TIMEOUT`].
    pub handshake_timeout: Duration,
    /// The time from then until the head of the first request is there. Default:
    /// [`Self::HEAD_TIMEOUT`].
    pub head_timeout: Duration,
    /// The age at which a connection is cut off, whatever runs on it. Default: none.
    pub end_of_life: Option<Duration>,
    /// What counts connections. Default: somebody whom nobody asks.
    pub metrics: Arc<Metrics>,
}

impl AcceptConfig {
    /// 10,000: an idle one costs about 25 KiB. Each is an open file, so the limit of the process must
    /// be above it.
    pub const MAX_CONNECTIONS: usize = 10_000;
    /// 10 s: three round trips on the worst of links.
    pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
    /// 10 s.
    pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
}

impl Default for AcceptConfig {
    fn default() -> Self {
        Self {
            tls: None,
            max_connections: Self::MAX_CONNECTIONS,
            max_connections_per_address: Self::MAX_CONNECTIONS,
            handshake_timeout: Self::HANDSHAKE_TIMEOUT,
            head_timeout: Self::HEAD_TIMEOUT,
            end_of_life: None,
            metrics: Metrics::new(),
        }
    }
}

/// Connections on which a request has begun. Dropping it closes the listener.
#[derive(Debug)]
pub struct Incoming {
    connections: mpsc::Receiver<Connection>,
}

impl Incoming {
    /// Begins to accept.
    pub fn new(listener: TcpListener, config: AcceptConfig) -> Self {
        let (sender, connections) = mpsc::channel(QUEUE);
        let places = Places {
            all: Arc::new(Semaphore::new(config.max_connections)),
            by_address: Arc::default(),
            per_address: config.max_connections_per_address,
            metrics: Arc::clone(&config.metrics),
        };
        drop(task::spawn_background("accept", async move {
            tokio::select! {
                () = sender.closed() => {}
                () = accept(listener, Arc::new(config), places, &sender) => {}
            }
        }));
        Self { connections }
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.connections.poll_recv(cx).map(|next| next.map(Ok))
    }
}

/// Accepts for ever.
async fn accept(
    listener: TcpListener,
    config: Arc<AcceptConfig>,
    places: Places,
    sender: &mpsc::Sender<Connection>,
) {
    let mut is_full = false;
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(slot) = places.take(peer.ip()) else {
            if !is_full {
                tracing::warn!(%peer, "too many connections: new ones are closed");
            }
            is_full = true;
            config.metrics.connected(Connecting::Refused);
            continue;
        };
        is_full = false;
        let (config, sender) = (Arc::clone(&config), sender.clone());
        drop(task::spawn_background("connection", async move {
            match open(stream, peer, &config, slot).await {
                // Nobody is there any more to serve it: it is closed.
                Ok(connection) => drop(sender.send(connection).await),
                Err(error) => {
                    config.metrics.connected(Connecting::Failed);
                    tracing::debug!(%peer, %error, "a connection did not come about");
                }
            }
        }));
    }
}

/// Brings a connection to where its first request begins.
async fn open(
    stream: TcpStream,
    peer: SocketAddr,
    config: &AcceptConfig,
    mut slot: Slot,
) -> io::Result<Connection> {
    stream.set_nodelay(true)?;
    loopback::tune(&stream);
    let mut info = ConnectionInfo {
        peer,
        is_encrypted: config.tls.is_some(),
        certificate: None,
    };
    let mut io = match &config.tls {
        None => Io::Plain(stream),
        Some(tls) => {
            let handshake = TlsAcceptor::from(tls.current()).accept(stream);
            let stream = match timeout(config.handshake_timeout, handshake.into_fallible()).await? {
                Ok(stream) => stream,
                Err((error, stream)) => {
                    linger(stream).await;
                    return Err(error);
                }
            };
            let chain = stream.get_ref().1.peer_certificates();
            let own = chain.and_then(<[_]>::first);
            info.certificate = own.and_then(|own| subject(own)).map(Into::into);
            Io::Tls(Box::new(stream))
        }
    };
    let read_ahead = timeout(config.head_timeout, head(&mut io)).await??;
    slot.open();
    Ok(Connection::new(io, read_ahead, info, slot).ending_after(config.end_of_life))
}

/// Closes a connection whose handshake failed, so that its peer reads why. With TLS 1.3 a client
/// thinks that it is in when its certificate is refused, and sends its request: closed with that
/// unread, the connection would be reset, and the alert lost with it.
async fn linger(mut stream: TcpStream) {
    let rest = async {
        stream.shutdown().await?;
        let mut bytes = [0; 1024];
        while stream.read(&mut bytes).await? > 0 {}
        io::Result::Ok(())
    };
    // However it ends, there is nothing left to do for this peer.
    timeout(LINGER_TIMEOUT, rest).await.ok();
}

/// Reads what an HTTP/2 client says first, or the head of an HTTP/1 request.
async fn head(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    let mut bytes = BytesMut::with_capacity(1024);
    let mut searched = 0;
    loop {
        if io.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if bytes.starts_with(PREFACE) || bytes.len() > MAX_HEAD_BYTES {
            return Ok(bytes.freeze());
        }
        if PREFACE.starts_with(&bytes) {
            continue;
        }
        if ends_head(bytes.get(searched..).unwrap_or_default()) {
            return Ok(bytes.freeze());
        }
        searched = bytes.len().saturating_sub(3);
    }
}

/// Whether there is an empty line.
fn ends_head(bytes: &[u8]) -> bool {
    let mut windows = bytes.windows(2);
    windows.any(|pair| pair == b"\n\n")
        || bytes.windows(4).any(|bytes| bytes == b"\r\n\r\n")
        || bytes.windows(3).any(|bytes| bytes == b"\n\r\n")
}

/// The places for connections.
#[derive(Debug)]
struct Places {
    all: Arc<Semaphore>,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    per_address: usize,
    metrics: Arc<Metrics>,
}

/// One place. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
    address: IpAddr,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    metrics: Arc<Metrics>,
    is_open: bool,
}

impl Slot {
    /// Says that a request has begun.
    fn open(&mut self) {
        self.is_open = true;
        self.metrics.connected(Connecting::Opened);
    }
}

impl Places {
    fn take(&self, address: IpAddr) -> Option<Slot> {
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let address = network(address);
        let mut counts = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Slot {
            _permit: permit,
            address,
            by_address: Arc::clone(&self.by_address),
            metrics: Arc::clone(&self.metrics),
            is_open: false,
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.is_open {
            self.metrics.disconnected();
        }
        let mut counts = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
