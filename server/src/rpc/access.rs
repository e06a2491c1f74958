//! Who calls, and what they may do: the layer before every handler, and what handlers ask it.
//!
//! `rpc` puts [`admit`] around the services. Handlers take a [`Caller`] from their request and ask it
//! before they do anything; a request without one was not admitted, and is refused. No handler may
//! decide by itself.

mod deadline;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::request::Parts;
use ipnet::IpNet;
use tonic::Status;

use super::{audit, origin, status};
use crate::{
    auth::{
        Action, Authenticator, Denial, Policy, Principal, RunsAs, Scope, TableName as FullName,
        Target,
        limit::{Caller as Counted, Limiter},
    },
    clickhouse::TableName,
    connections::{Connection, Means},
    metrics::Metrics,
    tls::ConnectionInfo,
    transfer::{CreateTable, UploadRequest},
};

/// Whether the server works: answered to everybody, under every name and however often.
const HEALTH_PREFIX: &str = "/grpc.health.v1.Health/";

/// What may be called by everybody: whether the server works, and how to call it.
const OPEN_PREFIXES: [&str; 3] = [
    HEALTH_PREFIX,
    "/grpc.reflection.",
    "/sluice.v1.CatalogService/GetServerInfo",
];

/// Whether this may be called by everybody.
pub(super) fn is_open(path: &str) -> bool {
    OPEN_PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

/// Whether this asks for nothing but whether the server works.
pub(super) fn is_probe(path: &str) -> bool {
    path.starts_with(HEALTH_PREFIX)
}

/// Who may call, and how often.
#[derive(Debug)]
pub struct Access {
    /// Says who calls.
    pub authenticator: Authenticator,
    /// Says what they may do.
    pub policy: Policy,
    /// Says how often.
    pub limiter: Limiter,
    /// How long a call may outlive the token that it began with.
    pub grace: Duration,
    /// The proxies whose word is taken for who calls.
    pub trusted_proxies: Vec<IpNet>,
    /// What counts those who are refused.
    pub metrics: Arc<Metrics>,
}

/// Lets a request through that may be there, with its [`Caller`], until its token and its grace end.
pub(super) async fn admit(
    State(access): State<Arc<Access>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut head, body) = request.into_parts();
    let caller = match access.identify(&head).await {
        Ok(caller) => caller,
        Err(status) => return status.into_http(),
    };
    let caller_ends = |caller: &Caller| caller.principal.remaining(SystemTime::now(), access.grace);
    let remaining = caller.as_ref().and_then(caller_ends);
    if let Some(caller) = caller {
        head.extensions.insert(caller);
    }
    let handler = next.run(Request::from_parts(head, body));
    match remaining {
        None => handler.await,
        Some(limit) => deadline::within(limit, handler).await,
    }
}

impl Access {
    /// Whether calls without a token or a certificate are refused.
    pub fn is_required(&self) -> bool {
        self.authenticator.is_required()
    }

    /// Who calls; `None` for what everybody may call.
    async fn identify(self: &Arc<Self>, head: &Parts) -> Result<Option<Caller>, Status> {
        let info = head.extensions.get::<ConnectionInfo>();
        let peer = info.map(|info| info.peer.ip());
        let peer = peer.map(|peer| origin::address(&head.headers, peer, &self.trusted_proxies));
        let path = head.uri.path();
        if is_probe(path) {
            return Ok(None);
        }
        let certificate = info.and_then(|info| info.certificate.as_deref());
        let known = self.authenticator.authenticate(&head.headers, certificate);
        let known = known.await;
        if is_open(path) {
            // Strangers behind one balancer do not lock out who shows who it is.
            match known {
                Ok(principal) => self.count_known(&principal, peer)?,
                Err(_) => self.count_stranger(peer)?,
            }
            return Ok(None);
        }
        let principal = match known {
            Ok(principal) => principal,
            Err(error) => {
                self.metrics.caller_unknown(error.name());
                self.count_stranger(peer)?;
                audit::unknown(peer, path, &error);
                return Err(status::unknown_caller(&error));
            }
        };
        self.count_known(&principal, peer)?;
        let access = Arc::clone(self);
        Ok(Some(Caller {
            principal,
            access,
            database: String::new(),
            runs_as: RunsAs::Service,
            creates_are_confined: false,
        }))
    }

    /// Counts a request of somebody who is known, where anybody is asked who it is.
    fn count_known(&self, principal: &Principal, peer: Option<IpAddr>) -> Result<(), Status> {
        if self.is_required() {
            self.count_call(Counted::subject(&principal.subject))
        } else {
            self.count_stranger(peer)
        }
    }

    /// Counts a request of somebody who is not known, by address. This machine itself is not limited.
    fn count_stranger(&self, peer: Option<IpAddr>) -> Result<(), Status> {
        match peer.filter(|peer| self.is_required() || !peer.to_canonical().is_loopback()) {
            Some(peer) => self.count_call(Counted::address(peer)),
            None => Ok(()),
        }
    }

    fn count_call(&self, caller: Counted) -> Result<(), Status> {
        let is_subject = matches!(caller, Counted::Subject(_));
        self.limiter.check(caller).map_err(|error| {
            self.metrics.rate_limited(is_subject);
            status::too_many(&error)
        })
    }

    /// Sees that somebody may read what is counted: everybody where nobody is asked who they are, else those who
    /// manage the transfers of others.
    ///
    /// # Errors
    ///
    /// The status of gRPC that says why not.
    pub(super) async fn check_reader(self: &Arc<Self>, head: &Parts) -> Result<(), Status> {
        match self.identify(head).await? {
            Some(caller) if caller.is_manager() => Ok(()),
            _ => {
                self.metrics.caller_denied();
                Err(Status::permission_denied(
                    "metrics are for callers with the scope transfers:manage",
                ))
            }
        }
    }
}

