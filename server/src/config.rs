//! The validated configuration: one part for each component, nothing left to check.
//!
//! `main` calls [`parse`] once; `app` hands each component its part. No component may read the
//! command line or the environment by itself.

mod defaults;
mod errors;
mod raw;
mod units;
mod validate;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use self::errors::{Error, Fault};
pub use self::raw::RawConfig;
pub use self::units::ByteSize;
use self::units::format_duration;
use crate::engine::{EngineConfig, HostRequest};
use crate::telemetry::TelemetryConfig;

/// What the program was asked to do.
#[derive(Debug)]
pub enum Invocation {
    /// Serve, with this configuration.
    Serve(Box<Config>),
    /// Host the ClickHouse library for a server that is the parent of this process.
    HostEngine(HostRequest),
}

/// Reads the command line and the environment of the process, and validates them. Ends the process
/// when help or the version is asked for, or an option is not known.
///
/// # Errors
///
/// [`Error`] with every fault at once.
pub fn parse() -> Result<Invocation, Error> {
    Invocation::from_raw(<RawConfig as clap::Parser>::parse())
}

impl Invocation {
    /// Validates what was read.
    ///
    /// # Errors
    ///
    /// [`Error`] with every fault at once.
    pub fn from_raw(mut raw: RawConfig) -> Result<Self, Error> {
        match raw.command.take() {
            Some(command) => Ok(Self::HostEngine(command.into())),
            None => Ok(Self::Serve(Box::new(Config::from_raw(raw)?))),
        }
    }
}

/// The configuration of the server. Its `Display` is one line of `key=value`, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address that gRPC, gRPC-Web and static files are served on. Default: `127.0.0.1:50051`.
    pub listen: SocketAddr,
    /// How long a shutdown waits for transfers to end before it cancels them. Default: 30 s.
    pub drain_timeout: Duration,
    /// Which ClickHouse to work with. Default: an embedded one with its tables in `./sluice-data`.
    pub engine: EngineConfig,
    /// The front: connections and messages.
    pub rpc: RpcConfig,
    /// The uploads and exports.
    pub transfer: TransferConfig,
    /// What is logged.
    pub telemetry: TelemetryConfig,
}

/// The front: connections and messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcConfig {
    /// The largest message that is received, in bytes: 64 KiB to 1 GiB. Default: 16 MiB.
    pub max_message_bytes: usize,
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
    /// A directory of static files to serve beside gRPC-Web. Default: none.
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
    /// The database of the journal. Default: `sluice`.
    pub journal_database: String,
    /// How long the journal keeps transfers and rejected rows. Default: 168 h.
    pub journal_retention: Duration,
    /// How long an interrupted upload waits for its client, at least 1 s. Default: 24 h.
    pub session_limit: Duration,
    /// How long an open upload may stay silent before its memory is given back; it can go on all the
    /// same: at least 1 s. Default: 15 min.
    pub session_idle: Duration,
    /// The appends of one upload that may wait for their predecessor: 0 to 64. Default: 4.
    pub max_early_appends: usize,
    /// The memory that all uploads may need together, in bytes: 16 MiB to 1 TiB. Default: 2 GiB.
    pub memory_limit: usize,
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
}

impl Config {
    /// Every option as it was resolved, by the name of the option; secrets are masked.
    fn entries(&self) -> Vec<(&'static str, String)> {
        let mut entries = vec![("listen", self.listen.to_string())];
        match &self.engine {
            EngineConfig::Embedded(embedded) => {
                let or =
                    |value: Option<String>, none: &str| value.unwrap_or_else(|| none.to_owned());
                let library = embedded
                    .library
                    .as_ref()
                    .map(|path| path.display().to_string());
                entries.extend([
                    ("engine", "embedded".to_owned()),
                    ("data-dir", embedded.data_dir.display().to_string()),
                    (
                        "embedded-http-port",
                        or(embedded.http_port.map(|port| port.to_string()), "any"),
                    ),
                    ("engine-library", or(library, "found")),
                ]);
            }
            EngineConfig::Remote(remote) => entries.extend([
                ("engine", "remote".to_owned()),
                ("clickhouse-url", remote.url.clone()),
                ("clickhouse-user", remote.user.clone()),
                ("clickhouse-password", remote.password.to_string()),
                ("clickhouse-database", remote.database.clone()),
            ]),
        }
        let web_dir = self.rpc.web_dir.as_ref();
        entries.extend([
            (
                "web-dir",
                web_dir.map_or_else(|| "none".to_owned(), |dir| dir.display().to_string()),
            ),
            (
                "max-message-bytes",
                ByteSize::from(self.rpc.max_message_bytes).to_string(),
            ),
            (
                "max-record-bytes",
                ByteSize::from(self.transfer.max_record_bytes).to_string(),
            ),
            ("max-fields", self.transfer.max_fields.to_string()),
            ("max-expansion", self.transfer.max_expansion.to_string()),
            ("max-transfers", self.transfer.max_transfers.to_string()),
            ("journal-database", self.transfer.journal_database.clone()),
            (
                "journal-retention",
                format_duration(self.transfer.journal_retention),
            ),
            (
                "session-limit",
                format_duration(self.transfer.session_limit),
            ),
            ("session-idle", format_duration(self.transfer.session_idle)),
            (
                "max-early-appends",
                self.transfer.max_early_appends.to_string(),
            ),
            (
                "memory-limit",
                ByteSize::from(self.transfer.memory_limit).to_string(),
            ),
            (
                "max-file-bytes",
                ByteSize::from(self.transfer.max_file_bytes).to_string(),
            ),
            ("block-rows", self.transfer.block_rows.to_string()),
            (
                "block-bytes",
                ByteSize::from(self.transfer.block_bytes).to_string(),
            ),
            ("idle-timeout", format_duration(self.rpc.idle_timeout)),
            ("drain-timeout", format_duration(self.drain_timeout)),
            ("log", self.telemetry.filter.clone()),
            ("log-format", self.telemetry.format.to_string()),
        ]);
        entries
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.entries().into_iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{name}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
