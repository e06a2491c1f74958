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
        encoding: match args.invalid_utf8 {
            Some(InvalidUtf8::Replace) => "utf-8-replace".to_owned(),
            None => args.encoding.unwrap_or_default(),
        },
        compression: args
            .compression
            .map_or(Compression::Unspecified, compression)
            .into(),
    })
}

/// The value options as far as they were given. Fails with [`Error::Usage`] for two forms of the
/// dates of one column.
pub(super) fn values(args: ValueArgs) -> Result<ValueOptions> {
    let mut columns: Vec<ColumnValueOptions> = Vec::new();
    for given in args.date_formats {
        if columns.iter().any(|column| column.column == given.column) {
            let text = format!(
                "--date-format has two forms for the column {}",
                given.column
            );
            return Err(Error::Usage(text));
        }
        columns.push(ColumnValueOptions {
            column: given.column,
            date_format: given.format,
            ..ColumnValueOptions::default()
        });
    }
    // The empty field is NULL anyway.
    let null_markers = args.null_markers.into_iter();
    Ok(ValueOptions {
        null_markers: null_markers.filter(|text| !text.is_empty()).collect(),
        trim: args.trim,
        decimal_comma: args.decimal_comma,
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
        columns,
    })
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
