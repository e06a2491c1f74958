//! Blocks on their way to ClickHouse: lines that break at every point, answers that are lost, windows that
//! remember little. Whatever is said to be loaded is there, once.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use sluice_proto::v1 as pb;

use crate::{
    memory::Server,
    support::{
        TestServer, at_address, counters,
        faulty::{Fault, FaultyLine},
        gzip, metadata,
        proxy::Proxy,
        reason, remote, spec, split_url, upload_messages,
    },
    transfers::{OpenUpload, until_rows_are_staged, until_state},
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
    let mut errors = Vec::new();
    for _ in 0..5 {
        match server.upload(spec.clone(), file).await {
            Ok(response) => return response,
            Err(status) => errors.push(status),
        }
    }
    panic!("{errors:#?}");
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
    for late in [
        vec![Fault::Late],
        vec![Fault::None, Fault::Late, Fault::Late],
    ] {
        cases.push(late.clone());
        cases.push([&late[..], &[Fault::AnswerLost]].concat());
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
                i64::try_from(ROWS).unwrap(),
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
    let (bare, ..) = split_url(&engine.engine_url);
    let address = bare.trim_start_matches("http://");
    let line = Proxy::start(address.parse().unwrap()).await;
    let url = at_address(&engine.engine_url, line.address);
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
            until_rows_are_staged(&server, &id_of(number), i64::try_from(ROWS / 4).unwrap()).await;
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
        assert_eq!(
            counters(&response).rows_committed,
            i64::try_from(ROWS).unwrap()
        );
        let there = engine.sql(&format!("SELECT count(), uniqExact(n) FROM {table}"));
        assert_eq!(there, format!("{ROWS}\t{ROWS}"), "refused for {seconds} s");
        engine.sql(&format!("DROP TABLE {table} SYNC"));
    }
}

