//! The flags that say how a file is read.
//!
//! Part of the flags of `upload` and `inspect`. A flag that is left out must never turn into a
//! default here: the server finds it in the file.

use clap::Args;

use super::words::{Compressed, Format, InvalidUtf8, Quotes, Ragged};
use crate::settings::{dialect, value};

/// How a file is cut into records and fields.
#[derive(Debug, Args)]
#[command(next_help_heading = "Form of the file (what is left out is found in its first MiB)")]
pub(crate) struct DialectArgs {
    /// The family of the file.
    #[arg(long)]
    pub(crate) format: Option<Format>,

    /// What stands between two fields: 1 to 8 bytes, or one of: tab, comma, semicolon, pipe, space.
    /// `\t` is a tab, `\x01` to `\x7f` a byte by its number, `\\` a backslash.
    #[arg(
        long,
        value_name = "D",
        value_parser = dialect::parse_delimiter,
        allow_hyphen_values = true
    )]
    pub(crate) delimiter: Option<String>,

    /// The character around fields that hold delimiters or line ends; empty for none.
    #[arg(long, value_name = "Q", value_parser = dialect::parse_quote, allow_hyphen_values = true)]
    pub(crate) quote: Option<String>,

    /// The character that takes its meaning from the one after it; empty for none, where a quote
    /// within quotes is doubled.
    #[arg(long, value_name = "E", value_parser = dialect::parse_escape, allow_hyphen_values = true)]
    pub(crate) escape: Option<String>,

    /// Lines that begin with this are no records: 1 to 8 bytes; empty for none.
    #[arg(
        long,
        value_name = "PREFIX",
        value_parser = dialect::parse_comment,
        allow_hyphen_values = true
    )]
    pub(crate) comment: Option<String>,

    /// Leave out this many lines before the header, or before the first record.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    pub(crate) skip_lines: Option<i64>,

    /// The file has no header: its first record is data. The same as --header-rows 0.
    #[arg(long, conflicts_with = "header_rows")]
    pub(crate) no_header: bool,

    /// How many records name the columns, 0 to 4; several are joined with a space.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..=4))]
    pub(crate) header_rows: Option<i32>,

    /// The first field of each record has no name in the header, as where R writes the names of rows.
    #[arg(
        long,
        value_name = "true|false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) row_names: Option<bool>,

    /// Leave out the spaces right after a delimiter.
    #[arg(
        long,
        value_name = "true|false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) skip_initial_space: Option<bool>,

    /// The last line of the table, from 1; what follows is left out and counted.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) end_line: Option<i64>,

    /// How characters are written as bytes: utf-8, utf-16le, utf-16be, windows-1252, latin1,
    /// gbk or another label of the WHATWG Encoding Standard.
    #[arg(long, value_name = "LABEL", value_parser = dialect::parse_encoding)]
    pub(crate) encoding: Option<String>,

    /// Bytes that are no UTF-8, in a file that is UTF-8 otherwise, become U+FFFD, or stay as they are in columns of
    /// texts. The same as --encoding utf-8-replace and utf-8-bytes.
    #[arg(long, value_name = "WHAT", conflicts_with = "encoding")]
    pub(crate) invalid_utf8: Option<InvalidUtf8>,

    /// Of a workbook (xlsx, ods), the sheet to read: its name, or its number from 1. Default: the first one that is
    /// visible; others that have something in them are named.
    #[arg(long, value_name = "NAME|NUMBER")]
    pub(crate) sheet: Option<String>,

    /// Of that sheet, the cells to read, such as A1:F200, A:F or 3:200. Default: all that are not empty.
    #[arg(long, value_name = "CELLS")]
    pub(crate) range: Option<String>,

    /// How the file is compressed; found by content, not by name.
    #[arg(long, value_name = "NAME")]
    pub(crate) compression: Option<Compressed>,
}

/// How texts are read as values.
#[derive(Debug, Args)]
#[command(next_help_heading = "Values (by default each fits its column exactly, or is rejected)")]
pub(crate) struct ValueArgs {
    /// A text that stands for NULL, beside the empty field and `\N`; may be repeated.
    /// Default: words such as NA, where a column without them is no text.
    #[arg(long = "null", value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) null_markers: Vec<String>,

    /// An empty field becomes 0, '' or 1970-01-01 in a column that takes no NULL and has no
    /// DEFAULT. Default: it is rejected.
    #[arg(long)]
    pub(crate) empty_as_default: bool,

    /// Leave out spaces and tabs around values that are not quoted. Default: they belong to it.
    #[arg(long)]
    pub(crate) trim: bool,

    /// The decimal point of numbers is a comma. Default: found for each column.
    #[arg(
        long,
        value_name = "true|false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) decimal_comma: Option<bool>,

    /// What separates groups of digits: one of , . ' _ or a space; or COLUMN=C for one column; may be
    /// repeated. Default: found where a value proves it, such as 1,234,567 or 1,234.50.
    #[arg(long, value_name = "[COLUMN=]C", value_parser = value::parse_thousands)]
    pub(crate) thousands: Vec<value::Thousands>,

    /// Leave out the sign or code of a currency, or a percent sign, of which all values of a column
    /// have the same one: $100.50 is 100.50, 12.5% is 12.5, (5) and 5- are -5.
    /// Default: such a value is rejected.
    #[arg(long)]
    pub(crate) strip_units: bool,

    /// What separates the elements of a list in a column of Arrays, such as `tags=;`; may be repeated.
    /// Default: Arrays stand in brackets.
    #[arg(long = "list-separator", value_name = "COLUMN=SEPARATOR", value_parser = value::parse_list_separator)]
    pub(crate) list_separators: Vec<value::ListSeparator>,

    /// A field of the form ="00123", as spreadsheets have it, is the text in it. Default: where every
    /// value of a column is one, without quotes around it.
    #[arg(
        long,
        value_name = "true|false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) excel_text: Option<bool>,

    /// The form of the dates of a column, such as `born=%d/%m/%Y`, `at='%d.%m.%Y %H:%M:%S'`, or `epoch_s`,
    /// `epoch_ms`, `epoch_us`, `epoch_ns` for units from 1970 on; may be repeated. Default: found where it is unambiguous, else ISO 8601 only.
    #[arg(long = "date-format", value_name = "COLUMN=FORMAT", value_parser = value::parse_date_format)]
    pub(crate) date_formats: Vec<value::DateFormat>,

    /// A word for true, beside true, t, yes, y, on and 1; may be repeated.
    #[arg(long = "true", value_name = "WORD", allow_hyphen_values = true)]
    pub(crate) true_words: Vec<String>,

    /// A word for false, beside false, f, no, n, off and 0; may be repeated.
    #[arg(long = "false", value_name = "WORD", allow_hyphen_values = true)]
    pub(crate) false_words: Vec<String>,

    /// Round surplus digits of a fraction, half away from zero, and take the nearest float for an integer that it does
    /// not hold, such as 9007199254740993. Default: such a value is rejected.
    #[arg(long)]
    pub(crate) round: bool,

    /// What to do with a record that has too few fields. Default: reject.
    #[arg(long, value_name = "WHAT")]
    pub(crate) ragged: Option<Ragged>,

    /// What to do with a quoted field with a quote in it that is not doubled, such as "5" pipe". Default: strict.
    #[arg(long, value_name = "HOW")]
    pub(crate) quotes: Option<Quotes>,
}
