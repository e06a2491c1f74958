//! Expressions of a CREATE TABLE: values, columns of the table, and functions of a list.
//!
//! Used for defaults, keys, indices and TTL. The functions compute from their arguments, or tell the time or
//! draw an id; none reads anything else.

use super::{
    cursor::{Cursor, Refused},
    types,
    words::Word,
};
use crate::clickhouse::sql::quote_string;

/// The functions, as ClickHouse calls them.
const FUNCTIONS: &[&str] = &[
    "abs",
    "addDays",
    "addHours",
    "addMinutes",
    "addMonths",
    "addSeconds",
    "addWeeks",
    "addYears",
    "array",
    "bitAnd",
    "bitShiftRight",
    "ceil",
    "cityHash64",
    "coalesce",
    "concat",
    "cutToFirstSignificantSubdomain",
    "dateDiff",
    "domain",
    "empty",
    "emptyArrayString",
    "endsWith",
    "farmHash64",
    "floor",
    "fromUnixTimestamp",
    "generateSnowflakeID",
    "generateUUIDv4",
    "generateUUIDv7",
    "greatest",
    "halfMD5",
    "has",
    "if",
    "ifNull",
    "intDiv",
    "intHash32",
    "intHash64",
    "least",
    "left",
    "length",
    "lengthUTF8",
    "lower",
    "lowerUTF8",
    "map",
    "modulo",
    "murmurHash3_32",
    "murmurHash3_64",
    "negate",
    "notEmpty",
    "now",
    "now64",
    "nullIf",
    "rand",
    "rand64",
    "right",
    "round",
    "sipHash128",
    "sipHash64",
    "startsWith",
    "substring",
    "toBool",
    "toDate",
    "toDate32",
    "toDateTime",
    "toDateTime64",
    "today",
    "toDayOfMonth",
    "toDayOfWeek",
    "toDayOfYear",
    "toDecimal128",
    "toDecimal32",
    "toDecimal64",
    "toFixedString",
    "toFloat32",
    "toFloat64",
    "toHour",
    "toInt16",
    "toInt32",
    "toInt64",
    "toInt8",
    "toIntervalDay",
    "toIntervalHour",
    "toIntervalMinute",
    "toIntervalMonth",
    "toIntervalQuarter",
    "toIntervalSecond",
    "toIntervalWeek",
    "toIntervalYear",
    "toIPv4",
    "toIPv6",
    "toISOWeek",
    "toISOYear",
    "toMinute",
    "toMonday",
    "toMonth",
    "toQuarter",
    "toSecond",
    "toStartOfDay",
    "toStartOfFifteenMinutes",
    "toStartOfFiveMinutes",
    "toStartOfHour",
    "toStartOfMinute",
    "toStartOfMonth",
    "toStartOfQuarter",
    "toStartOfWeek",
    "toStartOfYear",
    "toString",
    "toUInt16",
    "toUInt32",
    "toUInt64",
    "toUInt8",
    "toUnixTimestamp",
    "toUUID",
    "toYear",
    "toYYYYMM",
    "toYYYYMMDD",
    "tuple",
    "upper",
    "upperUTF8",
    "xxHash64",
    "yesterday",
];

/// The units of INTERVAL.
const UNITS: [&str; 8] = [
    "Second", "Minute", "Hour", "Day", "Week", "Month", "Quarter", "Year",
];

/// The units as most people write more than one.
const MANY: [&str; 8] = [
    "Seconds", "Minutes", "Hours", "Days", "Weeks", "Months", "Quarters", "Years",
];

/// Reads an expression, and writes it anew.
pub(super) fn expression(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    cursor.nested(sum)
}

fn sum(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    chain(cursor, ["+", "-"].as_slice(), product)
}

fn product(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    chain(cursor, ["*", "/", "%"].as_slice(), cast)
}

