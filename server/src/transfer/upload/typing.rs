//! Types the records of an upload: batches of records in, Native blocks out.
//!
//! Runs on a thread that may block. Batches end where the decoder says and blocks where the builder
//! is full, so block boundaries depend on the file and the spec alone, never on timing.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Chunk, head::Head, records::Records};
use crate::{
    column::EncodedBlock,
    csv::RecordBatch,
    journal::RejectedRow,
    transfer::{
        Error, Result, Transfer,
        profile::Columns,
        rejects::Rejects,
        typer::{Fault, Typer},
    },
};

/// What is known once the whole file is typed.
#[derive(Debug, Default)]
pub(super) struct Typed {
    /// The first rejected rows.
    pub(super) rejected: Vec<RejectedRow>,
    /// Lines after the end of the table.
    pub(super) ignored_lines: u64,
}

/// Types a file, and counts what it does.
#[derive(Debug)]
pub(super) struct Typing {
    pub(super) typer: Typer,
    pub(super) rejects: Rejects,
    pub(super) transfer: Arc<Transfer>,
    /// Which types were inferred, where the table is new.
    pub(super) inferred: Option<Columns>,
}

impl Typing {
    /// Types the whole file; ends early and without an error when nobody takes the blocks any more.
    pub(super) fn run(
        mut self,
        head: Head,
        mut chunks: mpsc::Receiver<Chunk>,
        blocks: &mpsc::Sender<EncodedBlock>,
    ) -> Result<Typed> {
        let mut records = head.records;
        let mut first_batches = head.first_batches.into_iter();
        let mut parsed = 0;
        loop {
            let batch = match first_batches.next() {
                Some(batch) => batch,
                None => match next_batch(&mut records, &mut chunks)? {
                    Some(batch) => batch,
                    None => break,
                },
            };
            let faults = self.typer.append(&batch)?;
            self.reject(&batch, faults, parsed, &records)?;
            parsed += batch.len() as u64;
            self.transfer.counters().add_rows_parsed(batch.len());
            if self.typer.is_full() && blocks.blocking_send(self.typer.take()?).is_err() {
                return Ok(Typed::default());
            }
            records.recycle(batch);
        }
        self.rejects.finish(parsed)?;
        if !self.typer.is_empty() {
            // A receiver that has gone has its own error.
            drop(blocks.blocking_send(self.typer.take()?));
        }
        Ok(Typed {
            rejected: self.rejects.close()?,
            ignored_lines: records.ignored_lines(),
        })
    }

    fn reject(
        &mut self,
        batch: &RecordBatch,
        mut faults: Vec<Fault>,
        parsed: u64,
        records: &Records,
    ) -> Result<()> {
        if faults.is_empty() {
            return Ok(());
        }
        self.transfer.counters().add_rows_rejected(faults.len());
        for Fault { row, error } in &mut faults {
            let record = batch.record(*row);
            match error {
                Error::FieldCount { cut_off, .. } => *cut_off = records.is_cut_off(&record),
                Error::BadCell(cell) => {
                    let field = cell.field.saturating_sub(1);
                    let inferred = self.inferred.as_ref();
                    cell.needed_type = inferred.and_then(|columns| {
                        columns.widened(field, record.field(field).unwrap_or_default())
                    });
                }
                _ => {}
            }
        }
        self.rejects.add(batch, faults, parsed)
    }
}

/// Looks at the whole file without a table: what are its columns?
pub(super) fn scan(
    mut head: Head,
    mut chunks: mpsc::Receiver<Chunk>,
    transfer: &Transfer,
) -> Result<(Head, u64)> {
    for batch in &head.first_batches {
        transfer.counters().add_rows_parsed(batch.len());
    }
    while let Some(batch) = next_batch(&mut head.records, &mut chunks)? {
        head.columns.observe(&batch);
        transfer.counters().add_rows_parsed(batch.len());
        head.records.recycle(batch);
    }
    let ignored_lines = head.records.ignored_lines();
    Ok((head, ignored_lines))
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
        chunks
            .blocking_recv()
            .ok_or(Error::ClientGone)?
            .give(records.text_mut());
    }
}
