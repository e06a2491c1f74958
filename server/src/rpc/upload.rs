//! `Upload`: the first message becomes a request, the others the bytes of the file.

use std::{future::Future, sync::Arc, time::Duration};

use axum::body::Body;
use sluice_proto::{
    Fault, Messages,
    v1::{self as pb, upload_request::Payload},
};
use tonic::{Status, metadata::MetadataMap};
use uuid::Uuid;

use super::{access::Caller, audit, convert, forward, status};
use crate::transfer::{
    Error, Transfers,
    upload::{Upload, UploadOutcome, Whole},
};

/// Begins to serve one call; returns the id of the transfer, and what is to be waited for.
pub(super) async fn upload(
    transfers: &Transfers,
    caller: &Caller,
    metadata: &MetadataMap,
    mut messages: Messages<Body>,
    idle_timeout: Duration,
) -> Result<
    (
        Uuid,
        impl Future<Output = Result<pb::UploadResponse, Status>> + use<>,
    ),
    Status,
> {
    let spec = first_spec(&mut messages, idle_timeout).await?;
    forward::check_id(metadata, &spec.transfer_id)?;
    let mut request = convert::upload_request(spec)?;
    caller.check_upload(&request)?;
    caller.subject().clone_into(&mut request.owner);
    let entry = audit::Entry::begin(caller, "upload", Some(&request.table));
    let id = request.id;
    let mut entry = entry.transfer(id);
    let start = request.start_offset.unwrap_or_default();
    let prefix_crc32c = request.prefix_crc32c.unwrap_or_default();
    let begun = transfers.start_upload(request).await;
    let mut upload = begun.map_err(|error| {
        let status = status::status(&error);
        entry.failed(&status);
        status
    })?;
    let run = async move {
        upload.start_at(start, prefix_crc32c).await;
        let outcome = run(&mut upload, &mut messages, idle_timeout).await;
        match &outcome {
            Ok(response) => entry.loaded(response),
            Err(status) => entry.failed(status),
        }
        outcome
    };
    Ok((id, run))
}

async fn run(
    upload: &mut Upload,
    messages: &mut Messages<Body>,
    idle_timeout: Duration,
) -> Result<pb::UploadResponse, Status> {
    let outcome = feed(upload, messages, idle_timeout).await?;
    let outcome = outcome.map_err(|error| status::status(&error))?;
    Ok(convert::upload_response(upload.transfer(), &outcome))
}

async fn first_spec(
    messages: &mut Messages<Body>,
    idle_timeout: Duration,
) -> Result<pb::UploadSpec, Status> {
    let first = tokio::time::timeout(idle_timeout, messages.next()).await;
    let first = first.map_err(|_| status::status(&idle(idle_timeout)))?;
    let first = first.map_err(|(Fault::Broken(status) | Fault::Message(status))| status)?;
    match first.and_then(|message| message.payload) {
        Some(Payload::Spec(spec)) => Ok(spec),
        _ => Err(status::invalid_request(
            "payload",
            "the first message must be the spec",
        )),
    }
}

/// Hands every message on until the file or the transfer ends; the outcome is the transfer's.
///
/// The outer error is a fault of the stream's form, which the transfer itself need not know.
async fn feed(
    upload: &mut Upload,
    messages: &mut Messages<Body>,
    idle_timeout: Duration,
) -> Result<Result<UploadOutcome, Arc<Error>>, Status> {
    loop {
        let message = tokio::select! {
            outcome = upload.outcome() => return Ok(outcome),
            message = tokio::time::timeout(idle_timeout, messages.next()) => message,
        };
        let data = match message {
            Err(_) => {
                upload.transfer().stop(idle(idle_timeout));
                break;
            }
            Ok(Err(Fault::Message(status))) => return Err(status),
            Ok(Err(Fault::Broken(broken))) => {
                tracing::debug!(%broken, "an upload's stream broke");
                upload.transfer().stop(Error::ClientGone);
                break;
            }
            Ok(Ok(None)) => {
                upload.end(Whole::default()).await;
                break;
            }
            Ok(Ok(Some(message))) => match message.payload {
                Some(Payload::Data(data)) => data,
                Some(Payload::End(end)) => {
                    upload.end(whole(&end)?).await;
                    break;
                }
                Some(Payload::Spec(_)) | None => {
                    let description = "every message after the spec must be data, or the end";
                    return Err(status::invalid_request("payload", description));
                }
            },
        };
        if !upload.send(data).await {
            break;
        }
    }
    Ok(upload.outcome().await)
}

/// The file as its sender knows it at its end.
fn whole(end: &pb::UploadEnd) -> Result<Whole, Status> {
    let size = end.total_bytes;
    let size = size.map(|bytes| convert::unsigned("end.total_bytes", bytes));
    Ok(Whole {
        size: size.transpose()?,
        crc32c: end.crc32c,
    })
}

fn idle(timeout: Duration) -> Error {
    Error::IdleTimeout {
        seconds: timeout.as_secs(),
    }
}
