//! What callers ask for: uploads, exports, inspections.
//!
//! Made by `rpc::convert`, read by the pipelines. Nothing here is optional that a pipeline needs:
//! `None` means that the file itself is to tell.

use uuid::Uuid;

use crate::{
    clickhouse::sql::{CallerQuery, Operator, OrderBy, TableName},
    codec::{self, Compression, Encoding, Packing, Selection},
    column::rules::{DateFormat, ExcelText, Thousands, ValueRules},
    csv::{
        Dialect, Style,
        sniff::{Hint, Hints},
    },
};

/// How rows become visible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitMode {
    /// The strongest that the table allows.
    #[default]
    Auto,
    /// All at once or none.
    Atomic,
    /// Block by block, each exactly once.
    Blocks,
    /// In place of the old rows.
    Replace,
    /// One plain streaming INSERT.
    Direct,
}

impl CommitMode {
    /// The name as the contract has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "AUTO",
            Self::Atomic => "ATOMIC",
            Self::Blocks => "BLOCKS",
            Self::Replace => "REPLACE",
            Self::Direct => "DIRECT",
        }
    }

    /// The mode with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Atomic, Self::Blocks, Self::Replace, Self::Direct];
        all.into_iter().find(|mode| mode.name() == name)
    }

    /// Whether its rows wait in a table of their own.
    #[must_use]
    pub const fn is_staged(self) -> bool {
        matches!(self, Self::Atomic | Self::Replace)
    }
}

/// Chooses the source of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMapping {
    /// The column of the table.
    pub column: String,
    /// The field: a name of the header, or a number from 1. None: the same as `column`.
    pub source: Option<String>,
}

impl ColumnMapping {
    /// The field as the caller names it.
    #[must_use]
    pub fn source_name(&self) -> &str {
        self.source.as_deref().unwrap_or(&self.column)
    }
}

/// How a column of the table and a field of the file belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchKind {
    /// The names are the same.
    Exact,
    /// The names differ in case only.
    CaseDiffers,
    /// The file has no header: first field, first column.
    Position,
    /// The caller chose the field.
    Selected,
    /// No field: the column takes its DEFAULT expression.
    Default,
    /// No field and no DEFAULT: the column takes the default value of its type.
    Missing,
    /// A field without a column.
    Extra,
}

/// Where the values of one column came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMatch {
    /// The column of the table; empty for [`MatchKind::Extra`].
    pub column: String,
    /// Its type.
    pub data_type: String,
    /// The field; none when the column took its DEFAULT.
    pub source: Option<String>,
    /// How they belong together.
    pub kind: MatchKind,
}

/// The family of a flat file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Values between delimiters.
    Csv,
    /// ClickHouse's `TabSeparated`.
    Tsv,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    /// The name as the contract has it, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Ndjson => "ndjson",
        }
    }
}

/// What the caller knows of a file.
#[derive(Clone, Debug)]
pub struct FileSpec {
    /// Its family.
    pub format: Option<Format>,
    /// How it is packed.
    pub compression: Option<Compression>,
    /// Its encoding.
    pub encoding: Option<Encoding>,
    /// How it is cut into fields.
    pub hints: Hints,
    /// How its texts are read.
    pub values: ValueSpec,
    /// Whether to find out what is left open, instead of taking the defaults of the format.
    pub sniff: bool,
    /// Its name, where known: how it ends tells TSV from CSV with tabs.
    pub name: String,
    /// Which part of it is read, where it is a workbook.
    pub sheet: Selection,
}

impl FileSpec {
    /// Whether texts that are not UTF-8 stay as they are.
    #[must_use]
    pub fn keeps_bytes(&self) -> bool {
        self.encoding == Some(Encoding::Utf8Bytes)
    }

    /// What is known of the text of a sheet, where the file is a workbook.
    ///
    /// # Errors
    ///
    /// The caller has set what a workbook says itself.
    pub(super) fn of_sheet(&self) -> Result<Self, codec::Error> {
        let Hints {
            delimiter,
            quote,
            escape,
            skip_initial_space,
            ..
        } = &self.hints;
        let given = [
            ("format", self.format.is_some()),
            ("delimiter", *delimiter != Hint::Find),
            ("quote", *quote != Hint::Find),
            ("escape", *escape != Hint::Find),
            ("skip_initial_space", *skip_initial_space != Hint::Find),
        ];
        if let Some((option, _)) = given.into_iter().find(|(_, is_given)| *is_given) {
            return Err(codec::Error::NotOfWorkbook { option });
        }
        let mut sheet = self.clone();
        sheet.format = Some(Format::Csv);
        sheet.hints.delimiter = Hint::Given(b",".to_vec());
        sheet.hints.quote = Hint::Given(Some(b'"'));
        sheet.hints.escape = Hint::Given(None);
        sheet.hints.skip_initial_space = Hint::Given(false);
        if sheet.hints.comment == Hint::Find {
            sheet.hints.comment = Hint::Given(None);
        }
        Ok(sheet)
    }

    /// Whether its name ends as those of TSV do, packed or not.
    #[must_use]
    pub fn is_named_as_tsv(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        let packed = [".gz", ".zst", ".bz2", ".xz", ".zip"];
        let name = packed
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(&name);
        name.ends_with(".tsv") || name.ends_with(".tab")
    }
}

impl Default for FileSpec {
    fn default() -> Self {
        Self {
            format: None,
            compression: None,
            encoding: None,
            hints: Hints::default(),
            values: ValueSpec::default(),
            sniff: true,
            name: String::new(),
            sheet: Selection::default(),
        }
    }
}

