//! Tells packed files apart by their first bytes.
//!
//! Used by [`Input`](super::Input), and by callers that have a sample. It must never take text for
//! something else: signatures that are plain words need a byte after them that no text has.

use std::fmt;

use super::{Error, Result, workbook::is_workbook};

/// The first bytes of every gzip member.
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// The first bytes of every zstd frame with content.
pub(super) const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Bytes 2 to 4 of a zstd frame to be skipped; the first is 0x50 to 0x5F.
pub(super) const ZSTD_SKIPPABLE_TAIL: [u8; 3] = [0x2A, 0x4D, 0x18];

/// The first bytes of every xz stream.
pub(super) const XZ_MAGIC: [u8; 6] = *b"\xFD7zXZ\0";

/// How a file is packed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// As gzip members, one after the other (RFC 1952).
    Gzip,
    /// As zstd frames, one after the other (RFC 8878).
    Zstd,
    /// As bzip2 streams, one after the other. Not for exports.
    Bzip2,
    /// As xz streams, one after the other. Not for exports.
    Xz,
    /// As the only file of a zip archive, stored or deflated. Not for exports.
    Zip,
    /// As a sheet of a workbook. Not for exports.
    Workbook,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no compression",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zip => "zip",
            Self::Workbook => "workbook",
        })
    }
}

/// Kinds of files that are known only to be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Foreign {
    /// lz4 frames.
    Lz4,
    /// snappy frames.
    Snappy,
    /// The old compress program.
    Compress,
    /// A zip archive that is an office document, and no workbook.
    Office,
    /// A workbook of Excel in its binary form (xlsb).
    BinaryWorkbook,
    /// A 7z archive.
    SevenZip,
    /// A RAR archive.
    Rar,
    /// A tar archive, perhaps packed.
    Tar,
    /// One compression inside another.
    PackedTwice,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow or Feather.
    Arrow,
    /// Apache Avro.
    Avro,
    /// Apache ORC.
    Orc,
    /// A database of `SQLite`.
    Sqlite,
    /// An Excel 97 workbook or another document of that family, or one of today with a password.
    OldOffice,
    /// PDF.
    Pdf,
    /// UTF-32 text.
    Utf32,
}

impl Foreign {
    /// What the sender can do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Lz4 | Self::Snappy | Self::Compress => "unpack it, or pack it with gzip or zstd",
            Self::SevenZip | Self::Rar | Self::Tar => "unpack it and send the file inside",
            Self::PackedTwice => "unpack it once",
            Self::Parquet | Self::Arrow | Self::Avro | Self::Orc | Self::Sqlite | Self::Pdf => {
                "convert it to CSV, TSV or NDJSON"
            }
            Self::Office => {
                "save its table as xlsx, ods or CSV; if it is a workbook, leave the compression open"
            }
            Self::BinaryWorkbook => "save it as xlsx or CSV",
            Self::OldOffice => "save it as xlsx or ods without a password, or as CSV",
            Self::Utf32 => "convert it to UTF-8",
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lz4 => "packed with lz4",
            Self::Snappy => "packed with snappy",
            Self::Compress => "packed with compress",
            Self::SevenZip => "a 7z archive",
            Self::Rar => "a RAR archive",
            Self::Tar => "a tar archive",
            Self::PackedTwice => "packed twice",
            Self::Parquet => "a Parquet file",
            Self::Arrow => "an Arrow file",
            Self::Avro => "an Avro file",
            Self::Orc => "an ORC file",
            Self::Sqlite => "an SQLite database",
            Self::Office => "an Office document",
            Self::BinaryWorkbook => "a binary workbook (xlsb)",
            Self::OldOffice => "an Office document of before 2007 (xls), or one with a password",
            Self::Pdf => "a PDF document",
            Self::Utf32 => "UTF-32 text",
        })
    }
}

