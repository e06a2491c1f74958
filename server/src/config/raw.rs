//! What the command line and the environment say, not yet checked.
//!
//! Made by `config`, read by `config::validate`. The only reader of the environment; every option is
//! text here, so that all faults can be reported together. An option without a value is left to the
//! configuration file and then to its default.

mod access;
mod health;
mod host;
mod token;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(super) use self::{
    access::{RawAuth, RawFleet, RawPort},
    health::{RawHealth, RawOperation},
    host::RawHost,
    token::RawToken,
};

/// Moves flat files into ClickHouse and ClickHouse tables into flat files, over gRPC and gRPC-Web.
///
/// Without --clickhouse-url the server hosts a ClickHouse itself. Sizes are written as 65536, 64KiB
/// or 1GB, durations as 500ms, 30s or 2m. Every option can stand in a configuration file (TOML), in the
/// environment, or here; what stands here counts most.
#[derive(Debug, Default, Parser)]
#[command(
    name = "sluice-server",
    version,
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true
)]
pub(super) struct RawConfig {
    #[command(subcommand)]
    pub(super) command: Option<RawCommand>,

    #[command(flatten)]
    pub(super) options: RawOptions,
}

/// The options of the server.
#[derive(Debug, Default, Args)]
pub(super) struct RawOptions {
    /// Configuration file in TOML; its keys are called like these options [default: none]
    #[arg(long, env = "SLUICE_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Address to serve on [default: 127.0.0.1:50051]
    #[arg(long, env = "SLUICE_LISTEN", value_name = "ADDRESS:PORT")]
    pub(super) listen: Option<String>,

    #[command(flatten)]
    pub(super) embedded: RawEmbedded,

    #[command(flatten)]
    pub(super) remote: RawRemote,

    #[command(flatten)]
    pub(super) auth: RawAuth,

    #[command(flatten)]
    pub(super) port: RawPort,

    #[command(flatten)]
    pub(super) fleet: RawFleet,

    #[command(flatten)]
    pub(super) operation: RawOperation,

    #[command(flatten)]
    pub(super) transfer: RawTransfer,

    /// Directory of the browser client's files [default: those in the program]
    #[arg(long, env = "SLUICE_WEB_DIR", value_name = "DIR")]
    pub(super) web_dir: Option<PathBuf>,

    /// Largest message that is received, 64KiB to 1GiB [default: 16MiB]
    #[arg(long, env = "SLUICE_MAX_MESSAGE_BYTES", value_name = "SIZE")]
    pub(super) max_message_bytes: Option<String>,

    /// Time that the message of a call may take to arrive, and a second more for each 16 KiB [default: 30s]
    #[arg(long, env = "SLUICE_BODY_TIMEOUT", value_name = "DURATION")]
    pub(super) body_timeout: Option<String>,

    /// Most bytes of a preview, 64KiB to 1GiB; rows that do not fit are left out [default: 3MiB]
    #[arg(long, env = "SLUICE_MAX_PREVIEW_BYTES", value_name = "SIZE")]
    pub(super) max_preview_bytes: Option<String>,

    /// Time that a client may stay silent in the middle of an upload [default: 60s]
    #[arg(long, env = "SLUICE_IDLE_TIMEOUT", value_name = "DURATION")]
    pub(super) idle_timeout: Option<String>,

    /// What to log, such as debug or info,engine=warn [default: info]
    #[arg(long, env = "SLUICE_LOG", value_name = "FILTER")]
    pub(super) log: Option<String>,

    /// Form of a log line, text or json [default: text]
    #[arg(long, env = "SLUICE_LOG_FORMAT", value_name = "FORMAT")]
    pub(super) log_format: Option<String>,
}

/// The options of uploads and exports.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Transfers")]
pub(super) struct RawTransfer {
    /// Transfers that run at once, 1 to 10000; sixteen times as many may be open [default: 64]
    #[arg(long, env = "SLUICE_MAX_TRANSFERS", value_name = "N")]
    pub(super) max_transfers: Option<String>,

    /// Longest record of a file, 1KiB to 512MiB [default: 16MiB]
    #[arg(long, env = "SLUICE_MAX_RECORD_BYTES", value_name = "SIZE")]
    pub(super) max_record_bytes: Option<String>,

    /// Most fields of a record, 1 to 1000000 [default: 10000]
    #[arg(long, env = "SLUICE_MAX_FIELDS", value_name = "N")]
    pub(super) max_fields: Option<String>,

    /// Most bytes of text that one byte of a compressed file may become, 10 to 1000000 [default: 500]
    #[arg(long, env = "SLUICE_MAX_EXPANSION", value_name = "N")]
    pub(super) max_expansion: Option<String>,

    /// Largest workbook (xlsx, ods), which is held in memory whole, and most bytes of the texts that its cells share,
    /// 1KiB to 1GiB [default: 64MiB]
    #[arg(long, env = "SLUICE_MAX_WORKBOOK_BYTES", value_name = "SIZE")]
    pub(super) max_workbook_bytes: Option<String>,

    /// Most rows of a block sent to ClickHouse, 1 to 16777216 [default: 262144]
    #[arg(long, env = "SLUICE_BLOCK_ROWS", value_name = "N")]
    pub(super) block_rows: Option<String>,

    /// Size at which a block is sent to ClickHouse, 64KiB to 1GiB [default: 16MiB]
    #[arg(long, env = "SLUICE_BLOCK_BYTES", value_name = "SIZE")]
    pub(super) block_bytes: Option<String>,

    /// Database of the journal: transfers, how far they are, rejected rows [default: sluice]
    #[arg(long, env = "SLUICE_JOURNAL_DATABASE", value_name = "DATABASE")]
    pub(super) journal_database: Option<String>,

