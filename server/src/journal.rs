//! What Sluice itself keeps in ClickHouse: transfers, how far they are, and rejected rows.
//!
//! Used by `transfer`. It lives in a database of its own, so that every server of a ClickHouse sees
//! the same and can go on with any upload; nothing is made before the first row is to be kept.

mod record;

use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::clickhouse::{
    Client, Error, Result, Rows, Statement,
    sql::{Fence, TableName, journal},
};

pub(crate) use crate::clickhouse::sql::journal::ListFilter;

pub use record::{
    BlockRow, BlockSums, Checkpoint, ClaimRow, Pulse, RejectedRow, RunRow, TransferRow, UploadRow,
};

/// Steps that may have been lost, one after the other, with a ClickHouse that was killed.
const MAX_LOST_STEPS: u32 = 8;

/// A handle on the journal.
#[derive(Debug)]
pub struct Journal {
    client: Client,
    database: String,
    retention_seconds: u64,
    is_synced: bool,
    is_allowed: OnceCell<bool>,
    memory: OnceCell<u64>,
}

impl Journal {
    /// Names the database; nothing is asked of ClickHouse yet.
    #[must_use]
    pub fn new(client: Client, database: String, retention_seconds: u64, is_synced: bool) -> Self {
        Self {
            client,
            database,
            retention_seconds,
            is_synced,
            is_allowed: OnceCell::new(),
            memory: OnceCell::new(),
        }
    }

    /// The name of its database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Makes the database and its tables where they are missing; false when the user may not, which
    /// is found out once, and where several servers answer: each would keep a part of it.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse, but for a missing grant.
    pub async fn open(&self) -> Result<bool> {
        if self.client.several_servers().await?.is_some() {
            return Ok(false);
        }
        let is_allowed = self.is_allowed.get_or_try_init(|| async {
            match self.create().await {
                Ok(()) => Ok(true),
                Err(Error::AccessDenied(exception)) => {
                    let database = &self.database;
                    tracing::warn!(%exception, database, "no journal: uploads cannot be resumed");
                    Ok(false)
                }
                Err(error) => Err(error),
            }
        });
        is_allowed.await.copied()
    }

