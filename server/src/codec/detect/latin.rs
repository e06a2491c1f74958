//! Which words can be of a language that windows-1252 is for.
//!
//! `codec::detect` asks it about text that is not UTF-8. It must never judge by single letters: each of them is of some
//! language, and together in one word they often are of none.

use encoding_rs::WINDOWS_1252;

/// The letters beyond ASCII of each language or group of them, in small letters.
const LANGUAGES: [&str; 12] = [
    // German
    "\u{e4}\u{f6}\u{fc}\u{df}",
    // French
    "\u{e0}\u{e2}\u{e6}\u{e7}\u{e9}\u{e8}\u{ea}\u{eb}\u{ee}\u{ef}\u{f4}\u{153}\u{f9}\u{fb}\u{fc}\u{ff}",
    // Spanish
    "\u{e1}\u{e9}\u{ed}\u{f1}\u{f3}\u{fa}\u{fc}",
    // Portuguese
    "\u{e1}\u{e0}\u{e2}\u{e3}\u{e7}\u{e9}\u{ea}\u{ed}\u{f3}\u{f4}\u{f5}\u{fa}\u{fc}",
    // Italian
    "\u{e0}\u{e8}\u{e9}\u{ec}\u{ed}\u{ee}\u{f2}\u{f3}\u{f9}\u{fa}",
    // Danish, Norwegian
    "\u{e6}\u{f8}\u{e5}\u{e9}\u{fc}",
    // Swedish
    "\u{e5}\u{e4}\u{f6}\u{e9}\u{fc}",
    // Icelandic
    "\u{e1}\u{f0}\u{e9}\u{ed}\u{f3}\u{fa}\u{fd}\u{fe}\u{e6}\u{f6}",
    // Dutch
    "\u{e9}\u{e8}\u{eb}\u{ef}\u{f6}\u{fc}\u{e1}\u{f3}",
    // Catalan
    "\u{e0}\u{e7}\u{e8}\u{e9}\u{ed}\u{ef}\u{f2}\u{f3}\u{fa}\u{fc}\u{b7}",
    // Finnish, Estonian
    "\u{e4}\u{f6}\u{f5}\u{fc}\u{161}\u{17e}\u{e5}",
    // Albanian
    "\u{e7}\u{eb}",
];

/// Signs that may stand right before a word.
const OPENING: &str = "\u{201c}\u{201e}\u{2018}\u{201a}\u{ab}\u{2039}\u{bf}\u{a1}\u{2022}\u{2013}\u{2014}\u{201d}\u{a0}\u{b0}";

/// Signs that may stand right behind a word.
const CLOSING: &str = "\u{201d}\u{201c}\u{2019}\u{2018}\u{bb}\u{203a}\u{2026}\u{2013}\u{2014}\u{ae}\u{2122}\u{a9}\u{aa}\u{ba}\u{b2}\u{b3}\u{a0}\u{20ac}";

/// The share of words with a character beyond ASCII, read as windows-1252, that none of the languages has.
pub(super) fn share_of_strange_words(sample: &[u8]) -> f64 {
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(sample);
    let is_between = |next: char| next.is_ascii() && !next.is_ascii_alphabetic();
    let words = text.split(is_between).filter(|word| !word.is_ascii());
    let (mut all, mut strange) = (0.0, 0.0);
    for word in words {
        // Signs alone, such as a currency or a degree before a number, say nothing.
        if !word.chars().any(char::is_alphabetic) {
            continue;
        }
        all += 1.0;
        if is_strange(word) {
            strange += 1.0;
        }
    }
    if all == 0.0 { 0.0 } else { strange / all }
}

fn is_strange(word: &str) -> bool {
    let word = word.trim_start_matches(|next| OPENING.contains(next));
    let word = word.trim_end_matches(|next| CLOSING.contains(next));
    let small = word.to_lowercase();
    // Within a word stand letters, an apostrophe, and a dash or a blank that joins two of them.
    let parts = small.split(['\u{2019}', '\u{2013}', '\u{2014}', '\u{a0}']);
    let is_of = |part: &str, letters: &str| {
        part.chars()
            .all(|next| next.is_ascii() || letters.contains(next))
    };
    let mut parts = parts.filter(|part| !part.is_ascii());
    parts.any(|part| !LANGUAGES.iter().any(|letters| is_of(part, letters)))
}

#[cfg(test)]
mod tests {
    use super::share_of_strange_words;

    fn share(text: &[u8]) -> f64 {
        share_of_strange_words(text)
    }

    #[test]
    fn words_of_western_languages_are_not_strange() {
        for text in [
            "M\u{fc}ller, Stra\u{df}e; caf\u{e9} Jos\u{e9} S\u{f8}ren \u{c5}ngstr\u{f6}m gar\u{e7}onni\u{e8}re",
            "\u{201e}\u{dc}bung\u{201c} l\u{2019}\u{e9}t\u{e9} 20 \u{b0}C \u{20ac}5 \u{a3}7 Paris\u{2013}N\u{ee}mes Stra\u{df}e\u{2026} a\u{f1}o S\u{e3}o",
        ] {
            let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(text);
            assert!(share(&bytes) < 0.01, "{text}: {}", share(&bytes));
        }
    }

    #[test]
    fn words_of_other_alphabets_are() {
        let words: [&[u8]; 6] = [
            // Czech and Polish in windows-1250, Polish in ISO 8859-2.
            b"1,P\xf8\xedli\xb9\n2,\xbelu\xbbou\xe8k\xfd\n3,Dvo\xf8\xe1k",
            b"\xa3ukasz D\xb9browski",
            b"1,\xb3\xf3d\xbc\n2,\xbfaba",
            // Mac Roman and code page 850.
            b"M\x9fller, Gr\x9a\xa7e",
            b"J\x84ger Gr\x94\xe1e",
            // Shift JIS.
            b"1,\x93\xfa\x96\x7b\x8c\xea\n2,\x83\x65\x83\x58\x83\x67\n",
        ];
        for text in words {
            assert!(share(text) >= 0.25, "{text:?}: {}", share(text));
        }
    }
}
