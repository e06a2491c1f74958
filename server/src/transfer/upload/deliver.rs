//! The second half of an upload: its records are typed, its blocks sent.
//!
//! Part of `transfer::upload`; `run` goes before, `finish` after. It must never make a row visible that
//! was not counted.

use std::{sync::Arc, time::Instant};

use tokio::sync::mpsc;

use super::{
    head::Head,
    insert::{Item, Present, Sink},
    job::{Job, Start, UploadOutcome},
    ledger::Confirmed,
    places::{RowPlaces, Way},
    records::Chunk,
    target::Target,
    typing::{Typed, Typing, UploadMemory},
};
use crate::{
    clickhouse::{
        Insert,
        sql::{InsertColumn, TableName},
    },
    column::{EncodedBlock, zone::Zones},
    journal::{Checkpoint, UploadRow},
    metrics::Stage,
    task,
    transfer::{
        CommitMode, Error, Patience, RejectPolicy, Result,
        commit::{Choice, staging::Staging},
        inserts::tokens,
        protocol::beginning::{self as protocol, Coming},
        rejects::Rejects,
        typer::{Reading, Typer},
    },
};

/// What is known of an upload before its rows are typed.
pub(super) struct Prepared {
    pub(super) head: Head,
    pub(super) chunks: mpsc::Receiver<Chunk>,
    pub(super) target: Target,
    pub(super) choice: Choice,
    pub(super) start: Start,
    /// What the journal is to know of it.
    pub(super) upload: UploadRow,
}

/// Blocks that are sent, and where they go.
pub(super) struct Delivery<'d> {
    pub(super) items: mpsc::Receiver<Item>,
    pub(super) table: &'d TableName,
    pub(super) columns: &'d [InsertColumn],
    pub(super) choice: &'d Choice,
    start: Start,
    present: &'d Present,
    upload: UploadRow,
    /// Whether the table is there, and may refuse rows by itself.
    has_constraints: bool,
}

/// Blocks and rejected rows that wait for ClickHouse while the next block is typed.
const ITEM_QUEUE: usize = 1;

impl<'a> Job<'a> {
    /// Types the file, sends its blocks and makes them visible; in a dry run they are made all the
    /// same.
    pub(super) async fn type_and_send(&mut self, prepared: Prepared) -> Result<UploadOutcome> {
        let Prepared {
            head,
            chunks,
            target,
            choice,
            start,
            upload,
        } = prepared;
        let request = self.request;
        let Target {
            table,
            uuid,
            plan,
            has_checks,
            create_statement,
        } = target;
        let (from, incarnation) = (start.typing(), self.ledger.incarnation());
        let zones = self.inner.zones(plan.types()).await?;
        let mut typer = Typer::new(&plan, self.reading(&head, &zones))?;
        let idle_block = typer.take()?;
        let policy = (!request.dry_run).then_some(request.rejects);
        let profile = head.profile.clone();
        let (sender, items) = mpsc::channel(ITEM_QUEUE);
        let typing = Typing {
            typer,
            rejects: Rejects::new((request.id, incarnation), policy, from.rows_rejected),
            transfer: Arc::clone(self.transfer),
            memory: UploadMemory::new(self.inner),
            inferred: request.create_table.is_some().then(|| head.columns.clone()),
            can_seek: upload.can_seek,
            places: has_checks.then(RowPlaces::default),
            sizes: self.block_sizes(),
            last: Checkpoint {
                transfer_id: request.id,
                incarnation,
                ..from
            },
        };
        let typing = task::spawn_blocking("typing", move || typing.run(head, chunks, &sender));

        let mode = choice.commit.mode;
        let columns = plan.insert_columns();
        let present = self.present(&start, mode).await?;
        let delivery = Delivery {
            items,
            table: &table,
            columns: &columns,
            choice: &choice,
            start,
            present: &present,
            upload,
            has_constraints: has_checks && create_statement.is_none(),
        };
        let (insert, sent) = self.send(delivery, &idle_block).await?;
        let Typed {
            mut rejected,
            account,
            faults,
            met,
        } = typing
            .await
            .map_err(|_| Error::Internal("the typing thread panicked"))??;
        if let Some(sent) = sent {
            self.check_sent(sent, &present)?;
            self.conclude(insert, sent, &table).await?;
        }
        self.commit(mode, &table, uuid).await?;
        if from.rows_rejected > 0 {
            rejected = self.first_rejected().await?;
        }
        Ok(UploadOutcome {
            columns: plan.matches_with(&met),
            create_statement,
            profile: Some(profile),
            rejected,
            account,
            faults,
            replayed: false,
        })
    }

