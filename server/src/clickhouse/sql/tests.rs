//! Quoting: whatever goes in comes back, and nothing gets out.

use proptest::prelude::*;

use super::{TableName, escape_param, quote_identifier, quote_string};

/// Reads a quoted text the way ClickHouse does; `None` when it ends before the last character.
fn unquote(quoted: &str, mark: char) -> Option<String> {
    let mut chars = quoted.chars();
    let mut text = String::new();
    if chars.next() != Some(mark) {
        return None;
    }
    loop {
        match chars.next()? {
            '\\' => text.push(chars.next()?),
            c if c == mark => break,
            c => text.push(c),
        }
    }
    chars.next().is_none().then_some(text)
}

#[test]
fn identifiers_and_strings_are_quoted() {
    assert_eq!(quote_identifier("a b"), "`a b`");
    assert_eq!(quote_identifier(r"a`b\c"), r"`a\`b\\c`");
    assert_eq!(quote_string(r"it's \ `x`"), r"'it\'s \\ `x`'");
    assert_eq!(quote_identifier(""), "``");
}

#[test]
fn table_name_is_quoted_part_by_part() {
    assert_eq!(TableName::new("d.b", "t").quoted(), "`d.b`.`t`");
    assert_eq!(TableName::new("", "t").quoted(), "`t`");
    assert_eq!(TableName::new("db", "t").to_string(), "db.t");
    assert_eq!(TableName::new("", "t").to_string(), "t");
}

#[test]
fn control_characters_of_a_parameter_are_escaped() {
    assert_eq!(escape_param("a\tb\nc\\d\re\0"), r"a\tb\nc\\d\re\0");
    assert_eq!(escape_param(r"\N"), r"\\N");
}

proptest! {
    #[test]
    fn quoted_text_reads_back(text in any::<String>(), tail in "[\\\\`']{0,4}") {
        let text = text + &tail;
        let identifier = unquote(&quote_identifier(&text), '`');
        prop_assert_eq!(identifier.as_deref(), Some(text.as_str()));
        let string = unquote(&quote_string(&text), '\'');
        prop_assert_eq!(string.as_deref(), Some(text.as_str()));
    }

    #[test]
    fn escaped_parameter_holds_no_separator(text in any::<String>()) {
        let escaped = escape_param(&text);
        prop_assert!(!escaped.contains(['\t', '\n', '\r', '\0']));
        prop_assert_eq!(escaped.matches('\\').count() >= text.matches('\\').count() * 2, true);
    }
}
