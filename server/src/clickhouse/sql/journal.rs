//! The tables that Sluice keeps for itself.
//!
//! Used by `journal` only. Every statement can be repeated.

use uuid::Uuid;

use super::{Statement, TableName, join, quote_identifier, quote_string, staging::SYNCED};

/// Where every transfer stands.
pub(crate) const TRANSFERS: &str = "transfers_2";

/// Who owns an upload and how it ended: a chain of steps, each written once.
pub(crate) const CLAIMS: &str = "claims_2";

/// What uploads began with.
pub(crate) const UPLOADS: &str = "uploads_2";

/// How far uploads are.
pub(crate) const CHECKPOINTS: &str = "checkpoints_2";

/// The rejected rows.
pub(crate) const REJECTED_ROWS: &str = "rejected_rows_3";

/// At which server each is worked on, where the servers have addresses for one another.
pub(crate) const RUNS: &str = "runs_2";

/// The blocks that are sent to a table itself, written before they are.
pub(crate) const INTENTS: &str = "intents_2";

/// At which node of ClickHouse each was begun, and its rows are staged, where there are several.
pub(crate) const PLACES: &str = "places_2";

/// The time of writing, by the clock of ClickHouse: for the age of a row, never for its rank.
const TIME: &str = "`time` DateTime64(6, 'UTC') DEFAULT now64(6)";

/// Tokens of claims that ClickHouse remembers: each step is written once as long as its token is there.
const CLAIM_WINDOW: u32 = 10_000_000;

/// The same where Keeper remembers them, each in a node of its own: a step is contended for within seconds.
const CLAIM_WINDOW_OF_KEEPER: u32 = 100_000;

/// Each table with its columns, its sorting key and what it holds. The number in a name is that of the
/// form: a table whose form changes gets the next one, so that servers of two versions do not write into
/// one another's.
const TABLES: [Table; 8] = [
    (
        CLAIMS,
        "`transfer_id` UUID, `step` UInt32, `kind` LowCardinality(String), `run` UUID, \
         `incarnation` UInt32, `target` UUID, `moves` Array(String), `file_bytes` UInt64, \
         `file_crc32c` UInt32, `rows_parsed` UInt64, `rows_staged` UInt64, `rows_rejected` UInt64",
        "transfer_id, step",
        "who owns the uploads of Sluice, and how they ended",
    ),
    (
        TRANSFERS,
        "`transfer_id` UUID, `connection` String, `state` LowCardinality(String), `database` String, `table` String, \
         `commit_mode` LowCardinality(String), `guarantee` String, `resumable` Bool, \
         `source_name` String, `owner` String, `total_bytes` Nullable(UInt64), \
         `bytes_received` UInt64, `rows_parsed` UInt64, `rows_staged` UInt64, \
         `rows_committed` UInt64, `rows_rejected` UInt64, `create_statement` String, \
         `started_at` DateTime64(3, 'UTC'), `elapsed_ms` UInt64, \
         `error_code` Int32, `error_reason` LowCardinality(String), `error_message` String, \
         `error_metadata` Map(String, String), `incarnation` UInt32, `file_crc32c` UInt32, \
         `version` UInt64",
        "transfer_id",
        "uploads of Sluice, and where each stands",
    ),
    (
        UPLOADS,
        "`transfer_id` UUID, `incarnation` UInt32, `spec` String, `sample` String CODEC(ZSTD), \
         `sample_is_complete` Bool, `can_seek` Bool, `created` Bool, `fingerprint` UInt32, \
         `target` UUID, `block_rows` UInt64, `block_bytes` UInt64, `batch_bytes` UInt64",
        "transfer_id, incarnation",
        "what an upload of Sluice goes on with after an interruption",
    ),
    (
        CHECKPOINTS,
        "`transfer_id` UUID, `incarnation` UInt32, `block` UInt64, `block_rows` UInt64, \
         `block_crc32c` UInt32, `text_offset` UInt64, `file_offset` UInt64, \
         `line` UInt64, `record` UInt64, `after_return` Bool, `crc32c` UInt32, `rows_parsed` UInt64, \
         `rows_staged` UInt64, `rows_rejected` UInt64",
        "transfer_id, incarnation, block",
        "how far the uploads of Sluice are",
    ),
    (
        REJECTED_ROWS,
        "`transfer_id` UUID, `incarnation` UInt32, `record` UInt64, `line` UInt64, `byte_offset` UInt64, \
         `field` UInt32, `column` String, `type` String, `value` String, \
         `reason` LowCardinality(String), `raw` String, `more` Array(Tuple(String, String, String, String))",
        "transfer_id, incarnation, record",
        "records of uploads that Sluice rejected",
    ),
    (
        RUNS,
        "`transfer_id` UUID, `run` UUID, `address` String",
        "transfer_id, run",
        "at which server of Sluice a transfer is worked on",
    ),
    (
        PLACES,
        "`transfer_id` UUID, `incarnation` UInt32, `node` String, `keeper_path` String",
        "transfer_id, incarnation",
        "at which node an upload of Sluice was begun, and its rows are staged",
    ),
    (
        INTENTS,
        "`transfer_id` UUID, `incarnation` UInt32, `block` UInt64, `block_rows` UInt64, `block_crc32c` UInt32",
        "transfer_id, incarnation, block",
        "the blocks that uploads of Sluice send to a table itself",
    ),
];

