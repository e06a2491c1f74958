//! The text of export statements.

use super::{
    Compared, Condition, Operator, OrderBy, Projection, SelectColumn, Selection, select_query,
    select_table, value_type,
};
use crate::clickhouse::{
    error::Error,
    sql::{SelectQuery, TableName},
};

fn column(name: &str, projection: Projection) -> SelectColumn {
    SelectColumn {
        name: name.to_owned(),
        projection,
    }
}

fn condition(column: &str, data_type: &str, operator: Operator, values: &[&str]) -> Condition {
    Condition {
        column: column.to_owned(),
        compared: Compared::Typed(data_type.to_owned()),
        operator,
        values: values.iter().map(|&value| value.to_owned()).collect(),
        alternatives: Vec::new(),
    }
}

#[test]
fn plain_columns_are_selected_directly() {
    let statement = select_table(
        &TableName::new("db", "t"),
        &[
            column("a", Projection::Value),
            column("b", Projection::Value),
        ],
        &Selection::default(),
    )
    .unwrap();
    assert_eq!(statement.text(), "SELECT `a`, `b` FROM `db`.`t`");
    assert!(statement.params().is_empty());
}

#[test]
fn conditions_order_and_limit_stay_inside_the_conversions() {
    let selection = Selection {
        conditions: vec![
            condition("a", "Nullable(Int8)", Operator::In, &["1", "2"]),
            condition("b", "LowCardinality(String)", Operator::Equal, &["x"]),
            condition("c", "Date", Operator::IsNotNull, &[]),
            condition("b", "LowCardinality(String)", Operator::NotLike, &["y%"]),
        ],
        order_by: vec![
            OrderBy {
                column: "a".to_owned(),
                descending: true,
            },
            OrderBy {
                column: "b".to_owned(),
                descending: false,
            },
        ],
        limit: Some(10),
    };
    let columns = [
        column("b", Projection::Cast("String".to_owned())),
        column("arr", Projection::Text(None)),
        column("a", Projection::Value),
    ];
    let statement = select_table(&TableName::new("", "t"), &columns, &selection).unwrap();
    assert_eq!(
        statement.text(),
        "SELECT CAST(`b`, 'String') AS `b`, CAST(`arr`, 'Nullable(String)') AS `arr`, `a` FROM (\n\
         SELECT `b`, `arr`, `a` FROM `t` \
         WHERE `a` IN (accurateCast({p0:String}, 'Int8'), accurateCast({p1:String}, 'Int8')) \
         AND `b` = {p2:String} AND `c` IS NOT NULL AND `b` NOT LIKE {p3:String} \
         ORDER BY `a` DESC, `b` LIMIT 10\n)"
    );
    let params: Vec<_> = statement
        .params()
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        params,
        [("p0", "1"), ("p1", "2"), ("p2", "x"), ("p3", "y%")]
    );
}

#[test]
fn query_is_wrapped_only_when_a_column_needs_it() {
    let query = SelectQuery::from_normalised("SELECT a FROM t").unwrap();
    let plain = select_query(&query, &[column("a", Projection::Value)]);
    assert_eq!(plain.text(), "SELECT a FROM t");
    let wrapped = select_query(&query, &[column("a", Projection::Text(None))]);
    assert_eq!(
        wrapped.text(),
        "SELECT CAST(`a`, 'Nullable(String)') AS `a` FROM (\nSELECT a FROM t\n)"
    );
}

#[test]
fn wrong_number_of_values_is_refused() {
    let cases = [
        (Operator::Equal, &[] as &[&str]),
        (Operator::Equal, &["1", "2"]),
        (Operator::Like, &[]),
        (Operator::In, &[]),
        (Operator::IsNull, &["1"]),
        (Operator::Between, &["1"]),
        (Operator::NotBetween, &["1", "2", "3"]),
    ];
    for (operator, values) in cases {
        let selection = Selection {
            conditions: vec![condition("a", "Int8", operator, values)],
            ..Selection::default()
        };
        let columns = [column("a", Projection::Value)];
        let result = select_table(&TableName::new("", "t"), &columns, &selection);
        assert!(
            matches!(result, Err(Error::InvalidCondition { .. })),
            "{operator:?} {values:?}"
        );
    }
}

#[test]
fn value_type_is_without_wrappers() {
    assert_eq!(value_type("Int8"), "Int8");
    assert_eq!(
        value_type("LowCardinality(Nullable(FixedString(3)))"),
        "FixedString(3)"
    );
    assert_eq!(value_type("Array(Nullable(Int8))"), "Array(Nullable(Int8))");
}

/// The condition behind WHERE, and the values that it refers to.
fn where_of(condition: Condition) -> Result<(String, Vec<String>), Error> {
    let selection = Selection {
        conditions: vec![condition],
        ..Selection::default()
    };
    let columns = [column("a", Projection::Value)];
    let statement = select_table(&TableName::new("", "t"), &columns, &selection)?;
    let (_, text) = statement.text().split_once(" WHERE ").unwrap();
    let values = statement.params().iter().map(|(_, value)| value.clone());
    Ok((text.to_owned(), values.collect()))
}

#[test]
fn nan_is_found_and_has_no_order() {
    let of =
        |operator, values: &[&str]| where_of(condition("f", "Nullable(Float64)", operator, values));
    let number = "accurateCast({p0:String}, 'Float64')";
    for (operator, values, expected) in [
        (
            Operator::Equal,
            &["nan"] as &[&str],
            "isNaN(`f`)".to_owned(),
        ),
        (Operator::NotEqual, &["-NaN"], "NOT isNaN(`f`)".to_owned()),
        (
            Operator::In,
            &["NAN", "1"],
            format!("(`f` IN ({number}) OR isNaN(`f`))"),
        ),
        (
            Operator::NotIn,
            &["1", "nan"],
            format!("(`f` NOT IN ({number}) AND NOT isNaN(`f`))"),
        ),
    ] {
        assert_eq!(of(operator, values).unwrap().0, expected);
    }
    for operator in [Operator::Less, Operator::Between] {
        assert!(matches!(
            of(operator, &["nan"]),
            Err(Error::InvalidCondition { .. })
        ));
    }
    // A text is a text.
    let text = where_of(condition("s", "String", Operator::Equal, &["nan"])).unwrap();
    assert_eq!(
        text,
        ("`s` = {p0:String}".to_owned(), vec!["nan".to_owned()])
    );
}

#[test]
fn alternatives_stand_in_brackets() {
    let either = Condition {
        alternatives: vec![condition("b", "String", Operator::Ilike, &["x%"])],
        ..condition("a", "Int8", Operator::Between, &["1", "2"])
    };
    let (text, values) = where_of(either).unwrap();
    let number = |index| format!("accurateCast({{p{index}:String}}, 'Int8')");
    let expected = format!(
        "(`a` BETWEEN {} AND {} OR `b` ILIKE {{p2:String}})",
        number(0),
        number(1)
    );
    assert_eq!(
        (text, values),
        (expected, ["1", "2", "x%"].map(str::to_owned).to_vec())
    );
}
