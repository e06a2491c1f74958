//! Peers that are silent, slow or many: each is cut off, and others are served meanwhile.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::transport::Endpoint;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::kit::{Ca, ask, connect, is_closed, quick, serve, serve_with, usual};
use crate::tls::AcceptConfig;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

async fn plain() -> SocketAddr {
    serve(quick(None)).await
}

async fn sends(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_cut_off() {
    let address = plain().await;
    assert!(is_closed(sends(address, b"").await).await);
    let ca = Ca::new();
    ca.issue("server");
    let address = serve(quick(Some(ca.config("server", None)))).await;
    assert!(
        is_closed(sends(address, b"").await).await,
        "before the handshake"
    );
    assert!(
        is_closed(sends(address, &[0x16, 3, 1, 2, 0, 1]).await).await,
        "within it"
    );
    let stream = connect(address, ca.client(None, &[])).await.unwrap();
    assert!(is_closed(stream).await, "after it");
}

#[tokio::test]
async fn a_peer_that_stops_in_its_first_request_is_cut_off() {
    let address = plain().await;
    for begun in [
        &b"GET /who HTTP/1.1\r\nhost: x\r\nx-slow: 1\r\n"[..],
        b"GET /who",
        &PREFACE[..10],
        b"P",
    ] {
        assert!(is_closed(sends(address, begun).await).await);
    }
}

#[tokio::test]
async fn a_peer_that_sends_a_byte_now_and_then_is_cut_off() {
    let address = plain().await;
    let mut stream = sends(address, b"GET /who HTTP/1.1\r\n").await;
    let dripping = async {
        while stream.write_all(b"x: 1\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), dripping)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_peer_that_begins_http2_and_falls_silent_is_cut_off() {
    let address = serve_with(usual(None), Duration::from_millis(100)).await;
    assert!(is_closed(sends(address, PREFACE).await).await);
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let mut stream = sends(address, &[PREFACE, &settings].concat()).await;
    let mut first = [0; 9];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(first[3], 4, "the server's settings");
    assert!(is_closed(stream).await);
}

#[tokio::test]
async fn what_is_no_http_is_cut_off() {
    let address = serve(usual(None)).await;
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH\r\n\r\n",
        &[b'x'; 1 << 20],
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The server may hang up before it has read all of it.
        drop(stream.write_all(bytes).await);
        assert!(is_closed(stream).await);
    }
    let stream = TcpStream::connect(address).await.unwrap();
    ask(stream).await.unwrap();
}

#[tokio::test]
async fn a_head_that_comes_in_pieces_is_served() {
    let address = serve(usual(None)).await;
    let request = b"GET /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    for cut in 1..request.len() {
        let mut stream = sends(address, &request[..cut]).await;
        stream.set_nodelay(true).unwrap();
        tokio::task::yield_now().await;
        stream.write_all(&request[cut..]).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{cut}: {answer}");
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_and_places_come_back() {
    let config = AcceptConfig {
        max_connections: 3,
        head_timeout: Duration::from_secs(60),
        ..usual(None)
    };
    let address = serve(config).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(sends(address, b"GET").await);
    }
    // All three were accepted before the fourth: accepting keeps the order.
    assert!(is_closed(TcpStream::connect(address).await.unwrap()).await);
    drop(held.pop());
    let served = async {
        while ask(TcpStream::connect(address).await.unwrap())
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), served)
        .await
        .unwrap();
}

#[tokio::test]
async fn connections_of_one_address_are_limited_apart() {
    let config = AcceptConfig {
        max_connections_per_address: 2,
        head_timeout: Duration::from_secs(60),
        ..usual(None)
    };
    let address = serve(config).await;
    let _first = sends(address, b"GET").await;
    let _second = sends(address, b"GET").await;
    assert!(is_closed(TcpStream::connect(address).await.unwrap()).await);
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    ask(socket.connect(address).await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn hundreds_of_idle_connections_keep_nobody_out_for_long() {
    let config = AcceptConfig {
        max_connections: 300,
        ..quick(None)
    };
    let address = serve(config).await;
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    let served = async {
        while ask(TcpStream::connect(address).await.unwrap())
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), served)
        .await
        .unwrap();
    assert_eq!(idle.len(), 400);
}

#[tokio::test]
async fn headers_without_end_are_refused_on_http1() {
    let address = serve(usual(None)).await;
    let mut stream = sends(address, b"GET /who HTTP/1.1\r\nhost: x\r\n").await;
    let header = format!("x-long: {}\r\n", "x".repeat(8000));
    let flood = async { while stream.write_all(header.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), flood)
        .await
        .unwrap();
    let mut stream = sends(address, b"GET /who HTTP/1.1\r\nhost: x\r\n").await;
    let many = "x: 1\r\n".repeat(200);
    stream
        .write_all(format!("{many}\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn huge_headers_are_refused_on_http2() {
    let address = serve(usual(None)).await;
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let channel = channel.connect().await.unwrap();
    let mut client = HealthClient::new(channel);
    let mut huge = tonic::Request::new(HealthCheckRequest::default());
    huge.metadata_mut()
        .insert("x-long", "x".repeat(40_000).parse().unwrap());
    client.check(huge).await.unwrap_err();
    client.check(HealthCheckRequest::default()).await.unwrap();
}
