//! The values of one column.
//!
//! [`super::block`] makes it, `transfer::upload` appends to it; it must never leave a NULL out of the
//! values: a default value stands under each.

mod append;
mod kind;

use std::sync::Arc;

use bytes::Bytes;
use ethnum::{I256, U256};

use super::super::data_type::DataType;
use super::super::error::Result;
use super::super::parse::Reason;
use super::super::parse::bool::parse_bool;
use super::super::parse::date_time::{
    parse_date, parse_date_time, parse_date_time64, parse_date32,
};
use super::super::parse::decimal::{
    parse_decimal32, parse_decimal64, parse_decimal128, parse_decimal256,
};
use super::super::parse::enums::parse_enum;
use super::super::parse::float::{parse_bf16, parse_f32, parse_f64};
use super::super::parse::int::{
    parse_i128, parse_i256, parse_signed, parse_u128, parse_u256, parse_unsigned,
};
use super::super::parse::ip::{parse_ipv4, parse_ipv6};
use super::super::parse::time::{parse_time, parse_time64};
use super::super::parse::uuid::parse_uuid;
use super::super::wire::{EncodedColumn, column_header};
use super::super::zone::Zone;
use super::super::{Cell, ColumnSpec};
use append::{Appender, NullRule, Values};
use kind::Kind;

/// A cell that does not fit its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCell {
    /// The place of the cell among those that were given to the call, from 0.
    pub row: usize,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Collects the values of one column of a block.
#[derive(Debug)]
pub struct ColumnBuilder {
    name: String,
    kind: Kind,
    header: Bytes,
    values: Values,
    rule: NullRule,
}

impl ColumnBuilder {
    /// Prepares a column; `zone_of` finds the zone of a name, or that of the server.
    pub(super) fn new(
        spec: &ColumnSpec,
        zone_of: &mut impl FnMut(Option<&str>) -> Result<Arc<Zone>>,
    ) -> Result<Self> {
        let kind = Kind::new(&spec.data_type, zone_of)?;
        let rule = if spec.data_type.is_nullable() || spec.has_default {
            NullRule::Null
        } else if matches!(
            spec.data_type.inner(),
            DataType::String | DataType::FixedString(_)
        ) {
            NullRule::EmptyText
        } else {
            NullRule::Refuse
        };
        Ok(Self {
            name: spec.name.clone(),
            kind,
            header: column_header(&spec.name, &spec.wire_type().to_string()),
            values: Values::default(),
            rule,
        })
    }

    /// Returns the name of the column.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the rows so far.
    #[must_use]
    pub const fn row_count(&self) -> usize {
        self.values.row_count
    }

    /// Returns the bytes of the values so far.
    #[must_use]
    pub const fn byte_count(&self) -> usize {
        self.values.bytes.len() + self.values.nulls.len()
    }

