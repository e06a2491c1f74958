//! Forms of dates and times in strftime's notation, compiled once and matched against many cells.
//!
//! [`super::CellRewriter`] matches cells with it and [`super::super::infer`] tries candidates; it must
//! never judge whether a date exists: that is the parser's part.

pub(in crate::column) mod matcher;
pub(in crate::column) mod names;

use std::fmt;

/// The form of a date, a time of day or both.
///
/// | specifier | matches |
/// | --- | --- |
/// | `%Y`, `%y` | a year of four digits, or of two: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068 |
/// | `%m`, `%d`, `%e` | a month and a day of one or two digits; of two between other digits |
/// | `%b`, `%B`, `%h` | the name of a month in one of twelve languages of Europe, whole or short, in any case |
/// | `%j` | the day of the year |
/// | `%G`, `%V`, `%u` | the year, the week and the day from Monday (1) on of ISO 8601's weeks |
/// | `%a`, `%A` | the English name of a weekday, which must be the one of the date |
/// | `%H`, `%k`, `%I`, `%l`, `%p`, `%P` | hours of 24, hours of 12, and AM or PM |
/// | `%M`, `%S` | minutes and seconds |
/// | `%f`, `%.f` | the digits of a fraction; a point and such digits, or nothing |
/// | `%z`, `%:z` | an offset (`Z`, `+hh`, `+hhmm`, `+hh:mm`) |
/// | `%Z` | `UTC`, `GMT`, `Z`, or the name of a zone in the IANA database such as `Europe/Paris` |
/// | `%s` | seconds from 1970-01-01 00:00:00 UTC |
/// | `%F`, `%T`, `%R`, `%D` | `%Y-%m-%d`, `%H:%M:%S`, `%H:%M`, `%m/%d/%y` |
/// | `%%`, `%n`, `%t` | a percent sign; spaces |
///
/// A space matches one or more spaces or tabs, every other character itself. A short name of a month may have a
/// point, a day beside the name of a month an ordinal mark (`1st`, `1er`, `1º`).
///
/// `epoch_s`, `epoch_ms`, `epoch_us` and `epoch_ns` are forms of their own: seconds from 1970-01-01 00:00:00 UTC,
/// or thousandths, millionths or billionths of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateFormat {
    text: String,
    steps: Vec<Step>,
    has_date: bool,
    has_clock: bool,
}

/// Why a text is not the form of a date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A specifier that is not known.
    #[error("`%{specifier}` in the date format `{format}` is not known")]
    Unknown {
        /// The whole text.
        format: String,
        /// What stands behind the percent sign.
        specifier: String,
    },
    /// Two specifiers for the same thing.
    #[error("the date format `{format}` has two specifiers for {what}")]
    Twice {
        /// The whole text.
        format: String,
        /// What there are two of.
        what: &'static str,
    },
    /// A specifier that needs another one.
    #[error("the date format `{format}` needs {what}")]
    Missing {
        /// The whole text.
        format: String,
        /// What there is none of.
        what: &'static str,
    },
}

/// One part of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// This byte.
    Byte(u8),
    /// Spaces and tabs, at least one.
    Blanks,
    /// A run of digits.
    Number {
        field: Field,
        fewest: u8,
        most: u8,
    },
    MonthName {
        /// Whether a point behind it belongs to it.
        point: bool,
    },
    Weekday,
    Meridiem,
    /// The digits of a fraction; with a point before them, or none of both.
    Fraction {
        point: bool,
    },
    Offset,
    ZoneName,
    /// Seconds from 1970.
    Epoch,
    /// Units from 1970, of so many digits of a fraction of a second.
    Units(u8),
    /// The mark of an ordinal number, or none.
    Ordinal,
}

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Year,
    ShortYear,
    Month,
    Day,
    DayOfYear,
    WeekYear,
    Week,
    WeekDay,
    Hour,
    Hour12,
    Minute,
    Second,
}

