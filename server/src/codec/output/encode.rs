//! Turns UTF-8 into another encoding.
//!
//! Driven by [`Output`](super::Output). It must never write anything for a character that the
//! encoding does not have.

use std::fmt;

use encoding_rs::{Encoder, EncoderResult};

use crate::codec::{Encoding, Error, Result};

/// The most bytes of a character in UTF-8.
const MAX_CHARACTER_BYTES: usize = 4;

/// Takes UTF-8 in and gives text in one encoding out.
#[derive(Debug)]
pub(super) struct TextEncoder {
    encoding: Encoding,
    form: Form,
    /// The beginning of a character whose end has not come yet.
    cut: Vec<u8>,
    /// How many bytes of the text were written.
    read: u64,
    at_start: bool,
}

/// How characters are written.
enum Form {
    Utf16(fn(u16) -> [u8; 2]),
    Legacy(Encoder),
}

impl TextEncoder {
    /// `None` when the encoding is UTF-8.
    pub(super) fn new(encoding: Encoding) -> Option<Self> {
        let form = match encoding {
            Encoding::Utf8 | Encoding::Utf8Bom | Encoding::Utf8Replace | Encoding::Utf8Bytes => {
                return None;
            }
            Encoding::Utf16Le => Form::Utf16(u16::to_le_bytes),
            Encoding::Utf16Be => Form::Utf16(u16::to_be_bytes),
            Encoding::Legacy(legacy) => Form::Legacy(legacy.new_encoder()),
        };
        Some(Self {
            encoding,
            form,
            cut: Vec::new(),
            read: 0,
            at_start: true,
        })
    }

    pub(super) fn push(&mut self, text: &[u8]) -> Result<Vec<u8>> {
        let mut output = self.start();
        let rest = self.complete_cut(text, &mut output)?;
        self.write_bytes(rest, &mut output)?;
        Ok(output)
    }

    /// Ends the text.
    pub(super) fn finish(mut self) -> Result<Vec<u8>> {
        let mut output = self.start();
        if !self.cut.is_empty() {
            return Err(self.not_text());
        }
        self.write("", true, &mut output)?;
        Ok(output)
    }

    /// The byte order mark of UTF-16, once.
    fn start(&mut self) -> Vec<u8> {
        let at_start = std::mem::replace(&mut self.at_start, false);
        match self.form {
            Form::Utf16(order) if at_start => order(0xFEFF).to_vec(),
            Form::Utf16(_) | Form::Legacy(_) => Vec::new(),
        }
    }

    /// Completes the character that the text before has begun, and gives the text after it.
    fn complete_cut<'a>(&mut self, text: &'a [u8], output: &mut Vec<u8>) -> Result<&'a [u8]> {
        let mut rest = text;
        while !self.cut.is_empty()
            && let Some((&byte, after)) = rest.split_first()
        {
            rest = after;
            let mut character = std::mem::take(&mut self.cut);
            character.push(byte);
            self.write_bytes(&character, output)?;
            if character.len() >= MAX_CHARACTER_BYTES {
                break;
            }
        }
        Ok(rest)
    }

    /// Writes text that may end within a character.
    fn write_bytes(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let mut chunks = bytes.utf8_chunks();
        let Some(chunk) = chunks.next() else {
            return Ok(());
        };
        self.write(chunk.valid(), false, output)?;
        let tail = chunk.invalid();
        if chunks.next().is_some()
            || std::str::from_utf8(tail).is_err_and(|e| e.error_len().is_some())
        {
            return Err(self.not_text());
        }
        self.cut.extend_from_slice(tail);
        Ok(())
    }

    fn write(&mut self, text: &str, last: bool, output: &mut Vec<u8>) -> Result<()> {
        match &mut self.form {
            Form::Utf16(order) => {
                output.reserve(text.len() * 2);
                for unit in text.encode_utf16() {
                    output.extend_from_slice(&order(unit));
                }
            }
            Form::Legacy(encoder) => {
                write_legacy(encoder, text, last, output).map_err(|(character, at)| {
                    Error::CannotEncode {
                        character,
                        offset: self.read + at as u64,
                        encoding: self.encoding,
                    }
                })?;
            }
        }
        self.read += text.len() as u64;
        Ok(())
    }

    const fn not_text(&self) -> Error {
        Error::NotText {
            offset: self.read,
            encoding: self.encoding,
        }
    }
}

/// Writes all of the text, or gives the first character that cannot be written, with its place.
fn write_legacy(
    encoder: &mut Encoder,
    text: &str,
    last: bool,
    output: &mut Vec<u8>,
) -> Result<(), (char, usize)> {
    let mut rest = text;
    loop {
        let room = encoder.max_buffer_length_from_utf8_without_replacement(rest.len());
        output.reserve(room.unwrap_or(rest.len()));
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(rest, output, last);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => return Ok(()),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(character) => {
                let after = text.len() - rest.len();
                return Err((character, after.saturating_sub(character.len_utf8())));
            }
        }
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf16(_) => "Utf16",
            Self::Legacy(_) => "Legacy",
        })
    }
}
