//! What can be wrong with the bytes of a file before they are text, and with text that leaves.
//!
//! Made by [`Input`](super::Input) and [`Output`](super::Output); `transfer` wraps it. It must
//! never carry the file's own bytes, one character and names of files in an archive apart.

use super::{Compression, Encoding, Foreign};

/// A result of this layer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A fault after which the file cannot be read or written any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The content is of a kind that is no flat file.
    #[error("the file is {foreign}; {}", foreign.advice())]
    Foreign {
        /// What it is.
        foreign: Foreign,
    },
    /// The content does not begin as the compression that the caller has set.
    #[error(
        "the file is not packed with {compression}; leave the compression open to have it found"
    )]
    NotPacked {
        /// The compression that was set.
        compression: Compression,
    },
    /// The packed data end too early.
    #[error(
        "the {compression} data end too early, at byte {offset}; the file is cut off: send it whole"
    )]
    Truncated {
        /// The compression.
        compression: Compression,
        /// Number of bytes of the packed file.
        offset: u64,
    },
    /// The packed data are damaged, or a checksum in them does not match.
    #[error(
        "the {compression} data are damaged at or before byte {offset}; pack or transfer the file anew"
    )]
    Corrupt {
        /// The compression.
        compression: Compression,
        /// How many bytes of the packed file were read when the damage showed.
        offset: u64,
    },
    /// Something that is not packed follows the packed data.
    #[error("the {compression} data end at byte {offset}, and something else follows; remove it")]
    TrailingData {
        /// The compression.
        compression: Compression,
        /// Where the packed data end in the packed file.
        offset: u64,
    },
    /// Unpacking would take more memory than is allowed.
    #[error(
        "the {compression} data before byte {offset} need a window of more than {limit} bytes to be unpacked; \
         pack the file {}",
        if *compression == Compression::Zstd { "without --ultra and --long" } else { "with a smaller dictionary" }
    )]
    WindowTooLarge {
        /// The compression.
        compression: Compression,
        /// How many bytes of the packed file were read.
        offset: u64,
        /// The largest window, in bytes.
        limit: u64,
    },
    /// The zstd data can be unpacked only with a dictionary.
    #[error("the zstd data before byte {offset} need a dictionary; pack the file without one")]
    NeedsDictionary {
        /// How many bytes of the packed file were read.
        offset: u64,
    },
    /// A zip archive has more than one file.
    #[error(
        "the zip archive has more than one file: `{names}`; send the one that is meant, or an archive of it alone"
    )]
    SeveralMembers {
        /// The names of the first ones.
        names: String,
    },
    /// A zip archive has no file.
    #[error("the zip archive has no file in it")]
    EmptyArchive,
    /// The file in a zip archive needs a password.
    #[error("the file in the zip archive is encrypted; unpack it, and send the file inside")]
    Encrypted,
    /// The file in a zip archive is packed in another way than deflate.
    #[error(
        "the file in the zip archive is packed with another method than deflate; unpack it, and send the file inside"
    )]
    OtherMethod,
    /// Only the end of a zip archive says how long the file in it is.
    #[error(
        "only the end of the zip archive says how long the file in it is; unpack it, and send the file inside"
    )]
    NotStreamed,
    /// A workbook, or what it keeps in memory, is larger than is allowed.
    #[error(
        "the workbook, or the texts in it, have more than {limit} bytes, the most that is kept of one; \
         save the sheet as CSV and send that, or have the server started with a larger --max-workbook-bytes"
    )]
    WorkbookTooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A part of a workbook cannot be read.
    #[error(
        "the workbook cannot be read: {reason} (`{part}`); open it in the program that made it, and save it anew"
    )]
    BadWorkbook {
        /// The part.
        part: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A workbook needs a password.
    #[error("the workbook is encrypted; save it without a password")]
    WorkbookPassword,
    /// A workbook has no such sheet.
    #[error(
        "the workbook has no {}; it has {sheets}",
        match sheet.as_str() { "" => "visible sheet: choose one".to_owned(), sheet => format!("sheet `{sheet}`") }
    )]
    NoSuchSheet {
        /// The one that was wanted; empty for the first visible one.
        sheet: String,
        /// The first ones that there are.
        sheets: String,
    },
    /// The program that wrote a workbook has not computed it.
    #[error(
        "the formula in {cell} of the sheet `{sheet}` has no value, because the program that wrote the workbook has not \
         computed it; open it in an office program and save it, or choose a --range without it"
    )]
    FormulaWithoutValue {
        /// The cell.
        cell: String,
        /// The sheet.
        sheet: String,
    },
    /// A sheet was chosen of a file that has none.
    #[error("the file is no workbook (xlsx, ods), and has no sheets; leave out {option}")]
    NoWorkbook {
        /// What was said.
        option: &'static str,
    },
    /// Something was said that a workbook says itself.
    #[error("the file is a workbook, which has no {option} to choose; leave it out")]
    NotOfWorkbook {
        /// What was said.
        option: &'static str,
    },
    /// There is only the beginning of a workbook.
    #[error(
        "the end of a workbook says what is in it, and there is only its beginning here; \
         send all of it, or see with a dry run of an upload how it is read"
    )]
    WorkbookCutShort,
    /// The packed data grow out of proportion.
    #[error(
        "{packed} bytes of {compression} data unpack to more than {limit} times as many; \
         if they are meant to, send the file unpacked"
    )]
    TooExpansive {
        /// The compression.
        compression: Compression,
        /// How many bytes of the packed file were read.
        packed: u64,
        /// The limit on the ratio.
        limit: u32,
    },
    /// The compression's library has failed to start, as without memory.
    #[error("{compression} cannot be started; memory may be short")]
    Unavailable {
        /// The compression.
        compression: Compression,
    },
    /// The text is not what its encoding allows.
    #[error(
        "byte {offset} of the text, unpacked, does not belong to any character of {encoding}; \
         check the encoding"
    )]
    InvalidText {
        /// The encoding.
        encoding: Encoding,
        /// Where the fault begins, in bytes of the text in that encoding.
        offset: u64,
    },
    /// The text begins with the byte order mark of another encoding than was set.
    #[error("the text begins with the byte order mark of {found}, not {encoding}; choose {found}")]
    OtherByteOrder {
        /// The encoding that was set.
        encoding: Encoding,
        /// The encoding whose mark it is.
        found: Encoding,
    },
    /// A character cannot be written in the encoding of an export.
    #[error(
        "`{character}` (U+{:04X}, byte {offset} of the output as UTF-8) cannot be written in \
         {encoding}; choose utf-8",
        u32::from(*character)
    )]
    CannotEncode {
        /// The character.
        character: char,
        /// Where it stands in the text of the export, in bytes as UTF-8.
        offset: u64,
        /// The encoding.
        encoding: Encoding,
    },
    /// Bytes that are no text cannot be written in the encoding of an export.
    #[error(
        "byte {offset} of the output is not UTF-8 and cannot be written in {encoding}; choose utf-8"
    )]
    NotText {
        /// Where they stand in the export's text.
        offset: u64,
        /// The encoding.
        encoding: Encoding,
    },
    /// Files are not packed so.
    #[error("exports are not packed with {compression}; choose gzip or zstd")]
    NotWritten {
        /// The compression.
        compression: Compression,
    },
    /// There is no such level of compression.
    #[error("{compression} has no level {level}; choose one of {least} to {most}")]
    UnknownLevel {
        /// The compression.
        compression: Compression,
        /// The level.
        level: i32,
        /// The lowest level.
        least: i32,
        /// The highest level.
        most: i32,
    },
}
