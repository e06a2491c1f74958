//! Commits into replicated tables, with and without somebody dying in the middle.

use std::{io::Write as _, time::Duration};

use flate2::{Compression, write::GzEncoder};
use sluice_proto::v1 as pb;

use crate::{
    host,
    line::{Line, When},
    modes::{content_of, file, replicated, settled, unique},
    nodes::{Cluster, Node, PATIENCE, wait},
    service::{Service, spec},
};

/// What a table is made with besides: parts that were merged stay as long as a server keeps them.
const KEPT: &str = "old_parts_lifetime = 480";

/// The longest that a staging table may outlive its upload: the silence that is waited for before it is swept.
const SWEEP_LIMIT: Duration = Duration::from_secs(180);

/// What stands in the statements of a commit, in their order.
pub(crate) const STAGES: [&str; 5] = [
    "COMMIT",
    "ATTACH PARTITION",
    "DROP PARTITION ID",
    "DONE",
    "DROP TABLE IF EXISTS",
];

/// Waits until a node has no staging table.
pub(crate) fn is_clean(node: &Node) {
    let left = "SELECT count() FROM system.tables WHERE startsWith(name, '_sluice_')";
    wait(SWEEP_LIMIT, "a staging table is left", || {
        node.sql(left) == "0"
    });
}

async fn load(
    service: &Service,
    database: &str,
    mode: pb::CommitMode,
    rows: usize,
) -> pb::Transfer {
    let spec = spec(database, "t", mode);
    let transfer = service.upload(&spec, &file(rows)).await.unwrap();
    let wanted = match mode {
        pb::CommitMode::Unspecified => pb::CommitMode::Atomic,
        mode => mode,
    };
    assert_eq!(transfer.commit_mode(), wanted, "{}", transfer.guarantee);
    transfer
}

