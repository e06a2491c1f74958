//! The ClickHouses that a call may work with: those of the configuration, by name, and those that
//! callers name themselves, where that is allowed.
//!
//! `rpc` opens one for each call, `transfer` and `catalog` work with it. It decides whom ClickHouse
//! takes a call for; it must never show a secret, nor connect to a host that the guard has not seen.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use secrecy::SecretString;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use crate::{
    auth::RunsAs,
    catalog::{self, Catalog},
    clickhouse::{ActAs, Client, ClientConfig},
    config::{ConnectionConfig, Identity},
    engine::{self, Engine},
    guard::{self, Guard},
    tls,
};

/// The connection of a call that names none: the embedded ClickHouse, or that of `--clickhouse-url`.
pub const DEFAULT: &str = "default";

/// How long a call waits for an engine that is starting again.
const ENGINE_WAIT: Duration = Duration::from_secs(10);

/// Why there is no connection for a call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection has this name.
    #[error("there is no connection {name:?}: this server has {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
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

/// One ClickHouse, as one caller sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connection {
    common: Arc<Common>,
    /// With the identity of the caller.
    client: Client,
    catalog: Catalog,
    runs_as: RunsAs,
}

/// What all callers of a connection share.
#[derive(Debug)]
struct Common {
    name: String,
    url: String,
    database: String,
    identity: Identity,
    /// With the identity of the connection itself.
    service: Client,
    /// The engine that the server starts or waits for.
    engine: Option<Engine>,
    limit: Option<usize>,
    places: Option<Arc<Semaphore>>,
    zone: OnceCell<String>,
}

impl Connection {
    fn new(common: Common) -> Self {
        let service = common.service.clone();
        Self {
            common: Arc::new(common),
            catalog: Catalog::new(service.clone()),
            client: service,
            runs_as: RunsAs::Service,
        }
    }

    fn with(&self, client: Client, runs_as: RunsAs) -> Self {
        Self {
            common: Arc::clone(&self.common),
            catalog: Catalog::new(client.clone()),
            client,
            runs_as,
        }
    }

    /// Its name; the address for one that a caller has named.
    pub fn name(&self) -> &str {
        &self.common.name
    }

    /// The address of its HTTP interface.
    pub fn url(&self) -> &str {
        &self.common.url
    }

    /// The database of a table that is named without one.
    pub fn database(&self) -> &str {
        &self.common.database
    }

    /// Whom ClickHouse takes the calls for.
    pub fn identity(&self) -> Identity {
        self.common.identity
    }

    /// Whom ClickHouse takes this caller's queries for.
    pub const fn runs_as(&self) -> RunsAs {
        self.runs_as
    }

    /// ClickHouse with the identity of the caller.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// ClickHouse with the identity of the connection itself, for staging tables.
    pub fn service(&self) -> &Client {
        &self.common.service
    }

    /// The databases and tables as the caller sees them.
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Whether staging tables belong to another user than the caller, whose grants must be asked for.
    pub const fn is_mapped(&self) -> bool {
        matches!(self.runs_as, RunsAs::CallersRole | RunsAs::CallersUser)
    }

    /// Whether an INSERT can be sent as the caller: `EXECUTE AS` takes none.
    pub const fn takes_inserts(&self) -> bool {
        !matches!(self.runs_as, RunsAs::CallersUser)
    }

    /// Whether it is the ClickHouse that the server hosts itself.
    pub fn is_embedded(&self) -> bool {
        let engine = self.common.engine.as_ref();
        engine.is_some_and(Engine::is_embedded)
    }

    /// Waits for an engine that is starting again.
    ///
    /// # Errors
    ///
    /// It does not start in time.
    pub async fn ready(&self) -> engine::Result<()> {
        match &self.common.engine {
            Some(engine) => engine.wait_ready(ENGINE_WAIT).await,
            None => Ok(()),
        }
    }

    /// The time zone of ClickHouse, which does not change while it runs.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn zone(&self) -> Result<&str, catalog::Error> {
        let ask = || async { Ok::<_, catalog::Error>(self.catalog.check().await?.timezone) };
        Ok(self.common.zone.get_or_try_init(ask).await?.as_str())
    }

    /// A place for one transfer, where the connection has a limit.
    ///
    /// # Errors
    ///
    /// The limit, when all are taken.
    pub fn admit(&self) -> Result<Option<OwnedSemaphorePermit>, usize> {
        let Some(places) = self.common.places.clone() else {
            return Ok(None);
        };
        let limit = self.common.limit.unwrap_or_default();
        places.try_acquire_owned().map(Some).map_err(|_| limit)
    }
}

