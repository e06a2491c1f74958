//! The bytes that cut a flat file into records and fields, validated once.
//!
//! Whoever knows the request makes a [`Dialect`]; the decoder and the encoder trust it.
//! It must never hold two roles for one byte.

/// The byte that starts an escape sequence in TSV.
const BACKSLASH: u8 = b'\\';

/// How the bytes of a flat file are cut into records and fields.
///
/// Start from [`Dialect::csv`] or [`Dialect::tsv`] and change what differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    delimiter: u8,
    quote: Option<u8>,
    escape: Option<u8>,
    header: bool,
}

/// What is wrong with a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DialectError {
    /// The delimiter or the quote is no ASCII character, or a line end or NUL.
    #[error(
        "the {role} is the byte 0x{byte:02x}; take an ASCII character other than CR, LF and NUL"
    )]
    UnusableByte {
        /// `delimiter` or `quote`.
        role: &'static str,
        /// The byte that was given.
        byte: u8,
    },
    /// One byte has two roles.
    #[error("the {role} 0x{byte:02x} is also the {other}; take different characters")]
    SameByte {
        /// The role that was being set: `delimiter` or `quote`.
        role: &'static str,
        /// The role that the byte already has: `delimiter` or `quote`.
        other: &'static str,
        /// The byte that was given.
        byte: u8,
    },
    /// NULL is written as `\N`, so neither byte can delimit or quote.
    #[error("the {role} {:?} is part of the null marker `\\N`; take another", char::from(*byte))]
    InNullMarker {
        /// `delimiter` or `quote`.
        role: &'static str,
        /// The byte that was given.
        byte: u8,
    },
    /// A letter or digit after a backslash has a meaning of its own, so it cannot delimit TSV.
    #[error("the delimiter {:?} is a letter or digit, which TSV escapes use; take another", char::from(*byte))]
    DelimiterInEscapes {
        /// The byte that was given.
        byte: u8,
    },
    /// TSV protects text with escapes and takes no quote.
    #[error("tsv has escapes and takes no quote; leave the quote out or choose csv")]
    QuoteWithEscapes,
}

impl Dialect {
    /// Comma, double quotes, no escapes, with a header.
    pub const fn csv() -> Self {
        Self {
            delimiter: b',',
            quote: Some(b'"'),
            escape: None,
            header: true,
        }
    }

    /// Tab, no quotes, backslash escapes as in ClickHouse's `TabSeparated`, with a header.
    pub const fn tsv() -> Self {
        Self {
            delimiter: b'\t',
            quote: None,
            escape: Some(BACKSLASH),
            header: true,
        }
    }

    /// Takes another delimiter.
    ///
    /// # Errors
    ///
    /// Fails when the byte is not ASCII, is CR, LF, NUL, `\` or `N`, is the quote, or, in a dialect
    /// with escapes, is a letter or digit.
    pub fn with_delimiter(self, delimiter: u8) -> Result<Self, DialectError> {
        check_usable("delimiter", delimiter)?;
        check_differs("delimiter", delimiter, "quote", self.quote)?;
        if self.escape.is_some() && delimiter.is_ascii_alphanumeric() {
            return Err(DialectError::DelimiterInEscapes { byte: delimiter });
        }
        Ok(Self { delimiter, ..self })
    }

    /// Takes another quote, or none: then every byte between two delimiters is text.
    ///
    /// # Errors
    ///
    /// Fails when the byte is not ASCII, is CR, LF, NUL, `\` or `N`, is the delimiter, or the dialect
    /// has escapes.
    pub fn with_quote(self, quote: Option<u8>) -> Result<Self, DialectError> {
        if let Some(byte) = quote {
            if self.escape.is_some() {
                return Err(DialectError::QuoteWithEscapes);
            }
            check_usable("quote", byte)?;
            check_differs("quote", byte, "delimiter", Some(self.delimiter))?;
        }
        Ok(Self { quote, ..self })
    }

    /// Says whether the first record names the columns.
    #[must_use]
    pub const fn with_header(self, header: bool) -> Self {
        Self { header, ..self }
    }

    /// The byte between two fields.
    pub const fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The byte around a protected field, doubled inside it.
    pub const fn quote(&self) -> Option<u8> {
        self.quote
    }

    /// The byte that starts an escape sequence: the backslash for TSV, none for CSV.
    pub const fn escape(&self) -> Option<u8> {
        self.escape
    }

    /// Whether the first record names the columns. Default: true.
    pub const fn header(&self) -> bool {
        self.header
    }
}

fn check_usable(role: &'static str, byte: u8) -> Result<(), DialectError> {
    if !byte.is_ascii() || matches!(byte, b'\r' | b'\n' | 0) {
        return Err(DialectError::UnusableByte { role, byte });
    }
    if super::NULL_MARKER.contains(&byte) {
        return Err(DialectError::InNullMarker { role, byte });
    }
    Ok(())
}

fn check_differs(
    role: &'static str,
    byte: u8,
    other: &'static str,
    taken: Option<u8>,
) -> Result<(), DialectError> {
    if taken == Some(byte) {
        return Err(DialectError::SameByte { role, other, byte });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Dialect, DialectError};

    #[test]
    fn usual_delimiters_and_quotes_are_taken() {
        for delimiter in [b';', b'|', b'\t', b' ', 0x01, b'5'] {
            let dialect = Dialect::csv().with_delimiter(delimiter).unwrap();
            assert_eq!(dialect.delimiter(), delimiter);
        }
        assert_eq!(
            Dialect::csv().with_quote(Some(b'\'')).unwrap().quote(),
            Some(b'\'')
        );
        assert_eq!(Dialect::csv().with_quote(None).unwrap().quote(), None);
        assert!(!Dialect::tsv().with_header(false).header());
    }

    #[test]
    fn bytes_that_cannot_work_are_refused() {
        for byte in [b'\r', b'\n', 0, 0x80, 0xFF] {
            let refused = DialectError::UnusableByte {
                role: "delimiter",
                byte,
            };
            assert_eq!(Dialect::csv().with_delimiter(byte), Err(refused));
            let refused = DialectError::UnusableByte {
                role: "quote",
                byte,
            };
            assert_eq!(Dialect::csv().with_quote(Some(byte)), Err(refused));
        }
    }

    #[test]
    fn one_byte_has_one_role() {
        assert!(Dialect::csv().with_delimiter(b'"').is_err());
        assert!(Dialect::csv().with_quote(Some(b',')).is_err());
        assert!(Dialect::tsv().with_delimiter(b'\\').is_err());
        assert!(Dialect::csv().with_delimiter(b'N').is_err());
        assert!(Dialect::csv().with_quote(Some(b'\\')).is_err());
        let unquoted = Dialect::csv().with_quote(None).unwrap();
        assert_eq!(unquoted.with_delimiter(b'"').unwrap().delimiter(), b'"');
    }

    #[test]
    fn tsv_takes_neither_quote_nor_alphanumeric_delimiter() {
        assert_eq!(
            Dialect::tsv().with_quote(Some(b'"')),
            Err(DialectError::QuoteWithEscapes)
        );
        assert!(Dialect::tsv().with_quote(None).is_ok());
        let refused = DialectError::DelimiterInEscapes { byte: b'n' };
        assert_eq!(Dialect::tsv().with_delimiter(b'n'), Err(refused));
        assert_eq!(
            refused.to_string(),
            "the delimiter 'n' is a letter or digit, which TSV escapes use; take another"
        );
    }
}
