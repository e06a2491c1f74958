//! The beginning of an upload: enough of the file to know how it is read and what its columns are.
//!
//! `transfer::upload` reads it before it touches the table, so that a file that does not match
//! changes nothing; `transfer::inspect` reads nothing else.

mod looked;
mod names;

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use tokio::sync::mpsc;

use looked::{Looked, Source};
use names::{names_and_types, with_row_names, without_empty_end};

use super::records::{Chunk, Place, Records, Text};
use crate::{
    catalog::{NewColumn, NewTable, Table},
    column::zone::Zone,
    config::TransferConfig,
    csv::{
        Limits, Record, RecordBatch,
        json::{JsonDecoder, keys_of_sample},
        sniff::Hint,
    },
    transfer::{
        ColumnMapping, Error, FileSpec, Format, Inner, Result, ValueSpec,
        cut::Cut,
        error::excerpt,
        plan::{self, FileShape, Matching, Plan},
        profile::{Columns, Cutting, FoundColumn, Profile, SAMPLE_BYTES},
        typer::is_empty_from,
    },
};

/// Records that have their header, the first of them, and what they show.
#[derive(Debug)]
pub(in crate::transfer) struct Head {
    pub(in crate::transfer) records: Records,
    /// The first batches, each with where it ended.
    pub(in crate::transfer) first_batches: Vec<(RecordBatch, Place)>,
    pub(in crate::transfer) profile: Profile,
    pub(in crate::transfer) columns: Columns,
    header: Option<Vec<Vec<u8>>>,
    field_count: usize,
    /// Fields behind those, always empty: each record ends with delimiters.
    surplus: usize,
    /// How many fields the sample has; the others are columns that the rest of the file may have.
    seen_count: usize,
    /// Those of the others that came behind the sample, in the first batches.
    pub(in crate::transfer) met: Vec<usize>,
    zone: Arc<Zone>,
    /// Whether the file has neither a header nor a record.
    is_empty: bool,
    /// Whether more stands before the table than is kept of a file.
    has_long_head: bool,
    /// The chunks that it was read from.
    chunks: Vec<Bytes>,
}

/// The bytes behind a batch that a decoder may want to see before it ends the batch.
const LOOK_AHEAD_BYTES: usize = 4 << 10;

/// The bytes from which a [`Head`] can be made once more.
#[derive(Clone, Debug, Default)]
pub(in crate::transfer) struct Sample {
    pub(in crate::transfer) bytes: Vec<u8>,
    /// Whether they are the whole file.
    pub(in crate::transfer) is_complete: bool,
}

/// What was read of a file.
#[derive(Debug)]
struct Begun {
    chunks: Vec<Bytes>,
    records: Records,
    first_batches: Vec<(RecordBatch, Place)>,
    cutting: Cutting,
    sample_bytes: usize,
    has_long_head: bool,
}

/// Where the bytes of a file come from.
#[derive(Debug)]
pub(in crate::transfer) enum Feed<'a> {
    /// A caller that goes on sending.
    Chunks(&'a mut mpsc::Receiver<Chunk>),
    /// All that there is; it may be the beginning of a file.
    Sample {
        /// The bytes; none once they are taken.
        bytes: Option<Bytes>,
        /// Whether they are the whole file.
        is_complete: bool,
    },
}

impl Feed<'_> {
    /// Gives the text more bytes, or its end; false when there is no more, though the file goes on.
    async fn fill(&mut self, text: &mut Text, seen: &mut Vec<Bytes>) -> Result<bool> {
        match self {
            Self::Chunks(chunks) => {
                let chunk = chunks.recv().await.ok_or(Error::ClientGone)?;
                seen.extend(chunk.bytes());
                chunk.give(text);
            }
            Self::Sample { bytes, is_complete } => match bytes.take() {
                Some(bytes) => text.push(bytes),
                None if *is_complete => text.end(),
                None => return Ok(false),
            },
        }
        Ok(true)
    }
}

