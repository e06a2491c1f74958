//! All or nothing, exactly once: commit modes, uploads that go on, and uploads that come twice.

use std::time::Duration;

use sluice_proto::v1 as pb;
use sluice_server::config::TransferConfig;
use tonic::{Code, Status};

use crate::{
    support::{TestServer, counters, gzip, metadata, reason, spec},
    transfers::{OpenUpload, state, until, until_rows_are_staged, until_state},
};

const ID: &str = "0190a5f0-7f1a-7c00-8000-0000000000b0";
const OTHER: &str = "0190a5f0-7f1a-7c00-8000-0000000000b1";
const THIRD: &str = "0190a5f0-7f1a-7c00-8000-0000000000b3";

/// Some megabytes of rows over three months: many blocks of the size that [`server`] makes.
fn file() -> String {
    let mut text = "d,n,s\n".to_owned();
    for n in 0..200_000 {
        let (month, day) = (n % 3 + 1, n % 28 + 1);
        text.push_str(&format!("2024-{month:02}-{day:02},{n},\"row, {n}\"\n"));
    }
    text
}

async fn server() -> TestServer {
    let server = TestServer::start_with(small_blocks).await;
    create(&server, "t", "");
    create(&server, "whole", "");
    let whole = server
        .upload(spec_of("whole", OTHER), file())
        .await
        .unwrap();
    assert_eq!(counters(&whole).rows_committed, 200_000);
    server
}

fn small_blocks(config: &mut sluice_server::config::Config) {
    config.transfer.block_rows = 10_000;
}

fn create(server: &TestServer, table: &str, settings: &str) {
    server.sql(&format!(
        "CREATE TABLE {table} (d Date, n UInt64, s String) ENGINE = MergeTree \
         PARTITION BY toYYYYMM(d) ORDER BY n {settings}"
    ));
}

fn spec_of(table: &str, id: &str) -> pb::UploadSpec {
    pb::UploadSpec {
        transfer_id: id.to_owned(),
        ..spec(table)
    }
}

fn mode(transfer: &pb::Transfer) -> pb::CommitMode {
    transfer.commit_mode()
}

fn staging_tables(server: &TestServer) -> String {
    server.sql("SELECT count() FROM system.tables WHERE name LIKE '\\_sluice\\_staging%'")
}