/// Operands with operators of one rank in between; parentheses say how they belong together.
fn chain(
    cursor: &mut Cursor<'_>,
    operators: &[&str],
    operand: fn(&mut Cursor<'_>) -> Result<String, Refused>,
) -> Result<String, Refused> {
    let mut written = operand(cursor)?;
    let mut count = 0;
    while let Some(operator) = operators.iter().find(|one| cursor.is_symbol(one)) {
        cursor.take();
        written.push_str(&format!(" {operator} {})", operand(cursor)?));
        count += 1;
    }
    Ok(format!("{}{written}", "(".repeat(count)))
}

/// A value, and the types that it is cast to.
fn cast(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let mut written = operand(cursor)?;
    while cursor.take_symbol("::") {
        written = cast_to(&written, &types::data_type(cursor)?);
    }
    Ok(written)
}

fn cast_to(value: &str, data_type: &str) -> String {
    format!("CAST({value}, {})", quote_string(data_type))
}

fn operand(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    match cursor.peek() {
        Some(Word::Number(_)) => cursor.number("a number"),
        Some(Word::Text(_)) => Ok(quote_string(&cursor.text("a text")?)),
        Some(Word::Symbol("-")) => negative(cursor),
        Some(Word::Symbol("(")) => {
            cursor.take();
            if cursor.take_symbol(")") {
                return Ok("tuple()".to_owned());
            }
            let items = cursor.list(")", expression)?;
            Ok(match items.as_slice() {
                [only] => only.clone(),
                items => format!("({})", items.join(", ")),
            })
        }
        Some(Word::Symbol("[")) => {
            cursor.take();
            if cursor.take_symbol("]") {
                return Ok("[]".to_owned());
            }
            let items = cursor.list("]", expression)?;
            Ok(format!("[{}]", items.join(", ")))
        }
        Some(Word::Name(_)) if !cursor.is_symbol_behind("(") => cursor.column(),
        Some(Word::Plain(_) | Word::Name(_)) => named(cursor),
        Some(Word::Symbol(_)) | None => {
            Err(cursor.refuse("the name of a column, a value or a function"))
        }
    }
}

fn negative(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    cursor.take();
    if matches!(cursor.peek(), Some(Word::Number(_))) {
        return Ok(format!("-{}", cursor.number("a number")?));
    }
    // Two signs in a row would be a comment.
    Ok(format!("negate({})", cursor.nested(cast)?))
}

/// What begins with a word without quotes, or is called.
fn named(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    if cursor.is_symbol_behind("(") {
        return match cursor.is_word("CAST") {
            true => cast_call(cursor),
            false => call(cursor),
        };
    }
    for word in ["NULL", "true", "false"] {
        if cursor.take_words(&[word]) {
            return Ok(word.to_owned());
        }
    }
    if cursor.is_word("INTERVAL") && cursor.is_number_behind() {
        cursor.take();
        let count = cursor.whole_number("a whole number")?;
        let unit = unit(cursor)?;
        return Ok(format!("toInterval{unit}({count})"));
    }
    cursor.column()
}

fn unit(cursor: &mut Cursor<'_>) -> Result<&'static str, Refused> {
    let pairs = MANY.iter().zip(UNITS);
    let many = pairs.clone().find(|(many, _)| cursor.is_word(many));
    if let Some((_, unit)) = many {
        cursor.take();
        return Ok(unit);
    }
    cursor.one_of(
        &UNITS,
        "SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER or YEAR",
    )
}

/// `CAST(value AS type)` and `CAST(value, 'type')`.
fn cast_call(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    cursor.take();
    cursor.expect_symbol("(", "a parenthesis")?;
    let value = expression(cursor)?;
    let data_type = if cursor.take_words(&["AS"]) {
        types::data_type(cursor)?
    } else {
        cursor.expect_symbol(",", "AS and a type")?;
        types::quoted(cursor)?
    };
    cursor.expect_symbol(")", "a closing parenthesis")?;
    Ok(cast_to(&value, &data_type))
}

fn call(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let what = format!("a function out of {}", FUNCTIONS.join(", "));
    let name = cursor.one_of(FUNCTIONS, &what)?;
    let arguments = cursor.optional_list(expression)?;
    if cursor.is_symbol("(") {
        return Err(cursor.refuse("no second list of arguments"));
    }
    Ok(format!("{name}({})", arguments.join(", ")))
}
