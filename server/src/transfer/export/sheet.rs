//! One interface for every format that rows are written in.
//!
//! Part of `transfer::export`; `formatting` is compiled once for each encoder, because it calls it
//! for every cell.

use crate::{
    catalog::Column,
    column::{DataType, format::Joint},
    csv::{
        CannotRepresent, Encoder, NULL_MARKER,
        json::{self, JsonEncoder, JsonKind},
    },
    transfer::{
        Error, ExportForm, Result,
        export::selection::{is_text, wire_type},
    },
};

/// An encoder, chosen once for each export.
#[derive(Debug)]
pub(super) enum Sheet {
    Delimited(Encoder),
    Ndjson(JsonEncoder),
}

impl Sheet {
    /// How numbers, dates and NULLs may be joined, if they may.
    pub(super) fn joint(&self) -> Option<Joint> {
        match self {
            Self::Delimited(encoder) => RowEncoder::joint(encoder),
            Self::Ndjson(encoder) => encoder.joint(),
        }
    }
}

/// Starts a file, with a header where its form has one.
pub(super) fn sheet(form: &ExportForm, columns: &[Column]) -> Result<Sheet> {
    match form {
        ExportForm::Delimited(dialect, style) => {
            let mut encoder = Encoder::with_style(*dialect, style)
                .map_err(|_| Error::Internal("a style was not checked"))?;
            if dialect.header() {
                encoder.header(columns.iter().map(|column| column.name.as_bytes()))?;
            }
            let nested = columns.iter().map(|column| {
                let data_type = DataType::parse(&column.type_text)?;
                Ok(data_type.is_bracketed())
            });
            let nested = nested.collect::<Result<_>>()?;
            Ok(Sheet::Delimited(encoder.with_nested(nested)))
        }
        ExportForm::Ndjson => {
            let names: Vec<_> = columns.iter().map(|column| column.name.clone()).collect();
            let kinds = columns.iter().map(json_kind).collect::<Result<Vec<_>>>()?;
            Ok(Sheet::Ndjson(JsonEncoder::new(&names, &kinds)?))
        }
    }
}

fn json_kind(column: &Column) -> Result<JsonKind> {
    let data_type = DataType::parse(&column.type_text)?;
    if is_text(&data_type) {
        return Ok(JsonKind::RawJson);
    }
    let wire_type = wire_type(column)?;
    Ok(match wire_type.inner() {
        DataType::Bool => JsonKind::Bool,
        inner if is_number(inner) => JsonKind::Number,
        _ => JsonKind::Text,
    })
}

const fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer()
        || matches!(
            data_type,
            DataType::Float32 | DataType::Float64 | DataType::BFloat16 | DataType::Decimal { .. }
        )
}

/// Takes the cells of rows and gives bytes.
pub(super) trait RowEncoder: Send {
    /// Why a row cannot be written.
    type Error: Into<Error>;

    fn null(&mut self) -> Result<(), Self::Error>;
    fn text(&mut self, text: &[u8]) -> Result<(), Self::Error>;
    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Self::Error>;
    /// How numbers, dates and NULLs may be joined, if they may.
    fn joint(&self) -> Option<Joint>;
    fn joined(&mut self, count: usize, write: impl FnOnce(&mut Vec<u8>));
    fn end_record(&mut self) -> Result<(), Self::Error>;
    fn len(&self) -> usize;
    fn take(&mut self) -> Vec<u8>;
}

impl RowEncoder for Encoder {
    type Error = CannotRepresent;

    #[inline]
    fn null(&mut self) -> Result<(), Self::Error> {
        Self::null(self);
        Ok(())
    }

    #[inline]
    fn text(&mut self, text: &[u8]) -> Result<(), Self::Error> {
        Self::text(self, text)
    }

    #[inline]
    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Self::Error> {
        Self::plain(self, write)
    }

    fn joint(&self) -> Option<Joint> {
        let null = NULL_MARKER;
        Self::joint(self).map(|delimiter| Joint { delimiter, null })
    }

    #[inline]
    fn joined(&mut self, count: usize, write: impl FnOnce(&mut Vec<u8>)) {
        Self::joined(self, count, write);
    }

    #[inline]
    fn end_record(&mut self) -> Result<(), Self::Error> {
        Self::end_record(self)
    }

    #[inline]
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn take(&mut self) -> Vec<u8> {
        Self::take(self)
    }
}

impl RowEncoder for JsonEncoder {
    type Error = json::Error;

    #[inline]
    fn null(&mut self) -> Result<(), Self::Error> {
        Self::null(self)
    }

    #[inline]
    fn text(&mut self, text: &[u8]) -> Result<(), Self::Error> {
        Self::text(self, text)
    }

    #[inline]
    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Self::Error> {
        Self::plain(self, write)
    }

    fn joint(&self) -> Option<Joint> {
        None
    }

    fn joined(&mut self, _: usize, _: impl FnOnce(&mut Vec<u8>)) {}

    #[inline]
    fn end_record(&mut self) -> Result<(), Self::Error> {
        Self::end_record(self)
    }

    #[inline]
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn take(&mut self) -> Vec<u8> {
        Self::take(self)
    }
}
