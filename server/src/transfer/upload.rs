//! The way in: chunks of a file become records, typed columns, Native blocks, and one INSERT.
//!
//! `rpc::upload` starts it and feeds the chunks. `load` reads as the path; typing runs on a
//! thread of its own (`upload::typing`) so that receiving, typing and sending overlap. Every queue in
//! between is bounded: a slow ClickHouse makes the client wait.

mod text;

pub(super) mod head;
mod records;
mod sending;
mod typing;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use self::{
    head::{Feed, Head},
    sending::{discard, keep_rejected, send_blocks},
    text::Text,
    typing::{Typed, Typing},
};
use super::{
    ColumnMatch, CommitMode, CreateTable, Description, Error, Inner, Kind, RejectPolicy, Result,
    Transfer, Transfers, UploadRequest,
    plan::{Matching, Plan},
    profile::Profile,
    registry::{FileForm, Running},
    rejects::Rejects,
    typer::{Reading, Typer},
};
use crate::{
    catalog::{NewTable, Table},
    clickhouse::sql::{self, TableName},
    column,
    journal::RejectedRow,
    task,
};

/// Chunks that wait for the decoder; their bytes are bounded by the byte budget besides.
const CHUNK_QUEUE: usize = 16;

/// Blocks that wait for ClickHouse while the next one is typed.
const BLOCK_QUEUE: usize = 1;

/// Parts of the rejected rows that wait for the journal.
const REJECT_QUEUE: usize = 1;

/// What an upload did.
#[derive(Debug)]
pub struct UploadOutcome {
    /// Every column of the table that takes values, and its source.
    pub columns: Vec<ColumnMatch>,
    /// The CREATE TABLE that was run, or would have been; none when the table was there.
    pub create_statement: Option<String>,
    /// How the file was read.
    pub profile: Profile,
    /// The first rejected rows.
    pub rejected: Vec<RejectedRow>,
    /// Lines after the end of the table that were left out.
    pub ignored_lines: u64,
}

/// One message from the caller to the pipeline. The stream ends with [`Chunk::End`]; a stream that
/// ends without it was broken off.
#[derive(Debug)]
pub(super) enum Chunk {
    Data(
        Bytes,
        #[expect(dead_code, reason = "gives its bytes back to the budget on drop")]
        OwnedSemaphorePermit,
    ),
    End,
}

impl Chunk {
    /// Hands the bytes over, and their share of the budget back.
    fn give(self, text: &mut Text) {
        match self {
            Self::Data(bytes, _) => text.push(bytes),
            Self::End => text.end(),
        }
    }
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

impl UploadRequest {
    fn matching(&self) -> Matching<'_> {
        Matching {
            mappings: &self.columns,
            ignore_extra: self.ignore_extra_fields,
            empty_as_default: self.file.values.empty_as_default,
        }
    }
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
    let created = OnceLock::new();
    let outcome = tokio::select! {
        reason = transfer.stopped() => Err(reason),
        outcome = load(inner, &transfer, &request, chunks, &created) => outcome,
    };
    if outcome.is_err() && transfer.counters().read().rows_staged > 0 {
        inner.kill(transfer.description().id).await;
    }
    if let (Err(_), Some(table)) = (&outcome, created.get()) {
        // So that the upload can be repeated as it was.
        inner.catalog.drop_if_empty(table).await;
    }
    running.finish(outcome)
}

async fn load(
    inner: &Inner,
    transfer: &Arc<Transfer>,
    request: &UploadRequest,
    mut chunks: mpsc::Receiver<Chunk>,
    created: &OnceLock<TableName>,
) -> Result<UploadOutcome> {
    inner.wait_ready().await?;
    let existing = match request.create_table {
        Some(_) => None,
        None => Some(inner.catalog.table(&request.table).await?),
    };
    let feed = Feed::Chunks(&mut chunks);
    let head = Head::read(inner, &request.file, existing.as_ref(), feed).await?;
    head.profile.check_encoding()?;
    if existing.is_none() && request.dry_run {
        return scan(inner, transfer, request, head, chunks).await;
    }
    let matching = request.matching();
    let (table, plan, create_statement) = if let Some(table) = existing {
        check_value_columns(request, &table.column_names())?;
        let plan = head.plan(&table, matching)?;
        (table, plan, None)
    } else {
        let (table, statement) = create(inner, request, &head).await?;
        // It is made once.
        drop(created.set(table.summary.name.clone()));
        let plan = head.plan_new(&table, matching)?;
        (table, plan, Some(statement))
    };
    plan.check_columns(&table, &request.file.values)?;
    transfer.set_file_form(FileForm {
        names: head.field_names(&plan),
        cut: head.profile.cut.clone(),
    });
    let target = Target {
        table: table.summary.name,
        plan,
    };
    let work = type_and_send(inner, transfer, request, (head, chunks), target);
    let outcome = Box::pin(work).await?;
    Ok(UploadOutcome {
        create_statement,
        ..outcome
    })
}

