//! A look at the beginning of a file: how it would be read, and how it fits a table.
//!
//! `rpc` calls it. It must never write anything anywhere.

pub(super) mod preview;

use super::{
    ColumnMatch, Error, InspectRequest, Result, Transfers,
    plan::{Matching, Plan},
    profile::Profile,
    rejects::Rejects,
    typer::{Reading, Typer},
    upload::head::{Feed, Head},
};
use crate::{
    catalog::{self, Table},
    clickhouse::sql::TableName,
    column::{DataType, Limits, zone::Zones},
    journal::RejectedRow,
};

/// The table that the statement names where the caller names none.
const UNNAMED_TABLE: &str = "data";

/// What was seen.
#[derive(Debug)]
pub struct Inspection {
    /// How the file is read.
    pub profile: Profile,
    /// The first rows as text; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// The CREATE TABLE for its columns; empty when it has none.
    pub create_statement: String,
    /// Why the sorting key was chosen.
    pub key_reason: String,
    /// How the file fits the table, where one was named.
    pub trial: Option<Trial>,
}

/// How a sample fits a table.
#[derive(Debug, Default)]
pub struct Trial {
    /// Every column of the table and every field of the file.
    pub matches: Vec<ColumnMatch>,
    /// The records that were tried.
    pub rows_tried: u64,
    /// Those that would be rejected.
    pub rows_rejected: u64,
    /// The first of them.
    pub rejected: Vec<RejectedRow>,
    /// Why nothing can be loaded at all.
    pub error: Option<Error>,
}

impl Transfers {
    /// Looks at the beginning of a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read at all, or ClickHouse cannot be asked for the table.
    pub async fn inspect(&self, request: InspectRequest) -> Result<Inspection> {
        let inner = &self.inner;
        inner.wait_ready().await?;
        let (table, missing) = match &request.table {
            Some(name) => match inner.catalog().table(name).await {
                Ok(table) => (Some(table), None),
                // It may be the one that is to be created.
                Err(
                    error @ (catalog::Error::TableNotFound { .. } | catalog::Error::Hidden { .. }),
                ) => (None, Some(error)),
                Err(error) => return Err(error.into()),
            },
            None => (None, None),
        };
        let feed = Feed::Sample {
            bytes: Some(request.sample.clone()),
            is_complete: request.complete,
        };
        let mut head =
            Head::read(inner, &inner.config, &request.file, table.as_ref(), feed).await?;
        head.records.check_closed()?;
        if head.is_empty() {
            return Err(Error::EmptyFile);
        }
        let mut types: Vec<_> = head
            .profile
            .columns
            .iter()
            .map(|column| column.inferred.data_type.clone())
            .collect();
        for column in table.iter().flat_map(|table| &table.columns) {
            // A type that cannot be read is said where it is used.
            types.extend(DataType::parse(&column.type_text).ok());
        }
        let zones = inner.zones(&types).await?;
        let new_table = head.new_table(&head.profile.columns, &request.columns)?;
        let name = request.table.clone();
        let name = name.unwrap_or_else(|| TableName::new("", UNNAMED_TABLE));
        let create_statement = if new_table.columns.is_empty() {
            String::new()
        } else {
            let statement = inner.catalog().create_statement(&name, &new_table);
            statement.await?
        };
        Ok(Inspection {
            rows: preview::rows(&head, &request, &zones)?,
            create_statement,
            key_reason: new_table.key_reason,
            trial: match (table, missing) {
                (Some(table), _) => Some(try_table(&mut head, &request, &table, &zones)),
                (None, missing) => missing.map(|error| Trial {
                    error: Some(error.into()),
                    ..Trial::default()
                }),
            },
            profile: head.profile,
        })
    }
}

/// Types the sample for a table; whatever goes wrong is part of the answer.
fn try_table(head: &mut Head, request: &InspectRequest, table: &Table, zones: &Zones) -> Trial {
    let matching = |is_lenient| Matching {
        mappings: &request.columns,
        renames: &[],
        ignore_extra: is_lenient,
        default_missing: is_lenient,
        empty_as_default: request.file.values.empty_as_default,
    };
    if let Err(error) = head.meet(table, &request.file, matching(false), false) {
        return Trial {
            error: Some(error),
            ..Trial::default()
        };
    }
    // A surplus field, or a column without one, refuses an upload; what would become of the others is shown all the
    // same.
    let refusal = head.plan(table, matching(false)).err();
    let plan = match head.plan(table, matching(true)) {
        Ok(plan) => plan,
        Err(error) => {
            return Trial {
                error: Some(refusal.unwrap_or(error)),
                ..Trial::default()
            };
        }
    };
    let mut rejects = Rejects::new((uuid::Uuid::nil(), 0), None, 0);
    let tried = plan
        .check_columns(table, &request.file.values)
        .and_then(|()| try_records(head, request, &plan, zones, &mut rejects));
    let (rows_tried, error) = match tried {
        Ok(rows) => (rows, refusal),
        Err(error) => (0, Some(error)),
    };
    Trial {
        matches: plan.matches,
        rows_tried,
        rows_rejected: rejects.count(),
        rejected: rejects.shown().to_vec(),
        error,
    }
}

fn try_records(
    head: &Head,
    request: &InspectRequest,
    plan: &Plan,
    zones: &Zones,
    rejects: &mut Rejects,
) -> Result<u64> {
    let mut typer = Typer::new(plan, reading(head, request, zones))?;
    let mut tried = 0;
    for (batch, _) in &head.first_batches {
        let faults = typer.append(batch)?;
        rejects.add(batch, faults, tried)?;
        tried += batch.len() as u64;
    }
    Ok(tried)
}

fn reading<'a>(head: &'a Head, request: &'a InspectRequest, zones: &'a Zones) -> Reading<'a> {
    Reading {
        cut: &head.profile.cut,
        values: &request.file.values,
        columns: &head.profile.columns,
        field_count: head.field_count(),
        surplus: head.surplus(),
        zones,
        keeps_bytes: request.file.keeps_bytes(),
        limits: Limits {
            max_rows: usize::MAX,
            max_bytes: usize::MAX,
        },
    }
}