/// How the texts of a file are read as values.
#[derive(Clone, Debug, Default)]
pub struct ValueSpec {
    /// What holds for all columns.
    pub rules: ValueRules,
    /// Whether NULL becomes the default value of the type where a column takes none.
    pub empty_as_default: bool,
    /// Whether missing fields are empty instead of a fault.
    pub pad: bool,
    /// Whether quotes within a quoted field that are not doubled are text. Otherwise its record is at fault.
    pub lenient_quotes: bool,
    /// What differs for single columns.
    pub columns: Vec<ColumnValueSpec>,
}

/// How the texts of one column are read.
#[derive(Clone, Debug, Default)]
pub struct ColumnValueSpec {
    /// The column of the table.
    pub column: String,
    /// Texts that stand for NULL, beside those for all columns.
    pub null_markers: Vec<Vec<u8>>,
    /// The form of its dates.
    pub date_format: Option<DateFormat>,
    /// Whether its decimal point is a comma.
    pub decimal_comma: Option<bool>,
    /// What separates groups of digits.
    pub thousands: Option<Thousands>,
    /// Whether units are left out of its numbers.
    pub strip_units: Option<bool>,
    /// The unit of its numbers.
    pub unit: Option<Vec<u8>>,
    /// What separates the elements of its lists.
    pub list_separator: Option<Vec<u8>>,
    /// Which fields of the form `="text"` are text.
    pub excel_text: Option<ExcelText>,
}

/// How many records may be rejected. The default: none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RejectPolicy {
    /// The most of them.
    pub max_rows: Option<u64>,
    /// The largest share of them in all records, 0 to 1.
    pub max_share: Option<f64>,
}

/// What to load, and how.
#[derive(Clone, Debug)]
pub struct UploadRequest {
    /// The id of the transfer.
    pub id: Uuid,
    /// The target.
    pub table: TableName,
    /// How to read the file.
    pub file: FileSpec,
    /// The columns to load; empty: all.
    pub columns: Vec<ColumnMapping>,
    /// Whether fields without a column are left out instead of refused.
    pub ignore_extra_fields: bool,
    /// Whether columns without a field, DEFAULT or NULL take the default value of their type.
    pub default_missing_columns: bool,
    /// Columns whose field has another name.
    pub renames: Vec<ColumnMapping>,
    /// Whether to create the table, and how.
    pub create_table: Option<CreateTable>,
    /// The cluster on all of whose servers it is created.
    pub on_cluster: Option<String>,
    /// How many records may be rejected.
    pub rejects: RejectPolicy,
    /// Whether to check everything and load nothing.
    pub dry_run: bool,
    /// Whether to find the types of a new table in all of the file, and nothing else.
    pub full_scan: bool,
    /// How rows become visible.
    pub commit_mode: CommitMode,
    /// Whether no rows may replace all rows of the table.
    pub allow_empty: bool,
    /// The size of the file, where known.
    pub total_bytes: Option<u64>,
    /// The name of the file, for lists.
    pub source_name: String,
    /// Who asks; empty when that is not known.
    pub owner: String,
    /// What was asked for, as the contract encodes it: equal for the same upload.
    pub spec: Vec<u8>,
    /// The offset in the file that the caller's bytes begin at; none when he asks where to begin.
    pub start_offset: Option<u64>,
    /// The CRC-32C of the bytes before, where the caller says it.
    pub prefix_crc32c: Option<u32>,
}

/// Compares a column with values; the column's type comes from the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnCondition {
    /// The column.
    pub column: String,
    /// The comparison.
    pub operator: Operator,
    /// The values as text.
    pub values: Vec<String>,
    /// Others, of which one may hold instead.
    pub alternatives: Vec<Self>,
}

/// Where the statement that creates the table comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateTable {
    /// From the types that are found in the file.
    Inferred,
    /// From the caller.
    Statement(String),
}

/// What to look at.
#[derive(Clone, Debug)]
pub struct InspectRequest {
    /// The beginning of the file as it is.
    pub sample: bytes::Bytes,
    /// Whether that is all of it.
    pub complete: bool,
    /// What the caller knows of the file.
    pub file: FileSpec,
    /// The table to match against.
    pub table: Option<TableName>,
    /// The columns to load; empty: all.
    pub columns: Vec<ColumnMapping>,
    /// The rows to show.
    pub row_count: usize,
}

/// What an export reads.
#[derive(Clone, Debug)]
pub enum ExportSource {
    /// Rows of a table.
    Table {
        /// The table.
        table: TableName,
        /// The columns; empty: all that `SELECT *` returns.
        columns: Vec<String>,
        /// The rows.
        conditions: Vec<ColumnCondition>,
        /// Their order.
        order_by: Vec<OrderBy>,
        /// The most rows.
        limit: Option<u64>,
    },
    /// One SELECT.
    Query(CallerQuery),
}

/// What to export, and how.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// The id of the transfer.
    pub id: Uuid,
    /// What to read.
    pub source: ExportSource,
    /// How to write the file.
    pub form: ExportForm,
    /// How to pack it.
    pub packing: Packing,
    /// Its encoding.
    pub encoding: Encoding,
    /// Who asks; empty when that is not known.
    pub owner: String,
}

/// The family and form of a file that is written.
#[derive(Clone, Debug)]
pub enum ExportForm {
    /// CSV or TSV.
    Delimited(Dialect, Style),
    /// One JSON object a line.
    Ndjson,
}
