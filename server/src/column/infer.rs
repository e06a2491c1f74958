//! The type that holds every cell of a sample without loss, and the rules to read the cells by.
//!
//! `InspectFile` and the creation of tables call it; it must never choose a type in which a cell of
//! the sample would be refused or changed, nor guess where two readings are possible.
//!
//! How this works: a [`ColumnSample`] begins with all families of types open. Each cell closes those
//! that it does not belong to; words such as `NA` are set aside. Once no family is left the column is
//! text, the words among it, and little more is done with a cell. Nothing but counts and a few
//! examples is kept.

mod clock;
mod date;
mod decide;
mod distinct;
mod grouped;
mod hints;
mod key;
mod names;
mod note;
mod number;
mod order;
mod shape;
mod strings;
mod words;

pub(super) use date::readings as date_readings;
pub use key::{SortingKey, sorting_key};
pub use names::{NameFinding, NameProblem, safe_names};
pub use note::Note;
pub use order::Order;

use std::sync::Arc;

use super::Cell;
use super::data_type::DataType;
use super::parse::ip::{parse_ipv4, parse_ipv6};
use super::parse::uuid::parse_uuid;
use super::rules::units::{Amount, PERCENT};
use super::rules::{ExcelText, ValueRules, elements_of, excel_text, trim_blanks};
use super::zone::Zone;
use clock::Clocks;
use date::{Dates, Zones};
use distinct::Distinct;
use grouped::Grouped;
use hints::Hints;
use note::excerpt;
use number::{Numbers, without_sign};
use shape::Shape;
use strings::Strings;
use words::{NullWords, TruthWords, is_null_word};

/// What the cells of one column have in common.
///
/// Show it cells with [`ColumnSample::observe`] and ask for the type with [`ColumnSample::infer`].
#[derive(Clone, Debug, Default)]
pub struct ColumnSample {
    hints: Hints,
    zones: Zones,
    /// The null markers that the caller has given.
    known_nulls: Vec<Vec<u8>>,
    known_nulls_in_quotes: bool,
    counts: Counts,
    /// Whether some value has spaces around it.
    is_padded: bool,
    /// Whether some UUID is written with hyphens: 32 digits alone may be anything.
    has_dashes: bool,
    /// The families that every value belongs to; none once the column is text.
    open: Families,
    misfit: Option<Misfit>,
    null_words: NullWords,
    truths: TruthWords,
    numbers: Numbers,
    grouped: Grouped,
    units: Units,
    excel: ExcelTexts,
    /// What separates the elements of a list, and what they are.
    elements: Option<(Vec<u8>, Box<Self>)>,
    dates: Dates,
    clocks: Clocks,
    distinct: Distinct,
    /// The strings, where the cells are values of JSON.
    strings: Option<Strings>,
    /// Whether the caller has said what the decimal point is.
    is_point_known: bool,
}

/// What was found out about a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inferred {
    /// The narrowest type that holds every cell and leaves room for others.
    pub data_type: DataType,
    /// How the cells are to be read for that type.
    pub rules: ValueRules,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// All cells.
    pub cell_count: u64,
    /// The cells that are NULL.
    pub null_count: u64,
    /// How many different texts there are; None for more than a thousand.
    pub distinct: Option<usize>,
    /// Whether the values ascend; of integers, dates and times only.
    pub order: Order,
}

/// The units of numbers.
#[derive(Clone, Debug, Default)]
struct Units {
    /// Whether the caller wants them left out.
    are_stripped: bool,
    /// The only one so far.
    unit: Option<Vec<u8>>,
    /// Whether some number has none.
    has_bare: bool,
}

impl Units {
    /// Takes an amount into account; false when its unit does not go with the others.
    fn include(&mut self, amount: Amount<'_>) -> bool {
        match &self.unit {
            _ if amount.unit.is_empty() => self.has_bare = true,
            None => self.unit = Some(amount.unit.to_vec()),
            Some(unit) if unit != amount.unit => return false,
            Some(_) => {}
        }
        // Without a sign it may be a share of one and not of a hundred.
        !(self.has_bare && self.unit.as_deref() == Some(PERCENT))
    }
}

