//! Connections to the other servers of the fleet.
//!
//! `rpc::forward` uses it. It calls nothing by itself, and must never make one call wait for the window of
//! another: see [`Peer::line`].
//!
//! How this works: a peer has one connection for small calls and answers that go on, made with the first of
//! them. Appends are large, and one that waits for memory at the other end fills the window of its
//! connection: each has one to itself while it is under way, and there are few of them. A server that is
//! frozen still takes connections; pings find it out. What does not answer is left alone for a moment, so
//! that others who ask for it need not wait to find out the same.

use std::{
    io,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::Uri;
use hyper_util::rt::TokioIo;
use lru::LruCache;
use rustls::pki_types::ServerName;
use sluice_proto::v1::ingest_service_client::IngestServiceClient;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

use crate::{
    fleet::{Address, Fleet},
    loopback, tls,
};

/// The servers that are known at once; the longest silent is forgotten.
const MAX_PEERS: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// The silence after which a peer is forgotten, and its connections are closed.
const IDLE_LIMIT: Duration = Duration::from_secs(300);

/// The time that a connection may take, with its handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The silence of a connection after which it is asked whether it lives, and the time for the answer.
const PING: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(4));

/// How long a peer is left alone that did not answer.
const AWAY: Duration = Duration::from_secs(5);

/// The small calls that are under way to one peer: fewer than the calls that a connection may have.
const MAX_CALLS: usize = 64;

/// The answers that go on, of one peer: together with those fewer than the calls that a connection may have.
const MAX_STREAMS: usize = 64;

/// The appends that are under way to one peer.
const MAX_LINES: usize = 8;

/// The most bytes of a message of an answer, which may hold a whole record of a file: the other server has the
/// limit.
const MAX_ANSWER_BYTES: usize = 1 << 30;

/// The bytes of an answer that may be on their way.
const WINDOW_BYTES: u32 = 1 << 20;

/// The other servers.
#[derive(Debug)]
pub(super) struct Peers {
    /// With `https`.
    tls: Option<Tls>,
    by_address: Mutex<LruCache<Address, Arc<Peer>>>,
}

/// How the certificate of a peer is verified.
#[derive(Clone)]
struct Tls(TlsConnector);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// Another server.
#[derive(Debug)]
pub(super) struct Peer {
    address: Address,
    tls: Option<Tls>,
    small: Channel,
    calls: Semaphore,
    streams: Arc<Semaphore>,
    lines: Semaphore,
    idle_lines: Mutex<Vec<Channel>>,
    used: Mutex<Instant>,
    away_since: Mutex<Option<Instant>>,
}

/// A connection that one call has to itself.
#[derive(Debug)]
pub(super) struct Line<'a> {
    peer: &'a Peer,
    channel: Channel,
    _place: SemaphorePermit<'a>,
}

impl Peers {
    /// Those of a fleet. With `https`, they show a certificate of its CA, or of one that the system trusts.
    pub(super) fn new(fleet: &Fleet) -> Result<Self, tls::Error> {
        let verify = || {
            let mut config = tls::client(fleet.ca_file.as_deref())?;
            config.alpn_protocols = vec![b"h2".to_vec()];
            Ok(Tls(TlsConnector::from(Arc::new(config))))
        };
        Ok(Self {
            tls: fleet.address.is_encrypted().then(verify).transpose()?,
            by_address: Mutex::new(LruCache::new(MAX_PEERS)),
        })
    }

    /// The server at an address; none where it is of another scheme than this one: whoever can write to the
    /// journal must not turn verification off.
    pub(super) fn at(&self, address: &Address) -> Option<Arc<Peer>> {
        if address.is_encrypted() != self.tls.is_some() {
            return None;
        }
        let mut by_address = lock(&self.by_address);
        while by_address
            .peek_lru()
            .is_some_and(|(_, peer)| peer.is_idle())
        {
            by_address.pop_lru();
        }
        let new = || Arc::new(Peer::new(address, self.tls.as_ref()));
        let peer = by_address.get_or_insert(address.clone(), new);
        *lock(&peer.used) = Instant::now();
        Some(Arc::clone(peer))
    }
}

