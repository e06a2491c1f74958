//! One `--where`: `column OP value` as a typed condition.
//!
//! Called by clap. It must never build SQL: the server passes values to ClickHouse as parameters.
//! What could be read in two ways is refused, so that a filter never means less than it says.

use sluice_proto::v1::{Condition, Operator};

use super::scanner::{ParseError, Scanner};

/// Reads one condition.
pub(crate) fn parse_condition(text: &str) -> Result<Condition, ParseError> {
    let mut scanner = Scanner::new(text);
    let column = scanner.name("the column", |next| {
        next.is_whitespace() || is_symbol(next) || matches!(next, '(' | ')' | ',' | '\'' | '"')
    })?;
    let operator = operator(&mut scanner)?;
    scanner.skip_space();
    let values = match operator {
        Operator::IsNull | Operator::IsNotNull => Vec::new(),
        Operator::In | Operator::NotIn => value_list(&mut scanner)?,
        _ => vec![value(&mut scanner)?],
    };
    scanner.end()?;
    Ok(Condition {
        column,
        operator: operator.into(),
        values,
    })
}

fn is_symbol(next: char) -> bool {
    matches!(next, '=' | '!' | '<' | '>')
}

/// Takes the operator; a run of symbols counts as one, so that `==` is not `=` and a value.
fn operator(scanner: &mut Scanner<'_>) -> Result<Operator, ParseError> {
    let symbols = scanner.take_while(is_symbol);
    match symbols.as_str() {
        "" => word_operator(scanner),
        "=" => Ok(Operator::Equal),
        "!=" => Ok(Operator::NotEqual),
        "<" => Ok(Operator::Less),
        "<=" => Ok(Operator::LessOrEqual),
        ">" => Ok(Operator::Greater),
        ">=" => Ok(Operator::GreaterOrEqual),
        _ => Err(ParseError::Operator(symbols)),
    }
}

fn word_operator(scanner: &mut Scanner<'_>) -> Result<Operator, ParseError> {
    let mut words = word(scanner);
    if words.is_empty() {
        return Err(match scanner.rest() {
            "" => ParseError::Missing("the operator"),
            rest => ParseError::Operator(rest.to_owned()),
        });
    }
    while matches!(words.as_str(), "NOT" | "IS" | "IS NOT") {
        let next = word(scanner);
        if next.is_empty() {
            break;
        }
        words = format!("{words} {next}");
    }
    match words.as_str() {
        "LIKE" => Ok(Operator::Like),
        "NOT LIKE" => Ok(Operator::NotLike),
        "IN" => Ok(Operator::In),
        "NOT IN" => Ok(Operator::NotIn),
        "IS NULL" => Ok(Operator::IsNull),
        "IS NOT NULL" => Ok(Operator::IsNotNull),
        _ => Err(ParseError::Operator(words)),
    }
}

fn word(scanner: &mut Scanner<'_>) -> String {
    scanner.skip_space();
    let word = scanner.take_while(|next| next.is_alphanumeric() || next == '_');
    word.to_ascii_uppercase()
}

/// Takes a quoted value, or everything that is left.
fn value(scanner: &mut Scanner<'_>) -> Result<String, ParseError> {
    if let Some(quoted) = scanner.quoted(&['\'', '"'])? {
        return Ok(quoted);
    }
    let bare = scanner.take_while(|next| !matches!(next, '\'' | '"'));
    check_bare(bare.trim_end())
}

/// Takes `(a, b, …)`.
fn value_list(scanner: &mut Scanner<'_>) -> Result<Vec<String>, ParseError> {
    if !scanner.take('(') {
        return Err(ParseError::Missing("the list in brackets"));
    }
    let mut values = Vec::new();
    loop {
        scanner.skip_space();
        let item = match scanner.quoted(&['\'', '"'])? {
            Some(quoted) => quoted,
            None => check_bare(scanner.take_while(is_bare_item).trim_end())?,
        };
        values.push(item);
        scanner.skip_space();
        if scanner.take(')') {
            return Ok(values);
        }
        if !scanner.take(',') {
            return Err(match scanner.rest() {
                "" => ParseError::Unclosed('('),
                rest => ParseError::Unexpected(rest.to_owned()),
            });
        }
    }
}

fn is_bare_item(next: char) -> bool {
    !matches!(next, '\'' | '"' | ',' | '(' | ')')
}

/// Refuses bare values that were probably meant as something else.
fn check_bare(value: &str) -> Result<String, ParseError> {
    if value.is_empty() {
        return Err(ParseError::Missing(
            "the value (an empty one is quoted: '')",
        ));
    }
    if value.eq_ignore_ascii_case("null") {
        return Err(ParseError::Null);
    }
    let is_joint = |word: &str| word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or");
    if value.split_whitespace().any(is_joint) {
        return Err(ParseError::Joined);
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests;
