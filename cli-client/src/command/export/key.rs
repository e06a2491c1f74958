//! Whether an export can go on behind its last row: the column that orders it, and the form of its
//! file.
//!
//! `export` asks it with `--resume`. It must never call an order known where two rows of one key
//! could be told apart by it, or where the text of a key could be read as another value.

use sluice_proto::v1::{
    Compression, Condition, Dialect, ExportRequest, ExportStyle, Format, GetTableResponse, LineEnd,
    Operator, TableRef, TableSource, export_request::Source,
};

use super::cut::{Cut, Form};

/// The one column that orders an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Its name.
    pub(super) column: String,
    descending: bool,
    /// How the file is written.
    pub(super) form: Form,
}

/// The table of an export. Fails with the reason for a query.
pub(super) fn table(request: &ExportRequest) -> Result<&TableRef, String> {
    let source = table_source(request).ok_or("a query has no order that is known to be total")?;
    source
        .table
        .as_ref()
        .ok_or_else(|| "no table is named".to_owned())
}

fn table_source(request: &ExportRequest) -> Option<&TableSource> {
    match &request.source {
        Some(Source::Table(source)) => Some(source),
        _ => None,
    }
}

/// The key of an export. Fails with the reason where it has to begin at zero.
pub(super) fn key(request: &ExportRequest, table: &GetTableResponse) -> Result<Key, String> {
    let source = table_source(request).ok_or("a query has no order that is known to be total")?;
    let sorting_key = &table.sorting_key;
    let [order] = source.order_by.as_slice() else {
        return Err(match source.order_by.len() {
            0 => "it needs --order-by on the sorting key of the table".to_owned(),
            _ => "only an order by one column can be gone on with".to_owned(),
        });
    };
    if unquoted(sorting_key) != order.column {
        return Err(format!(
            "--order-by {} is not the whole sorting key of the table, which is ({sorting_key})",
            order.column
        ));
    }
    let chosen = &source.columns;
    if !chosen.is_empty() && !chosen.contains(&order.column) {
        return Err(format!("the file has no column {}", order.column));
    }
    let column = table
        .columns
        .iter()
        .find(|column| column.name == order.column);
    let data_type = column.map_or("", |column| &column.r#type);
    if !reads_back(data_type) {
        return Err(format!(
            "a key of the type {data_type} cannot be told from its text"
        ));
    }
    let default = (Dialect::default(), ExportStyle::default());
    let dialect = request.dialect.as_ref().unwrap_or(&default.0);
    let style = request.style.as_ref().unwrap_or(&default.1);
    Ok(Key {
        column: order.column.clone(),
        descending: order.descending,
        form: form(dialect, style)?,
    })
}

/// The name without its backticks.
fn unquoted(name: &str) -> String {
    let inner = name
        .strip_prefix('`')
        .and_then(|name| name.strip_suffix('`'));
    match inner {
        Some(inner) => inner.replace("\\`", "`").replace("``", "`"),
        None => name.to_owned(),
    }
}

/// Whether the text of a value is read as that value and no other, and every value has its place in
/// the order: not NULL and NaN, nor the hour that a time zone has twice.
fn reads_back(data_type: &str) -> bool {
    let inner = data_type.strip_prefix("LowCardinality(");
    let data_type = inner.map_or(data_type, |inner| inner.strip_suffix(')').unwrap_or(inner));
    let (name, arguments) = data_type.split_once('(').unwrap_or((data_type, ""));
    match name {
        "String" | "Date" | "Date32" | "UUID" | "IPv4" | "IPv6" | "Decimal" => true,
        "DateTime" | "DateTime64" => arguments.ends_with("'UTC')"),
        _ => {
            let bits = name.strip_prefix('U').unwrap_or(name).strip_prefix("Int");
            bits.is_some_and(|bits| bits.parse::<u16>().is_ok())
        }
    }
}

/// How the file is written, where its records can be told apart without reading it from the start
/// of the export.
fn form(dialect: &Dialect, style: &ExportStyle) -> Result<Form, String> {
    let refuse = |what: &str| Err(format!("the end of {what} cannot be found again"));
    if !matches!(
        dialect.compression(),
        Compression::None | Compression::Unspecified
    ) {
        return refuse("a compressed file");
    }
    if !["", "utf-8", "utf8"].contains(&dialect.encoding.as_str()) {
        return refuse(&format!("a file in {}", dialect.encoding));
    }
    if style.excel_safe {
        return refuse("a file with --excel-safe");
    }
    let crlf = match style.line_end() {
        LineEnd::Unspecified | LineEnd::Lf => false,
        LineEnd::Crlf => true,
        LineEnd::Cr => return refuse("a file whose lines end with CR"),
    };
    let header = dialect.header_rows.unwrap_or(1) > 0;
    let is_plain = dialect.escape.as_deref().unwrap_or_default().is_empty();
    let given = dialect.delimiter.is_some() || dialect.quote.is_some();
    match dialect.format() {
        Format::Csv | Format::Unspecified => {
            let delimiter = single(dialect.delimiter.as_deref().unwrap_or(","));
            let quote = single(dialect.quote.as_deref().unwrap_or("\""));
            match (delimiter, quote) {
                (Some(delimiter), Some(quote)) if is_plain => Ok(Form::Csv {
                    delimiter,
                    quote,
                    crlf,
                    header,
                }),
                _ => refuse("a CSV with such a delimiter, quote or escape"),
            }
        }
        Format::Tsv if is_plain && !given && !crlf => Ok(Form::Tsv { header }),
        Format::Ndjson if !crlf => Ok(Form::Ndjson),
        Format::Tsv | Format::Ndjson | Format::Workbook => refuse("a file of such lines"),
    }
}

fn single(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [byte] => Some(*byte),
        _ => None,
    }
}

