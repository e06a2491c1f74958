//! Callers who are too many, too fast, too slow or too large.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use sluice_proto::v1 as pb;
use tokio::io::AsyncWriteExt as _;
use tonic::Code;

use super::kit::{ALL, Bearer, Site, refused, spec};
use crate::{
    memory::Server,
    support::{metadata, reason},
};

/// Whether the other end hangs up within ten seconds.
fn is_closed(mut stream: TcpStream) -> bool {
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_calls_too_often_is_told_when_to_come_back() {
    let site = Site::start_with(|config| config.access.requests_per_second = 5).await;
    let mut bob = site.catalog(&site.token("bob", ALL, None)).await;
    let mut alice = site.catalog(&site.token("alice", ALL, None)).await;
    let mut last = None;
    for _ in 0..20 {
        if let Err(status) = bob.list_connections(pb::ListConnectionsRequest {}).await {
            last = Some(status);
        }
    }
    let status = last.unwrap();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "RATE_LIMITED")
    );
    assert_eq!(metadata(&status, "limit"), "5");
    let details = tonic_types::StatusExt::get_error_details(&status);
    assert!(details.retry_info().unwrap().retry_delay.is_some());
    alice
        .list_connections(pb::ListConnectionsRequest {})
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_tokens_is_slow() {
    let site = Site::start_with(|config| config.access.requests_per_second = 5).await;
    let mut codes = Vec::new();
    for guess in 0..20 {
        let mut eve = site.catalog(&format!("guess{guess}")).await;
        let status = eve
            .list_connections(pb::ListConnectionsRequest {})
            .await
            .unwrap_err();
        codes.push(status.code());
    }
    assert!(codes.starts_with(&[Code::Unauthenticated]), "{codes:?}");
    assert!(codes.contains(&Code::ResourceExhausted), "{codes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_silent_peers_are_cut_off() {
    let site = Site::start_with(|config| {
        config.port.head_timeout = Duration::from_millis(300);
        config.rpc.idle_timeout = Duration::from_millis(300);
    })
    .await;
    for begun in [
        "",
        "P",
        "POST / HTTP/1.1\r\nHost: x\r\n",
        "PRI * HTTP/2.0\r\n",
    ] {
        let mut stream = TcpStream::connect(site.server.address).unwrap();
        stream.write_all(begun.as_bytes()).unwrap();
        assert!(is_closed(stream), "{begun:?}");
    }
    let mut ingest = site.ingest(&site.alice()).await;
    let first = crate::support::upload_messages(spec("sales", "t"), b"", 1);
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    sender
        .send(first.into_iter().next().unwrap())
        .await
        .unwrap();
    let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
    refused(
        ingest.upload(stream).await,
        Code::DeadlineExceeded,
        "IDLE_TIMEOUT",
    );
    drop(sender);
    site.check_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_is_told_before_a_message_is_read() {
    let site = Site::start().await;
    let mut stream = TcpStream::connect(site.server.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let head = "POST /sluice.v1.CatalogService/ListTables HTTP/1.1\r\nHost: localhost\r\n\
                Content-Type: application/grpc-web+proto\r\nContent-Length: 16000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 1024];
    let length = stream.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).to_lowercase();
    assert!(answer.contains("grpc-status: 16"), "{answer}");
    site.check_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_are_too_large_are_refused() {
    let site = Site::start().await;
    let huge = "x".repeat(64 << 10);
    let mut catalog = site.catalog(&site.alice()).await;
    let mut request = tonic::Request::new(pb::ListConnectionsRequest {});
    request
        .metadata_mut()
        .insert("x-huge", huge.parse().unwrap());
    catalog.list_connections(request).await.unwrap_err();
    let mut stream = TcpStream::connect(site.server.address).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nHost: x\r\n").unwrap();
    let line = format!("x-huge: {huge}\r\n");
    // The server hangs up somewhere in between.
    let sent = (0..100).try_for_each(|_| stream.write_all(line.as_bytes()));
    assert!(sent.is_err() || is_closed(stream));
    site.check_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_files_that_are_too_large_are_refused() {
    let site = Site::start_with(|config| {
        config.rpc.max_message_bytes = 64 << 10;
        config.transfer.max_file_bytes = 1 << 20;
    })
    .await;
    let mut ingest = site.ingest(&site.alice()).await;
    let sample = vec![b'1'; 128 << 10].into();
    let inspect = pb::InspectFileRequest {
        sample,
        ..Default::default()
    };
    let status = ingest.inspect_file(inspect).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    let line = vec![b'1'; 128 << 10];
    for (chunk_bytes, code) in [(65_532, Code::InvalidArgument), (65_533, Code::OutOfRange)] {
        // With the number and the length of the field, 65,536 bytes and one more.
        let messages = crate::support::upload_messages(spec("sales", "t"), &line, chunk_bytes);
        let outcome = ingest.upload(tokio_stream::iter(messages)).await;
        assert_eq!(outcome.unwrap_err().code(), code, "{chunk_bytes}");
    }
    let file = "1\n".repeat(1 << 20);
    let messages = crate::support::upload_messages(spec("sales", "t"), file.as_bytes(), 32 << 10);
    let outcome = ingest.upload(tokio_stream::iter(messages)).await;
    refused(outcome, Code::InvalidArgument, "FILE_TOO_LARGE");
    site.check_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_does_not_go_off() {
    let site = Site::start().await;
    let mut ingest = site.ingest(&site.alice()).await;
    let bomb = crate::support::gzip_by(9, &vec![b'\n'; 256 << 20]);
    assert!(bomb.len() < 1 << 20);
    let messages = crate::support::upload_messages(spec("sales", "t"), &bomb, 64 << 10);
    let status = ingest
        .upload(tokio_stream::iter(messages))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    site.check_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_above_the_limit_are_closed() {
    let site = Site::start_with(|config| config.port.max_connections = 20).await;
    let address = site.server.address;
    let held: Vec<_> = (0..20)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    for _ in 0..10 {
        assert!(is_closed(TcpStream::connect(address).unwrap()));
    }
    drop(held);
    std::thread::sleep(Duration::from_millis(200));
    site.check_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_above_the_limit_of_one_connection_wait() {
    let site = Site::start_with(|config| config.rpc.max_streams = 2).await;
    let channel = site.server.channel().await;
    let token = super::kit::bearer(&site.alice());
    let call = |bearer: Bearer| {
        let client = pb::ingest_service_client::IngestServiceClient::with_interceptor(
            channel.clone(),
            bearer,
        );
        async move {
            let mut client = client;
            client
                .list_transfers(pb::ListTransfersRequest::default())
                .await
        }
    };
    // From the first answer on the client knows the limit.
    call(token.clone()).await.unwrap();
    let calls = futures_util::future::join_all((0..20).map(|_| call(token.clone())));
    for outcome in calls.await {
        outcome.unwrap();
    }
}

/// What an HTTP/2 client says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Connections on which nothing is asked.
async fn idle_connections(count: usize, address: SocketAddr) -> Vec<tokio::net::TcpStream> {
    let mut held = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(PREFACE).await.unwrap();
        held.push(stream);
    }
    held
}

/// Lets this process open as many files as the system allows.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// The other ends are in a process of their own: both would be twice as many files as one may open.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_cost_little_memory() {
    const COUNT: usize = 10_000;
    raise_file_limit();
    let limits = ["--max-connections=10001", "--head-timeout=5m"];
    let server = Server::start_with(&crate::support::engine_url().await, &limits);
    let mut client = server.client().await;
    let mut check = async || {
        let begun = Instant::now();
        let list = pb::ListTransfersRequest::default();
        client.list_transfers(list).await.unwrap();
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
    };
    check().await;
    let before = server.memory_kib();
    let mut after = Vec::new();
    for _ in 0..2 {
        let begun = Instant::now();
        let held = idle_connections(COUNT, server.address).await;
        // All places are taken: more are closed, and those that are open are served.
        for _ in 0..10 {
            assert!(is_closed(TcpStream::connect(server.address).unwrap()));
        }
        check().await;
        println!(
            "{COUNT} connections in {:?}, {} KiB",
            begun.elapsed(),
            server.memory_kib()
        );
        after.push(server.memory_kib());
        drop(held);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let each = after[0].saturating_sub(before) / 10_000;
    assert!(each < 48, "{each} KiB for each connection");
    // It costs nothing more to do it again.
    assert!(after[1] < after[0] + (32 << 10), "{after:?} KiB");
}
