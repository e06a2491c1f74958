//! Which tables a caller may use: patterns such as `sales.*`.
//!
//! Read from claims and from the configuration, asked by `policy`. A pattern that cannot be read must
//! never be left out in silence: a limit that is not understood would be no limit.

use std::{fmt, str::FromStr};

/// The longest pattern, in bytes: two names of ClickHouse's longest and a dot.
const MAX_PATTERN_BYTES: usize = 512;

/// Why a pattern cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no table pattern: write database.table, where each may end in *, such as sales.*"
)]
pub struct PatternError(pub String);

/// Tables by their names: `db.t`, `db.*`, `*.t`, `db.prefix_*`, `*`. Upper and lower case differ. What
/// stands before the first dot is the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePattern {
    database: NamePattern,
    table: NamePattern,
}

/// One name, or all that begin so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NamePattern {
    Prefix(String),
    Exact(String),
}

impl NamePattern {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, is_prefix) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        let is_name = !name.contains('*') && !name.chars().any(char::is_control);
        match (is_name, is_prefix) {
            (true, true) => Some(Self::Prefix(name.to_owned())),
            (true, false) if !name.is_empty() => Some(Self::Exact(name.to_owned())),
            (_, _) => None,
        }
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
            Self::Exact(exact) => name == exact,
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
            Self::Exact(name) => f.write_str(name),
        }
    }
}

impl TablePattern {
    /// Whether the table is meant.
    pub fn matches(&self, database: &str, table: &str) -> bool {
        self.database.matches(database) && self.table.matches(table)
    }
}

impl FromStr for TablePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let parse = || {
            if text.len() > MAX_PATTERN_BYTES {
                return None;
            }
            let (database, table) = match text {
                "*" => ("*", "*"),
                _ => text.split_once('.')?,
            };
            let (database, table) = (NamePattern::parse(database)?, NamePattern::parse(table)?);
            Some(Self { database, table })
        };
        parse().ok_or_else(|| PatternError(text.chars().take(64).collect()))
    }
}

impl fmt::Display for TablePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}

/// The tables that a caller may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tables {
    /// Every one.
    All,
    /// Those that one of the patterns matches: none, without patterns.
    Only(Vec<TablePattern>),
}

impl Tables {
    /// Whether the table is one of them.
    pub fn allow(&self, database: &str, table: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(patterns) => patterns.iter().any(|each| each.matches(database, table)),
        }
    }

    /// Whether some table of the database may be one of them.
    pub fn allow_in(&self, database: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(patterns) => patterns.iter().any(|each| each.database.matches(database)),
        }
    }

    /// Whether there is a limit at all.
    pub const fn is_limited(&self) -> bool {
        matches!(self, Self::Only(_))
    }
}

#[cfg(test)]
mod tests {
    use super::{TablePattern, Tables};

    fn tables(patterns: &[&str]) -> Tables {
        Tables::Only(patterns.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn a_pattern_means_what_it_says() {
        let cases = [
            ("db.*", "db", "t", true),
            ("db.*", "db2", "t", false),
            ("db.*", "DB", "t", false),
            ("*.t", "any", "t", true),
            ("*.t", "any", "t2", false),
            ("db.t", "db", "t", true),
            ("db.t", "db", "tt", false),
            ("db.prefix_*", "db", "prefix_", true),
            ("db.prefix_*", "db", "prefix_a", true),
            ("db.prefix_*", "db", "prefix", false),
            ("team_*.t", "team_a", "t", true),
            ("*", "any", "thing", true),
            ("db.t.x", "db", "t.x", true),
            ("db.t.x", "db.t", "x", false),
            ("db.t", "", "db.t", false),
        ];
        for (pattern, database, table, expected) in cases {
            let allowed = tables(&[pattern]).allow(database, table);
            assert_eq!(allowed, expected, "{pattern} {database} {table}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let long = format!("db.{}", "x".repeat(600));
        for text in [
            "", "db", ".", "db.", ".t", "d*b.t", "**.t", "db.*x", "db.t\n", &long,
        ] {
            assert!(text.parse::<TablePattern>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn no_patterns_mean_no_tables() {
        assert!(!tables(&[]).allow("db", "t"));
        assert!(!tables(&[]).allow_in("db"));
        assert!(Tables::All.allow("db", "t"));
        assert!(tables(&["a.*", "db.t"]).allow_in("db"));
    }

    #[test]
    fn a_pattern_is_written_as_it_was_read() {
        for text in ["db.*", "*.t", "db.prefix_*", "a.b.c"] {
            assert_eq!(text.parse::<TablePattern>().unwrap().to_string(), text);
        }
    }
}
