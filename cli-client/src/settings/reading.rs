//! How a file is read: the flags as dialect and value options of the contract.
//!
//! `upload` uses it. What was not given must stay open, for the server to find it.

use sluice_proto::v1::{
    ColumnValueOptions, Compression, Dialect, Format, Quotes, Ragged, ValueOptions,
};

use crate::{
    cli::{self, DialectArgs, InvalidUtf8, ValueArgs},
    error::{Error, Result},
};

/// The dialect as far as it was given. Fails with [`Error::Usage`] for what a format does not have.
pub(super) fn dialect(args: DialectArgs) -> Result<Dialect> {
    if args.format == Some(cli::Format::Ndjson) {
        refuse(
            "ndjson",
            &[
                ("--delimiter", args.delimiter.is_some()),
                ("--quote", args.quote.is_some()),
                ("--escape", args.escape.is_some()),
                ("--no-header", args.no_header),
                ("--header-rows", args.header_rows.is_some()),
                ("--row-names", args.row_names.is_some()),
                ("--skip-initial-space", args.skip_initial_space.is_some()),
            ],
        )?;
    }
    Ok(Dialect {
        format: args.format.map_or(Format::Unspecified, format).into(),
        delimiter: args.delimiter,
        quote: args.quote,
        header_rows: if args.no_header {
            Some(0)
        } else {
            args.header_rows
        },
        escape: args.escape,
        comment: args.comment,
        skip_lines: args.skip_lines,
        skip_initial_space: args.skip_initial_space,
        row_names: args.row_names,
        end_line: args.end_line,
        sheet: args.sheet.unwrap_or_default(),
        range: args.range.unwrap_or_default(),
        encoding: match args.invalid_utf8 {
            Some(InvalidUtf8::Replace) => "utf-8-replace".to_owned(),
            Some(InvalidUtf8::Keep) => "utf-8-bytes".to_owned(),
            None => args.encoding.unwrap_or_default(),
        },
        compression: args
            .compression
            .map_or(Compression::Unspecified, compressed)
            .into(),
    })
}

/// The value options as far as they were given. Fails with [`Error::Usage`] for two of the same kind
/// of one column.
pub(super) fn values(args: ValueArgs) -> Result<ValueOptions> {
    let mut columns = Columns(Vec::new());
    for given in args.date_formats {
        let column = columns.of(&given.column);
        if !column.date_format.is_empty() {
            return Err(twice("--date-format", "forms", &given.column));
        }
        column.date_format = given.format;
    }
    let mut thousands = None;
    for given in args.thousands {
        let place = match &given.column {
            Some(column) => &mut columns.of(column).thousands,
            None => &mut thousands,
        };
        if place.replace(given.separator).is_some() {
            let column = given.column.as_deref().unwrap_or("all columns");
            return Err(twice("--thousands", "separators", column));
        }
    }
    for given in args.list_separators {
        let place = &mut columns.of(&given.column).list_separator;
        if place.replace(given.separator).is_some() {
            return Err(twice("--list-separator", "separators", &given.column));
        }
    }
    // The empty field is NULL anyway.
    let null_markers = args.null_markers.into_iter();
    Ok(ValueOptions {
        null_markers: null_markers.filter(|text| !text.is_empty()).collect(),
        trim: args.trim,
        decimal_comma: args.decimal_comma,
        thousands,
        strip_units: args.strip_units,
        excel_text: args.excel_text,
        true_words: args.true_words,
        false_words: args.false_words,
        round: args.round,
        empty_as_default: args.empty_as_default,
        ragged: match args.ragged {
            None => Ragged::Unspecified,
            Some(cli::Ragged::Pad) => Ragged::Pad,
            Some(cli::Ragged::Reject) => Ragged::Reject,
        }
        .into(),
        quotes: match args.quotes {
            None => Quotes::Unspecified,
            Some(cli::Quotes::Strict) => Quotes::Strict,
            Some(cli::Quotes::Lenient) => Quotes::Lenient,
        }
        .into(),
        columns: columns.0,
    })
}

/// What is said of single columns.
struct Columns(Vec<ColumnValueOptions>);

impl Columns {
    /// The options of a column, which has none so far if it is new.
    fn of(&mut self, name: &str) -> &mut ColumnValueOptions {
        let place = self.0.iter().position(|column| column.column == name);
        let place = place.unwrap_or_else(|| {
            self.0.push(ColumnValueOptions {
                column: name.to_owned(),
                ..ColumnValueOptions::default()
            });
            self.0.len() - 1
        });
        &mut self.0[place]
    }
}

fn twice(flag: &str, what: &str, column: &str) -> Error {
    Error::Usage(format!("{flag} has two {what} for the column {column}"))
}

/// Refuses flags that were given although the format has nothing of the kind.
pub(super) fn refuse(format: &str, flags: &[(&str, bool)]) -> Result<()> {
    match flags.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Error::Usage(format!(
            "--format {format} takes no {flag}: leave one of them out"
        ))),
        None => Ok(()),
    }
}

/// The compression of a file that is read as the contract has it.
fn compressed(word: cli::Compressed) -> Compression {
    match word {
        cli::Compressed::None => Compression::None,
        cli::Compressed::Gzip => Compression::Gzip,
        cli::Compressed::Zstd => Compression::Zstd,
        cli::Compressed::Bzip2 => Compression::Bzip2,
        cli::Compressed::Xz => Compression::Xz,
        cli::Compressed::Zip => Compression::Zip,
    }
}

/// The compression as the contract has it.
pub(super) fn compression(word: cli::Compression) -> Compression {
    match word {
        cli::Compression::None => Compression::None,
        cli::Compression::Gzip => Compression::Gzip,
        cli::Compression::Zstd => Compression::Zstd,
    }
}

/// The format as the contract has it.
pub(super) fn format(word: cli::Format) -> Format {
    match word {
        cli::Format::Csv => Format::Csv,
        cli::Format::Tsv => Format::Tsv,
        cli::Format::Ndjson => Format::Ndjson,
    }
}
