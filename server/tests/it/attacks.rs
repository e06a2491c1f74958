//! Attacks and misuses: each is refused with the right code, and the server serves on.
//!
//! Each row of a table, and each test, is one of them. All run against a whole server with tokens, and
//! a real ClickHouse.

mod audit;
mod connections;
mod flood;
mod kit;
mod queries;
mod quotas;
mod secrets;
mod spellings;
mod statements;
mod tables;
mod tokens;
mod transfers;
mod transport;
mod trouble;
mod web;

pub(crate) use self::{
    kit::{SECRET, USUAL, connection_to, secret_source, token_of, write_secret},
    transport::Ca,
};
