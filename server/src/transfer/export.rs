//! The way out: one SELECT, its Native blocks as text, and the messages of the call.
//!
//! `rpc::export` starts it and sends its events. Formatting runs on a thread of its own
//! (`export::formatting`) so that reading, formatting and sending overlap. Every queue in between is
//! bounded: a slow client makes ClickHouse wait.

mod formatting;
mod pipe;
mod selection;
mod sheet;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use self::{
    formatting::Formatting,
    pipe::Pipe,
    sheet::{Sheet, sheet},
};
use super::{
    Counts, Description, Error, ExportForm, ExportRequest, ExportSource, Inner, Kind, Result,
    Transfer, Transfers, progress::Rate, registry::Running,
};
use crate::{
    catalog::Column,
    clickhouse::{
        Client,
        sql::{self, Statement},
    },
    codec::{Encoding, Output, Packing},
    column::{DataType, zone::Zones},
    task,
};

/// Chunks of Native blocks that wait to be formatted.
const CHUNK_QUEUE: usize = 4;

/// Events that wait for the client.
const EVENT_QUEUE: usize = 4;

/// Time between two questions to ClickHouse for the total of rows.
const TOTAL_INTERVAL: Duration = Duration::from_secs(1);

/// One thing that a client hears of an export.
#[derive(Debug)]
pub enum Event {
    /// The next bytes of the file.
    Data(Bytes),
    /// How far it is.
    Progress(Progress),
    /// The file is whole.
    Ended,
}

/// How far an export is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The counters.
    pub counts: Counts,
    /// The rows that ClickHouse expects to read, where known.
    pub total_rows: Option<u64>,
    /// Rows a second since the last progress.
    pub rows_per_second: f64,
    /// Bytes a second since the last progress.
    pub bytes_per_second: f64,
}

type EventSender = mpsc::Sender<Result<Event, Arc<Error>>>;

/// An export that runs. Dropping the events stops it: the client has gone.
#[derive(Debug)]
#[must_use]
pub struct Export {
    /// The transfer.
    pub transfer: Arc<Transfer>,
    /// The columns, in the order of the file.
    pub columns: Vec<Column>,
    /// What tells the table from another one of the same name, where it has such a thing.
    pub table_uuid: Option<Uuid>,
    /// Data and progress, and at the end [`Event::Ended`] or the error.
    pub events: mpsc::Receiver<Result<Event, Arc<Error>>>,
}

/// What an export reads, and the statement that reads it.
#[derive(Debug)]
struct Selection {
    columns: Vec<Column>,
    table_uuid: Option<Uuid>,
    client: Client,
    statement: Statement,
    zones: Zones,
    target: Target,
}

/// What the file is to be.
#[derive(Debug)]
struct Target {
    form: ExportForm,
    packing: Packing,
    encoding: Encoding,
}

impl Transfers {
    /// Finds out the columns of an export, registers it, and starts its pipeline.
    ///
    /// # Errors
    ///
    /// The table, a column or the query is wrong, or the registry refuses.
    pub async fn start_export(&self, request: ExportRequest) -> Result<Export> {
        let table = match &request.source {
            ExportSource::Table { table, .. } => Some(table.clone()),
            ExportSource::Query(_) => None,
        };
        let target = Target {
            form: request.form,
            packing: request.packing,
            encoding: request.encoding,
        };
        let places = self.inner.places(self.inner.queue_end()).await?;
        let (selection, ()) = tokio::join!(
            select(&self.inner, request.source, target),
            self.inner.try_announce(request.id),
        );
        let selection = selection?;
        let running = self.inner.registry.begin(Description {
            id: request.id,
            kind: Kind::Export,
            table,
            source_name: String::new(),
            total_bytes: None,
            owner: request.owner,
            connection: self.inner.connection.name().to_owned(),
            is_appended: false,
            is_dry_run: false,
            is_scan: false,
        })?;
        let transfer = Arc::clone(running.transfer());
        let columns = selection.columns.clone();
        let table_uuid = selection.table_uuid;
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let inner = Arc::clone(&self.inner);
        drop(task::spawn("export", async move {
            run(&inner, running, selection, sender).await;
            drop(places);
        }));
        Ok(Export {
            transfer,
            columns,
            table_uuid,
            events,
        })
    }
}

