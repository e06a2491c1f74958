//! Reads the text of a type: names, nested arguments, quoted texts with escapes.
//!
//! Only [`super::DataType::parse`] calls it; it must never guess: what it does not know stays text.

use super::{DataType, EnumDef, JsonType};

type Problem = &'static str;

/// The most types that stand inside one another. Whoever walks through a type may thus recurse.
const MAX_DEPTH: usize = 32;

/// The types of shapes on a plane, and what they are stored as.
const SHAPES: [(&str, &str); 6] = [
    ("Point", "Tuple(Float64, Float64)"),
    ("Ring", "Array(Point)"),
    ("LineString", "Array(Point)"),
    ("Polygon", "Array(Ring)"),
    ("MultiLineString", "Array(LineString)"),
    ("MultiPolygon", "Array(Polygon)"),
];

/// Reads one type; the whole text must be used.
pub(super) fn parse(text: &str) -> Result<DataType, Problem> {
    parse_level(text, 1)
}

/// Reads a type that stands inside `depth - 1` others.
fn parse_level(text: &str, depth: usize) -> Result<DataType, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty");
    }
    let Some((name, arguments)) = split_call(text)? else {
        if let Some((_, stored)) = SHAPES.iter().find(|(name, _)| *name == text) {
            return parse_level(stored, depth);
        }
        let known = match text {
            "JSON" => Some(json(text, &[], depth)?),
            plain => DataType::from_plain_name(plain),
        };
        return Ok(known.unwrap_or_else(|| DataType::Other(text.to_owned())));
    };
    let parsed = match name {
        _ if depth > MAX_DEPTH => None,
        "Nullable" => wrap(&arguments, depth, DataType::Nullable)?,
        "LowCardinality" => wrap(&arguments, depth, DataType::LowCardinality)?,
        "SimpleAggregateFunction" => match arguments.as_slice() {
            [_, inner] => known(inner, depth)?,
            _ => None,
        },
        "Array" => match arguments.as_slice() {
            [value] => known(value, depth)?.map(|value| DataType::Array(Box::new(value))),
            _ => return Err("Array takes one type"),
        },
        "Map" => map(&arguments, depth)?,
        "Tuple" => tuple(&arguments, depth)?,
        "Nested" => tuple(&arguments, depth)?.map(|tuple| DataType::Array(Box::new(tuple))),
        "JSON" => Some(json(text, &arguments, depth)?),
        "Decimal" => Some(decimal(&arguments)?),
        "FixedString" => Some(fixed_string(&arguments)?),
        "DateTime" => Some(date_time(&arguments)?),
        "DateTime64" => Some(date_time64(&arguments)?),
        "Time64" => Some(DataType::Time64(one_fraction(&arguments)?)),
        "Enum8" => Some(DataType::Enum8(enumeration(
            &arguments,
            i8::MIN.into(),
            i8::MAX.into(),
        )?)),
        "Enum16" => Some(DataType::Enum16(enumeration(
            &arguments,
            i16::MIN,
            i16::MAX,
        )?)),
        _ => None,
    };
    Ok(parsed.unwrap_or_else(|| DataType::Other(text.to_owned())))
}

/// Reads a type inside another one; None when it is not known.
fn known(text: &str, depth: usize) -> Result<Option<DataType>, Problem> {
    let data_type = parse_level(text, depth + 1)?;
    Ok(Some(data_type).filter(|data_type| !matches!(data_type, DataType::Other(_))))
}

/// Splits `Name(a, b)` into the name and its arguments; None when there are no parentheses.
fn split_call(text: &str) -> Result<Option<(&str, Vec<&str>)>, Problem> {
    let Some((name, rest)) = text.split_once('(') else {
        return if text.contains([')', '\'']) {
            Err("a parenthesis or quote is not opened")
        } else {
            Ok(None)
        };
    };
    let Some(inside) = rest.strip_suffix(')') else {
        return Err("the parentheses do not close");
    };
    Ok(Some((name.trim(), split_arguments(inside)?)))
}

