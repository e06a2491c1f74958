//! `BeginUpload`, `AppendUpload`, `FinishUpload`: the upload of clients that cannot stream.
//!
//! Any server may be asked for any of them: one that does not have the upload open goes on with it
//! from what the journal knows.

use std::sync::Arc;

use prost::Message as _;
use sluice_proto::v1 as pb;
use tonic::Status;

use super::{convert, status};
use crate::transfer::{Error, Session, Transfers};

/// What a message holds beside the bytes of an append.
const ENVELOPE_BYTES: usize = 1024;

/// Opens an upload.
pub(super) async fn begin(
    transfers: &Transfers,
    request: pb::BeginUploadRequest,
    max_message_bytes: usize,
) -> Result<pb::BeginUploadResponse, Status> {
    let Some(spec) = request.spec else {
        return Err(status::invalid_request("spec", "say what to load"));
    };
    let session = open(transfers, spec).await?;
    let max_append_bytes = max_message_bytes.saturating_sub(ENVELOPE_BYTES);
    Ok(pb::BeginUploadResponse {
        transfer_id: session.transfer().description().id.to_string(),
        committed_offset: convert::signed(session.next_offset()),
        max_append_bytes: i64::try_from(max_append_bytes).unwrap_or(i64::MAX),
        max_early_appends: i32::try_from(transfers.max_early_appends()).unwrap_or(i32::MAX),
        transfer: Some(convert::transfer(session.transfer().snapshot())),
    })
}

/// Adds bytes.
pub(super) async fn append(
    transfers: &Transfers,
    request: pb::AppendUploadRequest,
) -> Result<pb::AppendUploadResponse, Status> {
    let offset = convert::unsigned("offset", request.offset)?;
    if request.data.is_empty() {
        return Err(status::invalid_request("data", "must not be empty"));
    }
    let actual = request.crc32c.map(|_| crc32c::crc32c(&request.data));
    if actual != request.crc32c {
        return Err(status::status(&Error::ChecksumMismatch {
            id: request.transfer_id,
            offset,
        }));
    }
    let session = find(transfers, &request.transfer_id).await?;
    let next = session.append(offset, request.data).await;
    let next = next.map_err(|error| status::status(&error))?;
    let now = session.transfer().snapshot();
    Ok(pb::AppendUploadResponse {
        committed_offset: convert::signed(next),
        counters: Some(convert::counters(now.counts)),
        durable_offset: convert::signed(now.durable_offset),
    })
}

/// Ends the file.
pub(super) async fn finish(
    transfers: &Transfers,
    request: pb::FinishUploadRequest,
) -> Result<pb::FinishUploadResponse, Status> {
    let total = convert::unsigned("total_bytes", request.total_bytes)?;
    let session = find(transfers, &request.transfer_id).await?;
    let outcome = session.finish(total).await;
    let outcome = outcome.map_err(|error| status::status(&error))?;
    Ok(pb::FinishUploadResponse {
        result: Some(convert::upload_response(session.transfer(), &outcome)),
    })
}

async fn open(transfers: &Transfers, spec: pb::UploadSpec) -> Result<Arc<Session>, Status> {
    let mut request = convert::upload_request(spec)?;
    request.start_offset = None;
    let session = transfers.open_session(request).await;
    session.map_err(|error| status::status(&error))
}

/// The session with this id, opened again if it is not open here.
async fn find(transfers: &Transfers, id: &str) -> Result<Arc<Session>, Status> {
    let id = convert::uuid("transfer_id", id)?;
    if let Some(session) = transfers.session(id).filter(|session| session.is_usable()) {
        return Ok(session);
    }
    let spec = transfers.stored_spec(id).await;
    let spec = spec.map_err(|error| status::status(&error))?;
    let spec = pb::UploadSpec::decode(spec.as_slice());
    let spec = spec.map_err(|_| status::status(&Error::Internal("a stored spec is damaged")))?;
    open(transfers, spec).await
}
