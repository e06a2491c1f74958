//! Lets the library's own command line in, and nobody else: the HTTP authentication server of the embedded
//! engine, in the engine's own process.
//!
//! The command line opens the HTTP interface. The library logs it in as `default` with an empty password, and
//! can be told no other. So `default` has two ways in: the password, and this, which says yes to the first
//! question only. That one is the command line's: the HTTP interface opens by its word. Whoever comes
//! without the password, or with a wrong one, is asked about later, and refused.
//!
//! `engine::host` starts it before the library, and gives it what is to happen before that answer. Its port
//! stays taken as long as the process lives, so that nobody else can answer in its place.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::password;

/// What the library calls it.
pub(super) const NAME: &str = "command_line";

/// How long the library waits for the answer: longer than this process ever waits for a processor.
const PATIENCE_MS: u32 = 60_000;

/// How long a question may take to arrive: the library's comes in one piece.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The longest question; the library's has about 300 bytes, and the password that somebody tried.
const MAX_QUESTION_BYTES: usize = 16 * 1024;

const YES: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const NO: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// An authenticator that does not answer yet.
#[derive(Debug)]
pub(super) struct Authenticator {
    listener: TcpListener,
    port: u16,
    /// A path that only the library is told, so that nobody else on this machine uses the one answer up.
    path: String,
}

impl Authenticator {
    /// Takes a port of 127.0.0.1.
    pub(super) fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let path = password::random()?;
        Ok(Self {
            listener,
            port,
            path,
        })
    }

    /// The port that the library must be able to connect to.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Settings of the library's server that tell it of this one. They hold the path, so they must not be
    /// seen from outside the process.
    pub(super) fn arguments(&self) -> [OsString; 2] {
        let setting =
            |name: &str, value| format!("--http_authentication_servers.{NAME}.{name}={value}");
        let uri = format!("http://127.0.0.1:{}/{}", self.port, self.path);
        [
            setting("uri", uri).into(),
            setting("receive_timeout_ms", PATIENCE_MS.to_string()).into(),
        ]
    }

    /// Answers from now on, in a thread that ends with the process. `before_yes` runs once.
    pub(super) fn serve(self, before_yes: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = thread::Builder::new().name("authenticator".to_owned());
        thread.spawn(move || self.run(before_yes)).map(drop)
    }

    fn run(self, before_yes: impl FnOnce()) {
        let question = format!("GET /{} ", self.path);
        let mut before_yes = Some(before_yes);
        for stream in self.listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let asked = read_question(&mut stream).unwrap_or_default();
            let is_asked = asked.starts_with(question.as_bytes());
            let answer = match before_yes.take_if(|_| is_asked) {
                Some(before_yes) => {
                    before_yes();
                    YES
                }
                None => NO,
            };
            // Whoever asks may be gone; for the library that is a no.
            drop(stream.write_all(answer));
        }
    }
}

/// The head of a request.
fn read_question(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut question = Vec::new();
    let mut piece = [0; 1024];
    while memchr::memmem::find(&question, b"\r\n\r\n").is_none() {
        let length = stream.read(&mut piece)?;
        if length == 0 || question.len() > MAX_QUESTION_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        question.extend_from_slice(piece.get(..length).unwrap_or_default());
    }
    Ok(question)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{Ipv4Addr, TcpStream},
        sync::mpsc::{self, TryRecvError},
    };

    use super::Authenticator;

    fn ask(port: u16, question: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.write_all(question.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn one_question_is_answered_with_yes_and_only_the_library_s() {
        const NO: &str = "HTTP/1.1 403 Forbidden";
        let authenticator = Authenticator::bind().unwrap();
        let (port, path) = (authenticator.port(), authenticator.path.clone());
        assert_eq!(path.len(), 64);
        let [uri, _] = authenticator.arguments();
        let uri = uri.into_string().unwrap();
        assert_eq!(
            uri,
            format!(
                "--http_authentication_servers.command_line.uri=http://127.0.0.1:{port}/{path}"
            )
        );
        let (sender, called) = mpsc::channel();
        authenticator
            .serve(move || sender.send(()).unwrap())
            .unwrap();
        // One that says nothing, and one that ends in the middle, hold nobody up for good.
        let _silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap());
        let question = format!("GET /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        for other in [
            "GET / HTTP/1.1\r\n\r\n".to_owned(),
            format!("POST /{path} HTTP/1.1\r\n\r\n"),
            format!("GET /{path}a HTTP/1.1\r\n\r\n"),
            format!("GET /{} HTTP/1.1\r\n\r\n", path.get(1..).unwrap()),
        ] {
            assert_eq!(ask(port, &other), NO, "{other}");
        }
        assert_eq!(called.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(ask(port, &question), "HTTP/1.1 200 OK");
        called.try_recv().unwrap();
        assert_eq!(ask(port, &question), NO);
        assert_eq!(ask(port, &question), NO);
    }
}
