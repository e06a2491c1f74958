//! Tests of the dates and times.

use super::{LastDate, parse_date, parse_date32, parse_time_text};
use crate::column::calendar::{Date, date_from_days};
use crate::column::parse::Reason;
use crate::column::zone::Zone;

/// Reads a DateTime that stands alone.
fn parse_date_time(bytes: &[u8], zone: &Zone) -> Result<u32, Reason> {
    super::parse_date_time(bytes, zone, &mut LastDate::default())
}

/// Reads a DateTime64 that stands alone.
fn parse_date_time64(bytes: &[u8], precision: u8, zone: &Zone) -> Result<i64, Reason> {
    super::parse_date_time64(bytes, precision, zone, &mut LastDate::default())
}

#[test]
fn the_values_before_change_nothing() {
    let zone = Zone::named("Europe/Paris").unwrap();
    let texts = [
        "\0\0\0\0\0\0\0\0\0\0 10:00:00",
        "1970-01-01 01:00:00",
        "2024-02-29 23:59:59",
        "2024-02-29 00:00:00",
        "2024-02-29T24:00:00",
        "2024/02/29 00:00:00",
        "2024-02-30 00:00:00",
        "2024-03-31 02:30:00",
        "2024-03-31 03:30:00",
        "2024-02-2x 00:00:00",
        "20240229",
        "1700000000",
        "",
    ];
    let last = &mut LastDate::default();
    let pairs = texts.map(|before| texts.map(|text| [before, text]));
    for text in pairs.as_flattened().as_flattened() {
        let text = text.as_bytes();
        let after = super::parse_date_time(text, &zone, last);
        assert_eq!(after, parse_date_time(text, &zone), "{text:?}");
        let after = super::parse_date_time64(text, 3, &zone, last);
        assert_eq!(after, parse_date_time64(text, 3, &zone), "{text:?}");
    }
}

#[test]
fn dates_are_days() {
    for (text, expected) in [
        ("1970-01-01", 0),
        ("1970-01-02", 1),
        ("2000-02-29", 11_016),
        ("2024-02-29", 19_782),
        ("2024/02/29", 19_782),
        ("20240229", 19_782),
        ("2149-06-06", 65_535),
    ] {
        assert_eq!(parse_date(text.as_bytes()), Ok(expected), "{text}");
        assert_eq!(parse_date32(text.as_bytes()), Ok(expected.into()), "{text}");
    }
}

#[test]
fn every_day_and_every_second_of_a_day_is_read() {
    for days in -25_567..=120_529 {
        let Date { year, month, day } = date_from_days(days);
        let text = format!("{year:04}-{month:02}-{day:02}");
        assert_eq!(parse_date32(text.as_bytes()), Ok(days), "{text}");
    }
    for second in 0..86_400 {
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        let text = format!("1970-01-01 {hour:02}:{minute:02}:{:02}", second % 60);
        assert_eq!(
            parse_date_time(text.as_bytes(), &Zone::utc()),
            Ok(second),
            "{text}"
        );
    }
}

#[test]
fn dates_beyond_the_ends_of_the_type_are_refused() {
    for text in ["1969-12-31", "2149-06-07", "0001-01-01", "9999-12-31"] {
        assert_eq!(parse_date(text.as_bytes()), Err(Reason::Overflow), "{text}");
    }
    for text in ["1899-12-31", "2300-01-01", "0000-01-01", "9999-12-31"] {
        assert_eq!(
            parse_date32(text.as_bytes()),
            Err(Reason::Overflow),
            "{text}"
        );
    }
    assert_eq!(parse_date32(b"1900-01-01"), Ok(-25_567));
    assert_eq!(parse_date32(b"2299-12-31"), Ok(120_529));
}

#[test]
fn dates_that_do_not_exist_are_refused() {
    for text in [
        "2024-02-30",
        "2023-02-29",
        "2100-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024-01-00",
        "2024-04-31",
        "2024-01-32",
        "0000-00-00",
        "20240230",
        "20241301",
        "2024-13-45",
    ] {
        assert_eq!(
            parse_date(text.as_bytes()),
            Err(Reason::InvalidDate),
            "{text}"
        );
        let time = format!("{text} 10:00:00");
        let result = parse_date_time(time.as_bytes(), &Zone::utc());
        assert_eq!(result, Err(Reason::InvalidDate), "{time}");
    }
}

