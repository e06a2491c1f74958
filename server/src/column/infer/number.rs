//! What the numbers of a column have in common, and the type that holds them.
//!
//! [`super`] shows it the cells; it must never accept a text that a number type would change.

mod integer;

use super::super::data_type::DataType;
use super::super::parse::float::nearest_f64;
use super::Families;
use super::order::Order;
use super::shape::Shape;
use integer::Integers;

/// Decimal digits that a Float64 always keeps.
const SAFE_DIGITS: usize = 15;
/// More are not worth a look: programs write a Float64 with 17 digits, some with a few more.
const FLOAT_DIGITS: usize = 25;
/// A longer number with a plus sign is a telephone number.
const PLUS_DIGITS: usize = 7;
/// Digits of a fraction that prices and the like have.
const MONEY_SCALES: std::ops::RangeInclusive<usize> = 2..=4;
/// From so many values on a fixed count of digits is no chance.
const FIXED_VALUES: u64 = 20;

/// The numbers of a column.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    integers: Integers,
    pub(super) order: Order,
    count: u64,
    fraction_count: u64,
    /// The most digits before the point.
    whole_digits: usize,
    /// The fewest and the most digits behind it, of the numbers that have one.
    fewest_fraction_digits: usize,
    most_fraction_digits: usize,
    /// A fraction that ends in zero shows that the count of digits is fixed.
    has_trailing_zero: bool,
    has_exponent: bool,
    has_infinity: bool,
    has_negative_zero: bool,
    /// A number that no Float64 holds.
    has_inexact: bool,
    /// A comma that cannot separate thousands.
    has_clear_comma: bool,
    /// The first number with a comma.
    comma_example: Vec<u8>,
    /// A point that cannot separate thousands.
    has_clear_point: bool,
    /// The first number with a point.
    point_example: Vec<u8>,
}

/// What was decided about numbers with a fraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fractional {
    Type(DataType),
    /// The commas may separate thousands.
    AmbiguousComma(Vec<u8>),
    /// No type holds all of them.
    TooManyDigits,
}

/// What is known of the column beside its values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// Whether every row of the file was seen.
    pub(super) complete: bool,
    /// Whether the name speaks of money.
    pub(super) is_money: bool,
    /// Whether the name is that of an identifier.
    pub(super) is_id: bool,
}

impl Numbers {
    /// Takes a text into account; returns the families of numbers that it belongs to.
    #[inline]
    pub(super) fn observe(&mut self, text: &[u8], shape: Shape, open: Families) -> Families {
        let (negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            [b'+', digits @ ..] if digits.len() <= PLUS_DIGITS => (false, digits),
            digits => (false, digits),
        };
        if matches!(digits, [b'0', b'0'..=b'9', ..] | [b'+' | b'-', ..]) {
            return Families::NONE;
        }
        if shape.is_digits() || shape.may_be_integer() && digits.iter().all(u8::is_ascii_digit) {
            return self.observe_integer(text, digits, negative, open);
        }
        let Some(parts) = Parts::split(digits) else {
            return Families::NONE;
        };
        if parts.exponent.is_some() && !parts.is_in_range(text) {
            return Families::NONE;
        }
        self.observe_fraction(&parts, text, negative);
        match parts.separator {
            Some(b',') => Families::COMMA,
            Some(_) => Families::FLOAT,
            None => Families::FLOAT | Families::COMMA,
        }
    }

    /// Takes commas for decimal points without asking.
    pub(super) const fn know_comma(&mut self) {
        self.has_clear_comma = true;
    }

    /// Takes a word for infinity into account.
    pub(super) fn observe_infinity(&mut self) {
        self.count += 1;
        self.has_infinity = true;
    }

    fn observe_integer(
        &mut self,
        text: &[u8],
        digits: &[u8],
        negative: bool,
        open: Families,
    ) -> Families {
        self.count += 1;
        self.whole_digits = self.whole_digits.max(digits.len());
        let significant = digits.len();
        if significant > SAFE_DIGITS {
            self.has_inexact |= !is_exact_integer(digits);
        }
        if digits == b"0" && negative {
            self.has_negative_zero = true;
            return Families::FLOAT | Families::COMMA;
        }
        if !open.has(Families::INTEGER) {
            return Families::FLOAT | Families::COMMA;
        }
        let value = self.integers.observe(text, digits, negative);
        if let Some(value) = value {
            self.order.observe(value);
        }
        Families::INTEGER | Families::FLOAT | Families::COMMA
    }