/// Where the rows go.
struct Target {
    table: TableName,
    plan: Plan,
}

/// Refuses rules for a column that is not there.
fn check_value_columns(request: &UploadRequest, names: &[String]) -> Result<()> {
    let mut columns = request.file.values.columns.iter();
    match columns.find(|own| !names.contains(&own.column)) {
        Some(unknown) => Err(Error::ColumnNotFound {
            column: unknown.column.clone(),
            table: request.table.to_string(),
        }),
        None => Ok(()),
    }
}

/// Creates the table that the file asks for; returns it and the statement that made it.
async fn create(inner: &Inner, request: &UploadRequest, head: &Head) -> Result<(Table, String)> {
    let statement = if let Some(CreateTable::Statement(text)) = &request.create_table {
        inner
            .catalog
            .create_by_statement(&request.table, text)
            .await?;
        text.clone()
    } else {
        let table = head.new_table(&head.profile.columns, &request.columns)?;
        let names: Vec<_> = table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        check_value_columns(request, &names)?;
        inner.catalog.create_table(&request.table, &table).await?
    };
    Ok((inner.catalog.table(&request.table).await?, statement))
}

/// Reads the whole file to find out what its table would be.
async fn scan(
    inner: &Inner,
    transfer: &Arc<Transfer>,
    request: &UploadRequest,
    head: Head,
    chunks: mpsc::Receiver<Chunk>,
) -> Result<UploadOutcome> {
    let watched = Arc::clone(transfer);
    let scanned = task::spawn_blocking("scan", move || typing::scan(head, chunks, &watched));
    let (mut head, ignored_lines) = scanned
        .await
        .map_err(|_| Error::Internal("the scanning thread panicked"))??;
    head.profile.columns = head.columns.found(true);
    let table: NewTable = head.new_table(&head.profile.columns, &request.columns)?;
    Ok(UploadOutcome {
        columns: Vec::new(),
        create_statement: Some(inner.catalog.create_statement(&request.table, &table)?),
        profile: head.profile,
        rejected: Vec::new(),
        ignored_lines,
    })
}

/// Types the file and sends its blocks; in a dry run they are made all the same.
async fn type_and_send(
    inner: &Inner,
    transfer: &Arc<Transfer>,
    request: &UploadRequest,
    (head, chunks): (Head, mpsc::Receiver<Chunk>),
    Target { table, plan }: Target,
) -> Result<UploadOutcome> {
    let reading = Reading {
        cut: &head.profile.cut,
        values: &request.file.values,
        columns: &head.profile.columns,
        field_count: head.field_count(),
        server_zone: inner.server_zone().await?,
        limits: column::Limits {
            max_rows: inner.config.block_rows,
            max_bytes: inner.config.block_bytes,
        },
    };
    let mut typer = Typer::new(&plan, reading)?;
    let idle_block = typer.take()?;
    let (journal, rejected) = mpsc::channel(REJECT_QUEUE);
    let policy = (!request.dry_run).then_some(request.rejects);
    let typing = Typing {
        typer,
        rejects: Rejects::new(transfer.description().id, policy, Some(journal)),
        transfer: Arc::clone(transfer),
        inferred: request.create_table.is_some().then(|| head.columns.clone()),
    };
    let profile = head.profile.clone();
    let (sender, blocks) = mpsc::channel(BLOCK_QUEUE);
    let typing = task::spawn_blocking("typing", move || typing.run(head, chunks, &sender));

    let send = async {
        if request.dry_run {
            discard(blocks).await;
            return Ok(None);
        }
        let statement = sql::insert_native(&table, &plan.insert_columns());
        let id = transfer.description().id;
        let insert = inner.client.insert(&statement, id).await?;
        send_blocks(insert, blocks, &idle_block, transfer).await
    };
    let keep = keep_rejected(inner, rejected, policy == Some(RejectPolicy::default()));
    // A failed INSERT ends the upload at once, a journal that fails with the next rejected rows.
    let (insert, kept) = tokio::try_join!(send, async { Ok(keep.await) })?;
    kept?;
    let Typed {
        rejected,
        ignored_lines,
    } = typing
        .await
        .map_err(|_| Error::Internal("the typing thread panicked"))??;
    if let Some(insert) = insert {
        insert.finish().await?;
    }
    transfer.counters().commit_staged();
    Ok(UploadOutcome {
        columns: plan.matches,
        create_statement: None,
        profile,
        rejected,
        ignored_lines,
    })
}
