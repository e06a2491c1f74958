//! Blocks go to ClickHouse one after the other, each as an INSERT of its own that it takes once.
//!
//! Part of `transfer::upload`, beside `sending`. It must never end an INSERT before the one before it
//! has been answered, nor count a block as sent before ClickHouse has confirmed it: what a checkpoint
//! says has to be all that there is.
//!
//! How this works: two halves run side by side. [`Opening`] sends a block but for its last byte;
//! [`Closing`] sends that byte and waits for the answer. So ClickHouse reads the next block while it
//! writes the last one, but has no whole block to write before its turn has come. Once a block has
//! failed, each is sent at its turn only: ClickHouse may have room for one query at a time.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use uuid::Uuid;

use super::{
    checkpoints::Checkpoints,
    sending::{Item, KEEPALIVE_INTERVAL, Sink, send_chunks},
};
use crate::{
    clickhouse::Insert,
    column::EncodedBlock,
    journal::Checkpoint,
    transfer::{Error, Patience, Result},
};

/// The pause after which the journal is told that the upload lives.
const BEAT_INTERVAL: Duration = Duration::from_secs(30);

/// Blocks that are sent but for their last byte while another one is written.
const BLOCKS_AHEAD: usize = 1;

/// The INSERTs that may run: one that is being opened, and one that is being closed.
pub(super) type Queries = [Option<Uuid>; 2];

/// What goes from one half to the other.
#[derive(Debug)]
struct Opened {
    block: EncodedBlock,
    /// What is safe once ClickHouse has the block.
    checkpoint: Checkpoint,
    /// Nothing where the block is there already, or could not be sent ahead.
    insert: Option<OpenInsert>,
}

/// An INSERT that lacks the last byte of its block.
#[derive(Debug)]
struct OpenInsert {
    insert: Insert,
    query_id: Uuid,
    last_byte: Bytes,
    opened_at: Instant,
}

/// The half that takes the items and sends blocks ahead.
#[derive(Debug)]
struct Opening<'s, 'a> {
    sink: &'s Sink<'a>,
    query: &'s mut Option<Uuid>,
    present: &'s Checkpoint,
    has_failed: &'s AtomicBool,
}

/// The half that ends INSERTs and counts.
#[derive(Debug)]
struct Closing<'s, 'a> {
    sink: &'s Sink<'a>,
    query: &'s mut Option<Uuid>,
    checkpoints: &'s mut Checkpoints<'a>,
    present: &'s Checkpoint,
    is_visible: bool,
    opened: mpsc::Receiver<Opened>,
    /// The next block, where its INSERT had to be given up.
    waiting: Option<Opened>,
    has_failed: &'s AtomicBool,
}

impl<'a> Sink<'a> {
    /// Sends every block. Those up to `present` are there already; `is_visible` says that the rows go
    /// to the table itself.
    pub(super) async fn send_blocks(
        &self,
        items: mpsc::Receiver<Item>,
        (checkpoints, queries): (&mut Checkpoints<'a>, &mut Queries),
        present: &Checkpoint,
        is_visible: bool,
    ) -> Result<()> {
        let (sender, opened) = mpsc::channel(BLOCKS_AHEAD);
        let has_failed = &AtomicBool::new(false);
        let [opening, closing] = queries;
        let opening = Opening {
            sink: self,
            query: opening,
            present,
            has_failed,
        };
        let closing = Closing {
            sink: self,
            query: closing,
            checkpoints,
            present,
            is_visible,
            opened,
            waiting: None,
            has_failed,
        };
        tokio::try_join!(opening.run(items, sender), closing.run())?;
        Ok(())
    }
}

impl Opening<'_, '_> {
    async fn run(
        mut self,
        mut items: mpsc::Receiver<Item>,
        opened: mpsc::Sender<Opened>,
    ) -> Result<()> {
        // The place comes first: no block is taken before there is a use for it.
        while let Ok(place) = opened.reserve().await {
            let (block, checkpoint) = loop {
                match items.recv().await {
                    Some(Item::Rejected(rows)) => self.sink.keep(&rows).await?,
                    Some(Item::Block(block, checkpoint)) => break (block, checkpoint),
                    None => return Ok(()),
                }
            };
            let present = self.present;
            if checkpoint.block == present.block && checkpoint.crc32c != present.crc32c {
                return Err(Error::FileChanged {
                    id: self.sink.transfer.description().id.to_string(),
                    offset: present.text_offset,
                });
            }
            let is_sent_ahead =
                checkpoint.block > present.block && !self.has_failed.load(Ordering::Relaxed);
            let insert = if is_sent_ahead {
                self.open(&block, checkpoint.block).await
            } else {
                None
            };
            place.send(Opened {
                block,
                checkpoint,
                insert,
            });
        }
        Ok(())
    }

