//! The last stage of an upload: blocks go to ClickHouse one after the other, each as an INSERT of its own that
//! it takes once, and rejected rows to the journal.
//!
//! Part of `transfer::upload`; in the mode DIRECT all blocks are one INSERT. It must never hold more than the
//! blocks at hand, nor end an INSERT before the one before it has been answered, nor count a block as sent before
//! ClickHouse has confirmed it: what a checkpoint says has to be all that there is.
//!
//! How this works: two halves run side by side. [`Opening`] sends a block but for its last byte;
//! [`Closing`] sends that byte and waits for the answer. So ClickHouse reads the next block while it
//! writes the last one, but has no whole block to write before its turn has come. Once a block has
//! failed, each is sent at its turn only: ClickHouse may have room for one query at a time.
//!
//! A block has one way only, through the queue between the halves, and leaves it as confirmed or with the
//! error that ends the upload. The INSERT that was opened for it lies beside the queue ([`Ahead`]): it may
//! be given up at any time, and costs nothing but sending the block again.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use uuid::Uuid;

use super::{
    ledger::{Checkpoints, Confirmed},
    places::{RowPlaces, Way},
};
use crate::{
    clickhouse::{
        self, Client, Insert,
        sql::{Fence, InsertColumn, TableName, insert_fenced},
    },
    column::EncodedBlock,
    connections,
    journal::{BlockRow, Checkpoint, IntentRow, RejectedRow},
    metrics::Stage,
    transfer::{
        Error, Inner, Patience, Result, Transfer,
        commit::window::Window,
        inserts::tokens,
        protocol::block::{Action, Observed, Sending},
    },
};

/// The pause after which ClickHouse is told that more is to come; it gives up after 30 s.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// What comes from the typing thread, in the order of the file.
#[derive(Debug)]
pub(super) enum Item {
    /// Records that are left out.
    Rejected(Vec<RejectedRow>),
    /// A block, what is safe once ClickHouse has it, and where its rows stand.
    Block(EncodedBlock, Checkpoint, RowPlaces),
}

