//! The call of an upload, with its file and its progress.
//!
//! `upload` calls it once for each pass over the file. It must never report success without the
//! server's response: only that says that every row is in the table.

use std::{sync::Arc, time::Duration};

use sluice_proto::v1::{UploadResponse, UploadSpec, WatchTransferRequest};
use tonic::Code;

use crate::{
    connect::Connection,
    error::{Error, Result},
    output::Output,
    progress::{Counts, Progress},
    source::Source,
    task,
};

/// Time between two messages of the transfer that is watched.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// Sends the file, shows how far it is, and waits for the response.
pub(super) async fn send(
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
    let mut call = Box::pin(client.upload(messages));
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