impl DateFormat {
    /// Reads a form.
    ///
    /// # Errors
    ///
    /// [`FormatError`]: every part at most once, a whole date or a time of day or both, no minutes
    /// without hours, no seconds without minutes, `%I` and `%p` together.
    pub fn parse(format: &str) -> Result<Self, FormatError> {
        let mut steps = Vec::new();
        let pushed = match units(format) {
            Some(digits) => {
                steps.push(Step::Units(digits));
                Ok(())
            }
            None => push_steps(format, &mut steps),
        };
        pushed.map_err(|specifier| FormatError::Unknown {
            format: format.to_owned(),
            specifier,
        })?;
        let seen = Seen::of(&steps);
        seen.check().map_err(|problem| match problem {
            Problem::Twice(what) => FormatError::Twice {
                format: format.to_owned(),
                what,
            },
            Problem::Missing(what) => FormatError::Missing {
                format: format.to_owned(),
                what,
            },
        })?;
        fix_widths(&mut steps);
        let steps = with_marks(&steps);
        Ok(Self {
            text: format.to_owned(),
            steps,
            has_date: seen.has_date(),
            has_clock: seen.hour + seen.hour12 + seen.epoch > 0,
        })
    }

    /// Returns the form as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the form has a date; without one it is a time of day.
    #[must_use]
    pub const fn has_date(&self) -> bool {
        self.has_date
    }

    /// Returns whether the form has a time of day.
    #[must_use]
    pub const fn has_clock(&self) -> bool {
        self.has_clock
    }
}

impl fmt::Display for DateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the digits of a fraction of a second that the units of a form have, if it is one of units.
fn units(format: &str) -> Option<u8> {
    Some(match format {
        "epoch_s" => 0,
        "epoch_ms" => 3,
        "epoch_us" => 6,
        "epoch_ns" => 9,
        _ => return None,
    })
}

/// Adds what may stand around the name of a month: a point behind it unless the form says so itself, and an
/// ordinal mark behind the day.
fn with_marks(steps: &[Step]) -> Vec<Step> {
    let has_name = steps
        .iter()
        .any(|step| matches!(step, Step::MonthName { .. }));
    let mut marked = Vec::with_capacity(steps.len() + 1);
    for (index, step) in steps.iter().enumerate() {
        let next = steps.get(index + 1);
        marked.push(match step {
            Step::MonthName { .. } => Step::MonthName {
                point: next.is_some_and(|next| *next != Step::Byte(b'.')),
            },
            step => *step,
        });
        let is_day = matches!(
            step,
            Step::Number {
                field: Field::Day,
                ..
            }
        );
        if has_name && is_day && matches!(next, None | Some(Step::Blanks | Step::Byte(b','))) {
            marked.push(Step::Ordinal);
        }
    }
    marked
}

/// Appends the steps of a form; the error is a specifier that is not known.
fn push_steps(format: &str, steps: &mut Vec<Step>) -> Result<(), String> {
    let mut rest = format;
    while let Some(byte) = rest.as_bytes().first() {
        if *byte == b'%' {
            let (specifier, behind) = split_specifier(rest);
            push_specifier(specifier, steps)?;
            rest = behind;
            continue;
        }
        let character = rest.chars().next().map_or(1, char::len_utf8);
        let (literal, behind) = rest.split_at(character);
        match literal {
            " " | "\t" => push_blanks(steps),
            _ => steps.extend(literal.bytes().map(Step::Byte)),
        }
        rest = behind;
    }
    Ok(())
}

/// Splits a text that begins with a percent sign behind its first specifier, without the sign.
fn split_specifier(text: &str) -> (&str, &str) {
    let text = text.strip_prefix('%').unwrap_or(text);
    for double in [".f", ":z"] {
        if let Some(behind) = text.strip_prefix(double) {
            return (double, behind);
        }
    }
    let length = text.chars().next().map_or(0, char::len_utf8);
    text.split_at(length)
}

