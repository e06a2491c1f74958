//! The list of hosts that callers may name.
//!
//! `config` reads it, `guard` asks it. An entry that was not written for an internal address must
//! never allow one.

use std::{net::IpAddr, str::FromStr};

use ipnet::IpNet;

use super::{
    address::{Kind, special_network},
    url::{DEFAULT_PORTS, Host, is_label, parse_port},
};

/// An entry that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no host: write a name (ch.example.com, *.example.com, *), an address (10.0.0.5) or a \
     network (10.0.0.0/8); without a port it is for 8123 and 8443, with :9440 for that one, with :* \
     for every one"
)]
pub struct EntryError(pub String);

/// Hosts that callers may name. Default: none.
///
/// A name allows a host at public addresses only. An internal address (private, loopback,
/// link-local and the like) needs an entry of its own: its address, or a network that lies within
/// that kind of addresses, so that `0.0.0.0/0` does not allow 127.0.0.1. The metadata services of
/// clouds need their exact address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// As it was written.
    text: String,
    pattern: Pattern,
    ports: Ports,
}

/// The ports of a host that callers may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ports {
    /// Those of ClickHouse's HTTP interface: whoever names a host means its ClickHouse.
    Standard,
    /// One.
    One(u16),
    /// All.
    Every,
}

impl Ports {
    fn allow(self, port: u16) -> bool {
        match self {
            Self::Standard => DEFAULT_PORTS.contains(&port),
            Self::One(own) => own == port,
            Self::Every => true,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::Every),
            _ => parse_port(text).ok().map(Self::One),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    /// `*`: every name.
    AnyName,
    /// `*.example.com`: every name below, as `.example.com`.
    Below(String),
    /// One name.
    Name(String),
    /// Addresses.
    Network(IpNet),
}

impl AllowList {
    /// Reads the entries.
    ///
    /// # Errors
    ///
    /// Those that cannot be read.
    pub fn parse<T: AsRef<str>>(entries: &[T]) -> Result<Self, Vec<EntryError>> {
        let mut list = Self::default();
        let mut errors = Vec::new();
        for entry in entries {
            match entry.as_ref().parse() {
                Ok(entry) => list.entries.push(entry),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            Ok(list)
        } else {
            Err(errors)
        }
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries as they were written.
    pub fn texts(&self) -> Vec<&str> {
        self.entries
            .iter()
            .map(|entry| entry.text.as_str())
            .collect()
    }

    /// Whether a name is worth looking up: it is allowed, or a network could be where it is.
    pub(super) fn may_allow(&self, name: &str, port: u16) -> bool {
        let mut entries = self.at(port);
        entries.any(|pattern| matches!(pattern, Pattern::Network(_)) || pattern.allows_name(name))
    }

    pub(super) fn allows_name(&self, name: &str, port: u16) -> bool {
        self.at(port).any(|pattern| pattern.allows_name(name))
    }

    pub(super) fn allows_address(&self, address: IpAddr, kind: Kind, port: u16) -> bool {
        self.at(port).any(|pattern| match pattern {
            Pattern::Network(network) => allows(network, address, kind),
            Pattern::AnyName | Pattern::Below(_) | Pattern::Name(_) => false,
        })
    }

    fn at(&self, port: u16) -> impl Iterator<Item = &Pattern> {
        let entries = self.entries.iter();
        let entries = entries.filter(move |entry| entry.ports.allow(port));
        entries.map(|entry| &entry.pattern)
    }
}

/// Whether the network was written for this kind of address.
fn allows(network: &IpNet, address: IpAddr, kind: Kind) -> bool {
    if !network.contains(&address) {
        return false;
    }
    match kind {
        Kind::Public => true,
        Kind::Metadata(_) => network.prefix_len() == network.max_prefix_len(),
        // An IPv6 address with an IPv4 one in it belongs to no special network itself.
        Kind::Internal(_) => special_network(address).map_or_else(
            || network.prefix_len() == network.max_prefix_len(),
            |(special, _)| special.contains(network),
        ),
    }
}

impl Pattern {
    fn allows_name(&self, name: &str) -> bool {
        match self {
            Self::AnyName => true,
            Self::Below(suffix) => name.len() > suffix.len() && name.ends_with(suffix.as_str()),
            Self::Name(own) => own == name,
            Self::Network(_) => false,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::AnyName);
        }
        if let Some(suffix) = text.strip_prefix("*.") {
            let suffix = suffix.to_ascii_lowercase();
            return suffix
                .split('.')
                .all(is_label)
                .then(|| Self::Below(format!(".{suffix}")));
        }
        if text.contains('/') {
            let network: IpNet = text.parse().ok()?;
            // 10.0.0.1/8 is a slip of the pen, and a mapped network would match nothing.
            let is_clean = network.trunc() == network;
            let is_mapped =
                matches!(network.addr(), IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
            return (is_clean && !is_mapped).then_some(Self::Network(network));
        }
        let host = match text.parse::<IpAddr>() {
            Ok(address) => Host::Address(address.to_canonical()),
            Err(_) => Host::parse(text).ok()?,
        };
        Some(match host {
            Host::Name(name) => Self::Name(name),
            Host::Address(address) => Self::Network(address.into()),
        })
    }
}

impl FromStr for Entry {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, EntryError> {
        let entry = match split_port(text) {
            Some((host, port)) => Ports::parse(port).and_then(|ports| {
                let pattern = Pattern::parse(host)?;
                Some(Self {
                    text: text.to_owned(),
                    pattern,
                    ports,
                })
            }),
            None => Pattern::parse(text).map(|pattern| Self {
                text: text.to_owned(),
                pattern,
                ports: Ports::Standard,
            }),
        };
        entry.ok_or_else(|| EntryError(text.chars().take(64).collect()))
    }
}

/// Host and port, where there is one: an IPv6 address with a port stands in brackets.
fn split_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let is_bare_v6 = host.contains(':') && !host.ends_with(']');
    (!is_bare_v6).then_some((host, port))
}
