//! Several servers of one ClickHouse answer as one: calls about a transfer work whichever server they reach.
//!
//! `turns` are the clients behind a balancer, `trouble` what happens to the servers.

mod kit;
mod metadata;
mod trouble;
mod turns;
