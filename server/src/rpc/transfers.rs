//! The calls that look at transfers or end them.

use std::{sync::Arc, time::Duration};

use sluice_proto::v1 as pb;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::Status;

use super::{convert, status};
use crate::{
    task,
    transfer::{Error, Registry, Transfer},
};

/// The transfers of a page unless the caller says otherwise, and at the most.
const PAGE_SIZE: (i32, i32) = (100, 1_000);

/// The time between two messages of a watch unless the caller says otherwise.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// The shortest and the longest time between two messages of a watch.
const WATCH_INTERVAL_LIMITS: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(60));

/// How long a cancelled transfer may take to end before its caller hears of it as it is.
const CANCEL_WAIT: Duration = Duration::from_secs(10);

/// Messages of a watch that wait for a slow client.
const WATCH_QUEUE: usize = 2;

/// Returns one transfer.
pub(super) fn get(
    registry: &Registry,
    request: &pb::GetTransferRequest,
) -> Result<pb::GetTransferResponse, Status> {
    let transfer = find(registry, &request.transfer_id)?;
    Ok(pb::GetTransferResponse {
        transfer: Some(convert::transfer(&transfer)),
    })
}

/// Returns one page of transfers.
pub(super) fn list(
    registry: &Registry,
    request: &pb::ListTransfersRequest,
) -> Result<pb::ListTransfersResponse, Status> {
    let limit = convert::size("page_size", request.page_size, PAGE_SIZE)?;
    let after = match request.page_token.as_str() {
        "" => None,
        token => Some(convert::uuid("page_token", token)?),
    };
    let mut page = registry.list(limit + 1, after);
    let more = page.len() > limit;
    page.truncate(limit);
    let last = page.last().filter(|_| more);
    Ok(pb::ListTransfersResponse {
        next_page_token: last
            .map(|t| t.description().id.to_string())
            .unwrap_or_default(),
        transfers: page
            .iter()
            .map(|transfer| convert::transfer(transfer))
            .collect(),
    })
}

/// Ends a transfer and returns it in its final state.
pub(super) async fn cancel(
    registry: &Registry,
    request: pb::CancelTransferRequest,
) -> Result<pb::CancelTransferResponse, Status> {
    let transfer = find(registry, &request.transfer_id)?;
    transfer.stop(Error::Cancelled);
    transfer.wait_ended(CANCEL_WAIT).await;
    Ok(pb::CancelTransferResponse {
        transfer: Some(convert::transfer(&transfer)),
    })
}

/// Sends a transfer again and again until it has ended.
pub(super) fn watch(
    registry: &Registry,
    request: &pb::WatchTransferRequest,
) -> Result<impl Stream<Item = Result<pb::WatchTransferResponse, Status>> + use<>, Status> {
    let transfer = find(registry, &request.transfer_id)?;
    let interval = match request.interval {
        None => WATCH_INTERVAL,
        Some(interval) => convert::duration("interval", interval, WATCH_INTERVAL_LIMITS)?,
    };
    let (sender, receiver) = mpsc::channel(WATCH_QUEUE);
    drop(task::spawn(
        "watch",
        send_states(transfer, interval, sender),
    ));
    Ok(ReceiverStream::new(receiver))
}

async fn send_states(
    transfer: Arc<Transfer>,
    interval: Duration,
    sender: mpsc::Sender<Result<pb::WatchTransferResponse, Status>>,
) {
    loop {
        let ended = transfer.wait_ended(Duration::ZERO).await;
        let message = pb::WatchTransferResponse {
            transfer: Some(convert::transfer(&transfer)),
        };
        if sender.send(Ok(message)).await.is_err() || ended {
            return;
        }
        tokio::select! {
            () = sender.closed() => return,
            _ = transfer.wait_ended(interval) => {}
        }
    }
}

fn find(registry: &Registry, id: &str) -> Result<Arc<Transfer>, Status> {
    let id = convert::uuid("transfer_id", id)?;
    registry.get(id).map_err(|error| status::status(&error))
}