    /// Appends a value for each cell.
    ///
    /// # Errors
    ///
    /// The first cell that does not fit. The values before it have been appended: throw the block away.
    pub fn append<'a>(&mut self, cells: impl Iterator<Item = Cell<'a>>) -> Result<(), BadCell> {
        let mut into = Appender {
            values: &mut self.values,
            rule: self.rule,
        };
        match &self.kind {
            Kind::Int8 => into.fixed(cells, |b| parse_signed(b).map(i8::to_le_bytes)),
            Kind::Int16 => into.fixed(cells, |b| parse_signed(b).map(i16::to_le_bytes)),
            Kind::Int32 => into.fixed(cells, |b| parse_signed(b).map(i32::to_le_bytes)),
            Kind::Int64 => into.fixed(cells, |b| parse_signed(b).map(i64::to_le_bytes)),
            Kind::Int128 => into.fixed(cells, |b| parse_i128(b).map(i128::to_le_bytes)),
            Kind::Int256 => into.fixed(cells, |b| parse_i256(b).map(I256::to_le_bytes)),
            Kind::UInt8 => into.fixed(cells, |b| parse_unsigned(b).map(u8::to_le_bytes)),
            Kind::UInt16 => into.fixed(cells, |b| parse_unsigned(b).map(u16::to_le_bytes)),
            Kind::UInt32 => into.fixed(cells, |b| parse_unsigned(b).map(u32::to_le_bytes)),
            Kind::UInt64 => into.fixed(cells, |b| parse_unsigned(b).map(u64::to_le_bytes)),
            Kind::UInt128 => into.fixed(cells, |b| parse_u128(b).map(u128::to_le_bytes)),
            Kind::UInt256 => into.fixed(cells, |b| parse_u256(b).map(U256::to_le_bytes)),
            Kind::Float32 => into.fixed(cells, |b| parse_f32(b).map(f32::to_le_bytes)),
            Kind::Float64 => into.fixed(cells, |b| parse_f64(b).map(f64::to_le_bytes)),
            Kind::BFloat16 => into.fixed(cells, |b| parse_bf16(b).map(u16::to_le_bytes)),
            Kind::Decimal32(format) => {
                into.fixed(cells, |b| parse_decimal32(b, *format).map(i32::to_le_bytes))
            }
            Kind::Decimal64(format) => {
                into.fixed(cells, |b| parse_decimal64(b, *format).map(i64::to_le_bytes))
            }
            Kind::Decimal128(format) => into.fixed(cells, |b| {
                parse_decimal128(b, *format).map(i128::to_le_bytes)
            }),
            Kind::Decimal256(format) => into.fixed(cells, |b| {
                parse_decimal256(b, *format).map(I256::to_le_bytes)
            }),
            Kind::Bool => into.fixed(cells, |b| parse_bool(b).map(|value| [u8::from(value)])),
            Kind::Uuid => into.fixed(cells, |b| parse_uuid(b).map(uuid_bytes)),
            Kind::IPv4 => into.fixed(cells, |b| parse_ipv4(b).map(u32::to_le_bytes)),
            Kind::IPv6 => into.fixed(cells, parse_ipv6),
            Kind::Date => into.fixed(cells, |b| parse_date(b).map(u16::to_le_bytes)),
            Kind::Date32 => into.fixed(cells, |b| parse_date32(b).map(i32::to_le_bytes)),
            Kind::DateTime(zone) => {
                into.fixed(cells, |b| parse_date_time(b, zone).map(u32::to_le_bytes))
            }
            Kind::DateTime64(precision, zone) => into.fixed(cells, |b| {
                parse_date_time64(b, *precision, zone).map(i64::to_le_bytes)
            }),
            Kind::Time => into.fixed(cells, |b| parse_time(b).map(i32::to_le_bytes)),
            Kind::Time64(precision) => {
                into.fixed(cells, |b| parse_time64(b, *precision).map(i64::to_le_bytes))
            }
            Kind::Enum8(table) => into.named(cells, |b| parse_enum(b, table).map(low_byte)),
            Kind::Enum16(table) => {
                into.named(cells, |b| parse_enum(b, table).map(i16::to_le_bytes))
            }
            Kind::String => into.text(cells),
            Kind::FixedString(length) => into.fixed_text(cells, *length),
        }
    }

    /// Takes the values out, and makes room for as many again.
    pub(super) fn take(&mut self) -> EncodedColumn {
        let next = Values {
            bytes: Vec::with_capacity(self.values.bytes.len()),
            nulls: Vec::with_capacity(self.values.nulls.len()),
            row_count: 0,
        };
        let values = std::mem::replace(&mut self.values, next);
        EncodedColumn {
            header: self.header.clone(),
            nulls: values.nulls,
            values: values.bytes,
        }
    }

    /// Throws the values away.
    pub(super) fn clear(&mut self) {
        self.values.bytes.clear();
        self.values.nulls.clear();
        self.values.row_count = 0;
    }
}

/// Returns the two words of a UUID, the high one first, each little-endian.
fn uuid_bytes(value: u128) -> [u8; 16] {
    value.rotate_left(64).to_le_bytes()
}

/// Returns the low byte; the numbers of an Enum8 have no other.
const fn low_byte(value: i16) -> [u8; 1] {
    let [low, _] = value.to_le_bytes();
    [low]
}
