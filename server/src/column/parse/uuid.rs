//! UUIDs: 32 hexadecimal digits, with hyphens in the usual places or none, and braces around them or none.
//!
//! [`super::super::builder`] calls it; it must never take prefixes or other places of hyphens.

use super::Reason;

/// Marks what is not a hexadecimal digit in [`VALUES`].
const NONE: u8 = 0xff;

/// The value of each hexadecimal digit.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut digit = 0;
    while digit < 16 {
        let character = b"0123456789abcdef"[digit as usize];
        values[character as usize] = digit;
        values[character.to_ascii_uppercase() as usize] = digit;
        digit += 1;
    }
    values
};

/// Reads a UUID as the number that its digits are.
///
/// # Errors
///
/// [`Reason::InvalidUuid`].
pub fn parse_uuid(bytes: &[u8]) -> Result<u128, Reason> {
    let mut digits = [0; 32];
    match bytes.len() {
        32 => digits.copy_from_slice(bytes),
        36 => without_hyphens(bytes, &mut digits).ok_or(Reason::InvalidUuid)?,
        _ => match bytes {
            [b'{', inner @ .., b'}'] if matches!(inner.len(), 32 | 36) => return parse_uuid(inner),
            _ => return Err(Reason::InvalidUuid),
        },
    }
    let mut value = [0; 16];
    let mut seen = 0;
    for (byte, pair) in value.iter_mut().zip(digits.as_chunks::<2>().0) {
        let [high, low] = pair.map(|digit| VALUES[usize::from(digit)]);
        seen |= high | low;
        *byte = (high << 4) | low;
    }
    if seen > 15 {
        return Err(Reason::InvalidUuid);
    }
    Ok(u128::from_be_bytes(value))
}

/// Copies the digits of the form 8-4-4-4-12.
fn without_hyphens(bytes: &[u8], digits: &mut [u8; 32]) -> Option<()> {
    let bytes: &[u8; 36] = bytes.try_into().ok()?;
    if [bytes[8], bytes[13], bytes[18], bytes[23]] != [b'-'; 4] {
        return None;
    }
    digits[..8].copy_from_slice(&bytes[..8]);
    digits[8..12].copy_from_slice(&bytes[9..13]);
    digits[12..16].copy_from_slice(&bytes[14..18]);
    digits[16..20].copy_from_slice(&bytes[19..23]);
    digits[20..].copy_from_slice(&bytes[24..]);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{Reason, parse_uuid};

    const VALUE: u128 = 0x0123_4567_89ab_cdef_0011_2233_4455_66ff;

    #[test]
    fn hyphens_and_case_do_not_matter() {
        for text in [
            "01234567-89ab-cdef-0011-2233445566ff",
            "01234567-89AB-cdEF-0011-2233445566Ff",
            "0123456789abcdef00112233445566ff",
            "{01234567-89ab-cdef-0011-2233445566ff}",
            "{0123456789ABCDEF00112233445566FF}",
        ] {
            assert_eq!(parse_uuid(text.as_bytes()), Ok(VALUE), "{text}");
        }
        assert_eq!(parse_uuid(b"00000000-0000-0000-0000-000000000000"), Ok(0));
        assert_eq!(
            parse_uuid(b"ffffffff-ffff-ffff-ffff-ffffffffffff"),
            Ok(u128::MAX)
        );
    }

    #[test]
    fn other_texts_are_not_uuids() {
        for text in [
            "",
            "{01234567-89ab-cdef-0011-2233445566ff",
            "{{01234567-89ab-cdef-0011-2233445566ff}}",
            "{}",
            "01234567-89ab-cdef-0011-2233445566f",
            "01234567-89ab-cdef-0011-2233445566fff",
            "0123456789abcdef00112233445566f",
            "0123456789abcdef00112233445566fg",
            "01234567-89ab-cdef-00112-233445566ff",
            "0123456-789ab-cdef-0011-2233445566ff",
            "01234567-89ab-cdef-0011-2233445566g0",
            "0123456789abcdef00112233445566ff----",
        ] {
            assert_eq!(
                parse_uuid(text.as_bytes()),
                Err(Reason::InvalidUuid),
                "{text}"
            );
        }
    }
}
