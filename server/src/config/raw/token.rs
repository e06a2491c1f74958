//! The options of `sluice-server token`.
//!
//! Part of `config::raw`. Unlike the options of the server they are checked as they are read.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use jsonwebtoken::Algorithm;

use crate::{
    auth::{
        ConnectionPattern, Scopes, TablePattern, algorithm,
        mint::{MintRequest, TokenRequest},
    },
    config::units::parse_duration,
};

/// What the token shall say.
#[derive(Debug, Args)]
pub(in crate::config) struct RawToken {
    /// File with the private key (PEM), or with the secret that the server has as --auth-secret-file
    #[arg(long, value_name = "FILE")]
    pub(in crate::config) key: PathBuf,

    /// Whose it is
    #[arg(long, value_name = "NAME")]
    pub(in crate::config) subject: String,

    /// What it allows, with commas in between: ingest:upload, ingest:export, catalog:read,
    /// transfers:manage
    #[arg(long, value_name = "SCOPES")]
    pub(in crate::config) scopes: Scopes,

    /// Patterns of the tables that it is for, such as sales.* [default: all]
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub(in crate::config) tables: Vec<TablePattern>,

    /// Names and patterns of the connections that it is for, such as warehouse or dev_*; it is then for no
    /// ClickHouse of the caller's own [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(in crate::config) connections: Vec<ConnectionPattern>,

    /// How long it is valid
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_duration)]
    pub(in crate::config) ttl: Duration,

    /// Its issuer, if the server has --auth-issuer
    #[arg(long, value_name = "ISS")]
    pub(in crate::config) issuer: Option<String>,

    /// Its audience, if the server has --auth-audience
    #[arg(long, value_name = "AUD", value_delimiter = ',')]
    pub(in crate::config) audience: Vec<String>,

    /// Role of ClickHouse, for connections of identity `role`
    #[arg(long, value_name = "ROLE")]
    pub(in crate::config) clickhouse_role: Option<String>,

    /// User of ClickHouse, for connections of identity `impersonate`
    #[arg(long, value_name = "USER")]
    pub(in crate::config) clickhouse_user: Option<String>,

    /// Id of the key in the server's key set
    #[arg(long, value_name = "KID")]
    pub(in crate::config) key_id: Option<String>,

    /// Algorithm [default: HS256, RS256, or that of the curve]
    #[arg(long, value_name = "NAME", value_parser = algorithm)]
    pub(in crate::config) algorithm: Option<Algorithm>,
}

impl From<RawToken> for TokenRequest {
    fn from(raw: RawToken) -> Self {
        Self {
            key: raw.key,
            algorithm: raw.algorithm,
            claims: MintRequest {
                subject: raw.subject,
                scopes: raw.scopes,
                tables: (!raw.tables.is_empty()).then_some(raw.tables),
                connections: (!raw.connections.is_empty()).then_some(raw.connections),
                clickhouse_role: raw.clickhouse_role,
                clickhouse_user: raw.clickhouse_user,
                ttl: raw.ttl,
                issuer: raw.issuer,
                audiences: raw.audience,
                key_id: raw.key_id,
            },
        }
    }
}
