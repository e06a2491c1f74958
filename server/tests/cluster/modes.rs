//! What an upload into each kind of table of a cluster promises, and keeps.

use std::time::Duration;

use sluice_proto::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use crate::{
    line::Line,
    nodes::{ALL, Cluster, Node, PATIENCE, wait},
    service::{Service, spec},
};

/// Rows over three months.
pub(crate) fn file(rows: usize) -> Vec<u8> {
    let line = |n: usize| format!("2024-{:02}-{:02},{n},\"row, {n}\"\n", n % 3 + 1, n % 28 + 1);
    let lines = (0..rows).map(line);
    let lines = std::iter::once("d,n,s\n".to_owned()).chain(lines);
    lines.collect::<String>().into_bytes()
}

/// A name that no other run has.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}_{}", Uuid::new_v4().simple())
}

/// Makes a database, and in it a table of the first shard with a replica on two nodes; `rest` is what stands
/// behind its engine.
pub(crate) fn replicated(cluster: &Cluster, table: &str, rest: &str) -> String {
    let database = unique("d");
    cluster.everywhere(&format!("CREATE DATABASE {database}"));
    for node in &cluster.nodes {
        node.sql(&format!(
            "CREATE TABLE {database}.{table} (d Date, n UInt64, s String) \
             ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{{shard}}/{table}', '{{replica}}') {rest}"
        ));
    }
    database
}

/// The number of rows, of different rows, and a checksum.
pub(crate) fn content(node: &Node, table: &str) -> String {
    node.sql(&format!(
        "SELECT count(), uniqExact(n), sum(cityHash64(*)) FROM {table}"
    ))
}

/// What the content of a table must be.
pub(crate) fn content_of(rows: usize) -> String {
    format!("{rows}\t{rows}\t")
}

