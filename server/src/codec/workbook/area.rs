//! Rectangles of cells, and the names that offices give them.
//!
//! Used by everything here, and by callers that choose a range.

use std::{fmt, str::FromStr};

use super::{MAX_COLUMNS, MAX_ROWS};

/// A rectangle of cells: rows and columns from 0, the last ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// First and last row.
    pub rows: (u32, u32),
    /// First and last column.
    pub columns: (u32, u32),
}

impl Area {
    /// The smallest area with both.
    pub(super) fn with(self, other: Self) -> Self {
        let join = |one: (u32, u32), other: (u32, u32)| (one.0.min(other.0), one.1.max(other.1));
        Self {
            rows: join(self.rows, other.rows),
            columns: join(self.columns, other.columns),
        }
    }
}

/// What is no range of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no range of cells such as A1:F200, A:F or 3:200")]
pub struct NoArea;

impl FromStr for Area {
    type Err = NoArea;

    /// Reads `A1:F200`, `A:F` for whole columns, `3:200` for whole rows, and `B2` for one cell.
    fn from_str(text: &str) -> Result<Self, NoArea> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        let (first, last) = (corner(first)?, corner(last)?);
        let pair = |first: Option<u32>, last: Option<u32>, count: u32| match (first, last) {
            (Some(first), Some(last)) if first <= last => Ok((first, last)),
            (None, None) => Ok((0, count - 1)),
            _ => Err(NoArea),
        };
        Ok(Self {
            columns: pair(first.0, last.0, MAX_COLUMNS)?,
            rows: pair(first.1, last.1, MAX_ROWS)?,
        })
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = cell_name(self.rows.0, self.columns.0);
        write!(f, "{first}:{}", cell_name(self.rows.1, self.columns.1))
    }
}

/// Column and row of the name of a cell, of which one may be missing. `$` says nothing here.
fn corner(text: &str) -> Result<(Option<u32>, Option<u32>), NoArea> {
    let text = text.trim().replace('$', "");
    let digits = text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let letters = text.strip_suffix(digits).unwrap_or_default();
    let column = match letters {
        "" => None,
        _ => Some(column_number(letters.as_bytes()).ok_or(NoArea)?),
    };
    let row = if digits.is_empty() {
        None
    } else {
        let row = digits.parse::<u32>().map_err(|_| NoArea)?;
        let row = row.checked_sub(1).filter(|row| *row < MAX_ROWS);
        Some(row.ok_or(NoArea)?)
    };
    if column.is_none() && row.is_none() {
        return Err(NoArea);
    }
    Ok((column, row))
}

/// The number of a column, from 0.
fn column_number(letters: &[u8]) -> Option<u32> {
    let mut number = 0_u32;
    for letter in letters {
        let digit = u32::from(letter.to_ascii_uppercase().checked_sub(b'A')?);
        if digit > 25 {
            return None;
        }
        number = number.checked_mul(26)?.checked_add(digit + 1)?;
    }
    number.checked_sub(1).filter(|number| *number < MAX_COLUMNS)
}

/// Row and column of the name of a cell.
pub(super) fn parse_cell(name: &str) -> Option<(u32, u32)> {
    match corner(name) {
        Ok((Some(column), Some(row))) => Some((row, column)),
        _ => None,
    }
}

/// The name of a cell, such as `AB12`.
pub(super) fn cell_name(row: u32, column: u32) -> String {
    format!("{}{}", column_name(column), row + 1)
}

/// The letters of a column.
pub(super) fn column_name(column: u32) -> String {
    let mut letters = Vec::new();
    let mut left = column + 1;
    while left > 0 {
        let digit = (left - 1) % 26;
        letters.push(char::from_u32(u32::from(b'A') + digit).unwrap_or('A'));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}
