//! One ClickHouse, as one caller sees it.
//!
//! Made by [`super::Connections`], used by `rpc` and `transfer`. It never changes whom it acts for.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OnceCell, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use crate::{
    auth::RunsAs,
    catalog::{self, Catalog},
    clickhouse::{Client, ClientConfig},
    config::Identity,
    engine::{self, Engine},
};

/// How long a call waits for an engine that is starting again.
const ENGINE_WAIT: Duration = Duration::from_secs(10);

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
pub(super) struct Common {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) database: String,
    pub(super) identity: Identity,
    /// With the identity of the connection itself.
    pub(super) service: Client,
    /// With the rights of callers' own statements, where the connection's would be too many.
    pub(super) callers: Option<Callers>,
    /// The engine that the server starts or waits for.
    pub(super) engine: Option<Engine>,
    /// Those for transfers; none where the server's own limit is enough.
    pub(super) places: Option<Places>,
    pub(super) zone: OnceCell<String>,
}

impl Common {
    /// A ClickHouse that is taken for what `config` says, without limits of its own.
    pub(super) fn new(name: String, config: ClientConfig) -> Self {
        Self {
            name,
            url: config.url.clone(),
            database: config.database.clone(),
            identity: Identity::Service,
            service: Client::new(config),
            callers: None,
            engine: None,
            places: None,
            zone: OnceCell::new(),
        }
    }
}

/// ClickHouse as the statements of callers see it.
#[derive(Debug)]
pub(super) struct Callers {
    pub(super) queries: Client,
    pub(super) creates: Client,
}

/// Places for transfers.
#[derive(Debug)]
pub(super) struct Places {
    limit: usize,
    free: Arc<Semaphore>,
}

impl Places {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            free: Arc::new(Semaphore::new(limit)),
        }
    }
}

impl Connection {
    pub(super) fn new(common: Common) -> Self {
        let service = common.service.clone();
        let runs_as = match common.callers {
            Some(_) => RunsAs::Restricted,
            None => RunsAs::Service,
        };
        Self {
            common: Arc::new(common),
            catalog: Catalog::new(service.clone()),
            client: service,
            runs_as,
        }
    }

    pub(super) fn with(&self, client: Client, runs_as: RunsAs) -> Self {
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

    /// Whether what is sent with the identity of the caller has that of the connection itself.
    pub const fn acts_as_itself(&self) -> bool {
        matches!(self.runs_as, RunsAs::Service | RunsAs::Restricted)
    }

    /// ClickHouse with the identity of the caller.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// ClickHouse with the identity of the connection itself, for staging tables.
    pub fn service(&self) -> &Client {
        &self.common.service
    }

    /// ClickHouse as the caller's own queries see it.
    pub fn queries(&self) -> &Client {
        let callers = self.common.callers.as_ref();
        callers.map_or(&self.client, |callers| &callers.queries)
    }

    /// ClickHouse as the caller's own CREATE TABLE sees it.
    pub fn creates(&self) -> &Client {
        let callers = self.common.callers.as_ref();
        callers.map_or(&self.client, |callers| &callers.creates)
    }

    /// Whether statements of callers have all rights of the connection's own user.
    pub fn lets_callers_do_all(&self) -> bool {
        self.common.callers.is_none()
            && self.runs_as == RunsAs::Service
            && self.common.identity == Identity::Service
    }

    /// Whether statements of callers have a user of their own.
    pub fn has_callers_user(&self) -> bool {
        self.common.callers.is_some()
    }

    /// Whether a caller's own CREATE TABLE can do nothing but make a table, whoever the caller is.
    pub fn confines_creates(&self) -> bool {
        self.is_embedded() && self.common.callers.is_some()
    }

    /// The results of the caller's own queries.
    pub fn queries_catalog(&self) -> Catalog {
        Catalog::new(self.queries().clone())
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

    /// Waits for a place for one transfer, in the order of arrival, where the connection has a limit.
    ///
    /// # Errors
    ///
    /// The limit, when all are still taken in the end.
    pub async fn admit(&self, until: Instant) -> Result<Option<OwnedSemaphorePermit>, usize> {
        let Some(Places { limit, free }) = &self.common.places else {
            return Ok(None);
        };
        let place = timeout_at(until, Arc::clone(free).acquire_owned()).await;
        place.ok().and_then(Result::ok).map(Some).ok_or(*limit)
    }
}
