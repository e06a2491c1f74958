//! Decides which field of a file goes into which column of a table, before a byte is committed.
//!
//! `transfer::upload` calls it once it has the header and the table. Pure: it asks nobody.

mod keys;

use super::{ColumnMapping, ColumnMatch, Error, MatchKind, Result, ValueSpec, error::excerpt};
use crate::{
    catalog::{Column, Table},
    clickhouse::sql::InsertColumn,
    column::{
        ColumnSpec, DataType,
        infer::{NameFinding, NameProblem, safe_names},
    },
    csv::sniff::folded_name,
};
pub(super) use keys::Keys;

/// The fields that a file of rejected rows has beside its own. They are never loaded.
pub const REJECT_FIELDS: [&str; 3] = ["_sluice_line", "_sluice_column", "_sluice_reason"];

/// The columns that an error names.
const MAX_MISSING_NAMES: usize = 10;

/// Where the values of every column come from.
#[derive(Debug)]
pub struct Plan {
    /// The columns to insert, in the order of the table.
    pub specs: Vec<ColumnSpec>,
    /// The index of the field that each of `specs` takes its values from.
    pub fields: Vec<usize>,
    /// Every column of the table that takes values, and its source.
    pub matches: Vec<ColumnMatch>,
    /// In a file of rejected rows, the index of the field that says why a record was rejected.
    pub reject_reason: Option<usize>,
}

/// The shape of a file: its header, or without one the number of fields of its first record.
#[derive(Clone, Copy, Debug)]
pub struct FileShape<'a> {
    /// The names of the header, unless the file has none.
    pub header: Option<&'a [Vec<u8>]>,
    /// The number of fields of a record.
    pub field_count: usize,
    /// How many of them have been seen. The others are columns of the table that the rest of the file may have.
    pub seen_count: usize,
}

/// How fields are to find their columns.
#[derive(Clone, Copy, Debug)]
pub struct Matching<'a> {
    /// The columns to load and their fields; empty: every field.
    pub mappings: &'a [ColumnMapping],
    /// Columns whose field has another name, where all fields are matched by name.
    pub renames: &'a [ColumnMapping],
    /// Whether fields without a column are left out instead of refused.
    pub ignore_extra: bool,
    /// Whether columns without a field, DEFAULT or NULL take the default value of their type.
    pub default_missing: bool,
    /// Whether an empty cell or NULL may become the default value of its type.
    pub empty_as_default: bool,
}

impl Plan {
    /// The types of the columns to insert.
    pub fn types(&self) -> impl Iterator<Item = &DataType> {
        self.specs.iter().map(|spec| &spec.data_type)
    }

    /// Matches the fields of a file to the columns of a table.
    ///
    /// With mappings, exactly those columns are loaded. Without, every field is matched to a
    /// column by name, or by position when the file has no header.
    ///
    /// # Errors
    ///
    /// A field without a column, a column without a value, a column or field that is not there, a name that stands
    /// twice, a column that takes no values, or a header of which nothing matches.
    pub fn new(table: &Table, file: FileShape<'_>, matching: Matching<'_>) -> Result<Self> {
        let sources = match (matching.mappings, file.header) {
            ([], Some(header)) => by_name(table, header, matching)?,
            ([], None) => match matching.renames.first() {
                None => by_position(table, file, matching.ignore_extra)?,
                // There is no name to find it by.
                Some(rename) => {
                    return Err(Error::HeaderNotFound {
                        source_name: rename.source_name().to_owned(),
                        header: String::new(),
                    });
                }
            },
            (mappings, _) => by_mapping(table, file, mappings)?,
        };
        Self::from_sources(table, file, &sources, matching)
    }

    /// Matches the first field to the first column, and so on, whatever their names are.
    ///
    /// # Errors
    ///
    /// The file has more fields than the table has columns.
    pub fn by_position(table: &Table, file: FileShape<'_>, matching: Matching<'_>) -> Result<Self> {
        let sources = by_position(table, file, matching.ignore_extra)?;
        Self::from_sources(table, file, &sources, matching)
    }