/// Who calls. Handlers ask it what it may do.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    principal: Arc<Principal>,
    access: Arc<Access>,
    /// The database of a table that is named without one.
    database: String,
    runs_as: RunsAs,
    /// Whether statements that make tables can do nothing else.
    creates_are_confined: bool,
}

impl Caller {
    /// The caller of a request.
    ///
    /// # Errors
    ///
    /// The request was not admitted: a fault of the server.
    pub(super) fn of<T>(request: &tonic::Request<T>) -> Result<Self, Status> {
        let caller = request.extensions().get::<Self>();
        caller
            .cloned()
            .ok_or_else(|| Status::internal("the caller of this request is not known"))
    }

    /// The same caller on a connection.
    pub(super) fn on(self, connection: &Connection) -> Self {
        Self {
            database: connection.database().to_owned(),
            runs_as: connection.runs_as(),
            creates_are_confined: connection.confines_creates(),
            ..self
        }
    }

    /// What a connection may act with on its behalf.
    pub(super) fn means(&self) -> Means<'_> {
        Means {
            token: self.principal.token.as_ref(),
            role: self.principal.clickhouse_role.as_deref(),
            user: self.principal.clickhouse_user.as_deref(),
        }
    }

    /// What its transfers are marked with; empty for a server without authentication.
    pub(super) fn subject(&self) -> &str {
        &self.principal.subject
    }

    /// Whether another server can see who it is by what it has shown: a certificate it alone can show.
    pub(super) fn can_be_handed_on(&self) -> bool {
        self.principal.token.is_some() || !self.access.is_required()
    }

    /// Whether it may use a connection; without a name it is a ClickHouse of its own.
    pub(super) fn check_connection(&self, name: Option<&str>) -> Result<(), Status> {
        Policy::connection(&self.principal, name).map_err(|denial| {
            self.access.metrics.caller_denied();
            audit::shut_out(self, &denial);
            status::denied(&denial)
        })
    }

    /// Whether a connection is one that it may use, for lists.
    pub(super) fn sees_connection(&self, name: &str) -> bool {
        Policy::connection(&self.principal, Some(name)).is_ok()
    }

    /// Whether it may do something to nothing in particular.
    pub(super) fn check(&self, action: Action) -> Result<(), Status> {
        self.decide(action, Target::None)
    }

    /// Whether it may do something to a table.
    pub(super) fn check_table(&self, action: Action, table: &TableName) -> Result<(), Status> {
        self.decide(action, Target::Table(self.full(table)))
    }

    /// Whether it may see a database.
    pub(super) fn check_database(&self, name: &str) -> Result<(), Status> {
        self.decide(Action::ReadCatalog, Target::Database(self.database(name)))
    }

    /// Whether it may run a query of its own.
    pub(super) fn check_query(&self) -> Result<(), Status> {
        self.decide(Action::Export, Target::Query(self.runs_as))
    }

    /// Whether it may load a table, and make it the way that it asks for.
    pub(super) fn check_upload(&self, request: &UploadRequest) -> Result<(), Status> {
        self.check_table(Action::Upload, &request.table)?;
        let Some(CreateTable::Statement(_)) = &request.create_table else {
            return Ok(());
        };
        let target = Target::Create {
            runs_as: self.runs_as,
            is_confined: self.creates_are_confined,
        };
        self.decide(Action::Upload, target)
    }

    /// Whether a transfer is its own, or it manages those of others.
    pub(super) fn check_transfer(
        &self,
        owner: &str,
        table: Option<&TableName>,
    ) -> Result<(), Status> {
        let table = table.map(|table| self.full(table));
        self.decide(Action::ManageTransfers, Target::Transfer { owner, table })
    }

    /// Whether it manages the transfers of others.
    pub(super) fn is_manager(&self) -> bool {
        self.principal.scopes.contains(Scope::TransfersManage)
    }

    /// Whether a table is one that it may see, for lists.
    pub(super) fn sees_table(&self, table: &TableName) -> bool {
        self.allows(Action::ReadCatalog, Target::Table(self.full(table)))
    }

    /// Whether a database is one that it may see, for lists.
    pub(super) fn sees_database(&self, name: &str) -> bool {
        let is_journal = self.access.policy.is_journal(name);
        !is_journal && self.allows(Action::ReadCatalog, Target::Database(self.database(name)))
    }

    /// Whether a transfer is one that it may see, for lists.
    pub(super) fn sees_transfer(&self, owner: &str, table: Option<&TableName>) -> bool {
        let table = table.map(|table| self.full(table));
        self.allows(Action::ManageTransfers, Target::Transfer { owner, table })
    }

    fn decide(&self, action: Action, target: Target<'_>) -> Result<(), Status> {
        self.ask(action, target).map_err(|denial| {
            self.access.metrics.caller_denied();
            audit::denied(self, action, target, &denial);
            status::denied(&denial)
        })
    }

    fn allows(&self, action: Action, target: Target<'_>) -> bool {
        self.ask(action, target).is_ok()
    }

    fn ask(&self, action: Action, target: Target<'_>) -> Result<(), Denial> {
        self.access.policy.decide(&self.principal, action, target)
    }

    fn database<'a>(&'a self, name: &'a str) -> &'a str {
        if name.is_empty() {
            &self.database
        } else {
            name
        }
    }

    fn full<'a>(&'a self, table: &'a TableName) -> FullName<'a> {
        FullName {
            database: self.database(&table.database),
            table: &table.table,
        }
    }
}