async fn select(inner: &Inner, source: ExportSource, target: Target) -> Result<Selection> {
    inner.wait_ready().await?;
    let as_json = matches!(target.form, ExportForm::Ndjson);
    let zones;
    let (columns, table_uuid, client, statement) = match source {
        ExportSource::Table {
            table,
            columns,
            conditions,
            order_by,
            limit,
        } => {
            let table = inner.catalog().table(&table).await?;
            let columns = selection::columns(&table, &columns)?;
            zones = inner.zones(&types_of(&table.columns)?).await?;
            let rows = selection::rows(&table, conditions, order_by, limit, &zones)?;
            let name = &table.summary.name;
            let statement = sql::select_table(
                name,
                &selection::project(&columns, as_json, zones.server())?,
                &rows,
            )?;
            let uuid = Some(table.uuid).filter(|uuid| !uuid.is_nil());
            (columns, uuid, inner.client(), statement)
        }
        ExportSource::Query(query) => {
            let client = inner.connection.queries();
            let catalog = inner.connection.queries_catalog();
            let query = catalog.read_query(&query).await?;
            let columns = catalog.describe_query(&query).await?;
            zones = inner.zones(&types_of(&columns)?).await?;
            let projected = selection::project(&columns, as_json, zones.server())?;
            let statement = sql::select_query(&query, &projected);
            (columns, None, client, statement)
        }
    };
    Ok(Selection {
        columns,
        table_uuid,
        client: client.clone(),
        statement,
        zones,
        target,
    })
}

fn types_of(columns: &[Column]) -> Result<Vec<DataType>> {
    let types = columns
        .iter()
        .map(|column| DataType::parse(&column.type_text));
    Ok(types.collect::<Result<_, _>>()?)
}

async fn run(inner: &Inner, running: Running, selection: Selection, sender: EventSender) {
    let transfer = Arc::clone(running.transfer());
    let outcome = tokio::select! {
        reason = transfer.stopped() => Err(reason),
        () = sender.closed() => Err(Error::ClientGone),
        outcome = write(inner, &transfer, &selection, &sender) => outcome,
    };
    // Nothing more is written for a client that has gone, which is no success.
    let outcome = match outcome {
        Ok(()) if sender.is_closed() => Err(Error::ClientGone),
        outcome => outcome,
    };
    if outcome.is_err() {
        inner.kill(transfer.description().id).await;
    }
    let last = running.finish(outcome).map(|()| Event::Ended);
    // A client that has gone misses nothing.
    drop(sender.send(last).await);
}

async fn write(
    inner: &Inner,
    transfer: &Arc<Transfer>,
    selection: &Selection,
    sender: &EventSender,
) -> Result<()> {
    let id = transfer.description().id;
    let (chunk_sender, chunks) = mpsc::channel(CHUNK_QUEUE);
    let output = Output::new(selection.target.packing, selection.target.encoding)?;
    let pipe = Pipe::new(
        output,
        selection.target.encoding,
        sender.clone(),
        Arc::clone(transfer),
    );
    let sheet = sheet(&selection.target.form, &selection.columns)?;
    let formatting = Formatting::new(
        &selection.columns,
        &selection.zones,
        sheet.joint(),
        inner.config.max_result_block_bytes,
    )?;
    let formatting = task::spawn_blocking("formatting", move || match sheet {
        Sheet::Delimited(encoder) => formatting.run(encoder, chunks, pipe),
        Sheet::Ndjson(encoder) => formatting.run(encoder, chunks, pipe),
    });
    let move_data = async {
        let mut query = selection
            .client
            .query_native(&selection.statement, id)
            .await?;
        while let Some(chunk) = query.next().await? {
            if chunk_sender.send(chunk).await.is_err() {
                break;
            }
        }
        drop(chunk_sender);
        formatting
            .await
            .map_err(|_| Error::Internal("the formatting thread panicked"))?
    };
    tokio::select! {
        outcome = move_data => outcome,
        () = report_progress(transfer, inner.config.progress_interval, sender) => Ok(()),
        () = follow_total(inner, transfer) => Ok(()),
    }
}

/// Sends progress again and again, for as long as it is polled.
async fn report_progress(transfer: &Transfer, every: Duration, sender: &EventSender) {
    let mut rate = Rate::start();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let counts = transfer.counters().read();
        let (rows_per_second, bytes_per_second) = rate.update(counts);
        let total_rows = transfer.total_rows();
        let progress = Progress {
            counts,
            total_rows,
            rows_per_second,
            bytes_per_second,
        };
        if sender.send(Ok(Event::Progress(progress))).await.is_err() {
            // The client has gone, and `run` hears of it too.
            std::future::pending::<()>().await;
        }
    }
}

/// Asks ClickHouse again and again how many rows it expects, for as long as it is polled.
async fn follow_total(inner: &Inner, transfer: &Transfer) {
    loop {
        tokio::time::sleep(TOTAL_INTERVAL).await;
        match inner.client().progress(transfer.description().id).await {
            Ok(Some(progress)) if progress.total_rows_approx > 0 => {
                transfer.set_total_rows(progress.total_rows_approx);
            }
            Ok(_) => {}
            // The query itself will say what is wrong.
            Err(error) => tracing::debug!(error = error.logged(), "no progress from ClickHouse"),
        }
    }
}
