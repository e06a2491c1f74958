//! Types as text, exactly as `system.columns` writes them.
//!
//! Only [`super::DataType`] has it; it must never write a type that [`super::parser`] reads differently.

use std::fmt::{self, Write as _};

use super::{DataType, EnumDef};

/// Names of Tuple elements that ClickHouse writes in backticks though they are plain words.
const QUOTED_WORDS: [&str; 7] = [
    "all", "distinct", "from", "null", "select", "table", "values",
];

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal { precision, scale } => write!(f, "Decimal({precision}, {scale})"),
            Self::FixedString(length) => write!(f, "FixedString({length})"),
            Self::DateTime(Some(zone)) => {
                f.write_str("DateTime(")?;
                write_quoted(f, zone, '\'')?;
                f.write_str(")")
            }
            Self::DateTime64 { precision, zone } => {
                write!(f, "DateTime64({precision}")?;
                if let Some(zone) = zone {
                    f.write_str(", ")?;
                    write_quoted(f, zone, '\'')?;
                }
                f.write_str(")")
            }
            Self::Time64(precision) => write!(f, "Time64({precision})"),
            Self::Enum8(members) => write!(f, "Enum8({members})"),
            Self::Enum16(members) => write!(f, "Enum16({members})"),
            Self::Nullable(inner) => write!(f, "Nullable({inner})"),
            Self::LowCardinality(inner) => write!(f, "LowCardinality({inner})"),
            Self::Array(value) => write!(f, "Array({value})"),
            Self::Map(key, value) => write!(f, "Map({key}, {value})"),
            Self::Tuple(elements) => write_tuple(f, elements),
            Self::Json(json) => f.write_str(json.text()),
            Self::Other(text) => f.write_str(text),
            _ => f.write_str(self.plain_name()),
        }
    }
}

impl fmt::Display for EnumDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, number)) in self.members.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write_quoted(f, name, '\'')?;
            write!(f, " = {number}")?;
        }
        Ok(())
    }
}

fn write_tuple(f: &mut fmt::Formatter<'_>, elements: &[(Option<String>, DataType)]) -> fmt::Result {
    f.write_str("Tuple(")?;
    for (index, (name, data_type)) in elements.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        match name {
            Some(name) if is_plain_name(name) => write!(f, "{name} ")?,
            Some(name) => {
                write_quoted(f, name, '`')?;
                f.write_str(" ")?;
            }
            None => {}
        }
        write!(f, "{data_type}")?;
    }
    f.write_str(")")
}

/// Returns whether ClickHouse writes a name without backticks.
fn is_plain_name(name: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    name.bytes()
        .next()
        .is_some_and(|first| !first.is_ascii_digit())
        && name.as_bytes().iter().all(is_word)
        && !QUOTED_WORDS
            .iter()
            .any(|word| name.eq_ignore_ascii_case(word))
}

/// Writes a text in quotes with ClickHouse's escapes.
fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    f.write_char(quote)?;
    for character in text.chars() {
        match character {
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            '\0' => f.write_str("\\0")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            _ => {
                if character == quote {
                    f.write_str("\\")?;
                }
                f.write_char(character)?;
            }
        }
    }
    f.write_char(quote)
}
