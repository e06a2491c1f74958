//! Decimal digits of machine integers, appended to a line.
//!
//! The rest of [`super`] calls it for every number, date and time; it must never allocate or branch
//! on single digits.
//!
//! How this works: eight digits are made at once in the lanes of one 64 bit word, the first digit in
//! the lowest byte. Zeros to leave out are counted as zero bytes of the word. Text is appended in
//! arrays of fixed size and then cut, which the compiler turns into single stores.

use super::line::Line;

/// Ten to the eighth: what one word of digits holds.
const WORD_LIMIT: u64 = 100_000_000;

/// Ten to the fourth: what half a word holds.
const HALF_LIMIT: u64 = 10_000;

/// `'0'` in every byte of a word.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Returns eight digits of a number below 10^8 as bytes 0 to 9, the first one lowest.
#[inline]
fn spread(number: u64) -> u64 {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - tens * 10) << 8)
}

/// Appends a number without leading zeros.
#[inline]
pub(super) fn push_u64(out: &mut Line<'_>, number: u64) {
    if number < HALF_LIMIT {
        push_shortest(out, number);
    } else if number < WORD_LIMIT {
        push_short(out, number);
    } else {
        push_long(out, number);
    }
}

fn push_short(out: &mut Line<'_>, number: u64) {
    let digits = spread(number);
    let leading = digits.trailing_zeros() & !7;
    let text = (digits | ZEROS) >> leading;
    out.push_front(text.to_le_bytes(), 8 - (leading >> 3) as usize);
}

/// Appends a number of up to four digits, which takes half the work.
#[inline]
fn push_shortest(out: &mut Line<'_>, number: u64) {
    let hundreds = (number * 10_486) >> 20;
    let twos = hundreds | ((number - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f;
    let digits = tens | ((twos - tens * 10) << 8);
    // The last digit stays, even if it is a zero.
    let leading = (digits | 1 << 24).trailing_zeros() & !7;
    let text = (digits | ZEROS) >> leading;
    let [a, b, c, d, ..] = text.to_le_bytes();
    out.push_front([a, b, c, d], 4 - (leading >> 3) as usize);
}

fn push_long(out: &mut Line<'_>, number: u64) {
    let (high, low) = (number / WORD_LIMIT, number % WORD_LIMIT);
    if high < WORD_LIMIT {
        push_u64(out, high);
    } else {
        push_u64(out, high / WORD_LIMIT);
        push_eight(out, high % WORD_LIMIT);
    }
    push_eight(out, low);
}

/// Appends exactly eight digits of a number below 10^8.
#[inline]
pub(super) fn push_eight(out: &mut Line<'_>, number: u64) {
    out.extend_from_slice(&(spread(number) | ZEROS).to_le_bytes());
}

/// Appends a signed number.
#[inline]
pub(super) fn push_i64(out: &mut Line<'_>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    push_u64(out, number.unsigned_abs());
}

/// Appends a point and `fraction`, a number below 10^8 seen as eight digits, without the zeros at
/// its end; nothing for zero.
#[inline]
pub(super) fn push_fraction(out: &mut Line<'_>, fraction: u64) {
    if fraction == 0 {
        return;
    }
    let digits = spread(fraction);
    let trailing = (digits.leading_zeros() >> 3) as usize;
    let mut text = [b'.'; 9];
    if let Some(place) = text.last_chunk_mut::<8>() {
        *place = (digits | ZEROS).to_le_bytes();
    }
    out.push_front(text, 9 - trailing);
}

/// Returns the two digits of a number below 100.
#[inline]
pub(super) fn two_digits(number: u32) -> [u8; 2] {
    let tens = (number * 103) >> 10;
    let digits = tens | ((number - tens * 10) << 8) | 0x3030;
    let [first, second, ..] = digits.to_le_bytes();
    [first, second]
}

#[cfg(test)]
mod tests {
    use super::{super::line::text, push_fraction, push_i64, push_u64, two_digits};

    #[test]
    fn numbers_around_every_power_of_ten_have_their_digits() {
        let mut power = 1_u64;
        loop {
            for number in [power - 1, power, power + 1, power.wrapping_mul(7) / 3] {
                assert_eq!(text(|out| push_u64(out, number)), format!("{number}"));
            }
            match power.checked_mul(10) {
                Some(next) => power = next,
                None => break,
            }
        }
        for number in [0, 1, -1, i64::MIN, i64::MAX] {
            assert_eq!(text(|out| push_i64(out, number)), format!("{number}"));
        }
        assert_eq!(text(|out| push_u64(out, u64::MAX)), "18446744073709551615");
    }

    #[test]
    fn every_number_of_eight_digits_in_steps_is_right() {
        for number in (0..100_000_000).step_by(9_973) {
            assert_eq!(text(|out| push_u64(out, number)), format!("{number}"));
            let fraction = format!(".{number:08}");
            let expected = fraction.trim_end_matches('0').trim_end_matches('.');
            assert_eq!(text(|out| push_fraction(out, number)), expected);
        }
    }

    #[test]
    fn pairs_of_digits_are_right() {
        for number in 0..100 {
            assert_eq!(
                two_digits(number).to_vec(),
                format!("{number:02}").into_bytes()
            );
        }
    }
}
