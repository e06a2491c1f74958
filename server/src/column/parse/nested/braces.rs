//! Arrays as `PostgreSQL` writes them: `{a,"b c",NULL}`, `{{1,2},{3,4}}`.
//!
//! [`super::super::super::builder`] calls it for columns of Arrays, whose own text begins with `[`; it must never
//! take an object for an Array.

/// Returns the Array as ClickHouse writes it, with every element but NULL in quotes; None when the text is none.
#[must_use]
pub fn array_in_braces(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() + 16);
    let rest = push_array(text, 0, &mut out)?;
    rest.is_empty().then_some(out)
}

/// Appends an Array; returns what stands behind it.
fn push_array<'t>(text: &'t [u8], depth: usize, out: &mut Vec<u8>) -> Option<&'t [u8]> {
    /// `PostgreSQL` has no deeper ones.
    const DEEPEST: usize = 6;
    let mut rest = text.strip_prefix(b"{").filter(|_| depth < DEEPEST)?;
    out.push(b'[');
    if let Some(behind) = rest.trim_ascii_start().strip_prefix(b"}") {
        out.push(b']');
        return Some(behind);
    }
    loop {
        rest = rest.trim_ascii_start();
        rest = match rest.first()? {
            b'{' => push_array(rest, depth + 1, out)?,
            b'"' => push_quoted(rest.get(1..)?, out)?,
            _ => push_plain(rest, out)?,
        };
        rest = rest.trim_ascii_start();
        let (mark, behind) = rest.split_first()?;
        rest = behind;
        match mark {
            b',' => out.push(b','),
            b'}' => {
                out.push(b']');
                return Some(rest);
            }
            _ => return None,
        }
    }
}

/// Appends an element up to its closing quote.
fn push_quoted<'t>(text: &'t [u8], out: &mut Vec<u8>) -> Option<&'t [u8]> {
    out.push(b'\'');
    let mut rest = text;
    loop {
        let (byte, behind) = rest.split_first()?;
        rest = behind;
        match byte {
            b'"' => break,
            b'\\' => {
                let (escaped, behind) = rest.split_first()?;
                push_byte(*escaped, out);
                rest = behind;
            }
            byte => push_byte(*byte, out),
        }
    }
    out.push(b'\'');
    Some(rest)
}

/// Appends an element without quotes, up to what ends it.
fn push_plain<'t>(text: &'t [u8], out: &mut Vec<u8>) -> Option<&'t [u8]> {
    let end = memchr::memchr2(b',', b'}', text)?;
    let (element, rest) = text.split_at(end);
    let element = element.trim_ascii_end();
    let is_clear = |byte: &u8| !matches!(byte, b'"' | b'\\' | b'{');
    // Only Maps and objects of other programs have texts in single quotes.
    if element.is_empty() || element.starts_with(b"'") || !element.iter().all(is_clear) {
        return None;
    }
    if element.eq_ignore_ascii_case(b"null") {
        out.extend_from_slice(b"NULL");
        return Some(rest);
    }
    out.push(b'\'');
    element.iter().for_each(|byte| push_byte(*byte, out));
    out.push(b'\'');
    Some(rest)
}

/// Appends a byte of a text in quotes.
fn push_byte(byte: u8, out: &mut Vec<u8>) {
    if matches!(byte, b'\'' | b'\\') {
        out.push(b'\\');
    }
    out.push(byte);
}

#[cfg(test)]
mod tests {
    use super::array_in_braces;

    #[test]
    fn arrays_in_braces_become_arrays_in_brackets() {
        for (text, expected) in [
            ("{}", "[]"),
            ("{ }", "[]"),
            ("{x,y}", "['x','y']"),
            (r#"{"apple", "pear"}"#, "['apple','pear']"),
            ("{1,NULL, 3 }", "['1',NULL,'3']"),
            (
                r#"{"NULL","a,b","c\"d","e\\f","it's",""}"#,
                r"['NULL','a,b','c\x22d','e\\f','it\'s','']",
            ),
            ("{{1,2},{3}}", "[['1','2'],['3']]"),
            ("{a b,c}", "['a b','c']"),
        ] {
            let expected = expected.replace(r"\x22", "\"");
            let array = array_in_braces(text.as_bytes()).map(|out| String::from_utf8(out).unwrap());
            assert_eq!(array, Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_in_braces_are_refused() {
        for text in [
            "{",
            "}",
            "{x",
            "{x}y",
            "{,}",
            "{x,}",
            r#"{"a":1}"#,
            "{'a':1}",
            r#"{"a"b}"#,
            r#"{"a}"#,
            "{{{{{{{1}}}}}}}",
            "{a\"b}",
        ] {
            assert_eq!(array_in_braces(text.as_bytes()), None, "{text}");
        }
    }
}
