//! What a column needs for reading its cells: the type, with zones, members and limits laid out.
//!
//! Only [`super::scalar`] uses it; it must never know whether a value may be NULL.

use std::sync::Arc;

use ethnum::U256;

use super::document::Documents;
use crate::column::data_type::DataType;
use crate::column::error::{Error, Result};
use crate::column::parse::decimal::DecimalFormat;
use crate::column::parse::enums::EnumTable;
use crate::column::zone::Zone;

/// The way in which cells are read.
#[derive(Debug)]
pub(super) enum Kind {
    Int8,
    Int16,
    Int32,
    Int64,
    Int128,
    Int256,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    UInt128,
    UInt256,
    Float32,
    Float64,
    BFloat16,
    Decimal32(DecimalFormat<u64>),
    Decimal64(DecimalFormat<u64>),
    Decimal128(DecimalFormat<u128>),
    Decimal256(DecimalFormat<U256>),
    Bool,
    Uuid,
    IPv4,
    IPv6,
    Date,
    Date32,
    DateTime(Arc<Zone>),
    DateTime64(u8, Arc<Zone>),
    Time,
    Time64(u8),
    Enum8(EnumTable),
    Enum16(EnumTable),
    String,
    FixedString(usize),
    Json(Box<Documents>),
}

impl Kind {
    /// Lays out what a type needs; `zone_of` finds the zone of a name, or that of the server.
    pub(super) fn new(
        data_type: &DataType,
        zone_of: &mut impl FnMut(Option<&str>) -> Result<Arc<Zone>>,
    ) -> Result<Self> {
        Ok(match data_type.inner() {
            DataType::Int8 => Self::Int8,
            DataType::Int16 => Self::Int16,
            DataType::Int32 => Self::Int32,
            DataType::Int64 => Self::Int64,
            DataType::Int128 => Self::Int128,
            DataType::Int256 => Self::Int256,
            DataType::UInt8 => Self::UInt8,
            DataType::UInt16 => Self::UInt16,
            DataType::UInt32 => Self::UInt32,
            DataType::UInt64 => Self::UInt64,
            DataType::UInt128 => Self::UInt128,
            DataType::UInt256 => Self::UInt256,
            DataType::Float32 => Self::Float32,
            DataType::Float64 => Self::Float64,
            DataType::BFloat16 => Self::BFloat16,
            DataType::Decimal { precision, scale } => {
                decimal(*precision, *scale).ok_or_else(|| Error::UnsupportedType {
                    text: data_type.to_string(),
                })?
            }
            DataType::Bool => Self::Bool,
            DataType::Uuid => Self::Uuid,
            DataType::IPv4 => Self::IPv4,
            DataType::IPv6 => Self::IPv6,
            DataType::Date => Self::Date,
            DataType::Date32 => Self::Date32,
            DataType::DateTime(zone) => Self::DateTime(zone_of(zone.as_deref())?),
            DataType::DateTime64 { precision, zone } => {
                Self::DateTime64(*precision, zone_of(zone.as_deref())?)
            }
            DataType::Time => Self::Time,
            DataType::Time64(precision) => Self::Time64(*precision),
            DataType::Enum8(members) => Self::Enum8(EnumTable::new(members)),
            DataType::Enum16(members) => Self::Enum16(EnumTable::new(members)),
            DataType::FixedString(length) => Self::FixedString(*length),
            DataType::Json(json) => Self::Json(Box::new(Documents::new(json, zone_of)?)),
            DataType::String
            | DataType::Other(_)
            | DataType::Nullable(_)
            | DataType::LowCardinality(_) => Self::String,
            DataType::Array(_) | DataType::Map(..) | DataType::Tuple(_) => {
                return Err(Error::UnsupportedType {
                    text: data_type.to_string(),
                });
            }
        })
    }

    /// Returns the zero bytes of the default value; that of an Enum is its first member instead, and that of a
    /// document an empty object.
    pub(super) const fn default_width(&self) -> usize {
        match self {
            // A text begins with its length.
            Self::Int8
            | Self::UInt8
            | Self::Bool
            | Self::Enum8(_)
            | Self::String
            | Self::Json(_) => 1,
            Self::Int16 | Self::UInt16 | Self::BFloat16 | Self::Date | Self::Enum16(_) => 2,
            Self::Int32
            | Self::UInt32
            | Self::Float32
            | Self::Decimal32(_)
            | Self::IPv4
            | Self::Date32
            | Self::DateTime(_)
            | Self::Time => 4,
            Self::Int64
            | Self::UInt64
            | Self::Float64
            | Self::Decimal64(_)
            | Self::DateTime64(..)
            | Self::Time64(_) => 8,
            Self::Int128 | Self::UInt128 | Self::Decimal128(_) | Self::Uuid | Self::IPv6 => 16,
            Self::Int256 | Self::UInt256 | Self::Decimal256(_) => 32,
            Self::FixedString(length) => *length,
        }
    }
}

/// Returns the kind that has the width of a Decimal; None for a precision above 76.
fn decimal(precision: u8, scale: u8) -> Option<Kind> {
    Some(match precision {
        0..=9 => Kind::Decimal32(DecimalFormat::new(precision, scale)?),
        10..=18 => Kind::Decimal64(DecimalFormat::new(precision, scale)?),
        19..=38 => Kind::Decimal128(DecimalFormat::new(precision, scale)?),
        _ => Kind::Decimal256(DecimalFormat::new(precision, scale)?),
    })
}
