//! Types the records of an upload: batches of records in, Native blocks out.
//!
//! Runs on a thread that may block. Batches end where the decoder says and blocks where the builder
//! is full, so block boundaries depend on the file and the spec alone, never on timing.
//! An upload without memory waits, and its blocks stay what they are.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{runtime::Handle, sync::mpsc};

use super::{
    head::Head,
    insert::Item,
    job::FileAccount,
    places::RowPlaces,
    records::{Chunk, Place, Records, Unclosed},
};
use crate::{
    column::{EncodedBlock, Limits, Reason},
    csv::{Mark, Position, RecordBatch, Tally},
    journal::{Checkpoint, RejectedRow},
    memory::{BlockMemory, Share},
    metrics::Stage,
    transfer::{
        Error, Inner, Result, Transfer,
        profile::Columns,
        rejects::{FaultCounts, Rejects},
        typer::{Fault, Typer, UNTERMINATED_QUOTE},
    },
};

/// What is known once the whole file is typed.
#[derive(Debug, Default)]
pub(super) struct Typed {
    /// The first rejected rows.
    pub(super) rejected: Vec<RejectedRow>,
    /// What was wrong with rejected records, where all of the file was read here.
    pub(super) faults: FaultCounts,
    /// What every byte of the file is, where all of it was read here.
    pub(super) account: Option<FileAccount>,
    /// The fields that have come though the sample did not have them.
    pub(super) met: Vec<usize>,
}

/// Types a file, and counts what it does.
#[derive(Debug)]
pub(super) struct Typing {
    pub(super) typer: Typer,
    pub(super) rejects: Rejects,
    pub(super) transfer: Arc<Transfer>,
    pub(super) memory: UploadMemory,
    /// Which types were inferred, where the table is new.
    pub(super) inferred: Option<Columns>,
    /// Whether the file can be read from the middle.
    pub(super) can_seek: bool,
    /// Where the rows of the block stand, where the table may refuse one.
    pub(super) places: Option<RowPlaces>,
    /// When a block is full, by its number.
    pub(super) sizes: Sizes,
    /// Where the typing is: what holds once the last block is in ClickHouse.
    pub(super) last: Checkpoint,
}

/// When the blocks of an upload are full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// The first one is small, so that ClickHouse has something to write soon.
    pub(super) first: Limits,
    pub(super) full: Limits,
}

impl Sizes {
    pub(super) const fn new(full: Limits) -> Self {
        let Limits {
            max_rows,
            max_bytes,
        } = full;
        Self {
            first: Limits {
                max_rows,
                max_bytes: max_bytes / 4,
            },
            full,
        }
    }

    /// The limits of a block, counted from 1.
    const fn of(self, number: u64) -> Limits {
        if number == 1 { self.first } else { self.full }
    }
}

impl From<Checkpoint> for Place {
    fn from(checkpoint: Checkpoint) -> Self {
        Self {
            mark: Mark {
                position: Position {
                    record: checkpoint.record,
                    line: checkpoint.line,
                    byte_offset: checkpoint.text_offset,
                },
                after_return: checkpoint.after_return,
            },
            crc32c: checkpoint.crc32c,
        }
    }
}

