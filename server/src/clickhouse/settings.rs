//! The settings that Sluice pins on its statements, because profiles change them and their
//! defaults have moved between versions of ClickHouse.
//!
//! Read by `clickhouse::Client`. A setting that a server does not know, or may not be given by a
//! read-only user, is left out: sending it would fail the statement.

use std::collections::{BTreeSet, HashSet};

/// A name and its value.
pub(super) type Setting = (&'static str, &'static str);

/// The most partitions that a block of an INSERT may touch; 0 for any number.
pub(super) const MAX_PARTITIONS: &str = "max_partitions_per_insert_block";

/// Whether a statement may do no more than read.
pub(super) const READONLY: &str = "readonly";

/// What a statement is for; each has its own.
pub(super) const COMMENT: &str = "log_comment";

/// For every statement.
const COMMON: &[Setting] = &[
    // Text forms of Array(DateTime) and the like, in and out, in one form only: the default
    // `best_effort` takes 01/02/2024 for one date or another.
    ("date_time_input_format", "basic"),
    ("cast_string_to_date_time_mode", "basic"),
    ("date_time_output_format", "simple"),
];

/// For statements that only read.
const READ: &[Setting] = &[
    // The database itself refuses anything but reading, also in the text of a caller. With 1 it
    // refuses `file()` and `url()` too, which would show the server's disk and network; other
    // settings of the same request are still taken, a SETTINGS clause in the text is not; that of
    // a subquery is, so `SelectQuery` refuses all of them.
    (READONLY, "1"),
    // Only works on read-only queries: a closed connection ends the query.
    ("cancel_http_readonly_queries_on_client_close", "1"),
    // What a Distributed table shows is all of it, or the statement fails.
    ("skip_unavailable_shards", "0"),
    // JSON of arrays, maps and tuples in one form only, which reads as the same values: NaN and
    // infinity as texts, where the default would write null, and numbers as numbers.
    ("output_format_json_quote_denormals", "1"),
    ("output_format_json_quote_64bit_integers", "0"),
    ("output_format_json_quote_64bit_floats", "0"),
    ("output_format_json_quote_decimals", "0"),
    ("output_format_json_named_tuples_as_objects", "1"),
    // Bytes that are no text are refused, and not replaced.
    ("output_format_json_validate_utf8", "0"),
    // Column types are read as text.
    ("output_format_native_encode_types_in_binary_format", "0"),
];

/// For every INSERT.
const INSERT: &[Setting] = &[
    // The answer must mean that the rows are in the table; with 1, the default of 26.7, rows
    // may wait in a buffer.
    ("async_insert", "0"),
    // One writer keeps the order of the rows and the boundaries of the parts.
    ("max_insert_threads", "1"),
    // NULL in a column that is not Nullable becomes the DEFAULT: how a left out cell is sent, in
    // plain inserts and in those through `input()`.
    ("input_format_null_as_default", "1"),
    ("insert_null_as_default", "1"),
    // Columns that the INSERT does not name take their DEFAULT.
    ("input_format_defaults_for_omitted_fields", "1"),
    // LowCardinality columns are sent as their plain type.
    ("input_format_native_allow_types_conversion", "1"),
    ("input_format_native_decode_types_in_binary_format", "0"),
    // Arrays, maps and tuples are read from text through a Variant.
    ("cast_string_to_variant_use_inference", "1"),
    // A string in a JSON document is text, as everywhere: 2024-02-30 would become 1 March. A truth value beside a
    // number is none, and beside a text is no text.
    ("input_format_try_infer_dates", "0"),
    ("input_format_try_infer_datetimes", "0"),
    ("input_format_json_try_infer_numbers_from_strings", "0"),
    ("input_format_json_read_bools_as_numbers", "0"),
    ("input_format_json_read_bools_as_strings", "0"),
    // Native blocks come ready; nothing is to be cut again.
    ("input_format_parallel_parsing", "0"),
    // The answer of a Distributed table means that its shards have the rows.
    ("distributed_foreground_insert", "1"),
    // A block may touch any number of partitions: files come as they are, and what a table cannot take
    // it says itself. Where a table has to know a block again, the statement has a limit of its own.
    (MAX_PARTITIONS, "0"),
    ("throw_on_max_partitions_per_insert_block", "1"),
];

/// For an INSERT of many blocks.
const INSERT_STREAM: &[Setting] = &[
    // A plain streaming INSERT names no deduplication token, so ClickHouse would compare contents
    // and drop the second of two equal files without a word. In new versions the second setting
    // overrides the first, and the third is for INSERT SELECT.
    ("insert_deduplicate", "0"),
    ("deduplicate_insert", "disable"),
    ("deduplicate_insert_select", "disable"),
    // ClickHouse reads nothing while it writes a part: with parts of its own default of a million
    // rows the upload would stand still for a quarter of a second each time.
    ("min_insert_block_size_rows", "262144"),
    ("min_insert_block_size_bytes", "16777216"),
];

