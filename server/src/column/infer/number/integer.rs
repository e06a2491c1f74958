//! The integers of a column, and the width that holds them.
//!
//! Only [`super`] uses it; it must never choose a width that a value of the sample does not fit.

use crate::column::data_type::DataType;
use crate::column::parse::int::{parse_i128, parse_i256, parse_u128, parse_u256};

/// Integers of so many digits fit 64 bits for sure.
const SHORT: usize = 18;
/// Beyond the sample values may be larger by this factor.
const MARGIN: u64 = 100;
/// Numbers between these, all of them, are years.
const YEARS: std::ops::RangeInclusive<i128> = 1500..=2200;
/// The digits of payment cards.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// So many numbers with a right check digit are no chance.
const CARD_VALUES: u64 = 5;
/// So many long numbers of one length are no chance.
const CODE_VALUES: u64 = 3;

type Fits = fn(&[u8]) -> bool;

/// The types of more than 64 bits in the order of preference, with the test whether a text fits.
const WIDE: [(DataType, Fits); 4] = [
    (DataType::Int128, |text| parse_i128(text).is_ok()),
    (DataType::UInt128, |text| parse_u128(text).is_ok()),
    (DataType::Int256, |text| parse_i256(text).is_ok()),
    (DataType::UInt256, |text| parse_u256(text).is_ok()),
];

/// The integers of a column.
#[derive(Clone, Debug)]
pub(in super::super) struct Integers {
    count: u64,
    /// The smallest and the largest of those that fit an `i128`.
    smallest: i128,
    largest: i128,
    shortest: usize,
    longest: usize,
    /// The numbers that could be those of cards.
    card_count: u64,
    /// Which types of [`WIDE`] some value does not fit.
    refused: [bool; WIDE.len()],
    /// Whether some value is beyond an `i128`.
    is_huge: bool,
}

impl Default for Integers {
    fn default() -> Self {
        Self {
            count: 0,
            smallest: i128::MAX,
            largest: i128::MIN,
            shortest: usize::MAX,
            longest: 0,
            card_count: 0,
            refused: [false; WIDE.len()],
            is_huge: false,
        }
    }
}

impl Integers {
    /// Takes an integer into account; returns it when it fits an `i64`.
    #[inline]
    pub(super) fn observe(&mut self, text: &[u8], digits: &[u8], negative: bool) -> Option<i64> {
        self.count += 1;
        self.shortest = self.shortest.min(digits.len());
        self.longest = self.longest.max(digits.len());
        if CARD_DIGITS.contains(&digits.len()) && has_check_digit(digits) {
            self.card_count += 1;
        }
        if digits.len() <= SHORT {
            let value = digits
                .iter()
                .fold(0_i64, |value, digit| value * 10 + i64::from(digit - b'0'));
            let value = if negative { -value } else { value };
            self.include(i128::from(value));
            return Some(value);
        }
        self.observe_wide(text)
    }

    fn observe_wide(&mut self, text: &[u8]) -> Option<i64> {
        for ((_, fits), refused) in WIDE.iter().zip(&mut self.refused) {
            *refused = *refused || !fits(text);
        }
        let Ok(value) = parse_i128(text) else {
            self.is_huge = true;
            return None;
        };
        self.include(value);
        i64::try_from(value).ok()
    }

    #[inline]
    fn include(&mut self, value: i128) {
        self.smallest = self.smallest.min(value);
        self.largest = self.largest.max(value);
    }

    /// Returns the smallest and the largest value as text, where both are known.
    pub(in super::super) fn range(&self) -> Option<(String, String)> {
        let is_known = !self.is_huge && self.count > 0;
        is_known.then(|| (self.smallest.to_string(), self.largest.to_string()))
    }

    /// Returns the fewest digits of a value.
    pub(in super::super) const fn shortest(&self) -> usize {
        self.shortest
    }

