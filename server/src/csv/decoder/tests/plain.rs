//! A decoder that looks at one byte after another: slow, short, and written apart from the real one.
//!
//! Used by the tests as the truth about fields and positions, for every dialect. It must never
//! share code with the scanner; an open quote at the end of the file is no error here.

use super::Row;
use crate::csv::{Dialect, Position};

/// What a file is, apart from limits.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// All records, those of the header among them.
    pub(super) rows: Vec<Row>,
    /// Whether the last record has a quote that nothing closes.
    pub(super) unterminated: bool,
    /// Whether an escape stands outside of quotes, where the `csv` crate knows none.
    pub(super) escapes_outside: bool,
    /// Whether anything stands behind a closing quote, which the `csv` crate takes for text.
    pub(super) goes_on_after_quotes: bool,
    /// Whether a record is an empty line, which the `csv` crate never takes for one.
    pub(super) has_blank_records: bool,
    /// Lines and bytes of what is header, records, blank, comments, before and after the table.
    pub(super) account: [(u64, u64); 6],
}

/// All records of the file, the header among them.
pub(super) fn decode(dialect: Dialect, input: &[u8]) -> Vec<Row> {
    look_at(dialect, input).rows
}

/// Number of line ends in the bytes, CR LF counted once.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    let ends = (0..bytes.len()).filter(|&at| match bytes[at] {
        b'\r' => true,
        b'\n' => at == 0 || bytes[at - 1] != b'\r',
        _ => false,
    });
    ends.count() as u64
}

/// Where the line after `count` line ends begins.
fn after_lines(input: &[u8], count: u64) -> usize {
    let is_there = |&at: &usize| {
        let within_pair = at > 0 && input[at - 1] == b'\r' && input.get(at) == Some(&b'\n');
        line_ends(&input[..at]) == count && !within_pair
    };
    (0..input.len()).find(is_there).unwrap_or(input.len())
}

pub(super) fn look_at(dialect: Dialect, input: &[u8]) -> Plain {
    let mut plain = Plain::default();
    let file = input;
    let end = dialect
        .end_line()
        .map_or(input.len(), |line| after_lines(input, line));
    let input = &input[..end];
    let mut at = after_lines(input, u64::from(dialect.skip_lines()));
    if dialect.skip_lines() == 0 && input.starts_with(b"\xEF\xBB\xBF") {
        at = 3;
    }
    plain.account[4] = lines_and_bytes(&input[..at]);
    plain.account[5] = lines_and_bytes(&file[end..]);
    if at == 3 && dialect.skip_lines() == 0 {
        plain.account[4] = (0, 0);
        plain.account[0] = (0, 3);
    }
    let mut keeps_blank = dialect.is_tsv();
    while at < input.len() {
        let rest = &input[at..];
        let is_comment = dialect
            .comment()
            .is_some_and(|comment| rest.starts_with(comment));
        let start = at;
        let mut class = 2;
        if is_comment {
            class = 3;
            at += rest
                .iter()
                .position(|byte| matches!(byte, b'\r' | b'\n'))
                .unwrap_or(rest.len());
        } else if !matches!(rest[0], b'\r' | b'\n') || keeps_blank {
            let fields = plain.record(dialect, input, &mut at);
            keeps_blank = fields.len() == 1 && (keeps_blank || plain.rows.is_empty());
            plain.has_blank_records |= start == at;
            class = usize::from(plain.rows.len() >= usize::from(dialect.header_rows()));
            let position = Position {
                record: plain.rows.len() as u64 + 1,
                line: line_ends(&input[..start]) + 1,
                byte_offset: start as u64,
            };
            plain.rows.push(Row {
                fields,
                raw: input[start..at].to_vec(),
                position,
            });
        }
        at += match input[at..] {
            [b'\r', b'\n', ..] => 2,
            [_, ..] => 1,
            [] => 0,
        };
        let (lines, bytes) = lines_and_bytes(&input[start..at]);
        plain.account[class].0 += lines;
        plain.account[class].1 += bytes;
    }
    plain
}

