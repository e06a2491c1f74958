//! Types whose text never needs quotes: numbers, dates, times, UUIDs, addresses and Bool.
//!
//! [`super::Formatter`] calls it once for each column of some rows; each arm is a loop that knows its
//! type.

use ethnum::{I256, U256};

use super::{
    address,
    digits::{push_i64, push_u64},
    float,
    lines::Column,
    time::{self, DateText, DateTimeText, Tick},
    wide::{self, Scale},
};
use crate::column::{DataType, Result, zone::Zones};

/// Room for a text of up to 40 bytes, as those of all but the widest types are, and for what
/// [`Line::push_front`](super::line::Line::push_front) writes behind its end.
const NARROW: usize = 48;

/// Room for a decimal of 76 digits or an integer of 78, with sign and point.
pub(super) const WIDE: usize = 96;

/// How the values of a column lie in the block and are printed.
#[derive(Clone, Debug)]
pub(super) enum Plain {
    Bool,
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
    Decimal32(Scale),
    Decimal64(Scale),
    Decimal128(Scale),
    Decimal256(Scale),
    Uuid,
    IPv4,
    IPv6,
    Date(DateText),
    Date32(DateText),
    DateTime(DateTimeText),
    DateTime64(DateTimeText, Tick),
    Time,
    Time64(Tick),
}

impl Plain {
    /// The form of a type; none for one that is text.
    pub(super) fn new(data_type: &DataType, zones: &Zones) -> Result<Option<Self>> {
        let form = match data_type.inner() {
            DataType::Bool => Self::Bool,
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
            DataType::Decimal { scale, .. } => decimal(data_type, Scale::new(*scale)),
            DataType::Uuid => Self::Uuid,
            DataType::IPv4 => Self::IPv4,
            DataType::IPv6 => Self::IPv6,
            DataType::Date => Self::Date(DateText::new()),
            DataType::Date32 => Self::Date32(DateText::new()),
            DataType::DateTime(zone) => Self::DateTime(date_time(zone.as_deref(), zones)?),
            DataType::DateTime64 { precision, zone } => {
                let date_time = date_time(zone.as_deref(), zones)?;
                Self::DateTime64(date_time, Tick::new(*precision))
            }
            DataType::Time => Self::Time,
            DataType::Time64(precision) => Self::Time64(Tick::new(*precision)),
            DataType::FixedString(_)
            | DataType::Enum8(_)
            | DataType::Enum16(_)
            | DataType::String
            // `inner` leaves no wrapper, and what is no scalar travels as text.
            | DataType::Nullable(_)
            | DataType::LowCardinality(_)
            | DataType::Array(_)
            | DataType::Map(..)
            | DataType::Tuple(_)
            | DataType::Json(_)
            | DataType::Other(_) => return Ok(None),
        };
        Ok(Some(form))
    }

    /// The room that a text needs, with a delimiter before it.
    pub(super) const fn width(&self) -> usize {
        match self {
            Self::Int256 | Self::UInt256 | Self::Decimal256(_) => WIDE,
            _ => NARROW,
        }
    }

    /// Writes the values of a column.
    pub(super) fn write(&mut self, cells: Column<'_>) {
        match self {
            Self::Bool => cells.write(|out, [value]| {
                out.extend_from_slice(if value == 0 { b"false" } else { b"true" });
            }),
            Self::Float32 => cells.write(|out, v| float::push_f32(out, f32::from_le_bytes(v))),
            Self::Float64 => cells.write(|out, v| float::push_f64(out, f64::from_le_bytes(v))),
            Self::BFloat16 => cells.write(|out, v| float::push_bf16(out, u16::from_le_bytes(v))),
            Self::Decimal32(scale) => {
                cells.write(|out, v| scale.push_i64(out, i32::from_le_bytes(v).into()));
            }
            Self::Decimal64(scale) => {
                cells.write(|out, v| scale.push_i64(out, i64::from_le_bytes(v)));
            }
            Self::Decimal128(scale) => {
                cells.write(|out, v| scale.push_i128(out, i128::from_le_bytes(v)));
            }
            Self::Decimal256(scale) => {
                cells.write(|out, v| scale.push_i256(out, I256::from_le_bytes(v)));
            }
            Self::Uuid => cells.write(address::push_uuid),
            Self::IPv4 => cells.write(address::push_ipv4),
            Self::IPv6 => cells.write(address::push_ipv6),
            Self::Date(date) => cells.write(|out, v| {
                out.extend_from_slice(&date.text(u16::from_le_bytes(v).into()));
            }),
            Self::Date32(date) => cells.write(|out, v| {
                out.extend_from_slice(&date.text(i32::from_le_bytes(v)));
            }),
            Self::DateTime(date_time) => cells.write(|out, v| {
                date_time.push_seconds(out, u32::from_le_bytes(v).into());
            }),
            Self::DateTime64(date_time, tick) => cells.write(|out, v| {
                date_time.push_ticks(out, i64::from_le_bytes(v), *tick);
            }),
            Self::Time => cells.write(|out, v| {
                time::push_time(out, i32::from_le_bytes(v).into(), Tick::new(0));
            }),
            Self::Time64(tick) => cells.write(|out, v| {
                time::push_time(out, i64::from_le_bytes(v), *tick);
            }),
            form => form.write_integers(cells),
        }
    }

    fn write_integers(&self, cells: Column<'_>) {
        match self {
            Self::Int8 => cells.write(|out, v| push_i64(out, i8::from_le_bytes(v).into())),
            Self::Int16 => cells.write(|out, v| push_i64(out, i16::from_le_bytes(v).into())),
            Self::Int32 => cells.write(|out, v| push_i64(out, i32::from_le_bytes(v).into())),
            Self::Int64 => cells.write(|out, v| push_i64(out, i64::from_le_bytes(v))),
            Self::Int128 => cells.write(|out, v| wide::push_i128(out, i128::from_le_bytes(v))),
            Self::Int256 => cells.write(|out, v| wide::push_i256(out, I256::from_le_bytes(v))),
            Self::UInt8 => cells.write(|out, v| push_u64(out, u8::from_le_bytes(v).into())),
            Self::UInt16 => cells.write(|out, v| push_u64(out, u16::from_le_bytes(v).into())),
            Self::UInt32 => cells.write(|out, v| push_u64(out, u32::from_le_bytes(v).into())),
            Self::UInt64 => cells.write(|out, v| push_u64(out, u64::from_le_bytes(v))),
            Self::UInt128 => cells.write(|out, v| wide::push_u128(out, u128::from_le_bytes(v))),
            Self::UInt256 => cells.write(|out, v| wide::push_u256(out, U256::from_le_bytes(v))),
            _ => {}
        }
    }
}

fn decimal(data_type: &DataType, scale: Scale) -> Plain {
    match data_type.fixed_width() {
        Some(4) => Plain::Decimal32(scale),
        Some(8) => Plain::Decimal64(scale),
        Some(16) => Plain::Decimal128(scale),
        _ => Plain::Decimal256(scale),
    }
}

fn date_time(zone: Option<&str>, zones: &Zones) -> Result<DateTimeText> {
    Ok(DateTimeText::new(zones.get(zone)?.as_ref().clone()))
}