fn spec_of(table: &str, number: usize, mode: pb::CommitMode) -> pb::UploadSpec {
    pb::UploadSpec {
        transfer_id: id_of(number),
        commit_mode: mode.into(),
        ..spec(table)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_with_more_partitions_than_the_window_is_refused() {
    let (engine, line, server) = behind_faulty_line().await;
    let text = file(300);
    for (number, window) in [20, 49, 50, 51].into_iter().enumerate() {
        let table = format!("t{number}");
        engine.sql(&format!(
            "CREATE TABLE {table} (n UInt32, s String) ENGINE = MergeTree ORDER BY n \
             PARTITION BY n % 50 SETTINGS non_replicated_deduplication_window = {window}"
        ));
        line.script(&id_of(number), &[Fault::AnswerLost, Fault::AnswerLost]);
        let spec = spec_of(&table, number, pb::CommitMode::Blocks);
        let outcome = server.upload(spec, &text).await;
        let there = engine.sql(&format!("SELECT count(), uniqExact(n) FROM {table}"));
        if window < 50 {
            let status = outcome.unwrap_err();
            assert_eq!(reason(&status), "COMMIT_MODE_UNAVAILABLE", "{status:?}");
            let cause = metadata(&status, "cause");
            let advice = format!("non_replicated_deduplication_window = {window}");
            assert!(cause.contains(&advice), "{cause}");
            assert!(
                cause.contains("0 rows of the file are in the table"),
                "{cause}"
            );
            assert_eq!(there, "0\t0", "a window of {window}");
        } else {
            let guarantee = outcome.unwrap().transfer.unwrap().guarantee;
            let words = format!("remembers {window} insertions");
            assert!(guarantee.contains(&words), "{guarantee}");
            assert_eq!(there, "300\t300", "a window of {window}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_fills_a_small_table_bounds_the_blocks_too() {
    let (engine, _line, server) = behind_faulty_line().await;
    engine.sql(
        "CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n \
         SETTINGS non_replicated_deduplication_window = 1000",
    );
    engine.sql(
        "CREATE TABLE seen (n UInt32) ENGINE = MergeTree ORDER BY n PARTITION BY n % 4 \
         SETTINGS non_replicated_deduplication_window = 7",
    );
    for view in ["v", "w"] {
        engine.sql(&format!(
            "CREATE MATERIALIZED VIEW {view} TO seen AS SELECT n FROM t"
        ));
    }
    // Each of the two views may take half of what the table remembers.
    let status = server.upload(spec("t"), file(100)).await.unwrap_err();
    assert_eq!(reason(&status), "COMMIT_MODE_UNAVAILABLE");
    assert!(
        metadata(&status, "cause").contains("more than 3 partitions"),
        "{status:?}"
    );
    engine.sql("TRUNCATE TABLE t");
    engine.sql("TRUNCATE TABLE seen");
    engine.sql("ALTER TABLE seen MODIFY SETTING non_replicated_deduplication_window = 8");
    let response = server.upload(spec("t"), file(100)).await.unwrap();
    let transfer = response.transfer.unwrap();
    assert_eq!(transfer.commit_mode(), pb::CommitMode::Blocks);
    assert!(
        transfer.guarantee.contains("default.seen remembers 4"),
        "{transfer:?}"
    );
    assert_eq!(engine.sql("SELECT count() FROM seen"), "200");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_daily_partitions_loads_in_every_mode() {
    let server = TestServer::start().await;
    let mut text = "d,n\n".to_owned();
    for n in 0..730 {
        // Days of 2023, counted by ClickHouse's own number of a day.
        text.push_str(&format!("{},{n}\n", 19_358 + n % 365));
    }
    let modes = [
        pb::CommitMode::Atomic,
        pb::CommitMode::Direct,
        pb::CommitMode::Blocks,
        pb::CommitMode::Replace,
    ];
    for mode in modes {
        let table = format!("t{}", mode as i32);
        server.sql(&format!(
            "CREATE TABLE {table} (d UInt32, n UInt32) ENGINE = MergeTree PARTITION BY d ORDER BY n \
             SETTINGS non_replicated_deduplication_window = 1000"
        ));
        let response = server
            .upload(spec_of(&table, 7 + mode as usize, mode), &text)
            .await;
        assert_eq!(counters(&response.unwrap()).rows_committed, 730, "{mode:?}");
        let there = server.sql(&format!(
            "SELECT count(), uniqExact(d), uniqExact(n) FROM {table}"
        ));
        assert_eq!(there, "730\t365\t730", "{mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_sends_no_more_again_than_the_table_remembers() {
    const ROWS: usize = 300_000;
    let engine = TestServer::start_with(|config| config.transfer.block_rows = 1000).await;
    engine.sql(
        "CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n \
         SETTINGS non_replicated_deduplication_window = 3",
    );
    let mut other = Server::start_with(&engine.engine_url, &["--block-rows", "1000"]);
    let mut client = other.client().await;
    let spec = spec_of("t", 1, pb::CommitMode::Blocks);
    let text = file(ROWS);
    let messages = upload_messages(spec.clone(), text.as_bytes(), 64 << 10);
    let upload = client.upload(tokio_stream::iter(messages));
    let kill = async {
        let is_under_way = || engine.sql("SELECT count() > 100000 FROM t") == "1";
        for _ in 0..6_000 {
            if is_under_way() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        other.kill();
    };
    let (outcome, ()) = tokio::join!(upload, kill);
    outcome.unwrap_err();
    let response = load(&engine, spec, &text).await;
    assert_eq!(
        counters(&response).rows_committed,
        i64::try_from(ROWS).unwrap()
    );
    let there = engine.sql("SELECT count(), uniqExact(n) FROM t");
    assert_eq!(there, format!("{ROWS}\t{ROWS}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_of_the_former_owner_does_not_come_after_it_is_forgotten() {
    const ROWS: usize = 40 * BLOCK_ROWS;
    let (engine, line, first) = behind_faulty_line().await;
    let second = TestServer::start_with(|config| {
        config.engine = remote(&engine.engine_url);
        small_blocks(config);
    })
    .await;
    let text = file(ROWS);
    engine.sql(
        "CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n \
         SETTINGS non_replicated_deduplication_window = 3",
    );
    let spec = spec_of("t", 1, pb::CommitMode::Blocks);
    line.script(&spec.transfer_id, &[Fault::None, Fault::None, Fault::Held]);
    let take_over = async {
        line.until_held().await;
        let response = load(&second, spec.clone(), &text).await;
        line.release().await;
        response
    };
    let former = first.upload(spec.clone(), &text);
    let (lost, response) = tokio::join!(former, take_over);
    assert_eq!(reason(&lost.unwrap_err()), "TRANSFER_TAKEN_OVER");
    let rows = i64::try_from(ROWS).unwrap();
    assert_eq!(counters(&response).rows_committed, rows);
    let there = engine.sql("SELECT count(), uniqExact(n) FROM t");
    assert_eq!(there, format!("{ROWS}\t{ROWS}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_is_sent_again_does_not_come_after_it_is_forgotten() {
    const ROWS: usize = 40 * BLOCK_ROWS;
    let (engine, line, server) = behind_faulty_line().await;
    engine.sql(
        "CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n \
         SETTINGS non_replicated_deduplication_window = 3",
    );
    let spec = spec_of("t", 1, pb::CommitMode::Blocks);
    line.script(&spec.transfer_id, &[Fault::None, Fault::Kept]);
    let text = file(ROWS);
    let response = load(&server, spec, &text).await;
    let rows = i64::try_from(ROWS).unwrap();
    assert_eq!(counters(&response).rows_committed, rows);
    line.release().await;
    let there = engine.sql("SELECT count(), uniqExact(n) FROM t");
    assert_eq!(there, format!("{ROWS}\t{ROWS}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_ends_before_the_checkpoint_is_another_one() {
    let server = TestServer::start_with(|config| config.transfer.block_rows = 10_000).await;
    let text = file(200_000);
    // Longer than the sample that tells what the file is like.
    let short = file(80_000);
    let packed = |text: &str| gzip(text.as_bytes());
    let plain = |text: &str| text.as_bytes().to_vec();
    for (number, pack) in [&plain as &(dyn Fn(&str) -> Vec<u8> + Sync), &packed]
        .into_iter()
        .enumerate()
    {
        let table = format!("t{number}");
        server.sql(&format!(
            "CREATE TABLE {table} (n UInt32, s String) ENGINE = MergeTree ORDER BY n \
             SETTINGS non_replicated_deduplication_window = 1000"
        ));
        let spec = spec_of(&table, number, pb::CommitMode::Blocks);
        let id = spec.transfer_id.clone();
        let upload = OpenUpload::begin_with(&server, spec.clone()).await;
        let whole = pack(&text);
        for chunk in whole[..whole.len() * 3 / 4].chunks(64 << 10) {
            upload.data(chunk.to_vec()).await;
        }
        until_rows_are_staged(&server, &id, 120_000).await;
        upload.hang_up().await;
        until_state(&server, &id, pb::TransferState::Interrupted).await;
        let before = server.checksum(&table);
        let status = server.upload(spec.clone(), pack(&short)).await.unwrap_err();
        assert_eq!(reason(&status), "FILE_CHANGED", "{status:?}");
        let other = text.replace("row 7\n", "row 8\n");
        let status = server.upload(spec.clone(), pack(&other)).await.unwrap_err();
        assert_eq!(reason(&status), "FILE_CHANGED", "{status:?}");
        assert_eq!(server.checksum(&table), before);
        server.upload(spec, pack(&text)).await.unwrap();
        let there = server.sql(&format!("SELECT count(), uniqExact(n) FROM {table}"));
        assert_eq!(there, "200000\t200000");
    }
}

/// An upload of `text` in the mode BLOCKS that broke off, and whose server has died before all of its checkpoints
/// were written.
async fn uncovered(server: &TestServer, text: &str) -> pb::UploadSpec {
    server.sql(
        "CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n \
         SETTINGS non_replicated_deduplication_window = 1000",
    );
    let spec = spec_of("t", 1, pb::CommitMode::Blocks);
    let id = spec.transfer_id.clone();
    let upload = OpenUpload::begin_with(server, spec.clone()).await;
    let begun = text.as_bytes()[..text.len() * 3 / 4].to_vec();
    upload.data(begun).await;
    until_rows_are_staged(server, &id, 120_000).await;
    upload.hang_up().await;
    until_state(server, &id, pb::TransferState::Interrupted).await;
    server
        .sql("ALTER TABLE sluice.checkpoints_2 DELETE WHERE block > 3 SETTINGS mutations_sync = 2");
    spec
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_the_file_is_told_though_blocks_of_before_are_there() {
    let server = TestServer::start_with(|config| config.transfer.block_rows = 10_000).await;
    let text = file(200_000);
    let spec = uncovered(&server, &text).await;
    let bad = text.replace("\n70000,", "\nx,");
    let status = server.upload(spec, bad).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_NUMBER", "{status:?}");
    assert_eq!(metadata(&status, "line"), "70002");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_no_checkpoint_covers_are_not_left_among_those_of_another_file() {
    let server = TestServer::start_with(|config| config.transfer.block_rows = 10_000).await;
    let text = file(200_000);
    let spec = uncovered(&server, &text).await;
    let before = server.checksum("t");
    let other = text.replace("\n70000,row 70000\n", "\n70000,row 70001\n");
    for file in [other, file(50_000)] {
        let status = server.upload(spec.clone(), file).await.unwrap_err();
        assert_eq!(reason(&status), "FILE_CHANGED", "{status:?}");
        assert_eq!(server.checksum("t"), before);
    }
    server.upload(spec, text).await.unwrap();
    let there = server.sql("SELECT count(), uniqExact(n) FROM t");
    assert_eq!(there, "200000\t200000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_made_anew_is_not_gone_on_with() {
    let server = TestServer::start_with(|config| config.transfer.block_rows = 10_000).await;
    let text = file(200_000);
    let create = "CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n \
                  SETTINGS non_replicated_deduplication_window = 1000";
    server.sql(create);
    let spec = spec_of("t", 1, pb::CommitMode::Blocks);
    let id = spec.transfer_id.clone();
    let upload = OpenUpload::begin_with(&server, spec.clone()).await;
    upload
        .data(text.as_bytes()[..text.len() * 3 / 4].to_vec())
        .await;
    until_rows_are_staged(&server, &id, 120_000).await;
    upload.hang_up().await;
    until_state(&server, &id, pb::TransferState::Interrupted).await;
    server.sql("DROP TABLE t SYNC");
    server.sql(create);
    let status = server.upload(spec, text).await.unwrap_err();
    assert_eq!(reason(&status), "TABLE_CHANGED", "{status:?}");
    assert_eq!(server.sql("SELECT count() FROM t"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_are_cancelled_leave_the_views_with_what_the_table_has() {
    let server = TestServer::start_with(|config| config.transfer.block_rows = 10_000).await;
    let text = file(200_000);
    for round in 0..3 {
        for statement in [
            format!(
                "CREATE TABLE t{round} (n UInt32, s String) ENGINE = MergeTree ORDER BY n \
                 SETTINGS non_replicated_deduplication_window = 1000"
            ),
            format!(
                "CREATE TABLE seen{round} (n UInt32) ENGINE = MergeTree ORDER BY n \
                 SETTINGS non_replicated_deduplication_window = 1000"
            ),
            // Rows come to the table well before they come to the view.
            format!(
                "CREATE MATERIALIZED VIEW view{round} TO seen{round} AS \
                 SELECT n FROM t{round} WHERE sleepEachRow(0.00005) = 0"
            ),
        ] {
            server.sql(&statement);
        }
        let spec = spec_of(&format!("t{round}"), round + 1, pb::CommitMode::Blocks);
        let id = spec.transfer_id.clone();
        let upload = OpenUpload::begin_with(&server, spec).await;
        let begun = text.as_bytes()[..text.len() / 2].to_vec();
        upload.data(begun).await;
        let has_rows = format!("SELECT count() > 0 FROM t{round}");
        while server.sql(&has_rows) == "0" {
            assert!(!upload.call.is_finished(), "{:?}", upload.call.await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let cancel = pb::CancelTransferRequest { transfer_id: id };
        let cancelled = server.ingest().await.cancel_transfer(cancel).await.unwrap();
        let cancelled = cancelled.into_inner().transfer.unwrap();
        assert_eq!(cancelled.state(), pb::TransferState::Cancelled);
        let [table, view] = ["t", "seen"]
            .map(|name| server.sql(&format!("SELECT count(), sum(n) FROM {name}{round}")));
        assert_eq!(table, view);
        assert_ne!(table, "0\t0");
    }
}