#[tokio::test(flavor = "multi_thread")]
async fn replicated_table_is_loaded_at_once_on_all_replicas() {
    let cluster = Cluster::start();
    let service = Service::start(&cluster.nodes[0].url);
    for rest in [
        "ORDER BY n",
        "PARTITION BY toYYYYMM(d) ORDER BY n",
        "PARTITION BY n % 90 ORDER BY n",
        "PARTITION BY toYYYYMM(d) ORDER BY n SETTINGS replicated_deduplication_window = 0",
    ] {
        let database = replicated(&cluster, "t", rest);
        let table = format!("{database}.t");
        let loaded = load(&service, &database, pb::CommitMode::Unspecified, 5_000).await;
        let words = &loaded.guarantee;
        assert!(words.contains("waits for that server"), "{words}");
        let remembers = words.contains("for 3600 s by replicated_deduplication_window_seconds");
        assert_eq!(remembers, !rest.contains("SETTINGS"), "{words}");
        let found = settled(&cluster, &table);
        assert!(found.starts_with(&content_of(5_000)), "{rest}: {found}");

        // The same rows under another id are other rows.
        load(&service, &database, pb::CommitMode::Unspecified, 5_000).await;
        let found = settled(&cluster, &table);
        assert!(found.starts_with("10000\t5000\t"), "{rest}: {found}");
        is_clean(&cluster.nodes[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicated_table_of_a_replicated_database_is_staged_for_apart() {
    let cluster = Cluster::start();
    let service = Service::start(&cluster.nodes[0].url);
    let database = unique("r");
    for node in &cluster.nodes[..2] {
        node.sql(&format!(
            "CREATE DATABASE {database} ENGINE = Replicated('/clickhouse/databases/{database}', '{{shard}}', '{{replica}}')"
        ));
    }
    cluster.nodes[0].sql(&format!(
        "CREATE TABLE {database}.t (d Date, n UInt64, s String) ENGINE = ReplicatedMergeTree \
         PARTITION BY toYYYYMM(d) ORDER BY n"
    ));
    load(&service, &database, pb::CommitMode::Unspecified, 5_000).await;
    let found = settled(&cluster, &format!("{database}.t"));
    assert!(found.starts_with(&content_of(5_000)), "{found}");
    for node in &cluster.nodes[..2] {
        is_clean(node);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicated_table_is_replaced_on_all_replicas() {
    let cluster = Cluster::start();
    let service = Service::start(&cluster.nodes[0].url);
    let database = replicated(&cluster, "t", "ORDER BY n");
    let table = format!("{database}.t");
    for rows in [5_000, 3_000] {
        load(&service, &database, pb::CommitMode::Replace, rows).await;
        let found = settled(&cluster, &table);
        assert!(found.starts_with(&content_of(rows)), "{found}");
    }
    let replace = spec(&database, "t", pb::CommitMode::Replace);
    let status = service.upload(&replace, b"d,n,s\n").await.unwrap_err();
    assert!(status.message().contains("allow"), "{status:?}");
    let nothing = pb::UploadSpec {
        allow_empty: true,
        ..spec(&database, "t", pb::CommitMode::Replace)
    };
    service.upload(&nothing, b"d,n,s\n").await.unwrap();
    let found = settled(&cluster, &table);
    assert!(found.starts_with("0\t"), "{found}");
    is_clean(&cluster.nodes[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicated_table_with_views_is_loaded_in_blocks() {
    let cluster = Cluster::start();
    let service = Service::start(&cluster.nodes[0].url);
    let database = replicated(&cluster, "t", "ORDER BY n");
    cluster.count_days(&database);
    let spec = spec(&database, "t", pb::CommitMode::Unspecified);
    let loaded = service.upload(&spec, &file(5_000)).await.unwrap();
    assert_eq!(loaded.commit_mode(), pb::CommitMode::Blocks);
    let found = settled(&cluster, &format!("{database}.t"));
    assert!(found.starts_with(&content_of(5_000)), "{found}");
    let seen = format!("SELECT sum(c) FROM {database}.days");
    assert_eq!(cluster.nodes[0].sql(&seen), "5000");
}

/// Loads a file while something happens at a statement; the table then has exactly that file. What is left is
/// swept later, and looked for when all is done.
async fn survives(
    cluster: &mut Cluster,
    (service, line): (&Service, &Line),
    (stage, when): (&str, When),
    window: u32,
    happen: impl AsyncFnOnce(&mut Cluster),
) {
    println!("{when:?} {stage}");
    let database = replicated(
        cluster,
        "t",
        &format!(
            "PARTITION BY toYYYYMM(d) ORDER BY n \
             SETTINGS {KEPT}, replicated_deduplication_window = {window}"
        ),
    );
    let spec = spec(&database, "t", pb::CommitMode::Atomic);
    let file = file(5_000);
    let catch = line.wait_for(stage, when);
    let upload = service.upload_to_the_end(&spec, &file);
    let trouble = async {
        tokio::time::timeout(PATIENCE, catch.caught)
            .await
            .expect("no such statement")
            .unwrap();
        happen(cluster).await;
        drop(catch._release);
    };
    tokio::join!(upload, trouble);
    let found = settled(cluster, &format!("{database}.t"));
    assert!(
        found.starts_with(&content_of(5_000)),
        "{when:?} {stage}: {found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn node_dies_at_every_stage_of_a_commit() {
    let mut cluster = Cluster::start();
    if !cluster.is_ours() {
        return;
    }
    let line = Line::start(&cluster.nodes[0].url).await;
    let service = Service::start(&line.url);
    for stage in STAGES {
        for when in When::ALL {
            let window = if when == When::After { 0 } else { 1000 };
            survives(
                &mut cluster,
                (&service, &line),
                (stage, when),
                window,
                async |cluster| {
                    if when == When::During {
                        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..30))).await;
                    }
                    cluster.nodes[0].kill();
                    line.cut();
                    cluster.nodes[0].start_again();
                },
            )
            .await;
        }
    }
    is_clean(&cluster.nodes[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_completes_what_one_has_begun() {
    let cluster = Cluster::start();
    let line = Line::start(&cluster.nodes[0].url).await;
    let second = Service::start(&cluster.nodes[0].url);
    for stage in STAGES {
        for when in When::ALL {
            let first = Service::start(&line.url);
            let database = replicated(
                &cluster,
                "t",
                &format!(
                    "PARTITION BY toYYYYMM(d) ORDER BY n SETTINGS {KEPT}, replicated_deduplication_window = 0"
                ),
            );
            let spec = spec(&database, "t", pb::CommitMode::Atomic);
            let file = file(5_000);
            let catch = line.wait_for(stage, when);
            let upload = first.upload(&spec, &file);
            let dying = async {
                tokio::time::timeout(PATIENCE, catch.caught)
                    .await
                    .unwrap()
                    .unwrap();
                first.kill();
                // What it has sent may still come.
                let late = tokio::time::sleep(Duration::from_millis(fastrand::u64(0..200)));
                let (_, ()) = tokio::join!(second.upload_to_the_end(&spec, &file), async {
                    late.await;
                    drop(catch._release);
                });
            };
            let (_, ()) = tokio::join!(upload, dying);
            let found = settled(&cluster, &format!("{database}.t"));
            assert!(
                found.starts_with(&content_of(5_000)),
                "{when:?} {stage}: {found}"
            );
        }
    }
    is_clean(&cluster.nodes[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_complete_one_commit_together() {
    let cluster = Cluster::start();
    let line = Line::start(&cluster.nodes[0].url).await;
    let first = Service::start(&line.url);
    let second = Service::start(&cluster.nodes[0].url);
    for stage in STAGES {
        for when in When::ALL {
            let rest = format!("PARTITION BY n % 40 ORDER BY n SETTINGS {KEPT}");
            let database = replicated(&cluster, "t", &rest);
            let spec = spec(&database, "t", pb::CommitMode::Atomic);
            let file = file(5_000);
            let catch = line.wait_for(stage, when);
            let together = async {
                tokio::time::timeout(PATIENCE, catch.caught)
                    .await
                    .expect("no such statement")
                    .unwrap();
                let pause = Duration::from_millis(fastrand::u64(0..300));
                tokio::join!(second.upload_to_the_end(&spec, &file), async {
                    tokio::time::sleep(pause).await;
                    drop(catch._release);
                });
            };
            // One of the two may be told that the other one does it.
            let (_, ()) = tokio::join!(first.upload(&spec, &file), together);
            let found = settled(&cluster, &format!("{database}.t"));
            assert!(
                found.starts_with(&content_of(5_000)),
                "{when:?} {stage}: {found}"
            );
        }
    }
    is_clean(&cluster.nodes[0]);
}

/// Rows so long that each is a block, packed.
fn long_rows(rows: usize) -> Vec<u8> {
    let mut file = GzEncoder::new(Vec::new(), Compression::fast());
    file.write_all(b"d,n,s\n").unwrap();
    let text = "x".repeat(256 << 10);
    for n in 0..rows {
        file.write_all(format!("2024-01-01,{n},{text}\n").as_bytes())
            .unwrap();
    }
    file.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn partition_of_more_parts_than_replicas_can_add_at_once_is_merged_before() {
    // A minute for a thousand blocks: left to `make cluster`.
    if host::variable("CLUSTER_ROUNDS").is_none() {
        return;
    }
    let cluster = Cluster::start();
    let service = Service::start_with(&cluster.nodes[0].url, 1);
    let database = replicated(&cluster, "t", "ORDER BY n");
    let spec = spec(&database, "t", pb::CommitMode::Atomic);
    service.upload(&spec, &long_rows(1_020)).await.unwrap();
    let found = settled(&cluster, &format!("{database}.t"));
    assert!(found.starts_with(&content_of(1_020)), "{found}");
    let largest =
        format!("SELECT max(rows) FROM system.parts WHERE database = '{database}' AND table = 't'");
    assert_eq!(cluster.nodes[0].sql(&largest), "1020");
}
