//! Text: valid UTF-8 of any length, or any bytes up to a fixed length.
//!
//! [`super::super::builder`] calls it; it must never change a byte.

use super::Reason;

/// Checks that a text is UTF-8.
///
/// # Errors
///
/// [`Reason::InvalidUtf8`].
#[inline]
pub fn parse_text(bytes: &[u8]) -> Result<&[u8], Reason> {
    if bytes.is_ascii() || std::str::from_utf8(bytes).is_ok() {
        Ok(bytes)
    } else {
        Err(Reason::InvalidUtf8)
    }
}

/// Checks that a value fits a FixedString; zero bytes up to `length` are the caller's to add.
///
/// # Errors
///
/// [`Reason::TooLong`].
#[inline]
pub fn parse_fixed(bytes: &[u8], length: usize) -> Result<&[u8], Reason> {
    if bytes.len() <= length {
        Ok(bytes)
    } else {
        Err(Reason::TooLong)
    }
}

#[cfg(test)]
mod tests {
    use super::{Reason, parse_fixed, parse_text};

    #[test]
    fn valid_utf8_is_kept() {
        for text in ["", "abc", "żółć", "日本語 and more", "a\0b", "\u{10ffff}"] {
            assert_eq!(parse_text(text.as_bytes()), Ok(text.as_bytes()));
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        for bytes in [
            &b"\xff"[..],
            b"abc\x80",
            b"\xc3",
            b"\xed\xa0\x80",
            b"\xc0\xaf",
            b"12345678\xe9",
        ] {
            assert_eq!(parse_text(bytes), Err(Reason::InvalidUtf8));
        }
    }

    #[test]
    fn a_fixed_text_may_be_shorter_and_of_any_bytes_but_not_longer() {
        assert_eq!(parse_fixed(b"", 3), Ok(&b""[..]));
        assert_eq!(parse_fixed(b"a\xffc", 3), Ok(&b"a\xffc"[..]));
        assert_eq!(parse_fixed(b"abcd", 3), Err(Reason::TooLong));
    }
}
