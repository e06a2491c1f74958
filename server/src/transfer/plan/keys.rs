//! The keys of NDJSON that are fields, where the table has a say in it.
//!
//! Part of `transfer::plan`. Pure. It must never let a key take a column that another one has.

use std::collections::HashSet;

use super::{ColumnMapping, Matching, Result, spec_of};
use crate::{
    catalog::Column,
    csv::{json::JsonKeys, sniff::folded_name},
};

/// The keys of a sample, and the names by which they find their columns.
#[derive(Clone, Copy, Debug)]
pub(in crate::transfer) struct Keys<'a> {
    pub(in crate::transfer) keys: &'a [String],
    pub(in crate::transfer) fields: &'a [String],
    /// What a table that is made of the file calls their columns.
    pub(in crate::transfer) made: &'a [String],
    /// Whether the sample is the whole file.
    pub(in crate::transfer) is_complete: bool,
}

impl Keys<'_> {
    /// The keys to read for a table: where it has columns for what the object of a key holds, these in its place;
    /// and behind them the columns that later records may have.
    ///
    /// # Errors
    ///
    /// A type of the table cannot be read.
    pub(in crate::transfer) fn for_table(
        self,
        table: &[Column],
        matching: Matching<'_>,
    ) -> Result<JsonKeys> {
        let wanted = Wanted::new(table, matching);
        let mut found = JsonKeys {
            skips_unknown: matching.ignore_extra || !matching.mappings.is_empty(),
            ..JsonKeys::default()
        };
        for (key, field) in self.keys.iter().zip(self.fields) {
            let parts = match wanted.has(field) {
                true => Vec::new(),
                false => wanted.within(field),
            };
            if parts.is_empty() {
                found.names.push(key.clone());
            }
            for part in parts {
                wanted.open(part, &mut found.opened);
                found.names.push(part.to_owned());
            }
        }
        let mut names = HashSet::new();
        found.names.retain(|name| names.insert(name.clone()));
        let seen_count = found.names.len();
        if !self.is_complete && matching.mappings.is_empty() {
            for column in wanted.columns(table) {
                let is_met = |name: &String| is_same(name, &column.name);
                let has_field = found.names.iter().any(is_met)
                    || self.fields.iter().chain(self.made).any(is_met);
                if !has_field && may_be_absent(column, matching)? {
                    wanted.open(&column.name, &mut found.opened);
                    found.names.push(column.name.clone());
                }
            }
        }
        found.unmet = found.names.len() - seen_count;
        Ok(found)
    }
}

/// The names by which a field can be meant.
struct Wanted<'a> {
    names: Vec<&'a str>,
    matching: Matching<'a>,
}

impl<'a> Wanted<'a> {
    fn new(table: &'a [Column], matching: Matching<'a>) -> Self {
        let mappings = matching.mappings.iter().chain(matching.renames);
        let mut wanted = Self {
            names: mappings.map(ColumnMapping::source_name).collect(),
            matching,
        };
        if matching.mappings.is_empty() {
            let own: Vec<_> = wanted
                .columns(table)
                .map(|column| column.name.as_str())
                .collect();
            wanted.names.extend(own);
        }
        wanted
    }

    /// The columns that are found by their own name.
    fn columns<'t>(&self, table: &'t [Column]) -> impl Iterator<Item = &'t Column> + use<'t, 'a> {
        let renames = self.matching.renames;
        let is_own = move |column: &&Column| {
            let is_renamed = renames.iter().any(|rename| rename.column == column.name);
            column.is_insertable() && !is_renamed
        };
        table.iter().filter(is_own)
    }

    fn has(&self, field: &str) -> bool {
        let mut names = self.names.iter();
        names.any(|name| is_same(name, field))
    }

    /// What stands in the object of a field.
    fn within(&self, field: &str) -> Vec<&'a str> {
        let is_within = |name: &&str| {
            let rest = name.strip_prefix(field);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        self.names.iter().copied().filter(is_within).collect()
    }

    /// Opens the objects in which a name stands.
    fn open(&self, name: &str, opened: &mut Vec<String>) {
        for (point, _) in name.match_indices('.') {
            let path = name.get(..point).unwrap_or_default();
            let is_known = opened.iter().any(|known| known == path);
            if !is_known && !path.is_empty() && !self.has(path) {
                opened.push(path.to_owned());
            }
        }
    }
}

/// Whether two names are one, as columns find their fields.
fn is_same(left: &str, right: &str) -> bool {
    folded_name(left.as_bytes()) == folded_name(right.as_bytes())
}

/// Whether a record without a value says for a column what a file without a field would.
fn may_be_absent(column: &Column, matching: Matching<'_>) -> Result<bool> {
    if !matches!(column.default_kind.as_str(), "" | "DEFAULT") {
        return Ok(false);
    }
    let spec = spec_of(column, matching)?;
    Ok(spec.wire_type().is_nullable() || (matching.default_missing && !spec.has_default))
}

#[cfg(test)]
mod tests;