    /// Sends all blocks, in the way of the mode; returns the INSERT that is to be ended, and what was sent.
    async fn send(
        &mut self,
        delivery: Delivery<'_>,
        idle_block: &EncodedBlock,
    ) -> Result<(Option<Insert>, Option<Confirmed>)> {
        let Delivery {
            table,
            columns,
            choice,
            ..
        } = delivery;
        if self.request.dry_run && delivery.has_constraints {
            self.try_rows(delivery).await?;
            return Ok((None, None));
        }
        if self.request.dry_run {
            let sink = self.sink(table, columns, choice);
            sink.discard(delivery.items).await?;
            return Ok((None, None));
        }
        if choice.commit.mode != CommitMode::Direct {
            return Ok((None, Some(self.send_blocks(delivery).await?)));
        }
        self.is_out_of_hand = true;
        self.ledger.begin(delivery.upload).await?;
        let sink = self.sink(table, columns, choice);
        let [query, _] = &mut self.queries;
        let sent = sink.send_stream(delivery.items, idle_block, query).await;
        let (insert, sent) = sent.map_err(|error| sink.way().explain(error, None))?;
        Ok((insert, Some(sent)))
    }

    /// Ends the one INSERT of the mode DIRECT; in the others, sees that the journal has every block.
    async fn conclude(
        &mut self,
        insert: Option<Insert>,
        sent: Confirmed,
        table: &TableName,
    ) -> Result<()> {
        if let Some(insert) = insert {
            let begun = Instant::now();
            let finished = insert.finish().await;
            let counters = self.transfer.counters();
            counters.add_time(Stage::Insert, begun.elapsed());
            let way = Way {
                table,
                target: table,
            };
            return finished.map_err(|error| way.explain(error.into(), None));
        }
        let incarnation = self.ledger.incarnation();
        let checkpoints = &mut self.ledger.checkpoints;
        checkpoints.settle(incarnation, sent).await
    }

    fn reading<'h>(&self, head: &'h Head, zones: &'h Zones) -> Reading<'h>
    where
        'a: 'h,
    {
        Reading {
            cut: &head.profile.cut,
            values: &self.request.file.values,
            columns: &head.profile.columns,
            field_count: head.field_count(),
            surplus: head.surplus(),
            zones,
            keeps_bytes: self.request.file.keeps_bytes(),
            limits: self.block_sizes().full,
        }
    }

    /// Sees that every row that was read and not rejected was sent, and that the file goes on at least as
    /// far as it did.
    fn check_sent(&self, sent: Confirmed, present: &Present) -> Result<()> {
        if sent.blocks < present.last_block() {
            return Err(Error::FileChanged {
                id: self.request.id.to_string(),
                offset: present.checkpoint.text_offset,
            });
        }
        let counts = self.transfer.counters().read();
        if counts.rows_parsed != counts.rows_rejected + sent.rows {
            tracing::error!(?counts, ?sent, "rows were read that were not sent");
            return Err(Error::Internal("rows were read that were not sent"));
        }
        Ok(())
    }

