//! Calls that take turns on two servers.
//!
//! `FLEET_UPLOADS` and `FLEET_MEGABYTES` say how many files of which size; `make fleet` loads 50 of 20 MB.

use std::{sync::atomic::Ordering, time::Instant};

use bytes::Bytes;
use sluice_proto::v1::{self as pb, ingest_service_client::IngestServiceClient};
use tonic::{Code, transport::Endpoint};

use super::kit::{
    Client, ID, LIMIT, Turns, append, begin, cancel, checksum, checksum_of, create, engine, file,
    finish, get, servers, silently, truly,
};
use crate::{
    support::{TestServer, balanced::balance_addresses, export_query, reason, spec},
    transfers::OpenUpload,
};

fn number(name: &str, default: usize) -> usize {
    let value = std::env::vars().find(|(key, _)| key == name);
    value.map_or(default, |(_, value)| value.parse().unwrap())
}

async fn turns_of([one, two]: &[TestServer; 2]) -> Vec<Client> {
    vec![one.ingest().await, two.ingest().await]
}

fn rows_of(megabytes: usize) -> usize {
    megabytes * 1_000_000 / 26
}

#[tokio::test(flavor = "multi_thread")]
async fn files_sent_by_turns_to_two_servers_are_exact_and_sent_once() {
    let (uploads, megabytes) = (number("FLEET_UPLOADS", 6), number("FLEET_MEGABYTES", 4));
    let chunk = if megabytes < 10 { 1 << 19 } else { 4 << 20 };
    let rows = rows_of(megabytes);
    let engine = engine();
    let servers = servers(&engine, truly).await;
    let turns = Turns::new(turns_of(&servers).await);
    let file = file(rows);
    let begun = Instant::now();
    let loads = (0..uploads).map(async |n| {
        // As pages have them: connections of its own.
        let turns = turns.with(turns_of(&servers).await);
        let table = format!("t{n}");
        create(&engine, &table);
        let id = format!("0190a5f0-7f1a-7c00-8000-{n:012}");
        turns.load(&table, &id, &file, chunk).await
    });
    for status in futures_util::future::join_all(loads).await {
        assert_eq!(status.code(), Code::Ok, "{status:?}");
    }
    let elapsed = begun.elapsed();
    let expected = checksum_of(&engine, rows);
    for n in 0..uploads {
        assert_eq!(checksum(&engine, &format!("t{n}")), expected, "t{n}");
    }
    let sent = turns.sent.load(Ordering::Relaxed);
    let whole = (uploads * file.len()) as u64;
    println!(
        "{uploads} files of {} bytes in {elapsed:?}: {sent} bytes sent, {:.3} of the files, {} begins",
        file.len(),
        sent as f64 / whole as f64,
        turns.begins.load(Ordering::Relaxed),
    );
    assert!(sent * 10 <= whole * 11, "{sent} of {whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn so_are_files_behind_a_balancer_of_connections() {
    let rows = rows_of(2);
    let engine = engine();
    let servers = servers(&engine, truly).await;
    let url = balance_addresses(servers.iter().map(|server| server.address).collect()).await;
    create(&engine, "t");
    let file = file(rows);
    // A connection for each call.
    let client = async || -> Client {
        let endpoint = Endpoint::from_shared(url.clone()).unwrap();
        IngestServiceClient::new(endpoint.connect().await.unwrap())
    };
    client().await.begin_upload(begin("t", ID)).await.unwrap();
    for start in (0..file.len()).step_by(1 << 18) {
        let data = file.slice(start..(start + (1 << 18)).min(file.len()));
        let appended = client().await.append_upload(append(ID, start, data)).await;
        appended.unwrap();
    }
    let finished = client().await.finish_upload(finish(ID, &file)).await;
    assert!(!finished.unwrap().into_inner().replayed);
    assert_eq!(checksum(&engine, "t"), checksum_of(&engine, rows));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_seen_watched_and_cancelled_through_the_other_server() {
    let engine = engine();
    let servers = servers(&engine, truly).await;
    create(&engine, "t");
    let [mut one, mut two] = [servers[0].ingest().await, servers[1].ingest().await];
    one.begin_upload(begin("t", ID)).await.unwrap();
    // Nothing of it is in the journal but who owns it.
    let data = Bytes::from_static(b"n,m,s\n1,2,a\n");
    let appended = two.append_upload(append(ID, 0, data)).await.unwrap();
    assert_eq!(appended.into_inner().committed_offset, 12);
    let seen = two.get_transfer(get(ID)).await.unwrap().into_inner();
    let seen = seen.transfer.unwrap();
    assert_eq!(seen.committed_offset, 12);
    assert_eq!(seen.state(), pb::TransferState::Running);
    let again = two.begin_upload(begin("t", ID)).await.unwrap();
    assert_eq!(
        again.into_inner().committed_offset,
        12,
        "it is not taken over"
    );
    let watch = pb::WatchTransferRequest {
        transfer_id: ID.to_owned(),
        interval: None,
    };
    let mut watch = two.watch_transfer(watch).await.unwrap().into_inner();
    let first = watch.message().await.unwrap().unwrap().transfer.unwrap();
    assert_eq!(first.committed_offset, 12);
    let asked = Instant::now();
    let cancelled = two.cancel_transfer(cancel(ID)).await.unwrap().into_inner();
    assert!(asked.elapsed().as_secs() < 1, "{:?}", asked.elapsed());
    let cancelled = cancelled.transfer.unwrap();
    assert_eq!(cancelled.state(), pb::TransferState::Cancelled);
    let mut last = first;
    while let Some(message) = watch.message().await.unwrap() {
        last = message.transfer.unwrap();
    }
    assert_eq!(last.state(), pb::TransferState::Cancelled);
    for client in [&mut one, &mut two] {
        let more = append(ID, 12, Bytes::from_static(b"2,3,b\n"));
        client.append_upload(more).await.unwrap_err();
    }
    assert_eq!(engine.sql("SELECT count() FROM t"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_seen_watched_and_cancelled_through_the_other_server() {
    let engine = engine();
    let servers = servers(&engine, truly).await;
    let [mut one, mut two] = [servers[0].ingest().await, servers[1].ingest().await];
    let mut request = export_query("SELECT number FROM numbers(100000000000)");
    request.transfer_id = ID.to_owned();
    let mut messages = one.export(request).await.unwrap().into_inner();
    messages.message().await.unwrap().unwrap();
    let seen = two.get_transfer(get(ID)).await.unwrap().into_inner();
    let seen = seen.transfer.unwrap();
    assert_eq!(seen.kind(), pb::TransferKind::Export);
    assert_eq!(seen.state(), pb::TransferState::Running);
    let watch = pb::WatchTransferRequest {
        transfer_id: ID.to_owned(),
        interval: None,
    };
    let mut watch = two.watch_transfer(watch).await.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();
    let cancelled = two.cancel_transfer(cancel(ID)).await.unwrap().into_inner();
    let state = cancelled.transfer.unwrap().state();
    assert_eq!(state, pb::TransferState::Cancelled);
    while watch.message().await.unwrap().is_some() {}
    let failed = loop {
        match messages.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("an export that was cancelled is whole"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason(&failed), "TRANSFER_CANCELLED");
    // Its end is remembered by the server that has run it.
    let seen = two.get_transfer(get(ID)).await.unwrap().into_inner();
    let state = seen.transfer.unwrap().state();
    assert_eq!(state, pb::TransferState::Cancelled);
    // An upload of that id is refused by both.
    for mut client in [one, two] {
        let status = client.begin_upload(begin("t", ID)).await.unwrap_err();
        assert!(["TRANSFER_EXISTS", "TABLE_NOT_FOUND"].contains(&reason(&status).as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_are_listed_by_the_other_server() {
    let engine = engine();
    let servers = servers(&engine, truly).await;
    create(&engine, "t");
    let file = "n,m,s\n1,2,a\nx,2,b\n3,4,c\n";
    // A dry run is known to its server alone.
    for (n, dry_run) in [(0, true), (1, false)] {
        let id = format!("0190a5f0-7f1a-7c00-8000-00000000000{n}");
        let spec = pb::UploadSpec {
            transfer_id: id.clone(),
            dry_run,
            rejects: Some(pb::RejectPolicy {
                max_rows: Some(1),
                max_share: None,
            }),
            ..spec("t")
        };
        servers[0].upload(spec, file).await.unwrap();
        let rows = servers[1].rejected_rows(&id).await.unwrap();
        assert_eq!(rows.len(), 1, "dry run: {dry_run}");
        let pieces = servers[1].rejects_file(&id).await.unwrap();
        assert!(!pieces.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_addresses_the_error_names_what_to_configure_and_bytes_are_bounded() {
    let rows = rows_of(2);
    let engine = engine();
    let servers = servers(&engine, silently).await;
    create(&engine, "t");
    let [mut one, mut two] = [servers[0].ingest().await, servers[1].ingest().await];
    one.begin_upload(begin("t", ID)).await.unwrap();
    let whole = Bytes::from_static(b"n,m,s\n1,2,a\n");
    let status = two
        .append_upload(append(ID, 0, whole.clone()))
        .await
        .unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("TRANSFER_ELSEWHERE", Code::Unavailable)
    );
    for word in ["--advertise", "sluice-transfer-id"] {
        assert!(status.message().contains(word), "{}", status.message());
    }
    let status = two.finish_upload(finish(ID, &whole)).await.unwrap_err();
    assert_eq!(reason(&status), "TRANSFER_ELSEWHERE");
    // The first server has kept it.
    one.append_upload(append(ID, 0, whole.clone()))
        .await
        .unwrap();
    one.finish_upload(finish(ID, &whole)).await.unwrap();
    assert_eq!(engine.sql("SELECT count() FROM t"), "1");

    let turns = Turns::new(turns_of(&servers).await);
    let file = file(rows);
    create(&engine, "many");
    let id = "0190a5f0-7f1a-7c00-8000-0000000000d1";
    let loaded = tokio::time::timeout(LIMIT, turns.load("many", id, &file, 1 << 18)).await;
    let status = loaded.unwrap();
    assert_eq!(status.code(), Code::Ok, "{status:?}");
    assert_eq!(checksum(&engine, "many"), checksum_of(&engine, rows));
    let sent = turns.sent.load(Ordering::Relaxed);
    let begins = turns.begins.load(Ordering::Relaxed);
    assert!(sent <= 4 * file.len() as u64, "{sent} of {}", file.len());
    assert!(begins <= 3, "{begins}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_addresses_a_cancel_through_the_other_server_takes_a_second() {
    let engine = engine();
    let servers = servers(&engine, silently).await;
    create(&engine, "t");
    for _ in 0..3 {
        let id = uuid::Uuid::now_v7().to_string();
        let upload = OpenUpload::begin(&servers[0], "t", &id).await;
        upload.data(file(rows_of(2))).await;
        crate::transfers::until_rows_are_staged(&servers[0], &id, 1).await;
        let mut two = servers[1].ingest().await;
        let asked = Instant::now();
        let (cancelled, stopped) = tokio::join!(two.cancel_transfer(cancel(&id)), async {
            let status = upload.call.await.unwrap().unwrap_err();
            (asked.elapsed(), status)
        });
        let told = asked.elapsed();
        let state = cancelled.unwrap().into_inner().transfer.unwrap().state();
        assert_eq!(state, pb::TransferState::Cancelled);
        assert_eq!(reason(&stopped.1), "TRANSFER_CANCELLED");
        println!("stopped after {:?}, told after {told:?}", stopped.0);
        assert!(stopped.0.as_millis() < 1_500, "{:?}", stopped.0);
    }
    assert_eq!(engine.sql("SELECT count() FROM t"), "0");
}
