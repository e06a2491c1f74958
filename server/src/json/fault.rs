//! What can be wrong with a JSON text.
//!
//! Made by whoever reads one; `transfer` shows it. Of the text it may carry a key, cut short.

use std::fmt;

/// The most bytes of a key that a fault carries.
const MAX_KEY_BYTES: usize = 64;

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset} of the line: {kind}")]
pub struct Fault {
    /// Where it is, in bytes from the start of the record.
    pub offset: usize,
    /// What it is.
    pub kind: FaultKind,
}

impl Fault {
    /// Whether the line has a key that nobody knows, and may be well but for that.
    #[must_use]
    pub const fn is_unknown_key(&self) -> bool {
        matches!(self.kind, FaultKind::UnknownKey { .. })
    }
}

/// The ways in which a line is no object with the keys that are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// Something else stands where the grammar has one of these.
    #[error("{0} expected")]
    Expected(Expected),
    /// The line ends within the object.
    #[error(
        "the line ends within the object; an object has to stand on one line, as `jq -c .` writes it"
    )]
    Unterminated,
    /// Something follows the object.
    #[error("something follows the value; write one a line")]
    TrailingText,
    /// A string holds a character below U+0020.
    #[error("a string holds a control character; write it as `\\u` and four digits")]
    ControlCharacter,
    /// A backslash is followed by what makes no escape sequence.
    #[error("a string has a `\\` that begins no escape sequence; write `\\\\`")]
    InvalidEscape,
    /// An escape sequence is half of a character.
    #[error("a string has `\\u` with half of a surrogate pair, which is no character")]
    LoneSurrogate,
    /// A key is not UTF-8.
    #[error("a key is not UTF-8")]
    KeyNotText,
    /// A number is not written as JSON has it.
    #[error("a number is not written as JSON has it")]
    InvalidNumber,
    /// Arrays and objects are nested too deeply.
    #[error("arrays and objects are nested more than {limit} deep")]
    TooDeep {
        /// The limit.
        limit: u32,
    },
    /// A key is neither among those of the first records nor a column.
    #[error(
        "the key `{key}` comes for the first time, and the table has no column for it; leave such keys out, add the \
         column, or where the table is made of this file have the whole file looked at first"
    )]
    UnknownKey {
        /// The key, cut short.
        key: String,
    },
    /// A key stands twice in an object.
    #[error("the key `{key}` stands twice")]
    DuplicateKey {
        /// The key, cut short.
        key: String,
    },
}

/// What the grammar has at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The object of the line.
    Object,
    /// A key, in quotes.
    Key,
    /// The colon after a key.
    Colon,
    /// A value.
    Value,
    /// What follows a value of an object.
    CommaOrBrace,
    /// What follows a value of an array.
    CommaOrBracket,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "a JSON object",
            Self::Key => "a key in double quotes",
            Self::Colon => "`:`",
            Self::Value => "a value",
            Self::CommaOrBrace => "`,` or `}`",
            Self::CommaOrBracket => "`,` or `]`",
        })
    }
}

/// A key as it is shown.
pub(crate) fn shown(key: &[u8]) -> String {
    let cut = key.get(..MAX_KEY_BYTES);
    let mut text = String::from_utf8_lossy(cut.unwrap_or(key)).into_owned();
    if cut.is_some() && key.len() > MAX_KEY_BYTES {
        text.push('…');
    }
    text
}
