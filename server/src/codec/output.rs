//! Turns the UTF-8 text of an export into the bytes of a file.
//!
//! `transfer` pushes what the encoder of records has written. The output must never put another
//! character in place of one that the encoding does not have.

mod encode;
mod pack;

use bytes::Bytes;

use super::{Compression, Encoding, Error, Result};
use encode::TextEncoder;
use pack::Packer;

/// How a file is packed, and how hard.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Packing {
    compression: Compression,
    level: i32,
}

impl Packing {
    /// The level of gzip where none is set: nearly as small as level 6 in a quarter of its time.
    pub const DEFAULT_GZIP_LEVEL: i32 = 2;

    /// The level of zstd where none is set: smaller than gzip at its default, and faster.
    pub const DEFAULT_ZSTD_LEVEL: i32 = 1;

    /// The highest level of gzip; the lowest is 1.
    pub const MAX_GZIP_LEVEL: i32 = 9;

    /// The highest level of zstd; the lowest is 1. Levels above it take 20 to 90 MiB each export.
    pub const MAX_ZSTD_LEVEL: i32 = 9;

    /// Packs at a level, or at the default one of the compression.
    ///
    /// # Errors
    ///
    /// Fails when the compression has no such level; what is not packed has none but 0.
    pub fn new(compression: Compression, level: Option<i32>) -> Result<Self> {
        let (least, most, default) = match compression {
            Compression::None => (0, 0, 0),
            Compression::Gzip => (1, Self::MAX_GZIP_LEVEL, Self::DEFAULT_GZIP_LEVEL),
            Compression::Zstd => (1, Self::MAX_ZSTD_LEVEL, Self::DEFAULT_ZSTD_LEVEL),
            Compression::Bzip2 | Compression::Xz | Compression::Zip | Compression::Workbook => {
                return Err(Error::NotWritten { compression });
            }
        };
        let level = level.unwrap_or(default);
        if (least..=most).contains(&level) {
            return Ok(Self { compression, level });
        }
        Err(Error::UnknownLevel {
            compression,
            level,
            least,
            most,
        })
    }

    /// The compression.
    pub const fn compression(self) -> Compression {
        self.compression
    }

    /// The level.
    pub const fn level(self) -> i32 {
        self.level
    }
}

/// Takes text in and gives the bytes of a file out. The file is complete only with what
/// [`finish`](Self::finish) gives.
///
/// After an error the file is of no more use. Memory is bounded by one push, three times for
/// UTF-16, and the state of the compression: 300 KiB for gzip, 1.3 MiB for zstd at its default
/// level and 15 MiB at its highest.
#[derive(Debug)]
#[must_use = "a file that is not finished is incomplete"]
pub struct Output {
    encoder: Option<TextEncoder>,
    packer: Option<Packer>,
    /// The byte order mark of UTF-8, until it is written.
    mark: &'static [u8],
}

impl Output {
    /// Starts a file.
    ///
    /// # Errors
    ///
    /// Fails when there is no memory for the compression.
    pub fn new(packing: Packing, encoding: Encoding) -> Result<Self> {
        let mark: &[u8] = match encoding {
            Encoding::Utf8Bom => b"\xEF\xBB\xBF",
            _ => b"",
        };
        Ok(Self {
            encoder: TextEncoder::new(encoding),
            packer: Packer::new(packing)?,
            mark,
        })
    }

    /// Takes the next text, which may end within a character, and gives what is ready of the file,
    /// which may be nothing.
    ///
    /// # Errors
    ///
    /// Fails when the encoding does not have a character, and, but in UTF-8, when it is no text.
    pub fn push(&mut self, text: Bytes) -> Result<Bytes> {
        let bytes = match &mut self.encoder {
            Some(encoder) => encoder.push(&text)?.into(),
            None => self.with_mark(text),
        };
        match &mut self.packer {
            Some(packer) => packer.push(&bytes).map(Bytes::from),
            None => Ok(bytes),
        }
    }

    /// Ends the file and gives the rest of it.
    ///
    /// # Errors
    ///
    /// Fails as [`push`](Self::push) does, and when the text ends within a character.
    pub fn finish(mut self) -> Result<Bytes> {
        let rest = match self.encoder.take() {
            Some(encoder) => encoder.finish()?.into(),
            None => self.with_mark(Bytes::new()),
        };
        match self.packer.take() {
            Some(packer) => packer.finish(&rest).map(Bytes::from),
            None => Ok(rest),
        }
    }

    /// Puts the byte order mark before the first text.
    fn with_mark(&mut self, text: Bytes) -> Bytes {
        let mark = std::mem::take(&mut self.mark);
        if mark.is_empty() {
            return text;
        }
        Bytes::from([mark, &text].concat())
    }
}

#[cfg(test)]
mod tests;
