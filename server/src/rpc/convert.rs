//! Between the contract's messages and the domain's types.
//!
//! Requests are checked here, field by field, before anything else sees them.

mod connection;
mod file;
mod found;

use std::time::{Duration, SystemTime};

use prost::Message as _;
use sluice_proto::v1 as pb;
use tonic::Status;
use uuid::Uuid;

use super::status;
use crate::{
    clickhouse::sql::{CallerQuery, Operator, OrderBy, TableName},
    transfer::{
        ColumnCondition, ColumnMapping, CommitMode, Counts, CreateTable, Error, ExportRequest,
        ExportSource, FileSpec, Filter, InspectRequest, Kind, Phase, RejectPolicy, Snapshot,
        UploadRequest,
    },
};

pub(super) use connection::{connection, grant_purposes, grant_question, missing_grant};
pub(super) use found::{inspect_response, rejected_row, upload_response};

/// The rows that an inspection shows: the default and the most.
const INSPECTED_ROWS: (i32, i32) = (10, 1_000);

/// The most bytes of a file's name that are kept.
const MAX_SOURCE_NAME_BYTES: usize = 1024;

/// Reads a spec. One that an upload is to go on with is the same but for what may differ.
pub(super) fn upload_request(spec: pb::UploadSpec) -> Result<UploadRequest, Status> {
    let start_offset = Some(unsigned("start_offset", spec.start_offset)?);
    let prefix_crc32c = spec.prefix_crc32c;
    let id = transfer_id(&spec.transfer_id)?;
    // What says what is so anyway makes no other spec.
    let identity = pb::UploadSpec {
        transfer_id: id.to_string(),
        dialect: spec
            .dialect
            .clone()
            .filter(|said| *said != pb::Dialect::default()),
        values: spec
            .values
            .clone()
            .filter(|said| *said != pb::ValueOptions::default()),
        rejects: spec
            .rejects
            .filter(|said| *said != pb::RejectPolicy::default()),
        sniff: spec.sniff.filter(|sniff| !sniff),
        start_offset: 0,
        prefix_crc32c: None,
        total_bytes: None,
        source_name: String::new(),
        ..spec.clone()
    };
    let create_table = match (spec.create_table, spec.create_statement) {
        (false, _) => None,
        (true, statement) if statement.is_empty() => Some(CreateTable::Inferred),
        (true, statement) => Some(CreateTable::Statement(statement)),
    };
    let on_cluster = Some(spec.create_on_cluster).filter(|name| !name.is_empty());
    if on_cluster.is_some() && !matches!(create_table, Some(CreateTable::Inferred)) {
        return Err(status::invalid_request(
            "create_on_cluster",
            "it is for create_table without a create_statement, which says ON CLUSTER itself",
        ));
    }
    let finds_types = spec.dry_run && matches!(create_table, Some(CreateTable::Inferred));
    if spec.full_scan && !finds_types {
        return Err(status::invalid_request(
            "full_scan",
            "it goes with dry_run and create_table, and without create_statement",
        ));
    }
    if !spec.renames.is_empty() && !spec.columns.is_empty() {
        return Err(status::invalid_request(
            "renames",
            "`columns` names the field of every column already",
        ));
    }
    Ok(UploadRequest {
        id,
        table: table_name("table", spec.table)?,
        file: FileSpec {
            name: shorten(spec.source_name.clone()),
            ..file::spec(spec.dialect, spec.values, spec.sniff.unwrap_or(true))?
        },
        columns: column_mappings(spec.columns)?,
        ignore_extra_fields: spec.ignore_extra_fields,
        default_missing_columns: spec.default_missing_columns,
        renames: column_mappings(spec.renames)?,
        create_table,
        on_cluster,
        rejects: reject_policy(spec.rejects.unwrap_or_default())?,
        dry_run: spec.dry_run,
        full_scan: spec.full_scan,
        commit_mode: commit_mode(spec.commit_mode)?,
        allow_empty: spec.allow_empty,
        total_bytes: spec
            .total_bytes
            .map(|bytes| unsigned("total_bytes", bytes))
            .transpose()?,
        source_name: shorten(spec.source_name),
        owner: String::new(),
        spec: identity.encode_to_vec(),
        start_offset,
        prefix_crc32c,
    })
}

