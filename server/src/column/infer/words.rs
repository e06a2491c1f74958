//! Words: those that stand for a missing value, and those for true and false.
//!
//! Only [`super`] uses it. A word that could be a value of a column that is no text must never stand
//! among the missing ones: no number does but NaN, which `decide` takes back where floats are, and no
//! single letter.

/// The longest text that can stand for a missing value.
const LONGEST: usize = 19;
/// Longer runs of punctuation are text.
const LONGEST_PUNCTUATION: usize = 5;

/// The words for a missing value, in lower case.
const NULL_WORDS: [&str; 68] = [
    "na",
    "n/a",
    "n.a.",
    "n.a",
    "n a",
    "n\\a",
    "#n/a",
    "#na",
    "#n/a n/a",
    "<na>",
    "(na)",
    "n/d",
    "n.d.",
    "nd",
    "n/k",
    "nan",
    "-nan",
    "+nan",
    "(nan)",
    "1.#ind",
    "-1.#ind",
    "1.#qnan",
    "-1.#qnan",
    "null",
    "(null)",
    "<null>",
    "[null]",
    "\\n",
    "#null!",
    "nil",
    "<nil>",
    "none",
    "(none)",
    "<none>",
    "[none]",
    "missing",
    "(missing)",
    "unknown",
    "(unknown)",
    "unk",
    "undefined",
    "undef",
    "unspecified",
    "not available",
    "not applicable",
    "not known",
    "not reported",
    "not specified",
    "not recorded",
    "no data",
    "nodata",
    "no value",
    "no answer",
    "blank",
    "(blank)",
    "empty",
    "(empty)",
    "tbd",
    "tba",
    "t.b.d.",
    "#value!",
    "#div/0!",
    "#ref!",
    "#name?",
    "#num!",
    "nat",
    "0000-00-00",
    "0000-00-00 00:00:00",
];

/// Dashes beyond ASCII: hyphen, figure dash, en dash, em dash, minus; and the ellipsis.
const DASHES: [&str; 6] = [
    "\u{2010}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2212}", "\u{2026}",
];

/// Returns whether a text stands for a missing value in a column that is otherwise no text.
#[inline]
pub(super) fn is_null_word(text: &[u8]) -> bool {
    // Most values are numbers, and of the words only the zero dates end in a digit.
    let ends_in_digit = text.last().is_some_and(u8::is_ascii_digit);
    if text.len() > LONGEST || ends_in_digit && !text.starts_with(b"0000") {
        return false;
    }
    let is = |word: &&str| text.eq_ignore_ascii_case(word.as_bytes());
    is_punctuation(text) || NULL_WORDS.iter().any(is) || DASHES.iter().any(is)
}

/// Returns whether a text is a few marks such as `-`, `?`, `..` or `***`, but not the address `::`.
fn is_punctuation(text: &[u8]) -> bool {
    let is_mark = |byte: &u8| {
        matches!(
            byte,
            b'-' | b'?' | b'.' | b'*' | b'#' | b'/' | b'_' | b'~' | b'!' | b':' | b'+'
        )
    };
    (1..=LONGEST_PUNCTUATION).contains(&text.len()) && text.iter().all(is_mark) && text != b"::"
}

/// Words for a missing value that a column has.
#[derive(Clone, Debug, Default)]
pub(super) struct NullWords {
    words: Vec<NullWord>,
    is_too_many: bool,
}

/// One such word as it is written.
#[derive(Clone, Debug)]
pub(super) struct NullWord {
    pub(super) text: Vec<u8>,
    pub(super) count: u64,
    pub(super) was_quoted: bool,
}

impl NullWords {
    /// A column with more spellings is a text.
    const MOST: usize = 8;

    pub(super) fn add(&mut self, text: &[u8], quoted: bool) {
        if let Some(word) = self.words.iter_mut().find(|word| word.text == text) {
            word.count += 1;
            word.was_quoted |= quoted;
        } else if self.words.len() < Self::MOST {
            self.words.push(NullWord {
                text: text.to_vec(),
                count: 1,
                was_quoted: quoted,
            });
        } else {
            self.is_too_many = true;
        }
    }

