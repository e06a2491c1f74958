//! What to do about a value that does not fit its column.
//!
//! `transfer` adds it to the error; it must never name an option that would not read the value.

use super::data_type::DataType;
use super::infer::date_readings;
use super::parse::Reason;
use super::parse::float::nearest_f64;
use super::parse::int::parse_i256;
use super::rules::units::Amount;
use super::rules::{Thousands, excel_text};

/// Returns the options that read a value, as the command line has them; None where none is known.
#[must_use]
pub fn about_value(
    reason: Reason,
    data_type: &DataType,
    value: &[u8],
    column: &str,
) -> Option<String> {
    let inner = data_type.inner();
    match reason {
        Reason::InvalidNumber => about_number(inner, value, column),
        Reason::PrecisionLoss if inner.is_integer() => {
            Some(match groups(value, Thousands::Point) {
                Some((plain, _)) => {
                    format!("`--thousands .` reads it as {plain}, `--round` rounds it")
                }
                None => "`--round` rounds it".to_owned(),
            })
        }
        Reason::PrecisionLoss if matches!(inner, DataType::Date | DataType::Date32) => {
            Some("a DateTime column holds it".to_owned())
        }
        Reason::PrecisionLoss => Some("`--round` rounds it".to_owned()),
        Reason::InvalidDate | Reason::AmbiguousDate if is_date(inner) => {
            let epoch = epoch_unit(value).map(|unit| {
                format!("`--date-format {column}={unit}` reads it as a time from 1970 on")
            });
            epoch.or_else(|| about_date(value, column))
        }
        Reason::Overflow => about_range(inner).map(ToOwned::to_owned),
        _ => None,
    }
}

/// Says what a type of dates holds.
const fn about_range(data_type: &DataType) -> Option<&'static str> {
    Some(match data_type {
        DataType::Date => "a Date holds 1970-01-01 to 2149-06-06, a Date32 1900 to 2299",
        DataType::DateTime(_) => "a DateTime holds 1970 to 2106-02-07, a DateTime64 1900 to 2299",
        _ => return None,
    })
}

/// Names the forms that a date may have, and what it is by each.
fn about_date(value: &[u8], column: &str) -> Option<String> {
    let mut shown = date_readings(value).map(|(format, written, _)| {
        let (format, text) = (format.as_str(), String::from_utf8_lossy(&written));
        let quote = if format.contains(' ') { "'" } else { "" };
        format!("`--date-format {quote}{column}={format}{quote}` reads it as {text}")
    });
    let first = shown.next()?;
    Some(shown.fold(first, |all, next| format!("{all}, {next}")))
}

fn about_number(data_type: &DataType, value: &[u8], column: &str) -> Option<String> {
    if let Some(text) = excel_text(value) {
        let is_number = nearest_f64(text).is_ok();
        return is_number.then(|| "`--excel-text` takes it for the text in quotes".to_owned());
    }
    if let Some(about) = about_groups(data_type, value, column) {
        return Some(about);
    }
    let amount = Amount::split(value)?;
    if amount.number.len() == value.len() {
        return None;
    }
    let about = "`--strip-units` reads it, where all values of the column have the same unit";
    Some(match about_groups(data_type, amount.number, column) {
        Some(digits) => format!("{about}; of the number {digits}"),
        None => about.to_owned(),
    })
}

/// Says what reads the separators of a number.
fn about_groups(data_type: &DataType, value: &[u8], column: &str) -> Option<String> {
    let is_integer = data_type.is_integer();
    let comma =
        decimal_comma(value).filter(|plain| !is_integer || parse_i256(plain.as_bytes()).is_ok());
    for separator in Thousands::ALL {
        let Some((plain, _)) = groups(value, separator) else {
            continue;
        };
        let option = format!("`--thousands {}`", separator.quoted());
        return Some(match separator {
            Thousands::Comma if let Some(comma) = comma => {
                format!("{option} reads it as {plain}, `--decimal-comma` as {comma}")
            }
            // The column is read with decimal commas: with a comma between thousands its points are decimal ones.
            Thousands::Point if let Some(point) = decimal_point(value, is_integer) => {
                format!("{option} reads it as {plain}, `--thousands {column}=,` as {point}")
            }
            _ => format!("{option} reads it as {plain}"),
        });
    }
    comma.map(|comma| format!("`--decimal-comma` reads it as {comma}"))
}

/// Returns a number without its separators of groups and with a decimal point, and how many separators it has;
/// None where it has none.
fn groups(value: &[u8], separator: Thousands) -> Option<(String, usize)> {
    let mut plain = Vec::new();
    let grouping = separator.ungroup(value, &mut plain)?;
    let plain = String::from_utf8(plain).ok()?.replace(',', ".");
    let count = grouping.separator_count;
    (count > 0).then_some((plain, count))
}

/// Returns a number that has a comma for its decimal point with a point.
fn decimal_comma(value: &[u8]) -> Option<String> {
    let is_plain = |byte: &u8| !matches!(byte, b'.') && byte.is_ascii();
    let text = std::str::from_utf8(value).ok()?;
    let point = text.replacen(',', ".", 1);
    let is_number =
        text.contains(',') && value.iter().all(is_plain) && nearest_f64(point.as_bytes()).is_ok();
    is_number.then_some(point)
}

