//! The beginning of an upload: enough of the file to know its header and the shape of its records.
//!
//! `transfer::upload` reads it before it touches the table, so that a file that does not match
//! changes nothing.

use tokio::sync::mpsc;

use super::{Chunk, records::Records};
use crate::{
    catalog::Table,
    column::{Cell, infer::ColumnSample},
    config::TransferConfig,
    csv::{Limits, RecordBatch},
    transfer::{
        ColumnMapping, Error, Inner, Result, UploadRequest,
        plan::{FileShape, Plan},
    },
};

/// The bytes of a file that the types of a new table are found in.
const SAMPLE_BYTES: usize = 1 << 20;

/// Records that have their header, and the first of them.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) records: Records,
    pub(super) first_batches: Vec<RecordBatch>,
}

impl Head {
    /// Takes chunks until the first batches are whole, or the file ends.
    pub(super) async fn read(
        request: &UploadRequest,
        chunks: &mut mpsc::Receiver<Chunk>,
        config: &TransferConfig,
    ) -> Result<Self> {
        let limits = Limits {
            batch_bytes: config.batch_bytes,
            max_record_bytes: config.max_record_bytes,
        };
        let mut records = Records::new(request.dialect, limits);
        let sample_bytes = if request.create_table {
            SAMPLE_BYTES
        } else {
            0
        };
        let wanted = (sample_bytes / config.batch_bytes).max(1);
        let mut first_batches = Vec::new();
        while first_batches.len() < wanted {
            match records.next()? {
                Some(batch) => first_batches.push(batch),
                None if records.has_ended() => break,
                None => records.take(&chunks.recv().await.ok_or(Error::ClientGone)?),
            }
        }
        if request.dialect.header() && records.header().is_none() {
            return Err(Error::EmptyFile);
        }
        Ok(Self {
            records,
            first_batches,
        })
    }

    /// Creates the table that the file asks for; returns it and the statement that made it.
    pub(super) async fn create_table(
        &self,
        inner: &Inner,
        request: &UploadRequest,
    ) -> Result<(Table, String)> {
        let columns = self.new_columns(request)?;
        let statement = inner.catalog.create_table(&request.table, &columns).await?;
        Ok((inner.catalog.table(&request.table).await?, statement))
    }

    pub(super) fn plan(&self, table: &Table, request: &UploadRequest) -> Result<Plan> {
        if request.create_table && request.columns.is_empty() {
            // The table was made of this file, field by field, also where the header has no name.
            return Plan::by_position(table, self.shape());
        }
        Plan::new(table, self.shape(), &request.columns)
    }

    /// The number of fields that every record must have.
    pub(super) fn field_count(&self) -> usize {
        self.shape().field_count
    }

    fn shape(&self) -> FileShape<'_> {
        let header = self.records.header();
        let first = self.first_batches.first();
        let field_count = match (header, first) {
            (Some(header), _) => header.names().len(),
            (None, Some(batch)) => batch.record(0).field_count(),
            (None, None) => 0,
        };
        FileShape {
            header,
            field_count,
        }
    }

    /// Names and types for a new table: every field, or those that were selected.
    fn new_columns(&self, request: &UploadRequest) -> Result<Vec<(String, String)>> {
        let names = self.column_names()?;
        let mut samples = vec![ColumnSample::default(); names.len()];
        for record in self.first_batches.iter().flat_map(RecordBatch::records) {
            for (sample, field) in samples.iter_mut().zip(record.fields()) {
                sample.observe(Cell {
                    bytes: field.bytes,
                    quoted: field.quoted,
                });
            }
        }
        let types = samples.iter().map(|sample| sample.infer().to_string());
        if request.columns.is_empty() {
            return Ok(names.into_iter().zip(types).collect());
        }
        let types: Vec<_> = types.collect();
        let select = |mapping: &ColumnMapping| {
            let field = self.shape().find_field(mapping.source_name())?;
            let data_type = types.get(field).cloned();
            let data_type = data_type.ok_or(Error::Internal("a field is outside its record"))?;
            Ok((mapping.column.clone(), data_type))
        };
        request.columns.iter().map(select).collect()
    }

    /// The names of the header; without one, or where it is empty, `c1`, `c2`, … as ClickHouse says.
    fn column_names(&self) -> Result<Vec<String>> {
        let shape = self.shape();
        let mut names: Vec<String> = Vec::with_capacity(shape.field_count);
        for field in 0..shape.field_count {
            let name = shape.header.and_then(|header| header.names().get(field));
            let name = match name {
                Some(name) if !name.is_empty() => String::from_utf8_lossy(name).into_owned(),
                _ => format!("c{}", field + 1),
            };
            if names.contains(&name) {
                return Err(Error::DuplicateColumn {
                    column: name,
                    place: "the header",
                });
            }
            names.push(name);
        }
        Ok(names)
    }
}