    /// Every column and its source, once it is known which fields have come behind the sample.
    pub(super) fn matches_with(self, met: &[usize]) -> Vec<ColumnMatch> {
        let mut matches = self.matches;
        for (spec, _) in self
            .specs
            .iter()
            .zip(&self.fields)
            .filter(|(_, field)| met.contains(field))
        {
            let unseen =
                |found: &&mut ColumnMatch| found.source.is_none() && found.column == spec.name;
            if let Some(found) = matches.iter_mut().find(unseen) {
                found.source = Some(spec.name.clone());
                found.kind = MatchKind::Exact;
            }
        }
        matches
    }

    /// The fields that are whole numbers in the table.
    #[must_use]
    pub fn integer_fields(&self) -> Vec<usize> {
        let columns = self.specs.iter().zip(&self.fields);
        let integers = columns.filter(|(spec, _)| spec.data_type.inner().is_integer());
        integers.map(|(_, field)| *field).collect()
    }

    /// The fields that are Arrays, Maps or Tuples in the table.
    #[must_use]
    pub fn nested_fields(&self) -> Vec<usize> {
        let columns = self.specs.iter().zip(&self.fields);
        let nested = columns.filter(|(spec, _)| spec.data_type.is_bracketed());
        nested.map(|(_, field)| *field).collect()
    }

    /// Sees that what the caller says of single columns is of columns that are loaded.
    ///
    /// # Errors
    ///
    /// [`Error::ColumnNotFound`] for one that is not.
    pub fn check_columns(&self, table: &Table, values: &ValueSpec) -> Result<()> {
        let is_loaded = |name: &str| self.specs.iter().any(|spec| spec.name == name);
        let unknown = values.columns.iter().find(|own| !is_loaded(&own.column));
        unknown.map_or(Ok(()), |own| {
            Err(Error::ColumnNotFound {
                column: own.column.clone(),
                table: table.summary.name.to_string(),
            })
        })
    }

    /// The columns as the INSERT names them; a type that travels as text is cast by ClickHouse.
    pub fn insert_columns(&self) -> Vec<InsertColumn> {
        let insert_column = |spec: &ColumnSpec| InsertColumn {
            name: spec.name.clone(),
            wire_type: spec.wire_type().to_string(),
            cast_to: spec.data_type.is_cast().then(|| spec.data_type.to_string()),
        };
        self.specs.iter().map(insert_column).collect()
    }

    /// The same for a table whose types were found in the beginning of the file.
    pub(super) fn of_inferred_types(mut self) -> Self {
        self.specs
            .iter_mut()
            .for_each(|spec| spec.is_inferred = true);
        self
    }

    /// `sources` has for each column of the table the index of its field.
    fn from_sources(
        table: &Table,
        file: FileShape<'_>,
        sources: &[Option<usize>],
        matching: Matching<'_>,
    ) -> Result<Self> {
        let mut plan = Self {
            specs: Vec::new(),
            fields: Vec::new(),
            matches: Vec::new(),
            reject_reason: (file.own_field_count() < file.field_count)
                .then(|| file.field_count - 1),
        };
        for (column, source) in table.columns.iter().zip(sources) {
            let seen = source.filter(|field| *field < file.seen_count);
            if column.is_insertable() {
                plan.matches.push(ColumnMatch {
                    column: column.name.clone(),
                    data_type: column.type_text.clone(),
                    source: seen.map(|field| file.field_name(field)),
                    kind: match_kind(column, file, seen, matching),
                });
            }
            if let Some(field) = *source {
                let mut spec = spec_of(column, matching)?;
                spec.empty_as_default |= seen.is_none();
                plan.specs.push(spec);
                plan.fields.push(field);
            }
        }
        if !matching.default_missing {
            plan.check_missing(table)?;
        }
        let is_extra = |field: &usize| !sources.contains(&Some(*field));
        let extras = (0..file.seen_count).filter(is_extra);
        plan.matches.extend(extras.map(|field| ColumnMatch {
            column: String::new(),
            data_type: String::new(),
            source: Some(file.field_name(field)),
            kind: MatchKind::Extra,
        }));
        Ok(plan)
    }
}

