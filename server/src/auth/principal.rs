//! A caller whose identity is proven, and what it was given.
//!
//! Made by `claims` from a token, by `certificate` from a client certificate; read by `policy`, by
//! the handlers and by the audit log. It must never show its token.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use secrecy::SecretString;

use super::{connections::ConnectionLimit, tables::Tables};

/// One thing that a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `ingest:upload`: write rows to tables, create tables.
    Upload,
    /// `ingest:export`: read rows of tables and of queries.
    Export,
    /// `catalog:read`: see databases, tables and columns, inspect files.
    CatalogRead,
    /// `transfers:manage`: see and cancel the transfers of others.
    TransfersManage,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Upload,
        Self::Export,
        Self::CatalogRead,
        Self::TransfersManage,
    ];

    /// How a token says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upload => "ingest:upload",
            Self::Export => "ingest:export",
            Self::CatalogRead => "catalog:read",
            Self::TransfersManage => "transfers:manage",
        }
    }

    /// The scope of a name; `None` for a word that means something to others only.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of scopes. Its `Display` is what a token's `scope` says.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// Everything.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether `scope` is in it.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The scopes in it, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |&scope| self.contains(scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{scope}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A word that is no scope.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scope: use ingest:upload, ingest:export, catalog:read, transfers:manage")]
pub struct UnknownScope(pub String);

impl FromStr for Scopes {
    type Err = UnknownScope;

    /// Reads scopes between spaces or commas, as the configuration and the command line say them.
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        let scope =
            |word: &str| Scope::from_name(word).ok_or_else(|| UnknownScope(word.to_owned()));
        words.map(scope).collect()
    }
}

/// A caller whose identity is proven.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Who it is: the token's `sub`, behind its `iss` and `#` where the server names issuers, or `cert:` and
    /// the name in the client certificate. Empty for a server without authentication.
    pub subject: String,
    /// What it may do.
    pub scopes: Scopes,
    /// On which tables.
    pub tables: Tables,
    /// Through which connections.
    pub connections: ConnectionLimit,
    /// The role of ClickHouse that it acts with, where the connection asks for it.
    pub clickhouse_role: Option<String>,
    /// The user of ClickHouse that it acts as, where the connection asks for it.
    pub clickhouse_user: Option<String>,
    /// When its token ends; `None` for a certificate.
    pub expires_at: Option<SystemTime>,
    /// The token itself, for a connection that hands it on to ClickHouse.
    pub token: Option<SecretString>,
}

impl Principal {
    /// Anybody, of a server without authentication: may do everything.
    pub fn open() -> Self {
        Self {
            subject: String::new(),
            scopes: Scopes::all(),
            tables: Tables::All,
            connections: ConnectionLimit::All,
            clickhouse_role: None,
            clickhouse_user: None,
            expires_at: None,
            token: None,
        }
    }

    /// How long a stream of this caller may go on: until its token ends and then for `grace`. `None`
    /// where nothing ends it.
    pub fn remaining(&self, now: SystemTime, grace: Duration) -> Option<Duration> {
        let end = self.expires_at?.checked_add(grace)?;
        Some(end.duration_since(now).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use secrecy::SecretString;

    use super::{Principal, Scope, Scopes, UnknownScope};

    #[test]
    fn scopes_are_read_and_written_in_one_form() {
        let scopes: Scopes = "transfers:manage, ingest:upload".parse().unwrap();
        assert_eq!(scopes.to_string(), "ingest:upload transfers:manage");
        assert!(!scopes.contains(Scope::Export));
        assert_eq!(
            "ingest:uploads".parse::<Scopes>(),
            Err(UnknownScope("ingest:uploads".to_owned()))
        );
        assert_eq!("".parse::<Scopes>(), Ok(Scopes::NONE));
    }

    #[test]
    fn a_principal_never_shows_its_token() {
        let principal = Principal {
            token: Some(SecretString::from("eyJ.secret.text")),
            ..Principal::open()
        };
        assert!(!format!("{principal:?}").contains("secret.text"));
    }

    #[test]
    fn a_stream_goes_on_until_the_end_of_the_grace() {
        let now = SystemTime::now();
        let grace = Duration::from_secs(60);
        let ends = |offset: i64| Principal {
            expires_at: if offset < 0 {
                now.checked_sub(Duration::from_secs(offset.unsigned_abs()))
            } else {
                now.checked_add(Duration::from_secs(offset.unsigned_abs()))
            },
            ..Principal::open()
        };
        assert_eq!(Principal::open().remaining(now, grace), None);
        assert_eq!(ends(5).remaining(now, grace), Some(Duration::from_secs(65)));
        assert_eq!(
            ends(-59).remaining(now, grace),
            Some(Duration::from_secs(1))
        );
        assert_eq!(ends(-61).remaining(now, grace), Some(Duration::ZERO));
    }
}
