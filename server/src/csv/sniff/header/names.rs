//! The columns of the table that a file is loaded into, which its header names.
//!
//! `layout` and `header` look for them. They must never make a header of a row because of one name
//! among many cells.

use unicase::UniCase;

/// Names of columns; none when the table is not known.
#[derive(Debug, Default)]
pub(in crate::csv::sniff) struct Names(Vec<Vec<u8>>);

impl Names {
    pub(in crate::csv::sniff) fn new(columns: &[String]) -> Self {
        let names = columns.iter().map(|column| folded_name(column.as_bytes()));
        Self(names.collect())
    }

    /// Whether at least half of the filled cells of a row are such names.
    pub(in crate::csv::sniff) fn are_in(&self, cells: &[&[u8]]) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let filled = cells.iter().filter(|cell| !cell.trim_ascii().is_empty());
        let named = filled
            .clone()
            .filter(|cell| self.0.contains(&folded_name(cell)));
        let named = named.count();
        named > 0 && named * 2 >= filled.count()
    }
}

/// A name of a column without the white space around it and without regard to case (Unicode's case folding): two names
/// are one where these are equal.
#[must_use]
pub fn folded_name(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(name) => UniCase::new(name.trim()).to_folded_case().into_bytes(),
        Err(_) => name.trim_ascii().to_ascii_lowercase(),
    }
}