/// Finds the compression from the beginning of a file: 512 bytes are enough, 10 will do for all
/// compressions. Fewer bytes than a signature has are taken for text.
///
/// # Errors
///
/// Fails when the file is of a kind that is no flat file, see [`Foreign`].
pub fn detect_compression(prefix: &[u8]) -> Result<Compression> {
    let packed = packed(prefix);
    if packed == Compression::None {
        refuse_foreign(prefix)?;
    }
    Ok(packed)
}

/// The compression that the beginning of a file shows.
fn packed(prefix: &[u8]) -> Compression {
    match prefix {
        _ if prefix.starts_with(&GZIP_MAGIC) => Compression::Gzip,
        _ if starts_as_zstd(prefix) => Compression::Zstd,
        _ if is_bzip2(prefix) => Compression::Bzip2,
        _ if prefix.starts_with(&XZ_MAGIC) => Compression::Xz,
        _ if is_workbook(prefix) => Compression::Workbook,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Compression::Zip,
        _ => Compression::None,
    }
}

/// Fails when the content that was unpacked is packed again, or no text.
pub(super) fn refuse_inside(prefix: &[u8]) -> Result<()> {
    if packed(prefix) != Compression::None {
        return Err(Error::Foreign {
            foreign: Foreign::PackedTwice,
        });
    }
    refuse_foreign(prefix)
}

fn starts_as_zstd(prefix: &[u8]) -> bool {
    let is_skippable = |bytes: &[u8]| {
        bytes.first().is_some_and(|byte| byte & 0xF0 == 0x50)
            && bytes.get(1..4) == Some(&ZSTD_SKIPPABLE_TAIL)
    };
    prefix.starts_with(&ZSTD_MAGIC) || is_skippable(prefix)
}

fn refuse_foreign(prefix: &[u8]) -> Result<()> {
    let known = SIGNATURES
        .iter()
        .find(|(_, signature)| prefix.starts_with(signature));
    let foreign = match known {
        Some(&(foreign, _)) => foreign,
        None if is_tar(prefix) => Foreign::Tar,
        None if is_orc(prefix) => Foreign::Orc,
        None => return Ok(()),
    };
    Err(Error::Foreign { foreign })
}

/// What a file of the kind begins with.
const SIGNATURES: [(Foreign, &[u8]); 13] = [
    (Foreign::Lz4, b"\x04\x22\x4D\x18"),
    (Foreign::Lz4, b"\x02\x21\x4C\x18"),
    (Foreign::Snappy, b"\xFF\x06\0\0sNaPpY"),
    (Foreign::Compress, b"\x1F\x9D"),
    (Foreign::SevenZip, b"7z\xBC\xAF\x27\x1C"),
    (Foreign::Rar, b"Rar!\x1A\x07"),
    // The magic number, then the first byte of a page header in Thrift's compact protocol.
    (Foreign::Parquet, b"PAR1\x15"),
    (Foreign::Arrow, b"ARROW1\0\0"),
    (Foreign::Arrow, b"FEA1\0"),
    (Foreign::Avro, b"Obj\x01"),
    (Foreign::Sqlite, b"SQLite format 3\0"),
    (Foreign::OldOffice, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"),
    (Foreign::Pdf, b"%PDF-1."),
];

/// Whether the file begins with a level and the number pi, or the square root of it when empty.
fn is_bzip2(prefix: &[u8]) -> bool {
    let block = prefix.get(4..10);
    prefix.starts_with(b"BZh")
        && prefix
            .get(3)
            .is_some_and(|level| (b'1'..=b'9').contains(level))
        && (block == Some(b"\x31\x41\x59\x26\x53\x59")
            || block == Some(b"\x17\x72\x45\x38\x50\x90"))
}

/// Whether the first block is a header of POSIX or GNU tar.
fn is_tar(prefix: &[u8]) -> bool {
    prefix.get(257..262) == Some(b"ustar")
        && prefix.get(..257).is_some_and(|name| name.contains(&0))
}

/// Whether the magic number is followed by binary data.
fn is_orc(prefix: &[u8]) -> bool {
    let after = prefix.get(3..).unwrap_or_default();
    prefix.starts_with(b"ORC") && after.iter().take(64).any(|&byte| byte < b'\t')
}

#[cfg(test)]
mod tests;
