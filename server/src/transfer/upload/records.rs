//! The records of an upload, batch by batch: chunks of bytes, their text, what is cut from it.
//!
//! Shared by the two ways of waiting for a chunk: `head` waits as a task, `typing` as a thread. It must never hold
//! more than a sample and what one chunk unpacks to.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::intake::Share;
use crate::{
    codec::{self, Compression, Encoding, Input},
    config::TransferConfig,
    csv::{
        self, Account, Header, Limits, Mark, Record, RecordBatch, Tally,
        json::JsonKeys,
        sniff::{
            Doubt,
            tabs::{Tabs, Watch},
        },
    },
    memory,
    transfer::{
        Error, FileSpec, Result,
        cut::{Cut, FileDecoder},
        profile::Sample,
    },
};

/// One message from the caller to the pipeline. The stream ends with [`Chunk::End`]; a stream that
/// ends without it was broken off.
#[derive(Debug)]
pub(in crate::transfer) enum Chunk {
    Data(
        Bytes,
        #[expect(dead_code, reason = "gives its bytes back to the budget on drop")] Share,
    ),
    End,
}

impl Chunk {
    /// Hands the bytes over, and their share of the budget back.
    pub(super) fn give(self, text: &mut Text) {
        match self {
            Self::Data(bytes, _) => text.push(bytes),
            Self::End => text.end(),
        }
    }

    /// The bytes, shared.
    pub(super) fn bytes(&self) -> Option<Bytes> {
        match self {
            Self::Data(bytes, _) => Some(bytes.clone()),
            Self::End => None,
        }
    }
}

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
    /// The memory of a workbook.
    memory: Option<memory::Share>,
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
        let limits = codec::Limits {
            piece_bytes: PIECE_BYTES,
            max_expansion: u32::try_from(config.max_expansion).unwrap_or(u32::MAX),
            max_workbook_bytes: config.max_workbook_bytes,
            ..codec::Limits::default()
        };
        Self {
            input: Input::new(file.compression, file.encoding, limits)
                .selecting(file.sheet.clone()),
            sample: VecDeque::new(),
            has_ended: false,
            is_cut_short: false,
            memory: None,
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
            && encoding.is_some_and(Encoding::is_utf8)
    }

    /// The codec, for what it has found.
    pub(in crate::transfer) const fn input(&self) -> &Input {
        &self.input
    }

    /// Whether it has memory beside that of every upload.
    pub(super) const fn has_memory(&self) -> bool {
        self.memory.is_some()
    }

    /// Holds memory for as long as it is read.
    pub(super) fn hold(&mut self, memory: memory::Share) {
        self.memory = Some(memory);
    }

    /// Whether it is a workbook that is whole, and was not looked at.
    pub(super) fn is_unopened_workbook(&self) -> bool {
        self.has_ended
            && self.input.compression() == Some(Compression::Workbook)
            && self.input.workbook().is_none()
    }

    /// Looks at a workbook, which may take seconds.
    pub(super) fn open_workbook(&mut self) -> Result<()> {
        Ok(self.input.open_workbook()?)
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

/// Smaller pieces are joined while they are kept: each costs more than it holds.
const MIN_KEPT_BYTES: usize = 4 << 10;

/// A place between two batches of a text, and what stands before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::transfer) struct Place {
    pub(in crate::transfer) mark: Mark,
    /// The CRC-32C of all bytes before.
    pub(in crate::transfer) crc32c: u32,
}

/// A line that is no record, because a quote in it is never closed.
#[derive(Debug)]
pub(in crate::transfer) struct Unclosed {
    pub(in crate::transfer) error: csv::Error,
    /// The line, with what ends it.
    pub(in crate::transfer) line: Vec<u8>,
    pub(in crate::transfer) tally: Tally,
}

/// A text, and the decoder that cuts it.
#[derive(Debug)]
pub(in crate::transfer) struct Records {
    text: Text,
    decoder: FileDecoder,
    /// Bytes of text so far.
    byte_count: u64,
    /// Whether those are all bytes before.
    is_from_start: bool,
    /// Whether the decoder has all of it.
    is_over: bool,
    /// What the decoder has, from behind the last batch on.
    kept: Kept,
    /// Where the last batch ended.
    place: Place,
    /// The last line, where a quote in it is never closed.
    unclosed: Option<Unclosed>,
    /// Looks out for what only the rest of the file could tell how to read.
    watch: Option<Watch>,
}

