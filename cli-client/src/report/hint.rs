//! What to do about a failure, where that is known.
//!
//! Shown by `report` to people only. It must never repeat the message.

/// The advice for a value that a type found in the beginning of the file does not hold.
pub(super) const TYPES: &str =
    "--full-scan finds the types in the whole file; --create-statement takes them from you";

/// The advice for a reason.
#[expect(clippy::too_many_lines, reason = "one table, a line for each reason")]
pub(super) fn of(reason: &str) -> Option<&'static str> {
    let hint = match reason {
        "SERVER_UNREACHABLE" | "CONNECTION_LOST" => {
            "is sluice-server running, and with TLS (https://) or without (http://)? --server or \
             SLUICE_SERVER says where"
        }
        "SERVER_UNTRUSTED" => "--ca or SLUICE_CA names the CA certificate of the server",
        "CLIENT_UNTRUSTED" => "--cert and --key show a certificate of a CA that the server trusts",
        "TOKEN_MISSING" => "--token-file or SLUICE_TOKEN has the token; so can a profile",
        "TOKEN_EXPIRED" => "get a new token; an upload that it has interrupted goes on with that",
        "CLICKHOUSE_UNAVAILABLE" => {
            "the server runs, its ClickHouse does not answer; see `sluice ping`"
        }
        "CLICKHOUSE_AUTHENTICATION" => "user and password of ClickHouse are set on the server",
        "CLICKHOUSE_ACCESS_DENIED" => "`sluice ping --table` lists all grants that are missing",
        "CLICKHOUSE_TIMEOUT" | "CLICKHOUSE_RESOURCES" => "try again when ClickHouse has less to do",
        "TOO_MANY_TRANSFERS" => "try again when one has ended; see `sluice transfers list`",
        "SHUTTING_DOWN" => "try again when the server is back",
        "DATABASE_NOT_FOUND" => "`sluice databases` lists what there is",
        "TABLE_NOT_FOUND" => "`sluice tables` lists what there is; upload --create makes the table",
        "TABLE_EXISTS" => "leave --create out to load into it",
        "COLUMN_NOT_FOUND" => "`sluice describe` shows the columns of a table",
        "HEADER_MISMATCH" => {
            "`sluice inspect` shows how the file is read; --delimiter, --skip-lines, --no-header and \
             --columns say otherwise"
        }
        "HEADER_NOT_FOUND" => "the names behind `=` in --columns are those of the file's header",
        "MISSING_COLUMN" => {
            "--rename COLUMN=FIELD names its field, --missing default loads 0 or '' there"
        }
        "UNMATCHED_COLUMN" => {
            "--rename COLUMN=FIELD names its column, --ignore-extra leaves it out, --columns names the columns to load"
        }
        "DUPLICATE_COLUMN" => {
            "name each column once; for a header with a name twice, --no-header --skip-lines 1 --columns COLUMN=NUMBER \
             takes fields by their number"
        }
        "COLUMN_NOT_INSERTABLE" => "leave the column out with --columns",
        "COMMIT_MODE_UNAVAILABLE" => "--commit auto takes the strongest mode that there is",
        "EMPTY_REPLACEMENT" => "look at the file; --allow-empty empties the table all the same",
        "SPEC_MISMATCH" => {
            "--resume takes the flags and the table of the first time; leave --transfer-id out to \
             begin anew"
        }
        "FILE_CHANGED" => "an id stands for one file; load this one under another --transfer-id",
        "TABLE_CHANGED" | "SESSION_EXPIRED" | "TOO_MANY_INTERRUPTED" => {
            "load the file anew, without --resume and with another --transfer-id"
        }
        "TRANSFER_ENDED" => "leave --resume and --transfer-id out, which makes a new id",
        "TRANSFER_EXISTS" => "leave --transfer-id out, or choose another",
        "CHECKSUM_MISMATCH" => {
            "send the file again with --resume and this id; if it is FILE_CHANGED then, with a new \
             id"
        }
        "TRANSFER_NOT_RESUMABLE" => {
            "look what is in the table before the file is loaded again; --commit atomic or blocks \
             can be resumed"
        }
        "COMMIT_PENDING" => {
            "`sluice transfers watch` follows it to its end; do not load the file again"
        }
        "FILE_TRUNCATED" => "send the whole file, with the same --transfer-id",
        "COUNT_MISMATCH" => "load the file anew; nothing of it is in the table",
        "MEMORY_LIMIT" => "try again when fewer transfers run; see `sluice transfers list`",
        "FILE_TOO_LARGE" => "load it in parts",
        "TRANSFER_TAKEN_OVER" => "`sluice transfers watch` follows the one that goes on with it",
        "TRANSFER_BUSY" => "`sluice transfers watch` follows it to its end",
        "TRANSFER_NOT_FOUND" => "`sluice transfers list` shows those that the server still knows",
        "TOO_FEW_FIELDS" => "check --delimiter and --quote; --ragged pad fills short records up",
        "TOO_MANY_FIELDS" => {
            "check --delimiter and --quote; --ragged pad leaves out surplus fields that are empty"
        }
        "INVALID_QUOTING" => {
            "double the quote in the field; --quotes lenient takes it for text, --quote '' all quotes of the file"
        }
        "UNTERMINATED_QUOTE" | "RECORD_TOO_LONG" => {
            "check --quote; for a file without quotes --quote ''"
        }
        "TOO_MANY_COLUMNS" => "check --delimiter",
        "AMBIGUOUS_FILE" => "`sluice inspect` shows how the file is read with either of them",
        "INVALID_DIALECT" => "`sluice inspect` shows how the file is read where nothing is given",
        "INVALID_DATE" | "AMBIGUOUS_DATE" => {
            "--date-format COLUMN=FORMAT says how dates are written, such as %d/%m/%Y"
        }
        "INVALID_NUMBER" => {
            "--null names words for NULL, --decimal-comma reads 1,5, --thousands , 1,234, --strip-units $5"
        }
        "INVALID_BOOL" => "--true and --false name other words",
        "PRECISION_LOSS" => "--round rounds surplus digits",
        "NULL_NOT_ALLOWED" => {
            "make the column Nullable, give it a DEFAULT, or load 0 or '' with --empty-as-default"
        }
        "INVALID_UTF8" => {
            "--encoding says how the file is written, such as windows-1252; --invalid-utf8 replace has U+FFFD instead, \
             --invalid-utf8 keep leaves it as it is"
        }
        "INVALID_ENCODING" => "`sluice inspect --encoding LABEL` shows how the file reads with it",
        "INVALID_DOCUMENT" => {
            "correct the document, leave some such rows out with --max-rejects, or make the column a String"
        }
        "CONSTRAINT_VIOLATED" => "correct the row, or drop the constraint of the table",
        "TOO_MANY_REJECTS" => "fix the rows, or allow for more of them with --max-rejects",
        "NOT_A_SELECT" => {
            "--query takes one SELECT, which may begin with WITH, of functions that only compute"
        }
        _ => return None,
    };
    Some(hint)
}
