//! The SELECT behind an export: columns, typed conditions, order and limit.
//!
//! Used by `transfer::export`. Native is to hold plain scalars only, so columns of other types are
//! converted in an outer SELECT; the inner one filters and sorts the columns as they are.

mod moments;

pub use moments::Moments;

use super::{SelectQuery, Statement, TableName, join, quote_identifier, quote_string};
use crate::clickhouse::error::{Error, Result};

/// One column of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectColumn {
    /// The name.
    pub name: String,
    /// How its values become plain scalars.
    pub projection: Projection,
}

/// How the values of a column become plain scalars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projection {
    /// They are scalars already.
    Value,
    /// Cast to this type. For `LowCardinality(T)`, which Native sends with a dictionary.
    Cast(String),
    /// As `Nullable(String)`, in ClickHouse's text form: arrays, maps, tuples, JSON, …
    Text(Option<Timed>),
    /// As `Nullable(String)`, in JSON: the same types.
    Json(Option<Timed>),
}

/// A type with points in time inside, whose texts need care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// Where they stand.
    pub moments: Moments,
    /// The type with a String in place of each of them.
    pub text_type: String,
}

/// Which rows of a table, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Conditions that must all hold.
    pub conditions: Vec<Condition>,
    /// The order; empty for any.
    pub order_by: Vec<OrderBy>,
    /// The most rows; `None` for all.
    pub limit: Option<u64>,
}

/// Compares a column with values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// As what it is compared.
    pub compared: Compared,
    /// The comparison.
    pub operator: Operator,
    /// The values as text.
    pub values: Vec<String>,
    /// Others, of which one may hold instead.
    pub alternatives: Vec<Self>,
}

/// As what a column is compared with values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// As values of a type that ClickHouse reads.
    Typed(String),
    /// By its text, for types whose values ClickHouse compares badly or not at all, with the points in time in it.
    /// The values are read as the type, so that blanks between their parts make no difference.
    Text(String, Option<Timed>),
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `LIKE`, with `%` and `_`
    Like,
    /// `NOT LIKE`
    NotLike,
    /// `IN`, with one or more values
    In,
    /// `NOT IN`, with one or more values
    NotIn,
    /// `IS NULL`, without a value
    IsNull,
    /// `IS NOT NULL`, without a value
    IsNotNull,
    /// `BETWEEN`, with two values, both included
    Between,
    /// `NOT BETWEEN`, with two values
    NotBetween,
    /// `ILIKE`: `LIKE` without regard to case
    Ilike,
    /// `NOT ILIKE`
    NotIlike,
}

impl Operator {
    /// The operator as SQL writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "LIKE",
            Self::NotLike => "NOT LIKE",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
            Self::Between => "BETWEEN",
            Self::NotBetween => "NOT BETWEEN",
            Self::Ilike => "ILIKE",
            Self::NotIlike => "NOT ILIKE",
        }
    }

    /// Whether it compares the text of a column with a pattern.
    #[must_use]
    pub const fn is_pattern(self) -> bool {
        matches!(
            self,
            Self::Like | Self::NotLike | Self::Ilike | Self::NotIlike
        )
    }

    /// Whether it asks for values that are equal, or are not; else for an order or a pattern.
    #[must_use]
    pub const fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual | Self::In | Self::NotIn)
    }
}

/// One column of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy {
    /// The column.
    pub column: String,
    /// Whether large values come first.
    pub descending: bool,
}

/// Selects rows of a table. `columns` must not be empty.
///
/// # Errors
///
/// [`Error::InvalidCondition`] when a condition has the wrong number of values.
pub fn select_table(
    table: &TableName,
    columns: &[SelectColumn],
    selection: &Selection,
) -> Result<Statement> {
    let names = join(columns, |column| quote_identifier(&column.name));
    let mut text = format!("SELECT {names} FROM {}", table.quoted());
    let mut values = Vec::new();
    let mut keyword = " WHERE ";
    for condition in &selection.conditions {
        text.push_str(keyword);
        text.push_str(&one_of(condition, &mut values)?);
        keyword = " AND ";
    }
    if !selection.order_by.is_empty() {
        text.push_str(" ORDER BY ");
        text.push_str(&join(&selection.order_by, order));
    }
    if let Some(limit) = selection.limit {
        text.push_str(&format!(" LIMIT {limit}"));
    }
    Ok(Statement::with_params(projected(text, columns), values))
}

/// Selects what a query returns; `columns` are those that DESCRIBE gave for it.
#[must_use]
pub fn select_query(query: &SelectQuery, columns: &[SelectColumn]) -> Statement {
    Statement::new(projected(query.text().to_owned(), columns))
}

/// Puts the conversions around `source`, or leaves it alone when there are none.
fn projected(source: String, columns: &[SelectColumn]) -> String {
    let is_plain = |column: &SelectColumn| column.projection == Projection::Value;
    if columns.iter().all(is_plain) {
        return source;
    }
    let values = join(columns, |column| {
        let name = quote_identifier(&column.name);
        match &column.projection {
            Projection::Value => name,
            Projection::Cast(data_type) => {
                format!("CAST({name}, {}) AS {name}", quote_string(data_type))
            }
            Projection::Text(timed) => {
                let value = with_offsets(&name, timed.as_ref());
                format!("CAST({value}, 'Nullable(String)') AS {name}")
            }
            Projection::Json(timed) => {
                let value = with_offsets(&name, timed.as_ref());
                format!("CAST(toJSONString({value}), 'Nullable(String)') AS {name}")
            }
        }
    });
    format!("SELECT {values} FROM (\n{source}\n)")
}

