//! The values of a column of Arrays, Maps or Tuples, kept as the columns that they are on the wire.
//!
//! [`super::ColumnBuilder`] appends to it; it must never keep part of a cell that did not fit.
//!
//! How this works: the type is laid out as a tree whose leaves are columns of scalars. Each cell is read
//! along that tree: brackets by [`Cursor`], scalars by the same parsers as those of whole columns.
//! The depth of the tree is limited by that of a [`DataType`], never by the text.

mod node;

use std::sync::Arc;

use super::BadCell;
use super::append::{NullRule, is_null};
use crate::column::Cell;
use crate::column::data_type::DataType;
use crate::column::error::Result;
use crate::column::parse::Reason;
use crate::column::parse::nested::{Cursor, Place, array_in_braces};
use crate::column::zone::Zone;
use node::Node;

/// Values of one container type.
#[derive(Debug)]
pub(super) struct Nested {
    root: Node,
    rule: NullRule,
    row_count: usize,
    /// Where the columns stood before the cell that is read.
    saved: Vec<usize>,
    /// Takes texts without their escapes.
    scratch: Vec<u8>,
}

impl Nested {
    /// Prepares for a type; `zone_of` finds the zone of a name, or that of the server.
    pub(super) fn new(
        data_type: &DataType,
        rule: NullRule,
        zone_of: &mut impl FnMut(Option<&str>) -> Result<Arc<Zone>>,
    ) -> Result<Self> {
        Ok(Self {
            root: Node::new(data_type, zone_of)?,
            rule,
            row_count: 0,
            saved: Vec::new(),
            scratch: Vec::new(),
        })
    }

    /// Takes the cells for values of JSON.
    pub(super) fn read_json(&mut self) {
        self.root.read_json();
    }

    /// Takes the nearest floats.
    pub(super) fn round(&mut self) {
        self.root.round();
    }

    pub(super) const fn row_count(&self) -> usize {
        self.row_count
    }

    pub(super) fn byte_count(&self) -> usize {
        self.root.byte_count()
    }

    /// Appends a value for each cell; see [`super::ColumnBuilder::append`].
    pub(super) fn append<'a>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
    ) -> Result<(), BadCell> {
        for (row, cell) in cells.enumerate() {
            self.push(cell).map_err(|reason| BadCell { row, reason })?;
            self.row_count += 1;
        }
        Ok(())
    }

    fn push(&mut self, cell: Cell<'_>) -> Result<(), Reason> {
        if is_null(cell) {
            if self.rule != NullRule::Default {
                return Err(Reason::NullNotAllowed);
            }
            self.root.push_default();
            return Ok(());
        }
        self.saved.clear();
        self.root.save(&mut self.saved);
        let bracketed;
        let bytes = match (&self.root, cell.bytes) {
            (Node::Array(..), [b'{', ..]) => {
                bracketed = array_in_braces(cell.bytes).ok_or(Reason::InvalidNested)?;
                &bracketed
            }
            (_, bytes) => bytes,
        };
        let mut text = Cursor::new(bytes, &mut self.scratch);
        let result = self.root.read(&mut text, Place::Element);
        let result = result.and_then(|()| text.finish());
        if result.is_err() {
            self.root.restore(&mut self.saved.iter().copied());
        }
        result
    }

    pub(super) fn save(&self, lengths: &mut Vec<usize>) {
        lengths.push(self.row_count);
        self.root.save(lengths);
    }

    pub(super) fn restore(&mut self, lengths: &mut impl Iterator<Item = usize>) {
        self.row_count = lengths.next().unwrap_or(0).min(self.row_count);
        self.root.restore(lengths);
    }

    /// Takes the values out as parts of a column, and makes room for as many again.
    pub(super) fn take(&mut self, parts: &mut Vec<Vec<u8>>) {
        self.row_count = 0;
        self.root.take(parts);
    }

    /// Throws the values away.
    pub(super) fn clear(&mut self) {
        self.row_count = 0;
        self.root.clear();
    }
}
