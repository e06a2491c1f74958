//! The text of a sheet: one line for each of its rows.
//!
//! Used by the reading. It must never hold more than a row beside the piece that it makes.

use bytes::Bytes;

use super::{Area, Cells, Step, Value, archive::bad};
use crate::codec::Result;

/// The longest line: more than any table has.
const MAX_LINE_BYTES: usize = 64 << 20;

/// The text of the cells of an area.
#[derive(Debug)]
pub(super) struct Rows {
    cells: Box<dyn Cells>,
    area: Option<Area>,
    /// The row whose cells come.
    open: Line,
    /// The row that is written.
    ready: Option<Line>,
    /// The row that the next line stands for.
    next_row: u32,
    is_over: bool,
}

/// Some rows that are the same.
#[derive(Debug, Default)]
struct Line {
    row: u32,
    count: u32,
    text: Vec<u8>,
    /// How many fields it has so far.
    fields: u32,
}

impl Rows {
    pub(super) fn new(cells: Box<dyn Cells>, area: Option<Area>) -> Self {
        Self {
            cells,
            area,
            open: Line::default(),
            ready: None,
            next_row: 0,
            is_over: false,
        }
    }

    /// The next piece; none after the last.
    pub(super) fn next_piece(&mut self, byte_count: usize) -> Result<Option<Bytes>> {
        let Some(area) = self.area else {
            return Ok(None);
        };
        let mut piece = Vec::with_capacity(byte_count);
        while piece.len() < byte_count {
            match &mut self.ready {
                Some(line) => {
                    line.write(&mut self.next_row, &mut piece, byte_count);
                    if line.count == 0 {
                        self.ready = None;
                    }
                }
                None if self.is_over => break,
                None => self.take(area)?,
            }
        }
        Ok((!piece.is_empty()).then(|| Bytes::from(piece)))
    }

    /// Takes cells until a row is whole that has some.
    fn take(&mut self, area: Area) -> Result<()> {
        while self.ready.is_none() && !self.is_over {
            let next = match self.cells.next()? {
                Step::Row { row, count, .. } => Line::new(row, count, area),
                Step::End => {
                    self.is_over = true;
                    Line::default()
                }
                Step::Cell {
                    column,
                    count,
                    value,
                } => {
                    self.open.add(column, count, &value, area)?;
                    continue;
                }
                Step::HiddenColumns { .. } | Step::Merged(_) | Step::Other => continue,
            };
            let mut ended = std::mem::replace(&mut self.open, next);
            if ended.fields > 0 {
                ended.end(area);
                self.ready = Some(ended);
            }
        }
        Ok(())
    }
}

impl Line {
    /// What of so many rows lies in the area.
    fn new(row: u32, count: u32, area: Area) -> Self {
        let end = row.saturating_add(count).min(area.rows.1 + 1);
        let row = row.max(area.rows.0);
        Self {
            row,
            count: end.saturating_sub(row),
            ..Self::default()
        }
    }

    /// Adds equal cells.
    fn add(&mut self, column: u32, count: u32, value: &Value, area: Area) -> Result<()> {
        if self.count == 0 || matches!(value, Value::Blank | Value::Missing) {
            return Ok(());
        }
        let end = column.saturating_add(count).min(area.columns.1 + 1);
        for column in column.max(area.columns.0)..end {
            self.pad(column - area.columns.0 + 1);
            match value {
                Value::Plain(text) => self.text.extend_from_slice(text.as_bytes()),
                Value::Text(text) => self.quote(text.as_bytes()),
                Value::Fault(_) => self.text.extend_from_slice(b"\\N"),
                Value::Blank | Value::Missing => {}
            }
            if self.text.len() > MAX_LINE_BYTES {
                return Err(bad("sheet", "a row of it has more than 64 MiB of text"));
            }
        }
        Ok(())
    }

    /// Adds delimiters until it has so many fields.
    fn pad(&mut self, fields: u32) {
        let more = fields.saturating_sub(self.fields.max(1));
        self.text.resize(self.text.len() + more as usize, b',');
        self.fields = self.fields.max(fields);
    }

    fn quote(&mut self, text: &[u8]) {
        self.text.push(b'"');
        for (index, part) in text.split(|byte| *byte == b'"').enumerate() {
            if index > 0 {
                self.text.extend_from_slice(b"\"\"");
            }
            self.text.extend_from_slice(part);
        }
        self.text.push(b'"');
    }

    fn end(&mut self, area: Area) {
        self.pad(area.columns.1 - area.columns.0 + 1);
        self.text.push(b'\n');
    }

    /// Writes empty lines up to the row, and then the row as often as it is there, until the piece is full.
    fn write(&mut self, next_row: &mut u32, piece: &mut Vec<u8>, byte_count: usize) {
        while self.count > 0 && piece.len() < byte_count {
            if *next_row < self.row {
                piece.push(b'\n');
            } else {
                piece.extend_from_slice(&self.text);
                self.row += 1;
                self.count -= 1;
            }
            *next_row += 1;
        }
    }
}
