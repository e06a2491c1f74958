//! Types the records of an upload: batches of records in, Native blocks out.
//!
//! Runs on a thread that may block. Batches end where the decoder says and blocks where the builder
//! is full, so block boundaries depend on the file and the spec alone, never on timing.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Chunk, head::Head, records::Records};
use crate::{
    column::{BlockBuilder, Cell, ColumnSpec, DataType, EncodedBlock, Limits, Reason},
    config::TransferConfig,
    csv::{Dialect, Field, Record, RecordBatch},
    transfer::{BadCell, Error, Result, Transfer, error::excerpt, plan::Plan},
};

/// One column of the block, and where its values come from.
#[derive(Debug)]
struct Target {
    spec: ColumnSpec,
    /// The index of the field.
    field: usize,
    /// Whether a field without a byte is a text, and not NULL.
    empty_is_text: bool,
}

impl Target {
    fn new(spec: &ColumnSpec, field: usize, dialect: Dialect) -> Self {
        let is_text = matches!(
            spec.data_type.inner(),
            DataType::String | DataType::FixedString(_)
        );
        // A dialect with escapes has no quotes to tell the two apart, and writes NULL as `\N`.
        let empty_is_text = is_text && dialect.escape().is_some();
        Self {
            spec: spec.clone(),
            field,
            empty_is_text,
        }
    }

    fn cell<'a>(&self, field: Field<'a>) -> Cell<'a> {
        let is_text = field.quoted || (self.empty_is_text && field.bytes.is_empty());
        Cell {
            bytes: field.bytes,
            quoted: is_text,
        }
    }
}

/// Turns records into blocks, column by column.
#[derive(Debug)]
pub(super) struct Typing {
    builder: BlockBuilder,
    targets: Vec<Target>,
    transfer: Arc<Transfer>,
}

impl Typing {
    pub(super) fn new(
        plan: &Plan,
        dialect: Dialect,
        server_zone: &str,
        config: &TransferConfig,
        transfer: Arc<Transfer>,
    ) -> Result<Self> {
        let limits = Limits {
            max_rows: config.block_rows,
            max_bytes: config.block_bytes,
        };
        let builder = BlockBuilder::new(plan.specs.clone(), server_zone, limits)?;
        let targets = plan.specs.iter().zip(&plan.fields);
        let targets = targets.map(|(spec, field)| Target::new(spec, *field, dialect));
        Ok(Self {
            builder,
            targets: targets.collect(),
            transfer,
        })
    }

    /// A block of these columns without rows.
    pub(super) fn idle_block(&mut self) -> Result<EncodedBlock> {
        Ok(self.builder.take()?)
    }

    /// Types the whole file; ends early and without an error when nobody takes the blocks any more.
    pub(super) fn run(
        mut self,
        head: Head,
        mut chunks: mpsc::Receiver<Chunk>,
        blocks: &mpsc::Sender<EncodedBlock>,
    ) -> Result<()> {
        let field_count = head.field_count();
        let Head {
            mut records,
            first_batches,
        } = head;
        let mut first_batches = first_batches.into_iter();
        loop {
            let batch = match first_batches.next() {
                Some(batch) => batch,
                None => match next_batch(&mut records, &mut chunks)? {
                    Some(batch) => batch,
                    None => break,
                },
            };
            self.append(&batch, field_count, &records)?;
            self.transfer.counters().add_rows_parsed(batch.len());
            if self.builder.is_full() && blocks.blocking_send(self.builder.take()?).is_err() {
                return Ok(());
            }
            records.recycle(batch);
        }
        if !self.builder.is_empty() {
            // A receiver that has gone has its own error.
            drop(blocks.blocking_send(self.builder.take()?));
        }
        Ok(())
    }

    /// Types one batch; the error is the first in the file's order.
    fn append(&mut self, batch: &RecordBatch, field_count: usize, records: &Records) -> Result<()> {
        let misfit = match batch.field_count() {
            Some(count) if count == field_count => None,
            _ => batch
                .records()
                .position(|record| record.field_count() != field_count),
        };
        let mut row_limit = misfit.unwrap_or(batch.len());
        let mut first_bad: Option<(usize, usize, Reason)> = None;
        for (index, target) in self.targets.iter().enumerate() {
            let cells = batch
                .column(target.field)
                .take(row_limit)
                .map(|field| target.cell(field));
            let column = self.builder.column_mut(index);
            let column = column.ok_or(Error::Internal("a column is outside its block"))?;
            if let Err(bad) = column.append(cells) {
                first_bad = Some((bad.row, index, bad.reason));
                row_limit = bad.row;
            }
        }
        match (first_bad, misfit) {
            (Some((row, column, reason)), _) => Err(self.bad_cell(batch, row, column, reason)),
            (None, Some(row)) => Err(wrong_field_count(&batch.record(row), field_count, records)),
            (None, None) => Ok(()),
        }
    }

    fn bad_cell(&self, batch: &RecordBatch, row: usize, column: usize, reason: Reason) -> Error {
        let Some(Target { spec, field, .. }) = self.targets.get(column) else {
            return Error::Internal("a bad cell is outside its block");
        };
        let record = batch.record(row);
        Error::BadCell(Box::new(BadCell {
            position: record.position(),
            field: field + 1,
            column: spec.name.clone(),
            data_type: spec.data_type.to_string(),
            value: record
                .field(*field)
                .map(|field| excerpt(field.bytes))
                .unwrap_or_default(),
            reason,
        }))
    }
}

fn wrong_field_count(record: &Record<'_>, expected: usize, records: &Records) -> Error {
    Error::FieldCount {
        position: record.position(),
        fields: record.field_count(),
        expected,
        cut_off: records.is_cut_off(record),
    }
}

/// Waits for the next batch on this thread.
fn next_batch(
    records: &mut Records,
    chunks: &mut mpsc::Receiver<Chunk>,
) -> Result<Option<RecordBatch>> {
    loop {
        let batch = records.next()?;
        if batch.is_some() || records.has_ended() {
            return Ok(batch);
        }
        records.take(&chunks.blocking_recv().ok_or(Error::ClientGone)?);
    }
}