impl Head {
    /// Takes bytes until the sample is whole, or the file ends. `table` is the one to load into,
    /// unless it is to be created.
    pub(in crate::transfer) async fn read(
        inner: &Inner,
        config: &TransferConfig,
        file: &FileSpec,
        table: Option<&Table>,
        mut feed: Feed<'_>,
    ) -> Result<Self> {
        let zone = inner.zones([]).await?.get(None)?;
        let needs_sample = file.sniff || table.is_none() || file.format == Some(Format::Ndjson);
        let byte_count = if needs_sample { SAMPLE_BYTES } else { 0 };
        let mut text = Text::new(file, config);
        let mut chunks = Vec::new();
        let from = Source {
            inner,
            config,
            feed: &mut feed,
            chunks: &mut chunks,
        };
        let looked = Looked::at(&mut text, file, byte_count, from).await?;
        let of_sheet = match text.input().workbook() {
            Some(_) => Some(file.of_sheet()?),
            None => None,
        };
        let file = of_sheet.as_ref().unwrap_or(file);
        let names = table.map(Table::column_names).unwrap_or_default();
        let cutting = Cutting::find(looked.sample(), file, &names)?;

        let limits = limits(config);
        let mut records = Records::new(text, &cutting.cut, limits).watched(cutting.tabs);
        let wanted = (byte_count / limits.batch_bytes).max(1);
        let mut first_batches = Vec::new();
        while first_batches.len() < wanted {
            match records.next()? {
                Some(batch) => first_batches.push((batch, records.place())),
                None if records.has_ended() => break,
                None if feed.fill(records.text_mut(), &mut chunks).await? => {}
                None => break,
            }
        }
        let has_names = !cutting.cut.has_header() || records.header().is_some();
        let is_empty = !has_names || (records.header().is_none() && first_batches.is_empty());
        if is_empty && table.is_none() {
            records.check_closed()?;
            return Err(Error::EmptyFile);
        }
        let sample_bytes = looked.sample().text.len();
        let begun = Begun {
            chunks,
            records,
            first_batches,
            cutting,
            sample_bytes,
            has_long_head: looked.head_bytes > SAMPLE_BYTES,
        };
        let head = Self::new(file, begun, names.len(), &zone);
        Ok(match table.filter(|_| is_empty) {
            Some(table) => head.of_nothing(table),
            None => head,
        })
    }

    /// The head of a file without a record: it has nothing for any column of the table.
    fn of_nothing(self, table: &Table) -> Self {
        let columns = table.columns.iter();
        let field_count = columns.filter(|column| column.is_insertable()).count();
        Self {
            header: None,
            field_count,
            seen_count: field_count,
            is_empty: true,
            ..self
        }
    }

    /// Whether the file has neither a header nor a record.
    pub(in crate::transfer) const fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// `column_count` is that of the table that it is loaded into, 0 for one that is to be created.
    fn new(file: &FileSpec, begun: Begun, column_count: usize, zone: &Arc<Zone>) -> Self {
        let Begun {
            chunks,
            records,
            first_batches,
            cutting,
            sample_bytes,
            has_long_head,
        } = begun;
        let width = most_fields(&first_batches, column_count);
        let (header, types) = match records.header() {
            Some(header) => names_and_types(header),
            None => (None, None),
        };
        let header = header.map(|names| without_empty_end(names, width));
        let has_row_names = match &cutting.sniffed {
            Some(sniffed) => sniffed.row_names.value,
            None => file.hints.row_names == Hint::Given(true),
        };
        let has_row_names = has_row_names && cutting.cut.header_rows() == 1;
        let header = match has_row_names {
            true => header.map(with_row_names),
            false => header,
        };
        let field_count = match &header {
            Some(names) => names.len(),
            // Each record ends with a delimiter, and the table has no column behind it.
            None if column_count > 0 && surplus(&first_batches, column_count, width) > 0 => {
                column_count
            }
            None => width,
        };
        let surplus = surplus(&first_batches, field_count, width);
        let mut columns = Columns::new(header.as_deref(), field_count, &file.values, zone);
        columns = columns.with_surplus(surplus);
        match &cutting.cut {
            Cut::Ndjson(_) => columns = columns.of_json(),
            // Texts of a sheet stand in quotes, and nothing else does.
            Cut::Delimited(_) if records.text().input().workbook().is_some() => {
                columns = columns.of_json();
            }
            Cut::Delimited(dialect) if dialect.quote() == Some(b'"') => {
                columns = columns.finding_excel_text();
            }
            Cut::Delimited(_) => {}
        }
        if sample_bytes > 0 {
            first_batches
                .iter()
                .for_each(|(batch, _)| columns.observe(batch));
        }
        if let Some(types) = types {
            columns = columns.of_types(types);
        }
        let input = records.text().input();
        let profile = Profile {
            format: cutting.format,
            cut: cutting.cut,
            sniffed: cutting.sniffed,
            tabs: cutting.tabs,
            compression: input.compression(),
            workbook: input.workbook().cloned(),
            compression_given: file.compression.is_some(),
            encoding: input.encoding(),
            sample_bytes,
            has_row_names,
            columns: columns.found(records.has_ended()),
        };
        Self {
            records,
            first_batches,
            profile,
            columns,
            header,
            field_count,
            surplus,
            seen_count: field_count,
            met: Vec::new(),
            zone: Arc::clone(zone),
            is_empty: false,
            has_long_head,
            chunks,
        }
    }

