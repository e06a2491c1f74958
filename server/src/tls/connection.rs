//! One connection, encrypted or not, with what is known about its other end.
//!
//! Made by `incoming`; HTTP is spoken on it. The bytes that were read to see what it is come out
//! again first.

use std::{
    future::Future as _,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;

use super::incoming::Slot;

/// What is known about a connection; each of its requests carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The other end.
    pub peer: SocketAddr,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
    /// The name in the client certificate that TLS has verified.
    pub certificate: Option<Arc<str>>,
}

/// The bytes below HTTP.
#[derive(Debug)]
pub(super) enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection that HTTP can be spoken on. It counts as one of those allowed until it is dropped.
#[derive(Debug)]
pub struct Connection {
    io: Io,
    read_ahead: Bytes,
    info: ConnectionInfo,
    _slot: Slot,
    /// When it is cut off.
    end: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    pub(super) const fn new(io: Io, read_ahead: Bytes, info: ConnectionInfo, slot: Slot) -> Self {
        Self {
            io,
            read_ahead,
            info,
            _slot: slot,
            end: None,
        }
    }

    /// The same, cut off at an age.
    pub(super) fn ending_after(self, age: Option<Duration>) -> Self {
        Self {
            end: age.map(|age| Box::pin(sleep(age))),
            ..self
        }
    }

    /// What is known about it.
    pub const fn info(&self) -> &ConnectionInfo {
        &self.info
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(context, buffer),
            Self::Tls(io) => Pin::new(io).poll_read(context, buffer),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Whoever serves it reads all the time.
        if let Some(end) = &mut self.end
            && end.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if self.read_ahead.is_empty() {
            return Pin::new(&mut self.io).poll_read(context, buffer);
        }
        let size = self.read_ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.read_ahead.copy_to_bytes(size));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_write(context, bytes),
            Io::Tls(io) => Pin::new(io).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_write_vectored(context, slices),
            Io::Tls(io) => Pin::new(io).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(io) => io.is_write_vectored(),
            Io::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_flush(context),
            Io::Tls(io) => Pin::new(io).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_shutdown(context),
            Io::Tls(io) => Pin::new(io).poll_shutdown(context),
        }
    }
}
