//! What can be wrong with NDJSON that comes in or goes out.
//!
//! Made by everything in `csv::json`; `transfer` wraps it.

use super::super::Position;
use crate::json::Fault;

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
