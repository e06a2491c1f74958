//! Small files, each odd in one way, and what is to be found in them; hints, time and hostile bytes.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Hint, Hints, Sniffed, Terminator, sniff};

mod records;

const SAMPLE_BYTES: usize = 1 << 20;

fn sniff_all(text: &[u8]) -> Sniffed {
    sniff(text, true, &Hints::default())
}

fn visible(bytes: &[u8]) -> String {
    let mut text = String::new();
    for char in String::from_utf8_lossy(bytes).chars() {
        match char {
            '\t' => text.push_str("\\t"),
            '\\' => text.push_str("\\\\"),
            char if char.is_ascii_control() => write!(text, "\\x{:02x}", char as u32).unwrap(),
            char => text.push(char),
        }
    }
    text
}

/// One thing that was found, as an `.expected` file writes it.
fn found(sniffed: &Sniffed, key: &str) -> String {
    let byte = |byte: Option<u8>| byte.map_or("none".to_owned(), |byte| visible(&[byte]));
    match key {
        "delimiter" => visible(&sniffed.delimiter.value),
        "quote" => byte(sniffed.quote.value),
        "escape" => byte(sniffed.escape.value),
        "comment" => match &sniffed.comment.value {
            Some(prefix) => visible(prefix),
            None => "none".to_owned(),
        },
        "skip_lines" => sniffed.skip_lines.value.to_string(),
        "header_rows" => sniffed.header_rows.value.to_string(),
        "terminator" => format!("{:?}", sniffed.terminator.value).to_lowercase(),
        "skip_initial_space" => sniffed.skip_initial_space.value.to_string(),
        "end_line" => match sniffed.end_line.value {
            Some(line) => line.to_string(),
            None => "none".to_owned(),
        },
        "lines_after_end" => sniffed.lines_after_end.to_string(),
        "field_count" => sniffed.field_count.value.to_string(),
        "names" => sniffed.names.join("|"),
        _ => panic!("unknown key {key}"),
    }
}

/// What differs between a case file and its `.expected` file.
fn faults(case: &Path) -> Vec<String> {
    let sniffed = sniff_all(&std::fs::read(case).unwrap());
    let expected = std::fs::read_to_string(case.with_extension("expected")).unwrap();
    let name = case.file_stem().unwrap().to_string_lossy();
    let mut faults = Vec::new();
    for line in expected.lines() {
        let (key, value) = line.split_once(':').unwrap();
        let value = value.strip_prefix(' ').unwrap_or(value);
        let found = found(&sniffed, key);
        if found != value {
            faults.push(format!("{name}: {key} is {found:?}, not {value:?}"));
        }
    }
    faults
}

