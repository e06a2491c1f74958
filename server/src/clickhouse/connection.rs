//! TCP connections to ClickHouse, as the HTTP client wants them.
//!
//! Used by `clickhouse` only. How this works: when an INSERT fails, ClickHouse answers and hangs up
//! while the rest of the data is still on its way, and the next write fails. The HTTP client would
//! give up at that and drop the answer, which lies ready to be read. So the connections of inserts
//! hide failed writes: what comes next is then the answer, or the same failure on reading.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{
        Client as HttpClient,
        connect::{Connected, Connection, HttpConnector, dns::Name},
    },
    rt::{TokioExecutor, TokioIo},
};
use tokio::net::TcpStream;
use tower::{Service, util::MapResponse};

use super::ClientConfig;
use crate::{guard::Pinned, loopback};

/// An idle connection is dropped before ClickHouse closes it (10 s by default, 3 s before 23.11).
const POOL_IDLE_TIMEOUT: Duration = Duration::from_millis(2500);
/// When a silent peer is asked whether it is still there, and how often: a host that vanished is
/// noticed after `KEEPALIVE_TIME + KEEPALIVE_RETRIES * KEEPALIVE_INTERVAL` = 60 s.
const KEEPALIVE_TIME: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// The library's client over connections that are kept for the next statement.
pub(super) fn pooled(config: &ClientConfig) -> ::clickhouse::Client {
    let http = HttpClient::builder(TokioExecutor::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .build(connector(config));
    ::clickhouse::Client::with_http_client(http)
}

/// The library's client over connections for one INSERT each, which tell of a failure at once.
///
/// On a connection that stays open ClickHouse reads the request to its end before it tells of an
/// exception: the failure would show after the whole upload. On one that closes it tells at once.
pub(super) fn single_use(config: &ClientConfig) -> ::clickhouse::Client {
    let connector = MapResponse::new(connector(config), AnswerFirst::new);
    let http = HttpClient::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build(connector);
    ::clickhouse::Client::with_http_client(http).with_header("Connection", "close")
}

type Tcp = TokioIo<TcpStream>;
type Connector = HttpsConnector<MapResponse<HttpConnector<Resolver>, fn(Tcp) -> Tcp>>;

/// TCP as Sluice needs it: the library's own would wait minutes for a dead address, and with
/// Nagle's algorithm for the end of small inserts. TLS where the address asks for it.
fn connector(config: &ClientConfig) -> Connector {
    let mut tcp = HttpConnector::new_with_resolver(Resolver(config.resolver.clone()));
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(config.timeouts.connect));
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE_TIME));
    tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
    tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
    let tls = config
        .tls
        .clone()
        .unwrap_or_else(|| Arc::new(trust_nothing()));
    let tune: fn(Tcp) -> Tcp = |stream| {
        loopback::tune(stream.inner());
        stream
    };
    HttpsConnector::from((MapResponse::new(tcp, tune), tls))
}

/// TLS that takes no certificate.
fn trust_nothing() -> rustls::ClientConfig {
    rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// Looks the names of hosts up: what was judged before, or what the system says.
#[derive(Debug, Clone)]
struct Resolver(Option<Pinned>);

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        match &mut self.0 {
            Some(pinned) => Box::pin(pinned.call(name)),
            None => Box::pin(async move {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
                Ok(found.collect::<Vec<_>>().into_iter())
            }),
        }
    }
}

/// A stream whose failed writes are hidden, so that an answer is read before the failure.
#[derive(Debug)]
struct AnswerFirst<S> {
    inner: S,
    is_broken: bool,
}

impl<S> AnswerFirst<S> {
    const fn new(inner: S) -> Self {
        Self {
            inner,
            is_broken: false,
        }
    }

    /// Turns a failed write into one that took all `length` bytes, as all writes after it.
    fn hide_failure(
        &mut self,
        written: Poll<io::Result<usize>>,
        length: usize,
    ) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Err(_))) {
            self.is_broken = true;
            return Poll::Ready(Ok(length));
        }
        written
    }
}

impl<S: Read + Unpin> Read for AnswerFirst<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: Write + Unpin> Write for AnswerFirst<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_broken {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.hide_failure(written, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        if self.is_broken {
            return Poll::Ready(Ok(length));
        }
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.hide_failure(written, length)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_broken {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_broken {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl<S: Connection> Connection for AnswerFirst<S> {
    fn connected(&self) -> Connected {
        self.inner.connected()
    }
}
