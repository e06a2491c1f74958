//! Turns the bytes of a file that arrives in chunks into UTF-8 text.
//!
//! `transfer` pushes the chunks of an upload and pulls pieces of text. The input must never hold
//! more than a piece of what it unpacks, whatever the file says, nor change a character in silence.

mod transcode;
mod unpack;

use std::mem;

use bytes::Bytes;

use super::{Compression, Detected, Encoding, Error, Result, Selection, Workbook, detect_encoding};
use transcode::Transcoder;
use unpack::Unpacker;

pub(super) use unpack::JUDGED_FROM_BYTES;

/// How much an input unpacks at once, and in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a piece of text, at least 1 KiB. Default: 256 KiB.
    pub piece_bytes: usize,
    /// How many bytes of unpacked text are held back to find the encoding in, when it is not set.
    /// Default: 1 MiB.
    pub detect_bytes: usize,
    /// How many times as many bytes as the packed file has it may unpack to, judged from 64 MiB of
    /// text on. gzip reaches 1032 with nothing but repetition, tables seldom 100. Default: 500.
    pub max_expansion: u32,
    /// The largest window of zstd data, or dictionary of xz data, as a power of two of bytes, 10 to 31: so much
    /// memory may one input take beside its pieces. Levels of zstd up to 19 need 23, `--ultra` and `--long` 27; those
    /// of xz at most 26.
    /// Default: 27, which is 128 MiB.
    pub max_window_log: u32,
    /// The most bytes of a workbook, which is kept whole until it is read, and of the texts in it that its cells share.
    /// Default: 64 MiB.
    pub max_workbook_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            piece_bytes: 256 << 10,
            detect_bytes: 1 << 20,
            max_expansion: 500,
            max_window_log: 27,
            max_workbook_bytes: 64 << 20,
        }
    }
}

/// Takes the bytes of a file in and gives its text as UTF-8 out.
///
/// Text that is neither packed nor in another encoding than UTF-8 is handed on as it came, without
/// a copy; whether it is valid UTF-8 is for others to see. Text in another encoding is valid UTF-8
/// once it is out, or an error with its place. A byte order mark comes out as U+FEFF.
///
/// After an error every call gives the same error again. The text before the fault comes first.
///
/// Memory is bounded by what was pushed and not pulled, `detect_bytes`, two pieces and the window
/// of the compression: 32 KiB for gzip and zip, 4 MiB for bzip2, at most `max_window_log` for zstd and xz. A workbook is there whole, and
/// the texts that its cells share as well, each `max_workbook_bytes` at most.
#[derive(Debug)]
pub struct Input {
    limits: Limits,
    unpacker: Unpacker,
    detected: Option<Detected>,
    text: Text,
    error: Option<Error>,
}

/// What was unpacked and not yet handed on.
#[derive(Debug)]
enum Text {
    /// The sample, while the encoding is not known.
    Held(Sample),
    /// The text in its encoding.
    Known(Transcoder),
}

/// The beginning of the text, in pieces.
#[derive(Debug, Default)]
struct Sample {
    pieces: Vec<Bytes>,
    bytes: usize,
}

impl Input {
    /// Starts at the beginning of a file; what is `None` is found in its content.
    pub fn new(
        compression: Option<Compression>,
        encoding: Option<Encoding>,
        limits: Limits,
    ) -> Self {
        let limits = Limits {
            piece_bytes: limits.piece_bytes.max(1 << 10),
            max_window_log: limits.max_window_log.clamp(10, 31),
            ..limits
        };
        let mut input = Self {
            limits,
            unpacker: Unpacker::new(compression, limits),
            detected: None,
            text: Text::Held(Sample::default()),
            error: None,
        };
        if let Some(encoding) = encoding {
            input.start_text(Detected::given(encoding), Vec::new());
        }
        input
    }

    /// The same, of which only a part is read where it is a workbook.
    #[must_use]
    pub fn selecting(mut self, selection: Selection) -> Self {
        self.unpacker.select(selection);
        self
    }

    /// Takes the next bytes of the file; call [`next_piece`](Self::next_piece) until it has none
    /// before pushing more.
    ///
    /// Bytes after [`finish`](Self::finish) or after an error are ignored.
    pub fn push(&mut self, bytes: Bytes) {
        if self.error.is_none() {
            self.unpacker.push(bytes);
        }
    }

