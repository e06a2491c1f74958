import { Code } from "@connectrpc/connect";
import type { Problem } from "sluice-client/parts";

/** What each reason of `errors.proto` is called on the page, and what to do about it. */
const reasons: Record<string, [title: string, advice?: string]> = {
  INTERNAL: ["The server has a fault", "Report it with the server's log."],
  INVALID_REQUEST: ["The request is incomplete or wrong"],
  INVALID_DIALECT: [
    "Delimiter, quote and format do not go together",
    "Change the format settings.",
  ],
  SHUTTING_DOWN: ["The server is shutting down"],
  TRANSFER_CANCELLED: ["Stopped"],
  CLIENT_GONE: ["The sender went away"],
  TRANSFER_NOT_FOUND: ["No such transfer", "It may have ended too long ago."],
  TRANSFER_EXISTS: ["This transfer exists already"],
  TOO_MANY_TRANSFERS: ["The server is busy with other transfers"],
  COMMIT_MODE_UNAVAILABLE: [
    "This table cannot be loaded that way",
    "Choose another way of making rows visible.",
  ],
  IDLE_TIMEOUT: ["The server waited too long for the file"],
  SPEC_MISMATCH: ["The upload began with other settings", "Start it as a new upload."],
  // The page's own: the browser no longer lets it read what was chosen.
  FILE_UNREADABLE: ["The browser cannot read the file"],
  FILE_CHANGED: ["This is not the file that the upload began with", "Start it as a new upload."],
  TABLE_CHANGED: ["The table has changed since the upload began", "Start it as a new upload."],
  CHECKSUM_MISMATCH: ["Bytes were damaged on the way"],
  TRANSFER_TAKEN_OVER: ["Another page or program goes on with this upload"],
  COUNT_MISMATCH: [
    "ClickHouse has lost staged rows",
    "Nothing was committed; the file is sent again from its beginning.",
  ],
  TRANSFER_ENDED: ["This upload has ended without success", "Start it as a new upload."],
  TRANSFER_NOT_RESUMABLE: [
    "This upload cannot go on where it stood",
    "Some of its rows may be in the table: look at it before you load the file again.",
  ],
  CANCEL_PENDING: ["It is being cancelled, which is not confirmed yet", "Try again."],
  SERVER_GONE: ["The server that moved this does not answer any more"],
  TRANSFER_ELSEWHERE: [
    "Another server has this upload",
    "It is tried again. Whoever runs the servers can give them addresses (--advertise).",
  ],
  EMPTY_REPLACEMENT: [
    "The file would empty the table",
    "No row of it would be loaded. Look at the file and at the rows that were rejected.",
  ],
  COMMIT_PENDING: [
    "Every row is there, but not yet all in the table",
    "The server goes on by itself. Do not load the file again.",
  ],
  FILE_TRUNCATED: ["The file ended at another size than it began with", "Choose it again."],
  TOO_MANY_INTERRUPTED: [
    "Too many interrupted uploads waited for their files",
    "Start it as a new upload.",
  ],
  SESSION_EXPIRED: ["The upload waited too long for its file", "Start it as a new upload."],
  MEMORY_LIMIT: ["The server has no memory to spare"],
  MESSAGE_TOO_LARGE: ["The request is larger than the server takes"],
  MESSAGE_TIMEOUT: ["The request did not reach the server in time"],
  FILE_TOO_LARGE: ["The file is larger than the server takes"],
  TOO_FEW_FIELDS: ["A row has too few fields", "Check the delimiter, or let short rows pass."],
  TOO_MANY_FIELDS: ["A row has too many fields", "Check the delimiter and the quote."],
  INVALID_QUOTING: [
    "A quoted value has a quote in it that is not doubled",
    "Double it, or let quotes within values pass.",
  ],
  UNRESOLVED_REJECT: [
    "A rejected row is as it was",
    "Correct it, and empty its field _sluice_reason.",
  ],
  UNTERMINATED_QUOTE: ["A quote is never closed", "Check the quote character."],
  RECORD_TOO_LONG: ["A row is too long", "Check the quote character."],
  EMPTY_FILE: ["The file has no rows"],
  OVERFLOW: [
    "A number does not fit its column",
    "Choose a larger type or let such rows be set aside.",
  ],
  PRECISION_LOSS: ["A number has more digits than its column holds"],
  LEADING_ZERO: ["A number begins with a zero that its column would lose"],
  INVALID_NUMBER: ["A value is not a number"],
  INVALID_DATE: ["A value is not a date that exists"],
  AMBIGUOUS_DATE: ["Day and month cannot be told apart", "Give the form of the dates."],
  INVALID_BOOL: ["A value is neither true nor false"],
  INVALID_UUID: ["A value is not a UUID"],
  INVALID_IP: ["A value is not an IP address"],
  UNKNOWN_ENUM: ["A value is not one of the Enum"],
  TOO_LONG: ["A value is too long for its column"],
  INVALID_UTF8: ["A value is not text in this encoding", "Check the encoding."],
  NULL_NOT_ALLOWED: [
    "A value is missing",
    "Make the column Nullable or let such rows be set aside.",
  ],
  INVALID_NESTED: ["A value is not an array, map or tuple"],
  TOO_MANY_COLUMNS: ["A row has more fields than the server takes"],
  INVALID_DOCUMENT: ["A value is not a JSON object"],
  CONSTRAINT_VIOLATED: ["A row does not meet a constraint of the table"],
  INVALID_JSON: ["A line is not the JSON object that was expected"],
  TOO_MANY_REJECTS: ["More rows do not fit than you allowed"],
  INVALID_COMPRESSION: ["The compressed file is broken"],
  INVALID_WORKBOOK: ["This workbook cannot be read so"],
  EXPANSION_LIMIT: ["The compressed file grows beyond the limit"],
  AMBIGUOUS_FILE: ["The file can be read in two ways", "Say how it is read."],
  INVALID_ENCODING: ["The file is not text in this encoding", "Choose another encoding."],
  DATABASE_NOT_FOUND: ["No such database"],
  TABLE_NOT_FOUND: ["No such table"],
  COLUMN_NOT_FOUND: ["No such column"],
  HEADER_NOT_FOUND: ["The file has no such column"],
  HEADER_MISMATCH: ["No column of the file is a column of the table", "Check the delimiter."],
  UNMATCHED_COLUMN: ["A column of the file has no place in the table", "Map it or leave it out."],
  MISSING_COLUMN: [
    "A column of the table has no field in the file",
    "Map a field to it, or let it be 0 or empty.",
  ],
  DUPLICATE_COLUMN: ["A column stands twice"],
  COLUMN_NOT_INSERTABLE: ["ClickHouse computes this column itself"],
  TABLE_EXISTS: ["A table of this name exists", "Choose another name, or load into that table."],
  UNSUPPORTED_TYPE: ["A column has a type that cannot be carried"],
  CANNOT_REPRESENT: ["A value cannot be written in this format", "Allow quotes."],
  CLICKHOUSE_UNAVAILABLE: ["ClickHouse does not answer"],
  CLICKHOUSE_TIMEOUT: ["ClickHouse took too long"],
  CLICKHOUSE_AUTHENTICATION: ["ClickHouse refuses this user or password"],
  CLICKHOUSE_ACCESS_DENIED: ["This user may not do that in ClickHouse"],
  CLICKHOUSE_RESOURCES: ["ClickHouse is out of memory, disk or quota"],
  INVALID_QUERY: ["ClickHouse cannot read the query"],
  NOT_A_SELECT: ["Only one SELECT can be run here"],
  CLICKHOUSE_EXCEPTION: ["ClickHouse refuses"],
  TOKEN_MISSING: ["Sign in first", "This server asks for a token."],
  TOKEN_INVALID: ["The server does not take this token", "Sign in with another one."],
  TOKEN_EXPIRED: ["The token has expired", "Sign in with a new one; what was begun goes on."],
  CERTIFICATE_NOT_GRANTED: ["The certificate of this browser is granted nothing here"],
  KEYS_UNAVAILABLE: ["The keys of the token's issuer cannot be loaded"],
  SCOPE_MISSING: ["Your token does not allow that", "Ask for one with the scope that is named."],
  TABLE_NOT_ALLOWED: ["Your token is not for this table"],
  QUERY_NOT_ALLOWED: ["Your token does not allow queries of your own"],
  TRANSFER_NOT_OWNED: ["This transfer is another caller's"],
  RATE_LIMITED: ["Too many calls at once"],
  CONNECTION_NOT_FOUND: ["The server has no such connection", "Choose another one."],
  CONNECTION_NOT_ALLOWED: [
    "This connection is not for your token",
    "Choose another one, or sign in with another token.",
  ],
  IDENTITY_MISSING: [
    "This connection acts for its caller",
    "Sign in with a token that names a user or a role of ClickHouse.",
  ],
  CLICKHOUSE_NOT_ALLOWED: [
    "The server does not connect to this ClickHouse",
    "Choose one of its connections, or ask whoever runs it to add the host.",
  ],
  HOST_NOT_ALLOWED: ["The server is called by a name that is not its own"],
  CLICKHOUSE_TLS: ["ClickHouse cannot be trusted", "Check address and certificate."],
  BLOCK_TOO_LARGE: ["A block of the result is too large"],
};

