//! What came of an upload, as JSON and for people.
//!
//! Made by `upload` from the server's response. It must never leave out which rows are not in the
//! table, or that a text was read as another value than it says.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;
use sluice_proto::v1::{
    ColumnMatch, Counters, FileProfile, MatchKind, RejectPolicy, UploadResponse,
};

use super::{
    Run,
    account::{self, AccountObject},
};
use crate::{
    error::{Error, Result},
    json::{self, MatchObject},
    profile::{self, ProfileObject},
    rejects::{self, FaultCountObject, Kept, RejectedObject},
    text,
};

/// Columns whose reading is said, in a summary.
const MAX_COLUMNS: usize = 20;

/// The result of an upload.
#[derive(Debug, Serialize)]
pub(super) struct Object<'a> {
    transfer_id: &'a str,
    table: &'a str,
    commit_mode: Option<&'static str>,
    guarantee: &'a str,
    pub(super) dry_run: bool,
    /// Whether the upload had succeeded before this command, which has loaded nothing.
    replayed: bool,
    bytes_received: i64,
    rows_parsed: i64,
    rows_staged: i64,
    rows_rejected: i64,
    rows_committed: i64,
    elapsed_seconds: f64,
    attempts: u32,
    resumed_at: Vec<u64>,
    columns: Vec<MatchObject<'a>>,
    create_statement: &'a str,
    ignored_lines: i64,
    account: Option<AccountObject>,
    rejects_file: Option<&'a str>,
    /// Whether the file has the rows as they stand in the one that was loaded, without its header.
    rejects_file_is_raw: bool,
    /// That the file of `--rejects` is of an earlier run.
    #[serde(skip)]
    old_file: String,
    rejected_rows: Vec<RejectedObject<'a>>,
    fault_counts: Vec<FaultCountObject<'a>>,
    profile: Option<ProfileObject<'a>>,
}

/// The counters of the transfer.
pub(super) fn counters(response: &UploadResponse) -> Counters {
    let transfer = response.transfer.as_ref();
    transfer
        .and_then(|transfer| transfer.counters)
        .unwrap_or_default()
}

/// Fails with [`Error::WouldFail`] where a dry run has rejected more rows than an upload may.
#[expect(clippy::cast_precision_loss, reason = "numbers of rows of a file")]
pub(super) fn would_succeed(response: &UploadResponse, policy: Option<RejectPolicy>) -> Result<()> {
    let Counters {
        rows_parsed,
        rows_rejected: rows,
        ..
    } = counters(response);
    let RejectPolicy {
        max_rows,
        max_share,
    } = policy.unwrap_or_default();
    let most = max_rows.or_else(|| max_share.is_none().then_some(0));
    let is_too_many = most.is_some_and(|most| rows > most)
        || max_share.is_some_and(|share| rows as f64 > share * rows_parsed as f64);
    match is_too_many {
        true => Err(Error::WouldFail { rows }),
        false => Ok(()),
    }
}

impl<'a> Object<'a> {
    pub(super) fn new(
        response: &'a UploadResponse,
        run: Run,
        kept: Option<&'a Kept>,
        table: &'a str,
    ) -> Result<Self> {
        let transfer = response.transfer.as_ref();
        let transfer = transfer.ok_or(Error::Answer("transfer"))?;
        let counters = counters(response);
        let saved = kept.and_then(Kept::saved);
        Ok(Self {
            transfer_id: &transfer.transfer_id,
            table,
            commit_mode: json::commit_mode(transfer),
            guarantee: &transfer.guarantee,
            dry_run: run.dry_run,
            replayed: response.replayed,
            bytes_received: counters.bytes_received,
            rows_parsed: counters.rows_parsed,
            rows_staged: counters.rows_staged,
            rows_rejected: counters.rows_rejected,
            rows_committed: counters.rows_committed,
            elapsed_seconds: json::seconds(run.elapsed),
            attempts: run.history.attempts,
            resumed_at: run.history.resumed_at,
            columns: json::matches(&response.columns),
            create_statement: &response.create_statement,
            ignored_lines: response.ignored_lines,
            account: response.account.as_ref().map(account::object),
            rejects_file: saved.map(|saved| saved.file.as_str()),
            rejects_file_is_raw: saved.is_some_and(|saved| saved.is_raw),
            old_file: kept.map(Kept::old_file_words).unwrap_or_default(),
            rejected_rows: rejects::objects(&response.rejected_rows),
            fault_counts: rejects::fault_counts(&response.fault_counts),
            profile: response.profile.as_ref().map(profile::object),
        })
    }

    /// A load for people.
    pub(super) fn summary(&self, response: &UploadResponse) -> String {
        let mut lines = vec![self.loaded(response)];
        if let Some(last) = self.resumed_at.last() {
            let times = i64::try_from(self.resumed_at.len()).unwrap_or_default();
            lines.push(format!(
                "went on {} after an interruption, the last time at {}",
                text::counted(times, "time"),
                text::size(*last)
            ));
        }
        if self.rows_rejected > 0 {
            lines.push(format!("rejected {}:", text::rows(self.rows_rejected)));
            lines.extend(self.rejected(response));
        } else if !self.old_file.is_empty() {
            lines.push(format!("no row was rejected{}", self.old_file));
        }
        lines.extend(self.reading(response));
        lines.extend(matching(&response.columns));
        if !self.create_statement.is_empty() {
            lines.push(format!("created: {}", self.create_statement));
        }
        if let Some(mode) = self.commit_mode {
            lines.push(format!("commit mode {mode}: {}", self.guarantee));
        }
        lines.push(format!("transfer {}", self.transfer_id));
        lines.join("\n")
    }