#[test]
fn each_case_file_is_understood() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sniff");
    let files = std::fs::read_dir(directory).unwrap();
    let mut cases: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "csv"));
    cases.sort();
    assert!(cases.len() > 50, "{} cases", cases.len());
    let faults: Vec<String> = cases.iter().flat_map(|case| faults(case)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_given_is_kept() {
    let hints = Hints {
        delimiter: Hint::Given(b";".to_vec()),
        quote: Hint::Given(None),
        escape: Hint::Given(Some(b'/')),
        comment: Hint::Given(Some(b"%".to_vec())),
        skip_lines: Hint::Given(1),
        header_rows: Hint::Given(0),
        terminator: Hint::Given(Terminator::CrLf),
        skip_initial_space: Hint::Given(true),
        end_line: Hint::Given(Some(3)),
        row_names: Hint::Given(false),
        columns: Vec::new(),
    };
    let sniffed = sniff(b"a,b\n1,2\n3,4\n5,6\n7,8\n", true, &hints);
    assert_eq!(sniffed.delimiter.value, b";");
    assert_eq!(sniffed.quote.value, None);
    assert_eq!(sniffed.escape.value, Some(b'/'));
    assert_eq!(sniffed.comment.value.as_deref(), Some(&b"%"[..]));
    assert_eq!(sniffed.skip_lines.value, 1);
    assert_eq!(sniffed.header_rows.value, 0);
    assert_eq!(sniffed.terminator.value, Terminator::CrLf);
    assert!(sniffed.skip_initial_space.value);
    assert_eq!(sniffed.end_line.value, Some(3));
    assert_eq!(sniffed.lines_after_end, 2);
    assert!(sniffed.delimiter.given && sniffed.end_line.given && sniffed.quote.given);
    assert!(sniffed.names.is_empty());
}

#[test]
fn a_hint_helps_to_find_the_rest() {
    let text = b"a b,c d\n1 2,3 4\n5 6,7 8\n";
    let given = |delimiter: &[u8]| Hints {
        delimiter: Hint::Given(delimiter.to_vec()),
        ..Hints::default()
    };
    assert_eq!(sniff(text, true, &given(b",")).names, ["a b", "c d"]);
    assert_eq!(sniff(text, true, &given(b" ")).names, ["a", "b,c", "d"]);
    assert_eq!(sniff(text, true, &given(b"x")).field_count.value, 1);
    let header = Hints {
        header_rows: Hint::Given(1),
        ..Hints::default()
    };
    assert_eq!(sniff(b"1,2\n3,4\n", true, &header).names, ["1", "2"]);
    let skip = Hints {
        skip_lines: Hint::Given(2),
        ..Hints::default()
    };
    let sniffed = sniff(b"x,y\n1,2\nid;name\n1;Ada\n2;Bob\n", true, &skip);
    assert_eq!(sniffed.delimiter.value, b";");
    assert_eq!(sniffed.names, ["id", "name"]);
}

#[test]
fn a_record_that_the_sample_cuts_does_not_count() {
    let text = b"id,name,score\n1,Ada,9.5\n2,Bob,8.5\n3,Cyd,7.5\n4,\"Dan, Da";
    let sniffed = sniff(text, false, &Hints::default());
    assert_eq!(sniffed.field_count.value, 3);
    assert_eq!(sniffed.end_line.value, None);
    assert_eq!(sniffed.quote.value, Some(b'"'));
}

#[test]
fn quotes_that_come_late_are_seen() {
    let mut text = b"id,name,amount\n".to_vec();
    for row in 0..20_000 {
        text.extend(format!("{row},item {row},{}.50\n", row % 100).bytes());
    }
    text.extend(b"20001,\"a \\\"big\\\", one\",1.5\n20002,\"a \\\"small\\\", one\",1.5\n");
    let sniffed = sniff_all(&text);
    assert_eq!(sniffed.quote.value, Some(b'"'));
    assert_eq!(sniffed.escape.value, Some(b'\\'));
    assert_eq!(sniffed.field_count.value, 3);
}

#[test]
fn a_footnote_far_down_is_seen() {
    let mut text = b"id,name,amount\n".to_vec();
    for row in 0..5_000 {
        text.extend(format!("{row},item {row},{}.50\n", row % 100).bytes());
    }
    text.extend(b"\nSource: the office of statistics\n");
    let sniffed = sniff_all(&text);
    assert_eq!(sniffed.end_line.value, Some(5_001));
    assert_eq!(sniffed.lines_after_end, 2);
}

#[test]
fn confidence_is_a_share_and_lower_where_two_answers_fit() {
    let sure = sniff_all(b"id\tname\tnote\n1\tAda\tx, y\n2\tBob\tz\n3\tCyd\tu, v\n").delimiter;
    let unsure = sniff_all(b"a,b;c\nd,e;f\n").delimiter;
    assert!((0.0..=1.0).contains(&sure.confidence) && (0.0..=1.0).contains(&unsure.confidence));
    assert!(sure.confidence > 0.8, "{}", sure.confidence);
    assert!(unsure.confidence < 0.7, "{}", unsure.confidence);
    assert!(unsure.runner_up.is_some());
}

/// Bytes that look like chance but are the same each time.
fn noise(alphabet: Option<&[u8]>, length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    let pick = |byte: u8| match alphabet {
        Some(alphabet) => alphabet[usize::from(byte) % alphabet.len()],
        None => byte,
    };
    (0..length).map(|_| pick(next())).collect()
}

#[test]
fn any_bytes_give_an_answer() {
    let symbols = b",;\t|:^~*#!&@/=$%> '\"`\\\n\r1a\xC2\xA7\xFF\0";
    let noise = noise(Some(symbols), 60_000);
    for length in 1..40 {
        for part in noise.chunks(length).take(400) {
            for complete in [false, true] {
                let sniffed = sniff(part, complete, &Hints::default());
                assert!(!sniffed.delimiter.value.is_empty());
                assert!((0.0..=1.0).contains(&sniffed.delimiter.confidence));
                assert!(sniffed.header_rows.value <= 2);
            }
        }
    }
}

#[test]
fn hostile_samples_take_no_longer() {
    let repeated = |part: &[u8]| part.iter().copied().cycle().take(SAMPLE_BYTES).collect();
    let mut samples: Vec<Vec<u8>> = vec![noise(None, SAMPLE_BYTES)];
    samples.push(noise(Some(b",;\t|: '\"`\\\n\r1a"), SAMPLE_BYTES));
    for byte in *b"\",'\n\r \\a#:|\0\xFF" {
        samples.push(repeated(&[byte]));
    }
    for part in [
        "\"\n",
        "a\",",
        ",\"",
        "\\\"",
        "1\n",
        "a,\"b\n",
        "/a/b,1\n",
        "# a\n1,2\n",
    ] {
        samples.push(repeated(part.as_bytes()));
    }
    samples.push(repeated(b",;\t|:^~*#!&@/=$%> '\"`\\\x01\x02\x1f"));
    let wide: String = (0..10_000).map(|column| format!("{column},")).collect();
    samples.push(repeated(format!("{wide}\n").as_bytes()));
    for sample in samples {
        let start = Instant::now();
        let sniffed = sniff(&sample, false, &Hints::default());
        let took = start.elapsed();
        // Far above what an optimised build takes, so that a busy machine does not matter.
        assert!(
            took < Duration::from_secs(5),
            "{took:?} for {:?}",
            sample.get(..20)
        );
        assert!(!sniffed.delimiter.value.is_empty());
    }
}
