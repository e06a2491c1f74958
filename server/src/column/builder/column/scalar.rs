//! The values of one scalar type: a whole column, or all that stand at one place of a container.
//!
//! [`super::ColumnBuilder`] and [`super::nested`] append to it; it must never leave a NULL out of the
//! values: a default value stands under each.

use std::sync::Arc;

use ethnum::{I256, U256};

use super::append::{Appender, NullRule, Values};
use super::document::EMPTY_DOCUMENT;
use super::kind::Kind;
use super::{BadCell, with_room};
use crate::column::Cell;
use crate::column::data_type::DataType;
use crate::column::error::Result;
use crate::column::parse::bool::parse_bool;
use crate::column::parse::date_time::{
    LastDate, parse_date, parse_date_time, parse_date_time64, parse_date32,
};
use crate::column::parse::decimal::{
    parse_decimal32, parse_decimal64, parse_decimal128, parse_decimal256,
};
use crate::column::parse::enums::parse_enum;
use crate::column::parse::float::{nearest_f32, nearest_f64, parse_bf16, parse_f32, parse_f64};
use crate::column::parse::int::{
    parse_i128, parse_i256, parse_signed, parse_u128, parse_u256, parse_unsigned,
};
use crate::column::parse::ip::{parse_ipv4, parse_ipv6};
use crate::column::parse::time::{parse_time, parse_time64};
use crate::column::parse::uuid::parse_uuid;
use crate::column::zone::Zone;

/// Values of one scalar type.
#[derive(Debug)]
pub(super) struct Scalar {
    kind: Kind,
    values: Values,
    rule: NullRule,
    is_integer: bool,
    /// Whether `true` and `false` are 1 and 0.
    reads_truths: bool,
    refuses_zeros: bool,
    /// Whether texts need not be UTF-8.
    keeps_bytes: bool,
    /// Whether a float may be another number than the text.
    rounds: bool,
}

impl Scalar {
    /// Prepares for a type; `zone_of` finds the zone of a name, or that of the server.
    pub(super) fn new(
        data_type: &DataType,
        rule: NullRule,
        zone_of: &mut impl FnMut(Option<&str>) -> Result<Arc<Zone>>,
    ) -> Result<Self> {
        Ok(Self {
            kind: Kind::new(data_type, zone_of)?,
            values: Values::default(),
            rule,
            is_integer: data_type.inner().is_integer(),
            reads_truths: false,
            refuses_zeros: false,
            keeps_bytes: false,
            rounds: false,
        })
    }

    /// Takes the nearest float, whatever digits of a number it does not hold.
    pub(super) const fn round(&mut self) {
        self.rounds = true;
    }

    /// Takes texts that are not UTF-8.
    pub(super) const fn keep_bytes(&mut self) {
        self.keeps_bytes = true;
    }

    /// Takes `true` and `false` for 1 and 0, if values are whole numbers.
    pub(super) const fn read_truths(&mut self) {
        self.reads_truths = self.is_integer;
    }

    /// Refuses numbers that begin with a zero which they would lose, if that is what is wanted.
    pub(super) fn refusing_zeros(self, refuses_zeros: bool) -> Self {
        Self {
            refuses_zeros,
            ..self
        }
    }

    pub(super) const fn row_count(&self) -> usize {
        self.values.row_count
    }

    pub(super) const fn byte_count(&self) -> usize {
        self.values.bytes.len() + self.values.nulls.len()
    }