/// Where the items of an upload go.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    pub(super) inner: &'a Inner,
    /// Whose rights the INSERTs need.
    pub(super) client: Client,
    pub(super) transfer: &'a Transfer,
    pub(super) table: TableName,
    /// The table that the caller names.
    pub(super) target: TableName,
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
                Ok(Some(Item::Block(block, ..))) => {
                    sent = Confirmed {
                        blocks: sent.blocks + 1,
                        rows: sent.rows + block.row_count as u64,
                    };
                    *query = Some(query_id);
                    // Counted first: of a block that broke off nobody knows whether it is there.
                    let counters = self.transfer.counters();
                    counters.add_rows_staged(block.row_count);
                    let begun = Instant::now();
                    send_chunks(&mut insert, &block.chunks).await?;
                    counters.add_time(Stage::Insert, begun.elapsed());
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

/// The pause after which the journal is told that the upload lives.
const BEAT_INTERVAL: Duration = Duration::from_secs(30);

/// Blocks that are sent but for their last byte while another one is written.
const BLOCKS_AHEAD: usize = 1;

/// The INSERTs that may run: one that is being opened, and one that is being closed.
pub(super) type Queries = [Option<Uuid>; 2];

/// What ClickHouse has of an upload already.
#[derive(Debug, Default)]
pub(super) struct Present {
    /// The last block that is there, and the text before its end.
    pub(super) checkpoint: Checkpoint,
    /// The blocks up to that one, as far as they will be made again, and those behind it that may have been sent to
    /// the table itself; in order.
    pub(super) blocks: Vec<BlockRow>,
}

/// What goes from one half to the other: a block, and what is safe once ClickHouse has it.
#[derive(Debug)]
struct Ready {
    block: EncodedBlock,
    checkpoint: Checkpoint,
    places: RowPlaces,
}

/// An INSERT that lacks the last byte of its block.
#[derive(Debug)]
struct OpenInsert {
    number: u64,
    insert: Insert,
    query_id: Uuid,
    last_byte: Bytes,
    opened_at: Instant,
}

/// The INSERT that is open for the next block, if any.
#[derive(Debug, Default)]
struct Ahead(Mutex<AheadState>);

#[derive(Debug, Default)]
struct AheadState {
    insert: Option<OpenInsert>,
    has_failed: bool,
}

/// The half that takes the items and sends blocks ahead.
#[derive(Debug)]
struct Opening<'s, 'a> {
    sink: &'s Sink<'a>,
    query: &'s mut Option<Uuid>,
    present: &'s Present,
    ahead: &'s Ahead,
}

/// The half that ends INSERTs and counts.
#[derive(Debug)]
struct Closing<'s, 'a> {
    sink: &'s Sink<'a>,
    query: &'s mut Option<Uuid>,
    checkpoints: &'s mut Checkpoints<'a>,
    present: &'s Present,
    ahead: &'s Ahead,
    confirmed: Confirmed,
}

impl<'a> Sink<'a> {
    /// Sends every block, those behind `from`, and says what ClickHouse has confirmed in all. Those up to
    /// `present` are there already: they are compared with what they were, and not sent.
    pub(super) async fn send_blocks(
        &self,
        items: mpsc::Receiver<Item>,
        checkpoints: &mut Checkpoints<'a>,
        queries: &mut Queries,
        from: Confirmed,
        present: &Present,
    ) -> Result<Confirmed> {
        let (sender, ready) = mpsc::channel(BLOCKS_AHEAD);
        let ahead = &Ahead::default();
        let [opening, closing] = queries;
        let opening = Opening {
            sink: self,
            query: opening,
            present,
            ahead,
        };
        let closing = Closing {
            sink: self,
            query: closing,
            checkpoints,
            present,
            ahead,
            confirmed: from,
        };
        let ((), confirmed) = tokio::try_join!(opening.run(items, sender), closing.run(ready))?;
        Ok(confirmed)
    }
}

impl Present {
    /// The last block that may be there.
    pub(super) fn last_block(&self) -> u64 {
        let last = self.blocks.last().map_or(0, |last| last.block);
        last.max(self.checkpoint.block)
    }

    /// Whether a block is another one than was sent under its number.
    fn contradicts(&self, made: &Checkpoint) -> bool {
        let known = self
            .blocks
            .binary_search_by_key(&made.block, |known| known.block);
        let known = known.ok().and_then(|place| self.blocks.get(place));
        let is_other = |known: &BlockRow| {
            (known.block_rows, known.block_crc32c) != (made.block_rows, made.block_crc32c)
        };
        let last = &self.checkpoint;
        known.is_some_and(is_other) || made.block == last.block && made.crc32c != last.crc32c
    }
}

impl Ahead {
    fn state(&self) -> MutexGuard<'_, AheadState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_failed(&self) -> bool {
        self.state().has_failed
    }

    fn put(&self, insert: Option<OpenInsert>) {
        self.state().insert = insert;
    }

    /// Takes the INSERT that was opened for this block. One that has been silent for longer may be given
    /// up by ClickHouse any moment.
    fn take(&self, number: u64) -> Option<OpenInsert> {
        let insert = self.state().insert.take();
        insert.filter(|insert| {
            insert.number == number && insert.opened_at.elapsed() < KEEPALIVE_INTERVAL
        })
    }

    /// Gives up the INSERT of the next block, and has none sent ahead any more.
    fn give_up(&self) {
        let mut state = self.state();
        state.has_failed = true;
        state.insert = None;
    }
}

impl Opening<'_, '_> {
    async fn run(
        mut self,
        mut items: mpsc::Receiver<Item>,
        ready: mpsc::Sender<Ready>,
    ) -> Result<()> {
        // The place comes first: no block is taken before there is a use for it.
        while let Ok(place) = ready.reserve().await {
            let (block, checkpoint, places) = loop {
                match items.recv().await {
                    Some(Item::Rejected(rows)) => self.sink.keep(&rows).await?,
                    Some(Item::Block(block, checkpoint, places)) => {
                        break (block, checkpoint, places);
                    }
                    None => return Ok(()),
                }
            };
            if self.present.contradicts(&checkpoint) {
                return Err(Error::FileChanged {
                    id: self.sink.transfer.description().id.to_string(),
                    offset: self.present.checkpoint.text_offset,
                });
            }
            if checkpoint.block > self.present.checkpoint.block && !self.ahead.has_failed() {
                let insert = self.open(&block, &checkpoint).await;
                self.ahead.put(insert);
            }
            place.send(Ready {
                block,
                checkpoint,
                places,
            });
        }
        Ok(())
    }

