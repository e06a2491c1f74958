//! Where a partial file can go on: behind its last record that is whole, and before all records of
//! that one's key.
//!
//! `kept` asks it. Pure: it must never take a record for whole that the next byte could continue, so
//! the last record of the file is never one.

use std::io::{self, BufRead as _, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder, Terminator};
use serde_json::Value;

/// How a partial file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Fields with quotes where they need them.
    Csv {
        /// What stands between two fields.
        delimiter: u8,
        /// What stands around a field.
        quote: u8,
        /// Whether lines end with CR and LF; else with LF.
        crlf: bool,
        /// Whether the first record names the columns.
        header: bool,
    },
    /// Fields with backslash escapes.
    Tsv {
        /// Whether the first line names the columns.
        header: bool,
    },
    /// One JSON object a line.
    Ndjson,
}

/// Where the key of a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The name of the column.
    pub(super) name: String,
    /// The number of its field, from 0.
    pub(super) index: usize,
}

/// Where the file goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// The bytes to keep.
    pub(super) bytes: u64,
    /// Their records, without the header.
    pub(super) rows: i64,
    /// The key of the first record that is not kept.
    pub(super) key: String,
}

/// Reads a partial file; nothing where no record is whole. Fails for what is no file of this form.
pub(super) fn cut(input: impl Read, form: &Form, place: &Place) -> io::Result<Option<Cut>> {
    let mut groups = Groups::default();
    match *form {
        Form::Csv {
            delimiter,
            quote,
            crlf,
            header,
        } => {
            let mut builder = ReaderBuilder::new();
            builder.has_headers(false).flexible(true);
            builder.delimiter(delimiter).quote(quote);
            builder.terminator(if crlf {
                Terminator::CRLF
            } else {
                Terminator::Any(b'\n')
            });
            read_csv(builder.from_reader(input), crlf, header, place, &mut groups)?;
        }
        Form::Tsv { header } => {
            read_lines(input, header, &mut groups, |line| tsv_key(line, place))?;
        }
        Form::Ndjson => {
            read_lines(input, false, &mut groups, |line| json_key(line, place))?;
        }
    }
    groups.cut()
}

/// The records so far, of which the last ones share a key.
#[derive(Debug, Default)]
struct Groups {
    /// Whole records.
    rows: i64,
    /// The first whole record of the last key: its offset, the records before it, the key.
    last: Option<(u64, i64, Vec<u8>)>,
    /// The record that the next one shows to be whole.
    pending: Option<(u64, Vec<u8>)>,
}

impl Groups {
    /// Adds the record at this offset.
    fn push(&mut self, offset: u64, key: Vec<u8>) {
        let Some((offset, key)) = self.pending.replace((offset, key)) else {
            return;
        };
        if !matches!(&self.last, Some((_, _, last)) if *last == key) {
            self.last = Some((offset, self.rows, key));
        }
        self.rows += 1;
    }

    fn cut(self) -> io::Result<Option<Cut>> {
        let Some((bytes, rows, key)) = self.last else {
            return Ok(None);
        };
        let key = String::from_utf8(key).map_err(|_| invalid("a key that is no UTF-8"))?;
        Ok(Some(Cut { bytes, rows, key }))
    }
}

fn read_csv(
    mut reader: csv::Reader<impl Read>,
    crlf: bool,
    header: bool,
    place: &Place,
    groups: &mut Groups,
) -> io::Result<()> {
    let mut record = ByteRecord::new();
    let mut number = 0_u64;
    while reader
        .read_byte_record(&mut record)
        .map_err(io::Error::other)?
    {
        let start = record.position().map_or(0, csv::Position::byte);
        number += 1;
        if header && number == 1 {
            continue;
        }
        // The reader ends a record at the CR, and begins the next one with the LF.
        let start = if crlf && number > 1 { start + 1 } else { start };
        match record.get(place.index) {
            Some(key) => groups.push(start, key.to_vec()),
            // The last record may be short; another one is none of this export.
            None => groups.push(start, Vec::new()),
        }
    }
    Ok(())
}

/// Reads lines that end with LF, each with a key.
fn read_lines(
    input: impl Read,
    header: bool,
    groups: &mut Groups,
    key: impl Fn(&[u8]) -> io::Result<Vec<u8>>,
) -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 20, input);
    let (mut line, mut offset, mut is_header) = (Vec::new(), 0, header);
    loop {
        line.clear();
        let length = input.read_until(b'\n', &mut line)?;
        let Some(text) = line.strip_suffix(b"\n") else {
            // The rest is not whole. That the line before it is, this shows too.
            groups.push(offset, Vec::new());
            return Ok(());
        };
        if !is_header {
            groups.push(offset, key(text)?);
        }
        is_header = false;
        offset += length as u64;
    }
}

fn tsv_key(line: &[u8], place: &Place) -> io::Result<Vec<u8>> {
    let field = line.split(|byte| *byte == b'\t').nth(place.index);
    let field = field.ok_or_else(|| invalid("a line with too few fields"))?;
    let mut key = Vec::with_capacity(field.len());
    let mut bytes = field.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'\\' {
            key.push(*byte);
            continue;
        }
        key.push(match bytes.next() {
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'0') => 0,
            Some(other) => *other,
            None => return Err(invalid("a backslash at the end of a field")),
        });
    }
    Ok(key)
}

fn json_key(line: &[u8], place: &Place) -> io::Result<Vec<u8>> {
    let value: Value = serde_json::from_slice(line)?;
    match value.get(&place.name) {
        Some(Value::String(text)) => Ok(text.clone().into_bytes()),
        Some(Value::Number(number)) if !number.is_f64() => Ok(number.to_string().into_bytes()),
        _ => Err(invalid(
            "a line whose key is neither a text nor a whole number",
        )),
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests;
