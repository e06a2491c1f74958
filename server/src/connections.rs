//! The connections that a call may work with: those of the configuration, by name, and those that
//! callers name themselves, where that is allowed.
//!
//! `rpc` opens one for each call, `transfer` and `catalog` work with it. It decides whom ClickHouse
//! takes a call for; it must never show a secret, nor connect to a host that the guard has not seen.

mod connection;
mod recent;

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;

pub use self::connection::Connection;
use self::{
    connection::{Callers, Common, Places},
    recent::{MAX_AGE, Recent},
};
use crate::{
    auth::RunsAs,
    clickhouse::{ActAs, ClientConfig},
    config::{ConnectionConfig, Identity},
    engine::Engine,
    guard::{self, Guard},
    tls,
};

/// The connection of a call that names none: the embedded ClickHouse, or that of `--clickhouse-url`.
pub const DEFAULT: &str = "default";

/// The user of a caller who names none.
const DEFAULT_USER: &str = "default";

/// Why there is no connection for a call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection has this name.
    #[error("there is no connection {name:?}: there are {}", known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The connection acts for the caller, who has nothing that it could act with.
    #[error("the connection {connection:?} acts with {missing}, which the caller does not have")]
    Identity {
        /// The connection.
        connection: String,
        /// What is missing.
        missing: &'static str,
    },
    /// Callers may not name a ClickHouse of their own.
    #[error("this server takes no ClickHouse of the caller's own: choose one of its connections")]
    OwnNotAllowed,
    /// The address is not one that this server connects to.
    #[error(transparent)]
    Guard(#[from] guard::Error),
}

/// What a caller has to act with.
#[derive(Debug, Default, Clone, Copy)]
pub struct Means<'a> {
    /// The token of the call.
    pub token: Option<&'a SecretString>,
    /// The role of ClickHouse that the token names.
    pub role: Option<&'a str>,
    /// The user of ClickHouse that the token names.
    pub user: Option<&'a str>,
}

/// A ClickHouse that a caller names.
#[derive(Debug)]
pub struct Own {
    /// `http://host:port` or `https://host:port`.
    pub url: String,
    /// The database of a table that is named without one; empty for the user's own default.
    pub database: String,
    /// The user; empty for `default`.
    pub user: String,
    /// The password.
    pub password: Option<SecretString>,
    /// A token, instead of user and password.
    pub token: Option<SecretString>,
}

impl Own {
    /// What tells it apart from any other.
    fn parts(&self) -> [&str; 6] {
        [
            "own",
            &self.url,
            &self.database,
            &self.user,
            self.password
                .as_ref()
                .map_or("", |password| password.expose_secret()),
            self.token
                .as_ref()
                .map_or("", |token| token.expose_secret()),
        ]
    }
}

/// All of them.
#[derive(Debug)]
pub struct Connections {
    default: Connection,
    named: BTreeMap<String, Connection>,
    guard: Option<Guard>,
    /// What callers have opened lately, each with its identity.
    recent: Recent<Connection>,
    /// Trusts what the system trusts; none where nothing needs it.
    tls: Option<Arc<rustls::ClientConfig>>,
}

impl Connections {
    /// Those of the configuration; `engine` is behind the one called `default`.
    ///
    /// # Errors
    ///
    /// The certificates to trust cannot be read.
    pub fn new(
        configs: &BTreeMap<String, ConnectionConfig>,
        own: Option<guard::AllowList>,
        engine: &Engine,
    ) -> Result<Self, tls::Error> {
        let needs_tls = own.is_some()
            || configs
                .values()
                .any(|config| config.urls.iter().any(|url| url.starts_with("https")));
        let system = needs_tls.then(|| tls::client(None)).transpose()?;
        let system = system.map(Arc::new);
        let mut named = BTreeMap::new();
        for (name, config) in configs {
            let common = Common {
                engine: (name == DEFAULT).then(|| engine.clone()),
                ..common(name, config, system.as_ref())?
            };
            named.insert(name.clone(), Connection::new(common));
        }
        for connection in named
            .values()
            .filter(|one: &&Connection| one.lets_callers_do_all())
        {
            tracing::warn!(
                connection = connection.name(),
                "statements of callers run with all rights of the connection's user, files and network \
                 included; name a user who may only read their tables in callers-user"
            );
        }
        let default = named.entry(DEFAULT.to_owned());
        let default = default.or_insert_with(|| embedded(engine)).clone();
        Ok(Self {
            default,
            named,
            guard: own.map(Guard::new),
            recent: Recent::new(MAX_AGE),
            tls: system,
        })
    }

    /// The one of a call that names none, as the server itself sees it.
    pub const fn default(&self) -> &Connection {
        &self.default
    }

    /// Those with a name, in the order of their names, as the server itself sees them.
    pub fn named(&self) -> impl Iterator<Item = &Connection> {
        self.named.values()
    }

    /// One by its name, as the server itself sees it, at the first of its nodes that answers.
    pub fn get(&self, name: &str) -> Option<Connection> {
        self.named.get(name).map(Connection::at_preferred)
    }

