//! The last stage of an upload: blocks go to ClickHouse, rejected rows to the journal.
//!
//! Part of `transfer::upload`. All blocks are one INSERT here; `blocks` sends each as one of its own.
//! It must never hold more than the block at hand.

use std::time::Duration;

use bytes::Bytes;
use tokio::{sync::mpsc, time::timeout};
use uuid::Uuid;

use super::checkpoints::Confirmed;
use crate::{
    clickhouse::{
        Client, Insert,
        sql::{Fence, InsertColumn, TableName, insert_fenced},
    },
    column::EncodedBlock,
    connections,
    journal::{Checkpoint, RejectedRow},
    transfer::{Error, Inner, Result, Transfer, commit::window::Window},
};

/// The pause after which ClickHouse is told that more is to come; it gives up after 30 s.
pub(super) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// What comes from the typing thread, in the order of the file.
#[derive(Debug)]
pub(super) enum Item {
    /// Records that are left out.
    Rejected(Vec<RejectedRow>),
    /// A block, and what is safe once ClickHouse has it.
    Block(EncodedBlock, Checkpoint),
}

/// Where the items of an upload go.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    pub(super) inner: &'a Inner,
    /// Whose rights the INSERTs need.
    pub(super) client: Client,
    pub(super) transfer: &'a Transfer,
    pub(super) table: TableName,
    pub(super) columns: Vec<InsertColumn>,
    /// How often the file had been begun anew.
    pub(super) incarnation: u32,
    /// What bounds the blocks that go to the table itself.
    pub(super) window: Option<Window>,
    /// Whether the rows go to the table itself.
    pub(super) is_visible: bool,
    /// Whether a rejected row stops the upload: it is in its error as well, and need not be kept.
    pub(super) stops_at_reject: bool,
}

impl Sink<'_> {
    /// Takes the blocks of a dry run.
    pub(super) async fn discard(&self, mut items: mpsc::Receiver<Item>) -> Result<()> {
        while let Some(item) = items.recv().await {
            if let Item::Rejected(rows) = item {
                self.keep(&rows).await?;
            }
        }
        Ok(())
    }

    /// Sends all blocks as one INSERT, and returns it unless there was nothing to send, and what was sent.
    ///
    /// `idle_block` has no rows: it keeps ClickHouse from giving up on a client that pauses. `query` is
    /// the INSERT that runs.
    pub(super) async fn send_stream(
        &self,
        mut items: mpsc::Receiver<Item>,
        idle_block: &EncodedBlock,
        query: &mut Option<Uuid>,
    ) -> Result<(Option<Insert>, Confirmed)> {
        let query_id = self.transfer.description().id;
        let statement = insert_fenced(&self.table, &self.columns, self.fence());
        let mut insert = self.client.insert(&statement, query_id).await?;
        let mut sent = Confirmed::default();
        loop {
            match timeout(KEEPALIVE_INTERVAL, items.recv()).await {
                Ok(Some(Item::Block(block, _))) => {
                    sent = Confirmed {
                        blocks: sent.blocks + 1,
                        rows: sent.rows + block.row_count as u64,
                    };
                    *query = Some(query_id);
                    // Counted first: of a block that broke off nobody knows whether it is there.
                    self.transfer.counters().add_rows_staged(block.row_count);
                    send_chunks(&mut insert, &block.chunks).await?;
                }
                Ok(Some(Item::Rejected(rows))) => self.keep(&rows).await?,
                Ok(None) => return Ok(((sent.blocks > 0).then_some(insert), sent)),
                Err(_) if sent.blocks > 0 => send_chunks(&mut insert, &idle_block.chunks).await?,
                Err(_) => {}
            }
        }
    }

    /// Keeps an INSERT out that begins when the upload belongs to somebody else. None for what is staged: another
    /// owner gives that table another name. Who acts as the caller may not read the journal, and another
    /// ClickHouse than that of the journal does not have it: these do without.
    pub(super) fn fence(&self) -> Option<Fence<'_>> {
        let Self {
            inner, transfer, ..
        } = self;
        let (_, step) = transfer.claim().filter(|_| self.is_visible)?;
        let connection = &inner.connection;
        let has_it = connection.name() == connections::DEFAULT && connection.acts_as_itself();
        has_it.then(|| inner.journal.fence(transfer.description().id, step))
    }

    /// Writes rejected rows to the journal.
    pub(super) async fn keep(&self, rows: &[RejectedRow]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        match self.inner.journal.add_rejected(rows).await {
            Ok(()) => Ok(()),
            Err(error) if self.stops_at_reject => {
                tracing::warn!(error = error.logged(), "cannot keep a rejected row");
                Ok(())
            }
            Err(error) => Err(Error::Journal(error)),
        }
    }
}

/// Sends the chunks of a block, or some of them.
pub(super) async fn send_chunks(insert: &mut Insert, chunks: &[Bytes]) -> Result<()> {
    for chunk in chunks {
        insert.send(chunk.clone()).await?;
    }
    Ok(())
}