/// For an INSERT of one block with a token: the same token again changes nothing.
const INSERT_BLOCK: &[Setting] = &[
    ("insert_deduplicate", "1"),
    ("deduplicate_insert", "enable"),
    ("deduplicate_insert_select", "enable_when_possible"),
    // A view whose part was written, or was not, when ClickHouse died is judged by itself.
    ("deduplicate_blocks_in_dependent_materialized_views", "1"),
    // One block stays one block.
    ("max_block_size", "1073741824"),
    ("max_insert_block_size", "1073741824"),
    ("min_insert_block_size_rows", "0"),
    ("min_insert_block_size_bytes", "0"),
];

/// What a statement does, as far as settings are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It reads tables.
    Read,
    /// It streams rows into a table.
    Insert,
    /// It adds one block to a table, once.
    InsertBlock,
    /// It creates, drops or kills.
    Change,
}

/// The pinned settings that one server takes from one user.
#[derive(Debug)]
pub(super) struct Pins {
    read: Vec<Setting>,
    insert: Vec<Setting>,
    insert_block: Vec<Setting>,
    change: Vec<Setting>,
    comments: bool,
}

/// The names of all pinned settings.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let lists = [COMMON, READ, INSERT, INSERT_STREAM, INSERT_BLOCK];
    let names = lists.into_iter().flatten().map(|(name, _)| *name);
    let names: BTreeSet<_> = names.chain([COMMENT]).collect();
    names.into_iter()
}

impl Pins {
    /// Chooses among the pinned settings. `known` are those that the server knows; `readonly` is
    /// the user's own: 0 free, 1 no setting may be changed, 2 any but `readonly`.
    pub(super) fn new(known: &HashSet<String>, readonly: u8) -> Self {
        let usable = |(name, _): &&Setting| {
            known.contains(*name) && (readonly == 0 || (readonly == 2 && *name != READONLY))
        };
        let choose = |lists: &[&[Setting]]| {
            lists
                .iter()
                .copied()
                .flatten()
                .filter(usable)
                .copied()
                .collect()
        };
        Self {
            read: choose(&[COMMON, READ]),
            insert: choose(&[COMMON, INSERT, INSERT_STREAM]),
            insert_block: choose(&[COMMON, INSERT, INSERT_BLOCK]),
            change: choose(&[COMMON]),
            comments: usable(&&(COMMENT, "")),
        }
    }

    /// Whether a statement may say what it is for.
    pub(super) const fn take_comments(&self) -> bool {
        self.comments
    }

    /// The settings for one kind of statement.
    pub(super) fn of(&self, purpose: Purpose) -> &[Setting] {
        match purpose {
            Purpose::Read => &self.read,
            Purpose::Insert => &self.insert,
            Purpose::InsertBlock => &self.insert_block,
            Purpose::Change => &self.change,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Pins, Purpose, names};

    fn all() -> HashSet<String> {
        names().map(str::to_owned).collect()
    }

    #[test]
    fn no_setting_stands_twice() {
        let pins = Pins::new(&all(), 0);
        for purpose in [Purpose::Read, Purpose::Insert, Purpose::InsertBlock] {
            let list = pins.of(purpose);
            let distinct: HashSet<_> = list.iter().map(|(name, _)| name).collect();
            assert_eq!(distinct.len(), list.len());
        }
    }

    #[test]
    fn free_user_gets_every_known_setting() {
        let pins = Pins::new(&all(), 0);
        assert!(pins.of(Purpose::Read).contains(&("readonly", "1")));
        assert!(pins.of(Purpose::Insert).contains(&("async_insert", "0")));
        assert!(
            !pins
                .of(Purpose::Change)
                .iter()
                .any(|(name, _)| *name == "readonly")
        );
    }

    #[test]
    fn unknown_setting_is_left_out() {
        let mut known = all();
        known.remove("deduplicate_insert");
        let pins = Pins::new(&known, 0);
        assert!(
            !pins
                .of(Purpose::Insert)
                .iter()
                .any(|(name, _)| *name == "deduplicate_insert")
        );
        assert!(
            pins.of(Purpose::Insert)
                .contains(&("insert_deduplicate", "0"))
        );
    }

    #[test]
    fn readonly_user_keeps_his_own_settings() {
        let pins = Pins::new(&all(), 1);
        assert!(pins.of(Purpose::Read).is_empty());
        let pins = Pins::new(&all(), 2);
        assert!(!pins.of(Purpose::Read).is_empty());
        assert!(
            !pins
                .of(Purpose::Read)
                .iter()
                .any(|(name, _)| *name == "readonly")
        );
    }
}