const codes: Partial<Record<Code, [title: string, advice?: string]>> = {
  [Code.Canceled]: ["Stopped"],
  [Code.InvalidArgument]: ["The request is wrong"],
  [Code.DeadlineExceeded]: ["It took too long"],
  [Code.NotFound]: ["Not found"],
  [Code.PermissionDenied]: ["You may not do that"],
  [Code.ResourceExhausted]: ["A limit is reached"],
  [Code.FailedPrecondition]: ["That cannot be done now"],
  [Code.Unimplemented]: ["This server cannot do that", "Update the server."],
  [Code.Unavailable]: ["The server does not answer", "Check that it runs and that you are online."],
  [Code.DataLoss]: ["Data was lost"],
  [Code.Unauthenticated]: ["Sign in first", "The server asks for a valid token."],
};

/** What happened, in a few words. */
export function titleFor({ reason, code }: Pick<Problem, "reason" | "code">): string {
  return reasons[reason]?.[0] ?? codes[code]?.[0] ?? "Something went wrong";
}

/** What to do about it; empty when there is nothing in particular. */
export function adviceFor({ reason, code }: Problem): string {
  return (reason in reasons ? reasons[reason]?.[1] : codes[code]?.[1]) ?? "";
}

/** A reason for a table of rejected rows: `INVALID_NUMBER` becomes `not a number`-like words. */
export function shortReason(reason: string): string {
  return reasons[reason]?.[0] ?? reason.toLowerCase().replaceAll("_", " ");
}
