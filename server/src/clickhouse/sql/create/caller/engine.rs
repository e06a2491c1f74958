//! Engines of tables, their settings, and types of indices.
//!
//! Used by `create::caller`. Only engines that keep their rows themselves are taken, and no setting that says
//! where.

use super::{
    cursor::{Cursor, Refused},
    words::Word,
};
use crate::clickhouse::sql::quote_string;

/// Engines without arguments, beside the MergeTree family.
const PLAIN: &[&str] = &["Log", "TinyLog", "StripeLog", "Memory", "Null"];

/// The MergeTree family: how many columns each names at the least and at the most.
const FAMILY: &[(&str, usize, usize)] = &[
    ("MergeTree", 0, 0),
    ("ReplacingMergeTree", 0, 2),
    ("SummingMergeTree", 0, 1),
    ("AggregatingMergeTree", 0, 0),
    ("CollapsingMergeTree", 1, 1),
    ("VersionedCollapsingMergeTree", 2, 2),
    ("CoalescingMergeTree", 0, 1),
];

/// What may stand before the name of one of the family, for tables that several servers share.
const PREFIXES: &[&str] = &["", "Replicated", "Shared"];

/// Where such a table keeps its state, if the statement says it: what ClickHouse shows of a table for which
/// it was not said. The id of the table in it is why no other table has it.
const SHARED_PLACE: [&str; 2] = ["/clickhouse/tables/{uuid}/{shard}", "{replica}"];

/// Settings of tables that concern only the table itself.
const SETTINGS: &[&str] = &[
    "add_minmax_index_for_numeric_columns",
    "add_minmax_index_for_string_columns",
    "add_minmax_index_for_temporal_columns",
    "allow_floating_point_partition_key",
    "allow_nullable_key",
    "allow_suspicious_indices",
    "compress_marks",
    "compress_primary_key",
    "deduplicate_merge_projection_mode",
    "enable_block_number_column",
    "enable_block_offset_column",
    "enable_mixed_granularity_parts",
    "index_granularity",
    "index_granularity_bytes",
    "inactive_parts_to_delay_insert",
    "inactive_parts_to_throw_insert",
    "max_bytes_to_merge_at_max_space_in_pool",
    "max_compress_block_size",
    "max_parts_in_total",
    "max_partitions_to_read",
    "merge_max_block_size",
    "merge_max_block_size_bytes",
    "merge_with_ttl_timeout",
    "min_age_to_force_merge_on_partition_only",
    "min_age_to_force_merge_seconds",
    "min_bytes_for_wide_part",
    "min_compress_block_size",
    "min_index_granularity_bytes",
    "min_rows_for_wide_part",
    "non_replicated_deduplication_window",
    "old_parts_lifetime",
    "parts_to_delay_insert",
    "parts_to_throw_insert",
    "primary_key_lazy_load",
    "ratio_of_defaults_for_sparse_serialization",
    "replicated_deduplication_window",
    "replicated_deduplication_window_seconds",
    "ttl_only_drop_parts",
    "use_adaptive_write_buffer_for_dynamic_subcolumns",
    "vertical_merge_algorithm_min_rows_to_activate",
];

/// Types of indices.
const INDICES: &[&str] = &["minmax", "set", "bloom_filter", "ngrambf_v1", "tokenbf_v1"];

/// Reads an engine and its arguments, and writes them anew.
pub(super) fn engine(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    if let Ok(name) = cursor.one_of(PLAIN, "") {
        no_arguments(cursor, name)?;
        return Ok(name.to_owned());
    }
    let Some((name, prefix, least, most)) = family(cursor) else {
        return Err(cursor.refuse(&format!(
            "an engine of the MergeTree family, {}",
            PLAIN.join(", ")
        )));
    };
    cursor.take();
    let mut arguments = Vec::new();
    if cursor.take_symbol("(") && !cursor.take_symbol(")") {
        if !prefix.is_empty() && matches!(cursor.peek(), Some(Word::Text(_))) {
            arguments.extend(shared_place(cursor)?);
        }
        if arguments.is_empty() || cursor.take_symbol(",") {
            let columns = cursor.list(")", columns)?;
            if columns.len() > most {
                return Err(cursor.refuse(&format!("at most {most} arguments of {name}")));
            }
            arguments.extend(columns);
        } else {
            cursor.expect_symbol(")", "a closing parenthesis")?;
        }
    }
    let given = arguments
        .iter()
        .filter(|text| !text.starts_with('\''))
        .count();
    if given < least {
        return Err(cursor.refuse(&format!("{least} columns as arguments of {name}")));
    }
    Ok(match arguments.is_empty() {
        true => format!("{prefix}{name}"),
        false => format!("{prefix}{name}({})", arguments.join(", ")),
    })
}

/// The engine of the family that comes next: its name, what stands before it, and its columns.
fn family(cursor: &Cursor<'_>) -> Option<(&'static str, &'static str, usize, usize)> {
    let Some(Word::Plain(found)) = cursor.peek() else {
        return None;
    };
    PREFIXES.iter().find_map(|prefix| {
        FAMILY.iter().find_map(|(name, least, most)| {
            let is_it = found.eq_ignore_ascii_case(&format!("{prefix}{name}"));
            is_it.then_some((*name, *prefix, *least, *most))
        })
    })
}

fn no_arguments(cursor: &mut Cursor<'_>, name: &str) -> Result<(), Refused> {
    if cursor.take_symbol("(") {
        return cursor.expect_symbol(")", &format!("no arguments of {name}"));
    }
    Ok(())
}

/// The two texts that ClickHouse itself puts there.
fn shared_place(cursor: &mut Cursor<'_>) -> Result<Vec<String>, Refused> {
    let [path, replica] = SHARED_PLACE;
    let what = format!("no place, or '{path}', '{replica}'");
    let mut texts = Vec::new();
    for expected in SHARED_PLACE {
        let refused = cursor.refuse(&what);
        if cursor.text(&what)? != expected {
            return Err(refused);
        }
        texts.push(quote_string(expected));
        if texts.len() == 1 {
            cursor.expect_symbol(",", &what)?;
        }
    }
    Ok(texts)
}

/// A column, or several in parentheses.
fn columns(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    if !cursor.take_symbol("(") {
        return cursor.column();
    }
    let columns = cursor.list(")", Cursor::column)?;
    Ok(format!("({})", columns.join(", ")))
}

/// Reads what follows SETTINGS, and writes it anew.
pub(super) fn settings(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let mut settings = Vec::new();
    loop {
        let what = format!("a setting out of {}", SETTINGS.join(", "));
        let name = cursor.one_of(SETTINGS, &what)?;
        cursor.expect_symbol("=", "=")?;
        let value = if matches!(cursor.peek(), Some(Word::Text(_))) {
            quote_string(&cursor.text("a text")?)
        } else if let Ok(value) = cursor.one_of(&["true", "false"], "") {
            value.to_owned()
        } else {
            cursor.number("a number, a text, true or false")?
        };
        settings.push(format!("{name} = {value}"));
        if !cursor.take_symbol(",") {
            return Ok(settings.join(", "));
        }
    }
}

/// Reads the type of an index, and writes it anew.
pub(super) fn index_type(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let name = cursor.one_of(INDICES, &format!("one of {}", INDICES.join(", ")))?;
    let arguments = cursor.optional_list(|cursor| cursor.number("a number"))?;
    Ok(match arguments.is_empty() {
        true => name.to_owned(),
        false => format!("{name}({})", arguments.join(", ")),
    })
}