/// Those that a version before did not have, and that the journal is read without.
const LATER: [&str; 3] = [RUNS, PLACES, INTENTS];

/// Where the paths of replicated tables begin in Keeper.
const KEEPER_ROOT: &str = "/clickhouse/sluice";

/// Whether the tables are on one node, or kept together on all nodes that have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// On one node.
    Alone,
    /// As the replica with this name.
    Together {
        /// The macros `shard`, where there is one, and `replica`: all shards keep one journal.
        replica: String,
    },
}

impl Keeping {
    fn engine(&self, database: &str, table: &str) -> String {
        let (family, version) = match table {
            // The first row of a step is the only one.
            CLAIMS => ("MergeTree", None),
            // The rank of a state decides, whenever it is written.
            TRANSFERS => ("ReplacingMergeTree", Some("version")),
            _ => ("ReplacingMergeTree", Some("time")),
        };
        let (prefix, mut arguments) = match self {
            Self::Alone => ("", Vec::new()),
            Self::Together { replica } => {
                let path = quote_string(&format!("{KEEPER_ROOT}/{database}/{table}"));
                ("Replicated", vec![path, quote_string(replica)])
            }
        };
        arguments.extend(version.map(str::to_owned));
        format!("{prefix}{family}({})", arguments.join(", "))
    }

    /// Has each step written once as long as it is remembered.
    fn claim_settings(&self, retention_seconds: u64) -> String {
        match self {
            Self::Alone => format!("non_replicated_deduplication_window = {CLAIM_WINDOW}"),
            Self::Together { .. } => format!(
                "replicated_deduplication_window = {CLAIM_WINDOW_OF_KEEPER}, \
                 replicated_deduplication_window_seconds = {}",
                retention_seconds.max(1)
            ),
        }
    }
}

/// Name, columns, sorting key, comment.
type Table = (&'static str, &'static str, &'static str, &'static str);

/// The columns of a transfer, as `journal::TransferRow` has them.
const TRANSFER: &str = "transfer_id, connection, state, database, table, commit_mode, guarantee, resumable, \
     source_name, owner, total_bytes, bytes_received, rows_parsed, rows_staged, rows_committed, \
     rows_rejected, create_statement, started_at, elapsed_ms, error_code, \
     error_reason, error_message, error_metadata, incarnation, file_crc32c, version";

/// The columns of a step, as `journal::ClaimRow` has them.
const CLAIM: &str = "transfer_id, step, kind, run, incarnation, target, moves, file_bytes, file_crc32c, \
     rows_parsed, rows_staged, rows_rejected";

/// How many of the tables there are that are needed to read the journal: that of a version before has no
/// addresses, places and intents.
pub(crate) fn count_tables(database: &str) -> Statement {
    let needed = TABLES.iter().filter(|(name, ..)| !LATER.contains(name));
    let needed: Vec<_> = needed.collect();
    let names = join(&needed, |(name, ..)| quote_string(name));
    Statement::with_params(
        format!(
            "SELECT count() FROM system.tables WHERE database = {{p0:String}} AND name IN ({names})"
        ),
        vec![database.to_owned()],
    )
}

