//! Rows to look at: a few, as text, and never more of them than an answer may have.
//!
//! Part of `catalog`; `rpc::catalog` shows them. It must never read more rows than it keeps.

use super::{Catalog, Column, Error, Result, rows::PreviewRow};
use crate::clickhouse::sql::{self, SelectQuery, TableName, catalog::PreviewLimits};

/// The longest cell, in bytes.
const MAX_CELL_BYTES: usize = 4096;

/// What a cell has in an answer beside its text, at the most, in bytes; and a row beside its cells.
const CELL_FRAME_BYTES: usize = 12;

/// Where the rows of a preview come from.
#[derive(Debug, Clone, Copy)]
pub enum PreviewSource<'a> {
    /// All columns of a table that `SELECT *` returns.
    Table(&'a TableName),
    /// A query.
    Query(&'a SelectQuery),
}

/// Rows to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows: for each column its value in ClickHouse's text form, `None` for NULL. A text is
    /// cut at 4 KiB, or sooner where a row would not fit, and what is not UTF-8 in it is replaced.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether rows were left out because they did not fit.
    pub is_truncated: bool,
}

impl Catalog {
    /// Returns at most `limit` rows of a table or a query as text, and no more than `max_bytes` with their
    /// columns.
    ///
    /// # Errors
    ///
    /// As [`Catalog::table`] and [`Catalog::describe_query`].
    pub async fn preview(
        &self,
        source: PreviewSource<'_>,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Preview> {
        let columns = match source {
            PreviewSource::Table(name) => {
                let mut columns = self.table(name).await?.columns;
                columns.retain(Column::is_selected_by_star);
                columns
            }
            PreviewSource::Query(query) => self.describe_query(query).await?,
        };
        let names = names(&columns)?;
        let frames = columns.len() * 2 * CELL_FRAME_BYTES;
        let of_columns = columns.iter().map(Column::byte_count).sum::<usize>() + frames;
        let mut left = max_bytes.saturating_sub(of_columns);
        let limits = PreviewLimits {
            rows: limit,
            cell_bytes: cell_bytes(left, columns.len()),
        };
        let statement = match source {
            PreviewSource::Table(name) => {
                sql::catalog::preview_table(&self.full_name(name).await?, &names, limits)
            }
            PreviewSource::Query(query) => sql::catalog::preview_query(query, &names, limits),
        };
        let mut rows = Vec::new();
        let is_whole = self.client.fetch_while(&statement, |row: PreviewRow| {
            let cells = row.into_cells(limits.cell_bytes);
            let bytes = row_bytes(&cells);
            let fits = bytes <= left;
            if fits {
                left -= bytes;
                rows.push(cells);
            }
            fits
        });
        let is_truncated = !is_whole.await?;
        Ok(Preview {
            columns,
            rows,
            is_truncated,
        })
    }
}

/// The most bytes of a cell, so that one row fits.
fn cell_bytes(row_bytes: usize, column_count: usize) -> usize {
    let share = row_bytes / (column_count + 1);
    share
        .saturating_sub(CELL_FRAME_BYTES)
        .clamp(1, MAX_CELL_BYTES)
}

/// The bytes of a row in an answer, at the most.
fn row_bytes(cells: &[Option<String>]) -> usize {
    let texts = cells.iter().flatten().map(String::len).sum::<usize>();
    texts + CELL_FRAME_BYTES * (cells.len() + 1)
}

/// The names of the columns, of which there must be one.
fn names(columns: &[Column]) -> Result<Vec<String>> {
    if columns.is_empty() {
        return Err(Error::NoColumns);
    }
    Ok(columns.iter().map(|column| column.name.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::{CELL_FRAME_BYTES, MAX_CELL_BYTES, cell_bytes, row_bytes};

    #[test]
    fn one_row_always_fits() {
        for column_count in [1, 2, 700, 10_000] {
            for max_bytes in [64 << 10, 3 << 20] {
                let cell = cell_bytes(max_bytes, column_count);
                assert!((1..=MAX_CELL_BYTES).contains(&cell));
                let row = vec![Some("x".repeat(cell)); column_count];
                let least = (CELL_FRAME_BYTES + 1) * (column_count + 1);
                assert!(row_bytes(&row) <= max_bytes.max(least), "{column_count}");
            }
        }
        assert_eq!(cell_bytes(3 << 20, 10), MAX_CELL_BYTES);
    }
}
