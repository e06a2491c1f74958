//! Uploads and inspections, resolved: the flags as specs of the contract.
//!
//! Called by [`Settings::resolve`](super::Settings::resolve). It must never open a file: the CREATE
//! TABLE of a file is read by `command::upload`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sluice_proto::v1::{
    CheckConnectionRequest, ColumnMapping, CommitMode, InspectFileRequest, RejectPolicy, TableRef,
    UploadSpec,
};

use super::{
    Endpoint,
    names::Mappings,
    reading, transfer_id,
    value::{FullScan, Limit},
};
use crate::{
    cli::{self, InspectArgs, PingArgs, UploadArgs},
    error::{Error, Result},
};

/// An upload.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Where the bytes come from.
    pub(crate) input: Endpoint,
    /// What to load, and how; its size is filled in when the file is open.
    pub(crate) spec: UploadSpec,
    /// The table.
    pub(crate) table: TableRef,
    /// When the whole file is read for the types before it is loaded.
    pub(crate) full_scan: FullScan,
    /// The file with the CREATE TABLE to run.
    pub(crate) create_statement: Option<PathBuf>,
    /// The file that rejected rows are written to.
    pub(crate) rejects: Option<PathBuf>,
    /// Whether the upload is one that was interrupted.
    pub(crate) resume: bool,
    /// How long to try again without getting anywhere.
    pub(crate) retry_time: Duration,
}

/// A look at the beginning of a file.
#[derive(Debug)]
pub(crate) struct Inspect {
    /// Where the bytes come from.
    pub(crate) input: Endpoint,
    /// What is known of the file; its bytes are filled in when they are read.
    pub(crate) request: InspectFileRequest,
    /// The most bytes to look at.
    pub(crate) sample_bytes: usize,
    /// Whether to print the CREATE TABLE and nothing else.
    pub(crate) statement_only: bool,
}

/// The one file of a command. Fails with [`Error::Usage`] for several, and for the address of one.
fn only_file(files: Vec<PathBuf>, command: &str, flags: &str) -> Result<PathBuf> {
    let count = files.len();
    let mut files = files.into_iter();
    let (Some(file), None) = (files.next(), files.next()) else {
        return Err(Error::Usage(format!(
            "{command} takes one file, and {count} were given; one after the other: \
             for f in FILES; do sluice {command} \"$f\"{flags}; done"
        )));
    };
    let text = file.to_string_lossy();
    let is_url = ["http://", "https://", "ftp://", "s3://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if is_url {
        return Err(Error::Usage(format!(
            "addresses are not read, files and standard input are: curl -fsS {text} | sluice {command} -{flags}"
        )));
    }
    drop(text);
    Ok(file)
}

/// Resolves the flags of `upload`. Fails with [`Error::Usage`].
pub(super) fn upload(args: UploadArgs) -> Result<Upload> {
    let file = only_file(args.files, "upload", " --table T")?;
    let input = Endpoint::from(file.clone());
    let full_scan = args.create.full_scan.unwrap_or_default();
    if full_scan == FullScan::Always && input == Endpoint::Standard {
        return Err(Error::Usage(
            "--full-scan reads the file twice, and standard input can be read once".to_owned(),
        ));
    }
    if args.again.resume.is_some() && input == Endpoint::Standard {
        return Err(Error::Usage(
            "--resume goes on in the middle of a file, and standard input can be read once"
                .to_owned(),
        ));
    }
    if args.rejects.rejects.as_deref() == Some(Path::new("-")) {
        let text = "--rejects takes a file; `sluice transfers rejects ID` prints the rows";
        return Err(Error::Usage(text.to_owned()));
    }
    let commit_mode = commit_mode(args.commit);
    if args.allow_empty && commit_mode != CommitMode::Replace {
        let text = "--allow-empty goes with --commit replace: no other mode takes rows away";
        return Err(Error::Usage(text.to_owned()));
    }
    let source_name = source_name(&file);
    Ok(Upload {
        input,
        table: args.table.clone(),
        full_scan,
        create_statement: args.create.create_statement,
        rejects: args.rejects.rejects,
        resume: args.again.resume.is_some(),
        retry_time: args.again.retry_time,
        spec: UploadSpec {
            transfer_id: transfer_id(args.again.resume.or(args.again.transfer_id)),
            table: Some(args.table),
            dialect: Some(reading::dialect(args.dialect)?),
            columns: mappings(args.columns),
            create_table: args.create.create,
            commit_mode: commit_mode.into(),
            allow_empty: args.allow_empty,
            total_bytes: None,
            source_name,
            values: Some(reading::values(args.values)?),
            rejects: args.rejects.max_rejects.map(policy),
            dry_run: args.dry_run,
            full_scan: false,
            sniff: args.no_sniff.then_some(false),
            create_statement: String::new(),
            create_on_cluster: args.create.cluster.unwrap_or_default(),
            ignore_extra_fields: args.ignore_extra,
            default_missing_columns: args.missing == cli::Missing::Default,
            renames: mappings(args.rename),
            start_offset: 0,
            prefix_crc32c: None,
        },
    })
}

/// Resolves the flags of `inspect`. Fails with [`Error::Usage`].
pub(super) fn inspect(args: InspectArgs) -> Result<Inspect> {
    let file = only_file(args.files, "inspect", "")?;
    let source_name = source_name(&file);
    Ok(Inspect {
        input: file.into(),
        sample_bytes: args.sample_bytes,
        statement_only: args.create_statement,
        request: InspectFileRequest {
            dialect: Some(reading::dialect(args.dialect)?),
            table: args.table,
            values: Some(reading::values(args.values)?),
            columns: mappings(args.columns),
            row_count: args.rows,
            source_name,
            ..InspectFileRequest::default()
        },
    })
}

/// The name of a file; that of standard input is `-`.
fn source_name(file: &Path) -> String {
    match file.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => "-".to_owned(),
    }
}

fn mappings(columns: Option<Mappings>) -> Vec<ColumnMapping> {
    columns.map(|columns| columns.0).unwrap_or_default()
}

fn policy(limit: Limit) -> RejectPolicy {
    match limit {
        Limit::Rows(rows) => RejectPolicy {
            max_rows: Some(rows),
            max_share: None,
        },
        Limit::Share(share) => RejectPolicy {
            max_rows: None,
            max_share: Some(share),
        },
    }
}

/// The question for the grants of an upload.
pub(super) fn ping(args: PingArgs) -> CheckConnectionRequest {
    CheckConnectionRequest {
        table: args.table,
        commit_mode: commit_mode(args.commit).into(),
        create_table: args.create,
    }
}

fn commit_mode(word: cli::Commit) -> CommitMode {
    match word {
        cli::Commit::Auto => CommitMode::Unspecified,
        cli::Commit::Direct => CommitMode::Direct,
        cli::Commit::Atomic => CommitMode::Atomic,
        cli::Commit::Blocks => CommitMode::Blocks,
        cli::Commit::Replace => CommitMode::Replace,
    }
}
