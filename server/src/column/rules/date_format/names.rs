//! The names of months in the main languages of Europe, and the English ones of weekdays.
//!
//! [`super`] and the search for date formats call it; it must never know a name that is one month in one language
//! and another in another: such names stay text.

/// The names of the months from January on, as they are said in a date and in short, without capitals and without
/// marks on letters.
const MONTHS: [&[&str]; 12] = [
    &[
        "january",
        "jan",
        "januar",
        "janner",
        "janvier",
        "janv",
        "enero",
        "ene",
        "gennaio",
        "genn",
        "gen",
        "januari",
        "janeiro",
        "stycznia",
        "styczen",
        "sty",
        "tammikuuta",
        "tammikuu",
        "tammi",
        "ledna",
        "leden",
        "led",
    ],
    &[
        "february",
        "feb",
        "februar",
        "fevrier",
        "fevr",
        "fev",
        "febrero",
        "febbraio",
        "febbr",
        "februari",
        "fevereiro",
        "lutego",
        "luty",
        "lut",
        "helmikuuta",
        "helmikuu",
        "helmi",
        "unora",
        "unor",
        "uno",
    ],
    &[
        "march",
        "mar",
        "marz",
        "maerz",
        "mrz",
        "mars",
        "marzo",
        "maart",
        "mrt",
        "marco",
        "marca",
        "marzec",
        "marts",
        "maaliskuuta",
        "maaliskuu",
        "maalis",
        "brezna",
        "brezen",
        "bre",
    ],
    &[
        "april",
        "apr",
        "avril",
        "avr",
        "abril",
        "abr",
        "aprile",
        "kwietnia",
        "kwiecien",
        "kwi",
        "huhtikuuta",
        "huhtikuu",
        "huhti",
        "dubna",
        "duben",
        "dub",
    ],
    &[
        "may",
        "mai",
        "mayo",
        "maggio",
        "magg",
        "mag",
        "mei",
        "maio",
        "maja",
        "maj",
        "toukokuuta",
        "toukokuu",
        "touko",
        "kvetna",
        "kveten",
        "kve",
    ],
    &[
        "june",
        "jun",
        "juni",
        "juin",
        "junio",
        "giugno",
        "giu",
        "junho",
        "czerwca",
        "czerwiec",
        "cze",
        "kesakuuta",
        "kesakuu",
        "kesa",
        "cervna",
        "cerven",
        "cvn",
    ],
    &[
        "july",
        "jul",
        "juli",
        "juillet",
        "juil",
        "julio",
        "luglio",
        "lug",
        "julho",
        "lipca",
        "lipiec",
        "lip",
        "heinakuuta",
        "heinakuu",
        "heina",
        "cervence",
        "cervenec",
        "cvc",
    ],
    &[
        "august", "aug", "aout", "agosto", "ago", "ag", "augustus", "augusti", "sierpnia",
        "sierpien", "sie", "elokuuta", "elokuu", "elo", "srpna", "srpen", "srp",
    ],
    &[
        "september",
        "sep",
        "sept",
        "septembre",
        "septiembre",
        "setiembre",
        "set",
        "settembre",
        "sett",
        "setembro",
        "wrzesnia",
        "wrzesien",
        "wrz",
        "syyskuuta",
        "syyskuu",
        "syys",
        "zari",
        "zar",
    ],
    &[
        "october",
        "oct",
        "oktober",
        "okt",
        "octobre",
        "octubre",
        "ottobre",
        "ott",
        "outubro",
        "out",
        "pazdziernika",
        "pazdziernik",
        "paz",
        "lokakuuta",
        "lokakuu",
        "loka",
        "rijna",
        "rijen",
        "rij",
    ],
    &[
        "november",
        "nov",
        "novembre",
        "noviembre",
        "novembro",
        "listopada",
        "listopad",
        "lis",
        "marraskuuta",
        "marraskuu",
        "marras",
    ],
    &[
        "december",
        "dec",
        "dezember",
        "dez",
        "decembre",
        "diciembre",
        "dic",
        "dicembre",
        "desember",
        "des",
        "dezembro",
        "grudnia",
        "grudzien",
        "gru",
        "joulukuuta",
        "joulukuu",
        "joulu",
        "prosince",
        "prosinec",
        "pro",
    ],
];

/// The weekdays from Monday on, in lower case.
const WEEKDAYS: [&[u8]; 7] = [
    b"monday",
    b"tuesday",
    b"wednesday",
    b"thursday",
    b"friday",
    b"saturday",
    b"sunday",
];

/// The bytes of the longest name, without marks on letters.
const LONGEST: usize = 12;

/// A word in small ASCII letters.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    letters: [u8; LONGEST],
    length: usize,
}

impl Word {
    fn push(&mut self, letter: u8) -> Option<()> {
        *self.letters.get_mut(self.length)? = letter;
        self.length += 1;
        Some(())
    }

    fn as_bytes(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }
}