#[test]
fn other_texts_are_not_dates() {
    for text in [
        "",
        "2024",
        "2024-02",
        "2024-2-29",
        "24-02-29x",
        "2024-02-29 ",
        " 2024-02-29",
        "2024-02/29",
        "2024/02-29",
        "2024.02.29",
        "2024-02-2a",
        "2024-0a-29",
        "202a-02-29",
        "2024-02-29T",
        "2024022",
        "202402290",
        "-024-02-29",
        "+2024-02-29",
        "\u{661}-02-29",
        "Feb 29, 2024",
        "2024-02-;9",
        "2024-02-/9",
        "2024:02:29",
    ] {
        assert_eq!(
            parse_date(text.as_bytes()),
            Err(Reason::InvalidDate),
            "{text}"
        );
    }
}

#[test]
fn dates_with_the_year_last_are_ambiguous() {
    for text in [
        "01/02/2024",
        "31/12/2024",
        "1/2/2024",
        "1.2.24",
        "12-31-2024",
        "01/02/24",
    ] {
        assert_eq!(
            parse_date(text.as_bytes()),
            Err(Reason::AmbiguousDate),
            "{text}"
        );
        let time = format!("{text} 10:00:00");
        let result = parse_date_time(time.as_bytes(), &Zone::utc());
        assert_eq!(result, Err(Reason::AmbiguousDate), "{time}");
    }
}

/// Checks a text as a DateTime and a DateTime64(3) of UTC.
fn check(text: &str, expected: Result<u32, Reason>) {
    let zone = Zone::utc();
    assert_eq!(parse_date_time(text.as_bytes(), &zone), expected, "{text}");
    let expected = expected.map(|second| i64::from(second) * 1000);
    assert_eq!(
        parse_date_time64(text.as_bytes(), 3, &zone),
        expected,
        "{text}"
    );
}

#[test]
fn times_of_every_form_are_read() {
    const SECOND: u32 = 1_709_202_896;
    check("2024-02-29 10:34:56", Ok(SECOND));
    check("2024-02-29T10:34:56", Ok(SECOND));
    check("2024/02/29 10:34:56", Ok(SECOND));
    check("20240229 10:34:56", Ok(SECOND));
    check("2024-02-29 10:34:56.000000000000", Ok(SECOND));
    check("2024-02-29 10:34", Ok(SECOND - 56));
    check("2024-02-29", Ok(SECOND - 38_096));
    check("2024-02-29T10:34:56Z", Ok(SECOND));
    check("2024-02-29T10:34:56.000Z", Ok(SECOND));
    check("2024-02-29T10:34Z", Ok(SECOND - 56));
    check("2024-02-29 10:34:56+00:00", Ok(SECOND));
    check("2024-02-29 10:34:56+02:00", Ok(SECOND - 7_200));
    check("2024-02-29 10:34:56-0330", Ok(SECOND + 12_600));
    check("2024-02-29 10:34:56.0-11", Ok(SECOND + 39_600));
    check("1709202896", Ok(SECOND));
    check("170920289", Ok(170_920_289));
}

#[test]
fn other_texts_are_not_times() {
    for text in [
        "",
        "2024-02-29 ",
        "2024-02-29 10",
        "2024-02-29 10:3",
        "2024-02-29 10:34:5",
        "2024-02-29 24:00:00",
        "2024-02-29 10:60:00",
        "2024-02-29 10:34:60",
        "2024-02-29  10:34:56",
        "2024-02-29 10:34:56 ",
        "2024-02-29 10:34:56.",
        "2024-02-29 10:34:56.a",
        "2024-02-29_10:34:56",
        "2024-02-29t10:34:56",
        "2024-02-29 10:34:56+",
        "2024-02-29 10:34:56+2",
        "2024-02-29 10:34:56+02:0",
        "2024-02-29 10:34:56+24:00",
        "2024-02-29 10:34:56+02:60",
        "2024-02-29Z",
        "2024-02-29 10:34:56+02:00Z",
        "2024-02-29 1a:34:56",
        "12345678",
        "12345",
        "17092028960",
        "-1709202896",
        "1709202896.",
        "10:34:56",
        "2024-02-29 10-34-56",
    ] {
        check(text, Err(Reason::InvalidDate));
    }
}