/// How long steps are kept, in seconds, by the table as it is; no row where there is none.
pub(crate) fn memory(database: &str) -> Statement {
    Statement::with_params(
        format!(
            "SELECT toUInt64OrZero(extract(engine_full, 'toIntervalSecond\\\\((\\\\d+)\\\\)')) FROM system.tables \
             WHERE database = {{p0:String}} AND name = {}",
            quote_string(CLAIMS)
        ),
        vec![database.to_owned()],
    )
}

/// The number of those.
pub(crate) const TABLE_COUNT: usize = TABLES.len() - LATER.len();

/// Whether the tables that there are, are kept together with those of other nodes: one row, or none where there are
/// no tables.
pub(crate) fn is_together(database: &str) -> Statement {
    Statement::with_params(
        format!(
            "SELECT startsWith(engine, 'Replicated') FROM system.tables \
             WHERE database = {{p0:String}} AND name = {}",
            quote_string(CLAIMS)
        ),
        vec![database.to_owned()],
    )
}

/// Makes the database and its tables, which forget after `retention_seconds`.
pub(crate) fn create(database: &str, retention_seconds: u64, keeping: &Keeping) -> Vec<Statement> {
    let database_name = quote_identifier(database);
    let mut statements = vec![Statement::new(format!(
        "CREATE DATABASE IF NOT EXISTS {database_name}"
    ))];
    statements.extend(TABLES.iter().map(|(name, columns, key, comment)| {
        let table = TableName::new(database, *name).quoted();
        let engine = keeping.engine(database, name);
        let settings = match *name {
            CLAIMS => format!("\nSETTINGS {}", keeping.claim_settings(retention_seconds)),
            _ => String::new(),
        };
        Statement::new(format!(
            "CREATE TABLE IF NOT EXISTS {table}\n({columns}, {TIME})\n\
             ENGINE = {engine}\nORDER BY ({key})\n\
             TTL toDateTime(time) + toIntervalSecond({retention_seconds}){settings}\nCOMMENT {}",
            quote_string(comment)
        ))
    }));
    statements
}

/// Has what is written to the journal from now on outlive a power loss.
pub(crate) fn sync(database: &str) -> impl Iterator<Item = Statement> {
    let settings = join(&SYNCED, |name| format!("{name} = 1"));
    TABLES.iter().map(move |(name, ..)| {
        let table = TableName::new(database, *name).quoted();
        Statement::new(format!("ALTER TABLE {table} MODIFY SETTING {settings}"))
    })
}

/// The steps of one upload in their order.
pub(crate) fn claims(database: &str, transfer_id: Uuid) -> Statement {
    let table = TableName::new(database, CLAIMS).quoted();
    Statement::with_params(
        format!(
            "SELECT {CLAIM} FROM {table} \
             WHERE transfer_id = {{p0:UUID}} ORDER BY step"
        ),
        vec![transfer_id.to_string()],
    )
}

/// The newest step of each of some uploads.
pub(crate) fn newest_claims(database: &str, ids: &[Uuid]) -> Statement {
    let table = TableName::new(database, CLAIMS).quoted();
    let ids = join(ids, |id| format!("'{id}'"));
    Statement::new(format!(
        "SELECT {CLAIM} FROM {table} \
         WHERE transfer_id IN ({ids}) ORDER BY step DESC LIMIT 1 BY transfer_id"
    ))
}

/// The rejected rows of one transfer as it was begun last, in the order of the file.
pub(crate) fn rejected_rows(database: &str, transfer_id: Uuid) -> Statement {
    let claims = TableName::new(database, CLAIMS).quoted();
    let table = TableName::new(database, REJECTED_ROWS).quoted();
    Statement::with_params(
        format!(
            "SELECT transfer_id, incarnation, record, line, byte_offset, field, column, type, value, reason, \
             raw, more FROM {table} FINAL WHERE transfer_id = {{p0:UUID}} AND incarnation = (\
             SELECT max(incarnation) FROM {claims} WHERE transfer_id = {{p0:UUID}}) ORDER BY record"
        ),
        vec![transfer_id.to_string()],
    )
}

/// What an upload began with.
pub(crate) fn upload(database: &str, transfer_id: Uuid) -> Statement {
    let table = TableName::new(database, UPLOADS).quoted();
    Statement::with_params(
        format!(
            "SELECT transfer_id, incarnation, spec, sample, sample_is_complete, can_seek, created, \
             fingerprint, target, block_rows, block_bytes, batch_bytes FROM {table} FINAL \
             WHERE transfer_id = {{p0:UUID}} ORDER BY incarnation DESC LIMIT 1"
        ),
        vec![transfer_id.to_string()],
    )
}

