//! One `--where`: `column OP value` as a typed condition.
//!
//! Called by clap. It must never build SQL: the server passes values to ClickHouse as parameters.
//! What could be read in two ways is refused, so that a filter never means less than it says.

use sluice_proto::v1::{Condition, Operator};

use super::scanner::{ParseError, Scanner};

/// Reads one condition, or several of which one must hold.
pub(crate) fn parse_condition(text: &str) -> Result<Condition, ParseError> {
    let mut scanner = Scanner::new(text);
    let mut first = comparison(&mut scanner)?;
    while take_word(&mut scanner, "OR") {
        first.alternatives.push(comparison(&mut scanner)?);
    }
    if take_word(&mut scanner, "AND") {
        return Err(ParseError::Joined);
    }
    scanner.end()?;
    Ok(first)
}

fn comparison(scanner: &mut Scanner<'_>) -> Result<Condition, ParseError> {
    let column = scanner.name("the column", |next| {
        next.is_whitespace() || is_symbol(next) || matches!(next, '(' | ')' | ',' | '\'' | '"')
    })?;
    let operator = operator(scanner)?;
    scanner.skip_space();
    let values = match operator {
        Operator::IsNull | Operator::IsNotNull => Vec::new(),
        Operator::In | Operator::NotIn => value_list(scanner)?,
        Operator::Between | Operator::NotBetween => {
            let first = value(scanner)?;
            if !take_word(scanner, "AND") {
                return Err(ParseError::Missing("AND and the upper end"));
            }
            scanner.skip_space();
            vec![first, value(scanner)?]
        }
        _ => vec![value(scanner)?],
    };
    Ok(Condition {
        column,
        operator: operator.into(),
        values,
        alternatives: Vec::new(),
    })
}

/// Takes a word, in capitals, if it is the next one.
fn take_word(scanner: &mut Scanner<'_>, expected: &str) -> bool {
    let mut ahead = scanner.clone();
    let is_next = word(&mut ahead) == expected;
    if is_next {
        *scanner = ahead;
    }
    is_next
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
        "!=" | "<>" => Ok(Operator::NotEqual),
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
        "ILIKE" => Ok(Operator::Ilike),
        "NOT ILIKE" => Ok(Operator::NotIlike),
        "BETWEEN" => Ok(Operator::Between),
        "NOT BETWEEN" => Ok(Operator::NotBetween),
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

/// Takes a quoted value, or what is left before the word AND or OR.
fn value(scanner: &mut Scanner<'_>) -> Result<String, ParseError> {
    if let Some(quoted) = scanner.quoted(&['\'', '"'])? {
        return Ok(quoted);
    }
    let mut bare = String::new();
    loop {
        bare.push_str(&scanner.take_while(|next| !next.is_whitespace() && !is_quote(next)));
        let mut ahead = scanner.clone();
        let is_over = matches!(word(&mut ahead).as_str(), "AND" | "OR");
        let space = scanner.take_while(char::is_whitespace);
        if space.is_empty() || is_over {
            return check_bare(&bare);
        }
        bare.push_str(&space);
    }
}

const fn is_quote(next: char) -> bool {
    matches!(next, '\'' | '"')
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
    Ok(value.trim_end().to_owned())
}

#[cfg(test)]
mod tests;
