//! Writes records as NDJSON.
//!
//! `transfer` gives it the values of an export and takes what has piled up, as with the encoder of
//! delimited text. It must never write what is no JSON, nor a character in place of another.

use std::{collections::HashSet, mem, str};

use super::error::Error;
use crate::json::{ENDS_RUN, FaultKind, Syntax};

/// What the values of a column are in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    /// Numbers as they are; `nan`, `inf` and `-inf`, which JSON does not have, as strings.
    Number,
    /// `true` and `false`.
    Bool,
    /// Strings.
    Text,
    /// Text that is JSON already: arrays, objects, or any other value.
    RawJson,
}

/// A column, ready to be written.
#[derive(Debug)]
struct Column {
    name: String,
    /// The key in quotes, between what stands before it and a colon.
    key: Vec<u8>,
    kind: JsonKind,
}

/// Takes values in and gives bytes out.
///
/// A record is one call of [`text`](Self::text), [`plain`](Self::plain) or [`null`](Self::null) for
/// each column, then [`end_record`](Self::end_record).
#[derive(Debug)]
pub struct JsonEncoder {
    columns: Vec<Column>,
    output: Vec<u8>,
    /// Number of values of the record at hand.
    field_count: usize,
}

impl JsonEncoder {
    /// Starts a file whose columns have these names, and kinds in the same order; a column without
    /// a kind is text.
    ///
    /// # Errors
    ///
    /// Fails when two columns have the same name, which no object can have.
    pub fn new(names: &[String], kinds: &[JsonKind]) -> Result<Self, Error> {
        let mut known = HashSet::new();
        let mut columns = Vec::with_capacity(names.len());
        let kinds = kinds
            .iter()
            .copied()
            .chain(std::iter::repeat(JsonKind::Text));
        for (name, kind) in names.iter().zip(kinds) {
            if !known.insert(name) {
                return Err(Error::DuplicateName { name: name.clone() });
            }
            let mut key = if columns.is_empty() {
                b"{".to_vec()
            } else {
                b",".to_vec()
            };
            push_string(&mut key, name.as_bytes());
            key.push(b':');
            columns.push(Column {
                name: name.clone(),
                key,
                kind,
            });
        }
        Ok(Self {
            columns,
            output: Vec::new(),
            field_count: 0,
        })
    }

    /// Number of bytes that wait to be taken.
    pub const fn len(&self) -> usize {
        self.output.len()
    }

    /// Whether no byte waits to be taken.
    pub const fn is_empty(&self) -> bool {
        self.output.is_empty()
    }

    /// Takes the bytes written so far. They may end within a record.
    pub fn take(&mut self) -> Vec<u8> {
        let next = Vec::with_capacity(self.output.capacity());
        mem::replace(&mut self.output, next)
    }

    /// Writes a value of any text, as the kind of the column asks for.
    ///
    /// # Errors
    ///
    /// Fails when it is not UTF-8, when a column of JSON has something else, and when there are more
    /// values than columns. The output is of no more use then.
    #[inline]
    pub fn text(&mut self, text: &[u8]) -> Result<(), Error> {
        let column = next_column(&self.columns, &mut self.field_count, &mut self.output)?;
        match column.kind {
            JsonKind::Text if str::from_utf8(text).is_err() => {
                return Err(Error::NotText {
                    column: column.name.clone(),
                });
            }
            JsonKind::Text => push_string(&mut self.output, text),
            JsonKind::Number | JsonKind::Bool | JsonKind::RawJson => {
                return push_json(&mut self.output, text, column);
            }
        }
        Ok(())
    }