/// The last checkpoint of an upload.
pub(crate) fn checkpoint(database: &str, transfer_id: Uuid, incarnation: u32) -> Statement {
    let table = TableName::new(database, CHECKPOINTS).quoted();
    Statement::with_params(
        format!(
            "SELECT transfer_id, incarnation, block, block_rows, block_crc32c, text_offset, \
             file_offset, line, record, after_return, crc32c, rows_parsed, rows_staged, \
             rows_rejected FROM {table} \
             WHERE transfer_id = {{p0:UUID}} AND incarnation = {{p1:UInt32}} \
             ORDER BY block DESC, time DESC LIMIT 1"
        ),
        vec![transfer_id.to_string(), incarnation.to_string()],
    )
}

/// The blocks of an upload that are confirmed, in their order.
pub(crate) fn blocks(database: &str, transfer_id: Uuid, incarnation: u32) -> Statement {
    let table = TableName::new(database, CHECKPOINTS).quoted();
    Statement::with_params(
        format!(
            "SELECT block, block_rows, block_crc32c FROM {table} FINAL \
             WHERE transfer_id = {{p0:UUID}} AND incarnation = {{p1:UInt32}} AND block > 0 \
             ORDER BY block"
        ),
        vec![transfer_id.to_string(), incarnation.to_string()],
    )
}

/// The blocks behind one that were to be sent, in their order.
pub(crate) fn intents(
    database: &str,
    transfer_id: Uuid,
    incarnation: u32,
    behind: u64,
) -> Statement {
    let table = TableName::new(database, INTENTS).quoted();
    Statement::with_params(
        format!(
            "SELECT block, block_rows, block_crc32c FROM {table} FINAL WHERE transfer_id = {{p0:UUID}} \
             AND incarnation = {{p1:UInt32}} AND block > {{p2:UInt64}} ORDER BY block"
        ),
        vec![
            transfer_id.to_string(),
            incarnation.to_string(),
            behind.to_string(),
        ],
    )
}

/// What they add up to: one row.
pub(crate) fn block_sums(database: &str, transfer_id: Uuid, incarnation: u32) -> Statement {
    let table = TableName::new(database, CHECKPOINTS).quoted();
    Statement::with_params(
        format!(
            "SELECT count() AS blocks, max(block) AS last, sum(block_rows) AS rows \
             FROM {table} FINAL \
             WHERE transfer_id = {{p0:UUID}} AND incarnation = {{p1:UInt32}} AND block > 0"
        ),
        vec![transfer_id.to_string(), incarnation.to_string()],
    )
}

/// One transfer.
pub(crate) fn find(database: &str, transfer_id: Uuid) -> Statement {
    let table = TableName::new(database, TRANSFERS).quoted();
    Statement::with_params(
        format!("SELECT {TRANSFER} FROM {table} FINAL WHERE transfer_id = {{p0:UUID}}"),
        vec![transfer_id.to_string()],
    )
}

/// The address that was written last for a run of a transfer, and how many milliseconds ago.
pub(crate) fn address(database: &str, transfer_id: Uuid, run: Uuid) -> Statement {
    let table = TableName::new(database, RUNS).quoted();
    Statement::with_params(
        format!(
            "SELECT address, toUInt64(greatest(0, dateDiff('millisecond', time, now64(6, 'UTC')))) AS age \
             FROM {table} WHERE transfer_id = {{p0:UUID}} AND run = {{p1:UUID}} \
             ORDER BY time DESC LIMIT 1"
        ),
        vec![transfer_id.to_string(), run.to_string()],
    )
}

/// The node at which an upload was begun, and its rows are staged.
pub(crate) fn place(database: &str, transfer_id: Uuid, incarnation: u32) -> Statement {
    let table = TableName::new(database, PLACES).quoted();
    Statement::with_params(
        format!(
            "SELECT transfer_id, incarnation, node, keeper_path FROM {table} WHERE transfer_id = {{p0:UUID}} AND incarnation = {{p1:UInt32}} \
             ORDER BY time DESC LIMIT 1"
        ),
        vec![transfer_id.to_string(), incarnation.to_string()],
    )
}

