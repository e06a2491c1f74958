//! Records that are not loaded: why, how many may be, and where they are kept.
//!
//! `transfer::typer` finds them, `transfer::upload` counts and keeps them, `rpc` shows them. It must
//! never hold more of them than [`MAX_SHOWN_ROWS`] in memory for longer than it takes to send them.

mod csv_file;
mod form;

use std::{cmp::Reverse, collections::BTreeMap, mem};

use uuid::Uuid;

use super::{
    BadCell, Error, RejectPolicy, Result, Transfers,
    error::MAX_VALUE_BYTES,
    live::FileForm,
    typer::{Fault, UNTERMINATED_QUOTE},
    upload::Unclosed,
};
use crate::{
    clickhouse::Rows,
    csv::{Position, Record, RecordBatch, Tally},
    journal::RejectedRow,
};

pub use csv_file::RejectsFile;

/// The rejected rows of an upload that its summary shows.
pub const MAX_SHOWN_ROWS: usize = 100;

/// The bytes of a rejected record that a summary shows.
pub const MAX_SHOWN_BYTES: usize = 4096;

/// The pairs of column and reason that are counted; further ones are not.
const MAX_FAULT_KINDS: usize = 1_000;

/// The bytes of rejected records that are sent to the journal together.
const PART_BYTES: usize = 1 << 20;

/// The rejected rows of an upload as they are read from the journal.
#[derive(Debug)]
pub struct RejectedRows {
    rows: Rows<RejectedRow>,
    form: Option<FileForm>,
}

impl RejectedRows {
    /// The next row, in the order of the file; none after the last.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn next(&mut self) -> Result<Option<RejectedRow>> {
        Ok(self.rows.next().await?)
    }

    /// A file for them; none when it is not known how the file of the upload was cut.
    #[must_use]
    pub fn file(&self) -> Option<RejectsFile> {
        let form = self.form.as_ref()?;
        Some(RejectsFile::new(form.clone()))
    }

    /// Takes how the file of the upload was cut, where that is not known.
    pub fn learn_form(&mut self, form: Option<FileForm>) {
        self.form = self.form.take().or(form);
    }
}

impl Transfers {
    /// Reads the rejected rows of an upload.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for an id that no transfer has, and those of ClickHouse.
    pub async fn rejected_rows(&self, id: Uuid) -> Result<RejectedRows> {
        let known = self.inner.registry.get(id).ok();
        if known.is_none() {
            self.find(id).await?;
        }
        Ok(RejectedRows {
            rows: self.inner.journal.rejected(id).await?,
            form: known.and_then(|transfer| transfer.file_form().cloned()),
        })
    }
}

/// How often each column was at fault for each reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    is_whole: bool,
    /// By column, empty for a record as a whole, and reason.
    counts: BTreeMap<(String, String), u64>,
}

impl FaultCounts {
    fn add(&mut self, row: &RejectedRow) {
        let more = row.more.iter();
        let more = more.map(|(column, _, _, reason)| (column, reason));
        for (column, reason) in [(&row.column, &row.reason)].into_iter().chain(more) {
            let key = (column.clone(), reason.clone());
            if self.counts.len() < MAX_FAULT_KINDS || self.counts.contains_key(&key) {
                *self.counts.entry(key).or_default() += 1;
            }
        }
    }

    /// Column, reason and how often, the most frequent first; nothing where some of them are not known.
    #[must_use]
    pub fn by_frequency(&self) -> Vec<(&str, &str, u64)> {
        if !self.is_whole {
            return Vec::new();
        }
        let counts = self.counts.iter();
        let counts =
            counts.map(|((column, reason), count)| (column.as_str(), reason.as_str(), *count));
        let mut counts: Vec<_> = counts.collect();
        counts.sort_by_key(|(_, _, count)| Reverse(*count));
        counts
    }
}

