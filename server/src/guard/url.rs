//! Takes an address apart, in the one form that is taken.
//!
//! `guard` calls it. Two readers of a URL often differ on where its host ends; so nothing is taken that
//! could be read in two ways: no user, no path, no other form of an IPv4 address than four decimals.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The longest name of a host (RFC 1035), and of one part of it.
const MAX_NAME_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// The ports of ClickHouse's HTTP interface, without TLS and with it.
pub(super) const DEFAULT_PORTS: [u16; 2] = [8123, 8443];

/// A host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// A name in lower case, without a dot at its end.
    Name(String),
    /// An address; an IPv4 address in IPv6 clothes is one of IPv4.
    Address(IpAddr),
}

impl Host {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Address(address) => address.to_string(),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner
                .strip_suffix(']')
                .ok_or("the bracket of its host is not closed")?;
            if inner.contains('%') {
                return Err("its host has a zone, which only means something on one machine");
            }
            let address: Ipv6Addr = inner.parse().map_err(|_| "its host is no IPv6 address")?;
            return Ok(Self::Address(address.to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        if !name.split('.').all(is_label) || name.len() > MAX_NAME_BYTES {
            return Err("its host is neither a name of letters, digits, - and _ nor an address");
        }
        // 127.1, 0x7f.1, 2130706433, 017700000001: all of them are 127.0.0.1 to some resolvers.
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
            || last
                .strip_prefix("0x")
                .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if is_number {
            return Err("its host is a number: write an IPv4 address as four decimals");
        }
        Ok(Self::Name(name))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Whether it is a part of a name of a host.
pub(super) fn is_label(label: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !label.is_empty()
        && label.len() <= MAX_LABEL_BYTES
        && label.bytes().all(is_name)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// An address in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedUrl {
    pub is_secure: bool,
    pub host: Host,
    pub port: u16,
}

impl ParsedUrl {
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or("it has no scheme")?;
        let is_secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => true,
            _ if scheme.eq_ignore_ascii_case("http") => false,
            _ => return Err("its scheme is neither http nor https"),
        };
        // One slash at the end is how browsers write it.
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('@') {
            return Err("a user or password in it is not taken: send them apart");
        }
        if authority.contains(['/', '\\', '?', '#']) {
            return Err("a path, query or fragment is not taken");
        }
        let host_end = match authority.find(']') {
            Some(bracket) => bracket + 1,
            None => authority.find(':').unwrap_or(authority.len()),
        };
        let (host, port) = authority
            .split_at_checked(host_end)
            .ok_or("it has no host")?;
        let port = match port.strip_prefix(':') {
            Some(port) => parse_port(port)?,
            None if port.is_empty() => DEFAULT_PORTS[usize::from(is_secure)],
            None => return Err("something stands between host and port"),
        };
        Ok(Self {
            is_secure,
            host: Host::parse(host)?,
            port,
        })
    }
}

pub(super) fn parse_port(text: &str) -> Result<u16, &'static str> {
    let is_decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|&port| is_decimal && port > 0);
    port.ok_or("its port is no number from 1 to 65535")
}
