//! The promise of inference: every cell of the sample is accepted by the builder of the type that was
//! found, and is the same value when it is read back.

use bytes::Bytes;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};

use super::super::{ColumnSample, Inferred, trim_blanks};
use crate::column::format::{CellSink, Formatter};
use crate::column::parse::date_time::parse_time_text;
use crate::column::parse::float::nearest_f64;
use crate::column::parse::ip::parse_ipv6;
use crate::column::parse::time::parse_time64;
use crate::column::parse::uuid::parse_uuid;
use crate::column::reader::{self, Reader};
use crate::column::rules::CellRewriter;
use crate::column::{BlockBuilder, Cell, ColumnSpec, DataType, Limits};

/// Keeps the texts of cells; None for NULL.
#[derive(Default)]
struct Texts(Vec<Option<Vec<u8>>>);

impl CellSink for Texts {
    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = Vec::new();
        write(&mut bytes);
        self.0.push(Some(bytes));
    }

    fn joined(&mut self, _: usize, _: impl FnOnce(&mut Vec<u8>)) {
        panic!("no joint was given");
    }

    fn text(&mut self, bytes: &[u8]) {
        self.0.push(Some(bytes.to_vec()));
    }

    fn null(&mut self) {
        self.0.push(None);
    }
}

/// Loads the cells with what was inferred and reads them back.
fn round_trip(inferred: &Inferred, cells: &[Cell<'_>]) -> Vec<Option<Vec<u8>>> {
    let spec = ColumnSpec {
        name: "c".to_owned(),
        data_type: inferred.data_type.wire_type(),
        has_default: false,
        empty_as_default: false,
        is_inferred: false,
    };
    let limits = Limits {
        max_rows: 1_000,
        max_bytes: 1_000_000,
    };
    let mut builder = BlockBuilder::new(
        vec![spec],
        &crate::column::zone::Zones::bundled("UTC"),
        limits,
    )
    .unwrap();
    let column = builder.column_mut(0).unwrap();
    let outcome = match CellRewriter::new(&inferred.rules, &inferred.data_type) {
        Some(mut rewriter) => column.append(rewriter.rewrite(cells.iter().copied())),
        None => column.append(cells.iter().copied()),
    };
    assert_eq!(outcome, Ok(()), "{inferred:?} {cells:?}");
    let mut reader = Reader::new(reader::Limits {
        max_block_bytes: 10_000_000,
    });
    let bytes = builder.take().unwrap().chunks.concat();
    reader.push(Bytes::from(bytes));
    let block = reader.next_block().unwrap().unwrap();
    let mut formatter = Formatter::new(
        std::slice::from_ref(&inferred.data_type),
        &crate::column::zone::Zones::bundled("UTC"),
        None,
    )
    .unwrap();
    let mut texts = Texts::default();
    let formatted = formatter.format(&block.columns, 0..block.row_count);
    for index in 0..block.row_count {
        formatted.give(index, &mut texts);
    }
    texts.0
}

/// Brings a number to sign, digits without zeros at the ends, and the place of the point.
fn number(text: &[u8]) -> (bool, Vec<u8>, i64) {
    let text = std::str::from_utf8(text).unwrap();
    let negative = text.starts_with('-');
    let text = text.trim_start_matches(['-', '+']).to_ascii_lowercase();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}").into_bytes();
    let mut point = i64::try_from(whole.len()).unwrap() + exponent.parse::<i64>().unwrap();
    while digits.first() == Some(&b'0') {
        digits.remove(0);
        point -= 1;
    }
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    let point = if digits.is_empty() { 0 } else { point };
    (negative, digits, point)
}

