//! Turns text of any encoding into UTF-8, piece by piece.
//!
//! Driven by [`Input`](super::Input). It must never put a replacement character in place of what
//! it cannot read.

use std::{collections::VecDeque, fmt};

use bytes::{Buf, Bytes};
use encoding_rs::{Decoder, DecoderResult, UTF_8, UTF_16BE, UTF_16LE};

use crate::codec::{Encoding, Error, Result};

/// What the byte order mark of UTF-16 becomes in the other order of bytes.
const SWAPPED_MARK: char = '\u{FFFE}';

/// Takes text in one encoding in and gives UTF-8 out.
#[derive(Debug)]
pub(super) struct Transcoder {
    encoding: Encoding,
    piece_bytes: usize,
    /// `None` for what is UTF-8 already.
    decoder: Option<TextDecoder>,
    /// Pushed and not yet given out.
    text: VecDeque<Bytes>,
    over: bool,
}

/// A decoder with its place in the text.
struct TextDecoder {
    decoder: Decoder,
    /// How many bytes of the text were read.
    read: u64,
    /// Whether nothing was written yet.
    at_start: bool,
    ended: bool,
    error: Option<Error>,
}

impl Transcoder {
    pub(super) fn new(encoding: Encoding, piece_bytes: usize) -> Self {
        let decoder = match encoding {
            Encoding::Utf8 | Encoding::Utf8Bom | Encoding::Utf8Bytes => None,
            Encoding::Utf8Replace => Some(UTF_8),
            Encoding::Utf16Le => Some(UTF_16LE),
            Encoding::Utf16Be => Some(UTF_16BE),
            Encoding::Legacy(legacy) => Some(legacy),
        };
        let decoder = decoder.map(|encoding| TextDecoder {
            decoder: encoding.new_decoder_without_bom_handling(),
            read: 0,
            at_start: true,
            ended: false,
            error: None,
        });
        Self {
            encoding,
            piece_bytes,
            decoder,
            text: VecDeque::new(),
            over: false,
        }
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        self.text.push_back(bytes);
    }

    /// Ends the text; false when it was ended before.
    pub(super) const fn finish(&mut self) -> bool {
        let first = !self.over;
        self.over = true;
        first
    }

    /// The next piece, never an empty one, or `None` when there is nothing to give.
    pub(super) fn next_piece(&mut self) -> Result<Option<Bytes>> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(self.text.pop_front());
        };
        if self.text.is_empty() && (!self.over || decoder.ended) {
            return decoder.error.clone().map_or(Ok(None), Err);
        }
        let piece = decoder.decode(&mut self.text, self.over, self.piece_bytes, self.encoding);
        if piece.is_empty() {
            return decoder.error.clone().map_or(Ok(None), Err);
        }
        Ok(Some(Bytes::from(piece)))
    }
}

impl TextDecoder {
    /// Decodes until the piece is full, the text is at its end, or a fault shows.
    fn decode(
        &mut self,
        text: &mut VecDeque<Bytes>,
        over: bool,
        piece_bytes: usize,
        encoding: Encoding,
    ) -> String {
        let pending: usize = text.iter().map(Bytes::len).sum();
        // Each byte becomes three at most, and the decoder wants room for a character more.
        let room = pending.saturating_mul(3).saturating_add(16);
        let mut piece = String::with_capacity(room.min(piece_bytes));
        while self.error.is_none() && !self.ended {
            let bytes = text.front().map_or(&[][..], Bytes::as_ref);
            let last = bytes.is_empty();
            if last && !over {
                break;
            }
            let (result, read) = self
                .decoder
                .decode_to_string_without_replacement(bytes, &mut piece, last);
            self.read += read as u64;
            if let Some(first) = text.front_mut() {
                first.advance(read.min(first.len()));
                if first.is_empty() {
                    text.pop_front();
                }
            }
            match result {
                DecoderResult::InputEmpty => self.ended = last,
                DecoderResult::OutputFull => break,
                DecoderResult::Malformed(..) if encoding == Encoding::Utf8Replace => {
                    piece.push(char::REPLACEMENT_CHARACTER);
                }
                DecoderResult::Malformed(length, after) => {
                    let back = u64::from(length) + u64::from(after);
                    self.error = Some(Error::InvalidText {
                        encoding,
                        offset: self.read.saturating_sub(back),
                    });
                }
            }
        }
        self.check_mark(&mut piece, encoding);
        piece
    }

    /// Refuses text that begins with a byte order mark in the other order.
    fn check_mark(&mut self, piece: &mut String, encoding: Encoding) {
        if self.at_start && !piece.is_empty() {
            self.at_start = false;
            let found = match encoding {
                Encoding::Utf16Le => Encoding::Utf16Be,
                Encoding::Utf16Be => Encoding::Utf16Le,
                Encoding::Utf8
                | Encoding::Utf8Bom
                | Encoding::Utf8Replace
                | Encoding::Utf8Bytes
                | Encoding::Legacy(_) => return,
            };
            if piece.starts_with(SWAPPED_MARK) {
                piece.clear();
                self.error = Some(Error::OtherByteOrder { encoding, found });
            }
        }
    }
}

impl fmt::Debug for TextDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextDecoder")
            .field("read", &self.read)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
