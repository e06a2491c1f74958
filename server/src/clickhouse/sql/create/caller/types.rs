//! Types of columns.
//!
//! Used by the parts of `create::caller`. A type is taken by its name in any case, and by the names that
//! other databases have for it; it is written as ClickHouse calls it.

use super::{
    cursor::{Cursor, Refused},
    words::Word,
};
use crate::clickhouse::sql::{functions, quote_identifier, quote_string};

/// Types without arguments.
const PLAIN: &[&str] = &[
    "BFloat16",
    "Bool",
    "Date",
    "Date32",
    "Float32",
    "Float64",
    "IPv4",
    "IPv6",
    "Int128",
    "Int16",
    "Int256",
    "Int32",
    "Int64",
    "Int8",
    "IntervalDay",
    "IntervalHour",
    "IntervalMicrosecond",
    "IntervalMillisecond",
    "IntervalMinute",
    "IntervalMonth",
    "IntervalNanosecond",
    "IntervalQuarter",
    "IntervalSecond",
    "IntervalWeek",
    "IntervalYear",
    "LineString",
    "MultiLineString",
    "MultiPolygon",
    "Point",
    "Polygon",
    "Ring",
    "String",
    "Time",
    "UInt128",
    "UInt16",
    "UInt256",
    "UInt32",
    "UInt64",
    "UInt8",
    "UUID",
    "Geometry",
    "Dynamic",
    "JSON",
    "DateTime",
    "Decimal",
    "Decimal32",
    "Decimal64",
    "Decimal128",
    "Decimal256",
    "DateTime64",
    "Time64",
];

/// How other databases call some, and what ClickHouse takes them for.
const OTHERS: &[(&str, &str)] = &[
    ("BIGINT", "Int64"),
    ("BLOB", "String"),
    ("BOOLEAN", "Bool"),
    ("BYTEA", "String"),
    ("CHAR", "String"),
    ("CLOB", "String"),
    ("DEC", "Decimal"),
    ("DOUBLE", "Float64"),
    ("FLOAT", "Float32"),
    ("INET4", "IPv4"),
    ("INET6", "IPv6"),
    ("INT", "Int32"),
    ("INTEGER", "Int32"),
    ("LONGTEXT", "String"),
    ("MEDIUMTEXT", "String"),
    ("NUMERIC", "Decimal"),
    ("REAL", "Float32"),
    ("SMALLINT", "Int16"),
    ("TEXT", "String"),
    ("TIMESTAMP", "DateTime"),
    ("TINYINT", "Int8"),
    ("VARCHAR", "String"),
];

/// Types that hold others.
const HOLDERS: &[&str] = &[
    "AggregateFunction",
    "Array",
    "Enum",
    "Enum16",
    "Enum8",
    "FixedString",
    "LowCardinality",
    "Map",
    "Nested",
    "Nullable",
    "SimpleAggregateFunction",
];

/// The same, whose parts have names.
const LISTS: &[&str] = &["Tuple", "Variant"];

const WHAT: &str = "a type, such as Int64, Decimal(18, 4), String, DateTime64(3, 'UTC'), \
                    Nullable(…), Array(…), Map(…, …), Tuple(…)";

/// Reads a type, and writes it anew.
pub(super) fn data_type(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    cursor.nested(one)
}

/// A type that stands in apostrophes.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let refused = cursor.refuse(WHAT);
    let text = cursor.text(WHAT)?;
    let read = |text: &str| {
        let mut inner = Cursor::new(text).ok()?;
        let written = data_type(&mut inner).ok()?;
        inner.is_at_end().then_some(written)
    };
    read(&text).ok_or(refused)
}

fn one(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    if !matches!(cursor.peek(), Some(Word::Plain(_))) {
        return Err(cursor.refuse(WHAT));
    }
    if let Some((other, name)) = OTHERS.iter().find(|(other, _)| cursor.is_word(other)) {
        cursor.take();
        return other_name(cursor, other, name);
    }
    if let Ok(name) = cursor.one_of(HOLDERS, WHAT) {
        cursor.expect_symbol("(", &format!("what {name} holds, in parentheses"))?;
        let inner = holder(cursor, name)?;
        return Ok(format!("{name}({inner})"));
    }
    if let Ok(name) = cursor.one_of(LISTS, WHAT) {
        let parts = cursor.optional_list(part)?;
        return Ok(format!("{name}({})", parts.join(", ")));
    }
    let name = cursor.one_of(PLAIN, WHAT)?;
    plain(cursor, name)
}