impl Records {
    pub(in crate::transfer) fn new(text: Text, cut: &Cut, limits: Limits) -> Self {
        Self {
            text,
            decoder: cut.decoder(limits),
            byte_count: 0,
            is_from_start: true,
            is_over: false,
            kept: Kept::default(),
            place: Place::default(),
            unclosed: None,
            watch: None,
        }
    }

    /// Takes the last line, which is no record, where a quote in it is never closed. Whoever reads to the end has to ask.
    pub(in crate::transfer) const fn take_unclosed(&mut self) -> Option<Unclosed> {
        self.unclosed.take()
    }

    /// Sees that every quote so far is closed.
    pub(in crate::transfer) fn check_closed(&self) -> Result<()> {
        match &self.unclosed {
            Some(unclosed) => Err(unclosed.error.into()),
            None => Ok(()),
        }
    }

    /// The same, stopped by what is read in two ways, where the sample did not tell which.
    pub(in crate::transfer) fn watched(self, tabs: Option<Tabs>) -> Self {
        let line = self.place.mark.position.line.max(1);
        Self {
            watch: tabs.and_then(|tabs| Watch::of(tabs, line)),
            ..self
        }
    }

    /// Goes on at a place of the same text.
    pub(in crate::transfer) fn resume(text: Text, cut: &Cut, limits: Limits, place: Place) -> Self {
        Self {
            decoder: cut.resume(limits, place.mark),
            byte_count: place.mark.position.byte_offset,
            is_from_start: false,
            place,
            ..Self::new(text, cut, limits)
        }
    }

    /// Where the last batch ended.
    pub(in crate::transfer) const fn place(&self) -> Place {
        self.place
    }

    /// Passes over the last batch.
    fn pass(&mut self) {
        let mark = self.decoder.mark();
        let passed = mark.position.byte_offset - self.place.mark.position.byte_offset;
        self.place = Place {
            mark,
            crc32c: self.kept.pass(passed, self.place.crc32c),
        };
    }

    /// The text, to push to; only after [`Records::next`] has returned none.
    pub(in crate::transfer) const fn text_mut(&mut self) -> &mut Text {
        &mut self.text
    }

    /// The text, for what is known of it.
    pub(in crate::transfer) const fn text(&self) -> &Text {
        &self.text
    }

    /// The next batch; none when it takes more of the file, or after the last.
    pub(in crate::transfer) fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let batch = if self.is_over {
                self.decoder.finish()
            } else {
                self.decoder.next_batch()
            };
            match batch {
                Ok(Some(batch)) => {
                    self.pass();
                    return Ok(Some(batch));
                }
                Ok(None) => {}
                // The end of the quote is in the part of the file that is not here.
                Err(csv::Error::UnterminatedQuote { .. }) if self.text.is_cut_short() => {
                    return Ok(None);
                }
                Err(error) => {
                    if let Some((line, tally)) = self.decoder.take_unclosed() {
                        self.unclosed = Some(Unclosed { error, line, tally });
                    }
                    return match self.unclosed {
                        Some(_) => Ok(None),
                        None => Err(error.into()),
                    };
                }
            }
            match self.text.next()? {
                Some(piece) => {
                    if let Some(line) = self.watch.as_mut().and_then(|watch| watch.look(&piece)) {
                        return Err(Error::Doubt(Doubt::Tabs { line }));
                    }
                    self.byte_count += piece.len() as u64;
                    self.decoder.push(&piece);
                    self.kept.push(piece);
                }
                None if self.text.has_ended() && !self.is_over => self.is_over = true,
                None => return Ok(None),
            }
        }
    }

    /// Whether the last batch of a whole file has been given.
    pub(in crate::transfer) const fn has_ended(&self) -> bool {
        self.is_over && !self.text.is_cut_short()
    }

    /// Whether the file ends with this record, and without a line end.
    pub(in crate::transfer) fn is_cut_off(&self, record: &Record<'_>) -> bool {
        let record_end = record.position().byte_offset + record.raw().len() as u64;
        self.is_over && record_end == self.byte_count
    }

    pub(in crate::transfer) fn header(&self) -> Option<&Header> {
        self.decoder.header()
    }

    /// What every byte of the text is; none where not all of it was read here. Only at the end.
    ///
    /// # Errors
    ///
    /// A byte was passed over or counted twice.
    pub(in crate::transfer) fn account(&self) -> Result<Option<&Account>> {
        if !self.is_from_start {
            return Ok(None);
        }
        let account = self.decoder.account();
        if account.bytes() != self.byte_count {
            return Err(Error::Internal(
                "not every byte of the file is accounted for",
            ));
        }
        Ok(Some(account))
    }

    /// Goes on with other keys behind the last batch.
    pub(in crate::transfer) fn set_keys(&mut self, keys: &JsonKeys) {
        self.decoder.set_keys(keys);
    }

    /// The fields that were not met at first, and have come since then.
    pub(in crate::transfer) fn met(&self) -> Vec<usize> {
        self.decoder.met()
    }

    /// Takes the memory of a batch back.
    pub(in crate::transfer) fn recycle(&mut self, batch: RecordBatch) {
        self.decoder.recycle(batch);
    }
}

