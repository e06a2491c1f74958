//! Which connections a caller may use: names, and patterns such as `dev_*`.
//!
//! Read from claims and from the configuration, asked by `policy`. A pattern that cannot be read must
//! never be left out in silence: a limit that is not understood would be no limit.

use std::{fmt, str::FromStr};

use super::tables::NamePattern;

/// Why a pattern cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name of a connection: write warehouse, or dev_* for all that begin so")]
pub struct ConnectionPatternError(pub String);

/// Connections by their names: `warehouse`, `dev_*`, `*`. Upper and lower case differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionPattern(NamePattern);

impl FromStr for ConnectionPattern {
    type Err = ConnectionPatternError;

    fn from_str(text: &str) -> Result<Self, ConnectionPatternError> {
        let pattern = NamePattern::parse(text).map(Self);
        pattern.ok_or_else(|| ConnectionPatternError(text.chars().take(64).collect()))
    }
}

impl fmt::Display for ConnectionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The connections that a caller may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionLimit {
    /// Every one, and a ClickHouse of the caller's own where the server allows that.
    All,
    /// Those that one of the patterns matches: none, without patterns.
    Only(Vec<ConnectionPattern>),
}

impl ConnectionLimit {
    /// Whether the connection is one of them.
    pub fn allow(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(patterns) => patterns.iter().any(|each| each.0.matches(name)),
        }
    }

    /// Whether there is a limit at all.
    pub const fn is_limited(&self) -> bool {
        matches!(self, Self::Only(_))
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnectionLimit, ConnectionPattern};

    #[test]
    fn a_pattern_means_what_it_says() {
        for (pattern, name, expected) in [
            ("prod", "prod", true),
            ("prod", "prod2", false),
            ("prod", "Prod", false),
            ("dev_*", "dev_a", true),
            ("dev_*", "dev", false),
            ("*", "anything", true),
        ] {
            let limit = ConnectionLimit::Only(vec![pattern.parse().unwrap()]);
            assert_eq!(limit.allow(name), expected, "{pattern} {name}");
        }
        assert!(!ConnectionLimit::Only(Vec::new()).allow("default"));
        for text in ["", "a*b", "**", "*a", "a\n"] {
            text.parse::<ConnectionPattern>().unwrap_err();
        }
    }
}
