//! The grammar of JSON (RFC 8259), token by token.
//!
//! Driven by the decoder, the sample and the encoder of NDJSON, and by the columns of documents. It must never accept what the grammar does
//! not have; whether text is UTF-8 is left to those who type it.
//!
//! # How this works
//!
//! Strings without escape sequences, numbers, literals and nested values are given as places in the
//! line. Only a string with escape sequences is written out, to a buffer of the caller. Nested
//! values are checked with a stack of one bit each, so that no depth of them can exhaust memory.

mod strings;

use std::ops::Range;

use super::fault::{Expected, Fault, FaultKind};
pub(crate) use strings::ENDS_RUN;

/// How deep arrays and objects may be nested: one bit each in a `u128`.
const MAX_DEPTH: u32 = u128::BITS;

/// Where the text of a string is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text {
    /// In the line, as it is.
    Plain(Range<usize>),
    /// In the buffer of texts.
    Written(Range<usize>),
}

impl Text {
    pub(crate) fn get<'a>(&self, line: &'a [u8], texts: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Plain(range) => line.get(range.clone()),
            Self::Written(range) => texts.get(range.clone()),
        }
        .unwrap_or_default()
    }
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Text(Text),
    /// A number, `true`, `false`, an array or an object, as it stands in the line.
    Raw(Range<usize>),
}

/// Reads one line from left to right.
#[derive(Debug)]
pub(crate) struct Syntax<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Syntax<'a> {
    pub(crate) const fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    /// Where the next byte stands.
    pub(crate) const fn offset(&self) -> usize {
        self.at
    }

    /// What comes next, after white space.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.line.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Passes over the byte if it comes next, after white space.
    #[inline]
    pub(crate) fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The byte at the place at hand, which is passed over.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        let byte = self.line.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    pub(crate) const fn fault(&self, kind: FaultKind) -> Fault {
        Fault {
            offset: self.at,
            kind,
        }
    }

    /// What is wrong when something else than this comes next, or nothing.
    #[cold]
    pub(crate) fn expected(&mut self, expected: Expected) -> Fault {
        match self.peek() {
            Some(_) => self.fault(FaultKind::Expected(expected)),
            None => self.fault(FaultKind::Unterminated),
        }
    }

    /// A key and the colon after it.
    #[inline]
    pub(crate) fn key(&mut self, texts: &mut Vec<u8>) -> Result<Text, Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.expected(Expected::Key));
        }
        let key = self.string(texts)?;
        if !self.skip(b':') {
            return Err(self.expected(Expected::Colon));
        }
        Ok(key)
    }

    /// What follows a value of an object: true for one more key, false for its end.
    #[inline]
    pub(crate) fn more_keys(&mut self) -> Result<bool, Fault> {
        if self.skip(b',') {
            Ok(true)
        } else if self.skip(b'}') {
            Ok(false)
        } else {
            Err(self.expected(Expected::CommaOrBrace))
        }
    }

    /// What follows an element of an array: true for one more, false for its end.
    #[inline]
    pub(crate) fn more_elements(&mut self) -> Result<bool, Fault> {
        if self.skip(b',') {
            Ok(true)
        } else if self.skip(b']') {
            Ok(false)
        } else {
            Err(self.expected(Expected::CommaOrBracket))
        }
    }

    /// A value of any kind.
    #[inline]
    pub(crate) fn value(&mut self, texts: &mut Vec<u8>) -> Result<Value, Fault> {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => return self.string(texts).map(Value::Text),
            Some(b'n') => {
                self.literal(b"null")?;
                return Ok(Value::Null);
            }
            Some(b'{' | b'[') => self.nested(texts)?,
            _ => self.scalar()?,
        }
        Ok(Value::Raw(start..self.at))
    }

    /// A number or a literal.
    #[inline]
    fn scalar(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => Err(self.expected(Expected::Value)),
        }
    }

    fn literal(&mut self, literal: &[u8]) -> Result<(), Fault> {
        let rest = self.line.get(self.at..).unwrap_or_default();
        if rest.starts_with(literal) {
            self.at += literal.len();
            return Ok(());
        }
        Err(self.fault(FaultKind::Expected(Expected::Value)))
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.at += usize::from(self.line.get(self.at) == Some(&b'-'));
        let leads_with_zero = self.line.get(self.at) == Some(&b'0');
        let digits = self.digits();
        let mut valid = digits > 0 && !(leads_with_zero && digits > 1);
        if self.line.get(self.at) == Some(&b'.') {
            self.at += 1;
            valid &= self.digits() > 0;
        }
        if matches!(self.line.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.line.get(self.at), Some(b'+' | b'-')));
            valid &= self.digits() > 0;
        }
        if !valid {
            self.at = start;
            return Err(self.fault(FaultKind::InvalidNumber));
        }
        Ok(())
    }

    /// Passes over digits and gives their number.
    #[inline]
    fn digits(&mut self) -> usize {
        let rest = self.line.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    /// Passes over an array or an object with all that is in it.
    fn nested(&mut self, texts: &mut Vec<u8>) -> Result<(), Fault> {
        let mark = texts.len();
        let mut stack = Stack::default();
        loop {
            // Here a value, or the end of an array or object without any, comes next.
            let opened = match self.peek() {
                Some(b'{') => Some(true),
                Some(b'[') => Some(false),
                _ => None,
            };
            if let Some(is_object) = opened {
                if !stack.push(is_object) {
                    return Err(self.fault(FaultKind::TooDeep { limit: MAX_DEPTH }));
                }
                self.at += 1;
                if !self.skip(if is_object { b'}' } else { b']' }) {
                    if is_object {
                        self.key(texts)?;
                        texts.truncate(mark);
                    }
                    continue;
                }
                stack.pop();
            } else if self.peek() == Some(b'"') {
                self.string(texts)?;
                texts.truncate(mark);
            } else {
                self.scalar()?;
            }
            if !self.close(&mut stack, texts)? {
                return Ok(());
            }
        }
    }

    /// Passes over the ends that follow a value; false when nothing is open any more.
    fn close(&mut self, stack: &mut Stack, texts: &mut Vec<u8>) -> Result<bool, Fault> {
        while let Some(is_object) = stack.top() {
            if is_object {
                if self.more_keys()? {
                    let mark = texts.len();
                    self.key(texts)?;
                    texts.truncate(mark);
                    return Ok(true);
                }
            } else if self.more_elements()? {
                return Ok(true);
            }
            stack.pop();
        }
        Ok(false)
    }
}

/// The arrays and objects that are open: a set bit is an object, the lowest the innermost.
#[derive(Debug, Default)]
struct Stack {
    kinds: u128,
    depth: u32,
}

impl Stack {
    /// False when it is full.
    const fn push(&mut self, is_object: bool) -> bool {
        if self.depth == MAX_DEPTH {
            return false;
        }
        self.kinds = (self.kinds << 1) | is_object as u128;
        self.depth += 1;
        true
    }

    const fn pop(&mut self) {
        self.kinds >>= 1;
        self.depth = self.depth.saturating_sub(1);
    }

    /// Whether the innermost is an object; `None` when nothing is open.
    fn top(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.kinds & 1 == 1)
    }
}

#[cfg(test)]
mod tests;
