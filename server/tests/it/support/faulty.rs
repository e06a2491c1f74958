//! A way to ClickHouse that fails as a test says: a proxy that knows the INSERTs of blocks.
//!
//! Every other statement passes. Each INSERT of a block has a connection of its own, and a token that
//! begins with the id of its upload: so the n-th INSERT of an upload meets the n-th fault of its script.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use sluice_server::task;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// How late a request is: behind the first time that it is tried again.
const LATE: Duration = Duration::from_millis(300);

/// The end of a chunked body.
const END: &[u8] = b"\r\n0\r\n\r\n";

use super::{at_address, split_url};

/// What becomes of the INSERT of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing happens to it.
    None,
    /// The line breaks before anything of it is handed on.
    AtOnce,
    /// The line breaks in the middle of the block.
    InBlock,
    /// The line breaks behind the block, before the end of the body.
    BeforeEnd,
    /// ClickHouse does it, and the answer is lost.
    AnswerLost,
    /// The line breaks behind all of it, and ClickHouse gets it only later.
    Late,
    /// ClickHouse gets less than its head, and the rest when [`FaultyLine::release`] says so.
    Held,
    /// The same, and whoever sent it sees the line break at once.
    Kept,
    /// ClickHouse sees nothing of it, and this exception is the answer.
    Refused(u16, &'static str),
}

/// The proxy.
#[derive(Clone)]
pub(crate) struct FaultyLine {
    pub(crate) url: String,
    scripts: Arc<Mutex<HashMap<String, VecDeque<Fault>>>>,
    held: Arc<Held>,
}

/// An INSERT that the line holds back.
#[derive(Debug, Default)]
struct Held {
    arrived: Notify,
    released: Notify,
    done: Notify,
}

impl FaultyLine {
    /// Stands before the ClickHouse at `url`.
    pub(crate) async fn start(url: &str) -> Self {
        let (bare, ..) = split_url(url);
        let target: SocketAddr = bare.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Self {
            url: at_address(url, listener.local_addr().unwrap()),
            scripts: Arc::default(),
            held: Arc::default(),
        };
        let shared = line.clone();
        task::spawn_background("line", async move {
            while let Ok((client, _)) = listener.accept().await {
                let serve = shared.clone().serve(client, target);
                task::spawn_background("connection", serve);
            }
        });
        line
    }

    /// What happens to the next INSERTs of an upload, one after the other.
    pub(crate) fn script(&self, id: &str, faults: &[Fault]) {
        let faults = faults.iter().copied().collect();
        self.scripts.lock().unwrap().insert(id.to_owned(), faults);
    }

    /// Waits until the line has all of an INSERT that it holds back.
    pub(crate) async fn until_held(&self) {
        self.held.arrived.notified().await;
    }

    /// Lets ClickHouse have it, and waits until that has done with it.
    pub(crate) async fn release(&self) {
        self.held.released.notify_one();
        self.held.done.notified().await;
    }

    /// The faults that have not happened.
    pub(crate) fn left(&self, id: &str) -> usize {
        let scripts = self.scripts.lock().unwrap();
        scripts.get(id).map_or(0, VecDeque::len)
    }

    fn next_fault(&self, head: &[u8]) -> Fault {
        let head = String::from_utf8_lossy(head);
        let Some((_, token)) = head.split_once("insert_deduplication_token=") else {
            return Fault::None;
        };
        let id: String = token.chars().take(36).collect();
        let mut scripts = self.scripts.lock().unwrap();
        let script = scripts.get_mut(&id);
        script.and_then(VecDeque::pop_front).unwrap_or(Fault::None)
    }

    async fn serve(self, mut client: TcpStream, target: SocketAddr) {
        let mut begun = Vec::new();
        while find_head_end(&begun).is_none() {
            if !matches!(client.read_buf(&mut begun).await, Ok(1..)) {
                return;
            }
        }
        let fault = self.next_fault(&begun);
        if fault == Fault::AtOnce {
            return;
        }
        if let Fault::Refused(code, name) = fault {
            read_to_end(&mut client, &mut begun).await;
            return refuse(client, code, name).await;
        }
        if let Ok(server) = TcpStream::connect(target).await {
            pass_on(fault, client, server, begun, &self.held).await;
        }
    }
}

impl Held {
    /// Hands a part of the head on, and the rest once it is released.
    async fn hold(&self, mut server: TcpStream, request: &[u8]) {
        let (first, rest) = request.split_at(head_end(request) - 1);
        server.write_all(first).await.ok();
        self.arrived.notify_one();
        self.released.notified().await;
        finish(server, rest).await;
        self.done.notify_one();
    }
}

/// Where the body of a request begins.
fn find_head_end(request: &[u8]) -> Option<usize> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

fn head_end(request: &[u8]) -> usize {
    find_head_end(request).unwrap()
}

/// Answers with an exception.
async fn refuse(mut client: TcpStream, code: u16, name: &str) {
    let text = format!("Code: {code}. DB::Exception: no. ({name}) (version 26.7.2.1)");
    let answer = format!(
        "HTTP/1.1 500 Internal Server Error\r\nX-ClickHouse-Exception-Code: {code}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    );
    client.write_all(answer.as_bytes()).await.ok();
}

/// Hands a request on as far as the fault lets it.
async fn pass_on(
    fault: Fault,
    mut client: TcpStream,
    mut server: TcpStream,
    mut begun: Vec<u8>,
    held: &Held,
) {
    match fault {
        Fault::InBlock => {
            // More than the head, and never the last byte of a block that waits for its turn.
            let middle = head_end(&begun) + 64;
            while begun.len() < middle {
                if !matches!(client.read_buf(&mut begun).await, Ok(1..)) {
                    return;
                }
            }
            begun.truncate(middle);
            server.write_all(&begun).await.ok();
        }
        Fault::BeforeEnd => {
            read_to_end(&mut client, &mut begun).await;
            begun.truncate(begun.len().saturating_sub(END.len() - 2));
            server.write_all(&begun).await.ok();
        }
        Fault::Late => {
            read_to_end(&mut client, &mut begun).await;
            drop(client);
            tokio::time::sleep(LATE).await;
            finish(server, &begun).await;
        }
        Fault::Held | Fault::Kept => {
            read_to_end(&mut client, &mut begun).await;
            let client = (fault == Fault::Held).then_some(client);
            held.hold(server, &begun).await;
            drop(client);
        }
        Fault::AnswerLost => {
            read_to_end(&mut client, &mut begun).await;
            finish(server, &begun).await;
        }
        _ => {
            if server.write_all(&begun).await.is_ok() {
                copy_bidirectional(&mut client, &mut server).await.ok();
            }
        }
    }
}

/// Hands the rest of a request on, and waits until ClickHouse has done with it: it answers then.
async fn finish(mut server: TcpStream, rest: &[u8]) {
    server.write_all(rest).await.ok();
    server.readable().await.ok();
}

/// Reads the rest of a chunked request.
async fn read_to_end(client: &mut TcpStream, request: &mut Vec<u8>) {
    while !request.ends_with(END) {
        if !matches!(client.read_buf(request).await, Ok(1..)) {
            return;
        }
    }
}
