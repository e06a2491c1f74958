//! The bytes that cut a flat file into records and fields, validated once.
//!
//! Whoever knows the request makes a [`Dialect`]; the decoder and the encoder trust it.
//! It must never hold two roles for one byte.

mod checks;
mod error;
mod mark;

pub use error::DialectError;

use mark::Mark;

/// The byte that starts an escape sequence in TSV.
const BACKSLASH: u8 = b'\\';

/// The greatest number of bytes of a delimiter and of a comment prefix.
pub const MAX_MARK_BYTES: usize = 8;

/// The greatest number of records that can name the columns together.
pub const MAX_HEADER_ROWS: u8 = 4;

/// How the bytes of a flat file are cut into records and fields.
///
/// Start from [`Dialect::csv`] or [`Dialect::tsv`] and change what differs. Each change is checked
/// against what is there, so take a role away from a byte before giving it another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    delimiter: Mark,
    quote: Option<u8>,
    escape: Option<u8>,
    is_tsv: bool,
    comment: Option<Mark>,
    skip_initial_space: bool,
    skip_lines: u32,
    header_rows: u8,
    end_line: Option<u64>,
}

impl Dialect {
    /// Comma, double quotes, no escapes, with a header.
    pub const fn csv() -> Self {
        Self {
            delimiter: Mark::byte(b','),
            quote: Some(b'"'),
            escape: None,
            is_tsv: false,
            comment: None,
            skip_initial_space: false,
            skip_lines: 0,
            header_rows: 1,
            end_line: None,
        }
    }

    /// Tab, no quotes, backslash escapes as in ClickHouse's `TabSeparated`, with a header.
    pub const fn tsv() -> Self {
        Self {
            delimiter: Mark::byte(b'\t'),
            quote: None,
            escape: Some(BACKSLASH),
            is_tsv: true,
            ..Self::csv()
        }
    }

    /// Takes another delimiter of one byte.
    ///
    /// # Errors
    ///
    /// Fails as [`with_long_delimiter`](Self::with_long_delimiter) does.
    pub fn with_delimiter(self, delimiter: u8) -> Result<Self, DialectError> {
        self.with_long_delimiter(&[delimiter])
    }

    /// Takes another delimiter of 1 to 8 bytes, such as `||` or a character beyond ASCII.
    ///
    /// Where it could begin at several places, the leftmost counts: `a|||b` is `a` and `|b`.
    ///
    /// # Errors
    ///
    /// Fails when it holds CR, LF or NUL, the quote or the escape, cannot be told from the null
    /// marker `\N`, the comment prefix or a byte order mark, begins with a letter or digit in TSV,
    /// or begins with a space and goes on while spaces after delimiters are skipped.
    pub fn with_long_delimiter(self, delimiter: &[u8]) -> Result<Self, DialectError> {
        let delimiter = Mark::new(Self::DELIMITER, delimiter)?;
        Self { delimiter, ..self }.checked(Self::DELIMITER)
    }

    /// Takes another quote, or none: then every byte between two delimiters is text.
    ///
    /// # Errors
    ///
    /// Fails when the byte is CR, LF, NUL, `\` or `N`, has another role, or the dialect is TSV.
    pub fn with_quote(self, quote: Option<u8>) -> Result<Self, DialectError> {
        if self.is_tsv && quote.is_some() {
            return Err(DialectError::QuoteWithEscapes);
        }
        Self { quote, ..self }.checked(Self::QUOTE)
    }

    /// Takes a byte after which any byte is text as it stands, inside quotes and outside, or none.
    ///
    /// Doubled quotes are read in any case. A field that is `\N` is NULL also where the backslash
    /// is the escape.
    ///
    /// # Errors
    ///
    /// Fails when the byte is CR, LF, NUL, a letter or a digit, has another role, or the dialect is
    /// TSV, which has escapes of its own.
    pub fn with_escape(self, escape: Option<u8>) -> Result<Self, DialectError> {
        if self.is_tsv {
            return Err(DialectError::EscapeOfTsv);
        }
        Self { escape, ..self }.checked(Self::ESCAPE)
    }

    /// Takes 1 to 8 bytes that make the line that begins with them a comment, or none.
    ///
    /// A comment stands where a record could begin and ends with its line, whatever quotes are in
    /// it.
    ///
    /// # Errors
    ///
    /// Fails when it holds CR, LF, NUL, the escape or the first byte of the delimiter, begins with the
    /// quote, or cannot be told from the null marker `\N` or a byte order mark.
    pub fn with_comment(self, comment: Option<&[u8]>) -> Result<Self, DialectError> {
        let comment = comment
            .map(|comment| Mark::new(Self::COMMENT, comment))
            .transpose()?;
        Self { comment, ..self }.checked(Self::COMMENT)
    }

