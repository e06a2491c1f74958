//! What the cells of a table are worth, by their looks.
//!
//! `score` calls it for each way to write the sample. It must never look at more than a part of the
//! rows and columns.

use super::super::cell::{Family, Kind, has_mark, kind};
use super::super::cut::{Field, Mark, Table};
use super::{MAX_COLUMNS, MAX_ROWS, counted, ratio};

/// What the cells of the usual rows look like.
pub(super) struct Cells {
    /// The mean of what each cell is worth.
    pub(super) clean: f64,
    /// The mean share of the usual family of each column.
    pub(super) alike: f64,
    /// Columns of numbers, dates and addresses.
    pub(super) value_columns: usize,
    /// The share of columns without a single cell, or of one sign that parts fields.
    pub(super) void_columns: f64,
    /// The share of rows that are one date, address or the like.
    pub(super) value_lines: f64,
}

impl Cells {
    pub(super) fn of(table: &Table<'_>, mode: usize) -> Self {
        let mut columns = vec![Column::default(); mode.min(MAX_COLUMNS)];
        let (mut worth, mut count, mut stamps) = (0.0, 0_usize, 0);
        let rows = counted(table).filter(|row| row.width == mode);
        for (at, row) in rows.take(MAX_ROWS).enumerate() {
            for (column, field) in columns.iter_mut().zip(table.fields(row).iter()) {
                let text = table.text(field);
                let kind = kind(text);
                column.add(text, kind, at > 0);
                stamps += usize::from(at > 0 && is_stamp(text, kind));
                if !matches!(kind, Kind::Empty) {
                    worth += cell_worth(text, field, kind);
                    count += 1;
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of cells of a sample")]
        let clean = if count == 0 {
            0.0
        } else {
            worth / count as f64
        };
        let filled: Vec<&Column> = columns.iter().filter(|column| column.total() > 0).collect();
        let alike: f64 = filled.iter().map(|column| column.usual_share()).sum();
        #[expect(clippy::cast_precision_loss, reason = "at most `MAX_COLUMNS`")]
        let alike = if filled.is_empty() {
            0.5
        } else {
            alike / filled.len() as f64
        };
        let void = columns.iter().filter(|column| column.is_void()).count();
        Self {
            clean,
            alike,
            value_columns: columns
                .iter()
                .filter(|column| column.is_of_values())
                .count(),
            void_columns: ratio(void, columns.len()),
            value_lines: ratio(stamps, columns.first().map_or(0, Column::total)),
        }
    }
}

/// The cells of one column: how many of each family.
#[derive(Debug, Clone, Copy, Default)]
struct Column {
    families: [usize; 6],
    /// All cells that are not empty, the first row's too.
    cells: usize,
    /// The sign that the last cell is, and how many cells are the same as the one before them.
    sign: Option<u8>,
    repeated_signs: usize,
}

/// Signs that part fields, and are no value where they are all that a column has.
const SIGNS: &[u8] = b"#|;,~^&:";

impl Column {
    fn add(&mut self, text: &[u8], kind: Kind, is_body: bool) {
        self.cells += usize::from(kind != Kind::Empty);
        let sign = match text.trim_ascii() {
            [sign] if SIGNS.contains(sign) => Some(*sign),
            _ => None,
        };
        self.repeated_signs += usize::from(sign.is_some() && sign == self.sign);
        self.sign = sign;
        let slot = match kind.family() {
            Family::Nothing => return,
            Family::Number => 0,
            Family::Moment => 1,
            Family::Bool => 2,
            Family::Link => 3,
            Family::Code => 4,
            Family::Text => 5,
        };
        if is_body {
            self.families[slot] += 1;
        }
    }

    /// Whether it has no cell, or the same sign in all of several.
    const fn is_void(&self) -> bool {
        self.cells == 0 || self.repeated_signs > 0 && self.repeated_signs + 1 == self.cells
    }

    fn total(&self) -> usize {
        self.families.iter().sum()
    }

    fn usual_share(&self) -> f64 {
        ratio(
            self.families.iter().copied().max().unwrap_or(0),
            self.total(),
        )
    }

    fn is_of_values(&self) -> bool {
        let values: usize = self.families.iter().take(4).sum();
        self.total() > 0 && values * 10 >= self.total() * 8
    }
}

/// Whether a whole line is one date or address that symbols of its own part.
fn is_stamp(line: &[u8], kind: Kind) -> bool {
    match kind.family() {
        Family::Moment => true,
        Family::Link => !has_mark(line),
        _ => false,
    }
}

/// From 0 to 1: how much a cell looks like one value.
fn cell_worth(text: &[u8], field: &Field, kind: Kind) -> f64 {
    match field.mark {
        Mark::Quoted => return 0.97,
        Mark::Broken => return 0.1,
        Mark::Plain => {}
    }
    match kind {
        Kind::Url | Kind::Email => 1.0,
        _ if has_many_marks(text) => 0.3,
        Kind::Word => 0.9,
        Kind::Code => 0.85,
        Kind::Text => text_worth(text.trim_ascii()),
        _ => 1.0,
    }
}

/// Whether quotes stand around a symbol, as in `a";"b`, or one of them has no other.
fn has_loose_quotes(text: &[u8]) -> bool {
    b"\"`".iter().any(|quote| {
        let count = text.iter().filter(|byte| *byte == quote).count();
        let is_around = |part: &[u8]| matches!(part, [left, mark, right] if left == quote && right == quote && mark.is_ascii_punctuation());
        count % 2 == 1 || (count > 1 && text.windows(3).any(is_around))
    })
}

/// Whether a sign that hardly stands in a text stands there several times, as a delimiter does.
fn has_many_marks(text: &[u8]) -> bool {
    b"#~^".iter().any(|mark| {
        let count = text.iter().filter(|byte| *byte == mark).count();
        count > 1 && !text.windows(2).any(|pair| pair == [*mark, *mark])
    })
}

fn text_worth(text: &[u8]) -> f64 {
    if has_loose_quotes(text) {
        return 0.1;
    }
    let is_quote = |byte: Option<&u8>| byte.is_some_and(|byte| b"\"'`".contains(byte));
    if is_quote(text.first()) || text.last() == Some(&b'"') {
        return 0.1;
    }
    let is_part_of_number = |byte: &u8| byte.is_ascii_digit() || b" .,;:|-/".contains(byte);
    if text.iter().all(is_part_of_number) {
        return 0.3;
    }
    if text.len() <= 2 && text.iter().all(u8::is_ascii_punctuation) {
        return 0.1;
    }
    let mut worth: f64 = 0.75;
    for (at, byte) in text.iter().enumerate() {
        let is_spaced = text.get(at + 1) == Some(&b' ');
        let here = match (byte, is_spaced) {
            (b'\t', _) => 0.1,
            (b'|', _) => 0.2,
            (b',' | b';', false) => 0.35,
            (b',' | b';', true) => 0.6,
            (byte, _) if byte.is_ascii_control() => 0.2,
            _ => continue,
        };
        worth = worth.min(here);
    }
    worth
}
