//! Where ClickHouse is, how it is reached, and as whom.
//!
//! `engine` and `connections` build it, `clickhouse::Client` uses it. It must never show a secret.

use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret as _, SecretString};

use super::Timeouts;
use crate::guard::Pinned;

/// Where ClickHouse is, and as whom to talk to it.
#[derive(Clone)]
pub struct ClientConfig {
    /// The address of the HTTP interface, such as `http://127.0.0.1:8123`.
    pub url: String,
    /// The user; empty where a token comes later.
    pub user: String,
    /// The password; `None` for a user without one.
    pub password: Option<SecretString>,
    /// A token for `Authorization: Bearer`, instead of user and password.
    pub token: Option<SecretString>,
    /// The database that names without one belong to; empty for the user's own default.
    pub database: String,
    /// What an address with `https` is verified by. Default: nothing is trusted.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// The addresses of the host, where they have been looked up and judged before.
    pub resolver: Option<Pinned>,
    /// Whether the address is known to lead to one server, always the same.
    pub is_one_server: bool,
    /// Time limits.
    pub timeouts: Timeouts,
}

impl ClientConfig {
    /// An address and a user, all else by default.
    #[must_use]
    pub fn new(url: String, user: String) -> Self {
        Self {
            url,
            user,
            password: None,
            token: None,
            database: String::new(),
            tls: None,
            resolver: None,
            is_one_server: false,
            timeouts: Timeouts::default(),
        }
    }

    /// Gives the library's client address, identity and database.
    pub(super) fn apply(&self, library: ::clickhouse::Client) -> ::clickhouse::Client {
        let mut library = library
            .with_url(self.url.as_str())
            .with_product_info(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        // The library takes one or the other.
        if let Some(token) = &self.token {
            library = library.with_access_token(token.expose_secret());
        } else if !self.user.is_empty() {
            library = library.with_user(self.user.as_str());
            if let Some(password) = &self.password {
                library = library.with_password(password.expose_secret());
            }
        }
        if !self.database.is_empty() {
            library = library.with_database(self.database.as_str());
        }
        library
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientConfig")
            .field("url", &self.url)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("token", &self.token.as_ref().map(|_| "***"))
            .field("database", &self.database)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

/// Whose rights a client uses instead of all of its user's.
#[derive(Debug, Clone)]
pub enum ActAs {
    /// Those of the owner of a token; the client must have no user.
    Token(SecretString),
    /// Those of one role of the user.
    Role(String),
    /// Those of another user, by `EXECUTE AS`: for statements that read.
    User(String),
    /// Those of another user, with a password of its own.
    Restricted {
        /// The user.
        user: String,
        /// Its password; `None` for a user without one.
        password: Option<SecretString>,
    },
}

impl ActAs {
    pub(super) fn apply(&self, library: ::clickhouse::Client) -> ::clickhouse::Client {
        match self {
            Self::Token(token) => library.with_access_token(token.expose_secret()),
            // The library's own way is not sent with inserts.
            Self::Role(role) => library.with_setting("role", role.as_str()),
            Self::User(_) => library,
            Self::Restricted { user, password } => {
                // Or the user would be sent with the password of the one before.
                let password = password
                    .as_ref()
                    .map_or("", |password| password.expose_secret());
                library.with_user(user).with_password(password)
            }
        }
    }
}