    pub(super) fn sink(
        &self,
        table: &TableName,
        columns: &[InsertColumn],
        choice: &Choice,
    ) -> Sink<'a> {
        Sink {
            inner: self.inner,
            client: self.inner.client().for_transfer(self.request.id),
            transfer: self.transfer,
            table: table.clone(),
            target: table.clone(),
            columns: columns.to_vec(),
            incarnation: self.ledger.incarnation(),
            window: choice.window.clone(),
            is_visible: !choice.commit.mode.is_staged(),
            stops_at_reject: self.request.rejects == RejectPolicy::default(),
        }
    }

    /// Sends block after block, into the staging table or the table itself.
    async fn send_blocks(&mut self, delivery: Delivery<'_>) -> Result<Confirmed> {
        let Delivery {
            items,
            table,
            columns,
            choice,
            start,
            present,
            upload,
            ..
        } = delivery;
        let is_new = start.checkpoint.block == 0;
        let is_staged = choice.commit.mode.is_staged();
        let mut into = table.clone();
        if is_staged {
            let incarnation = self.ledger.staging_incarnation();
            let staging = self.inner.staging(table, self.request.id, incarnation);
            self.staging = Some(staging.clone());
            let mut patience = Patience::new();
            into = loop {
                match self
                    .make_staging(&staging, choice, &upload, start.coming())
                    .await
                {
                    Ok(table) => break table,
                    Err(error) => {
                        patience
                            .after(self.inner, "making the staging table", error)
                            .await?;
                    }
                }
            };
        } else if is_new {
            self.ledger.begin(upload).await?;
        }
        let inner = self.inner;
        let mut sink = self.sink(&into, columns, choice);
        sink.target = table.clone();
        if is_staged {
            let service = inner.connection.service();
            sink.client = service.for_transfer(self.request.id);
        }
        let Self {
            ledger, queries, ..
        } = self;
        sink.send_blocks(
            items,
            &mut ledger.checkpoints,
            queries,
            start.typing().into(),
            present,
        )
        .await
    }

    /// What ClickHouse has of the upload, or may have.
    async fn present(&self, start: &Start, mode: CommitMode) -> Result<Present> {
        let (id, incarnation) = (self.request.id, self.ledger.incarnation());
        let journal = &self.inner.journal;
        let last = start.checkpoint;
        let mut blocks = Vec::new();
        if start.typing().block < last.block {
            blocks = journal.blocks(id, incarnation).await?;
            blocks.retain(|known| known.block <= last.block);
        }
        if mode == CommitMode::Blocks && start.upload.is_some() {
            blocks.extend(journal.intents(id, incarnation, last.block).await?);
        }
        Ok(Present {
            checkpoint: last,
            blocks,
        })
    }

    /// Makes the staging table, or takes it over with what is in it.
    async fn make_staging(
        &self,
        staging: &Staging,
        choice: &Choice,
        upload: &UploadRow,
        coming: Coming,
    ) -> Result<TableName> {
        let epoch = self.ledger.epoch();
        let begin = async {
            if coming == Coming::New {
                self.ledger.begin(upload.clone()).await?;
            }
            Ok(())
        };
        let take = async {
            let found = staging.take_over(epoch).await?;
            match (protocol::Staging::of(found.is_some(), coming), found) {
                (protocol::Staging::WaitForBlocks, Some(table)) => {
                    let service = self.inner.connection.service();
                    let blocks = tokens(self.request.id);
                    self.inner.see_ended(service, &blocks).await?;
                    Ok(table)
                }
                (protocol::Staging::Make, _) => {
                    let is_synced = self.config.fsync;
                    let made =
                        staging.create(&choice.engine, choice.stages_apart, is_synced, epoch);
                    made.await
                }
                (protocol::Staging::Gone | protocol::Staging::WaitForBlocks, _) => {
                    Err(Error::StagedRowsGone)
                }
            }
        };
        let (table, ()) = tokio::try_join!(take, begin)?;
        Ok(table)
    }
}
