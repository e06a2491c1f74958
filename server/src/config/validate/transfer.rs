//! The options of uploads and exports.
//!
//! Part of `config::validate`.

use std::time::Duration;

use super::{count, duration, lasting, refuse, size, switch};
use crate::{
    config::{
        TransferConfig,
        defaults::{self, range},
        errors::Faults,
        raw::RawTransfer,
    },
    fleet::Fleet,
};

/// The shortest time to wait for a client.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// The uploads and exports.
#[expect(
    clippy::too_many_lines,
    reason = "one entry for each option, none of them with a branch"
)]
pub(super) fn transfer(
    raw: &RawTransfer,
    fleet: Option<Fleet>,
    faults: &mut Faults,
) -> TransferConfig {
    let database_is_empty = raw.journal_database.as_deref() == Some("");
    refuse(
        "journal-database",
        database_is_empty,
        "must not be empty",
        faults,
    );
    let own = raw.journal_database.as_deref().unwrap_or_default();
    let is_taken = ["system", "default", "information_schema"];
    refuse(
        "journal-database",
        is_taken.contains(&own.to_lowercase().as_str()),
        "is for others: the journal has a database of its own",
        faults,
    );
    let transfer = TransferConfig {
        max_transfers: count(
            "max-transfers",
            raw.max_transfers.as_deref(),
            defaults::MAX_TRANSFERS,
            &range::TRANSFERS,
            faults,
        ),
        batch_bytes: defaults::BATCH_BYTES,
        buffer_bytes: defaults::BUFFER_BYTES,
        window_bytes: defaults::STREAM_WINDOW_BYTES as usize,
        max_record_bytes: size(
            "max-record-bytes",
            raw.max_record_bytes.as_deref(),
            defaults::MAX_RECORD_BYTES,
            &range::RECORD_BYTES,
            faults,
        ),
        block_rows: count(
            "block-rows",
            raw.block_rows.as_deref(),
            defaults::BLOCK_ROWS,
            &range::BLOCK_ROWS,
            faults,
        ),
        block_bytes: size(
            "block-bytes",
            raw.block_bytes.as_deref(),
            defaults::BLOCK_BYTES,
            &range::BLOCK_BYTES,
            faults,
        ),
        max_fields: count(
            "max-fields",
            raw.max_fields.as_deref(),
            defaults::MAX_FIELDS,
            &range::FIELDS,
            faults,
        ),
        max_expansion: count(
            "max-expansion",
            raw.max_expansion.as_deref(),
            defaults::MAX_EXPANSION,
            &range::EXPANSION,
            faults,
        ),
        max_workbook_bytes: size(
            "max-workbook-bytes",
            raw.max_workbook_bytes.as_deref(),
            defaults::MAX_WORKBOOK_BYTES,
            &range::WORKBOOK_BYTES,
            faults,
        ),
        journal_database: raw
            .journal_database
            .clone()
            .unwrap_or_else(|| defaults::JOURNAL_DATABASE.to_owned()),
        journal_retention: duration(
            "journal-retention",
            raw.journal_retention.as_deref(),
            defaults::JOURNAL_RETENTION,
            faults,
        ),
        fsync: switch("fsync", raw.fsync.as_deref(), false, faults),
        session_limit: waiting(
            "session-limit",
            raw.session_limit.as_deref(),
            defaults::SESSION_LIMIT,
            faults,
        ),
        max_interrupted: count(
            "max-interrupted",
            raw.max_interrupted.as_deref(),
            defaults::MAX_INTERRUPTED,
            &range::INTERRUPTED,
            faults,
        ),
        max_interrupted_bytes: size(
            "max-interrupted-bytes",
            raw.max_interrupted_bytes.as_deref(),
            defaults::MAX_INTERRUPTED_BYTES,
            &range::FILE_BYTES,
            faults,
        ) as u64,
        session_idle: waiting(
            "session-idle",
            raw.session_idle.as_deref(),
            defaults::SESSION_IDLE,
            faults,
        ),
        max_early_appends: count(
            "max-early-appends",
            raw.max_early_appends.as_deref(),
            defaults::MAX_EARLY_APPENDS,
            &range::EARLY_APPENDS,
            faults,
        ),
        memory_limit: size(
            "memory-limit",
            raw.memory_limit.as_deref(),
            defaults::MEMORY_LIMIT,
            &range::MEMORY_BYTES,
            faults,
        ),
        queue_timeout: lasting(
            "queue-timeout",
            raw.queue_timeout.as_deref(),
            defaults::QUEUE_TIMEOUT,
            faults,
        ),
        max_file_bytes: size(
            "max-file-bytes",
            raw.max_file_bytes.as_deref(),
            defaults::MAX_FILE_BYTES,
            &range::FILE_BYTES,
            faults,
        ) as u64,
        max_result_block_bytes: defaults::MAX_RESULT_BLOCK_BYTES,
        progress_interval: defaults::PROGRESS_INTERVAL,
        history: defaults::HISTORY,
        fleet,
    };
    if transfer.journal_retention < transfer.session_limit {
        let problem =
            "is shorter than --session-limit: an upload would be forgotten while it may go on";
        faults.add("journal-retention", problem);
    }
    transfer
}

/// A time to wait for a client.
fn waiting(
    option: &'static str,
    raw: Option<&str>,
    default: Duration,
    faults: &mut Faults,
) -> Duration {
    let time = duration(option, raw, default, faults);
    refuse(option, time < SHORTEST_WAIT, "must be at least 1s", faults);
    time
}