/// Returns a number that has a point for its decimal point, without it where an integer is wanted.
fn decimal_point(value: &[u8], is_integer: bool) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    nearest_f64(value).ok()?;
    match is_integer {
        true => text.strip_suffix(".000").map(ToOwned::to_owned),
        false => Some(text.to_owned()),
    }
}

/// Returns the unit of an integer that may be a time from 1970 on.
fn epoch_unit(value: &[u8]) -> Option<&'static str> {
    if !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match value.len() {
        9 | 10 => Some("epoch_s"),
        12 | 13 => Some("epoch_ms"),
        15 | 16 => Some("epoch_us"),
        18 | 19 => Some("epoch_ns"),
        _ => None,
    }
}

const fn is_date(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Date | DataType::Date32 | DataType::DateTime(_) | DataType::DateTime64 { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::about_value;
    use crate::column::{BlockBuilder, Cell, ColumnSpec, DataType, Limits, Reason};

    fn reason(data_type: &str, value: &str) -> Reason {
        let spec = ColumnSpec {
            name: "c".to_owned(),
            data_type: DataType::parse(data_type).unwrap(),
            has_default: false,
            empty_as_default: false,
            is_inferred: false,
        };
        let limits = Limits {
            max_rows: 9,
            max_bytes: 999,
        };
        let mut builder = BlockBuilder::new(
            vec![spec],
            &crate::column::zone::Zones::bundled("UTC"),
            limits,
        )
        .unwrap();
        let column = builder.column_mut(0).unwrap();
        let outcome = column.append(std::iter::once(Cell::plain(value.as_bytes())));
        outcome.unwrap_err().reason
    }

    /// A type, a value that it does not take, and what is said.
    const NAMED: [(&str, &str, &str); 22] = [
        (
            "Float64",
            "1,234",
            "`--thousands ,` reads it as 1234, `--decimal-comma` as 1.234",
        ),
        ("Int32", "1,234", "`--thousands ,` reads it as 1234"),
        ("Int32", "1,000", "`--thousands ,` reads it as 1000"),
        ("Float64", "1,234.50", "`--thousands ,` reads it as 1234.50"),
        (
            "Nullable(Decimal(18, 2))",
            "1.234,50",
            "`--thousands .` reads it as 1234.50",
        ),
        (
            "Float64",
            "1.234.567",
            "`--thousands .` reads it as 1234567",
        ),
        (
            "Int64",
            "1.234",
            "`--thousands .` reads it as 1234, `--round` rounds it",
        ),
        (
            "Int64",
            "12.000",
            "`--thousands .` reads it as 12000, `--thousands c=,` as 12",
        ),
        ("Int64", "1.5", "`--round` rounds it"),
        ("Float64", "12,5", "`--decimal-comma` reads it as 12.5"),
        ("Float64", "1 234", "`--thousands ' '` reads it as 1234"),
        ("Float64", "1'234", "`--thousands \"'\"` reads it as 1234"),
        (
            "Float64",
            "$5",
            "`--strip-units` reads it, where all values of the column have the same unit",
        ),
        (
            "Float64",
            "$1,234.50",
            "`--strip-units` reads it, where all values of the column have the same unit; of the number \
             `--thousands ,` reads it as 1234.50",
        ),
        (
            "Int32",
            "=\"12\"",
            "`--excel-text` takes it for the text in quotes",
        ),
        (
            "DateTime",
            "1612137595007",
            "`--date-format c=epoch_ms` reads it as a time from 1970 on",
        ),
        (
            "Date",
            "1612137595",
            "`--date-format c=epoch_s` reads it as a time from 1970 on",
        ),
        (
            "Date",
            "01/02/24",
            "`--date-format c=%d/%m/%y` reads it as 2024-02-01, `--date-format c=%m/%d/%y` reads it as \
             2024-01-02, `--date-format c=%y/%m/%d` reads it as 2001-02-24",
        ),
        (
            "DateTime",
            "31.12.2024 10:00",
            "`--date-format 'c=%d.%m.%Y %H:%M'` reads it as 2024-12-31 10:00:00",
        ),
        ("Float64", "9007199254740993", "`--round` rounds it"),
        ("Date", "2024-01-05 10:00:00", "a DateTime column holds it"),
        (
            "Date",
            "1850-01-01",
            "a Date holds 1970-01-01 to 2149-06-06, a Date32 1900 to 2299",
        ),
    ];

    #[test]
    fn the_option_that_reads_a_value_is_named() {
        for (data_type, value, expected) in NAMED {
            let about = about_value(
                reason(data_type, value),
                &DataType::parse(data_type).unwrap(),
                value.as_bytes(),
                "c",
            );
            assert_eq!(about.as_deref(), Some(expected), "{data_type} {value}");
        }
    }

    #[test]
    fn nothing_is_said_where_nothing_helps() {
        for (data_type, value) in [
            ("Float64", "abc"),
            ("Int32", "1,23,4"),
            ("DateTime", "yesterday"),
        ] {
            let about = about_value(
                reason(data_type, value),
                &DataType::parse(data_type).unwrap(),
                value.as_bytes(),
                "c",
            );
            assert_eq!(about, None, "{data_type} {value}");
        }
    }
}
