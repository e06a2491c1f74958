//! One journal on all nodes: servers at different nodes know of one another's uploads, and a server goes on at
//! another node when its own is lost.

use std::time::{Duration, Instant};

use sluice_proto::v1 as pb;
use tonic::Code;

use crate::{
    commit::is_clean,
    line::{Line, When},
    modes::{content, content_of, file, replicated, settled},
    nodes::{Cluster, Node, PATIENCE},
    service::{Service, spec},
};

/// The tables of the journal that an upload is known by.
const JOURNAL: [&str; 6] = [
    "claims_2",
    "transfers_2",
    "uploads_2",
    "checkpoints_2",
    "places_2",
    "intents_2",
];

const MODES: [pb::CommitMode; 4] = [
    pb::CommitMode::Atomic,
    pb::CommitMode::Blocks,
    pb::CommitMode::Replace,
    pb::CommitMode::Direct,
];

/// Rows of a file that takes some time.
const MANY: usize = 300_000;

#[tokio::test(flavor = "multi_thread")]
async fn upload_is_known_at_every_node() {
    let cluster = Cluster::start();
    let services = [0, 1, 2].map(|node| Service::start(&cluster.nodes[node].url));
    for mode in MODES {
        let database = replicated(&cluster, "t", "ORDER BY n");
        let spec = spec(&database, "t", mode);
        for turn in 0..6 {
            let service = &services[turn % 2];
            assert_eq!(
                service.knows(&spec, &file(5_000)).await,
                turn > 0,
                "{mode:?}"
            );
        }
        // One of another shard has the same journal.
        assert!(services[2].knows(&spec, &file(5_000)).await);
        let found = settled(&cluster, &format!("{database}.t"));
        assert!(found.starts_with(&content_of(5_000)), "{mode:?}: {found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_at_two_nodes_load_what_both_are_sent_once() {
    let cluster = Cluster::start();
    let services = [0, 1].map(|node| Service::start(&cluster.nodes[node].url));
    for mode in [pb::CommitMode::Atomic, pb::CommitMode::Blocks] {
        for _ in 0..5 {
            let database = replicated(&cluster, "t", "PARTITION BY toYYYYMM(d) ORDER BY n");
            let spec = spec(&database, "t", mode);
            let file = file(30_000);
            tokio::join!(
                services[0].upload_to_the_end(&spec, &file),
                services[1].upload_to_the_end(&spec, &file)
            );
            let found = settled(&cluster, &format!("{database}.t"));
            assert!(found.starts_with(&content_of(30_000)), "{mode:?}: {found}");
        }
    }
}

/// Waits until nothing has been written to the journal for a second.
async fn until_quiet(node: &Node) {
    let rows = JOURNAL.map(|name| format!("SELECT count() AS rows FROM sluice.{name}"));
    let rows = format!("SELECT sum(rows) FROM ({})", rows.join(" UNION ALL "));
    let mut before = String::new();
    loop {
        let now = node.sql(&rows);
        if now == before {
            return;
        }
        before = now;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn server_goes_on_at_another_node_when_its_own_is_lost() {
    let mut cluster = Cluster::start();
    if !cluster.is_ours() {
        return;
    }
    let both = format!("{},{}", cluster.nodes[0].url, cluster.nodes[1].url);
    let service = Service::start(&both);
    for mode in [
        pb::CommitMode::Atomic,
        pb::CommitMode::Blocks,
        pb::CommitMode::Replace,
    ] {
        let database = replicated(&cluster, "t", "ORDER BY n");
        let table = format!("{database}.t");
        let file = file(MANY);
        let spec = pb::UploadSpec {
            total_bytes: i64::try_from(file.len()).ok(),
            ..spec(&database, "t", mode)
        };
        let (begun, rest) = file.split_at(file.len() / 2);
        let (sender, half) = service.begin(&spec, begun).await;
        let lose = async {
            // What the journal has is at the other node too: all that was begun is sent by then.
            tokio::time::sleep(Duration::from_secs(2)).await;
            until_quiet(&cluster.nodes[0]).await;
            for name in JOURNAL {
                cluster.nodes[1].sql(&format!("SYSTEM SYNC REPLICA sluice.{name}"));
            }
            cluster.nodes[0].kill();
            drop((sender, rest));
        };
        let (outcome, ()) = tokio::join!(half, lose);
        outcome.unwrap_err();
        let loaded = service.upload_to_the_end(&spec, &file).await;
        assert_eq!(loaded.commit_mode(), mode, "{}", loaded.guarantee);
        let found = content(&cluster.nodes[1], &table);
        assert!(found.starts_with(&content_of(MANY)), "{mode:?}: {found}");
        // It is told so again, whether or not the first node is there.
        assert!(service.knows(&spec, &file).await);
        cluster.nodes[0].start_again();
        let found = settled(&cluster, &table);
        assert!(found.starts_with(&content_of(MANY)), "{mode:?}: {found}");
        assert!(service.knows(&spec, &file).await);
    }
    is_clean(&cluster.nodes[0]);
    is_clean(&cluster.nodes[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn success_is_told_when_a_second_replica_has_the_rows() {
    let cluster = Cluster::start();
    let both = format!("{},{}", cluster.nodes[0].url, cluster.nodes[1].url);
    let service = Service::start(&both);
    for round in 0..5 {
        let database = replicated(&cluster, "t", "PARTITION BY n % 20 ORDER BY n");
        let table = format!("{database}.t");
        let spec = spec(&database, "t", pb::CommitMode::Atomic);
        if round == 4 {
            // It is not waited for without end.
            cluster.nodes[1].sql(&format!("SYSTEM STOP FETCHES {table}"));
        }
        service.upload(&spec, &file(5_000)).await.unwrap();
        let found = content(&cluster.nodes[1], &table);
        let all = found.starts_with(&content_of(5_000));
        assert_eq!(all, round < 4, "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_waits_for_the_node_that_has_the_rows() {
    let mut cluster = Cluster::start();
    if !cluster.is_ours() {
        return;
    }
    let line = Line::start(&cluster.nodes[0].url).await;
    let first = Service::start(&line.url);
    let second = Service::start(&cluster.nodes[1].url);
    let both = Service::start(&format!("{},{}", cluster.nodes[1].url, line.url));
    let database = replicated(&cluster, "t", "ORDER BY n");
    let table = format!("{database}.t");
    let spec = spec(&database, "t", pb::CommitMode::Atomic);
    let file = file(5_000);
    let mut catch = line.wait_for("ATTACH PARTITION", When::Before);
    let upload = first.upload(&spec, &file);
    let trouble = async {
        (&mut catch.caught).await.unwrap();
        first.kill();
        for name in JOURNAL {
            cluster.nodes[1].sql(&format!("SYSTEM SYNC REPLICA sluice.{name}"));
        }
        cluster.nodes[0].kill();
    };
    let (outcome, ()) = tokio::join!(upload, trouble);
    outcome.unwrap_err();
    drop(catch);
    // Another server may not reach that node at all.
    let status = second.upload(&spec, &file).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.message().contains("at the node 1-r1"), "{status:?}");
    // One that does waits for it.
    let status = both.upload(&spec, &file).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let found = content(&cluster.nodes[1], &table);
    assert!(found.starts_with("0\t"), "{found}");
    cluster.nodes[0].start_again();
    both.upload_to_the_end(&spec, &file).await;
    let found = settled(&cluster, &table);
    assert!(found.starts_with(&content_of(5_000)), "{found}");
    assert!(second.knows(&spec, &file).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_lost_node_knows_is_waited_for() {
    let mut cluster = Cluster::start();
    if !cluster.is_ours() {
        return;
    }
    let both = format!("{},{}", cluster.nodes[0].url, cluster.nodes[1].url);
    let service = Service::start(&both);
    let database = replicated(&cluster, "t", "ORDER BY n");
    let table = format!("{database}.t");
    let before = spec(&database, "t", pb::CommitMode::Atomic);
    service.upload(&before, &file(10)).await.unwrap();
    for node in &cluster.nodes[..2] {
        node.sql("SYSTEM SYNC REPLICA sluice.claims_2");
    }
    cluster.nodes[1].sql("SYSTEM STOP FETCHES sluice.claims_2");
    let spec = spec(&database, "t", pb::CommitMode::Atomic);
    service.upload(&spec, &file(5_000)).await.unwrap();
    cluster.nodes[0].kill();
    wait_for_other(&service).await;
    let status = service.upload(&spec, &file(5_000)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.message().contains("at another node"), "{status:?}");
    cluster.nodes[0].start_again();
    cluster.nodes[1].sql("SYSTEM START FETCHES sluice.claims_2");
    service.upload_to_the_end(&spec, &file(5_000)).await;
    assert!(service.knows(&spec, &file(5_000)).await);
    let found = settled(&cluster, &table);
    assert!(found.starts_with("5010\t5000\t"), "{found}");
}

/// Waits until a server has seen that its first node is gone.
async fn wait_for_other(service: &Service) {
    let started = Instant::now();
    while service.check().await.is_err() {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_at_another_node_stops_an_upload_at_once() {
    let cluster = Cluster::start();
    let services = [0, 1].map(|node| Service::start(&cluster.nodes[node].url));
    for mode in [pb::CommitMode::Atomic, pb::CommitMode::Blocks] {
        let database = replicated(&cluster, "t", "ORDER BY n");
        let spec = spec(&database, "t", mode);
        let file = file(2_000_000);
        let upload = services[0].upload(&spec, &file);
        let cancel = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let asked = Instant::now();
            let transfer = services[1].cancel(&spec.transfer_id).await.unwrap();
            (transfer, asked.elapsed())
        };
        let (outcome, (transfer, took)) = tokio::join!(upload, cancel);
        assert_eq!(outcome.unwrap_err().code(), Code::Cancelled);
        assert_eq!(transfer.state(), pb::TransferState::Cancelled);
        assert!(took < Duration::from_secs(5), "{took:?}");
        let found = settled(&cluster, &format!("{database}.t"));
        let rows: i64 = found.split('\t').next().unwrap().parse().unwrap();
        match mode {
            pb::CommitMode::Atomic => assert_eq!(rows, 0),
            _ => assert_eq!(rows, transfer.counters.unwrap().rows_committed, "{found}"),
        }
        // It stays so, wherever it is sent.
        for service in &services {
            service.upload(&spec, &file).await.unwrap_err();
        }
        let again = settled(&cluster, &format!("{database}.t"));
        assert_eq!(again, found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn journal_of_one_node_is_not_taken_for_one_of_several() {
    let cluster = Cluster::start();
    if !cluster.is_ours() {
        return;
    }
    for node in &cluster.nodes[..2] {
        node.sql("CREATE DATABASE sluice");
        node.sql("CREATE TABLE sluice.claims_2 (transfer_id UUID) ORDER BY transfer_id");
    }
    let both = format!("{},{}", cluster.nodes[0].url, cluster.nodes[1].url);
    let service = Service::start(&both);
    let database = replicated(&cluster, "t", "ORDER BY n");
    let spec = spec(&database, "t", pb::CommitMode::Atomic);
    let loaded = service.upload(&spec, &file(5_000)).await.unwrap();
    let words = &loaded.guarantee;
    assert!(
        words.contains("the tables of the database sluice"),
        "{words}"
    );
    assert!(words.contains("may load its rows again"), "{words}");
}
