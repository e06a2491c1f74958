//! `InspectFile` and `ListRejectedRows`: what is known of a file before it is loaded, and after.

use bytes::Bytes;
use prost::Message as _;
use sluice_proto::v1::{self as pb, list_rejected_rows_response::Payload};
use tokio_stream::Stream;
use tonic::Status;
use uuid::Uuid;

use super::{access::Caller, convert, forward::Here, status, transfers};
use crate::auth::Action;
use crate::transfer::{
    Error, Transfers,
    live::FileForm,
    rejects::{RejectedRows, RejectsFile},
};

/// The bytes of CSV from which on a message is sent.
const MESSAGE_BYTES: usize = 256 << 10;

/// The most bytes of one message; a longer record is cut into several.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// Looks at the beginning of a file.
pub(super) async fn inspect(
    transfers: &Transfers,
    caller: &Caller,
    request: pb::InspectFileRequest,
) -> Result<pb::InspectFileResponse, Status> {
    let request = convert::inspect_request(request)?;
    match &request.table {
        Some(table) => caller.check_table(Action::ReadCatalog, table)?,
        None => caller.check(Action::ReadCatalog)?,
    }
    let inspection = transfers.inspect(request).await;
    let inspection = inspection.map_err(|error| status::status(&error))?;
    Ok(convert::inspect_response(inspection))
}

/// Sends the rejected rows of an upload, as rows or as a CSV file.
pub(super) async fn rejected_rows(
    here: Here<pb::ListRejectedRowsRequest>,
) -> Result<impl Stream<Item = Result<pb::ListRejectedRowsResponse, Status>> + use<>, Status> {
    let (transfers, caller, request) = (&here.transfers, &here.caller, &here.message);
    let found = transfers::find(transfers, caller, &request.transfer_id).await?;
    let rows = transfers.rejected_rows(found.id).await;
    let mut rows = rows.map_err(|error| status::status(&error))?;
    let mut file = None;
    if request.as_csv {
        if rows.file().is_none() {
            let form = stored_form(transfers, found.id).await;
            rows.learn_form(form.map_err(|error| status::status(&error))?);
        }
        file = rows.file();
    }
    let source = Source {
        rows,
        file,
        bytes: Bytes::new(),
        has_header: false,
        is_over: false,
    };
    Ok(futures_util::stream::try_unfold(
        source,
        |mut source| async move {
            let payload = source
                .next()
                .await
                .map_err(|error| status::status(&error))?;
            Ok(payload.map(|payload| (message(payload), source)))
        },
    ))
}

/// How the file of an upload that this server has not read was cut.
async fn stored_form(transfers: &Transfers, id: Uuid) -> Result<Option<FileForm>, Error> {
    let spec = match transfers.stored_spec(id).await {
        Ok(spec) => spec,
        // A dry run, or one that ended before it began to load.
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    // One that an older server has taken, and that this one would not.
    let request = pb::UploadSpec::decode(spec.as_slice()).ok();
    let request = request.and_then(|spec| convert::upload_request(spec).ok());
    match request {
        Some(request) => transfers.stored_form(&request).await,
        None => Ok(None),
    }
}

const fn message(payload: Payload) -> pb::ListRejectedRowsResponse {
    pb::ListRejectedRowsResponse {
        payload: Some(payload),
    }
}

/// The rows that are still to be sent.
struct Source {
    rows: RejectedRows,
    /// Where they are written to, for a CSV file.
    file: Option<RejectsFile>,
    /// What is written and not yet sent.
    bytes: Bytes,
    has_header: bool,
    is_over: bool,
}

impl Source {
    async fn next(&mut self) -> Result<Option<Payload>, Error> {
        let Some(file) = &mut self.file else {
            let row = self.rows.next().await?;
            return Ok(row.map(|row| Payload::Row(convert::rejected_row(row))));
        };
        if self.bytes.is_empty() {
            while file.byte_count() < MESSAGE_BYTES && !self.is_over {
                match self.rows.next().await? {
                    Some(row) => {
                        if !std::mem::replace(&mut self.has_header, true) {
                            file.header()?;
                        }
                        file.row(&row)?;
                    }
                    None => self.is_over = true,
                }
            }
            self.bytes = Bytes::from(file.take());
        }
        let piece = self.bytes.split_to(self.bytes.len().min(MAX_MESSAGE_BYTES));
        Ok((!piece.is_empty()).then_some(Payload::Csv(piece)))
    }
}