    /// Says whether spaces right after a delimiter are dropped, also before an opening quote.
    ///
    /// When the delimiter is a space itself, several spaces are one delimiter.
    ///
    /// # Errors
    ///
    /// Fails when quote or escape is a space, or a longer delimiter begins with one.
    pub fn with_skip_initial_space(self, skip: bool) -> Result<Self, DialectError> {
        Self {
            skip_initial_space: skip,
            ..self
        }
        .checked(Self::SPACES)
    }

    /// Says whether the first record names the columns.
    #[must_use]
    pub const fn with_header(self, header: bool) -> Self {
        Self {
            header_rows: header as u8,
            ..self
        }
    }

    /// Says how many records at the start name the columns together: 0 for none, at most 4.
    ///
    /// The parts of a name are joined by a space, empty ones left out.
    ///
    /// # Errors
    ///
    /// Fails when there are more than 4.
    pub const fn with_header_rows(self, header_rows: u8) -> Result<Self, DialectError> {
        if header_rows > MAX_HEADER_ROWS {
            return Err(DialectError::TooManyHeaderRows { rows: header_rows });
        }
        Ok(Self {
            header_rows,
            ..self
        })
    }

    /// Passes over that many lines at the start of the file, whatever is in them.
    ///
    /// # Errors
    ///
    /// Fails when the table would end before it begins.
    pub fn with_skip_lines(self, skip_lines: u32) -> Result<Self, DialectError> {
        Self { skip_lines, ..self }.checked(Self::SKIPPED)
    }

    /// Ends the table with that line of the file, counted from 1, or with the file.
    ///
    /// # Errors
    ///
    /// Fails when the table would end before it begins.
    pub fn with_end_line(self, end_line: Option<u64>) -> Result<Self, DialectError> {
        Self { end_line, ..self }.checked(Self::END)
    }

    /// The 1 to 8 bytes between two fields.
    pub const fn delimiter(&self) -> &[u8] {
        self.delimiter.bytes()
    }

    /// The byte around a protected field, doubled inside it.
    pub const fn quote(&self) -> Option<u8> {
        self.quote
    }

    /// The byte that starts an escape sequence: always the backslash in TSV. Default for CSV: none.
    pub const fn escape(&self) -> Option<u8> {
        self.escape
    }

    /// Whether escape sequences are those of TSV, where letters after the backslash have a meaning
    /// and where an empty text cannot be told from an empty field otherwise.
    pub const fn is_tsv(&self) -> bool {
        self.is_tsv
    }

    /// Whether Arrays, Maps and Tuples stand in a field as they are, with the escapes that they have
    /// themselves, as in ClickHouse's `TabSeparated`: in TSV, unless its delimiter is no tab.
    pub const fn keeps_nested(&self) -> bool {
        self.is_tsv && matches!(self.delimiter.bytes(), b"\t")
    }

    /// Whether a file could be taken for TSV: CSV with tabs, in which a backslash is no escape.
    pub(super) const fn may_seem_tsv(&self) -> bool {
        !self.is_tsv && self.quote.is_some() && matches!(self.delimiter.bytes(), b"\t")
    }

    /// What makes the line that begins with it a comment. Default: none.
    pub const fn comment(&self) -> Option<&[u8]> {
        match &self.comment {
            Some(comment) => Some(comment.bytes()),
            None => None,
        }
    }

    /// Whether spaces right after a delimiter are dropped. Default: false.
    pub const fn skip_initial_space(&self) -> bool {
        self.skip_initial_space
    }

    /// Whether the first record names the columns. Default: true.
    pub const fn header(&self) -> bool {
        self.header_rows > 0
    }

    /// How many records at the start name the columns together, 0 to 4. Default: 1.
    pub const fn header_rows(&self) -> u8 {
        self.header_rows
    }

    /// How many lines stand before the header. Default: 0.
    pub const fn skip_lines(&self) -> u32 {
        self.skip_lines
    }

    /// The last line of the table, counted from 1 at the start of the file. Default: the file's.
    pub const fn end_line(&self) -> Option<u64> {
        self.end_line
    }

    /// The first byte of the delimiter.
    pub(super) const fn delimiter_byte(&self) -> u8 {
        self.delimiter.first()
    }

    /// Whether each byte has a meaning by itself, so that records can be cut by masks.
    pub(super) const fn is_regular(&self) -> bool {
        let escapes = self.escape.is_some() && !self.is_tsv;
        self.delimiter.bytes().len() == 1
            && !escapes
            && self.comment.is_none()
            && !self.skip_initial_space
    }
}

#[cfg(test)]
mod tests;
