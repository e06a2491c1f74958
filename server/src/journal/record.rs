//! The rows of the journal.
//!
//! Fields are named like the columns in `clickhouse::sql::journal`, and stand in their order.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clickhouse::sql::TableName;

/// A record that was not loaded.
#[derive(Clone, Debug, PartialEq, Eq, ::clickhouse::Row, Serialize, Deserialize)]
pub struct RejectedRow {
    /// The upload.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub transfer_id: Uuid,
    /// How often its file had been begun anew.
    pub incarnation: u32,
    /// The number of the record, from 1.
    pub record: u64,
    /// The line that it begins on, from 1.
    pub line: u64,
    /// The bytes of the text before it.
    pub byte_offset: u64,
    /// The number of the field at fault, from 1; 0 when the record as a whole is at fault.
    pub field: u32,
    /// The column of the table; empty when the record as a whole is at fault.
    pub column: String,
    /// The type of the column; empty when the record as a whole is at fault.
    pub r#type: String,
    /// The value, shortened.
    #[serde(with = "serde_bytes")]
    pub value: Vec<u8>,
    /// The reason, in capitals with underscores.
    pub reason: String,
    /// The record as it stands in the file.
    #[serde(with = "serde_bytes")]
    pub raw: Vec<u8>,
    /// The further cells that do not fit: column, type, value, reason.
    pub more: Vec<FaultRow>,
}

/// A cell that does not fit: column, type, value (shortened), reason.
pub type FaultRow = (String, String, serde_bytes::ByteBuf, String);

/// Where a transfer stands.
#[derive(Clone, Debug, Default, ::clickhouse::Row, Serialize, Deserialize)]
pub struct TransferRow {
    /// The transfer.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub transfer_id: Uuid,
    /// The connection that it goes through: a name, or the address of one that the caller named.
    pub connection: String,
    /// The name of its phase.
    pub state: String,
    /// The database of its table, in full.
    pub database: String,
    /// Its table.
    pub table: String,
    /// The name of its commit mode; empty while it is not chosen.
    pub commit_mode: String,
    /// What that promises.
    pub guarantee: String,
    /// Whether it can go on after an interruption.
    pub resumable: bool,
    /// The name of the file.
    pub source_name: String,
    /// Who began it.
    pub owner: String,
    /// The size of the file.
    pub total_bytes: Option<u64>,
    /// Bytes of the file that have arrived.
    pub bytes_received: u64,
    /// Records read.
    pub rows_parsed: u64,
    /// Rows sent.
    pub rows_staged: u64,
    /// Rows in the table.
    pub rows_committed: u64,
    /// Records left out.
    pub rows_rejected: u64,
    /// The CREATE TABLE that was run.
    pub create_statement: String,
    /// When it began, in milliseconds since 1970.
    pub started_at: i64,
    /// How long it ran, in milliseconds.
    pub elapsed_ms: u64,
    /// The gRPC code of its error; 0 without one.
    pub error_code: i32,
    /// The reason of its error.
    pub error_reason: String,
    /// The message of its error.
    pub error_message: String,
    /// The variables of that message.
    pub error_metadata: Vec<(String, String)>,
    /// How often its file had been begun anew.
    pub incarnation: u32,
    /// The CRC-32C of the bytes that have arrived.
    pub file_crc32c: u32,
    /// The rank of this row among those of the transfer: the highest one counts, whenever it was written.
    pub version: u64,
}

/// A step of an upload that only one can take: the first row of a step is the one that counts.
#[derive(Clone, Debug, PartialEq, Eq, ::clickhouse::Row, Serialize, Deserialize)]
pub struct ClaimRow {
    /// The upload.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub transfer_id: Uuid,
    /// The number of the step, from 1.
    pub step: u32,
    /// The name of what it does.
    pub kind: String,
    /// Who takes it.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub run: Uuid,
    /// How often the file had been begun anew.
    pub incarnation: u32,
    /// COMMIT: the identity of the table that the rows were counted for; nil where it has none.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub target: Uuid,
    /// COMMIT: the partitions that move, or the identity of the table that takes the place of the target.
    pub moves: Vec<String>,
    /// COMMIT, DONE: the bytes of the whole file.
    pub file_bytes: u64,
    /// COMMIT, DONE: their CRC-32C.
    pub file_crc32c: u32,
    /// COMMIT, DONE: records read.
    pub rows_parsed: u64,
    /// COMMIT, DONE: rows sent.
    pub rows_staged: u64,
    /// COMMIT, DONE: records left out.
    pub rows_rejected: u64,
}

/// At which server a transfer is worked on.
#[derive(Clone, Debug, ::clickhouse::Row, Serialize, Deserialize)]
pub struct RunRow {
    /// The transfer.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub transfer_id: Uuid,
    /// Who works on it, as the steps of an upload have it; nil for what takes no steps.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub run: Uuid,
    /// The address of the server.
    pub address: String,
}

