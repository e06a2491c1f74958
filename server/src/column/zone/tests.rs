//! Tests of the time zones.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::{Local, Zone};

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap_or_else(|error| panic!("{error}"))
}

const ZONES: &[&str] = &[
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Africa/Casablanca",
    "America/St_Johns",
    "Asia/Pyongyang",
    "Antarctica/Troll",
];

#[test]
fn local_time_is_that_of_the_zone_database() {
    for name in ZONES {
        let (zone, time_zone) = (zone(name), TimeZone::get(name).unwrap());
        for step in 0..60_000_i64 {
            let utc = -2_208_988_800 + step * 210_407;
            let offset = time_zone.to_offset(Timestamp::from_second(utc).unwrap());
            let expected = utc + i64::from(offset.seconds());
            assert_eq!(zone.to_local_seconds(utc), expected, "{name} {utc}");
        }
    }
}

#[test]
fn utc_is_that_of_the_zone_database_around_every_change() {
    for name in ZONES {
        let (zone, time_zone) = (zone(name), TimeZone::get(name).unwrap());
        let start = Timestamp::from_second(-2_208_000_000).unwrap();
        let changes = time_zone
            .following(start)
            .map(|change| change.timestamp().as_second())
            .take_while(|second| *second < 10_413_000_000);
        for change in changes {
            for step in -60..60 {
                let local = zone.to_local_seconds(change) + step * 1_800 + 1;
                assert_eq!(
                    zone.to_utc(local),
                    oracle(&time_zone, local),
                    "{name} {local}"
                );
            }
        }
    }
}

/// Converts with jiff itself.
fn oracle(time_zone: &TimeZone, local: i64) -> Local {
    let civil: DateTime = jiff::tz::Offset::UTC.to_datetime(Timestamp::from_second(local).unwrap());
    match time_zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => {
            Local::Unambiguous(local - i64::from(offset.seconds()))
        }
        AmbiguousOffset::Gap { .. } => Local::Gap,
        AmbiguousOffset::Fold { before, after } => Local::Fold {
            earlier: local - i64::from(before.seconds()),
            later: local - i64::from(after.seconds()),
        },
    }
}

#[test]
fn a_clock_set_forward_leaves_a_gap_and_set_back_a_fold() {
    let paris = zone("Europe/Paris");
    // 2024-03-31 02:00:00 became 03:00:00, 2024-10-27 03:00:00 became 02:00:00.
    assert_eq!(
        paris.to_utc(1_711_850_399),
        Local::Unambiguous(1_711_846_799)
    );
    assert_eq!(paris.to_utc(1_711_850_400), Local::Gap);
    assert_eq!(paris.to_utc(1_711_853_999), Local::Gap);
    assert_eq!(
        paris.to_utc(1_711_854_000),
        Local::Unambiguous(1_711_846_800)
    );
    let fold = Local::Fold {
        earlier: 1_729_987_200,
        later: 1_729_990_800,
    };
    assert_eq!(
        paris.to_utc(1_729_994_399),
        Local::Unambiguous(1_729_987_199)
    );
    assert_eq!(paris.to_utc(1_729_994_400), fold);
    assert_eq!(
        paris.to_utc(1_729_998_000),
        Local::Unambiguous(1_729_994_400)
    );
}

#[test]
fn a_zone_whose_offset_never_changes_has_one() {
    assert_eq!(zone("UTC").to_local_seconds(5), 5);
    assert_eq!(zone("Etc/UTC").to_utc(5), Local::Unambiguous(5));
    assert_eq!(zone("Etc/GMT+3").to_local_seconds(0), -10_800);
    assert_eq!(zone("Fixed/UTC+05:30:00").to_local_seconds(0), 19_800);
    assert_eq!(zone("Fixed/UTC-00:00:01").to_local_seconds(0), -1);
}

#[test]
fn far_times_use_the_first_and_last_offset() {
    let paris = zone("Europe/Paris");
    assert_eq!(paris.to_local_seconds(i64::MAX), i64::MAX);
    assert_eq!(paris.to_local_seconds(20_000_000_000), 20_000_003_600);
    assert_eq!(
        paris.to_local_seconds(-20_000_000_000),
        -20_000_000_000 + 561
    );
    assert_eq!(
        paris.to_utc(-20_000_000_000),
        Local::Unambiguous(-20_000_000_000 - 561)
    );
}

#[test]
fn unknown_zones_are_errors() {
    for name in [
        "",
        "Europe/Atlantis",
        "Fixed/UTC+5",
        "Fixed/UTC+05:60:00",
        "../etc",
    ] {
        assert!(Zone::named(name).is_err(), "{name}");
    }
}