/// Checks that a text of the file and one that was read back are the same value.
fn same(data_type: &DataType, inferred: &Inferred, text: &[u8], read: &[u8]) -> bool {
    let swap = |byte: &u8| if *byte == b',' { b'.' } else { *byte };
    let mut iso = Vec::new();
    let format = inferred.rules.date_format.as_ref();
    let iso = match format.is_some_and(|format| format.rewrite(text, &mut iso)) {
        true => iso.as_slice(),
        false => text,
    };
    let mut plain = Vec::new();
    let thousands = inferred.rules.thousands;
    let is_grouped = thousands.is_some_and(|mark| mark.ungroup(text, &mut plain).is_some());
    let text = if is_grouped { plain.as_slice() } else { text };
    match data_type {
        DataType::String | DataType::IPv4 => text == read,
        DataType::Float64 => {
            let text: Vec<u8> = text.iter().map(swap).collect();
            let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
            let [value, read_value] =
                [&text, read].map(|text| nearest_f64(text).unwrap().to_bits());
            value == read_value
                && (digits > 15
                    || value << 1 > 2 * (0x7ff << 52)
                    || is_word(read)
                    || number(&text) == number(read))
        }
        DataType::Decimal { .. } => {
            let text: Vec<u8> = text.iter().map(swap).collect();
            number(&text) == number(read)
        }
        DataType::Bool => {
            let is_true = matches!(
                text.to_ascii_lowercase().as_slice(),
                b"true" | b"t" | b"yes" | b"y" | b"on"
            );
            read == if is_true { &b"true"[..] } else { b"false" }
        }
        DataType::Date | DataType::Date32 | DataType::DateTime(_) | DataType::DateTime64 { .. } => {
            let [before, after] = [iso, read].map(|text| parse_time_text(text).unwrap());
            let fraction = |text: &[u8]| {
                let place = text.iter().position(|byte| *byte == b'.');
                let digits = place.map_or(&[][..], |place| &text[place + 1..]);
                let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
                String::from_utf8(digits.copied().collect())
                    .unwrap()
                    .trim_end_matches('0')
                    .to_owned()
            };
            before.second == after.second && fraction(iso) == fraction(read)
        }
        DataType::Time | DataType::Time64(_) => parse_time64(iso, 9) == parse_time64(read, 9),
        DataType::Uuid => parse_uuid(text) == parse_uuid(read),
        DataType::IPv6 => parse_ipv6(text) == parse_ipv6(read),
        _ => number(text) == number(read),
    }
}

fn is_word(text: &[u8]) -> bool {
    text.iter()
        .any(|byte| byte.is_ascii_alphabetic() && *byte != b'e')
}

/// Checks the promise for the cells of a column.
fn holds(cells: &[Cell<'_>], complete: bool) {
    let mut sample = ColumnSample::default();
    cells.iter().for_each(|cell| sample.observe(*cell));
    let inferred = sample.infer(complete);
    let data_type = inferred.data_type.inner();
    for (cell, read) in cells.iter().zip(round_trip(&inferred, cells)) {
        let text = match data_type {
            DataType::String => cell.bytes,
            _ => trim_blanks(cell.bytes),
        };
        match read {
            None => {
                let is_nothing = text.is_empty() || text == b"\\N" && !cell.quoted;
                let mut markers = inferred.rules.null_markers.iter();
                assert!(
                    is_nothing || markers.any(|marker| marker == text),
                    "{cell:?} {inferred:?}"
                );
            }
            Some(read) => assert!(
                same(data_type, &inferred, text, &read),
                "{cell:?} is {} in {inferred:?}",
                String::from_utf8_lossy(&read)
            ),
        }
    }
}

/// Values of one family, as files have them.
fn family() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|value| value.to_string()),
        (-400_i32..400).prop_map(|value| value.to_string()),
        any::<u128>().prop_map(|value| value.to_string()),
        any::<f64>().prop_map(|value| value.to_string()),
        any::<f64>().prop_map(|value| format!("{value:e}")),
        (any::<f64>(), 0_usize..20).prop_map(|(value, digits)| format!("{value:.digits$e}")),
        (-1_000_000_i64..1_000_000, 0_usize..5)
            .prop_map(|(value, digits)| format!("{:.digits$}", value as f64 / 100.0)),
        "-?[0-9]{1,4}[.,][0-9]{1,4}",
        "[0-9]{1,3},[0-9]{3}",
        "-?[1-9][0-9]{0,2}(,[0-9]{3}){0,3}(\\.[0-9]{1,2})?",
        "-?[1-9][0-9]{0,2}(\\.[0-9]{3}){0,3}(,[0-9]{1,2})?",
        "[1-9][0-9]{0,2}([ '_\u{a0}][0-9]{3}){0,3}([.,][0-9]{1,3})?",
        "[1-9][0-9]{0,2}(,[0-9]{2,3}){0,3}",
        "[+-]?[0-9]{0,25}[.,]?[0-9]{0,25}(e[+-]?[0-9]{1,3})?",
        date(),
        "(true|false|t|f|yes|no|y|n|on|off|TRUE|Yes|N)",
        "(NA|N/A|-|\\?|null|nan|NaN|none|inf|-inf|\\.|--|\\\\N|::|0000-00-00)",
        "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,10})?)?( ?[AaPp][Mm])?",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}",
        "[0-9a-f:]{2,12}",
        "[ \\t]{0,2}",
        "[a-zA-Z ]{1,8}",
        "\\PC{0,6}",
    ]
}

