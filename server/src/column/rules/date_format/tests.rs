//! Tests of the forms of dates.

use super::{DateFormat, FormatError};

fn rewrite(format: &str, text: &str) -> Option<String> {
    let format = DateFormat::parse(format).unwrap();
    let mut out = b"x".to_vec();
    let matches = format.rewrite(text.as_bytes(), &mut out);
    let out = String::from_utf8(out).unwrap();
    assert_eq!(matches, out.len() > 1, "nothing is written without a match");
    matches.then(|| out.strip_prefix('x').unwrap().to_owned())
}

#[test]
fn texts_of_a_form_become_iso_texts() {
    for (format, text, expected) in [
        ("%d/%m/%Y", "29/02/2024", "2024-02-29"),
        ("%d/%m/%Y", "1/2/2024", "2024-02-01"),
        ("%m/%d/%y", "12/31/68", "2068-12-31"),
        ("%m/%d/%y", "12/31/69", "1969-12-31"),
        ("%D", "01/02/00", "2000-01-02"),
        ("%Y%m%d", "20240229", "2024-02-29"),
        ("%y%m%d", "240229", "2024-02-29"),
        ("%d%b%Y", "5FEB2024", "2024-02-05"),
        ("%d-%b-%y", "05-feb-24", "2024-02-05"),
        ("%B %d, %Y", "February 5, 2024", "2024-02-05"),
        ("%b %e %Y", "Sept  5 2024", "2024-09-05"),
        ("%b %d, %Y", "May 5, 2024", "2024-05-05"),
        (
            "%a, %d %b %Y %T %z",
            "Thu, 29 Feb 2024 10:00:00 +0100",
            "2024-02-29 10:00:00+0100",
        ),
        ("%A %d %B %Y", "thursday 29 february 2024", "2024-02-29"),
        ("%Y-%j", "2024-366", "2024-12-31"),
        ("%Y%j", "2024001", "2024-01-01"),
        ("%G-W%V-%u", "2024-W01-1", "2024-01-01"),
        ("%G-W%V-%u", "2020-W53-5", "2021-01-01"),
        ("%GW%V%u", "2026W537", "2027-01-03"),
        ("%d. %b %Y", "3. März 2024", "2024-03-03"),
        ("%d %b %Y", "05 janv. 2024", "2024-01-05"),
        ("%d %b %Y", "05 mai 2024", "2024-05-05"),
        ("%d %b %Y", "1er août 2024", "2024-08-01"),
        ("%d %b %Y", "2nd March 2024", "2024-03-02"),
        ("%b %d, %Y", "Mar. 3rd, 2024", "2024-03-03"),
        ("%d de %b de %Y", "14 de marzo de 2024", "2024-03-14"),
        ("%d. %b. %Y", "3. Okt. 2024", "2024-10-03"),
    ] {
        assert_eq!(
            rewrite(format, text).as_deref(),
            Some(expected),
            "{format} {text}"
        );
    }
}

#[test]
fn texts_with_a_clock_become_iso_texts() {
    for (format, text, expected) in [
        (
            "%m/%d/%Y %I:%M %p",
            "2/9/2024 12:05 AM",
            "2024-02-09 00:05:00",
        ),
        (
            "%m/%d/%Y %I:%M %p",
            "2/9/2024 12:05 pm",
            "2024-02-09 12:05:00",
        ),
        (
            "%m/%d/%Y %I:%M:%S%p",
            "2/9/2024 1:05:59p.m.",
            "2024-02-09 13:05:59",
        ),
        (
            "%d.%m.%Y %H:%M:%S%.f",
            "9.2.2024 7:05:01",
            "2024-02-09 07:05:01",
        ),
        (
            "%d.%m.%Y %H:%M:%S%.f",
            "9.2.2024 7:05:01.250",
            "2024-02-09 07:05:01.250",
        ),
        (
            "%d.%m.%Y %H:%M:%S%.f",
            "9.2.2024 7:05:01,25",
            "2024-02-09 07:05:01.25",
        ),
        (
            "%Y%m%d%H%M%S%f",
            "20240229100001123",
            "2024-02-29 10:00:01.123",
        ),
        ("%FT%R%:z", "2024-02-29T10:00Z", "2024-02-29 10:00:00Z"),
        ("%F %H %z", "2024-02-29 10 -05", "2024-02-29 10:00:00-05"),
        (
            "%F %T %Z",
            "2024-02-29 10:00:00 utc",
            "2024-02-29 10:00:00Z",
        ),
        (
            "%d/%b/%Y:%T %z",
            "10/Oct/2000:13:55:36 -0700",
            "2000-10-10 13:55:36-0700",
        ),
        ("%s", "0", "1970-01-01 00:00:00Z"),
        ("%s", "-1", "1969-12-31 23:59:59Z"),
        ("%s%.f", "1709200801.5", "2024-02-29 10:00:01.5Z"),
        ("%I:%M %p", "9:30 PM", "21:30:00"),
        ("%H.%M", "09.30", "09:30:00"),
        ("%d%%%m%%%Y", "1%2%2024", "2024-02-01"),
        ("%Y年%m月%d日", "2024年2月29日", "2024-02-29"),
        ("%d/%m/%Y", "99/99/2024", "2024-99-99"),
    ] {
        assert_eq!(
            rewrite(format, text).as_deref(),
            Some(expected),
            "{format} {text}"
        );
    }
}

