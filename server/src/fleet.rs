//! The address at which the other servers of a fleet reach one: given to each by its operator, written
//! into the journal with what it works on, and read there by the others.
//!
//! `config`, `transfer` and `rpc::forward` use it. It must never take an address for one of the fleet that
//! says more than a scheme, a host and a port.

use std::{fmt, path::PathBuf, str::FromStr};

use http::Uri;

/// What makes a server one of a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// The address at which the others reach this one.
    pub address: Address,
    /// The CA certificates (PEM) that the others are trusted by. Default: those of the system.
    pub ca_file: Option<PathBuf>,
}

/// Scheme, host and port of a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    is_encrypted: bool,
    host: String,
    port: u16,
}

impl Address {
    /// Whether TLS is spoken there.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// The name or the address of the host; that of IPv6 without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.trim_matches(['[', ']'])
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || {
            format!(
                "`{text}` is not the address of a server; write it as http://10.0.0.1:50051 or \
                 https://one.sluice.example.com:50051, without a path"
            )
        };
        let uri: Uri = text.parse().map_err(|_| problem())?;
        let (is_encrypted, default_port) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") => (false, 80),
            _ => return Err(problem()),
        };
        let authority = uri.authority().ok_or_else(problem)?;
        let is_bare = uri.path() == "/" && uri.query().is_none() && !text.contains(['@', '#']);
        // The library takes a port that is no number for none.
        let behind = authority.as_str().strip_prefix(authority.host());
        let port = match behind.map(|behind| behind.strip_prefix(':')) {
            Some(Some(port)) => port.parse().map_err(|_| problem())?,
            Some(None) | None => default_port,
        };
        let host = authority.host().to_ascii_lowercase();
        let is_anywhere = matches!(host.as_str(), "" | "0.0.0.0" | "[::]");
        if !is_bare || port == 0 || is_anywhere {
            return Err(problem());
        }
        Ok(Self {
            is_encrypted,
            host,
            port,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn an_address_is_a_scheme_a_host_and_a_port() {
        for (text, expected) in [
            ("http://10.0.0.1:50051", "http://10.0.0.1:50051"),
            ("https://One.Example:1/", "https://one.example:1"),
            ("https://one.example", "https://one.example:443"),
            ("http://[fd00::1]:80", "http://[fd00::1]:80"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), expected);
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        let address: Address = "http://[fd00::1]:80".parse().unwrap();
        assert_eq!(address.host(), "fd00::1");
    }

    #[test]
    fn what_says_more_is_none() {
        for text in [
            "",
            "one.example:50051",
            "ftp://one.example",
            "http://one.example/path",
            "http://one.example/?a=b",
            "http://one.example/#a",
            "http://user:secret@one.example",
            "http://0.0.0.0:50051",
            "http://[::]:50051",
            "http://one.example:0",
            "http://one.example:x",
            "http://one.example:1\r\nhost: x",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
