//! Cells of text to the values of a block, column by column.
//!
//! `transfer::upload` calls it with the records of a file; it must never keep text, nor convert a
//! value twice: values are stored as they go over the wire.
//!
//! How this works: a [`ColumnBuilder`] looks at its type once for each call and then runs one loop
//! that knows the type. Text that stands for NULL never reads as a value of most types, so these
//! loops ask for NULL only when a value did not parse.
//!
//! Arrays, Maps and Tuples have no NULL in ClickHouse, so that none can be sent for a DEFAULT to take its
//! place: an unquoted empty cell or `\N` is refused in their columns, also where there is a DEFAULT
//! expression, and is an empty container when [`super::ColumnSpec::empty_as_default`] asks for it and
//! there is no DEFAULT expression.

mod block;
mod column;

pub use block::{BlockBuilder, Limits, Mark};
pub use column::{BadCell, ColumnBuilder};

#[cfg(test)]
mod tests;
