//! A cell that does not fit its column.
//!
//! Part of `transfer::error`.

use crate::{
    column::{DataType, advice::about_value, parse::Reason},
    csv::Position,
};

/// The first cell of a file that does not fit its column.
#[derive(Debug)]
pub struct BadCell {
    /// Where its record begins.
    pub position: Position,
    /// The number of the field in the file, from 1.
    pub field: usize,
    /// The column of the table.
    pub column: String,
    /// The type of the column.
    pub data_type: String,
    /// The text of the cell, at most [`MAX_VALUE_BYTES`] of it.
    pub value: String,
    /// Why it does not fit.
    pub reason: Reason,
    /// The type that would hold it, where that of the column was inferred from the file.
    pub needed_type: Option<String>,
}

impl BadCell {
    /// What the cell holds.
    pub(super) fn value_words(&self) -> String {
        match self.value.as_str() {
            "" => "an empty field".to_owned(),
            value => format!("`{value}`"),
        }
    }

    /// What to do about the value, and about the type where it was inferred.
    pub(super) fn advice(&self) -> String {
        let column = &self.column;
        let mut advice = String::new();
        // A type that was found in other rows is no reason to change the value.
        let is_value = self.needed_type.is_none() || self.reason == Reason::InvalidNumber;
        if is_value
            && let Ok(data_type) = DataType::parse(&self.data_type)
            && let Some(about) = about_value(self.reason, &data_type, self.value.as_bytes(), column)
        {
            advice.push_str(": ");
            advice.push_str(&about);
        }
        if let Some(needed) = &self.needed_type {
            let about = format!(
                ": its type was found in the beginning of the file; create the table with `{column}` {needed}, or have \
                 the whole file looked at first"
            );
            advice.push_str(&about);
        }
        advice
    }
}

/// The most bytes of a bad cell, or of a header, that an error shows.
pub const MAX_VALUE_BYTES: usize = 256;

/// Makes text of untrusted bytes, at most [`MAX_VALUE_BYTES`] of them.
pub(in crate::transfer) fn excerpt(bytes: &[u8]) -> String {
    let (shown, rest) = bytes.split_at(bytes.len().min(MAX_VALUE_BYTES));
    let mut text = String::from_utf8_lossy(shown).into_owned();
    if !rest.is_empty() {
        text.push('…');
    }
    text
}