#[test]
fn the_ends_of_date_time_are_exact() {
    let utc = Zone::utc();
    assert_eq!(parse_date_time(b"1970-01-01 00:00:00", &utc), Ok(0));
    assert_eq!(parse_date_time(b"2106-02-07 06:28:15", &utc), Ok(u32::MAX));
    for text in [
        "1969-12-31 23:59:59",
        "2106-02-07 06:28:16",
        "9999999999",
        "4294967296",
    ] {
        assert_eq!(
            parse_date_time(text.as_bytes(), &utc),
            Err(Reason::Overflow),
            "{text}"
        );
    }
    assert_eq!(parse_date_time(b"4294967295", &utc), Ok(u32::MAX));
    let paris = Zone::named("Europe/Paris").unwrap();
    assert_eq!(parse_date_time(b"1970-01-01 01:00:00", &paris), Ok(0));
    assert_eq!(
        parse_date_time(b"1970-01-01 00:59:59", &paris),
        Err(Reason::Overflow)
    );
}

#[test]
fn the_ends_of_date_time64_are_exact_in_the_zone_of_the_column() {
    for name in ["UTC", "America/New_York", "Asia/Tokyo", "Europe/Paris"] {
        let zone = Zone::named(name).unwrap();
        let parse = |text: &str| parse_date_time64(text.as_bytes(), 8, &zone);
        assert!(parse("1900-01-01 00:00:00").is_ok(), "{name}");
        assert!(parse("2299-12-31 23:59:59.99999999").is_ok(), "{name}");
        assert_eq!(
            parse("1899-12-31 23:59:59.99999999"),
            Err(Reason::Overflow),
            "{name}"
        );
        assert_eq!(
            parse("2300-01-01 00:00:00"),
            Err(Reason::Overflow),
            "{name}"
        );
    }
    let parse = |text: &str| parse_date_time64(text.as_bytes(), 3, &Zone::utc());
    assert_eq!(parse("1900-01-01 00:00:00"), Ok(-2_208_988_800_000));
    assert_eq!(parse("1900-01-01 00:00:00+00:01"), Err(Reason::Overflow));
    assert_eq!(parse("2299-12-31 23:59:59.999"), Ok(10_413_791_999_999));
}

#[test]
fn nanoseconds_end_with_64_bits() {
    let parse = |text: &str| parse_date_time64(text.as_bytes(), 9, &Zone::utc());
    assert_eq!(parse("2262-04-11 23:47:16.854775807"), Ok(i64::MAX));
    assert_eq!(
        parse("2262-04-11 23:47:16.854775808"),
        Err(Reason::Overflow)
    );
    assert_eq!(
        parse("1900-01-01 00:00:00.000000001"),
        Ok(-2_208_988_799_999_999_999)
    );
}

#[test]
fn fractions_are_exact() {
    let parse = |text: &str| parse_date_time64(text.as_bytes(), 3, &Zone::utc());
    assert_eq!(parse("1970-01-01 00:00:01.5"), Ok(1_500));
    assert_eq!(parse("1969-12-31 23:59:59.500"), Ok(-500));
    assert_eq!(
        parse("1970-01-01 00:00:01.123000000000000000000000"),
        Ok(1_123)
    );
    assert_eq!(
        parse("1970-01-01 00:00:01.1234"),
        Err(Reason::PrecisionLoss)
    );
    assert_eq!(parse("1700000000.25"), Ok(1_700_000_000_250));
    assert_eq!(parse("1700000000.0001"), Err(Reason::PrecisionLoss));
    let utc = Zone::utc();
    let text = b"2024-02-29 10:34:56.5";
    assert_eq!(parse_date_time(text, &utc), Err(Reason::PrecisionLoss));
    assert_eq!(parse_date_time64(text, 0, &utc), Err(Reason::PrecisionLoss));
    assert_eq!(
        parse_date_time(b"1700000000.5", &utc),
        Err(Reason::InvalidDate)
    );
}

#[test]
fn a_skipped_time_is_refused_and_a_repeated_one_is_the_earlier() {
    let paris = Zone::named("Europe/Paris").unwrap();
    let parse = |text: &str| parse_date_time(text.as_bytes(), &paris);
    assert_eq!(parse("2024-03-31 01:59:59"), Ok(1_711_846_799));
    assert_eq!(parse("2024-03-31 02:00:00"), Err(Reason::InvalidDate));
    assert_eq!(parse("2024-03-31 02:59:59"), Err(Reason::InvalidDate));
    assert_eq!(parse("2024-03-31 03:00:00"), Ok(1_711_846_800));
    assert_eq!(parse("2024-10-27 02:30:00"), Ok(1_729_989_000));
    assert_eq!(parse("2024-10-27 02:30:00+01:00"), Ok(1_729_992_600));
    assert_eq!(parse("2024-03-31 02:30:00Z"), Ok(1_711_852_200));
    assert_eq!(parse("1711852200"), Ok(1_711_852_200));
}

