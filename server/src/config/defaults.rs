//! Every default, with its unit and its reason.
//!
//! Read by `config::validate` and by the help of `config::raw`. Nothing else may hold a default.

use std::time::Duration;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// This machine only: a server without authentication must not be open by accident.
pub(super) const LISTEN: &str = "127.0.0.1:50051";

/// Below the working directory, where a first run leaves its tables in sight.
pub(super) const DATA_DIR: &str = "./sluice-data";

/// The user and the database that every ClickHouse has.
pub(super) const CLICKHOUSE_NAME: &str = "default";

/// Bytes. Sixteen times the best chunk of an upload; bounds what one stream can hold in memory.
pub(super) const MAX_MESSAGE_BYTES: u64 = 16 * MIB;

/// Bytes. Longer than any honest record; an unclosed quote must not swallow a file into memory.
pub(super) const MAX_RECORD_BYTES: u64 = 16 * MIB;

/// Fields. Wider than any honest table; a megabyte of delimiters must not become a million of them.
pub(super) const MAX_FIELDS: u64 = 10_000;

/// Bytes of text for each packed byte. Tables seldom reach 100; a bomb goes far beyond.
pub(super) const MAX_EXPANSION: u64 = 500;

/// Bytes. A workbook of a million rows has some forty; it is held in memory whole.
pub(super) const MAX_WORKBOOK_BYTES: u64 = 64 * MIB;

/// Where nobody looks for data of their own.
pub(super) const JOURNAL_DATABASE: &str = "sluice";

/// Long enough for a night and a day of troubles.
pub(super) const SESSION_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Longer than a browser that sleeps for a while; what is lost by then is sent again.
pub(super) const MAX_INTERRUPTED: u64 = 100;

pub(super) const MAX_INTERRUPTED_BYTES: u64 = 64 * 1024 * MIB;

pub(super) const SESSION_IDLE: Duration = Duration::from_secs(15 * 60);

/// Appends. One more than a browser has in flight.
pub(super) const MAX_EARLY_APPENDS: u64 = 4;

/// Bytes. As many uploads as may run at once begin in it, a dozen of large files go at full speed.
pub(super) const MEMORY_LIMIT: u64 = 2048 * MIB;

/// Bytes. 16 TiB: more than anybody sends by mistake.
pub(super) const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024 * MIB;

/// A week: long enough to correct a file, short enough not to grow.
pub(super) const JOURNAL_RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Transfers. ClickHouse gains nothing from more at once; others wait for their turn.
pub(super) const MAX_TRANSFERS: u64 = 64;

/// Rows. With `BLOCK_BYTES`, large enough that ClickHouse writes few parts.
pub(super) const BLOCK_ROWS: u64 = 262_144;

/// Bytes. Each block is a part in ClickHouse with a dozen files: smaller ones are too many, larger ones
/// gain nothing and take memory.
pub(super) const BLOCK_BYTES: u64 = 16 * MIB;

/// Bytes. Fits the second-level cache, and is decoded in about a millisecond.
pub(super) const BATCH_BYTES: usize = 256 * 1024;

/// Bytes. A few messages of a client, so that the decoder never waits for the next one.
pub(super) const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// Bytes. Blocks have about a megabyte; only rows with huge values come near, and each such block is
/// held in memory whole.
pub(super) const MAX_RESULT_BLOCK_BYTES: usize = 256 * 1024 * 1024;

/// A message of a few KiB comes at once; 30 s forgive a stalled network.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes. Clients take messages of 4 MiB unless they are told otherwise.
pub(super) const MAX_PREVIEW_BYTES: u64 = 3 * MIB;

/// Five hundred small uploads at once have their turn within it; a client that is told to come again has lost its own.
pub(super) const QUEUE_TIMEOUT: Duration = Duration::from_secs(120);

/// Longer than any pause of a living client, shorter than the patience of who waits for its place.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// A balancer that asks every few seconds has noticed by then, and Kubernetes has taken the address away everywhere.
pub(super) const LAME_DUCK: Duration = Duration::from_secs(5);

/// Nobody sends work to a server on the loopback address but the person who ends it and waits.
pub(super) const LAME_DUCK_OF_LOOPBACK: Duration = Duration::ZERO;

