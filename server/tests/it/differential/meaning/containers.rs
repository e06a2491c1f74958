//! What the texts of Arrays, Maps and Tuples mean: lists of what their parts mean.

use sluice_server::column::DataType;

use super::{Meaning, meaning};

/// A part of the text of a container.
enum Part {
    /// Between brackets: those of its kind and the parts between the commas.
    List(char, Vec<Self>),
    /// Two parts with a colon between them.
    Pair(Box<(Self, Self)>),
    /// A text in quotes, unescaped.
    Text(String),
    /// Anything else.
    Word(String),
}

/// What a text means as a value of a container type.
pub(crate) fn container(data_type: &DataType, text: &str) -> Option<Meaning> {
    if let (DataType::Array(inner), true) = (data_type, text.starts_with('{')) {
        return braces(inner, text);
    }
    let mut rest = text;
    let part = part(&mut rest)?;
    spaces(&mut rest);
    rest.is_empty().then(|| value(data_type, &part)).flatten()
}

/// An Array as `PostgreSQL` writes it, as far as nothing in it is escaped.
fn braces(inner: &DataType, text: &str) -> Option<Meaning> {
    let list = text.strip_prefix('{')?.strip_suffix('}')?.trim();
    let element = |text: &str| {
        let text = text.trim();
        let quoted = text.strip_prefix('"').map(|text| text.strip_suffix('"'));
        match quoted {
            Some(text) => meaning(inner, text?.as_bytes()),
            None if text.is_empty() || text.starts_with('\'') => None,
            None if text.eq_ignore_ascii_case("null") => Some(Meaning::Null),
            None => meaning(inner, text.as_bytes()),
        }
    };
    if list.is_empty() {
        return Some(Meaning::List(Vec::new()));
    }
    let elements = list.split(',').map(element);
    elements.collect::<Option<_>>().map(Meaning::List)
}

fn spaces(rest: &mut &str) {
    *rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
}

fn part(rest: &mut &str) -> Option<Part> {
    spaces(rest);
    let first = rest.chars().next()?;
    let close = match first {
        '\'' | '"' => return quoted(rest, first),
        '[' => ']',
        '(' => ')',
        '{' => '}',
        _ => return word(rest),
    };
    *rest = rest.get(1..)?;
    let mut parts = Vec::new();
    spaces(rest);
    while !rest.starts_with(close) {
        let mut next = part(rest)?;
        spaces(rest);
        if close == '}' {
            *rest = rest.strip_prefix(':')?;
            next = Part::Pair(Box::new((next, part(rest)?)));
            spaces(rest);
        }
        parts.push(next);
        if let Some(after) = rest.strip_prefix(',') {
            *rest = after;
            spaces(rest);
            // Only a Tuple of one may end with a comma.
            if rest.starts_with(close) && !(close == ')' && parts.len() == 1) {
                return None;
            }
        } else if !rest.starts_with(close) {
            return None;
        }
    }
    *rest = rest.get(1..)?;
    Some(Part::List(first, parts))
}

fn word(rest: &mut &str) -> Option<Part> {
    let end = rest.find([',', ']', ')', '}', ':', '[', '(', '{', '\'', '"'])?;
    let (word, after) = rest.split_at(end);
    *rest = after;
    let word = word.trim_end();
    (!word.is_empty()).then(|| Part::Word(word.to_owned()))
}

fn quoted(rest: &mut &str, quote: char) -> Option<Part> {
    let mut text = String::new();
    let mut characters = rest.get(1..)?.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' => {
                let (_, escaped) = characters.next()?;
                let byte = match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    '0' if quote == '\'' => '\0',
                    'x' if quote == '\'' => {
                        let high = characters.next()?.1.to_digit(16)?;
                        let low = characters.next()?.1.to_digit(16)?;
                        char::from_u32(high * 16 + low)?
                    }
                    '\'' if quote == '"' => return None,
                    '\\' | '\'' | '"' | '/' => escaped,
                    'a' if quote == '\'' => '\u{7}',
                    'e' if quote == '\'' => '\u{1b}',
                    'v' if quote == '\'' => '\u{b}',
                    '=' | '`' if quote == '\'' => escaped,
                    'N' => return None,
                    // A backslash before anything else is itself, but not in JSON.
                    other if quote == '\'' && !other.is_control() => {
                        text.push('\\');
                        other
                    }
                    _ => return None,
                };
                text.push(byte);
            }
            _ if character == quote => {
                if quote == '\'' && characters.next_if(|(_, next)| *next == quote).is_some() {
                    text.push(quote);
                } else {
                    *rest = rest.get(place + 2..)?;
                    return Some(Part::Text(text));
                }
            }
            _ => text.push(character),
        }
    }
    None
}

fn value(data_type: &DataType, part: &Part) -> Option<Meaning> {
    match (data_type, part) {
        (_, Part::Word(word)) if word.eq_ignore_ascii_case("null") => Some(Meaning::Null),
        (DataType::Array(inner), Part::List('[', parts)) => {
            let values = parts.iter().map(|part| value(inner, part));
            values.collect::<Option<_>>().map(Meaning::List)
        }
        (DataType::Map(key, inner), Part::List('{', parts)) => {
            let pair = |part: &Part| match part {
                Part::Pair(pair) => Some(Meaning::List(vec![
                    value(key, &pair.0)?,
                    value(inner, &pair.1)?,
                ])),
                _ => None,
            };
            parts
                .iter()
                .map(pair)
                .collect::<Option<_>>()
                .map(Meaning::List)
        }
        (DataType::Tuple(elements), Part::List('(' | '[', parts))
            if parts.len() == elements.len() =>
        {
            let values = elements
                .iter()
                .zip(parts)
                .map(|((_, inner), part)| value(inner, part));
            values.collect::<Option<_>>().map(Meaning::List)
        }
        (DataType::Tuple(elements), Part::List('{', parts)) => named(elements, parts),
        (DataType::Array(_) | DataType::Map(..) | DataType::Tuple(_), _) => None,
        (scalar, Part::Text(text)) => meaning(scalar, text.as_bytes()),
        (scalar, Part::Word(_)) if matches!(scalar.inner(), DataType::String) => None,
        (scalar, Part::Word(word)) => meaning(scalar, word.as_bytes()),
        _ => None,
    }
}

/// An object with the names of the elements, each once.
fn named(elements: &[(Option<String>, DataType)], parts: &[Part]) -> Option<Meaning> {
    let find = |(name, inner): &(Option<String>, DataType)| {
        let mut found = parts.iter().filter_map(|part| match part {
            Part::Pair(pair) => match &pair.0 {
                Part::Text(text) if Some(text) == name.as_ref() => Some(&pair.1),
                _ => None,
            },
            _ => None,
        });
        match (found.next(), found.next()) {
            (Some(only), None) => value(inner, only),
            (None, _) if inner.is_nullable() => Some(Meaning::Null),
            _ => None,
        }
    };
    (parts.len() <= elements.len()).then_some(())?;
    elements
        .iter()
        .map(find)
        .collect::<Option<_>>()
        .map(Meaning::List)
}