    fn observe_fraction(&mut self, parts: &Parts<'_>, text: &[u8], negative: bool) {
        self.count += 1;
        self.has_exponent |= parts.exponent.is_some();
        self.has_negative_zero |= negative && parts.is_zero();
        self.whole_digits = self.whole_digits.max(parts.whole.len());
        if parts.separator.is_some() {
            let digits = parts.fraction.len();
            self.fewest_fraction_digits = match self.fraction_count {
                0 => digits,
                _ => self.fewest_fraction_digits.min(digits),
            };
            self.most_fraction_digits = self.most_fraction_digits.max(digits);
            self.fraction_count += 1;
            self.has_trailing_zero |= parts.fraction.last() == Some(&b'0');
        }
        let (is_clear, example) = match parts.separator {
            Some(b',') => (&mut self.has_clear_comma, &mut self.comma_example),
            Some(_) => (&mut self.has_clear_point, &mut self.point_example),
            None => return self.observe_digits(parts, text),
        };
        *is_clear |= !parts.may_separate_thousands();
        if example.is_empty() {
            *example = text.to_vec();
        }
        self.observe_digits(parts, text);
    }

    fn observe_digits(&mut self, parts: &Parts<'_>, text: &[u8]) {
        let significant = parts.significant_digits();
        if significant > SAFE_DIGITS && !self.has_inexact {
            let is_exact = significant <= FLOAT_DIGITS && parts.is_exact(text, significant);
            self.has_inexact |= !is_exact;
        }
    }

    /// Returns one of the numbers with a point, where all of those may be points between thousands.
    pub(super) fn doubtful_point(&self) -> Option<&[u8]> {
        let is_doubtful = !self.has_clear_point && !self.point_example.is_empty();
        is_doubtful.then_some(self.point_example.as_slice())
    }

    /// Returns whether there is a number at all, and not words for infinity only.
    pub(super) fn has_digits(&self) -> bool {
        self.whole_digits > 0 || self.fraction_count > 0
    }

    pub(super) const fn integers(&self) -> &Integers {
        &self.integers
    }

    /// Returns the type of integers; None when no type holds them.
    pub(super) fn integer_type(&self, context: Context) -> Option<DataType> {
        let grows = context.is_id || self.order.is_strictly_ascending();
        self.integers.data_type(context.complete, grows)
    }

    /// Returns the type of numbers of which some have a fraction; `comma` is their decimal point.
    pub(super) fn fractional_type(&self, context: Context, comma: bool) -> Fractional {
        if comma && self.fraction_count > 0 && !self.has_clear_comma {
            return Fractional::AmbiguousComma(self.comma_example.clone());
        }
        let may_be_decimal = !(self.has_exponent || self.has_infinity || self.has_negative_zero);
        let scale = self.most_fraction_digits;
        if may_be_decimal && self.has_inexact {
            return self
                .decimal(scale, context.complete)
                .map_or(Fractional::TooManyDigits, Fractional::Type);
        }
        if self.has_inexact {
            return Fractional::TooManyDigits;
        }
        let is_fixed = self.fraction_count == self.count
            && self.fewest_fraction_digits == scale
            && MONEY_SCALES.contains(&scale)
            && (self.has_trailing_zero || self.count >= FIXED_VALUES);
        let is_money = context.is_money && scale <= *MONEY_SCALES.end();
        if may_be_decimal && (is_fixed || is_money) {
            let decimal = self.decimal(scale.max(*MONEY_SCALES.start()), context.complete);
            return Fractional::Type(decimal.unwrap_or(DataType::Float64));
        }
        Fractional::Type(DataType::Float64)
    }

    /// Returns a Decimal with room for numbers a hundred times as large, unless all were seen.
    fn decimal(&self, scale: usize, complete: bool) -> Option<DataType> {
        const PRECISIONS: [u8; 3] = [18, 38, 76];
        let needed = self.whole_digits + scale;
        let wanted = if complete { needed } else { needed + 2 };
        let precision = |digits: usize| {
            PRECISIONS
                .into_iter()
                .find(|most| usize::from(*most) >= digits)
        };
        Some(DataType::Decimal {
            precision: precision(wanted).or_else(|| precision(needed))?,
            scale: u8::try_from(scale).ok()?,
        })
    }
}

/// The parts of a number without its sign.
#[derive(Clone, Copy, Debug)]
struct Parts<'t> {
    whole: &'t [u8],
    /// A point or a comma.
    separator: Option<u8>,
    fraction: &'t [u8],
    /// What stands behind the `e`.
    exponent: Option<&'t [u8]>,
}

