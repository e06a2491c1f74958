//! `BeginUpload`, `AppendUpload`, `FinishUpload`: the upload of clients that cannot stream.
//!
//! Any server may be asked for any of them: where no other one has the upload open, it goes on with it
//! from what the journal knows.

use std::sync::Arc;

use prost::Message as _;
use sluice_proto::v1 as pb;
use tonic::Status;

use super::{access::Caller, audit, convert, forward::Here, status, transfers};
use crate::auth::Action;
use crate::transfer::{Error, Session, Transfers};

/// What a message holds beside the bytes of an append.
const ENVELOPE_BYTES: usize = 1024;

/// Opens an upload.
pub(super) async fn begin(
    here: Here<pb::BeginUploadRequest>,
    max_message_bytes: usize,
) -> Result<pb::BeginUploadResponse, Status> {
    let (transfers, caller) = (&here.transfers, &here.caller);
    let Some(spec) = here.message.spec else {
        return Err(status::invalid_request("spec", "say what to load"));
    };
    let session = open(transfers, caller, spec, caller.subject()).await?;
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
    here: Here<pb::AppendUploadRequest>,
) -> Result<pb::AppendUploadResponse, Status> {
    let (transfers, caller, request) = (&here.transfers, &here.caller, here.message);
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
    let session = find(transfers, caller, &request.transfer_id).await?;
    let next = session.append(offset, request.data).await;
    let next = next.map_err(|error| {
        let status = status::status(&error);
        let description = session.transfer().description();
        // Otherwise the client can go on; once it has ended, it ends with this.
        if session.transfer().snapshot().phase.is_final() {
            let entry = audit::Entry::begin(caller, "upload", description.table.as_ref());
            entry.transfer(description.id).failed(&status);
        }
        status
    })?;
    let now = session.transfer().snapshot();
    Ok(pb::AppendUploadResponse {
        committed_offset: convert::signed(next),
        counters: Some(convert::counters(now.counts)),
        durable_offset: convert::signed(now.durable_offset),
    })
}

/// Ends the file.
pub(super) async fn finish(
    here: Here<pb::FinishUploadRequest>,
) -> Result<pb::FinishUploadResponse, Status> {
    let (transfers, caller, request) = (&here.transfers, &here.caller, here.message);
    let total = convert::unsigned("total_bytes", request.total_bytes)?;
    let session = find(transfers, caller, &request.transfer_id).await?;
    let description = session.transfer().description();
    let entry = audit::Entry::begin(caller, "upload", description.table.as_ref());
    let mut entry = entry.transfer(description.id);
    let outcome = session
        .finish(total, request.crc32c)
        .await
        .map_err(|error| {
            let status = status::status(&error);
            entry.failed(&status);
            status
        })?;
    let result = convert::upload_response(session.transfer(), &outcome);
    entry.loaded(&result);
    Ok(pb::FinishUploadResponse {
        replayed: result.replayed,
        result: Some(result),
    })
}

/// Opens an upload of `owner`, whose transfers the caller may work on.
async fn open(
    transfers: &Transfers,
    caller: &Caller,
    spec: pb::UploadSpec,
    owner: &str,
) -> Result<Arc<Session>, Status> {
    let mut request = convert::upload_request(spec)?;
    caller.check_upload(&request)?;
    owner.clone_into(&mut request.owner);
    request.start_offset = None;
    let session = transfers.open_session(request).await;
    session.map_err(|error| status::status(&error))
}

/// The session with this id, opened again if it is not open here.
async fn find(transfers: &Transfers, caller: &Caller, id: &str) -> Result<Arc<Session>, Status> {
    let open_here = transfers.session(convert::uuid("transfer_id", id)?);
    if let Some(session) = open_here.filter(|session| session.is_usable()) {
        let description = session.transfer().description();
        caller.check_transfer(&description.owner, description.table.as_ref())?;
        transfers::check_connection(transfers, &description.connection, id)?;
        if let Some(table) = &description.table {
            caller.check_table(Action::Upload, table)?;
        }
        return Ok(session);
    }
    let found = transfers::find(transfers, caller, id).await?;
    let id = found.id;
    let spec = transfers
        .stored_spec(id)
        .await
        .map_err(|error| match error {
            Error::NotFound { .. } => found.unsent(),
            error => error,
        });
    let spec = spec.map_err(|error| status::status(&error))?;
    let spec = pb::UploadSpec::decode(spec.as_slice());
    let spec = spec.map_err(|_| status::status(&Error::Internal("a stored spec is damaged")))?;
    open(transfers, caller, spec, &found.owner).await
}
