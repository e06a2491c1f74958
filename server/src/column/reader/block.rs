//! A block as it was read: columns of values that are still in wire form.
//!
//! [`super::Reader`] fills blocks, [`crate::column::format`] reads single values. It must never
//! panic on a row that does not exist.

use std::ops::Range;
use std::sync::Arc;

use super::varint::prefix_length;
use crate::column::DataType;

/// Rows of a query's result, column by column.
#[derive(Debug)]
pub struct Block {
    /// Rows, in every column. 0 is possible: such a block tells the columns.
    pub row_count: usize,
    /// The columns in the order of the query.
    pub columns: Vec<BlockColumn>,
}

/// One column of a [`Block`].
#[derive(Debug)]
pub struct BlockColumn {
    /// Its name.
    pub name: Arc<str>,
    /// Its type as the stream says: perhaps Nullable, never `LowCardinality` or `Other`, and
    /// `DateTime` without its zone.
    pub data_type: Arc<DataType>,
    /// One byte for each row, not 0 where the row is NULL; empty unless the type is Nullable.
    pub(super) nulls: Vec<u8>,
    /// The values one after the other, of strings with their lengths.
    pub(super) values: Vec<u8>,
    /// Of strings the place in `values` where each begins, and the end; else empty.
    pub(super) offsets: Vec<u32>,
}

impl BlockColumn {
    /// Returns whether the column holds what a column of a table or query with this type gives:
    /// the same type without `LowCardinality`, text for types that are not scalar, and `DateTime`
    /// for one with a zone, which the stream leaves out.
    #[must_use]
    pub fn carries(&self, described: &DataType) -> bool {
        let expected = match described {
            container if container.is_container() => DataType::String,
            described => described.wire_type(),
        };
        match (self.data_type.inner(), expected.inner()) {
            (DataType::DateTime(None), DataType::DateTime(_)) => {
                self.data_type.is_nullable() == expected.is_nullable()
            }
            _ => *self.data_type == expected,
        }
    }

    /// Returns whether any value may be NULL.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        self.data_type.is_nullable()
    }

    /// Returns whether the value of a row is NULL.
    #[inline]
    #[must_use]
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.get(row).is_some_and(|null| *null != 0)
    }

    /// Returns the bytes of a string; nothing for a row that does not exist.
    #[inline]
    #[must_use]
    pub fn string(&self, row: usize) -> &[u8] {
        let record = match self.offsets.get(row..).unwrap_or_default() {
            [start, end, ..] => self.values.get(*start as usize..*end as usize),
            _ => None,
        };
        let record = record.unwrap_or_default();
        record
            .get(prefix_length(record.len())..)
            .unwrap_or_default()
    }

    /// Returns the bytes of a value of fixed width; zeros for a row that does not exist.
    #[inline]
    #[must_use]
    pub fn fixed<const WIDTH: usize>(&self, row: usize) -> [u8; WIDTH] {
        let (values, _) = self.values.as_chunks::<WIDTH>();
        values.get(row).copied().unwrap_or([0; WIDTH])
    }

    /// Returns the bytes of the values of some rows; nothing if one of them does not exist.
    #[inline]
    #[must_use]
    pub fn fixed_rows<const WIDTH: usize>(&self, rows: Range<usize>) -> &[[u8; WIDTH]] {
        let (values, _) = self.values.as_chunks::<WIDTH>();
        values.get(rows).unwrap_or_default()
    }

    /// Returns the bytes of a value of a width known only at run time; nothing for a row that does
    /// not exist.
    #[inline]
    #[must_use]
    pub fn slice(&self, row: usize, width: usize) -> &[u8] {
        let start = row.saturating_mul(width);
        let end = start.saturating_add(width);
        self.values.get(start..end).unwrap_or_default()
    }

    /// Makes an empty column, in the memory of a column that is no longer needed.
    pub(super) fn reusing(spare: Option<Self>, name: Arc<str>, data_type: Arc<DataType>) -> Self {
        let (mut nulls, mut values, mut offsets) = spare.map_or_else(Default::default, |spare| {
            (spare.nulls, spare.values, spare.offsets)
        });
        nulls.clear();
        values.clear();
        offsets.clear();
        Self {
            name,
            data_type,
            nulls,
            values,
            offsets,
        }
    }
}
