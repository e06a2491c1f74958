//! Days and dates of the proleptic Gregorian calendar, counted from 1970-01-01.
//!
//! Parsing and formatting of dates and times call it; it must never look at time zones.

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// A date: the year may be negative or above 9999, month and day count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// The year.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: u32,
    /// The day of the month, 1 to 31.
    pub day: u32,
}

/// Returns whether `year` has a 29 February.
#[must_use]
pub const fn is_leap_year(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Returns the number of days in a month (1 to 12; any other month has none).
#[must_use]
pub const fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap_year(year) => 29,
        2 => 28,
        _ => 0,
    }
}

/// Returns the days from 1970-01-01 to a date that exists (`month` 1 to 12, `day` 1 to 31).
#[must_use]
pub const fn days_from_date(year: i32, month: u32, day: u32) -> i32 {
    // The year starts in March here, so that the leap day is its last day; an era has 400 years.
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month.cast_signed() + 9) % 12;
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month_from_march + 2) / 5 + day.cast_signed() - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Returns the date that is `days` after 1970-01-01; the inverse of [`days_from_date`].
///
/// The last 719,468 days that an `i32` counts are all the same date.
#[must_use]
pub const fn date_from_days(days: i32) -> Date {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1).cast_unsigned();
    let month = (if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    })
    .cast_unsigned();
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    Date { year, month, day }
}

#[cfg(test)]
mod tests {
    use super::{Date, date_from_days, days_from_date, days_in_month, is_leap_year};

    #[test]
    fn every_day_of_the_supported_range_follows_the_one_before() {
        let mut expected = -25_567;
        for year in 1900..2300 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    assert_eq!(days_from_date(year, month, day), expected);
                    assert_eq!(date_from_days(expected), Date { year, month, day });
                    expected += 1;
                }
            }
        }
        assert_eq!(expected, 120_530);
    }

    #[test]
    fn far_dates_go_there_and_back() {
        for days in [
            i32::MIN,
            -719_529,
            -719_528,
            -1,
            0,
            2_932_896,
            i32::MAX - 719_468,
        ] {
            let date = date_from_days(days);
            assert_eq!(days_from_date(date.year, date.month, date.day), days);
        }
    }

    #[test]
    fn century_years_are_leap_only_every_fourth_time() {
        assert!(is_leap_year(2000) && is_leap_year(2024));
        assert!(!is_leap_year(1900) && !is_leap_year(2100) && !is_leap_year(2023));
    }
}