/// Dates and times of many forms; some of them do not exist.
fn date() -> impl Strategy<Value = String> {
    let day = (
        1_880_u32..2_320,
        1_u32..=12,
        1_u32..=31,
        0_u32..=23,
        0_u32..=59,
    );
    let form = prop_oneof![
        Just(0),
        Just(1),
        Just(2),
        Just(3),
        Just(4),
        Just(5),
        Just(6),
        Just(7),
        Just(8),
        Just(9),
    ];
    (day, form, "(\\.[0-9]{1,10})?", "(Z| UTC|\\+02:00|-0730)?").prop_map(
        |((year, month, day, hour, minute), form, fraction, offset)| {
            const MONTHS: [&str; 3] = ["Jan", "FEB", "march"];
            let name = MONTHS[month as usize % 3];
            match form {
                0 => format!("{year:04}-{month:02}-{day:02}"),
                1 => format!("{day}/{month}/{year}"),
                2 => format!("{month:02}/{day:02}/{:02}", year % 100),
                3 => format!("{day:02}.{month:02}.{year} {hour}:{minute:02}"),
                4 => {
                    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:59{fraction}{offset}")
                }
                5 => format!("{day} {name} {year}"),
                6 => format!("{name} {day}, {year} {}:{minute:02} PM", hour % 12),
                7 => format!("{year:04}{month:02}{day:02}"),
                8 => format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}00"),
                _ => format!(
                    "{day:02}-{name}-{:02} {hour:02}:{minute:02}:00{fraction}",
                    year % 100
                ),
            }
        },
    )
}

/// A column: mostly values of one or two kinds, with nothing and words between them.
fn column() -> impl Strategy<Value = Vec<(String, bool)>> {
    let kinds = prop::collection::vec(family(), 1..6);
    (
        kinds,
        prop::collection::vec((0_usize..6, 0_u32..20, any::<bool>()), 1..30),
    )
        .prop_map(|(kinds, picks)| {
            let pick = |(index, chance, quoted): (usize, u32, bool)| {
                let text = kinds[index % kinds.len()].clone();
                match chance {
                    0 => (String::new(), quoted),
                    1 => ("NA".to_owned(), quoted),
                    2 => (format!(" {text}\t"), quoted),
                    _ => (text, quoted && chance < 6),
                }
            };
            picks.into_iter().map(pick).collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn every_cell_is_accepted_and_unchanged(cells in column(), complete in any::<bool>()) {
        let cells: Vec<_> = cells
            .iter()
            .map(|(text, quoted)| Cell { bytes: text.as_bytes(), quoted: *quoted })
            .collect();
        holds(&cells, complete);
    }

    #[test]
    fn single_values_are_accepted_and_unchanged(text in family(), quoted in any::<bool>()) {
        holds(&[Cell { bytes: text.as_bytes(), quoted }], false);
    }

    #[test]
    fn dates_of_one_form_are_accepted_and_unchanged(texts in prop::collection::vec(date(), 1..4)) {
        let cells: Vec<_> = texts.iter().map(|text| Cell::plain(text.as_bytes())).collect();
        holds(&cells, false);
    }
}
