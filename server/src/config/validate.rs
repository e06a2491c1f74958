//! Turns what was read into a [`Config`], or into all of its faults.
//!
//! Called by `config::Invocation`. It reads password files and looks whether directories exist; it must
//! not open a connection or make anything.

mod access;
mod connections;
mod engine;
mod operation;
mod port;
mod transfer;

use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use super::{
    AccessConfig, Config, Error, RpcConfig,
    defaults::{self, range},
    errors::Faults,
    file::RawFile,
    raw::RawOptions,
    units::{ByteSize, parse_duration},
};
use crate::telemetry::{LogFormat, TelemetryConfig};

impl Config {
    /// Validates what was read.
    ///
    /// # Errors
    ///
    /// [`Error`] with every fault at once.
    pub(super) fn from_raw(raw: RawOptions, file: RawFile) -> Result<Self, Error> {
        let mut faults = Faults::of_file(file.faults, file.places);
        let faults_mut = &mut faults;
        let listen = listen(raw.listen.as_deref(), faults_mut);
        let mut connections = connections::connections(&file.connections, faults_mut);
        let fleet = port::fleet(raw.fleet, &raw.port, faults_mut);
        let transfer = transfer::transfer(&raw.transfer, fleet, faults_mut);
        let engine = engine::engine(
            raw.embedded,
            raw.remote,
            &transfer.journal_database,
            &mut connections,
            faults_mut,
        );
        let access = access::access(raw.auth, &file.certificates, &raw.port, faults_mut);
        let adhoc = port::adhoc(&raw.port, faults_mut);
        let rpc = RpcConfig {
            max_message_bytes: size(
                "max-message-bytes",
                raw.max_message_bytes.as_deref(),
                defaults::MAX_MESSAGE_BYTES,
                &range::MESSAGE_BYTES,
                faults_mut,
            ),
            stream_window_bytes: defaults::STREAM_WINDOW_BYTES,
            connection_window_bytes: defaults::CONNECTION_WINDOW_BYTES,
            max_frame_bytes: defaults::MAX_FRAME_BYTES,
            keepalive_interval: defaults::KEEPALIVE_INTERVAL,
            keepalive_timeout: defaults::KEEPALIVE_TIMEOUT,
            idle_timeout: lasting(
                "idle-timeout",
                raw.idle_timeout.as_deref(),
                defaults::IDLE_TIMEOUT,
                faults_mut,
            ),
            body_timeout: lasting(
                "body-timeout",
                raw.body_timeout.as_deref(),
                defaults::BODY_TIMEOUT,
                faults_mut,
            ),
            max_preview_bytes: size(
                "max-preview-bytes",
                raw.max_preview_bytes.as_deref(),
                defaults::MAX_PREVIEW_BYTES,
                &range::PREVIEW_BYTES,
                faults_mut,
            ),
            max_streams: port::max_streams(&raw.port, faults_mut),
            reflection: switch(
                "reflection",
                raw.port.reflection.as_deref(),
                true,
                faults_mut,
            ),
            metrics: operation::metrics(&raw.operation, faults_mut),
            cors_origins: port::cors_origins(&raw.port, faults_mut),
            allowed_hosts: port::allowed_hosts(&raw.port, faults_mut),
            web_dir: web_dir(raw.web_dir, faults_mut),
        };
        let port = port::port(raw.port, &raw.operation, faults_mut);
        let operation = operation::operation(&raw.operation, listen, faults_mut);
        let telemetry = telemetry(raw.log, raw.log_format.as_deref(), faults_mut);
        check_open(listen, &access, faults_mut);
        connections::check_identities(&connections, &access, faults_mut);
        faults.finish(Self {
            listen,
            admin_listen: operation.admin_listen,
            lame_duck: operation.lame_duck,
            drain_timeout: operation.drain_timeout,
            engine,
            access,
            port,
            rpc,
            connections,
            adhoc,
            transfer,
            telemetry,
        })
    }
}

/// The address to serve on.
fn listen(raw: Option<&str>, faults: &mut Faults) -> SocketAddr {
    let parsed = socket(raw.unwrap_or(defaults::LISTEN));
    faults.take("listen", parsed, SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// An address with a port.
fn socket(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "`{text}` is not an address with a port; write it as 127.0.0.1:50051 or [::1]:50051"
        )
    })
}

/// A fault when an option is given that has no place here.
fn refuse(option: &'static str, given: bool, problem: &str, faults: &mut Faults) {
    if given {
        faults.add(option, problem);
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

/// A duration that is not zero: that would end everything at once.
fn lasting(
    option: &'static str,
    raw: Option<&str>,
    default: Duration,
    faults: &mut Faults,
) -> Duration {
    let time = duration(option, raw, default, faults);
    refuse(option, time.is_zero(), "must be longer than zero", faults);
    time
}

/// Something that is on or off.
fn switch(option: &'static str, raw: Option<&str>, default: bool, faults: &mut Faults) -> bool {
    let parsed = match raw {
        None => Ok(default),
        Some("on" | "true") => Ok(true),
        Some("off" | "false") => Ok(false),
        Some(other) => Err(format!("`{other}` is neither on nor off")),
    };
    faults.take(option, parsed, default)
}

/// A server that other machines can reach must know its callers, unless somebody has said otherwise.
fn check_open(listen: SocketAddr, access: &AccessConfig, faults: &mut Faults) {
    if listen.ip().is_loopback() || access.is_required() || access.allow_open {
        return;
    }
    let problem = format!(
        "{listen} is reachable from other machines, and callers need not say who they are: set up \
         authentication (--auth-...), listen on 127.0.0.1, or allow everybody to do everything with \
         --allow-open"
    );
    faults.add("listen", problem);
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
