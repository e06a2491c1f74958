//! The columns of one block, and when it is full.
//!
//! `transfer::upload` calls it; it must never send a block whose columns differ in length.

use super::super::ColumnSpec;
use super::super::error::{Error, Result};
use super::super::wire::{EncodedBlock, EncodedColumn};
use super::super::zone::Zones;
use super::column::ColumnBuilder;

/// When a block is full. It is asked after whole batches, so a block may be somewhat larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The rows from which on a block is full.
    pub max_rows: usize,
    /// The bytes of values from which on a block is full.
    pub max_bytes: usize,
}

/// The rows of a block at one time, to come back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What each column has saved, in the order of the columns.
    lengths: Vec<usize>,
}

/// Builds one block after the other from columns of cells.
///
/// After [`ColumnBuilder::append`] has failed the block holds part of a batch: call
/// [`BlockBuilder::rollback`] with a mark from before the batch.
#[derive(Debug)]
pub struct BlockBuilder {
    columns: Vec<ColumnBuilder>,
    limits: Limits,
}

impl BlockBuilder {
    /// Prepares the columns.
    ///
    /// # Errors
    ///
    /// [`Error::NoColumns`] and [`Error::UnknownZone`].
    pub fn new(specs: Vec<ColumnSpec>, zones: &Zones, limits: Limits) -> Result<Self> {
        if specs.is_empty() {
            return Err(Error::NoColumns);
        }
        let columns = specs
            .into_iter()
            .map(|spec| ColumnBuilder::new(&spec, &mut |name| zones.get(name)))
            .collect::<Result<_>>()?;
        Ok(Self { columns, limits })
    }

    /// Says anew when a block is full.
    pub const fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Returns a column to append to, counted from 0 in the order of the specs.
    pub fn column_mut(&mut self, index: usize) -> Option<&mut ColumnBuilder> {
        self.columns.get_mut(index)
    }

    /// Returns all columns in the order of the specs.
    pub fn columns_mut(&mut self) -> &mut [ColumnBuilder] {
        &mut self.columns
    }

    /// Returns the rows of the first column.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.columns.first().map_or(0, ColumnBuilder::row_count)
    }

    /// Returns the bytes of all values.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.columns.iter().map(ColumnBuilder::byte_count).sum()
    }

    /// Returns whether one of the limits is reached.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.row_count() >= self.limits.max_rows || self.byte_count() >= self.limits.max_bytes
    }

    /// Returns whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.row_count() == 0
    }

    /// Takes the rows out as a block; the builder is then empty and ready for the next one.
    ///
    /// # Errors
    ///
    /// [`Error::UnevenColumns`] when the columns do not have the same number of rows; nothing is taken.
    pub fn take(&mut self) -> Result<EncodedBlock> {
        let row_count = self.row_count();
        if let Some(uneven) = self
            .columns
            .iter()
            .find(|column| column.row_count() != row_count)
        {
            return Err(Error::UnevenColumns {
                column: uneven.name().to_owned(),
                actual: uneven.row_count(),
                expected: row_count,
            });
        }
        let columns: Vec<EncodedColumn> =
            self.columns.iter_mut().map(ColumnBuilder::take).collect();
        Ok(EncodedBlock::new(row_count, columns))
    }

    /// Remembers the rows that the columns have now; the work grows with the columns, not the rows.
    #[must_use]
    pub fn mark(&self) -> Mark {
        let mut lengths = Vec::with_capacity(self.columns.len() * 2);
        for column in &self.columns {
            column.save(&mut lengths);
        }
        Mark { lengths }
    }

    /// Throws the rows away that have been appended to any column since `mark` was made.
    ///
    /// The mark must be one of this builder, of a time since the last [`BlockBuilder::take`] or
    /// [`BlockBuilder::clear`]; it may be used more than once.
    pub fn rollback(&mut self, mark: &Mark) {
        let mut lengths = mark.lengths.iter().copied();
        for column in &mut self.columns {
            column.restore(&mut lengths);
        }
    }

    /// Throws all rows away.
    pub fn clear(&mut self) {
        for column in &mut self.columns {
            column.clear();
        }
    }
}
