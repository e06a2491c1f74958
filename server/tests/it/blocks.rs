//! Blocks on their way to ClickHouse: lines that break at every point, answers that are lost, windows that
//! remember little. Whatever is said to be loaded is there, once.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use sluice_proto::v1 as pb;
use tonic::Status;

use crate::support::{
    TestServer, counters,
    faulty::{Fault, FaultyLine},
    proxy::Proxy,
    remote, spec,
};

/// Rows of one block of [`small_blocks`].
const BLOCK_ROWS: usize = 100;

/// Uploads at once.
const AT_ONCE: usize = 12;

/// Blocks of `BLOCK_ROWS`: a block is full behind a batch, which these are small enough for.
fn small_blocks(config: &mut sluice_server::config::Config) {
    config.transfer.block_rows = BLOCK_ROWS;
    config.transfer.batch_bytes = 256;
    config.transfer.max_transfers = 2 * AT_ONCE;
    config.transfer.memory_limit = 8 << 30;
}

fn file(rows: usize) -> String {
    let mut text = "n,s\n".to_owned();
    for n in 0..rows {
        text.push_str(&format!("{n},row {n}\n"));
    }
    text
}

/// A server with an engine, and one that reaches it by a line that fails.
async fn behind_faulty_line() -> (TestServer, FaultyLine, TestServer) {
    let engine = TestServer::start().await;
    let line = FaultyLine::start(&engine.engine_url).await;
    let url = line.url.clone();
    let server = TestServer::start_with(|config| {
        small_blocks(config);
        config.engine = remote(&url);
    })
    .await;
    (engine, line, server)
}

fn id_of(number: usize) -> String {
    format!("0190a5f0-7f1a-7c00-8000-{number:012x}")
}

/// Loads a file again until it is loaded, as a client does whose errors pass.
async fn load(server: &TestServer, spec: pb::UploadSpec, file: &str) -> pb::UploadResponse {
    let mut last = None;
    for _ in 0..5 {
        match server.upload(spec.clone(), file).await {
            Ok(response) => return response,
            Err(status) => last = Some(status),
        }
    }
    panic!("{last:?}");
}

/// Every order of `length` faults out of `faults`.
fn scripts(faults: &[Fault], length: u32) -> Vec<Vec<Fault>> {
    let count = faults.len().pow(length);
    let script = |mut number: usize| {
        let mut script = Vec::new();
        for _ in 0..length {
            script.push(faults[number % faults.len()]);
            number /= faults.len();
        }
        script
    };
    (0..count).map(script).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_leaves_only_as_confirmed_whatever_the_line_does() {
    const ROWS: usize = 5 * BLOCK_ROWS;
    let (engine, line, server) = behind_faulty_line().await;
    let faults = [
        Fault::None,
        Fault::AtOnce,
        Fault::InBlock,
        Fault::BeforeEnd,
        Fault::AnswerLost,
    ];
    let mut cases = scripts(&faults, 3);
    // What ClickHouse answers when it is full, shuts down, or lets go of a statement.
    for refused in [
        Fault::Refused(252, "TOO_MANY_PARTS"),
        Fault::Refused(243, "NOT_ENOUGH_SPACE"),
        Fault::Refused(236, "ABORTED"),
        Fault::Refused(394, "QUERY_WAS_CANCELLED"),
        Fault::Refused(1001, "STD_EXCEPTION"),
    ] {
        cases.push(vec![refused, refused, Fault::None, refused]);
        cases.push(vec![Fault::None, refused, refused, Fault::AnswerLost]);
    }
    let text = file(ROWS);
    let runs = cases.iter().enumerate().map(|(number, script)| {
        let (engine, line, server, text) = (&engine, &line, &server, &text);
        async move {
            let mode = [pb::CommitMode::Atomic, pb::CommitMode::Blocks][number % 2];
            let table = format!("t{number}");
            engine.sql(&format!(
                "CREATE TABLE {table} (n UInt32, s String) ENGINE = MergeTree ORDER BY n \
                 SETTINGS non_replicated_deduplication_window = 100"
            ));
            let id = id_of(number);
            line.script(&id, script);
            let spec = pb::UploadSpec {
                transfer_id: id.clone(),
                commit_mode: mode.into(),
                ..spec(&table)
            };
            let response = load(server, spec, text).await;
            assert_eq!(
                counters(&response).rows_committed,
                ROWS as i64,
                "{script:?}"
            );
            let there = engine.sql(&format!(
                "SELECT count(), uniqExact(n), sum(n) FROM {table}"
            ));
            let sum = ROWS * (ROWS - 1) / 2;
            assert_eq!(
                there,
                format!("{ROWS}\t{ROWS}\t{sum}"),
                "{mode:?} {script:?}"
            );
            assert_eq!(line.left(&id), 0, "{script:?}");
            engine.sql(&format!("DROP TABLE {table} SYNC"));
        }
    });
    stream::iter(runs)
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<()>>()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_and_refused_loses_no_block() {
    const ROWS: usize = 1_500_000;
    let engine = TestServer::start().await;
    let address = engine.engine_url.trim_start_matches("http://");
    let line = Proxy::start(address.parse().unwrap()).await;
    let url = format!("http://{}", line.address);
    let server = TestServer::start_with(|config| {
        config.transfer.block_rows = 20_000;
        config.engine = remote(&url);
    })
    .await;
    let text = file(ROWS);
    for (number, seconds) in [1, 2, 5].into_iter().enumerate() {
        let table = format!("t{number}");
        engine.sql(&format!(
            "CREATE TABLE {table} (n UInt32, s String) ENGINE = MergeTree ORDER BY n"
        ));
        let spec = pb::UploadSpec {
            transfer_id: id_of(number),
            ..spec(&table)
        };
        let upload = server.upload(spec.clone(), &text);
        let trouble = async {
            until_staged(&server, &id_of(number), ROWS as i64 / 4).await;
            line.refuse(true);
            line.cut();
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            line.refuse(false);
        };
        let (outcome, ()) = tokio::join!(upload, trouble);
        let response = match outcome {
            Ok(response) => response,
            Err(_) => load(&server, spec, &text).await,
        };
        assert_eq!(counters(&response).rows_committed, ROWS as i64);
        let there = engine.sql(&format!("SELECT count(), uniqExact(n) FROM {table}"));
        assert_eq!(there, format!("{ROWS}\t{ROWS}"), "refused for {seconds} s");
        engine.sql(&format!("DROP TABLE {table} SYNC"));
    }
}

/// Waits until so many rows of an upload are on their way.
async fn until_staged(server: &TestServer, id: &str, rows: i64) {
    let request = pb::GetTransferRequest {
        transfer_id: id.to_owned(),
    };
    let mut client = server.ingest().await;
    for _ in 0..2_000 {
        // The upload may not have arrived yet.
        let transfer: Result<_, Status> = client.get_transfer(request.clone()).await;
        let counters = transfer
            .ok()
            .and_then(|answer| answer.into_inner().transfer?.counters);
        if counters.is_some_and(|counters| counters.rows_staged >= rows) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the upload {id} does not move");
}
