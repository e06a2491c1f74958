//! `Export`: the request becomes a transfer, its events become messages.

use sluice_proto::v1::{self as pb, export_response::Payload};
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::Status;

use super::{access::Caller, audit, catalog, convert, status};
use crate::auth::Action;
use crate::transfer::{
    ExportSource, Transfers,
    export::{Event, Progress},
};

/// Serves one call: the stream holds the schema, data and progress, and a summary.
pub(super) async fn export(
    transfers: &Transfers,
    caller: &Caller,
    request: pb::ExportRequest,
) -> Result<impl Stream<Item = Result<pb::ExportResponse, Status>> + use<>, Status> {
    let mut request = convert::export_request(request)?;
    let entry = match &request.source {
        ExportSource::Table { table, .. } => {
            caller.check_table(Action::Export, table)?;
            audit::Entry::begin(caller, "export", Some(table))
        }
        ExportSource::Query(_) => {
            caller.check_query()?;
            audit::Entry::begin(caller, "export", None)
        }
    };
    let mut entry = entry.transfer(request.id);
    caller.subject().clone_into(&mut request.owner);
    let export = transfers.start_export(request).await.map_err(|error| {
        let status = status::status(&error);
        entry.failed(&status);
        status
    })?;
    let schema = pb::ExportSchema {
        transfer_id: export.transfer.description().id.to_string(),
        columns: export.columns.iter().map(catalog::column).collect(),
        table_uuid: export
            .table_uuid
            .map(|uuid| uuid.to_string())
            .unwrap_or_default(),
    };
    let transfer = export.transfer;
    let events = ReceiverStream::new(export.events).map(move |event| {
        let event = event.map_err(|error| {
            let status = status::status(&error);
            entry.failed(&status);
            status
        })?;
        if matches!(event, Event::Ended) {
            entry.succeeded(transfer.snapshot().counts.rows_exported);
        }
        Ok(message(match event {
            Event::Data(data) => Payload::Data(data),
            Event::Progress(progress) => Payload::Progress(export_progress(&progress)),
            Event::Ended => Payload::Summary(pb::ExportSummary {
                transfer: Some(convert::transfer(transfer.snapshot())),
                has_invalid_utf8: transfer.has_invalid_utf8(),
            }),
        }))
    });
    Ok(tokio_stream::once(Ok(message(Payload::Schema(schema)))).chain(events))
}

fn message(payload: Payload) -> pb::ExportResponse {
    pb::ExportResponse {
        payload: Some(payload),
    }
}

fn export_progress(progress: &Progress) -> pb::ExportProgress {
    pb::ExportProgress {
        rows: convert::signed(progress.counts.rows_exported),
        bytes: convert::signed(progress.counts.bytes_sent),
        total_rows: progress.total_rows.map(convert::signed),
        rows_per_second: progress.rows_per_second,
        bytes_per_second: progress.bytes_per_second,
    }
}
