//! Text of single values, as ClickHouse writes them in CSV and TSV, without quotes or escapes.
//!
//! `transfer::export` makes one [`Formatter`] for each column and calls it for every cell, row by row,
//! with a [`CellSink`] that puts delimiters and quotes around. Must never know a file format, and
//! must never print a text that loads back as another value.
//!
//! # How this works
//!
//! [`Formatter::cell`] is the inner loop of an export. It looks at the type once, in one `match`,
//! and the sink is a type parameter, so that the code of each type is compiled together with that
//! of the encoder. Which arm is taken repeats with every row, which the processor learns. Numbers
//! and dates go straight to the output buffer and are known to need no quotes; text is handed over
//! as it lies in the block.
//!
//! Where the forms differ from ClickHouse's: of two instants that a clock showed alike when it was
//! set back, the later one gets its offset (`2024-11-03 01:30:00-05:00`). ClickHouse prints both
//! without, and reads both as the earlier one; with the offset it reads the right one if
//! `date_time_input_format` is `best_effort`.

mod address;
mod digits;
mod float;
mod time;
mod wide;

use ethnum::{I256, U256};

use super::{DataType, Result, data_type::EnumDef, reader::BlockColumn, zone::Zone};
use digits::{push_i64, push_u64};
use time::{DateText, DateTimeText, Tick};
use wide::Scale;

/// Takes the cells of a row, one call for each.
pub trait CellSink {
    /// Takes a NULL.
    fn null(&mut self);

    /// Takes text that may hold anything, delimiters, quotes and line ends too, and may be empty.
    fn text(&mut self, bytes: &[u8]);

    /// Takes a number, date, time, UUID, address or Bool: `write` appends it to the buffer.
    ///
    /// It is made of ASCII letters, digits, space and `+-.:` and is never empty.
    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>));
}

/// Turns the values of one column into text.
#[derive(Clone, Debug)]
pub struct Formatter {
    form: Form,
}

/// How the values of a column lie in the block and are printed.
#[derive(Clone, Debug)]
enum Form {
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
    String,
    FixedString(usize),
    Enum8(EnumNames),
    Enum16(EnumNames),
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

impl Formatter {
    /// Makes the formatter of a column. `server_zone` is for types that name no zone.
    ///
    /// `data_type` must come from the table or from `DESCRIBE`, not from the block: a stream says
    /// `DateTime` where the column is `DateTime('Europe/Paris')`. Whether a block fits a described
    /// type, [`BlockColumn::carries`] tells.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownZone`](super::Error::UnknownZone).
    pub fn new(data_type: &DataType, server_zone: &Zone) -> Result<Self> {
        let form = match data_type.inner() {
            DataType::Bool => Form::Bool,
            DataType::Int8 => Form::Int8,
            DataType::Int16 => Form::Int16,
            DataType::Int32 => Form::Int32,
            DataType::Int64 => Form::Int64,
            DataType::Int128 => Form::Int128,
            DataType::Int256 => Form::Int256,
            DataType::UInt8 => Form::UInt8,
            DataType::UInt16 => Form::UInt16,
            DataType::UInt32 => Form::UInt32,
            DataType::UInt64 => Form::UInt64,
            DataType::UInt128 => Form::UInt128,
            DataType::UInt256 => Form::UInt256,
            DataType::Float32 => Form::Float32,
            DataType::Float64 => Form::Float64,
            DataType::BFloat16 => Form::BFloat16,
            DataType::Decimal { scale, .. } => decimal(data_type, Scale::new(*scale)),
            DataType::FixedString(width) => Form::FixedString(*width),
            DataType::Enum8(members) => Form::Enum8(EnumNames::new(members)),
            DataType::Enum16(members) => Form::Enum16(EnumNames::new(members)),
            DataType::Uuid => Form::Uuid,
            DataType::IPv4 => Form::IPv4,
            DataType::IPv6 => Form::IPv6,
            DataType::Date => Form::Date(DateText::new()),
            DataType::Date32 => Form::Date32(DateText::new()),
            DataType::DateTime(zone) => Form::DateTime(date_time(zone.as_deref(), server_zone)?),
            DataType::DateTime64 { precision, zone } => {
                let date_time = date_time(zone.as_deref(), server_zone)?;
                Form::DateTime64(date_time, Tick::new(*precision))
            }
            DataType::Time => Form::Time,
            DataType::Time64(precision) => Form::Time64(Tick::new(*precision)),
            // `inner` leaves no wrapper, and what is no scalar travels as text.
            DataType::Nullable(_)
            | DataType::LowCardinality(_)
            | DataType::Array(_)
            | DataType::Map(..)
            | DataType::Tuple(_)
            | DataType::Other(_)
            | DataType::String => Form::String,
        };
        Ok(Self { form })
    }

