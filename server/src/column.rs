//! Columns: cells of text become typed ClickHouse Native blocks on the way in, blocks become text on the way out.
//!
//! `transfer` drives it: [`builder::BlockBuilder`] for uploads, [`reader`] and [`mod@format`] for exports.
//! It is pure: it must never do I/O, wait, log, or know what a file format looks like.

pub mod data_type;
pub mod error;

pub mod calendar;
pub mod zone;

pub mod infer;
pub mod rules;

pub mod parse;

pub mod advice;

pub mod builder;
pub mod wire;

pub mod reader;

pub mod format;

pub use builder::{BadCell, BlockBuilder, ColumnBuilder, Limits, Mark};
pub use data_type::DataType;
pub use error::{Error, Result};
pub use parse::Reason;
pub use wire::EncodedBlock;

/// One field of a record: its bytes without the quotes around them, and whether there were quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// The bytes of the field, unescaped.
    pub bytes: &'a [u8],
    /// Whether the field stood in quotes. An empty field or `\N` is NULL only without them.
    pub quoted: bool,
}

impl<'a> Cell<'a> {
    /// Makes a cell that did not stand in quotes.
    #[must_use]
    pub const fn plain(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            quoted: false,
        }
    }

    /// Makes a cell that stood in quotes.
    #[must_use]
    pub const fn quoted(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            quoted: true,
        }
    }
}

/// One column of a table that cells are written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The name of the column, unquoted.
    pub name: String,
    /// The type of the column in the table.
    pub data_type: DataType,
    /// Whether the table has a DEFAULT expression for the column: a NULL then stands for the DEFAULT.
    /// Containers are the exception, see [`builder`].
    pub has_default: bool,
    /// Whether an unquoted empty cell or NULL becomes the default value of the type (0, an empty text,
    /// 1970-01-01, the first member of an Enum, an empty container) when the column is neither Nullable
    /// nor has a DEFAULT expression. Default: no, it is refused; but an empty text is a text.
    pub empty_as_default: bool,
    /// Whether the type was found in other rows of the file, which had no digits that begin with a zero: a number
    /// that does is then refused, because it may be a code. Default: no.
    pub is_inferred: bool,
}

impl ColumnSpec {
    /// Returns the type that a block has for this column: its own for a dictionary of texts, else that of
    /// [`DataType::wire_type`], and Nullable when there is a DEFAULT for NULL to stand for, unless it is a
    /// container.
    #[must_use]
    pub fn wire_type(&self) -> DataType {
        if self.has_dictionary() {
            return self.data_type.clone();
        }
        let wire_type = self.data_type.wire_type();
        if self.has_default && !wire_type.is_nullable() && !wire_type.is_container() {
            DataType::Nullable(Box::new(wire_type))
        } else {
            wire_type
        }
    }

    /// Returns whether a block has each text of this column once, and a number for each row: a
    /// LowCardinality of texts, unless NULL has to stand for a DEFAULT.
    pub(crate) fn has_dictionary(&self) -> bool {
        let DataType::LowCardinality(inner) = &self.data_type else {
            return false;
        };
        !self.has_default && matches!(inner.inner(), DataType::String)
    }
}