/// Reads the name of a month at the beginning of a text: the month from 1, and the bytes of the name.
pub(in crate::column) fn month(text: &[u8]) -> Option<(u32, usize)> {
    let (word, length) = plain_word(text)?;
    let is_word = |name: &&str| name.as_bytes() == word.as_bytes();
    let mut months = MONTHS.iter().zip(1..);
    let (_, month) = months.find(|(names, _)| names.iter().any(is_word))?;
    Some((month, length))
}

/// Takes the word at the beginning of a text without capitals and marks on letters, and its bytes.
fn plain_word(text: &[u8]) -> Option<(Word, usize)> {
    let mut word = Word::default();
    let mut place = 0;
    while let Some(byte) = text.get(place) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {
                word.push(byte.to_ascii_lowercase())?;
                place += 1;
            }
            0x80.. => {
                let (letter, length) = marked_letter(text.get(place..)?)?;
                word.push(letter)?;
                place += length;
            }
            _ => break,
        }
    }
    (word.length > 1).then_some((word, place))
}

/// Reads a letter with a mark, which has two bytes: the letter without it.
fn marked_letter(text: &[u8]) -> Option<(u8, usize)> {
    let character = std::str::from_utf8(text.get(..2)?).ok()?.chars().next()?;
    let letter = match character {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ą' | 'Á' | 'À' | 'Â' | 'Ä' | 'Ã' | 'Å' | 'Ą' => {
            b'a'
        }
        'ç' | 'č' | 'ć' | 'Ç' | 'Č' | 'Ć' => b'c',
        'é' | 'è' | 'ê' | 'ë' | 'ě' | 'ę' | 'É' | 'È' | 'Ê' | 'Ë' | 'Ě' | 'Ę' => b'e',
        'í' | 'ì' | 'î' | 'ï' | 'Í' | 'Ì' | 'Î' | 'Ï' => b'i',
        'ł' | 'Ł' => b'l',
        'ñ' | 'ń' | 'ň' | 'Ñ' | 'Ń' | 'Ň' => b'n',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'Ó' | 'Ò' | 'Ô' | 'Ö' | 'Õ' => b'o',
        'ř' | 'Ř' => b'r',
        'š' | 'ś' | 'Š' | 'Ś' => b's',
        'ú' | 'ù' | 'û' | 'ü' | 'ů' | 'Ú' | 'Ù' | 'Û' | 'Ü' | 'Ů' => b'u',
        'ž' | 'ź' | 'ż' | 'Ž' | 'Ź' | 'Ż' => b'z',
        _ => return None,
    };
    Some((letter, 2))
}

/// Reads the name of a weekday at the beginning of a text: the days after Monday, and the bytes of
/// the name.
pub(in crate::column) fn weekday(text: &[u8]) -> Option<(i32, usize)> {
    let end = text.iter().position(|byte| !byte.is_ascii_alphabetic());
    let word = text.get(..end.unwrap_or(text.len()))?;
    let start = word.get(..3)?;
    let mut names = WEEKDAYS.iter().zip(0..);
    let (name, index) = names.find(|(name, _)| {
        name.get(..3)
            .is_some_and(|name| name.eq_ignore_ascii_case(start))
    })?;
    let is_name = matches!(word.len(), 3)
        || word.eq_ignore_ascii_case(name)
        || [&b"tues"[..], b"thur", b"thurs"]
            .iter()
            .any(|short| word.eq_ignore_ascii_case(short));
    is_name.then_some((index, word.len()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{LONGEST, MONTHS, month, weekday};

    #[test]
    fn no_name_is_two_months() {
        let mut known = HashMap::new();
        for (names, month) in MONTHS.iter().zip(1..) {
            for name in *names {
                assert_eq!(known.insert(*name, month), None, "{name}");
                assert!(name.len() <= LONGEST, "{name}");
                assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
            }
        }
    }

    #[test]
    fn months_are_known_in_many_languages() {
        for (text, expected) in [
            ("Jan 5", Some((1, 3))),
            ("MÄRZ 2024", Some((3, 5))),
            ("März", Some((3, 5))),
            ("Maerz", Some((3, 5))),
            ("février 2024", Some((2, 8))),
            ("août", Some((8, 5))),
            ("AOÛT", Some((8, 5))),
            ("déc.", Some((12, 4))),
            ("marzo de 2024", Some((3, 5))),
            ("październik", Some((10, 12))),
            ("października", Some((10, 13))),
            ("červen", Some((6, 7))),
            ("červenec", Some((7, 9))),
            ("kesäkuuta", Some((6, 10))),
            ("března", Some((3, 7))),
            ("jui", None),
            ("cerv", None),
            ("j", None),
            ("", None),
            ("Maya", None),
            ("decimal", None),
            ("\u{44f}\u{43d}\u{432}", None),
            ("Mar\u{ff}", None),
        ] {
            assert_eq!(month(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn weekdays_are_english() {
        for (text, expected) in [
            ("Mon", Some((0, 3))),
            ("tues,", Some((1, 4))),
            ("Thurs", Some((3, 5))),
            ("SUNDAY", Some((6, 6))),
            ("Sund", None),
            ("Montag", None),
        ] {
            assert_eq!(weekday(text.as_bytes()), expected, "{text}");
        }
    }
}
