//! The values of one column.
//!
//! [`super::block`] makes it, `transfer::upload` appends to it; it must never keep part of a cell that
//! did not fit.

mod append;
mod dictionary;
mod document;
mod kind;
mod nested;
mod scalar;

use std::sync::Arc;

use bytes::Bytes;

use super::super::data_type::DataType;
use super::super::error::Result;
use super::super::parse::Reason;
use super::super::wire::{EncodedColumn, column_header};
use super::super::zone::Zone;
use super::super::{Cell, ColumnSpec};
use append::NullRule;
use dictionary::Dictionary;
use nested::Nested;
use scalar::Scalar;

/// A cell that does not fit its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCell {
    /// The place of the cell among those that were given to the call, from 0.
    pub row: usize,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Collects the values of one column of a block.
#[derive(Debug)]
pub struct ColumnBuilder {
    name: String,
    header: Bytes,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Dictionary(Dictionary),
    Scalar(Scalar),
    Nested(Nested),
}

impl ColumnBuilder {
    /// Prepares a column; `zone_of` finds the zone of a name, or that of the server.
    pub(super) fn new(
        spec: &ColumnSpec,
        zone_of: &mut impl FnMut(Option<&str>) -> Result<Arc<Zone>>,
    ) -> Result<Self> {
        let rule = null_rule(spec);
        let content = if spec.data_type.is_container() {
            Content::Nested(Nested::new(&spec.data_type, rule, zone_of)?)
        } else if spec.has_dictionary() {
            Content::Dictionary(Dictionary::new(rule))
        } else {
            let scalar = Scalar::new(&spec.data_type, rule, zone_of)?;
            Content::Scalar(scalar.refusing_zeros(spec.is_inferred))
        };
        Ok(Self {
            name: spec.name.clone(),
            header: column_header(&spec.name, &spec.wire_type().to_string()),
            content,
        })
    }

    /// Takes the cells for values of JSON, which has types of its own: a truth value without quotes is 1 or 0 where
    /// whole numbers are, and what is no string is the text that it is written as where texts are.
    pub fn read_json(&mut self) {
        match &mut self.content {
            Content::Scalar(scalar) => scalar.read_truths(),
            Content::Nested(nested) => nested.read_json(),
            Content::Dictionary(_) => {}
        }
    }

    /// Takes texts that are not UTF-8 as they are; those inside of Arrays, Maps and Tuples, and JSON, are refused
    /// even so.
    pub const fn keep_bytes(&mut self) {
        match &mut self.content {
            Content::Scalar(scalar) => scalar.keep_bytes(),
            Content::Dictionary(dictionary) => dictionary.keep_bytes(),
            Content::Nested(_) => {}
        }
    }

    /// Takes the nearest float, also where it is another integer than the text says.
    pub fn round(&mut self) {
        match &mut self.content {
            Content::Scalar(scalar) => scalar.round(),
            Content::Nested(nested) => nested.round(),
            Content::Dictionary(_) => {}
        }
    }

    /// Returns the name of the column.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the rows so far.
    #[must_use]
    pub fn row_count(&self) -> usize {
        match &self.content {
            Content::Dictionary(dictionary) => dictionary.row_count(),
            Content::Scalar(scalar) => scalar.row_count(),
            Content::Nested(nested) => nested.row_count(),
        }
    }

    /// Returns the bytes of the values so far.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        match &self.content {
            Content::Dictionary(dictionary) => dictionary.byte_count(),
            Content::Scalar(scalar) => scalar.byte_count(),
            Content::Nested(nested) => nested.byte_count(),
        }
    }

    /// Appends a value for each cell, up to the first one that does not fit.
    ///
    /// # Errors
    ///
    /// The first cell that does not fit. The cells before it have been appended, of the cell itself
    /// nothing, and no cell behind it has been taken from the iterator: who gives the iterator by
    /// `&mut` finds all bad cells by appending on, and the column then has the rows of the good ones.
    /// [`super::BlockBuilder::rollback`] throws them away.
    pub fn append<'a>(&mut self, cells: impl Iterator<Item = Cell<'a>>) -> Result<(), BadCell> {
        match &mut self.content {
            Content::Dictionary(dictionary) => dictionary.append(cells),
            Content::Scalar(scalar) => scalar.append(cells),
            Content::Nested(nested) => nested.append(cells),
        }
    }

    /// Appends what [`ColumnBuilder::restore`] needs to come back to these rows.
    pub(super) fn save(&self, lengths: &mut Vec<usize>) {
        match &self.content {
            Content::Dictionary(dictionary) => dictionary.save(lengths),
            Content::Scalar(scalar) => scalar.save(lengths),
            Content::Nested(nested) => nested.save(lengths),
        }
    }

    /// Throws the rows away that have been appended since [`ColumnBuilder::save`].
    pub(super) fn restore(&mut self, lengths: &mut impl Iterator<Item = usize>) {
        match &mut self.content {
            Content::Dictionary(dictionary) => dictionary.restore(lengths),
            Content::Scalar(scalar) => scalar.restore(lengths),
            Content::Nested(nested) => nested.restore(lengths),
        }
    }

    /// Takes the values out, and makes room for as many again.
    pub(super) fn take(&mut self) -> EncodedColumn {
        let mut parts = Vec::with_capacity(2);
        match &mut self.content {
            Content::Dictionary(dictionary) => dictionary.take(&mut parts),
            Content::Scalar(scalar) => scalar.take(&mut parts),
            Content::Nested(nested) => nested.take(&mut parts),
        }
        EncodedColumn {
            header: self.header.clone(),
            parts,
        }
    }

    /// Throws the values away.
    pub(super) fn clear(&mut self) {
        match &mut self.content {
            Content::Dictionary(dictionary) => dictionary.clear(),
            Content::Scalar(scalar) => scalar.clear(),
            Content::Nested(nested) => nested.clear(),
        }
    }
}

/// Returns what an unquoted empty field and an unquoted `\N` are in a column.
fn null_rule(spec: &ColumnSpec) -> NullRule {
    match spec.data_type.inner() {
        _ if spec.wire_type().is_nullable() => NullRule::Null,
        // A DEFAULT that cannot be sent must not become something else.
        _ if spec.has_default => NullRule::Refuse,
        // Only the database knows the default value, and no text stands for it.
        DataType::Other(_) => NullRule::Refuse,
        _ if spec.empty_as_default => NullRule::Default,
        DataType::String | DataType::FixedString(_) => NullRule::EmptyText,
        _ => NullRule::Refuse,
    }
}

/// Room for as many values as a block had, and some more: one that does not fit would double it.
const fn with_room(length: usize) -> usize {
    length + length / 8
}
