//! The validated configuration: one part for each component, nothing left to check.
//!
//! `main` calls [`parse`] once; `app` hands each component its part. No component may read the
//! command line or the environment by itself.

mod defaults;
mod errors;
mod file;
mod raw;
mod show;
mod units;
mod validate;

use std::{collections::BTreeMap, ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{CommandFactory as _, FromArgMatches as _};
use ipnet::IpNet;

pub use self::{
    errors::{Error, Fault, Place},
    units::ByteSize,
};
use self::{
    file::RawFile,
    raw::{RawCommand, RawConfig, RawHealth},
};
use crate::{
    auth::{AuthConfig, CertificateGrants, mint::TokenRequest},
    engine::{EngineConfig, HostRequest, Secret},
    fleet::Fleet,
    guard::AllowList,
    telemetry::TelemetryConfig,
    tls::TlsConfig,
};

/// What the program was asked to do.
#[derive(Debug)]
pub enum Invocation {
    /// Serve, with this configuration.
    Serve(Box<Config>),
    /// Print this configuration.
    Show(Box<Config>),
    /// Ask the server that runs with this configuration whether it is ready.
    Health {
        /// The configuration.
        config: Box<Config>,
        /// The address of the server. Default: what the configuration says.
        address: Option<SocketAddr>,
    },
    /// Make a token.
    Token(Box<TokenRequest>),
    /// Host the ClickHouse library for a server that is the parent of this process.
    HostEngine(HostRequest),
}

/// Reads the command line, the environment and the configuration file, and validates them. Ends the
/// process when help or the version is asked for, or a flag is not known.
///
/// # Errors
///
/// [`Error`] with every fault at once.
pub fn parse() -> Result<Invocation, Error> {
    match Invocation::from_arguments(std::env::args_os()) {
        Err(Error::Usage(error)) => error.exit(),
        other => other,
    }
}

impl Invocation {
    /// Reads a command line, that begins with the name of the program, the environment and the
    /// configuration file that they name; and validates them.
    ///
    /// # Errors
    ///
    /// [`Error`] with every fault at once.
    pub fn from_arguments<A: Into<OsString>>(
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self, Error> {
        let mut arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let command = RawConfig::command();
        let matches = command.clone().try_get_matches_from(&arguments)?;
        // The options of a subcommand stand behind its name, and no option stands before it.
        let (options, place) = match matches.subcommand() {
            None => (Some(&matches), 1),
            Some(("config" | "health", options)) => (Some(options), 2),
            Some(_) => (None, 1),
        };
        let named = options.and_then(|options| options.get_one::<PathBuf>("config"));
        let mut file = RawFile::default();
        if let (Some(path), Some(options)) = (named, options) {
            file = RawFile::read(path, &command);
            let more = file.arguments(|id| options.value_source(id).is_some());
            arguments.splice(place..place, more);
        }
        let matches = command.try_get_matches_from(arguments)?;
        let mut raw = RawConfig::from_arg_matches(&matches)?;
        Ok(match raw.command.take() {
            None => Self::Serve(Box::new(Config::from_raw(raw.options, file)?)),
            Some(RawCommand::Config(options)) => {
                Self::Show(Box::new(Config::from_raw(*options, file)?))
            }
            Some(RawCommand::Health(health)) => {
                let RawHealth { address, options } = *health;
                let config = Box::new(Config::from_raw(options, file)?);
                Self::Health { config, address }
            }
            Some(RawCommand::Token(token)) => Self::Token(Box::new((*token).into())),
            Some(RawCommand::EngineHost(host)) => Self::HostEngine((*host).into()),
        })
    }
}

/// The configuration of the server. Its `Display` is one line of `key=value`, without secrets;
/// [`Config::to_toml`] has the form of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address that gRPC, gRPC-Web and static files are served on. Default: `127.0.0.1:50051`.
    pub listen: SocketAddr,
    /// The address of the listener for probes and metrics. Default: none.
    pub admin_listen: Option<SocketAddr>,
    /// How long the server goes on after it was asked to end, and says that it is not ready. Default: 5 s, and none
    /// on the loopback address.
    pub lame_duck: Duration,
    /// How long a shutdown waits for transfers to end before it cancels them. Default: 30 s.
    pub drain_timeout: Duration,
    /// Which ClickHouse to work with. Default: an embedded one with its tables in `./sluice-data`.
    pub engine: EngineConfig,
    /// Who may call.
    pub access: AccessConfig,
    /// The port: encryption and connections.
    pub port: PortConfig,
    /// The front: calls and messages.
    pub rpc: RpcConfig,
    /// The connections that callers may choose from by name. A remote engine is one of them, as
    /// `default`.
    pub connections: BTreeMap<String, ConnectionConfig>,
    /// The hosts at which callers may name a ClickHouse of their own. Default: none, it is refused.
    pub adhoc: Option<AllowList>,
    /// The uploads and exports.
    pub transfer: TransferConfig,
    /// What is logged.
    pub telemetry: TelemetryConfig,
}

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessConfig {
    /// How tokens are verified. Default: none are asked for.
    pub tokens: Option<AuthConfig>,
    /// What the client certificates are given. Default: nothing.
    pub certificates: CertificateGrants,
    /// How long a call may outlive the token that it began with. Default: 1 h.
    pub grace: Duration,
    /// How many requests one caller may send each second: 1 to 1,000,000. Default: 100.
    pub requests_per_second: u32,
    /// The proxies whose word is taken for who calls. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the server may be reachable from other machines without knowing its callers.
    /// Default: no.
    pub allow_open: bool,
}

/// The port: encryption and connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortConfig {
    /// TLS. Default: none.
    pub tls: Option<TlsConfig>,
    /// The most connections at once: 1 to 1,000,000. Default: 10,000.
    pub max_connections: usize,
    /// The time that a TLS handshake may take: at least 1 ms. Default: 10 s.
    pub handshake_timeout: Duration,
    /// The time from then until the first request has begun: at least 1 ms. Default: 10 s.
    pub head_timeout: Duration,
    /// The age at which a connection is asked to take no more calls: at least 1 ms. Default: none.
    pub max_age: Option<Duration>,
    /// The time that its calls may take from then on. Default: as long as they take.
    pub max_age_grace: Option<Duration>,
}

