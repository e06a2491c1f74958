//! Which columns and rows an export reads, checked against the table.
//!
//! `transfer::export` calls it before anything is sent. Pure: it asks nobody.

use crate::{
    catalog::{Column, Table},
    clickhouse::sql::{Condition, OrderBy, Projection, SelectColumn, Selection},
    column::DataType,
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
) -> Result<Selection> {
    for order in &order_by {
        find(table, &order.column)?;
    }
    let resolve = |ColumnCondition {
                       column,
                       operator,
                       values,
                   }| {
        let data_type = find(table, &column)?.type_text.clone();
        Ok(Condition {
            column,
            data_type,
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

/// How each column becomes one that Native blocks carry as plain values.
pub(super) fn project(columns: &[Column]) -> Result<Vec<SelectColumn>> {
    columns.iter().map(project_column).collect()
}

fn project_column(column: &Column) -> Result<SelectColumn> {
    let data_type = DataType::parse(&column.type_text)?;
    let wire_type = data_type.wire_type();
    let projection = match data_type.inner() {
        DataType::Other(_) => Projection::Text,
        _ if wire_type == data_type => Projection::Value,
        _ => Projection::Cast(wire_type.to_string()),
    };
    Ok(SelectColumn {
        name: column.name.clone(),
        projection,
    })
}

fn find<'a>(table: &'a Table, name: &str) -> Result<&'a Column> {
    let found = table.columns.iter().find(|column| column.name == name);
    found.ok_or_else(|| Error::ColumnNotFound {
        column: name.to_owned(),
        table: table.summary.name.to_string(),
    })
}
