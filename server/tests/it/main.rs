//! Tests of the whole server against a real ClickHouse: the embedded engine, started by each test.
//!
//! They need the engine's library (`make engine`), and nothing else: ports are free ones, data
//! directories are temporary, every test has a server of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

mod account;
mod attacks;
mod balanced;
mod blocks;
mod catalog;
mod cells;
mod clickhouse;
mod cluster;
mod crowd;
mod deploy;
mod differential;
mod empty;
mod engine;
mod evidence;
mod export;
mod faults;
mod fleet;
mod formats;
mod grants;
mod headers;
mod health;
mod inspect;
mod json;
mod memory;
mod metrics;
mod odd;
mod port;
mod promise;
mod real_files;
mod rejects;
mod resume;
mod round_trip;
mod shutdown;
mod transfers;
mod upload;
mod values;
mod walls;
mod workbooks;
mod zones;
