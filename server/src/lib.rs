//! Sluice's server: flat files into ClickHouse tables and tables into flat files, over gRPC.
//!
//! ```text
//! upload   rpc::upload -> transfer::upload -> codec::input -> csv::decoder -> column::builder -> clickhouse::insert
//! export   rpc::export -> transfer::export -> clickhouse::query -> column::reader -> csv::encoder -> codec::output -> rpc::export
//! ```
//!
//! `server/ARCHITECTURE.md` is the map: layers, invariants, and where to change what.

pub mod app;
pub mod auth;
pub mod catalog;
pub mod causes;
pub mod clickhouse;
pub mod codec;
pub mod column;
pub mod config;
pub mod connections;
pub mod csv;
pub mod engine;
pub mod fleet;
pub mod guard;
pub mod health;
pub mod journal;
pub mod json;
pub mod loopback;
pub mod memory;
pub mod metrics;
pub mod rpc;
mod secret_file;
pub mod task;
pub mod telemetry;
pub mod tls;
pub mod transfer;
