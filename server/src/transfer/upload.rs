//! The way in: chunks of a file become records, typed columns, Native blocks, and one INSERT.
//!
//! `rpc::upload` starts it and feeds the chunks. `load` reads as the path; typing runs on a
//! thread of its own (`upload::typing`) so that receiving, typing and sending overlap. Every queue in
//! between is bounded: a slow ClickHouse makes the client wait.

mod records;

mod head;
mod typing;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use self::{head::Head, typing::Typing};
use super::{
    ColumnMatch, CommitMode, Description, Error, Inner, Kind, Result, Transfer, Transfers,
    UploadRequest, registry::Running,
};
use crate::{
    clickhouse::{Insert, sql},
    column::EncodedBlock,
    task,
};

/// Chunks that wait for the decoder; their bytes are bounded by the byte budget besides.
const CHUNK_QUEUE: usize = 16;

/// Blocks that wait for ClickHouse while the next one is typed.
const BLOCK_QUEUE: usize = 1;

/// The pause after which ClickHouse is told that more is to come; it gives up after 30 s.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// What an upload did.
#[derive(Debug)]
pub struct UploadOutcome {
    /// Every column of the table that takes values, and its source.
    pub columns: Vec<ColumnMatch>,
    /// The CREATE TABLE that was run; none when the table was there.
    pub create_statement: Option<String>,
}

/// One message from the caller to the pipeline. The stream ends with [`Chunk::End`]; a stream that
/// ends without it was broken off.
#[derive(Debug)]
enum Chunk {
    Data(
        Bytes,
        #[expect(dead_code, reason = "gives its bytes back to the budget on drop")]
        OwnedSemaphorePermit,
    ),
    End,
}

/// An upload that runs. Dropping it before its end stops the transfer: the caller has gone.
#[derive(Debug)]
#[must_use]
pub struct Upload {
    transfer: Arc<Transfer>,
    chunks: mpsc::Sender<Chunk>,
    budget: Arc<Semaphore>,
    budget_bytes: usize,
    outcome: oneshot::Receiver<Result<UploadOutcome, Arc<Error>>>,
}

impl Transfers {
    /// Registers an upload and starts its pipeline.
    ///
    /// # Errors
    ///
    /// The commit mode cannot be honoured, or the registry refuses.
    pub fn start_upload(&self, request: UploadRequest) -> Result<Upload> {
        if !matches!(request.commit_mode, CommitMode::Auto | CommitMode::Direct) {
            return Err(Error::CommitModeUnavailable {
                mode: request.commit_mode.name(),
                table: request.table.to_string(),
            });
        }
        let running = self.inner.registry.begin(Description {
            id: request.id,
            kind: Kind::Upload,
            table: Some(request.table.clone()),
            source_name: request.source_name.clone(),
            total_bytes: request.total_bytes,
        })?;
        let transfer = Arc::clone(running.transfer());
        let (chunks, receiver) = mpsc::channel(CHUNK_QUEUE);
        let (sender, outcome) = oneshot::channel();
        let inner = Arc::clone(&self.inner);
        drop(task::spawn("upload", async move {
            let outcome = run(&inner, running, request, receiver).await;
            // The caller may have gone; the registry has the outcome.
            drop(sender.send(outcome));
        }));
        let budget_bytes = self.inner.config.buffer_bytes;
        let budget = Arc::new(Semaphore::new(budget_bytes));
        Ok(Upload {
            transfer,
            chunks,
            budget,
            budget_bytes,
            outcome,
        })
    }
}

impl Upload {
    /// The transfer, for its id, counters and state.
    #[must_use]
    pub fn transfer(&self) -> &Arc<Transfer> {
        &self.transfer
    }

    /// Hands the next bytes of the file over; waits while the pipeline has enough of them.
    /// Returns false when the pipeline has ended: ask [`Upload::outcome`] why.
    pub async fn send(&self, data: Bytes) -> bool {
        let permits = data.len().min(self.budget_bytes);
        let permits = u32::try_from(permits).unwrap_or(u32::MAX);
        let Ok(permit) = Arc::clone(&self.budget).acquire_many_owned(permits).await else {
            return false;
        };
        self.transfer.counters().add_bytes_received(data.len());
        self.chunks.send(Chunk::Data(data, permit)).await.is_ok()
    }

