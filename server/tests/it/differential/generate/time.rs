//! Random dates, times and durations, many of them of no day or in no usual form.

use super::Random;

/// A date near an end of a type, near a leap day, or anywhere.
pub(super) fn date(random: &mut Random) -> String {
    let year = match random.within(0, 5) {
        0 => *random.pick(&[
            &1899, &1900, &1925, &1969, &1970, &2105, &2106, &2148, &2149, &2150, &2262, &2283,
            &2299, &2300,
        ]),
        1 => *random.pick(&[&1900, &2000, &2023, &2024, &2100]),
        _ => random.within(1971, 2105),
    };
    let month = random.within(0, 13).clamp(
        i64::from(!random.one_in(20)),
        12 + i64::from(random.one_in(20)),
    );
    let day = match random.within(0, 3) {
        0 => random.within(28, 32),
        _ => random.within(1, 28),
    };
    match random.within(0, 19) {
        0 => format!("{year}-{month}-{day}"),
        1 => format!("{year:04}/{month:02}/{day:02}"),
        2 => format!("{year:04}{month:02}{day:02}"),
        3 => format!("{day:02}/{month:02}/{year:04}"),
        4 => format!("{month:02}-{day:02}-{year:04}"),
        5 => format!("{year:04}.{month:02}.{day:02}"),
        6 => format!("{day}.{month}.{:02}", year % 100),
        _ => format!("{year:04}-{month:02}-{day:02}"),
    }
}

pub(super) fn date_time(random: &mut Random) -> String {
    if random.one_in(10) {
        let fraction = if random.one_in(3) {
            format!(".{}", random.digits(0, 10))
        } else {
            String::new()
        };
        return format!(
            "{}{}{fraction}",
            random.pick(&["", "", "-", "1"]),
            random.digits(1, 11)
        );
    }
    let date = match random.within(0, 5) {
        // Days on which Paris moves its clocks.
        0 => random
            .pick(&["2024-03-31", "2024-10-27", "1976-03-28", "2050-03-27"])
            .to_owned(),
        _ => date(random),
    };
    let beyond = if random.one_in(8) { 2 } else { 0 };
    let hour = random.within(0, 23 + beyond);
    let (minute, second) = (random.within(0, 59 + beyond), random.within(0, 59 + beyond));
    let hour = if date.starts_with("2024-") && random.one_in(2) {
        2
    } else {
        hour
    };
    let clock = match random.within(0, 9) {
        0 => format!("{hour:02}:{minute:02}"),
        1 => format!("{hour}:{minute}:{second}"),
        2 => return date,
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    };
    let fraction = if random.one_in(3) {
        format!(".{}", random.digits(1, 11))
    } else {
        String::new()
    };
    let zeros = if random.one_in(10) {
        ".000000000000"
    } else {
        ""
    };
    let offset = if random.one_in(4) {
        random.pick(&[
            "Z", "+02:00", "-0330", "+11", "+24:00", " +01:00", " PM", " UTC",
        ])
    } else {
        ""
    };
    let separator = random.pick(&[" ", " ", " ", "T", "  ", "_"]);
    let fraction = if zeros.is_empty() {
        fraction
    } else {
        zeros.to_owned()
    };
    format!("{date}{separator}{clock}{fraction}{offset}")
}

pub(super) fn time(random: &mut Random) -> String {
    let sign = random.pick(&["", "", "", "-", "+"]);
    let hour = match random.within(0, 3) {
        0 => random.within(995, 1_003),
        1 => random.within(0, 999),
        _ => random.within(0, 25),
    };
    let (minute, second) = (random.within(0, 62).min(60), random.within(0, 62).min(60));
    let fraction = if random.one_in(3) {
        format!(".{}", random.digits(1, 10))
    } else {
        String::new()
    };
    match random.within(0, 9) {
        0 => format!("{sign}{hour:02}:{minute:02}"),
        1 => format!("{sign}{}", random.digits(1, 8)),
        2 => format!("{sign}{hour}:{minute}:{second}{fraction}"),
        _ => format!("{sign}{hour:02}:{minute:02}:{second:02}{fraction}"),
    }
}
