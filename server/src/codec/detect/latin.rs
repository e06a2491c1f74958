//! Which words can be of a language that windows-1252 is for.
//!
//! `codec::detect` asks it about text that is not UTF-8. It must never judge by single letters: each of them is of some
//! language, and together in one word they often are of none.

use encoding_rs::WINDOWS_1252;

/// The letters beyond ASCII of each language or group of them, in small letters.
const LANGUAGES: [&str; 12] = [
    // German
    "äöüß",
    // French
    "àâæçéèêëîïôœùûüÿ",
    // Spanish
    "áéíñóúü",
    // Portuguese
    "áàâãçéêíóôõúü",
    // Italian
    "àèéìíîòóùú",
    // Danish, Norwegian
    "æøåéü",
    // Swedish
    "åäöéü",
    // Icelandic
    "áðéíóúýþæö",
    // Dutch
    "éèëïöüáó",
    // Catalan
    "àçèéíïòóúü·",
    // Finnish, Estonian
    "äöõüšžå",
    // Albanian
    "çë",
];

/// Signs that may stand right before a word.
const OPENING: &str = "“„\u{2018}\u{201a}«‹¿¡•–—”\u{a0}°";

/// Signs that may stand right behind a word.
const CLOSING: &str = "”“\u{2019}\u{2018}»›…–—®™©ªº²³\u{a0}€";

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
            "Müller, Straße; café José Søren Ångström garçonnière",
            "„Übung“ l\u{2019}été 20 °C €5 £7 Paris–Nîmes Straße… año São",
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