/// Sends the beginning of a file, and hangs up once blocks are staged.
async fn hang_up(server: &TestServer, table: &str, id: &str, file: &[u8]) -> pb::Transfer {
    let upload = OpenUpload::begin(server, table, id).await;
    for chunk in file.chunks(256 << 10) {
        upload.data(chunk.to_vec()).await;
    }
    until_rows_are_staged(server, id, 20_000).await;
    upload.hang_up().await;
    until_state(server, id, pb::TransferState::Interrupted).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_is_all_or_nothing_and_leaves_no_staging_table() {
    let server = server().await;
    let response = server.upload(spec_of("t", ID), file()).await.unwrap();
    let transfer = response.transfer.clone().unwrap();
    assert_eq!(mode(&transfer), pb::CommitMode::Atomic);
    assert!(transfer.guarantee.starts_with("all or nothing"));
    assert!(transfer.resumable);
    assert_eq!(server.checksum("t"), server.checksum("whole"));
    assert_eq!(staging_tables(&server), "0");

    let bad = format!("{}2024-01-01,x,y\n", file());
    let status = server.upload(spec("t"), bad).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_NUMBER");
    assert_eq!(server.checksum("t"), server.checksum("whole"));
    assert_eq!(staging_tables(&server), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_comes_twice_is_loaded_once() {
    let server = server().await;
    let first = server.upload(spec_of("t", ID), file()).await.unwrap();
    let again = server.upload(spec_of("t", ID), file()).await.unwrap();
    assert_eq!(counters(&again), counters(&first));
    assert_eq!((first.replayed, again.replayed), (false, true));
    // It is the transfer of then, not one of now.
    let (then, now) = (first.transfer.unwrap(), again.transfer.unwrap());
    let millis = |transfer: &pb::Transfer| {
        let time = transfer.start_time.unwrap();
        time.seconds * 1_000 + i64::from(time.nanos / 1_000_000)
    };
    assert_eq!(millis(&then), millis(&now));
    assert_eq!(server.checksum("t"), server.checksum("whole"));
    // A client that cannot stream hears the same.
    let begun = begin(&server).await.unwrap();
    assert_eq!(
        begun.transfer.unwrap().state(),
        pb::TransferState::Succeeded
    );
    let request = pb::FinishUploadRequest {
        transfer_id: ID.to_owned(),
        total_bytes: i64::try_from(file().len()).unwrap(),
        crc32c: None,
    };
    let finished = server.ingest().await.finish_upload(request).await.unwrap();
    let finished = finished.into_inner();
    assert!(finished.replayed && finished.result.unwrap().replayed);
    // Another spec, the same id.
    let other = pb::UploadSpec {
        ignore_extra_fields: true,
        ..spec_of("t", ID)
    };
    let status = server.upload(other, file()).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("SPEC_MISMATCH", Code::FailedPrecondition)
    );
    assert_eq!(metadata(&status, "fields"), "ignore_extra_fields");
    assert!(
        status
            .message()
            .contains("(different: ignore_extra_fields: then no, now yes)"),
        "{status:?}"
    );
    let transfer = state(&server, ID).await;
    assert_eq!(transfer.state(), pb::TransferState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_where_it_stood() {
    let server = server().await;
    let file = file();
    let transfer = hang_up(&server, "t", ID, &file.as_bytes()[..file.len() / 2]).await;
    assert_eq!(transfer.error.unwrap().reason, "CLIENT_GONE");
    assert_eq!(server.sql("SELECT count() FROM t"), "0");
    let offset = usize::try_from(transfer.committed_offset).unwrap();
    assert!(offset > 0 && offset < file.len() / 2, "{offset}");

    let resumed = pb::UploadSpec {
        start_offset: transfer.committed_offset,
        prefix_crc32c: Some(crc32c::crc32c(&file.as_bytes()[..offset])),
        ..spec_of("t", ID)
    };
    let gap = pb::UploadSpec {
        start_offset: transfer.committed_offset + 1,
        ..resumed.clone()
    };
    let status = server
        .upload(gap, &file.as_bytes()[offset + 1..])
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "OFFSET_OUT_OF_RANGE");
    assert_eq!(metadata(&status, "expectedOffset"), offset.to_string());
    let changed = pb::UploadSpec {
        prefix_crc32c: Some(1),
        ..resumed.clone()
    };
    let status = server
        .upload(changed, &file.as_bytes()[offset..])
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "FILE_CHANGED");

    let transfer = hang_up(&server, "t", ID, &file.as_bytes()[..file.len() / 2]).await;
    let offset = usize::try_from(transfer.committed_offset).unwrap();
    let resumed = pb::UploadSpec {
        start_offset: transfer.committed_offset,
        prefix_crc32c: Some(crc32c::crc32c(&file.as_bytes()[..offset])),
        ..resumed
    };
    let response = server
        .upload(resumed, &file.as_bytes()[offset..])
        .await
        .unwrap();
    assert_eq!(counters(&response).rows_committed, 200_000);
    assert_eq!(
        counters(&response).bytes_received,
        i64::try_from(file.len()).unwrap()
    );
    assert_eq!(server.checksum("t"), server.checksum("whole"));
    assert_eq!(staging_tables(&server), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_within_the_sample_of_its_file() {
    let server = server().await;
    let file = file();
    // The first mebibyte is read before its first block is made.
    let transfer = hang_up(&server, "t", ID, &file.as_bytes()[..1_200_000]).await;
    let offset = usize::try_from(transfer.committed_offset).unwrap();
    assert!(offset < 1_100_000, "{offset}");
    let resumed = pb::UploadSpec {
        start_offset: transfer.committed_offset,
        ..spec_of("t", ID)
    };
    let rest = &file.as_bytes()[offset..];
    let response = server.upload(resumed, rest).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 200_000);
    assert_eq!(server.checksum("t"), server.checksum("whole"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_sent_again_from_its_beginning_goes_on_too() {
    let server = server().await;
    let file = file();
    hang_up(&server, "t", ID, &file.as_bytes()[..file.len() / 2]).await;
    let response = server.upload(spec_of("t", ID), &file).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 200_000);
    assert_eq!(server.checksum("t"), server.checksum("whole"));

    server.sql("TRUNCATE TABLE t");
    let other = "0190a5f0-7f1a-7c00-8000-0000000000b2";
    hang_up(&server, "t", other, &file.as_bytes()[..file.len() / 2]).await;
    let changed = file.replacen("2024-01-01,0,", "2024-01-01,9,", 1);
    let status = server
        .upload(spec_of("t", other), changed)
        .await
        .unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("FILE_CHANGED", Code::FailedPrecondition)
    );
    assert_eq!(server.sql("SELECT count() FROM t"), "0");
    // The right file can still be sent.
    let transfer = state(&server, other).await;
    assert_eq!(transfer.state(), pb::TransferState::Interrupted);
    server.upload(spec_of("t", other), file).await.unwrap();
    assert_eq!(server.checksum("t"), server.checksum("whole"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_line_is_dead_goes_on_where_get_transfer_says() {
    let server = server().await;
    let file = file();
    let upload = OpenUpload::begin(&server, "t", ID).await;
    upload
        .data(file.as_bytes()[..file.len() / 2].to_vec())
        .await;
    // The server does not know yet that nothing comes any more.
    let transfer = until(&server, ID, |transfer| transfer.durable_offset > 0).await;
    assert_eq!(transfer.state(), pb::TransferState::Running);
    let offset = usize::try_from(transfer.committed_offset).unwrap();
    let resumed = pb::UploadSpec {
        start_offset: transfer.committed_offset,
        prefix_crc32c: Some(crc32c::crc32c(&file.as_bytes()[..offset])),
        ..spec_of("t", ID)
    };
    // Behind it there may be more by now: that is compared, and left out.
    let rest = &file.as_bytes()[offset..];
    let response = server.upload(resumed, rest).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 200_000);
    assert_eq!(server.checksum("t"), server.checksum("whole"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_file_is_replayed() {
    let server = server().await;
    let file = gzip(file().as_bytes());
    let transfer = hang_up(&server, "t", ID, &file[..file.len() * 3 / 4]).await;
    assert_eq!(transfer.committed_offset, 0);
    let response = server.upload(spec_of("t", ID), &file).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 200_000);
    assert_eq!(server.checksum("t"), server.checksum("whole"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_of_all_attempts_are_there_once() {
    let server = server().await;
    let file = file().replace(",7,", ",seven,").replace(",150000,", ",x,");
    let spec = pb::UploadSpec {
        rejects: Some(pb::RejectPolicy {
            max_rows: Some(2),
            max_share: None,
        }),
        ..spec_of("t", ID)
    };
    let upload = OpenUpload::begin_with(&server, spec.clone()).await;
    for chunk in file.as_bytes()[..file.len() / 2].chunks(256 << 10) {
        upload.data(chunk.to_vec()).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    upload.hang_up().await;
    let response = server.upload(spec, &file).await.unwrap();
    assert_eq!(counters(&response).rows_rejected, 2);
    assert_eq!(counters(&response).rows_committed, 199_998);
    assert_eq!(response.rejected_rows.len(), 2);
    let rows = server.rejected_rows(ID).await.unwrap();
    let lines: Vec<_> = rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [9, 150_002]);
    assert_eq!(server.sql("SELECT count() FROM t"), "199998");
}

#[tokio::test(flavor = "multi_thread")]
async fn replaced_content_changes_at_once() {
    let server = server().await;
    server.sql("INSERT INTO t VALUES ('2020-01-01', 1, 'old')");
    let replace = pb::UploadSpec {
        commit_mode: pb::CommitMode::Replace.into(),
        ..spec_of("t", ID)
    };
    let bad = format!("{}2024-01-01,x,y\n", file());
    let failing = pb::UploadSpec {
        transfer_id: THIRD.to_owned(),
        ..replace.clone()
    };
    server.upload(failing, bad).await.unwrap_err();
    assert_eq!(server.sql("SELECT s FROM t"), "old");
    let response = server.upload(replace.clone(), file()).await.unwrap();
    assert_eq!(mode(&response.transfer.unwrap()), pb::CommitMode::Replace);
    assert_eq!(server.checksum("t"), server.checksum("whole"));
    server.upload(replace, file()).await.unwrap();
    assert_eq!(server.checksum("t"), server.checksum("whole"));
    assert_eq!(staging_tables(&server), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_views_is_loaded_block_by_block() {
    let server = server().await;
    let window = "SETTINGS non_replicated_deduplication_window = 1000";
    create(&server, "seen", window);
    server.sql(&format!(
        "CREATE TABLE days (d Date, c UInt64) ENGINE = SummingMergeTree ORDER BY d {window}"
    ));
    server.sql("CREATE MATERIALIZED VIEW v TO days AS SELECT d, count() AS c FROM seen GROUP BY d");
    let file = file();
    hang_up(&server, "seen", ID, &file.as_bytes()[..file.len() / 2]).await;
    let response = server.upload(spec_of("seen", ID), &file).await.unwrap();
    assert_eq!(mode(&response.transfer.unwrap()), pb::CommitMode::Blocks);
    assert_eq!(server.checksum("seen"), server.checksum("whole"));
    assert_eq!(server.sql("SELECT sum(c) FROM days"), "200000");

    // A view whose table takes a block twice: nothing stronger than DIRECT is promised.
    server.sql("CREATE TABLE loose (d Date) ENGINE = MergeTree ORDER BY d");
    server.sql("CREATE MATERIALIZED VIEW w TO loose AS SELECT d FROM seen");
    let response = server.upload(spec("seen"), "d,n,s\n2024-01-01,1,a\n").await;
    let transfer = response.unwrap().transfer.unwrap();
    assert_eq!(mode(&transfer), pb::CommitMode::Direct);
    assert!(
        transfer.guarantee.contains("loose"),
        "{}",
        transfer.guarantee
    );
    for forced in [
        pb::CommitMode::Blocks,
        pb::CommitMode::Atomic,
        pb::CommitMode::Replace,
    ] {
        let spec = pb::UploadSpec {
            commit_mode: forced.into(),
            ..spec("seen")
        };
        let status = server
            .upload(spec, "d,n,s\n2024-01-01,1,a\n")
            .await
            .unwrap_err();
        assert_eq!(reason(&status), "COMMIT_MODE_UNAVAILABLE");
        assert!(!metadata(&status, "cause").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_engines_are_loaded_directly() {
    let server = server().await;
    for engine in ["Log", "Memory", "Null"] {
        server.sql(&format!(
            "CREATE TABLE e_{engine} (a UInt8) ENGINE = {engine}"
        ));
        let response = server.upload(spec(&format!("e_{engine}")), "a\n1\n").await;
        let transfer = response.unwrap().transfer.unwrap();
        assert_eq!(mode(&transfer), pb::CommitMode::Direct);
        assert!(transfer.guarantee.contains(engine));
        assert!(!transfer.resumable);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_is_loaded_once_however_often_it_is_sent() {
    let server = server().await;
    server.sql(
        "CREATE TABLE small (a UInt8) ENGINE = MergeTree ORDER BY a \
         SETTINGS non_replicated_deduplication_window = 10",
    );
    let small = pb::UploadSpec {
        total_bytes: Some(6),
        ..spec_of("small", ID)
    };
    for _ in 0..2 {
        let response = server.upload(small.clone(), "a\n1\n2\n").await.unwrap();
        assert_eq!(counters(&response).rows_committed, 2);
    }
    assert_eq!(server.sql("SELECT count() FROM small"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_with_a_fault_leaves_nothing_however_many_blocks_it_makes() {
    let server = server().await;
    server.sql(
        "CREATE TABLE wide (a Int256) ENGINE = MergeTree ORDER BY a \
         SETTINGS non_replicated_deduplication_window = 10",
    );
    // 600 KB of text, of which ten blocks of 10,000 rows are made.
    let good = format!("a\n{}", "12345\n".repeat(100_000));
    let bad = format!("{good}x\n");
    let spec_for = |id: &str, file: &str| pb::UploadSpec {
        total_bytes: i64::try_from(file.len()).ok(),
        ..spec_of("wide", id)
    };
    let status = server.upload(spec_for(ID, &bad), &bad).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_NUMBER");
    assert_eq!(server.sql("SELECT count() FROM wide"), "0");
    let id = "00000000-0000-4000-8000-0000000000aa";
    server.upload(spec_for(id, &good), &good).await.unwrap();
    assert_eq!(server.sql("SELECT count() FROM wide"), "100000");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_dies_in_an_upload_costs_nothing() {
    let server = server().await;
    let file = file();
    let upload = OpenUpload::begin(&server, "t", ID).await;
    let mut chunks = file.as_bytes().chunks(256 << 10);
    for chunk in chunks.by_ref().take(10) {
        upload.data(chunk.to_vec()).await;
    }
    until_rows_are_staged(&server, ID, 20_000).await;
    let killed = server.engine_process;
    std::process::Command::new("kill")
        .args(["-9", &killed.to_string()])
        .status()
        .unwrap();
    for chunk in chunks {
        upload.data(chunk.to_vec()).await;
    }
    drop(upload.messages);
    let response = upload.call.await.unwrap().unwrap();
    assert_eq!(counters(&response).rows_committed, 200_000);
}

/// Appends; the offset that the next one starts at.
async fn append(server: &TestServer, offset: usize, data: &[u8]) -> Result<i64, Status> {
    let request = pb::AppendUploadRequest {
        transfer_id: ID.to_owned(),
        offset: i64::try_from(offset).unwrap(),
        data: data.to_vec().into(),
        crc32c: Some(crc32c::crc32c(data)),
    };
    let response = server.ingest().await.append_upload(request).await?;
    Ok(response.into_inner().committed_offset)
}

async fn begin(server: &TestServer) -> Result<pb::BeginUploadResponse, Status> {
    let request = pb::BeginUploadRequest {
        spec: Some(spec_of("t", ID)),
    };
    let response = server.ingest().await.begin_upload(request).await?;
    Ok(response.into_inner())
}

async fn finish(server: &TestServer, total: usize) -> Result<pb::UploadResponse, Status> {
    let request = pb::FinishUploadRequest {
        transfer_id: ID.to_owned(),
        total_bytes: i64::try_from(total).unwrap(),
        crc32c: None,
    };
    let response = server.ingest().await.finish_upload(request).await?;
    Ok(response.into_inner().result.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_arrive_in_the_order_of_their_offsets() {
    let server = server().await;
    let file = file();
    let begun = begin(&server).await.unwrap();
    assert_eq!(begun.committed_offset, 0);
    assert!(begun.max_append_bytes > 1 << 20);
    let bytes = file.as_bytes();
    let size = 1 << 20;
    // In flight together, the last one first.
    let early = (0..4)
        .rev()
        .map(|n| append(&server, n * size, &bytes[n * size..(n + 1) * size]));
    let outcomes = futures_util::future::join_all(early).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");

    let status = append(&server, size, &bytes[..10]).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("OFFSET_ALREADY_COMMITTED", Code::AlreadyExists)
    );
    assert_eq!(metadata(&status, "expectedOffset"), (4 * size).to_string());
    let status = finish(&server, bytes.len()).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("OFFSET_OUT_OF_RANGE", Code::OutOfRange)
    );
    let damaged = pb::AppendUploadRequest {
        transfer_id: ID.to_owned(),
        offset: i64::try_from(4 * size).unwrap(),
        data: bytes[4 * size..].to_vec().into(),
        crc32c: Some(1),
    };
    let status = server
        .ingest()
        .await
        .append_upload(damaged)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "CHECKSUM_MISMATCH");
    assert_eq!(begin(&server).await.unwrap().committed_offset, 4 << 20);
    append(&server, 4 * size, &bytes[4 * size..]).await.unwrap();
    let response = finish(&server, bytes.len()).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 200_000);
    let again = finish(&server, bytes.len()).await.unwrap();
    assert_eq!(counters(&again), counters(&response));
    assert_eq!(server.checksum("t"), server.checksum("whole"));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_early_appends_are_refused() {
    let server = TestServer::start_with(|config| config.transfer.max_early_appends = 1).await;
    create(&server, "t", "");
    begin(&server).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(300), append(&server, 10, b"x"));
    let (first, second) = tokio::join!(early, async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        append(&server, 20, b"x").await
    });
    assert!(first.is_err(), "it waits");
    assert_eq!(reason(&second.unwrap_err()), "OFFSET_OUT_OF_RANGE");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_begun_on_one_server_is_finished_on_another() {
    let one = server().await;
    let url = one.engine_url.clone();
    let two = TestServer::start_with(|config| {
        small_blocks(config);
        config.engine = crate::support::remote(&url);
    })
    .await;
    let file = file();
    let bytes = file.as_bytes();
    begin(&one).await.unwrap();
    append(&one, 0, &bytes[..4 << 20]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    append(&one, 4 << 20, &bytes[4 << 20..5 << 20])
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;

    let begun = begin(&two).await.unwrap();
    let offset = usize::try_from(begun.committed_offset).unwrap();
    assert!(offset > 0 && offset <= 5 << 20, "{offset}");
    // The first server does not know yet, and goes on.
    drop(append(&one, 5 << 20, &bytes[5 << 20..]).await);
    append(&two, offset, &bytes[offset..]).await.unwrap();
    let response = finish(&two, bytes.len()).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 200_000);
    assert_eq!(one.checksum("t"), one.checksum("whole"));
    // The first one is asked to finish too.
    drop(finish(&one, bytes.len()).await);
    assert_eq!(one.checksum("t"), one.checksum("whole"));
    let transfer = state(&two, ID).await;
    assert_eq!(transfer.state(), pb::TransferState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_upload_leaves_nothing() {
    let server = server().await;
    let file = file();
    hang_up(&server, "t", ID, &file.as_bytes()[..file.len() / 2]).await;
    assert_eq!(staging_tables(&server), "1");
    let request = pb::CancelTransferRequest {
        transfer_id: ID.to_owned(),
    };
    let cancelled = server
        .ingest()
        .await
        .cancel_transfer(request)
        .await
        .unwrap();
    let transfer = cancelled.into_inner().transfer.unwrap();
    assert_eq!(transfer.state(), pb::TransferState::Cancelled);
    assert_eq!(staging_tables(&server), "0");
    // What was cancelled stays so.
    let status = server.upload(spec_of("t", ID), &file).await.unwrap_err();
    assert_eq!(reason(&status), "TRANSFER_ENDED");
    server.upload(spec_of("t", THIRD), &file).await.unwrap();
    assert_eq!(server.checksum("t"), server.checksum("whole"));
}

/// Interrupts so many uploads, one after the other, on a server that keeps only some; waits until the rest is
/// given up.
async fn interrupted(kept: usize, change: impl FnOnce(&mut TransferConfig)) -> TestServer {
    const COUNT: usize = 4;
    let server = TestServer::start_with(|config| {
        small_blocks(config);
        config.transfer.session_idle = Duration::from_secs(1);
        change(&mut config.transfer);
    })
    .await;
    create(&server, "t", "");
    let file = file();
    for number in 0..COUNT {
        hang_up(
            &server,
            "t",
            &nth(number),
            &file.as_bytes()[..file.len() / 2],
        )
        .await;
        // Their ages are in seconds.
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    for number in 0..COUNT {
        let is_kept = number >= COUNT - kept;
        if !is_kept {
            let transfer = until_state(&server, &nth(number), pb::TransferState::Failed).await;
            assert_eq!(transfer.error.unwrap().reason, "TOO_MANY_INTERRUPTED");
        }
    }
    // What is kept stays.
    tokio::time::sleep(Duration::from_secs(3)).await;
    for number in COUNT - kept..COUNT {
        let transfer = state(&server, &nth(number)).await;
        assert_eq!(transfer.state(), pb::TransferState::Interrupted);
    }
    assert_eq!(staging_tables(&server), kept.to_string());
    for number in COUNT - kept..COUNT {
        server
            .upload(spec_of("t", &nth(number)), &file)
            .await
            .unwrap();
    }
    let rows = (kept * 200_000).to_string();
    assert_eq!(server.sql("SELECT count() FROM t"), rows);
    server
}

fn nth(number: usize) -> String {
    format!("0190a5f0-7f1a-7c00-8000-0000000000d{number}")
}

#[tokio::test(flavor = "multi_thread")]
async fn more_interrupted_uploads_than_are_kept_are_given_up_the_oldest_first() {
    interrupted(2, |config| config.max_interrupted = 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_given_up_than_has_to_be() {
    interrupted(4, |config| config.max_interrupted = 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_uploads_with_more_bytes_than_are_kept_are_given_up() {
    interrupted(0, |config| config.max_interrupted_bytes = 1 << 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_upload_expires() {
    let server = TestServer::start_with(|config| {
        small_blocks(config);
        config.transfer.session_limit = Duration::from_secs(1);
        config.transfer.session_idle = Duration::from_secs(1);
    })
    .await;
    create(&server, "t", "");
    let file = file();
    hang_up(&server, "t", ID, &file.as_bytes()[..file.len() / 2]).await;
    for _ in 0..1400 {
        let transfer = state(&server, ID).await;
        // Between the step and its reason nobody knows why yet.
        let reason = transfer.error.map(|error| error.reason).unwrap_or_default();
        if reason != "TRANSFER_ENDED" && transfer.state == i32::from(pb::TransferState::Failed) {
            assert_eq!(reason, "SESSION_EXPIRED");
            // What is told first is cleared away next.
            if staging_tables(&server) == "0" {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", state(&server, ID).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_files_and_memory_are_kept() {
    let server = TestServer::start_with(|config| {
        config.transfer.max_file_bytes = 10;
        config.transfer.memory_limit = 40 << 20;
        config.transfer.queue_timeout = Duration::from_millis(100);
    })
    .await;
    server.sql("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a");
    server.upload(spec("t"), "a\n1\n2\n3\n4\n").await.unwrap();
    let status = server
        .upload(spec("t"), "a\n1\n2\n3\n42\n")
        .await
        .unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("FILE_TOO_LARGE", Code::InvalidArgument)
    );
    assert_eq!(metadata(&status, "limit"), "10");
    let held = OpenUpload::begin(&server, "t", ID).await;
    held.data("a\n").await;
    // It holds its memory before it takes a byte.
    let has_begun = |transfer: &pb::Transfer| transfer.counters.unwrap().bytes_received > 0;
    until(&server, ID, has_begun).await;
    let status = server.upload(spec("t"), "a\n1\n").await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("MEMORY_LIMIT", Code::ResourceExhausted)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_staging_tables_of_sluice_are_cleared_away() {
    let server = TestServer::start_with(|config| {
        small_blocks(config);
        config.transfer.session_limit = Duration::from_secs(1);
        config.transfer.session_idle = Duration::from_secs(1);
    })
    .await;
    // Tables of such a database have an age; one whose age is not known is left alone.
    server.sql("CREATE DATABASE d ENGINE = Atomic");
    create(&server, "t", "");
    server.upload(spec_of("t", ID), file()).await.unwrap();
    let plain = "ENGINE = MergeTree ORDER BY a";
    let ours = format!("{plain} COMMENT 'an upload that Sluice stages; dropped by itself'");
    let ended = format!("_sluice_staging_{}_1_1", ID.replace('-', ""));
    let of_user = [
        (
            "_sluice_staging_11111111111111111111111111111111_1_1",
            plain,
        ),
        // Named like the one of an upload that has ended.
        (&ended, plain),
        (
            "_sluice_staging_22222222222222222222222222222222_1_1",
            "ENGINE = Log",
        ),
        ("_sluice_staging_mine", &ours),
    ];
    let make = |name: &str, rest: &str| {
        server.sql(&format!("CREATE TABLE d.{name} (a UInt8) {rest}"));
        server.sql(&format!("INSERT INTO d.{name} VALUES (1)"));
    };
    for (name, rest) in of_user {
        make(name, rest);
    }
    // The youngest: the pass that drops it looks at all others too.
    let orphan = format!("_sluice_staging_{}_1_1", "3".repeat(32));
    make(&orphan, &ours);
    let mut is_there = true;
    for _ in 0..2400 {
        is_there = server.sql(&format!("EXISTS d.{orphan}")) == "1";
        if !is_there {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!is_there, "an orphan stays");
    tokio::time::sleep(Duration::from_secs(10)).await;
    for (name, _) in of_user {
        assert_eq!(server.sql(&format!("SELECT count() FROM d.{name}")), "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watchers_of_one_upload_ask_the_journal_together() {
    let server = server().await;
    let file = file();
    hang_up(&server, "t", ID, &file.as_bytes()[..1_200_000]).await;
    let mut ingest = server.ingest().await;
    let mut watches = Vec::new();
    for _ in 0..50 {
        let watch = pb::WatchTransferRequest {
            transfer_id: ID.to_owned(),
            ..Default::default()
        };
        watches.push(ingest.watch_transfer(watch).await.unwrap().into_inner());
    }
    let queries = || {
        let text = server.sql("SELECT sum(value) FROM system.events WHERE event = 'SelectQuery'");
        text.parse::<u64>().unwrap()
    };
    let before = queries();
    let begun = std::time::Instant::now();
    // Each goes on to hear of it.
    let count = async |mut stream: tonic::Streaming<pb::WatchTransferResponse>| {
        let mut messages = 0;
        while begun.elapsed() < Duration::from_secs(4) {
            stream.message().await.unwrap().unwrap();
            messages += 1;
        }
        messages
    };
    let messages: Vec<u64> = futures_util::future::join_all(watches.into_iter().map(count)).await;
    let asked = queries() - before;
    println!("{asked} queries, {} messages", messages.iter().sum::<u64>());
    assert!(messages.iter().all(|count| *count >= 2), "{messages:?}");
    assert!(asked < 60, "{asked} queries in four seconds");
}