    /// Writes a value that is a number, a date or the like: ASCII letters, digits, spaces and
    /// `+`, `-`, `.`, `:`, `/` only; in a column of JSON, JSON.
    ///
    /// `write` appends it, and must neither append anything else nor change what is there.
    ///
    /// # Errors
    ///
    /// Fails when there are more values than columns.
    #[inline]
    pub fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        let column = next_column(&self.columns, &mut self.field_count, &mut self.output)?;
        let start = self.output.len();
        match column.kind {
            JsonKind::Text => {
                self.output.push(b'"');
                write(&mut self.output);
                self.output.push(b'"');
            }
            JsonKind::Number => {
                write(&mut self.output);
                quote_what_is_not_finite(&mut self.output, start);
            }
            JsonKind::Bool | JsonKind::RawJson => write(&mut self.output),
        }
        Ok(())
    }

    /// Writes `null`.
    ///
    /// # Errors
    ///
    /// Fails when there are more values than columns.
    #[inline]
    pub fn null(&mut self) -> Result<(), Error> {
        next_column(&self.columns, &mut self.field_count, &mut self.output)?;
        self.output.extend_from_slice(b"null");
        Ok(())
    }

    /// Ends the record with LF.
    ///
    /// # Errors
    ///
    /// Fails when there are fewer values than columns.
    #[inline]
    pub fn end_record(&mut self) -> Result<(), Error> {
        let fields = mem::take(&mut self.field_count);
        if fields != self.columns.len() {
            return Err(Error::FieldCount {
                fields,
                expected: self.columns.len(),
            });
        }
        let end: &[u8] = if fields == 0 { b"{}\n" } else { b"}\n" };
        self.output.extend_from_slice(end);
        Ok(())
    }
}

/// Writes the key of the next column.
#[inline]
fn next_column<'a>(
    columns: &'a [Column],
    field_count: &mut usize,
    output: &mut Vec<u8>,
) -> Result<&'a Column, Error> {
    let column = columns.get(*field_count);
    *field_count += 1;
    let column = column.ok_or(Error::FieldCount {
        fields: *field_count,
        expected: columns.len(),
    })?;
    output.extend_from_slice(&column.key);
    Ok(column)
}

/// Puts `nan`, `inf` and `-inf` into quotes, which are the only numbers with a letter in front.
#[inline]
fn quote_what_is_not_finite(output: &mut Vec<u8>, start: usize) {
    let written = output.get(start..).unwrap_or_default();
    let magnitude = written.strip_prefix(b"-").unwrap_or(written);
    if magnitude.first().is_some_and(u8::is_ascii_alphabetic) {
        output.insert(start, b'"');
        output.push(b'"');
    }
}

/// Writes text that is one JSON value; line ends between its tokens become spaces.
fn push_json(output: &mut Vec<u8>, text: &[u8], column: &Column) -> Result<(), Error> {
    if str::from_utf8(text).is_err() {
        return Err(Error::NotText {
            column: column.name.clone(),
        });
    }
    let mut syntax = Syntax::new(text);
    let value = syntax.value(&mut Vec::new());
    let fault = match value {
        Ok(_) if syntax.peek().is_none() => None,
        Ok(_) => Some(syntax.fault(FaultKind::TrailingText)),
        Err(fault) => Some(fault),
    };
    if let Some(fault) = fault {
        return Err(Error::NotJson {
            column: column.name.clone(),
            fault,
        });
    }
    let in_line = |&byte: &u8| {
        if matches!(byte, b'\n' | b'\r') {
            b' '
        } else {
            byte
        }
    };
    output.extend(text.iter().map(in_line));
    Ok(())
}

/// Writes a string in quotes.
pub(super) fn push_string(output: &mut Vec<u8>, text: &[u8]) {
    output.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&byte| ENDS_RUN[usize::from(byte)]) {
        let (run, after) = rest.split_at(at);
        output.extend_from_slice(run);
        let Some((&byte, after)) = after.split_first() else {
            break;
        };
        push_escape(output, byte);
        rest = after;
    }
    output.extend_from_slice(rest);
    output.push(b'"');
}

#[cold]
fn push_escape(output: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let code = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0C => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            let digit = |nibble: u8| DIGITS[usize::from(nibble & 0xF)];
            output.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte)]);
            return;
        }
    };
    output.extend_from_slice(&[b'\\', code]);
}

#[cfg(test)]
mod tests;
