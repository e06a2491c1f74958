//! `sluice upload`: one file into one table.
//!
//! Joins the file (`source`), the call and the file of rejected rows (`rejects`). It must never
//! report success without the server's response, nor keep from the user which rows are not in the
//! table.

mod account;
mod attempts;
mod decide;
mod given_up;
pub(super) mod scan;
mod send;
mod summary;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use sluice_proto::v1::{UploadResponse, UploadSpec};

pub(super) use self::attempts::Attempts;
use self::{attempts::History, scan::settle, summary::Object};
use crate::{
    command::unless,
    connect::{Connection, Server},
    error::{Error, Result, connection_broke},
    output::Output,
    rejects::{Kept, RejectsFile},
    settings::{Endpoint, Upload, names::show_table, value::FullScan},
    signal::Interrupt,
    source::Source,
};

/// Loads the file and prints what came of it.
pub(super) async fn run(
    upload: Upload,
    server: &Server,
    output: Output,
    interrupt: &mut Interrupt,
) -> Result<()> {
    let start = Instant::now();
    let table = show_table(&upload.table);
    let Job {
        mut spec,
        source,
        first_pass,
        rejects,
        resume,
        retry_time,
    } = Job::open(upload)?;
    let mut connection = unless(interrupt, Connection::open(server)).await?;
    let mut profile = None;
    if let Some(FirstPass { source, is_asked }) = first_pass {
        let question = scan::question(&spec);
        let mut pass = Attempts::new(server, connection, source, question, retry_time);
        match pass.run(output, interrupt).await {
            Ok(mut found) => {
                profile = found.profile.take();
                spec = settle(spec, found.create_statement, profile.as_ref())?;
            }
            // The upload meets it too, under its own id and by its own rules.
            Err(error) if !is_asked && is_of_server(&error) => {}
            Err(error) => return Err(error),
        }
        (connection, _) = pass.into_parts();
    }

    let dry_run = spec.dry_run;
    let policy = spec.rejects;
    let mut attempts = Attempts::new(server, connection, source, spec, retry_time);
    attempts = attempts.resuming(resume);
    let outcome = attempts.run(output, interrupt).await;
    let transfer_id = attempts.transfer_id().to_owned();
    let (connection, history) = attempts.into_parts();
    let keep = Keep {
        connection: &connection,
        transfer_id: &transfer_id,
        rejects,
    };
    let (mut response, kept) = keep.conclude(outcome, interrupt).await?;
    // The first pass has seen more than the beginning.
    response.profile = profile.or(response.profile);
    let run = Run {
        dry_run,
        history,
        elapsed: start.elapsed(),
    };
    let object = Object::new(&response, run, kept.as_ref(), &table)?;
    if object.dry_run {
        output.data(&object, |out| object.report(&response, out))?;
        return summary::would_succeed(&response, policy);
    }
    output.summary(&object, &object.summary(&response))
}

/// What is known of an upload on this side.
#[derive(Debug)]
struct Run {
    dry_run: bool,
    history: History,
    elapsed: Duration,
}

/// The file once more, to find the types in all of it.
struct FirstPass {
    source: Source,
    /// Whether the caller wants it; else it is done where it is cheap.
    is_asked: bool,
}

/// An upload with everything open that it needs.
struct Job {
    spec: UploadSpec,
    source: Source,
    first_pass: Option<FirstPass>,
    rejects: Option<RejectsFile>,
    resume: bool,
    retry_time: Duration,
}

impl Job {
    fn open(upload: Upload) -> Result<Self> {
        let mut spec = upload.spec;
        if let Some(path) = &upload.create_statement {
            spec.create_statement = read_statement(path)?;
        }
        let source = Source::open(&upload.input)?;
        let total_bytes = source.total_bytes();
        spec.total_bytes = total_bytes.and_then(|bytes| i64::try_from(bytes).ok());
        let is_asked = upload.full_scan == FullScan::Always;
        let may_look = is_asked || spec.sniff != Some(false);
        let finds_types = spec.create_table && spec.create_statement.is_empty() && may_look;
        let first_pass = if finds_types && scan::is_due(upload.full_scan, &source) {
            Some(FirstPass {
                source: source.reopen(&upload.input)?,
                is_asked,
            })
        } else {
            None
        };
        let input = match &upload.input {
            Endpoint::Path(path) => Some(path.as_path()),
            Endpoint::Standard => None,
        };
        let rejects = upload.rejects.as_deref();
        let rejects = rejects.map(|path| RejectsFile::open(path, input));
        Ok(Self {
            spec,
            source,
            first_pass,
            rejects: rejects.transpose()?,
            resume: upload.resume,
            retry_time: upload.retry_time,
        })
    }
}

/// The statement of a file, without the semicolon at its end.
fn read_statement(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let ends = |next: char| next == ';' || next.is_whitespace();
            Ok(text.trim_end_matches(ends).to_owned())
        }
        Err(source) => Err(Error::Source {
            name: path.display().to_string(),
            bytes: 0,
            source,
        }),
    }
}

/// Whether the server has ended the upload, and knows of its rows.
pub(super) fn is_of_server(error: &Error) -> bool {
    match error {
        Error::Call(status) => !connection_broke(status),
        error => matches!(error, Error::Transfer { .. } | Error::Ended(_)),
    }
}

/// Keeps the rejected rows of an upload that has ended, well or not.
struct Keep<'a> {
    connection: &'a Connection,
    transfer_id: &'a str,
    rejects: Option<RejectsFile>,
}

impl Keep<'_> {
    async fn conclude(
        self,
        outcome: Result<UploadResponse>,
        interrupt: &mut Interrupt,
    ) -> Result<(UploadResponse, Option<Kept>)> {
        let transfer_id = self.transfer_id.to_owned();
        match outcome {
            Ok(response) => {
                let rows_rejected = summary::counters(&response).rows_rejected;
                match unless(interrupt, self.fill(rows_rejected)).await {
                    Ok(kept) => Ok((response, kept)),
                    Err(cause) => Err(Error::Unsaved {
                        transfer_id,
                        rows_committed: summary::counters(&response).rows_committed,
                        cause: Box::new(cause),
                    }),
                }
            }
            Err(error) if is_of_server(&error) => {
                // What the server says comes first, whatever becomes of the file.
                let kept = unless(interrupt, self.fill(0)).await.ok().flatten();
                Err(Error::Upload {
                    transfer_id,
                    cause: Box::new(error),
                    saved: kept.and_then(Kept::into_saved),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the rejected rows, of which there are so many as far as that is known.
    async fn fill(self, expected: i64) -> Result<Option<Kept>> {
        match self.rejects {
            Some(file) => {
                let filled = file.fill(self.connection, self.transfer_id, expected);
                filled.await.map(Some)
            }
            None => Ok(None),
        }
    }
}
