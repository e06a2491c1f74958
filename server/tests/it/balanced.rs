//! An address at which several servers answer: what is promised there, and what is refused.

use sluice_proto::v1 as pb;

use crate::support::{
    TestServer, balanced::balance, counters, hosted::HostedEngine, reason, remote, spec,
};

const FILE: &str = "n,s\n1,a\n2,b\n3,c\n";

/// Two engines with tables of their own, and a balancer before them.
async fn pair() -> ([HostedEngine; 2], String) {
    let engines = [(); 2].map(|()| HostedEngine::start("", None, ""));
    for engine in &engines {
        engine.sql("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n");
        engine.sql(
            "CREATE TABLE d (n UInt64, s String) ENGINE = MergeTree ORDER BY n \
             SETTINGS non_replicated_deduplication_window = 100",
        );
    }
    let url = balance(&engines).await;
    (engines, url)
}

fn rows(engines: &[HostedEngine], table: &str) -> u64 {
    let count = |engine: &HostedEngine| engine.sql(&format!("SELECT count() FROM {table}"));
    let counts = engines
        .iter()
        .map(|engine| count(engine).parse::<u64>().unwrap());
    counts.sum()
}

fn forced(table: &str, mode: pb::CommitMode) -> pb::UploadSpec {
    pb::UploadSpec {
        commit_mode: mode.into(),
        ..spec(table)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_of_several_servers_takes_is_promised_as_such() {
    let (engines, url) = pair().await;
    let server = TestServer::start_with(|config| config.engine = remote(&url)).await;
    let mut catalog = server.catalog().await;
    let request = pb::CheckConnectionRequest::default();
    let answer = catalog.check_connection(request).await.unwrap();
    let warnings = answer.into_inner().warnings;
    let is_told = |words: &String| words.starts_with("2 servers answer at the address");
    assert!(warnings.iter().any(is_told), "{warnings:?}");
    for table in ["t", "d"] {
        let response = server.upload(spec(table), FILE).await.unwrap();
        assert_eq!(counters(&response).rows_committed, 3);
        let transfer = response.transfer.unwrap();
        assert_eq!(transfer.commit_mode(), pb::CommitMode::Direct);
        let words = &transfer.guarantee;
        for part in [
            "neither atomic nor deduplicated",
            "2 servers answer at the address",
            "on the one server that took them",
        ] {
            assert!(words.contains(part), "{words}");
        }
        assert!(!words.contains("never loads its rows twice"), "{words}");
        assert_eq!(rows(&engines, table), 3);
        for mode in [
            pb::CommitMode::Atomic,
            pb::CommitMode::Replace,
            pb::CommitMode::Blocks,
        ] {
            let status = server.upload(forced(table, mode), FILE).await.unwrap_err();
            assert_eq!(reason(&status), "COMMIT_MODE_UNAVAILABLE", "{status:?}");
            let words = status.message();
            assert!(words.contains("2 servers answer at the address"), "{words}");
            assert!(words.contains("name one server"), "{words}");
        }
        assert_eq!(rows(&engines, table), 3);
    }
    // No journal is begun on either of them.
    let journals = "SELECT count() FROM system.databases WHERE name = 'sluice'";
    assert_eq!(engines.each_ref().map(|own| own.sql(journals)), ["0", "0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_table_is_not_made_on_one_of_several_servers() {
    let (engines, url) = pair().await;
    let server = TestServer::start_with(|config| config.engine = remote(&url)).await;
    let spec = pb::UploadSpec {
        create_table: true,
        ..spec("made")
    };
    let status = server.upload(spec, FILE).await.unwrap_err();
    assert_eq!(reason(&status), "COMMIT_MODE_UNAVAILABLE", "{status:?}");
    let words = status.message();
    assert!(words.contains("2 servers answer at the address"), "{words}");
    assert!(words.contains("of the engine Replicated"), "{words}");
    let made = "SELECT count() FROM system.tables WHERE name = 'made'";
    assert_eq!(engines.each_ref().map(|own| own.sql(made)), ["0", "0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_behind_a_balancer_keeps_its_promises() {
    let engines = [HostedEngine::start("", None, "")];
    engines[0].sql("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n");
    let url = balance(&engines).await;
    let server = TestServer::start_with(|config| config.engine = remote(&url)).await;
    let mut catalog = server.catalog().await;
    let request = pb::CheckConnectionRequest::default();
    let answer = catalog.check_connection(request).await.unwrap();
    let warnings = answer.into_inner().warnings;
    assert!(
        !warnings
            .iter()
            .any(|words| words.contains("servers answer")),
        "{warnings:?}"
    );
    let response = server.upload(spec("t"), FILE).await.unwrap();
    let transfer = response.transfer.unwrap();
    assert_eq!(transfer.commit_mode(), pb::CommitMode::Atomic);
    let words = &transfer.guarantee;
    assert!(words.contains("never loads its rows twice"), "{words}");
}
