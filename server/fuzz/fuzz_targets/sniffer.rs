//! Sniffs any bytes, with and without hints: an answer each time, and none that makes no sense.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_fuzz::Choices;
use sluice_server::csv::sniff::{Finding, Hint, Hints, Sniffed, sniff};

fn check_finding<T>(finding: &Finding<T>) {
    assert!((0.0..=1.0).contains(&finding.confidence));
}

fn check(sniffed: &Sniffed, sample: &[u8]) {
    check_finding(&sniffed.delimiter);
    check_finding(&sniffed.quote);
    check_finding(&sniffed.escape);
    check_finding(&sniffed.comment);
    check_finding(&sniffed.skip_lines);
    check_finding(&sniffed.header_rows);
    check_finding(&sniffed.terminator);
    check_finding(&sniffed.skip_initial_space);
    check_finding(&sniffed.end_line);
    check_finding(&sniffed.field_count);
    assert!(!sniffed.delimiter.value.is_empty());
    let comment = sniffed.comment.value.as_ref();
    assert!(comment.is_none_or(|comment| !comment.is_empty()));
    let lines = sample.len() as u64 + 1;
    let skipped = &sniffed.skip_lines;
    assert!(skipped.given || skipped.value <= lines);
    if let (false, Some(end)) = (sniffed.end_line.given, sniffed.end_line.value) {
        assert!(end <= lines && (skipped.given || end > skipped.value));
    }
    assert!(sniffed.header_rows.given || sniffed.header_rows.value <= 2);
}

fn hints(choices: &mut Choices<'_>) -> Hints {
    let mut hints = Hints::default();
    let delimiters = [
        None,
        Some(&b","[..]),
        Some(b";"),
        Some(b"||"),
        Some(b"\n"),
        Some(b""),
    ];
    if let Some(delimiter) = choices.pick(&delimiters) {
        hints.delimiter = Hint::Given(delimiter.to_vec());
    }
    if let Some(quote) = choices.pick(&[None, Some(Some(b'"')), Some(None), Some(Some(b','))]) {
        hints.quote = Hint::Given(quote);
    }
    if let Some(escape) = choices.pick(&[None, Some(None), Some(Some(b'\\'))]) {
        hints.escape = Hint::Given(escape);
    }
    if let Some(comment) = choices.pick(&[None, Some(None), Some(Some(&b"#"[..]))]) {
        hints.comment = Hint::Given(comment.map(<[u8]>::to_vec));
    }
    if let Some(lines) = choices.pick(&[None, Some(0), Some(3), Some(u64::MAX)]) {
        hints.skip_lines = Hint::Given(lines);
    }
    if let Some(rows) = choices.pick(&[None, Some(0), Some(2), Some(u8::MAX)]) {
        hints.header_rows = Hint::Given(rows);
    }
    if let Some(line) = choices.pick(&[None, Some(None), Some(Some(0)), Some(Some(4))]) {
        hints.end_line = Hint::Given(line);
    }
    hints
}

fuzz_target!(|input: &[u8]| {
    let Some((mut choices, sample)) = Choices::split(input) else {
        return;
    };
    let complete = choices.flag();
    let hints = hints(&mut choices);
    let sniffed = sniff(sample, complete, &hints);
    check(&sniffed, sample);
    assert_eq!(sniff(sample, complete, &hints), sniffed);
});
