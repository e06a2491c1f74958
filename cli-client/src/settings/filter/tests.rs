//! Conditions in every form, and what is refused.

use sluice_proto::v1::Operator;

use super::{ParseError, parse_condition};

#[track_caller]
fn check(text: &str, column: &str, operator: Operator, values: &[&str]) {
    let condition = parse_condition(text).unwrap();
    assert_eq!(condition.column, column, "{text}");
    assert_eq!(condition.operator(), operator, "{text}");
    assert_eq!(condition.values, values, "{text}");
}

#[track_caller]
fn refuse(text: &str, expected: &ParseError) {
    assert_eq!(parse_condition(text).as_ref(), Err(expected), "{text}");
}

#[test]
fn comparisons_need_no_spaces() {
    check("a=1", "a", Operator::Equal, &["1"]);
    check("a != 1", "a", Operator::NotEqual, &["1"]);
    check("a<1", "a", Operator::Less, &["1"]);
    check("a <=-1.5", "a", Operator::LessOrEqual, &["-1.5"]);
    check(" a > 1 ", "a", Operator::Greater, &["1"]);
    check("a>= 1", "a", Operator::GreaterOrEqual, &["1"]);
}

#[test]
fn a_bare_value_may_hold_spaces() {
    check(
        "at >= 2026-01-01 10:00:00",
        "at",
        Operator::GreaterOrEqual,
        &["2026-01-01 10:00:00"],
    );
    check("city = New York", "city", Operator::Equal, &["New York"]);
    check("a = b=c", "a", Operator::Equal, &["b=c"]);
}

#[test]
fn a_quoted_value_is_taken_as_it_stands() {
    check("a = ' 1 '", "a", Operator::Equal, &[" 1 "]);
    check("a='it''s'", "a", Operator::Equal, &["it's"]);
    check(r#"a = "x ""y"" z""#, "a", Operator::Equal, &[r#"x "y" z"#]);
    check("a = ''", "a", Operator::Equal, &[""]);
    check("a = 'NULL'", "a", Operator::Equal, &["NULL"]);
    check(
        "a = 'salt AND pepper'",
        "a",
        Operator::Equal,
        &["salt AND pepper"],
    );
    check(r"a = 'c:\new'", "a", Operator::Equal, &[r"c:\new"]);
}

#[test]
fn words_are_operators_in_any_case() {
    check("a LIKE x%", "a", Operator::Like, &["x%"]);
    check("a not like '%_y'", "a", Operator::NotLike, &["%_y"]);
    check("a IS NULL", "a", Operator::IsNull, &[]);
    check("a is  not  null", "a", Operator::IsNotNull, &[]);
    check("a ilike X%", "a", Operator::Ilike, &["X%"]);
    check("a Not iLike X%", "a", Operator::NotIlike, &["X%"]);
    check("a <> 1", "a", Operator::NotEqual, &["1"]);
    check("a BETWEEN 1 and 2", "a", Operator::Between, &["1", "2"]);
    check(
        "at not between 2026-01-01 10:00 AND '2026-01-02'",
        "at",
        Operator::NotBetween,
        &["2026-01-01 10:00", "2026-01-02"],
    );
    check("a = Andorra", "a", Operator::Equal, &["Andorra"]);
}

#[test]
fn a_list_holds_bare_and_quoted_values() {
    check("a IN (1,2)", "a", Operator::In, &["1", "2"]);
    check(
        "a in('x, y', \"(z)\" , New York )",
        "a",
        Operator::In,
        &["x, y", "(z)", "New York"],
    );
    check("a NOT IN ( '' )", "a", Operator::NotIn, &[""]);
}

#[test]
fn a_column_in_backticks_may_hold_anything() {
    check("`a = b` = 1", "a = b", Operator::Equal, &["1"]);
    check("`IS` IS NULL", "IS", Operator::IsNull, &[]);
    check("größe > 3", "größe", Operator::Greater, &["3"]);
    check(
        "nested.column = 3",
        "nested.column",
        Operator::Equal,
        &["3"],
    );
}

#[test]
fn what_could_mean_something_else_is_refused() {
    refuse("a = NULL", &ParseError::Null);
    refuse("a IN (1, null)", &ParseError::Null);
    refuse("a = 1 AND b = 2", &ParseError::Joined);
    refuse("a BETWEEN 1 AND 2 AND b = 1", &ParseError::Joined);
    refuse("a = this or that", &ParseError::Missing("the operator"));
    refuse("a == 1", &ParseError::Operator("==".to_owned()));
    refuse("a = 'x' AND b = 2", &ParseError::Joined);
    refuse("a = it's", &ParseError::Unexpected("'s".to_owned()));
}

#[test]
fn what_is_missing_is_named() {
    let value = ParseError::Missing("the value (an empty one is quoted: '')");
    refuse("", &ParseError::Missing("the column"));
    refuse("= 1", &ParseError::Missing("the column"));
    refuse("a", &ParseError::Missing("the operator"));
    refuse("a =", &value);
    refuse("a LIKE", &value);
    refuse("a IN ()", &value);
    refuse("a IN (1,)", &value);
    refuse("a IN 1", &ParseError::Missing("the list in brackets"));
    refuse("a IN (1", &ParseError::Unclosed('('));
    refuse("a = 'x", &ParseError::Unclosed('\''));
    refuse("a IS", &ParseError::Operator("IS".to_owned()));
    let upper = ParseError::Missing("AND and the upper end");
    refuse("a BETWEEN 1", &upper);
    refuse("a BETWEEN 1, 2", &upper);
    refuse("a IS NULL x", &ParseError::Unexpected("x".to_owned()));
}

#[test]
fn alternatives_are_joined_by_or() {
    let condition = parse_condition("a = 1 OR b BETWEEN 2 AND 3 or c IN (x, 'or')").unwrap();
    assert_eq!(
        (condition.column.as_str(), condition.values),
        ("a", vec!["1".to_owned()])
    );
    let columns: Vec<_> = condition
        .alternatives
        .iter()
        .map(|one| one.column.as_str())
        .collect();
    assert_eq!(columns, ["b", "c"]);
    assert_eq!(condition.alternatives[1].values, ["x", "or"]);
}