#[test]
fn other_texts_do_not_match() {
    for (format, text) in [
        ("%d/%m/%Y", ""),
        ("%d/%m/%Y", "1/2/24"),
        ("%d/%m/%Y", "1/2/20245"),
        ("%d/%m/%Y", "1/2/2024 "),
        ("%d/%m/%Y", " 1/2/2024"),
        ("%d/%m/%Y", "001/2/2024"),
        ("%d/%m/%Y", "/2/2024"),
        ("%d/%m/%Y", "1-2-2024"),
        ("%d/%m/%y", "1/2/2024"),
        ("%Y%m%d", "2024129"),
        ("%Y%m%d", "202402299"),
        ("%d %b %Y", "1 Febr 2024"),
        ("%d %b %Y", "1 Fe 2024"),
        ("%d %b %Y", "1Feb2024"),
        ("%a %d %b %Y", "Fri 29 Feb 2024"),
        ("%I:%M %p", "0:30 PM"),
        ("%I:%M %p", "13:30 PM"),
        ("%I:%M %p", "1:30"),
        ("%Y-%j", "2023-366"),
        ("%s", "1234567890123"),
        ("%G-W%V-%u", "2024-W53-1"),
        ("%G-W%V-%u", "2024-W00-1"),
        ("%G-W%V-%u", "2024-W01-8"),
        ("%d %b %Y", "1xx März 2024"),
        ("epoch_ms", "1612137595007.5"),
        ("epoch_ms", "161213759500712345678"),
        ("epoch_ms", "-"),
        ("epoch_ms", ""),
        ("epoch_ms", "1e12"),
        ("%s", "-"),
        ("%s%.f", "-1.5"),
        ("%s%.f", "1."),
        ("%F %T %Z", "2024-02-29 10:00:00 CET"),
        ("%F %T%z", "2024-02-29 10:00:00"),
        ("%F %T%z", "2024-02-29 10:00:00+1"),
        ("%F", "\u{ff12}\u{ff10}"),
    ] {
        assert_eq!(rewrite(format, text), None, "{format} {text}");
    }
}

#[test]
fn a_form_is_shown_as_it_was_given() {
    for text in ["%d/%m/%Y", "%m/%d/%y %I:%M %p", "%s", "%F %T%.f"] {
        assert_eq!(DateFormat::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn forms_that_make_no_sense_are_refused_with_a_reason() {
    for (text, expected) in [
        ("%Q", "`%Q` in the date format `%Q` is not known"),
        ("%d/%m/%", "`%` in the date format `%d/%m/%` is not known"),
        (
            "%d%d%m%Y",
            "the date format `%d%d%m%Y` has two specifiers for the day",
        ),
        (
            "%Y %y %m %d",
            "the date format `%Y %y %m %d` has two specifiers for the year",
        ),
        (
            "%Y %j %d",
            "the date format `%Y %j %d` has two specifiers for the day",
        ),
        (
            "%s %H",
            "the date format `%s %H` has two specifiers for the time",
        ),
        (
            "%d/%m",
            "the date format `%d/%m` needs the year, `%Y` or `%y`",
        ),
        ("%m/%Y", "the date format `%m/%Y` needs the day, `%d`"),
        ("%Y", "the date format `%Y` needs the month, `%m` or `%b`"),
        (
            "%I:%M",
            "the date format `%I:%M` needs both `%I` and `%p`, or `%H` alone",
        ),
        (
            "%H:%M %p",
            "the date format `%H:%M %p` needs both `%I` and `%p`, or `%H` alone",
        ),
        (
            "%H:%S",
            "the date format `%H:%S` needs the minute, `%M`, beside the second",
        ),
        (
            "%F %M",
            "the date format `%F %M` needs the hour, `%H` or `%I`",
        ),
        (
            "",
            "the date format `` needs a date or an hour, as in `%d/%m/%Y` or `%H:%M`",
        ),
        (
            "abc",
            "the date format `abc` needs a date or an hour, as in `%d/%m/%Y` or `%H:%M`",
        ),
        (
            "%H:%M%z",
            "the date format `%H:%M%z` needs a date beside the offset",
        ),
    ] {
        let error: FormatError = DateFormat::parse(text).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn units_from_1970_are_times() {
    for (format, text, expected) in [
        ("epoch_s", "1612137595", "2021-01-31 23:59:55Z"),
        ("epoch_ms", "1612137595007", "2021-01-31 23:59:55.007Z"),
        ("epoch_ms", "5", "1970-01-01 00:00:00.005Z"),
        ("epoch_ms", "0", "1970-01-01 00:00:00.000Z"),
        ("epoch_ms", "-1", "1969-12-31 23:59:59.999Z"),
        ("epoch_ms", "1612137595007.0", "2021-01-31 23:59:55.007Z"),
        (
            "epoch_us",
            "1612137595007008",
            "2021-01-31 23:59:55.007008Z",
        ),
        (
            "epoch_ns",
            "1612137595007008009",
            "2021-01-31 23:59:55.007008009Z",
        ),
    ] {
        assert_eq!(
            rewrite(format, text).as_deref(),
            Some(expected),
            "{format} {text}"
        );
    }
    let format = DateFormat::parse("epoch_ms").unwrap();
    assert!(format.has_date() && format.has_clock());
    assert!(DateFormat::parse("epoch_d").is_err());
}

#[test]
fn the_name_of_a_zone_is_left_to_the_parser() {
    let format = "%d.%m.%Y %H:%M %Z";
    assert_eq!(
        rewrite(format, "05.01.2024 10:00 Europe/Berlin").as_deref(),
        Some("2024-01-05 10:00:00 Europe/Berlin")
    );
    assert_eq!(
        rewrite(format, "05.01.2024 10:00 utc").as_deref(),
        Some("2024-01-05 10:00:00Z")
    );
}
