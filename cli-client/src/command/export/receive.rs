//! One call of an export, into its file.
//!
//! `export` makes one after the other. It must never take a stream without its summary for the whole
//! file.

use std::sync::Arc;

use sluice_proto::v1::{
    Column, ExportProgress, ExportRequest, ExportResponse, ExportSchema, ExportSummary, Transfer,
    export_response::Payload,
};
use tonic::Streaming;

use super::kept::Kept;
use crate::{
    connect::{Connection, about},
    error::{Error, Result},
    progress::Counts,
    sink::Sink,
};

/// Counts what arrives.
#[derive(Debug)]
pub(super) struct Meter {
    /// What is shown to people.
    pub(super) counts: Arc<Counts>,
    knows_total: bool,
    limit: Option<i64>,
}

impl Meter {
    /// A meter of an export that may read what it writes, up to a limit of rows.
    pub(super) fn new(knows_total: bool, limit: Option<i64>) -> Self {
        Self {
            counts: Arc::default(),
            knows_total,
            limit,
        }
    }

    /// Takes over the server's counts, behind the rows that are there. The rows that ClickHouse
    /// reads are the rows to come only where nothing is filtered.
    fn update(&self, progress: &ExportProgress, rows: i64) {
        self.counts.set_rows(rows.saturating_add(progress.rows));
        if let Some(total_rows) = progress.total_rows.filter(|_| self.knows_total) {
            let limit = self.limit.unwrap_or(i64::MAX);
            let total_rows = rows.saturating_add(total_rows);
            self.counts.set_total_rows(total_rows.min(limit));
        }
    }
}

/// What one call brings.
#[derive(Debug)]
pub(super) struct Part {
    /// What to ask for.
    pub(super) request: ExportRequest,
    /// Where it goes.
    pub(super) sink: Sink,
    /// Bytes of the file that are there already.
    pub(super) bytes: u64,
    /// Their rows.
    pub(super) rows: i64,
}

impl Part {
    /// All of the file.
    pub(super) fn whole(request: ExportRequest, sink: Sink) -> Self {
        Self {
            request,
            sink,
            bytes: 0,
            rows: 0,
        }
    }
}

/// A whole export.
#[derive(Debug)]
pub(super) struct Received {
    /// The columns, in the order of the file.
    pub(super) columns: Vec<Column>,
    /// The transfer of the last call.
    pub(super) transfer: Transfer,
    /// Rows of the file.
    pub(super) rows: i64,
    /// Bytes of the file.
    pub(super) bytes: u64,
    /// Whether some text is not UTF-8, of what came with the last call.
    pub(super) has_invalid_utf8: bool,
}

/// Receives the rest of the export into its sink and finishes that.
pub(super) async fn receive(
    connection: &Connection,
    part: Part,
    meter: &Meter,
    kept: Option<(&Kept, &str)>,
) -> Result<Received> {
    let Part {
        request,
        mut sink,
        bytes,
        rows,
    } = part;
    let there = i64::try_from(bytes).unwrap_or_default();
    meter.counts.set_bytes(there);
    let transfer_id = request.transfer_id.clone();
    let mut stream = connection
        .ingest()
        .export(about(&transfer_id, request))
        .await?
        .into_inner();
    let call = Call {
        meter,
        kept,
        bytes,
        rows,
    };
    let received = match call.fill(&mut sink, &mut stream).await {
        Ok(received) => sink.finish().await.map(|()| received),
        Err(error) => {
            if kept.is_some() {
                // What has arrived is to be on the disk; why there is no more is told already.
                sink.finish().await.ok();
            }
            Err(error)
        }
    };
    if let Err(Error::Sink { .. } | Error::ColumnsChanged | Error::TableReplaced) = &received {
        connection.give_up(&transfer_id).await;
    }
    received
}

/// What a call needs to know.
#[derive(Debug)]
struct Call<'a> {
    meter: &'a Meter,
    kept: Option<(&'a Kept, &'a str)>,
    bytes: u64,
    rows: i64,
}

impl Call<'_> {
    /// Writes what the call brings, to its end.
    async fn fill(
        &self,
        sink: &mut Sink,
        stream: &mut Streaming<ExportResponse>,
    ) -> Result<Received> {
        let mut columns = Vec::new();
        let mut summary = None;
        while let Some(message) = stream.message().await? {
            match message.payload {
                Some(Payload::Data(data)) => {
                    self.meter.counts.add_bytes(data.len());
                    sink.write(data).await?;
                }
                Some(Payload::Progress(progress)) => self.meter.update(&progress, self.rows),
                Some(Payload::Schema(schema)) => {
                    self.check(&schema)?;
                    columns = schema.columns;
                }
                Some(Payload::Summary(end)) => summary = Some(end),
                // A kind of message that a later version of the contract knows.
                None => {}
            }
        }
        self.end(columns, summary)
    }

    /// Makes sure that table and columns are those of what is there.
    fn check(&self, schema: &ExportSchema) -> Result<()> {
        match self.kept {
            Some((kept, export)) => kept.note(export, schema, self.bytes > 0),
            None => Ok(()),
        }
    }

    fn end(&self, columns: Vec<Column>, summary: Option<ExportSummary>) -> Result<Received> {
        let bytes = self.meter.counts.bytes();
        let summary = summary.ok_or(Error::NoSummary { bytes })?;
        let has_invalid_utf8 = summary.has_invalid_utf8;
        let transfer = summary.transfer.ok_or(Error::Answer("transfer"))?;
        let counters = transfer.counters.ok_or(Error::Answer("counters"))?;
        let arrived = bytes.saturating_sub(self.bytes);
        if u64::try_from(counters.bytes_sent) != Ok(arrived) {
            return Err(Error::SizeMismatch {
                expected: counters.bytes_sent,
                bytes: arrived,
            });
        }
        let rows = self.rows.saturating_add(counters.rows_exported);
        self.meter.counts.set_rows(rows);
        Ok(Received {
            columns,
            transfer,
            rows,
            bytes,
            has_invalid_utf8,
        })
    }
}
