//! Where in a block a [`super::Reader`] stands between two chunks.
//!
//! Only the reader uses it; a state must never need bytes that have been consumed.

use super::{strings::StringScan, varint::Varint};

/// Which part of a block comes next, and what of it is missing.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Number(Part, Varint),
    Name { missing: usize },
    Type { missing: usize },
    Nulls { missing: usize },
    Fixed { missing: usize },
    Strings(StringScan),
}

/// Which number of a block is being read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    ColumnCount,
    RowCount,
    NameLength,
    TypeLength,
}

/// What one step of the state machine came to.
pub(super) enum Step {
    /// A part is complete.
    Next(State),
    /// The input ended inside a part.
    Starved,
    /// A block is complete.
    Block,
}

impl Step {
    /// Goes on to a number.
    pub(super) fn number(part: Part) -> Self {
        Self::Next(State::Number(part, Varint::default()))
    }
}

/// Moves what is missing from `rest` to `target`; returns whether nothing is missing any more.
pub(super) fn fill(missing: &mut usize, rest: &mut &[u8], target: &mut Vec<u8>) -> bool {
    let (taken, left) = rest.split_at((*missing).min(rest.len()));
    target.extend_from_slice(taken);
    *rest = left;
    *missing -= taken.len();
    *missing == 0
}
