//! Escapes of texts in quotes: those of ClickHouse and those of JSON.
//!
//! Only [`super::Cursor`] calls it; it must never drop a byte.

/// Unescapes a text in single quotes up to and with the closing one: returns what follows it.
///
/// The escapes are those that ClickHouse reads: `\b \f \n \r \t \v \a \e \0 \xHH`, a backslash
/// before itself, quotes, `/`, `=` or a control character, and a quote that stands twice. A backslash
/// before anything else is itself. None when the quote is missing, or for `\N` and for an `\x`
/// without two digits, which ClickHouse takes for nothing.
pub(super) fn unescape_sql<'a>(text: &'a [u8], target: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut rest = text;
    loop {
        let special = memchr::memchr2(b'\'', b'\\', rest)?;
        let (plain, tail) = rest.split_at(special);
        target.extend_from_slice(plain);
        match tail {
            [b'\'', b'\'', tail @ ..] => {
                target.push(b'\'');
                rest = tail;
            }
            [b'\'', tail @ ..] => return Some(tail),
            [b'\\', b'x', high, low, tail @ ..] => {
                target.push(hexadecimal(*high)? << 4 | hexadecimal(*low)?);
                rest = tail;
            }
            [b'\\', b'x' | b'N', ..] => return None,
            [b'\\', escaped, tail @ ..] => {
                put_sql_escape(*escaped, target);
                rest = tail;
            }
            _ => return None,
        }
    }
}

fn put_sql_escape(escaped: u8, target: &mut Vec<u8>) {
    let byte = match escaped {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'a' => 0x07,
        b'e' => 0x1b,
        b'0' => 0,
        b'\\' | b'\'' | b'"' | b'`' | b'/' | b'=' | 0..=0x1f => escaped,
        _ => {
            target.push(b'\\');
            escaped
        }
    };
    target.push(byte);
}

/// Unescapes a text in double quotes up to and with the closing one: returns what follows it.
///
/// None when the quote is missing, or for an escape that JSON does not have.
pub(super) fn unescape_json<'a>(text: &'a [u8], target: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut rest = text;
    loop {
        let special = memchr::memchr2(b'"', b'\\', rest)?;
        let (plain, tail) = rest.split_at(special);
        target.extend_from_slice(plain);
        let (escaped, tail) = match tail {
            [b'"', tail @ ..] => return Some(tail),
            [b'\\', b'u', tail @ ..] => {
                let (character, tail) = code_point(tail)?;
                let mut utf8 = [0; 4];
                target.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
                rest = tail;
                continue;
            }
            [b'\\', escaped, tail @ ..] => (*escaped, tail),
            _ => return None,
        };
        target.push(match escaped {
            b'"' | b'\\' | b'/' => escaped,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            _ => return None,
        });
        rest = tail;
    }
}

/// Reads the digits behind `\u`, and a second half behind the first one of a pair.
fn code_point(text: &[u8]) -> Option<(char, &[u8])> {
    let (first, rest) = four_digits(text)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, rest));
    }
    let (second, rest) = four_digits(rest.strip_prefix(b"\\u")?)?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    let code = 0x1_0000 + ((first - 0xd800) << 10) + low;
    Some((char::from_u32(code)?, rest))
}

fn four_digits(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let mut code = 0;
    for digit in digits {
        code = code << 4 | u32::from(hexadecimal(*digit)?);
    }
    Some((code, rest))
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
