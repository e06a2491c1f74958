//! Transfers: the two data paths, and what a caller may know of them while they run.
//!
//! `rpc` calls it with domain requests. It alone joins `csv`, `column` and `clickhouse`; it knows
//! nothing of gRPC.

pub mod error;
pub mod progress;
pub mod registry;

pub mod request;

pub mod cut;
pub mod plan;
pub mod profile;
pub mod rejects;
mod typer;

pub mod upload;

pub mod inspect;

pub mod export;

use std::{sync::Arc, time::Duration};

use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{
    catalog::Catalog, clickhouse::Client, config::TransferConfig, engine::Engine, journal::Journal,
};

pub use error::{BadCell, Error, Result};
pub use progress::{Counters, Counts};
pub use registry::{Description, Kind, Registry, State, Transfer};
pub use request::{
    ColumnCondition, ColumnMapping, ColumnMatch, ColumnValueSpec, CommitMode, CreateTable,
    ExportForm, ExportRequest, ExportSource, FileSpec, Format, InspectRequest, MatchKind,
    RejectPolicy, UploadRequest, ValueSpec,
};

/// How long a call waits for an engine that is starting again.
const ENGINE_WAIT: Duration = Duration::from_secs(10);

/// Starts uploads and exports. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Transfers {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    catalog: Catalog,
    engine: Engine,
    registry: Arc<Registry>,
    journal: Journal,
    config: TransferConfig,
    server_zone: OnceCell<String>,
}

impl Transfers {
    /// Joins the parts that a transfer needs.
    #[must_use]
    pub fn new(client: Client, catalog: Catalog, engine: Engine, config: TransferConfig) -> Self {
        let registry = Registry::new(config.max_transfers, config.history);
        let journal = Journal::new(
            client.clone(),
            config.journal_database.clone(),
            config.reject_retention.as_secs(),
        );
        Self {
            inner: Arc::new(Inner {
                client,
                catalog,
                engine,
                registry,
                journal,
                config,
                server_zone: OnceCell::new(),
            }),
        }
    }

    /// The transfers of this server.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.inner.registry
    }
}

impl Inner {
    async fn wait_ready(&self) -> Result<()> {
        Ok(self.engine.wait_ready(ENGINE_WAIT).await?)
    }

    /// The time zone of ClickHouse, which does not change while it runs.
    async fn server_zone(&self) -> Result<&str> {
        let zone = self
            .server_zone
            .get_or_try_init(|| async { Ok::<_, Error>(self.catalog.check().await?.timezone) });
        Ok(zone.await?)
    }

    /// Makes sure that a query whose transfer failed does not go on in ClickHouse.
    async fn kill(&self, query_id: Uuid) {
        if let Err(error) = self.client.kill(query_id).await {
            tracing::warn!(%query_id, %error, "cannot kill the query of a failed transfer");
        }
    }
}
