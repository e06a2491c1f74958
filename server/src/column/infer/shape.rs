//! Which kinds of bytes a cell has, in one pass.
//!
//! Only [`super`] uses it; it must never decide a type.

const DIGIT: u8 = 1;
const SIGN: u8 = 2;
const POINT: u8 = 4;
const COMMA: u8 = 8;
const EXPONENT: u8 = 16;
const COLON: u8 = 32;
const LETTER: u8 = 64;
const OTHER: u8 = 128;

/// The kind of each byte.
const KINDS: [u8; 256] = {
    let mut kinds = [OTHER; 256];
    let mut byte = 0_u8;
    loop {
        kinds[byte as usize] = match byte {
            b'0'..=b'9' => DIGIT,
            b'+' | b'-' => SIGN,
            b'.' => POINT,
            b',' => COMMA,
            b'e' | b'E' => EXPONENT,
            b':' => COLON,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            _ => OTHER,
        };
        if byte == u8::MAX {
            break kinds;
        }
        byte += 1;
    }
};

/// The kinds of bytes that a text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape(u8);

impl Shape {
    /// A longer text is a text: no number, date or address has more bytes.
    pub(super) const LONGEST: usize = 90;

    #[inline]
    pub(super) fn of(text: &[u8]) -> Self {
        let kinds = text.iter().map(|byte| KINDS[usize::from(*byte)]);
        Self(kinds.fold(0, |kinds, kind| kinds | kind))
    }

    /// Returns whether there are digits, and beside them nothing that a number has not.
    pub(super) const fn may_be_number(self) -> bool {
        self.0 & DIGIT != 0 && self.0 & (COLON | LETTER | OTHER) == 0
    }

    /// Returns whether there are digits and perhaps signs only.
    pub(super) const fn may_be_integer(self) -> bool {
        self.0 & DIGIT != 0 && self.0 & !(DIGIT | SIGN) == 0
    }

    pub(super) const fn is_digits(self) -> bool {
        self.0 == DIGIT
    }

    /// Returns whether there is nothing but digits and points.
    pub(super) const fn is_digits_and_points(self) -> bool {
        self.0 == DIGIT | POINT
    }

    pub(super) const fn has_digit(self) -> bool {
        self.0 & DIGIT != 0
    }

    pub(super) const fn has_colon(self) -> bool {
        self.0 & COLON != 0
    }

    /// Returns whether there are letters only.
    pub(super) const fn is_letters(self) -> bool {
        self.0 & !(LETTER | EXPONENT) == 0
    }
}
