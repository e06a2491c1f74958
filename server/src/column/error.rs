//! What can be wrong with a column as a whole: its type, its time zone, the bytes of a block.
//!
//! `transfer::Error` wraps it; a single bad cell is a [`super::parse::Reason`], never an [`Error`].

/// The result of preparing or reading columns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a column cannot be prepared or a block cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not the name of a ClickHouse type.
    #[error("`{text}` is not a ClickHouse type: {problem}")]
    InvalidType {
        /// The type as it was given.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A type that cannot be carried in a block.
    #[error("the type `{text}` cannot be carried: cast it to String in the query")]
    UnsupportedType {
        /// The type as ClickHouse writes it.
        text: String,
    },
    /// No time zone has this name.
    #[error("unknown time zone `{name}`: use an IANA name such as `Europe/Paris`")]
    UnknownZone {
        /// The name as it was given.
        name: String,
    },
    /// A block builder needs at least one column.
    #[error("a block needs at least one column")]
    NoColumns,
    /// A column takes another number of cells than the columns before it.
    #[error("column `{column}` has {actual} rows, the block has {expected}")]
    UnevenColumns {
        /// The name of the column.
        column: String,
        /// The rows of that column.
        actual: usize,
        /// The rows of the first column.
        expected: usize,
    },
}
