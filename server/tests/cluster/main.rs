//! A cluster of three ClickHouse servers with replicated tables, and what Sluice keeps of its promise there
//! while nodes, servers and lines are killed and frozen.
//!
//! The nodes are processes of this program, made of the library that `make engine` fetches, and keep
//! together by the ZooKeeper of `make zookeeper`. `SLUICE_CLUSTER=URL,URL,URL` takes a cluster that is there
//! instead, whose nodes live: the first two replicas of one shard, the third another one, with the macros `shard`
//! and `replica`, in the cluster `c`.
//!
//! `CLUSTER_ROUNDS` says how many rounds of chaos (default 4), `CLUSTER_SEED` repeats those of an earlier run:
//! the seed of each round is printed.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it does"
)]

mod chaos;
mod commit;
mod grants;
mod host;
mod impersonate;
mod journal;
mod line;
mod modes;
mod nodes;
mod service;
