//! What Sluice itself keeps in ClickHouse: transfers, how far they are, and rejected rows.
//!
//! Used by `transfer`. It lives in a database of its own, so that every server of a ClickHouse sees
//! the same and can go on with any upload; nothing is made before the first row is to be kept.
//!
//! How this works: where the node belongs to a cluster (it has the macro `replica`, and Keeper), the tables are
//! replicated, and whatever decides is read behind a `SYSTEM SYNC REPLICA`: so all nodes tell the same, and the
//! journal goes on at another one when a node is lost. Else they are on one node, and that is the journal.

mod nodes;
mod record;
mod standing;

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::clickhouse::{
    Client, Error, Result, Rows,
    nodes::{Node, Nodes, PerNode},
    sql::{Fence, journal},
};
use crate::metrics::{JournalUse, Metrics};

pub(crate) use crate::clickhouse::sql::journal::ListFilter;

pub use standing::Standing;

pub use record::{
    BlockRow, BlockSums, Checkpoint, ClaimRow, FaultRow, IntentRow, PlaceRow, Pulse, RejectedRow,
    RunAddress, RunRow, TransferRow, UploadRow,
};

/// Steps that may have been lost, one after the other, with a ClickHouse that was killed.
const MAX_LOST_STEPS: u32 = 8;

/// The code of ClickHouse where a replicated table finds no Keeper.
const NO_ZOOKEEPER: i32 = 225;

/// How long a node may take to get what was written at another one; what only a node has that is away is waited
/// for in vain.
const SYNC_LIMIT: Duration = Duration::from_secs(5);

/// A handle on the journal.
#[derive(Debug)]
pub struct Journal {
    nodes: Arc<Nodes>,
    database: String,
    retention_seconds: u64,
    is_synced: bool,
    known: PerNode<Known>,
    memory: OnceCell<u64>,
    /// Whether the last row did not reach it.
    is_failing: AtomicBool,
    metrics: Arc<Metrics>,
}

/// What is known of the journal at one node.
#[derive(Debug, Default)]
struct Known {
    /// Why it is not kept there.
    absence: OnceCell<Option<Absence>>,
    /// Whether it is kept together with those of other nodes; once there are tables.
    is_together: OnceCell<bool>,
}

/// Why no journal is kept at a node.
#[derive(Clone, Debug)]
enum Absence {
    /// The user may not make it.
    Denied,
    /// The nodes do not allow it; in words.
    Nodes(String),
}

impl From<Absence> for String {
    fn from(absence: Absence) -> Self {
        match absence {
            Absence::Denied => "there is no journal, which the user may not make".to_owned(),
            Absence::Nodes(words) => words,
        }
    }
}

/// The node that an operation of the journal works with.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    node: &'a Node,
    client: &'a Client,
    known: &'a Known,
}

impl Journal {
    /// Names the nodes and the database; nothing is asked of ClickHouse yet.
    #[must_use]
    pub(crate) fn new(
        nodes: Arc<Nodes>,
        database: String,
        retention_seconds: u64,
        is_synced: bool,
        metrics: Arc<Metrics>,
    ) -> Self {
        let known = nodes.map(|_| Known::default());
        Self {
            nodes,
            database,
            retention_seconds,
            is_synced,
            known,
            memory: OnceCell::new(),
            is_failing: AtomicBool::new(false),
            metrics,
        }
    }