    /// Whether there is a journal to read; makes none.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn exists(&self) -> Result<bool> {
        if self.client.several_servers().await?.is_some() {
            return Ok(false);
        }
        if let Some(is_allowed) = self.is_allowed.get() {
            return Ok(*is_allowed);
        }
        let statement = journal::count_tables(&self.database);
        let counts: Vec<u64> = self.client.fetch(&statement).await?;
        Ok(counts
            .first()
            .is_some_and(|count| *count == journal::TABLE_COUNT as u64))
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
        let rows: Vec<u64> = self.fetch(&journal::memory(&self.database)).await?;
        let Some(seconds) = rows.first() else {
            // It is still to be made.
            return Ok(self.retention_seconds);
        };
        self.memory.set(*seconds).ok();
        Ok(*seconds)
    }

    /// Why nothing is kept, where that is known.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn absence(&self) -> Result<Option<String>> {
        if let Some(several) = self.client.several_servers().await? {
            return Ok(Some(format!(
                "the journal cannot be kept, because {several}, and none knows what another one keeps"
            )));
        }
        let is_denied = self.is_allowed.get() == Some(&false);
        Ok(is_denied.then(|| "there is no journal, which the user may not make".to_owned()))
    }

    /// Sees that there is a journal to write to.
    async fn require(&self) -> Result<()> {
        if self.open().await? {
            return Ok(());
        }
        if let Some(several) = self.client.several_servers().await? {
            let message = format!("rejected rows cannot be kept, because {several}");
            return Err(Error::Protocol { message });
        }
        // Says what is missing.
        self.create().await
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
        let statement = journal::rejected_rows(&self.database, transfer_id);
        self.client.stream(&statement).await
    }

    /// The steps of an upload, in their order.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn claims(&self, transfer_id: Uuid) -> Result<Vec<ClaimRow>> {
        self.fetch(&journal::claims(&self.database, transfer_id))
            .await
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
        self.fetch(&journal::newest_claims(&self.database, ids))
            .await
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
    pub async fn claim(&self, mut row: ClaimRow) -> Result<ClaimRow> {
        for _ in 0..MAX_LOST_STEPS {
            let token = format!("step/{}/{}", row.transfer_id, row.step);
            let table = TableName::new(self.database.as_str(), journal::CLAIMS);
            let rows = std::slice::from_ref(&row);
            let inserted = self.client.insert_rows_once(&table, rows, &token).await;
            if self.is_made_again(&inserted).await? {
                let again = self.client.insert_rows_once(&table, rows, &token);
                again.await?;
            } else {
                inserted?;
            }
            let claims = self.claims(row.transfer_id).await?;
            if let Some(taken) = claims.into_iter().find(|claim| claim.step >= row.step) {
                return Ok(taken);
            }
            row.step += 1;
        }
        Err(Error::Protocol {
            message: "the journal loses what is written to it".to_owned(),
        })
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
        Ok(self.fetch(&statement).await?.into_iter().next())
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
        Ok(self.fetch(&statement).await?.into_iter().next())
    }

    /// The blocks of an upload that ClickHouse has confirmed, in their order.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn blocks(&self, transfer_id: Uuid, incarnation: u32) -> Result<Vec<BlockRow>> {
        let statement = journal::blocks(&self.database, transfer_id, incarnation);
        self.fetch(&statement).await
    }

    /// What the blocks of an upload that ClickHouse has confirmed add up to.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn block_sums(&self, transfer_id: Uuid, incarnation: u32) -> Result<BlockSums> {
        let statement = journal::block_sums(&self.database, transfer_id, incarnation);
        let sums = self.fetch(&statement).await?;
        Ok(sums.into_iter().next().unwrap_or_default())
    }

    /// Where a transfer stands.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn find(&self, transfer_id: Uuid) -> Result<Option<TransferRow>> {
        let statement = journal::find(&self.database, transfer_id);
        Ok(self.fetch(&statement).await?.into_iter().next())
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
        self.fetch(&statement).await
    }

    /// Writes at which server a run works on a transfer.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn put_run(&self, row: RunRow) -> Result<()> {
        self.insert(journal::RUNS, &[row]).await
    }

    /// The address of the server at which a run works on a transfer.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn address(&self, transfer_id: Uuid, run: Uuid) -> Result<Option<String>> {
        let statement = journal::address(&self.database, transfer_id, run);
        match self.client.fetch(&statement).await {
            Ok(found) => Ok(found.into_iter().next()),
            // Of a version before, and nobody has written to it since.
            Err(Error::UnknownTable(_) | Error::UnknownDatabase(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The seconds since anything was written of an upload.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn silence(&self, transfer_id: Uuid) -> Result<u64> {
        let statement = journal::silence(&self.database, transfer_id);
        let ages = self.fetch(&statement).await?;
        Ok(ages.into_iter().next().unwrap_or(u64::MAX))
    }

    /// Which of these transfers are written.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn known(&self, ids: &[Uuid]) -> Result<Vec<Uuid>> {
        let statement = journal::known(&self.database, ids);
        let found: Vec<String> = self.fetch(&statement).await?;
        Ok(found.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// How transfers do.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn pulses(&self, ids: &[Uuid]) -> Result<Vec<Pulse>> {
        let statement = journal::pulses(&self.database, ids);
        self.fetch(&statement).await
    }

    async fn insert<T>(&self, table: &str, rows: &[T]) -> Result<()>
    where
        T: ::clickhouse::RowOwned + ::clickhouse::RowWrite + serde::Serialize,
        for<'a> T: ::clickhouse::Row<Value<'a> = T>,
    {
        let table = TableName::new(self.database.as_str(), table);
        let inserted = self.client.insert_rows(&table, rows).await;
        if self.is_made_again(&inserted).await? {
            return self.client.insert_rows(&table, rows).await;
        }
        inserted
    }

    async fn fetch<T>(&self, statement: &Statement) -> Result<Vec<T>>
    where
        T: ::clickhouse::RowOwned + ::clickhouse::RowRead,
    {
        let rows = self.client.fetch(statement).await;
        if self.is_made_again(&rows).await? {
            return self.client.fetch(statement).await;
        }
        rows
    }

    /// Makes the tables again where an outcome says that somebody has dropped them; whether it did.
    async fn is_made_again<T>(&self, outcome: &Result<T>) -> Result<bool> {
        let is_gone = matches!(
            outcome,
            Err(Error::UnknownDatabase(_) | Error::UnknownTable(_))
        );
        if is_gone {
            tracing::error!(
                database = self.database,
                "the journal was dropped while the server ran: what it knew of uploads is lost; \
                 making it again"
            );
            self.create().await?;
        }
        Ok(is_gone)
    }

    async fn create(&self) -> Result<()> {
        for statement in journal::create(&self.database, self.retention_seconds) {
            self.client.execute(&statement).await?;
        }
        if self.is_synced {
            for statement in journal::sync(&self.database) {
                self.client.execute(&statement).await?;
            }
        }
        Ok(())
    }
}
