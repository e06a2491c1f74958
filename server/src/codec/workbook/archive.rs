//! The parts of a workbook: the files of its archive, unpacked as a stream.
//!
//! Used by the families. It must never unpack more than the limit says, nor more than a cell may have without handing
//! it on, nor end a part as whole that does not have its checksum.

use std::{
    io::{self, BufRead, Cursor, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use flate2::{Crc, bufread::DeflateDecoder};
use zip::{CompressionMethod, ZipArchive};

use super::{super::input::JUDGED_FROM_BYTES, xml::Xml};
use crate::codec::{Compression, Error, Limits, Result};

/// The bytes that are unpacked at once.
const BUFFER_BYTES: usize = 32 << 10;

/// What the end of the directory begins with.
const DIRECTORY_END: &[u8] = b"PK\x05\x06";

/// The most bytes that one node of XML may have: more than any cell.
pub(super) const MAX_NODE_BYTES: usize = 16 << 20;

/// An archive that is whole.
#[derive(Debug)]
pub(super) struct Archive {
    bytes: Bytes,
    directory: ZipArchive<Cursor<Bytes>>,
    limits: Limits,
    /// How many bytes may still be unpacked, in all parts together.
    left: Arc<AtomicU64>,
}

/// How often a part is read: for its sheets, for a survey, for its rows; and others beside it.
const PASSES: u64 = 4;

impl Archive {
    pub(super) fn open(bytes: Bytes, limits: &Limits) -> Result<Self> {
        let directory = ZipArchive::new(Cursor::new(bytes.clone()));
        // Its directory stands at its end.
        let directory =
            directory.map_err(|_| match memchr::memmem::rfind(&bytes, DIRECTORY_END) {
                Some(_) => bad("zip", "its directory is damaged"),
                None => Error::Truncated {
                    compression: Compression::Workbook,
                    offset: bytes.len() as u64,
                },
            })?;
        let most = (bytes.len() as u64).saturating_mul(u64::from(limits.max_expansion));
        let left = most.max(JUDGED_FROM_BYTES).saturating_mul(PASSES);
        Ok(Self {
            bytes,
            directory,
            limits: *limits,
            left: Arc::new(AtomicU64::new(left)),
        })
    }

    /// The limits of the input.
    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.directory.index_for_name(name).or_else(|| {
            let mut names = self.directory.file_names();
            names.position(|other| other.eq_ignore_ascii_case(name))
        })
    }

    /// Whether there is a part with this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.index(name).is_some()
    }

    /// A part as XML.
    pub(super) fn xml(&mut self, name: &str) -> Result<Xml> {
        Ok(Xml::new(name, self.part(name)?))
    }

    /// The beginning of a small part that is text.
    pub(super) fn text(&mut self, name: &str, byte_count: u64) -> Result<String> {
        let mut text = Vec::new();
        let part = self.part(name)?;
        match part.take(byte_count).read_to_end(&mut text) {
            Ok(_) => Ok(String::from_utf8_lossy(&text).into_owned()),
            Err(error) => Err(io_error(name, &error)),
        }
    }

    fn part(&mut self, name: &str) -> Result<Part> {
        let damaged = |reason| bad(name, reason);
        let index = self.index(name).ok_or_else(|| damaged("it is missing"))?;
        let entry = self.directory.by_index_raw(index);
        let entry = entry.map_err(|_| damaged("its place is not where the directory says"))?;
        if entry.encrypted() {
            return Err(Error::WorkbookPassword);
        }
        let start = entry.data_start().unwrap_or(u64::MAX);
        let range = usize::try_from(start)
            .ok()
            .zip(usize::try_from(entry.compressed_size()).ok())
            .and_then(|(start, size)| Some(start..start.checked_add(size)?))
            .filter(|range| range.end <= self.bytes.len());
        let range = range.ok_or_else(|| damaged("it is longer than the file"))?;
        let packed = Cursor::new(self.bytes.slice(range));
        let source = match entry.compression() {
            CompressionMethod::Stored => Source::Stored(packed),
            CompressionMethod::Deflated => Source::Deflated(Box::new(DeflateDecoder::new(packed))),
            _ => return Err(damaged("it is packed with another method than deflate")),
        };
        let packed_bytes = self.bytes.len() as u64;
        Ok(Part {
            source,
            crc: Crc::new(),
            expected: entry.crc32(),
            buffer: vec![0; BUFFER_BYTES],
            range: 0..0,
            left: Arc::clone(&self.left),
            node_left: MAX_NODE_BYTES,
            is_over: false,
            name: name.to_owned(),
            too_expansive: Error::TooExpansive {
                compression: Compression::Workbook,
                packed: packed_bytes,
                limit: self.limits.max_expansion,
            },
        })
    }
}

/// A part that cannot be read.
pub(super) fn bad(part: &str, reason: &'static str) -> Error {
    Error::BadWorkbook {
        part: part.to_owned(),
        reason,
    }
}

/// What stopped a reader: an error of this layer, or damage.
pub(super) fn io_error(part: &str, error: &io::Error) -> Error {
    let own = error.get_ref().and_then(|inner| inner.downcast_ref());
    own.cloned()
        .unwrap_or_else(|| bad(part, "its data are damaged"))
}

#[derive(Debug)]
enum Source {
    Stored(Cursor<Bytes>),
    Deflated(Box<DeflateDecoder<Cursor<Bytes>>>),
}

/// One file of the archive.
#[derive(Debug)]
pub(super) struct Part {
    source: Source,
    crc: Crc,
    expected: u32,
    buffer: Vec<u8>,
    /// What of the buffer was not taken.
    range: std::ops::Range<usize>,
    /// How many bytes may still be unpacked, here and in other parts.
    left: Arc<AtomicU64>,
    /// How many bytes the node at hand may still have.
    node_left: usize,
    is_over: bool,
    name: String,
    too_expansive: Error,
}

impl Part {
    /// Begins the next node.
    pub(super) const fn start_node(&mut self) {
        self.node_left = MAX_NODE_BYTES;
    }

    fn fill(&mut self) -> io::Result<()> {
        let read = match &mut self.source {
            Source::Stored(bytes) => bytes.read(&mut self.buffer),
            Source::Deflated(decoder) => decoder.read(&mut self.buffer),
        };
        let read = read.map_err(|_| io::Error::other(bad(&self.name, "its data are damaged")))?;
        let new = self.buffer.get(..read).unwrap_or_default();
        self.crc.update(new);
        self.range = 0..read;
        if read == 0 {
            self.is_over = true;
            if self.crc.sum() != self.expected {
                let fault = bad(&self.name, "it does not have its checksum");
                return Err(io::Error::other(fault));
            }
        }
        let take = |left: u64| left.checked_sub(read as u64);
        match self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other(self.too_expansive.clone())),
        }
    }
}

impl BufRead for Part {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.range.is_empty() && !self.is_over {
            self.fill()?;
        }
        if self.node_left == 0 {
            let fault = bad(&self.name, "a text or a tag is longer than 16 MiB");
            return Err(io::Error::other(fault));
        }
        let end = self.range.end.min(self.range.start + self.node_left);
        Ok(self.buffer.get(self.range.start..end).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.range.start = (self.range.start + count).min(self.range.end);
        self.node_left = self.node_left.saturating_sub(count);
    }
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.start_node();
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), available.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}
