//! Names for columns that are safe and unique, from the header of a file.
//!
//! `transfer::upload` calls it for new tables. ClickHouse takes any name in backticks, so it must never
//! change one that is no problem.

use std::collections::HashSet;
use std::fmt;

/// Longer names make files with hashed names.
const MAX_BYTES: usize = 127;

/// The name of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameFinding {
    /// The name to use: not empty, unique, at most 127 bytes, no control characters.
    pub name: String,
    /// The bytes in the header.
    pub original: Vec<u8>,
    /// Why the two differ; None when they do not.
    pub why: Option<NameProblem>,
}

/// What is wrong with a name in a header; where several things are, the last of them in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameProblem {
    /// Spaces around it, or a byte order mark.
    Padded,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// Line ends, tabs, zero bytes and the like.
    ControlCharacters,
    /// More than 127 bytes.
    TooLong,
    /// Nothing but spaces, if that.
    Empty,
    /// The name of a column before it.
    Duplicate,
}

impl fmt::Display for NameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Padded => "there are spaces around the name",
            Self::InvalidUtf8 => "the name is not valid UTF-8",
            Self::ControlCharacters => "the name has control characters",
            Self::TooLong => "the name is longer than 127 bytes",
            Self::Empty => "the name is empty",
            Self::Duplicate => "an earlier column has the same name",
        })
    }
}

/// Finds a name for each field of a header.
///
/// A name that is empty becomes `c` and the number of its column, counted from 1; one that an earlier
/// column has gets `_2`, `_3`, … behind it, the first that no other column has.
pub fn safe_names<T: AsRef<[u8]>>(header: &[T]) -> Vec<NameFinding> {
    let cleaned: Vec<_> = header.iter().map(|name| clean(name.as_ref())).collect();
    // A made name must not be that of a column that comes later.
    let mut taken: HashSet<String> = cleaned.iter().map(|(name, _)| name.clone()).collect();
    let mut used = HashSet::new();
    let mut findings = Vec::with_capacity(header.len());
    for (index, (original, (clean, problem))) in header.iter().zip(cleaned).enumerate() {
        let (name, why) = if clean.is_empty() {
            let name = format!("c{}", index + 1);
            let is_free = !taken.contains(&name);
            (
                if is_free { name } else { unused(&name, &taken) },
                Some(NameProblem::Empty),
            )
        } else if used.contains(&clean) {
            (unused(&clean, &taken), Some(NameProblem::Duplicate))
        } else {
            (clean, problem)
        };
        taken.insert(name.clone());
        used.insert(name.clone());
        findings.push(NameFinding {
            name,
            original: original.as_ref().to_vec(),
            why,
        });
    }
    findings
}

/// Returns a name without what is wrong with it, perhaps empty, and what was wrong.
fn clean(original: &[u8]) -> (String, Option<NameProblem>) {
    let mut problem = None;
    let lossy = String::from_utf8_lossy(original);
    let trimmed = lossy.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if trimmed.len() < lossy.len() {
        problem = Some(NameProblem::Padded);
    }
    if matches!(lossy, std::borrow::Cow::Owned(_)) {
        problem = Some(NameProblem::InvalidUtf8);
    }
    let mut name = trimmed.to_owned();
    if name.contains(char::is_control) {
        problem = Some(NameProblem::ControlCharacters);
        // A line end within a name stands for the space between two words.
        let words = name.split(char::is_control).filter(|word| !word.is_empty());
        name = words.collect::<Vec<_>>().join(" ");
    }
    if name.len() > MAX_BYTES {
        problem = Some(NameProblem::TooLong);
        name = shortened(&name, MAX_BYTES).to_owned();
    }
    (name, problem)
}

/// Returns as many characters as fit.
fn shortened(name: &str, max_bytes: usize) -> &str {
    let end = name.floor_char_boundary(max_bytes);
    name.get(..end).unwrap_or(name)
}

/// Returns the first of `name_2`, `name_3`, … that is not taken.
fn unused(name: &str, taken: &HashSet<String>) -> String {
    let mut number = 2_u64;
    loop {
        let suffix = format!("_{number}");
        let candidate = format!("{}{suffix}", shortened(name, MAX_BYTES - suffix.len()));
        if !taken.contains(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{NameProblem, safe_names};

    fn check(header: &[&[u8]], expected: &[(&str, Option<NameProblem>)]) {
        let findings = safe_names(header);
        let found: Vec<_> = findings.iter().map(|f| (f.name.as_str(), f.why)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn names_without_a_problem_are_kept() {
        for name in [
            "id",
            "Größe (cm)",
            "a`b",
            "select",
            "1st",
            "x.y",
            "日本",
            "a b",
            "-",
        ] {
            check(&[name.as_bytes()], &[(name, None)]);
        }
    }

    #[test]
    fn empty_names_are_those_of_their_place() {
        check(
            &[b"a", b"", b"  ", b"c3", b""],
            &[
                ("a", None),
                ("c2", Some(NameProblem::Empty)),
                ("c3_2", Some(NameProblem::Empty)),
                ("c3", None),
                ("c5", Some(NameProblem::Empty)),
            ],
        );
    }

    #[test]
    fn duplicates_get_the_first_number_that_is_free() {
        check(
            &[b"name", b"name", b"name_2", b"name", b"Name"],
            &[
                ("name", None),
                ("name_3", Some(NameProblem::Duplicate)),
                ("name_2", None),
                ("name_4", Some(NameProblem::Duplicate)),
                ("Name", None),
            ],
        );
    }

    #[test]
    fn odd_names_are_made_safe() {
        check(
            &[
                b" a ",
                b"\xef\xbb\xbfb",
                b"two\r\nlines",
                b"nul\0",
                b"caf\xe9",
                b"a",
            ],
            &[
                ("a", Some(NameProblem::Padded)),
                ("b", Some(NameProblem::Padded)),
                ("two lines", Some(NameProblem::ControlCharacters)),
                ("nul", Some(NameProblem::ControlCharacters)),
                ("caf\u{fffd}", Some(NameProblem::InvalidUtf8)),
                ("a_2", Some(NameProblem::Duplicate)),
            ],
        );
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let exact = "x".repeat(127);
        check(&[exact.as_bytes()], &[(&exact, None)]);
        let long = format!("{}é", "x".repeat(126));
        let cut = "x".repeat(126);
        check(&[long.as_bytes()], &[(&cut, Some(NameProblem::TooLong))]);
        let findings = safe_names(&[long.as_bytes(), long.as_bytes()]);
        assert!(findings[1].name.ends_with("x_2") && findings[1].name.len() <= 127);
    }

    #[test]
    fn thousands_of_equal_names_are_no_trouble() {
        let header = vec!["x"; 5_000];
        let names: std::collections::HashSet<_> = safe_names(&header)
            .into_iter()
            .map(|finding| finding.name)
            .collect();
        assert_eq!(names.len(), 5_000);
    }
}
