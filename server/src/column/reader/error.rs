//! What can be wrong with a stream of Native blocks.
//!
//! [`super::Reader`] makes these errors; they must never hold more than short pieces of the stream.

/// Result of reading Native blocks.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Bytes that are not blocks this reader takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stream ended inside a block.
    #[error(
        "the stream of native blocks ended after {byte_count} bytes of an incomplete block, \
         {row_count} rows came before it; repeat the query"
    )]
    Truncated {
        /// Bytes of the incomplete block that arrived.
        byte_count: u64,
        /// Rows of the complete blocks before it.
        row_count: u64,
    },
    /// A block would take more memory than [`super::Limits::max_block_bytes`].
    #[error(
        "ClickHouse sent more than {limit} bytes of rows at once, because values are very large; export fewer of the \
         large columns at a time, or part of the rows with a condition or a LIMIT"
    )]
    BlockTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A column has a type that cannot be read from a block.
    #[error(
        "column `{column}` has type `{data_type}` in the stream; cast it to String in the query"
    )]
    UnexpectedType {
        /// Name of the column, at most 256 bytes of it.
        column: String,
        /// Its type as the stream spells it, at most 256 bytes of it.
        data_type: String,
    },
    /// The name of a column is not UTF-8.
    #[error("the name of column `{column}` is not UTF-8; give it an alias in the query")]
    InvalidName {
        /// The name with its wrong bytes replaced, at most 256 bytes of it.
        column: String,
    },
    /// A block has other columns than the first one.
    #[error("the columns changed within the stream: {found} instead of {expected}")]
    SchemaChanged {
        /// The column, or the number of columns, of the first block.
        expected: String,
        /// What the later block has.
        found: String,
    },
    /// The bytes do not follow the format.
    #[error("the stream of native blocks is malformed {byte_count} bytes into a block: {problem}")]
    Malformed {
        /// Bytes of the block up to the place where the fault was seen.
        byte_count: u64,
        /// What is wrong.
        problem: &'static str,
    },
}
