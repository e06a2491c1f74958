//! Transfers: the two data paths, and what a caller may know of them while they run.
//!
//! `rpc` calls it with domain requests. It alone joins `csv`, `column` and `clickhouse`; it knows
//! nothing of gRPC.

pub mod error;
pub mod listing;
pub mod live;
pub mod progress;
pub mod records;
pub mod registry;
pub mod snapshot;

pub mod request;

mod admission;
mod claims;
mod commit;
pub mod cut;
pub mod grants;
mod inserts;
pub mod plan;
pub mod profile;
mod protocol;
pub mod rejects;
mod typer;

pub mod session;
mod sweeper;
pub mod upload;
mod watching;
mod whereabouts;

pub mod inspect;

pub mod export;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::{
    catalog::Catalog,
    clickhouse::{self, Client, TableName},
    column::{DataType, zone::Zones},
    config::TransferConfig,
    connections::{Connection, Connections},
    journal::{Journal, Standing, TransferRow},
    memory::Memory,
    metrics::Metrics,
};

use commit::staging::Staging;

pub use commit::Commit;
pub use error::{BadCell, Error, Failure, Result, Violation};
pub use listing::{Filter, Place};
pub use live::{Description, Kind, State, Transfer};
pub use progress::{Counters, Counts};
pub use registry::Registry;
pub use request::{
    ColumnCondition, ColumnMapping, ColumnMatch, ColumnValueSpec, CommitMode, CreateTable,
    ExportForm, ExportRequest, ExportSource, FileSpec, Format, InspectRequest, MatchKind,
    RejectPolicy, UploadRequest, ValueSpec,
};
pub use session::Session;
pub use snapshot::{Phase, Snapshot};
pub use watching::Watch;
pub use whereabouts::Whereabouts;

/// The pauses before something is tried again that can be repeated.
const RETRY_PAUSES: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// The tries of a first contact after the first one: a connection that broke before may be found out.
const FIRST_CONTACT_TRIES: usize = 2;

/// Starts uploads and exports. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Transfers {
    inner: Arc<Inner>,
}

/// The transfers through one connection; what all of them share is shared.
#[derive(Clone, Debug)]
struct Inner {
    connection: Connection,
    connections: Arc<Connections>,
    registry: Arc<Registry>,
    journal: Arc<Journal>,
    config: Arc<TransferConfig>,
    sessions: Arc<session::Sessions>,
    watched: Arc<watching::Watched>,
    memory: Arc<Memory>,
    metrics: Arc<Metrics>,
    /// When this server began.
    begun: Instant,
    /// What a client sees of an error, for the journal.
    describe: fn(&Error) -> Failure,
}

impl Transfers {
    /// Joins the parts that a transfer needs; `describe` says what a client sees of an error. The
    /// journal is in the default connection.
    #[must_use]
    pub fn new(
        connections: Arc<Connections>,
        config: TransferConfig,
        memory: Arc<Memory>,
        metrics: Arc<Metrics>,
        describe: fn(&Error) -> Failure,
    ) -> Self {
        let journal = Journal::new(
            Arc::clone(connections.default().nodes()),
            config.journal_database.clone(),
            config.journal_retention.as_secs(),
            config.fsync,
            Arc::clone(&metrics),
        );
        let places = config.max_transfers;
        Self {
            inner: Arc::new(Inner {
                connection: connections.default().clone(),
                connections,
                registry: Registry::new(places, config.history, Arc::clone(&metrics)),
                journal: Arc::new(journal),
                memory,
                metrics,
                config: Arc::new(config),
                sessions: Arc::default(),
                watched: Arc::default(),
                begun: Instant::now(),
                describe,
            }),
        }
    }

    /// The same transfers, with what is begun from now on going through another connection.
    #[must_use]
    pub fn through(&self, connection: Connection) -> Self {
        Self {
            inner: Arc::new(self.inner.through(connection)),
        }
    }

    /// The name of the connection that these go through.
    #[must_use]
    pub fn connection(&self) -> &str {
        self.inner.connection.name()
    }

    /// The budget that they share with the messages of calls.
    #[must_use]
    pub fn memory(&self) -> &Arc<Memory> {
        &self.inner.memory
    }

