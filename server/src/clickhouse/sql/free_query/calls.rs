//! Which functions a query calls, by its tokens, and whether callers may call them.
//!
//! Used by `free_query` only. A function is called by a name before a parenthesis, by APPLY, and by a name
//! that is handed to a function that takes functions.

use super::tokens::{Kind, Token};
use crate::clickhouse::sql::functions::{may_call, takes_functions};

/// Words before a parenthesis that open no call, as ClickHouse writes them.
const KEYWORDS: [&str; 42] = [
    "ALL",
    "AND",
    "APPLY",
    "AS",
    "BETWEEN",
    "BY",
    "CUBE",
    "DISTINCT",
    "DIV",
    "ELSE",
    "EXCEPT",
    "FROM",
    "HAVING",
    "ILIKE",
    "IN",
    "INTERPOLATE",
    "INTERSECT",
    "JOIN",
    "LIKE",
    "LIMIT",
    "MOD",
    "NOT",
    "OFFSET",
    "ON",
    "OR",
    "OVER",
    "PREWHERE",
    "QUALIFY",
    "REGEXP",
    "REPLACE",
    "ROLLUP",
    "SAMPLE",
    "SELECT",
    "SETS",
    "STALENESS",
    "STEP",
    "STRICT",
    "TO",
    "UNION",
    "USING",
    "WHERE",
    "WITH",
];

/// Checks every call.
///
/// # Errors
///
/// Which function callers may not call, in words.
pub(super) fn check(tokens: &[Token<'_>]) -> Result<(), String> {
    let closing = closing(tokens)?;
    for (index, token) in tokens.iter().enumerate() {
        if token.is_symbol("(") {
            check_call(tokens, &closing, index)?;
        }
        if token.is("APPLY") {
            check_applied(tokens.get(index + 1..).unwrap_or_default())?;
        }
    }
    Ok(())
}

/// For each opening bracket the position of the one that closes it.
fn closing(tokens: &[Token<'_>]) -> Result<Vec<usize>, String> {
    let mut closing = vec![0; tokens.len()];
    let mut open = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let pair = match token.text {
            _ if token.kind != Kind::Symbol => continue,
            "(" | "[" => {
                open.push((index, token.text));
                continue;
            }
            ")" => "(",
            "]" => "[",
            _ => continue,
        };
        let (start, opened) = open
            .pop()
            .ok_or("a bracket is closed that was not opened")?;
        if opened != pair {
            return Err("its brackets do not match".to_owned());
        }
        if let Some(end) = closing.get_mut(start) {
            *end = index;
        }
    }
    if open.is_empty() {
        Ok(closing)
    } else {
        Err("a bracket is not closed".to_owned())
    }
}

/// Checks what stands before the parenthesis at `open`, and what is handed to it.
fn check_call(tokens: &[Token<'_>], closing: &[usize], open: usize) -> Result<(), String> {
    let Some(called) = open.checked_sub(1).and_then(|index| tokens.get(index)) else {
        return Ok(());
    };
    match called.kind {
        // The second part of a parametric call, whose name stands before the first one.
        Kind::Symbol => return Ok(()),
        Kind::Word if KEYWORDS.contains(&called.text) && !may_call(called.text) => return Ok(()),
        Kind::Word | Kind::Name => {}
        Kind::Text | Kind::Number => {
            return Err(format!("{} is called like a function", called.text));
        }
    }
    let is_part = open
        .checked_sub(2)
        .and_then(|index| tokens.get(index))
        .is_some_and(|before| before.is_symbol("."));
    if !may_call(called.text) || (is_part && !called.is("COLUMNS")) {
        return Err(not_for_callers(called.text));
    }
    if takes_functions(called.text) {
        let end = closing.get(open).copied().unwrap_or_default();
        let is_parametric = tokens.get(end + 1).is_some_and(|next| next.is_symbol("("));
        if is_parametric {
            return Err(format!("{} takes no parameters", called.text));
        }
        check_handed(called.text, tokens.get(open + 1..end).unwrap_or_default())?;
    }
    Ok(())
}

/// Checks the arguments of a function that takes functions: the first of several is a lambda, the name of
/// a function of the list, or a number. An argument alone is an array.
fn check_handed(name: &str, arguments: &[Token<'_>]) -> Result<(), String> {
    let mut depth = 0_usize;
    let comma = arguments.iter().position(|token| {
        match token.text {
            _ if token.kind != Kind::Symbol => {}
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "," => return depth == 0,
            _ => {}
        }
        false
    });
    let Some(first) = comma.and_then(|comma| arguments.get(..comma)) else {
        return Ok(());
    };
    let is_taken = match first {
        [only] => only.kind == Kind::Number || (only.is_name() && may_call(only.text)),
        several => is_lambda(several),
    };
    if is_taken {
        return Ok(());
    }
    Err(format!(
        "the first argument of {name} is none that is taken: write a function as a lambda, as in \
         {name}(x -> f(x), …)"
    ))
}

/// Checks what APPLY applies: a lambda or a function of the list.
fn check_applied(tokens: &[Token<'_>]) -> Result<(), String> {
    match tokens {
        [open, rest @ ..] if open.is_symbol("(") => {
            let is_named = matches!(rest, [name, ..] if name.is_name() && may_call(name.text));
            if is_named || is_lambda(rest) {
                return Ok(());
            }
            Err("APPLY takes a lambda or a function for callers".to_owned())
        }
        // A column of that name.
        [] => Ok(()),
        [next, ..] if next.is_follower() => Ok(()),
        [name, ..] if name.is_name() && may_call(name.text) => Ok(()),
        [other, ..] => Err(not_for_callers(other.text)),
    }
}

/// Whether it begins as `x -> …`, `(x, y) -> …`, or one of these in parentheses.
fn is_lambda(tokens: &[Token<'_>]) -> bool {
    let is_arrow = |tokens: &[Token<'_>]| matches!(tokens, [minus, more, ..] if minus.is_symbol("-") && more.is_symbol(">"));
    match tokens {
        [name, rest @ ..] if name.is_name() => is_arrow(rest),
        [open, rest @ ..] if open.is_symbol("(") => {
            let is_list = |token: &&Token<'_>| token.is_name() || token.is_symbol(",");
            let names = rest.iter().take_while(is_list).count();
            let is_list = matches!(rest.get(names..), Some([close, arrow @ ..])
                if close.is_symbol(")") && is_arrow(arrow));
            is_list || is_lambda(rest)
        }
        _ => false,
    }
}

fn not_for_callers(name: &str) -> String {
    format!("the function {name} is not one that queries of callers may call")
}
