//! What decides how a file becomes blocks, as one number: an upload goes on only where it is the same.
//!
//! Part of `transfer::upload`. Pure. What is written here is compared with what an earlier version of the
//! program has written: a field has a name of its own that stays, and whatever changes the blocks changes
//! [`VERSION`]. A rule or a trait of a column that is new does not compile before it is thought of here.

use std::fmt::Write as _;

use super::typing::Sizes;
use crate::{
    column::{ColumnSpec, rules::ValueRules},
    csv::Dialect,
    transfer::{CommitMode, cut::Cut, plan::Plan, profile::FoundColumn},
};

/// Changes when the same file would be cut into other blocks, or these be sent with other tokens.
const VERSION: u32 = 4;

/// What decides.
pub(super) struct Decisive<'a> {
    pub(super) cut: &'a Cut,
    pub(super) columns: &'a [FoundColumn],
    pub(super) plan: &'a Plan,
    pub(super) mode: CommitMode,
    pub(super) batch_bytes: usize,
    pub(super) sizes: Sizes,
}

/// Lines with a name and a value each.
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: impl std::fmt::Debug) {
        // Texts are escaped, so that no value looks like a line. Writing to a text does not fail.
        writeln!(self.0, "{name} {value:?}").ok();
    }

    fn add_all<T: std::fmt::Debug>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        for value in values {
            self.add(name, value);
        }
    }
}

impl Decisive<'_> {
    pub(super) fn fingerprint(&self) -> u32 {
        crc32c::crc32c(self.lines().as_bytes())
    }

    fn lines(&self) -> String {
        let mut lines = Lines(String::new());
        lines.add("version", VERSION);
        lines.add("mode", self.mode.name());
        lines.add("batch bytes", self.batch_bytes);
        lines.add("first block rows", self.sizes.first.max_rows);
        lines.add("first block bytes", self.sizes.first.max_bytes);
        lines.add("block rows", self.sizes.full.max_rows);
        lines.add("block bytes", self.sizes.full.max_bytes);
        match self.cut {
            Cut::Delimited(dialect) => delimited(&mut lines, dialect),
            Cut::Ndjson(keys) => {
                lines.add_all("key", &keys.names);
                lines.add_all("opened key", &keys.opened);
                if keys.skips_unknown {
                    lines.add("skips unknown keys", true);
                }
            }
        }
        for column in self.columns {
            lines.add("found", &column.name.name);
            lines.add("found type", column.inferred.data_type.to_string());
            rules(&mut lines, &column.inferred.rules);
        }
        for (spec, field) in self.plan.specs.iter().zip(&self.plan.fields) {
            let ColumnSpec {
                name,
                data_type,
                has_default,
                empty_as_default,
                is_inferred,
            } = spec;
            lines.add("column", name);
            lines.add("type", data_type.to_string());
            lines.add("has default", has_default);
            lines.add("empty as default", empty_as_default);
            lines.add("inferred", is_inferred);
            lines.add("field", field);
        }
        lines.0
    }
}

fn delimited(lines: &mut Lines, dialect: &Dialect) {
    lines.add("delimiter", dialect.delimiter());
    lines.add("quote", dialect.quote());
    lines.add("escape", dialect.escape());
    lines.add("tsv", dialect.is_tsv());
    lines.add("comment", dialect.comment());
    lines.add("skip initial space", dialect.skip_initial_space());
    lines.add("skip lines", dialect.skip_lines());
    lines.add("header rows", dialect.header_rows());
    lines.add("end line", dialect.end_line());
}

fn rules(lines: &mut Lines, rules: &ValueRules) {
    let ValueRules {
        trim,
        null_markers,
        quoted_nulls,
        excel_text,
        list_separator,
        strip_units,
        unit,
        thousands,
        decimal_comma,
        true_words,
        false_words,
        date_format,
        round,
    } = rules;
    lines.add("trim", trim);
    lines.add_all("null", null_markers);
    lines.add("quoted nulls", quoted_nulls);
    lines.add("excel text", excel_text);
    lines.add("list separator", list_separator);
    lines.add("strip units", strip_units);
    lines.add("unit", unit);
    lines.add("thousands", thousands);
    lines.add("decimal comma", decimal_comma);
    lines.add_all("true", true_words);
    lines.add_all("false", false_words);
    lines.add_all("date format", date_format.as_ref().map(ToString::to_string));
    lines.add("round", round);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{DataType, Limits};

    fn spec() -> ColumnSpec {
        ColumnSpec {
            name: "a\nb".to_owned(),
            data_type: DataType::parse("Nullable(DateTime64(3, 'UTC'))").unwrap(),
            has_default: true,
            empty_as_default: false,
            is_inferred: false,
        }
    }

    fn lines(dialect: Dialect, batch_bytes: usize) -> String {
        let plan = Plan {
            specs: vec![spec()],
            fields: vec![4],
            matches: Vec::new(),
            reject_reason: None,
        };
        let decisive = Decisive {
            cut: &Cut::Delimited(dialect),
            columns: &[],
            plan: &plan,
            mode: CommitMode::Atomic,
            batch_bytes,
            sizes: Sizes::new(Limits {
                max_rows: 10,
                max_bytes: 400,
            }),
        };
        decisive.lines()
    }

    /// What earlier versions have written is compared with it: another text needs another version.
    #[test]
    fn the_text_stays_what_it_was() {
        assert_eq!(
            lines(Dialect::csv(), 7),
            "version 4\nmode \"ATOMIC\"\nbatch bytes 7\nfirst block rows 10\nfirst block bytes 100\n\
             block rows 10\nblock bytes 400\ndelimiter [44]\nquote Some(34)\nescape None\ntsv false\n\
             comment None\nskip initial space false\nskip lines 0\nheader rows 1\nend line None\n\
             column \"a\\nb\"\ntype \"Nullable(DateTime64(3, 'UTC'))\"\nhas default true\n\
             empty as default false\ninferred false\nfield 4\n"
        );
    }

    #[test]
    fn whatever_decides_is_in_it() {
        let csv = lines(Dialect::csv(), 7);
        assert_ne!(csv, lines(Dialect::tsv(), 7));
        assert_ne!(csv, lines(Dialect::csv(), 8));
    }
}
