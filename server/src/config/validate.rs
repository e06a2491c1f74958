//! Turns what was read into a [`Config`], or into all of its faults.
//!
//! Called by `config::Invocation`. It reads the password file and looks whether directories exist;
//! it must not open a connection or make anything.

mod transfer;

use std::fs;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::defaults::{self, range};
use super::errors::Faults;
use super::raw::{RawEmbedded, RawRemote};
use super::units::{ByteSize, parse_duration};
use super::{Config, Error, RawConfig, RpcConfig};
use crate::engine::{EmbeddedConfig, EngineConfig, RemoteConfig, Secret};
use crate::telemetry::{LogFormat, TelemetryConfig};

impl Config {
    /// Validates what was read.
    ///
    /// # Errors
    ///
    /// [`Error`] with every fault at once.
    pub(super) fn from_raw(raw: RawConfig) -> Result<Self, Error> {
        let mut faults = Faults::default();
        let listen = listen(raw.listen.as_deref(), &mut faults);
        let engine = engine(raw.embedded, raw.remote, &mut faults);
        let rpc = RpcConfig {
            max_message_bytes: size(
                "max-message-bytes",
                raw.max_message_bytes.as_deref(),
                defaults::MAX_MESSAGE_BYTES,
                &range::MESSAGE_BYTES,
                &mut faults,
            ),
            stream_window_bytes: defaults::STREAM_WINDOW_BYTES,
            connection_window_bytes: defaults::CONNECTION_WINDOW_BYTES,
            max_frame_bytes: defaults::MAX_FRAME_BYTES,
            keepalive_interval: defaults::KEEPALIVE_INTERVAL,
            keepalive_timeout: defaults::KEEPALIVE_TIMEOUT,
            idle_timeout: idle_timeout(raw.idle_timeout.as_deref(), &mut faults),
            web_dir: web_dir(raw.web_dir, &mut faults),
        };
        let transfer = transfer::transfer(&raw.transfer, &mut faults);
        let drain_timeout = duration(
            "drain-timeout",
            raw.drain_timeout.as_deref(),
            defaults::DRAIN_TIMEOUT,
            &mut faults,
        );
        let telemetry = telemetry(raw.log, raw.log_format.as_deref(), &mut faults);
        faults.finish(Self {
            listen,
            drain_timeout,
            engine,
            rpc,
            transfer,
            telemetry,
        })
    }
}

/// The address to serve on.
fn listen(raw: Option<&str>, faults: &mut Faults) -> SocketAddr {
    let text = raw.unwrap_or(defaults::LISTEN);
    let parsed = text.parse().map_err(|_| {
        format!(
            "`{text}` is not an address with a port; write it as 127.0.0.1:50051 or [::1]:50051"
        )
    });
    faults.take("listen", parsed, SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// The engine: remote with an address, embedded without; the options of the other are refused.
fn engine(embedded: RawEmbedded, remote: RawRemote, faults: &mut Faults) -> EngineConfig {
    let RawRemote {
        clickhouse_url,
        clickhouse_user,
        clickhouse_password_file,
        clickhouse_database,
    } = remote;
    let RawEmbedded {
        data_dir,
        embedded_http_port,
        engine_library,
    } = embedded;
    if let Some(url) = clickhouse_url {
        let problem =
            "is for the embedded ClickHouse and contradicts --clickhouse-url; leave one out";
        refuse("data-dir", data_dir.is_some(), problem, faults);
        refuse(
            "embedded-http-port",
            embedded_http_port.is_some(),
            problem,
            faults,
        );
        refuse("engine-library", engine_library.is_some(), problem, faults);
        return EngineConfig::Remote(RemoteConfig {
            url: faults.take("clickhouse-url", checked_url(&url), String::new()),
            user: name("clickhouse-user", clickhouse_user, faults),
            password: password(clickhouse_password_file.as_deref(), faults),
            database: name("clickhouse-database", clickhouse_database, faults),
        });
    }
    let problem = "needs --clickhouse-url";
    refuse(
        "clickhouse-user",
        clickhouse_user.is_some(),
        problem,
        faults,
    );
    refuse(
        "clickhouse-password-file",
        clickhouse_password_file.is_some(),
        problem,
        faults,
    );
    refuse(
        "clickhouse-database",
        clickhouse_database.is_some(),
        problem,
        faults,
    );
    EngineConfig::Embedded(EmbeddedConfig {
        data_dir: data_dir.unwrap_or_else(|| PathBuf::from(defaults::DATA_DIR)),
        http_port: port(embedded_http_port.as_deref(), faults),
        library: engine_library,
        host_program: None,
        start_timeout: defaults::ENGINE_START_TIMEOUT,
    })
}

/// A fault when an option is given that has no place here.
fn refuse(option: &'static str, given: bool, problem: &str, faults: &mut Faults) {
    if given {
        faults.add(option, problem);
    }
}

/// The address without a final slash.
fn checked_url(text: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("`{text}` {why}; write it as http://host:8123"));
    if text.contains('@') {
        // Not shown: it may hold a password.
        return Err(
            "must not hold a user or a password; use --clickhouse-user and \
                    --clickhouse-password-file"
                .to_owned(),
        );
    }
    let Ok(uri) = text.parse::<http::Uri>() else {
        return wrong("is not an address");
    };
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(host)) if !host.is_empty() => {}
        (Some("https"), _) => return wrong("asks for TLS, which is not built in"),
        _ => return wrong("is not an address of HTTP"),
    }
    if uri.query().is_some() {
        return wrong("must not hold a query");
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// A user or a database.
fn name(option: &'static str, raw: Option<String>, faults: &mut Faults) -> String {
    let name = raw.unwrap_or_else(|| defaults::CLICKHOUSE_NAME.to_owned());
    refuse(option, name.is_empty(), "must not be empty", faults);
    name
}

/// The password in the file, without the line end that editors add.
fn password(file: Option<&Path>, faults: &mut Faults) -> Secret {
    let Some(file) = file else {
        return Secret::default();
    };
    let read = fs::read_to_string(file)
        .map(|text| {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned())
        })
        .map_err(|error| format!("cannot read {}: {error}", file.display()));
    faults.take("clickhouse-password-file", read, Secret::default())
}

