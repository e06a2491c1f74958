//! The records at the start of a file that name its columns.
//!
//! Made by the decoder. It must never change a name beyond joining the parts of several records.

use super::super::{Position, Record};

/// The first record of a file, or the first ones, that name its columns.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Header {
    /// The fields of each record.
    rows: Vec<Vec<Vec<u8>>>,
    names: Vec<Vec<u8>>,
    raw: Vec<u8>,
    position: Position,
    misquoted: Option<usize>,
}

impl Header {
    /// The names in the order of the file, without quotes and escapes; not necessarily UTF-8.
    ///
    /// Where several records name the columns, the parts of a name are joined by a space, empty
    /// ones left out. A name in an upper record is that of a group: it goes on over the empty fields behind it, as far
    /// as the records below have a part there.
    pub fn names(&self) -> &[Vec<u8>] {
        &self.names
    }

    /// The fields of each record that names the columns.
    pub fn rows(&self) -> &[Vec<Vec<u8>>] {
        &self.rows
    }

    /// The bytes of the file that make up the header, without the last line end; several records
    /// are joined by LF.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The index of the first field whose quotes have no certain reading.
    pub const fn misquoted_field(&self) -> Option<usize> {
        self.misquoted
    }

    /// Where the header begins; its `record` is 0.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// The header when its first record is known.
    pub(super) fn new(record: Record<'_>) -> Self {
        let row: Vec<_> = record.fields().map(|field| field.bytes.to_vec()).collect();
        Self {
            names: row.clone(),
            rows: vec![row],
            raw: record.raw().to_vec(),
            position: Position {
                record: 0,
                ..record.position()
            },
            misquoted: record.misquoted_field(),
        }
    }

    /// The header of a file that names its columns otherwise than by a record.
    pub(in super::super) fn of_names(names: &[String]) -> Self {
        let row: Vec<_> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self {
            names: row.clone(),
            rows: vec![row],
            raw: names.join(",").into_bytes(),
            position: Position {
                record: 0,
                line: 1,
                byte_offset: 0,
            },
            misquoted: None,
        }
    }

    /// Adds one more record to the names.
    pub(super) fn add(&mut self, record: Record<'_>) {
        self.raw.push(b'\n');
        self.raw.extend_from_slice(record.raw());
        let row = record.fields().map(|field| field.bytes.to_vec());
        self.rows.push(row.collect());
        self.names = joined(&self.rows);
        self.misquoted = self.misquoted.or_else(|| record.misquoted_field());
    }
}

/// Joins the parts of each name; those of groups go on to the right.
fn joined(rows: &[Vec<Vec<u8>>]) -> Vec<Vec<u8>> {
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    let part = |row: usize, at: usize| {
        rows.get(row)
            .and_then(|row| row.get(at))
            .map_or(&b""[..], Vec::as_slice)
    };
    let mut groups: Vec<&[u8]> = vec![b""; rows.len()];
    let mut names = Vec::with_capacity(width);
    for at in 0..width {
        let mut parts = Vec::with_capacity(rows.len());
        let mut begins_anew = false;
        for (row, group) in groups.iter_mut().enumerate() {
            let own = part(row, at);
            if begins_anew || !own.is_empty() {
                *group = own;
            }
            begins_anew |= !own.is_empty();
            let is_group = (row + 1..rows.len()).any(|below| !part(below, at).is_empty());
            parts.push(if is_group { *group } else { own });
        }
        parts.retain(|part| !part.is_empty());
        names.push(parts.join(&b' '));
    }
    names
}
