//! Integers of more than 64 bits, and decimals of every width.
//!
//! [`super::Formatter`] calls it; it must never lose a digit, whatever the stored number is.

use std::iter;

use ethnum::{I256, U256};

use super::{
    digits::{push_eight, push_fraction, push_u64},
    line::Line,
    plain::WIDE,
};

/// Most digits behind the point that [`push_fraction`] takes.
const SHORT_SCALE: u8 = 8;

/// Two words of eight digits.
const SIXTEEN_DIGITS: u128 = 10_u128.pow(16);

/// The largest power of ten with an even number of words in 128 bits.
const THIRTY_TWO_DIGITS: U256 = U256::new(10_u128.pow(32));

/// Appends a number of up to 128 bits.
pub(super) fn push_u128(out: &mut Line<'_>, number: u128) {
    if let Ok(short) = u64::try_from(number) {
        push_u64(out, short);
        return;
    }
    push_u128(out, number / SIXTEEN_DIGITS);
    push_sixteen(out, number % SIXTEEN_DIGITS);
}

/// Appends a signed number of 128 bits.
pub(super) fn push_i128(out: &mut Line<'_>, number: i128) {
    if number < 0 {
        out.push(b'-');
    }
    push_u128(out, number.unsigned_abs());
}

/// Appends a signed number of 256 bits.
pub(super) fn push_i256(out: &mut Line<'_>, number: I256) {
    if number < I256::ZERO {
        out.push(b'-');
    }
    push_u256(out, number.unsigned_abs());
}

/// Appends a number of up to 256 bits.
pub(super) fn push_u256(out: &mut Line<'_>, number: U256) {
    if let Ok(short) = u128::try_from(number) {
        push_u128(out, short);
        return;
    }
    push_u256(out, number / THIRTY_TWO_DIGITS);
    let rest = (number % THIRTY_TWO_DIGITS).as_u128();
    push_sixteen(out, rest / SIXTEEN_DIGITS);
    push_sixteen(out, rest % SIXTEEN_DIGITS);
}

/// Appends exactly sixteen digits of a number below 10^16.
fn push_sixteen(out: &mut Line<'_>, number: u128) {
    let number = u64::try_from(number).unwrap_or(0);
    push_eight(out, number / 100_000_000);
    push_eight(out, number % 100_000_000);
}

/// How many digits of a stored integer stand behind the point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    digits: u8,
    /// Ten to the power of `digits`, if that is at most 8.
    divisor: u64,
    /// What completes a fraction to eight digits.
    multiplier: u64,
}

impl Scale {
    /// Makes the scale of a Decimal type.
    pub(super) fn new(digits: u8) -> Self {
        let short = u32::from(digits.min(SHORT_SCALE));
        Self {
            digits,
            divisor: 10_u64.pow(short),
            multiplier: 10_u64.pow(u32::from(SHORT_SCALE) - short),
        }
    }

    /// Appends a decimal of up to 64 bits, without zeros at the end of its fraction.
    #[inline]
    pub(super) fn push_i64(self, out: &mut Line<'_>, number: i64) {
        let magnitude = number.unsigned_abs();
        if self.digits > SHORT_SCALE {
            self.push_magnitude(out, number < 0, U256::from(magnitude));
            return;
        }
        if number < 0 {
            out.push(b'-');
        }
        push_u64(out, magnitude / self.divisor);
        push_fraction(out, magnitude % self.divisor * self.multiplier);
    }

    /// Appends a decimal of 128 bits.
    pub(super) fn push_i128(self, out: &mut Line<'_>, number: i128) {
        match i64::try_from(number) {
            Ok(short) => self.push_i64(out, short),
            Err(_) => self.push_magnitude(out, number < 0, U256::from(number.unsigned_abs())),
        }
    }

    /// Appends a decimal of 256 bits.
    pub(super) fn push_i256(self, out: &mut Line<'_>, number: I256) {
        match i64::try_from(number) {
            Ok(short) => self.push_i64(out, short),
            Err(_) => self.push_magnitude(out, number < 0, number.unsigned_abs()),
        }
    }

    fn push_magnitude(self, out: &mut Line<'_>, negative: bool, magnitude: U256) {
        if negative {
            out.push(b'-');
        }
        let mut place = [0; WIDE];
        let mut line = Line::new(&mut place, 0);
        push_u256(&mut line, magnitude);
        let length = line.len();
        let digits = place.get(..length).unwrap_or_default();
        let scale = usize::from(self.digits);
        let (whole, fraction) = match digits.len().checked_sub(scale) {
            Some(length) if length > 0 => digits.split_at(length),
            _ => (b"0".as_slice(), digits),
        };
        out.extend_from_slice(whole);
        let Some(last) = fraction.iter().rposition(|digit| *digit != b'0') else {
            return;
        };
        out.push(b'.');
        out.extend(iter::repeat_n(b'0', scale - fraction.len()));
        out.extend(fraction.iter().copied().take(last + 1));
    }
}

#[cfg(test)]
mod tests {
    use ethnum::{I256, U256};

    use super::{super::line::text, Scale, push_u128, push_u256};

    #[test]
    fn wide_numbers_around_every_power_of_ten_have_their_digits() {
        let mut power = U256::ONE;
        loop {
            for number in [power - 1, power, power + 1, U256::MAX / power] {
                assert_eq!(text(|out| push_u256(out, number)), number.to_string());
                let short = number.as_u128();
                assert_eq!(text(|out| push_u128(out, short)), short.to_string());
            }
            match power.checked_mul(U256::from(10_u8)) {
                Some(next) => power = next,
                None => break,
            }
        }
    }

    #[test]
    fn decimals_have_a_point_and_no_zeros_at_the_end() {
        let cases = [
            (0, 5, "0"),
            (150, 2, "1.5"),
            (100, 2, "1"),
            (-5, 2, "-0.05"),
            (-123_456, 0, "-123456"),
            (12_345_678, 8, "0.12345678"),
            (120, 9, "0.00000012"),
            (-1_000_000_000, 9, "-1"),
            (i64::MIN, 18, "-9.223372036854775808"),
            (i64::MAX, 2, "92233720368547758.07"),
            (
                7,
                76,
                "0.0000000000000000000000000000000000000000000000000000000000000000000000000007",
            ),
        ];
        for (number, digits, expected) in cases {
            let scale = Scale::new(digits);
            assert_eq!(text(|out| scale.push_i64(out, number)), expected);
            assert_eq!(text(|out| scale.push_i128(out, number.into())), expected);
            assert_eq!(text(|out| scale.push_i256(out, number.into())), expected);
        }
        let wide = text(|out| Scale::new(3).push_i128(out, i128::MIN));
        assert_eq!(wide, "-170141183460469231731687303715884105.728");
        let wide = text(|out| Scale::new(76).push_i256(out, I256::MIN));
        let digits =
            "-5.7896044618658097711785492504343953926634992332820282019728792003956564819968";
        assert_eq!(wide, digits);
    }
}
