//! Where the rows of a block stand in the file, for tables that may refuse a row by itself.
//!
//! Part of `transfer::upload`: `typing` notes the places, `insert` asks when ClickHouse has refused one. They take
//! 8 bytes a row, of one block at a time, and only where a table has CHECK constraints.

use crate::{
    clickhouse::{self, sql::TableName},
    csv::{Position, RecordBatch},
    transfer::{Error, Violation},
};

/// The places of the rows of one block, in their order.
#[derive(Debug, Default)]
pub(super) struct RowPlaces {
    /// That of the first one, as line and record.
    first: (u64, u64),
    /// How far the others are from it.
    offsets: Vec<(u32, u32)>,
}

impl RowPlaces {
    /// Adds the records of a batch, but for those in `left_out`, which are in order.
    pub(super) fn add(&mut self, batch: &RecordBatch, left_out: impl Iterator<Item = usize>) {
        let mut left_out = left_out.peekable();
        for (row, record) in batch.records().enumerate() {
            if left_out.next_if_eq(&row).is_none() {
                let Position { line, record, .. } = record.position();
                if self.offsets.is_empty() {
                    self.first = (line, record);
                }
                let offset = |from: u64, to: u64| u32::try_from(to - from).unwrap_or(u32::MAX);
                self.offsets
                    .push((offset(self.first.0, line), offset(self.first.1, record)));
            }
        }
    }

    /// The line and the record of a row, counted from 1.
    fn of_row(&self, row: u64) -> Option<(u64, u64)> {
        let index = usize::try_from(row).ok()?.checked_sub(1)?;
        let (line, record) = *self.offsets.get(index)?;
        Some((
            self.first.0 + u64::from(line),
            self.first.1 + u64::from(record),
        ))
    }
}

/// Tables that rows are on their way to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    /// The one that the INSERT names.
    pub(super) table: &'a TableName,
    /// The one that the caller names.
    pub(super) target: &'a TableName,
}

impl Way<'_> {
    /// What an error says of the caller's table, if a constraint of it has refused a row.
    pub(super) fn explain(self, error: Error, places: Option<&RowPlaces>) -> Error {
        let Error::ClickHouse(clickhouse::Error::Exception(exception)) = &error else {
            return error;
        };
        let Some(said) = exception.violation() else {
            return error;
        };
        // Another table's, which a view writes to, counts other rows.
        let is_own = said.table == self.table.to_string();
        Error::Violation(Box::new(Violation {
            table: match is_own {
                true => self.target.to_string(),
                false => said.table.clone(),
            },
            place: places
                .filter(|_| is_own)
                .and_then(|places| places.of_row(said.row)),
            said,
        }))
    }
}
