//! ClickHouse's type names: read as `system.columns` writes them, and written the same way.
//!
//! The whole of `column` and `transfer` call it; it must never look at values.

mod display;
mod document;
mod parser;

use super::error::{Error, Result};
pub use document::JsonType;

/// A type of a ClickHouse column.
///
/// Every scalar type has its own variant, and so have the containers of types that are known here;
/// whatever else exists is [`DataType::Other`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// A signed integer of 1 byte.
    Int8,
    /// A signed integer of 2 bytes.
    Int16,
    /// A signed integer of 4 bytes.
    Int32,
    /// A signed integer of 8 bytes.
    Int64,
    /// A signed integer of 16 bytes.
    Int128,
    /// A signed integer of 32 bytes.
    Int256,
    /// An unsigned integer of 1 byte.
    UInt8,
    /// An unsigned integer of 2 bytes.
    UInt16,
    /// An unsigned integer of 4 bytes.
    UInt32,
    /// An unsigned integer of 8 bytes.
    UInt64,
    /// An unsigned integer of 16 bytes.
    UInt128,
    /// An unsigned integer of 32 bytes.
    UInt256,
    /// An IEEE 754 number of 4 bytes.
    Float32,
    /// An IEEE 754 number of 8 bytes.
    Float64,
    /// The upper 2 bytes of a [`DataType::Float32`].
    BFloat16,
    /// A number with a fixed count of fractional digits, stored as an integer of 4, 8, 16 or 32 bytes.
    Decimal {
        /// All digits, 1 to 76; decides the width.
        precision: u8,
        /// Digits behind the point, 0 to `precision`.
        scale: u8,
    },
    /// `true` or `false`, 1 byte.
    Bool,
    /// Bytes of any length.
    String,
    /// Exactly this many bytes, at least 1; shorter values end in zero bytes.
    FixedString(usize),
    /// A UUID, 16 bytes.
    Uuid,
    /// An IPv4 address, 4 bytes.
    IPv4,
    /// An IPv6 address, 16 bytes.
    IPv6,
    /// Days from 1970-01-01 in 2 bytes: 1970-01-01 to 2149-06-06.
    Date,
    /// Days from 1970-01-01 in 4 signed bytes: 1900-01-01 to 2299-12-31.
    Date32,
    /// Seconds from 1970-01-01 00:00:00 UTC in 4 bytes; shown in the named zone, else in the server's.
    DateTime(Option<String>),
    /// A time with a fraction, 8 bytes.
    DateTime64 {
        /// Digits of the fraction, 0 to 9.
        precision: u8,
        /// The zone it is shown in. None: the zone of the server.
        zone: Option<String>,
    },
    /// A signed time of day or duration in seconds, 4 bytes.
    Time,
    /// A signed time of day or duration with this many digits of a fraction (0 to 9), 8 bytes.
    Time64(u8),
    /// Named numbers of 1 byte.
    Enum8(EnumDef),
    /// Named numbers of 2 bytes.
    Enum16(EnumDef),
    /// The inner type or NULL.
    Nullable(Box<Self>),
    /// The inner type, stored in the table through a dictionary.
    LowCardinality(Box<Self>),
    /// Any number of values of one type.
    Array(Box<Self>),
    /// Any number of pairs of a key and a value, in the order in which they were given. ClickHouse
    /// keeps a key that stands twice, and so does Sluice.
    Map(Box<Self>, Box<Self>),
    /// A fixed number of values, at least one, each of a type of its own and perhaps with a name.
    Tuple(Vec<(Option<String>, Self)>),
    /// A JSON object. Its values travel as text.
    Json(Box<JsonType>),
    /// Any other type, as ClickHouse writes it: also a container with such a type inside, and one
    /// that is Nullable. Its values travel as text.
    Other(String),
}

/// The members of an Enum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnumDef {
    /// In the order of their numbers, as ClickHouse keeps them.
    members: Vec<(String, i16)>,
}

impl EnumDef {
    /// Makes an Enum of names and numbers in any order.
    #[must_use]
    pub fn new(mut members: Vec<(String, i16)>) -> Self {
        members.sort_by_key(|(_, number)| *number);
        Self { members }
    }

    /// Returns the members in the order of their numbers.
    #[must_use]
    pub fn members(&self) -> &[(String, i16)] {
        &self.members
    }

    /// Returns whether there is a member of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(member, _)| member == name)
    }

    /// Returns the name that belongs to a number.
    #[must_use]
    pub fn name_of(&self, number: i16) -> Option<&str> {
        let index = self.members.binary_search_by_key(&number, |(_, n)| *n);
        let (name, _) = self.members.get(index.ok()?)?;
        Some(name)
    }
}

impl DataType {
    /// Reads a type as `system.columns` writes it.
    ///
    /// A `Nested(..)` is the `Array(Tuple(..))` that it is stored as, a `Point` the
    /// `Tuple(Float64, Float64)`, and so are the shapes that are made of points. Types that are not known
    /// become [`DataType::Other`] with the whole text, and so does a type of more than 32 levels.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidType`] when the text cannot be a type: parentheses or quotes that do not close, or
    /// arguments out of range.
    pub fn parse(text: &str) -> Result<Self> {
        parser::parse(text).map_err(|problem| Error::InvalidType {
            text: text.to_owned(),
            problem,
        })
    }