    /// Refuses what cannot be told for sure: see [`Profile::check`]; and names whose quotes have no certain reading.
    ///
    /// # Errors
    ///
    /// Those, and [`Error::InvalidQuoting`].
    pub(in crate::transfer) fn check(&self, values: &ValueSpec) -> Result<()> {
        let header = self.records.header().filter(|_| !values.lenient_quotes);
        let misquoted = header.and_then(|header| Some((header, header.misquoted_field()?)));
        let Some((header, field)) = misquoted else {
            return self.profile.check();
        };
        let name = header.rows().iter().find_map(|row| row.get(field));
        Err(Error::InvalidQuoting {
            position: header.position(),
            field: field + 1,
            value: name.map(|name| excerpt(name)).unwrap_or_default(),
        })
    }

    /// Takes the keys of a batch of NDJSON that are new: they are columns of a table that is made of the whole file.
    /// Returns the batch with their fields.
    pub(in crate::transfer) fn learn(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let Cut::Ndjson(known) = &self.profile.cut else {
            return Ok(batch);
        };
        if batch.field_count() == Some(known.names.len()) || known.skips_unknown {
            return Ok(batch);
        }
        let mut keys = known.clone();
        let unread = batch.records().filter(|record| record.field_count() == 0);
        // What is no object has no keys, and is left to be rejected.
        let found =
            unread.flat_map(|record| keys_of_sample(record.raw(), true).unwrap_or_default());
        keys.add(found)?;
        if keys == *known {
            return Ok(batch);
        }
        let names: Vec<_> = keys
            .names
            .iter()
            .map(|key| key.as_bytes().to_vec())
            .collect();
        self.columns.extend(&names);
        self.records.set_keys(&keys);
        self.profile.cut = Cut::Ndjson(keys.clone());
        self.field_count = names.len();
        self.seen_count = names.len();
        self.header = Some(names);
        Ok(JsonDecoder::cut_again(keys, &batch))
    }

    /// Does the same with the first batches, which may go on behind the sample; counts what it adds.
    pub(in crate::transfer) fn learn_first(&mut self) -> Result<()> {
        for (batch, place) in std::mem::take(&mut self.first_batches) {
            let known = batch.field_count();
            let batch = self.learn(batch)?;
            if known != batch.field_count() {
                self.columns.observe(&batch);
            }
            self.first_batches.push((batch, place));
        }
        Ok(())
    }

