//! Numbers of a column whose digits stand in groups.
//!
//! [`super`] shows it the cells; it must never take a separator for one of groups that may be a decimal point, nor
//! a blank that stands in every value at the same place, as in a telephone number, nor an underscore in a code.
//!
//! How this works: nothing is done until the first value with a separator. What the numbers before it have in
//! common goes on from there with the values as they are without separators, beside the plain reading.

use super::number::Numbers;
use super::shape::Shape;
use super::{Families, excerpt};
use crate::column::rules::Thousands;

/// The numbers of a column in groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Grouped {
    /// The separator that the caller has given.
    known: Option<Thousands>,
    found: Option<Box<Found>>,
    /// Whether some number is too short for a separator.
    has_plain: bool,
    scratch: Vec<u8>,
}

/// What is known since the first value with a separator.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) separator: Thousands,
    pub(super) numbers: Numbers,
    /// The families that the numbers without separators belong to.
    pub(super) open: Families,
    /// Whether a value can be read in no other way.
    pub(super) is_proven: bool,
    pub(super) example: String,
    /// How many separators the first value had.
    separator_count: usize,
    plain: Vec<u8>,
}

impl Grouped {
    /// Takes a separator as the only one.
    pub(super) const fn know(&mut self, separator: Thousands) {
        self.known = Some(separator);
    }

    pub(super) const fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// Returns a text without the separators that the caller has given; None when it is grouped otherwise.
    pub(super) fn known_plain(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut plain = Vec::with_capacity(text.len());
        let is_word = !text.iter().any(u8::is_ascii_digit);
        match self.known?.ungroup(text, &mut plain) {
            Some(_) => Some(plain),
            None if is_word => Some(text.to_vec()),
            None => None,
        }
    }

    /// Whether there was a value with a separator.
    pub(super) const fn has_begun(&self) -> bool {
        self.found.is_some()
    }

    pub(super) fn found(&self) -> Option<&Found> {
        self.found.as_deref()
    }

    /// Takes a text into account; false when the column cannot be one of such numbers. `before` are the numbers of
    /// the values before it, and `open` their families.
    #[inline]
    pub(super) fn observe(
        &mut self,
        text: &[u8],
        shape: Shape,
        open: Families,
        before: &Numbers,
    ) -> bool {
        if let Some(found) = &mut self.found {
            return found.observe(text);
        }
        if shape.is_digits() {
            self.has_plain |= text.len() <= 3;
            return false;
        }
        self.begin(text, open, before)
    }

    #[inline(never)]
    fn begin(&mut self, text: &[u8], open: Families, before: &Numbers) -> bool {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let mark = digits.iter().position(|byte| !byte.is_ascii_digit());
        let Some(separator) = mark.and_then(|mark| Thousands::at_start(digits.get(mark..)?)) else {
            return false;
        };
        self.scratch.clear();
        let is_grouped = separator
            .ungroup(text, &mut self.scratch)
            .is_some_and(|grouping| grouping.separator_count > 0 && !grouping.is_indian);
        if !is_grouped {
            return false;
        }
        let mut found = Box::new(Found {
            separator,
            numbers: before.clone(),
            open,
            is_proven: separator == Thousands::Apostrophe,
            example: excerpt(text),
            separator_count: 0,
            plain: Vec::new(),
        });
        // A fraction that is written with the separator.
        let is_other = match separator.decimal_comma() {
            Some(true) => !open.has(Families::COMMA),
            Some(false) => !open.has(Families::FLOAT),
            None => false,
        };
        found.is_proven |= separator == Thousands::Space && self.has_plain;
        let fits = !is_other && found.observe(text);
        self.found = Some(found);
        fits
    }
}

impl Found {
    fn observe(&mut self, text: &[u8]) -> bool {
        self.plain.clear();
        let Some(grouping) = self.separator.ungroup(text, &mut self.plain) else {
            return false;
        };
        let count = grouping.separator_count;
        if grouping.is_indian {
            return false;
        }
        self.is_proven |= count > 0 && grouping.decimal.is_some();
        self.is_proven |= match self.separator {
            Thousands::Comma => count > 1,
            // Four numbers with points between them may be an address.
            Thousands::Point => count > 1 && count != 3,
            Thousands::Apostrophe => true,
            Thousands::Underscore => false,
            Thousands::Space => {
                let first = if self.separator_count == 0 {
                    count
                } else {
                    self.separator_count
                };
                self.separator_count = first;
                count != first && self.plain.len() <= 3 * (count + 1)
            }
        };
        let shape = Shape::of(&self.plain);
        self.open = self
            .open
            .and(self.numbers.observe(&self.plain, shape, self.open));
        self.open.has(Families::NUMBERS)
    }
}
