//! The text of an upload, piece by piece, from the chunks of its caller.
//!
//! Part of `upload::records`. It must never hold more than a sample and what one chunk unpacks to.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::{
    codec::{Compression, Encoding, Input, Limits},
    config::TransferConfig,
    transfer::{FileSpec, Result, profile::Sample},
};

/// The most text that is decoded at once: what is left of it behind a batch is copied.
const PIECE_BYTES: usize = 64 << 10;

/// The file as UTF-8 text.
#[derive(Debug)]
pub(in crate::transfer) struct Text {
    input: Input,
    /// What was looked at and is still to be decoded.
    sample: VecDeque<Bytes>,
    has_ended: bool,
    is_cut_short: bool,
}

/// The first pieces of a text, joined.
#[derive(Debug, Default)]
pub(in crate::transfer) struct Beginning {
    pub(in crate::transfer) text: Vec<u8>,
    pub(in crate::transfer) is_complete: bool,
}

impl Beginning {
    /// The first `byte_count` bytes at the most: how the file was cut into chunks must not show.
    pub(in crate::transfer) fn sample(&self, byte_count: usize) -> Sample<'_> {
        Sample {
            text: self.text.get(..byte_count).unwrap_or(&self.text),
            is_complete: self.is_complete && self.text.len() < byte_count.max(1),
        }
    }
}

impl Text {
    pub(in crate::transfer) fn new(file: &FileSpec, config: &TransferConfig) -> Self {
        let limits = Limits {
            piece_bytes: PIECE_BYTES,
            max_expansion: u32::try_from(config.max_expansion).unwrap_or(u32::MAX),
            ..Limits::default()
        };
        Self {
            input: Input::new(file.compression, file.encoding, limits),
            sample: VecDeque::new(),
            has_ended: false,
            is_cut_short: false,
        }
    }

    /// The rest of a plain file of which the beginning is known.
    pub(in crate::transfer) fn plain(config: &TransferConfig) -> Self {
        let file = FileSpec {
            compression: Some(Compression::None),
            encoding: Some(Encoding::Utf8),
            ..FileSpec::default()
        };
        Self::new(&file, config)
    }

    /// Whether it is the file itself, byte for byte, as far as that is known.
    pub(in crate::transfer) fn is_plain(&self) -> bool {
        let encoding = self.input.encoding().map(|found| found.encoding);
        self.input.compression() == Some(Compression::None)
            && matches!(encoding, Some(Encoding::Utf8 | Encoding::Utf8Bom))
    }

    /// The codec, for what it has found.
    pub(in crate::transfer) const fn input(&self) -> &Input {
        &self.input
    }

    /// Takes the next bytes of the file.
    pub(in crate::transfer) fn push(&mut self, bytes: Bytes) {
        self.input.push(bytes);
    }

    /// Says that the file is whole.
    pub(in crate::transfer) fn end(&mut self) {
        self.has_ended = true;
    }

    /// Says that no more will come of a file that goes on: the text ends with its last whole line.
    pub(in crate::transfer) fn cut_short(&mut self, beginning: &mut Beginning) -> Result<()> {
        while let Some(piece) = self.input.cut_short()? {
            beginning.text.extend_from_slice(&piece);
            self.sample.push_back(piece);
        }
        self.is_cut_short = true;
        while let Some(piece) = self.sample.back_mut() {
            if let Some(line_end) = memchr::memrchr2(b'\n', b'\r', piece) {
                piece.truncate(line_end + 1);
                break;
            }
            self.sample.pop_back();
        }
        Ok(())
    }

    /// Whether the text is the beginning of a file only.
    pub(in crate::transfer) const fn is_cut_short(&self) -> bool {
        self.is_cut_short
    }

    /// Whether nothing more will come.
    pub(in crate::transfer) const fn has_ended(&self) -> bool {
        self.has_ended || self.is_cut_short
    }

    /// The next piece; none when it takes more bytes, or after the last.
    pub(in crate::transfer) fn next(&mut self) -> Result<Option<Bytes>> {
        match self.sample.pop_front() {
            Some(piece) => Ok(Some(piece)),
            None => self.next_new(),
        }
    }

    /// Adds pieces to the beginning, which stay to be decoded; true when it is long enough or the
    /// text is complete, false when it takes more bytes.
    pub(in crate::transfer) fn look(
        &mut self,
        beginning: &mut Beginning,
        byte_count: usize,
    ) -> Result<bool> {
        while beginning.text.len() < byte_count {
            let Some(piece) = self.next_new()? else {
                beginning.is_complete = self.has_ended;
                return Ok(self.has_ended);
            };
            beginning.text.extend_from_slice(&piece);
            self.sample.push_back(piece);
        }
        Ok(true)
    }

    fn next_new(&mut self) -> Result<Option<Bytes>> {
        Ok(if self.is_cut_short {
            None
        } else if self.has_ended {
            self.input.finish()?
        } else {
            self.input.next_piece()?
        })
    }
}
