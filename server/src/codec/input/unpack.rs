//! Unpacks the bytes of a file piece by piece.
//!
//! Driven by [`Input`](super::Input). It must never unpack more than a piece at once, and never
//! take the end of the bytes for the end of the data.

mod bzip2;
mod gzip;
mod xz;
mod zip;
mod zstd;

use std::{collections::VecDeque, mem};

use bytes::{Buf, Bytes};

use super::Limits;
use crate::codec::{
    Compression, Error, Foreign, Result, Selection, Workbook, detect_compression,
    workbook::{Reading, is_workbook},
};
use bzip2::Bunzip;
use gzip::Gunzip;
use xz::Unxz;
use zip::Unzip;
use zstd::Unzstd;

/// Number of bytes that are looked at to find the compression.
const SIGNATURE_BYTES: usize = 512;

/// The text from which on its proportion to the packed file is judged, in bytes.
pub(in crate::codec) const JUDGED_FROM_BYTES: u64 = 64 << 20;

/// Why packed data cannot be unpacked any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The file does not begin as packed data do.
    NotPacked,
    /// Something else follows the packed data.
    TrailingData {
        /// How many of its bytes were read because they look like packed data.
        seen: usize,
    },
    /// The data are damaged.
    Corrupt,
    /// The window is too large.
    WindowTooLarge,
    /// A dictionary is missing.
    NeedsDictionary,
    /// There is no memory.
    NeedsMemory,
    /// An archive has more than one file.
    SeveralMembers,
    /// An archive has no file.
    EmptyArchive,
    /// An archive is an office document.
    Office,
    /// The file of an archive is encrypted.
    Encrypted,
    /// The file of an archive is packed in a way of its own.
    OtherMethod,
    /// Only the end of an archive says where its file ends.
    NotStreamed,
}

/// What came of unpacking some bytes.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// How many of them were read; with a fault, up to the place that it is about.
    read: usize,
    fault: Option<Fault>,
}

impl Step {
    const READ_NOTHING: Self = Self {
        read: 0,
        fault: None,
    };

    const fn fault(fault: Fault) -> Self {
        Self {
            read: 0,
            fault: Some(fault),
        }
    }
}

/// One way of unpacking.
#[derive(Debug)]
enum Engine {
    Identity,
    Gzip(Gunzip),
    Zstd(Unzstd),
    Bzip2(Bunzip),
    Xz(Unxz),
    Zip(Box<Unzip>),
    Workbook(Box<Reading>),
}

impl Engine {
    fn new(compression: Compression, limits: &Limits, selection: Selection) -> Result<Self> {
        Ok(match compression {
            Compression::None => Self::Identity,
            Compression::Gzip => Self::Gzip(Gunzip::default()),
            Compression::Zstd => {
                let unzstd = Unzstd::new(limits.max_window_log);
                Self::Zstd(unzstd.ok_or(Error::Unavailable { compression })?)
            }
            Compression::Bzip2 => Self::Bzip2(Bunzip::default()),
            Compression::Xz => Self::Xz(Unxz::new(limits.max_window_log)),
            Compression::Zip => Self::Zip(Box::default()),
            Compression::Workbook => Self::Workbook(Box::new(Reading::new(*limits, selection))),
        })
    }