    /// What this command has loaded, or an earlier one.
    fn loaded(&self, response: &UploadResponse) -> String {
        let rows = text::rows(self.rows_committed);
        if !self.replayed {
            return format!("loaded {rows} into {}{}", self.table, self.speed());
        }
        let time = response.transfer.as_ref().and_then(json::end_time);
        let time = time.map(|time| format!(" at {time}")).unwrap_or_default();
        format!(
            "this file was loaded already{time} by transfer {}: {rows} into {}; nothing was loaded again",
            self.transfer_id, self.table
        )
    }

    /// A dry run for people.
    pub(super) fn report(&self, response: &UploadResponse, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "checked {} for {}{}; nothing was loaded",
            text::rows(self.rows_parsed),
            self.table,
            self.speed()
        )?;
        if self.rows_rejected > 0 {
            writeln!(out, "{} would be rejected:", text::rows(self.rows_rejected))?;
        } else {
            writeln!(out, "every row fits")?;
        }
        let mut lines = self.rejected(response);
        lines.extend(self.reading(response));
        lines.extend(matching(&response.columns));
        if !self.create_statement.is_empty() {
            lines.push(format!("would create: {}", self.create_statement));
        }
        lines.push(format!("transfer {}", self.transfer_id));
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))
    }

    /// ` in 0.42 s (13.5 kB, 32.1 kB/s)`.
    fn speed(&self) -> String {
        let elapsed = Duration::from_secs_f64(self.elapsed_seconds);
        let bytes = u64::try_from(self.bytes_received).unwrap_or_default();
        format!(
            " in {} ({}, {})",
            text::duration(elapsed),
            text::size(bytes),
            text::rate(bytes, elapsed)
        )
    }

    /// The first rejected rows, and where all of them are.
    fn rejected(&self, response: &UploadResponse) -> Vec<String> {
        let mut lines = rejects::list(&response.rejected_rows, self.rows_rejected);
        let listed = i64::try_from(lines.len()).unwrap_or_default();
        lines.extend(rejects::kinds(&response.fault_counts, listed));
        match self.rejects_file {
            Some(file) if self.rejects_file_is_raw => {
                lines.push(format!(
                    "  all of them are in {file}, {}",
                    rejects::RAW_WORDS
                ));
            }
            Some(file) => lines.push(format!("  all of them are in {file}")),
            None if lines.is_empty() => {}
            None => lines.push(format!(
                "  `sluice transfers rejects {}` prints them all",
                self.transfer_id
            )),
        }
        lines
    }

    /// How the file was read, where it is not plain.
    fn reading(&self, response: &UploadResponse) -> Vec<String> {
        let Some(profile) = &response.profile else {
            return Vec::new();
        };
        let mut lines: Vec<_> = profile::reading(profile).into_iter().collect();
        lines.extend(profile::workbook_notes(profile));
        lines.extend(columns(profile, !self.create_statement.is_empty()));
        lines.extend(response.account.iter().flat_map(account::words));
        lines
    }
}

/// What is to be said of single columns; with the notes on their types where these are new.
fn columns(profile: &FileProfile, with_notes: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for column in &profile.columns {
        let mut words = profile::column_words(column);
        if with_notes {
            words.extend(column.notes.iter().map(|note| text::one_line(note)));
        }
        if !words.is_empty() {
            let name = text::one_line(&column.name);
            lines.push(format!("  column {name}: {}", words.join("; ")));
        }
    }
    let rest = lines.len().saturating_sub(MAX_COLUMNS);
    if rest > 0 {
        lines.truncate(MAX_COLUMNS);
        lines.push(format!("  … and {rest} more columns; --json has them all"));
    }
    lines
}

/// Columns and fields that have no partner.
fn matching(columns: &[ColumnMatch]) -> Vec<String> {
    let of = |wanted: &[MatchKind]| {
        let found = columns
            .iter()
            .filter(|found| wanted.contains(&found.kind()));
        found.collect::<Vec<_>>()
    };
    let names = |found: &[&ColumnMatch]| {
        let names = found.iter().map(|found| match found.column.as_str() {
            "" => found.source.clone().unwrap_or_default(),
            column => column.to_owned(),
        });
        text::one_line(&names.collect::<Vec<_>>().join(", "))
    };
    let mut extra = of(&[MatchKind::Extra]);
    extra.retain(|found| !rejects::is_place(found.source()));
    let groups = [
        (
            "not in the file, took their DEFAULT",
            of(&[MatchKind::Default]),
        ),
        ("not in the file, empty", of(&[MatchKind::Missing])),
        ("not in the table, left out", extra),
    ];
    let found = groups.iter().filter(|(_, found)| !found.is_empty());
    found
        .map(|(what, found)| format!("{what}: {}", names(found)))
        .collect()
}
