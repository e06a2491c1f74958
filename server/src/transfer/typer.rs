//! Types records: the cells of a batch become values of a block, or faults.
//!
//! `transfer::upload` drives it with a whole file, `transfer::inspect` with a sample. It must never
//! leave part of a record in the block.

use std::borrow::Cow;

use crate::{
    column::{
        BadCell as ColumnFault, BlockBuilder, Cell, ColumnBuilder, ColumnSpec, DataType,
        EncodedBlock, Limits, Reason,
        rules::{CellRewriter, Thousands, ValueRules},
        zone::Zones,
    },
    csv::{Field, Record, RecordBatch, nested_text, raw_field},
    transfer::{
        BadCell, Error, Result, ValueSpec, cut::Cut, error::excerpt, plan::Plan,
        profile::FoundColumn,
    },
};

/// The reasons that are about a record as a whole: its fields in a file of rejected rows are not those that it had.
const WHOLE_RECORD: [&str; 4] = [
    TOO_FEW_FIELDS,
    TOO_MANY_FIELDS,
    INVALID_QUOTING,
    UNTERMINATED_QUOTE,
];
pub(super) const UNTERMINATED_QUOTE: &str = "UNTERMINATED_QUOTE";
const TOO_FEW_FIELDS: &str = "TOO_FEW_FIELDS";
const TOO_MANY_FIELDS: &str = "TOO_MANY_FIELDS";
const INVALID_QUOTING: &str = "INVALID_QUOTING";

/// Whether a record has nothing from a field on.
pub(super) fn is_empty_from(record: &Record<'_>, index: usize) -> bool {
    let is_empty = |field: Field<'_>| field.bytes.is_empty() && !field.quoted;
    record.fields().skip(index).all(is_empty)
}

/// One column of the block, and where its values come from.
#[derive(Debug)]
struct Target {
    spec: ColumnSpec,
    /// The index of the field.
    field: usize,
    /// Whether a field without a byte is a text, and not NULL.
    empty_is_text: bool,
    /// Whether the values have escapes of their own, in a file that has escapes too.
    is_nested: bool,
    /// What changes texts before they are read, if anything does.
    rewriter: Option<CellRewriter>,
}

/// The cells of a record that are named when they do not fit: the first one, and `RejectedRow.more`.
const MAX_FAULTS_OF_ROW: usize = 32;

/// A record that cannot be loaded.
#[derive(Debug)]
pub(super) struct Fault {
    /// The place of the record in its batch.
    pub(super) row: usize,
    /// What is wrong with it: a bad cell, or the number of its fields.
    pub(super) error: Error,
    /// Its further bad cells, from left to right.
    pub(super) more: Vec<BadCell>,
}

impl Fault {
    /// The reason as a client sees it.
    pub(super) fn reason(&self) -> &'static str {
        match &self.error {
            Error::BadCell(cell) => cell.reason.as_str(),
            Error::InvalidJson { fault, .. } if fault.is_unknown_key() => "UNMATCHED_COLUMN",
            Error::InvalidJson { .. } => "INVALID_JSON",
            Error::InvalidQuoting { .. } => INVALID_QUOTING,
            Error::UnresolvedReject { .. } => "UNRESOLVED_REJECT",
            Error::FieldCount {
                fields, expected, ..
            } if fields < expected => TOO_FEW_FIELDS,
            _ => TOO_MANY_FIELDS,
        }
    }
}

/// What there is to know beside the plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// What makes the records.
    pub(super) cut: &'a Cut,
    /// What the caller says of the values.
    pub(super) values: &'a ValueSpec,
    /// What was found of the columns of the file.
    pub(super) columns: &'a [FoundColumn],
    /// The fields that every record must have.
    pub(super) field_count: usize,
    /// The fields that one may have beside those, as long as they are empty.
    pub(super) surplus: usize,
    pub(super) zones: &'a Zones,
    /// Whether texts need not be UTF-8.
    pub(super) keeps_bytes: bool,
    /// When a block is full.
    pub(super) limits: Limits,
}

/// Turns records into blocks, column by column.
#[derive(Debug)]
pub(super) struct Typer {
    builder: BlockBuilder,
    targets: Vec<Target>,
    cut: Cut,
    field_count: usize,
    surplus: usize,
    pad: bool,
    lenient_quotes: bool,
    /// The field that says why a record was rejected before.
    reject_reason: Option<usize>,
}

