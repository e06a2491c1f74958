//! Finds out whether a space after each delimiter is part of the field.
//!
//! `sniff` calls it with the winner's table. It must never look at single cells: it goes by counts.

use super::Finding;
use super::cut::Table;

/// The share of delimiters that a space follows at least.
const MOST: f64 = 0.9;

/// Whether a space after the delimiter is no part of the field.
pub(super) fn find(table: &Table<'_>) -> Finding<bool> {
    let all = table.spaced + table.tight;
    if all == 0 {
        return Finding::found(false, 0.5, None);
    }
    if table.rows.len() < 2 && table.spaced_quotes == 0 {
        // A single record shows no habit; its blanks may be values.
        return Finding::found(false, 0.5, Some(true));
    }
    let share = f64::from(table.spaced) / f64::from(all);
    if table.spaced_quotes > table.tight_quotes {
        return Finding::found(true, share.max(0.8), Some(false));
    }
    let is_spaced = share >= MOST;
    let confidence = if is_spaced { share } else { 1.0 - share };
    Finding::found(is_spaced, confidence, Some(!is_spaced))
}