    /// Sends a block but for its last byte. What fails here is tried again when its turn has come, and
    /// if it fails then, the upload does.
    async fn open(&mut self, block: &EncodedBlock, number: u64) -> Option<OpenInsert> {
        let (last, chunks) = block.chunks.split_last()?;
        let mut last = last.clone();
        let last_byte = last.split_off(last.len().checked_sub(1)?);
        let query_id = Uuid::new_v4();
        *self.query = Some(query_id);
        let sent = async {
            let mut insert = self.sink.begin(query_id, number).await?;
            send_chunks(&mut insert, chunks).await?;
            send_chunks(&mut insert, &[last]).await?;
            Ok::<_, Error>(insert)
        };
        match sent.await {
            Ok(insert) => Some(OpenInsert {
                insert,
                query_id,
                last_byte,
                opened_at: Instant::now(),
            }),
            Err(error) => {
                tracing::debug!(%error, number, "a block cannot be sent ahead");
                None
            }
        }
    }
}

impl Closing<'_, '_> {
    async fn run(mut self) -> Result<()> {
        loop {
            if let Some(block) = self.waiting.take() {
                self.close(block).await?;
                continue;
            }
            match timeout(BEAT_INTERVAL, self.opened.recv()).await {
                Ok(Some(block)) => self.close(block).await?,
                Ok(None) => return Ok(()),
                Err(_) => self.checkpoints.beat().await,
            }
        }
    }

    /// Sees a block arrive, unless it is there, and counts it.
    async fn close(&mut self, opened: Opened) -> Result<()> {
        let Opened {
            block,
            checkpoint,
            insert,
        } = opened;
        let present = self.present.block;
        if checkpoint.block > present {
            self.insert(&block, checkpoint.block, insert).await?;
        }
        let counters = self.sink.transfer.counters();
        counters.add_rows_staged(block.row_count);
        if checkpoint.block >= present {
            self.checkpoints.checkpoint(checkpoint).await?;
        }
        if self.is_visible {
            counters.commit_staged();
        }
        Ok(())
    }

    /// Ends the INSERT of a block, or sends it again, which ClickHouse takes once however often it
    /// comes.
    async fn insert(
        &mut self,
        block: &EncodedBlock,
        number: u64,
        opened: Option<OpenInsert>,
    ) -> Result<()> {
        // One that has been silent for longer may be given up any moment.
        let opened = opened.filter(|opened| opened.opened_at.elapsed() < KEEPALIVE_INTERVAL);
        let mut outcome = match opened {
            Some(opened) => self.end(opened).await,
            None => self.try_insert(block, number).await,
        };
        let mut patience = Patience::new();
        while let Err(error) = outcome {
            self.give_up_next();
            patience
                .after(self.sink.inner, "sending a block", error)
                .await?;
            outcome = self.try_insert(block, number).await;
        }
        *self.query = None;
        Ok(())
    }

    /// Gives up the INSERT of the next block, and sends none ahead any more.
    fn give_up_next(&mut self) {
        self.has_failed.store(true, Ordering::Relaxed);
        if let Ok(next) = self.opened.try_recv() {
            self.waiting = Some(next);
        }
        if let Some(next) = &mut self.waiting {
            next.insert = None;
        }
    }

    async fn end(&mut self, opened: OpenInsert) -> Result<()> {
        let OpenInsert {
            mut insert,
            query_id,
            last_byte,
            ..
        } = opened;
        *self.query = Some(query_id);
        insert.send(last_byte).await?;
        Ok(insert.finish().await?)
    }

    async fn try_insert(&mut self, block: &EncodedBlock, number: u64) -> Result<()> {
        let query_id = Uuid::new_v4();
        *self.query = Some(query_id);
        let mut insert = self.sink.begin(query_id, number).await?;
        send_chunks(&mut insert, &block.chunks).await?;
        Ok(insert.finish().await?)
    }
}

impl Sink<'_> {
    /// Begins the INSERT of the block with this number.
    async fn begin(&self, query_id: Uuid, number: u64) -> Result<Insert> {
        let token = format!("{}/{number}", self.transfer.description().id);
        let insert = self.client.insert_block(&self.statement, query_id, &token);
        Ok(insert.await?)
    }
}
