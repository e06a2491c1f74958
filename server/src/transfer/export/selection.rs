//! Which columns and rows an export reads, checked against the table.
//!
//! `transfer::export` calls it before anything is sent. Pure: it asks nobody.

use crate::{
    catalog::{Column, Table},
    clickhouse::sql::{
        Compared, Condition, Moments, OrderBy, Projection, SelectColumn, Selection, Timed,
    },
    column::{BlockBuilder, Cell, ColumnSpec, DataType, Limits, zone::Zones},
    transfer::{ColumnCondition, Error, Result, inspect::preview::read_back},
};

/// The columns that were asked for, in that order; all that `SELECT *` returns when none was.
pub(super) fn columns(table: &Table, names: &[String]) -> Result<Vec<Column>> {
    if names.is_empty() {
        let all = table
            .columns
            .iter()
            .filter(|column| column.is_selected_by_star());
        return Ok(all.cloned().collect());
    }
    names
        .iter()
        .map(|name| find(table, name).cloned())
        .collect()
}

/// Which rows, and in which order.
pub(super) fn rows(
    table: &Table,
    conditions: Vec<ColumnCondition>,
    order_by: Vec<OrderBy>,
    limit: Option<u64>,
    zones: &Zones,
) -> Result<Selection> {
    for order in &order_by {
        find(table, &order.column)?;
    }
    let resolve = |condition| resolve(table, condition, zones);
    let conditions = conditions.into_iter().map(resolve).collect::<Result<_>>()?;
    Ok(Selection {
        conditions,
        order_by,
        limit,
    })
}

/// How each column becomes one that Native blocks carry as plain values; what is no scalar becomes
/// JSON or ClickHouse's own text.
pub(super) fn project(
    columns: &[Column],
    as_json: bool,
    server_zone: &str,
) -> Result<Vec<SelectColumn>> {
    let project = |column| project_column(column, as_json, server_zone);
    columns.iter().map(project).collect()
}

/// Whether the values of a type leave ClickHouse as text.
pub(super) fn is_text(data_type: &DataType) -> bool {
    let is_cast = matches!(data_type.inner(), DataType::Json(_) | DataType::Other(_));
    is_cast || data_type.is_container()
}

/// The type that the blocks of an export carry for a column.
pub(super) fn wire_type(column: &Column) -> Result<DataType> {
    let data_type = DataType::parse(&column.type_text)?;
    Ok(if is_text(&data_type) {
        DataType::Nullable(Box::new(DataType::String))
    } else {
        data_type.wire_type()
    })
}

fn project_column(column: &Column, as_json: bool, server_zone: &str) -> Result<SelectColumn> {
    let data_type = DataType::parse(&column.type_text)?;
    let wire_type = wire_type(column)?;
    let projection = if !is_text(&data_type) && wire_type == data_type {
        Projection::Value
    } else if !is_text(&data_type) {
        Projection::Cast(wire_type.to_string())
    } else if as_json {
        Projection::Json(timed(&data_type, server_zone))
    } else {
        Projection::Text(timed(&data_type, server_zone))
    };
    Ok(SelectColumn {
        name: column.name.clone(),
        projection,
    })
}

/// What a container with points in time in it becomes; none for one without.
fn timed(data_type: &DataType, server_zone: &str) -> Option<Timed> {
    let moments = moments(data_type, server_zone);
    (moments != Moments::Nowhere).then(|| Timed {
        moments,
        text_type: text_type(data_type).to_string(),
    })
}

/// Where the points in time of a type are.
fn moments(data_type: &DataType, server_zone: &str) -> Moments {
    let here = |zone: &Option<String>, has_fraction| Moments::Here {
        zone: zone.as_deref().unwrap_or(server_zone).to_owned(),
        has_fraction,
    };
    let is_nowhere = |moments: &Moments| *moments == Moments::Nowhere;
    match data_type.inner() {
        DataType::DateTime(zone) => here(zone, false),
        DataType::DateTime64 { zone, .. } => here(zone, true),
        DataType::Array(value) => match moments(value, server_zone) {
            Moments::Nowhere => Moments::Nowhere,
            inner => Moments::Array(Box::new(inner)),
        },
        DataType::Map(key, value) => {
            let pair = (moments(key, server_zone), moments(value, server_zone));
            match is_nowhere(&pair.0) && is_nowhere(&pair.1) {
                true => Moments::Nowhere,
                false => Moments::Map(Box::new(pair)),
            }
        }
        DataType::Tuple(elements) => {
            let parts = elements.iter().map(|(_, part)| moments(part, server_zone));
            let parts: Vec<_> = parts.collect();
            match parts.iter().all(is_nowhere) {
                true => Moments::Nowhere,
                false => Moments::Tuple(parts),
            }
        }
        _ => Moments::Nowhere,
    }
}

