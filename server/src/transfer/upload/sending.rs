//! The last stage of an upload: blocks go to ClickHouse, rejected rows to the journal.
//!
//! Part of `transfer::upload`. It must never hold more than the block at hand, nor count a block as
//! sent before ClickHouse has confirmed it.

use std::{collections::VecDeque, time::Duration};

use tokio::{sync::mpsc, time::timeout};
use uuid::Uuid;

use super::ledger::Ledger;
use crate::{
    clickhouse::{Client, Insert, Statement},
    column::EncodedBlock,
    journal::{Checkpoint, RejectedRow},
    transfer::{Error, Inner, Patience, Result, Transfer},
};

/// The pause after which ClickHouse is told that more is to come; it gives up after 30 s.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// The pause after which the journal is told that the upload lives.
const BEAT_INTERVAL: Duration = Duration::from_secs(30);

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
pub(super) struct Sink<'s, 'a> {
    pub(super) inner: &'a Inner,
    /// Whose rights the INSERTs need.
    pub(super) client: &'a Client,
    pub(super) transfer: &'a Transfer,
    pub(super) ledger: &'s mut Ledger<'a>,
    /// The INSERT that runs.
    pub(super) query: &'s mut Option<Uuid>,
    pub(super) statement: Statement,
    /// Whether a rejected row stops the upload: it is in its error as well, and need not be kept.
    pub(super) stops_at_reject: bool,
}

impl Sink<'_, '_> {
    /// Takes the blocks of a dry run.
    pub(super) async fn discard(&self, mut items: mpsc::Receiver<Item>) -> Result<()> {
        while let Some(item) = items.recv().await {
            if let Item::Rejected(rows) = item {
                self.keep(&rows).await?;
            }
        }
        Ok(())
    }

    /// Sends all blocks as one INSERT, and returns it unless there was nothing to send.
    ///
    /// `idle_block` has no rows: it keeps ClickHouse from giving up on a client that pauses.
    pub(super) async fn send_stream(
        &mut self,
        mut items: mpsc::Receiver<Item>,
        idle_block: &EncodedBlock,
    ) -> Result<Option<Insert>> {
        let query_id = self.transfer.description().id;
        let mut insert = self.client.insert(&self.statement, query_id).await?;
        let mut sent = false;
        loop {
            match timeout(KEEPALIVE_INTERVAL, items.recv()).await {
                Ok(Some(Item::Block(block, _))) => {
                    sent = true;
                    *self.query = Some(query_id);
                    send_block(&mut insert, &block).await?;
                    self.transfer.counters().add_rows_staged(block.row_count);
                }
                Ok(Some(Item::Rejected(rows))) => self.keep(&rows).await?,
                Ok(None) => return Ok(sent.then_some(insert)),
                Err(_) if sent => send_block(&mut insert, idle_block).await?,
                Err(_) => {}
            }
        }
    }

    /// Sends each block as an INSERT of its own that ClickHouse takes once. Those before `present`
    /// are there already; `ahead` was taken from `items` before.
    pub(super) async fn send_blocks(
        &mut self,
        mut ahead: VecDeque<Item>,
        mut items: mpsc::Receiver<Item>,
        present: &Checkpoint,
        is_visible: bool,
    ) -> Result<()> {
        loop {
            let item = match ahead.pop_front() {
                Some(item) => item,
                None => match timeout(BEAT_INTERVAL, items.recv()).await {
                    Ok(Some(item)) => item,
                    Ok(None) => return Ok(()),
                    Err(_) => {
                        self.ledger.beat().await;
                        continue;
                    }
                },
            };
            match item {
                Item::Rejected(rows) => self.keep(&rows).await?,
                Item::Block(block, checkpoint) => {
                    self.send_once(&block, checkpoint, present).await?;
                    if is_visible {
                        self.transfer.counters().commit_staged();
                    }
                }
            }
        }
    }

    /// Sends a block unless it is there.
    async fn send_once(
        &mut self,
        block: &EncodedBlock,
        checkpoint: Checkpoint,
        present: &Checkpoint,
    ) -> Result<()> {
        if checkpoint.block == present.block && checkpoint.crc32c != present.crc32c {
            return Err(Error::FileChanged {
                id: self.transfer.description().id.to_string(),
                offset: present.text_offset,
            });
        }
        if checkpoint.block > present.block {
            self.insert(block, checkpoint.block).await?;
        }
        self.transfer.counters().add_rows_staged(block.row_count);
        if checkpoint.block >= present.block {
            self.ledger.checkpoint(checkpoint).await?;
        }
        Ok(())
    }

    /// Sends a block, which ClickHouse takes once however often it comes.
    async fn insert(&mut self, block: &EncodedBlock, number: u64) -> Result<()> {
        let mut patience = Patience::new();
        while let Err(error) = self.try_insert(block, number).await {
            patience.after(self.inner, "sending a block", error).await?;
        }
        *self.query = None;
        Ok(())
    }

    async fn try_insert(&mut self, block: &EncodedBlock, number: u64) -> Result<()> {
        let query_id = Uuid::new_v4();
        *self.query = Some(query_id);
        let token = format!("{}/{number}", self.transfer.description().id);
        let client = self.client;
        let insert = client.insert_block(&self.statement, query_id, &token);
        let mut insert = insert.await?;
        send_block(&mut insert, block).await?;
        Ok(insert.finish().await?)
    }

    async fn keep(&self, rows: &[RejectedRow]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        match self.inner.journal.add_rejected(rows).await {
            Ok(()) => Ok(()),
            Err(error) if self.stops_at_reject => {
                tracing::warn!(%error, "cannot keep a rejected row");
                Ok(())
            }
            Err(error) => Err(Error::Journal(error)),
        }
    }
}

async fn send_block(insert: &mut Insert, block: &EncodedBlock) -> Result<()> {
    for chunk in &block.chunks {
        insert.send(chunk.clone()).await?;
    }
    Ok(())
}