    /// Appends to the output within its capacity, until that is full or all bytes are read.
    fn run(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Step {
        match self {
            Self::Identity | Self::Workbook(_) => Step::READ_NOTHING,
            Self::Gzip(gunzip) => gunzip.run(bytes, output),
            Self::Zstd(unzstd) => unzstd.run(bytes, output),
            Self::Bzip2(bunzip) => bunzip.run(bytes, output),
            Self::Xz(unxz) => unxz.run(bytes, output),
            Self::Zip(unzip) => unzip.run(bytes, output),
        }
    }

    /// Whether the packed data may end here.
    const fn is_complete(&self) -> bool {
        match self {
            Self::Identity | Self::Workbook(_) => true,
            Self::Gzip(gunzip) => gunzip.is_complete(),
            Self::Zstd(unzstd) => unzstd.is_complete(),
            Self::Bzip2(bunzip) => bunzip.is_complete(),
            Self::Xz(unxz) => unxz.is_complete(),
            Self::Zip(unzip) => unzip.is_complete(),
        }
    }
}

/// Takes packed bytes in and gives unpacked ones out.
#[derive(Debug)]
pub(super) struct Unpacker {
    limits: Limits,
    compression: Option<Compression>,
    selection: Selection,
    /// `None` until the compression is known.
    engine: Option<Engine>,
    /// Pushed and not yet read.
    packed: VecDeque<Bytes>,
    /// How many packed bytes were read.
    read: u64,
    /// How many bytes they unpacked to.
    written: u64,
    /// Memory for the next piece.
    spare: Vec<u8>,
    over: bool,
    error: Option<Error>,
}

impl Unpacker {
    /// Starts at the beginning of a file, whose compression is found if it is `None`.
    pub(super) const fn new(compression: Option<Compression>, limits: Limits) -> Self {
        Self {
            limits,
            compression,
            selection: Selection {
                sheet: None,
                range: None,
            },
            engine: None,
            packed: VecDeque::new(),
            read: 0,
            written: 0,
            spare: Vec::new(),
            over: false,
            error: None,
        }
    }

    /// Has only a part of a workbook read.
    pub(super) fn select(&mut self, selection: Selection) {
        self.selection = selection;
    }

    /// What is known of a workbook, once it was looked at.
    pub(super) fn workbook(&self) -> Option<&Workbook> {
        match &self.engine {
            Some(Engine::Workbook(reading)) => reading.found(),
            _ => None,
        }
    }

    /// Ends a file that is a workbook, and looks at it.
    pub(super) fn open_workbook(&mut self) -> Result<()> {
        self.finish();
        self.keep()?;
        match &mut self.engine {
            Some(Engine::Workbook(reading)) => reading.open(),
            _ => Ok(()),
        }
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        if !self.over && self.error.is_none() && !bytes.is_empty() {
            self.packed.push_back(bytes);
        }
    }

    pub(super) const fn finish(&mut self) {
        self.over = true;
    }

    /// Whether no more bytes will be pushed.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    /// The compression, once it is known.
    pub(super) const fn compression(&self) -> Option<Compression> {
        self.compression
    }

    /// The next piece, never an empty one, or `None` when it takes more bytes or all is out.
    ///
    /// What was unpacked before a fault comes before its error.
    pub(super) fn next_piece(&mut self) -> Result<Option<Bytes>> {
        if self.engine.is_none() && !self.start()? {
            return Ok(None);
        }
        if let Some(Engine::Identity) = self.engine {
            return Ok(self.hand_on());
        }
        if let Some(Engine::Workbook(_)) = self.engine {
            return self.next_of_workbook();
        }
        let piece = self.unpack();
        if !piece.is_empty() {
            return Ok(Some(piece));
        }
        let complete = self.engine.as_ref().is_some_and(Engine::is_complete);
        if self.error.is_none() && self.over && !complete {
            self.error = Some(Error::Truncated {
                compression: self.compression.unwrap_or_default(),
                offset: self.read,
            });
        }
        self.error.clone().map_or(Ok(None), Err)
    }

    /// Makes the engine ready; false when it takes more bytes to choose one.
    fn start(&mut self) -> Result<bool> {
        let given = self.compression;
        let compression = match given {
            Some(compression) if compression != Compression::Workbook => compression,
            _ => {
                let known: usize = self.packed.iter().map(Bytes::len).sum();
                if known < SIGNATURE_BYTES && !self.over {
                    return Ok(false);
                }
                let bytes = self.packed.iter().flatten().copied();
                let beginning: Vec<_> = bytes.take(SIGNATURE_BYTES).collect();
                if given.is_some() && !is_workbook(&beginning) {
                    return Err(Error::NoWorkbook {
                        option: "the format",
                    });
                }
                detect_compression(&beginning)?
            }
        };
        if self.selection.is_given() && compression != Compression::Workbook {
            return Err(Error::NoWorkbook {
                option: "sheet and range",
            });
        }
        self.compression = Some(compression);
        let selection = mem::take(&mut self.selection);
        self.engine = Some(Engine::new(compression, &self.limits, selection)?);
        Ok(true)
    }

