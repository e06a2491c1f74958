//! What a person should know about the type that was found.
//!
//! [`super`] makes the notes, `transfer` shows them; they must never say what the type does not do.

use std::fmt;

use crate::column::rules::Thousands;

/// A remark on a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The file has the type itself.
    Named,
    /// Dates whose day and month cannot be told apart; one of these forms must be given.
    AmbiguousDate {
        /// The forms that every value fits.
        formats: Vec<String>,
    },
    /// Commas that may be decimal points or separators of thousands.
    AmbiguousComma {
        /// One of the values.
        example: String,
    },
    /// Points that may stand between thousands, in a file whose other numbers have decimal commas.
    AmbiguousPoint {
        /// One of the values.
        example: String,
    },
    /// Digits in groups that all have one shape, as telephone numbers have.
    AmbiguousGroups {
        /// One of the values.
        example: String,
        /// What separates the groups.
        separator: Thousands,
    },
    /// Digits in groups, which are read as numbers.
    Groups {
        /// One of the values.
        example: String,
        /// What separates the groups.
        separator: Thousands,
    },
    /// A unit that is left out of the numbers.
    Unit {
        /// As it is written.
        unit: String,
    },
    /// Integers that are times from 1970 on in this unit, as `epoch_ms`.
    Epoch {
        /// The unit as the form of a date.
        unit: &'static str,
    },
    /// Times that are all midnight.
    Midnights,
    /// A date that no type holds.
    OutOfRange {
        /// One of the values.
        example: String,
    },
    /// Cells of the form `="text"`.
    ExcelText {
        /// One of them.
        example: String,
    },
    /// Clock times that may be hours and minutes or minutes and seconds.
    AmbiguousClock,
    /// Digits that begin with zeros, which a number would lose.
    LeadingZeros {
        /// One of the values.
        example: String,
    },
    /// Digits that are a code and not a quantity: telephone numbers, postal codes, card numbers.
    Code {
        /// What says so.
        because: &'static str,
    },
    /// Numbers with something that belongs to no number: separators of thousands, units, signs of
    /// currencies, parentheses.
    Decorated {
        /// What they have.
        what: &'static str,
        /// One of the values.
        example: String,
        /// What reads it.
        option: String,
    },
    /// A column of one family but for a value.
    Misfit {
        /// The family, in the plural.
        family: &'static str,
        /// How many values of it came before.
        before: u64,
        /// The first value that is none.
        value: String,
    },
    /// Numbers with more digits than a float has.
    ManyDigits,
    /// A type that is wider than the sample needs.
    Margin {
        /// The smallest value of the sample.
        smallest: String,
        /// The largest one.
        largest: String,
    },
    /// Strings of JSON that another type would hold, but not give back as they were written.
    JsonStrings {
        /// The type.
        data_type: String,
    },
    /// Objects or arrays of JSON, which are kept as they are written.
    JsonContainers {
        /// Whether some are objects, or arrays.
        has_object: bool,
        /// Whether some are arrays.
        has_array: bool,
    },
    /// Texts that repeat.
    FewTexts {
        /// How many different ones there are.
        distinct: usize,
        /// Among how many cells.
        count: u64,
    },
    /// Words that stand for NULL.
    NullWords {
        /// The words.
        words: Vec<String>,
        /// The cells that have one.
        count: u64,
    },
    /// Times with offsets from UTC, which are kept as instants and shown in UTC.
    Offsets,
    /// Clock times that the clocks of the server's zone skip or show twice, which are kept as they are
    /// by taking them as UTC.
    SkippedTimes,
    /// Values that are not valid UTF-8.
    InvalidUtf8 {
        /// The cells with one.
        count: u64,
    },
}

