//! The options of who may call, and of the port.
//!
//! Part of `config::raw`.

#![expect(
    clippy::doc_markdown,
    reason = "the texts of the help, where backticks would be shown"
)]

use std::path::PathBuf;

use clap::Args;

/// The options of tokens. Any of the four sources of keys turns authentication on.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Authentication (tokens are JWT; any source of keys turns it on)")]
pub(in crate::config) struct RawAuth {
    /// File with the secret of tokens signed with HS256, HS384 or HS512 [default: none]
    #[arg(long, env = "SLUICE_AUTH_SECRET_FILE", value_name = "FILE")]
    pub(in crate::config) auth_secret_file: Option<PathBuf>,

    /// File with the public key (PEM) of tokens signed with RS, PS, ES or EdDSA [default: none]
    #[arg(long, env = "SLUICE_AUTH_PUBLIC_KEY_FILE", value_name = "FILE")]
    pub(in crate::config) auth_public_key_file: Option<PathBuf>,

    /// File with a JSON Web Key Set, read again when it changes [default: none]
    #[arg(long, env = "SLUICE_AUTH_JWKS_FILE", value_name = "FILE")]
    pub(in crate::config) auth_jwks_file: Option<PathBuf>,

    /// Address of a JSON Web Key Set, fetched again every 5m; needs issuer and audience [default: none]
    #[arg(long, env = "SLUICE_AUTH_JWKS_URL", value_name = "https://...")]
    pub(in crate::config) auth_jwks_url: Option<String>,

    /// File with the CA certificates (PEM) to trust for that address [default: those of the system]
    #[arg(long, env = "SLUICE_AUTH_JWKS_CA_FILE", value_name = "FILE")]
    pub(in crate::config) auth_jwks_ca_file: Option<PathBuf>,

    /// Algorithm of the secret or of the public key [default: HS256, RS256, or that of the curve]
    #[arg(long, env = "SLUICE_AUTH_ALGORITHM", value_name = "NAME")]
    pub(in crate::config) auth_algorithm: Option<String>,

    /// Issuers whose tokens are taken, with commas in between; the callers are then issuer and subject
    /// together, as https://id.example.com#alice [default: any that has the key]
    #[arg(
        long,
        env = "SLUICE_AUTH_ISSUER",
        value_name = "ISS",
        value_delimiter = ','
    )]
    pub(in crate::config) auth_issuer: Vec<String>,

    /// Names of this server in the claim `aud` [default: none; a token with an `aud` is refused]
    #[arg(
        long,
        env = "SLUICE_AUTH_AUDIENCE",
        value_name = "AUD",
        value_delimiter = ','
    )]
    pub(in crate::config) auth_audience: Vec<String>,

    /// How far the clocks of issuer and server may be apart [default: 60s]
    #[arg(long, env = "SLUICE_AUTH_LEEWAY", value_name = "DURATION")]
    pub(in crate::config) auth_leeway: Option<String>,

    /// How long an upload or export may outlive the token that it began with [default: 1h]
    #[arg(long, env = "SLUICE_AUTH_GRACE", value_name = "DURATION")]
    pub(in crate::config) auth_grace: Option<String>,

    /// Claim with the patterns of tables, a name or a path such as /app/tables [default: tables]
    #[arg(long, env = "SLUICE_AUTH_TABLES_CLAIM", value_name = "CLAIM")]
    pub(in crate::config) auth_tables_claim: Option<String>,

    /// Claim with the names and patterns of connections [default: connections]
    #[arg(long, env = "SLUICE_AUTH_CONNECTIONS_CLAIM", value_name = "CLAIM")]
    pub(in crate::config) auth_connections_claim: Option<String>,

    /// Claim with the role of ClickHouse, for connections of identity `role` [default: clickhouse_role]
    #[arg(long, env = "SLUICE_AUTH_ROLE_CLAIM", value_name = "CLAIM")]
    pub(in crate::config) auth_role_claim: Option<String>,

    /// Claim with the user of ClickHouse, for those of identity `impersonate` [default: clickhouse_user]
    #[arg(long, env = "SLUICE_AUTH_USER_CLAIM", value_name = "CLAIM")]
    pub(in crate::config) auth_user_claim: Option<String>,

    /// Serve beyond this machine without authentication: everybody may do everything [default: off]
    #[arg(long, env = "SLUICE_ALLOW_OPEN", value_name = "on|off",
        num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub(in crate::config) allow_open: Option<String>,
}

