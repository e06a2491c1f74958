//! Truth values: the usual words, in any case.
//!
//! [`super::super::builder`] and [`super::super::infer`] call it; it must never take a number but 0 and 1.

use super::Reason;

/// Reads a truth value.
///
/// # Errors
///
/// [`Reason::InvalidBool`].
#[inline]
pub fn parse_bool(bytes: &[u8]) -> Result<bool, Reason> {
    match bytes {
        [b'1' | b't' | b'T' | b'y' | b'Y'] | b"true" => return Ok(true),
        [b'0' | b'f' | b'F' | b'n' | b'N'] | b"false" => return Ok(false),
        _ => {}
    }
    let is = |word: &str| bytes.eq_ignore_ascii_case(word.as_bytes());
    if is("true") || is("yes") || is("on") {
        Ok(true)
    } else if is("false") || is("no") || is("off") {
        Ok(false)
    } else {
        Err(Reason::InvalidBool)
    }
}

#[cfg(test)]
mod tests {
    use super::{Reason, parse_bool};

    #[test]
    fn words_are_read_in_any_case() {
        for text in [
            "true", "TRUE", "tRue", "t", "T", "yes", "Yes", "y", "Y", "on", "ON", "1",
        ] {
            assert_eq!(parse_bool(text.as_bytes()), Ok(true), "{text}");
        }
        for text in [
            "false", "False", "f", "F", "no", "NO", "n", "N", "off", "Off", "0",
        ] {
            assert_eq!(parse_bool(text.as_bytes()), Ok(false), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_truth_values() {
        for text in [
            "", "2", "-1", "01", "00", "1.0", " true", "true ", "tru", "yess", "ja", "\\N",
        ] {
            assert_eq!(
                parse_bool(text.as_bytes()),
                Err(Reason::InvalidBool),
                "{text}"
            );
        }
    }
}
