//! `sluice export`: a table or a query into one file.
//!
//! Joins the call, the file (`sink`) and the progress. It must never let a file take its name before
//! the summary has come and its size is the one that arrived.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use sluice_proto::v1::{
    Column, ExportProgress, ExportRequest, ExportResponse, Transfer, export_response::Payload,
};
use tonic::Streaming;

use crate::{
    command::{guarded, is_closed_pipe, unless},
    connect::Connection,
    error::{Error, Result},
    json::{self, ColumnObject},
    output::Output,
    progress::{Counts, Progress},
    settings::{Endpoint, Export},
    signal::Interrupt,
    sink::Sink,
    text,
};

/// Writes the file and prints what came of it.
pub(super) async fn run(
    export: Export,
    server: &str,
    output: Output,
    interrupt: &mut Interrupt,
) -> Result<()> {
    let start = Instant::now();
    let sink = Sink::open(&export.output)?;
    let connection = unless(interrupt, Connection::open(server)).await?;
    let transfer_id = export.request.transfer_id.clone();

    let meter = Meter {
        counts: Arc::new(Counts::default()),
        knows_total: export.reads_what_it_writes,
        limit: export.limit,
    };
    let work = receive(&connection, export.request, sink, &meter, output);
    match guarded(&connection, &transfer_id, interrupt, work).await {
        Ok(received) => {
            let object = Object::new(&received, start.elapsed());
            output.summary(&object, &summary(&object, &export.output))
        }
        Err(error) if is_closed_pipe(&error, &export.output) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Counts what arrives.
struct Meter {
    counts: Arc<Counts>,
    knows_total: bool,
    limit: Option<i64>,
}

impl Meter {
    /// Takes over the server's counts. The rows that ClickHouse reads are the rows to come only
    /// where nothing is filtered.
    fn update(&self, progress: &ExportProgress) {
        self.counts.set_rows(progress.rows);
        if let Some(total_rows) = progress.total_rows.filter(|_| self.knows_total) {
            let limit = self.limit.unwrap_or(i64::MAX);
            self.counts.set_total_rows(total_rows.min(limit));
        }
    }
}

/// A whole export.
struct Received {
    columns: Vec<Column>,
    transfer: Transfer,
    bytes: u64,
}

/// Receives the export into the sink and finishes it.
async fn receive(
    connection: &Connection,
    request: ExportRequest,
    sink: Sink,
    meter: &Meter,
    output: Output,
) -> Result<Received> {
    let _progress = Progress::start(&meter.counts, output);
    let transfer_id = request.transfer_id.clone();
    let mut stream = connection.ingest().export(request).await?.into_inner();
    let received = fill(sink, &mut stream, meter).await;
    if let Err(Error::Sink { .. }) = &received {
        connection.give_up(&transfer_id).await;
    }
    received
}

/// Writes what the call brings, to its end.
async fn fill(
    mut sink: Sink,
    stream: &mut Streaming<ExportResponse>,
    meter: &Meter,
) -> Result<Received> {
    let mut columns = Vec::new();
    let mut summary = None;
    while let Some(message) = stream.message().await? {
        match message.payload {
            Some(Payload::Data(data)) => {
                meter.counts.add_bytes(data.len());
                sink.write(data).await?;
            }
            Some(Payload::Progress(progress)) => meter.update(&progress),
            Some(Payload::Schema(schema)) => columns = schema.columns,
            Some(Payload::Summary(end)) => summary = Some(end),
            // A kind of message that a later version of the contract knows.
            None => {}
        }
    }
    let bytes = meter.counts.bytes();
    let summary = summary.ok_or(Error::NoSummary { bytes })?;
    let transfer = summary.transfer.ok_or(Error::Answer("transfer"))?;
    let counters = transfer.counters.ok_or(Error::Answer("counters"))?;
    if u64::try_from(counters.bytes_sent) != Ok(bytes) {
        return Err(Error::SizeMismatch {
            expected: counters.bytes_sent,
            bytes,
        });
    }
    sink.finish().await?;
    meter.counts.set_rows(counters.rows_exported);
    Ok(Received {
        columns,
        transfer,
        bytes,
    })
}

/// The result of an export.
#[derive(Debug, Serialize)]
struct Object<'a> {
    transfer_id: &'a str,
    rows: i64,
    bytes: u64,
    elapsed_seconds: f64,
    columns: Vec<ColumnObject<'a>>,
}

impl<'a> Object<'a> {
    fn new(received: &'a Received, elapsed: Duration) -> Self {
        Self {
            transfer_id: &received.transfer.transfer_id,
            rows: received.transfer.counters.unwrap_or_default().rows_exported,
            bytes: received.bytes,
            elapsed_seconds: json::seconds(elapsed),
            columns: json::columns(&received.columns),
        }
    }
}

/// The same for people.
fn summary(object: &Object<'_>, output: &Endpoint) -> String {
    let elapsed = Duration::from_secs_f64(object.elapsed_seconds);
    let target = match output {
        Endpoint::Standard => "standard output".to_owned(),
        Endpoint::Path(path) => path.display().to_string(),
    };
    format!(
        "exported {} to {target} in {} ({}, {})\ntransfer {}",
        text::rows(object.rows),
        text::duration(elapsed),
        text::size(object.bytes),
        text::rate(object.bytes, elapsed),
        object.transfer_id
    )
}