impl Plan {
    /// Sees that every column takes a value that somebody has said: that of a field, its DEFAULT, or NULL.
    fn check_missing(&self, table: &Table) -> Result<()> {
        let takes_null = |found: &ColumnMatch| {
            DataType::parse(&found.data_type).is_ok_and(|data_type| data_type.is_nullable())
        };
        let missing = self
            .matches
            .iter()
            .filter(|found| found.kind == MatchKind::Missing && !takes_null(found));
        let names: Vec<_> = missing.map(|found| found.column.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let shown = names.len().min(MAX_MISSING_NAMES);
        let mut columns = names.get(..shown).unwrap_or_default().join(", ");
        if shown < names.len() {
            let more = names.len() - shown;
            columns.push_str(&format!(" and {more} more"));
        }
        Err(Error::MissingColumns {
            columns,
            table: table.summary.name.to_string(),
        })
    }
}

/// How the values of a column are read.
fn spec_of(column: &Column, matching: Matching<'_>) -> Result<ColumnSpec> {
    Ok(ColumnSpec {
        name: column.name.clone(),
        data_type: DataType::parse(&column.type_text)?,
        has_default: column.default_kind == "DEFAULT",
        empty_as_default: matching.empty_as_default,
        is_inferred: false,
    })
}

fn match_kind(
    column: &Column,
    file: FileShape<'_>,
    source: Option<usize>,
    matching: Matching<'_>,
) -> MatchKind {
    let name = |field: usize| file.header.and_then(|names| names.get(field));
    let mut renames = matching.renames.iter();
    let is_renamed = renames.any(|rename| rename.column == column.name);
    match source {
        None if column.default_kind.is_empty() => MatchKind::Missing,
        None => MatchKind::Default,
        Some(_) if !matching.mappings.is_empty() => MatchKind::Selected,
        Some(field) => match name(field) {
            Some(name) if name == column.name.as_bytes() => MatchKind::Exact,
            Some(_) if is_renamed => MatchKind::Selected,
            Some(_) => MatchKind::CaseDiffers,
            None => MatchKind::Position,
        },
    }
}

impl FileShape<'_> {
    /// The name of a field in the header, or its number from 1.
    fn field_name(&self, field: usize) -> String {
        let name = self.header.and_then(|names| names.get(field));
        let name = name.filter(|name| !name.trim_ascii().is_empty());
        name.map_or_else(|| (field + 1).to_string(), |name| excerpt(name))
    }

    /// The number of fields without those that a file of rejected rows ends with.
    pub(super) fn own_field_count(&self) -> usize {
        let names = self.header.unwrap_or_default();
        match names.split_last_chunk::<3>() {
            Some((own, last))
                if last
                    .iter()
                    .zip(REJECT_FIELDS)
                    .all(|(a, b)| a == b.as_bytes()) =>
            {
                own.len()
            }
            _ => self.field_count,
        }
    }

    /// The field that a caller names.
    pub(super) fn find_field(&self, name: &str) -> Result<usize> {
        let found = match self.header {
            Some(names) => find_one(names, name)?,
            None => name
                .parse()
                .ok()
                .and_then(|number: usize| number.checked_sub(1)),
        };
        let found = found.filter(|field| *field < self.field_count);
        found.ok_or_else(|| Error::HeaderNotFound {
            source_name: name.to_owned(),
            header: self.header.map(header_text).unwrap_or_default(),
        })
    }
}

/// The names of a header as an error shows them.
fn header_text(names: &[Vec<u8>]) -> String {
    excerpt(&names.join(&b", "[..]))
}

/// Whether a file of rejected rows has this field beside its own.
fn is_reject_field(name: &[u8]) -> bool {
    REJECT_FIELDS.iter().any(|field| field.as_bytes() == name)
}

fn by_name(table: &Table, names: &[Vec<u8>], matching: Matching<'_>) -> Result<Vec<Option<usize>>> {
    let mut sources = vec![None; table.columns.len()];
    let mut found: Vec<_> = safe_names(names)
        .iter()
        .map(|name| find_named(table, name))
        .collect();
    let file = FileShape {
        header: Some(names),
        field_count: names.len(),
        seen_count: names.len(),
    };
    for rename in matching.renames {
        let field = file.find_field(rename.source_name())?;
        if let Some(column) = found.get_mut(field) {
            *column = Some(named_column(table, &rename.column)?);
        }
    }
    if found.iter().all(Option::is_none) {
        return Err(Error::HeaderMismatch {
            header: header_text(names),
            table: table.summary.name.to_string(),
        });
    }
    for (field, (name, column)) in names.iter().zip(found).enumerate() {
        match column {
            Some(column) => assign(table, &mut sources, column, field, "the header")?,
            None if matching.ignore_extra || is_reject_field(name) => {}
            None => {
                return Err(Error::UnmatchedColumn {
                    field: file.field_name(field),
                    table: table.summary.name.to_string(),
                });
            }
        }
    }
    Ok(sources)
}

