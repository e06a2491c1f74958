//! Rejected rows as a CSV file that can be corrected and loaded again.
//!
//! `rpc` sends it. It must never change a field that is not at fault.

use crate::{
    csv::{CannotRepresent, Dialect, Encoder, Limits, NULL_MARKER, RecordBatch},
    journal::RejectedRow,
    transfer::{Error, Result, cut::Cut, plan::REJECT_FIELDS},
};

/// Writes rejected rows: the fields of the file, then line, column and reason.
#[derive(Debug)]
pub struct RejectsFile {
    cut: Cut,
    names: Vec<Vec<u8>>,
    encoder: Encoder,
}

impl RejectsFile {
    /// Starts the file for records that are cut by `cut` and whose fields have these names.
    ///
    /// # Errors
    ///
    /// None that a dialect with quotes could give.
    pub fn new(cut: &Cut, names: Vec<Vec<u8>>) -> Result<Self> {
        Ok(Self {
            cut: single_record(cut)?,
            names,
            encoder: Encoder::new(Dialect::csv()),
        })
    }

    /// Writes the header; without it the file has no meaning.
    ///
    /// # Errors
    ///
    /// As [`RejectsFile::new`].
    pub fn header(&mut self) -> Result<()> {
        let own = self.names.iter().map(Vec::as_slice);
        let added = REJECT_FIELDS.iter().map(|name| name.as_bytes());
        Ok(self.encoder.header(own.chain(added))?)
    }

    /// Writes a row.
    ///
    /// # Errors
    ///
    /// The record cannot be cut again, which is a fault of the server.
    pub fn row(&mut self, row: &RejectedRow) -> Result<()> {
        let limits = Limits {
            batch_bytes: 1,
            max_record_bytes: usize::MAX,
            max_fields: usize::MAX,
        };
        let mut decoder = self.cut.decoder(limits);
        decoder.push(&row.raw);
        let batch = decoder.finish()?;
        let batch = batch.ok_or(Error::Internal("a rejected row is no record"))?;
        self.fields(&batch)?;
        self.encoder
            .plain(|out| out.extend_from_slice(row.line.to_string().as_bytes()))?;
        self.encoder.text(row.column.as_bytes())?;
        self.encoder.text(row.reason.as_bytes())?;
        Ok(self.encoder.end_record()?)
    }

    /// The bytes that wait to be sent.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.encoder.len()
    }

    /// Takes the bytes written so far.
    pub fn take(&mut self) -> Vec<u8> {
        self.encoder.take()
    }

    /// Writes as many fields as the file has: missing ones empty, surplus ones in the last.
    fn fields(&mut self, batch: &RecordBatch) -> Result<(), CannotRepresent> {
        let record = batch.record(0);
        let count = self.names.len().max(1);
        for index in 0..count {
            let field = record.field(index).unwrap_or_default();
            if index + 1 == count && record.field_count() > count {
                let rest: Vec<_> = record
                    .fields()
                    .skip(index)
                    .map(|field| field.bytes)
                    .collect();
                self.encoder.text(&rest.join(&b","[..]))?;
            } else if field.quoted {
                self.encoder.text(field.bytes)?;
            } else if field.bytes.is_empty() {
                self.encoder.plain(|_| ())?;
            } else if field.bytes == NULL_MARKER {
                self.encoder.null();
            } else {
                self.encoder.text(field.bytes)?;
            }
        }
        Ok(())
    }
}

/// The same cut for a text that is one record and nothing else.
fn single_record(cut: &Cut) -> Result<Cut> {
    Ok(match cut {
        Cut::Delimited(dialect) => Cut::Delimited(
            dialect
                .with_end_line(None)?
                .with_skip_lines(0)?
                .with_comment(None)?
                .with_header(false),
        ),
        Cut::Ndjson(keys) => Cut::Ndjson(keys.clone()),
    })
}
