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
mod hints;
mod key;
mod names;
mod note;
mod number;
mod order;
mod shape;
mod strings;
mod words;

pub use key::{SortingKey, sorting_key};
pub use names::{NameFinding, NameProblem, safe_names};
pub use note::Note;
pub use order::Order;

use std::sync::Arc;

use super::Cell;
use super::data_type::DataType;
use super::parse::ip::{parse_ipv4, parse_ipv6};
use super::parse::uuid::parse_uuid;
use super::rules::{ValueRules, trim_blanks};
use super::zone::Zone;
use clock::Clocks;
use date::{Dates, Zones};
use distinct::Distinct;
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
    /// The families that every value belongs to; none once the column is text.
    open: Families,
    misfit: Option<Misfit>,
    null_words: NullWords,
    truths: TruthWords,
    numbers: Numbers,
    dates: Dates,
    clocks: Clocks,
    distinct: Distinct,
    /// The strings, where the cells are values of JSON.
    strings: Option<Strings>,
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
    const ALL: Self = Self(511);
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
    /// values, date format and, where it is Some, whether the decimal point is a comma.
    ///
    /// Call it before the first cell. [`Inferred::rules`] then has what was found beside it.
    #[must_use]
    pub fn with_rules(mut self, rules: &ValueRules, decimal_comma: Option<bool>) -> Self {
        self.known_nulls.clone_from(&rules.null_markers);
        self.known_nulls_in_quotes = rules.quoted_nulls;
        self.truths.know(&rules.true_words, &rules.false_words);
        match &rules.date_format {
            Some(format) if format.has_date() => self.dates.know(format),
            Some(format) => self.clocks.know(format),
            None => {}
        }
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
        if open.has(Families::NUMBERS) {
            fits = fits | self.number_families(text, shape);
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
        if open.has(Families::UUID) && text.len() == 36 && parse_uuid(text).is_ok() {
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

    fn number_families(&mut self, text: &[u8], shape: Shape) -> Families {
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
