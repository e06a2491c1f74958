//! What every byte of a loaded file is, as JSON and for people.
//!
//! Part of the summary of an upload. It must never leave out that a line is not in the table.

use serde::Serialize;
use sluice_proto::v1::{FileAccount, LineCount};

use crate::text;

/// What the bytes of the text are; the parts add up to all of them.
#[derive(Debug, Serialize)]
pub(super) struct AccountObject {
    text_bytes: i64,
    header: CountObject,
    loaded: CountObject,
    rejected: CountObject,
    blank: CountObject,
    comments: ExamplesObject,
    before: ExamplesObject,
    after: ExamplesObject,
}

#[derive(Debug, Serialize)]
struct CountObject {
    lines: i64,
    bytes: i64,
}

#[derive(Debug, Serialize)]
struct ExamplesObject {
    #[serde(flatten)]
    count: CountObject,
    /// The first of them, each as far as the server keeps it.
    examples: Vec<String>,
}

/// What the server says of the file.
pub(super) fn object(account: &FileAccount) -> AccountObject {
    let count = |part: &Option<LineCount>| {
        let part = part.as_ref();
        CountObject {
            lines: part.map_or(0, |part| part.lines),
            bytes: part.map_or(0, |part| part.bytes),
        }
    };
    let examples = |part: &Option<LineCount>| ExamplesObject {
        count: count(part),
        examples: part.iter().flat_map(texts).collect(),
    };
    AccountObject {
        text_bytes: account.text_bytes,
        header: count(&account.header),
        loaded: count(&account.loaded),
        rejected: count(&account.rejected),
        blank: count(&account.blank),
        comments: examples(&account.comments),
        before: examples(&account.before),
        after: examples(&account.after),
    }
}

/// The lines that are no records, with the first of them.
pub(super) fn words(account: &FileAccount) -> Vec<String> {
    if account.text_bytes == 0 {
        return vec!["the file is empty".to_owned()];
    }
    let parts = [
        (&account.before, "line", "before the table"),
        (&account.comments, "comment", ""),
        (&account.blank, "blank line", ""),
        (&account.after, "line", "after the end of the table"),
    ];
    let said = parts.into_iter().filter_map(|(part, what, place)| {
        let part = part.as_ref().filter(|part| part.lines > 0)?;
        let count = text::counted(part.lines, what);
        let place = if place.is_empty() {
            String::new()
        } else {
            format!(" {place}")
        };
        let size = text::size(part.bytes.unsigned_abs());
        let mut words = format!("left out {count}{place} ({size})");
        let first: Vec<_> = texts(part)
            .map(|line| format!("\"{}\"", text::short(&line)))
            .collect();
        if !first.is_empty() {
            let more = if part.lines > 3 { ", …" } else { "" };
            words.push_str(&format!(": {}{more}", first.join(", ")));
        }
        Some(words)
    });
    said.collect()
}

fn texts(part: &LineCount) -> impl Iterator<Item = String> {
    let lines = part.examples.iter();
    lines.map(|line| text::lossy(line).into_owned())
}
