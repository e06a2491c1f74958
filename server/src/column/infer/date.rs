//! The dates and times of a column: their form, and the type that holds them.
//!
//! [`super`] shows it the cells. It must never guess the order of day and month: several forms that
//! fit every cell are reported as such.

mod guess;
mod track;

use super::super::data_type::DataType;
use super::super::parse::date_time::{TimeText, parse_time_text};
use super::super::rules::DateFormat;
use super::order::Order;
use track::Track;
pub(super) use track::Zones;

/// The bytes of dates and times, in any form.
const LENGTHS: std::ops::RangeInclusive<usize> = 6..=75;
/// So many different values of eight digits that are dates are no chance.
const COMPACT_VALUES: usize = 5;
/// Fewer different dates with a year of two digits may be something else.
const SHORT_YEAR_VALUES: usize = 3;
/// With so many different numbers up to 31 in one place of a date ..
const DAY_VALUES: u32 = 8;

/// The dates and times of a column.
#[derive(Clone, Debug, Default)]
pub(super) struct Dates {
    /// What is known while every text is ISO 8601.
    iso: Track,
    /// The forms that fit every text; empty while all are ISO 8601.
    candidates: Vec<Candidate>,
    /// Whether the caller has given the form, and what else is ISO 8601.
    is_known: bool,
    /// Whether the texts are digits only.
    are_digits: Option<bool>,
    has_short_year: bool,
    /// The numbers up to 99 in each of three places, a bit each, while years may be days.
    places: [u128; 3],
    pub(super) order: Order,
    written: Vec<u8>,
}

/// A form, and what the texts say under it.
#[derive(Clone, Debug)]
struct Candidate {
    format: DateFormat,
    track: Track,
}

/// What was found out about dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// One reading.
    Type {
        data_type: DataType,
        format: Option<DateFormat>,
        has_offset: bool,
        is_skipped: bool,
        /// Whether every time of day is midnight.
        is_midnight: bool,
    },
    /// Several, of these forms.
    Ambiguous(Vec<String>),
    /// Too little to go by.
    Unclear,
}

impl Dates {
    /// Takes a form as the only one.
    pub(super) fn know(&mut self, format: &DateFormat) {
        self.is_known = true;
        self.candidates = vec![Candidate {
            format: format.clone(),
            track: Track::default(),
        }];
    }

    pub(super) const fn is_known(&self) -> bool {
        self.is_known
    }

    /// Takes a text into account; false when the column cannot be one of dates.
    pub(super) fn observe(&mut self, text: &[u8], is_digits: bool, zones: &Zones) -> bool {
        if self.is_known {
            return self.keep_matching(text, zones) || self.observe_iso_between(text, zones);
        }
        if !LENGTHS.contains(&text.len())
            || is_digits && !matches!(text.len(), 8 | 12 | 14)
            || *self.are_digits.get_or_insert(is_digits) != is_digits
            || is_digits && !guess::is_plausible(text)
        {
            return false;
        }
        if self.candidates.is_empty() {
            if let Some(time) = parse_time_text(text) {
                self.order.observe(time.second);
                return self.iso.include(time, text, zones);
            }
            self.guess(text);
        }
        self.observe_formatted(text, zones)
    }

    /// Sets the candidates by the first text that is not ISO 8601.
    fn guess(&mut self, text: &[u8]) {
        let follows_iso = self.iso.count > 0;
        self.candidates = guess::formats(text)
            .into_iter()
            .filter(|format| !follows_iso || begins_with_year(format))
            .map(|format| Candidate {
                format,
                track: self.iso,
            })
            .collect();
        let mut candidates = self.candidates.iter();
        self.has_short_year = candidates.any(|candidate| is_short_year(&candidate.format));
    }

    fn observe_formatted(&mut self, text: &[u8], zones: &Zones) -> bool {
        if self.candidates.len() > 1 && self.has_short_year {
            for (place, number) in self.places.iter_mut().zip(guess::numbers(text)) {
                *place |= 1_u128.checked_shl(number).unwrap_or(0);
            }
        }
        if self.keep_matching(text, zones) || self.observe_iso_between(text, zones) {
            return true;
        }
        self.candidates = self.with_fraction();
        self.keep_matching(text, zones)
    }

    /// Drops the candidates that do not fit a text, unless none does.
    fn keep_matching(&mut self, text: &[u8], zones: &Zones) -> bool {
        let Self {
            candidates,
            written,
            order,
            ..
        } = self;
        let mut read = |candidate: &mut Candidate| {
            written.clear();
            if !candidate.format.rewrite(text, written) {
                return None;
            }
            let time = parse_time_text(written)?;
            let mut track = candidate.track;
            if !track.include(time, written, zones) {
                return None;
            }
            candidate.track = track;
            Some(time.second)
        };
        let mut first = None;
        let mut matches = 0_u32;
        for (candidate, bit) in candidates.iter_mut().zip(0..) {
            if let Some(second) = read(candidate) {
                first.get_or_insert(second);
                matches |= 1 << bit;
            }
        }
        let Some(second) = first else {
            return false;
        };
        order.observe(second);
        if matches.count_ones() < u32::try_from(candidates.len()).unwrap_or(u32::MAX) {
            let mut bit = 0;
            candidates.retain(|_| {
                bit += 1;
                matches & (1 << (bit - 1)) != 0
            });
        }
        true
    }

