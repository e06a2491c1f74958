//! Strings and their escape sequences.
//!
//! Part of the grammar. It must never put another character in place of half of one.

use super::{Fault, FaultKind, Syntax, Text};

impl Syntax<'_> {
    /// A string, whose quote comes next.
    #[inline]
    pub(crate) fn string(&mut self, texts: &mut Vec<u8>) -> Result<Text, Fault> {
        self.at += 1;
        let start = self.at;
        match self.run() {
            Some(b'"') => {
                self.at += 1;
                Ok(Text::Plain(start..self.at - 1))
            }
            Some(b'\\') => self.string_with_escapes(start, texts),
            other => Err(self.bad_string(other)),
        }
    }

    /// Passes over what a string holds as it is, up to the byte that ends it, which is given.
    #[inline]
    fn run(&mut self) -> Option<u8> {
        let rest = self.line.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|&byte| ENDS_RUN[usize::from(byte)]);
        self.at += length.unwrap_or(rest.len());
        self.line.get(self.at).copied()
    }

    #[cold]
    const fn bad_string(&self, ended_by: Option<u8>) -> Fault {
        self.fault(match ended_by {
            Some(_) => FaultKind::ControlCharacter,
            None => FaultKind::Unterminated,
        })
    }

    /// Writes a string out that has its first escape sequence at the place at hand.
    fn string_with_escapes(&mut self, start: usize, texts: &mut Vec<u8>) -> Result<Text, Fault> {
        let written = texts.len();
        let mut run = start;
        loop {
            let ended_by = self.run();
            texts.extend_from_slice(self.line.get(run..self.at).unwrap_or_default());
            match ended_by {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Text::Written(written..texts.len()));
                }
                Some(b'\\') => self.escape(texts)?,
                other => return Err(self.bad_string(other)),
            }
            run = self.at;
        }
    }

    /// Writes the character of an escape sequence, whose backslash comes next.
    fn escape(&mut self, texts: &mut Vec<u8>) -> Result<(), Fault> {
        let start = self.at;
        self.at += 1;
        let simple = match self.next() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let kind = match self.unicode() {
                    Ok(character) => {
                        let mut buffer = [0; 4];
                        texts.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                        return Ok(());
                    }
                    Err(kind) => kind,
                };
                self.at = start;
                return Err(self.fault(kind));
            }
            other => {
                self.at = start;
                let ends = other.is_none();
                return Err(self.fault(if ends {
                    FaultKind::Unterminated
                } else {
                    FaultKind::InvalidEscape
                }));
            }
        };
        texts.push(simple);
        Ok(())
    }

    /// The character of `\u` and four digits, or of two of these.
    fn unicode(&mut self) -> Result<char, FaultKind> {
        let first = self.four_digits()?;
        let mut code = u32::from(first);
        if (0xD800..0xDC00).contains(&first) {
            let rest = self.line.get(self.at..).unwrap_or_default();
            if !rest.starts_with(b"\\u") {
                return Err(FaultKind::LoneSurrogate);
            }
            self.at += 2;
            let second = u32::from(self.four_digits()?);
            let low = second.checked_sub(0xDC00).ok_or(FaultKind::LoneSurrogate)?;
            if low >= 0x400 {
                return Err(FaultKind::LoneSurrogate);
            }
            code = 0x10000 + ((code - 0xD800) << 10) + low;
        }
        char::from_u32(code).ok_or(FaultKind::LoneSurrogate)
    }

    fn four_digits(&mut self) -> Result<u16, FaultKind> {
        let mut code = 0;
        for _ in 0..4 {
            let byte = self.next().ok_or(FaultKind::Unterminated)?;
            let digit = char::from(byte)
                .to_digit(16)
                .and_then(|digit| u16::try_from(digit).ok());
            code = code << 4 | digit.ok_or(FaultKind::InvalidEscape)?;
        }
        Ok(code)
    }
}

/// The bytes that a string cannot hold as they are: quote, backslash and controls.
pub(crate) const ENDS_RUN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};
