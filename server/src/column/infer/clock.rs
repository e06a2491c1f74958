//! The times of day and durations of a column.
//!
//! [`super`] shows it the cells; it must never take minutes and seconds for hours and minutes.

use super::super::data_type::DataType;
use super::super::parse::time::parse_time64;
use super::super::rules::DateFormat;
use super::order::Order;

/// The forms of hours of twelve.
const HALF_DAYS: [&str; 4] = ["%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%I:%M:%S%p"];
/// So many different times of day whose minutes are those of a timetable are no durations.
const TIMETABLE_VALUES: usize = 5;
/// Nanoseconds of a second and an hour.
const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// The times of day of a column.
#[derive(Clone, Debug, Default)]
pub(super) struct Clocks {
    form: Option<Form>,
    /// Whether the caller has given the form.
    is_known: bool,
    fraction_digits: u8,
    /// Whether an hour has one digit only.
    is_unpadded: bool,
    is_beyond_a_day: bool,
    /// Whether all minutes are those of a timetable: 0, 5, 10, …
    is_uneven: bool,
    pub(super) order: Order,
}

/// How the times are written; all in one form.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Minutes,
    Seconds,
    /// One that rules must name: hours of twelve, or what the caller has given.
    Formatted(Box<DateFormat>),
}

/// What was found out about times of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Type(DataType, Option<DateFormat>),
    /// Hours and minutes, or minutes and seconds.
    Unclear,
}

impl Clocks {
    /// Takes a form as the only one.
    pub(super) fn know(&mut self, format: &DateFormat) {
        self.form = Some(Form::Formatted(Box::new(format.clone())));
        self.is_known = true;
    }

    /// Returns whether the form was given, so that a time need not have colons.
    pub(super) const fn is_known(&self) -> bool {
        self.is_known
    }

    /// Takes a text into account; false when the column cannot be one of times of day.
    pub(super) fn observe(&mut self, text: &[u8]) -> bool {
        let mut written = Vec::new();
        if let Some(Form::Formatted(format)) = &self.form {
            if format.rewrite(text, &mut written) {
                return self.include(&written);
            }
            return self.is_known && self.include(text);
        }
        let form = match text {
            [.., b':', _, _, b':', _, _] => Some(Form::Seconds),
            _ if memchr::memchr(b'.', text).is_some() => Some(Form::Seconds),
            [b'0'..=b'9', b':', _, _] | [b'0'..=b'9', b'0'..=b'9', b':', _, _] => {
                Some(Form::Minutes)
            }
            _ => None,
        };
        match (form, &self.form) {
            (None, None) => self.observe_half_day(text),
            (Some(form), None) => {
                self.form = Some(form);
                self.include(text)
            }
            (form, _) if form == self.form => self.include(text),
            _ => false,
        }
    }

    fn observe_half_day(&mut self, text: &[u8]) -> bool {
        let mut written = Vec::new();
        for format in HALF_DAYS {
            if let Ok(format) = DateFormat::parse(format)
                && format.rewrite(text, &mut written)
            {
                self.form = Some(Form::Formatted(Box::new(format)));
                return self.include(&written);
            }
        }
        false
    }

    fn include(&mut self, text: &[u8]) -> bool {
        let Ok(time) = parse_time64(text, 9) else {
            return false;
        };
        let point = memchr::memchr(b'.', text);
        let digits = point.map_or(0, |point| text.len() - point - 1).min(9);
        self.fraction_digits = self.fraction_digits.max(u8::try_from(digits).unwrap_or(9));
        self.is_unpadded |= text.get(1) == Some(&b':');
        self.is_beyond_a_day |= !(0..24 * HOUR).contains(&time);
        self.is_uneven |= time % (300 * SECOND) != 0;
        self.order.observe(time);
        let is_negative_zero = time == 0 && text.starts_with(b"-");
        time.abs() < 100 * HOUR && !is_negative_zero
    }

    /// Returns the type; `distinct` is the count of different texts, None for very many.
    pub(super) fn found(&self, distinct: Option<usize>, name_says_so: bool) -> Found {
        let format = match &self.form {
            Some(Form::Formatted(format)) => (!self.is_known).then(|| (**format).clone()),
            Some(Form::Minutes) if !self.are_hours(distinct, name_says_so) => {
                return Found::Unclear;
            }
            _ => None,
        };
        let data_type = match self.fraction_digits {
            0 => DataType::Time,
            digits => DataType::Time64(digits),
        };
        Found::Type(data_type, format)
    }

    /// Returns whether `hh:mm` are hours and minutes: the name says so, or they are those of a timetable.
    fn are_hours(&self, distinct: Option<usize>, name_says_so: bool) -> bool {
        let is_many = distinct.is_none_or(|count| count >= TIMETABLE_VALUES);
        !self.is_beyond_a_day && (name_says_so || !self.is_unpadded && !self.is_uneven && is_many)
    }
}
