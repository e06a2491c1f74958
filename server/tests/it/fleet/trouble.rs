//! Servers that die, freeze, or are called what they are not.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sluice_proto::v1 as pb;
use tonic::Code;

use super::kit::{
    Client, ID, LIMIT, Process, append, begin, checksum, checksum_of, create, engine, file, finish,
    get, has_reason, servers, truly,
};
use crate::support::{hosted::HostedEngine, reason};

const CHUNK: usize = 1 << 18;
const ROWS: usize = 100_000;

/// Sends the chunks of a file that begin before `end`.
async fn send(client: &mut Client, file: &Bytes, from: usize, end: usize) {
    for start in (from..end).step_by(CHUNK) {
        let data = file.slice(start..(start + CHUNK).min(file.len()));
        client.append_upload(append(ID, start, data)).await.unwrap();
    }
}

/// Goes on with the upload at another server, as its client does.
async fn go_on(client: &mut Client, file: &Bytes) {
    let begun = client.begin_upload(begin("t", ID)).await.unwrap();
    let offset = usize::try_from(begun.into_inner().committed_offset).unwrap();
    send(client, file, offset, file.len()).await;
    client.finish_upload(finish(ID, file)).await.unwrap();
}

/// An upload that has begun at the first of two servers, through the second.
async fn begun(engine: &HostedEngine, file: &Bytes) -> [Process; 2] {
    create(engine, "t");
    let servers = [Process::start(engine).await, Process::start(engine).await];
    let [mut one, mut two] = [servers[0].client().await, servers[1].client().await];
    one.begin_upload(begin("t", ID)).await.unwrap();
    send(&mut two, file, 0, 5 * CHUNK).await;
    let begun = Instant::now();
    while engine.sql("SELECT count() FROM sluice.transfers_2") == "0" {
        assert!(begun.elapsed() < LIMIT);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    servers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_is_taken_over_from() {
    let engine = engine();
    let file = file(ROWS);
    let mut servers = begun(&engine, &file).await;
    let mut two = servers[1].client().await;
    let watch = pb::WatchTransferRequest {
        transfer_id: ID.to_owned(),
        interval: None,
    };
    let mut watch = two.watch_transfer(watch).await.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();
    servers[0].kill();
    let asked = Instant::now();
    // A watch ends with what a client may try again.
    let watched = loop {
        match watch.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("nothing has ended"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason(&watched), "SERVER_GONE");
    let more = append(ID, 5 * CHUNK, file.slice(5 * CHUNK..6 * CHUNK));
    let status = two.append_upload(more).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("SERVER_GONE", Code::Unavailable)
    );
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    // The journal knows of it.
    two.get_transfer(get(ID)).await.unwrap();
    go_on(&mut two, &file).await;
    assert_eq!(checksum(&engine, "t"), checksum_of(&engine, ROWS));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_and_starts_again_does_not_hold_what_it_had() {
    let engine = engine();
    let file = file(ROWS);
    let mut servers = begun(&engine, &file).await;
    servers[0].kill();
    servers[0].start_again(&engine).await;
    let asked = Instant::now();
    for server in [1, 0] {
        let mut client = servers[server].client().await;
        let more = append(ID, 5 * CHUNK, file.slice(5 * CHUNK..6 * CHUNK));
        let status = client.append_upload(more).await.unwrap_err();
        assert_eq!(reason(&status), "SERVER_GONE", "{status:?}");
        let status = client.finish_upload(finish(ID, &file)).await.unwrap_err();
        assert_eq!(reason(&status), "SERVER_GONE", "{status:?}");
        client.get_transfer(get(ID)).await.unwrap();
    }
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    go_on(&mut servers[1].client().await, &file).await;
    assert_eq!(checksum(&engine, "t"), checksum_of(&engine, ROWS));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_frozen_holds_nobody_up() {
    let engine = engine();
    let file = file(ROWS);
    let servers = begun(&engine, &file).await;
    let mut two = servers[1].client().await;
    servers[0].freeze();
    let asked = Instant::now();
    let more = || append(ID, 5 * CHUNK, file.slice(5 * CHUNK..6 * CHUNK));
    let status = two.append_upload(more()).await.unwrap_err();
    assert_eq!(reason(&status), "SERVER_GONE");
    assert!(
        asked.elapsed() < Duration::from_secs(15),
        "{:?}",
        asked.elapsed()
    );
    // Who comes now does not find it out again.
    let asked = Instant::now();
    let status = two.append_upload(more()).await.unwrap_err();
    assert_eq!(reason(&status), "SERVER_GONE");
    two.get_transfer(get(ID)).await.unwrap();
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
    go_on(&mut two, &file).await;
    servers[0].signal("-CONT");
    // It learns who has loaded the file, at its next look into the journal.
    let mut one = servers[0].client().await;
    let begun = Instant::now();
    let finished = loop {
        match one.finish_upload(finish(ID, &file)).await {
            Err(_) if begun.elapsed() < LIMIT => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            finished => break finished,
        }
    };
    let finished = finished.unwrap().into_inner().result.unwrap();
    assert_eq!(
        finished.transfer.unwrap().state(),
        pb::TransferState::Succeeded
    );
    assert_eq!(checksum(&engine, "t"), checksum_of(&engine, ROWS));
}

fn crossed(number: usize, ports: [u16; 2]) -> Option<String> {
    Some(format!("http://127.0.0.1:{}", ports[1 - number]))
}

fn alike(_: usize, ports: [u16; 2]) -> Option<String> {
    Some(format!("http://127.0.0.1:{}", ports[0]))
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_addresses_do_not_lead_in_a_circle() {
    let engine = engine();
    create(&engine, "t");
    let file = Bytes::from_static(b"n,m,s\n1,2,a\n");
    for (n, advertise) in [(0, crossed as super::kit::Advertise), (1, alike)] {
        let servers = servers(&engine, advertise).await;
        // The one whose address leads to the other one.
        let owner = 1;
        let id = format!("0190a5f0-7f1a-7c00-8000-00000000000{n}");
        let mut own = servers[owner].ingest().await;
        let mut other = servers[1 - owner].ingest().await;
        own.begin_upload(begin("t", &id)).await.unwrap();
        let begun = Instant::now();
        let appended = other.append_upload(append(&id, 0, file.clone())).await;
        let status = appended.unwrap_err();
        assert_eq!(reason(&status), "TRANSFER_ELSEWHERE", "{n}");
        other
            .get_transfer(get(&id))
            .await
            .map(drop)
            .or_else(|status| {
                // Its row is not written yet.
                has_reason(&status, "TRANSFER_NOT_FOUND")
                    .then_some(())
                    .ok_or(status)
            })
            .unwrap();
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        own.append_upload(append(&id, 0, file.clone()))
            .await
            .unwrap();
        own.finish_upload(finish(&id, &file)).await.unwrap();
    }
    assert_eq!(engine.sql("SELECT count() FROM t"), "2");
}

/// Whoever can write to the journal must not be able to have callers' credentials sent anywhere he likes: not
/// where nothing verifies the server if the fleet has certificates, and to nothing but a host and a port.
#[tokio::test(flavor = "multi_thread")]
async fn only_addresses_of_the_form_and_scheme_of_the_own_one_are_called() {
    let engine = engine();
    create(&engine, "t");
    let servers = servers(&engine, truly).await;
    let [mut one, mut two] = [servers[0].ingest().await, servers[1].ingest().await];
    one.begin_upload(begin("t", ID)).await.unwrap();
    let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let address = trap.local_addr().unwrap();
    let file = Bytes::from_static(b"n,m,s\n1,2,a\n");
    for url in [
        format!("https://{address}"),
        format!("http://{address}/path"),
        format!("http://user@{address}"),
        format!("ftp://{address}"),
    ] {
        engine.sql(&format!(
            "INSERT INTO sluice.runs_2 (transfer_id, run, address) SELECT transfer_id, run, '{url}' \
             FROM sluice.claims_2"
        ));
        let appended = two.append_upload(append(ID, 0, file.clone())).await;
        let status = appended.unwrap_err();
        assert_eq!(reason(&status), "TRANSFER_ELSEWHERE", "{url}");
        assert!(trap.accept().is_err(), "{url}");
    }
}

/// An address at which no server of the fleet listens, but something else.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_server_of_the_fleet_is_not_taken_for_one() {
    let engine = engine();
    create(&engine, "t");
    let servers = servers(&engine, truly).await;
    let [mut one, mut two] = [servers[0].ingest().await, servers[1].ingest().await];
    one.begin_upload(begin("t", ID)).await.unwrap();
    let file = Bytes::from_static(b"n,m,s\n1,2,a\n");
    // ClickHouse speaks HTTP/1 only.
    engine.sql(&format!(
        "INSERT INTO sluice.runs_2 (transfer_id, run, address) SELECT transfer_id, run, '{}' \
         FROM sluice.claims_2",
        engine.url
    ));
    let begun = Instant::now();
    let appended = two.append_upload(append(ID, 0, file.clone())).await;
    let status = appended.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(begun.elapsed() < LIMIT / 4, "{:?}", begun.elapsed());
    // The journal knows it.
    let found = two.get_transfer(get(ID)).await.unwrap().into_inner();
    assert_eq!(found.transfer.unwrap().state(), pb::TransferState::Running);
}
