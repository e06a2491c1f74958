//! Samples of every encoding, cut at every place.

use super::{Detected, detect_encoding};
use crate::codec::{Encoding, Error, Foreign};

const TABLE: &str = "id,name,note\r\n1,Zoë,naïve café\r\n2,Łódź,„quotes“\r\n3,東京,日本語\r\n";
const LATIN: &str = "id,name,price\n1,Zoë,5 €\n2,José Núñez,“3 £”\n3,Ångström,¼\n4,Größe,½\n";

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

fn utf32(text: &str, order: fn(u32) -> [u8; 4]) -> Vec<u8> {
    text.chars().map(u32::from).flat_map(order).collect()
}

fn windows_1252(text: &str) -> Vec<u8> {
    encoding_rs::WINDOWS_1252.encode(text).0.into_owned()
}

#[track_caller]
fn check(sample: &[u8], complete: bool, expected: Encoding) -> Detected {
    let found = detect_encoding(sample, complete).unwrap();
    assert_eq!(found.encoding, expected, "{}", sample.escape_ascii());
    assert!((0.0..=1.0).contains(&found.confidence));
    assert_ne!(found.runner_up, Some(found.encoding));
    assert!(!found.given);
    found
}

#[test]
fn byte_order_marks_decide() {
    check(b"\xEF\xBB\xBFa,b\n", true, Encoding::Utf8Bom);
    check(b"\xEF\xBB\xBF", true, Encoding::Utf8Bom);
    check(b"\xFF\xFEa\0", true, Encoding::Utf16Le);
    check(b"\xFE\xFF\0a", true, Encoding::Utf16Be);
    check(
        &utf16("\u{FEFF}東京", u16::to_be_bytes),
        true,
        Encoding::Utf16Be,
    );
}

#[test]
fn utf8_cut_within_a_character_is_utf8() {
    for end in 0..=TABLE.len() {
        let found = check(&TABLE.as_bytes()[..end], false, Encoding::Utf8);
        assert!(found.confidence >= 0.9, "cut at {end}: {found:?}");
    }
    check(TABLE.as_bytes(), true, Encoding::Utf8);
    assert!(check(b"", true, Encoding::Utf8).confidence > 0.99);
    assert!(check(b"a,b\n", true, Encoding::Utf8).confidence > 0.99);
    let incomplete = check(b"a,b\n", false, Encoding::Utf8);
    assert_eq!(incomplete.runner_up, Some(Encoding::WINDOWS_1252));
}

#[test]
fn utf16_without_a_mark_is_found_by_its_zeros() {
    for text in [TABLE, LATIN, "a\n", "a,b\n1,2\n"] {
        let little = utf16(text, u16::to_le_bytes);
        let big = utf16(text, u16::to_be_bytes);
        check(&little, true, Encoding::Utf16Le);
        check(&big, true, Encoding::Utf16Be);
        for end in 16.min(little.len())..=little.len() {
            check(&little[..end], false, Encoding::Utf16Le);
            check(&big[..end], false, Encoding::Utf16Be);
        }
    }
}

#[test]
fn utf16_of_chinese_is_found_by_its_line_ends() {
    let text = "編號,名稱,說明\r\n一,東京都千代田区,日本の首都である都市の名前\r\n".repeat(20);
    check(&utf16(&text, u16::to_le_bytes), true, Encoding::Utf16Le);
    check(&utf16(&text, u16::to_be_bytes), true, Encoding::Utf16Be);
}

#[test]
fn text_with_nul_bytes_is_not_utf16() {
    check(b"a,b\n1,\0\n2,\0\0\n", true, Encoding::Utf8);
    check(&[0; 64], true, Encoding::Utf8);
    let padded = b"name\0\0\0\0,city\0\0\0\0\nAnn\0\0\0\0\0,Rome\0\0\0\0\n";
    check(padded, true, Encoding::Utf8);
    let mut latin = windows_1252(LATIN);
    latin.push(0);
    check(&latin, true, Encoding::WINDOWS_1252);
}

#[test]
fn utf32_is_refused() {
    let foreign = Foreign::Utf32;
    let refused = Err(Error::Foreign { foreign });
    for text in [TABLE, "\u{FEFF}a,b\n", "a,😀\n"] {
        assert_eq!(
            detect_encoding(&utf32(text, u32::to_le_bytes), true),
            refused
        );
        assert_eq!(
            detect_encoding(&utf32(text, u32::to_be_bytes), true),
            refused
        );
    }
}

#[test]
fn what_is_not_utf8_is_windows_1252() {
    let found = check(&windows_1252(LATIN), true, Encoding::WINDOWS_1252);
    assert!(found.confidence > 0.8, "{found:?}");
    assert_eq!(found.runner_up, Some(Encoding::Utf8));
    check(b"caf\xE9", true, Encoding::WINDOWS_1252);
    check(b"caf\xE9\n", false, Encoding::WINDOWS_1252);
    check(b"caf\xE9 cr\xE8me\xE2", false, Encoding::WINDOWS_1252);
}

#[test]
fn a_few_letters_of_other_alphabets_are_a_guess() {
    let russian = encoding_rs::WINDOWS_1251
        .encode("имя,город\nИван,Москва\n")
        .0;
    let chinese = encoding_rs::GBK.encode("编号,名称\n一,东京都千代田区\n").0;
    let japanese = encoding_rs::SHIFT_JIS
        .encode("番号,名前\n1,東京都千代田区\n")
        .0;
    for sample in [russian, chinese, japanese] {
        let found = detect_encoding(&sample, true).unwrap();
        assert!(
            !found.encoding.is_utf8() && found.confidence < 0.5,
            "{found:?}"
        );
        assert_eq!(found.first_fault, Some(1));
    }
}

#[test]
fn damaged_utf8_is_utf8() {
    let mut damaged = TABLE.as_bytes().to_vec();
    damaged.extend_from_slice(b"4,bro\xE9ken,x\n");
    let found = check(&damaged, true, Encoding::Utf8);
    assert!(found.confidence < 0.99);
    assert_eq!(found.runner_up, Some(Encoding::WINDOWS_1252));
}

#[test]
fn a_nul_byte_in_a_short_text_does_not_make_it_utf16() {
    for sample in [
        &b"x,\0y,z"[..],
        b"a,b\n1,\0\n2,x\n",
        b"\0a,b\n",
        b"id,name\n1,ab\0cd\n",
    ] {
        let found = detect_encoding(sample, true).unwrap();
        assert_eq!(found.encoding, Encoding::Utf8, "{}", sample.escape_ascii());
    }
    let cyrillic = utf16("имя,город\nИван,Москва\n1,2\n3,4\n5,6\n", u16::to_le_bytes);
    let found = detect_encoding(&cyrillic, true).unwrap();
    assert_eq!(found.encoding, Encoding::Utf16Le);
}