#[test]
fn a_text_tells_its_precision() {
    let digits = |text: &str| parse_time_text(text.as_bytes()).map(|time| time.fraction_digits);
    assert_eq!(digits("2024-02-29"), Some(0));
    assert_eq!(digits("2024-02-29 10:00:00.120"), Some(3));
    assert_eq!(digits("2024-02-29 10:00:00.1234567890"), Some(9));
    assert_eq!(digits("2024-02-29 10:00:00.1234567891"), None);
    assert_eq!(digits("1709202896"), None);
}

#[test]
fn every_precision_holds_its_ends_and_no_more() {
    let utc = Zone::utc();
    for precision in 0..=9_u8 {
        let parse = |text: &str| parse_date_time64(text.as_bytes(), precision, &utc);
        let unit = 10_i64.pow(precision.into());
        let nines = "9".repeat(precision.into());
        let point = if precision == 0 { "" } else { "." };
        assert_eq!(parse("1900-01-01 00:00:00"), Ok(-2_208_988_800 * unit));
        let before = format!("1899-12-31 23:59:59{point}{nines}");
        assert_eq!(parse(&before), Err(Reason::Overflow), "{before}");
        let (last, second) = if precision == 9 {
            ("2262-04-11 23:47:15", 9_223_372_035)
        } else {
            ("2299-12-31 23:59:59", 10_413_791_999)
        };
        let last = format!("{last}{point}{nines}");
        assert_eq!(parse(&last), Ok(second * unit + (unit - 1)), "{last}");
        assert_eq!(parse("2300-01-01 00:00:00"), Err(Reason::Overflow));
        let digits = format!("1970-01-01 00:00:00.{}1", "0".repeat(precision.into()));
        assert_eq!(parse(&digits), Err(Reason::PrecisionLoss), "{digits}");
        let zeros = format!("1970-01-01 00:00:00.{}0", "0".repeat(precision.into()));
        assert_eq!(parse(&zeros), Ok(0), "{zeros}");
        assert_eq!(parse("1969-12-31 23:59:59"), Ok(-unit));
    }
}

#[test]
fn skipped_and_repeated_times_have_fractions_too() {
    let zone = Zone::named("America/New_York").unwrap();
    let parse = |text: &str| parse_date_time64(text.as_bytes(), 3, &zone);
    assert_eq!(parse("2024-03-10 01:59:59.999"), Ok(1_710_053_999_999));
    assert_eq!(parse("2024-03-10 02:00:00.000"), Err(Reason::InvalidDate));
    assert_eq!(parse("2024-03-10 02:59:59.999"), Err(Reason::InvalidDate));
    assert_eq!(parse("2024-03-10 02:30"), Err(Reason::InvalidDate));
    assert_eq!(parse("2024-03-10 03:00:00.000"), Ok(1_710_054_000_000));
    assert_eq!(parse("2024-11-03 01:30:00.500"), Ok(1_730_611_800_500));
    assert_eq!(parse("2024-11-03 01:30:00.5-05:00"), Ok(1_730_615_400_500));
    assert_eq!(parse("1710055800.25"), Ok(1_710_055_800_250));
    // Lord Howe moves its clocks by half an hour.
    let zone = Zone::named("Australia/Lord_Howe").unwrap();
    let parse = |text: &str| parse_date_time(text.as_bytes(), &zone);
    assert_eq!(parse("2024-10-06 02:00:00"), Err(Reason::InvalidDate));
    assert_eq!(parse("2024-10-06 02:29:59"), Err(Reason::InvalidDate));
    assert_eq!(parse("2024-10-06 02:30:00"), Ok(1_728_142_200));
    assert_eq!(parse("2024-04-07 01:45:00"), Ok(1_712_414_700));
}

