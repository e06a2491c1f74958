//! The configuration as it is shown: on one line for the log, and as a configuration file.
//!
//! Part of `config`. What it shows of a secret is the name of its file.

use std::{fmt, path::Path, time::Duration};

use super::{ByteSize, Config, ConnectionConfig, Identity, units::format_duration};
use crate::{
    auth::{AuthConfig, ConnectionLimit, Grant, JwksLocation, KeySource, Tables},
    engine::{EmbeddedConfig, EngineConfig},
};

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Unset,
    Bare(String),
    Text(String),
    List(Vec<String>),
}

impl Value {
    fn size(bytes: impl Into<ByteSize>) -> Self {
        Self::Text(bytes.into().to_string())
    }

    fn time(duration: Duration) -> Self {
        Self::Text(format_duration(duration))
    }

    fn text(text: impl fmt::Display) -> Self {
        Self::Text(text.to_string())
    }

    fn maybe(text: Option<impl fmt::Display>) -> Self {
        text.map_or(Self::Unset, Self::text)
    }

    fn maybe_time(duration: Option<Duration>) -> Self {
        duration.map_or(Self::Unset, Self::time)
    }

    fn path(path: Option<&Path>) -> Self {
        Self::maybe(path.map(Path::display))
    }

    fn number(number: impl fmt::Display) -> Self {
        Self::Bare(number.to_string())
    }

    fn list<T: fmt::Display>(items: &[T]) -> Self {
        Self::List(items.iter().map(ToString::to_string).collect())
    }
}

/// As on the line of a log.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.write_str("none"),
            Self::Bare(text) | Self::Text(text) => f.write_str(text),
            Self::List(items) if items.is_empty() => f.write_str("none"),
            Self::List(items) => f.write_str(&items.join(",")),
        }
    }
}

