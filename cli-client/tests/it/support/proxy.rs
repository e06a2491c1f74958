//! A line between a client and the server that can be cut, held up and refused.
//!
//! Counts the bytes of each direction over all its connections, and breaks all of them when the
//! next cut is due. It must never change a byte but the one that it is told to.

use std::{
    collections::VecDeque,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Between two looks at a line that is held up.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// The most bytes that are carried at once.
const PIECE_BYTES: usize = 16 << 10;

/// The way of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// A line that lives until it is dropped.
pub(crate) struct Proxy {
    port: u16,
    line: Arc<Line>,
}

struct Line {
    target: String,
    refuses: AtomicBool,
    /// The bytes upwards from which on nothing goes up.
    hold: AtomicU64,
    /// The microseconds that a piece takes upwards.
    delay: AtomicU64,
    cuts: Mutex<VecDeque<(Way, u64)>>,
    /// What goes up and is not answered: the line breaks behind it, and is refused from then on.
    trap: Mutex<Option<&'static [u8]>>,
    /// What goes up damaged, once.
    damage: Mutex<Option<&'static [u8]>>,
    /// Bytes of each way since the last cut.
    moved: [AtomicU64; 2],
    done: AtomicUsize,
    streams: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

impl Proxy {
    /// A line to the server of this URL, with nothing to cut.
    pub(crate) fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::new(Line {
            target: url.strip_prefix("http://").unwrap().to_owned(),
            refuses: AtomicBool::new(false),
            hold: AtomicU64::new(u64::MAX),
            delay: AtomicU64::new(0),
            cuts: Mutex::default(),
            trap: Mutex::default(),
            damage: Mutex::default(),
            moved: Default::default(),
            done: AtomicUsize::new(0),
            streams: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&line);
        thread::spawn(move || accepting.accept(&listener));
        Self { port, line }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Breaks all connections each time that so many bytes have gone this way since the last time.
    pub(crate) fn cut(&self, cuts: &[(Way, u64)]) {
        self.line.cuts.lock().unwrap().extend(cuts);
    }

    /// Breaks all connections once this has gone up, before an answer comes, and refuses new ones.
    pub(crate) fn cut_behind(&self, text: &'static str) {
        *self.line.trap.lock().unwrap() = Some(text.as_bytes());
    }

    /// Damages the first byte of this text when it goes up, once.
    pub(crate) fn damage(&self, text: &'static str) {
        *self.line.damage.lock().unwrap() = Some(text.as_bytes());
    }

    /// The cuts that were made.
    pub(crate) fn cuts_done(&self) -> usize {
        self.line.done.load(Ordering::SeqCst)
    }

    /// Breaks all connections now.
    pub(crate) fn sever(&self) {
        self.line.sever();
    }

    /// Holds up what goes to the server after so many bytes.
    pub(crate) fn hold_after(&self, bytes: u64) {
        self.line.hold.store(bytes, Ordering::SeqCst);
    }

    /// Lets so many bytes a second go up, about.
    pub(crate) fn slow_down(&self, bytes_per_second: u64) {
        let delay = PIECE_BYTES as u64 * 1_000_000 / bytes_per_second;
        self.line.delay.store(delay, Ordering::SeqCst);
    }

    /// Lets everything go on.
    pub(crate) fn release(&self) {
        self.hold_after(u64::MAX);
    }

    /// Refuses new connections, or no longer.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.line.refuses.store(refuses, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.ended.store(true, Ordering::SeqCst);
        self.line.sever();
        // Wakes up whoever accepts.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Line {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            let client = client.unwrap();
            if self.refuses.load(Ordering::SeqCst) {
                continue;
            }
            // A server that is away is a connection that breaks at once.
            if let Ok(server) = TcpStream::connect(&self.target) {
                self.join(&client, &server);
            }
        }
    }

    fn join(self: &Arc<Self>, client: &TcpStream, server: &TcpStream) {
        for stream in [client, server] {
            stream.set_nodelay(true).unwrap();
            self.streams
                .lock()
                .unwrap()
                .push(stream.try_clone().unwrap());
        }
        for (from, to, way) in [(client, server, Way::Up), (server, client, Way::Down)] {
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let line = Arc::clone(self);
            thread::spawn(move || {
                line.carry(&from, &to, way);
                drop(from.shutdown(Shutdown::Both));
                drop(to.shutdown(Shutdown::Both));
            });
        }
    }

    /// Carries bytes until one end is closed.
    fn carry(&self, mut from: &TcpStream, mut to: &TcpStream, way: Way) {
        let mut buffer = [0; PIECE_BYTES];
        loop {
            let length = match from.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(length) => length,
            };
            let before = self.moved[way as usize].fetch_add(length as u64, Ordering::SeqCst);
            while way == Way::Up
                && before >= self.hold.load(Ordering::SeqCst)
                && !self.ended.load(Ordering::SeqCst)
            {
                thread::sleep(POLL_INTERVAL);
            }
            if way == Way::Up {
                thread::sleep(Duration::from_micros(self.delay.load(Ordering::SeqCst)));
            }
            if self.is_due(way, before + length as u64) {
                self.sever();
                return;
            }
            if way == Way::Up {
                self.damage(&mut buffer[..length]);
            }
            if to.write_all(&buffer[..length]).is_err() {
                return;
            }
            if way == Way::Up && self.is_trapped(&buffer[..length]) {
                self.sever();
                return;
            }
        }
    }

    fn damage(&self, bytes: &mut [u8]) {
        let mut damage = self.damage.lock().unwrap();
        let Some(text) = *damage else { return };
        if let Some(at) = bytes.windows(text.len()).position(|part| part == text) {
            bytes[at] ^= 1;
            *damage = None;
        }
    }

    /// Whether the line breaks behind these bytes; then it is refused, and does not break there again.
    fn is_trapped(&self, bytes: &[u8]) -> bool {
        let mut trap = self.trap.lock().unwrap();
        let is_here = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
        let is_trapped = trap.is_some_and(is_here);
        if is_trapped {
            *trap = None;
            self.refuses.store(true, Ordering::SeqCst);
            self.done.fetch_add(1, Ordering::SeqCst);
        }
        is_trapped
    }

    /// Whether the next cut is due; then it is no longer the next.
    fn is_due(&self, way: Way, moved: u64) -> bool {
        let mut cuts = self.cuts.lock().unwrap();
        let is_due = cuts
            .front()
            .is_some_and(|(cut, bytes)| *cut == way && moved >= *bytes);
        if is_due {
            cuts.pop_front();
            self.done.fetch_add(1, Ordering::SeqCst);
            for moved in &self.moved {
                moved.store(0, Ordering::SeqCst);
            }
        }
        is_due
    }

    fn sever(&self) {
        for stream in self.streams.lock().unwrap().drain(..) {
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}