impl<'t> Parts<'t> {
    /// Splits `whole.fraction` with an exponent or none; None for every other form.
    fn split(digits: &'t [u8]) -> Option<Self> {
        let place = digits.iter().position(|byte| byte | 32 == b'e');
        let (mantissa, exponent) = match place {
            Some(place) => (digits.get(..place)?, Some(digits.get(place + 1..)?)),
            None => (digits, None),
        };
        let place = memchr::memchr2(b'.', b',', mantissa);
        let (whole, fraction) = match place {
            Some(place) => (mantissa.get(..place)?, mantissa.get(place + 1..)?),
            None => (mantissa, &[] as &[u8]),
        };
        let are_digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
        let is_exponent = exponent.is_none_or(|exponent| {
            let digits = without_sign(exponent);
            !digits.is_empty() && are_digits(digits)
        });
        let is_number = whole.len() + fraction.len() > 0
            && are_digits(whole)
            && are_digits(fraction)
            && is_exponent;
        is_number.then(|| Self {
            whole,
            separator: place.and_then(|place| mantissa.get(place).copied()),
            fraction,
            exponent,
        })
    }

    fn is_zero(&self) -> bool {
        self.whole
            .iter()
            .chain(self.fraction)
            .all(|digit| *digit == b'0')
    }

    /// Returns whether the number is neither too large nor too small for a Float64.
    fn is_in_range(&self, text: &'t [u8]) -> bool {
        nearest_f64(&self.with_point(text)).is_ok_and(|value| {
            value.is_normal()
                || self.is_zero()
                || value.is_subnormal() && self.is_exact(text, self.significant_digits())
        })
    }

    /// Returns whether the number could be an integer with one separator, as `1,234` is.
    fn may_separate_thousands(&self) -> bool {
        self.fraction.len() == 3
            && self.exponent.is_none()
            && (1..=3).contains(&self.whole.len())
            && self.whole != b"0"
    }

    /// Returns the count of digits without zeros at the ends that do not matter.
    fn significant_digits(&self) -> usize {
        let digits = || self.whole.iter().chain(self.fraction);
        let leading = digits().take_while(|digit| **digit == b'0').count();
        let all = self.whole.len() + self.fraction.len();
        let trailing = digits().rev().take_while(|digit| **digit == b'0').count();
        all.saturating_sub(leading + trailing)
    }

    /// Returns the number with a point where it has a comma.
    fn with_point(&self, text: &'t [u8]) -> std::borrow::Cow<'t, [u8]> {
        if self.separator != Some(b',') {
            return text.into();
        }
        let point = |byte: &u8| if *byte == b',' { b'.' } else { *byte };
        text.iter().map(point).collect()
    }

    /// Returns whether the nearest Float64, written with as many digits, is the same number.
    fn is_exact(&self, text: &'t [u8], significant: usize) -> bool {
        let Ok(value) = nearest_f64(&self.with_point(text)) else {
            return false;
        };
        // Most programs write the fewest digits that tell a float from the next, others 17.
        let mut buffer = zmij::Buffer::new();
        self.has_digits_of(buffer.format_finite(value.abs()), significant)
            || self.has_digits_of(
                &format!("{:.*e}", significant - 1, value.abs()),
                significant,
            )
    }

    /// Returns whether a written number has the same significant digits.
    fn has_digits_of(&self, written: &str, significant: usize) -> bool {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let mantissa = written.bytes().take_while(|byte| byte | 32 != b'e');
        let mantissa = mantissa.filter(is_digit).skip_while(|digit| *digit == b'0');
        let digits = self.whole.iter().chain(self.fraction).copied();
        let digits = digits.skip_while(|digit| *digit == b'0');
        mantissa.take(significant).eq(digits.take(significant))
    }
}

/// Returns a text without one sign at its beginning.
pub(super) fn without_sign(text: &[u8]) -> &[u8] {
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    text.get(sign..).unwrap_or_default()
}

/// Returns whether a Float64 holds an integer of more than 15 digits: up to 2 to the power of 53, or
/// with few digits before its zeros.
fn is_exact_integer(digits: &[u8]) -> bool {
    let zeros = digits
        .iter()
        .rev()
        .take_while(|digit| **digit == b'0')
        .count();
    let Some(significant) = digits.len().checked_sub(zeros) else {
        return false;
    };
    /// Powers of ten up to 10 to the power of 22 are exact.
    const EXACT_ZEROS: usize = 22;
    if significant <= SAFE_DIGITS {
        return zeros <= EXACT_ZEROS;
    }
    let value = digits.iter().try_fold(0_u64, |value, digit| {
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    });
    value.is_some_and(|value| value <= 1 << 53)
}
