//! Many callers at once, idle ones and greedy ones: each is served in its turn, and memory stays in
//! its budget.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::join_all;
use sluice_proto::v1 as pb;

use crate::{
    memory::Server,
    support::{TestServer, counters, metadata, reason, spec},
};

fn id(n: usize) -> String {
    format!("0190a5f0-7f1a-7c00-8000-{n:012}")
}

fn begin(table: &str, n: usize) -> pb::BeginUploadRequest {
    pb::BeginUploadRequest {
        spec: Some(pb::UploadSpec {
            transfer_id: id(n),
            ..spec(table)
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_small_uploads_at_once_all_succeed() {
    const COUNT: usize = 200;
    const ROWS: usize = 1_000;
    let server = TestServer::start_with(|config| {
        // A machine with other work to do takes longer than people wait.
        config.transfer.queue_timeout = Duration::from_secs(300);
    })
    .await;
    server.sql("CREATE TABLE t (u UInt32, n UInt32, s String) ENGINE = MergeTree ORDER BY (u, n)");
    let one = async |upload: usize| {
        let rows = (0..ROWS).map(|n| format!("{upload},{n},some text\n"));
        let file = format!("u,n,s\n{}", rows.collect::<String>());
        let begun = Instant::now();
        let outcome = server.upload(spec("t"), file).await;
        (begun.elapsed(), outcome)
    };
    let outcomes = join_all((0..COUNT).map(one)).await;
    let mut times = Vec::new();
    let mut refused = Vec::new();
    for (time, outcome) in outcomes {
        match outcome {
            Ok(response) => {
                assert_eq!(counters(&response).rows_committed, 1_000);
                times.push(time);
            }
            Err(status) => refused.push(reason(&status)),
        }
    }
    times.sort();
    let p99 = times.get(COUNT * 99 / 100 - 1);
    println!(
        "{} refused, p99 {p99:?}, last {:?}",
        refused.len(),
        times.last()
    );
    assert!(refused.is_empty(), "{} refused: {refused:?}", refused.len());
    let counts = server.sql("SELECT count(), uniqExact(u, n) FROM t");
    assert_eq!(counts, format!("{0}\t{0}", COUNT * ROWS));
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_without_a_byte_refuse_nobody() {
    let server = TestServer::start_with(|config| config.transfer.max_transfers = 4).await;
    server.sql("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a");
    let mut ingest = server.ingest().await;
    for n in 0..60 {
        let begun = ingest.begin_upload(begin("t", n)).await;
        begun.unwrap_or_else(|status| panic!("{n}: {status:?}"));
    }
    server.upload(spec("t"), "a\n1\n").await.unwrap();
    // Sixteen may be open for each that may run.
    for n in 60..64 {
        ingest.begin_upload(begin("t", n)).await.unwrap();
    }
    let status = ingest.begin_upload(begin("t", 64)).await.unwrap_err();
    assert_eq!(reason(&status), "TOO_MANY_TRANSFERS");
    assert_eq!(metadata(&status, "limit"), "64");
    // And each of them can go on.
    for n in 0..60 {
        let append = pb::AppendUploadRequest {
            transfer_id: id(n),
            data: Bytes::from_static(b"a\n2\n"),
            ..Default::default()
        };
        ingest.append_upload(append).await.unwrap();
        let finish = pb::FinishUploadRequest {
            transfer_id: id(n),
            total_bytes: 4,
            crc32c: None,
        };
        ingest.finish_upload(finish).await.unwrap();
    }
    assert_eq!(server.sql("SELECT count() FROM t"), "61");
}

/// A message of a call that never ends: what comes of it is not read.
fn unfinished(address: SocketAddr, path: &str, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/grpc-web+proto\r\n\
         Content-Length: {}\r\n\r\n",
        bytes + 5
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut body = vec![0];
    body.extend(u32::try_from(bytes).unwrap().to_be_bytes());
    body.resize(bytes, 1);
    // The server may hang up in between.
    stream.write_all(&body).ok();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_messages_take_no_memory() {
    let server = Server::start_with(&crate::support::engine_url().await, &[]);
    server.client().await;
    for path in [
        "/sluice.v1.CatalogService/GetServerInfo",
        "/grpc.health.v1.Health/Check",
        "/sluice.v1.CatalogService/ListTables",
        "/sluice.v1.CatalogService/PreviewRows",
    ] {
        let before = server.memory_kib();
        let address = server.address;
        let held = (0..20)
            .map(|_| std::thread::spawn(move || unfinished(address, path, (16 << 20) - 100)));
        let held: Vec<_> = held.collect();
        let held: Vec<_> = held.into_iter().map(|one| one.join().unwrap()).collect();
        let after = server.memory_kib();
        println!("{path}: {before} KiB, then {after} KiB");
        assert!(
            after < before + (24 << 10),
            "{path}: {before} KiB, {after} KiB"
        );
        drop(held);
    }
}

fn preview(query: &str, limit: i32) -> pb::PreviewRowsRequest {
    pb::PreviewRowsRequest {
        source: Some(pb::preview_rows_request::Source::Query(query.to_owned())),
        limit,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_of_huge_rows_is_small() {
    let server = Server::start_with(&crate::support::engine_url().await, &[]);
    let endpoint = format!("http://{}", server.address);
    server.client().await;
    let channel = tonic::transport::Endpoint::from_shared(endpoint).unwrap();
    let channel = channel.connect().await.unwrap();
    let mut catalog = pb::catalog_service_client::CatalogServiceClient::new(channel)
        .max_decoding_message_size(usize::MAX);
    let wide: Vec<_> = (0..10)
        .map(|n| format!("repeat('x', 5000) AS c{n}"))
        .collect();
    let query = format!("SELECT {} FROM numbers(10000)", wide.join(", "));
    let before = server.memory_kib();
    let answer = catalog.preview_rows(preview(&query, 10_000)).await.unwrap();
    let bytes = prost::Message::encoded_len(answer.get_ref());
    let after = server.peak_kib();
    println!("{bytes} bytes, {before} KiB, then {after} KiB");
    assert!(bytes < 3 << 20, "{bytes} bytes");
    assert!(answer.get_ref().truncated && answer.get_ref().rows.len() > 60);
    assert!(after < before + (48 << 10), "{before} KiB, {after} KiB");
}

/// All ids of a list, page by page.
async fn listed(server: &TestServer, request: pb::ListTransfersRequest) -> Vec<String> {
    let mut ingest = server.ingest().await;
    let mut ids = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListTransfersRequest {
            page_token,
            ..request.clone()
        };
        let page = ingest.list_transfers(request).await.unwrap().into_inner();
        ids.extend(
            page.transfers
                .into_iter()
                .map(|transfer| transfer.transfer_id),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return ids;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_transfers_is_read_and_no_more() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a");
    server.upload(spec("t"), "a\n1\n").await.unwrap();
    // Ten of each time, of three states, two tables and two owners; the last ones are silent and run.
    server.sql(
        "INSERT INTO sluice.transfers_2 (transfer_id, connection, state, database, table, owner, \
         resumable, guarantee, started_at, time) \
         SELECT generateUUIDv4(), 'default', ['SUCCEEDED', 'FAILED', 'RUNNING'][number % 3 + 1], \
         'default', ['t', 'u'][number % 2 + 1], ['', 'x'][number % 5 = 0 ? 2 : 1], number % 4 = 0, \
         repeat('x', 2000), toDateTime64('2024-01-01 00:00:00', 3, 'UTC') + intDiv(number, 10), \
         now64(6) - 3600 FROM numbers(20000)",
    );
    let expected = |conditions: &str| -> Vec<String> {
        let ids = server.sql(&format!(
            "SELECT toString(transfer_id) AS id FROM sluice.transfers_2 FINAL WHERE {conditions} \
             ORDER BY started_at DESC, id DESC"
        ));
        ids.lines().map(str::to_owned).collect()
    };
    let page = |page_size| pb::ListTransfersRequest {
        page_size,
        ..Default::default()
    };
    let all = listed(&server, page(1_000)).await;
    assert_eq!(all, expected("1"));
    let filtered = pb::ListTransfersRequest {
        states: vec![pb::TransferState::Interrupted.into()],
        table: Some(pb::TableRef {
            database: String::new(),
            table: "t".to_owned(),
        }),
        owner: "x".to_owned(),
        ..page(170)
    };
    let wanted = "state = 'RUNNING' AND resumable AND table = 't' AND owner = 'x'";
    let filtered = listed(&server, filtered).await;
    assert!(filtered.len() > 170);
    assert_eq!(filtered, expected(wanted));

    let sent = || {
        let query = "SELECT sum(value) FROM system.events WHERE event = 'NetworkSendBytes'";
        server.sql(query).parse::<u64>().unwrap()
    };
    let before = sent();
    let begun = Instant::now();
    let mut ingest = server.ingest().await;
    let first = ingest.list_transfers(page(1)).await.unwrap().into_inner();
    assert_eq!(first.transfers.len(), 1);
    let bytes = sent() - before;
    println!("{bytes} bytes in {:?}", begun.elapsed());
    assert!(bytes < 1 << 20, "{bytes} bytes for one transfer");
}
