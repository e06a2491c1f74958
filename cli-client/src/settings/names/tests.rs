//! Names of tables and columns, well formed and not.

use sluice_proto::v1::TableRef;

use super::{ParseError, parse_columns, parse_mappings, parse_ordering, parse_table, show_table};

fn table(text: &str) -> Result<(String, String), ParseError> {
    parse_table(text).map(|table| (table.database, table.table))
}

fn pair(first: &str, second: &str) -> (String, String) {
    (first.to_owned(), second.to_owned())
}

fn mappings(text: &str) -> Result<Vec<(String, String)>, ParseError> {
    let pairs = parse_mappings(text)?.0.into_iter();
    Ok(pairs.map(|pair| (pair.column, pair.source)).collect())
}

#[test]
fn a_table_has_a_database_or_none() {
    assert_eq!(table("db.t"), Ok(pair("db", "t")));
    assert_eq!(table("t"), Ok(pair("", "t")));
    assert_eq!(table(" db . t "), Ok(pair("db", "t")));
    assert_eq!(table("größe.straße"), Ok(pair("größe", "straße")));
}

#[test]
fn backticks_hold_any_character() {
    assert_eq!(table("`my db`.`t.x`"), Ok(pair("my db", "t.x")));
    assert_eq!(table("`a``b`"), Ok(pair("", "a`b")));
    assert_eq!(table("db.`t.x`"), Ok(pair("db", "t.x")));
}

#[test]
fn a_bad_table_is_refused() {
    assert_eq!(table("a.b.c"), Err(ParseError::TooManyParts));
    assert_eq!(table(""), Err(ParseError::Missing("the name of the table")));
    assert_eq!(
        table("db."),
        Err(ParseError::Missing("the name of the table"))
    );
    assert_eq!(
        table(".t"),
        Err(ParseError::Missing("the name of the table"))
    );
    assert_eq!(table("`db.t"), Err(ParseError::Unclosed('`')));
    assert_eq!(
        table("`db`x.t"),
        Err(ParseError::Unexpected("x.t".to_owned()))
    );
}

#[test]
fn a_shown_table_reads_back() {
    for text in ["db.t", "t", "`my db`.`t.x`", "`a``b`.c_1"] {
        assert_eq!(
            parse_table(text).map(|table| show_table(&table)),
            Ok(text.to_owned())
        );
    }
    assert_eq!(show_table(&TableRef::default()), "``");
}

#[test]
fn columns_keep_their_order() {
    let columns = |text| parse_columns(text).map(|columns| columns.0.join("|"));
    assert_eq!(columns("b, a,`c,d`"), Ok("b|a|c,d".to_owned()));
    assert_eq!(columns("first name"), Ok("first name".to_owned()));
    assert_eq!(columns("a,,b"), Err(ParseError::Missing("a column")));
    assert_eq!(columns("a,"), Err(ParseError::Missing("a column")));
}

#[test]
fn a_mapping_may_name_its_field() {
    assert_eq!(
        mappings("a,b=B 2"),
        Ok(vec![pair("a", ""), pair("b", "B 2")])
    );
    assert_eq!(mappings("`x=y`=`1,2`"), Ok(vec![pair("x=y", "1,2")]));
    assert_eq!(mappings("a=b=c"), Ok(vec![pair("a", "b=c")]));
    assert_eq!(
        mappings("a="),
        Err(ParseError::Missing("the field of a column"))
    );
}

#[test]
fn an_ordering_may_name_its_direction() {
    let ordering = |text| {
        parse_ordering(text).map(|order| {
            let show = |by: &sluice_proto::v1::OrderBy| format!("{}:{}", by.column, by.descending);
            order.0.iter().map(show).collect::<Vec<_>>().join(" ")
        })
    };
    assert_eq!(
        ordering("a,b:desc,c:ASC"),
        Ok("a:false b:true c:false".to_owned())
    );
    assert_eq!(ordering("`a:b`:desc"), Ok("a:b:true".to_owned()));
    assert_eq!(
        ordering("a:down"),
        Err(ParseError::Direction("down".to_owned()))
    );
}
