//! What is said of an upload is true: of the file, of the table, and of what happens in between.
//!
//! Most tests stand between the server and ClickHouse ([`Gate`]) and do something at one statement.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use sluice_proto::v1 as pb;
use sluice_server::task;
use tonic::Status;

use crate::{
    support::{
        TestServer, counters,
        gate::{Gate, Hold, Verdict},
        hosted::HostedEngine,
        metadata, reason, remote, spec,
    },
    transfers::{OpenUpload, state, until_rows_are_staged, until_state},
};

const ID: &str = "0190a5f0-7f1a-7c00-8000-0000000000c0";
const OTHER: &str = "0190a5f0-7f1a-7c00-8000-0000000000c1";

/// How long a statement is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// Rows of 40 partitions: more than one statement moves.
fn days() -> String {
    let rows = (0..4_000).map(|n| format!("2024-{:02}-{:02},{n}\n", n % 4 + 1, n % 10 + 1));
    std::iter::once("d,n\n".to_owned()).chain(rows).collect()
}

/// The same with more than the first MiB, so that rows are staged before its end.
fn many_days() -> String {
    let rows = (0..120_000).map(|n| format!("2024-{:02}-{:02},{n}\n", n % 4 + 1, n % 10 + 1));
    std::iter::once("d,n\n".to_owned()).chain(rows).collect()
}

fn create_days(engine: &HostedEngine, table: &str, settings: &str) {
    engine.sql(&format!(
        "CREATE TABLE {table} (d Date, n UInt32) ENGINE = MergeTree PARTITION BY d ORDER BY n {settings}"
    ));
}

fn spec_of(table: &str, id: &str) -> pb::UploadSpec {
    pb::UploadSpec {
        transfer_id: id.to_owned(),
        ..spec(table)
    }
}

async fn server_at(url: &str) -> TestServer {
    TestServer::start_with(|config| {
        config.engine = remote(url);
        config.transfer.block_rows = 20_000;
    })
    .await
}

fn count(engine: &HostedEngine, table: &str) -> String {
    engine.sql(&format!("SELECT count() FROM {table}"))
}

fn staging_tables(engine: &HostedEngine) -> String {
    engine.sql("SELECT count() FROM system.tables WHERE name LIKE '\\_sluice%'")
}

/// A gate that holds the `nth` statement with `text`, and lets everything else pass.
async fn holding(engine: &HostedEngine, text: &'static str, nth: usize) -> (Gate, Arc<Hold>) {
    let hold = Arc::new(Hold::default());
    let held = Arc::clone(&hold);
    let mut seen = 0;
    let gate = Gate::open(&engine.url, move |statement| {
        seen += usize::from(statement.contains(text));
        if statement.contains(text) && seen == nth {
            Verdict::Hold(Arc::clone(&held))
        } else {
            Verdict::Pass
        }
    })
    .await;
    (gate, hold)
}