impl Key {
    /// The request for the rest of the file.
    pub(super) fn rest(&self, whole: &ExportRequest, cut: &Cut) -> ExportRequest {
        let mut request = whole.clone();
        if let Some(Source::Table(source)) = &mut request.source {
            let operator = if self.descending {
                Operator::LessOrEqual
            } else {
                Operator::GreaterOrEqual
            };
            source.r#where.push(Condition {
                column: self.column.clone(),
                operator: operator.into(),
                values: vec![cut.key.clone()],
                alternatives: Vec::new(),
            });
            source.limit = source.limit.map(|limit| (limit - cut.rows).max(0));
        }
        if self.form != Form::Ndjson {
            let dialect = request.dialect.get_or_insert_default();
            dialect.header_rows = Some(0);
        }
        request
    }
}

/// The key of a test in another file.
#[cfg(test)]
pub(super) fn tests_key(column: &str, form: Form) -> Key {
    Key {
        column: column.to_owned(),
        descending: false,
        form,
    }
}

#[cfg(test)]
mod tests {
    use sluice_proto::v1::{
        Column, Compression, ExportRequest, GetTableResponse, OrderBy, TableSource,
        export_request::Source,
    };

    use super::{Key, key, reads_back};
    use crate::command::export::cut::{Cut, Form};

    fn request(order: &[(&str, bool)]) -> ExportRequest {
        let order = order.iter().map(|(column, descending)| OrderBy {
            column: (*column).to_owned(),
            descending: *descending,
        });
        ExportRequest {
            source: Some(Source::Table(TableSource {
                order_by: order.collect(),
                limit: Some(100),
                ..TableSource::default()
            })),
            ..ExportRequest::default()
        }
    }

    fn table(sorting_key: &str) -> GetTableResponse {
        let column = |name: &str, data_type: &str| Column {
            name: name.to_owned(),
            r#type: data_type.to_owned(),
            ..Column::default()
        };
        GetTableResponse {
            columns: vec![
                column("id", "UInt64"),
                column("a b", "String"),
                column("x", "Float64"),
            ],
            sorting_key: sorting_key.to_owned(),
            ..GetTableResponse::default()
        }
    }