#[test]
fn white_space_and_long_digits_are_no_part_of_a_date() {
    for space in [" ", "\t", "\n", "\r", "\0", "\u{a0}"] {
        for text in [
            format!("{space}2024-02-29"),
            format!("2024-02-29{space}"),
            format!("2024-02-29 10:34:56{space}"),
            format!("{space}2024-02-29 10:34:56"),
            space.to_owned(),
        ] {
            check(&text, Err(Reason::InvalidDate));
        }
    }
    check(&"1".repeat(1_000), Err(Reason::InvalidDate));
    check(
        &format!("2024-02-29 10:34:56.{}", "0".repeat(1_000)),
        Ok(1_709_202_896),
    );
    let long = format!("2024-02-29 10:34:56.{}1", "0".repeat(1_000));
    check(&long, Err(Reason::PrecisionLoss));
}

#[test]
fn a_date_with_midnight_is_a_date() {
    for text in [
        "2024-02-29 00:00:00",
        "2024-02-29T00:00",
        "2024-02-29 00:00:00.000",
        "2024-02-29T00:00:00Z",
        "2024-02-29 00:00:00+00:00",
        "20240229T000000",
        "2024-02-29 00:00:00 UTC",
    ] {
        let expected = if text.len() == 15 {
            Err(Reason::InvalidDate)
        } else {
            Ok(19_782)
        };
        assert_eq!(parse_date(text.as_bytes()), expected, "{text}");
        assert_eq!(
            parse_date32(text.as_bytes()),
            expected.map(i32::from),
            "{text}"
        );
    }
    for text in [
        "2024-02-29 00:00:01",
        "2024-02-29 12:00",
        "2024-02-29 00:00:00.001",
        "2024-02-29T00:00:00+02:00",
    ] {
        assert_eq!(
            parse_date(text.as_bytes()),
            Err(Reason::PrecisionLoss),
            "{text}"
        );
    }
    for text in [
        "2024-02-30 00:00:00",
        "2024-02-29 24:00:00",
        "2024-02-29 ",
        "2024-02-29x00:00",
    ] {
        assert_eq!(
            parse_date(text.as_bytes()),
            Err(Reason::InvalidDate),
            "{text}"
        );
    }
    assert_eq!(parse_date(b"1969-12-31 00:00:00"), Err(Reason::Overflow));
    assert_eq!(
        parse_date(b"29/02/2024 00:00:00"),
        Err(Reason::AmbiguousDate)
    );
}

#[test]
fn the_name_of_a_zone_says_the_offset() {
    let utc = Zone::utc();
    for (text, expected) in [
        (
            "2024-01-05 10:00:00 Europe/Berlin",
            Some("2024-01-05 09:00:00"),
        ),
        (
            "2024-07-05 10:00:00 europe/berlin",
            Some("2024-07-05 08:00:00"),
        ),
        (
            "2024-01-05T10:00 America/Port-au-Prince",
            Some("2024-01-05 15:00:00"),
        ),
        (
            "2024-01-05T10:00:00[Asia/Kolkata]",
            Some("2024-01-05 04:30:00"),
        ),
        (
            "2024-01-05T10:00:00+01:00[Europe/Berlin]",
            Some("2024-01-05 09:00:00"),
        ),
        ("2024-01-05 10:00:00 UTC", Some("2024-01-05 10:00:00")),
        ("2024-01-05 10:00:00 gmt", Some("2024-01-05 10:00:00")),
        (
            "2024-10-27T02:30:00+01:00[Europe/Berlin]",
            Some("2024-10-27 01:30:00"),
        ),
        (
            "2024-10-27T02:30:00+02:00[Europe/Berlin]",
            Some("2024-10-27 00:30:00"),
        ),
        // Shown twice, skipped, another offset, no zone, an abbreviation.
        ("2024-10-27 02:30:00 Europe/Berlin", None),
        ("2024-03-31 02:30:00 Europe/Berlin", None),
        ("2024-01-05T10:00:00+02:00[Europe/Berlin]", None),
        ("2024-01-05 10:00:00 Europe/Nowhere", None),
        ("2024-01-05 10:00:00 CET", None),
        ("2024-01-05 10:00:00 ", None),
        ("2024-01-05 10:00:00[]", None),
        ("2024-01-05 25:00:00 Europe/Berlin", None),
    ] {
        let read = parse_date_time(text.as_bytes(), &utc);
        let expected = expected.map_or(Err(Reason::InvalidDate), |time| {
            parse_date_time(time.as_bytes(), &utc)
        });
        assert_eq!(read, expected, "{text}");
    }
    let text = b"2024-01-05 10:00:00.250 Europe/Berlin";
    let plain = parse_date_time64(b"2024-01-05 09:00:00.250", 3, &utc);
    assert_eq!(parse_date_time64(text, 3, &utc), plain);
}
