//! Rows as an aligned table for people.
//!
//! The commands that list something print it. It must never be what a program reads: cells are cut,
//! control characters are escaped; `--json` has them whole.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use console::{Alignment, Term, measure_text_width, pad_str, style, truncate_str};

use crate::text;

/// Columns are cut to no less than this.
const MIN_WIDTH: usize = 8;
/// Columns are cut to this where no terminal says how wide a line is.
const MAX_WIDTH: usize = 200;
/// Between two columns.
const GAP: &str = "  ";

/// Rows under a heading.
#[derive(Debug, Default)]
pub(crate) struct Table {
    heading: Vec<(String, Alignment)>,
    rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a column of text.
    pub(crate) fn text(mut self, heading: &str) -> Self {
        self.heading
            .push((text::one_line(heading), Alignment::Left));
        self
    }

    /// Adds a column of numbers.
    pub(crate) fn number(mut self, heading: &str) -> Self {
        self.heading
            .push((text::one_line(heading), Alignment::Right));
        self
    }

    /// Adds a column of a ClickHouse type, numbers to the right.
    pub(crate) fn column(self, heading: &str, data_type: &str) -> Self {
        if is_number(data_type) {
            self.number(heading)
        } else {
            self.text(heading)
        }
    }

    /// Adds a row; a cell without text is NULL.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Option<String>>) {
        let cells = cells
            .into_iter()
            .map(|cell| cell.map(|text| text::one_line(&text)));
        self.rows.push(cells.collect());
    }

    /// Writes heading and rows, fitted to the terminal if standard output is one.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let term = Term::stdout();
        let line_width = term.size_checked().map(|(_, columns)| usize::from(columns));
        self.write_fitted(out, line_width.filter(|_| term.is_term()))
    }

    fn write_fitted(&self, out: &mut dyn Write, line_width: Option<usize>) -> io::Result<()> {
        let widths = self.widths(line_width);
        let heading = self.heading.iter().map(|(name, _)| Some(name.clone()));
        self.write_row(out, &heading.collect::<Vec<_>>(), &widths, false)?;
        let rule: Vec<_> = widths
            .iter()
            .map(|width| Some("-".repeat(*width)))
            .collect();
        self.write_row(out, &rule, &widths, false)?;
        for row in &self.rows {
            self.write_row(out, row, &widths, true)?;
        }
        Ok(())
    }

    fn write_row(
        &self,
        out: &mut dyn Write,
        cells: &[Option<String>],
        widths: &[usize],
        dim_null: bool,
    ) -> io::Result<()> {
        let mut line = String::new();
        for ((cell, width), (_, alignment)) in cells.iter().zip(widths).zip(&self.heading) {
            if !line.is_empty() {
                line.push_str(GAP);
            }
            let shown = match cell {
                Some(text) => truncate_str(text, *width, "…"),
                None if dim_null => Cow::Owned(style("NULL").dim().to_string()),
                None => Cow::Borrowed("NULL"),
            };
            line.push_str(&pad_str(&shown, *width, *alignment, None));
        }
        writeln!(out, "{}", line.trim_end())
    }

    /// The width of each column: what its longest cell needs, then less of the widest ones until a
    /// row fits the line.
    fn widths(&self, line_width: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = Vec::with_capacity(self.heading.len());
        for (index, (name, _)) in self.heading.iter().enumerate() {
            let cells = self.rows.iter().filter_map(|row| row.get(index));
            let cells = cells.map(|cell| cell.as_deref().map_or(4, measure_text_width));
            let width = cells.fold(measure_text_width(name), usize::max);
            widths.push(width.min(MAX_WIDTH));
        }
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        while let Some(line_width) = line_width {
            let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(line_width);
            let Some(widest) = widths.iter_mut().max() else {
                break;
            };
            if excess == 0 || *widest <= MIN_WIDTH {
                break;
            }
            // One at a time, so that the widest columns end up equally wide.
            *widest -= 1;
        }
        widths
    }
}

/// Whether values of the type are read from the right.
fn is_number(data_type: &str) -> bool {
    let mut inner = data_type;
    for wrapper in ["LowCardinality(", "Nullable("] {
        inner = inner.strip_prefix(wrapper).unwrap_or(inner);
    }
    ["Int", "UInt", "Float", "Decimal", "BFloat"]
        .iter()
        .any(|family| inner.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::Table;

    fn show(table: &Table, line_width: Option<usize>) -> String {
        let mut out = Vec::new();
        table.write_fitted(&mut out, line_width).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn sample() -> Table {
        let mut table = Table::new().text("name").number("rows").text("comment");
        table.row([Some("größe".into()), Some("12".into()), Some("a\tb".into())]);
        table.row([
            Some("x".into()),
            None,
            Some("a very long comment indeed".into()),
        ]);
        table
    }

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let expected = "\
name   rows  comment
-----  ----  --------------------------
größe    12  a\\tb
x      NULL  a very long comment indeed
";
        assert_eq!(show(&sample(), None), expected);
    }

    #[test]
    fn the_widest_column_is_cut_to_fit() {
        let expected = "\
name   rows  comment
-----  ----  ------------
größe    12  a\\tb
x      NULL  a very long…
";
        assert_eq!(show(&sample(), Some(25)), expected);
    }

    #[test]
    fn a_line_that_is_too_narrow_runs_over() {
        assert!(show(&sample(), Some(3)).contains("a very …"));
    }
}