    /// Lets the table have a say in which keys of NDJSON are fields: it may have columns for what an object holds, and
    /// for keys that come later. Anything else is left as it is. `by_found` says that the fields go by the names
    /// that were found for their columns.
    pub(in crate::transfer) fn meet(
        &mut self,
        table: &Table,
        file: &FileSpec,
        matching: Matching<'_>,
        by_found: bool,
    ) -> Result<()> {
        let Cut::Ndjson(known) = &self.profile.cut else {
            return Ok(());
        };
        let found = self.names_in(table);
        let own = plan::Keys {
            keys: &known.names,
            fields: if by_found { &found } else { &known.names },
            made: &found,
            is_complete: self.records.has_ended(),
        };
        let keys = own.for_table(&table.columns, matching)?;
        if keys == *known {
            return Ok(());
        }
        self.records.set_keys(&keys);
        let seen_count = keys.names.len() - keys.unmet;
        let names = keys.names.iter().map(|name| name.as_bytes().to_vec());
        let names: Vec<_> = names.collect();
        let columns = Columns::new(Some(&names), names.len(), &file.values, &self.zone);
        self.columns = columns.of_json();
        for (batch, _) in &mut self.first_batches {
            *batch = JsonDecoder::cut_again(keys.clone(), batch);
            self.columns.observe(batch);
            let has = |field: &usize| batch.column(*field).any(|field| !field.is_null_marker());
            self.met.extend((seen_count..keys.names.len()).filter(has));
        }
        self.profile.columns = self.columns.found(self.records.has_ended());
        self.profile.columns.truncate(seen_count);
        self.profile.cut = Cut::Ndjson(keys);
        self.field_count = names.len();
        self.seen_count = seen_count;
        self.header = Some(names);
        Ok(())
    }

    /// Whether the file can be read from the middle on, given what was found.
    pub(in crate::transfer) fn can_seek(&self) -> bool {
        let is_plain = self.records.text().is_plain() && !self.has_long_head;
        is_plain && self.profile.cut.can_seek(self.field_count)
    }

    /// What it was read from, without what other chunks would have left out; forgets it.
    pub(in crate::transfer) fn take_sample(&mut self) -> Sample {
        let chunks = std::mem::take(&mut self.chunks);
        let read = self.records.place().mark.position.byte_offset;
        let length = usize::try_from(read)
            .unwrap_or(usize::MAX)
            .max(SAMPLE_BYTES);
        let mut length = length.saturating_add(LOOK_AHEAD_BYTES);
        if !self.records.text().is_plain() {
            // The text was longer in the file: UTF-16 has two bytes for one.
            length = length.saturating_mul(2);
        }
        let mut bytes = chunks.concat();
        let is_complete = self.records.has_ended() && bytes.len() <= length;
        bytes.truncate(length);
        Sample { bytes, is_complete }
    }

    /// Goes on at a place in the middle of the file.
    pub(in crate::transfer) fn seek(&mut self, place: Place, config: &TransferConfig) {
        let text = Text::plain(config);
        let records = Records::resume(text, &self.profile.cut, limits(config), place);
        self.records = records.watched(self.profile.tabs);
        self.first_batches = Vec::new();
    }

    /// Matches the fields to the columns of a table.
    pub(in crate::transfer) fn plan(&self, table: &Table, matching: Matching<'_>) -> Result<Plan> {
        Plan::new(table, self.shape(), matching)
    }

    /// Matches the fields to the columns of a table that was made of this file, where each field
    /// has the name that was found for it.
    pub(in crate::transfer) fn plan_new(
        &self,
        table: &Table,
        matching: Matching<'_>,
    ) -> Result<Plan> {
        if !matching.mappings.is_empty() {
            return self.plan(table, matching);
        }
        let names = self.names_in(table).into_iter().map(String::into_bytes);
        let unseen = self.header.iter().flatten().skip(self.seen_count).cloned();
        let names: Vec<_> = names.chain(unseen).collect();
        let shape = FileShape {
            header: Some(&names),
            ..self.shape()
        };
        Plan::new(table, shape, matching)
    }

    /// The names of the fields in a table that was made of this file: those that were found for its columns, unless
    /// a statement of the caller's own has columns for keys as they are.
    fn names_in(&self, table: &Table) -> Vec<String> {
        let keys = match &self.profile.cut {
            Cut::Ndjson(keys) => keys.names.as_slice(),
            Cut::Delimited(_) => &[],
        };
        let is_column = |key: &&String| table.columns.iter().any(|column| column.name == **key);
        let columns = self.profile.columns.iter().enumerate();
        let names = columns.map(|(index, column)| {
            let key = keys.get(index).filter(is_column);
            key.unwrap_or(&column.name.name).clone()
        });
        names.collect()
    }

