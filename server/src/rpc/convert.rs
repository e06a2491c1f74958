//! Between the contract's messages and the domain's types.
//!
//! Requests are checked here, field by field, before anything else sees them.

use std::time::{Duration, SystemTime};

use sluice_proto::v1 as pb;
use tonic::Status;
use uuid::Uuid;

use super::status;
use crate::{
    clickhouse::sql::{Operator, OrderBy, SelectQuery, TableName},
    csv::Dialect,
    transfer::{
        ColumnCondition, ColumnMapping, ColumnMatch, CommitMode, Counts, Error, ExportRequest,
        ExportSource, Kind, State, Transfer, UploadRequest, upload::UploadOutcome,
    },
};

/// The most bytes of a file's name that are kept.
const MAX_SOURCE_NAME_BYTES: usize = 1024;

pub(super) fn upload_request(spec: pb::UploadSpec) -> Result<UploadRequest, Status> {
    Ok(UploadRequest {
        id: transfer_id(&spec.transfer_id)?,
        table: table_name("table", spec.table)?,
        dialect: dialect(spec.dialect.unwrap_or_default())?,
        columns: spec
            .columns
            .into_iter()
            .map(column_mapping)
            .collect::<Result<_, _>>()?,
        create_table: spec.create_table,
        commit_mode: commit_mode(spec.commit_mode)?,
        total_bytes: spec
            .total_bytes
            .map(|bytes| unsigned("total_bytes", bytes))
            .transpose()?,
        source_name: shorten(spec.source_name),
    })
}

pub(super) fn export_request(request: pb::ExportRequest) -> Result<ExportRequest, Status> {
    use pb::export_request::Source;
    let source = match request.source {
        Some(Source::Table(table)) => table_source(table)?,
        Some(Source::Query(query)) => ExportSource::Query(
            SelectQuery::new(&query).map_err(|error| status::status(&Error::from(error)))?,
        ),
        None => return Err(status::invalid_request("source", "name a table or a query")),
    };
    Ok(ExportRequest {
        id: transfer_id(&request.transfer_id)?,
        source,
        dialect: dialect(request.dialect.unwrap_or_default())?,
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

pub(super) fn transfer(transfer: &Transfer) -> pb::Transfer {
    let description = transfer.description();
    let upload = description.kind == Kind::Upload;
    let state = transfer.state();
    let commit_mode = if upload {
        pb::CommitMode::Direct
    } else {
        pb::CommitMode::Unspecified
    };
    pb::Transfer {
        transfer_id: description.id.to_string(),
        kind: kind(description.kind).into(),
        state: transfer_state(&state).into(),
        table: description.table.as_ref().map(table_ref),
        counters: Some(counters(transfer.counters().read())),
        total_bytes: description.total_bytes.map(signed),
        total_rows: transfer.total_rows().map(signed),
        commit_mode: commit_mode.into(),
        guarantee: if upload {
            CommitMode::DIRECT_GUARANTEE.to_owned()
        } else {
            String::new()
        },
        start_time: Some(timestamp(transfer.started_at())),
        elapsed: prost_types::Duration::try_from(transfer.elapsed()).ok(),
        error: match &state {
            State::Failed(error) => Some(status::transfer_error(error)),
            State::Running | State::Succeeded => None,
        },
        source_name: description.source_name.clone(),
    }
}

pub(super) fn upload_response(upload: &Transfer, outcome: UploadOutcome) -> pb::UploadResponse {
    pb::UploadResponse {
        transfer: Some(transfer(upload)),
        columns: outcome.columns.into_iter().map(column_match).collect(),
        create_statement: outcome.create_statement.unwrap_or_default(),
    }
}

fn column_match(matched: ColumnMatch) -> pb::ColumnMatch {
    let ColumnMatch {
        column,
        data_type,
        source,
    } = matched;
    pb::ColumnMatch {
        column,
        r#type: data_type,
        source,
    }
}

fn transfer_id(text: &str) -> Result<Uuid, Status> {
    if text.is_empty() {
        Ok(Uuid::now_v7())
    } else {
        uuid("transfer_id", text)
    }
}

fn dialect(dialect: pb::Dialect) -> Result<Dialect, Status> {
    let format = pb::Format::try_from(dialect.format);
    let base = match format {
        Ok(pb::Format::Unspecified | pb::Format::Csv) => Dialect::csv(),
        Ok(pb::Format::Tsv) => Dialect::tsv(),
        Err(unknown) => {
            let value = dialect.format.to_string();
            return Err(status::invalid_dialect(
                "format",
                &value,
                unknown.to_string(),
            ));
        }
    };
    let mut result = base.with_header(dialect.header.unwrap_or(true));
    // The quote first: a delimiter may take the place of a quote that is not used.
    if let Some(text) = dialect.quote {
        let quote = if text.is_empty() {
            None
        } else {
            Some(one_byte("quote", &text)?)
        };
        let changed = result.with_quote(quote);
        result =
            changed.map_err(|error| status::invalid_dialect("quote", &text, error.to_string()))?;
    }
    if let Some(text) = dialect.delimiter {
        let changed = result.with_delimiter(one_byte("delimiter", &text)?);
        result = changed
            .map_err(|error| status::invalid_dialect("delimiter", &text, error.to_string()))?;
    }
    Ok(result)
}

fn one_byte(field: &str, text: &str) -> Result<u8, Status> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ => Err(status::invalid_dialect(
            field,
            text,
            "must be exactly one ASCII character",
        )),
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
    };
    Ok(ColumnCondition {
        column: condition.column,
        operator,
        values: condition.values,
    })
}

fn unsigned(field: &str, value: i64) -> Result<u64, Status> {
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

fn transfer_state(state: &State) -> pb::TransferState {
    match state {
        State::Running => pb::TransferState::Running,
        State::Succeeded => pb::TransferState::Succeeded,
        State::Failed(error) => match **error {
            Error::Cancelled => pb::TransferState::Cancelled,
            _ => pb::TransferState::Failed,
        },
    }
}

fn counters(counts: Counts) -> pb::Counters {
    pb::Counters {
        bytes_received: signed(counts.bytes_received),
        rows_parsed: signed(counts.rows_parsed),
        rows_staged: signed(counts.rows_staged),
        rows_committed: signed(counts.rows_committed),
        rows_rejected: 0,
        rows_exported: signed(counts.rows_exported),
        bytes_sent: signed(counts.bytes_sent),
    }
}

fn timestamp(time: SystemTime) -> prost_types::Timestamp {
    time.into()
}