fn lines_and_bytes(text: &[u8]) -> (u64, u64) {
    let is_open = !matches!(text.last(), None | Some(b'\r' | b'\n'));
    (line_ends(text) + u64::from(is_open), text.len() as u64)
}

impl Plain {
    fn record(&mut self, dialect: Dialect, input: &[u8], at: &mut usize) -> Vec<(Vec<u8>, bool)> {
        let mut fields = Vec::new();
        loop {
            fields.push(self.field(dialect, input, at));
            if !input[*at..].starts_with(dialect.delimiter()) {
                return fields;
            }
            *at += dialect.delimiter().len();
            while dialect.skip_initial_space() && input.get(*at) == Some(&b' ') {
                *at += 1;
            }
        }
    }

    fn field(&mut self, dialect: Dialect, input: &[u8], at: &mut usize) -> (Vec<u8>, bool) {
        let start = *at;
        let mut text = Vec::new();
        let mut inside = input.get(*at) == dialect.quote().as_ref() && *at < input.len();
        let mut quoted = inside;
        *at += usize::from(inside);
        let mut closed = None;
        while let Some(&byte) = input.get(*at) {
            let next = input.get(*at + 1).copied();
            if Some(byte) == dialect.escape() {
                let (escaped, length) = match next {
                    None => (vec![byte], 0),
                    Some(_) if dialect.is_tsv() => {
                        tsv_escape(&input[*at + 1..], dialect.delimiter()[0])
                    }
                    Some(next) => (vec![next], 1),
                };
                self.escapes_outside |= !inside;
                quoted = true;
                text.extend(escaped);
                *at += 1 + length;
            } else if inside && Some(byte) == dialect.quote() {
                inside = next == dialect.quote();
                if inside {
                    text.push(byte);
                    *at += 1;
                } else {
                    closed = Some((*at + 1, text.len()));
                }
                *at += 1;
            } else if !inside
                && (matches!(byte, b'\r' | b'\n') || input[*at..].starts_with(dialect.delimiter()))
            {
                break;
            } else {
                text.push(byte);
                *at += 1;
            }
        }
        self.unterminated = inside;
        if let Some((behind, length)) = closed.filter(|(behind, _)| behind < at) {
            self.goes_on_after_quotes = true;
            text = match input[behind..*at].trim_ascii() {
                b"" if !input[behind..*at].contains(&b'\x0C') => text[..length].to_vec(),
                _ => with_inner_quotes(dialect, &input[start..*at]),
            };
        }
        if &input[start..*at] == b"\\N" {
            return (b"\\N".to_vec(), false);
        }
        (text, quoted)
    }
}

/// The text of a field with quotes that are not doubled.
fn with_inner_quotes(dialect: Dialect, raw: &[u8]) -> Vec<u8> {
    let quote = dialect.quote().unwrap();
    let is_enclosed = raw.len() > 1 && raw[raw.len() - 1] == quote;
    let body = if is_enclosed {
        &raw[1..raw.len() - 1]
    } else {
        raw
    };
    let mut text = Vec::new();
    let mut at = 0;
    while at < body.len() {
        let is_last = at + 1 == body.len();
        let is_doubled = is_enclosed && !is_last && body[at] == quote && body[at + 1] == quote;
        let is_escape = !is_last && Some(body[at]) == dialect.escape();
        at += usize::from(is_doubled || is_escape);
        text.push(body[at]);
        at += 1;
    }
    text
}

/// What stands after a backslash: its text and how many bytes it takes.
fn tsv_escape(rest: &[u8], delimiter: u8) -> (Vec<u8>, usize) {
    let codes = b"0\0a\x07b\x08t\tn\nv\x0Bf\x0Cr\re\x1B''\"\"``//\\\\";
    if rest[0] == b'x' {
        let digits = rest
            .get(1..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(digits) = digits {
            return (vec![u8::from_str_radix(digits, 16).unwrap()], 3);
        }
    }
    if let Some(pair) = codes.chunks(2).find(|pair| pair[0] == rest[0]) {
        return (vec![pair[1]], 1);
    }
    if rest[0] == delimiter || rest[0].is_ascii_control() {
        return (vec![rest[0]], 1);
    }
    (vec![b'\\', rest[0]], 1)
}