pub(super) fn inspect_request(request: pb::InspectFileRequest) -> Result<InspectRequest, Status> {
    let table = request
        .table
        .filter(|table| *table != pb::TableRef::default());
    Ok(InspectRequest {
        sample: request.sample,
        complete: request.complete,
        file: FileSpec {
            name: shorten(request.source_name),
            ..file::spec(request.dialect, request.values, true)?
        },
        table: table
            .map(|table| table_name("table", Some(table)))
            .transpose()?,
        columns: column_mappings(request.columns)?,
        row_count: size("row_count", request.row_count, INSPECTED_ROWS)?,
    })
}

pub(super) fn export_request(request: pb::ExportRequest) -> Result<ExportRequest, Status> {
    use pb::export_request::Source;
    let source = match request.source {
        Some(Source::Table(table)) => table_source(table)?,
        Some(Source::Query(query)) => ExportSource::Query(
            CallerQuery::new(&query).map_err(|error| status::status(&Error::from(error)))?,
        ),
        None => return Err(status::invalid_request("source", "name a table or a query")),
    };
    let dialect = request.dialect.unwrap_or_default();
    let style = request.style.unwrap_or_default();
    Ok(ExportRequest {
        id: transfer_id(&request.transfer_id)?,
        source,
        packing: file::packing(&dialect, &style)?,
        encoding: file::export_encoding(&dialect)?,
        form: file::export_form(&dialect, style)?,
        owner: String::new(),
    })
}

/// Reads which transfers to list.
pub(super) fn filter(request: pb::ListTransfersRequest) -> Result<Filter, Status> {
    let phase = |state: i32| match pb::TransferState::try_from(state) {
        Ok(pb::TransferState::Running) => Ok(Phase::Running),
        Ok(pb::TransferState::Committing) => Ok(Phase::Committing),
        Ok(pb::TransferState::Succeeded) => Ok(Phase::Succeeded),
        Ok(pb::TransferState::Failed) => Ok(Phase::Failed),
        Ok(pb::TransferState::Cancelled) => Ok(Phase::Cancelled),
        Ok(pb::TransferState::Interrupted) => Ok(Phase::Interrupted),
        Ok(pb::TransferState::Unspecified) | Err(_) => Err(status::invalid_request(
            "states",
            format!("{state} is no state"),
        )),
    };
    let kind = match pb::TransferKind::try_from(request.kind) {
        Ok(pb::TransferKind::Unspecified) => None,
        Ok(pb::TransferKind::Upload) => Some(Kind::Upload),
        Ok(pb::TransferKind::Export) => Some(Kind::Export),
        Err(unknown) => return Err(status::invalid_request("kind", unknown.to_string())),
    };
    let table = request
        .table
        .filter(|table| *table != pb::TableRef::default());
    Ok(Filter {
        phases: request
            .states
            .into_iter()
            .map(phase)
            .collect::<Result<_, _>>()?,
        kind,
        table: table
            .map(|table| table_name("table", Some(table)))
            .transpose()?,
        owner: Some(request.owner).filter(|owner| !owner.is_empty()),
        connection: None,
    })
}

fn column_mappings(mappings: Vec<pb::ColumnMapping>) -> Result<Vec<ColumnMapping>, Status> {
    mappings.into_iter().map(column_mapping).collect()
}

fn reject_policy(policy: pb::RejectPolicy) -> Result<RejectPolicy, Status> {
    let max_rows = policy.max_rows;
    let share = policy
        .max_share
        .filter(|share| !(0.0..=1.0).contains(share));
    if let Some(share) = share {
        let description = format!("must be 0 to 1, and is {share}");
        return Err(status::invalid_request("rejects.max_share", description));
    }
    Ok(RejectPolicy {
        max_rows: max_rows
            .map(|rows| unsigned("rejects.max_rows", rows))
            .transpose()?,
        max_share: policy.max_share,
    })
}

