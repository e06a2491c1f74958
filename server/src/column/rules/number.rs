//! The rules for numbers: units, groups of digits, the decimal point.
//!
//! Only [`super::rewriter`] uses it; it must never make a number of a text that does not follow the rules: such a
//! text stays as it is, or becomes one that no parser takes.

use super::ValueRules;
use super::thousands::Thousands;
use super::units::{Amount, PERCENT};
use crate::column::data_type::DataType;

/// No parser takes it.
const NO_NUMBER: &[u8] = b"?";

/// How the numbers of a column are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NumberForm {
    strip_units: bool,
    unit: Vec<u8>,
    thousands: Option<Thousands>,
    decimal_comma: bool,
    /// Whether zeros behind the point of an integer go, because the point is known to be one.
    drops_zeros: bool,
    scratch: Vec<u8>,
}

impl NumberForm {
    /// Returns the form; None when numbers are written plainly, or the type is none of numbers.
    pub(super) fn new(rules: &ValueRules, data_type: &DataType) -> Option<Self> {
        let is_integer = data_type.is_integer();
        let is_number = is_integer
            || matches!(
                data_type,
                DataType::Float32
                    | DataType::Float64
                    | DataType::BFloat16
                    | DataType::Decimal { .. }
            );
        let thousands = rules.thousands;
        let said = thousands.and_then(Thousands::decimal_comma);
        let decimal_comma = said.or(rules.decimal_comma);
        let form = Self {
            strip_units: rules.strip_units,
            unit: rules.unit.clone().unwrap_or_default(),
            thousands,
            decimal_comma: decimal_comma == Some(true),
            drops_zeros: is_integer && decimal_comma.is_some(),
            scratch: Vec::new(),
        };
        let is_plain = !form.strip_units
            && form.thousands.is_none()
            && !form.decimal_comma
            && !form.drops_zeros;
        (is_number && !is_plain).then_some(form)
    }

    /// Appends the plain number; false when the text stays as it is.
    pub(super) fn apply(&mut self, text: &[u8], out: &mut Vec<u8>) -> bool {
        if !self.strip_units {
            return self.apply_digits(text, out);
        }
        let Some(amount) = Amount::split(text) else {
            return false;
        };
        let lacks_percent = self.unit == PERCENT && amount.unit.is_empty();
        if lacks_percent || !amount.unit.is_empty() && amount.unit != self.unit {
            out.extend_from_slice(NO_NUMBER);
            return true;
        }
        if amount.is_negative {
            out.push(b'-');
        }
        if !self.apply_digits(amount.number, out) {
            out.extend_from_slice(amount.number);
        }
        true
    }

    /// Does the same for a number without a unit.
    #[inline]
    fn apply_digits(&mut self, text: &[u8], out: &mut Vec<u8>) -> bool {
        self.scratch.clear();
        let mut is_changed = false;
        if let Some(thousands) = self.thousands {
            let grouping = thousands.ungroup(text, &mut self.scratch);
            is_changed = grouping.is_some_and(|grouping| grouping.separator_count > 0);
        }
        let number = if is_changed { &self.scratch } else { text };
        if self.decimal_comma && memchr::memchr2(b',', b'.', number).is_some() {
            let start = out.len();
            push_swapped(number, out);
            if self.drops_zeros
                && let Some(length) = without_zeros(out.get(start..).unwrap_or_default())
            {
                out.truncate(start + length);
            }
            return true;
        }
        if self.drops_zeros
            && let Some(length) = without_zeros(number)
        {
            out.extend_from_slice(number.get(..length).unwrap_or_default());
            return true;
        }
        if is_changed {
            out.extend_from_slice(number);
        }
        is_changed
    }
}

/// Appends a text with commas for points and points for commas, so that a point is refused where a
/// comma is the decimal point.
fn push_swapped(text: &[u8], out: &mut Vec<u8>) {
    out.extend(text.iter().map(|byte| match byte {
        b',' => b'.',
        b'.' => b',',
        other => *other,
    }));
}

/// Returns how long a number is without a point and the zeros behind it; None when it has no such end.
fn without_zeros(text: &[u8]) -> Option<usize> {
    let point = memchr::memchr(b'.', text)?;
    let (whole, fraction) = (text.get(..point)?, text.get(point + 1..)?);
    let is_zero = !fraction.is_empty() && fraction.iter().all(|byte| *byte == b'0');
    let is_number = whole.last().is_some_and(u8::is_ascii_digit);
    (is_zero && is_number).then_some(point)
}
