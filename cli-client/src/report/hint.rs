//! What to do about a failure, where that is known.
//!
//! Shown by `report` to people only. It must never repeat the message.

/// The advice for a reason.
pub(super) fn of(reason: &str) -> Option<&'static str> {
    let hint = match reason {
        "SERVER_UNREACHABLE" | "CONNECTION_LOST" => {
            "is sluice-server running? --server or SLUICE_SERVER says where"
        }
        "CLICKHOUSE_UNAVAILABLE" => {
            "the server runs, its ClickHouse does not answer; see `sluice ping`"
        }
        "CLICKHOUSE_AUTHENTICATION" => "user and password of ClickHouse are set on the server",
        "CLICKHOUSE_TIMEOUT" | "CLICKHOUSE_RESOURCES" => "try again when ClickHouse has less to do",
        "TOO_MANY_TRANSFERS" => "try again when one has ended; see `sluice transfers list`",
        "SHUTTING_DOWN" => "try again when the server is back",
        "DATABASE_NOT_FOUND" => "`sluice databases` lists what there is",
        "TABLE_NOT_FOUND" => "`sluice tables` lists what there is; upload --create makes the table",
        "TABLE_EXISTS" => "leave --create out to load into it",
        "COLUMN_NOT_FOUND" => "`sluice describe` shows the columns of a table",
        "HEADER_MISMATCH" => {
            "check --delimiter; for a file without a header --no-header, for other names --columns"
        }
        "HEADER_NOT_FOUND" => "the names behind `=` in --columns are those of the file's header",
        "UNMATCHED_COLUMN" => "name the columns to load with --columns",
        "DUPLICATE_COLUMN" => "name each column once; --columns chooses among the file's fields",
        "COLUMN_NOT_INSERTABLE" => "leave the column out with --columns",
        "COMMIT_MODE_UNAVAILABLE" => "--commit auto takes the strongest mode that there is",
        "TRANSFER_EXISTS" => "leave --transfer-id out, or choose another",
        "TRANSFER_NOT_FOUND" => "`sluice transfers list` shows those that the server still knows",
        "TOO_FEW_FIELDS" | "TOO_MANY_FIELDS" => "check --delimiter and --quote",
        "UNTERMINATED_QUOTE" | "RECORD_TOO_LONG" => {
            "check --quote; for a file without quotes --quote ''"
        }
        "EMPTY_FILE" => "for a file without a header --no-header",
        "INVALID_DIALECT" => "TSV has no quotes, and delimiter and quote differ",
        "INVALID_DATE" | "AMBIGUOUS_DATE" => "dates are read as YYYY-MM-DD",
        "NULL_NOT_ALLOWED" => "make the column Nullable, or give it a DEFAULT",
        "INVALID_UTF8" => "convert the file to UTF-8",
        "NOT_A_SELECT" => "--query takes one SELECT, which may begin with WITH",
        _ => return None,
    };
    Some(hint)
}
