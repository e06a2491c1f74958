//! Text of values, as ClickHouse writes them in CSV and TSV, without quotes or escapes.
//!
//! `transfer::export` makes a [`Formatter`], has it format some rows of a block at a time, and takes
//! them one by one with a [`CellSink`] that puts quotes and what else there is around. Must never know
//! a file format, and must never print a text that loads back as another value.
//!
//! # How this works
//!
//! Numbers, dates and the like need no quotes. They are written column by column, in one loop for
//! each type, so that the work on one value overlaps with that on the next. Columns of this kind that
//! stand side by side are written to the same lines, with delimiters in between, where the file allows
//! it: then the row takes all of them in one step. Text is handed over as it lies in the block.
//!
//! Where the forms differ from ClickHouse's: of two instants that a clock showed alike when it was
//! set back, the later one gets its offset (`2024-11-03 01:30:00-05:00`). ClickHouse prints both
//! without, and reads both as the earlier one; with the offset it reads the right one if
//! `date_time_input_format` is `best_effort`.

mod address;
mod digits;
mod float;
mod line;
mod lines;
mod plain;
mod text;
mod time;
mod wide;

use std::ops::Range;

use super::{DataType, Result, reader::BlockColumn, zone::Zones};
use lines::{Columns, Lines};
use plain::Plain;
use text::Text;

/// Takes the cells of a row, in the order of the columns.
pub trait CellSink {
    /// Takes a NULL.
    fn null(&mut self);

    /// Takes text that may hold anything, delimiters, quotes and line ends too, and may be empty.
    fn text(&mut self, bytes: &[u8]);

    /// Takes a number, date, time, UUID, address or Bool: `write` appends it to the buffer.
    ///
    /// It is made of ASCII letters, digits, space and `+-.:` and is never empty.
    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>));

    /// Takes `count` such cells and NULLs at once, joined as the [`Joint`] says that the formatter was
    /// given; without one it is never called.
    fn joined(&mut self, count: usize, write: impl FnOnce(&mut Vec<u8>));
}

/// How cells that need no quotes may stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joint {
    /// What stands between two cells.
    pub delimiter: u8,
    /// What stands for NULL.
    pub null: &'static [u8],
}

/// Turns the rows of blocks into text.
#[derive(Clone, Debug)]
pub struct Formatter {
    /// In the order of the columns.
    parts: Vec<Part>,
    joint: Option<Joint>,
}

/// One or more columns that are handed over in one step.
#[derive(Clone, Debug)]
enum Part {
    /// A column of text.
    Text(usize, Text),
    /// The columns from this one on, each with its form, and the lines that they are written to.
    Plain(usize, Vec<Plain>, Lines),
}

impl Formatter {
    /// Makes the formatter of all columns. `joint` says whether the sink takes several cells at once.
    ///
    /// The types must come from the table or from `DESCRIBE`, not from the block: a stream says
    /// `DateTime` where the column is `DateTime('Europe/Paris')`. Whether a block fits a described
    /// type, [`BlockColumn::carries`] tells.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownZone`](super::Error::UnknownZone).
    pub fn new(types: &[DataType], zones: &Zones, joint: Option<Joint>) -> Result<Self> {
        let mut parts = Vec::with_capacity(types.len());
        for (index, data_type) in types.iter().enumerate() {
            let Some(plain) = Plain::new(data_type, zones)? else {
                parts.push(Part::Text(index, Text::new(data_type)));
                continue;
            };
            match parts.last_mut() {
                Some(Part::Plain(_, forms, _)) if joint.is_some() => forms.push(plain),
                _ => parts.push(Part::Plain(index, vec![plain], Lines::default())),
            }
        }
        Ok(Self { parts, joint })
    }

    /// Formats some rows. There should be a hundred or so, so that their texts stay in the cache of the
    /// processor; each cell takes 48 bytes, of types of 256 bits 96.
    ///
    /// The columns must carry the types that the formatter was made for; if the first block of a
    /// [`Reader`](super::reader::Reader) does, all its blocks do. Of other types, or in a row that
    /// does not exist, the text is meaningless.
    pub fn format<'f>(&'f mut self, columns: &'f [BlockColumn], rows: Range<usize>) -> Rows<'f> {
        for part in &mut self.parts {
            if let Part::Plain(first, forms, lines) = part {
                let columns = columns.get(*first..).unwrap_or_default();
                let width = forms.iter().map(Plain::width).sum();
                let joint = self.joint.filter(|_| forms.len() > 1);
                let mut lines = Columns::new(lines, (rows.clone(), width), joint);
                for (form, column) in forms.iter_mut().zip(columns) {
                    form.write(lines.next(column));
                }
            }
        }
        Rows {
            parts: &self.parts,
            columns,
            first_row: rows.start,
        }
    }
}

/// Some rows, ready to be handed over.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'f> {
    parts: &'f [Part],
    columns: &'f [BlockColumn],
    first_row: usize,
}

impl Rows<'_> {
    /// Hands the cells of a row to the sink. `index` counts from the first of these rows; of one that
    /// is not among them the text is meaningless.
    #[inline]
    pub fn give<S: CellSink>(&self, index: usize, sink: &mut S) {
        let row = self.first_row + index;
        for part in self.parts {
            let (Part::Text(first, _) | Part::Plain(first, ..)) = part;
            let Some(column) = self.columns.get(*first) else {
                return;
            };
            match part {
                Part::Plain(_, forms, lines) if forms.len() > 1 => {
                    sink.joined(forms.len(), |out| lines.append(index, out));
                }
                _ if column.is_null(row) => sink.null(),
                Part::Plain(_, _, lines) => sink.plain(|out| lines.append(index, out)),
                Part::Text(_, text) => sink.text(text.of(column, row)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