async fn until_staged(engine: &HostedEngine) {
    let waiting = async {
        while staging_tables(engine) == "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.unwrap();
}

/// Waits until no staging table is left: whoever has completed a commit drops it a moment later.
async fn nothing_is_left_staged(engine: &HostedEngine) {
    let waiting = async {
        while staging_tables(engine) != "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.unwrap();
}

async fn arrived(hold: &Hold) {
    tokio::time::timeout(LIMIT, hold.arrived()).await.unwrap();
}

/// Begins an upload of a whole file.
async fn begin(server: &TestServer, spec: pb::UploadSpec, file: &str) -> OpenUpload {
    let upload = OpenUpload::begin_with(server, spec).await;
    upload.data(file.as_bytes().to_vec()).await;
    upload
}

/// Ends the file, and returns what the call does.
async fn end(upload: OpenUpload) -> Result<pb::UploadResponse, Status> {
    let OpenUpload { messages, call } = upload;
    drop(messages);
    tokio::time::timeout(LIMIT, call).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_ends_at_another_size_than_declared_is_not_committed() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n");
    let file = "n\n1\n2\n3\n";
    for (declared, mode) in [
        (9, pb::CommitMode::Atomic),
        (7, pb::CommitMode::Atomic),
        (9, pb::CommitMode::Direct),
    ] {
        let declaring = pb::UploadSpec {
            total_bytes: Some(declared),
            commit_mode: mode.into(),
            ..spec("t")
        };
        let status = server.upload(declaring, file).await.unwrap_err();
        assert_eq!(reason(&status), "FILE_TRUNCATED");
        assert_eq!(metadata(&status, "expectedBytes"), declared.to_string());
        assert_eq!(metadata(&status, "actualBytes"), "8");
        assert_eq!(server.sql("SELECT count() FROM t"), "0");
    }
    // The whole file, with the id of the one that was cut off.
    let whole = |total| pb::UploadSpec {
        total_bytes: Some(total),
        ..spec_of("t", ID)
    };
    let status = server.upload(whole(8), "n\n1\n2\n").await.unwrap_err();
    assert_eq!(reason(&status), "FILE_TRUNCATED");
    let response = server.upload(whole(8), file).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 3);
    assert_eq!(server.sql("SELECT count() FROM t"), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_what_its_end_says_is_not_committed() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n");
    let file = "n\n1\n2\n";
    let size = i64::try_from(file.len()).unwrap();
    let sum = crc32c::crc32c(file.as_bytes());
    let right = (Some(size), Some(sum));
    for (number, (total_bytes, crc32c), reason_of) in [
        (0, (Some(size + 1), Some(sum)), "FILE_TRUNCATED"),
        (1, (Some(size - 1), None), "FILE_TRUNCATED"),
        (2, (Some(size), Some(sum ^ 1)), "CHECKSUM_MISMATCH"),
        (3, (None, Some(sum ^ 1)), "CHECKSUM_MISMATCH"),
        (4, (Some(-1), None), "INVALID_REQUEST"),
        (5, right, ""),
        (6, (None, None), ""),
    ] {
        let before = server.sql("SELECT count() FROM t");
        let id = format!("0190a5f0-7f1a-7c00-8000-0000000001{number:02}");
        let upload = OpenUpload::begin_with(&server, spec_of("t", &id)).await;
        upload.data(file).await;
        let end = pb::UploadEnd {
            total_bytes,
            crc32c,
        };
        let payload = Some(pb::upload_request::Payload::End(end));
        upload.send(pb::UploadRequest { payload }).await;
        // The stream stays open: the message is the end.
        let outcome = upload.call.await.unwrap();
        if reason_of.is_empty() {
            assert_eq!(counters(&outcome.unwrap()).rows_committed, 2);
        } else {
            let status = outcome.unwrap_err();
            assert_eq!(reason(&status), reason_of, "{number}");
            if reason_of == "CHECKSUM_MISMATCH" {
                assert_eq!(status.code(), tonic::Code::DataLoss);
                let expected = format!("{:08x}", sum ^ 1);
                assert_eq!(metadata(&status, "expectedCrc32c"), expected);
                assert_eq!(metadata(&status, "actualCrc32c"), format!("{sum:08x}"));
            }
            assert_eq!(server.sql("SELECT count() FROM t"), before, "{number}");
        }
    }
    assert_eq!(server.sql("SELECT count(), uniqExact(n) FROM t"), "4\t2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_at_the_size_that_it_declared() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n");
    let mut client = server.ingest().await;
    let declared = pb::UploadSpec {
        total_bytes: Some(8),
        ..spec_of("t", ID)
    };
    let begin = pb::BeginUploadRequest {
        spec: Some(declared.clone()),
    };
    client.begin_upload(begin).await.unwrap();
    let append = pb::AppendUploadRequest {
        transfer_id: ID.to_owned(),
        offset: 0,
        data: "n\n1\n2\n".into(),
        crc32c: None,
    };
    client.append_upload(append).await.unwrap();
    let finish = |total_bytes, crc32c| pb::FinishUploadRequest {
        transfer_id: ID.to_owned(),
        total_bytes,
        crc32c,
    };
    let status = client.finish_upload(finish(6, None)).await.unwrap_err();
    assert_eq!(reason(&status), "FILE_TRUNCATED");
    let other = pb::UploadSpec {
        total_bytes: Some(9),
        ..declared
    };
    let begin = pb::BeginUploadRequest { spec: Some(other) };
    let status = client.begin_upload(begin).await.unwrap_err();
    assert_eq!(reason(&status), "FILE_CHANGED");
    let append = pb::AppendUploadRequest {
        transfer_id: ID.to_owned(),
        offset: 6,
        data: "3\n".into(),
        crc32c: None,
    };
    client.append_upload(append).await.unwrap();
    let crc32c = crc32c::crc32c(b"n\n1\n2\n3\n");
    let result = client.finish_upload(finish(8, Some(crc32c))).await.unwrap();
    assert!(!result.into_inner().replayed);
    assert_eq!(server.sql("SELECT count() FROM t"), "3");
    // Once more, and as another file of the same size.
    let again = client.finish_upload(finish(8, Some(crc32c))).await.unwrap();
    assert_eq!(
        counters(&again.into_inner().result.unwrap()).rows_committed,
        3
    );
    assert_eq!(server.sql("SELECT count() FROM t"), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_refused_says_why_until_it_is_begun_again() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n");
    let mut client = server.ingest().await;
    let file = "n\n1\n2\n3\n";
    let begin = || pb::BeginUploadRequest {
        spec: Some(spec_of("t", ID)),
    };
    let append = || pb::AppendUploadRequest {
        transfer_id: ID.to_owned(),
        offset: 0,
        data: file.into(),
        crc32c: None,
    };
    let finish = |crc32c| pb::FinishUploadRequest {
        transfer_id: ID.to_owned(),
        total_bytes: 8,
        crc32c: Some(crc32c),
    };
    let right = crc32c::crc32c(file.as_bytes());
    client.begin_upload(begin()).await.unwrap();
    client.append_upload(append()).await.unwrap();
    let refused = client.finish_upload(finish(1)).await.unwrap_err();
    assert_ne!(reason(&refused), "SERVER_GONE");
    for _ in 0..2 {
        let again = client.finish_upload(finish(right)).await.unwrap_err();
        assert_eq!(reason(&again), reason(&refused), "{again:?}");
    }
    assert_eq!(server.sql("SELECT count() FROM t"), "0");
    client.begin_upload(begin()).await.unwrap();
    client.append_upload(append()).await.unwrap();
    client.finish_upload(finish(right)).await.unwrap();
    assert_eq!(server.sql("SELECT count() FROM t"), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_under_the_same_id_is_refused_also_after_it_succeeded() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n");
    let file = "n\n1\n2\n3\n";
    let first = server.upload(spec_of("t", ID), file).await.unwrap();
    assert!(!first.replayed);
    let refused = async |file: &str, total_bytes| {
        let again = pb::UploadSpec {
            total_bytes,
            ..spec_of("t", ID)
        };
        let status = server.upload(again, file).await.unwrap_err();
        assert_eq!(reason(&status), "FILE_CHANGED", "{file:?}");
    };
    for other in ["n\n1\n2\n4\n", "n\n1\n2\n", "n\n1\n2\n3\n4\n", ""] {
        refused(other, None).await;
        refused(other, Some(i64::try_from(other.len()).unwrap())).await;
    }
    let again = server.upload(spec_of("t", ID), file).await.unwrap();
    assert!(again.replayed);
    assert_eq!(counters(&again).rows_committed, 3);
    assert_eq!(server.sql("SELECT count() FROM t"), "3");
    // Of which nothing is sent, and only the checksum says that it is another one.
    let mut client = server.ingest().await;
    let spec = Some(spec_of("t", ID));
    let begin = pb::BeginUploadRequest { spec };
    client.begin_upload(begin).await.unwrap();
    let finish = pb::FinishUploadRequest {
        transfer_id: ID.to_owned(),
        total_bytes: 8,
        crc32c: Some(1),
    };
    let status = client.finish_upload(finish).await.unwrap_err();
    assert_eq!(reason(&status), "FILE_CHANGED");
    server.sql("DROP TABLE t");
    refused("n\n7\n", None).await;
    let again = server.upload(spec_of("t", ID), file).await.unwrap();
    assert!(again.replayed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_table_keeps_its_whole_definition() {
    let server = TestServer::start().await;
    server.sql("CREATE DATABASE d");
    let columns = "(id UInt64 COMMENT 'the id' CODEC(Delta, ZSTD), day Date, e Date TTL day + INTERVAL 90 YEAR, \
        v UInt32 DEFAULT 3, s String, ver UInt8, sign Int8 DEFAULT 1, m UInt8 MATERIALIZED id % 3, \
        INDEX ix s TYPE bloom_filter GRANULARITY 2, CONSTRAINT c CHECK id > 0)";
    for (number, engine) in [
        "MergeTree",
        "ReplacingMergeTree(ver)",
        "SummingMergeTree(v)",
        "AggregatingMergeTree",
        "CollapsingMergeTree(sign)",
        "VersionedCollapsingMergeTree(sign, ver)",
        "CoalescingMergeTree",
    ]
    .iter()
    .enumerate()
    {
        let table = format!("t{number}");
        server.sql(&format!(
            "CREATE TABLE d.{table} {columns} ENGINE = {engine} PARTITION BY toYYYYMM(day) ORDER BY (id, ver) \
             TTL day + INTERVAL 99 YEAR SETTINGS index_granularity = 1024, merge_with_ttl_timeout = 77 \
             COMMENT 'mine'"
        ));
        server.sql(&format!(
            "INSERT INTO d.{table} (id, day) SELECT number + 1, '2024-05-05' FROM numbers(50)"
        ));
        let before = server.sql(&format!("SHOW CREATE TABLE d.{table}"));
        // Two rows of one key: counted before the engine may make one of them.
        let replace = pb::UploadSpec {
            commit_mode: pb::CommitMode::Replace.into(),
            table: Some(pb::TableRef {
                database: "d".to_owned(),
                table: table.clone(),
            }),
            default_missing_columns: true,
            ..spec("")
        };
        let file = "id,day,ver\n1,2024-01-01,1\n1,2024-01-01,1\n2,2024-02-01,1\n";
        let response = server.upload(replace, file).await.unwrap();
        assert_eq!(counters(&response).rows_committed, 3, "{engine}");
        assert_eq!(server.sql(&format!("SHOW CREATE TABLE d.{table}")), before);
        assert_eq!(
            server
                .sql(&format!("SELECT groupUniqArray(id) FROM d.{table}"))
                .len(),
            "[1,2]".len()
        );
    }
    assert_eq!(
        server.sql("SELECT count() FROM system.tables WHERE name LIKE '\\_sluice%'"),
        "0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_a_replaced_table_goes_on_with_the_new_one() {
    let server = TestServer::start().await;
    server.sql("CREATE DATABASE d");
    server.sql("CREATE TABLE d.t (n UInt64, s String) ENGINE = MergeTree ORDER BY n");
    server.sql("CREATE TABLE d.source (n UInt64) ENGINE = MergeTree ORDER BY n");
    server.sql("CREATE MATERIALIZED VIEW d.into TO d.t AS SELECT n, 'view' AS s FROM d.source");
    server.sql("CREATE VIEW d.shown AS SELECT count() AS c FROM d.t");
    server.sql("INSERT INTO d.t VALUES (1, 'old')");
    let replace = pb::UploadSpec {
        commit_mode: pb::CommitMode::Replace.into(),
        table: Some(pb::TableRef {
            database: "d".to_owned(),
            table: "t".to_owned(),
        }),
        ..spec("")
    };
    server.upload(replace, "n,s\n7,new\n8,new\n").await.unwrap();
    assert_eq!(server.sql("SELECT c FROM d.shown"), "2");
    server.sql("INSERT INTO d.source VALUES (9)");
    assert_eq!(server.sql("SELECT count() FROM d.t"), "3");
    assert_eq!(server.sql("SELECT s FROM d.t WHERE n = 9"), "view");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_whose_answer_is_lost_is_not_swapped_back() {
    let engine = HostedEngine::start("", None, "CREATE DATABASE d; ");
    engine.sql("CREATE TABLE d.t (n UInt32) ENGINE = MergeTree ORDER BY n");
    engine.sql("INSERT INTO d.t SELECT number FROM numbers(77)");
    let mut lost = 0;
    let gate = Gate::open(&engine.url, move |statement| {
        let is_exchange = statement.contains("EXCHANGE TABLES");
        lost += u32::from(is_exchange);
        if is_exchange && lost < 3 {
            Verdict::LoseAnswer
        } else {
            Verdict::Pass
        }
    })
    .await;
    let server = server_at(&gate.url).await;
    let replace = pb::UploadSpec {
        commit_mode: pb::CommitMode::Replace.into(),
        table: Some(pb::TableRef {
            database: "d".to_owned(),
            table: "t".to_owned(),
        }),
        ..spec("")
    };
    let response = server.upload(replace, "n\n100\n101\n").await.unwrap();
    assert_eq!(counters(&response).rows_committed, 2);
    assert_eq!(engine.sql("SELECT groupArray(n) FROM d.t"), "[100,101]");
    nothing_is_left_staged(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_changes_between_two_moves_leaves_the_commit_open() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let (gate, hold) = holding(&engine, "MOVE PARTITION", 2).await;
    let server = server_at(&gate.url).await;
    let upload = begin(&server, spec_of("t", ID), &days()).await;
    let ended = task::spawn("upload", end(upload));
    arrived(&hold).await;
    engine.sql("ALTER TABLE t ADD COLUMN x UInt8");
    hold.release();
    let status = ended.await.unwrap().unwrap_err();
    assert_eq!(reason(&status), "COMMIT_PENDING");
    assert!(status.message().contains("do not load"), "{status:?}");
    let now = state(&server, ID).await;
    assert_eq!(now.state(), pb::TransferState::Committing);
    let moved: u32 = count(&engine, "t").parse().unwrap();
    assert!(0 < moved && moved < 4_000, "{moved}");
    // What was staged waits, and the same id completes it, once somebody has mended the table.
    engine.sql("ALTER TABLE t DROP COLUMN x");
    let response = server.upload(spec_of("t", ID), days()).await.unwrap();
    assert!(response.replayed);
    assert_eq!(
        engine.sql("SELECT count(), uniqExact(n) FROM t"),
        "4000\t4000"
    );
    nothing_is_left_staged(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staged_rows_that_are_gone_are_never_called_loaded() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let (gate, hold) = holding(&engine, "MOVE PARTITION", 1).await;
    let server = server_at(&gate.url).await;
    let upload = begin(&server, spec_of("t", ID), &days()).await;
    let ended = task::spawn("upload", end(upload));
    arrived(&hold).await;
    let staged =
        engine.sql("SELECT name FROM system.tables WHERE name LIKE '\\_sluice\\_staging%'");
    engine.sql(&format!("DROP TABLE {staged} SYNC"));
    hold.release();
    let status = ended.await.unwrap().unwrap_err();
    assert_eq!(reason(&status), "COMMIT_PENDING");
    let again = server.upload(spec_of("t", ID), days()).await.unwrap_err();
    assert_eq!(reason(&again), "COMMIT_PENDING");
    assert_eq!(count(&engine, "t"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_does_not_stop_a_commit_that_has_no_journal() {
    let users = "<profiles><default/></profiles><quotas><default/></quotas><users><default><password/>\
        <networks><ip>127.0.0.1</ip></networks><access_management>1</access_management></default>\
        <loader><password/><networks><ip>127.0.0.1</ip></networks><grants>\
        <query>GRANT SELECT, INSERT, ALTER, CREATE TABLE, DROP TABLE ON default.*</query>\
        <query>GRANT TABLE ENGINE ON MergeTree</query><query>GRANT SELECT ON system.*</query></grants></loader></users>";
    let engine = HostedEngine::start("", Some(users), "");
    create_days(&engine, "t", "");
    let (gate, hold) = holding(&engine, "MOVE PARTITION", 2).await;
    let server = TestServer::start_with(|config| {
        config.engine = loader_of(&gate.url);
        config.transfer.block_rows = 1_000;
    })
    .await;
    let upload = begin(&server, spec_of("t", ID), &days()).await;
    let OpenUpload { messages, mut call } = upload;
    drop(messages);
    tokio::select! {
        () = arrived(&hold) => {}
        ended = &mut call => panic!("{ended:?}"),
    }
    call.abort();
    tokio::time::sleep(Duration::from_millis(200)).await;
    hold.release();
    until_state(&server, ID, pb::TransferState::Succeeded).await;
    assert_eq!(count(&engine, "t"), "4000");
}

fn loader_of(url: &str) -> sluice_server::engine::EngineConfig {
    let arguments = [
        "sluice-server",
        "--clickhouse-url",
        url,
        "--clickhouse-user",
        "loader",
    ];
    match sluice_server::config::Invocation::from_arguments(arguments).unwrap() {
        sluice_server::config::Invocation::Serve(config) => config.engine,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_made_anew_before_the_commit_gets_nothing() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let server = server_at(&engine.url).await;
    let upload = begin(&server, spec_of("t", ID), &many_days()).await;
    // Until it is matched to the table.
    until_staged(&engine).await;
    engine.sql("DROP TABLE t SYNC");
    create_days(&engine, "t", "");
    let status = end(upload).await.unwrap_err();
    assert_eq!(reason(&status), "TABLE_CHANGED");
    assert_eq!(count(&engine, "t"), "0");
    nothing_is_left_staged(&engine).await;
    // Nothing was committed, so that another id may load it.
    server.upload(spec_of("t", OTHER), days()).await.unwrap();
    assert_eq!(count(&engine, "t"), "4000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_goes_in_the_middle_of_a_commit_is_waited_for() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    // The look at the table before the second move.
    let (gate, hold) = holding(&engine, "position(create_table_query", 3).await;
    let server = server_at(&gate.url).await;
    let upload = begin(&server, spec_of("t", ID), &days()).await;
    let ended = task::spawn("upload", end(upload));
    arrived(&hold).await;
    engine.sql("RENAME TABLE t TO elsewhere");
    create_days(&engine, "t", "");
    hold.release();
    let status = ended.await.unwrap().unwrap_err();
    assert_eq!(reason(&status), "COMMIT_PENDING");
    assert_eq!(count(&engine, "t"), "0");
    let again = server.upload(spec_of("t", ID), days()).await.unwrap_err();
    assert_eq!(reason(&again), "COMMIT_PENDING");
    assert!(again.message().contains("RENAME"), "{again:?}");
    engine.sql("DROP TABLE t SYNC");
    engine.sql("RENAME TABLE elsewhere TO t");
    server.upload(spec_of("t", ID), days()).await.unwrap();
    assert_eq!(engine.sql("SELECT uniqExact(n) FROM t"), "4000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_made_during_an_upload_is_not_passed_by() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let server = server_at(&engine.url).await;
    let upload = begin(&server, spec_of("t", ID), &many_days()).await;
    until_staged(&engine).await;
    engine.sql("CREATE MATERIALIZED VIEW v ENGINE = MergeTree ORDER BY n AS SELECT n FROM t");
    let status = end(upload).await.unwrap_err();
    assert_eq!(reason(&status), "COMMIT_MODE_UNAVAILABLE");
    assert!(status.message().contains("view"), "{status:?}");
    assert_eq!(count(&engine, "t"), "0");
    assert_eq!(count(&engine, "v"), "0");
    nothing_is_left_staged(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_through_another_server_is_honoured() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let first = server_at(&engine.url).await;
    let second = server_at(&engine.url).await;
    let upload = begin(&first, spec_of("t", ID), &many_days()).await;
    until_staged(&engine).await;
    let cancel = pb::CancelTransferRequest {
        transfer_id: ID.to_owned(),
    };
    let cancelled = second.ingest().await.cancel_transfer(cancel).await.unwrap();
    let cancelled = cancelled.into_inner().transfer.unwrap();
    assert_eq!(cancelled.state(), pb::TransferState::Cancelled);
    let OpenUpload { messages, call } = upload;
    drop(messages);
    let status = call.await.unwrap().unwrap_err();
    assert_eq!(reason(&status), "TRANSFER_CANCELLED");
    assert_eq!(count(&engine, "t"), "0");
    nothing_is_left_staged(&engine).await;
    for server in [&first, &second] {
        assert_eq!(
            state(server, ID).await.state(),
            pb::TransferState::Cancelled
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_comes_after_the_commit_has_begun_is_refused() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let (gate, hold) = holding(&engine, "MOVE PARTITION", 1).await;
    let first = server_at(&gate.url).await;
    let second = server_at(&engine.url).await;
    let upload = begin(&first, spec_of("t", ID), &days()).await;
    let ended = task::spawn("upload", end(upload));
    arrived(&hold).await;
    for server in [&first, &second] {
        let cancel = pb::CancelTransferRequest {
            transfer_id: ID.to_owned(),
        };
        let answer = server.ingest().await.cancel_transfer(cancel).await.unwrap();
        let answer = answer.into_inner().transfer.unwrap();
        assert_eq!(answer.state(), pb::TransferState::Committing);
    }
    hold.release();
    let response = ended.await.unwrap().unwrap();
    assert_eq!(counters(&response).rows_committed, 4_000);
    assert_eq!(count(&engine, "t"), "4000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_frozen_while_another_went_on_changes_nothing() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    // The first server is about to begin its commit; the second one takes the upload over.
    let (gate, hold) = holding(&engine, "GROUP BY partition_id", 1).await;
    let first = server_at(&gate.url).await;
    let second = server_at(&engine.url).await;
    let upload = begin(&first, spec_of("t", ID), &days()).await;
    let ended = task::spawn("upload", end(upload));
    arrived(&hold).await;
    let response = second.upload(spec_of("t", ID), days()).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 4_000);
    hold.release();
    let status = ended.await.unwrap().unwrap_err();
    assert_eq!(reason(&status), "TRANSFER_TAKEN_OVER");
    assert_eq!(
        engine.sql("SELECT count(), uniqExact(n) FROM t"),
        "4000\t4000"
    );
    for server in [&first, &second] {
        let now = state(server, ID).await;
        assert_eq!(now.state(), pb::TransferState::Succeeded);
    }
    nothing_is_left_staged(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_goes_on_with_the_blocks_of_the_first() {
    let engine = HostedEngine::start("", None, "");
    let window = "SETTINGS non_replicated_deduplication_window = 10000";
    for mode in [pb::CommitMode::Atomic, pb::CommitMode::Blocks] {
        engine.sql("DROP TABLE IF EXISTS t SYNC");
        engine.sql(&format!(
            "CREATE TABLE t (d Date, n UInt32) ENGINE = MergeTree ORDER BY n {window}"
        ));
        let id = if mode == pb::CommitMode::Atomic {
            ID
        } else {
            OTHER
        };
        let asked = pb::UploadSpec {
            commit_mode: mode.into(),
            ..spec_of("t", id)
        };
        let file: String = days().repeat(50).replace("d,n\n", "");
        let file = format!("d,n\n{file}");
        let first = server_at(&engine.url).await;
        let upload = begin(&first, asked.clone(), file.get(..file.len() / 2).unwrap()).await;
        until_rows_are_staged(&first, id, 50_000).await;
        upload.hang_up().await;
        until_state(&first, id, pb::TransferState::Interrupted).await;
        let second = TestServer::start_with(|config| {
            config.engine = remote(&engine.url);
            config.transfer.block_rows = 777;
            config.transfer.block_bytes = 1 << 20;
        })
        .await;
        let response = second.upload(asked, &file).await.unwrap();
        assert_eq!(counters(&response).rows_committed, 200_000, "{mode:?}");
        assert!(!response.transfer.unwrap().guarantee.is_empty());
        assert_eq!(count(&engine, "t"), "200000", "{mode:?}");
    }
}

/// A table that remembers so many insertions, and 200,000 rows to be loaded into it block by block.
fn many_blocks(engine: &HostedEngine, window: u32) -> (pb::UploadSpec, String) {
    engine.sql(&format!(
        "CREATE TABLE t (d Date, n UInt32) ENGINE = MergeTree ORDER BY n \
         SETTINGS non_replicated_deduplication_window = {window}"
    ));
    let asked = pb::UploadSpec {
        commit_mode: pb::CommitMode::Blocks.into(),
        ..spec_of("t", ID)
    };
    let rows = days().repeat(50).replace("d,n\n", "");
    (asked, format!("d,n\n{rows}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_goes_on_where_the_first_was_when_it_lost_the_upload() {
    let engine = HostedEngine::start("", None, "");
    let (asked, file) = many_blocks(&engine, 3);
    let (half, most) = (file.len() / 2, file.len() * 3 / 4);
    let (gate, hold) = holding(&engine, "INSERT INTO `sluice`.`claims_2`", 1).await;
    let first = server_at(&engine.url).await;
    let second = server_at(&gate.url).await;
    let upload = begin(&first, asked.clone(), file.get(..half).unwrap()).await;
    until_rows_are_staged(&first, ID, 50_000).await;
    let meanwhile = async {
        // The second one has looked how far the first is, which goes on.
        arrived(&hold).await;
        upload.data(file.get(half..most).unwrap().to_owned()).await;
        until_rows_are_staged(&first, ID, 120_000).await;
        hold.release();
    };
    let (response, ()) = tokio::join!(second.upload(asked, &file), meanwhile);
    assert_eq!(counters(&response.unwrap()).rows_committed, 200_000);
    assert_eq!(count(&engine, "t"), "200000");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_just_being_written_down_does_not_begin_anew() {
    let engine = HostedEngine::start("", None, "");
    let (asked, file) = many_blocks(&engine, 100);
    let (writing, written) = holding(&engine, "INSERT INTO `sluice`.`uploads_2`", 1).await;
    let (claiming, claimed) = holding(&engine, "INSERT INTO `sluice`.`claims_2`", 1).await;
    let first = server_at(&writing.url).await;
    let second = server_at(&claiming.url).await;
    let half = file.get(..file.len() / 2).unwrap();
    let upload = begin(&first, asked.clone(), half).await;
    arrived(&written).await;
    let meanwhile = async {
        // The second one has seen that nothing is written down.
        arrived(&claimed).await;
        written.release();
        until_rows_are_staged(&first, ID, 50_000).await;
        claimed.release();
    };
    let (response, ()) = tokio::join!(second.upload(asked, &file), meanwhile);
    assert_eq!(counters(&response.unwrap()).rows_committed, 200_000);
    assert_eq!(count(&engine, "t"), "200000");
    drop(upload);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_failed_do_not_begin_anew_under_their_id() {
    let server = TestServer::start_with(|config| config.transfer.block_rows = 1_000).await;
    server.sql(
        "CREATE TABLE t (d Date, n UInt32) ENGINE = MergeTree ORDER BY n \
         SETTINGS non_replicated_deduplication_window = 100",
    );
    for mode in [pb::CommitMode::Blocks, pb::CommitMode::Direct] {
        server.sql("TRUNCATE TABLE t");
        let id = if mode == pb::CommitMode::Blocks {
            ID
        } else {
            OTHER
        };
        let asked = pb::UploadSpec {
            commit_mode: mode.into(),
            ..spec_of("t", id)
        };
        let bad = format!("{}x,y\n", days().repeat(30).replace("d,n\n", ""));
        let bad = format!("d,n\n{bad}");
        server.upload(asked.clone(), &bad).await.unwrap_err();
        let left: u64 = server.sql("SELECT count() FROM t").parse().unwrap();
        if mode == pb::CommitMode::Blocks {
            let told = state(&server, id).await.counters.unwrap().rows_committed;
            assert_eq!(u64::try_from(told).unwrap(), left);
            assert!(left > 0);
        }
        let status = server.upload(asked, days()).await.unwrap_err();
        assert_eq!(reason(&status), "TRANSFER_NOT_RESUMABLE", "{mode:?}");
        // Nor is it said of an append that nothing is in the table.
        let append = pb::AppendUploadRequest {
            transfer_id: id.to_owned(),
            offset: 0,
            data: days().into(),
            crc32c: None,
        };
        let status = server.ingest().await.append_upload(append).await;
        assert_eq!(reason(&status.unwrap_err()), "TRANSFER_NOT_RESUMABLE");
        assert_eq!(server.sql("SELECT count() FROM t"), left.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_carry_the_id_of_their_transfer() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let of_table = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&of_table);
    let table = format!("_sluice_staging_{}", ID.replace('-', ""));
    let gate = Gate::open(&engine.url, move |statement| {
        if statement.contains(&table) {
            let (id, comment) = (format!("query_id={ID}-"), format!("log_comment={ID}"));
            let is_told = statement.contains(&id) && statement.contains(&comment);
            seen.lock().unwrap().push((statement.to_owned(), is_told));
        }
        Verdict::Pass
    })
    .await;
    let server = server_at(&gate.url).await;
    server.upload(spec_of("t", ID), days()).await.unwrap();
    let of_table = of_table.lock().unwrap();
    for (statement, is_told) in of_table.iter() {
        assert!(is_told, "{statement}");
    }
    for kind in [
        "CREATE TABLE",
        "INSERT INTO",
        "MOVE PARTITION",
        "DROP TABLE",
    ] {
        let mut all = of_table.iter();
        assert!(all.any(|(statement, _)| statement.contains(kind)), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guarantee_says_how_long_an_id_is_remembered() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    // The journal is as the first server has made it, whatever the second one would have.
    for (number, hours) in [48, 5].into_iter().enumerate() {
        let server = TestServer::start_with(|config| {
            config.engine = remote(&engine.url);
            config.transfer.journal_retention = Duration::from_secs(hours * 3_600);
        })
        .await;
        let id = format!("0190a5f0-7f1a-7c00-8000-00000000020{number}");
        let response = server.upload(spec_of("t", &id), days()).await.unwrap();
        let guarantee = response.transfer.unwrap().guarantee;
        let words = "; its id is remembered for 2 days";
        assert!(guarantee.ends_with(words), "{guarantee}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_staged_and_the_journal_are_synced_where_that_is_asked_for() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let not_synced = "SELECT count() FROM system.tables WHERE database = 'sluice' \
        AND NOT (engine_full LIKE '%fsync_after_insert = 1%' AND engine_full LIKE '%fsync_part_directory = 1%')";
    for (number, is_synced) in [false, true].into_iter().enumerate() {
        let made = Arc::new(Mutex::new(String::new()));
        let seen = Arc::clone(&made);
        let gate = Gate::open(&engine.url, move |statement| {
            if statement.contains("CREATE TABLE IF NOT EXISTS")
                && statement.contains("_sluice_staging_")
            {
                statement.clone_into(&mut seen.lock().unwrap());
            }
            Verdict::Pass
        })
        .await;
        let server = TestServer::start_with(|config| {
            config.engine = remote(&gate.url);
            config.transfer.fsync = is_synced;
        })
        .await;
        let id = format!("0190a5f0-7f1a-7c00-8000-00000000021{number}");
        server.upload(spec_of("t", &id), days()).await.unwrap();
        let made = made.lock().unwrap();
        assert_eq!(
            made.contains("fsync_after_insert = 1, fsync_part_directory = 1"),
            is_synced
        );
        // A journal that is there already is changed.
        assert_eq!(engine.sql(not_synced) == "0", is_synced);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_clickhouse_could_not_write_down_is_not_told() {
    let mut engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let server = server_at(&engine.url).await;
    let upload = OpenUpload::begin_with(&server, spec_of("t", ID)).await;
    upload.data(many_days()).await;
    until_rows_are_staged(&server, ID, 20_000).await;
    engine.kill();
    let cancel = pb::CancelTransferRequest {
        transfer_id: ID.to_owned(),
    };
    let cancelled = server.ingest().await.cancel_transfer(cancel).await;
    let status = cancelled.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_of_few_bytes_is_known_to_other_servers() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let first = server_at(&engine.url).await;
    let second = server_at(&engine.url).await;
    let upload = OpenUpload::begin_with(&first, spec_of("t", ID)).await;
    upload.data("d,n\n2024-01-01,1\n").await;
    until_state(&second, ID, pb::TransferState::Running).await;
    let cancel = pb::CancelTransferRequest {
        transfer_id: ID.to_owned(),
    };
    let cancelled = second.ingest().await.cancel_transfer(cancel).await.unwrap();
    let transfer = cancelled.into_inner().transfer.unwrap();
    assert_eq!(transfer.state(), pb::TransferState::Cancelled);
    let status = end(upload).await.unwrap_err();
    assert_eq!(reason(&status), "TRANSFER_CANCELLED");
    assert_eq!(count(&engine, "t"), "0");
}

/// The statements at which nothing is known of an upload yet: before the journal is asked, and when it is asked who
/// has begun it.
const BEFORE_ANYTHING: [&str; 2] = ["CREATE DATABASE", "claims_2` WHERE"];

/// A server whose client has left while it waited for a statement with `text`; nobody has ended the upload.
async fn left_early(engine: &HostedEngine, text: &'static str) -> TestServer {
    create_days(engine, "t", "");
    let (gate, hold) = holding(engine, text, 1).await;
    let server = server_at(&gate.url).await;
    let upload = OpenUpload::begin_with(&server, spec_of("t", ID)).await;
    tokio::time::timeout(LIMIT, hold.arrived()).await.unwrap();
    upload.hang_up().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    hold.release();
    until_state(&server, ID, pb::TransferState::Interrupted).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_before_anything_is_known_leaves_an_id_that_can_be_cancelled() {
    for text in BEFORE_ANYTHING {
        let engine = HostedEngine::start("", None, "");
        let first = left_early(&engine, text).await;
        let cancel = pb::CancelTransferRequest {
            transfer_id: ID.to_owned(),
        };
        let cancelled = first.ingest().await.cancel_transfer(cancel).await.unwrap();
        let cancelled = cancelled.into_inner().transfer.unwrap();
        assert_eq!(cancelled.state(), pb::TransferState::Cancelled, "{text}");
        let second = server_at(&engine.url).await;
        for server in [&first, &second] {
            let transfer = state(server, ID).await;
            assert_eq!(transfer.state(), pb::TransferState::Cancelled, "{text}");
            let status = server.upload(spec_of("t", ID), days()).await.unwrap_err();
            assert_eq!(reason(&status), "TRANSFER_ENDED", "{text}: {status:?}");
            assert_eq!(metadata(&status, "state"), "CANCELLED");
        }
        assert_eq!(count(&engine, "t"), "0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_before_anything_is_known_can_come_back() {
    for text in BEFORE_ANYTHING {
        let engine = HostedEngine::start("", None, "");
        let first = left_early(&engine, text).await;
        let second = server_at(&engine.url).await;
        second.upload(spec_of("t", ID), days()).await.unwrap();
        // The one that was left first does not say what it saw then.
        let transfer = state(&first, ID).await;
        assert_eq!(transfer.state(), pb::TransferState::Succeeded, "{text}");
        let list = pb::ListTransfersRequest::default();
        let listed = first.ingest().await.list_transfers(list).await.unwrap();
        let listed = listed.into_inner().transfers;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].state(), pb::TransferState::Succeeded, "{text}");
        assert_eq!(count(&engine, "t"), "4000");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_does_not_hide_what_another_server_has_loaded_under_its_id() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let first = server_at(&engine.url).await;
    let second = server_at(&engine.url).await;
    let dry = pb::UploadSpec {
        dry_run: true,
        ..spec_of("t", ID)
    };
    first.upload(dry, days()).await.unwrap();
    let list = async || {
        let list = pb::ListTransfersRequest::default();
        let listed = first.ingest().await.list_transfers(list).await.unwrap();
        listed.into_inner().transfers
    };
    assert!(state(&first, ID).await.dry_run && list().await[0].dry_run);
    second.upload(spec_of("t", ID), days()).await.unwrap();
    let listed = list().await;
    assert_eq!(listed.len(), 1);
    for transfer in [&state(&first, ID).await, &listed[0]] {
        assert!(!transfer.dry_run, "{transfer:?}");
        assert_eq!(transfer.state(), pb::TransferState::Succeeded);
        assert_eq!(transfer.counters.unwrap().rows_committed, 4_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_has_ended_is_used_up() {
    let server = TestServer::start().await;
    let other = server_at(&server.engine_url).await;
    let modes = [
        pb::CommitMode::Atomic,
        pb::CommitMode::Replace,
        pb::CommitMode::Blocks,
        pb::CommitMode::Direct,
    ];
    let cases = modes.map(|mode| [(mode, false), (mode, true)]);
    for (number, (mode, is_cancelled)) in cases.into_iter().flatten().enumerate() {
        let id = format!("0190a5f0-7f1a-7c00-8000-00000000010{number}");
        let table = format!("t{number}");
        server.sql(&format!(
            "CREATE TABLE {table} (n UInt32) ENGINE = MergeTree ORDER BY n \
             SETTINGS non_replicated_deduplication_window = 100"
        ));
        let asked = pb::UploadSpec {
            commit_mode: mode.into(),
            ..spec_of(&table, &id)
        };
        let ended = if is_cancelled {
            let upload = OpenUpload::begin_with(&server, asked.clone()).await;
            upload.data("n\n1\n2\n").await;
            until_state(&server, &id, pb::TransferState::Running).await;
            let cancel = pb::CancelTransferRequest {
                transfer_id: id.clone(),
            };
            server.ingest().await.cancel_transfer(cancel).await.unwrap();
            pb::TransferState::Cancelled
        } else {
            let status = server.upload(asked.clone(), "n\n1\nx\n").await;
            assert_eq!(reason(&status.unwrap_err()), "INVALID_NUMBER");
            pb::TransferState::Failed
        };
        until_state(&server, &id, ended).await;
        // Neither the same file nor one that was mended, here nor through another server.
        for (server, file) in [(&server, "n\n1\n2\n"), (&other, "n\n1\nx\n")] {
            let status = server.upload(asked.clone(), file).await.unwrap_err();
            assert_eq!(status.code(), tonic::Code::FailedPrecondition);
            if reason(&status) == "TRANSFER_ENDED" {
                let told = format!("TRANSFER_STATE_{}", metadata(&status, "state"));
                assert_eq!(told, ended.as_str_name());
            } else {
                // What has shown its first rows may have left some.
                assert_eq!(reason(&status), "TRANSFER_NOT_RESUMABLE");
                let shows = [pb::CommitMode::Blocks, pb::CommitMode::Direct];
                assert!(shows.contains(&mode), "{status:?}");
            }
            let transfer = state(server, &id).await;
            assert_eq!(transfer.state(), ended);
            assert!(!transfer.resumable, "{transfer:?}");
        }
        assert_eq!(server.sql(&format!("SELECT count() FROM {table}")), "0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_complete_a_commit_both_hear_of_its_success() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let (broken, moving) = holding(&engine, "MOVE PARTITION", 1).await;
    let first = server_at(&broken.url).await;
    let upload = begin(&first, spec_of("t", ID), &days()).await;
    let first_end = task::spawn("upload", end(upload));
    arrived(&moving).await;
    let (slow, renaming) = holding(&engine, "RENAME TABLE", 1).await;
    let second = server_at(&slow.url).await;
    let second_end = task::spawn("again", async move {
        second.upload(spec_of("t", ID), days()).await
    });
    arrived(&renaming).await;
    let third = server_at(&engine.url).await;
    assert!(
        third
            .upload(spec_of("t", ID), days())
            .await
            .unwrap()
            .replayed
    );
    renaming.release();
    assert!(second_end.await.unwrap().unwrap().replayed);
    moving.release();
    first_end.await.unwrap().unwrap();
    assert_eq!(count(&engine, "t"), "4000");
    nothing_is_left_staged(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_id_through_two_servers_and_six_clients_loads_once() {
    let engine = HostedEngine::start("", None, "");
    create_days(&engine, "t", "");
    let servers = [server_at(&engine.url).await, server_at(&engine.url).await];
    let clients = (0..6).map(|number| {
        let server = &servers[number % 2];
        async move {
            for _ in 0..60 {
                match server.upload(spec_of("t", ID), days()).await {
                    Ok(response) => return counters(&response).rows_committed,
                    Err(status) => {
                        let told = reason(&status);
                        let told = told.as_str();
                        assert!(
                            matches!(
                                told,
                                "TRANSFER_TAKEN_OVER" | "TRANSFER_EXISTS" | "COMMIT_PENDING"
                            ),
                            "{status:?}"
                        );
                    }
                }
                // As RetryInfo says, and not all at once.
                tokio::time::sleep(Duration::from_millis(fastrand::u64(500..3_000))).await;
            }
            panic!("no client gets through");
        }
    });
    let rows = futures_util::future::join_all(clients).await;
    assert_eq!(rows, [4_000; 6]);
    assert_eq!(
        engine.sql("SELECT count(), uniqExact(n) FROM t"),
        "4000\t4000"
    );
    nothing_is_left_staged(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_is_dropped_is_made_again() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n");
    server.upload(spec("t"), "n\n1\n").await.unwrap();
    server.sql("DROP DATABASE sluice SYNC");
    let response = server.upload(spec_of("t", ID), "n\n2\n").await.unwrap();
    assert_eq!(counters(&response).rows_committed, 1);
    assert_eq!(server.sql("SELECT count() FROM t"), "2");
    assert_eq!(
        state(&server, ID).await.state(),
        pb::TransferState::Succeeded
    );
    let again = server.upload(spec_of("t", ID), "n\n2\n").await.unwrap();
    assert!(again.replayed);
    assert_eq!(server.sql("SELECT count() FROM t"), "2");
}
