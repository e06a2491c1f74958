//! The port: encryption, connections, and what browsers may do.
//!
//! Part of `config::validate`. Certificates are read by `tls`, when the server starts.

use std::{
    net::{AddrParseError, IpAddr},
    time::Duration,
};

use ipnet::IpNet;

use super::{access::together, count, duration, lasting, refuse, switch};
use crate::{
    config::{
        PortConfig,
        defaults::{self, range},
        errors::Faults,
        raw::{RawFleet, RawOperation, RawPort},
    },
    fleet::{Address, Fleet},
    guard::AllowList,
    tls::{AcceptConfig, ClientCa, TlsConfig},
};

/// How connections are taken.
pub(super) fn port(raw: RawPort, operation: &RawOperation, faults: &mut Faults) -> PortConfig {
    let max_age = operation.max_connection_age.as_deref();
    let grace = operation.max_connection_age_grace.as_deref();
    let is_idle = grace.is_some() && max_age.is_none();
    let option = "max-connection-age-grace";
    refuse(option, is_idle, "needs --max-connection-age", faults);
    PortConfig {
        max_connections: count(
            "max-connections",
            raw.max_connections.as_deref(),
            AcceptConfig::MAX_CONNECTIONS as u64,
            &range::CONNECTIONS,
            faults,
        ),
        handshake_timeout: lasting(
            "handshake-timeout",
            raw.handshake_timeout.as_deref(),
            AcceptConfig::HANDSHAKE_TIMEOUT,
            faults,
        ),
        head_timeout: lasting(
            "head-timeout",
            raw.head_timeout.as_deref(),
            AcceptConfig::HEAD_TIMEOUT,
            faults,
        ),
        max_age: max_age.map(|_| lasting("max-connection-age", max_age, Duration::ZERO, faults)),
        max_age_grace: grace.map(|_| duration(option, grace, Duration::ZERO, faults)),
        tls: tls(raw, faults),
    }
}

fn tls(raw: RawPort, faults: &mut Faults) -> Option<TlsConfig> {
    let is_required = match raw.tls_client_auth.as_deref() {
        None | Some("required") => Ok(true),
        Some("optional") => Ok(false),
        Some(other) => Err(format!("`{other}` is neither required nor optional")),
    };
    let is_required = faults.take("tls-client-auth", is_required, true);
    let has_ca = raw.tls_client_ca.is_some();
    let needs_ca = raw.tls_client_auth.is_some() && !has_ca;
    refuse("tls-client-auth", needs_ca, "needs --tls-client-ca", faults);
    let pair = together(("tls-cert", raw.tls_cert), ("tls-key", raw.tls_key), faults);
    let Some((certificate, key)) = pair else {
        let problem = "needs --tls-cert and --tls-key";
        refuse("tls-client-ca", has_ca, problem, faults);
        return None;
    };
    Some(TlsConfig {
        certificate,
        key,
        client_ca: raw.tls_client_ca.map(|file| ClientCa { file, is_required }),
        reload_interval: TlsConfig::RELOAD_INTERVAL,
    })
}

/// The calls at once on one connection.
pub(super) fn max_streams(raw: &RawPort, faults: &mut Faults) -> u32 {
    let streams = count(
        "max-streams",
        raw.max_streams.as_deref(),
        defaults::MAX_STREAMS,
        &range::STREAMS,
        faults,
    );
    u32::try_from(streams).unwrap_or(u32::MAX)
}

/// The web sites whose pages may call: scheme and host, as browsers send them.
pub(super) fn cors_origins(raw: &RawPort, faults: &mut Faults) -> Vec<String> {
    for origin in &raw.cors_origins {
        if !is_origin(origin) {
            let problem = format!(
                "`{origin}` is not an origin; write it as https://app.example.com or \
                 http://localhost:3000, in lower case and without a path"
            );
            faults.add("cors-origins", problem);
        }
    }
    raw.cors_origins.clone()
}

fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let is_part =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:[]".contains(&byte);
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(is_part))
        && text.parse::<http::Uri>().is_ok()
}

/// The names that the server is called by, without a port.
pub(super) fn allowed_hosts(raw: &RawPort, faults: &mut Faults) -> Vec<String> {
    for name in &raw.allowed_hosts {
        let is_part =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_part) {
            let problem = format!(
                "`{name}` is no name of a host; write it as sluice.example.com, in lower case and \
                 without a port"
            );
            faults.add("allowed-hosts", problem);
        }
    }
    raw.allowed_hosts.clone()
}

/// The proxies that are believed.
pub(super) fn trusted_proxies(raw: &RawPort, faults: &mut Faults) -> Vec<IpNet> {
    let parse = |text: &String| {
        let network = text
            .parse()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map_err(|_: AddrParseError| {
            format!(
                "`{text}` is neither an address nor a network; write it as 10.0.0.7 or 10.0.0.0/16"
            )
        })
    };
    let parsed = raw.trusted_proxies.iter().map(parse).collect();
    faults.take("trusted-proxies", parsed, Vec::new())
}

/// The hosts at which callers may name a ClickHouse of their own.
pub(super) fn adhoc(raw: &RawPort, faults: &mut Faults) -> Option<AllowList> {
    let is_on = switch(
        "adhoc-clickhouse",
        raw.adhoc_clickhouse.as_deref(),
        false,
        faults,
    );
    let has_hosts = !raw.adhoc_hosts.is_empty();
    let problem = "needs --adhoc-clickhouse=on";
    refuse("adhoc-hosts", has_hosts && !is_on, problem, faults);
    let problem = "needs --adhoc-hosts: say which hosts callers may name";
    refuse("adhoc-clickhouse", is_on && !has_hosts, problem, faults);
    let list = AllowList::parse(&raw.adhoc_hosts).unwrap_or_else(|errors| {
        for error in errors {
            faults.add("adhoc-hosts", error.to_string());
        }
        AllowList::default()
    });
    is_on.then_some(list)
}

/// How the other servers of the fleet reach this one, and it them.
pub(super) fn fleet(raw: RawFleet, port: &RawPort, faults: &mut Faults) -> Option<Fleet> {
    let parsed = raw.advertise.as_deref().map(str::parse::<Address>);
    let address = faults.take("advertise", parsed.transpose(), None);
    let is_encrypted = address.as_ref().is_some_and(Address::is_encrypted);
    let problem = "needs an --advertise that begins with https://";
    let is_idle = raw.fleet_ca.is_some() && !is_encrypted;
    refuse("fleet-ca", is_idle, problem, faults);
    let address = address?;
    let problem = "this port speaks TLS (--tls-cert): write it as https://";
    let is_plain = !is_encrypted && port.tls_cert.is_some();
    refuse("advertise", is_plain, problem, faults);
    let problem =
        "the other servers have no client certificate: it needs --tls-client-auth=optional";
    let is_optional = port.tls_client_auth.as_deref() == Some("optional");
    let is_closed = port.tls_client_ca.is_some() && !is_optional;
    refuse("advertise", is_closed, problem, faults);
    Some(Fleet {
        address,
        ca_file: raw.fleet_ca,
    })
}