    /// Returns the candidates with a fraction behind their seconds.
    fn with_fraction(&self) -> Vec<Candidate> {
        let more = self.candidates.iter().map(|candidate| {
            let text = candidate.format.as_str();
            let text = match text.contains("%.f") {
                true => text.to_owned(),
                false => text.replace("%S", "%S%.f"),
            };
            Candidate {
                format: DateFormat::parse(&text).unwrap_or_else(|_| candidate.format.clone()),
                track: candidate.track,
            }
        });
        more.collect()
    }

    /// Takes an ISO 8601 text between others that have the year first too.
    fn observe_iso_between(&mut self, text: &[u8], zones: &Zones) -> bool {
        let mut candidates = self.candidates.iter();
        let is_mixed = candidates.any(|candidate| !begins_with_year(&candidate.format));
        if is_mixed && !self.is_known {
            return false;
        }
        let Some(time) = parse_time_text(text) else {
            return false;
        };
        self.order.observe(time.second);
        self.candidates
            .iter_mut()
            .all(|candidate| candidate.track.include(time, text, zones))
            && !self.candidates.is_empty()
    }

    /// Returns the type and form; `distinct` is the count of different texts, None for very many.
    pub(super) fn found(&self, distinct: Option<usize>, name_says_so: bool) -> Found {
        if self.is_known {
            let known = self.candidates.first();
            return known.map_or(Found::Unclear, |known| known.track.found(None));
        }
        let has_values = |least| name_says_so || distinct.is_none_or(|count| count >= least);
        if self.are_digits == Some(true) && !has_values(COMPACT_VALUES) {
            return Found::Unclear;
        }
        let candidates = self.likely_candidates();
        match candidates.as_slice() {
            [] => self.iso.found(None),
            [only]
                if is_short_year(&only.format)
                    && !only.format.has_clock()
                    && !has_values(SHORT_YEAR_VALUES) =>
            {
                Found::Unclear
            }
            [only] => only.track.found(Some(only.format.clone())),
            several => {
                let formats = several.iter().map(|candidate| candidate.format.to_string());
                Found::Ambiguous(formats.collect())
            }
        }
    }

    /// Returns the candidates without those that take years for days: where one place of the date has
    /// many different numbers up to 31 and another few, the first is the day and the other the year.
    fn likely_candidates(&self) -> Vec<&Candidate> {
        let [first, _, last] = self.places;
        let is_day = |place: u128, other: u128| {
            place >> 32 == 0
                && place.count_ones() >= DAY_VALUES
                && other.count_ones() * 2 <= place.count_ones()
        };
        let year_is_last = is_day(first, last);
        let year_is_first = is_day(last, first);
        let is_likely = |candidate: &&Candidate| match candidate.format.as_str().starts_with("%y") {
            true => !year_is_last,
            false => !(year_is_first && is_short_year(&candidate.format)),
        };
        let likely: Vec<_> = self.candidates.iter().filter(is_likely).collect();
        match likely.is_empty() {
            true => self.candidates.iter().collect(),
            false => likely,
        }
    }
}

/// Returns whether a text is a date or time, and one of a year that no type holds.
pub(super) fn is_out_of_range(text: &[u8]) -> bool {
    let is_out = |time: TimeText| !track::TIMES.contains(&time.second);
    if let Some(time) = parse_time_text(text) {
        return is_out(time);
    }
    let mut times = readings(text).map(|(_, _, time)| time);
    times.next().is_some_and(is_out) && times.all(is_out)
}

/// Returns the forms that a text has, with what it is by each, written as ISO 8601 and as a time.
pub(in super::super) fn readings(
    text: &[u8],
) -> impl Iterator<Item = (DateFormat, Vec<u8>, TimeText)> {
    guess::formats(text).into_iter().filter_map(|format| {
        let mut written = Vec::new();
        let is_written = format.rewrite(text, &mut written);
        let time = is_written.then(|| parse_time_text(&written)).flatten()?;
        Some((format, written, time))
    })
}

fn begins_with_year(format: &DateFormat) -> bool {
    format.as_str().starts_with("%Y")
}

/// Returns whether a form is digits with a year of two.
fn is_short_year(format: &DateFormat) -> bool {
    format.as_str().contains("%y") && !format.as_str().contains("%b")
}
