//! Runs of ASCII digits to integers, eight at a time.
//!
//! The number and time parsers call it; it must never accept anything but the digits 0 to 9.

use ethnum::U256;

use super::Reason;

/// Eight times the character `0`.
const ZEROS: u64 = 0x3030_3030_3030_3030;
/// The most digits that [`chunk`] takes.
pub(super) const CHUNK_DIGITS: usize = 16;

/// Powers of ten that fit a `u64`.
const POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut index = 1;
    while index < powers.len() {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

/// Returns 10 to the power of `exponent`, which is at most 19.
#[inline]
pub(super) fn power_of_ten(exponent: usize) -> u64 {
    POWERS.get(exponent).copied().unwrap_or(u64::MAX)
}

/// Loads at most eight bytes into a word: the first byte lowest, zero above the last.
#[inline]
pub(super) fn load(bytes: &[u8]) -> u64 {
    if let Some(all) = bytes.first_chunk::<8>() {
        return u64::from_le_bytes(*all);
    }
    let length = bytes.len();
    if let (Some(low), Some(high)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let low = u64::from(u32::from_le_bytes(*low));
        let high = u64::from(u32::from_le_bytes(*high));
        return low | (high << (8 * (length - 4)));
    }
    match bytes {
        [] => 0,
        [first, ..] => {
            let at =
                |index: usize| u64::from(bytes.get(index).copied().unwrap_or(0)) << (8 * index);
            u64::from(*first) | at(length / 2) | at(length - 1)
        }
    }
}

/// Reads 1 to 8 digits.
#[inline]
pub(super) fn up_to_eight(digits: &[u8]) -> Option<u64> {
    if digits.len() > 8 {
        return None;
    }
    word_digits(load(digits), u32::try_from(digits.len()).ok()?)
}

/// Reads the lowest `count` bytes of a word, 1 to 8, as digits; the bytes above must be zero.
#[inline]
fn word_digits(word: u64, count: u32) -> Option<u64> {
    if count == 0 {
        return None;
    }
    // Leading zeros make up for the missing digits.
    let word = (word << (64 - 8 * count)) | ZEROS.unbounded_shr(8 * count);
    let word = word ^ ZEROS;
    if (word | word.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    Some(low.wrapping_add(high) >> 32)
}

/// Reads a number of at most 8 bytes, or of at most 19 with a point among the first 8: all its digits
/// as one integer, and how many of them stand behind the point. None for any other form.
#[inline]
pub(super) fn short_number(bytes: &[u8]) -> Option<(u64, usize)> {
    let length = bytes.len();
    if length > 19 {
        return None;
    }
    let (head, tail) = bytes.split_at(length.min(8));
    let word = load(head);
    let count = u32::try_from(head.len()).ok()?;
    let marks = point_marks(word);
    if marks == 0 {
        return Some((word_digits(word, count).filter(|_| tail.is_empty())?, 0));
    }
    let bits = marks.trailing_zeros() & !7;
    let before = word & ((1 << bits) - 1);
    let behind = (word >> bits >> 8) << bits;
    let point = usize::try_from(bits / 8).ok()?;
    let digits = before | behind;
    let number = match tail {
        [] => word_digits(digits, count - 1)?,
        // The point has left room for one more digit.
        [eighth, rest @ ..] => {
            let high = word_digits(digits | u64::from(*eighth) << 56, 8)?;
            match rest {
                [] => high,
                _ => high * power_of_ten(rest.len()) + chunk(rest)?,
            }
        }
    };
    Some((number, length - 1 - point))
}

/// Reads 1 to 16 digits.
#[inline]
pub(super) fn chunk(digits: &[u8]) -> Option<u64> {
    match digits.split_last_chunk::<8>() {
        Some((high, low)) if !high.is_empty() => {
            Some(up_to_eight(high)? * 100_000_000 + up_to_eight(low)?)
        }
        _ => up_to_eight(digits),
    }
}

/// An unsigned integer that decimal digits are appended to.
pub trait Accumulator: Copy + PartialOrd {
    /// No digits yet.
    const ZERO: Self;

    /// Appends `count` digits (at most 16) that have this value; None on overflow.
    fn push(self, count: usize, value: u64) -> Option<Self>;
}

macro_rules! accumulator {
    ($type:ty, $zero:expr) => {
        impl Accumulator for $type {
            const ZERO: Self = $zero;

            #[inline]
            fn push(self, count: usize, value: u64) -> Option<Self> {
                self.checked_mul(Self::from(power_of_ten(count)))?
                    .checked_add(Self::from(value))
            }
        }
    };
}

accumulator!(u64, 0);
accumulator!(u128, 0);
accumulator!(U256, Self::ZERO);

/// Appends digits to a number; no digits are none.
#[inline]
pub(super) fn append<A: Accumulator>(number: A, digits: &[u8]) -> Result<A, Reason> {
    let mut number = number;
    for part in digits.chunks(CHUNK_DIGITS) {
        let value = chunk(part).ok_or(Reason::InvalidNumber)?;
        number = match number.push(part.len(), value) {
            Some(number) => number,
            None if is_digits(digits) => return Err(Reason::Overflow),
            None => return Err(Reason::InvalidNumber),
        };
    }
    Ok(number)
}

/// Appends zeros to a number; None on overflow.
#[inline]
pub(super) fn append_zeros<A: Accumulator>(number: A, count: usize) -> Option<A> {
    if count <= CHUNK_DIGITS {
        return number.push(count, 0);
    }
    let mut number = number;
    let mut left = count;
    while left > 0 {
        let count = left.min(CHUNK_DIGITS);
        number = number.push(count, 0)?;
        left -= count;
    }
    Some(number)
}

/// Returns whether all bytes are digits.
pub(super) fn is_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

/// Returns whether all bytes are the digit zero.
pub(super) fn is_zeros(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == b'0')
}

/// Splits off the sign: whether it is a minus, and what follows it.
#[inline]
pub(super) fn split_sign(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, bytes),
    }
}

/// Returns a word whose lowest bit that is set belongs to the first point; zero if there is none.
#[inline]
const fn point_marks(word: u64) -> u64 {
    let points = word ^ 0x2e2e_2e2e_2e2e_2e2e;
    points.wrapping_sub(0x0101_0101_0101_0101) & !points & 0x8080_8080_8080_8080
}