impl Typer {
    pub(super) fn new(plan: &Plan, reading: Reading<'_>) -> Result<Self> {
        let specs = plan.specs.clone();
        let mut builder = BlockBuilder::new(specs, reading.zones, reading.limits)?;
        if matches!(reading.cut, Cut::Ndjson(_)) {
            let columns = builder.columns_mut().iter_mut();
            columns.for_each(ColumnBuilder::read_json);
        }
        if reading.keeps_bytes {
            let columns = builder.columns_mut().iter_mut();
            columns.for_each(ColumnBuilder::keep_bytes);
        }
        if reading.values.rules.round {
            let columns = builder.columns_mut().iter_mut();
            columns.for_each(ColumnBuilder::round);
        }
        let targets = plan.specs.iter().zip(&plan.fields);
        let targets = targets.map(|(spec, field)| Target::new(spec, *field, &reading));
        Ok(Self {
            builder,
            targets: targets.collect(),
            cut: reading.cut.clone(),
            field_count: reading.field_count,
            surplus: reading.surplus,
            pad: reading.values.pad,
            lenient_quotes: reading.values.lenient_quotes,
            reject_reason: plan.reject_reason,
        })
    }

    /// Types the records of a batch, and gives those that cannot be, in its order; they leave no
    /// trace in the block.
    pub(super) fn append(&mut self, batch: &RecordBatch) -> Result<Vec<Fault>> {
        let mark = self.builder.mark();
        let fits = self.is_even(batch)
            && (batch.is_well_quoted() || self.lenient_quotes)
            && (self.reject_reason.is_none()
                || batch
                    .records()
                    .all(|record| self.unresolved(&record).is_none()));
        if fits && self.append_all(batch)? {
            return Ok(Vec::new());
        }
        self.builder.rollback(&mark);
        let faults = self.find_faults(batch, fits)?;
        self.builder.rollback(&mark);
        let mut is_good = vec![true; batch.len()];
        for fault in &faults {
            if let Some(good) = is_good.get_mut(fault.row) {
                *good = false;
            }
        }
        self.append_rows(batch, &is_good)?;
        Ok(faults)
    }

    /// Says anew when a block is to be taken.
    pub(super) const fn set_limits(&mut self, limits: Limits) {
        self.builder.set_limits(limits);
    }

    /// The bytes of the block.
    pub(super) fn byte_count(&self) -> usize {
        self.builder.byte_count()
    }

    /// Whether the block is to be taken.
    pub(super) fn is_full(&self) -> bool {
        self.builder.is_full()
    }

