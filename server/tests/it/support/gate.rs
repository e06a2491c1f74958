//! A gate in front of ClickHouse: statements pass, are held, or lose their answer.
//!
//! Used by the tests of what happens between two statements. It speaks HTTP/1.1 as far as the server does,
//! one connection for each request, so that what is done to one statement does not touch another.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use sluice_server::task;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use super::{at_address, split_url};

/// What happens to a statement.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// It passes.
    Pass,
    /// It waits until the hold is released, and passes then.
    Hold(Arc<Hold>),
    /// It reaches ClickHouse and is done; its answer is lost.
    LoseAnswer,
}

/// A statement that waits.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    arrived: Notify,
    released: Notify,
}

impl Hold {
    /// Waits until the statement is there.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Lets it go on.
    pub(crate) fn release(&self) {
        self.released.notify_one();
    }
}

type Judge = Box<dyn FnMut(&str) -> Verdict + Send>;

/// The gate; its accept loop ends with the runtime of the test.
pub(crate) struct Gate {
    pub(crate) url: String,
}

impl Gate {
    /// Opens a gate to the ClickHouse at `url`; `judge` sees the head and the first bytes of the body of
    /// each request.
    pub(crate) async fn open(
        url: &str,
        judge: impl FnMut(&str) -> Verdict + Send + 'static,
    ) -> Self {
        let (bare, ..) = split_url(url);
        let upstream: SocketAddr = bare.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = at_address(url, listener.local_addr().unwrap());
        let judge: Arc<Mutex<Judge>> = Arc::new(Mutex::new(Box::new(judge)));
        drop(task::spawn("gate", async move {
            while let Ok((client, _)) = listener.accept().await {
                let judge = Arc::clone(&judge);
                drop(task::spawn("gate", async move {
                    // A connection that breaks is what a gate is for.
                    drop(serve(client, upstream, &judge).await);
                }));
            }
        }));
        Self { url }
    }
}

async fn serve(
    mut client: TcpStream,
    upstream: SocketAddr,
    judge: &Mutex<Judge>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut piece = vec![0; 64 << 10];
    // The head, and what comes with it: statements are in the head, or short.
    let end = loop {
        let count = client.read(&mut piece).await?;
        if count == 0 {
            return Ok(());
        }
        request.extend_from_slice(&piece[..count]);
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&request[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    while length.is_some_and(|length| request.len() - end < length) {
        let count = client.read(&mut piece).await?;
        if count == 0 {
            return Ok(());
        }
        request.extend_from_slice(&piece[..count]);
    }
    let decoded = decode(&String::from_utf8_lossy(&request));
    let verdict = (judge.lock().unwrap())(&decoded);
    match &verdict {
        Verdict::Pass | Verdict::LoseAnswer => {}
        Verdict::Hold(hold) => {
            hold.arrived.notify_one();
            hold.released.notified().await;
        }
    }
    // One request a connection: the next one is judged by itself.
    let at = request
        .windows(2)
        .position(|two| two == b"\r\n")
        .unwrap_or(0)
        + 2;
    let is_closing = head.to_lowercase().contains("\r\nconnection: close");
    let mut closing = request[..at].to_vec();
    if !is_closing {
        closing.extend_from_slice(b"Connection: close\r\n");
    }
    closing.extend_from_slice(&request[at..]);
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(&closing).await?;
    if matches!(verdict, Verdict::LoseAnswer) {
        // Read to its end, so that it is done, and kept back.
        let (mut from, mut to) = server.split();
        let up = tokio::io::copy(&mut client, &mut to);
        let mut lost = Vec::new();
        tokio::select! {
            _ = async { up.await.ok(); std::future::pending::<()>().await } => {}
            _ = from.read_to_end(&mut lost) => {}
        }
        return Ok(());
    }
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// The text of a URL with its escapes undone, so that statements can be looked for.
fn decode(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped = std::str::from_utf8(behind.get(..2).unwrap_or_default());
        let escaped = escaped.ok().filter(|_| *first == b'%');
        if let Some(byte) = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = behind.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