    /// The name of its database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The node that answers now, and what is known of it.
    fn at(&self) -> Place<'_> {
        self.at_number(self.nodes.preferred())
    }

    fn at_number(&self, number: usize) -> Place<'_> {
        let node = self.nodes.get(number);
        Place {
            node,
            client: node.client(),
            known: self.known.get(number),
        }
    }

    /// The node that answers now, once it has the tables of the others: one that has just joined must not be taken
    /// for an empty journal.
    async fn joined(&self) -> Result<Place<'_>> {
        let at = self.at();
        if at.known.absence.get().is_none() && at.node.replica().await?.is_some() {
            self.absence_at(at).await?;
        }
        Ok(at)
    }

    /// Makes the database and its tables where they are missing; false where it cannot be kept, see
    /// [`Journal::absence`].
    ///
    /// # Errors
    ///
    /// Those of ClickHouse, but for a missing grant.
    pub async fn open(&self) -> Result<bool> {
        Ok(self.absence().await?.is_none())
    }

    /// Why nothing is kept; none where it is.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn absence(&self) -> Result<Option<String>> {
        let absence = self.absence_at(self.at()).await?;
        Ok(absence.map(String::from))
    }

    async fn absence_at(&self, at: Place<'_>) -> Result<Option<Absence>> {
        if let Some(several) = at.client.several_servers().await? {
            return Ok(Some(Absence::Nodes(format!(
                "the journal cannot be kept, because {several}, and none knows what another one keeps; name \
                 the nodes instead"
            ))));
        }
        let absence = self.made_at(at).await?;
        // What is written at one node is to be soon at another.
        for other in self.nodes.answering().map(|number| self.at_number(number)) {
            if other.known.absence.get().is_none()
                && let Err(error) = self.made_at(other).await
            {
                let url = other.node.url();
                tracing::debug!(url, error = error.logged(), "cannot make the journal");
            }
        }
        Ok(absence)
    }

    /// Makes the tables at a node, once, or says why it cannot be kept there.
    async fn made_at(&self, at: Place<'_>) -> Result<Option<Absence>> {
        let absence = at.known.absence.get_or_try_init(|| async {
            match self.create(at).await {
                Err(Error::AccessDenied(exception)) => {
                    let database = &self.database;
                    tracing::warn!(%exception, database, "no journal: uploads cannot be resumed");
                    Ok(Some(Absence::Denied))
                }
                made => made,
            }
        });
        absence.await.cloned()
    }

    /// Whether there is a journal to read; makes none, but where it belongs to those of other nodes.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn exists(&self) -> Result<bool> {
        let at = self.at();
        if at.known.absence.get().is_some() {
            return self.open().await;
        }
        if at.client.several_servers().await?.is_some() {
            return Ok(false);
        }
        let statement = journal::count_tables(&self.database);
        let counts: Vec<u64> = at.client.fetch(&statement).await?;
        if counts == [journal::TABLE_COUNT as u64] {
            return Ok(true);
        }
        match at.node.replica().await? {
            Some(_) => self.open().await,
            None => Ok(false),
        }
    }

    /// How long an upload is remembered after its last step, in seconds: as the tables were made, perhaps by a
    /// server with other options.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn memory(&self) -> Result<u64> {
        if let Some(seconds) = self.memory.get() {
            return Ok(*seconds);
        }
        let rows: Vec<u64> = self.fetch(&[], &journal::memory(&self.database)).await?;
        let Some(seconds) = rows.first() else {
            // It is still to be made.
            return Ok(self.retention_seconds);
        };
        self.memory.set(*seconds).ok();
        Ok(*seconds)
    }

    /// Sees that there is a journal to write to.
    async fn require(&self) -> Result<()> {
        let at = self.at();
        match self.absence_at(at).await? {
            None => Ok(()),
            // Says what is missing.
            Some(Absence::Denied) => self.create(at).await.map(drop),
            Some(Absence::Nodes(words)) => Err(Error::Protocol {
                message: format!("rejected rows cannot be kept: {words}"),
            }),
        }
    }

    /// Keeps rejected rows. A row that is kept already stays once.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse: the user may lack the right to create the database.
    pub async fn add_rejected(&self, rows: &[RejectedRow]) -> Result<()> {
        self.require().await?;
        self.insert(journal::REJECTED_ROWS, rows).await
    }

    /// Reads the rejected rows of a transfer, in the order of the file.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn rejected(&self, transfer_id: Uuid) -> Result<Rows<RejectedRow>> {
        self.require().await?;
        let at = Box::pin(self.joined()).await?;
        let tables = [journal::CLAIMS, journal::REJECTED_ROWS];
        self.catch_up(at, &tables).await?;
        let statement = journal::rejected_rows(&self.database, transfer_id);
        at.client.stream(&statement).await
    }

    /// The steps of an upload, in their order.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn claims(&self, transfer_id: Uuid) -> Result<Vec<ClaimRow>> {
        let statement = journal::claims(&self.database, transfer_id);
        self.fetch(&[journal::CLAIMS], &statement).await
    }

    /// The newest step of each of some uploads.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn newest_claims(&self, ids: &[Uuid]) -> Result<Vec<ClaimRow>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let statement = journal::newest_claims(&self.database, ids);
        self.fetch(&[journal::CLAIMS], &statement).await
    }

    /// What keeps INSERTs out that begin later than another step is taken.
    pub(crate) fn fence(&self, transfer_id: Uuid, step: u32) -> Fence<'_> {
        Fence {
            journal: &self.database,
            transfer_id,
            step,
        }
    }

    /// Takes a step, unless somebody else has taken it; returns whose it is. It can be repeated.
    ///
    /// ClickHouse keeps the first row of a step and drops all others. It writes the token of a row
    /// before the row: where it was killed in between, the step is nobody's, and the next one counts.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse; then it is not known whether the step was taken.
    pub async fn claim(&self, row: ClaimRow) -> Result<ClaimRow> {
        let taken = self.take_step(row).await;
        self.counted(JournalUse::Write, taken)
    }

    /// Writes what an upload begins with; replaces what was there.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn put_upload(&self, row: UploadRow) -> Result<()> {
        self.insert(journal::UPLOADS, &[row]).await
    }

    /// Writes where a transfer stands; replaces what was there.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn put_transfer(&self, row: TransferRow) -> Result<()> {
        self.insert(journal::TRANSFERS, &[row]).await
    }

    /// Writes which blocks ClickHouse has confirmed. One that is there already stays once.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn add_checkpoints(&self, checkpoints: &[Checkpoint]) -> Result<()> {
        self.insert(journal::CHECKPOINTS, checkpoints).await
    }

    /// What an upload began with.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn upload(&self, transfer_id: Uuid) -> Result<Option<UploadRow>> {
        let statement = journal::upload(&self.database, transfer_id);
        Ok(self
            .fetch(&[journal::UPLOADS], &statement)
            .await?
            .into_iter()
            .next())
    }

    /// How far an upload is.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn checkpoint(
        &self,
        transfer_id: Uuid,
        incarnation: u32,
    ) -> Result<Option<Checkpoint>> {
        let statement = journal::checkpoint(&self.database, transfer_id, incarnation);
        Ok(self
            .fetch(&[journal::CHECKPOINTS], &statement)
            .await?
            .into_iter()
            .next())
    }

    /// The blocks of an upload that ClickHouse has confirmed, in their order.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn blocks(&self, transfer_id: Uuid, incarnation: u32) -> Result<Vec<BlockRow>> {
        let statement = journal::blocks(&self.database, transfer_id, incarnation);
        self.fetch(&[journal::CHECKPOINTS], &statement).await
    }

    /// Writes that a block is about to be sent to a table itself.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn put_intent(&self, row: IntentRow) -> Result<()> {
        self.insert(journal::INTENTS, &[row]).await
    }

    /// The blocks behind one that were to be sent, and may be there; in their order.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn intents(
        &self,
        transfer_id: Uuid,
        incarnation: u32,
        behind: u64,
    ) -> Result<Vec<BlockRow>> {
        let statement = journal::intents(&self.database, transfer_id, incarnation, behind);
        self.fetch_later(journal::INTENTS, &statement).await
    }

    /// What the blocks of an upload that ClickHouse has confirmed add up to.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn block_sums(&self, transfer_id: Uuid, incarnation: u32) -> Result<BlockSums> {
        let statement = journal::block_sums(&self.database, transfer_id, incarnation);
        let sums = self.fetch(&[journal::CHECKPOINTS], &statement).await?;
        Ok(sums.into_iter().next().unwrap_or_default())
    }

    /// Where a transfer stands.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn find(&self, transfer_id: Uuid) -> Result<Option<TransferRow>> {
        let statement = journal::find(&self.database, transfer_id);
        Ok(self
            .fetch(&[journal::TRANSFERS], &statement)
            .await?
            .into_iter()
            .next())
    }

    /// The newest transfers that a filter takes, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(crate) async fn list(
        &self,
        filter: &ListFilter<'_>,
        limit: usize,
    ) -> Result<Vec<TransferRow>> {
        let statement = journal::list(&self.database, filter, limit);
        self.fetch(&[journal::TRANSFERS], &statement).await
    }

    /// Writes at which server a run works on a transfer.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn put_run(&self, row: RunRow) -> Result<()> {
        self.insert(journal::RUNS, &[row]).await
    }

    /// At which server a run works on a transfer.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn address(&self, transfer_id: Uuid, run: Uuid) -> Result<Option<RunAddress>> {
        let statement = journal::address(&self.database, transfer_id, run);
        let found = self.fetch_later(journal::RUNS, &statement).await?;
        Ok(found.into_iter().next())
    }

    /// Writes at which node an upload is begun, where the journal is shared.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn put_place(&self, row: PlaceRow) -> Result<()> {
        self.insert(journal::PLACES, &[row]).await
    }

    /// The node at which an upload was begun, and its rows are staged; none where there is one node.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn place(&self, transfer_id: Uuid, incarnation: u32) -> Result<Option<PlaceRow>> {
        if !self.is_shared().await? {
            return Ok(None);
        }
        let statement = journal::place(&self.database, transfer_id, incarnation);
        let found = self.fetch_later(journal::PLACES, &statement).await?;
        Ok(found.into_iter().next())
    }

    /// The seconds since anything was written of an upload.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn silence(&self, transfer_id: Uuid) -> Result<u64> {
        let statement = journal::silence(&self.database, transfer_id);
        let ages = self
            .fetch(
                &[journal::CLAIMS, journal::TRANSFERS, journal::CHECKPOINTS],
                &statement,
            )
            .await?;
        Ok(ages.into_iter().next().unwrap_or(u64::MAX))
    }

    /// Which of these transfers are written.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn known(&self, ids: &[Uuid]) -> Result<Vec<Uuid>> {
        let statement = journal::known(&self.database, ids);
        let found: Vec<String> = self.fetch(&[journal::TRANSFERS], &statement).await?;
        Ok(found.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// How transfers do.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn pulses(&self, ids: &[Uuid]) -> Result<Vec<Pulse>> {
        let statement = journal::pulses(&self.database, ids);
        self.fetch(
            &[journal::CLAIMS, journal::TRANSFERS, journal::CHECKPOINTS],
            &statement,
        )
        .await
    }

    /// Whether the journal is, or would be, kept together with those of other nodes.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn is_to_be_shared(&self) -> Result<bool> {
        let at = self.at();
        match self.kind(at).await? {
            Some(is_together) => Ok(is_together),
            None => Ok(at.node.replica().await?.is_some()),
        }
    }

    /// Whether the journal is kept together with those of other nodes.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn is_shared(&self) -> Result<bool> {
        self.is_together(Box::pin(self.joined()).await?).await
    }

    /// Has the steps that are taken seen by what begins at another node than the journal's from now on.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn show_steps_at(&self, client: &Client, url: &str) -> Result<()> {
        let at = self.at();
        if at.node.url() == url || !self.is_together(at).await? {
            return Ok(());
        }
        self.sync(client, journal::CLAIMS).await
    }
}
