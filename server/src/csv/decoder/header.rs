//! The records at the start of a file that name its columns.
//!
//! Made by the decoder. It must never change a name beyond joining the parts of several records.

use super::super::{Position, Record};

/// The first record of a file, or the first ones, that name its columns.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Header {
    names: Vec<Vec<u8>>,
    raw: Vec<u8>,
    position: Position,
}

impl Header {
    /// The names in the order of the file, without quotes and escapes; not necessarily UTF-8.
    ///
    /// Where several records name the columns, the parts of a name are joined by a space, empty
    /// ones left out.
    pub fn names(&self) -> &[Vec<u8>] {
        &self.names
    }

    /// The bytes of the file that make up the header, without the last line end; several records
    /// are joined by LF.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Where the header begins; its `record` is 0.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// The header when its first record is known.
    pub(super) fn new(record: Record<'_>) -> Self {
        Self {
            names: record.fields().map(|field| field.bytes.to_vec()).collect(),
            raw: record.raw().to_vec(),
            position: Position {
                record: 0,
                ..record.position()
            },
        }
    }

    /// The header of a file that names its columns otherwise than by a record.
    pub(in super::super) fn of_names(names: &[String]) -> Self {
        Self {
            names: names.iter().map(|name| name.as_bytes().to_vec()).collect(),
            raw: names.join(",").into_bytes(),
            position: Position {
                record: 0,
                line: 1,
                byte_offset: 0,
            },
        }
    }

    /// Adds one more record to the names.
    pub(super) fn add(&mut self, record: Record<'_>) {
        self.raw.push(b'\n');
        self.raw.extend_from_slice(record.raw());
        if self.names.len() < record.field_count() {
            self.names.resize(record.field_count(), Vec::new());
        }
        for (name, field) in self.names.iter_mut().zip(record.fields()) {
            if !name.is_empty() && !field.bytes.is_empty() {
                name.push(b' ');
            }
            name.extend_from_slice(field.bytes);
        }
    }
}