    /// Time that the journal keeps transfers and rejected rows [default: 168h]
    #[arg(long, env = "SLUICE_JOURNAL_RETENTION", value_name = "DURATION")]
    pub(super) journal_retention: Option<String>,

    /// Whether staged rows and the journal are written with fsync (a table has settings of its own): on or off
    /// [default: off]
    #[arg(long, env = "SLUICE_FSYNC", value_name = "on|off")]
    pub(super) fsync: Option<String>,

    /// Time that an interrupted upload waits for its client [default: 24h]
    #[arg(long, env = "SLUICE_SESSION_LIMIT", value_name = "DURATION")]
    pub(super) session_limit: Option<String>,

    /// Interrupted uploads that are kept for their clients, 1 to 10000; of more, those that wait longest are given
    /// up [default: 100]
    #[arg(long, env = "SLUICE_MAX_INTERRUPTED", value_name = "N")]
    pub(super) max_interrupted: Option<String>,

    /// Bytes that they may have staged in ClickHouse, 1KiB to 1024TiB [default: 64GiB]
    #[arg(long, env = "SLUICE_MAX_INTERRUPTED_BYTES", value_name = "SIZE")]
    pub(super) max_interrupted_bytes: Option<String>,

    /// Silence of an open upload after which its memory is given back, 1 minute where others wait [default: 15m]
    #[arg(long, env = "SLUICE_SESSION_IDLE", value_name = "DURATION")]
    pub(super) session_idle: Option<String>,

    /// Appends of one upload that may wait for their predecessor, 0 to 64 [default: 4]
    #[arg(long, env = "SLUICE_MAX_EARLY_APPENDS", value_name = "N")]
    pub(super) max_early_appends: Option<String>,

    /// Memory that uploads, messages of calls and previews may need together, 16MiB to 1TiB [default: 2GiB]
    #[arg(long, env = "SLUICE_MEMORY_LIMIT", value_name = "SIZE")]
    pub(super) memory_limit: Option<String>,

    /// Time that a transfer waits for its place and its memory [default: 2m]
    #[arg(long, env = "SLUICE_QUEUE_TIMEOUT", value_name = "DURATION")]
    pub(super) queue_timeout: Option<String>,

    /// Largest file of an upload, 1KiB to 1048576GiB [default: 16384GiB]
    #[arg(long, env = "SLUICE_MAX_FILE_BYTES", value_name = "SIZE")]
    pub(super) max_file_bytes: Option<String>,
}

/// The options of the embedded engine.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Embedded ClickHouse")]
pub(super) struct RawEmbedded {
    /// Where it keeps its tables, for this user only [default: ./sluice-data]
    #[arg(long, env = "SLUICE_DATA_DIR", value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,

    /// Port of its HTTP interface on 127.0.0.1 [default: a free one]
    ///
    /// Its user is `default`, with the password in the file clickhouse-password of the data directory, which
    /// each start makes anew.
    #[arg(long, env = "SLUICE_EMBEDDED_HTTP_PORT", value_name = "PORT")]
    pub(super) embedded_http_port: Option<String>,

    /// Its library [default: libchdb.so beside the program, in ../lib/sluice, or where `make engine` has put it]
    #[arg(long, env = "SLUICE_ENGINE_LIBRARY", value_name = "FILE")]
    pub(super) engine_library: Option<PathBuf>,
}

/// The options of a remote engine.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Remote ClickHouse")]
pub(super) struct RawRemote {
    /// Address of its HTTP interface; those of several nodes of a cluster with commas in between, the preferred
    /// one first [default: an embedded ClickHouse]
    #[arg(long, env = "SLUICE_CLICKHOUSE_URL", value_name = "http://HOST:PORT")]
    pub(super) clickhouse_url: Option<String>,

    /// User [default: default]
    #[arg(long, env = "SLUICE_CLICKHOUSE_USER", value_name = "USER")]
    pub(super) clickhouse_user: Option<String>,

    /// File that holds the password [default: no password]
    #[arg(long, env = "SLUICE_CLICKHOUSE_PASSWORD_FILE", value_name = "FILE")]
    pub(super) clickhouse_password_file: Option<PathBuf>,

    /// Database of a table that is named without one [default: default]
    #[arg(long, env = "SLUICE_CLICKHOUSE_DATABASE", value_name = "DATABASE")]
    pub(super) clickhouse_database: Option<String>,
}

/// What the program can do beside serving.
#[derive(Debug, Subcommand)]
pub(super) enum RawCommand {
    /// Prints the configuration as it would be used, in the form of a configuration file, and ends
    ///
    /// Secrets stand in files, of which only the names are shown.
    Config(Box<RawOptions>),

    /// Asks the server that runs with this configuration whether it is ready, and ends with 0 or 1
    ///
    /// It reads the options, variables and the file that the server reads, and finds address and TLS there: those of
    /// --admin-listen, else those of --listen, on this machine. Of a server that wants client certificates it shows
    /// the server's own one; where the client CA has not signed that, --admin-listen is needed.
    Health(Box<RawHealth>),

    /// Makes a token, for development and for services without an issuer
    ///
    /// Example:
    ///
    ///   (umask 077; openssl rand -hex 32 > secret)
    ///
    ///   sluice-server --auth-secret-file secret
    ///
    ///   sluice-server token --key secret --subject alice --scopes ingest:upload,catalog:read > token
    ///
    ///   sluice --token-file token upload airports.csv --table default.airports
    Token(Box<RawToken>),

    /// Hosts the ClickHouse library for the server that started this process.
    #[command(hide = true)]
    EngineHost(Box<RawHost>),
}