fn by_position(
    table: &Table,
    file: FileShape<'_>,
    ignore_extra: bool,
) -> Result<Vec<Option<usize>>> {
    let mut next_field = 0..file.own_field_count();
    let take = |column: &Column| {
        if column.is_insertable() {
            next_field.next()
        } else {
            None
        }
    };
    let sources = table.columns.iter().map(take).collect();
    match next_field.next().filter(|_| !ignore_extra) {
        None => Ok(sources),
        Some(field) => Err(Error::UnmatchedColumn {
            field: (field + 1).to_string(),
            table: table.summary.name.to_string(),
        }),
    }
}

fn by_mapping(
    table: &Table,
    file: FileShape<'_>,
    mappings: &[ColumnMapping],
) -> Result<Vec<Option<usize>>> {
    let mut sources = vec![None; table.columns.len()];
    for mapping in mappings {
        let column = named_column(table, &mapping.column)?;
        let field = file.find_field(mapping.source_name())?;
        assign(table, &mut sources, column, field, "the selection")?;
    }
    Ok(sources)
}

/// The column that a caller names.
fn named_column(table: &Table, name: &str) -> Result<usize> {
    let position = table.columns.iter().position(|column| column.name == name);
    position.ok_or_else(|| Error::ColumnNotFound {
        column: name.to_owned(),
        table: table.summary.name.to_string(),
    })
}

fn assign(
    table: &Table,
    sources: &mut [Option<usize>],
    column_index: usize,
    field: usize,
    place: &'static str,
) -> Result<()> {
    let (Some(column), Some(source)) = (
        table.columns.get(column_index),
        sources.get_mut(column_index),
    ) else {
        return Err(Error::Internal("a column index is outside its table"));
    };
    if !column.is_insertable() {
        let (column, kind) = (column.name.clone(), column.default_kind.clone());
        return Err(Error::NotInsertable { column, kind });
    }
    if source.replace(field).is_some() {
        return Err(Error::DuplicateColumn {
            column: column.name.clone(),
            place,
        });
    }
    Ok(())
}

/// Finds the column of a name in a header. One that is empty, or that stands there for the second time, is that of the
/// column which a table made of such a file has for it.
fn find_named(table: &Table, name: &NameFinding) -> Option<usize> {
    let as_said = || find_column(table, &name.original);
    let as_made = || {
        name.why
            .and_then(|_| find_column(table, name.name.as_bytes()))
    };
    match name.why {
        Some(NameProblem::Duplicate) => as_made().or_else(as_said),
        _ => as_said().or_else(as_made),
    }
}

/// Finds the column of a name: the same, else the only one that differs in case and the blanks around it alone.
fn find_column(table: &Table, name: &[u8]) -> Option<usize> {
    let names = || table.columns.iter().map(|column| column.name.as_bytes());
    names().position(|column| column == name).or_else(|| {
        let mut matches = names()
            .enumerate()
            .filter(|(_, column)| folded_name(column) == folded_name(name));
        let only = matches.next();
        only.filter(|_| matches.next().is_none())
            .map(|(index, _)| index)
    })
}

/// Finds the field of a name in a header: the same, else one that differs in case and the blanks around it alone. A name
/// that stands there twice cannot be chosen.
fn find_one(names: &[Vec<u8>], name: &str) -> Result<Option<usize>> {
    let wanted = name.as_bytes();
    let is_there = names.iter().any(|field| field == wanted);
    let is_it = |field: &[u8]| match is_there {
        true => field == wanted,
        false => folded_name(field) == folded_name(wanted),
    };
    let mut matches = names.iter().enumerate().filter(|(_, field)| is_it(field));
    let first = matches.next();
    if matches.next().is_some() {
        let column = name.to_owned();
        return Err(Error::DuplicateColumn {
            column,
            place: "the header",
        });
    }
    Ok(first.map(|(index, _)| index))
}