type Entry = (&'static str, Value);

impl Config {
    /// The configuration as a file that says the same, secrets left in their files.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.entries() {
            push(&mut text, name, &value);
        }
        for (name, connection) in &self.connections {
            let flags_say_it = name == "default" && is_plain(connection);
            if !flags_say_it {
                text.push_str(&format!("\n[connections.{}]\n", key(name)));
                for (name, value) in connection_entries(connection) {
                    push(&mut text, name, &value);
                }
            }
        }
        let others = self.access.certificates.others.as_ref();
        let others = others.map(|grant| ("*", grant));
        let subjects = self.access.certificates.subjects.iter();
        for (name, grant) in subjects
            .map(|(name, grant)| (name.as_str(), grant))
            .chain(others)
        {
            text.push_str(&format!("\n[certificates.{}]\n", key(name)));
            for (name, value) in grant_entries(grant) {
                push(&mut text, name, &value);
            }
        }
        text
    }

    /// Every option as it was resolved, by the name of the option.
    fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![("listen", Value::text(self.listen))];
        match (&self.engine, self.connections.get("default")) {
            (EngineConfig::Embedded(embedded), _) => entries.extend(embedded_entries(embedded)),
            (EngineConfig::Remote(_), Some(connection)) if is_plain(connection) => {
                entries.extend([
                    ("clickhouse-url", Value::text(connection.urls.join(","))),
                    ("clickhouse-user", Value::text(&connection.user)),
                    (
                        "clickhouse-password-file",
                        Value::path(connection.password_file.as_deref()),
                    ),
                    ("clickhouse-database", Value::text(&connection.database)),
                ]);
            }
            (EngineConfig::Remote(_), _) => {}
        }
        self.push_access(&mut entries);
        self.push_port(&mut entries);
        self.push_transfer(&mut entries);
        entries.extend([
            ("web-dir", Value::path(self.rpc.web_dir.as_deref())),
            ("max-message-bytes", Value::size(self.rpc.max_message_bytes)),
            ("body-timeout", Value::time(self.rpc.body_timeout)),
            ("max-preview-bytes", Value::size(self.rpc.max_preview_bytes)),
            ("idle-timeout", Value::time(self.rpc.idle_timeout)),
            ("admin-listen", Value::maybe(self.admin_listen)),
            ("metrics", Value::number(self.rpc.metrics)),
            ("lame-duck", Value::time(self.lame_duck)),
            ("drain-timeout", Value::time(self.drain_timeout)),
            ("max-connection-age", Value::maybe_time(self.port.max_age)),
            (
                "max-connection-age-grace",
                Value::maybe_time(self.port.max_age_grace),
            ),
            ("log", Value::text(&self.telemetry.filter)),
            ("log-format", Value::text(self.telemetry.format)),
        ]);
        entries
    }

    fn push_access(&self, entries: &mut Vec<Entry>) {
        let access = &self.access;
        if let Some(tokens) = &access.tokens {
            push_tokens(tokens, entries);
            entries.push(("auth-grace", Value::time(access.grace)));
        }
        entries.extend([
            ("allow-open", Value::number(access.allow_open)),
            (
                "requests-per-second",
                Value::number(access.requests_per_second),
            ),
        ]);
    }

    fn push_port(&self, entries: &mut Vec<Entry>) {
        let (port, rpc) = (&self.port, &self.rpc);
        if let Some(tls) = &port.tls {
            entries.push(("tls-cert", Value::path(Some(&tls.certificate))));
            entries.push(("tls-key", Value::path(Some(&tls.key))));
            if let Some(ca) = &tls.client_ca {
                let whether = if ca.is_required {
                    "required"
                } else {
                    "optional"
                };
                entries.push(("tls-client-ca", Value::path(Some(&ca.file))));
                entries.push(("tls-client-auth", Value::text(whether)));
            }
        }
        entries.extend([
            ("max-connections", Value::number(port.max_connections)),
            ("max-streams", Value::number(rpc.max_streams)),
            ("handshake-timeout", Value::time(port.handshake_timeout)),
            ("head-timeout", Value::time(port.head_timeout)),
            ("reflection", Value::number(rpc.reflection)),
            ("cors-origins", Value::list(&rpc.cors_origins)),
            ("allowed-hosts", Value::list(&rpc.allowed_hosts)),
            ("trusted-proxies", Value::list(&self.access.trusted_proxies)),
            ("adhoc-clickhouse", Value::number(self.adhoc.is_some())),
        ]);
        if let Some(hosts) = &self.adhoc {
            entries.push(("adhoc-hosts", Value::list(&hosts.texts())));
        }
        let fleet = self.transfer.fleet.as_ref();
        entries.push(("advertise", Value::maybe(fleet.map(|own| &own.address))));
        if let Some(ca_file) = fleet.and_then(|own| own.ca_file.as_deref()) {
            entries.push(("fleet-ca", Value::path(Some(ca_file))));
        }
    }

    fn push_transfer(&self, entries: &mut Vec<Entry>) {
        let transfer = &self.transfer;
        entries.extend([
            ("max-transfers", Value::number(transfer.max_transfers)),
            ("max-record-bytes", Value::size(transfer.max_record_bytes)),
            ("max-fields", Value::number(transfer.max_fields)),
            ("max-expansion", Value::number(transfer.max_expansion)),
            (
                "max-workbook-bytes",
                Value::size(transfer.max_workbook_bytes),
            ),
            ("block-rows", Value::number(transfer.block_rows)),
            ("block-bytes", Value::size(transfer.block_bytes)),
            ("journal-database", Value::text(&transfer.journal_database)),
            ("journal-retention", Value::time(transfer.journal_retention)),
            ("fsync", Value::number(transfer.fsync)),
            ("session-limit", Value::time(transfer.session_limit)),
            ("max-interrupted", Value::number(transfer.max_interrupted)),
            (
                "max-interrupted-bytes",
                Value::size(usize::try_from(transfer.max_interrupted_bytes).unwrap_or(usize::MAX)),
            ),
            ("session-idle", Value::time(transfer.session_idle)),
            (
                "max-early-appends",
                Value::number(transfer.max_early_appends),
            ),
            ("memory-limit", Value::size(transfer.memory_limit)),
            ("queue-timeout", Value::time(transfer.queue_timeout)),
            ("max-file-bytes", Value::size(transfer.max_file_bytes)),
        ]);
    }
}

fn embedded_entries(embedded: &EmbeddedConfig) -> [Entry; 3] {
    [
        ("data-dir", Value::path(Some(&embedded.data_dir))),
        (
            "embedded-http-port",
            embedded.http_port.map_or(Value::Unset, Value::number),
        ),
        ("engine-library", Value::path(embedded.library.as_deref())),
    ]
}

