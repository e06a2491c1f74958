"""The reasons of errors, from `errors.proto`. Made by `generate.py`, not by hand."""

from enum import Enum


class Reason(str, Enum):
    """Why a call failed. A later server may have others."""

    INTERNAL = "INTERNAL"
    """[INTERNAL] A fault of Sluice itself. Metadata: `request`. Report it with the server's
    log."""
    INVALID_REQUEST = "INVALID_REQUEST"
    """[INVALID_ARGUMENT] A field of the request is missing or wrong; BadRequest names it."""
    INVALID_DIALECT = "INVALID_DIALECT"
    """[INVALID_ARGUMENT] Delimiter, quote and format do not go together. Metadata: `field`,
    `value`."""
    SHUTTING_DOWN = "SHUTTING_DOWN"
    """[UNAVAILABLE, may be retried] The server is shutting down. RetryInfo says when to call
    again."""
    TRANSFER_CANCELLED = "TRANSFER_CANCELLED"
    """[CANCELLED] The transfer was cancelled by a caller. Metadata: `transferId`."""
    CLIENT_GONE = "CLIENT_GONE"
    """[CANCELLED] The client went away before the transfer was complete. Metadata:
    `transferId`."""
    TRANSFER_NOT_FOUND = "TRANSFER_NOT_FOUND"
    """[NOT_FOUND] No transfer of the connection has this id. Metadata: `transferId`."""
    TRANSFER_EXISTS = "TRANSFER_EXISTS"
    """[ALREADY_EXISTS] The id names another transfer. Metadata: `transferId`."""
    TOO_MANY_TRANSFERS = "TOO_MANY_TRANSFERS"
    """[RESOURCE_EXHAUSTED, may be retried] As many transfers run as the server allows, and one
    that waited for its turn had none in time. Metadata: `limit`."""
    COMMIT_MODE_UNAVAILABLE = "COMMIT_MODE_UNAVAILABLE"
    """[FAILED_PRECONDITION] The commit mode cannot be honoured for this table. Metadata:
    `mode`, `table`, `cause`."""
    IDLE_TIMEOUT = "IDLE_TIMEOUT"
    """[DEADLINE_EXCEEDED] The client sent nothing for the idle time limit. Metadata:
    `seconds`."""
    OFFSET_ALREADY_COMMITTED = "OFFSET_ALREADY_COMMITTED"
    """[ALREADY_EXISTS] The bytes of this append are there already: go on at the expected
    offset. Metadata: `transferId`, `expectedOffset`, `actualOffset`."""
    OFFSET_OUT_OF_RANGE = "OFFSET_OUT_OF_RANGE"
    """[OUT_OF_RANGE] Bytes are missing before this offset, or the file is not as long as was
    said: go back to the expected offset. Metadata: `transferId`, `expectedOffset`,
    `actualOffset`."""
    SPEC_MISMATCH = "SPEC_MISMATCH"
    """[FAILED_PRECONDITION] The id was used with another spec. Metadata: `transferId`, and
    `fields`: the paths of those that differ, such as `dialect.delimiter, table.table`."""
    FILE_CHANGED = "FILE_CHANGED"
    """[FAILED_PRECONDITION] The file is not the one that the upload began with, or has loaded:
    other bytes before the committed offset, another size or another checksum. Metadata:
    `transferId`, and `offset`, or `expectedBytes` and `actualBytes`."""
    TABLE_CHANGED = "TABLE_CHANGED"
    """[FAILED_PRECONDITION] The table is not as it was when the upload began; begin again with
    a new id. Metadata: `transferId`, `table`."""
    CHECKSUM_MISMATCH = "CHECKSUM_MISMATCH"
    """[INVALID_ARGUMENT] The bytes of an append were damaged on the way; send them again.
    Metadata: `transferId`, `offset`. [DATA_LOSS] The bytes of the whole file were, or the file
    was changed while it was sent: they have another CRC-32C than was declared at its end.
    Nothing was committed (BLOCKS and DIRECT: beyond the rows that were); send the file again
    under the same id. Where damaged bytes lie before `durable_offset`, that is FILE_CHANGED,
    and another id is needed. Metadata: `transferId`, and as 8 hexadecimal digits
    `expectedCrc32c` (declared) and `actualCrc32c` (of what arrived)."""
    TRANSFER_TAKEN_OVER = "TRANSFER_TAKEN_OVER"
    """[ABORTED, may be retried] Another call, or another server, goes on with this upload.
    Metadata: `transferId`."""
    COUNT_MISMATCH = "COUNT_MISMATCH"
    """[ABORTED, may be retried] ClickHouse holds another number of staged rows than were sent:
    it died at a bad moment. Nothing was committed; the upload begins at its first byte again.
    Metadata: `expected`, `actual`."""
    SESSION_EXPIRED = "SESSION_EXPIRED"
    """[FAILED_PRECONDITION] The upload waited for its client for longer than the session time
    limit. Metadata: `seconds`."""
    TOO_MANY_INTERRUPTED = "TOO_MANY_INTERRUPTED"
    """[FAILED_PRECONDITION] More interrupted uploads waited for their clients than the server
    keeps, and this one had waited longest. Metadata: `limit` (uploads), `limitBytes` (staged by
    them)."""
    MEMORY_LIMIT = "MEMORY_LIMIT"
    """[RESOURCE_EXHAUSTED, may be retried] All memory that the server may use for transfers and
    messages was in use for too long. Metadata: `limit`, in bytes."""
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    """[INVALID_ARGUMENT] The file is larger than the server takes. Metadata: `limit`, in
    bytes."""
    TRANSFER_ENDED = "TRANSFER_ENDED"
    """[FAILED_PRECONDITION] An upload with this id has failed or was cancelled, and left
    nothing in the table. An id is used once: load the file under another one. Metadata:
    `transferId`, `state` (FAILED or CANCELLED), `cause`."""
    TRANSFER_NOT_RESUMABLE = "TRANSFER_NOT_RESUMABLE"
    """[FAILED_PRECONDITION] An upload in the mode DIRECT was broken off, or one in the mode
    BLOCKS has failed or was cancelled: some of its rows may be in the table. Metadata:
    `transferId`."""
    CANCEL_PENDING = "CANCEL_PENDING"
    """[UNAVAILABLE, may be retried] A cancel was asked for and is not confirmed yet: ClickHouse
    does not answer. Ask again. Metadata: `transferId`."""
    SERVER_GONE = "SERVER_GONE"
    """[UNAVAILABLE, may be retried] The server that moved the transfer does not answer any
    more. An upload is begun again with the same id (BeginUpload, or Upload)."""
    TRANSFER_ELSEWHERE = "TRANSFER_ELSEWHERE"
    """[UNAVAILABLE, may be retried] Another server works on the upload, and the one that was
    asked has no way to it. Send the same call again after a pause that grows: behind a balancer
    it comes to the right server. Do not call BeginUpload at once, which would take the upload
    away from that server; after some tries do, since it may have died. The operator gives each
    server its address (`--advertise`), or has the proxy before them choose a server by the
    metadata `sluice-transfer-id`. Metadata: `transferId`."""
    EMPTY_REPLACEMENT = "EMPTY_REPLACEMENT"
    """[FAILED_PRECONDITION] No row of the file would be loaded, and all rows of the table would
    go. Nothing was changed; `UploadSpec.allow_empty` asks for it. Metadata: `table`, `rejected`
    (the rows of the file that were rejected)."""
    COMMIT_PENDING = "COMMIT_PENDING"
    """[UNAVAILABLE, may be retried; FAILED_PRECONDITION where somebody has to do something
    first] All rows are staged and counted and their commit has begun, but is not finished. It
    is completed by itself, or by the same id; a file that is loaded under another id as well is
    there twice. Metadata: `transferId`."""
    FILE_TRUNCATED = "FILE_TRUNCATED"
    """[FAILED_PRECONDITION] The file ended at another size than `total_bytes` declared. Nothing
    was committed (BLOCKS: beyond the blocks that were); the whole file can be sent with the
    same id. Metadata: `expectedBytes`, `actualBytes`."""
    TOO_FEW_FIELDS = "TOO_FEW_FIELDS"
    """A record has fewer fields than the header or the table. Metadata: `fields`,
    `expected`."""
    TOO_MANY_FIELDS = "TOO_MANY_FIELDS"
    """A record has more fields than the header or the table. Metadata: `fields`, `expected`."""
    INVALID_QUOTING = "INVALID_QUOTING"
    """More than blanks follows the closing quote of a field, or a quote in it is not doubled.
    Metadata: `field`, `value`."""
    UNRESOLVED_REJECT = "UNRESOLVED_REJECT"
    """A record of a file of rejected rows, whose number of fields or quotes was at fault, and
    whose `_sluice_reason` still says so. Metadata: `rejectedFor`."""
    UNTERMINATED_QUOTE = "UNTERMINATED_QUOTE"
    """A quote was opened and never closed before the end of the file."""
    RECORD_TOO_LONG = "RECORD_TOO_LONG"
    """A record is longer than the limit. Metadata: `limit`, in bytes."""
    EMPTY_FILE = "EMPTY_FILE"
    """The file has no record and no header, and a table is to be created of it, or its rows are
    to replace others. Into a table that is there it loads no row."""
    OVERFLOW = "OVERFLOW"
    """A number does not fit the type."""
    PRECISION_LOSS = "PRECISION_LOSS"
    """A number or a time has more digits than the type holds, or a date has a time of day."""
    INVALID_NUMBER = "INVALID_NUMBER"
    """Not a number."""
    LEADING_ZERO = "LEADING_ZERO"
    """Digits that begin with a zero, which a number loses, in a column of a new table whose
    type was found in the beginning of the file, where no value began so."""
    INVALID_DATE = "INVALID_DATE"
    """Not a date or time that exists, or not in a form that is read."""
    AMBIGUOUS_DATE = "AMBIGUOUS_DATE"
    """Day and month cannot be told apart without a format."""
    INVALID_BOOL = "INVALID_BOOL"
    """Not a truth value."""
    INVALID_UUID = "INVALID_UUID"
    """Not a UUID."""
    INVALID_IP = "INVALID_IP"
    """Not an IPv4 or IPv6 address."""
    UNKNOWN_ENUM = "UNKNOWN_ENUM"
    """Not a name or number of the Enum."""
    TOO_LONG = "TOO_LONG"
    """Longer than the FixedString."""
    INVALID_UTF8 = "INVALID_UTF8"
    """Not valid UTF-8."""
    NULL_NOT_ALLOWED = "NULL_NOT_ALLOWED"
    """NULL in a column that takes none and has no default."""
    INVALID_NESTED = "INVALID_NESTED"
    """Not the text of an Array, Map or Tuple."""
    TOO_MANY_COLUMNS = "TOO_MANY_COLUMNS"
    """A record has more fields than the limit. Metadata: `limit`."""
    INVALID_JSON = "INVALID_JSON"
    """A line is no JSON object."""
    INVALID_DOCUMENT = "INVALID_DOCUMENT"
    """The value of a JSON column is no JSON object, or one that ClickHouse does not take: a
    path stands in it twice, or it is nested more than 100 deep."""
    CONSTRAINT_VIOLATED = "CONSTRAINT_VIOLATED"
    """A row does not meet a CHECK constraint of its table, or of one that a view writes to.
    Nothing was committed (BLOCKS and DIRECT: beyond the rows that were). Metadata: `table`,
    `constraint`, `expression`, `value` (the columns of the constraint and their values), and
    where the row is known `line`, `record`."""
    TOO_MANY_REJECTS = "TOO_MANY_REJECTS"
    """More records were rejected than the policy allows. Metadata: `rejected`, `parsed`,
    `limit`, and those of the first rejected record with its `reason`."""
    INVALID_COMPRESSION = "INVALID_COMPRESSION"
    """The compressed data is broken, or ends early, or is in a form that is not read. Metadata
    where known: `byteOffset`, of the compressed file. Or a zip archive has no file, or more
    than one. Metadata: `value`, the names of the first ones."""
    EXPANSION_LIMIT = "EXPANSION_LIMIT"
    """The compressed data grows more than the limit. Metadata: `limit`, bytes of text for each
    byte."""
    INVALID_ENCODING = "INVALID_ENCODING"
    """The bytes are no text of the encoding, or are of a format that is not read. Metadata:
    `byteOffset`, of the decompressed file."""
    INVALID_WORKBOOK = "INVALID_WORKBOOK"
    """A workbook is larger than the limit (metadata: `limit`, in bytes), is damaged, has a
    password or no such sheet, or a formula without a value; or what was said is not of a
    workbook, or only of one. Metadata where known: `value`, the part, the sheet or the cell."""
    AMBIGUOUS_FILE = "AMBIGUOUS_FILE"
    """The file can be read in two ways that load different rows, and neither is clearly better:
    the message names the options that choose one of them. Metadata: `line`. Or its beginning is
    comments only, up to the limit for a record, so that its table cannot be seen. Metadata:
    `limit`, in bytes."""
    DATABASE_NOT_FOUND = "DATABASE_NOT_FOUND"
    """[NOT_FOUND] Metadata: `database`, and `grants`, where the user of ClickHouse may not see
    it: the statement by which it would."""
    TABLE_NOT_FOUND = "TABLE_NOT_FOUND"
    """[NOT_FOUND] Metadata: `table`, and `grants`, as above."""
    COLUMN_NOT_FOUND = "COLUMN_NOT_FOUND"
    """[NOT_FOUND] The table has no such column. Metadata: `table`, `column`."""
    HEADER_NOT_FOUND = "HEADER_NOT_FOUND"
    """The file has no such column. Metadata: `column`."""
    HEADER_MISMATCH = "HEADER_MISMATCH"
    """No name of the header is a column of the table: often a wrong delimiter. Metadata:
    `header`, `table`."""
    UNMATCHED_COLUMN = "UNMATCHED_COLUMN"
    """A column of the file has no column in the table. Metadata: `column`, `table`. Or a record
    of NDJSON has a key that neither the first records nor the table have; metadata: `column`,
    and the place of the record."""
    MISSING_COLUMN = "MISSING_COLUMN"
    """Columns of the table have no field in the file, no DEFAULT, and take no NULL. Metadata:
    `columns` (the first ones), `table`."""
    DUPLICATE_COLUMN = "DUPLICATE_COLUMN"
    """A name stands twice in the header or in the selection. Metadata: `column`."""
    COLUMN_NOT_INSERTABLE = "COLUMN_NOT_INSERTABLE"
    """A value cannot be written to this column: it is MATERIALIZED or ALIAS. Metadata:
    `column`, `kind`."""
    TABLE_EXISTS = "TABLE_EXISTS"
    """[ALREADY_EXISTS] The table to create exists. Metadata: `table`."""
    UNSUPPORTED_TYPE = "UNSUPPORTED_TYPE"
    """ClickHouse has a type that this version cannot carry. Metadata: `column`, `type`."""
    CANNOT_REPRESENT = "CANNOT_REPRESENT"
    """A value cannot be written in the dialect of the export, which has no quote. Metadata:
    `record`."""
    CLICKHOUSE_UNAVAILABLE = "CLICKHOUSE_UNAVAILABLE"
    """[UNAVAILABLE, may be retried] No connection to ClickHouse, or it was lost."""
    CLICKHOUSE_TIMEOUT = "CLICKHOUSE_TIMEOUT"
    """[DEADLINE_EXCEEDED, may be retried] ClickHouse took longer than the limit."""
    CLICKHOUSE_TLS = "CLICKHOUSE_TLS"
    """[FAILED_PRECONDITION] The certificate of ClickHouse is not one that the server trusts, or
    it speaks no TLS."""
    CLICKHOUSE_AUTHENTICATION = "CLICKHOUSE_AUTHENTICATION"
    """[UNAUTHENTICATED] ClickHouse refused user or password."""
    CLICKHOUSE_ACCESS_DENIED = "CLICKHOUSE_ACCESS_DENIED"
    """[PERMISSION_DENIED] The user lacks a grant. Where an upload is refused before it begins,
    metadata: `table`, and `grants`, the statements that give all that are missing, separated by
    `; `."""
    CLICKHOUSE_RESOURCES = "CLICKHOUSE_RESOURCES"
    """[RESOURCE_EXHAUSTED, may be retried] Memory, disk or number of queries of ClickHouse; or
    the quota of its user, without a RetryInfo."""
    INVALID_QUERY = "INVALID_QUERY"
    """[INVALID_ARGUMENT] ClickHouse cannot read the query, or the server cannot take the CREATE
    TABLE."""
    NOT_A_SELECT = "NOT_A_SELECT"
    """[INVALID_ARGUMENT] The query is not one SELECT, or calls what queries of callers may not
    call."""
    CLICKHOUSE_EXCEPTION = "CLICKHOUSE_EXCEPTION"
    """[FAILED_PRECONDITION] ClickHouse refused for another reason; the message is ClickHouse's
    own."""
    BLOCK_TOO_LARGE = "BLOCK_TOO_LARGE"
    """[RESOURCE_EXHAUSTED] A block of the result is larger than the limit. Metadata: `limit`,
    in bytes."""
    TOKEN_MISSING = "TOKEN_MISSING"
    """[UNAUTHENTICATED] The call has neither a token (`authorization: Bearer <token>`) nor a
    client certificate."""
    TOKEN_INVALID = "TOKEN_INVALID"
    """[UNAUTHENTICATED] The token is not one that this server takes; the message says why."""
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    """[UNAUTHENTICATED] The token has expired, before the call or while it ran; go on with a
    new one. Metadata: `seconds`, if it was before."""
    CERTIFICATE_NOT_GRANTED = "CERTIFICATE_NOT_GRANTED"
    """[UNAUTHENTICATED] The client certificate is valid, but the server grants it nothing.
    Metadata: `certificate`."""
    KEYS_UNAVAILABLE = "KEYS_UNAVAILABLE"
    """[UNAVAILABLE, may be retried] The keys of the token's issuer cannot be loaded now."""
    SCOPE_MISSING = "SCOPE_MISSING"
    """[PERMISSION_DENIED] The caller was not given the scope. Metadata: `subject`, `scope`."""
    TABLE_NOT_ALLOWED = "TABLE_NOT_ALLOWED"
    """[PERMISSION_DENIED] The table or database is none of the caller's, or of nobody.
    Metadata: `database`, and where known `subject`, `table`."""
    QUERY_NOT_ALLOWED = "QUERY_NOT_ALLOWED"
    """[PERMISSION_DENIED] The caller may not run queries, or a CREATE TABLE, of its own here.
    Metadata: `subject`."""
    TRANSFER_NOT_OWNED = "TRANSFER_NOT_OWNED"
    """[PERMISSION_DENIED] The transfer is another caller's. Metadata: `subject`."""
    RATE_LIMITED = "RATE_LIMITED"
    """[RESOURCE_EXHAUSTED, may be retried] Too many requests; RetryInfo says when to call
    again. Metadata: `limit`, in requests per second."""
    CONNECTION_NOT_FOUND = "CONNECTION_NOT_FOUND"
    """[NOT_FOUND] The server has no connection of this name. Metadata: `connection`."""
    IDENTITY_MISSING = "IDENTITY_MISSING"
    """[PERMISSION_DENIED] The connection acts for its caller, whose token names no user or role
    of ClickHouse, or who has no token. Metadata: `connection`."""
    CLICKHOUSE_NOT_ALLOWED = "CLICKHOUSE_NOT_ALLOWED"
    """[PERMISSION_DENIED] The server does not connect to this ClickHouse for callers: to none
    of their own, or not to this host. Metadata: `host`, `address`, where they are the cause."""
    HOST_NOT_ALLOWED = "HOST_NOT_ALLOWED"
    """[PERMISSION_DENIED] The server was called by a name that is none of its own (`--allowed-
    hosts`). Metadata: `host`."""
    CONNECTION_NOT_ALLOWED = "CONNECTION_NOT_ALLOWED"
    """[PERMISSION_DENIED] The caller's token is limited to other connections, so that it is for
    no ClickHouse of the caller's own either. Metadata: `subject`, and where there is a name
    `connection`."""
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    """[OUT_OF_RANGE] The message has more bytes than its method takes: 4 KiB for what needs no
    token, 64 KiB for what names something, 1 MiB for BeginUpload, Export and PreviewRows,
    `max_message_bytes` of `GetServerInfo` for InspectFile and AppendUpload. Metadata: `bytes`,
    `limit`."""
    MESSAGE_TIMEOUT = "MESSAGE_TIMEOUT"
    """[DEADLINE_EXCEEDED, may be retried] The message of the call did not come in time.
    Metadata: `seconds`."""
