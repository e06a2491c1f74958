//! Finds out from a sample whether a file is NDJSON, and which keys it has.
//!
//! `transfer` uses it before it makes a decoder. It must never take delimited text for JSON.

use std::collections::HashSet;

use super::error::Error;
use crate::{
    csv::{BYTE_ORDER_MARK, Limits, Position},
    json::{Expected, Fault, FaultKind, Syntax},
};

/// Whether the beginning of a text is that of JSON objects: an opening brace, a string, a colon.
///
/// Objects in an array and objects on several lines look so too, and are none of NDJSON;
/// [`keys_of_sample`] says so.
pub fn looks_like_json_lines(sample: &[u8]) -> bool {
    let mut texts = Vec::new();
    let mut syntax = Syntax::new(without_mark(sample));
    syntax.skip(b'[');
    if !syntax.skip(b'{') {
        return false;
    }
    if syntax.skip(b'}') {
        return matches!(syntax.peek(), None | Some(b'{' | b',' | b']'));
    }
    syntax.key(&mut texts).is_ok()
}

/// The keys of the objects of a sample, in the order of their first appearance, no key twice.
///
/// Lines that are no objects are passed over, because the decoder makes records of them that can
/// be rejected, as long as one line is an object. A last line without a line end counts only when
/// the sample is `complete`. A file without any line has no keys.
///
/// # Errors
///
/// Fails when the file is one JSON array, when no line of the sample is an object, when no object
/// has a key, and when there are more keys than [`Limits::default`] has fields.
pub fn keys_of_sample(sample: &[u8], complete: bool) -> Result<Vec<String>, Error> {
    let mut found = Found::default();
    let mut position = Position {
        record: 1,
        line: 1,
        byte_offset: (sample.len() - without_mark(sample).len()) as u64,
    };
    for line in without_mark(sample).split_inclusive(|&byte| byte == b'\n') {
        let ends = line.ends_with(b"\n");
        if !ends && !complete {
            break;
        }
        if !line.trim_ascii().is_empty() {
            found.line(line.trim_ascii_end(), position)?;
            position.record += 1;
        }
        position.line += 1;
        position.byte_offset += line.len() as u64;
    }
    found.keys(sample)
}

fn without_mark(sample: &[u8]) -> &[u8] {
    sample.strip_prefix(BYTE_ORDER_MARK).unwrap_or(sample)
}

/// What the lines of a sample have shown.
#[derive(Debug, Default)]
struct Found {
    names: Vec<String>,
    known: HashSet<String>,
    /// Whether a line was an object.
    any: bool,
    /// The first line that was none.
    first: Option<(Position, Fault)>,
}

impl Found {
    /// Takes the keys of a line, if it is an object.
    fn line(&mut self, line: &[u8], position: Position) -> Result<(), Error> {
        match keys(line) {
            Ok(keys) => {
                self.any = true;
                for key in keys {
                    self.add(key)?;
                }
            }
            Err(_) if self.first.is_none() && position.record == 1 && is_array(line) => {
                return Err(Error::Array);
            }
            Err(fault) => {
                self.first.get_or_insert((position, fault));
            }
        }
        Ok(())
    }

    fn add(&mut self, key: String) -> Result<(), Error> {
        if self.known.contains(&key) {
            return Ok(());
        }
        let limit = Limits::default().max_fields;
        if self.names.len() == limit {
            return Err(Error::TooManyKeys { limit });
        }
        self.known.insert(key.clone());
        self.names.push(key);
        Ok(())
    }

    fn keys(self, sample: &[u8]) -> Result<Vec<String>, Error> {
        match self.first {
            Some((position, fault)) if !self.any => Err(Error::NoRecord { position, fault }),
            None if !self.any && !without_mark(sample).trim_ascii().is_empty() => {
                Err(Error::NoLine {
                    limit: sample.len(),
                })
            }
            _ if self.any && self.names.is_empty() => Err(Error::NoKey),
            _ => Ok(self.names),
        }
    }
}

/// Whether a line that is no object begins an array of them, or is nothing but its bracket.
fn is_array(line: &[u8]) -> bool {
    let mut syntax = Syntax::new(line);
    syntax.skip(b'[') && matches!(syntax.peek(), None | Some(b'{' | b']'))
}

/// The keys of an object, which are text.
fn keys(line: &[u8]) -> Result<Vec<String>, Fault> {
    let mut texts = Vec::new();
    let mut keys = Vec::new();
    let mut syntax = Syntax::new(line);
    if !syntax.skip(b'{') {
        return Err(syntax.expected(Expected::Object));
    }
    let mut more = !syntax.skip(b'}');
    while more {
        texts.clear();
        let key = syntax.key(&mut texts)?;
        let key = String::from_utf8(key.get(line, &texts).to_vec());
        keys.push(key.map_err(|_| syntax.fault(FaultKind::KeyNotText))?);
        syntax.value(&mut texts)?;
        more = syntax.more_keys()?;
    }
    match syntax.peek() {
        None => Ok(keys),
        Some(_) => Err(syntax.fault(FaultKind::TrailingText)),
    }
}

#[cfg(test)]
mod tests;
