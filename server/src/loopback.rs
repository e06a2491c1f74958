//! Connections that do not leave the machine.
//!
//! `tls` and `clickhouse` tune theirs here. It must never fail a connection: only speed is at stake.

use tokio::net::TcpStream;

/// What a connection within the machine is sent with: every Linux has it, and every user may choose it.
#[cfg(target_os = "linux")]
const CONGESTION_CONTROL: &str = "reno";

/// Sends without pacing when the peer is this machine.
///
/// BBR, which many servers have as their default, measures a path by spacing its packets out. Over
/// loopback there is nothing to measure, and that costs three times the CPU (tcp(7), `TCP_CONGESTION`).
#[cfg(target_os = "linux")]
pub fn tune(stream: &TcpStream) {
    let (Ok(own), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) else {
        return;
    };
    if own.ip() == peer.ip()
        && let Err(error) = rustix::net::sockopt::set_tcp_congestion(stream, CONGESTION_CONTROL)
    {
        tracing::debug!(%error, "a connection keeps its congestion control");
    }
}

/// Does nothing: other systems do not pace by default.
#[cfg(not(target_os = "linux"))]
pub const fn tune(_: &TcpStream) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::net::sockopt::tcp_congestion;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_connection_within_the_machine_is_not_paced() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap());
        let stream = stream.await.unwrap();
        tune(&stream);
        assert_eq!(tcp_congestion(&stream).unwrap(), CONGESTION_CONTROL);
    }
}
