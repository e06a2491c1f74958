//! What the CREATE TABLE of a caller may say: columns, a plain engine, keys and settings.
//!
//! Used by `catalog::create` before such a statement runs with the rights of the connection. How this
//! works: a table of ClickHouse can read other tables, files, addresses and databases when it is made or
//! whenever it is read (`AS SELECT`, engines such as URL or Merge, disks in SETTINGS, functions in
//! DEFAULT). So only what is known to stay within the table is taken.

use crate::clickhouse::sql::free_query::{Token, reads_files, tokens};

/// Engines that keep their rows themselves; beside those whose names end in `MergeTree`.
const ENGINES: [&str; 5] = ["Log", "TinyLog", "StripeLog", "Memory", "Null"];

/// Functions that read what is outside of the table, by the beginning of their names.
const FUNCTIONS: [&str; 3] = ["dict", "joinGet", "catboost"];

/// Settings that say where a table is kept.
const PLACES: [&str; 3] = ["disk", "storage_policy", "table_disk"];

/// Checks a statement that begins with CREATE TABLE.
///
/// # Errors
///
/// What it must not say, in words that follow "the statement".
pub(crate) fn check_shape(text: &str) -> Result<(), String> {
    let tokens = tokens(text);
    check_words(&tokens)?;
    let rest = after_name(&tokens).ok_or("names no table in a form that is taken")?;
    let columns = closing(rest).ok_or("has no list of columns behind the name of the table")?;
    let mut clauses = rest
        .get(columns + 1..)
        .unwrap_or_default()
        .iter()
        .peekable();
    let mut depth = 0_usize;
    while let Some(token) = clauses.next() {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            ";" => return Err("holds a ;, leave it out".to_owned()),
            _ if token.is("AS") && depth == 0 => {
                return Err(
                    "takes rows or columns from elsewhere (AS), list its columns".to_owned(),
                );
            }
            _ if token.is("ENGINE") && depth == 0 => {
                clauses.next_if(|next| next.text == "=");
                check_engine(clauses.peek().copied())?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses what has no place anywhere.
fn check_words(tokens: &[Token<'_>]) -> Result<(), String> {
    // Behind the parenthesis that opens the list of columns, which would look like a call.
    let columns = tokens.iter().position(|token| token.text == "(");
    let inner = tokens.get(columns.map_or(0, |columns| columns + 1)..);
    if reads_files(inner.unwrap_or_default()) {
        return Err("calls the function file, which is not for callers".to_owned());
    }
    for (index, token) in tokens.iter().enumerate() {
        let next = tokens.get(index + 1).map_or("", |next| next.text);
        let name = token.name();
        let reads_elsewhere = FUNCTIONS.iter().any(|function| {
            let start = name.get(..function.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(function))
        });
        if token.is("SELECT") || token.is("WITH") {
            return Err("holds a query, leave it out".to_owned());
        }
        if next == "(" && reads_elsewhere {
            return Err(format!(
                "calls {name}, which reads what is outside of the table"
            ));
        }
        if next == "=" && PLACES.iter().any(|place| name.eq_ignore_ascii_case(place)) {
            return Err(format!(
                "sets {name}: where tables are kept is not for callers"
            ));
        }
    }
    Ok(())
}

/// What follows `CREATE TABLE name`, `CREATE TABLE database.name`, and `ON CLUSTER name`.
fn after_name<'a, 't>(tokens: &'a [Token<'t>]) -> Option<&'a [Token<'t>]> {
    let [_, _, first, rest @ ..] = tokens else {
        return None;
    };
    let (last, rest) = match rest {
        [dot, second, rest @ ..] if dot.text == "." => (second, rest),
        rest => (first, rest),
    };
    // A doubled quote within a name reads as two names in a row.
    let is_more = |next: &&Token<'_>| next.text.starts_with(['`', '"']);
    let more: Vec<_> = rest.iter().take_while(is_more).collect();
    let rest = rest.get(more.len()..)?;
    let mut parts = more.into_iter().chain([first, last]);
    if parts.any(Token::is_escaped_name) {
        return None;
    }
    match rest {
        [on, cluster, name, rest @ ..] if on.is("ON") && cluster.is("CLUSTER") => {
            (!name.is_escaped_name()).then_some(rest)
        }
        rest => Some(rest),
    }
}

/// The position of the parenthesis that closes the one that the tokens begin with.
fn closing(tokens: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return (index > 0).then_some(index);
        }
    }
    None
}

fn check_engine(engine: Option<&Token<'_>>) -> Result<(), String> {
    let name = engine.map_or("", |engine| engine.text);
    if name.ends_with("MergeTree") || ENGINES.contains(&name) {
        return Ok(());
    }
    Err(format!(
        "asks for the engine {name}: take one of the MergeTree family, {}",
        ENGINES.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::check_shape;

    #[test]
    fn tables_of_their_own_are_taken() {
        for text in [
            "CREATE TABLE t (a Int8) ENGINE = Log",
            "create table `d`.`t``1` (`file` String, dict Map(String, Array(Int8))) \
             ENGINE ReplacingMergeTree(ver) ORDER BY (file, b) PARTITION BY toYYYYMM(d) \
             SETTINGS index_granularity = 1024 COMMENT 'file(x) AS SELECT'",
            "CREATE TABLE d.t ON CLUSTER c (a Int8 DEFAULT length('SELECT'), INDEX i a TYPE minmax) \
             ENGINE = ReplicatedMergeTree('/p', 'r') ORDER BY tuple() TTL d + INTERVAL 1 DAY",
            "CREATE TABLE t\n(\n    `a` String CODEC(ZSTD(1))\n)\nENGINE = MergeTree\nORDER BY a",
            "CREATE TABLE t (a Int8)",
        ] {
            assert_eq!(check_shape(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_reaches_beyond_the_table_is_refused() {
        for text in [
            "CREATE TABLE t (a Int8) ENGINE = Log AS SELECT * FROM hr.salaries",
            "CREATE TABLE t ENGINE = Log AS SELECT 1",
            "CREATE TABLE t AS hr.salaries",
            "CREATE TABLE t (a Int8) ENGINE = Memory AS hr.salaries",
            "CREATE TABLE t (a Int8) ENGINE = URL('http://169.254.169.254/', 'CSV')",
            "CREATE TABLE t (a Int8) ENGINE=Merge('sluice', '.*')",
            "CREATE TABLE t (a Int8) ENGINE = `URL`('http://x', 'CSV')",
            "CREATE TABLE t (a Int8) ENGINE = File(CSV, '/etc/passwd')",
            "CREATE TABLE t (a Int8) ENGINE = Distributed(c, hr, salaries)",
            "CREATE TABLE t (a Int8) ENGINE = MySQL('h:1', 'd', 't', 'u', 'p')",
            "CREATE TABLE t (a Int8) ENGINE /* = Log */ = URL('x')",
            "CREATE TABLE t (a String DEFAULT file('/etc/passwd')) ENGINE = Log",
            "CREATE TABLE t (a String DEFAULT `file`('/etc/passwd')) ENGINE = Log",
            "CREATE TABLE t (a Array(String) DEFAULT arrayMap(file, ['/etc/passwd'])) ENGINE = Log",
            "CREATE TABLE t (a String DEFAULT `f\\x69le`('/etc/passwd')) ENGINE = Log",
            "CREATE TABLE t (a String DEFAULT a$b$ file('x') a$b$) ENGINE = Log",
            "CREATE TABLE t (a Int8 DEFAULT (SELECT max(x) FROM hr.salaries)) ENGINE = Log",
            "CREATE TABLE t (a String DEFAULT dictGet('d', 'x', 1)) ENGINE = Log",
            "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 's3')",
            "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS storage_policy = 'x'",
            "CREATE TABLE `\\x73ales` (a Int8) ENGINE = Log",
            "CREATE TABLE t UUID 'x' (a Int8) ENGINE = Log",
            "CREATE TABLE t (a Int8) ENGINE = Log; DROP TABLE x",
            "CREATE TABLE t (a Int8",
        ] {
            assert!(check_shape(text).is_err(), "{text}");
        }
    }
}
