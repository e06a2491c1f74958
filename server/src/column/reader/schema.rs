//! The columns of a stream: declared by its first block, the same in every later one.
//!
//! [`super::Reader`] asks for each column of each block; it must never let a type through whose
//! values cannot be told apart.

use std::sync::Arc;

use super::error::{Error, Result};
use crate::column::DataType;

/// Most bytes of a type that is not an Enum.
const MAX_TYPE_BYTES: usize = 4096;

/// Most bytes of a name or type that an error shows.
const EXCERPT_BYTES: usize = 256;

/// What is known of the columns so far.
#[derive(Debug, Default)]
pub(super) struct Schema {
    columns: Vec<ColumnSchema>,
    is_complete: bool,
}

/// A column as the first block declared it.
#[derive(Debug)]
struct ColumnSchema {
    name: Arc<str>,
    type_text: Box<[u8]>,
    data_type: Arc<DataType>,
}

impl Schema {
    /// Says that a block with columns is over.
    pub(super) fn complete(&mut self) {
        self.is_complete = true;
    }

    /// Checks the number of columns of a block that has any.
    pub(super) fn check_count(&self, column_count: u64) -> Result<()> {
        let expected = self.columns.len();
        if !self.is_complete || column_count == expected as u64 {
            return Ok(());
        }
        Err(Error::SchemaChanged {
            expected: format!("{expected} columns"),
            found: format!("{column_count} columns"),
        })
    }

    /// Returns the name and type of the column at `index`, which the stream declares like this.
    pub(super) fn column(
        &mut self,
        index: usize,
        name: &[u8],
        type_text: &[u8],
    ) -> Result<(Arc<str>, Arc<DataType>)> {
        if !self.is_complete {
            self.columns.push(ColumnSchema::declare(name, type_text)?);
        }
        match self.columns.get(index) {
            Some(known) if known.name.as_bytes() == name && *known.type_text == *type_text => {
                Ok((Arc::clone(&known.name), Arc::clone(&known.data_type)))
            }
            known => Err(Error::SchemaChanged {
                expected: known.map_or_else(String::new, |known| {
                    describe(known.name.as_bytes(), &known.type_text)
                }),
                found: describe(name, type_text),
            }),
        }
    }
}

impl ColumnSchema {
    fn declare(name: &[u8], type_text: &[u8]) -> Result<Self> {
        let Ok(name_text) = str::from_utf8(name) else {
            return Err(Error::InvalidName {
                column: excerpt(name),
            });
        };
        let data_type = str::from_utf8(type_text)
            .ok()
            .filter(|_| !is_overlong(type_text))
            .and_then(|text| DataType::parse(text).ok())
            .filter(is_readable)
            .ok_or_else(|| Error::UnexpectedType {
                column: excerpt(name),
                data_type: excerpt(type_text),
            })?;
        Ok(Self {
            name: name_text.into(),
            type_text: type_text.into(),
            data_type: Arc::new(data_type),
        })
    }
}

/// Whether a type is so long that a parser that recurses into it could go too deep. Only an Enum
/// is ever long, and its members do not nest.
fn is_overlong(type_text: &[u8]) -> bool {
    let inner = type_text.strip_prefix(b"Nullable(").unwrap_or(type_text);
    type_text.len() > MAX_TYPE_BYTES && !inner.starts_with(b"Enum")
}

/// Whether values of a type can be told apart in a block.
fn is_readable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Nullable(inner) => !inner.is_nullable() && is_readable(inner),
        DataType::LowCardinality(_)
        | DataType::Array(_)
        | DataType::Map(..)
        | DataType::Tuple(_)
        | DataType::Json(_)
        | DataType::Other(_) => false,
        data_type => data_type.fixed_width() != Some(0),
    }
}

fn describe(name: &[u8], type_text: &[u8]) -> String {
    format!("`{}` {}", excerpt(name), excerpt(type_text))
}

fn excerpt(bytes: &[u8]) -> String {
    let shown = bytes.get(..EXCERPT_BYTES).unwrap_or(bytes);
    String::from_utf8_lossy(shown).into_owned()
}
