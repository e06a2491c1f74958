//! Text of others in a line of the log: nothing in it ends the line, or is obeyed by a terminal.
//!
//! `telemetry` puts it between the events and their line. A character that cannot be seen stands as an
//! escape; what can be seen stays as it is.

use std::{
    fmt::{self, Write as _},
    io,
};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::{FormatFields, format::Writer};

/// Whether a terminal or a reader of lines does something else with it than to show it: controls, line
/// ends of Unicode, and what turns the direction of writing.
fn is_hidden(next: char) -> bool {
    next.is_control()
        || matches!(
            next,
            '\u{061c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

/// Writes the fields of an event or a span as text: `message name=value`.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlainFields;

impl<'writer> FormatFields<'writer> for PlainFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut line = Line {
            writer,
            is_begun: false,
            outcome: Ok(()),
        };
        fields.record(&mut line);
        line.outcome
    }
}

struct Line<'writer> {
    writer: Writer<'writer>,
    is_begun: bool,
    outcome: fmt::Result,
}

impl Line<'_> {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) -> fmt::Result {
        if std::mem::replace(&mut self.is_begun, true) {
            self.writer.write_char(' ')?;
        }
        let mut plain = Plain(&mut self.writer);
        match field.name() {
            "message" => plain.write_fmt(value),
            name => write!(plain, "{}={value}", name.trim_start_matches("r#")),
        }
    }
}

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.outcome.is_ok() {
            self.outcome = self.add(field, format_args!("{value:?}"));
        }
    }
}

/// Escapes what is hidden.
struct Plain<'a, 'writer>(&'a mut Writer<'writer>);

impl fmt::Write for Plain<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(is_hidden) {
            let last = part.chars().next_back().filter(|&last| is_hidden(last));
            let seen = part.trim_end_matches(is_hidden);
            self.0.write_str(seen)?;
            if let Some(hidden) = last {
                write!(self.0, "{}", hidden.escape_default())?;
            }
        }
        Ok(())
    }
}

/// Takes lines of JSON, in which all but the controls of ASCII stands as it is, and escapes the rest. Such
/// a character is in a string: nothing else of JSON holds one.
#[derive(Debug)]
pub(super) struct PlainJson<W>(pub(super) W);

impl<W: io::Write> io::Write for PlainJson<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let (body, end) = match text.strip_suffix('\n') {
            Some(body) => (body, "\n"),
            None => (text.as_ref(), ""),
        };
        let mut plain = String::with_capacity(text.len());
        for next in body.chars() {
            if is_hidden(next) {
                let mut units = [0; 2];
                for unit in next.encode_utf16(&mut units) {
                    plain.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                plain.push(next);
            }
        }
        plain.push_str(end);
        self.0.write_all(plain.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tracing_subscriber::fmt::format::Writer;

    use super::{Plain, PlainJson};

    #[test]
    fn what_cannot_be_seen_stands_as_an_escape() {
        let mut line = String::new();
        let mut writer = Writer::new(&mut line);
        let text = "größe \u{1b}[31m\n\r\tend\u{9b}\u{2028}\u{202e}";
        std::fmt::Write::write_str(&mut Plain(&mut writer), text).unwrap();
        assert_eq!(
            line,
            "größe \\u{1b}[31m\\n\\r\\tend\\u{9b}\\u{2028}\\u{202e}"
        );
    }

    #[test]
    fn a_line_of_json_says_the_same() {
        let value = serde_json::json!({"a": "größe \u{1b}\n\u{7f}\u{9b}\u{2028}\u{202e}"});
        let mut line = Vec::new();
        writeln!(PlainJson(&mut line), "{value}").unwrap();
        let text = String::from_utf8(line).unwrap();
        assert!(
            text.ends_with("\\u001b\\n\\u007f\\u009b\\u2028\\u202e\"}\n"),
            "{text}"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }
}