/// The rejected records of an upload so far, on the thread that finds them.
#[derive(Debug)]
pub(super) struct Rejects {
    /// The upload, and how often its file had been begun anew.
    upload: (Uuid, u32),
    policy: Option<RejectPolicy>,
    /// Rejected so far.
    count: u64,
    /// Their lines and bytes, but for those that were there before.
    tally: Tally,
    first: Option<Box<Error>>,
    faults: FaultCounts,
    shown: Vec<RejectedRow>,
    part: Vec<RejectedRow>,
    part_bytes: usize,
}

impl Rejects {
    /// Starts with as many as there were before. Without a policy there is no limit.
    pub(super) const fn new(upload: (Uuid, u32), policy: Option<RejectPolicy>, count: u64) -> Self {
        Self {
            upload,
            policy,
            count,
            tally: Tally { lines: 0, bytes: 0 },
            first: None,
            faults: FaultCounts {
                // Of those that were there before, it is not known here what was wrong.
                is_whole: count == 0,
                counts: BTreeMap::new(),
            },
            shown: Vec::new(),
            part: Vec::new(),
            part_bytes: 0,
        }
    }

    /// Takes the records at fault of a batch, in its order.
    ///
    /// # Errors
    ///
    /// They are more than the policy allows: the fault itself when it allows none.
    pub(super) fn add(
        &mut self,
        batch: &RecordBatch,
        faults: Vec<Fault>,
        parsed_before: u64,
    ) -> Result<()> {
        for fault in faults {
            let row = rejected_row(self.upload, batch, &fault);
            let tally = batch.record(fault.row).tally();
            let parsed = parsed_before + fault.row as u64 + 1;
            self.add_row(row, tally, fault.error, parsed)?;
        }
        Ok(())
    }

    /// Takes a last line that is no record, because a quote in it is never closed.
    ///
    /// # Errors
    ///
    /// As [`Rejects::add`].
    pub(super) fn add_unclosed(&mut self, unclosed: &Unclosed, parsed: u64) -> Result<()> {
        let Unclosed { error, line, tally } = unclosed;
        let position = error.position();
        let mut row = whole_row(self.upload, position, UNTERMINATED_QUOTE);
        let end = line.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r'));
        row.raw = line
            .get(..end.map_or(0, |end| end + 1))
            .unwrap_or(line)
            .to_vec();
        self.add_row(row, *tally, (*error).into(), parsed)
    }

    fn add_row(&mut self, row: RejectedRow, tally: Tally, error: Error, parsed: u64) -> Result<()> {
        self.count += 1;
        self.tally.lines += tally.lines;
        self.tally.bytes += tally.bytes;
        if self.shown.len() < MAX_SHOWN_ROWS {
            self.shown.push(shortened(&row));
        }
        self.faults.add(&row);
        self.part_bytes += row.raw.len() + row.value.len() * (1 + row.more.len());
        self.part.push(row);
        self.first.get_or_insert_with(|| Box::new(error));
        let is_too_many = |policy| self.count > row_limit(policy);
        if self.policy.is_some_and(is_too_many) {
            return Err(self.too_many(parsed));
        }
        Ok(())
    }

    /// Says that the file has ended.
    ///
    /// # Errors
    ///
    /// The share of rejected records is larger than the policy allows.
    pub(super) fn finish(&mut self, parsed: u64) -> Result<()> {
        let share = self.policy.and_then(|policy| policy.max_share);
        if self.count > 0 && share.is_some_and(|share| exceeds(self.count, parsed, share)) {
            return Err(self.too_many(parsed));
        }
        Ok(())
    }

    /// The first rows, for the summary.
    pub(super) fn shown(&self) -> &[RejectedRow] {
        &self.shown
    }

    /// The number of them.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Their lines and bytes in the file, but for those that were there before.
    pub(super) const fn tally(&self) -> Tally {
        self.tally
    }

