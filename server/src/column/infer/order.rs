//! Whether the values of a column ascend from row to row.
//!
//! Only [`super`] uses it; it must never keep more than the last value.

/// The steps from each value to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    last: Option<i64>,
    /// Steps to a larger value.
    pub ups: u64,
    /// Steps to the same value.
    pub equals: u64,
    /// Steps to a smaller value.
    pub downs: u64,
}

impl Order {
    #[inline]
    pub(super) fn observe(&mut self, value: i64) {
        match self.last {
            Some(last) if last < value => self.ups += 1,
            Some(last) if last == value => self.equals += 1,
            Some(_) => self.downs += 1,
            None => {}
        }
        self.last = Some(value);
    }

    /// Returns whether every value is larger than the one before it; there must be three at least.
    #[must_use]
    pub const fn is_strictly_ascending(&self) -> bool {
        self.ups >= 2 && self.equals == 0 && self.downs == 0
    }

    /// Returns whether at most one step in a hundred goes down, and some go up.
    #[must_use]
    pub const fn is_mostly_ascending(&self) -> bool {
        self.ups > 0 && self.downs * 100 <= self.ups + self.equals + self.downs
    }
}
