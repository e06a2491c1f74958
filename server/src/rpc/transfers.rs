//! The calls that look at transfers or end them.

use std::{sync::Arc, time::Duration};

use sluice_proto::v1 as pb;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::Status;

use super::{access::Caller, audit, convert, forward::Here, status};
use crate::{
    task,
    transfer::{Error, Place, Snapshot, Transfers, Watch},
};

/// The transfers of a page unless the caller says otherwise, and at the most.
const PAGE_SIZE: (i32, i32) = (100, 1_000);

/// The time between two messages of a watch unless the caller says otherwise.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// The shortest and the longest time between two messages of a watch.
const WATCH_INTERVAL_LIMITS: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(60));

/// The pauses between the looks for a transfer that nobody knows: half a second in all.
const ARRIVAL_PAUSES: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(150),
    Duration::from_millis(200),
];

/// Messages of a watch that wait for a slow client.
const WATCH_QUEUE: usize = 2;

/// Returns one transfer.
pub(super) async fn get(
    here: Here<pb::GetTransferRequest>,
) -> Result<pb::GetTransferResponse, Status> {
    let (transfers, caller, request) = (&here.transfers, &here.caller, &here.message);
    let transfer = find(transfers, caller, &request.transfer_id).await?;
    Ok(pb::GetTransferResponse {
        transfer: Some(convert::transfer(transfer)),
    })
}

/// Returns one page of those transfers that the caller may see; others leave gaps.
pub(super) async fn list(
    transfers: &Transfers,
    caller: &Caller,
    request: pb::ListTransfersRequest,
) -> Result<pb::ListTransfersResponse, Status> {
    let limit = convert::size("page_size", request.page_size, PAGE_SIZE)?;
    let after = match request.page_token.as_str() {
        "" => None,
        token => Some(token.parse().map_err(|()| {
            status::invalid_request("page_token", "it is none that a page before has named")
        })?),
    };
    let mut filter = convert::filter(request)?;
    filter.connection = Some(transfers.connection().to_owned());
    if !caller.is_manager() {
        let own = caller.subject();
        if let Some(other) = filter.owner.as_ref().filter(|owner| *owner != own) {
            caller.check_transfer(other, None)?;
        }
        filter.owner = Some(own.to_owned());
    }
    let page = transfers.list(&filter, limit + 1, after).await;
    let mut page = page.map_err(|error| status::status(&error))?;
    let more = page.len() > limit;
    page.truncate(limit);
    let last = page.last().filter(|_| more);
    Ok(pb::ListTransfersResponse {
        next_page_token: last
            .map(|last| Place::of(last).to_string())
            .unwrap_or_default(),
        transfers: page
            .into_iter()
            .filter(|transfer| caller.sees_transfer(&transfer.owner, transfer.table.as_ref()))
            .map(convert::transfer)
            .collect(),
    })
}

/// Ends a transfer and returns it in its final state.
pub(super) async fn cancel(
    here: Here<pb::CancelTransferRequest>,
) -> Result<pb::CancelTransferResponse, Status> {
    let (transfers, caller, request) = (&here.transfers, &here.caller, &here.message);
    let found = find(transfers, caller, &request.transfer_id).await?;
    let entry = audit::Entry::begin(caller, "cancel", found.table.as_ref());
    let mut entry = entry.transfer(found.id);
    let transfer = transfers.cancel(found.id).await.map_err(|error| {
        let status = status::status(&error);
        entry.failed(&status);
        status
    })?;
    entry.succeeded(transfer.counts.rows_committed);
    Ok(pb::CancelTransferResponse {
        transfer: Some(convert::transfer(transfer)),
    })
}

/// Sends a transfer again and again until it has ended.
pub(super) async fn watch(
    here: Here<pb::WatchTransferRequest>,
) -> Result<impl Stream<Item = Result<pb::WatchTransferResponse, Status>> + use<>, Status> {
    let (transfers, caller, request) = (&here.transfers, &here.caller, here.message);
    let first = find(transfers, caller, &request.transfer_id).await?;
    let interval = match request.interval {
        None => WATCH_INTERVAL,
        Some(interval) => convert::duration("interval", interval, WATCH_INTERVAL_LIMITS)?,
    };
    let (sender, receiver) = mpsc::channel(WATCH_QUEUE);
    let watch = transfers.watch(first.id);
    drop(task::spawn(
        "watch",
        send_states(watch, first, interval, sender),
    ));
    Ok(ReceiverStream::new(receiver))
}

async fn send_states(
    watch: Watch,
    first: Snapshot,
    interval: Duration,
    sender: mpsc::Sender<Result<pb::WatchTransferResponse, Status>>,
) {
    let mut now: Result<_, Arc<Error>> = Ok(first);
    loop {
        let message = now
            .as_ref()
            .map(|now| pb::WatchTransferResponse {
                transfer: Some(convert::transfer(now.clone())),
            })
            .map_err(|error| status::status(error));
        let goes_on = now.is_ok_and(|now| !now.phase.is_final());
        if sender.send(message).await.is_err() || !goes_on {
            return;
        }
        let next = tokio::select! {
            () = sender.closed() => return,
            next = watch.next(interval) => next,
        };
        match next {
            Some(next) => now = next,
            None => return,
        }
    }
}

/// The transfer with this id, if the caller may see it. One that nobody knows is waited for: whoever begins an
/// upload may ask for it before it has arrived.
pub(super) async fn find(
    transfers: &Transfers,
    caller: &Caller,
    id: &str,
) -> Result<Snapshot, Status> {
    let id = convert::uuid("transfer_id", id)?;
    let mut found = transfers.find(id).await;
    for pause in ARRIVAL_PAUSES {
        if !matches!(found, Err(Error::NotFound { .. })) {
            break;
        }
        tokio::time::sleep(pause).await;
        found = transfers.find(id).await;
    }
    let transfer = found.map_err(|error| status::status(&error))?;
    caller.check_transfer(&transfer.owner, transfer.table.as_ref())?;
    check_connection(transfers, &transfer.connection, &id.to_string())?;
    Ok(transfer)
}

/// Fails where a transfer goes through another connection than the call. An id is no way to another
/// ClickHouse, in which the same name may be another table.
pub(super) fn check_connection(
    transfers: &Transfers,
    connection: &str,
    id: &str,
) -> Result<(), Status> {
    if connection == transfers.connection() {
        return Ok(());
    }
    let id = id.to_owned();
    Err(status::status(&Error::NotFound { id }))
}
