//! The line between a server and its node: it can be cut, and it stops at a statement that a test waits for.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use sluice_server::task;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{oneshot, watch},
};

/// Where the line stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Before the node gets the statement.
    Before,
    /// The node has it, and works on it.
    During,
    /// The node has done it, and its answer is on the line.
    After,
}

impl When {
    pub(crate) const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];
}

/// What the line stops at.
struct Trap {
    text: String,
    when: When,
    caught: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

/// A statement that the line waits for.
pub(crate) struct Catch {
    pub(crate) caught: oneshot::Receiver<()>,
    /// Dropped, it lets the line go on.
    pub(crate) _release: oneshot::Sender<()>,
}

/// The line.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) url: String,
    trap: Arc<Mutex<Option<Trap>>>,
    cut: watch::Sender<u64>,
}

impl Line {
    /// Stands before a node.
    pub(crate) async fn start(node: &str) -> Self {
        Self::balance(&[node]).await
    }

    /// Stands before nodes, and leads to one after the other.
    pub(crate) async fn balance(nodes: &[&str]) -> Self {
        let bare = |node: &&str| node.trim_start_matches("http://").to_owned();
        let (user, _) = nodes[0].split_once('@').unwrap_or_default();
        let user = match user {
            "" => String::new(),
            user => format!("{}@", bare(&user)),
        };
        let address = |node| bare(node).rsplit('@').next().unwrap().parse().unwrap();
        let targets: Vec<SocketAddr> = nodes.iter().map(address).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Self {
            url: format!("http://{user}{}", listener.local_addr().unwrap()),
            trap: Arc::default(),
            cut: watch::Sender::new(0),
        };
        let shared = line.clone();
        task::spawn_background("line", async move {
            let mut targets = targets.into_iter().cycle();
            while let (Ok((client, _)), Some(target)) = (listener.accept().await, targets.next()) {
                let serve = shared.clone().serve(client, target);
                task::spawn_background("connection", serve);
            }
        });
        line
    }

    /// Stops at the next statement that has a text.
    pub(crate) fn wait_for(&self, text: &str, when: When) -> Catch {
        let (tell, caught) = oneshot::channel();
        let (release, released) = oneshot::channel();
        *self.trap.lock().unwrap() = Some(Trap {
            text: text.to_owned(),
            when,
            caught: tell,
            released,
        });
        Catch {
            caught,
            _release: release,
        }
    }

    /// Waits for nothing any more.
    pub(crate) fn forget(&self) {
        *self.trap.lock().unwrap() = None;
    }

    /// Cuts every connection.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }

    fn trap_for(&self, piece: &[u8]) -> Option<Trap> {
        let mut trap = self.trap.lock().unwrap();
        let text = &trap.as_ref()?.text;
        memchr::memmem::find(piece, text.as_bytes())?;
        trap.take()
    }

    async fn serve(self, client: TcpStream, target: SocketAddr) {
        let mut cut = self.cut.subscribe();
        let Ok(server) = TcpStream::connect(target).await else {
            return;
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        // A trap that waits for the answer.
        let answer = Mutex::new(None);
        let there = self.requests(from_client, to_server, &answer);
        let back = answers(from_server, to_client, &answer);
        tokio::select! {
            () = async { tokio::join!(there, back); } => {}
            _ = cut.changed() => {}
        }
    }

    async fn requests(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        answer: &Mutex<Option<Trap>>,
    ) {
        let mut piece = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            let piece = &piece[..length];
            let mut trap = self.trap_for(piece);
            match trap.as_ref().map(|trap| trap.when) {
                Some(When::Before) => stop(trap.take()).await,
                Some(When::After) => *answer.lock().unwrap() = trap.take(),
                Some(When::During) | None => {}
            }
            if to.write_all(piece).await.is_err() {
                return;
            }
            stop(trap).await;
        }
        to.shutdown().await.ok();
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, answer: &Mutex<Option<Trap>>) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let trap = answer.lock().unwrap().take();
        stop(trap).await;
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
    to.shutdown().await.ok();
}

/// Says that the statement is here, and waits until the line may go on.
async fn stop(trap: Option<Trap>) {
    if let Some(trap) = trap {
        trap.caught.send(()).ok();
        trap.released.await.ok();
    }
}