fn push_blanks(steps: &mut Vec<Step>) {
    if steps.last() != Some(&Step::Blanks) {
        steps.push(Step::Blanks);
    }
}

fn push_specifier(specifier: &str, steps: &mut Vec<Step>) -> Result<(), String> {
    let number = |field, fewest, most| Step::Number {
        field,
        fewest,
        most,
    };
    steps.push(match specifier {
        "Y" => number(Field::Year, 4, 4),
        "y" => number(Field::ShortYear, 2, 2),
        "m" => number(Field::Month, 1, 2),
        "d" | "e" => number(Field::Day, 1, 2),
        "j" => number(Field::DayOfYear, 1, 3),
        "H" | "k" => number(Field::Hour, 1, 2),
        "I" | "l" => number(Field::Hour12, 1, 2),
        "M" => number(Field::Minute, 2, 2),
        "S" => number(Field::Second, 2, 2),
        "G" => number(Field::WeekYear, 4, 4),
        "V" => number(Field::Week, 2, 2),
        "u" => number(Field::WeekDay, 1, 1),
        "b" | "B" | "h" => Step::MonthName { point: false },
        "a" | "A" => Step::Weekday,
        "p" | "P" => Step::Meridiem,
        "f" => Step::Fraction { point: false },
        ".f" => Step::Fraction { point: true },
        "z" | ":z" => Step::Offset,
        "Z" => Step::ZoneName,
        "s" => Step::Epoch,
        "%" => Step::Byte(b'%'),
        "n" | "t" => {
            push_blanks(steps);
            return Ok(());
        }
        "F" => return push_steps("%Y-%m-%d", steps),
        "T" => return push_steps("%H:%M:%S", steps),
        "R" => return push_steps("%H:%M", steps),
        "D" => return push_steps("%m/%d/%y", steps),
        unknown => return Err(unknown.to_owned()),
    });
    Ok(())
}

/// Gives numbers that stand right beside other digits their full width.
fn fix_widths(steps: &mut [Step]) {
    let is_digits = |step: Option<&Step>| {
        matches!(
            step,
            Some(Step::Number { .. } | Step::Epoch | Step::Fraction { point: false })
        )
    };
    let fixed: Vec<bool> = (0..steps.len())
        .map(|index| {
            let before = index.checked_sub(1).and_then(|index| steps.get(index));
            is_digits(before) || is_digits(steps.get(index + 1))
        })
        .collect();
    for (step, fixed) in steps.iter_mut().zip(fixed) {
        if let Step::Number { fewest, most, .. } = step
            && fixed
        {
            *fewest = *most;
        }
    }
}

/// How often each part stands in a form.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    year: u8,
    month: u8,
    day: u8,
    day_of_year: u8,
    week_year: u8,
    week: u8,
    week_day: u8,
    weekday: u8,
    hour: u8,
    hour12: u8,
    meridiem: u8,
    minute: u8,
    second: u8,
    fraction: u8,
    offset: u8,
    epoch: u8,
}

