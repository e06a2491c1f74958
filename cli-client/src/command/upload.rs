//! `sluice upload`: one file into one table.
//!
//! Joins the file (`source`), the call and the progress. It must never report success without the
//! server's response: only that says that every row is in the table.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use sluice_proto::v1::{
    ColumnMatch, Counters, Transfer, UploadResponse, UploadSpec, WatchTransferRequest,
};
use tonic::Code;

use crate::{
    command::{guarded, unless},
    connect::Connection,
    error::{Error, Result},
    json::{self, MatchObject},
    output::Output,
    progress::{Counts, Progress},
    settings::{Upload, names::show_table},
    signal::Interrupt,
    source::Source,
    task, text,
};

/// Time between two messages of the transfer that is watched.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// Loads the file and prints what came of it.
pub(super) async fn run(
    upload: Upload,
    server: &str,
    output: Output,
    interrupt: &mut Interrupt,
) -> Result<()> {
    let start = Instant::now();
    let source = Source::open(&upload.input)?;
    let connection = unless(interrupt, Connection::open(server)).await?;
    let mut spec = upload.spec;
    spec.total_bytes = source
        .total_bytes()
        .and_then(|bytes| i64::try_from(bytes).ok());
    let transfer_id = spec.transfer_id.clone();

    let work = send(&connection, source, spec, output);
    let response = guarded(&connection, &transfer_id, interrupt, work).await?;
    let transfer = response
        .transfer
        .as_ref()
        .ok_or(Error::Answer("transfer"))?;
    let table = show_table(&upload.table);
    let object = Object::new(&response, transfer, &table, start.elapsed());
    output.summary(&object, &summary(&object, &response.columns))
}

/// Sends the file, shows how far it is, and waits for the response.
async fn send(
    connection: &Connection,
    source: Source,
    spec: UploadSpec,
    output: Output,
) -> Result<UploadResponse> {
    let counts = Arc::new(Counts::default());
    counts.set_total_bytes(source.total_bytes().unwrap_or_default());
    let progress = Progress::start(&counts, output);
    let transfer_id = spec.transfer_id.clone();
    let watch = watch(connection.clone(), transfer_id.clone(), Arc::clone(&counts));
    let _watch = progress.is_shown().then(|| task::background(watch));

    let (messages, reader) = source.into_messages(spec, Arc::clone(&counts));
    let mut client = connection.ingest();
    let mut call = pin!(client.upload(messages));
    let mut reader = task::worker(move || reader.run());
    let response = tokio::select! {
        response = &mut call => response,
        outcome = reader.join() => {
            if let Err(failure) = outcome.map_err(Error::Runtime).flatten() {
                connection.give_up(&transfer_id).await;
                return Err(failure);
            }
            call.await
        }
    };
    let response = response?.into_inner();
    if let Some(counters) = response
        .transfer
        .as_ref()
        .and_then(|transfer| transfer.counters)
    {
        counts.set_rows(counters.rows_parsed);
    }
    Ok(response)
}

/// Takes the rows of the transfer from the server. Never fails the upload: a transfer that is not
/// known yet is asked for again, any other failure ends the counting.
async fn watch(connection: Connection, transfer_id: String, counts: Arc<Counts>) {
    let mut client = connection.ingest();
    loop {
        tokio::time::sleep(WATCH_INTERVAL).await;
        let request = WatchTransferRequest {
            transfer_id: transfer_id.clone(),
            interval: prost_types::Duration::try_from(WATCH_INTERVAL).ok(),
        };
        let mut stream = match client.watch_transfer(request).await {
            Ok(response) => response.into_inner(),
            Err(status) if status.code() == Code::NotFound => continue,
            Err(_) => return,
        };
        while let Ok(Some(message)) = stream.message().await {
            let counters = message.transfer.and_then(|transfer| transfer.counters);
            counts.set_rows(counters.unwrap_or_default().rows_parsed);
        }
        return;
    }
}

/// The result of an upload.
#[derive(Debug, Serialize)]
struct Object<'a> {
    transfer_id: &'a str,
    table: &'a str,
    commit_mode: Option<&'static str>,
    guarantee: &'a str,
    bytes_received: i64,
    rows_parsed: i64,
    rows_staged: i64,
    rows_rejected: i64,
    rows_committed: i64,
    elapsed_seconds: f64,
    columns: Vec<MatchObject<'a>>,
    create_statement: &'a str,
}

impl<'a> Object<'a> {
    fn new(
        response: &'a UploadResponse,
        transfer: &'a Transfer,
        table: &'a str,
        elapsed: Duration,
    ) -> Self {
        let Counters {
            bytes_received,
            rows_parsed,
            rows_staged,
            rows_committed,
            rows_rejected,
            ..
        } = transfer.counters.unwrap_or_default();
        Self {
            transfer_id: &transfer.transfer_id,
            table,
            commit_mode: json::commit_mode(transfer),
            guarantee: &transfer.guarantee,
            bytes_received,
            rows_parsed,
            rows_staged,
            rows_rejected,
            rows_committed,
            elapsed_seconds: json::seconds(elapsed),
            columns: json::matches(&response.columns),
            create_statement: &response.create_statement,
        }
    }
}

/// The same for people.
fn summary(object: &Object<'_>, columns: &[ColumnMatch]) -> String {
    let elapsed = Duration::from_secs_f64(object.elapsed_seconds);
    let bytes = u64::try_from(object.bytes_received).unwrap_or_default();
    let mut lines = vec![format!(
        "loaded {} into {} in {} ({}, {})",
        text::rows(object.rows_committed),
        object.table,
        text::duration(elapsed),
        text::size(bytes),
        text::rate(bytes, elapsed)
    )];
    if object.rows_rejected > 0 {
        lines.push(format!("rejected {}", text::rows(object.rows_rejected)));
    }
    let defaulted = columns.iter().filter(|column| column.source.is_none());
    let defaulted: Vec<_> = defaulted.map(|column| column.column.as_str()).collect();
    if !defaulted.is_empty() {
        lines.push(format!(
            "not in the file, took their DEFAULT: {}",
            defaulted.join(", ")
        ));
    }
    if !object.create_statement.is_empty() {
        lines.push(format!("created: {}", object.create_statement));
    }
    if let Some(mode) = object.commit_mode {
        lines.push(format!("commit mode {mode}: {}", object.guarantee));
    }
    lines.push(format!("transfer {}", object.transfer_id));
    lines.join("\n")
}