impl Typing {
    /// Types the whole file; ends early and without an error when nobody takes the blocks any more.
    pub(super) fn run(
        mut self,
        head: Head,
        mut chunks: mpsc::Receiver<Chunk>,
        items: &mpsc::Sender<Item>,
    ) -> Result<Typed> {
        let mut records = head.records;
        let mut first_batches = head.first_batches.into_iter();
        self.typer.set_limits(self.sizes.of(self.last.block + 1));
        // Where the last batch that was typed ended: the first ones were read ahead.
        let mut place = records.place();
        loop {
            let batch = match first_batches.next() {
                Some((batch, end)) => {
                    place = end;
                    batch
                }
                None => match next_batch(&mut records, &mut chunks, &self.transfer)? {
                    Some(batch) => {
                        place = records.place();
                        batch
                    }
                    None => break,
                },
            };
            if !self.memory.cover(self.typer.byte_count(), items) {
                return Ok(Typed::default());
            }
            let counters = self.transfer.counters();
            let faults = counters.time(Stage::Type, || self.typer.append(&batch))?;
            if let Some(places) = &mut self.places {
                places.add(&batch, faults.iter().map(|fault| fault.row));
            }
            if !self.reject(&batch, faults, &records, items)? {
                return Ok(Typed::default());
            }
            self.last.rows_parsed += batch.len() as u64;
            self.transfer.counters().add_rows_parsed(batch.len());
            if self.typer.is_full() && !self.hand_on(place, items)? {
                return Ok(Typed::default());
            }
            records.recycle(batch);
        }
        if let Some(unclosed) = records.take_unclosed()
            && !self.reject_unclosed(&unclosed, items)?
        {
            return Ok(Typed::default());
        }
        self.rejects.finish(self.last.rows_parsed)?;
        if !self.typer.is_empty() && !self.hand_on(place, items)? {
            return Ok(Typed::default());
        }
        // A receiver that has gone has its own error.
        drop(items.blocking_send(Item::Rejected(self.rejects.take())));
        Ok(Typed {
            account: records.account()?.map(|account| FileAccount {
                account: account.clone(),
                rejected: self.rejects.tally(),
            }),
            faults: self.rejects.fault_counts().clone(),
            rejected: self.rejects.into_shown(),
            met: [head.met, records.met()].concat(),
        })
    }

    /// Hands the block on, after the rows that were rejected before its end; false when nobody takes
    /// it any more.
    fn hand_on(&mut self, place: Place, items: &mpsc::Sender<Item>) -> Result<bool> {
        let rejected = self.rejects.take();
        if !rejected.is_empty() && items.blocking_send(Item::Rejected(rejected)).is_err() {
            return Ok(false);
        }
        let counters = self.transfer.counters();
        let block = counters.time(Stage::Type, || self.typer.take())?;
        let block = self.memory.go_with(block);
        self.typer.set_limits(self.sizes.of(self.last.block + 2));
        let Place { mark, crc32c } = place;
        let Position {
            record,
            line,
            byte_offset,
        } = mark.position;
        self.last = Checkpoint {
            block: self.last.block + 1,
            block_rows: block.row_count as u64,
            block_crc32c: block.crc32c(),
            text_offset: byte_offset,
            file_offset: if self.can_seek { byte_offset } else { 0 },
            line,
            record,
            after_return: mark.after_return,
            crc32c,
            rows_staged: self.last.rows_staged + block.row_count as u64,
            rows_rejected: self.rejects.count(),
            ..self.last
        };
        // The second item waits until the first one is taken: no block is begun beside one that waits.
        let places = self.places.as_mut().map(std::mem::take).unwrap_or_default();
        let items_of_block = [
            Item::Block(block, self.last, places),
            Item::Rejected(Vec::new()),
        ];
        Ok(items_of_block
            .into_iter()
            .all(|item| items.blocking_send(item).is_ok()))
    }