/// The options of the port.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "TLS and limits of the port")]
pub(in crate::config) struct RawPort {
    /// Certificate of the server (PEM), with those that lead to its CA; read again when it changes
    /// [default: no TLS]
    #[arg(long, env = "SLUICE_TLS_CERT", value_name = "FILE")]
    pub(in crate::config) tls_cert: Option<PathBuf>,

    /// Private key of the certificate (PEM)
    #[arg(long, env = "SLUICE_TLS_KEY", value_name = "FILE")]
    pub(in crate::config) tls_key: Option<PathBuf>,

    /// CA certificates (PEM) whose client certificates are taken; the table [certificates] of the
    /// configuration file says what each of them may do [default: none are asked for]
    #[arg(long, env = "SLUICE_TLS_CLIENT_CA", value_name = "FILE")]
    pub(in crate::config) tls_client_ca: Option<PathBuf>,

    /// Whether a client certificate must be shown, required or optional [default: required]
    #[arg(long, env = "SLUICE_TLS_CLIENT_AUTH", value_name = "WHETHER")]
    pub(in crate::config) tls_client_auth: Option<String>,

    /// Connections at once, 1 to 1000000 [default: 10000]
    #[arg(long, env = "SLUICE_MAX_CONNECTIONS", value_name = "N")]
    pub(in crate::config) max_connections: Option<String>,

    /// Calls at once on one connection, 1 to 10000 [default: 200]
    #[arg(long, env = "SLUICE_MAX_STREAMS", value_name = "N")]
    pub(in crate::config) max_streams: Option<String>,

    /// Requests per second of one caller, 1 to 1000000; twice as many at once [default: 100]
    #[arg(long, env = "SLUICE_REQUESTS_PER_SECOND", value_name = "N")]
    pub(in crate::config) requests_per_second: Option<String>,

    /// Time that a TLS handshake may take [default: 10s]
    #[arg(long, env = "SLUICE_HANDSHAKE_TIMEOUT", value_name = "DURATION")]
    pub(in crate::config) handshake_timeout: Option<String>,

    /// Time from then until the first request has begun [default: 10s]
    #[arg(long, env = "SLUICE_HEAD_TIMEOUT", value_name = "DURATION")]
    pub(in crate::config) head_timeout: Option<String>,

    /// Whether the services describe themselves, on or off [default: on]
    #[arg(long, env = "SLUICE_REFLECTION", value_name = "on|off")]
    pub(in crate::config) reflection: Option<String>,

    /// Web sites whose pages may call this server, with scheme and without path; also its own page behind
    /// a proxy that leaves the port out of the header Host [default: none]
    #[arg(
        long,
        env = "SLUICE_CORS_ORIGINS",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub(in crate::config) cors_origins: Vec<String>,

    /// Names that this server is called by, at any port, beside localhost and addresses; any other is
    /// refused, also without a list on the loopback address without authentication [default: none]
    #[arg(
        long,
        env = "SLUICE_ALLOWED_HOSTS",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub(in crate::config) allowed_hosts: Vec<String>,

    /// Addresses and networks of proxies, with commas in between, whose X-Forwarded-For is believed: who calls is then
    /// the last address in it that is none of theirs, for limits and the audit log [default: none]
    #[arg(
        long,
        env = "SLUICE_TRUSTED_PROXIES",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub(in crate::config) trusted_proxies: Vec<String>,

    /// Whether callers may name a ClickHouse of their own, on or off [default: off]
    #[arg(long, env = "SLUICE_ADHOC_CLICKHOUSE", value_name = "on|off")]
    pub(in crate::config) adhoc_clickhouse: Option<String>,

    /// Which ones: names, addresses and networks, such as ch.example.com or 10.1.0.0/16, at the ports 8123
    /// and 8443, or with a port of their own (:9440) or every one (:*) [default: none]
    #[arg(
        long,
        env = "SLUICE_ADHOC_HOSTS",
        value_name = "HOST",
        value_delimiter = ','
    )]
    pub(in crate::config) adhoc_hosts: Vec<String>,
}

/// The options of several servers of one ClickHouse that answer as one.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Fleet (several servers of one ClickHouse)")]
pub(in crate::config) struct RawFleet {
    /// Address at which the other servers reach this one, such as http://10.0.0.1:50051; never that of a
    /// load balancer [default: none; calls are not handed on to the server that runs their transfer]
    #[arg(long, env = "SLUICE_ADVERTISE", value_name = "URL")]
    pub(in crate::config) advertise: Option<String>,

    /// CA certificates (PEM) that the other servers are trusted by, for https [default: those of the system]
    #[arg(long, env = "SLUICE_FLEET_CA", value_name = "FILE")]
    pub(in crate::config) fleet_ca: Option<PathBuf>,
}