fn push_tokens(tokens: &AuthConfig, entries: &mut Vec<Entry>) {
    for source in &tokens.keys {
        match source {
            KeySource::Secret { file, algorithm } => {
                entries.push(("auth-secret-file", Value::path(Some(file))));
                entries.push(("auth-algorithm", Value::Text(format!("{algorithm:?}"))));
            }
            KeySource::Pem { file, algorithm } => {
                entries.push(("auth-public-key-file", Value::path(Some(file))));
                if let Some(algorithm) = algorithm {
                    entries.push(("auth-algorithm", Value::Text(format!("{algorithm:?}"))));
                }
            }
            KeySource::Jwks(JwksLocation::File(file)) => {
                entries.push(("auth-jwks-file", Value::path(Some(file))));
            }
            KeySource::Jwks(JwksLocation::Url { url, ca }) => {
                entries.push(("auth-jwks-url", Value::text(url)));
                entries.push(("auth-jwks-ca-file", Value::path(ca.as_deref())));
            }
        }
    }
    entries.extend([
        ("auth-issuer", Value::list(&tokens.issuers)),
        ("auth-audience", Value::list(&tokens.audiences)),
        ("auth-leeway", Value::time(tokens.leeway)),
        ("auth-tables-claim", Value::text(&tokens.claims.tables)),
        (
            "auth-connections-claim",
            Value::text(&tokens.claims.connections),
        ),
        (
            "auth-role-claim",
            Value::text(&tokens.claims.clickhouse_role),
        ),
        (
            "auth-user-claim",
            Value::text(&tokens.claims.clickhouse_user),
        ),
    ]);
}

/// Whether the flags `--clickhouse-…` can say all of it.
fn is_plain(connection: &ConnectionConfig) -> bool {
    connection.ca_file.is_none()
        && connection.identity == Identity::Service
        && connection.callers.is_none()
        && connection.max_transfers.is_none()
        && connection.urls.iter().all(|url| url.starts_with("http:"))
}

fn connection_entries(connection: &ConnectionConfig) -> [Entry; 9] {
    let callers = connection.callers.as_ref();
    [
        ("url", Value::text(connection.urls.join(","))),
        ("database", Value::text(&connection.database)),
        ("user", Value::text(&connection.user)),
        (
            "password-file",
            Value::path(connection.password_file.as_deref()),
        ),
        ("ca-file", Value::path(connection.ca_file.as_deref())),
        ("identity", Value::text(connection.identity)),
        ("callers-user", Value::maybe(callers.map(|user| &user.name))),
        (
            "callers-password-file",
            Value::path(callers.and_then(|user| user.password_file.as_deref())),
        ),
        (
            "max-transfers",
            connection.max_transfers.map_or(Value::Unset, Value::number),
        ),
    ]
}

fn grant_entries(grant: &Grant) -> [Entry; 5] {
    let scopes: Vec<_> = grant.scopes.iter().collect();
    let tables = match &grant.tables {
        Tables::All => Value::Unset,
        Tables::Only(patterns) => Value::list(patterns),
    };
    let connections = match &grant.connections {
        ConnectionLimit::All => Value::Unset,
        ConnectionLimit::Only(patterns) => Value::list(patterns),
    };
    [
        ("scopes", Value::list(&scopes)),
        ("tables", tables),
        ("connections", connections),
        (
            "clickhouse-role",
            Value::maybe(grant.clickhouse_role.as_ref()),
        ),
        (
            "clickhouse-user",
            Value::maybe(grant.clickhouse_user.as_ref()),
        ),
    ]
}

/// One line of a configuration file.
fn push(text: &mut String, name: &str, value: &Value) {
    let line = match value {
        Value::Unset => format!("# {name} is not set\n"),
        Value::Bare(value) => format!("{name} = {value}\n"),
        Value::Text(value) => format!("{name} = {}\n", quoted(value)),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
            format!("{name} = [{}]\n", items.join(", "))
        }
    };
    text.push_str(&line);
}

/// A name as a key.
fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !name.is_empty() && name.bytes().all(is_bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service",
            Self::Token => "token",
            Self::Role => "role",
            Self::Impersonate => "impersonate",
        })
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.entries() {
            write!(f, "{name}={value} ")?;
        }
        let names: Vec<_> = self.connections.keys().map(String::as_str).collect();
        let names = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(",")
        };
        write!(f, "connections={names}")
    }
}