    /// The number of fields that every record must have.
    pub(in crate::transfer) const fn field_count(&self) -> usize {
        self.field_count
    }

    /// The number of fields that a record may have beside those, as long as they are empty.
    pub(in crate::transfer) const fn surplus(&self) -> usize {
        self.surplus
    }

    /// The names of the fields: those of the header, or those of their columns, or where there is no
    /// table those that were found for columns.
    pub(in crate::transfer) fn field_names(&self, plan: Option<&Plan>) -> Vec<Vec<u8>> {
        let of_column = |(field, found): (usize, &FoundColumn)| {
            let spec = plan.and_then(|plan| {
                let place = plan.fields.iter().position(|source| *source == field)?;
                plan.specs.get(place)
            });
            let name = spec.map_or(&found.name.name, |spec| &spec.name);
            name.as_bytes().to_vec()
        };
        let columns = || {
            self.profile
                .columns
                .iter()
                .enumerate()
                .map(of_column)
                .collect()
        };
        self.header.clone().unwrap_or_else(columns)
    }

    fn shape(&self) -> FileShape<'_> {
        FileShape {
            header: self.header.as_deref(),
            field_count: self.field_count,
            seen_count: self.seen_count,
        }
    }

    /// A table for these columns: every field, or those that were selected.
    pub(in crate::transfer) fn new_table(
        &self,
        columns: &[FoundColumn],
        mappings: &[ColumnMapping],
    ) -> Result<NewTable> {
        let own = columns
            .get(..self.shape().own_field_count())
            .unwrap_or(columns);
        let mut chosen = Vec::new();
        for mapping in mappings {
            let field = self.shape().find_field(mapping.source_name())?;
            let found = columns.get(field);
            let found = found.ok_or(Error::Internal("a field is outside its record"))?;
            chosen.push((mapping.column.clone(), found.inferred.clone()));
        }
        if mappings.is_empty() {
            let all = own.iter();
            chosen.extend(all.map(|found| (found.name.name.clone(), found.inferred.clone())));
        }
        let key = crate::column::infer::sorting_key(&chosen);
        let columns = chosen.into_iter().map(|(name, inferred)| NewColumn {
            name,
            data_type: inferred.data_type.to_string(),
        });
        Ok(NewTable {
            columns: columns.collect(),
            sorting_key: key.columns,
            key_reason: key.reason,
            on_cluster: None,
        })
    }
}

/// The number of fields of most records. Where two are as common, that of the table, else the larger.
fn most_fields(batches: &[(RecordBatch, Place)], column_count: usize) -> usize {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for (batch, _) in batches {
        match batch.field_count() {
            Some(fields) => *counts.entry(fields).or_default() += batch.len(),
            None => {
                for record in batch.records() {
                    *counts.entry(record.field_count()).or_default() += 1;
                }
            }
        }
    }
    let most = counts
        .into_iter()
        .max_by_key(|(fields, records)| (*records, *fields == column_count, *fields));
    most.map_or(0, |(fields, _)| fields)
}

/// How many fields the records have beyond those of the header, where all of those are empty.
fn surplus(batches: &[(RecordBatch, Place)], field_count: usize, width: usize) -> usize {
    let is_even = |record: &Record<'_>| record.field_count() == width;
    let mut records = batches
        .iter()
        .flat_map(|(batch, _)| batch.records())
        .filter(is_even);
    match records.all(|record| is_empty_from(&record, field_count)) {
        true => width.saturating_sub(field_count),
        false => 0,
    }
}

/// The limits of the decoder.
fn limits(config: &TransferConfig) -> Limits {
    Limits {
        batch_bytes: config.batch_bytes,
        max_record_bytes: config.max_record_bytes,
        max_fields: config.max_fields,
    }
}