    /// What was wrong with them.
    pub(super) const fn fault_counts(&self) -> &FaultCounts {
        &self.faults
    }

    /// The first rows, for the summary.
    pub(super) fn into_shown(self) -> Vec<RejectedRow> {
        self.shown
    }

    /// Whether enough rows wait for the journal.
    pub(super) const fn is_full(&self) -> bool {
        self.part_bytes >= PART_BYTES
    }

    /// Takes the rows that wait for the journal.
    pub(super) fn take(&mut self) -> Vec<RejectedRow> {
        self.part_bytes = 0;
        mem::take(&mut self.part)
    }

    fn too_many(&mut self, parsed: u64) -> Error {
        let Some(first) = self.first.take() else {
            return Error::Internal("no rejected record is too many");
        };
        match self.policy {
            Some(policy) if policy != RejectPolicy::default() => Error::TooManyRejects {
                rejected: self.count,
                parsed,
                limit: describe(policy),
                first,
            },
            _ => *first,
        }
    }
}

/// A row as a summary shows it.
pub(super) fn shortened(row: &RejectedRow) -> RejectedRow {
    let raw = row.raw.get(..MAX_SHOWN_BYTES).unwrap_or(&row.raw).to_vec();
    RejectedRow { raw, ..row.clone() }
}

/// The most rows that a policy allows, whatever the share of them is.
fn row_limit(policy: RejectPolicy) -> u64 {
    match policy {
        RejectPolicy {
            max_rows: Some(rows),
            ..
        } => rows,
        RejectPolicy {
            max_share: Some(_), ..
        } => u64::MAX,
        RejectPolicy {
            max_rows: None,
            max_share: None,
        } => 0,
    }
}

/// Whether `count` of `parsed` is a larger share than `share`.
#[expect(
    clippy::cast_precision_loss,
    reason = "a share need not be exact beyond 2^53 rows"
)]
fn exceeds(count: u64, parsed: u64, share: f64) -> bool {
    count as f64 / parsed as f64 > share
}

fn describe(policy: RejectPolicy) -> String {
    let rows = policy.max_rows.map(|rows| format!("{rows} rows"));
    let share = policy
        .max_share
        .map(|share| format!("{} %", (share * 1e8).round() / 1e6));
    [rows, share]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

/// A record that is at fault as a whole.
fn whole_row(
    (transfer_id, incarnation): (Uuid, u32),
    position: Position,
    reason: &str,
) -> RejectedRow {
    RejectedRow {
        transfer_id,
        incarnation,
        record: position.record,
        line: position.line,
        byte_offset: position.byte_offset,
        field: 0,
        column: String::new(),
        r#type: String::new(),
        value: Vec::new(),
        reason: reason.to_owned(),
        raw: Vec::new(),
        more: Vec::new(),
    }
}

fn rejected_row(upload: (Uuid, u32), batch: &RecordBatch, fault: &Fault) -> RejectedRow {
    let record = batch.record(fault.row);
    let mut row = whole_row(upload, record.position(), fault.reason());
    row.raw = record.raw().to_vec();
    if let Error::BadCell(cell) = &fault.error {
        row.field = u32::try_from(cell.field).unwrap_or(u32::MAX);
        row.column.clone_from(&cell.column);
        row.r#type.clone_from(&cell.data_type);
        row.value = value_of(&record, cell);
        let more = fault.more.iter().map(|cell| {
            let value = value_of(&record, cell).into();
            let (column, data_type) = (cell.column.clone(), cell.data_type.clone());
            (column, data_type, value, cell.reason.as_str().to_owned())
        });
        row.more = more.collect();
    }
    row
}

fn value_of(record: &Record<'_>, cell: &BadCell) -> Vec<u8> {
    let field = record.field(cell.field.saturating_sub(1));
    let value = field.unwrap_or_default().bytes;
    value.get(..MAX_VALUE_BYTES).unwrap_or(value).to_vec()
}