/// The cells of the form `="text"`.
#[derive(Clone, Debug, Default)]
struct ExcelTexts {
    /// Which cells of that form are looked for.
    form: Option<ExcelText>,
    /// Whether the caller wants them read as text.
    is_known: bool,
    count: u64,
    example: Vec<u8>,
}

impl ExcelTexts {
    #[inline]
    fn observe(&mut self, cell: Cell<'_>) {
        let is_looked_for = match self.form {
            None | Some(ExcelText::Never) => false,
            Some(ExcelText::Unquoted) => !cell.quoted,
            Some(ExcelText::All) => true,
        };
        if is_looked_for && excel_text(cell.bytes).is_some() {
            if self.count == 0 {
                self.example = cell.bytes.to_vec();
            }
            self.count += 1;
        }
    }
}

/// How many cells there are of each kind.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    cells: u64,
    /// Without quotes and bytes.
    empty: u64,
    /// With quotes and without bytes.
    quoted_empty: u64,
    /// `\N` without quotes.
    null: u64,
    /// Spaces only, without and with quotes.
    blank: u64,
    quoted_blank: u64,
    /// Values while a family was open.
    values: u64,
    invalid: u64,
}

/// A set of families of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Families(u16);

impl Families {
    const NONE: Self = Self(0);
    const BOOL: Self = Self(1);
    const INTEGER: Self = Self(2);
    /// Numbers with a decimal point or none.
    const FLOAT: Self = Self(4);
    /// Numbers with a decimal comma or none.
    const COMMA: Self = Self(8);
    const DATE: Self = Self(16);
    const CLOCK: Self = Self(32);
    const UUID: Self = Self(64);
    const IPV4: Self = Self(128);
    const IPV6: Self = Self(256);
    /// Numbers whose digits stand in groups, or may do so.
    const GROUPED: Self = Self(512);
    const ALL: Self = Self(1023);
    const NUMBERS: Self = Self(2 | 4 | 8);

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Default for Families {
    fn default() -> Self {
        Self::ALL
    }
}

impl std::ops::BitOr for Families {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The value that made a column text.
#[derive(Clone, Debug)]
struct Misfit {
    text: Vec<u8>,
    /// The families that were open before.
    was_open: Families,
    /// The values before it.
    before: u64,
}

impl ColumnSample {
    /// Begins a column whose name and whose server's time zone are known.
    ///
    /// The name tips the balance where the values leave a type open (`price`, `zip_code`). The zone is
    /// that of times without an offset: where its clocks skip or repeat one of them, UTC is taken.
    #[must_use]
    pub fn new(name: &[u8], zone: Option<Arc<Zone>>) -> Self {
        Self {
            hints: Hints::of(name),
            zones: Zones { server: zone },
            ..Self::default()
        }
    }

    /// Takes what the caller has said about the values as settled: their null markers, words for truth
    /// values, date format, and what he has said of units, groups of digits, the decimal point and lists.
    ///
    /// Call it before the first cell. [`Inferred::rules`] then has what was found beside it.
    #[must_use]
    pub fn with_rules(mut self, rules: &ValueRules) -> Self {
        self.known_nulls.clone_from(&rules.null_markers);
        self.known_nulls_in_quotes = rules.quoted_nulls;
        self.truths.know(&rules.true_words, &rules.false_words);
        match &rules.date_format {
            Some(format) if format.has_date() => self.dates.know(format),
            Some(format) => self.clocks.know(format),
            None => {}
        }
        self.units.are_stripped = rules.strip_units;
        self.units.unit.clone_from(&rules.unit);
        if rules.excel_text.is_some() {
            self.excel.form = rules.excel_text;
            self.excel.is_known = true;
        }
        if let Some(separator) = &rules.list_separator {
            let elements = Self {
                hints: self.hints,
                zones: self.zones.clone(),
                ..Self::default()
            };
            self.elements = Some((separator.clone(), Box::new(elements)));
        }
        let mut decimal_comma = rules.decimal_comma;
        if let Some(thousands) = rules.thousands {
            self.grouped.know(thousands);
            decimal_comma = thousands.decimal_comma().or(decimal_comma);
        }
        self.is_point_known = decimal_comma.is_some();
        match decimal_comma {
            Some(true) => {
                self.open = self.open.without(Families::FLOAT);
                self.numbers.know_comma();
            }
            Some(false) => self.open = self.open.without(Families::COMMA),
            None => {}
        }
        self
    }

