//! The columns of a file: safe names, and the type that holds every value seen.
//!
//! Part of `transfer::profile`. It must never see the same record twice.

use std::sync::Arc;

use crate::{
    column::{
        Cell, DataType,
        infer::{ColumnSample, Inferred, NameFinding, Note, safe_names},
        zone::Zone,
    },
    csv::{Field, NULL_MARKER, Record, RecordBatch},
    transfer::ValueSpec,
};

/// One column of a file.
#[derive(Clone, Debug)]
pub struct FoundColumn {
    /// The name for a table, and why it is not that of the header.
    pub name: NameFinding,
    /// The type, how its texts are read, and what to know of it.
    pub inferred: Inferred,
}

/// Collects what the cells of each column have in common.
#[derive(Clone, Debug)]
pub(in crate::transfer) struct Columns {
    names: Vec<NameFinding>,
    samples: Vec<ColumnSample>,
    /// The types that the file names, if it does.
    types: Vec<DataType>,
    /// Empty fields behind the last column that a record may have.
    surplus: usize,
    zone: Arc<Zone>,
}

impl Columns {
    /// Starts with the names of the header, or with their number. `zone` is that of times without
    /// an offset.
    pub(in crate::transfer) fn new(
        header: Option<&[Vec<u8>]>,
        field_count: usize,
        values: &ValueSpec,
        zone: &Arc<Zone>,
    ) -> Self {
        let nameless = vec![Vec::new(); field_count];
        let names = safe_names(header.unwrap_or(&nameless));
        let sample = |name: &NameFinding| {
            let sample = ColumnSample::new(name.name.as_bytes(), Some(Arc::clone(zone)));
            sample.with_rules(&values.given(&name.name))
        };
        Self {
            samples: names.iter().map(sample).collect(),
            names,
            types: Vec::new(),
            surplus: 0,
            zone: Arc::clone(zone),
        }
    }

    /// The same, of JSON: what is quoted is a string there, and a string is text.
    pub(in crate::transfer) fn of_json(mut self) -> Self {
        let samples = std::mem::take(&mut self.samples);
        self.samples = samples.into_iter().map(ColumnSample::of_json).collect();
        self
    }

    /// The same, of records with so many empty fields behind the last column.
    pub(in crate::transfer) fn with_surplus(self, surplus: usize) -> Self {
        Self { surplus, ..self }
    }

    /// The same, of a file that names their types itself.
    pub(in crate::transfer) fn of_types(self, types: Vec<DataType>) -> Self {
        Self { types, ..self }
    }

    /// Adds the columns behind those that are known; earlier records have NULL there. `header` has the names of all.
    pub(in crate::transfer) fn extend(&mut self, header: &[Vec<u8>]) {
        self.names = safe_names(header);
        for name in self.names.iter().skip(self.samples.len()) {
            let mut sample = ColumnSample::new(name.name.as_bytes(), Some(Arc::clone(&self.zone)));
            sample.observe(Cell::plain(NULL_MARKER));
            self.samples.push(sample.of_json());
        }
    }

    /// The same, of a file in which a text with a quote in it would stand in quotes.
    pub(in crate::transfer) fn finding_excel_text(mut self) -> Self {
        let samples = std::mem::take(&mut self.samples).into_iter();
        self.samples = samples.map(ColumnSample::finding_excel_text).collect();
        self
    }

    /// Takes the records of a batch into account, but for those with another number of fields.
    pub(in crate::transfer) fn observe(&mut self, batch: &RecordBatch) {
        let counts = self.samples.len()..=self.samples.len() + self.surplus;
        if batch
            .field_count()
            .is_some_and(|count| counts.contains(&count))
        {
            for (index, sample) in self.samples.iter_mut().enumerate() {
                batch
                    .column(index)
                    .for_each(|field| sample.observe(cell(field)));
            }
            return;
        }
        let whole = |record: &Record<'_>| counts.contains(&record.field_count());
        let records: Vec<_> = batch.records().filter(whole).collect();
        for record in records {
            for (sample, field) in self.samples.iter_mut().zip(record.fields()) {
                sample.observe(cell(field));
            }
        }
    }

    /// What was found; `is_complete` says that every record was seen.
    pub(in crate::transfer) fn found(&self, is_complete: bool) -> Vec<FoundColumn> {
        let samples = self.samples.iter();
        let found: Vec<_> = samples.map(|sample| sample.infer(is_complete)).collect();
        let is_comma = |found: &Inferred| found.rules.decimal_comma == Some(true);
        let has_commas = found.iter().any(is_comma);
        let columns = self.names.iter().zip(&self.samples).zip(found).enumerate();
        let found = columns.map(|(index, ((name, sample), mut inferred))| {
            if has_commas {
                inferred = sample.beside_commas(inferred);
            }
            if let Some(said) = self.types.get(index).filter(|said| said.is_known()) {
                inferred.data_type = said.clone();
                inferred.notes = vec![Note::Named];
            }
            FoundColumn {
                name: name.clone(),
                inferred,
            }
        });
        found.collect()
    }

    /// The type that holds one more value of a column.
    pub(in crate::transfer) fn widened(&self, index: usize, field: Field<'_>) -> Option<String> {
        if self.types.get(index).is_some_and(DataType::is_known) {
            return None;
        }
        let mut sample = self.samples.get(index)?.clone();
        sample.observe(cell(field));
        Some(sample.infer(false).data_type.to_string())
    }
}

const fn cell(field: Field<'_>) -> Cell<'_> {
    Cell {
        bytes: field.bytes,
        quoted: field.quoted,
    }
}
