//! Sets up logging: a filter, text or JSON, to standard error.
//!
//! Called once by `main`, before anything logs. What callers have written stands in many lines; so
//! whatever a line holds is `plain` here, once for all. It must never run in the child process that
//! hosts the embedded engine.

mod plain;

use std::fmt;
use std::io::{self, IsTerminal};

use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::filter_fn, prelude::*};

use self::plain::{PlainFields, PlainJson};

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// What is logged, such as `info` or `info,sluice_server::engine=debug`. Default: `info`.
    pub filter: String,
    /// The form of a line. Default: text.
    pub format: LogFormat,
}

impl TelemetryConfig {
    /// Whether the filter can be read; the error says why not.
    pub fn check_filter(filter: &str) -> Result<(), String> {
        EnvFilter::try_new(filter)
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

/// Why logging cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter cannot be read.
    #[error("the log filter cannot be read")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something logs already.
    #[error("logging was set up before")]
    Installed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Begins to log for the whole process.
///
/// # Errors
///
/// The filter cannot be read, or logging was set up before.
pub fn init(config: &TelemetryConfig) -> Result<(), Error> {
    let builder = tracing_subscriber::fmt().with_env_filter(EnvFilter::try_new(&config.filter)?);
    match config.format {
        LogFormat::Text => builder
            .fmt_fields(PlainFields)
            .with_ansi(io::stderr().is_terminal())
            .with_writer(io::stderr)
            .finish()
            .with(filter_fn(tells_no_values))
            .try_init(),
        LogFormat::Json => builder
            .json()
            .with_writer(|| PlainJson(io::stderr()))
            .finish()
            .with(filter_fn(tells_no_values))
            .try_init(),
    }
    .map_err(|error| Error::Installed(Box::new(error)))
}

/// Whether an event has a text that this server has written. The library that talks to ClickHouse logs
/// every exception with what ClickHouse says of it, values of cells too.
fn tells_no_values(metadata: &Metadata<'_>) -> bool {
    let is_library = metadata.target().split("::").next() == Some("clickhouse");
    metadata.is_span() || !is_library || *metadata.level() <= Level::INFO
}
