//! Fields of TSV that are Arrays, Maps or Tuples: texts with escapes of their own.
//!
//! `transfer` asks for them where a column has such a type. ClickHouse's `TabSeparated` writes these
//! values as they are, so that a backslash within their quotes is an escape of the value and none of
//! TSV. It must never choose between two readings of a text.

use std::borrow::Cow;

use memchr::memchr3;

use super::escape::unescape;

const BACKSLASH: u8 = b'\\';
const TAB: u8 = b'\t';

/// Returns the bytes of the field at `index`, from 0, of a record of TSV; none of a field that is not
/// there.
pub fn raw_field(record: &[u8], index: usize) -> &[u8] {
    let mut start = 0;
    let mut fields_before = 0;
    let mut is_escaped = false;
    for (at, byte) in record.iter().enumerate() {
        if is_escaped {
            is_escaped = false;
        } else if *byte == BACKSLASH {
            is_escaped = true;
        } else if *byte == TAB {
            if fields_before == index {
                return record.get(start..at).unwrap_or_default();
            }
            fields_before += 1;
            start = at + 1;
        }
    }
    if fields_before < index {
        return &[];
    }
    record.get(start..).unwrap_or_default()
}

/// Returns the text of a raw field of TSV that is an Array, Map or Tuple: escapes outside of quotes
/// are those of TSV, those within are left to the value.
///
/// None when a text in double quotes has a backslash before another one or before a quote: that can be
/// JSON as it is, or JSON in which TSV has doubled each backslash.
pub fn nested_text(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut text = Vec::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(found) = memchr3(b'\'', b'"', BACKSLASH, raw.get(at..)?) {
        let special = at + found;
        if raw.get(special) != Some(&BACKSLASH) {
            at = end_of_quoted(raw, special)?;
            continue;
        }
        let is_hex = raw.get(special + 1) == Some(&b'x');
        at = raw.len().min(special + if is_hex { 4 } else { 2 });
        text.extend_from_slice(raw.get(kept..special)?);
        unescape(raw.get(special..at)?, BACKSLASH, TAB, &mut text);
        kept = at;
    }
    if kept == 0 {
        return Some(Cow::Borrowed(raw));
    }
    text.extend_from_slice(raw.get(kept..)?);
    Some(Cow::Owned(text))
}

/// Returns the place behind the quote that closes the one at `start`, or the end of the text; None when
/// the text between can be read in two ways.
fn end_of_quoted(raw: &[u8], start: usize) -> Option<usize> {
    let quote = *raw.get(start)?;
    let mut at = start + 1;
    while let Some(byte) = raw.get(at) {
        if *byte == quote {
            return Some(at + 1);
        }
        if *byte != BACKSLASH {
            at += 1;
            continue;
        }
        if quote == b'"' && matches!(raw.get(at + 1), Some(&BACKSLASH | b'"')) {
            return None;
        }
        at += 2;
    }
    Some(raw.len())
}

#[cfg(test)]
mod tests {
    use super::{nested_text, raw_field};

    #[test]
    fn escapes_within_quotes_are_left_to_the_value() {
        let cases: &[(&[u8], Option<&[u8]>)] = &[
            (br"['C:\\temp\\new']", Some(br"['C:\\temp\\new']")),
            (br"['it\'s','\t']", Some(br"['it\'s','\t']")),
            (br"\x5B1,2]", Some(b"[1,2]")),
            (br"[\'a\\tb\']", Some(br"['a\tb']")),
            (br"['a\\', \'b\']", Some(br"['a\\', 'b']")),
            (br#"["a\n",'\\"']"#, Some(br#"["a\n",'\\"']"#)),
            (br#"["a\\nb"]"#, None),
            (br#"["a\"b"]"#, None),
            (br"['open\", Some(br"['open\")),
            (br"[\", Some(br"[\")),
            (b"", Some(b"")),
        ];
        for (raw, expected) in cases {
            let text = nested_text(raw);
            assert_eq!(text.as_deref(), *expected, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn a_field_ends_at_a_tab_that_is_not_escaped() {
        let record = b"a\\\tb\t\t['\\\\']\tend";
        let fields: [&[u8]; 5] = [b"a\\\tb", b"", b"['\\\\']", b"end", b""];
        for (index, expected) in fields.into_iter().enumerate() {
            assert_eq!(raw_field(record, index), expected, "{index}");
        }
    }
}
