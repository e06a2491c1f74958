//! A dry run into a table that may refuse rows by itself: its CHECK constraints are asked.
//!
//! Part of `transfer::upload`; `deliver` calls it. The rows go into a table of the same columns and constraints that
//! keeps nothing, so that a dry run says what the upload would. It must never leave that table behind.

use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    deliver::Delivery,
    insert::{Item, Sink, send_chunks},
    job::Job,
    places::Way,
};
use crate::{
    clickhouse::sql::insert_fenced,
    transfer::{Result, commit::staging::Staging},
};

impl Job<'_> {
    /// Takes the blocks of a dry run, and has ClickHouse check each row.
    ///
    /// # Errors
    ///
    /// A row is not what a constraint wants; and those of ClickHouse, where the user may not make a table above all.
    pub(super) async fn try_rows(&mut self, delivery: Delivery<'_>) -> Result<()> {
        let incarnation = self.ledger.incarnation();
        let id = self.request.id;
        let staging = self.inner.staging(delivery.table, id, incarnation);
        // A dry run that is cancelled meanwhile clears it away as an upload does.
        self.staging = Some(staging.clone());
        let mut sink = self.sink(delivery.table, delivery.columns, delivery.choice);
        sink.client = self.inner.connection.service().for_transfer(id);
        let is_apart = delivery.choice.stages_apart;
        let tried = try_blocks(&mut sink, &staging, is_apart, delivery.items).await;
        staging.drop_or_leave().await;
        self.staging = None;
        tried
    }
}

async fn try_blocks(
    sink: &mut Sink<'_>,
    staging: &Staging,
    is_apart: bool,
    mut items: mpsc::Receiver<Item>,
) -> Result<()> {
    sink.table = staging.create_trial(is_apart).await?;
    let statement = insert_fenced(&sink.table, &sink.columns, None);
    while let Some(item) = items.recv().await {
        match item {
            Item::Rejected(rows) => sink.keep(&rows).await?,
            Item::Block(block, _, places) => {
                let sent = async {
                    let mut insert = sink.client.insert(&statement, Uuid::new_v4()).await?;
                    send_chunks(&mut insert, &block.chunks).await?;
                    Ok(insert.finish().await?)
                };
                let way = Way {
                    table: &sink.table,
                    target: &sink.target,
                };
                let sent: Result<()> = sent.await;
                sent.map_err(|error| way.explain(error, Some(&places)))?;
            }
        }
    }
    Ok(())
}
