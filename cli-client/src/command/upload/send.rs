//! One call of an upload, with its file and what is seen of it meanwhile.
//!
//! `attempts` makes one after the other. It must never report success without the server's response:
//! only that says that every row is in the table.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sluice_proto::v1::{Transfer, UploadResponse, UploadSpec, WatchTransferRequest};
use tonic::Code;

use super::{decide::Seen, given_up::with_rows_left};
use crate::{
    connect::{Connection, about},
    error::{Error, Result},
    progress::Counts,
    source::Source,
    task,
};

/// Time between two messages of the transfer that is watched.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);
/// Time before the first question for a transfer that the server may not know yet; each further one
/// takes twice as long, up to the interval.
const FIRST_LOOK: Duration = Duration::from_millis(20);

/// What is known of the transfer, also after its call has ended.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    /// What is shown to people.
    pub(super) counts: Arc<Counts>,
    seen: Arc<Mutex<Seen>>,
}

impl View {
    /// What was seen last.
    pub(super) fn seen(&self) -> Seen {
        *self.lock()
    }

    /// Takes over what the server says.
    pub(super) fn update(&self, transfer: &Transfer) {
        self.lock().update(transfer);
    }

    /// Whether bytes have left in a mode that keeps no trace of them.
    pub(super) fn set_at_risk(&self, is_at_risk: bool) {
        self.lock().at_risk = is_at_risk;
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends the file and waits for the response.
pub(super) async fn send(
    connection: &Connection,
    source: Source,
    spec: UploadSpec,
    view: &View,
) -> Result<UploadResponse> {
    let transfer_id = spec.transfer_id.clone();
    let watch = watch(connection.clone(), transfer_id.clone(), view.clone());
    let _watch = task::background(watch);

    let (messages, reader) = source.into_messages(spec, Arc::clone(&view.counts));
    let mut call = Box::pin(connection.upload(&transfer_id, messages));
    let mut reader = task::worker(move || reader.run());
    let response = tokio::select! {
        response = &mut call => response,
        outcome = reader.join() => {
            if let Err(failure) = outcome.map_err(Error::Runtime).flatten() {
                let answer = connection.give_up(&transfer_id).await;
                return Err(with_rows_left(failure, &view.seen(), answer.as_ref(), &transfer_id));
            }
            call.await
        }
    };
    let response = response?;
    let transfer = response.transfer.as_ref();
    if let Some(counters) = transfer.and_then(|transfer| transfer.counters) {
        view.counts.set_rows(counters.rows_parsed);
    }
    Ok(response)
}

/// Follows the transfer on the server. Never fails the upload: a transfer that is not known yet is
/// asked for again, any other failure ends the watch.
async fn watch(connection: Connection, transfer_id: String, view: View) {
    let mut client = connection.ingest();
    let mut pause = FIRST_LOOK;
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(WATCH_INTERVAL);
        let request = WatchTransferRequest {
            transfer_id: transfer_id.clone(),
            interval: prost_types::Duration::try_from(WATCH_INTERVAL).ok(),
        };
        let mut stream = match client.watch_transfer(about(&transfer_id, request)).await {
            Ok(response) => response.into_inner(),
            Err(status) if status.code() == Code::NotFound => continue,
            Err(_) => return,
        };
        while let Ok(Some(message)) = stream.message().await {
            let Some(transfer) = message.transfer else {
                continue;
            };
            let counters = transfer.counters.unwrap_or_default();
            view.counts.set_rows(counters.rows_parsed);
            view.update(&transfer);
        }
        return;
    }
}
