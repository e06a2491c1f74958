//! Asks whether the engine on a port answers, and whether it is ours.
//!
//! Called while the embedded engine starts. It must need nothing but a socket, because the client of
//! the layers above does not exist yet.

use std::ffi::OsStr;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Secret, users};

/// The time for one question: the engine answers in about a millisecond.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The most bytes of an answer that are read; the whole one has about 500.
const MAX_ANSWER_BYTES: u64 = 16 * 1024;

/// `SELECT getServerSetting('path') FORMAT RawBLOB`. HTTP/1.0, so that the body comes in one piece
/// and ends with the connection.
const REQUEST: &str = "GET /?query=SELECT%20getServerSetting('path')%20FORMAT%20RawBLOB HTTP/1.0\r\n\
    Host: 127.0.0.1\r\n";

/// Whether an engine answers on `port` of 127.0.0.1, takes the password and works on `data_dir`, which must
/// be the path that it was started with. Another ClickHouse on that port is not taken for it.
pub(super) async fn serves(port: u16, data_dir: &Path, password: &Secret) -> bool {
    match tokio::time::timeout(TIMEOUT, ask(port, password)).await {
        Ok(Ok(answer)) => body(&answer) == Some(data_dir.as_os_str()),
        Ok(Err(_)) | Err(_) => false,
    }
}

/// Sends the request and reads the answer to its end.
async fn ask(port: u16, password: &Secret) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let key = password.expose();
    let user = users::SERVICE;
    let request = format!("{REQUEST}X-ClickHouse-User: {user}\r\nX-ClickHouse-Key: {key}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(1024);
    stream
        .take(MAX_ANSWER_BYTES)
        .read_to_end(&mut answer)
        .await?;
    Ok(answer)
}

/// The body of a successful answer, as the path that it is.
fn body(answer: &[u8]) -> Option<&OsStr> {
    let status = answer.split(|&byte| byte == b' ').nth(1)?;
    let head = memchr::memmem::find(answer, b"\r\n\r\n")?;
    (status == b"200").then(|| answer.get(head + 4..).map(OsStr::from_bytes))?
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::body;

    #[test]
    fn the_body_follows_the_empty_line() {
        let answer = b"HTTP/1.0 200 OK\r\nConnection: Close\r\n\r\n/data";
        assert_eq!(body(answer), Some(OsStr::new("/data")));
    }

    #[test]
    fn a_failure_and_a_torn_answer_have_no_body() {
        assert_eq!(body(b"HTTP/1.0 500 Error\r\n\r\n/data"), None);
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nConn"), None);
        assert_eq!(body(b""), None);
    }
}