    /// Whether the journal is there, and with `by_writing` whether it can be written to.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse: it cannot be written to now.
    pub async fn journal_standing(&self, by_writing: bool) -> clickhouse::Result<Standing> {
        self.inner.journal.standing(by_writing).await
    }

    /// The transfers of this server.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.inner.registry
    }
}

/// What is left of the tries of something that can be repeated.
#[derive(Debug)]
struct Patience {
    pauses: std::slice::Iter<'static, Duration>,
}

impl Patience {
    /// For work that has begun: some fifteen seconds.
    fn new() -> Self {
        Self {
            pauses: RETRY_PAUSES.iter(),
        }
    }

    /// For first contact: a ClickHouse that starts again is waited for, one that is away is soon told of.
    fn short() -> Self {
        Self {
            pauses: RETRY_PAUSES[..FIRST_CONTACT_TRIES].iter(),
        }
    }

    /// For work that its caller tries again.
    fn none() -> Self {
        Self { pauses: [].iter() }
    }

    /// Waits after a failure, and until ClickHouse is there; gives the error back when it does not
    /// pass, or there are no tries left.
    async fn after(&mut self, inner: &Inner, what: &'static str, error: Error) -> Result<()> {
        let Some(pause) = self.pauses.next().filter(|_| error.is_passing()) else {
            return Err(error);
        };
        tracing::warn!(error = error.logged(), what, ?pause, "trying again");
        tokio::time::sleep(*pause).await;
        inner.wait_ready().await
    }
}

impl Inner {
    fn through(&self, connection: Connection) -> Self {
        Self {
            connection,
            ..self.clone()
        }
    }

    /// The connection that the journal names, at the node where the rows of an incarnation are staged: this one,
    /// or as the server itself sees it; none for one that another caller named, or that has left the configuration,
    /// and for a node of another server.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    async fn through_that_of(&self, row: &TransferRow, incarnation: u32) -> Result<Option<Self>> {
        let of_row = if row.connection == self.connection.name() {
            Some(self.clone())
        } else {
            let connection = self.connections.get(&row.connection);
            connection.map(|connection| self.through(connection))
        };
        match of_row {
            Some(inner) => Ok(inner.at_place_of(row.transfer_id, incarnation).await?.ok()),
            None => Ok(None),
        }
    }

    /// The same at the node where an upload was begun, and its rows are staged; where that is not known, here.
    /// Else the name of a node that is none of the connection's.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    async fn at_place_of(&self, id: Uuid, incarnation: u32) -> Result<Result<Self, String>> {
        let place = self.journal.place(id, incarnation).await?;
        let Some(place) = place else {
            return Ok(Ok(self.clone()));
        };
        if place.node == self.connection.node_name().await? {
            return Ok(Ok(self.clone()));
        }
        let connection = self.connection.at_node(&place.node).await;
        Ok(connection
            .map(|connection| self.through(connection))
            .ok_or(place.node))
    }

    /// Waits for the journal's ClickHouse and that of the connection.
    async fn wait_ready(&self) -> Result<()> {
        let default = self.connections.default();
        default.ready().await?;
        if self.connection.name() != default.name() {
            self.connection.ready().await?;
        }
        Ok(())
    }

    fn client(&self) -> &Client {
        self.connection.client()
    }

    fn catalog(&self) -> &Catalog {
        self.connection.catalog()
    }

    /// The time zone of ClickHouse and those of these types, by the rules that ClickHouse has.
    async fn zones<'t>(&self, types: impl IntoIterator<Item = &'t DataType>) -> Result<Zones> {
        let names: Vec<&str> = types.into_iter().flat_map(DataType::zones).collect();
        Ok(self.connection.zones(&names).await?)
    }

    /// The staging table of a transfer whose file was begun anew `incarnation` times.
    fn staging(&self, target: &TableName, id: Uuid, incarnation: u32) -> Staging {
        Staging::new(
            self.connection.service(),
            target,
            id,
            incarnation,
            self.journal.database(),
        )
    }

    /// Makes sure that a query whose transfer failed does not go on in ClickHouse.
    async fn kill(&self, query_id: Uuid) {
        if let Err(error) = self.client().kill(query_id).await {
            tracing::warn!(%query_id, error = error.logged(), "cannot kill the query of a failed transfer");
        }
    }
}