pub(super) fn table_name(field: &str, table: Option<pb::TableRef>) -> Result<TableName, Status> {
    match table {
        Some(pb::TableRef { database, table }) if !table.is_empty() => {
            Ok(TableName { database, table })
        }
        _ => Err(status::invalid_request(
            &format!("{field}.table"),
            "name a table",
        )),
    }
}

pub(super) fn table_ref(name: &TableName) -> pb::TableRef {
    pb::TableRef {
        database: name.database.clone(),
        table: name.table.clone(),
    }
}

pub(super) fn uuid(field: &str, text: &str) -> Result<Uuid, Status> {
    let id = Uuid::try_parse(text);
    id.map_err(|_| status::invalid_request(field, format!("`{text}` is not a UUID")))
}

/// Reads a number of things to return: 0 is the default, anything outside of 1 and the most is refused.
pub(super) fn size(field: &str, size: i32, (default, most): (i32, i32)) -> Result<usize, Status> {
    let size = if size == 0 { default } else { size };
    let allowed = Some(size).filter(|size| (1..=most).contains(size));
    allowed
        .and_then(|size| usize::try_from(size).ok())
        .ok_or_else(|| {
            status::invalid_request(field, format!("must be 1 to {most}, and is {size}"))
        })
}

pub(super) fn duration(
    field: &str,
    duration: prost_types::Duration,
    (least, most): (Duration, Duration),
) -> Result<Duration, Status> {
    let duration = Duration::try_from(duration).ok();
    duration
        .filter(|duration| (least..=most).contains(duration))
        .ok_or_else(|| status::invalid_request(field, format!("must be {least:?} to {most:?}")))
}

/// A count as the contract carries it.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn transfer(transfer: Snapshot) -> pb::Transfer {
    let commit = transfer.commit;
    let mode = commit.as_ref().map(|commit| pb_commit_mode(commit.mode));
    pb::Transfer {
        transfer_id: transfer.id.to_string(),
        kind: kind(transfer.kind).into(),
        state: transfer_state(transfer.phase).into(),
        table: transfer.table.as_ref().map(table_ref),
        counters: Some(counters(transfer.counts)),
        total_bytes: transfer.total_bytes.map(signed),
        total_rows: transfer.total_rows.map(signed),
        commit_mode: mode.unwrap_or_default().into(),
        guarantee: commit.map(|commit| commit.guarantee).unwrap_or_default(),
        start_time: Some(timestamp(transfer.started_at)),
        elapsed: prost_types::Duration::try_from(transfer.elapsed).ok(),
        error: transfer.error.as_deref().map(status::transfer_error),
        source_name: transfer.source_name,
        committed_offset: signed(transfer.committed_offset),
        durable_offset: signed(transfer.durable_offset),
        resumable: transfer.is_resumable,
        owner: transfer.owner,
        dry_run: transfer.is_dry_run,
    }
}

fn transfer_id(text: &str) -> Result<Uuid, Status> {
    if text.is_empty() {
        Ok(Uuid::now_v7())
    } else {
        uuid("transfer_id", text)
    }
}

fn column_mapping(mapping: pb::ColumnMapping) -> Result<ColumnMapping, Status> {
    if mapping.column.is_empty() {
        return Err(status::invalid_request("columns.column", "name a column"));
    }
    let source = Some(mapping.source).filter(|source| !source.is_empty());
    Ok(ColumnMapping {
        column: mapping.column,
        source,
    })
}

fn commit_mode(mode: i32) -> Result<CommitMode, Status> {
    match pb::CommitMode::try_from(mode) {
        Ok(pb::CommitMode::Unspecified) => Ok(CommitMode::Auto),
        Ok(pb::CommitMode::Atomic) => Ok(CommitMode::Atomic),
        Ok(pb::CommitMode::Blocks) => Ok(CommitMode::Blocks),
        Ok(pb::CommitMode::Replace) => Ok(CommitMode::Replace),
        Ok(pb::CommitMode::Direct) => Ok(CommitMode::Direct),
        Err(unknown) => Err(status::invalid_request("commit_mode", unknown.to_string())),
    }
}

