//! Tables of a cluster: two engines, and a table that is spread over both.

use sluice_proto::v1 as pb;
use tonic::Code;

use crate::support::{
    TestServer, export_table,
    hosted::{HostedEngine, free_port},
    reason, remote, spec,
};

/// Two shards, each an engine, with the table `local`; and on the first one `spread` over both.
fn shards() -> [HostedEngine; 2] {
    let ports = [free_port(), free_port()];
    let shard = |port| {
        format!("<shard><replica><host>127.0.0.1</host><port>{port}</port></replica></shard>")
    };
    let cluster: String = ports.map(shard).concat();
    let shards = ports.map(|port| {
        let config = format!(
            "<tcp_port>{port}</tcp_port><remote_servers><pair>{cluster}</pair></remote_servers>"
        );
        HostedEngine::start(&config, None, "SYSTEM START LISTEN TCP; ")
    });
    for shard in &shards {
        shard.sql("CREATE TABLE local (n UInt64, s String) ENGINE = MergeTree ORDER BY n");
    }
    shards[0].sql("CREATE TABLE spread AS local ENGINE = Distributed(pair, default, local, n)");
    shards
}

fn file(rows: u64) -> String {
    let rows = (0..rows).map(|n| format!("{n},row {n}\n"));
    std::iter::once("n,s\n".to_owned()).chain(rows).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_distributed_table_is_loaded_directly_and_says_so() {
    let [first, second] = shards();
    let server = TestServer::start_with(|config| config.engine = remote(&first.url)).await;
    let response = server.upload(spec("spread"), file(20_001)).await.unwrap();
    let transfer = response.transfer.unwrap();
    assert_eq!(transfer.commit_mode(), pb::CommitMode::Direct);
    let words = &transfer.guarantee;
    assert!(
        words.contains("neither atomic") && words.contains("Distributed"),
        "{words}"
    );
    assert_eq!(transfer.counters.unwrap().rows_committed, 20_001);
    // The answer means that the rows are on their shards.
    assert_eq!(first.sql("SELECT count() FROM local"), "10001");
    assert_eq!(second.sql("SELECT count() FROM local"), "10000");

    let exported = server.export(export_table("spread")).await.unwrap();
    assert_eq!(
        exported.summary.unwrap().counters.unwrap().rows_exported,
        20_001
    );
    server.sql("CREATE TABLE copy AS local");
    server.upload(spec("copy"), &exported.file).await.unwrap();
    assert_eq!(server.checksum("copy"), server.checksum("spread"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_distributed_table_cannot_promise_is_refused() {
    let [first, _second] = shards();
    let server = TestServer::start_with(|config| config.engine = remote(&first.url)).await;
    for mode in [
        pb::CommitMode::Atomic,
        pb::CommitMode::Blocks,
        pb::CommitMode::Replace,
    ] {
        let forced = pb::UploadSpec {
            commit_mode: mode.into(),
            ..spec("spread")
        };
        let status = server.upload(forced, file(10)).await.unwrap_err();
        assert_eq!(reason(&status), "COMMIT_MODE_UNAVAILABLE");
        let why = match mode {
            pb::CommitMode::Blocks => "default.local, which is behind it, does not deduplicate",
            _ => "its engine is Distributed",
        };
        assert!(status.message().contains(why), "{status:?}");
    }
    assert_eq!(server.sql("SELECT count() FROM spread"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_is_away_is_an_error_and_not_a_success() {
    let [first, mut second] = shards();
    let server = TestServer::start_with(|config| config.engine = remote(&first.url)).await;
    second.kill();
    let status = server
        .upload(spec("spread"), file(1_000))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let status = server.export(export_table("spread")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}
