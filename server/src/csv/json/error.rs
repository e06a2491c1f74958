//! What can be wrong with JSON that comes in or goes out.
//!
//! Made by everything in `csv::json`; `transfer` wraps it. Of the file it may carry a key, cut short.

use std::fmt;

use super::super::Position;

/// The most bytes of a key that a fault carries.
const MAX_KEY_BYTES: usize = 64;

/// Why a file is no NDJSON, or a row cannot be written as such.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file is an array.
    #[error("the file is one JSON array; write one object a line, as `jq -c '.[]'` does")]
    Array,
    /// No line of the sample is an object; the first fault.
    #[error("{position}, {fault}; NDJSON is one JSON object a line")]
    NoRecord {
        /// Where the first line that is not blank begins.
        position: Position,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The first line is longer than the sample.
    #[error("the first line is longer than {limit} bytes; NDJSON is one JSON object a line")]
    NoLine {
        /// The bytes of the sample.
        limit: usize,
    },
    /// The objects are all empty.
    #[error("no object has a key; the keys are the names of the columns")]
    NoKey,
    /// There are more keys than a record may have fields.
    #[error("the objects have more than {limit} keys; put what varies into a nested object")]
    TooManyKeys {
        /// The limit.
        limit: usize,
    },
    /// Two columns of an export have the same name.
    #[error("two columns are named `{name}`; give one of them another name")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A text of an export is not UTF-8.
    #[error("a value of column `{column}` is not UTF-8 and cannot be written as JSON; choose csv")]
    NotText {
        /// The column.
        column: String,
    },
    /// A value that is meant to be JSON is not.
    #[error("a value of column `{column}` is no JSON: {} (at its byte {})", fault.kind, fault.offset)]
    NotJson {
        /// The column.
        column: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A row of an export has more or fewer values than there are columns.
    #[error("the row has {fields} values, {expected} expected")]
    FieldCount {
        /// How many it has.
        fields: usize,
        /// How many columns there are.
        expected: usize,
    },
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset} of the line: {kind}")]
pub struct Fault {
    /// Where it is, in bytes from the start of the record.
    pub offset: usize,
    /// What it is.
    pub kind: FaultKind,
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
    /// A key is not among those of the first records.
    #[error("the key `{key}` is not among those of the first records")]
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
pub(super) fn shown(key: &[u8]) -> String {
    let cut = key.get(..MAX_KEY_BYTES);
    let mut text = String::from_utf8_lossy(cut.unwrap_or(key)).into_owned();
    if cut.is_some() && key.len() > MAX_KEY_BYTES {
        text.push('…');
    }
    text
}