/// The value of a column, with the texts of the points in time in it.
fn with_offsets(name: &str, timed: Option<&Timed>) -> String {
    timed.map_or_else(
        || name.to_owned(),
        |Timed { moments, text_type }| {
            let value = moments.text(name, 0);
            format!("CAST({value}, {})", quote_string(text_type))
        },
    )
}

/// One term of ORDER BY.
fn order(order: &OrderBy) -> String {
    let direction = if order.descending { " DESC" } else { "" };
    format!("{}{direction}", quote_identifier(&order.column))
}

/// One condition or its alternatives; their values are added to `values`.
fn one_of(condition: &Condition, values: &mut Vec<String>) -> Result<String> {
    let first = comparison(condition, values)?;
    if condition.alternatives.is_empty() {
        return Ok(first);
    }
    let mut text = format!("({first}");
    for alternative in &condition.alternatives {
        text.push_str(" OR ");
        text.push_str(&comparison(alternative, values)?);
    }
    text.push(')');
    Ok(text)
}

/// One condition; its values are added to `values`.
fn comparison(condition: &Condition, values: &mut Vec<String>) -> Result<String> {
    check_value_count(condition)?;
    let operator = condition.operator;
    let column = quote_identifier(&condition.column);
    let is_nan = |value: &&String| is_float(&condition.compared) && is_nan(value);
    let numbers: Vec<_> = condition
        .values
        .iter()
        .filter(|value| !is_nan(value))
        .collect();
    let has_nan = numbers.len() < condition.values.len();
    if has_nan && !operator.is_equality() {
        return Err(Error::InvalidCondition {
            column: condition.column.clone(),
            operator: operator.as_str(),
            given: "nan".to_owned(),
            expected: "numbers that have an order; `= nan` and `!= nan` find it",
        });
    }
    // NaN is not equal to itself.
    let nan = match operator {
        Operator::NotEqual | Operator::NotIn => format!("NOT isNaN({column})"),
        _ => format!("isNaN({column})"),
    };
    if has_nan && numbers.is_empty() {
        return Ok(nan);
    }
    let (left, operand): (String, Box<dyn Fn(usize) -> String>) = match &condition.compared {
        _ if operator.is_pattern() => (column, Box::new(|index| operand(index, "String"))),
        Compared::Typed(data_type) => (
            column,
            Box::new(|index| operand(index, value_type(data_type))),
        ),
        Compared::Text(data_type, timed) => {
            let value = with_offsets(&column, timed.as_ref());
            let data_type = timed.as_ref().map_or(data_type, |timed| &timed.text_type);
            let operand =
                move |index| format!("CAST({}, 'Nullable(String)')", read_text(index, data_type));
            (
                format!("CAST({value}, 'Nullable(String)')"),
                Box::new(operand),
            )
        }
    };
    let operands: Vec<_> = (values.len()..).take(numbers.len()).map(operand).collect();
    values.extend(numbers.into_iter().cloned());
    let symbol = operator.as_str();
    let text = match operator {
        Operator::IsNull | Operator::IsNotNull => format!("{left} {symbol}"),
        Operator::In | Operator::NotIn => format!("{left} {symbol} ({})", operands.join(", ")),
        _ => format!("{left} {symbol} {}", operands.join(" AND ")),
    };
    Ok(match operator {
        Operator::In if has_nan => format!("({text} OR {nan})"),
        Operator::NotIn if has_nan => format!("({text} AND {nan})"),
        _ => text,
    })
}

fn is_float(compared: &Compared) -> bool {
    let Compared::Typed(data_type) = compared else {
        return false;
    };
    matches!(value_type(data_type), "Float32" | "Float64" | "BFloat16")
}

fn is_nan(value: &str) -> bool {
    let value = value.trim().trim_start_matches(['+', '-']);
    value.eq_ignore_ascii_case("nan")
}

/// The text of a parameter read as `data_type`.
fn read_text(index: usize, data_type: &str) -> String {
    if data_type.starts_with("Map(") {
        // ClickHouse reads a Map inside of another value only.
        let tuple = quote_string(&format!("Tuple({data_type})"));
        return format!("tupleElement(CAST(concat('(', {{p{index}:String}}, ')'), {tuple}), 1)");
    }
    format!("CAST({{p{index}:String}}, {})", quote_string(data_type))
}

/// The value of a parameter as `data_type`. A parameter of that type would not do: `{p0:UInt8}`
/// reads 300 as 44, where `accurateCast` refuses it.
fn operand(index: usize, data_type: &str) -> String {
    if data_type == "String" {
        format!("{{p{index}:String}}")
    } else {
        format!(
            "accurateCast({{p{index}:String}}, {})",
            quote_string(data_type)
        )
    }
}

/// The type of a value that is compared with a column: without Nullable and LowCardinality.
fn value_type(mut data_type: &str) -> &str {
    while let Some(inner) = ["LowCardinality(", "Nullable("]
        .into_iter()
        .find_map(|wrapper| data_type.strip_prefix(wrapper)?.strip_suffix(')'))
    {
        data_type = inner;
    }
    data_type
}

/// Refuses a condition with too few or too many values.
fn check_value_count(condition: &Condition) -> Result<()> {
    let given = condition.values.len();
    let (is_right, expected) = match condition.operator {
        Operator::IsNull | Operator::IsNotNull => (given == 0, "none"),
        Operator::In | Operator::NotIn => (given > 0, "one or more"),
        Operator::Between | Operator::NotBetween => (given == 2, "two"),
        _ => (given == 1, "one"),
    };
    if is_right {
        return Ok(());
    }
    Err(Error::InvalidCondition {
        column: condition.column.clone(),
        operator: condition.operator.as_str(),
        given: format!("{given} values"),
        expected,
    })
}

#[cfg(test)]
mod tests;