    /// The next piece of text, never an empty one, or `None` when it takes more bytes of the file.
    /// It may end within a character.
    ///
    /// # Errors
    ///
    /// Fails when the file is no flat file, when packed data are damaged or grow out of proportion,
    /// and when text is not valid in its encoding.
    pub fn next_piece(&mut self) -> Result<Option<Bytes>> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let piece = self.advance();
        if let Err(error) = &piece {
            self.error = Some(error.clone());
        }
        piece
    }

    /// The next piece of the beginning of a file of which no more will come: what is held back
    /// until the encoding is certain is given as well. Call until there is none.
    ///
    /// # Errors
    ///
    /// Fails as [`next_piece`](Self::next_piece) does.
    pub fn cut_short(&mut self) -> Result<Option<Bytes>> {
        if self.compression() == Some(Compression::Workbook) {
            self.error.get_or_insert(Error::WorkbookCutShort);
        }
        if self.error.is_none()
            && let Err(error) = self.detect(false)
        {
            self.error = Some(error);
        }
        self.next_piece()
    }

    /// Ends the file and gives what is left; call until there is no further piece.
    ///
    /// # Errors
    ///
    /// Fails as [`next_piece`](Self::next_piece) does, and when packed data or the last character
    /// are incomplete.
    pub fn finish(&mut self) -> Result<Option<Bytes>> {
        self.unpacker.finish();
        self.next_piece()
    }

    /// Ends a file that is a workbook, and looks at it: the part of reading it that takes long before the first piece.
    ///
    /// # Errors
    ///
    /// Fails as [`finish`](Self::finish) does.
    pub fn open_workbook(&mut self) -> Result<()> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let opened = self.unpacker.open_workbook();
        if let Err(error) = &opened {
            self.error = Some(error.clone());
        }
        opened
    }

    /// What is known of a workbook, once it was looked at.
    pub fn workbook(&self) -> Option<&Workbook> {
        self.unpacker.workbook()
    }

    /// The compression, once it is known.
    pub const fn compression(&self) -> Option<Compression> {
        self.unpacker.compression()
    }

    /// The encoding, once it is known: with the first piece of text, or at the end of the file.
    pub const fn encoding(&self) -> Option<Detected> {
        self.detected
    }

    fn advance(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Text::Known(transcoder) = &mut self.text
                && let Some(piece) = transcoder.next_piece()?
            {
                return Ok(Some(piece));
            }
            match self.unpacker.next_piece() {
                Ok(Some(bytes)) => self.take(bytes)?,
                Ok(None) if !self.unpacker.is_over() => return Ok(None),
                Ok(None) => {
                    if !self.end()? {
                        return Ok(None);
                    }
                }
                // Whatever came before the fault comes out first.
                Err(error) => match &self.text {
                    Text::Held(sample) if sample.bytes > 0 => self.detect(false)?,
                    _ => return Err(error),
                },
            }
        }
    }

    fn take(&mut self, bytes: Bytes) -> Result<()> {
        self.know_encoding()?;
        match &mut self.text {
            Text::Known(transcoder) => transcoder.push(bytes),
            Text::Held(sample) => {
                sample.bytes += bytes.len();
                sample.pieces.push(bytes);
                if sample.bytes >= self.limits.detect_bytes {
                    self.detect(false)?;
                }
            }
        }
        Ok(())
    }

    /// The text of a workbook is UTF-8, and nothing else.
    fn know_encoding(&mut self) -> Result<()> {
        if self.compression() != Some(Compression::Workbook) {
            return Ok(());
        }
        match (&self.text, self.detected) {
            (_, Some(found)) if found.given => Err(Error::NotOfWorkbook { option: "encoding" }),
            (Text::Held(_), _) => {
                self.start_text(Detected::sure(Encoding::Utf8), Vec::new());
                Ok(())
            }
            (Text::Known(_), _) => Ok(()),
        }
    }

    /// Ends the text; false when it was ended before.
    fn end(&mut self) -> Result<bool> {
        self.know_encoding()?;
        match &mut self.text {
            Text::Known(transcoder) => return Ok(transcoder.finish()),
            Text::Held(_) => self.detect(true)?,
        }
        Ok(true)
    }

    /// Finds the encoding in what was held back.
    fn detect(&mut self, complete: bool) -> Result<()> {
        let Text::Held(sample) = &mut self.text else {
            return Ok(());
        };
        let pieces = mem::take(&mut sample.pieces);
        // How the file was pushed must not show, so whatever is beyond the sample is left aside.
        let mut beginning = pieces.concat();
        beginning.truncate(self.limits.detect_bytes);
        let detected = detect_encoding(&beginning, complete)?;
        self.start_text(detected, pieces);
        Ok(())
    }

    fn start_text(&mut self, detected: Detected, pieces: Vec<Bytes>) {
        let mut transcoder = Transcoder::new(detected.encoding, self.limits.piece_bytes);
        for piece in pieces {
            transcoder.push(piece);
        }
        self.detected = Some(detected);
        self.text = Text::Known(transcoder);
    }
}

#[cfg(test)]
mod tests;
