//! The encodings that text can arrive and leave in.
//!
//! Named by callers and found by [`detect_encoding`](super::detect_encoding). It must never stand
//! for an encoding that loses characters on the way in.

use std::fmt;

/// Names that programs and systems use for encodings of the WHATWG Encoding Standard, which has others for them.
const ALIASES: [(&str, &str); 24] = [
    ("cp932", "shift_jis"),
    ("cp936", "gbk"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("cp874", "windows-874"),
    ("cp65001", "utf-8"),
    ("ms949", "euc-kr"),
    ("uhc", "euc-kr"),
    ("ms936", "gbk"),
    ("ms950", "big5"),
    ("sjis", "shift_jis"),
    ("eucjp", "euc-jp"),
    ("euc_jp", "euc-jp"),
    ("ujis", "euc-jp"),
    ("euckr", "euc-kr"),
    ("euc_kr", "euc-kr"),
    ("gb2312-80", "gbk"),
    ("euc-cn", "gbk"),
    ("ansi", "windows-1252"),
    ("latin-1", "windows-1252"),
    ("latin-2", "iso-8859-2"),
    ("latin-9", "iso-8859-15"),
    ("latin9", "iso-8859-15"),
    ("macroman", "macintosh"),
];

/// How characters stand in a file as bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 without a byte order mark. Whether it is valid is seen where cells are typed.
    #[default]
    Utf8,
    /// UTF-8 that begins with a byte order mark.
    Utf8Bom,
    /// UTF-8 in which what is not valid becomes U+FFFD; on the way out UTF-8.
    Utf8Replace,
    /// UTF-8 in which what is not valid stays as it is in columns of texts; on the way out UTF-8.
    Utf8Bytes,
    /// UTF-16, low byte first; an export begins with a byte order mark.
    Utf16Le,
    /// UTF-16, high byte first; an export begins with a byte order mark.
    Utf16Be,
    /// Any other encoding of the WHATWG Encoding Standard, windows-1252 above all.
    ///
    /// windows-1252 is read as the standard says: the five bytes without a character (81, 8D, 8F,
    /// 90, 9D) become the control characters U+0081 to U+009D and are written back as the same
    /// bytes, so that nothing is lost.
    Legacy(&'static encoding_rs::Encoding),
}

impl Encoding {
    /// windows-1252, which has the characters of Latin-1 and more.
    pub const WINDOWS_1252: Self = Self::Legacy(encoding_rs::WINDOWS_1252);

    /// The encoding of a name such as `utf-8`, `utf-16le`, `latin1` or `shift_jis`, in any case:
    /// those of the WHATWG Encoding Standard, other usual names of these, `utf-8-bom`, `utf-8-sig`, `utf-8-replace` and
    /// `utf-8-bytes`.
    ///
    /// `utf-16` without an order of bytes is `utf-16le`, as there.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim();
        if ["utf-8-bom", "utf8-bom", "utf-8-sig"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
        {
            return Some(Self::Utf8Bom);
        }
        if name.eq_ignore_ascii_case("utf-8-replace") {
            return Some(Self::Utf8Replace);
        }
        if name.eq_ignore_ascii_case("utf-8-bytes") {
            return Some(Self::Utf8Bytes);
        }
        let folded = name.to_ascii_lowercase();
        let label = ALIASES
            .iter()
            .find(|(alias, _)| *alias == folded)
            .map_or(name, |(_, label)| label);
        let found = encoding_rs::Encoding::for_label_no_replacement(label.as_bytes())?;
        Some(if found == encoding_rs::UTF_8 {
            Self::Utf8
        } else if found == encoding_rs::UTF_16LE {
            Self::Utf16Le
        } else if found == encoding_rs::UTF_16BE {
            Self::Utf16Be
        } else {
            Self::Legacy(found)
        })
    }

    /// Whether bytes of the encoding are handed on as they are.
    pub const fn is_utf8(self) -> bool {
        matches!(self, Self::Utf8 | Self::Utf8Bom | Self::Utf8Bytes)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf8 => f.write_str("utf-8"),
            Self::Utf8Bom => f.write_str("utf-8-bom"),
            Self::Utf8Replace => f.write_str("utf-8-replace"),
            Self::Utf8Bytes => f.write_str("utf-8-bytes"),
            Self::Utf16Le => f.write_str("utf-16le"),
            Self::Utf16Be => f.write_str("utf-16be"),
            Self::Legacy(encoding) => f.write_str(&encoding.name().to_ascii_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Encoding;

    #[test]
    fn names_are_found_and_shown() {
        let cases = [
            ("utf-8", Some("utf-8")),
            (" UTF8 ", Some("utf-8")),
            ("utf-8-sig", Some("utf-8-bom")),
            ("UTF-8-BOM", Some("utf-8-bom")),
            ("utf-16", Some("utf-16le")),
            ("UTF-16BE", Some("utf-16be")),
            ("latin1", Some("windows-1252")),
            ("ISO-8859-1", Some("windows-1252")),
            ("cp1252", Some("windows-1252")),
            ("ascii", Some("windows-1252")),
            ("Shift_JIS", Some("shift_jis")),
            ("windows-1251", Some("windows-1251")),
            ("cp949", Some("euc-kr")),
            ("CP932", Some("shift_jis")),
            ("cp936", Some("gbk")),
            ("cp950", Some("big5")),
            ("cp1250", Some("windows-1250")),
            ("ANSI", Some("windows-1252")),
            ("latin9", Some("iso-8859-15")),
            ("UTF-8-replace", Some("utf-8-replace")),
            ("utf-8-BYTES", Some("utf-8-bytes")),
            ("utf-32", None),
            ("hz-gb-2312", None),
            ("", None),
        ];
        for (name, shown) in cases {
            let encoding = Encoding::from_name(name);
            assert_eq!(
                encoding.map(|found| found.to_string()).as_deref(),
                shown,
                "{name}"
            );
        }
        assert_eq!(Encoding::from_name("latin1"), Some(Encoding::WINDOWS_1252));
    }

    #[test]
    fn a_shown_name_is_found_again() {
        for name in [
            "utf-8",
            "utf-8-bom",
            "utf-8-replace",
            "utf-16le",
            "utf-16be",
            "windows-1252",
            "gbk",
            "euc-kr",
        ] {
            assert_eq!(Encoding::from_name(name).unwrap().to_string(), name);
        }
    }
}