    /// Appends a value for each cell; see [`super::ColumnBuilder::append`].
    pub(super) fn append<'a>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
    ) -> Result<(), BadCell> {
        let mut into = Appender {
            values: &mut self.values,
            rule: self.rule,
            reads_truths: self.reads_truths,
            keeps_bytes: self.keeps_bytes,
        };
        let zeros = self.refuses_zeros;
        match &mut self.kind {
            Kind::Int8 => into.number(cells, zeros, |b| parse_signed(b).map(i8::to_le_bytes)),
            Kind::Int16 => into.number(cells, zeros, |b| parse_signed(b).map(i16::to_le_bytes)),
            Kind::Int32 => into.number(cells, zeros, |b| parse_signed(b).map(i32::to_le_bytes)),
            Kind::Int64 => into.number(cells, zeros, |b| parse_signed(b).map(i64::to_le_bytes)),
            Kind::Int128 => into.number(cells, zeros, |b| parse_i128(b).map(i128::to_le_bytes)),
            Kind::Int256 => into.number(cells, zeros, |b| parse_i256(b).map(I256::to_le_bytes)),
            Kind::UInt8 => into.number(cells, zeros, |b| parse_unsigned(b).map(u8::to_le_bytes)),
            Kind::UInt16 => into.number(cells, zeros, |b| parse_unsigned(b).map(u16::to_le_bytes)),
            Kind::UInt32 => into.number(cells, zeros, |b| parse_unsigned(b).map(u32::to_le_bytes)),
            Kind::UInt64 => into.number(cells, zeros, |b| parse_unsigned(b).map(u64::to_le_bytes)),
            Kind::UInt128 => into.number(cells, zeros, |b| parse_u128(b).map(u128::to_le_bytes)),
            Kind::UInt256 => into.number(cells, zeros, |b| parse_u256(b).map(U256::to_le_bytes)),
            Kind::Float32 if self.rounds => {
                into.number(cells, zeros, |b| nearest_f32(b).map(f32::to_le_bytes))
            }
            Kind::Float64 if self.rounds => {
                into.number(cells, zeros, |b| nearest_f64(b).map(f64::to_le_bytes))
            }
            Kind::Float32 => into.number(cells, zeros, |b| parse_f32(b).map(f32::to_le_bytes)),
            Kind::Float64 => into.number(cells, zeros, |b| parse_f64(b).map(f64::to_le_bytes)),
            Kind::BFloat16 => into.number(cells, zeros, |b| parse_bf16(b).map(u16::to_le_bytes)),
            Kind::Decimal32(format) => into.number(cells, zeros, |b| {
                parse_decimal32(b, *format).map(i32::to_le_bytes)
            }),
            Kind::Decimal64(format) => into.number(cells, zeros, |b| {
                parse_decimal64(b, *format).map(i64::to_le_bytes)
            }),
            Kind::Decimal128(format) => into.number(cells, zeros, |b| {
                parse_decimal128(b, *format).map(i128::to_le_bytes)
            }),
            Kind::Decimal256(format) => into.number(cells, zeros, |b| {
                parse_decimal256(b, *format).map(I256::to_le_bytes)
            }),
            Kind::Bool => into.fixed(cells, |b| parse_bool(b).map(|value| [u8::from(value)])),
            Kind::Uuid => into.fixed(cells, |b| parse_uuid(b).map(uuid_bytes)),
            Kind::IPv4 => into.fixed(cells, |b| parse_ipv4(b).map(u32::to_le_bytes)),
            Kind::IPv6 => into.fixed(cells, parse_ipv6),
            Kind::Date => into.fixed(cells, |b| parse_date(b).map(u16::to_le_bytes)),
            Kind::Date32 => into.fixed(cells, |b| parse_date32(b).map(i32::to_le_bytes)),
            Kind::DateTime(zone) => {
                let last = &mut LastDate::default();
                into.fixed(cells, |b| {
                    parse_date_time(b, zone, last).map(u32::to_le_bytes)
                })
            }
            Kind::DateTime64(precision, zone) => {
                let last = &mut LastDate::default();
                into.fixed(cells, |b| {
                    parse_date_time64(b, *precision, zone, last).map(i64::to_le_bytes)
                })
            }
            Kind::Time => into.fixed(cells, |b| parse_time(b).map(i32::to_le_bytes)),
            Kind::Time64(precision) => {
                into.fixed(cells, |b| parse_time64(b, *precision).map(i64::to_le_bytes))
            }
            Kind::Enum8(table) => {
                let default = low_byte(table.first());
                into.named(cells, default, |b| parse_enum(b, table).map(low_byte))
            }
            Kind::Enum16(table) => {
                let default = table.first().to_le_bytes();
                into.named(cells, default, |b| {
                    parse_enum(b, table).map(i16::to_le_bytes)
                })
            }
            Kind::String => into.text(cells),
            Kind::FixedString(length) => into.fixed_text(cells, *length),
            Kind::Json(documents) => into.documents(cells, |text| documents.check(text)),
        }
    }

    /// Appends NULL, or the default value of the type where there is no NULL.
    pub(super) fn push_default(&mut self) {
        let bytes = &mut self.values.bytes;
        match &self.kind {
            Kind::Enum8(table) => bytes.extend_from_slice(&low_byte(table.first())),
            Kind::Enum16(table) => bytes.extend_from_slice(&table.first().to_le_bytes()),
            Kind::Json(_) => bytes.extend_from_slice(EMPTY_DOCUMENT),
            kind => bytes.resize(bytes.len() + kind.default_width(), 0),
        }
        if self.rule == NullRule::Null {
            self.values.nulls.push(1);
        }
        self.values.row_count += 1;
    }

    /// Appends what [`Scalar::restore`] needs to come back to these rows.
    pub(super) fn save(&self, lengths: &mut Vec<usize>) {
        lengths.extend([self.values.row_count, self.values.bytes.len()]);
    }

    /// Throws the rows away that have been appended since [`Scalar::save`].
    pub(super) fn restore(&mut self, lengths: &mut impl Iterator<Item = usize>) {
        if let (Some(row_count), Some(byte_count)) = (lengths.next(), lengths.next()) {
            self.values.row_count = self.values.row_count.min(row_count);
            self.values.bytes.truncate(byte_count);
            self.values.nulls.truncate(row_count);
        }
    }

    /// Takes the values out as parts of a column, and makes room for some more than as many again.
    pub(super) fn take(&mut self, parts: &mut Vec<Vec<u8>>) {
        let next = Values {
            bytes: Vec::with_capacity(with_room(self.values.bytes.len())),
            nulls: Vec::with_capacity(with_room(self.values.nulls.len())),
            row_count: 0,
        };
        let values = std::mem::replace(&mut self.values, next);
        parts.extend([values.nulls, values.bytes]);
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
