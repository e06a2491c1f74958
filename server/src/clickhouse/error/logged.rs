//! What of an exception may stand in a log.
//!
//! Part of `clickhouse::error`. A value of a cell, or a part of a caller's query, must never get there.

use super::{Error, Exception};

/// What stands in the message of an exception before a part of the query.
const QUERY_PARTS: [&str; 5] = ["while ", "While ", "in scope ", "In scope ", "in query"];

impl Error {
    /// What may stand in a log. ClickHouse's own words are for the caller alone where they can hold values
    /// of cells or parts of a query: only the number and the name of such an exception are said.
    #[must_use]
    pub fn logged(&self) -> String {
        let is_told = matches!(
            self,
            Self::Unavailable { .. }
                | Self::TimeoutException(_)
                | Self::Authentication(_)
                | Self::AccessDenied(_)
                | Self::UnknownDatabase(_)
                | Self::TableExists(_)
                | Self::Resources(_)
                | Self::Quota(_)
        );
        match self.exception() {
            None => self.to_string(),
            Some(exception) if is_told => {
                let told = self.to_string();
                // Where in a query it was: functions with their arguments.
                match QUERY_PARTS.iter().filter_map(|part| told.find(part)).min() {
                    Some(end) => format!(
                        "{} … (code {}, {})",
                        told.get(..end).unwrap_or_default().trim_end(),
                        exception.code,
                        exception.name
                    ),
                    None => told,
                }
            }
            Some(Exception { code, name, .. }) => format!(
                "clickhouse refused: {name} (code {code}); its words may hold values, and went to the caller"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn words_that_can_hold_values_are_left_out() {
        for (text, expected) in [
            (
                "Code: 469. DB::Exception: Column values: a = 4711. (VIOLATED_CONSTRAINT)",
                "clickhouse refused: VIOLATED_CONSTRAINT (code 469); its words may hold values, and \
                 went to the caller",
            ),
            (
                "Code: 60. DB::Exception: Unknown table x in scope SELECT '4711'. (UNKNOWN_TABLE)",
                "clickhouse refused: UNKNOWN_TABLE (code 60); its words may hold values, and went to \
                 the caller",
            ),
            (
                "Code: 241. DB::Exception: too much memory: while executing 'f(4711)'. \
                 (MEMORY_LIMIT_EXCEEDED)",
                "clickhouse is short of resources: too much memory: … (code 241, \
                 MEMORY_LIMIT_EXCEEDED)",
            ),
            (
                "Code: 497. DB::Exception: bob: Not enough privileges. (ACCESS_DENIED)",
                "clickhouse denied access: bob: Not enough privileges (code 497, ACCESS_DENIED)",
            ),
        ] {
            assert_eq!(Error::from_answer(text).logged(), expected);
        }
    }
}