    /// Takes the cells as values of JSON: those in quotes are strings, and so text. They become no
    /// number, and no date, UUID or address unless each comes back as it was written.
    ///
    /// Call it before the first cell. [`Inferred::rules`] says all the same how the strings would be
    /// read for another type, which a column that exists may have.
    #[must_use]
    pub fn of_json(self) -> Self {
        Self {
            strings: Some(Strings::default()),
            ..self
        }
    }

    /// Looks for cells of the form `="text"` among those without quotes, unless the caller has said what they are.
    ///
    /// Only where a text with a quote in it would stand in quotes, so that such a cell is no text itself.
    #[must_use]
    pub fn finding_excel_text(mut self) -> Self {
        self.excel.form.get_or_insert(ExcelText::Unquoted);
        self
    }

    /// Takes one more cell into account.
    #[inline]
    pub fn observe(&mut self, cell: Cell<'_>) {
        self.counts.cells += 1;
        if let Some(strings) = &mut self.strings {
            match cell.quoted {
                true => strings.observe(cell.bytes),
                false if cell.bytes != b"\\N" => strings.observe_other(cell.bytes),
                false => {}
            }
        }
        self.excel.observe(cell);
        if let Some((separator, elements)) = &mut self.elements {
            for element in elements_of(cell.bytes, separator) {
                elements.observe(Cell::quoted(element));
            }
        }
        match (cell.bytes, cell.quoted) {
            (b"", false) => self.counts.empty += 1,
            (b"", true) => self.counts.quoted_empty += 1,
            (b"\\N", false) => self.counts.null += 1,
            (text, quoted) if self.is_known_null(text, quoted) => self.counts.null += 1,
            (text, quoted) => {
                self.distinct.insert(text);
                if self.open.is_empty() {
                    self.observe_text(text);
                } else {
                    self.observe_value(text, quoted);
                }
            }
        }
    }

    /// Returns the type that holds every cell so far, and the rules to read them by.
    ///
    /// `complete` says that these were all cells: there is no room to leave for others.
    #[must_use]
    pub fn infer(&self, complete: bool) -> Inferred {
        decide::decide(self, complete)
    }

    /// What was found, as it is beside a column whose numbers have decimal commas: points that may stand between
    /// thousands are not taken for decimal points then.
    #[must_use]
    pub fn beside_commas(&self, found: Inferred) -> Inferred {
        let is_open = self.strings.is_none() && !self.is_point_known;
        let is_fraction = matches!(
            found.data_type.inner(),
            DataType::Float64 | DataType::Decimal { .. }
        );
        match self.numbers.doubtful_point() {
            Some(example) if is_open && is_fraction => decide::doubtful(self, example),
            _ => found,
        }
    }

    #[inline]
    fn is_known_null(&self, text: &[u8], quoted: bool) -> bool {
        !self.known_nulls.is_empty()
            && (!quoted || self.known_nulls_in_quotes)
            && self
                .known_nulls
                .iter()
                .any(|marker| marker == trim_blanks(text))
    }

    #[inline]
    fn observe_text(&mut self, text: &[u8]) {
        if !text.is_ascii() && std::str::from_utf8(text).is_err() {
            self.counts.invalid += 1;
        }
    }

