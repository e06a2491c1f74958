//! One ClickHouse, as one caller sees it.
//!
//! Made by [`super::Connections`], used by `rpc` and `transfer`. It never changes whom it acts for.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, OnceCell, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use crate::{
    auth::RunsAs,
    catalog::{self, Catalog},
    clickhouse::{
        self, ActAs, Client, ClientConfig,
        nodes::{Node, Nodes, PerNode},
    },
    column::zone::{Zone, Zones},
    config::Identity,
    engine::{self, Engine},
};

/// How long the rules of a zone are taken for those of ClickHouse, which changes them when it starts as a newer version.
const ZONE_MEMORY: Duration = Duration::from_secs(600);
/// The zones whose rules are kept: there are some 600.
const MAX_ZONES: usize = 1_000;

/// How long a call waits for an engine that is starting again.
const ENGINE_WAIT: Duration = Duration::from_secs(10);

/// One ClickHouse, as one caller sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connection {
    common: Arc<Common>,
    /// The number of the node that it works with.
    node: usize,
    /// Whose rights it uses instead of all of the connection's.
    act_as: Option<ActAs>,
    /// With the identity of the caller.
    client: Client,
    catalog: Catalog,
    runs_as: RunsAs,
}

/// What all callers of a connection share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) name: String,
    pub(super) database: String,
    pub(super) identity: Identity,
    /// With the identity of the connection itself.
    pub(super) nodes: Arc<Nodes>,
    /// With the rights of callers' own statements, where the connection's would be too many.
    pub(super) callers: Option<Callers>,
    /// The engine that the server starts or waits for.
    pub(super) engine: Option<Engine>,
    /// Those for transfers; none where the server's own limit is enough.
    pub(super) places: Option<Places>,
    pub(super) zone: OnceCell<String>,
    /// The zones that ClickHouse was asked about, and when.
    pub(super) zones: Mutex<HashMap<String, (Instant, Arc<Zone>)>>,
}

impl Common {
    /// A ClickHouse that is taken for what `config` says, without limits of its own; `others` are the addresses of
    /// its further nodes.
    pub(super) fn new(name: String, config: &ClientConfig, others: &[String]) -> Self {
        let node = |url: &String| {
            let url = url.clone();
            let client = Client::new(ClientConfig {
                url: url.clone(),
                ..config.clone()
            });
            Node::new(url, client)
        };
        Self {
            name,
            database: config.database.clone(),
            identity: Identity::Service,
            nodes: Arc::new(Nodes::new(
                node(&config.url),
                others.iter().map(node).collect(),
            )),
            callers: None,
            engine: None,
            places: None,
            zone: OnceCell::new(),
            zones: Mutex::default(),
        }
    }
}

/// ClickHouse as the statements of callers see it, at each node.
#[derive(Debug)]
pub(super) struct Callers {
    queries: PerNode<Client>,
    creates: PerNode<Client>,
}

impl Callers {
    /// Each as a user of its own.
    pub(super) fn new(nodes: &Nodes, queries: &ActAs, creates: &ActAs) -> Self {
        let at_each = |act_as: &ActAs| nodes.map(|node| node.client().acting_as(act_as.clone()));
        Self {
            queries: at_each(queries),
            creates: at_each(creates),
        }
    }
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
        let runs_as = match common.callers {
            Some(_) => RunsAs::Restricted,
            None => RunsAs::Service,
        };
        let client = common.nodes.get(0).client().clone();
        Self {
            common: Arc::new(common),
            node: 0,
            act_as: None,
            catalog: Catalog::new(client.clone()),
            client,
            runs_as,
        }
    }

    /// The same, as another sees it.
    pub(super) fn acting_as(&self, act_as: Option<ActAs>, runs_as: RunsAs) -> Self {
        Self {
            act_as,
            runs_as,
            ..self.clone()
        }
        .at(self.node)
    }

    /// The same at the node with a number, from 0.
    fn at(&self, node: usize) -> Self {
        let service = self.common.nodes.get(node).client();
        let client = match &self.act_as {
            Some(act_as) => service.acting_as(act_as.clone()),
            None => service.clone(),
        };
        Self {
            node,
            catalog: Catalog::new(client.clone()),
            client,
            ..self.clone()
        }
    }

    /// The same at the first node that answers.
    #[must_use]
    pub fn at_preferred(&self) -> Self {
        self.at(self.common.nodes.preferred())
    }

    /// The same at the node with a name; none where it is not known to be one of its nodes.
    pub async fn at_node(&self, name: &str) -> Option<Self> {
        Some(self.at(self.common.nodes.find(name).await?))
    }

    /// The name of the node that it works with; empty for the only one that belongs to no cluster.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(crate) async fn node_name(&self) -> clickhouse::Result<&str> {
        let nodes = &self.common.nodes;
        let name = nodes.get(self.node).name().await?;
        let is_nameless = name == self.url() && !nodes.are_several();
        Ok(if is_nameless { "" } else { name })
    }

    /// The same at each node that answers.
    pub fn at_each(&self) -> impl Iterator<Item = Self> {
        self.common.nodes.answering().map(|node| self.at(node))
    }

    /// Its nodes.
    pub(crate) fn nodes(&self) -> &Arc<Nodes> {
        &self.common.nodes
    }

    /// Its name; the address for one that a caller has named.
    pub fn name(&self) -> &str {
        &self.common.name
    }

    /// The address of the HTTP interface of the node that it works with.
    pub fn url(&self) -> &str {
        self.common.nodes.get(self.node).url()
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
        self.common.nodes.get(self.node).client()
    }

    /// ClickHouse as the caller's own queries see it.
    pub fn queries(&self) -> &Client {
        self.restricted(|callers| &callers.queries)
    }

    /// ClickHouse as the caller's own CREATE TABLE sees it.
    pub fn creates(&self) -> &Client {
        self.restricted(|callers| &callers.creates)
    }

    fn restricted(&self, clients: fn(&Callers) -> &PerNode<Client>) -> &Client {
        match &self.common.callers {
            Some(callers) => clients(callers).get(self.node),
            None => &self.client,
        }
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

    /// The time zone of ClickHouse and those with these names, by the rules that ClickHouse has. One that it does not
    /// know is left out.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn zones(&self, names: &[&str]) -> Result<Zones, catalog::Error> {
        let server = self.zone().await?;
        let mut known = HashMap::new();
        for name in names.iter().copied().chain([server]) {
            if !known.contains_key(name)
                && let Some(zone) = self.zone_named(name).await?
            {
                known.insert(name.to_owned(), zone);
            }
        }
        Ok(Zones::new(server, known))
    }

    async fn zone_named(&self, name: &str) -> Result<Option<Arc<Zone>>, catalog::Error> {
        let mut asked = self.common.zones.lock().await;
        if let Some((at, zone)) = asked.get(name)
            && at.elapsed() < ZONE_MEMORY
        {
            return Ok(Some(Arc::clone(zone)));
        }
        let Some(zone) = self.catalog.zone(name).await?.map(Arc::new) else {
            return Ok(None);
        };
        // A guard against callers who make up tables with ever new zones.
        if asked.len() >= MAX_ZONES {
            asked.clear();
        }
        asked.insert(name.to_owned(), (Instant::now(), Arc::clone(&zone)));
        Ok(Some(zone))
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
