//! Types whose values are text: strings, and Enums by the names of their members.
//!
//! [`super::Formatter`] calls it for every cell; it must never copy a text.

use crate::column::{DataType, data_type::EnumDef, reader::BlockColumn};

/// How the text of a value is found.
#[derive(Clone, Debug)]
pub(super) enum Text {
    String,
    FixedString(usize),
    Enum8(EnumNames),
    Enum16(EnumNames),
}

impl Text {
    /// The form of a type; what is no scalar travels as a string.
    pub(super) fn new(data_type: &DataType) -> Self {
        match data_type.inner() {
            DataType::FixedString(width) => Self::FixedString(*width),
            DataType::Enum8(members) => Self::Enum8(EnumNames::new(members)),
            DataType::Enum16(members) => Self::Enum16(EnumNames::new(members)),
            _ => Self::String,
        }
    }

    /// The text of a value.
    #[inline]
    pub(super) fn of<'t>(&'t self, column: &'t BlockColumn, row: usize) -> &'t [u8] {
        match self {
            Self::String => column.string(row),
            Self::FixedString(width) => column.slice(row, *width),
            Self::Enum8(names) => names.name(i8::from_le_bytes(column.fixed(row)).into()),
            Self::Enum16(names) => names.name(i16::from_le_bytes(column.fixed(row))),
        }
    }
}

/// The names of an Enum by number: a table without holes, for a lookup without a search.
#[derive(Clone, Debug)]
pub(super) struct EnumNames {
    /// The number of the first name.
    lowest: i16,
    /// The names one after the other; for a number without name its digits.
    text: Vec<u8>,
    /// Where each name begins in `text`, and the end.
    starts: Vec<u32>,
}

impl EnumNames {
    fn new(definition: &EnumDef) -> Self {
        let members = definition.members();
        let lowest = members.first().map_or(0, |(_, number)| *number);
        let mut text = Vec::new();
        let mut starts = vec![0];
        let mut number = lowest;
        for (name, named) in members {
            while number < *named {
                text.extend_from_slice(number.to_string().as_bytes());
                starts.push(place(text.len()));
                number += 1;
            }
            text.extend_from_slice(name.as_bytes());
            starts.push(place(text.len()));
            number = number.saturating_add(1);
        }
        Self {
            lowest,
            text,
            starts,
        }
    }

    /// Returns the name of a number, its digits if it is in a hole, and nothing if it is outside of
    /// all numbers. ClickHouse stores neither.
    #[inline]
    fn name(&self, number: i16) -> &[u8] {
        let index = i32::from(number) - i32::from(self.lowest);
        let starts = usize::try_from(index)
            .ok()
            .and_then(|index| self.starts.get(index..));
        match starts.unwrap_or_default() {
            [start, end, ..] => self
                .text
                .get(*start as usize..*end as usize)
                .unwrap_or_default(),
            _ => b"",
        }
    }
}

/// A type has less than 4 GiB of names.
fn place(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
