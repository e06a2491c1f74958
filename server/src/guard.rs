//! Which ClickHouse a caller may name, so that Sluice is no way to reach what only Sluice can reach.
//!
//! The layer that reads a caller's own connection calls [`Guard::check`] before anything is sent. How
//! this works: the address is taken apart strictly, its host is resolved once, every address that came
//! of it is judged, and the connection is made to just these ([`Target::resolver`]), so that a
//! name cannot mean something else a moment later. Redirects must not be followed.

mod address;
mod list;
mod url;

use std::{
    fmt,
    future::{Ready, ready},
    io,
    net::{IpAddr, SocketAddr},
    task::{Context, Poll},
    time::Duration,
    vec,
};

use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

pub use self::list::{AllowList, EntryError};
use self::{
    address::Kind,
    url::{Host, ParsedUrl},
};

/// The time that a name may take to resolve.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The most addresses of a name that are looked at.
const MAX_ADDRESSES: usize = 32;

/// Why an address is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not of the one form that is taken.
    #[error("the ClickHouse address is not http://host:port or https://host:port: {0}")]
    Url(&'static str),
    /// No entry of the list means this host.
    #[error("the host {0} is not on this server's list of ClickHouse hosts")]
    Host(String),
    /// The name is allowed, the address behind it is not.
    #[error(
        "the host {host} is at {address}, {kind}: the server's list of ClickHouse hosts must \
         name that address or its network too"
    )]
    Address {
        /// The host.
        host: String,
        /// Where it is.
        address: IpAddr,
        /// What kind of address that is.
        kind: &'static str,
    },
    /// The name cannot be resolved.
    #[error("the host {host} cannot be found")]
    Resolve {
        /// The host.
        host: String,
        /// The reason of the system.
        source: io::Error,
    },
}

/// An address that may be connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    is_secure: bool,
    host: Host,
    port: u16,
    addresses: Vec<SocketAddr>,
}

impl Target {
    /// Whether TLS is to be spoken.
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The name that TLS must verify: in lower case, without brackets.
    pub fn host(&self) -> String {
        self.host.name()
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where to connect to, in the order in which to try; never empty.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What an HTTP connector is to resolve names with: it knows this host only.
    pub fn resolver(&self) -> Pinned {
        Pinned(self.clone())
    }
}

/// The address in the form in which it is compared and shown.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// Resolves one host, to the addresses that were judged.
#[derive(Debug, Clone)]
pub struct Pinned(Target);

impl Service<Name> for Pinned {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let is_same = name.as_str().eq_ignore_ascii_case(&self.0.host());
        let addresses = || self.0.addresses.clone().into_iter();
        let other = || {
            io::Error::new(
                io::ErrorKind::PermissionDenied,
                "another host than was checked",
            )
        };
        ready(is_same.then(addresses).ok_or_else(other))
    }
}

/// Judges the addresses that callers give.
#[derive(Debug, Clone)]
pub struct Guard {
    list: AllowList,
}

impl Guard {
    /// A guard that lets through what is on `list`.
    pub const fn new(list: AllowList) -> Self {
        Self { list }
    }

    /// Judges `http://host:port` or `https://host:port`; without a port it is 8123, or 8443 with TLS.
    ///
    /// # Errors
    ///
    /// Why it is not used.
    pub async fn check(&self, url: &str) -> Result<Target, Error> {
        let parsed = ParsedUrl::parse(url).map_err(Error::Url)?;
        let resolved = match &parsed.host {
            Host::Address(address) => vec![*address],
            // A name that is on no list is not even looked up.
            Host::Name(name) if !self.list.may_allow(name, parsed.port) => {
                return Err(Error::Host(name.clone()));
            }
            Host::Name(name) => resolve(name, parsed.port).await?,
        };
        self.judge(parsed, &resolved)
    }

    /// Judges every address of a host: one that is refused refuses all.
    fn judge(&self, url: ParsedUrl, resolved: &[IpAddr]) -> Result<Target, Error> {
        let ParsedUrl {
            is_secure,
            host,
            port,
        } = url;
        for &address in resolved {
            self.judge_one(&host, address, port)?;
        }
        let addresses: Vec<_> = resolved
            .iter()
            .map(|&address| SocketAddr::new(address, port))
            .collect();
        if addresses.is_empty() {
            return Err(Error::Host(host.name()));
        }
        Ok(Target {
            is_secure,
            host,
            port,
            addresses,
        })
    }

    fn judge_one(&self, host: &Host, address: IpAddr, port: u16) -> Result<(), Error> {
        let kind = Kind::of(address);
        let is_listed = self.list.allows_address(address, kind, port);
        let is_named = match host {
            Host::Name(name) => self.list.allows_name(name, port),
            Host::Address(_) => false,
        };
        match kind {
            _ if is_listed => Ok(()),
            Kind::Public if is_named => Ok(()),
            Kind::Public => Err(Error::Host(host.name())),
            Kind::Internal(kind) | Kind::Metadata(kind) => Err(Error::Address {
                host: host.name(),
                address,
                kind,
            }),
        }
    }
}

async fn resolve(name: &str, port: u16) -> Result<Vec<IpAddr>, Error> {
    let fault = |source| Error::Resolve {
        host: name.to_owned(),
        source,
    };
    let looking = tokio::net::lookup_host((name, port));
    let found = tokio::time::timeout(RESOLVE_TIMEOUT, looking).await;
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    let found = found.map_err(late).and_then(|found| found).map_err(fault)?;
    let mut addresses: Vec<_> = found.map(|found| found.ip().to_canonical()).collect();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(fault(io::ErrorKind::NotFound.into()));
    }
    addresses.truncate(MAX_ADDRESSES);
    Ok(addresses)
}

#[cfg(test)]
mod tests;
