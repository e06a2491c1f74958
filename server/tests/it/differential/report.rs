//! The table of differences: a few examples of each kind for each type.

use std::{collections::BTreeMap, fmt::Write as _};

use super::verdict::{Difference, REFUSED, REJECTS, THIS_YEAR};

/// The examples of one kind of difference of one type.
const EXAMPLES: usize = 3;

/// What was found, in the order of the types.
#[derive(Debug, Default)]
pub(super) struct Report {
    types: Vec<TypeReport>,
}

#[derive(Debug)]
struct TypeReport {
    name: String,
    cell_count: usize,
    difference_count: usize,
    groups: BTreeMap<String, Vec<Difference>>,
}

impl Report {
    /// Counts a cell of a type, which must come type by type.
    pub(super) fn count(&mut self, data_type: &str, difference: Option<Difference>) {
        if self.types.last().is_none_or(|last| last.name != data_type) {
            self.types.push(TypeReport {
                name: data_type.to_owned(),
                cell_count: 0,
                difference_count: 0,
                groups: BTreeMap::new(),
            });
        }
        let last = self.types.last_mut().unwrap();
        last.cell_count += 1;
        if let Some(difference) = difference {
            last.difference_count += 1;
            let group = last.groups.entry(difference.group()).or_default();
            group.push(difference);
        }
    }

    pub(super) fn to_markdown(&self) -> String {
        let mut text = HEAD.to_owned();
        for report in &self.types {
            writeln!(
                text,
                "\n## {}\n\n{} cells, {} differences\n",
                report.name, report.cell_count, report.difference_count
            )
            .unwrap();
            if report.groups.is_empty() {
                continue;
            }
            text.push_str("| cell | ClickHouse stores | Sluice | why | cells |\n");
            text.push_str("| --- | --- | --- | --- | ---: |\n");
            for group in report.groups.values() {
                // Short cells say most; of equal ones the first.
                let mut shortest: Vec<&Difference> = group.iter().collect();
                shortest.sort_by_key(|difference| difference.cell.len());
                shortest.dedup_by_key(|difference| &difference.cell);
                for (index, difference) in shortest.iter().take(EXAMPLES).enumerate() {
                    let count = if index == 0 {
                        group.len().to_string()
                    } else {
                        String::new()
                    };
                    let [cell, theirs, ours] =
                        [&difference.cell, &difference.theirs, &difference.ours]
                            .map(|text| shown(text));
                    writeln!(
                        text,
                        "| {cell} | {theirs} | {ours} | {} | {count} |",
                        difference.why
                    )
                    .unwrap();
                }
            }
        }
        text
    }
}

/// Writes what a side does in words, and a value as code.
fn shown(text: &str) -> String {
    match text {
        "" => "(empty)".to_owned(),
        REFUSED | THIS_YEAR => text.to_owned(),
        _ if text.starts_with(REJECTS) => text.to_owned(),
        _ => code(text),
    }
}

/// Writes a text as code in a table.
fn code(text: &str) -> String {
    let mut shown = String::from("`");
    for (index, character) in text.chars().enumerate() {
        match character {
            _ if index == 60 => {
                shown.push('…');
                break;
            }
            '`' => shown.push('\''),
            '|' => shown.push_str("\\|"),
            ' ' => shown.push('␠'),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{a0}' => {
                write!(shown, "{}", character.escape_default()).unwrap();
            }
            _ => shown.push(character),
        }
    }
    shown.push('`');
    shown
}

const HEAD: &str = "\
# How Sluice and ClickHouse read cells differently

Written by the test `differential` (`UPDATE_EXPECTED=1` rewrites it), which reads thousands of cells of
each type by ClickHouse's own CSV reader with its default settings (only Tuples are read from one cell)
and by Sluice. What both read alike or both refuse is not listed. Of each kind there are up to three
examples, the shortest ones, and the number of cells of that kind. White space is shown as `␠`; a cell in
double quotes stood in quotes in the file; values of text types are shown as they are stored.
";