    /// Keeps what was pushed of a workbook.
    fn keep(&mut self) -> Result<()> {
        if let Some(Engine::Workbook(reading)) = &mut self.engine {
            for bytes in self.packed.drain(..) {
                self.read += bytes.len() as u64;
                reading.push(&bytes)?;
            }
        }
        Ok(())
    }

    /// The next piece of a sheet, once the workbook is whole.
    fn next_of_workbook(&mut self) -> Result<Option<Bytes>> {
        self.keep()?;
        let piece = match &mut self.engine {
            Some(Engine::Workbook(reading)) if self.over => reading.next_piece()?,
            _ => None,
        };
        self.written += piece.as_ref().map_or(0, Bytes::len) as u64;
        match self.too_expansive() {
            Some(error) => Err(error),
            None => Ok(piece),
        }
    }

    /// Gives what was pushed as it is, in pieces.
    fn hand_on(&mut self) -> Option<Bytes> {
        let first = self.packed.front_mut()?;
        if first.len() > self.limits.piece_bytes {
            return Some(first.split_to(self.limits.piece_bytes));
        }
        self.packed.pop_front()
    }

    /// Unpacks until the piece is full, the bytes are all read, or a fault shows.
    fn unpack(&mut self) -> Bytes {
        let mut piece = mem::take(&mut self.spare);
        piece.clear();
        piece.reserve_exact(self.limits.piece_bytes);
        while self.error.is_none() && piece.len() < piece.capacity() {
            if !self.step(&mut piece) {
                break;
            }
        }
        // A piece with little in it does not keep the memory of a full one.
        if piece.len() < piece.capacity() / 2 {
            let copy = Bytes::copy_from_slice(&piece);
            self.spare = piece;
            return copy;
        }
        Bytes::from(piece)
    }

    /// Unpacks what the first chunk has; false when there is nothing more to be had.
    fn step(&mut self, piece: &mut Vec<u8>) -> bool {
        let Some(engine) = &mut self.engine else {
            return false;
        };
        let bytes = self.packed.front().map_or(&[][..], Bytes::as_ref);
        let before = piece.len();
        let Step { read, fault } = engine.run(bytes, piece);
        let written = piece.len() - before;
        self.read += read as u64;
        self.written += written as u64;
        if let Some(first) = self.packed.front_mut() {
            first.advance(read.min(first.len()));
            if first.is_empty() {
                self.packed.pop_front();
            }
        }
        self.error = match fault {
            Some(fault) => Some(self.explain(fault)),
            None => self.too_expansive(),
        };
        read > 0 || written > 0
    }

    fn too_expansive(&self) -> Option<Error> {
        let limit = self.limits.max_expansion;
        let is_too_much = self.written > JUDGED_FROM_BYTES
            && self.written > self.read.saturating_mul(u64::from(limit));
        is_too_much.then(|| Error::TooExpansive {
            compression: self.compression.unwrap_or_default(),
            packed: self.read,
            limit,
        })
    }

    fn explain(&self, fault: Fault) -> Error {
        let compression = self.compression.unwrap_or_default();
        let offset = self.read;
        match fault {
            Fault::NotPacked => Error::NotPacked { compression },
            Fault::TrailingData { seen } => Error::TrailingData {
                compression,
                offset: offset - seen as u64,
            },
            Fault::Corrupt => Error::Corrupt {
                compression,
                offset,
            },
            Fault::WindowTooLarge => Error::WindowTooLarge {
                compression,
                offset,
                limit: 1 << self.limits.max_window_log,
            },
            Fault::NeedsDictionary => Error::NeedsDictionary { offset },
            Fault::NeedsMemory => Error::Unavailable { compression },
            Fault::SeveralMembers => Error::SeveralMembers {
                names: match &self.engine {
                    Some(Engine::Zip(unzip)) => unzip.names().join("`, `"),
                    _ => String::new(),
                },
            },
            Fault::EmptyArchive => Error::EmptyArchive,
            Fault::Office => Error::Foreign {
                foreign: Foreign::Office,
            },
            Fault::Encrypted => Error::Encrypted,
            Fault::OtherMethod => Error::OtherMethod,
            Fault::NotStreamed => Error::NotStreamed,
        }
    }
}