    /// Sends a block but for its last byte. What fails here is tried again when its turn has come, and
    /// if it fails then, the upload does.
    async fn open(&mut self, block: &EncodedBlock, checkpoint: &Checkpoint) -> Option<OpenInsert> {
        let number = checkpoint.block;
        let (last, chunks) = block.chunks.split_last()?;
        let mut last = last.clone();
        let last_byte = last.split_off(last.len().checked_sub(1)?);
        let query_id = Uuid::new_v4();
        *self.query = Some(query_id);
        let sent = async {
            let mut insert = self.sink.begin(query_id, checkpoint).await?;
            send_chunks(&mut insert, chunks).await?;
            send_chunks(&mut insert, &[last]).await?;
            Ok::<_, Error>(insert)
        };
        match sent.await {
            Ok(insert) => Some(OpenInsert {
                number,
                insert,
                query_id,
                last_byte,
                opened_at: Instant::now(),
            }),
            Err(error) => {
                tracing::debug!(
                    error = error.logged(),
                    number,
                    "a block cannot be sent ahead"
                );
                None
            }
        }
    }
}

impl Closing<'_, '_> {
    async fn run(mut self, mut ready: mpsc::Receiver<Ready>) -> Result<Confirmed> {
        loop {
            match timeout(BEAT_INTERVAL, ready.recv()).await {
                Ok(Some(block)) => self.close(block).await?,
                Ok(None) => return Ok(self.confirmed),
                Err(_) => self.checkpoints.beat().await,
            }
        }
    }

    /// Sees a block arrive, unless it is there, and counts it.
    async fn close(&mut self, ready: Ready) -> Result<()> {
        let Ready {
            block, checkpoint, ..
        } = &ready;
        let number = checkpoint.block;
        let with_it = Confirmed {
            blocks: self.confirmed.blocks + 1,
            rows: self.confirmed.rows + block.row_count as u64,
        };
        if Confirmed::from(*checkpoint) != with_it {
            return Err(Error::Internal("a block is missing between two others"));
        }
        if number > self.present.checkpoint.block {
            // Before anything is waited for: meanwhile the next block is sent ahead.
            let opened = self.ahead.take(number);
            if let Some(window) = &self.sink.window {
                self.checkpoints.cover(window.uncovered_blocks()).await?;
            }
            let counters = self.sink.transfer.counters();
            counters.set_in_flight(block.row_count);
            let begun = Instant::now();
            self.insert(&ready, opened).await?;
            counters.add_time(Stage::Insert, begun.elapsed());
            self.checkpoints.checkpoint(*checkpoint).await?;
        }
        self.confirmed = with_it;
        let counters = self.sink.transfer.counters();
        counters.add_rows_staged(block.row_count);
        counters.set_in_flight(0);
        if self.sink.is_visible {
            counters.commit_staged();
        }
        Ok(())
    }

    /// Sees that ClickHouse has the block, which it takes once however often it comes.
    async fn insert(&mut self, ready: &Ready, mut opened: Option<OpenInsert>) -> Result<()> {
        let Ready {
            block, checkpoint, ..
        } = ready;
        let mut sending = Sending::new(self.sink.is_visible, opened.is_some());
        let mut patience = Patience::new();
        loop {
            let sent = match (sending.action(), opened.take()) {
                (Action::End, Some(opened)) => self.end(opened).await,
                (Action::End | Action::Send, _) => self.try_insert(block, checkpoint).await,
                (action, ahead) => {
                    opened = ahead;
                    self.secure(action, checkpoint).await?;
                    Ok(())
                }
            };
            let observed = match sent {
                Ok(()) => Observed::Done,
                Err(error) => {
                    self.ahead.give_up();
                    let error = self.sink.way().explain(error, Some(&ready.places));
                    self.observe(error, sending, &mut patience).await?
                }
            };
            match sending.after(observed) {
                Some(next) => sending = next,
                None => break,
            }
        }
        *self.query = None;
        Ok(())
    }