/// The type with a String in place of each point in time.
fn text_type(data_type: &DataType) -> DataType {
    let text = |inner: &DataType| Box::new(text_type(inner));
    match data_type {
        DataType::DateTime(_) | DataType::DateTime64 { .. } => DataType::String,
        DataType::Nullable(inner) => DataType::Nullable(text(inner)),
        DataType::LowCardinality(inner) => DataType::LowCardinality(text(inner)),
        DataType::Array(value) => DataType::Array(text(value)),
        DataType::Map(key, value) => DataType::Map(text(key), text(value)),
        DataType::Tuple(elements) => {
            let parts = elements.iter();
            let part = |(name, part): &(Option<String>, _)| (name.clone(), text_type(part));
            DataType::Tuple(parts.map(part).collect())
        }
        other => other.clone(),
    }
}

/// A condition as ClickHouse compares it.
fn resolve(table: &Table, condition: ColumnCondition, zones: &Zones) -> Result<Condition> {
    let column = find(table, &condition.column)?;
    let data_type = DataType::parse(&column.type_text)?;
    let ColumnCondition {
        operator,
        mut values,
        alternatives,
        ..
    } = condition;
    let mut compared = Compared::Typed(column.type_text.clone());
    if operator.is_equality() && is_text(&data_type) {
        let timed = timed(&data_type, zones.server());
        compared = Compared::Text(column.type_text.clone(), timed);
    } else if !operator.is_pattern() {
        let read = read_values(&values, column, &data_type, zones)?;
        if let (Some(instant), Some(texts)) = (instant(&data_type), read) {
            compared = Compared::Typed(instant.to_string());
            values = texts;
        }
    }
    let alternatives = alternatives.into_iter();
    let alternatives = alternatives.map(|alternative| resolve(table, alternative, zones));
    Ok(Condition {
        column: condition.column,
        compared,
        operator,
        values,
        alternatives: alternatives.collect::<Result<_>>()?,
    })
}

/// The type of the same points in time in UTC, where each has one text; none for another type.
fn instant(data_type: &DataType) -> Option<DataType> {
    let utc = Some("UTC".to_owned());
    match data_type.inner() {
        DataType::DateTime(_) => Some(DataType::DateTime(utc)),
        DataType::DateTime64 { precision, .. } => Some(DataType::DateTime64 {
            precision: *precision,
            zone: utc,
        }),
        _ => None,
    }
}

/// Refuses values that ClickHouse would change in silence, such as the 30th of February. Returns the texts of
/// points in time in UTC.
fn read_values(
    values: &[String],
    column: &Column,
    data_type: &DataType,
    zones: &Zones,
) -> Result<Option<Vec<String>>> {
    let spec = ColumnSpec {
        name: column.name.clone(),
        data_type: data_type.clone(),
        has_default: false,
        empty_as_default: false,
        is_inferred: false,
    };
    let limits = Limits {
        max_rows: usize::MAX,
        max_bytes: usize::MAX,
    };
    let mut builder = BlockBuilder::new(vec![spec], zones, limits)?;
    let cells = values.iter().map(|value| Cell::quoted(value.as_bytes()));
    let bad = builder
        .column_mut(0)
        .and_then(|values| values.append(cells).err());
    if let Some(bad) = bad {
        return Err(Error::BadConditionValue {
            column: column.name.clone(),
            data_type: column.type_text.clone(),
            value: values.get(bad.row).cloned().unwrap_or_default(),
            reason: bad.reason,
        });
    }
    let Some(instant) = instant(data_type).filter(|_| !values.is_empty()) else {
        return Ok(None);
    };
    let rows = read_back(
        &builder.take()?,
        &[instant],
        &Zones::bundled("UTC"),
        values.len(),
    )?;
    Ok(Some(rows.into_iter().flatten().flatten().collect()))
}

fn find<'a>(table: &'a Table, name: &str) -> Result<&'a Column> {
    let found = table.columns.iter().find(|column| column.name == name);
    found.ok_or_else(|| Error::ColumnNotFound {
        column: name.to_owned(),
        table: table.summary.name.to_string(),
    })
}