/// `VARCHAR(255)` and the like: what it is, and a length that means nothing to ClickHouse.
fn other_name(cursor: &mut Cursor<'_>, other: &str, name: &'static str) -> Result<String, Refused> {
    if name != "String" || other.ends_with("TEXT") {
        return plain(cursor, name);
    }
    if cursor.take_symbol("(") {
        cursor.whole_number("a length")?;
        cursor.expect_symbol(")", "a closing parenthesis")?;
    }
    Ok(name.to_owned())
}

/// A type with numbers, a time zone or options, or nothing, behind it.
fn plain(cursor: &mut Cursor<'_>, name: &'static str) -> Result<String, Refused> {
    if !cursor.is_symbol("(") {
        return Ok(name.to_owned());
    }
    let arguments = match name {
        "DateTime" => cursor.optional_list(zone)?,
        "Decimal" | "Decimal32" | "Decimal64" | "Decimal128" | "Decimal256" | "Time64" => {
            cursor.optional_list(|cursor| cursor.whole_number("a number of digits"))?
        }
        "DateTime64" => cursor.optional_list(|cursor| match cursor.peek() {
            Some(Word::Text(_)) => zone(cursor),
            _ => cursor.whole_number("a number of digits, or a time zone in apostrophes"),
        })?,
        "JSON" => cursor
            .optional_list(|cursor| option(cursor, &["max_dynamic_paths", "max_dynamic_types"]))?,
        "Dynamic" => cursor.optional_list(|cursor| option(cursor, &["max_types"]))?,
        _ => return Err(cursor.refuse(&format!("nothing, {name} takes no arguments"))),
    };
    Ok(match arguments.is_empty() {
        true => name.to_owned(),
        false => format!("{name}({})", arguments.join(", ")),
    })
}

fn zone(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let zone = cursor.text("a time zone in apostrophes")?;
    Ok(quote_string(&zone))
}

fn option(cursor: &mut Cursor<'_>, names: &[&'static str]) -> Result<String, Refused> {
    let name = cursor.one_of(names, &names.join(" or "))?;
    cursor.expect_symbol("=", "=")?;
    Ok(format!("{name}={}", cursor.whole_number("a number")?))
}

/// What stands in the parentheses of a type that holds others, up to the closing one.
fn holder(cursor: &mut Cursor<'_>, name: &str) -> Result<String, Refused> {
    let parts = match name {
        "Enum" | "Enum8" | "Enum16" => cursor.list(")", enum_value)?,
        "FixedString" => cursor.list(")", |cursor| cursor.whole_number("a length in bytes"))?,
        "Nested" => cursor.list(")", named)?,
        "AggregateFunction" | "SimpleAggregateFunction" => {
            let mut is_first = true;
            cursor.list(")", |cursor| match std::mem::take(&mut is_first) {
                true => aggregate(cursor),
                false => data_type(cursor),
            })?
        }
        _ => cursor.list(")", data_type)?,
    };
    Ok(parts.join(", "))
}

/// A type, with a name before it or without.
fn part(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let is_named = matches!(cursor.peek(), Some(Word::Plain(_) | Word::Name(_)))
        && ![",", ")", "("]
            .into_iter()
            .any(|symbol| cursor.is_symbol_behind(symbol));
    if !is_named {
        return data_type(cursor);
    }
    named(cursor)
}

/// A type with a name before it.
fn named(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let name = cursor.name("a name")?;
    Ok(format!(
        "{} {}",
        quote_identifier(&name),
        data_type(cursor)?
    ))
}

fn enum_value(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let value = quote_string(&cursor.text("a value in apostrophes")?);
    if !cursor.take_symbol("=") {
        return Ok(value);
    }
    Ok(format!("{value} = {}", cursor.signed_number("a number")?))
}

/// An aggregate function, with parameters or without.
fn aggregate(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let what = "the name of an aggregate function";
    let Some(Word::Plain(name)) = cursor.peek().cloned() else {
        return Err(cursor.refuse(what));
    };
    if !functions::is_aggregate(&name) {
        return Err(cursor.refuse(what));
    }
    cursor.take();
    let parameters = cursor.optional_list(|cursor| cursor.signed_number("a number"))?;
    Ok(match parameters.is_empty() {
        true => name,
        false => format!("{name}({})", parameters.join(", ")),
    })
}