/// Whom ClickHouse takes the calls through a connection for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Identity {
    /// The user of the connection, whoever calls.
    #[default]
    Service,
    /// The owner of the caller's token, which goes to ClickHouse.
    Token,
    /// The user of the connection with the caller's role.
    Role,
    /// The caller's user, by `EXECUTE AS`.
    Impersonate,
}

/// A ClickHouse that callers may choose by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionConfig {
    /// The address of its HTTP interface, http or https, without a final slash; of a cluster those of the nodes to
    /// work with, the preferred one first. At least one.
    pub urls: Vec<String>,
    /// The database of a table that is named without one. Default: `default`.
    pub database: String,
    /// The user. Default: `default`.
    pub user: String,
    /// The file that the password was read from. Default: none.
    pub password_file: Option<PathBuf>,
    /// The password. Default: none.
    pub password: Secret,
    /// The CA certificates (PEM) to trust. Default: those of the system.
    pub ca_file: Option<PathBuf>,
    /// Whom ClickHouse takes the calls for. Default: the user.
    pub identity: Identity,
    /// As whom callers' own statements run. Default: the user, with a warning.
    pub callers: Option<CallersUser>,
    /// The most transfers that run at once: 1 to 10,000. Default: as many as on the server.
    pub max_transfers: Option<usize>,
}

/// The user of ClickHouse as whom callers' own statements run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallersUser {
    /// Its name.
    pub name: String,
    /// The file that the password was read from. Default: none.
    pub password_file: Option<PathBuf>,
    /// The password. Default: none.
    pub password: Secret,
}