/// What is wrong with a form.
enum Problem {
    Twice(&'static str),
    Missing(&'static str),
}

impl Seen {
    fn of(steps: &[Step]) -> Self {
        let mut seen = Self::default();
        for step in steps {
            let count = match step {
                Step::Byte(_) | Step::Blanks | Step::Ordinal => continue,
                Step::Number { field, .. } => seen.field(*field),
                Step::MonthName { .. } => &mut seen.month,
                Step::Weekday => &mut seen.weekday,
                Step::Meridiem => &mut seen.meridiem,
                Step::Fraction { .. } => &mut seen.fraction,
                Step::Offset | Step::ZoneName => &mut seen.offset,
                Step::Epoch | Step::Units(_) => &mut seen.epoch,
            };
            *count = count.saturating_add(1);
        }
        seen
    }

    fn field(&mut self, field: Field) -> &mut u8 {
        match field {
            Field::Year | Field::ShortYear => &mut self.year,
            Field::Month => &mut self.month,
            Field::Day => &mut self.day,
            Field::DayOfYear => &mut self.day_of_year,
            Field::WeekYear => &mut self.week_year,
            Field::Week => &mut self.week,
            Field::WeekDay => &mut self.week_day,
            Field::Hour => &mut self.hour,
            Field::Hour12 => &mut self.hour12,
            Field::Minute => &mut self.minute,
            Field::Second => &mut self.second,
        }
    }

    const fn has_date(self) -> bool {
        self.weeks() + self.other_date() + self.epoch > 0
    }

    /// How many specifiers there are of weeks.
    const fn weeks(self) -> u8 {
        self.week_year + self.week + self.week_day
    }

    const fn other_date(self) -> u8 {
        self.year + self.month + self.day + self.day_of_year + self.weekday
    }

    fn check(self) -> Result<(), Problem> {
        let once = [
            (self.year, "the year"),
            (self.month, "the month"),
            (self.day, "the day"),
            (self.day_of_year, "the day of the year"),
            (self.week_year, "the year of the week"),
            (self.week, "the week"),
            (self.week_day, "the day of the week"),
            (self.weekday, "the weekday"),
            (self.hour.saturating_add(self.hour12), "the hour"),
            (self.meridiem, "AM and PM"),
            (self.minute, "the minute"),
            (self.second, "the second"),
            (self.fraction, "the fraction"),
            (self.offset, "the offset"),
            (self.epoch, "the seconds from 1970"),
        ];
        if let Some((_, what)) = once.into_iter().find(|(count, _)| *count > 1) {
            return Err(Problem::Twice(what));
        }
        let twice = [
            (self.day_of_year > 0 && self.month + self.day > 0, "the day"),
            (self.weeks() > 0 && self.other_date() > 0, "the day"),
            (self.epoch > 0 && self.has_other_than_epoch(), "the time"),
        ];
        if let Some((_, what)) = twice.into_iter().find(|(is_twice, _)| *is_twice) {
            return Err(Problem::Twice(what));
        }
        self.missing()
            .map_or(Ok(()), |what| Err(Problem::Missing(what)))
    }

    const fn has_other_than_epoch(self) -> bool {
        self.weeks()
            + self.other_date()
            + self.hour
            + self.hour12
            + self.minute
            + self.second
            + self.offset
            > 0
    }

    fn missing(self) -> Option<&'static str> {
        let has_hour = self.hour + self.hour12 > 0;
        if self.epoch > 0 {
            return None;
        }
        if self.weeks() > 0 && self.week_year + self.week + self.week_day < 3 {
            return Some("all of `%G`, `%V` and `%u`");
        }
        if self.weeks() == 0
            && let Some(what) = self.missing_of_date()
        {
            return Some(what);
        }
        if self.hour12 != self.meridiem {
            Some("both `%I` and `%p`, or `%H` alone")
        } else if self.fraction > self.second {
            Some("the second, `%S`, before a fraction")
        } else if self.second > self.minute {
            Some("the minute, `%M`, beside the second")
        } else if !has_hour && (self.minute > 0 || self.offset > 0) {
            Some("the hour, `%H` or `%I`")
        } else if !has_hour && !self.has_date() {
            Some("a date or an hour, as in `%d/%m/%Y` or `%H:%M`")
        } else if self.offset > 0 && !self.has_date() {
            Some("a date beside the offset")
        } else {
            None
        }
    }

    const fn missing_of_date(self) -> Option<&'static str> {
        if self.has_date() && self.year == 0 {
            Some("the year, `%Y` or `%y`")
        } else if self.has_date() && self.day_of_year == 0 && self.month == 0 {
            Some("the month, `%m` or `%b`")
        } else if self.has_date() && self.day_of_year == 0 && self.day == 0 {
            Some("the day, `%d`")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
