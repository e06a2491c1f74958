//! What is wrong with a dialect.
//!
//! Made by the dialect when it is changed; whoever knows the request shows it. It must always name
//! both roles where two of them are in conflict.

/// What is wrong with a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DialectError {
    /// A byte ends a line or stands for nothing.
    #[error("the {role} has the byte 0x{byte:02x}; take any other than CR, LF and NUL")]
    UnusableByte {
        /// What was being set, such as `delimiter`.
        role: &'static str,
        /// The byte that was given.
        byte: u8,
    },
    /// A delimiter or comment prefix is empty or too long.
    #[error("the {role} has {length} bytes; take 1 to 8")]
    Length {
        /// What was being set: `delimiter` or `comment prefix`.
        role: &'static str,
        /// Number of bytes that were given.
        length: usize,
    },
    /// One byte has two roles.
    #[error("the {role} has the byte 0x{byte:02x}, which the {other} has too; take another")]
    SameByte {
        /// What was being set, such as `delimiter`.
        role: &'static str,
        /// What already has the byte.
        other: &'static str,
        /// The byte.
        byte: u8,
    },
    /// NULL is written as `\N`, which could be cut or taken for something else.
    #[error("the {role} {:?} is part of the null marker `\\N`; take another", char::from(*byte))]
    InNullMarker {
        /// What was being set, such as `delimiter`.
        role: &'static str,
        /// The byte in question.
        byte: u8,
    },
    /// A file that begins with it would seem to begin with a byte order mark.
    #[error("the {role} begins like a byte order mark, 0xef 0xbb 0xbf; take another")]
    LikeByteOrderMark {
        /// What was being set, such as `delimiter`.
        role: &'static str,
    },
    /// A letter or digit after a backslash has a meaning of its own, so it cannot delimit TSV.
    #[error("the delimiter {:?} is a letter or digit, which TSV escapes use; take another", char::from(*byte))]
    DelimiterInEscapes {
        /// The first byte of the delimiter.
        byte: u8,
    },
    /// A letter or digit is text far too often to change what follows it.
    #[error("the escape {:?} is a letter or digit; take another", char::from(*byte))]
    AlphanumericEscape {
        /// The byte that was given.
        byte: u8,
    },
    /// TSV protects text with escapes and takes no quote.
    #[error("tsv has escapes and takes no quote; leave the quote out or choose csv")]
    QuoteWithEscapes,
    /// TSV has escapes of its own.
    #[error("tsv has the backslash as its escape; leave the escape out or choose csv")]
    EscapeOfTsv,
    /// A space cannot be skipped and mean something.
    #[error(
        "the {role} begins with a space, and spaces after a delimiter are skipped; \
         take another or keep the spaces"
    )]
    SpaceIsSkipped {
        /// `delimiter`, `quote` or `escape`.
        role: &'static str,
    },
    /// The names of the columns would be spread over too many records.
    #[error("there are {rows} header rows; take at most 4")]
    TooManyHeaderRows {
        /// Number of records that were asked for.
        rows: u8,
    },
    /// The last line of the table is one of the lines before it.
    #[error("the table ends with line {end_line}, but {skip_lines} lines before it are skipped")]
    EndsBeforeStart {
        /// The last line of the table, from 1.
        end_line: u64,
        /// Number of lines to skip.
        skip_lines: u32,
    },
}