impl fmt::Display for Note {
    #[expect(clippy::too_many_lines, reason = "one table, an arm for each note")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named => f.write_str("the file has the type itself"),
            Self::AmbiguousDate { formats } => write!(
                f,
                "day, month and year cannot be told apart: give the date format, {}",
                Listed(formats, " or ")
            ),
            Self::Groups { .. }
            | Self::Unit { .. }
            | Self::Epoch { .. }
            | Self::Midnights
            | Self::ExcelText { .. } => self.fmt_reading(f),
            Self::AmbiguousComma { example } => write!(
                f,
                "the comma of `{example}` may separate thousands or be the decimal point: kept as text; \
                 `--thousands ,` or `--decimal-comma` says which"
            ),
            Self::AmbiguousPoint { example } => write!(
                f,
                "other columns have decimal commas, and the point of `{example}` may stand between thousands: kept as \
                 text; `--thousands COLUMN=.` reads it so, `--thousands COLUMN=,` as a decimal point"
            ),
            Self::AmbiguousGroups { example, separator } => write!(
                f,
                "`{example}` may be a number or a code: kept as text; `--thousands {}` reads it as a number",
                separator.quoted()
            ),
            Self::OutOfRange { example } => write!(
                f,
                "`{example}` is a date outside of 1900 to 2299, which no type holds: kept as text"
            ),
            Self::AmbiguousClock => {
                f.write_str("times may be hours and minutes or minutes and seconds: kept as text")
            }
            Self::LeadingZeros { example } => {
                write!(
                    f,
                    "`{example}` begins with a zero that a number would lose: kept as text"
                )
            }
            Self::Code { because } => write!(f, "digits that are a code ({because}): kept as text"),
            Self::Decorated {
                what,
                example,
                option,
            } => write!(f, "`{example}` has {what}: kept as text; {option} reads it"),
            Self::Misfit {
                family,
                before,
                value,
            } => write!(
                f,
                "{before} {family} came before `{value}`, which is none: kept as text"
            ),
            Self::ManyDigits => f.write_str("some numbers have more digits than a float keeps"),
            Self::Margin { smallest, largest } => write!(
                f,
                "wider than the values of the sample, {smallest} to {largest}, to leave room for others"
            ),
            Self::FewTexts { distinct, count } => {
                write!(f, "{distinct} different texts in {count} values")
            }
            Self::NullWords { words, count } => {
                write!(f, "{} in {count} cells taken for NULL", Listed(words, ", "))
            }
            Self::Offsets => f.write_str("offsets are applied, times are shown in UTC"),
            Self::SkippedTimes => f.write_str(
                "the time zone of the server skips or repeats some of these times: taken as UTC",
            ),
            Self::JsonStrings { data_type } => write!(
                f,
                "the values are JSON strings, which are text: not read as {data_type}"
            ),
            Self::JsonContainers {
                has_object,
                has_array,
            } => f.write_str(match (has_object, has_array) {
                (true, true) => "objects and arrays of JSON: kept as text; a table of your own can have it as JSON",
                (true, false) => {
                    "objects of JSON: kept as text; a table of your own can have it as JSON, Map or Tuple, or a column \
                     for each key, such as `a.b`"
                }
                _ => "arrays of JSON: kept as text; a table of your own can have it as Array or Nested",
            }),
            Self::InvalidUtf8 { count } => write!(f, "{count} values are not valid UTF-8"),
        }
    }
}

impl Note {
    /// Says how the values are read, or could be.
    fn fmt_reading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Groups { example, separator } => {
                write!(f, "thousands separated by `{separator}`, as in `{example}`")
            }
            Self::Unit { unit } if unit == "%" => {
                f.write_str("percent signs are left out: 12.5% is 12.5")
            }
            Self::Unit { unit } => write!(f, "`{unit}` is left out of the numbers"),
            Self::Epoch { unit } => write!(
                f,
                "integers that may be times: `--date-format COLUMN={unit}` reads them as such"
            ),
            Self::Midnights => f.write_str("all times are midnight: a Date would hold them"),
            Self::ExcelText { example } => {
                write!(
                    f,
                    "`{example}` is the form of a spreadsheet for text: read as that text"
                )
            }
            _ => Ok(()),
        }
    }
}

/// Texts in backticks.
struct Listed<'a>(&'a [String], &'a str);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, text) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(self.1)?;
            }
            write!(f, "`{text}`")?;
        }
        Ok(())
    }
}

/// Returns the beginning of a value as text.
pub(super) fn excerpt(text: &[u8]) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = String::from_utf8_lossy(text)
        .chars()
        .take(LONGEST)
        .collect();
    if text.len() > shown.len() {
        shown.push('…');
    }
    shown
}