fn table_source(source: pb::TableSource) -> Result<ExportSource, Status> {
    let order_by = source.order_by.into_iter();
    Ok(ExportSource::Table {
        table: table_name("table.table", source.table)?,
        columns: source.columns,
        conditions: source
            .r#where
            .into_iter()
            .map(condition)
            .collect::<Result<_, _>>()?,
        order_by: order_by
            .map(|order| OrderBy {
                column: order.column,
                descending: order.descending,
            })
            .collect(),
        limit: source
            .limit
            .map(|limit| unsigned("table.limit", limit))
            .transpose()?,
    })
}

fn condition(condition: pb::Condition) -> Result<ColumnCondition, Status> {
    let operator = match condition.operator() {
        pb::Operator::Unspecified => {
            return Err(status::invalid_request(
                "table.where.operator",
                "name an operator",
            ));
        }
        pb::Operator::Equal => Operator::Equal,
        pb::Operator::NotEqual => Operator::NotEqual,
        pb::Operator::Less => Operator::Less,
        pb::Operator::LessOrEqual => Operator::LessOrEqual,
        pb::Operator::Greater => Operator::Greater,
        pb::Operator::GreaterOrEqual => Operator::GreaterOrEqual,
        pb::Operator::Like => Operator::Like,
        pb::Operator::NotLike => Operator::NotLike,
        pb::Operator::In => Operator::In,
        pb::Operator::NotIn => Operator::NotIn,
        pb::Operator::IsNull => Operator::IsNull,
        pb::Operator::IsNotNull => Operator::IsNotNull,
        pb::Operator::Between => Operator::Between,
        pb::Operator::NotBetween => Operator::NotBetween,
        pb::Operator::Ilike => Operator::Ilike,
        pb::Operator::NotIlike => Operator::NotIlike,
    };
    let alternative = |alternative: pb::Condition| match alternative.alternatives.as_slice() {
        [] => self::condition(alternative),
        _ => Err(status::invalid_request(
            "table.where.alternatives.alternatives",
            "an alternative has no alternatives; name all of them in one list",
        )),
    };
    let alternatives = condition.alternatives.into_iter().map(alternative);
    Ok(ColumnCondition {
        column: condition.column,
        operator,
        values: condition.values,
        alternatives: alternatives.collect::<Result<_, _>>()?,
    })
}

pub(super) fn unsigned(field: &str, value: i64) -> Result<u64, Status> {
    let description = || format!("must not be negative, and is {value}");
    u64::try_from(value).map_err(|_| status::invalid_request(field, description()))
}

fn shorten(mut text: String) -> String {
    let end = text.floor_char_boundary(MAX_SOURCE_NAME_BYTES);
    text.truncate(end);
    text
}

fn kind(kind: Kind) -> pb::TransferKind {
    match kind {
        Kind::Upload => pb::TransferKind::Upload,
        Kind::Export => pb::TransferKind::Export,
    }
}

const fn pb_commit_mode(mode: CommitMode) -> pb::CommitMode {
    match mode {
        CommitMode::Auto => pb::CommitMode::Unspecified,
        CommitMode::Atomic => pb::CommitMode::Atomic,
        CommitMode::Blocks => pb::CommitMode::Blocks,
        CommitMode::Replace => pb::CommitMode::Replace,
        CommitMode::Direct => pb::CommitMode::Direct,
    }
}

const fn transfer_state(phase: Phase) -> pb::TransferState {
    match phase {
        Phase::Running => pb::TransferState::Running,
        Phase::Committing => pb::TransferState::Committing,
        Phase::Succeeded => pb::TransferState::Succeeded,
        Phase::Failed => pb::TransferState::Failed,
        Phase::Cancelled => pb::TransferState::Cancelled,
        Phase::Interrupted => pb::TransferState::Interrupted,
    }
}

pub(super) fn counters(counts: Counts) -> pb::Counters {
    pb::Counters {
        bytes_received: signed(counts.bytes_received),
        rows_parsed: signed(counts.rows_parsed),
        rows_staged: signed(counts.rows_staged),
        rows_committed: signed(counts.rows_committed),
        rows_rejected: signed(counts.rows_rejected),
        rows_exported: signed(counts.rows_exported),
        bytes_sent: signed(counts.bytes_sent),
    }
}

fn timestamp(time: SystemTime) -> prost_types::Timestamp {
    time.into()
}