    fn observe_value(&mut self, bytes: &[u8], quoted: bool) {
        let text = trim_blanks(bytes);
        if text.is_empty() {
            if quoted {
                self.counts.quoted_blank += 1;
            } else {
                self.counts.blank += 1;
            }
            return;
        }
        self.is_padded |= text.len() < bytes.len();
        if is_null_word(text) {
            self.null_words.add(text, quoted);
            return;
        }
        let fits = if text.len() <= Shape::LONGEST {
            self.families_of(text).and(self.open)
        } else {
            Families::NONE
        };
        if fits.is_empty() {
            self.misfit = Some(Misfit {
                text: text.get(..Shape::LONGEST).unwrap_or(text).to_vec(),
                was_open: self.open,
                before: self.counts.values,
            });
            self.observe_text(bytes);
        }
        self.counts.values += 1;
        self.open = fits;
    }

    /// Returns the families that a text belongs to, of those that are open.
    fn families_of(&mut self, text: &[u8]) -> Families {
        let shape = Shape::of(text);
        let open = self.open;
        let mut fits = Families::NONE;
        if open.has(Families::NUMBERS | Families::GROUPED) {
            fits = fits | self.amount_families(text, shape);
        }
        if open.has(Families::DATE)
            && shape.has_digit()
            && self.dates.observe(text, shape.is_digits(), &self.zones)
        {
            fits = fits | Families::DATE;
        }
        let may_be_clock = shape.has_colon() || self.clocks.is_known();
        if open.has(Families::CLOCK) && may_be_clock && self.clocks.observe(text) {
            fits = fits | Families::CLOCK;
        }
        let may_be_truth = shape.is_letters() || self.truths.has_own_words();
        if open.has(Families::BOOL) && may_be_truth && self.truths.observe(text) {
            fits = fits | Families::BOOL;
        }
        if open.has(Families::UUID)
            && matches!(text.len(), 32 | 36 | 38)
            && parse_uuid(text).is_ok()
        {
            self.has_dashes |= text.len() > 32;
            fits = fits | Families::UUID;
        }
        let is_ipv4 = shape.is_digits_and_points() && parse_ipv4(text).is_ok();
        if is_ipv4 {
            fits = fits | Families::IPV4 | Families::IPV6;
        } else if open.has(Families::IPV6) && shape.has_colon() && parse_ipv6(text).is_ok() {
            fits = fits | Families::IPV6;
        }
        fits
    }

    /// Returns the families of numbers that a text belongs to, apart from its unit.
    #[inline]
    fn amount_families(&mut self, text: &[u8], shape: Shape) -> Families {
        if !self.units.are_stripped {
            return self.number_families(text, shape);
        }
        let Some(amount) = Amount::split(text) else {
            return self.number_families(text, shape);
        };
        if !self.units.include(amount) {
            return Families::NONE;
        }
        let sign: &[u8] = if amount.is_negative { b"-" } else { b"" };
        let number = [sign, amount.number].concat();
        self.number_families(&number, Shape::of(&number))
    }

    /// Returns the families of numbers that a text belongs to, its digits in groups or not.
    #[inline]
    fn number_families(&mut self, text: &[u8], shape: Shape) -> Families {
        if self.grouped.is_known() {
            let Some(plain) = self.grouped.known_plain(text) else {
                return Families::NONE;
            };
            return self.plain_families(&plain, Shape::of(&plain));
        }
        // Before the numbers have seen it, so that they are those of the values before.
        let is_grouped = self.open.has(Families::GROUPED)
            && self.grouped.observe(text, shape, self.open, &self.numbers);
        let plain = match self.open.has(Families::NUMBERS) {
            true => self.plain_families(text, shape),
            false => Families::NONE,
        };
        let may_begin = !self.grouped.has_begun() && plain.and(self.open).has(Families::NUMBERS);
        match is_grouped || may_begin {
            true => plain | Families::GROUPED,
            false => plain,
        }
    }

    fn plain_families(&mut self, text: &[u8], shape: Shape) -> Families {
        if shape.may_be_number() {
            return self.numbers.observe(text, shape, self.open);
        }
        let word = without_sign(text);
        let words = ["inf", "infinity"].iter();
        let mut matching = words.filter(|known| word.eq_ignore_ascii_case(known.as_bytes()));
        if matching.next().is_some() {
            self.numbers.observe_infinity();
            return Families::FLOAT | Families::COMMA;
        }
        Families::NONE
    }
}

#[cfg(test)]
mod tests;