/// Pieces of text.
#[derive(Debug, Default)]
struct Kept {
    pieces: VecDeque<Bytes>,
    /// Small ones behind those.
    small: BytesMut,
}

impl Kept {
    fn push(&mut self, piece: Bytes) {
        if piece.len() < MIN_KEPT_BYTES {
            self.small.extend_from_slice(&piece);
            if self.small.len() >= MIN_KEPT_BYTES {
                self.join();
            }
        } else {
            self.join();
            self.pieces.push_back(piece);
        }
    }

    /// Makes one piece of the small ones.
    fn join(&mut self) {
        if !self.small.is_empty() {
            self.pieces.push_back(self.small.split().freeze());
        }
    }

    /// Passes over so many bytes, and appends them to a checksum.
    fn pass(&mut self, byte_count: u64, mut crc32c: u32) -> u32 {
        self.join();
        let mut left = usize::try_from(byte_count).unwrap_or(usize::MAX);
        while left > 0
            && let Some(piece) = self.pieces.front_mut()
        {
            let before = piece.split_to(piece.len().min(left));
            crc32c = crc32c::crc32c_append(crc32c, &before);
            left -= before.len();
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        crc32c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_text_however_it_comes() {
        let text: Vec<u8> = (0..=250).cycle().take(50_000).collect();
        for lengths in [
            &[1][..],
            &[4_095, 1],
            &[4_096],
            &[4_097, 3, 9_000],
            &[50_000],
        ] {
            for passes in [&[50_000_u64][..], &[1, 4_095, 40_000, 5_904]] {
                let (mut kept, mut rest) = (Kept::default(), text.as_slice());
                for length in lengths.iter().cycle() {
                    let (piece, behind) = rest.split_at(rest.len().min(*length));
                    kept.push(Bytes::copy_from_slice(piece));
                    rest = behind;
                    if rest.is_empty() {
                        break;
                    }
                }
                let (mut crc32c, mut end) = (0, 0);
                for pass in passes {
                    crc32c = kept.pass(*pass, crc32c);
                    end += usize::try_from(*pass).unwrap();
                    assert_eq!(crc32c, crc32c::crc32c(&text[..end]), "{lengths:?} {end}");
                }
                assert!(kept.pieces.is_empty());
            }
        }
    }

    #[test]
    fn tiny_pieces_are_joined() {
        let mut kept = Kept::default();
        for _ in 0..1 << 20 {
            kept.push(Bytes::from_static(b"1"));
        }
        assert_eq!(kept.pieces.len(), (1 << 20) / MIN_KEPT_BYTES);
        // One that is large enough stays what it is.
        kept.push(Bytes::from_static(b"1"));
        let large = Bytes::from(vec![b'2'; MIN_KEPT_BYTES]);
        kept.push(large.clone());
        assert_eq!(kept.pieces.len(), (1 << 20) / MIN_KEPT_BYTES + 2);
        assert_eq!(kept.pieces.back().unwrap().as_ptr(), large.as_ptr());
    }
}