/// The fixed port of the embedded engine.
fn port(raw: Option<&str>, faults: &mut Faults) -> Option<u16> {
    let text = raw?;
    match text.parse() {
        Ok(0) | Err(_) => {
            let problem =
                format!("`{text}` is not a port from 1 to 65535; leave it out for a free one");
            faults.add("embedded-http-port", problem);
            None
        }
        Ok(port) => Some(port),
    }
}

/// The directory of static files.
fn web_dir(raw: Option<PathBuf>, faults: &mut Faults) -> Option<PathBuf> {
    if let Some(directory) = raw.as_ref().filter(|directory| !directory.is_dir()) {
        faults.add(
            "web-dir",
            format!("{} is not a directory", directory.display()),
        );
    }
    raw
}

/// A size in bytes within a range.
fn size(
    option: &'static str,
    raw: Option<&str>,
    default: u64,
    range: &RangeInclusive<u64>,
    faults: &mut Faults,
) -> usize {
    let parsed = raw.map_or(Ok(ByteSize::from(default)), str::parse);
    let checked = parsed.and_then(|size| {
        let (least, most) = (ByteSize::from(*range.start()), ByteSize::from(*range.end()));
        within(size.bytes(), range)
            .ok_or_else(|| format!("{size} is out of range; the range is {least} to {most}"))
    });
    faults.take(option, checked, 0)
}

/// A number within a range.
fn count(
    option: &'static str,
    raw: Option<&str>,
    default: u64,
    range: &RangeInclusive<u64>,
    faults: &mut Faults,
) -> usize {
    let text = raw.map_or_else(|| default.to_string(), str::to_owned);
    let (least, most) = (range.start(), range.end());
    let checked = text
        .parse()
        .ok()
        .and_then(|value| within(value, range))
        .ok_or_else(|| format!("`{text}` is not a whole number from {least} to {most}"));
    faults.take(option, checked, 0)
}

/// The value, if it lies in the range.
fn within(value: u64, range: &RangeInclusive<u64>) -> Option<usize> {
    if range.contains(&value) {
        usize::try_from(value).ok()
    } else {
        None
    }
}

/// A duration; zero is one.
fn duration(
    option: &'static str,
    raw: Option<&str>,
    default: Duration,
    faults: &mut Faults,
) -> Duration {
    faults.take(option, raw.map_or(Ok(default), parse_duration), default)
}

/// The time that a client may stay silent: not zero, which would end every upload.
fn idle_timeout(raw: Option<&str>, faults: &mut Faults) -> Duration {
    let timeout = duration("idle-timeout", raw, defaults::IDLE_TIMEOUT, faults);
    refuse(
        "idle-timeout",
        timeout.is_zero(),
        "must be longer than zero",
        faults,
    );
    timeout
}

/// What is logged, and how.
fn telemetry(filter: Option<String>, format: Option<&str>, faults: &mut Faults) -> TelemetryConfig {
    let filter = filter.unwrap_or_else(|| defaults::LOG_FILTER.to_owned());
    if let Err(problem) = TelemetryConfig::check_filter(&filter) {
        faults.add("log", format!("`{filter}` is not a filter: {problem}"));
    }
    let format = match format {
        None | Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(other) => Err(format!("`{other}` is not a format; write text or json")),
    };
    TelemetryConfig {
        filter,
        format: faults.take("log-format", format, LogFormat::Text),
    }
}