/// Where a run was said to be.
#[derive(Clone, Debug, PartialEq, Eq, ::clickhouse::Row, Deserialize)]
pub struct RunAddress {
    /// The address of the server.
    pub address: String,
    /// How long ago, in milliseconds.
    pub age: u64,
}

/// At which node an upload was begun, and its rows are staged.
#[derive(Clone, Debug, ::clickhouse::Row, Serialize, Deserialize)]
pub struct PlaceRow {
    /// The upload.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub transfer_id: Uuid,
    /// How often its file had been begun anew.
    pub incarnation: u32,
    /// The name of the node.
    pub node: String,
    /// The path in Keeper of the table that it goes to; empty for one that is not replicated.
    pub keeper_path: String,
}

/// How a transfer does, as its checkpoints say.
#[derive(Clone, Copy, Debug, Default, ::clickhouse::Row, Deserialize)]
pub struct Pulse {
    /// The transfer.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub transfer_id: Uuid,
    /// The bytes that are safe, of a file that can be read from there on; else 0.
    pub file_offset: u64,
    /// Records read.
    pub rows_parsed: u64,
    /// Rows sent.
    pub rows_staged: u64,
    /// Records left out.
    pub rows_rejected: u64,
    /// Seconds since anything was written of it.
    pub age: u64,
}

impl TransferRow {
    /// The table.
    #[must_use]
    pub fn target(&self) -> TableName {
        TableName::new(self.database.as_str(), self.table.as_str())
    }
}

/// What an upload begins with.
#[derive(Clone, Debug, ::clickhouse::Row, Serialize, Deserialize)]
pub struct UploadRow {
    /// The upload.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub transfer_id: Uuid,
    /// How often its file had been begun anew.
    pub incarnation: u32,
    /// What was asked for, as the contract encodes it.
    #[serde(with = "serde_bytes")]
    pub spec: Vec<u8>,
    /// The beginning of the file, from which its form was found; empty when it cannot be read from
    /// the middle.
    #[serde(with = "serde_bytes")]
    pub sample: Vec<u8>,
    /// Whether that is the whole file.
    pub sample_is_complete: bool,
    /// Whether the file can be read from the middle.
    pub can_seek: bool,
    /// Whether the upload made its table.
    pub created: bool,
    /// Stands for all that decides what the blocks are, beside the file.
    pub fingerprint: u32,
    /// The identity of the table; nil where its database gives none.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub target: Uuid,
    /// When a block is full: its rows, whatever server makes it.
    pub block_rows: u64,
    /// When a block is full: its bytes.
    pub block_bytes: u64,
    /// When a batch of records is full, in bytes of text.
    pub batch_bytes: u64,
}

/// A block that ClickHouse has confirmed, and how far the upload is with it: everything before is in
/// ClickHouse for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ::clickhouse::Row, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The upload.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub transfer_id: Uuid,
    /// How often its file had been begun anew.
    pub incarnation: u32,
    /// The number of the block, from 1.
    pub block: u64,
    /// The rows of the block.
    pub block_rows: u64,
    /// The CRC-32C of the block as it was sent.
    pub block_crc32c: u32,
    /// The bytes of the text.
    pub text_offset: u64,
    /// The bytes of the file, if it can be read from there on; else 0.
    pub file_offset: u64,
    /// The line that the next record begins on, from 1.
    pub line: u64,
    /// The number of the next record, from 1.
    pub record: u64,
    /// Whether the byte before is CR.
    pub after_return: bool,
    /// The CRC-32C of the text.
    pub crc32c: u32,
    /// Records read.
    pub rows_parsed: u64,
    /// Rows sent.
    pub rows_staged: u64,
    /// Records left out.
    pub rows_rejected: u64,
}

/// A block that is about to be sent to a table itself.
#[derive(Clone, Copy, Debug, ::clickhouse::Row, Serialize, Deserialize)]
pub struct IntentRow {
    /// The upload.
    #[serde(with = "::clickhouse::serde::uuid")]
    pub transfer_id: Uuid,
    /// How often its file had been begun anew.
    pub incarnation: u32,
    /// The number of the block, from 1.
    pub block: u64,
    /// Its rows.
    pub block_rows: u64,
    /// The CRC-32C of its bytes.
    pub block_crc32c: u32,
}

/// One block of an upload, as the journal has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ::clickhouse::Row, Deserialize)]
pub struct BlockRow {
    /// The number of the block, from 1.
    pub block: u64,
    /// Its rows.
    pub block_rows: u64,
    /// The CRC-32C of its bytes.
    pub block_crc32c: u32,
}

/// What the blocks of an upload in the journal add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ::clickhouse::Row, Deserialize)]
pub struct BlockSums {
    /// How many there are.
    pub blocks: u64,
    /// The number of the last one.
    pub last: u64,
    /// The rows of all of them.
    pub rows: u64,
}
