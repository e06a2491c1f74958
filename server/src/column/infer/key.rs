//! The sorting key of a table that is made for a file.
//!
//! `transfer::upload` calls it for new tables; it must never propose a key that the rows of the sample
//! do not follow already, nor one that takes NULL.

use std::borrow::Borrow;

use super::{DataType, Inferred};

/// Fewer rows show no order.
const LEAST_ROWS: u64 = 10;

/// The columns that a table is sorted by, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortingKey {
    /// The names; none for `tuple()`: the rows keep the order of the file.
    pub columns: Vec<String>,
    /// One sentence for a person.
    pub reason: String,
}

/// Chooses a sorting key: the first date or time by which the rows are sorted in the file, else the
/// first integer that grows with every row, else none.
#[must_use]
pub fn sorting_key<N: AsRef<str>, I: Borrow<Inferred>>(columns: &[(N, I)]) -> SortingKey {
    let find = |is_key: fn(&Inferred) -> bool| {
        columns.iter().find(|(_, column)| {
            let column = column.borrow();
            column.cell_count >= LEAST_ROWS && is_key(column)
        })
    };
    if let Some((name, _)) = find(is_time_key) {
        let name = name.as_ref().to_owned();
        return SortingKey {
            reason: format!("the rows of the file are sorted by the time in `{name}`"),
            columns: vec![name],
        };
    }
    if let Some((name, _)) = find(is_id_key) {
        let name = name.as_ref().to_owned();
        return SortingKey {
            reason: format!("`{name}` is unique and grows from row to row"),
            columns: vec![name],
        };
    }
    SortingKey {
        columns: Vec::new(),
        reason: "no time and no number grows from row to row: the rows keep the order of the file"
            .to_owned(),
    }
}

fn is_time_key(column: &Inferred) -> bool {
    let is_time = matches!(
        column.data_type,
        DataType::Date | DataType::Date32 | DataType::DateTime(_) | DataType::DateTime64 { .. }
    );
    is_time && column.order.is_mostly_ascending()
}

fn is_id_key(column: &Inferred) -> bool {
    let is_integer = matches!(
        column.data_type,
        DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::UInt64
    );
    is_integer && column.order.is_strictly_ascending()
}

#[cfg(test)]
mod tests {
    use super::super::{Cell, ColumnSample, Inferred};
    use super::sorting_key;

    fn column(cells: impl Iterator<Item = String>) -> Inferred {
        let mut sample = ColumnSample::default();
        cells.for_each(|cell| sample.observe(Cell::plain(cell.as_bytes())));
        sample.infer(false)
    }

    fn ids() -> Inferred {
        column((0..20).map(|number| number.to_string()))
    }

    fn days(step: i32, last: &str) -> Inferred {
        let days = (0..20).map(|day| format!("2024-01-{:02}", 1 + (day * step).rem_euclid(31)));
        column(days.chain([last.to_owned()]))
    }

    #[test]
    fn a_time_that_ascends_comes_before_a_number_that_grows() {
        let (ids, days) = (ids(), days(1, "2024-01-20"));
        let key = sorting_key(&[("id", &ids), ("day", &days)]);
        assert_eq!(key.columns, ["day"]);
        assert!(key.reason.contains("`day`"));
        assert_eq!(sorting_key(&[("id", &ids)]).columns, ["id"]);
    }

    #[test]
    fn columns_with_null_or_without_order_are_no_key() {
        let with_null = days(1, "");
        let mixed = days(7, "2024-01-01");
        let few = column((0..9).map(|number| number.to_string()));
        let texts = column((0..20).map(|number| format!("t{number:03}")));
        let descending = column((0..20).map(|number| (90 - number).to_string()));
        let columns = [&with_null, &mixed, &few, &texts, &descending];
        let key = sorting_key(&columns.map(|column| ("c", column)));
        assert!(key.columns.is_empty() && !key.reason.is_empty());
        assert!(sorting_key::<&str, Inferred>(&[]).columns.is_empty());
    }
}