/// Waits until both replicas have the same, and returns it.
pub(crate) fn settled(cluster: &Cluster, table: &str) -> String {
    let [first, second, _] = cluster.nodes.as_slice() else {
        panic!("three nodes")
    };
    for node in [first, second] {
        node.sql(&format!("SYSTEM SYNC REPLICA {table}"));
    }
    let found = content(first, table);
    assert_eq!(content(second, table), found, "the replicas differ");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn replicated_table_is_loaded_directly_or_in_blocks_when_that_is_asked_for() {
    let cluster = Cluster::start();
    let database = replicated(&cluster, "t", "PARTITION BY toYYYYMM(d) ORDER BY n");
    let table = format!("{database}.t");
    let service = Service::start(&cluster.nodes[0].url);
    let loaded = service
        .upload(&spec(&database, "t", pb::CommitMode::Direct), &file(5_000))
        .await
        .unwrap();
    assert_eq!(loaded.commit_mode(), pb::CommitMode::Direct);
    assert!(settled(&cluster, &table).starts_with(&content_of(5_000)));

    cluster.nodes[0].sql(&format!("TRUNCATE TABLE {table}"));
    let blocks = spec(&database, "t", pb::CommitMode::Blocks);
    let loaded = service.upload(&blocks, &file(5_000)).await.unwrap();
    assert_eq!(loaded.commit_mode(), pb::CommitMode::Blocks);
    assert!(
        loaded.guarantee.contains("replicated_deduplication_window"),
        "{}",
        loaded.guarantee
    );
    let replayed = service.upload(&blocks, &file(5_000)).await.unwrap();
    assert_eq!(replayed.transfer_id, loaded.transfer_id);
    assert!(settled(&cluster, &table).starts_with(&content_of(5_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_survive_the_death_of_node_and_server() {
    let mut cluster = Cluster::start();
    if !cluster.is_ours() {
        return;
    }
    let database = replicated(&cluster, "t", "PARTITION BY toYYYYMM(d) ORDER BY n");
    let table = format!("{database}.t");
    let service = Service::start(&cluster.nodes[0].url);
    let blocks = spec(&database, "t", pb::CommitMode::Blocks);
    let file = file(100_000);
    let upload = service.upload_to_the_end(&blocks, &file);
    let trouble = async {
        let pause = Duration::from_millis(600);
        tokio::time::sleep(pause).await;
        cluster.nodes[0].kill();
        cluster.nodes[0].start_again();
        tokio::time::sleep(pause).await;
        service.kill();
        service.start_again();
        tokio::time::sleep(pause).await;
        cluster.nodes[0].freeze();
        tokio::time::sleep(pause).await;
        cluster.nodes[0].thaw();
    };
    let (loaded, ()) = tokio::join!(upload, trouble);
    assert_eq!(loaded.commit_mode(), pb::CommitMode::Blocks);
    assert!(settled(&cluster, &table).starts_with(&content_of(100_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn replicated_table_behind_a_balancer_is_loaded_directly() {
    let cluster = Cluster::start();
    let database = replicated(&cluster, "t", "ORDER BY n");
    let nodes = [cluster.nodes[0].url.as_str(), cluster.nodes[1].url.as_str()];
    let line = Line::balance(&nodes).await;
    let service = Service::start(&line.url);
    for (asked, mode) in [
        (pb::CommitMode::Unspecified, pb::CommitMode::Direct),
        (pb::CommitMode::Blocks, pb::CommitMode::Blocks),
    ] {
        let loaded = service
            .upload(&spec(&database, "t", asked), &file(5_000))
            .await;
        let loaded = loaded.unwrap();
        assert_eq!(loaded.commit_mode(), mode, "{}", loaded.guarantee);
        let table = format!("{database}.t");
        assert!(settled(&cluster, &table).starts_with(&content_of(5_000)));
        cluster.nodes[0].sql(&format!("TRUNCATE TABLE {table} SETTINGS alter_sync = 2"));
    }
    let atomic = spec(&database, "t", pb::CommitMode::Atomic);
    let status = service.upload(&atomic, &file(10)).await.unwrap_err();
    assert!(status.message().contains("servers answer"), "{status:?}");
}

/// Makes a table over all shards, and returns its name.
fn spread(cluster: &Cluster, database: &str, name: &str, key: &str) -> String {
    for node in &cluster.nodes {
        node.sql(&format!(
            "CREATE TABLE {database}.{name} AS {database}.t ENGINE = Distributed({ALL}, {database}, t, {key})"
        ));
    }
    format!("{database}.{name}")
}

#[tokio::test(flavor = "multi_thread")]
async fn distributed_table_is_loaded_in_blocks_each_once() {
    let mut cluster = Cluster::start();
    let database = replicated(&cluster, "t", "PARTITION BY toYYYYMM(d) ORDER BY n");
    let spread = spread(&cluster, &database, "spread", "cityHash64(n)");
    let service = Service::start(&cluster.nodes[0].url);
    let auto = spec(&database, "spread", pb::CommitMode::Unspecified);
    let loaded = service.upload(&auto, &file(10_001)).await.unwrap();
    let words = &loaded.guarantee;
    assert_eq!(loaded.commit_mode(), pb::CommitMode::Blocks, "{words}");
    let named = format!("{database}.t remembers");
    assert!(words.contains(&named), "{words}");
    let found = content(&cluster.nodes[0], &spread);
    assert!(found.starts_with(&content_of(10_001)), "{found}");
    let other = content(&cluster.nodes[2], &format!("{database}.t"));
    assert!(!other.starts_with("0\t"), "the second shard has nothing");
    if !cluster.is_ours() {
        return;
    }

    cluster.nodes[0].sql(&format!("TRUNCATE TABLE {database}.t"));
    cluster.nodes[2].sql(&format!("TRUNCATE TABLE {database}.t"));
    settled(&cluster, &format!("{database}.t"));
    let again = spec(&database, "spread", pb::CommitMode::Blocks);
    let file = file(100_000);
    let upload = service.upload_to_the_end(&again, &file);
    let trouble = async {
        let pause = Duration::from_millis(500);
        tokio::time::sleep(pause).await;
        cluster.nodes[2].kill();
        tokio::time::sleep(2 * pause).await;
        cluster.nodes[2].start_again();
        tokio::time::sleep(pause).await;
        service.kill();
        service.start_again();
    };
    let (loaded, ()) = tokio::join!(upload, trouble);
    assert_eq!(loaded.commit_mode(), pb::CommitMode::Blocks);
    settled(&cluster, &format!("{database}.t"));
    let found = content(&cluster.nodes[0], &spread);
    assert!(found.starts_with(&content_of(100_000)), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn distributed_table_that_may_take_a_block_twice_is_loaded_directly() {
    let cluster = Cluster::start();
    let service = Service::start(&cluster.nodes[0].url);
    let random = replicated(&cluster, "t", "ORDER BY n");
    spread(&cluster, &random, "spread", "rand()");
    let forgetful = "ORDER BY n SETTINGS replicated_deduplication_window = 0";
    let forgetful = replicated(&cluster, "t", forgetful);
    spread(&cluster, &forgetful, "spread", "n");
    let seen = replicated(&cluster, "t", "ORDER BY n");
    spread(&cluster, &seen, "spread", "n");
    cluster.nodes[2].sql(&format!(
        "CREATE MATERIALIZED VIEW {seen}.view ENGINE = MergeTree ORDER BY n AS SELECT n FROM {seen}.t"
    ));
    for (database, why) in [
        (random, "its sharding key rand()"),
        (forgetful, "does not deduplicate"),
        (seen, "a materialized view reads from"),
    ] {
        let auto = spec(&database, "spread", pb::CommitMode::Unspecified);
        let loaded = service.upload(&auto, &file(1_000)).await.unwrap();
        assert_eq!(loaded.commit_mode(), pb::CommitMode::Direct);
        assert!(loaded.guarantee.contains(why), "{}", loaded.guarantee);
        let found = content(&cluster.nodes[1], &format!("{database}.spread"));
        assert!(found.starts_with(&content_of(1_000)), "{found}");
        let blocks = spec(&database, "spread", pb::CommitMode::Blocks);
        let status = service.upload(&blocks, &file(10)).await.unwrap_err();
        assert!(status.message().contains(why), "{status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_table_of_a_replicated_database_is_on_every_server() {
    let cluster = Cluster::start();
    let database = unique("r");
    for node in &cluster.nodes[..2] {
        node.sql(&format!(
            "CREATE DATABASE {database} ENGINE = Replicated('/clickhouse/databases/{database}', '{{shard}}', '{{replica}}')"
        ));
    }
    let service = Service::start(&cluster.nodes[0].url);
    let create = pb::UploadSpec {
        create_table: true,
        ..spec(&database, "t", pb::CommitMode::Unspecified)
    };
    service.upload(&create, &file(5_000)).await.unwrap();
    let table = format!("{database}.t");
    wait(PATIENCE, "the table does not come", || {
        let there = format!("EXISTS TABLE {table}");
        cluster.nodes[1].sql(&there) == "1"
    });
    let found = settled(&cluster, &table);
    assert!(found.starts_with(&content_of(5_000)), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_table_is_made_on_a_whole_cluster() {
    let cluster = Cluster::start();
    let database = unique("d");
    cluster.everywhere(&format!("CREATE DATABASE {database}"));
    let service = Service::start(&cluster.nodes[0].url);
    let create = pb::UploadSpec {
        create_table: true,
        create_on_cluster: ALL.to_owned(),
        ..spec(&database, "t", pb::CommitMode::Unspecified)
    };
    let loaded = service.upload(&create, &file(5_000)).await.unwrap();
    assert_eq!(loaded.commit_mode(), pb::CommitMode::Atomic);
    let found = settled(&cluster, &format!("{database}.t"));
    assert!(found.starts_with(&content_of(5_000)), "{found}");
    // Another shard has the table, and no row.
    let other = content(&cluster.nodes[2], &format!("{database}.t"));
    assert!(other.starts_with("0\t"), "{other}");

    // What fails leaves it on no server.
    let failing = pb::UploadSpec {
        create_table: true,
        create_on_cluster: ALL.to_owned(),
        ..spec(&database, "u", pb::CommitMode::Unspecified)
    };
    let mut bad = file(100_000);
    bad.extend_from_slice(b"2024-01-01,x,y\n");
    service.upload(&failing, &bad).await.unwrap_err();
    for node in &cluster.nodes {
        assert_eq!(node.sql(&format!("EXISTS TABLE {database}.u")), "0");
    }
    let missing = pb::UploadSpec {
        create_on_cluster: "nowhere".to_owned(),
        ..pb::UploadSpec {
            create_table: true,
            ..spec(&database, "v", pb::CommitMode::Unspecified)
        }
    };
    let status = service.upload(&missing, &file(10)).await.unwrap_err();
    assert!(status.message().contains("nowhere"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicated_table_that_remembers_nothing_takes_no_blocks() {
    let cluster = Cluster::start();
    let window = "ORDER BY n SETTINGS replicated_deduplication_window = 0";
    let database = replicated(&cluster, "t", window);
    let service = Service::start(&cluster.nodes[0].url);
    let blocks = spec(&database, "t", pb::CommitMode::Blocks);
    let status = service.upload(&blocks, &file(10)).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(
        status
            .message()
            .contains("replicated_deduplication_window is 0"),
        "{status:?}"
    );
}
