//! Rejected rows as a CSV file that can be corrected and loaded again.
//!
//! `rpc` sends it. It must never change a field that is not at fault.

use crate::{
    csv::{CannotRepresent, Dialect, Encoder, NULL_MARKER},
    journal::RejectedRow,
    transfer::{Result, cut::Cut, live::FileForm, plan::REJECT_FIELDS},
};

/// Writes rejected rows: the fields of the file, then line, column and reason.
#[derive(Debug)]
pub struct RejectsFile {
    form: FileForm,
    encoder: Encoder,
}

impl RejectsFile {
    /// Starts the file for records of a file of this form.
    #[must_use]
    pub fn new(form: FileForm) -> Self {
        Self {
            form,
            encoder: Encoder::new(Dialect::csv()),
        }
    }

    /// Writes the header; without it the file has no meaning.
    ///
    /// # Errors
    ///
    /// None that CSV with quotes could give.
    pub fn header(&mut self) -> Result<()> {
        let own = self.form.names.iter().map(Vec::as_slice);
        let added = REJECT_FIELDS.iter().map(|name| name.as_bytes());
        Ok(self.encoder.header(own.chain(added))?)
    }

    /// Writes a row.
    ///
    /// # Errors
    ///
    /// As [`RejectsFile::header`].
    pub fn row(&mut self, row: &RejectedRow) -> Result<()> {
        self.fields(self.form.cut.fields(&row.raw, &self.form.nested))?;
        self.encoder
            .plain(|out| out.extend_from_slice(row.line.to_string().as_bytes()))?;
        let more = row.more.iter();
        let (columns, reasons): (Vec<_>, Vec<_>) = more
            .map(|(column, _, _, reason)| (column.as_str(), reason.as_str()))
            .unzip();
        let joined = |first: &str, more: &[&str]| [&[first], more].concat().join("; ");
        self.encoder
            .text(joined(&row.column, &columns).as_bytes())?;
        self.encoder
            .text(joined(&row.reason, &reasons).as_bytes())?;
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
    fn fields(&mut self, mut fields: Vec<(Vec<u8>, bool)>) -> Result<(), CannotRepresent> {
        let count = self.form.names.len().max(1);
        if matches!(self.form.cut, Cut::Ndjson(_)) {
            for field in &self.form.integers {
                if let Some((text, false)) = fields.get_mut(*field) {
                    write_truth(text);
                }
            }
        }
        if fields.len() > count {
            let rest = fields.split_off(count - 1);
            let texts: Vec<_> = rest.into_iter().map(|(text, _)| text).collect();
            fields.push((texts.join(&b","[..]), true));
        }
        fields.resize(count, (Vec::new(), false));
        for (text, quoted) in fields {
            match text.as_slice() {
                b"" if !quoted => self.encoder.plain(|_| ())?,
                NULL_MARKER if !quoted => self.encoder.null(),
                text => self.encoder.text(text)?,
            }
        }
        Ok(())
    }
}

/// Writes a truth value of JSON with the digit that it is in a column of whole numbers.
fn write_truth(text: &mut Vec<u8>) {
    match text.as_slice() {
        b"true" => *text = b"1".to_vec(),
        b"false" => *text = b"0".to_vec(),
        _ => {}
    }
}