    /// Returns why the digits are a code and not a quantity, if they show it themselves.
    pub(in super::super) fn code_reason(&self) -> Option<&'static str> {
        let is_card = self.card_count == self.count && self.count >= CARD_VALUES;
        let has_one_length = self.shortest == self.longest && self.count >= CODE_VALUES;
        if is_card {
            Some("all have the check digit of payment cards")
        } else if has_one_length && self.longest > SHORT && self.narrow_type(false).is_none() {
            Some("all are of one length beyond 64 bits")
        } else {
            None
        }
    }

    /// Returns the unit of times from 1970 on that all values may be: those of the years 2001 to 2100.
    pub(in super::super) fn epoch_unit(&self) -> Option<&'static str> {
        const SECONDS: std::ops::RangeInclusive<i128> = 1_000_000_000..=4_102_444_800;
        let units = [
            (1_000, "epoch_ms"),
            (1_000_000, "epoch_us"),
            (1_000_000_000, "epoch_ns"),
        ];
        let is_unit = |(factor, _): &(i128, &str)| {
            let [first, last] = [self.smallest, self.largest].map(|value| value / factor);
            SECONDS.contains(&first) && SECONDS.contains(&last)
        };
        let unit = units.into_iter().find(is_unit).filter(|_| !self.is_huge);
        unit.map(|(_, unit)| unit)
    }

    /// Returns the type; None when no type holds all values.
    pub(super) fn data_type(&self, complete: bool, grows: bool) -> Option<DataType> {
        if let Some(narrow) = self.narrow_type(true) {
            return Some(self.with_margin(&narrow, complete, grows));
        }
        if let Some(unsigned) = self.narrow_type(false) {
            return Some(unsigned);
        }
        // Short negative numbers were not tried with the wide types.
        let is_refused = |(data_type, _): &(DataType, Fits), refused: bool| {
            let is_unsigned = matches!(data_type, DataType::UInt128 | DataType::UInt256);
            refused || is_unsigned && self.smallest < 0
        };
        let mut wide = WIDE.iter().zip(self.refused);
        wide.find(|(wide, refused)| !is_refused(wide, *refused))
            .map(|((data_type, _), _)| data_type.clone())
    }

    /// Returns the narrowest signed type, or `UInt64` alone; None when the values need more bits.
    fn narrow_type(&self, signed: bool) -> Option<DataType> {
        const SIGNED: [(DataType, i128); 4] = [
            (DataType::Int8, i8::MAX as i128),
            (DataType::Int16, i16::MAX as i128),
            (DataType::Int32, i32::MAX as i128),
            (DataType::Int64, i64::MAX as i128),
        ];
        if self.is_huge {
            return None;
        }
        if !signed {
            let is_unsigned = self.smallest >= 0 && self.largest <= i128::from(u64::MAX);
            return is_unsigned.then_some(DataType::UInt64);
        }
        SIGNED
            .into_iter()
            .find(|(_, most)| self.largest <= *most && self.smallest >= -most - 1)
            .map(|(data_type, _)| data_type)
    }

    /// Returns a type with room for values beyond the sample: Int16 at least, and Int64 for numbers
    /// that grow from row to row.
    fn with_margin(&self, narrow: &DataType, complete: bool, grows: bool) -> DataType {
        if YEARS.contains(&self.smallest) && YEARS.contains(&self.largest) {
            return DataType::Int16;
        }
        if grows || *narrow == DataType::Int64 {
            return DataType::Int64;
        }
        if complete {
            return match narrow {
                DataType::Int8 => DataType::Int16,
                narrow => narrow.clone(),
            };
        }
        let magnitude = self
            .largest
            .unsigned_abs()
            .max(self.smallest.unsigned_abs());
        let wanted = magnitude * u128::from(MARGIN);
        if wanted <= u128::from(i16::MAX.unsigned_abs()) {
            DataType::Int16
        } else if wanted <= u128::from(i32::MAX.unsigned_abs()) {
            DataType::Int32
        } else {
            DataType::Int64
        }
    }
}

/// Returns whether the last digit is the check digit of the others after Luhn (ISO/IEC 7812-1).
fn has_check_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit - b'0') << (index % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}
