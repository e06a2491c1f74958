//! The columns of the table that a file is loaded into, which its header names.
//!
//! `layout` and `header` look for them. They must never make a header of a row because of one name
//! among many cells.

/// Names of columns; none when the table is not known.
#[derive(Debug, Default)]
pub(in crate::csv::sniff) struct Names(Vec<Vec<u8>>);

impl Names {
    pub(in crate::csv::sniff) fn new(columns: &[String]) -> Self {
        let names = columns.iter().map(|column| fold(column.as_bytes()));
        Self(names.collect())
    }

    /// Whether at least half of the filled cells of a row are such names.
    pub(in crate::csv::sniff) fn are_in(&self, cells: &[&[u8]]) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let filled = cells.iter().filter(|cell| !cell.trim_ascii().is_empty());
        let named = filled.clone().filter(|cell| self.0.contains(&fold(cell)));
        let named = named.count();
        named > 0 && named * 2 >= filled.count()
    }
}

/// A name without the spaces around it and without regard to case.
fn fold(name: &[u8]) -> Vec<u8> {
    let name = name.trim_ascii();
    match std::str::from_utf8(name) {
        Ok(name) => name.to_lowercase().into_bytes(),
        Err(_) => name.to_ascii_lowercase(),
    }
}