/// The seconds since anything was written of an upload, its steps too.
pub(crate) fn silence(database: &str, transfer_id: Uuid) -> Statement {
    let times = [CLAIMS, TRANSFERS, CHECKPOINTS].map(|name| {
        let table = TableName::new(database, name).quoted();
        format!("SELECT max(time) AS newest FROM {table} WHERE transfer_id = {{p0:UUID}}")
    });
    let times = times.join(" UNION ALL ");
    Statement::with_params(
        format!(
            "SELECT toUInt64(greatest(0, dateDiff('second', max(newest), now64(6)))) AS age FROM ({times})"
        ),
        vec![transfer_id.to_string()],
    )
}

/// Which transfers to list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ListFilter<'a> {
    /// In one of these states; empty: in any.
    pub(crate) states: &'a [&'a str],
    /// Of a table of this database.
    pub(crate) database: Option<&'a str>,
    /// Of a table of this name.
    pub(crate) table: Option<&'a str>,
    /// Begun by this owner.
    pub(crate) owner: Option<&'a str>,
    /// Through this connection.
    pub(crate) connection: Option<&'a str>,
    /// Behind the one that began at this time, in milliseconds since 1970, and has this id.
    pub(crate) after: Option<(i64, Uuid)>,
}

/// The order of the list: the newest first. As numbers, ids have another order than as text.
const LIST_ORDER: &str = "ORDER BY started_at DESC, toString(transfer_id) DESC";

/// The newest transfers. Their long columns are read of those only that are listed.
pub(crate) fn list(database: &str, filter: &ListFilter<'_>, limit: usize) -> Statement {
    let transfers = TableName::new(database, TRANSFERS).quoted();
    let mut conditions = vec!["1".to_owned()];
    if !filter.states.is_empty() {
        let states = join(filter.states, |state| quote_string(state));
        conditions.push(format!("state IN ({states})"));
    }
    if let Some((started_ms, id)) = filter.after {
        conditions.push(format!(
            "(toUnixTimestamp64Milli(started_at), toString(transfer_id)) < ({started_ms}, '{id}')"
        ));
    }
    let mut params = Vec::new();
    for (column, value) in [
        ("database", filter.database),
        ("table", filter.table),
        ("owner", filter.owner),
        ("connection", filter.connection),
    ] {
        if let Some(value) = value {
            conditions.push(format!("{column} = {{p{}:String}}", params.len()));
            params.push(value.to_owned());
        }
    }
    let conditions = conditions.join(" AND ");
    Statement::with_params(
        format!(
            "SELECT {TRANSFER} FROM {transfers} FINAL WHERE transfer_id IN (\
             SELECT transfer_id FROM {transfers} FINAL WHERE {conditions} {LIST_ORDER} LIMIT {limit}) \
             {LIST_ORDER}"
        ),
        params,
    )
}

/// Which of these transfers there are.
pub(crate) fn known(database: &str, ids: &[Uuid]) -> Statement {
    let transfers = TableName::new(database, TRANSFERS).quoted();
    let ids = join(ids, |id| format!("'{id}'"));
    Statement::new(format!(
        "SELECT DISTINCT toString(transfer_id) AS id FROM {transfers} WHERE transfer_id IN ({ids})"
    ))
}

/// How transfers do.
pub(crate) fn pulses(database: &str, ids: &[Uuid]) -> Statement {
    let transfers = TableName::new(database, TRANSFERS).quoted();
    let checkpoints = TableName::new(database, CHECKPOINTS).quoted();
    let claims = TableName::new(database, CLAIMS).quoted();
    let ids = join(ids, |id| format!("'{id}'"));
    Statement::new(format!(
        "SELECT transfer_id, max(file_offset) AS file_offset, max(rows_parsed) AS rows_parsed, \
         max(rows_staged) AS rows_staged, max(rows_rejected) AS rows_rejected, \
         toUInt64(greatest(0, dateDiff('second', max(time), now64(6)))) AS age FROM (\
         SELECT transfer_id, toUInt64(0) AS file_offset, rows_parsed, rows_staged, rows_rejected, time \
         FROM {transfers} WHERE transfer_id IN ({ids}) UNION ALL \
         SELECT transfer_id, file_offset, rows_parsed, rows_staged, rows_rejected, time \
         FROM {checkpoints} WHERE (transfer_id, incarnation) IN (SELECT transfer_id, max(incarnation) \
         FROM {claims} WHERE transfer_id IN ({ids}) GROUP BY transfer_id)) GROUP BY transfer_id"
    ))
}
