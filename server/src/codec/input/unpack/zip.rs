//! Unpacks a zip archive of one file, from its beginning to its end.
//!
//! Driven by the unpacker. It must never hand on what does not have its checksum, nor take one file of several
//! for all of them.
//!
//! How this works: each file of an archive has a header of its own, so that the directory at the end is not
//! needed. Folders, and what macOS puts beside each file, are passed over.

use std::fmt;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{Fault, Step};
use crate::codec::workbook::is_office;

/// The bytes of a header before the name.
const HEADER_BYTES: usize = 30;

/// What a header begins with, and what stands for the end of them.
const MEMBER: &[u8] = b"PK\x03\x04";
const DIRECTORY: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

/// The most bytes that are unpacked only to be passed over.
const MAX_PASSED_BYTES: u64 = 16 << 20;

/// How names of files that belong to no user begin or end.
const PASSED_PREFIX: &str = "__MACOSX/";

/// The most characters of a name that are shown.
const MAX_NAME_CHARS: usize = 60;

/// Unpacks the only file.
pub(super) struct Unzip {
    state: State,
    /// The bytes of a header, or of what follows a file.
    head: Vec<u8>,
    /// The names of the file, and of one more.
    names: Vec<String>,
    /// Takes what is passed over.
    scratch: Vec<u8>,
    passed: u64,
    /// The bytes that the step at hand has taken.
    taken: usize,
}

enum State {
    /// Before a file, or behind the last one.
    Header,
    /// Within a file.
    Data(Box<Member>),
    /// Before the sizes that stand behind a file.
    Sizes(Box<Member>),
    /// In the directory, with so many bytes of the signature of its end.
    Directory { seen: usize },
    /// Behind the end of the directory.
    Over,
}

/// A file of the archive.
struct Member {
    inflate: Option<Decompress>,
    /// What the header says; the sizes may come behind the file instead.
    sizes: Option<Sizes>,
    is_zip64: bool,
    is_passed: bool,
    crc: Crc,
    read: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Sizes {
    crc32: u32,
    packed: u64,
    unpacked: u64,
}

impl Default for Unzip {
    fn default() -> Self {
        Self {
            state: State::Header,
            head: Vec::new(),
            names: Vec::new(),
            scratch: Vec::new(),
            passed: 0,
            taken: 0,
        }
    }
}

impl Unzip {
    pub(super) const fn is_complete(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// The names of the files that were met.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn run(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Step {
        let mut read = 0;
        loop {
            let rest = bytes.get(read..).unwrap_or_default();
            let written = output.len();
            let stood = std::mem::discriminant(&self.state);
            self.taken = 0;
            let fault = self.advance(rest, output).err();
            read += self.taken;
            let is_idle = self.taken == 0
                && output.len() == written
                && std::mem::discriminant(&self.state) == stood;
            if fault.is_some() || is_idle || output.len() == output.capacity() {
                return Step { read, fault };
            }
        }
    }

