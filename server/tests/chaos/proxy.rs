//! A TCP proxy whose connections can be cut, refused and slowed down.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Bytes that are handed on at once.
const PIECE: usize = 64 << 10;

/// Forwards connections to one address.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    cut: watch::Sender<u64>,
    is_refusing: Arc<AtomicBool>,
    /// The pause before each piece, in milliseconds.
    pause: Arc<AtomicU64>,
}

impl Proxy {
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            cut: watch::Sender::new(0),
            is_refusing: Arc::default(),
            pause: Arc::default(),
        };
        let shared = proxy.clone();
        sluice_server::task::spawn_background("proxy", async move {
            while let Ok((client, _)) = listener.accept().await {
                if !shared.is_refusing.load(Ordering::Relaxed) {
                    let forward = shared.clone().forward(client, target);
                    sluice_server::task::spawn_background("connection", forward);
                }
            }
        });
        proxy
    }

    /// Cuts every connection.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }

    /// Closes each new connection at once, or does so no more.
    pub(crate) fn refuse(&self, is_refusing: bool) {
        self.is_refusing.store(is_refusing, Ordering::Relaxed);
    }

    /// Waits before each piece that it hands on.
    pub(crate) fn slow_down(&self, pause: Duration) {
        let pause = u64::try_from(pause.as_millis()).unwrap();
        self.pause.store(pause, Ordering::Relaxed);
    }

    async fn forward(self, mut client: TcpStream, target: SocketAddr) {
        let mut signal = self.cut.subscribe();
        let Ok(mut server) = TcpStream::connect(target).await else {
            return;
        };
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let both = async {
            tokio::join!(
                self.hand_on(from_client, to_server),
                self.hand_on(from_server, to_client)
            )
        };
        tokio::select! {
            _ = both => {}
            _ = signal.changed() => {}
        }
    }

    async fn hand_on(&self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            let pause = self.pause.load(Ordering::Relaxed);
            if pause > 0 {
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            if to.write_all(&piece[..length]).await.is_err() {
                return;
            }
        }
        // The other side may have gone.
        to.shutdown().await.ok();
    }
}
