//! Takes the engine clause of a table apart, as `system.tables.engine_full` shows it.
//!
//! Used by `clickhouse::sql::staging` and `transfer::commit`. It never evaluates an expression: what
//! stands in a clause is handed on as ClickHouse wrote it.

/// The words that begin a clause, in the order in which ClickHouse writes them.
const CLAUSES: [&str; 6] = [
    "PARTITION BY",
    "PRIMARY KEY",
    "ORDER BY",
    "SAMPLE BY",
    "TTL",
    "SETTINGS",
];

/// The engine of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineClause {
    /// The name, such as `ReplacingMergeTree`.
    pub name: String,
    /// Its arguments, without the parentheses; empty when there are none.
    pub arguments: String,
    clauses: Vec<(&'static str, String)>,
}

impl EngineClause {
    /// Reads a text such as `MergeTree PARTITION BY d ORDER BY id SETTINGS index_granularity = 8192`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut starts = Vec::new();
        for place in top_level(text) {
            let rest = text.get(place..).unwrap_or_default();
            let word = CLAUSES.iter().find(|word| begins_with_word(rest, word));
            if let Some(word) = word {
                starts.push((place, *word));
            }
        }
        let head_end = starts.first().map_or(text.len(), |(place, _)| *place);
        let head = text.get(..head_end).unwrap_or_default().trim();
        let (name, arguments) = match head.split_once('(') {
            Some((name, rest)) => (name, rest.trim_end().strip_suffix(')').unwrap_or(rest)),
            None => (head, ""),
        };
        let ends = starts.iter().skip(1).map(|(place, _)| *place);
        let ends = ends.chain([text.len()]);
        let clauses = starts.iter().zip(ends).map(|((start, word), end)| {
            let body = text.get(start + word.len()..end).unwrap_or_default();
            (*word, body.trim().to_owned())
        });
        Self {
            name: name.trim().to_owned(),
            arguments: arguments.trim().to_owned(),
            clauses: clauses.collect(),
        }
    }

    /// Whether the table is of the MergeTree family.
    #[must_use]
    pub fn is_merge_tree(&self) -> bool {
        self.name.ends_with("MergeTree")
    }

    /// Whether its parts are kept by several servers.
    #[must_use]
    pub fn is_replicated(&self) -> bool {
        self.is_merge_tree()
            && (self.name.starts_with("Replicated") || self.name.starts_with("Shared"))
    }

    /// Whether its parts are one set that every server sees, as in ClickHouse Cloud.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.is_merge_tree() && self.name.starts_with("Shared")
    }

    /// Whether it has a partition key.
    #[must_use]
    pub fn is_partitioned(&self) -> bool {
        let key = self.clause("PARTITION BY");
        key.is_some_and(|key| key != "tuple()")
    }

    /// Whether it is written in the form that was deprecated in 2018, keys in parentheses.
    #[must_use]
    pub fn is_deprecated_form(&self) -> bool {
        self.is_merge_tree() && self.clause("ORDER BY").is_none()
    }

    /// Its arguments, one by one, as they are written.
    #[must_use]
    pub fn argument_list(&self) -> Vec<&str> {
        comma_separated(&self.arguments)
    }

    /// The value of a setting, as it is written.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        let mut settings = self.settings().into_iter();
        settings.find_map(|(own, value)| (own == name).then_some(value))
    }

    /// All settings.
    pub(super) fn settings(&self) -> Vec<(&str, &str)> {
        let text = self.clause("SETTINGS").unwrap_or_default();
        let settings = comma_separated(text).into_iter();
        let settings = settings.filter_map(|part| part.split_once('='));
        settings
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect()
    }

    /// The clauses that tables must have in common for partitions to move between them.
    pub(super) fn keys(&self) -> String {
        let keys = ["PARTITION BY", "PRIMARY KEY", "ORDER BY", "SAMPLE BY"];
        let written = keys.iter().filter_map(|word| {
            let body = self.clause(word)?;
            Some(format!("{word} {body}"))
        });
        written.collect::<Vec<_>>().join("\n")
    }

    fn clause(&self, word: &str) -> Option<&str> {
        let mut clauses = self.clauses.iter();
        clauses.find_map(|(own, body)| (*own == word).then_some(body.as_str()))
    }
}

/// Whether a text begins with a word, and not with a longer one.
fn begins_with_word(text: &str, word: &str) -> bool {
    let rest = text.strip_prefix(word);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// The parts of a text between its commas.
fn comma_separated(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for place in top_level(text).filter(|place| text.as_bytes().get(*place) == Some(&b',')) {
        parts.push(text.get(start..place).unwrap_or_default().trim());
        start = place + 1;
    }
    parts.push(text.get(start..).unwrap_or_default().trim());
    parts
}

/// The places of a text that stand in no parentheses and no quotes, and begin a word or are a comma.
fn top_level(text: &str) -> impl Iterator<Item = usize> + '_ {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut is_escaped = false;
    let mut before = ' ';
    text.char_indices().filter_map(move |(place, c)| {
        let begins = before == ' ' || c == ',';
        before = c;
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if c == '\\' => is_escaped = true,
            Some(mark) if c == mark => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '`' | '"' => quote = Some(c),
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                _ => return (depth == 0 && begins).then_some(place),
            },
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::EngineClause;

    #[test]
    fn every_clause_is_found() {
        let engine = EngineClause::parse(
            "ReplicatedReplacingMergeTree('/t/{uuid}', 'r (ORDER BY x', v) PARTITION BY toYYYYMM(d) \
             PRIMARY KEY (a, b) ORDER BY (a, b, `TTL c`) SAMPLE BY b TTL d + toIntervalDay(1) \
             SETTINGS index_granularity = 4096, storage_policy = 'a, b', x = 1",
        );
        assert_eq!(engine.name, "ReplicatedReplacingMergeTree");
        assert_eq!(engine.arguments, "'/t/{uuid}', 'r (ORDER BY x', v");
        assert!(engine.is_merge_tree() && engine.is_replicated() && engine.is_partitioned());
        assert_eq!(engine.setting("storage_policy"), Some("'a, b'"));
        assert_eq!(engine.setting("x"), Some("1"));
        assert_eq!(engine.setting("y"), None);
        assert_eq!(
            engine.keys(),
            "PARTITION BY toYYYYMM(d)\nPRIMARY KEY (a, b)\nORDER BY (a, b, `TTL c`)\nSAMPLE BY b"
        );
    }

    #[test]
    fn bare_engines_have_no_clause() {
        for name in ["Log", "Memory", "Null", ""] {
            let engine = EngineClause::parse(name);
            assert_eq!((engine.name.as_str(), engine.keys().as_str()), (name, ""));
            assert!(!engine.is_merge_tree() && !engine.is_partitioned());
        }
        assert!(EngineClause::parse("MergeTree(d, (a), 8192)").is_deprecated_form());
        assert!(!EngineClause::parse("MergeTree ORDER BY tuple()").is_deprecated_form());
    }

    #[test]
    fn no_text_breaks_it() {
        for text in [
            "(",
            "')",
            "MergeTree SETTINGS",
            "SETTINGS =",
            "ORDER BY",
            "é ORDER BY ü",
        ] {
            let engine = EngineClause::parse(text);
            engine.settings();
            engine.keys();
        }
    }
}
