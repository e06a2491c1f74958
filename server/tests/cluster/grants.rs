//! Users who may load replicated tables, with exactly what `docs/grants.md` lists, and with less.

use std::fmt::Write as _;

use sluice_proto::v1 as pb;
use tonic::Code;

use crate::{
    modes::{content, file},
    nodes::{Cluster, Node, PATIENCE, wait},
    service::{Service, spec},
};

/// Whose grants are those of `docs/grants.md` for `granted.t`, `granted.r` and the table of a database of the
/// engine Replicated.
const LOADER: &str = "loader";

/// The same without one.
const LESS: &str = "less";

/// What only the one of them has.
const MISSING: &str = "GRANT ALTER DELETE ON granted.t";

const GRANTS: [&str; 12] = [
    "GRANT INSERT, SYSTEM SYNC REPLICA ON granted.t",
    "GRANT INSERT, ALTER DELETE, SYSTEM SYNC REPLICA, TRUNCATE ON granted.r",
    "GRANT INSERT, ALTER DELETE, SYSTEM SYNC REPLICA ON shared.t",
    "GRANT SELECT ON system.merge_tree_settings",
    "GRANT SELECT ON system.replicated_merge_tree_settings",
    "GRANT SELECT ON system.parts",
    "GRANT SELECT ON system.processes",
    "GRANT SELECT, INSERT, CREATE TABLE, DROP TABLE, ALTER DELETE, OPTIMIZE ON granted._sluice_*",
    "GRANT SELECT, INSERT, CREATE TABLE, DROP TABLE, ALTER DELETE, OPTIMIZE ON sluice._sluice_*",
    "GRANT CREATE DATABASE, CREATE TABLE, SELECT, INSERT, SYSTEM SYNC REPLICA ON sluice.*",
    "GRANT TABLE ENGINE ON MergeTree, TABLE ENGINE ON ReplicatedMergeTree, TABLE ENGINE ON ReplicatedReplacingMergeTree",
    "GRANT SELECT ON system.replicas",
];

/// Them, as the configuration of a node has them.
pub(crate) fn users() -> String {
    let mut users = String::new();
    for (user, own) in [(LOADER, MISSING), (LESS, "GRANT SHOW TABLES ON granted.t")] {
        let grants = GRANTS.iter().chain([&own]);
        let grants: String = grants.map(|one| format!("<query>{one}</query>")).collect();
        write!(
            users,
            "<{user}><no_password/><networks><ip>127.0.0.1</ip></networks><grants>{grants}</grants></{user}>"
        )
        .unwrap();
    }
    users
}

fn count(node: &Node, table: &str) -> String {
    node.sql(&format!("SELECT count() FROM {table}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn replicated_tables_need_the_grants_that_are_listed() {
    let cluster = Cluster::start();
    if !cluster.is_ours() {
        return;
    }
    let node = &cluster.nodes[0];
    node.sql("CREATE DATABASE granted");
    for (table, key) in [
        ("t", "PARTITION BY toYYYYMM(d) ORDER BY n"),
        ("r", "ORDER BY n"),
    ] {
        node.sql(&format!(
            "CREATE TABLE granted.{table} (d Date, n UInt64, s String) ENGINE = \
             ReplicatedMergeTree('/clickhouse/tables/granted/{table}', '{{replica}}') {key}"
        ));
    }
    node.sql(
        "CREATE DATABASE shared ENGINE = Replicated('/clickhouse/shared', '{shard}', '{replica}')",
    );
    node.sql("CREATE TABLE shared.t (d Date, n UInt64, s String) ENGINE = ReplicatedMergeTree ORDER BY n");
    let service = Service::start_for(LOADER, &node.url);
    for (database, table, mode) in [
        ("granted", "t", pb::CommitMode::Atomic),
        ("granted", "r", pb::CommitMode::Replace),
        ("shared", "t", pb::CommitMode::Atomic),
    ] {
        let loaded = service
            .upload(&spec(database, table, mode), &file(9_000))
            .await;
        let loaded = loaded.unwrap_or_else(|status| panic!("{database}.{table}: {status:?}"));
        assert_eq!(loaded.commit_mode(), mode);
        assert!(loaded.resumable, "{database}.{table}");
        let all = content(node, &format!("{database}.{table}"));
        assert!(all.starts_with("9000\t9000\t"), "{database}.{table}: {all}");
    }
    let empty = pb::UploadSpec {
        allow_empty: true,
        ..spec("granted", "r", pb::CommitMode::Replace)
    };
    service.upload(&empty, b"d,n,s\n").await.unwrap();
    assert_eq!(count(node, "granted.r"), "0");
    let staged = "SELECT count() FROM system.tables WHERE name LIKE '\\_sluice\\_%'";
    wait(PATIENCE, "staging tables stay", || node.sql(staged) == "0");

    // Refused before anything of it is there, with the one that is missing.
    let service = Service::start_for(LESS, &node.url);
    let atomic = spec("granted", "t", pb::CommitMode::Atomic);
    let status = service.upload(&atomic, &file(100)).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
    let told = format!(": {MISSING} TO {LESS}");
    assert!(status.message().ends_with(&told), "{status:?}");
    assert_eq!(count(node, "granted.t"), "9000");
}