    /// Whether the block has no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.builder.is_empty()
    }

    /// Takes the block and starts the next one.
    pub(super) fn take(&mut self) -> Result<EncodedBlock> {
        Ok(self.builder.take()?)
    }

    /// Types all records; false as soon as a cell does not fit.
    fn append_all(&mut self, batch: &RecordBatch) -> Result<bool> {
        for (index, target) in self.targets.iter_mut().enumerate() {
            let column = column_mut(&mut self.builder, index)?;
            if target.is_nested {
                if !target.append_nested(column, batch, |_| true).is_empty() {
                    return Ok(false);
                }
                continue;
            }
            let empty_is_text = target.empty_is_text;
            let fields = batch.column(target.field);
            let cells = fields.map(|field| cell(field, empty_is_text));
            let outcome = match &mut target.rewriter {
                None => column.append(cells),
                Some(rewriter) => append_any(column, &mut rewriter.rewrite(cells)),
            };
            if outcome.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Types the good records, which are known to fit.
    fn append_rows(&mut self, batch: &RecordBatch, is_good: &[bool]) -> Result<()> {
        for (index, target) in self.targets.iter_mut().enumerate() {
            let column = column_mut(&mut self.builder, index)?;
            if !target.find_bad(column, batch, is_good).is_empty() {
                return Err(Error::Internal("a cell fits only sometimes"));
            }
        }
        Ok(())
    }

    /// Finds every record at fault; of several faults the one of the first column counts.
    fn find_faults(&mut self, batch: &RecordBatch, fits: bool) -> Result<Vec<Fault>> {
        let mut found: Vec<Vec<(usize, Reason)>> = vec![Vec::new(); batch.len()];
        let has_fields: Vec<bool> = if fits {
            vec![true; batch.len()]
        } else {
            batch
                .records()
                .map(|record| {
                    self.has_fields(&record)
                        && self.misquoted(&record).is_none()
                        && self.unresolved(&record).is_none()
                })
                .collect()
        };
        for (index, target) in self.targets.iter_mut().enumerate() {
            let column = column_mut(&mut self.builder, index)?;
            for (row, reason) in target.find_bad(column, batch, &has_fields) {
                if let Some(faults) = found.get_mut(row)
                    && faults.len() < MAX_FAULTS_OF_ROW
                {
                    faults.push((index, reason));
                }
            }
        }
        let faults = found.into_iter().zip(has_fields).enumerate();
        let faults = faults.filter_map(|(row, (bad, has_fields))| {
            let record = batch.record(row);
            if !has_fields {
                let error = self.misfit(&record);
                let more = Vec::new();
                return Some(Ok(Fault { row, error, more }));
            }
            let mut cells = bad
                .into_iter()
                .map(|(index, reason)| self.bad_cell(&record, index, reason));
            let error = match cells.next()? {
                Ok(cell) => Error::BadCell(Box::new(cell)),
                Err(error) => return Some(Err(error)),
            };
            let more = cells.collect::<Result<_>>();
            Some(more.map(|more| Fault { row, error, more }))
        });
        faults.collect()
    }

    /// Whether a record has the right number of fields, or can be given it.
    fn has_fields(&self, record: &Record<'_>) -> bool {
        let count = record.field_count();
        if count == self.field_count {
            return true;
        }
        let can_have = (self.field_count..=self.field_count + self.surplus).contains(&count);
        (can_have || self.pad && count > 0) && is_empty_from(record, self.field_count)
    }

    /// Whether every record of a batch has the right number of fields.
    fn is_even(&self, batch: &RecordBatch) -> bool {
        match batch.field_count() {
            Some(count) if count == self.field_count => true,
            Some(count) if self.surplus > 0 && count == self.field_count + self.surplus => batch
                .records()
                .all(|record| is_empty_from(&record, self.field_count)),
            _ => false,
        }
    }

    /// The field of a record whose quotes have no certain reading, where that matters.
    fn misquoted(&self, record: &Record<'_>) -> Option<usize> {
        record.misquoted_field().filter(|_| !self.lenient_quotes)
    }

    /// Why a record as a whole was rejected before, where it still says so.
    fn unresolved(&self, record: &Record<'_>) -> Option<&'static str> {
        let said = record.field(self.reject_reason?)?.bytes;
        let mut reasons = WHOLE_RECORD.into_iter();
        reasons.find(|reason| reason.as_bytes() == said)
    }

    fn misfit(&self, record: &Record<'_>) -> Error {
        let position = record.position();
        if let Some(reason) = self.unresolved(record) {
            return Error::UnresolvedReject { position, reason };
        }
        if let Some(field) = self.misquoted(record) {
            let value = record.field(field).unwrap_or_default();
            return Error::InvalidQuoting {
                position,
                field: field + 1,
                value: excerpt(value.bytes),
            };
        }
        match self.cut.fault(record.raw()) {
            Some(fault) => Error::InvalidJson { position, fault },
            None => Error::FieldCount {
                position,
                fields: record.field_count(),
                expected: self.field_count,
                cut_off: false,
            },
        }
    }

    fn bad_cell(&self, record: &Record<'_>, index: usize, reason: Reason) -> Result<BadCell> {
        let Some(Target { spec, field, .. }) = self.targets.get(index) else {
            return Err(Error::Internal("a bad cell is outside its block"));
        };
        let value = record.field(*field).unwrap_or_default();
        Ok(BadCell {
            position: record.position(),
            field: field + 1,
            column: spec.name.clone(),
            data_type: spec.data_type.to_string(),
            value: excerpt(value.bytes),
            reason,
            needed_type: None,
        })
    }
}

impl Target {
    fn new(spec: &ColumnSpec, field: usize, reading: &Reading<'_>) -> Self {
        let is_text = match spec.data_type.inner() {
            DataType::String | DataType::FixedString(_) => true,
            DataType::Enum8(names) | DataType::Enum16(names) => names.has(""),
            _ => false,
        };
        let rules = reading.values.rules_of(spec, reading.columns.get(field));
        Self {
            spec: spec.clone(),
            field,
            empty_is_text: is_text && reading.cut.empty_is_text(),
            is_nested: spec.data_type.is_bracketed() && reading.cut.keeps_nested(),
            rewriter: CellRewriter::new(&rules, &spec.data_type),
        }
    }

    /// Appends the values of the chosen records, and gives those that do not fit.
    fn find_bad(
        &mut self,
        column: &mut ColumnBuilder,
        batch: &RecordBatch,
        is_chosen: &[bool],
    ) -> Vec<(usize, Reason)> {
        if self.is_nested {
            let is_chosen = |row| is_chosen.get(row) == Some(&true);
            return self.append_nested(column, batch, is_chosen);
        }
        let chosen = |(_, (_, is_chosen)): &(usize, (Field<'_>, &bool))| **is_chosen;
        let fields = || {
            batch
                .column(self.field)
                .zip(is_chosen)
                .enumerate()
                .filter(chosen)
        };
        let empty_is_text = self.empty_is_text;
        let mut cells = fields().map(|(_, (field, _))| cell(field, empty_is_text));
        let places = match &mut self.rewriter {
            None => bad_places(column, &mut cells),
            Some(rewriter) => bad_places(column, &mut rewriter.rewrite(cells)),
        };
        let mut rows = fields().map(|(row, _)| row).enumerate();
        let row_of = |(place, reason)| {
            let (_, row) = rows.find(|(chosen, _)| *chosen == place)?;
            Some((row, reason))
        };
        places.into_iter().filter_map(row_of).collect()
    }

    /// The same for values with escapes of their own.
    fn append_nested(
        &mut self,
        column: &mut ColumnBuilder,
        batch: &RecordBatch,
        is_chosen: impl Fn(usize) -> bool,
    ) -> Vec<(usize, Reason)> {
        let mut bad = Vec::new();
        let mut rows = Vec::new();
        let mut texts = Vec::new();
        for (row, field) in batch.column(self.field).enumerate() {
            if !is_chosen(row) {
                continue;
            }
            let text = match field.quoted {
                true => nested_text(raw_field(batch.record(row).raw(), self.field)),
                false => Some(Cow::Borrowed(field.bytes)),
            };
            match text {
                Some(text) => {
                    rows.push(row);
                    texts.push((text, field.quoted));
                }
                None => bad.push((row, Reason::InvalidNested)),
            }
        }
        let mut cells = texts.iter().map(|(bytes, quoted)| Cell {
            bytes,
            quoted: *quoted,
        });
        let places = match &mut self.rewriter {
            None => bad_places(column, &mut cells),
            Some(rewriter) => bad_places(column, &mut rewriter.rewrite(cells)),
        };
        let row_of = |(place, reason)| Some((*rows.get(place)?, reason));
        bad.extend(places.into_iter().filter_map(row_of));
        bad
    }
}

/// Appends every cell that fits, and gives the places of the others, in their order.
fn bad_places(
    column: &mut ColumnBuilder,
    cells: &mut dyn Iterator<Item = Cell<'_>>,
) -> Vec<(usize, Reason)> {
    let mut bad = Vec::new();
    let mut base = 0;
    while let Err(ColumnFault { row, reason }) = append_any(column, cells) {
        bad.push((base + row, reason));
        base += row + 1;
    }
    bad
}

/// Appends cells from anywhere; after an error `cells` goes on behind the bad one. The loops over
/// cells are long, so only the usual way in has its own.
fn append_any(
    column: &mut ColumnBuilder,
    cells: &mut dyn Iterator<Item = Cell<'_>>,
) -> Result<(), ColumnFault> {
    column.append(cells)
}

fn cell(field: Field<'_>, empty_is_text: bool) -> Cell<'_> {
    Cell {
        bytes: field.bytes,
        quoted: field.quoted || (empty_is_text && field.bytes.is_empty()),
    }
}

fn column_mut(builder: &mut BlockBuilder, index: usize) -> Result<&mut ColumnBuilder> {
    let column = builder.column_mut(index);
    column.ok_or(Error::Internal("a column is outside its block"))
}

impl ValueSpec {
    /// What the caller says of a column.
    pub(super) fn given(&self, column: &str) -> ValueRules {
        let rules = self.rules.clone();
        let Some(own) = self.columns.iter().find(|own| own.column == column) else {
            return rules;
        };
        let own = own.clone();
        // What is said of the column takes the place of what would contradict it.
        let said = own.thousands.and_then(Thousands::decimal_comma);
        let general = rules.thousands.filter(|general| {
            own.decimal_comma.is_none()
                || general.decimal_comma() != own.decimal_comma.map(|comma| !comma)
        });
        ValueRules {
            null_markers: [rules.null_markers, own.null_markers].concat(),
            date_format: own.date_format,
            thousands: own.thousands.or(general),
            decimal_comma: own.decimal_comma.or(said).or(rules.decimal_comma),
            strip_units: own.strip_units.unwrap_or(rules.strip_units),
            unit: own.unit,
            list_separator: own.list_separator,
            excel_text: own.excel_text.or(rules.excel_text),
            ..rules
        }
    }

    /// The rules for a column: what the caller says, then what was found in its field.
    fn rules_of(&self, spec: &ColumnSpec, found: Option<&FoundColumn>) -> ValueRules {
        let mut rules = self.given(&spec.name);
        let found = found.map(|found| found.inferred.rules.found_for(&spec.data_type));
        let found = found.unwrap_or_default();
        rules.trim |= found.trim;
        rules.null_markers.extend(found.null_markers);
        rules.quoted_nulls |= found.quoted_nulls;
        let agrees = |thousands: &Thousands| {
            let said = thousands.decimal_comma().zip(rules.decimal_comma);
            said.is_none_or(|(comma, said)| comma == said)
        };
        rules.thousands = rules.thousands.or(found.thousands.filter(agrees));
        rules.decimal_comma = rules.decimal_comma.or(found.decimal_comma);
        rules.date_format = rules.date_format.or(found.date_format);
        rules.unit = rules.unit.or(found.unit);
        rules.excel_text = rules.excel_text.or(found.excel_text);
        rules
    }
}