/// All of them.
#[derive(Debug)]
pub struct Connections {
    default: Connection,
    named: BTreeMap<String, Connection>,
    guard: Option<Guard>,
    /// Trusts what the system trusts.
    tls: Arc<rustls::ClientConfig>,
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
                .any(|config| config.url.starts_with("https"));
        let system = if needs_tls {
            Arc::new(tls::client(None)?)
        } else {
            ClientConfig::new(String::new(), String::new()).tls
        };
        let mut named = BTreeMap::new();
        for (name, config) in configs {
            let engine = (name == DEFAULT).then(|| engine.clone());
            let connection = named_connection(name, config, engine, &system)?;
            named.insert(name.clone(), connection);
        }
        let default = named.entry(DEFAULT.to_owned());
        let default = default.or_insert_with(|| embedded(engine)).clone();
        Ok(Self {
            default,
            named,
            guard: own.map(Guard::new),
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

    /// One by its name, as the server itself sees it.
    pub fn get(&self, name: &str) -> Option<&Connection> {
        self.named.get(name)
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
            known: self.named.keys().cloned().collect::<Vec<_>>().join(", "),
        })?;
        let missing = |missing| Error::Identity {
            connection: name.to_owned(),
            missing,
        };
        let service = connection.service();
        Ok(match connection.identity() {
            Identity::Service => connection.clone(),
            Identity::Token => {
                let token = means
                    .token
                    .ok_or_else(|| missing("the token of the call"))?;
                connection.with(service.with_token(token), RunsAs::CallersToken)
            }
            Identity::Role => {
                let role = means.role.ok_or_else(|| missing("a role of ClickHouse"))?;
                let role = ActAs::Role(role.to_owned());
                connection.with(service.acting_as(role), RunsAs::CallersRole)
            }
            Identity::Impersonate => {
                let user = means.user.ok_or_else(|| missing("a user of ClickHouse"))?;
                let user = ActAs::User(user.to_owned());
                connection.with(service.acting_as(user), RunsAs::CallersUser)
            }
        })
    }

    /// One that a caller names.
    ///
    /// # Errors
    ///
    /// That is not allowed, or not there.
    pub async fn open_own(&self, own: Own) -> Result<Connection, Error> {
        let guard = self.guard.as_ref().ok_or(Error::OwnNotAllowed)?;
        let target = guard.check(&own.url).await?;
        let url = target.to_string();
        let user = if own.user.is_empty() {
            DEFAULT.to_owned()
        } else {
            own.user
        };
        let service = Client::new(ClientConfig {
            password: own.password,
            token: own.token,
            database: own.database.clone(),
            tls: Arc::clone(&self.tls),
            resolver: Some(target.resolver()),
            ..ClientConfig::new(url.clone(), user)
        });
        let connection = Connection::new(Common {
            name: url.clone(),
            url,
            database: own.database,
            identity: Identity::Service,
            service,
            engine: None,
            limit: None,
            places: None,
            zone: OnceCell::new(),
        });
        Ok(Connection {
            runs_as: RunsAs::CallersCredentials,
            ..connection
        })
    }
}

fn named_connection(
    name: &str,
    config: &ConnectionConfig,
    engine: Option<Engine>,
    system: &Arc<rustls::ClientConfig>,
) -> Result<Connection, tls::Error> {
    let tls = match config.ca_file.as_deref() {
        None => Arc::clone(system),
        ca => Arc::new(tls::client(ca)?),
    };
    let password = config.password.clone();
    let user = match config.identity {
        // Every caller brings a token instead.
        Identity::Token => String::new(),
        _ => config.user.clone(),
    };
    let service = Client::new(ClientConfig {
        password: (!password.is_empty()).then(|| password.into_inner()),
        database: config.database.clone(),
        tls,
        ..ClientConfig::new(config.url.clone(), user)
    });
    Ok(Connection::new(Common {
        name: name.to_owned(),
        url: config.url.clone(),
        database: config.database.clone(),
        identity: config.identity,
        service,
        engine,
        limit: config.max_transfers,
        places: config
            .max_transfers
            .map(|limit| Arc::new(Semaphore::new(limit))),
        zone: OnceCell::new(),
    }))
}

/// The ClickHouse that the server hosts itself.
fn embedded(engine: &Engine) -> Connection {
    let config = engine.client_config();
    Connection::new(Common {
        name: DEFAULT.to_owned(),
        url: config.url.clone(),
        database: config.database.clone(),
        identity: Identity::Service,
        service: Client::new(config),
        engine: Some(engine.clone()),
        limit: None,
        places: None,
        zone: OnceCell::new(),
    })
}