    /// Keeps an eye on the nodes of those that have several, for as long as the server runs.
    pub async fn watch_nodes(self: Arc<Self>, shutdown: CancellationToken) {
        let nodes = self.named().map(Connection::nodes);
        let watched = nodes.filter(|nodes| nodes.are_several());
        let watches = watched.map(|nodes| nodes.watch());
        let all = join_all(watches);
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = all => {}
        }
    }

    /// Whether callers may name a ClickHouse of their own.
    pub const fn takes_own(&self) -> bool {
        self.guard.is_some()
    }

    /// One by its name, as a caller sees it.
    ///
    /// # Errors
    ///
    /// There is none, or the caller has nothing to act with.
    pub fn open(&self, name: &str, means: Means<'_>) -> Result<Connection, Error> {
        let connection = self.get(name).ok_or_else(|| Error::Unknown {
            name: name.to_owned(),
            known: self.named.keys().cloned().collect(),
        })?;
        let missing = |missing| Error::Identity {
            connection: name.to_owned(),
            missing,
        };
        let (act_as, runs_as, who) = match connection.identity() {
            Identity::Service => return Ok(connection),
            Identity::Token => {
                let token = means.token;
                let token = token.ok_or_else(|| missing("the token of the call"))?;
                let act_as = ActAs::Token(token.clone());
                (act_as, RunsAs::CallersToken, token.expose_secret())
            }
            Identity::Role => {
                let role = means.role.ok_or_else(|| missing("a role of ClickHouse"))?;
                (ActAs::Role(role.to_owned()), RunsAs::CallersRole, role)
            }
            Identity::Impersonate => {
                let user = means.user.ok_or_else(|| missing("a user of ClickHouse"))?;
                (ActAs::User(user.to_owned()), RunsAs::CallersUser, user)
            }
        };
        let key = self.recent.key(&["named", name, connection.url(), who]);
        if let Some(opened) = self.recent.get(key) {
            return Ok(opened);
        }
        let opened = connection.acting_as(Some(act_as), runs_as);
        self.recent.put(key, opened.clone());
        Ok(opened)
    }

    /// One that a caller names.
    ///
    /// # Errors
    ///
    /// That is not allowed, or not there.
    pub async fn open_own(&self, own: Own) -> Result<Connection, Error> {
        let guard = self.guard.as_ref().ok_or(Error::OwnNotAllowed)?;
        let key = self.recent.key(&own.parts());
        if let Some(opened) = self.recent.get(key) {
            return Ok(opened);
        }
        let target = guard.check(&own.url).await?;
        let url = target.to_string();
        let user = if own.user.is_empty() {
            DEFAULT_USER.to_owned()
        } else {
            own.user
        };
        let config = ClientConfig {
            password: own.password,
            token: own.token,
            database: own.database,
            tls: self.tls.clone(),
            resolver: Some(target.resolver()),
            ..ClientConfig::new(url.clone(), user)
        };
        let connection = Connection::new(Common::new(url, &config, &[]));
        let opened = connection.acting_as(None, RunsAs::CallersCredentials);
        self.recent.put(key, opened.clone());
        Ok(opened)
    }
}

/// The ClickHouse that the server hosts itself.
fn embedded(engine: &Engine) -> Connection {
    let config = engine.client_config();
    let password = config.password.clone();
    let common = Common::new(DEFAULT.to_owned(), &config, &[]);
    let restricted = |user: &str| ActAs::Restricted {
        user: user.to_owned(),
        password: password.clone(),
    };
    let callers = engine.callers_users();
    Connection::new(Common {
        callers: callers.map(|users| {
            let (queries, creates) = (restricted(users.readers), restricted(users.creators));
            Callers::new(&common.nodes, &queries, &creates)
        }),
        engine: Some(engine.clone()),
        ..common
    })
}

/// A connection of the configuration, without an engine.
fn common(
    name: &str,
    config: &ConnectionConfig,
    system: Option<&Arc<rustls::ClientConfig>>,
) -> Result<Common, tls::Error> {
    let tls = match config.ca_file.as_deref() {
        None => system.cloned(),
        ca => Some(Arc::new(tls::client(ca)?)),
    };
    let password = config.password.clone();
    let user = match config.identity {
        // Every caller brings a token instead.
        Identity::Token => String::new(),
        _ => config.user.clone(),
    };
    let (first, others) = match config.urls.split_first() {
        Some((first, others)) => (Some(first), others),
        None => (None, [].as_slice()),
    };
    let client = ClientConfig {
        password: (!password.is_empty()).then(|| password.into_inner()),
        database: config.database.clone(),
        tls,
        ..ClientConfig::new(first.cloned().unwrap_or_default(), user)
    };
    let common = Common::new(name.to_owned(), &client, others);
    let callers = config.callers.as_ref().map(|user| {
        let password = user.password.clone();
        let act_as = ActAs::Restricted {
            user: user.name.clone(),
            password: (!password.is_empty()).then(|| password.into_inner()),
        };
        Callers::new(&common.nodes, &act_as, &act_as)
    });
    Ok(Common {
        identity: config.identity,
        places: config.max_transfers.map(Places::new),
        callers,
        ..common
    })
}