    /// Says that the file is whole.
    pub async fn end(&self) {
        // A pipeline that has ended does not need to know.
        drop(self.chunks.send(Chunk::End).await);
    }

    /// Waits until the transfer has ended.
    ///
    /// # Errors
    ///
    /// Why it failed.
    pub async fn outcome(&mut self) -> Result<UploadOutcome, Arc<Error>> {
        let outcome = (&mut self.outcome).await;
        outcome.unwrap_or_else(|_| Err(Arc::new(Error::Internal("the upload's task ended early"))))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // A transfer that has ended does not hear it.
        self.transfer.stop(Error::ClientGone);
    }
}

async fn run(
    inner: &Inner,
    running: Running,
    request: UploadRequest,
    chunks: mpsc::Receiver<Chunk>,
) -> Result<UploadOutcome, Arc<Error>> {
    let transfer = Arc::clone(running.transfer());
    let outcome = tokio::select! {
        reason = transfer.stopped() => Err(reason),
        outcome = load(inner, &transfer, &request, chunks) => outcome,
    };
    if outcome.is_err() && transfer.counters().read().rows_staged > 0 {
        inner.kill(transfer.description().id).await;
    }
    running.finish(outcome)
}

async fn load(
    inner: &Inner,
    transfer: &Arc<Transfer>,
    request: &UploadRequest,
    mut chunks: mpsc::Receiver<Chunk>,
) -> Result<UploadOutcome> {
    inner.wait_ready().await?;
    let existing = match request.create_table {
        true => None,
        false => Some(inner.catalog.table(&request.table).await?),
    };
    let head = Head::read(request, &mut chunks, &inner.config).await?;
    let (table, create_statement) = match existing {
        Some(table) => (table, None),
        None => head
            .create_table(inner, request)
            .await
            .map(|(table, sql)| (table, Some(sql)))?,
    };
    let plan = head.plan(&table, request)?;
    let statement = sql::insert_native(&table.summary.name, &plan.insert_columns());

    let (sender, blocks) = mpsc::channel(BLOCK_QUEUE);
    let zone = inner.server_zone().await?;
    let mut typing = Typing::new(
        &plan,
        request.dialect,
        zone,
        &inner.config,
        Arc::clone(transfer),
    )?;
    let idle_block = typing.idle_block()?;
    let typing = task::spawn_blocking("typing", move || typing.run(head, chunks, &sender));

    let insert = inner
        .client
        .insert(&statement, transfer.description().id)
        .await?;
    let insert = send_blocks(insert, blocks, &idle_block, transfer).await?;
    typing
        .await
        .map_err(|_| Error::Internal("the typing thread panicked"))??;
    if let Some(insert) = insert {
        insert.finish().await?;
    }
    transfer.counters().commit_staged();
    Ok(UploadOutcome {
        columns: plan.matches,
        create_statement,
    })
}

/// Sends every block, and returns the INSERT unless there was nothing to send.
///
/// `idle_block` has no rows: it keeps ClickHouse from giving up on a client that pauses.
async fn send_blocks(
    mut insert: Insert,
    mut blocks: mpsc::Receiver<EncodedBlock>,
    idle_block: &EncodedBlock,
    transfer: &Transfer,
) -> Result<Option<Insert>> {
    let mut sent = false;
    loop {
        match tokio::time::timeout(KEEPALIVE_INTERVAL, blocks.recv()).await {
            Ok(Some(block)) => {
                sent = true;
                send_block(&mut insert, &block).await?;
                transfer.counters().add_rows_staged(block.row_count);
            }
            Ok(None) => return Ok(sent.then_some(insert)),
            Err(_) if sent => send_block(&mut insert, idle_block).await?,
            Err(_) => {}
        }
    }
}

async fn send_block(insert: &mut Insert, block: &EncodedBlock) -> Result<()> {
    for chunk in &block.chunks {
        insert.send(chunk.clone()).await?;
    }
    Ok(())
}
