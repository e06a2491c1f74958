//! TCP connections to the server.
//!
//! Used by `connect`. It must never fail a connection that is there for the sake of speed.

use std::time::Duration;

use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::net::TcpStream;
use tower::util::MapResponse;

/// What a connection within the machine is sent with: every Linux has it, and every user may choose it.
#[cfg(target_os = "linux")]
const CONGESTION_CONTROL: &str = "reno";

/// A connection as the HTTP library takes it.
type Tcp = TokioIo<TcpStream>;

/// Makes connections, each within this time.
pub(crate) fn connector(timeout: Duration) -> MapResponse<HttpConnector, fn(Tcp) -> Tcp> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(timeout));
    MapResponse::new(connector, |stream| {
        tune(stream.inner());
        stream
    })
}

/// Sends without pacing when the peer is this machine.
///
/// BBR, which many systems have as their default, measures a path by spacing its packets out. Over
/// loopback there is nothing to measure, and that costs three times the CPU (tcp(7), `TCP_CONGESTION`).
#[cfg(target_os = "linux")]
fn tune(stream: &TcpStream) {
    if let (Ok(own), Ok(peer)) = (stream.local_addr(), stream.peer_addr())
        && own.ip() == peer.ip()
    {
        // It is as right with another one, only slower.
        let _kept = rustix::net::sockopt::set_tcp_congestion(stream, CONGESTION_CONTROL);
    }
}

/// Does nothing: other systems do not pace by default.
#[cfg(not(target_os = "linux"))]
const fn tune(_: &TcpStream) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::net::sockopt::tcp_congestion;
    use tokio::net::TcpListener;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_connection_within_the_machine_is_not_paced() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connector = connector(Duration::from_secs(10));
        let stream = connector.oneshot(url.parse().unwrap()).await.unwrap();
        let found = tcp_congestion(stream.inner()).unwrap();
        assert_eq!(found, CONGESTION_CONTROL);
    }
}