    /// What the error of an INSERT says, once that may have passed.
    async fn observe(
        &self,
        error: Error,
        sending: Sending,
        patience: &mut Patience,
    ) -> Result<Observed> {
        if error.is_fenced() {
            return Ok(Observed::Fenced);
        }
        let asks_journal = self.sink.fence().is_some();
        if error.is_unknown_table() && asks_journal && sending.may_lack_journal() {
            return Ok(Observed::NoJournal);
        }
        let explained = self.sink.explain(error);
        let passed = patience.after(self.sink.inner, "sending a block", explained);
        passed.await.map(|()| Observed::Failed)
    }

    /// Sees to what keeps others, and INSERTs of before, away.
    async fn secure(&self, action: Action, checkpoint: &Checkpoint) -> Result<()> {
        let Sink {
            inner,
            transfer,
            incarnation,
            ..
        } = self.sink;
        if action == Action::SeeEnded {
            let token = self.sink.token(checkpoint);
            return inner.see_ended(&self.sink.client, &token).await;
        }
        let mut patience = Patience::new();
        loop {
            let (done, what) = if action == Action::Renew {
                let renewed = inner.renew(transfer, *incarnation).await;
                (renewed, "owning the upload anew")
            } else {
                // Whoever goes on sees which block it was, whether or not it has come.
                let looked = tokio::try_join!(
                    inner.check_owner(transfer),
                    self.sink.put_intent(checkpoint)
                );
                (looked.map(drop), "looking who owns the upload")
            };
            match done {
                lost @ (Ok(()) | Err(Error::TakenOver { .. })) => return lost,
                Err(error) => patience.after(inner, what, error).await?,
            }
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

    async fn try_insert(&mut self, block: &EncodedBlock, checkpoint: &Checkpoint) -> Result<()> {
        let query_id = Uuid::new_v4();
        *self.query = Some(query_id);
        let mut insert = self.sink.begin(query_id, checkpoint).await?;
        send_chunks(&mut insert, &block.chunks).await?;
        Ok(insert.finish().await?)
    }
}

impl Sink<'_> {
    /// Begins the INSERT of a block.
    async fn begin(&self, query_id: Uuid, checkpoint: &Checkpoint) -> Result<Insert> {
        let token = self.token(checkpoint);
        let partitions = self.window.as_ref().map(Window::partitions_per_block);
        let statement = insert_fenced(&self.table, &self.columns, self.fence());
        let insert = self
            .client
            .insert_block(&statement, query_id, &token, partitions);
        Ok(insert.await?)
    }

    /// Writes to the journal, if there is one, that a block is about to be sent.
    async fn put_intent(&self, checkpoint: &Checkpoint) -> Result<()> {
        if self.transfer.claim().is_none() {
            return Ok(());
        }
        let row = IntentRow {
            transfer_id: self.transfer.description().id,
            incarnation: self.incarnation,
            block: checkpoint.block,
            block_rows: checkpoint.block_rows,
            block_crc32c: checkpoint.block_crc32c,
        };
        Ok(self.inner.journal.put_intent(row).await?)
    }

    /// The token of a block names its content: what is the same block in every run of the upload is taken
    /// once, and nothing else is taken for it.
    fn token(&self, checkpoint: &Checkpoint) -> String {
        format!(
            "{}{}/{}/{:08x}",
            tokens(self.transfer.description().id),
            self.incarnation,
            checkpoint.block,
            checkpoint.block_crc32c
        )
    }

    /// The tables that its rows are on their way to.
    pub(super) const fn way(&self) -> Way<'_> {
        Way {
            table: &self.table,
            target: &self.target,
        }
    }

    /// Says what to do about a block that has more partitions than its table remembers.
    fn explain(&self, error: Error) -> Error {
        match (error, &self.window) {
            (Error::ClickHouse(clickhouse::Error::TooManyPartitions(exception)), Some(window)) => {
                tracing::info!(%exception, "a block has too many partitions");
                window.too_small(self.transfer)
            }
            (error, _) => error,
        }
    }
}