    /// Returns whether a value may be NULL.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        match self {
            Self::Nullable(_) => true,
            Self::LowCardinality(inner) => inner.is_nullable(),
            Self::Other(text) => [
                "Nullable(",
                "LowCardinality(Nullable(",
                "Variant(",
                "Dynamic",
            ]
            .iter()
            .any(|start| text.starts_with(start)),
            _ => false,
        }
    }

    /// Returns the type without Nullable and LowCardinality around it.
    #[must_use]
    pub fn inner(&self) -> &Self {
        match self {
            Self::Nullable(inner) | Self::LowCardinality(inner) => inner.inner(),
            _ => self,
        }
    }

    /// Returns whether it is made of types that are known here: its text is then written anew, whoever gave it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self.inner(), Self::Other(_))
    }

    /// Returns whether the type is an Array, a Map or a Tuple.
    #[must_use]
    pub const fn is_container(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Map(..) | Self::Tuple(_))
    }

    /// Returns whether the type is one of whole numbers.
    #[must_use]
    pub const fn is_integer(&self) -> bool {
        matches!(
            self,
            Self::Int8
                | Self::Int16
                | Self::Int32
                | Self::Int64
                | Self::Int128
                | Self::Int256
                | Self::UInt8
                | Self::UInt16
                | Self::UInt32
                | Self::UInt64
                | Self::UInt128
                | Self::UInt256
        )
    }

    /// Returns whether values are written in brackets, with texts in quotes that have escapes of their
    /// own: those of containers, also where not all types inside are known.
    #[must_use]
    pub fn is_bracketed(&self) -> bool {
        let Self::Other(text) = self else {
            return self.is_container();
        };
        let text = text.strip_prefix("Nullable(").unwrap_or(text);
        ["Array(", "Map(", "Tuple(", "Nested("]
            .iter()
            .any(|start| text.starts_with(start))
    }

    /// Returns the type that is written into a block for this one: without LowCardinality at any
    /// level, which ClickHouse adds itself, and String for [`DataType::Json`] and [`DataType::Other`].
    #[must_use]
    pub fn wire_type(&self) -> Self {
        let inner = match self.inner() {
            Self::Json(_) | Self::Other(_) => Self::String,
            Self::Array(value) => Self::Array(Box::new(value.wire_type())),
            Self::Map(key, value) => {
                Self::Map(Box::new(key.wire_type()), Box::new(value.wire_type()))
            }
            Self::Tuple(elements) => {
                let wire_type =
                    |(name, element): &(_, Self)| (Clone::clone(name), element.wire_type());
                Self::Tuple(elements.iter().map(wire_type).collect())
            }
            inner => inner.clone(),
        };
        if self.is_nullable() {
            Self::Nullable(Box::new(inner))
        } else {
            inner
        }
    }

    /// Returns whether ClickHouse has to make the value of what travels: there is a text for it, or within it.
    #[must_use]
    pub fn is_cast(&self) -> bool {
        match self.inner() {
            Self::Json(_) | Self::Other(_) => true,
            Self::Array(value) => value.is_cast(),
            Self::Map(key, value) => key.is_cast() || value.is_cast(),
            Self::Tuple(elements) => elements.iter().any(|(_, element)| element.is_cast()),
            _ => false,
        }
    }

    /// Returns the bytes of one value in a block, without the byte that says whether it is NULL.
    ///
    /// None for values of any length: String, containers, and the types that travel as text.
    #[must_use]
    pub fn fixed_width(&self) -> Option<usize> {
        Some(match self {
            Self::Int8 | Self::UInt8 | Self::Bool | Self::Enum8(_) => 1,
            Self::Int16 | Self::UInt16 | Self::BFloat16 | Self::Date | Self::Enum16(_) => 2,
            Self::Int32
            | Self::UInt32
            | Self::Float32
            | Self::IPv4
            | Self::Date32
            | Self::DateTime(_)
            | Self::Time => 4,
            Self::Int64
            | Self::UInt64
            | Self::Float64
            | Self::DateTime64 { .. }
            | Self::Time64(_) => 8,
            Self::Int128 | Self::UInt128 | Self::Uuid | Self::IPv6 => 16,
            Self::Int256 | Self::UInt256 => 32,
            Self::Decimal { precision, .. } => match precision {
                0..=9 => 4,
                10..=18 => 8,
                19..=38 => 16,
                _ => 32,
            },
            Self::FixedString(length) => *length,
            Self::String
            | Self::Array(_)
            | Self::Map(..)
            | Self::Tuple(_)
            | Self::Json(_)
            | Self::Other(_) => return None,
            Self::Nullable(inner) | Self::LowCardinality(inner) => return inner.fixed_width(),
        })
    }
}

impl DataType {
    /// The types without arguments. The parser reads by it, [`fmt::Display`] writes by it.
    const PLAIN: [(&'static str, Self); 24] = [
        ("String", Self::String),
        ("UInt8", Self::UInt8),
        ("UInt16", Self::UInt16),
        ("UInt32", Self::UInt32),
        ("UInt64", Self::UInt64),
        ("UInt128", Self::UInt128),
        ("UInt256", Self::UInt256),
        ("Int8", Self::Int8),
        ("Int16", Self::Int16),
        ("Int32", Self::Int32),
        ("Int64", Self::Int64),
        ("Int128", Self::Int128),
        ("Int256", Self::Int256),
        ("Float32", Self::Float32),
        ("Float64", Self::Float64),
        ("BFloat16", Self::BFloat16),
        ("Bool", Self::Bool),
        ("UUID", Self::Uuid),
        ("IPv4", Self::IPv4),
        ("IPv6", Self::IPv6),
        ("Date", Self::Date),
        ("Date32", Self::Date32),
        ("DateTime", Self::DateTime(None)),
        ("Time", Self::Time),
    ];

    fn plain_name(&self) -> &'static str {
        Self::PLAIN
            .iter()
            .find(|(_, plain)| plain == self)
            .map_or("", |(name, _)| name)
    }

    fn from_plain_name(text: &str) -> Option<Self> {
        Self::PLAIN
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, plain)| plain.clone())
    }
}

#[cfg(test)]
mod tests;
