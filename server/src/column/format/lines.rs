//! The texts of some rows, each in a place of its own, and the columns that are written to them.
//!
//! [`super::Formatter`] fills them column by column and takes them row by row. Must never hold more
//! rows than it was asked for.

use std::ops::Range;

use super::{Joint, line::Line};
use crate::column::reader::BlockColumn;

/// The bytes that are copied at once, which is quicker than a copy of just the text.
const USUAL: usize = 32;

/// The texts of some rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    places: Vec<u8>,
    /// The bytes of a place.
    width: usize,
    lengths: Vec<usize>,
}

impl Lines {
    /// Appends the text of a row.
    #[inline]
    pub(super) fn append(&self, index: usize, out: &mut Vec<u8>) {
        let length = self.lengths.get(index).copied().unwrap_or(0);
        let place = self.places.get(index * self.width..).unwrap_or_default();
        match place.first_chunk::<USUAL>() {
            Some(usual) if length <= USUAL => {
                let end = out.len() + length;
                out.extend_from_slice(usual);
                out.truncate(end);
            }
            _ => out.extend_from_slice(place.get(..length).unwrap_or_default()),
        }
    }
}

/// Lines that columns are written to, one after the other.
#[derive(Debug)]
pub(super) struct Columns<'l> {
    lines: &'l mut Lines,
    rows: Range<usize>,
    joint: Option<Joint>,
    is_first: bool,
}

impl<'l> Columns<'l> {
    /// Begins lines for some rows, with places of this width.
    pub(super) fn new(
        lines: &'l mut Lines,
        (rows, width): (Range<usize>, usize),
        joint: Option<Joint>,
    ) -> Self {
        let size = rows.len() * width;
        if lines.places.len() < size {
            lines.places.resize(size, 0);
        }
        lines.width = width;
        lines.lengths.clear();
        lines.lengths.resize(rows.len(), 0);
        Self {
            lines,
            rows,
            joint,
            is_first: true,
        }
    }

    /// The cells of the next column.
    pub(super) fn next<'c>(&'c mut self, column: &'c BlockColumn) -> Column<'c> {
        let is_first = std::mem::take(&mut self.is_first);
        Column {
            lines: self.lines,
            rows: self.rows.clone(),
            column,
            delimiter: self
                .joint
                .filter(|_| !is_first)
                .map(|joint| joint.delimiter),
            null: self
                .joint
                .filter(|_| column.is_nullable())
                .map(|joint| joint.null),
        }
    }
}

/// Cells of one column, to be written.
#[derive(Debug)]
pub(super) struct Column<'c> {
    lines: &'c mut Lines,
    rows: Range<usize>,
    column: &'c BlockColumn,
    delimiter: Option<u8>,
    /// What stands for NULL; none where there is none, or where it is seen later.
    null: Option<&'static [u8]>,
}

impl Column<'_> {
    /// Writes each value behind what its row has already.
    #[inline]
    pub(super) fn write<const BYTES: usize>(
        self,
        mut write: impl FnMut(&mut Line<'_>, [u8; BYTES]),
    ) {
        let Lines {
            places,
            width,
            lengths,
        } = self.lines;
        let values = self.column.fixed_rows::<BYTES>(self.rows.clone());
        let places = places.chunks_exact_mut(*width).zip(lengths);
        for ((value, row), (place, length)) in values.iter().zip(self.rows).zip(places) {
            let mut line = Line::new(place, *length);
            if let Some(delimiter) = self.delimiter {
                line.push(delimiter);
            }
            match self.null {
                Some(null) if self.column.is_null(row) => line.extend_from_slice(null),
                _ => write(&mut line, *value),
            }
            *length = line.len();
        }
    }
}