/// The front: calls and messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcConfig {
    /// The largest message that is received, in bytes: 64 KiB to 1 GiB. Default: 16 MiB.
    pub max_message_bytes: usize,
    /// How long the message of a call may take to arrive; a large one has more: at least 1 ms.
    /// Default: 30 s.
    pub body_timeout: Duration,
    /// The most bytes of a preview, 64 KiB to 1 GiB. Default: 3 MiB.
    pub max_preview_bytes: usize,
    /// The bytes that one HTTP/2 stream may have in flight. 4 MiB.
    pub stream_window_bytes: u32,
    /// The bytes that all streams of one connection may have in flight. 8 MiB.
    pub connection_window_bytes: u32,
    /// The largest HTTP/2 frame, in bytes. 1 MiB.
    pub max_frame_bytes: u32,
    /// The pause after which a silent connection is asked whether it lives. 30 s.
    pub keepalive_interval: Duration,
    /// The time that its answer may take. 10 s.
    pub keepalive_timeout: Duration,
    /// How long a client may stay silent in the middle of an upload: at least 1 ms. Default: 60 s.
    pub idle_timeout: Duration,
    /// The most calls at once on one connection: 1 to 10,000. Default: 200.
    pub max_streams: u32,
    /// Whether the services describe themselves. Default: yes.
    pub reflection: bool,
    /// Whether metrics are served on the port too. Default: no.
    pub metrics: bool,
    /// The web sites whose pages may call. Default: none.
    pub cors_origins: Vec<String>,
    /// The names that the server is called by, beside `localhost` and addresses. Default: none.
    pub allowed_hosts: Vec<String>,
    /// A directory of the browser client's files. Default: those that are embedded.
    pub web_dir: Option<PathBuf>,
}

/// The uploads and exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferConfig {
    /// The most transfers that run at once: 1 to 10,000. Default: 64.
    pub max_transfers: usize,
    /// The size that a batch of records is cut at, in bytes. 256 KiB.
    pub batch_bytes: usize,
    /// The bytes of one upload that may wait to be decoded. 4 MiB.
    pub buffer_bytes: usize,
    /// The bytes of one upload that its connection may hold before. 4 MiB.
    pub window_bytes: usize,
    /// The longest record of a file, in bytes: 1 KiB to 512 MiB. Default: 16 MiB.
    pub max_record_bytes: usize,
    /// The most fields of a record: 1 to 1,000,000. Default: 10,000.
    pub max_fields: usize,
    /// The most bytes of text that one byte of a compressed file may become, judged from 64 MiB on:
    /// 10 to 1,000,000. Default: 500.
    pub max_expansion: usize,
    /// The largest workbook, and the most bytes of the texts that its cells share: 1 KiB to 1 GiB. Default: 64 MiB.
    pub max_workbook_bytes: usize,
    /// The database of the journal. Default: `sluice`.
    pub journal_database: String,
    /// How long the journal keeps transfers and rejected rows. Default: 168 h.
    pub journal_retention: Duration,
    /// Whether staged rows and the journal are written with fsync. Default: no.
    pub fsync: bool,
    /// How long an interrupted upload waits for its client, at least 1 s. Default: 24 h.
    pub session_limit: Duration,
    /// The most interrupted uploads that are kept for their clients: 1 to 10,000. Default: 100. Of more, those
    /// that have waited longest are given up.
    pub max_interrupted: usize,
    /// The most bytes that they may have staged in ClickHouse: 1 KiB to 1 PiB. Default: 64 GiB.
    pub max_interrupted_bytes: u64,
    /// How long an open upload may stay silent before its memory is given back; it can go on all the
    /// same: at least 1 s. Default: 15 min.
    pub session_idle: Duration,
    /// The appends of one upload that may wait for their predecessor: 0 to 64. Default: 4.
    pub max_early_appends: usize,
    /// The memory that uploads, messages of calls and previews may need together, in bytes: 16 MiB to
    /// 1 TiB. Default: 2 GiB.
    pub memory_limit: usize,
    /// How long a transfer waits for its place and its memory, at least 1 ms. Default: 30 s.
    pub queue_timeout: Duration,
    /// The largest file of an upload, in bytes: 1 KiB to 1 PiB. Default: 16 TiB.
    pub max_file_bytes: u64,
    /// The most rows of a block sent to ClickHouse: 1 to 16,777,216. Default: 262,144.
    pub block_rows: usize,
    /// The size at which a block is sent to ClickHouse, in bytes: 64 KiB to 1 GiB. Default: 8 MiB.
    pub block_bytes: usize,
    /// The largest block of a result that an export takes from ClickHouse, in bytes. 256 MiB.
    pub max_result_block_bytes: usize,
    /// The pause between two messages of progress. 250 ms.
    pub progress_interval: Duration,
    /// The number of transfers that are remembered after their end. 1,000.
    pub history: usize,
    /// How the other servers of the journal reach this one, and it them. Default: not at all.
    pub fleet: Option<Fleet>,
}

#[cfg(test)]
mod tests;