/// Splits at the commas that stand in no parentheses and no quotes.
fn split_arguments(text: &str) -> Result<Vec<&str>, Problem> {
    let mut arguments = Vec::new();
    let mut depth = 0_usize;
    let mut quote = None;
    let mut start = 0;
    let mut bytes = text.bytes().enumerate();
    while let Some((index, byte)) = bytes.next() {
        match (quote, byte) {
            (Some(_), b'\\') => {
                bytes.next();
            }
            (Some(open), _) if byte == open => quote = None,
            (None, b'\'' | b'`' | b'"') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.checked_sub(1).ok_or("a parenthesis is not opened")?,
            (None, b',') if depth == 0 => {
                arguments.push(text.get(start..index).unwrap_or_default().trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    if depth > 0 || quote.is_some() {
        return Err("a parenthesis or quote does not close");
    }
    arguments.push(text.get(start..).unwrap_or_default().trim());
    Ok(arguments)
}

/// Puts the only argument into Nullable or LowCardinality, unless it is not a scalar.
fn wrap(
    arguments: &[&str],
    depth: usize,
    wrapper: impl Fn(Box<DataType>) -> DataType,
) -> Result<Option<DataType>, Problem> {
    let [inner] = arguments else {
        return Err("it takes one type");
    };
    let inner = known(inner, depth)?.filter(|inner| !inner.is_container());
    Ok(inner.map(|inner| wrapper(Box::new(inner))))
}

fn map(arguments: &[&str], depth: usize) -> Result<Option<DataType>, Problem> {
    let [key, value] = arguments else {
        return Err("Map takes two types");
    };
    let (key, value) = (known(key, depth)?, known(value, depth)?);
    let pair = key.zip(value);
    Ok(pair.map(|(key, value)| DataType::Map(Box::new(key), Box::new(value))))
}

/// Reads types that each may have a name before them. A Tuple of nothing is not known.
fn tuple(arguments: &[&str], depth: usize) -> Result<Option<DataType>, Problem> {
    if arguments == [""] {
        return Ok(None);
    }
    let mut elements = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let Some((name, data_type)) = split_name(argument) else {
            return Ok(None);
        };
        let Some(data_type) = known(data_type, depth)? else {
            return Ok(None);
        };
        elements.push((name, data_type));
    }
    Ok(Some(DataType::Tuple(elements)))
}

/// Reads the paths with a type, and leaves out what says how the others are stored.
fn json(text: &str, arguments: &[&str], depth: usize) -> Result<DataType, Problem> {
    let mut typed = Vec::new();
    for argument in arguments {
        let is_setting = argument.starts_with("max_dynamic_") || argument.starts_with("SKIP ");
        if let Some((Some(path), data_type)) = split_name(argument).filter(|_| !is_setting) {
            typed.push((path, parse_level(data_type, depth + 1)?));
        }
    }
    let json = JsonType::new(text.to_owned(), typed);
    Ok(DataType::Json(Box::new(json)))
}

/// Splits `name Type` or `Type`; None when a name in backticks cannot be read.
fn split_name(argument: &str) -> Option<(Option<String>, &str)> {
    if let Some(inside) = argument.strip_prefix('`') {
        let end = closing_backtick(inside)?;
        let name = unescaped(inside.get(..end)?).ok()?;
        let data_type = inside.get(end + 1..)?;
        return data_type
            .starts_with(char::is_whitespace)
            .then_some((Some(name), data_type));
    }
    let end = argument.find(|character: char| character == '(' || character.is_whitespace());
    let (name, rest) = argument.split_at(end.unwrap_or(0));
    Some(match rest.starts_with(char::is_whitespace) {
        true => (Some(name.to_owned()), rest),
        false => (None, argument),
    })
}

/// Returns the place of the first backtick that is not escaped.
fn closing_backtick(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate();
    while let Some((index, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'`' => return Some(index),
            _ => {}
        }
    }
    None
}

fn decimal(arguments: &[&str]) -> Result<DataType, Problem> {
    let [precision, scale] = arguments else {
        return Err("Decimal takes a precision and a scale");
    };
    let precision = number(precision, 1, 76).ok_or("the precision of a Decimal is 1 to 76")?;
    let scale =
        number(scale, 0, precision).ok_or("the scale of a Decimal is 0 to its precision")?;
    Ok(DataType::Decimal { precision, scale })
}

fn fixed_string(arguments: &[&str]) -> Result<DataType, Problem> {
    match arguments {
        [length] => match length.parse() {
            Ok(length) if (1..=0xff_ffff).contains(&length) => Ok(DataType::FixedString(length)),
            _ => Err("the length of a FixedString is 1 to 16777215"),
        },
        _ => Err("FixedString takes a length"),
    }
}

fn date_time(arguments: &[&str]) -> Result<DataType, Problem> {
    match arguments {
        [zone] => Ok(DataType::DateTime(Some(quoted(zone)?))),
        _ => Err("DateTime takes at most a time zone"),
    }
}

fn date_time64(arguments: &[&str]) -> Result<DataType, Problem> {
    let (precision, zone) = match arguments {
        [precision] => (precision, None),
        [precision, zone] => (precision, Some(quoted(zone)?)),
        _ => return Err("DateTime64 takes a precision and a time zone"),
    };
    let precision = one_fraction(&[precision])?;
    Ok(DataType::DateTime64 { precision, zone })
}

/// Reads the digits of a fraction of a second.
fn one_fraction(arguments: &[&str]) -> Result<u8, Problem> {
    match arguments {
        [precision] => number(precision, 0, 9),
        _ => None,
    }
    .ok_or("the precision of a time is 0 to 9")
}

fn number(text: &str, min: u8, max: u8) -> Option<u8> {
    text.parse()
        .ok()
        .filter(|number| (min..=max).contains(number))
}

/// Reads `'name' = number` for every member.
fn enumeration(arguments: &[&str], min: i16, max: i16) -> Result<EnumDef, Problem> {
    let mut members = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let (name, value) = argument
            .rsplit_once('=')
            .ok_or("an Enum takes 'name' = number")?;
        let value = value
            .trim()
            .parse()
            .ok()
            .filter(|value| (min..=max).contains(value))
            .ok_or("a number of an Enum is out of range")?;
        members.push((quoted(name.trim())?, value));
    }
    Ok(EnumDef::new(members))
}

/// Reads a text in single quotes.
fn quoted(text: &str) -> Result<String, Problem> {
    let inside = text
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''))
        .ok_or("a text in quotes is expected")?;
    unescaped(inside)
}

/// Replaces the escapes of a text in quotes.
fn unescaped(inside: &str) -> Result<String, Problem> {
    let mut value = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            value.push(character);
            continue;
        }
        let escaped = characters.next().ok_or("an escape is not complete")?;
        value.push(match escaped {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => hexadecimal(&mut characters).ok_or("an escape is not complete")?,
            other => other,
        });
    }
    Ok(value)
}

/// Reads the two digits behind `\x`.
fn hexadecimal(characters: &mut impl Iterator<Item = char>) -> Option<char> {
    let high = characters.next()?.to_digit(16)?;
    let low = characters.next()?.to_digit(16)?;
    char::from_u32(high * 16 + low)
}
