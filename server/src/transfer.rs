//! Transfers: the two data paths, and what a caller may know of them while they run.
//!
//! `rpc` calls it with domain requests. It alone joins `csv`, `column` and `clickhouse`; it knows
//! nothing of gRPC.

pub mod error;
pub mod progress;
pub mod registry;

pub mod plan;
pub mod upload;

pub mod export;

use std::{sync::Arc, time::Duration};

use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    clickhouse::{
        Client,
        sql::{Operator, OrderBy, SelectQuery, TableName},
    },
    config::TransferConfig,
    csv::Dialect,
    engine::Engine,
};

pub use error::{BadCell, Error, Result};
pub use progress::{Counters, Counts};
pub use registry::{Description, Kind, Registry, State, Transfer};

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
    config: TransferConfig,
    server_zone: OnceCell<String>,
}

impl Transfers {
    /// Joins the parts that a transfer needs.
    #[must_use]
    pub fn new(client: Client, catalog: Catalog, engine: Engine, config: TransferConfig) -> Self {
        let registry = Registry::new(config.max_transfers, config.history);
        Self {
            inner: Arc::new(Inner {
                client,
                catalog,
                engine,
                registry,
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

/// How rows become visible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitMode {
    /// The strongest that the table allows.
    #[default]
    Auto,
    /// All at once or none.
    Atomic,
    /// Block by block, each exactly once.
    Blocks,
    /// In place of the old rows.
    Replace,
    /// One plain streaming INSERT.
    Direct,
}

impl CommitMode {
    /// What [`CommitMode::Direct`] promises.
    pub const DIRECT_GUARANTEE: &'static str = "one plain INSERT: neither atomic nor deduplicated; \
        if it fails, the first rows may stay in the table, and loading the file again doubles them";

    /// The name as the contract has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "AUTO",
            Self::Atomic => "ATOMIC",
            Self::Blocks => "BLOCKS",
            Self::Replace => "REPLACE",
            Self::Direct => "DIRECT",
        }
    }
}

/// Chooses the source of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMapping {
    /// The column of the table.
    pub column: String,
    /// The field: a name of the header, or a number from 1. None: the same as `column`.
    pub source: Option<String>,
}

impl ColumnMapping {
    /// The field as the caller names it.
    #[must_use]
    pub fn source_name(&self) -> &str {
        self.source.as_deref().unwrap_or(&self.column)
    }
}

/// Where the values of one column came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMatch {
    /// The column of the table.
    pub column: String,
    /// Its type.
    pub data_type: String,
    /// The field; none when the column took its DEFAULT.
    pub source: Option<String>,
}

/// What to load, and how.
#[derive(Clone, Debug)]
pub struct UploadRequest {
    /// The id of the transfer.
    pub id: Uuid,
    /// The target.
    pub table: TableName,
    /// How to read the file.
    pub dialect: Dialect,
    /// The columns to load; empty: all.
    pub columns: Vec<ColumnMapping>,
    /// Whether to create the table.
    pub create_table: bool,
    /// How rows become visible.
    pub commit_mode: CommitMode,
    /// The size of the file, where known.
    pub total_bytes: Option<u64>,
    /// The name of the file, for lists.
    pub source_name: String,
}

/// Compares a column with values; the column's type comes from the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnCondition {
    /// The column.
    pub column: String,
    /// The comparison.
    pub operator: Operator,
    /// The values as text.
    pub values: Vec<String>,
}

/// What an export reads.
#[derive(Clone, Debug)]
pub enum ExportSource {
    /// Rows of a table.
    Table {
        /// The table.
        table: TableName,
        /// The columns; empty: all that `SELECT *` returns.
        columns: Vec<String>,
        /// The rows.
        conditions: Vec<ColumnCondition>,
        /// Their order.
        order_by: Vec<OrderBy>,
        /// The most rows.
        limit: Option<u64>,
    },
    /// One SELECT.
    Query(SelectQuery),
}

/// What to export, and how.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// The id of the transfer.
    pub id: Uuid,
    /// What to read.
    pub source: ExportSource,
    /// How to write the file.
    pub dialect: Dialect,
}
