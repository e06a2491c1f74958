//! A row that a CHECK constraint of the table refuses.
//!
//! Part of `transfer::error`.

use std::fmt;

use crate::clickhouse::Violation as Said;

/// The most bytes of an expression, or of values, that an error shows.
const MAX_TEXT_BYTES: usize = 1_000;

/// A constraint that a row of the file does not meet.
#[derive(Debug)]
pub struct Violation {
    /// The table whose constraint it is.
    pub table: String,
    /// What ClickHouse says of it.
    pub said: Said,
    /// The line and the record of the row, where they are known; from 1.
    pub place: Option<(u64, u64)>,
}

impl Violation {
    /// The columns of the constraint with their values.
    #[must_use]
    pub fn values(&self) -> &str {
        cut(&self.said.values)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, _)) = self.place {
            write!(f, "line {line}: ")?;
        }
        write!(
            f,
            "{} does not meet the constraint `{}` of {}: CHECK {}",
            match self.values() {
                "" => "a row",
                values => values,
            },
            self.said.constraint,
            self.table,
            cut(&self.said.expression)
        )
    }
}

/// The beginning of a text.
fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    text.get(..end).unwrap_or_default()
}
