//! Which columns and rows an export reads, checked against the table.
//!
//! `transfer::export` calls it before anything is sent. Pure: it asks nobody.

use crate::{
    catalog::{Column, Table},
    clickhouse::sql::{
        Condition, Moments, Operator, OrderBy, Projection, SelectColumn, Selection, Timed,
    },
    column::{BlockBuilder, Cell, ColumnSpec, DataType, Limits, zone::Zones},
    transfer::{ColumnCondition, Error, Result},
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
    let resolve = |condition: ColumnCondition| {
        let column = find(table, &condition.column)?;
        check_values(&condition, column, zones)?;
        let ColumnCondition {
            column: name,
            operator,
            values,
        } = condition;
        Ok(Condition {
            column: name,
            data_type: column.type_text.clone(),
            operator,
            values,
        })
    };
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

/// Refuses values that ClickHouse would change in silence, such as the 30th of February.
fn check_values(condition: &ColumnCondition, column: &Column, zones: &Zones) -> Result<()> {
    if matches!(condition.operator, Operator::Like | Operator::NotLike) {
        return Ok(());
    }
    let spec = ColumnSpec {
        name: column.name.clone(),
        data_type: DataType::parse(&column.type_text)?,
        has_default: false,
        empty_as_default: false,
        is_inferred: false,
    };
    let limits = Limits {
        max_rows: usize::MAX,
        max_bytes: usize::MAX,
    };
    let mut builder = BlockBuilder::new(vec![spec], zones, limits)?;
    let cells = condition
        .values
        .iter()
        .map(|value| Cell::quoted(value.as_bytes()));
    let bad = builder
        .column_mut(0)
        .and_then(|values| values.append(cells).err());
    bad.map_or(Ok(()), |bad| {
        Err(Error::BadConditionValue {
            column: column.name.clone(),
            data_type: column.type_text.clone(),
            value: condition.values.get(bad.row).cloned().unwrap_or_default(),
            reason: bad.reason,
        })
    })
}

fn find<'a>(table: &'a Table, name: &str) -> Result<&'a Column> {
    let found = table.columns.iter().find(|column| column.name == name);
    found.ok_or_else(|| Error::ColumnNotFound {
        column: name.to_owned(),
        table: table.summary.name.to_string(),
    })
}