/// As long as orchestrators wait before they kill.
pub(super) const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Four times a second looks smooth and costs nothing.
pub(super) const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);

/// Transfers. A day of a busy service, in less than a megabyte.
pub(super) const HISTORY: usize = 1_000;

/// Bytes. At 20 ms of round trip one upload moves some 120 MiB/s; every one that is faster than
/// ClickHouse fills it.
pub(super) const STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// Bytes. Two streams at full speed on one connection.
pub(super) const CONNECTION_WINDOW_BYTES: u32 = 8 * 1024 * 1024;

/// Bytes. One chunk of an export in one frame.
pub(super) const MAX_FRAME_BYTES: u32 = 1024 * 1024;

/// Below the minute after which many proxies drop a silent connection.
pub(super) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// A live peer answers within one round trip; 10 s forgive a stalled network.
pub(super) const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// An engine answers within half a second; one with many tables, on a slow disk, takes longer.
pub(super) const ENGINE_START_TIMEOUT: Duration = Duration::from_secs(60);

/// As long as a load of a large file takes; a token is asked for again with each call.
pub(super) const AUTH_GRACE: Duration = Duration::from_secs(60 * 60);

/// Calls. What HTTP/2 libraries take by default; a browser has six uploads of a few calls each.
pub(super) const MAX_STREAMS: u64 = 200;

/// Requests each second. A browser that loads files calls twenty times; a loop without a pause more.
pub(super) const REQUESTS_PER_SECOND: u64 = 100;

/// What a person at a terminal wants to read.
pub(super) const LOG_FILTER: &str = "info";

/// The ranges of the options that have one, both ends included.
pub(super) mod range {
    use std::ops::RangeInclusive;

    use super::{KIB, MIB};

    const GIB: u64 = 1024 * MIB;

    /// Bytes. Below 64 KiB the cost of a message outweighs its content.
    pub(in crate::config) const MESSAGE_BYTES: RangeInclusive<u64> = 64 * KIB..=GIB;
    /// Bytes.
    pub(in crate::config) const RECORD_BYTES: RangeInclusive<u64> = KIB..=512 * MIB;
    /// Fields.
    pub(in crate::config) const FIELDS: RangeInclusive<u64> = 1..=1_000_000;
    /// Bytes of text for each packed byte. gzip can reach 1,032.
    pub(in crate::config) const EXPANSION: RangeInclusive<u64> = 10..=1_000_000;
    /// Bytes.
    pub(in crate::config) const WORKBOOK_BYTES: RangeInclusive<u64> = KIB..=GIB;
    /// Bytes.
    pub(in crate::config) const BLOCK_BYTES: RangeInclusive<u64> = 64 * KIB..=GIB;
    /// Rows.
    pub(in crate::config) const BLOCK_ROWS: RangeInclusive<u64> = 1..=16 * MIB;
    /// Appends.
    pub(in crate::config) const INTERRUPTED: RangeInclusive<u64> = 1..=10_000;
    pub(in crate::config) const EARLY_APPENDS: RangeInclusive<u64> = 0..=64;
    /// Bytes.
    pub(in crate::config) const MEMORY_BYTES: RangeInclusive<u64> = 16 * MIB..=1024 * GIB;
    /// Bytes. Below 64 KiB a few rows of many columns do not fit.
    pub(in crate::config) const PREVIEW_BYTES: RangeInclusive<u64> = 64 * KIB..=GIB;
    /// Bytes.
    pub(in crate::config) const FILE_BYTES: RangeInclusive<u64> = KIB..=1024 * 1024 * GIB;
    /// Connections. Each is an open file.
    pub(in crate::config) const CONNECTIONS: RangeInclusive<u64> = 1..=1_000_000;
    /// Calls.
    pub(in crate::config) const STREAMS: RangeInclusive<u64> = 1..=10_000;
    /// Requests each second.
    pub(in crate::config) const REQUESTS: RangeInclusive<u64> = 1..=1_000_000;
    /// Transfers.
    pub(in crate::config) const TRANSFERS: RangeInclusive<u64> = 1..=10_000;
}