    /// Hands one cell to the sink: one call of one of its functions.
    ///
    /// The column must carry the type that the formatter was made for; if the first block of a
    /// [`Reader`](super::reader::Reader) does, all its blocks do. Of another type, or in a row that
    /// does not exist, the text is meaningless.
    #[inline]
    pub fn cell<S: CellSink>(&mut self, column: &BlockColumn, row: usize, sink: &mut S) {
        if column.is_null(row) {
            sink.null();
            return;
        }
        match &mut self.form {
            Form::String => sink.text(column.string(row)),
            Form::FixedString(width) => sink.text(column.slice(row, *width)),
            Form::Enum8(names) => {
                sink.text(names.name(i8::from_le_bytes(column.fixed(row)).into()));
            }
            Form::Enum16(names) => sink.text(names.name(i16::from_le_bytes(column.fixed(row)))),
            form => sink.plain(|out| push_plain(form, column, row, out)),
        }
    }
}

/// Appends a value of a type that is not text.
#[inline]
fn push_plain(form: &mut Form, column: &BlockColumn, row: usize, out: &mut Vec<u8>) {
    match form {
        Form::Bool => {
            let [value] = column.fixed(row);
            out.extend_from_slice(if value == 0 { b"false" } else { b"true" });
        }
        Form::Int8 => push_i64(out, i8::from_le_bytes(column.fixed(row)).into()),
        Form::Int16 => push_i64(out, i16::from_le_bytes(column.fixed(row)).into()),
        Form::Int32 => push_i64(out, i32::from_le_bytes(column.fixed(row)).into()),
        Form::Int64 => push_i64(out, i64::from_le_bytes(column.fixed(row))),
        Form::Int128 => wide::push_i128(out, i128::from_le_bytes(column.fixed(row))),
        Form::Int256 => wide::push_i256(out, I256::from_le_bytes(column.fixed(row))),
        Form::UInt8 => push_u64(out, u8::from_le_bytes(column.fixed(row)).into()),
        Form::UInt16 => push_u64(out, u16::from_le_bytes(column.fixed(row)).into()),
        Form::UInt32 => push_u64(out, u32::from_le_bytes(column.fixed(row)).into()),
        Form::UInt64 => push_u64(out, u64::from_le_bytes(column.fixed(row))),
        Form::UInt128 => wide::push_u128(out, u128::from_le_bytes(column.fixed(row))),
        Form::UInt256 => wide::push_u256(out, U256::from_le_bytes(column.fixed(row))),
        Form::Float32 => float::push_f32(out, f32::from_le_bytes(column.fixed(row))),
        Form::Float64 => float::push_f64(out, f64::from_le_bytes(column.fixed(row))),
        Form::BFloat16 => float::push_bf16(out, u16::from_le_bytes(column.fixed(row))),
        Form::Decimal32(scale) => {
            scale.push_i64(out, i32::from_le_bytes(column.fixed(row)).into());
        }
        Form::Decimal64(scale) => scale.push_i64(out, i64::from_le_bytes(column.fixed(row))),
        Form::Decimal128(scale) => scale.push_i128(out, i128::from_le_bytes(column.fixed(row))),
        Form::Decimal256(scale) => scale.push_i256(out, I256::from_le_bytes(column.fixed(row))),
        Form::Uuid => address::push_uuid(out, column.fixed(row)),
        Form::IPv4 => address::push_ipv4(out, column.fixed(row)),
        Form::IPv6 => address::push_ipv6(out, column.fixed(row)),
        Form::Date(date) => {
            out.extend_from_slice(&date.text(u16::from_le_bytes(column.fixed(row)).into()));
        }
        Form::Date32(date) => {
            out.extend_from_slice(&date.text(i32::from_le_bytes(column.fixed(row))));
        }
        Form::DateTime(date_time) => {
            date_time.push_seconds(out, u32::from_le_bytes(column.fixed(row)).into());
        }
        Form::DateTime64(date_time, tick) => {
            date_time.push_ticks(out, i64::from_le_bytes(column.fixed(row)), *tick);
        }
        Form::Time => {
            time::push_time(
                out,
                i32::from_le_bytes(column.fixed(row)).into(),
                Tick::new(0),
            );
        }
        Form::Time64(tick) => time::push_time(out, i64::from_le_bytes(column.fixed(row)), *tick),
        Form::String | Form::FixedString(_) | Form::Enum8(_) | Form::Enum16(_) => {}
    }
}

fn decimal(data_type: &DataType, scale: Scale) -> Form {
    match data_type.fixed_width() {
        Some(4) => Form::Decimal32(scale),
        Some(8) => Form::Decimal64(scale),
        Some(16) => Form::Decimal128(scale),
        _ => Form::Decimal256(scale),
    }
}

fn date_time(zone: Option<&str>, server_zone: &Zone) -> Result<DateTimeText> {
    let zone = match zone {
        Some(name) => Zone::named(name)?,
        None => server_zone.clone(),
    };
    Ok(DateTimeText::new(zone))
}

/// The names of an Enum by number: a table without holes, for a lookup without a search.
#[derive(Clone, Debug)]
struct EnumNames {
    /// The number of the first name.
    lowest: i16,
    /// The names one after the other; for a number without name its digits.
    text: Vec<u8>,
    /// Where each name begins in `text`, and the end.
    starts: Vec<u32>,
}

impl EnumNames {
    fn new(definition: &EnumDef) -> Self {
        let members = definition.members();
        let lowest = members.first().map_or(0, |(_, number)| *number);
        let mut text = Vec::new();
        let mut starts = vec![0];
        let mut number = lowest;
        for (name, named) in members {
            while number < *named {
                push_i64(&mut text, number.into());
                starts.push(place(text.len()));
                number += 1;
            }
            text.extend_from_slice(name.as_bytes());
            starts.push(place(text.len()));
            number = number.saturating_add(1);
        }
        Self {
            lowest,
            text,
            starts,
        }
    }

    /// Returns the name of a number, its digits if it is in a hole, and nothing if it is outside of
    /// all numbers. ClickHouse stores neither.
    #[inline]
    fn name(&self, number: i16) -> &[u8] {
        let index = i32::from(number) - i32::from(self.lowest);
        let starts = usize::try_from(index)
            .ok()
            .and_then(|index| self.starts.get(index..));
        match starts.unwrap_or_default() {
            [start, end, ..] => self
                .text
                .get(*start as usize..*end as usize)
                .unwrap_or_default(),
            _ => b"",
        }
    }
}

/// A type has less than 4 GiB of names.
fn place(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