    /// Takes some bytes.
    fn advance(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Result<(), Fault> {
        match std::mem::replace(&mut self.state, State::Header) {
            State::Header => self.header(bytes),
            State::Data(member) => self.data(member, bytes, output),
            State::Sizes(member) => self.sizes(member, bytes),
            State::Directory { seen } => {
                self.taken = self.directory(seen, bytes);
                Ok(())
            }
            State::Over => {
                self.state = State::Over;
                self.taken = bytes.len();
                Ok(())
            }
        }
    }

    /// Takes bytes of a header until so many of it are there; false when it takes more.
    fn fill(&mut self, bytes: &[u8], wanted: usize) -> bool {
        let rest = bytes.get(self.taken..).unwrap_or_default();
        let count = wanted.saturating_sub(self.head.len()).min(rest.len());
        self.head
            .extend_from_slice(rest.get(..count).unwrap_or_default());
        self.taken += count;
        self.head.len() >= wanted
    }

    fn header(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if !self.fill(bytes, MEMBER.len()) {
            return Ok(());
        }
        if !self.head.starts_with(MEMBER) {
            return self.after_members();
        }
        if !self.fill(bytes, HEADER_BYTES) {
            return Ok(());
        }
        let length = |place| usize::try_from(number::<2>(&self.head, place)).unwrap_or_default();
        let name_end = HEADER_BYTES + length(26);
        let end = name_end + length(28);
        if !self.fill(bytes, end) {
            return Ok(());
        }
        let head = std::mem::take(&mut self.head);
        let name = head.get(HEADER_BYTES..name_end).unwrap_or_default();
        self.start(&head, name, head.get(name_end..).unwrap_or_default())
    }

    /// What stands where a header could: the directory, or its end.
    fn after_members(&mut self) -> Result<(), Fault> {
        let is_end = self.head.starts_with(END);
        if !is_end && !self.head.starts_with(DIRECTORY) {
            return Err(match self.names.is_empty() {
                true => Fault::NotPacked,
                false => Fault::Corrupt,
            });
        }
        if self.names.is_empty() {
            return Err(Fault::EmptyArchive);
        }
        self.head.clear();
        self.state = match is_end {
            true => State::Over,
            false => State::Directory { seen: 0 },
        };
        Ok(())
    }

    /// Begins a file.
    fn start(&mut self, head: &[u8], name: &[u8], extra: &[u8]) -> Result<(), Fault> {
        let name = String::from_utf8_lossy(name);
        let is_passed = name.ends_with('/') || name.starts_with(PASSED_PREFIX);
        if self.names.is_empty() && is_office(&name) {
            return Err(Fault::Office);
        }
        if !is_passed {
            self.names.push(name.chars().take(MAX_NAME_CHARS).collect());
            if self.names.len() > 1 {
                return Err(Fault::SeveralMembers);
            }
        }
        let flags = number::<2>(head, 6);
        if flags & 1 == 1 {
            return Err(Fault::Encrypted);
        }
        let zip64 = zip64_sizes(extra);
        let size = |place: usize, long: Option<u64>| match number::<4>(head, place) {
            0xFFFF_FFFF => long,
            size => Some(size),
        };
        let has_sizes = flags & 8 == 0;
        let packed = size(18, zip64.and_then(|(_, packed)| packed));
        let unpacked = size(22, zip64.map(|(unpacked, _)| unpacked));
        let sizes = packed.zip(unpacked).map(|(packed, unpacked)| Sizes {
            crc32: u32::try_from(number::<4>(head, 14)).unwrap_or_default(),
            packed,
            unpacked,
        });
        let inflate = match number::<2>(head, 8) {
            // Without its size nothing says where it ends.
            0 if !has_sizes || sizes.is_none() => return Err(Fault::NotStreamed),
            0 => None,
            8 => Some(Decompress::new(false)),
            _ => return Err(Fault::OtherMethod),
        };
        self.state = State::Data(Box::new(Member {
            inflate,
            sizes: sizes.filter(|_| has_sizes),
            is_zip64: zip64.is_some(),
            is_passed,
            crc: Crc::new(),
            read: 0,
        }));
        Ok(())
    }

    fn data(
        &mut self,
        mut member: Box<Member>,
        bytes: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let output = if member.is_passed {
            self.scratch.clear();
            self.scratch.reserve(32 << 10);
            &mut self.scratch
        } else {
            output
        };
        let written = output.len();
        let (read, ends) = member.unpack(bytes, output);
        self.taken = read;
        let ends = ends?;
        let new = output.get(written..).unwrap_or_default();
        member.crc.update(new);
        member.read += read as u64;
        if member.is_passed {
            self.passed += new.len() as u64;
            if self.passed > MAX_PASSED_BYTES {
                return Err(Fault::SeveralMembers);
            }
        }
        self.state = match (ends, member.sizes) {
            (false, _) => State::Data(member),
            (true, Some(sizes)) => {
                member.check(sizes)?;
                State::Header
            }
            (true, None) => State::Sizes(member),
        };
        Ok(())
    }

    /// The checksum and the sizes behind a file, with a signature or without.
    fn sizes(&mut self, member: Box<Member>, bytes: &[u8]) -> Result<(), Fault> {
        let width = if member.is_zip64 { 8 } else { 4 };
        let has_start = self.fill(bytes, DESCRIPTOR.len());
        let start = match self.head.starts_with(DESCRIPTOR) {
            true => DESCRIPTOR.len(),
            false => 0,
        };
        if !has_start || !self.fill(bytes, start + 4 + 2 * width) {
            self.state = State::Sizes(member);
            return Ok(());
        }
        let head = std::mem::take(&mut self.head);
        let size = |place: usize| match member.is_zip64 {
            true => number::<8>(&head, place),
            false => number::<4>(&head, place),
        };
        member.check(Sizes {
            crc32: u32::try_from(number::<4>(&head, start)).unwrap_or_default(),
            packed: size(start + 4),
            unpacked: size(start + 4 + width),
        })
    }

    /// Looks for the end of the directory.
    fn directory(&mut self, mut seen: usize, bytes: &[u8]) -> usize {
        for (place, byte) in bytes.iter().enumerate() {
            seen = match END.get(seen) == Some(byte) {
                true => seen + 1,
                false => usize::from(END.first() == Some(byte)),
            };
            if seen == END.len() {
                self.state = State::Over;
                return place + 1;
            }
        }
        self.state = State::Directory { seen };
        bytes.len()
    }
}

impl Member {
    /// Unpacks some bytes; says how many were read, and whether the file ends with them.
    fn unpack(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> (usize, Result<bool, Fault>) {
        let Some(inflate) = &mut self.inflate else {
            let left = self.sizes.map_or(0, |sizes| sizes.packed) - self.read;
            let room = output.capacity() - output.len();
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            let count = left.min(room).min(bytes.len());
            output.extend_from_slice(bytes.get(..count).unwrap_or_default());
            return (count, Ok(count == left));
        };
        let before = inflate.total_in();
        let status = inflate.decompress_vec(bytes, output, FlushDecompress::None);
        let read = usize::try_from(inflate.total_in() - before).unwrap_or(bytes.len());
        let ends = status.map(|status| status == Status::StreamEnd);
        (read, ends.map_err(|_| Fault::Corrupt))
    }

    /// Sees that what was unpacked is what was packed.
    fn check(&self, said: Sizes) -> Result<(), Fault> {
        let unpacked = match &self.inflate {
            Some(inflate) => inflate.total_out(),
            None => self.read,
        };
        let found = Sizes {
            crc32: self.crc.sum(),
            packed: self.read,
            unpacked,
        };
        match found == said {
            true => Ok(()),
            false => Err(Fault::Corrupt),
        }
    }
}

/// The number in `N` bytes at a place, the lowest one first.
fn number<const N: usize>(bytes: &[u8], place: usize) -> u64 {
    let bytes = bytes.get(place..place + N).unwrap_or_default();
    let digits = bytes.iter().rev();
    digits.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The long sizes of a header, unpacked and packed, where it has them.
fn zip64_sizes(mut extra: &[u8]) -> Option<(u64, Option<u64>)> {
    const ZIP64: u64 = 1;
    while extra.len() >= 4 {
        let length = usize::try_from(number::<2>(extra, 2)).ok()?;
        let field = extra.get(4..4 + length)?;
        if number::<2>(extra, 0) == ZIP64 {
            let packed = (length >= 16).then(|| number::<8>(field, 8));
            return Some((number::<8>(field, 0), packed));
        }
        extra = extra.get(4 + length..)?;
    }
    None
}

impl fmt::Debug for Unzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unzip")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}
