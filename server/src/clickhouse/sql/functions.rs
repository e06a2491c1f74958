//! Which functions callers may call in their queries: the lists of `functions/`, taken into the program.
//!
//! Used by `free_query` only. A name that no list holds is refused: a function of a newer ClickHouse, or
//! one that its operator has added, is unknown until somebody has looked at it.

use std::{collections::HashSet, sync::LazyLock};

/// Table functions that make rows of their arguments, and `dictionary`, which asks for a grant.
const TABLE_FUNCTIONS: [&str; 13] = [
    "dictionary",
    "format",
    "generaterandom",
    "generateseries",
    "generate_series",
    "null",
    "numbers",
    "numbers_mt",
    "primes",
    "sqlstandardvalues",
    "values",
    "zeros",
    "zeros_mt",
];

/// What may follow the name of an aggregate function, any number of times.
const COMBINATORS: [&str; 15] = [
    "argmax",
    "argmin",
    "array",
    "distinct",
    "foreach",
    "if",
    "map",
    "merge",
    "mergestate",
    "null",
    "ordefault",
    "ornull",
    "resample",
    "simplestate",
    "state",
];

static SCALAR: LazyLock<HashSet<String>> =
    LazyLock::new(|| names(include_str!("functions/scalar.txt")));
static AGGREGATE: LazyLock<HashSet<String>> =
    LazyLock::new(|| names(include_str!("functions/aggregate.txt")));
static HIGHER_ORDER: LazyLock<HashSet<String>> =
    LazyLock::new(|| names(include_str!("functions/higher_order.txt")));

/// The names of a list, in small letters: ClickHouse takes some functions in any case, and no two of
/// the lists that differ only in case are a different function.
fn names(list: &str) -> HashSet<String> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let words = lines.flat_map(str::split_whitespace);
    words.map(str::to_ascii_lowercase).collect()
}

/// Whether callers may call a function.
pub(super) fn may_call(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SCALAR.contains(&name)
        || takes_functions(&name)
        || TABLE_FUNCTIONS.contains(&name.as_str())
        || is_combined(&name)
}

/// Whether the first argument of a function may be a function.
pub(super) fn takes_functions(name: &str) -> bool {
    HIGHER_ORDER.contains(&name.to_ascii_lowercase())
}

/// Whether a function is an aggregate function.
pub(super) fn is_aggregate(name: &str) -> bool {
    is_combined(&name.to_ascii_lowercase())
}

fn is_combined(name: &str) -> bool {
    let shorter = |combinator: &&str| name.strip_suffix(*combinator).is_some_and(is_combined);
    AGGREGATE.contains(name) || COMBINATORS.iter().any(shorter)
}

#[cfg(test)]
mod tests {
    use super::{may_call, names, takes_functions};

    #[test]
    fn ordinary_functions_are_taken() {
        for name in [
            "toString",
            "count",
            "COUNT",
            "sumIf",
            "quantilesTimingArrayIf",
            "uniqMergeState",
            "row_number",
            "arrayMap",
            "numbers",
            "dictGet",
            "tuple",
            "currentDatabase",
        ] {
            assert!(may_call(name), "{name}");
        }
        assert!(takes_functions("arrayMap") && !takes_functions("toString"));
    }

    #[test]
    fn refused_ones_are_in_no_other_list() {
        for name in names(include_str!("functions/refused.txt")) {
            assert!(!may_call(&name), "{name}");
        }
        for name in [
            "", "if", "my_udf", "fileIf", "url", "remote", "merge", "lambda", "view",
        ] {
            assert_eq!(may_call(name), name == "if", "{name}");
        }
    }
}
