//! A decoder that looks at one byte after another: slow, short, and written apart from the real one.
//!
//! Used by the tests as the truth about fields and positions. It must never share code with the
//! scanner; an open quote at the end of the file is no error here.

use super::Row;
use crate::csv::{Dialect, Position};

#[derive(Clone, Copy, PartialEq)]
enum State {
    FieldStart,
    Text,
    Quoted,
    QuoteInQuoted,
}

struct Plain {
    rows: Vec<Row>,
    fields: Vec<(Vec<u8>, bool)>,
    text: Vec<u8>,
    quoted: bool,
    state: State,
    start: usize,
    start_line: u64,
    keeps_blank: bool,
}

/// All records of the file, the header among them.
pub(super) fn decode(dialect: Dialect, input: &[u8]) -> Vec<Row> {
    let skipped = if input.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    let mut plain = Plain {
        rows: Vec::new(),
        fields: Vec::new(),
        text: Vec::new(),
        quoted: false,
        state: State::FieldStart,
        start: skipped,
        start_line: 1,
        keeps_blank: dialect.escape().is_some(),
    };
    let mut line = 1;
    let mut at = skipped;
    while at < input.len() {
        let byte = input[at];
        let rest = &input[at + 1..];
        if dialect.escape() == Some(byte) && !rest.is_empty() {
            let (text, length) = plain_escape(rest, dialect.delimiter());
            let is_null =
                rest[0] == b'N' && plain.text.is_empty() && ends_field(dialect, &rest[1..]);
            plain.quoted |= !is_null;
            plain.text.extend(text);
            plain.state = State::Text;
            line += u64::from(rest[0] == b'\n' || rest[0] == b'\r' && rest.get(1) != Some(&b'\n'));
            at += 1 + length;
            continue;
        }
        let after_return = byte == b'\n' && at > skipped && input[at - 1] == b'\r';
        if byte == b'\r' && rest.first() != Some(&b'\n') || byte == b'\n' {
            line += 1;
        }
        plain.step(dialect, input, at, line, after_return);
        at += 1;
    }
    if plain.start < input.len() {
        plain.quoted |= dialect.escape().is_some() && plain.text.ends_with(b"\\") && {
            let backslashes = input
                .iter()
                .rev()
                .take_while(|&&byte| byte == b'\\')
                .count();
            backslashes % 2 == 1
        };
        plain.end_record(input, input.len());
    }
    plain.rows
}

fn ends_field(dialect: Dialect, rest: &[u8]) -> bool {
    rest.first()
        .is_none_or(|&next| next == dialect.delimiter() || matches!(next, b'\r' | b'\n'))
}

/// What stands after a backslash: its text and how many bytes it takes.
fn plain_escape(rest: &[u8], delimiter: u8) -> (Vec<u8>, usize) {
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

impl Plain {
    fn step(&mut self, dialect: Dialect, input: &[u8], at: usize, line: u64, after_return: bool) {
        let byte = input[at];
        let is_quote = dialect.quote() == Some(byte);
        match self.state {
            State::FieldStart if is_quote => {
                self.quoted = true;
                self.state = State::Quoted;
            }
            State::Quoted if is_quote => self.state = State::QuoteInQuoted,
            State::QuoteInQuoted if is_quote => {
                self.text.push(byte);
                self.state = State::Quoted;
            }
            State::Quoted => self.text.push(byte),
            _ if byte == dialect.delimiter() => self.end_field(),
            _ if byte == b'\n' || byte == b'\r' => {
                let is_empty = self.start == at;
                if !is_empty || self.keeps_blank && !after_return {
                    self.end_record(input, at);
                }
                self.start = at + 1;
                self.start_line = line;
                if byte == b'\r' && input.get(at + 1) == Some(&b'\n') {
                    self.start_line += 1;
                }
            }
            _ => {
                self.text.push(byte);
                self.state = State::Text;
            }
        }
    }

    fn end_field(&mut self) {
        self.fields
            .push((std::mem::take(&mut self.text), self.quoted));
        self.quoted = false;
        self.state = State::FieldStart;
    }

    fn end_record(&mut self, input: &[u8], end: usize) {
        self.end_field();
        self.keeps_blank &= self.fields.len() == 1;
        self.rows.push(Row {
            fields: std::mem::take(&mut self.fields),
            raw: input[self.start..end].to_vec(),
            position: Position {
                record: self.rows.len() as u64 + 1,
                line: self.start_line,
                byte_offset: self.start as u64,
            },
        });
    }
}
