//! What came of an export, as JSON and for people.
//!
//! Made by `export` when the file is whole.

use std::time::Duration;

use serde::Serialize;

use super::receive::Received;
use crate::{
    json::{self, ColumnObject},
    settings::Endpoint,
    text,
};

/// The result of an export.
#[derive(Debug, Serialize)]
pub(super) struct Object<'a> {
    transfer_id: &'a str,
    rows: i64,
    bytes: u64,
    elapsed_seconds: f64,
    attempts: u32,
    resumed_at: &'a [u64],
    columns: Vec<ColumnObject<'a>>,
    has_invalid_utf8: bool,
}

impl<'a> Object<'a> {
    /// The result of so many calls.
    pub(super) fn new(
        received: &'a Received,
        attempts: u32,
        resumed_at: &'a [u64],
        elapsed: Duration,
    ) -> Self {
        Self {
            transfer_id: &received.transfer.transfer_id,
            rows: received.rows,
            bytes: received.bytes,
            elapsed_seconds: json::seconds(elapsed),
            attempts,
            resumed_at,
            columns: json::columns(&received.columns),
            has_invalid_utf8: received.has_invalid_utf8,
        }
    }

    /// The same for people.
    pub(super) fn words(&self, output: &Endpoint, null: Option<&str>) -> String {
        let elapsed = Duration::from_secs_f64(self.elapsed_seconds);
        let target = match output {
            Endpoint::Standard => "standard output".to_owned(),
            Endpoint::Path(path) => path.display().to_string(),
        };
        let went_on = match self.resumed_at.last() {
            Some(0) => "\nbegun again at zero after an interruption".to_owned(),
            Some(at) => format!("\nwent on after an interruption at {}", text::size(*at)),
            None => String::new(),
        };
        let mut note = String::new();
        if self.has_invalid_utf8 {
            note.push_str(
                "\nsome texts are not UTF-8: to load this file again as it is, add --invalid-utf8 keep",
            );
        }
        if let Some(null) = null.filter(|null| !null.is_empty() && *null != "\\N") {
            let null = text::one_line(null);
            note.push_str(&format!(
                "\nNULL is written as `{null}`: to load this file again as it is, add --null '{null}'"
            ));
        }
        format!(
            "exported {} to {target} in {} ({}, {}){went_on}{note}\ntransfer {}",
            text::rows(self.rows),
            text::duration(elapsed),
            text::size(self.bytes),
            text::rate(self.bytes, elapsed),
            self.transfer_id
        )
    }
}
