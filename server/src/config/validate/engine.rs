//! Which ClickHouse the server works with.
//!
//! Part of `config::validate`. It reads the password file; it must not open a connection.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use super::refuse;
use crate::{
    config::{
        ConnectionConfig, Identity, defaults,
        errors::Faults,
        raw::{RawEmbedded, RawRemote},
    },
    engine::{EmbeddedConfig, EngineConfig, RemoteConfig, Secret},
    secret_file,
};

/// The connection that is used by callers who name none.
const DEFAULT: &str = "default";

/// The engine: remote with an address, or with a connection `default`, which an address becomes;
/// embedded without, where callers' queries do not see the journal. The options of the others are
/// refused.
pub(super) fn engine(
    embedded: RawEmbedded,
    remote: RawRemote,
    journal_database: &str,
    connections: &mut BTreeMap<String, ConnectionConfig>,
    faults: &mut Faults,
) -> EngineConfig {
    if let Some(default) = connections.get(DEFAULT) {
        refuse_flags(&embedded, &remote, faults);
        return EngineConfig::Remote(endpoint(default));
    }
    let Some(url) = &remote.clickhouse_url else {
        return EngineConfig::Embedded(embedded_engine(
            embedded,
            &remote,
            journal_database,
            faults,
        ));
    };
    let problem = "is for the embedded ClickHouse and contradicts --clickhouse-url; leave one out";
    refuse_embedded(&embedded, problem, faults);
    let (hint, file) = (
        "--clickhouse-password-file",
        remote.clickhouse_password_file,
    );
    let connection = ConnectionConfig {
        urls: faults.take("clickhouse-url", urls_in_the_clear(url, hint), Vec::new()),
        user: name("clickhouse-user", remote.clickhouse_user, faults),
        password: password("clickhouse-password-file", file.as_deref(), faults),
        password_file: file,
        database: name("clickhouse-database", remote.clickhouse_database, faults),
        ca_file: None,
        identity: Identity::Service,
        callers: None,
        max_transfers: None,
    };
    let engine = EngineConfig::Remote(endpoint(&connection));
    connections.insert(DEFAULT.to_owned(), connection);
    engine
}

fn endpoint(connection: &ConnectionConfig) -> RemoteConfig {
    RemoteConfig {
        url: connection.urls.first().cloned().unwrap_or_default(),
        user: connection.user.clone(),
        password: connection.password.clone(),
        database: connection.database.clone(),
    }
}

/// Faults for flags that name a ClickHouse beside the connection `default`.
fn refuse_flags(embedded: &RawEmbedded, remote: &RawRemote, faults: &mut Faults) {
    let problem = "contradicts [connections.default] of the configuration file; leave one out";
    refuse_embedded(embedded, problem, faults);
    let is_given = remote.clickhouse_url.is_some();
    refuse("clickhouse-url", is_given, problem, faults);
    refuse_remote(remote, problem, faults);
}

fn refuse_embedded(embedded: &RawEmbedded, problem: &str, faults: &mut Faults) {
    for (option, is_given) in [
        ("data-dir", embedded.data_dir.is_some()),
        ("embedded-http-port", embedded.embedded_http_port.is_some()),
        ("engine-library", embedded.engine_library.is_some()),
    ] {
        refuse(option, is_given, problem, faults);
    }
}

fn refuse_remote(remote: &RawRemote, problem: &str, faults: &mut Faults) {
    for (option, is_given) in [
        ("clickhouse-user", remote.clickhouse_user.is_some()),
        (
            "clickhouse-password-file",
            remote.clickhouse_password_file.is_some(),
        ),
        ("clickhouse-database", remote.clickhouse_database.is_some()),
    ] {
        refuse(option, is_given, problem, faults);
    }
}

fn embedded_engine(
    embedded: RawEmbedded,
    remote: &RawRemote,
    journal_database: &str,
    faults: &mut Faults,
) -> EmbeddedConfig {
    refuse_remote(remote, "needs --clickhouse-url", faults);
    EmbeddedConfig {
        data_dir: embedded
            .data_dir
            .unwrap_or_else(|| PathBuf::from(defaults::DATA_DIR)),
        http_port: port(embedded.embedded_http_port.as_deref(), faults),
        library: embedded.engine_library,
        host_program: None,
        start_timeout: defaults::ENGINE_START_TIMEOUT,
        hidden_database: journal_database.to_owned(),
    }
}

/// Addresses of HTTP without a final slash.
fn urls_in_the_clear(text: &str, hint: &str) -> Result<Vec<String>, String> {
    let urls = checked_urls(std::iter::once(text), hint)?;
    if urls.iter().any(|url| url.starts_with("https:")) {
        let problem = "asks for TLS: write it as [connections.default] in a configuration file";
        return Err(format!("`{text}` {problem}"));
    }
    Ok(urls)
}

/// The addresses of the nodes of a cluster, separated by commas, each once and without a final slash. Where the
/// password belongs is said by `hint`.
pub(super) fn checked_urls<'a>(
    texts: impl Iterator<Item = &'a str>,
    hint: &str,
) -> Result<Vec<String>, String> {
    let mut urls = Vec::new();
    for text in texts.flat_map(|text| text.split(',')) {
        let url = checked_url(text.trim(), hint)?;
        if urls.contains(&url) {
            return Err(format!("`{url}` stands there twice"));
        }
        urls.push(url);
    }
    Ok(urls)
}

/// One address without a final slash.
fn checked_url(text: &str, hint: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("`{text}` {why}; write it as http://host:8123"));
    if text.contains('@') {
        // Not shown: it may hold a password.
        return Err(format!(
            "must not hold a user or a password; the password belongs into {hint}"
        ));
    }
    let Ok(uri) = text.parse::<http::Uri>() else {
        return wrong("is not an address");
    };
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => {}
        _ => return wrong("is not an address of HTTP"),
    }
    if uri.query().is_some() {
        return wrong("must not hold a query");
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// A user or a database.
pub(super) fn name(
    option: impl Into<Cow<'static, str>>,
    raw: Option<String>,
    faults: &mut Faults,
) -> String {
    let name = raw.unwrap_or_else(|| defaults::CLICKHOUSE_NAME.to_owned());
    if name.is_empty() {
        faults.add(option, "must not be empty");
    }
    name
}

/// The password in the file, without the line end that editors add.
pub(super) fn password(
    option: impl Into<Cow<'static, str>>,
    file: Option<&Path>,
    faults: &mut Faults,
) -> Secret {
    let Some(file) = file else {
        return Secret::default();
    };
    let read = secret_file::open(file)
        .and_then(io::read_to_string)
        .map(|text| {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned())
        })
        .map_err(|error| format!("cannot read {}: {error}", file.display()));
    faults.take(option, read, Secret::default())
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