    #[test]
    fn the_rest_begins_with_the_last_key() {
        let found: Key = key(&request(&[("id", true)]), &table("id")).unwrap();
        let cut = Cut {
            bytes: 1_000,
            rows: 30,
            key: "7".to_owned(),
        };
        let rest = found.rest(&request(&[("id", true)]), &cut);
        let Some(Source::Table(source)) = rest.source else {
            panic!("no table");
        };
        assert_eq!(source.limit, Some(70));
        let [condition] = source.r#where.as_slice() else {
            panic!("{:?}", source.r#where);
        };
        assert_eq!(condition.operator(), super::Operator::LessOrEqual);
        assert_eq!(condition.values, ["7"]);
        assert_eq!(rest.dialect.unwrap().header_rows, Some(0));
        assert!(key(&request(&[("a b", false)]), &table("`a b`")).is_ok());
    }

    #[test]
    fn an_order_that_is_not_total_begins_at_zero() {
        let cases: [(&[(&str, bool)], &str); 5] = [
            (&[], "id"),
            (&[("id", false)], "tuple()"),
            (&[("id", false)], "id, x"),
            (&[("id", false), ("x", false)], "id, x"),
            (&[("x", false)], "x"),
        ];
        for (order, sorting_key) in cases {
            assert!(
                key(&request(order), &table(sorting_key)).is_err(),
                "{sorting_key}"
            );
        }
        let query = ExportRequest {
            source: Some(Source::Query("SELECT 1".to_owned())),
            ..ExportRequest::default()
        };
        assert!(key(&query, &table("id")).is_err());
        let mut other = request(&[("id", false)]);
        if let Some(Source::Table(source)) = &mut other.source {
            source.columns = vec!["x".to_owned()];
        }
        assert!(key(&other, &table("id")).is_err());
    }

    #[test]
    fn a_file_whose_records_cannot_be_told_apart_begins_at_zero() {
        let check = |change: fn(&mut ExportRequest), fits: bool| {
            let mut request = request(&[("id", false)]);
            request.dialect.get_or_insert_default();
            request.style.get_or_insert_default();
            change(&mut request);
            let found = key(&request, &table("id"));
            assert_eq!(found.is_ok(), fits, "{request:?}");
        };
        check(|_| {}, true);
        check(
            |request| request.dialect.as_mut().unwrap().encoding = "utf-8".to_owned(),
            true,
        );
        check(
            |request| request.dialect.as_mut().unwrap().encoding = "latin1".to_owned(),
            false,
        );
        check(
            |request| request.dialect.as_mut().unwrap().escape = Some("\\".to_owned()),
            false,
        );
        check(
            |request| request.dialect.as_mut().unwrap().quote = Some(String::new()),
            false,
        );
        check(
            |request| request.dialect.as_mut().unwrap().delimiter = Some("||".to_owned()),
            false,
        );
        check(
            |request| request.style.as_mut().unwrap().excel_safe = true,
            false,
        );
        check(
            |request| request.dialect.as_mut().unwrap().compression = Compression::Zstd.into(),
            false,
        );
        let mut plain = request(&[("id", false)]);
        plain.dialect.get_or_insert_default().header_rows = Some(0);
        let form = key(&plain, &table("id")).unwrap().form;
        assert!(matches!(form, Form::Csv { header: false, .. }));
    }

    #[test]
    fn only_types_whose_texts_are_values_are_keys() {
        let good = [
            "UInt64",
            "Int8",
            "Int256",
            "String",
            "LowCardinality(String)",
            "Date",
            "Date32",
            "UUID",
            "IPv6",
            "Decimal(18, 4)",
            "DateTime('UTC')",
            "DateTime64(3, 'UTC')",
        ];
        for name in good {
            assert!(reads_back(name), "{name}");
        }
        let bad = [
            "",
            "Float64",
            "DateTime",
            "DateTime('Europe/Berlin')",
            "DateTime64(3)",
            "Nullable(UInt64)",
            "Enum8('a' = 1)",
            "FixedString(4)",
            "Array(String)",
            "Interval",
            "LowCardinality(Nullable(String))",
            "IntervalDay",
        ];
        for name in bad {
            assert!(!reads_back(name), "{name}");
        }
    }
}