    /// Counts the records at fault of a batch.
    fn count(&self, faults: &[Fault]) {
        // Those of a batch have few reasons, and most often one.
        let mut reasons: Vec<(&'static str, usize)> = Vec::new();
        for reason in faults.iter().map(Fault::reason) {
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, count)) => *count += 1,
                None => reasons.push((reason, 1)),
            }
        }
        for (reason, count) in reasons {
            self.transfer.counters().add_rows_rejected(reason, count);
        }
    }

    /// Takes the records at fault of a batch; false when nobody takes them any more.
    fn reject(
        &mut self,
        batch: &RecordBatch,
        mut faults: Vec<Fault>,
        records: &Records,
        items: &mpsc::Sender<Item>,
    ) -> Result<bool> {
        if faults.is_empty() {
            return Ok(true);
        }
        self.count(&faults);
        for Fault { row, error, .. } in &mut faults {
            let record = batch.record(*row);
            match error {
                Error::FieldCount { cut_off, .. } => *cut_off = records.is_cut_off(&record),
                // No type holds what is no text.
                Error::BadCell(cell) if cell.reason == Reason::InvalidUtf8 => {}
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
        let added = self.rejects.add(batch, faults, self.last.rows_parsed);
        if added.is_err() || self.rejects.is_full() {
            let is_taken = items
                .blocking_send(Item::Rejected(self.rejects.take()))
                .is_ok();
            return added.map(|()| is_taken);
        }
        Ok(true)
    }
}

impl Typing {
    /// Takes the last line for a record at fault; false when nobody takes what is rejected any more.
    fn reject_unclosed(&mut self, unclosed: &Unclosed, items: &mpsc::Sender<Item>) -> Result<bool> {
        let counters = self.transfer.counters();
        counters.add_rows_parsed(1);
        counters.add_rows_rejected(UNTERMINATED_QUOTE, 1);
        self.last.rows_parsed += 1;
        let added = self.rejects.add_unclosed(unclosed, self.last.rows_parsed);
        let is_taken = items
            .blocking_send(Item::Rejected(self.rejects.take()))
            .is_ok();
        added.map(|()| is_taken)
    }
}

/// Looks at the whole file without a table: what are its columns?
pub(super) fn scan(
    mut head: Head,
    mut chunks: mpsc::Receiver<Chunk>,
    transfer: &Transfer,
) -> Result<(Head, FileAccount)> {
    head.learn_first()?;
    for (batch, _) in &head.first_batches {
        transfer.counters().add_rows_parsed(batch.len());
    }
    while let Some(batch) = next_batch(&mut head.records, &mut chunks, transfer)? {
        let batch = head.learn(batch)?;
        head.columns.observe(&batch);
        transfer.counters().add_rows_parsed(batch.len());
        head.records.recycle(batch);
    }
    head.records.check_closed()?;
    let account = head.records.account()?.cloned().unwrap_or_default();
    let rejected = Tally::default();
    Ok((head, FileAccount { account, rejected }))
}

/// Waits for the next batch on this thread.
fn next_batch(
    records: &mut Records,
    chunks: &mut mpsc::Receiver<Chunk>,
    transfer: &Transfer,
) -> Result<Option<RecordBatch>> {
    let counters = transfer.counters();
    loop {
        let batch = counters.time(Stage::Type, || records.next())?;
        if batch.is_some() || records.has_ended() {
            return Ok(batch);
        }
        counters
            .time(Stage::Receive, || chunks.blocking_recv())
            .ok_or(Error::ClientGone)?
            .give(records.text_mut());
    }
}

/// The memory of the block that is made.
#[derive(Debug)]
pub(super) struct UploadMemory {
    block: BlockMemory,
    batch_bytes: usize,
    runtime: Handle,
}

/// Bytes of a block, and the memory that they stand in.
struct Held {
    bytes: Bytes,
    #[expect(dead_code, reason = "goes when the bytes go")]
    shares: Arc<Vec<Share>>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl UploadMemory {
    pub(super) fn new(inner: &Inner) -> Self {
        Self {
            block: inner.block_memory(),
            batch_bytes: inner.config.batch_bytes,
            runtime: Handle::current(),
        }
    }

    /// Waits on this thread until the block, of so many bytes now, may take one more batch; false when
    /// nobody takes it any more.
    pub(super) fn cover(&mut self, block_bytes: usize, items: &mpsc::Sender<Item>) -> bool {
        let covered = self.block.cover(block_bytes + self.batch_bytes);
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = covered => true,
                () = items.closed() => false,
            }
        })
    }

    /// Has the memory of the block go when the last of its bytes does; the next one begins.
    pub(super) fn go_with(&mut self, block: EncodedBlock) -> EncodedBlock {
        let shares = self.block.take();
        if shares.is_empty() {
            return block;
        }
        let shares = Arc::new(shares);
        let held = |bytes| {
            let shares = Arc::clone(&shares);
            Bytes::from_owner(Held { bytes, shares })
        };
        EncodedBlock {
            chunks: block.chunks.into_iter().map(held).collect(),
            ..block
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, Sizes};

    #[test]
    fn the_first_block_is_small() {
        let limits = |max_bytes| Limits {
            max_rows: 7,
            max_bytes,
        };
        let sizes = Sizes::new(limits(800));
        assert_eq!(sizes.of(1), limits(200));
        assert_eq!(sizes.of(2), limits(800));
        assert_eq!(sizes.of(3), limits(800));
    }
}