    /// Returns the words in the order in which they came.
    pub(super) fn words(&self) -> &[NullWord] {
        &self.words
    }

    pub(super) const fn is_too_many(&self) -> bool {
        self.is_too_many
    }
}

/// The words for truth values that a column has.
#[derive(Clone, Debug, Default)]
pub(super) struct TruthWords {
    seen: u16,
    /// Words that the caller has given.
    known: Vec<Vec<u8>>,
    has_known: bool,
}

/// The words, each pair true first. Those of one line may stand in one column.
const TRUTHS: [(&str, u16); 10] = [
    ("true", 1),
    ("false", 2),
    ("t", 4),
    ("f", 8),
    ("yes", 16),
    ("no", 32),
    ("y", 64),
    ("n", 128),
    ("on", 256),
    ("off", 512),
];

impl TruthWords {
    /// The bits of the words that may stand together.
    const GROUPS: [u16; 3] = [1 | 2 | 4 | 8, 16 | 32 | 64 | 128, 256 | 512];
    const TRUE: u16 = 1 | 4 | 16 | 64 | 256;
    const FALSE: u16 = Self::TRUE << 1;

    /// Takes the words of the caller as truth values.
    pub(super) fn know(&mut self, true_words: &[Vec<u8>], false_words: &[Vec<u8>]) {
        self.known = [true_words, false_words].concat();
    }

    /// Returns whether a text that is more than letters may be a truth value.
    pub(super) fn has_own_words(&self) -> bool {
        !self.known.is_empty()
    }

    /// Takes a text into account; false when it is no truth value, or none that goes with the others.
    pub(super) fn observe(&mut self, text: &[u8]) -> bool {
        if self
            .known
            .iter()
            .any(|word| word.eq_ignore_ascii_case(text))
        {
            self.has_known = true;
            return true;
        }
        let mut words = TRUTHS.iter();
        let Some((_, bit)) = words.find(|(word, _)| text.eq_ignore_ascii_case(word.as_bytes()))
        else {
            return false;
        };
        self.seen |= bit;
        Self::GROUPS.iter().any(|group| self.seen & !group == 0)
    }

    /// Returns whether the words can be nothing else than truth values: `true` or `false`, or both
    /// sides of another pair.
    pub(super) const fn are_clear(&self) -> bool {
        self.has_known
            || self.seen & 3 != 0
            || self.seen & Self::TRUE != 0 && self.seen & Self::FALSE != 0
    }
}

#[cfg(test)]
mod tests {
    use super::{TruthWords, is_null_word};

    #[test]
    fn words_for_missing_values_are_known_in_any_case() {
        for word in [
            "NA",
            "n/a",
            "?",
            "-",
            "--",
            "null",
            "NULL",
            "None",
            "nan",
            "NaN",
            ".",
            "#N/A",
            "missing",
            "Unknown",
            "..",
            "***",
            "\u{2014}",
            "<NA>",
            "not available",
            "0000-00-00",
            "1.#QNAN",
        ] {
            assert!(is_null_word(word.as_bytes()), "{word}");
        }
    }

    #[test]
    fn values_and_other_words_are_not_missing() {
        for word in [
            "", "0", "-1", "-999", "no", "n", "x", "abc", "::", "inf", "------", "1.5", "-.5",
            "nanny",
        ] {
            assert!(!is_null_word(word.as_bytes()), "{word}");
        }
    }

    #[test]
    fn truth_values_come_in_pairs() {
        let clear = |words: &[&str]| {
            let mut truths = TruthWords::default();
            words.iter().all(|word| truths.observe(word.as_bytes())) && truths.are_clear()
        };
        for words in [
            &["true"][..],
            &["TRUE", "f"],
            &["Y", "n"],
            &["yes", "No", "y"],
            &["on", "off"],
        ] {
            assert!(clear(words), "{words:?}");
        }
        for words in [
            &["yes"][..],
            &["t"],
            &["n", "no"],
            &["yes", "true"],
            &["on", "no"],
            &["maybe"],
        ] {
            assert!(!clear(words), "{words:?}");
        }
    }
}