impl Peer {
    fn new(address: &Address, tls: Option<&Tls>) -> Self {
        Self {
            small: channel(address, tls),
            address: address.clone(),
            tls: tls.cloned(),
            calls: Semaphore::new(MAX_CALLS),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            lines: Semaphore::new(MAX_LINES),
            idle_lines: Mutex::default(),
            used: Mutex::new(Instant::now()),
            away_since: Mutex::default(),
        }
    }

    /// Whether it did not answer a moment ago.
    pub(super) fn is_away(&self) -> bool {
        lock(&self.away_since).is_some_and(|since| since.elapsed() < AWAY)
    }

    /// Says whether it answers.
    pub(super) fn set_away(&self, is_away: bool) {
        *lock(&self.away_since) = is_away.then(Instant::now);
    }

    /// The client for a small call, and its place among them; none where the peer has gone meanwhile.
    pub(super) async fn small(
        &self,
    ) -> Option<(IngestServiceClient<Channel>, SemaphorePermit<'_>)> {
        // It is never closed.
        let place = self.calls.acquire().await.ok()?;
        (!self.is_away()).then(|| (client(&self.small), place))
    }

    /// The client for an answer that goes on, and its place among them; none where there are too many.
    pub(super) fn stream(&self) -> Option<(IngestServiceClient<Channel>, OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.streams).try_acquire_owned().ok()?;
        Some((client(&self.small), place))
    }

    /// A connection for one append; none where the peer has gone meanwhile. Two on one connection share its
    /// window, and the one that waits for memory at the other end would hold up the one that it waits for.
    pub(super) async fn line(&self) -> Option<Line<'_>> {
        // It is never closed.
        let place = self.lines.acquire().await.ok()?;
        if self.is_away() {
            return None;
        }
        let idle = lock(&self.idle_lines).pop();
        Some(Line {
            peer: self,
            channel: idle.unwrap_or_else(|| channel(&self.address, self.tls.as_ref())),
            _place: place,
        })
    }

    fn is_idle(&self) -> bool {
        lock(&self.used).elapsed() >= IDLE_LIMIT
    }
}

impl Line<'_> {
    pub(super) fn client(&self) -> IngestServiceClient<Channel> {
        client(&self.channel)
    }

    /// Leaves the connection to the next append. One that is dropped in the middle is closed.
    pub(super) fn give_back(self) {
        lock(&self.peer.idle_lines).push(self.channel.clone());
    }
}

fn client(channel: &Channel) -> IngestServiceClient<Channel> {
    let client = IngestServiceClient::new(channel.clone());
    client.max_decoding_message_size(MAX_ANSWER_BYTES)
}

/// The bytes below HTTP.
trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection that is made with its first call, and made again when it breaks.
fn channel(address: &Address, tls: Option<&Tls>) -> Channel {
    // TLS is in the connector: the library asks for it by the scheme.
    let host = match address.host() {
        v6 if v6.contains(':') => format!("[{v6}]"),
        host => host.to_owned(),
    };
    let uri = Uri::builder()
        .scheme("http")
        .authority(format!("{host}:{}", address.port()))
        .path_and_query("/");
    let (interval, answer) = PING;
    let endpoint = Endpoint::from(uri.build().unwrap_or_default())
        .http2_keep_alive_interval(interval)
        .keep_alive_timeout(answer)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES);
    let (address, tls) = (address.clone(), tls.cloned());
    endpoint.connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
        let (address, tls) = (address.clone(), tls.clone());
        async move {
            let connected = timeout(CONNECT_TIMEOUT, connect(&address, tls)).await;
            let io = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
            Ok::<_, io::Error>(TokioIo::new(io))
        }
    }))
}

async fn connect(address: &Address, tls: Option<Tls>) -> io::Result<Box<dyn Io>> {
    let stream = TcpStream::connect((address.host(), address.port())).await?;
    stream.set_nodelay(true)?;
    loopback::tune(&stream);
    let Some(Tls(connector)) = tls else {
        return Ok(Box::new(stream));
    };
    let name = ServerName::try_from(address.host().to_owned()).map_err(io::Error::other)?;
    Ok(Box::new(connector.connect(name, stream).await?))
}

/// A poisoned lock is taken all the same: no update here leaves its data half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
