from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from sluice.v1 import dialect_pb2 as _dialect_pb2
from sluice.v1 import profile_pb2 as _profile_pb2
from sluice.v1 import schema_pb2 as _schema_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CommitMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMMIT_MODE_UNSPECIFIED: _ClassVar[CommitMode]
    COMMIT_MODE_ATOMIC: _ClassVar[CommitMode]
    COMMIT_MODE_BLOCKS: _ClassVar[CommitMode]
    COMMIT_MODE_REPLACE: _ClassVar[CommitMode]
    COMMIT_MODE_DIRECT: _ClassVar[CommitMode]

class TransferKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_KIND_UNSPECIFIED: _ClassVar[TransferKind]
    TRANSFER_KIND_UPLOAD: _ClassVar[TransferKind]
    TRANSFER_KIND_EXPORT: _ClassVar[TransferKind]

class TransferState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_STATE_UNSPECIFIED: _ClassVar[TransferState]
    TRANSFER_STATE_RUNNING: _ClassVar[TransferState]
    TRANSFER_STATE_SUCCEEDED: _ClassVar[TransferState]
    TRANSFER_STATE_FAILED: _ClassVar[TransferState]
    TRANSFER_STATE_CANCELLED: _ClassVar[TransferState]
    TRANSFER_STATE_INTERRUPTED: _ClassVar[TransferState]
    TRANSFER_STATE_COMMITTING: _ClassVar[TransferState]

class MatchKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MATCH_KIND_UNSPECIFIED: _ClassVar[MatchKind]
    MATCH_KIND_EXACT: _ClassVar[MatchKind]
    MATCH_KIND_CASE_DIFFERS: _ClassVar[MatchKind]
    MATCH_KIND_POSITION: _ClassVar[MatchKind]
    MATCH_KIND_SELECTED: _ClassVar[MatchKind]
    MATCH_KIND_DEFAULT: _ClassVar[MatchKind]
    MATCH_KIND_MISSING: _ClassVar[MatchKind]
    MATCH_KIND_EXTRA: _ClassVar[MatchKind]

class Operator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OPERATOR_UNSPECIFIED: _ClassVar[Operator]
    OPERATOR_EQUAL: _ClassVar[Operator]
    OPERATOR_NOT_EQUAL: _ClassVar[Operator]
    OPERATOR_LESS: _ClassVar[Operator]
    OPERATOR_LESS_OR_EQUAL: _ClassVar[Operator]
    OPERATOR_GREATER: _ClassVar[Operator]
    OPERATOR_GREATER_OR_EQUAL: _ClassVar[Operator]
    OPERATOR_LIKE: _ClassVar[Operator]
    OPERATOR_NOT_LIKE: _ClassVar[Operator]
    OPERATOR_IN: _ClassVar[Operator]
    OPERATOR_NOT_IN: _ClassVar[Operator]
    OPERATOR_IS_NULL: _ClassVar[Operator]
    OPERATOR_IS_NOT_NULL: _ClassVar[Operator]
    OPERATOR_BETWEEN: _ClassVar[Operator]
    OPERATOR_NOT_BETWEEN: _ClassVar[Operator]
    OPERATOR_ILIKE: _ClassVar[Operator]
    OPERATOR_NOT_ILIKE: _ClassVar[Operator]
COMMIT_MODE_UNSPECIFIED: CommitMode
COMMIT_MODE_ATOMIC: CommitMode
COMMIT_MODE_BLOCKS: CommitMode
COMMIT_MODE_REPLACE: CommitMode
COMMIT_MODE_DIRECT: CommitMode
TRANSFER_KIND_UNSPECIFIED: TransferKind
TRANSFER_KIND_UPLOAD: TransferKind
TRANSFER_KIND_EXPORT: TransferKind
TRANSFER_STATE_UNSPECIFIED: TransferState
TRANSFER_STATE_RUNNING: TransferState
TRANSFER_STATE_SUCCEEDED: TransferState
TRANSFER_STATE_FAILED: TransferState
TRANSFER_STATE_CANCELLED: TransferState
TRANSFER_STATE_INTERRUPTED: TransferState
TRANSFER_STATE_COMMITTING: TransferState
MATCH_KIND_UNSPECIFIED: MatchKind
MATCH_KIND_EXACT: MatchKind
MATCH_KIND_CASE_DIFFERS: MatchKind
MATCH_KIND_POSITION: MatchKind
MATCH_KIND_SELECTED: MatchKind
MATCH_KIND_DEFAULT: MatchKind
MATCH_KIND_MISSING: MatchKind
MATCH_KIND_EXTRA: MatchKind
OPERATOR_UNSPECIFIED: Operator
OPERATOR_EQUAL: Operator
OPERATOR_NOT_EQUAL: Operator
OPERATOR_LESS: Operator
OPERATOR_LESS_OR_EQUAL: Operator
OPERATOR_GREATER: Operator
OPERATOR_GREATER_OR_EQUAL: Operator
OPERATOR_LIKE: Operator
OPERATOR_NOT_LIKE: Operator
OPERATOR_IN: Operator
OPERATOR_NOT_IN: Operator
OPERATOR_IS_NULL: Operator
OPERATOR_IS_NOT_NULL: Operator
OPERATOR_BETWEEN: Operator
OPERATOR_NOT_BETWEEN: Operator
OPERATOR_ILIKE: Operator
OPERATOR_NOT_ILIKE: Operator

class Counters(_message.Message):
    __slots__ = ("bytes_received", "rows_parsed", "rows_staged", "rows_committed", "rows_rejected", "rows_exported", "bytes_sent")
    BYTES_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    ROWS_PARSED_FIELD_NUMBER: _ClassVar[int]
    ROWS_STAGED_FIELD_NUMBER: _ClassVar[int]
    ROWS_COMMITTED_FIELD_NUMBER: _ClassVar[int]
    ROWS_REJECTED_FIELD_NUMBER: _ClassVar[int]
    ROWS_EXPORTED_FIELD_NUMBER: _ClassVar[int]
    BYTES_SENT_FIELD_NUMBER: _ClassVar[int]
    bytes_received: int
    rows_parsed: int
    rows_staged: int
    rows_committed: int
    rows_rejected: int
    rows_exported: int
    bytes_sent: int
    def __init__(self, bytes_received: _Optional[int] = ..., rows_parsed: _Optional[int] = ..., rows_staged: _Optional[int] = ..., rows_committed: _Optional[int] = ..., rows_rejected: _Optional[int] = ..., rows_exported: _Optional[int] = ..., bytes_sent: _Optional[int] = ...) -> None: ...

class Transfer(_message.Message):
    __slots__ = ("transfer_id", "kind", "state", "table", "counters", "total_bytes", "total_rows", "commit_mode", "guarantee", "start_time", "elapsed", "error", "source_name", "committed_offset", "durable_offset", "resumable", "owner", "dry_run")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    COUNTERS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_ROWS_FIELD_NUMBER: _ClassVar[int]
    COMMIT_MODE_FIELD_NUMBER: _ClassVar[int]
    GUARANTEE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SOURCE_NAME_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_OFFSET_FIELD_NUMBER: _ClassVar[int]
    DURABLE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    RESUMABLE_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    kind: TransferKind
    state: TransferState
    table: _schema_pb2.TableRef
    counters: Counters
    total_bytes: int
    total_rows: int
    commit_mode: CommitMode
    guarantee: str
    start_time: _timestamp_pb2.Timestamp
    elapsed: _duration_pb2.Duration
    error: TransferError
    source_name: str
    committed_offset: int
    durable_offset: int
    resumable: bool
    owner: str
    dry_run: bool
    def __init__(self, transfer_id: _Optional[str] = ..., kind: _Optional[_Union[TransferKind, str]] = ..., state: _Optional[_Union[TransferState, str]] = ..., table: _Optional[_Union[_schema_pb2.TableRef, _Mapping]] = ..., counters: _Optional[_Union[Counters, _Mapping]] = ..., total_bytes: _Optional[int] = ..., total_rows: _Optional[int] = ..., commit_mode: _Optional[_Union[CommitMode, str]] = ..., guarantee: _Optional[str] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., elapsed: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., error: _Optional[_Union[TransferError, _Mapping]] = ..., source_name: _Optional[str] = ..., committed_offset: _Optional[int] = ..., durable_offset: _Optional[int] = ..., resumable: bool = ..., owner: _Optional[str] = ..., dry_run: bool = ...) -> None: ...

class TransferError(_message.Message):
    __slots__ = ("code", "reason", "message", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: str
    message: str
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ColumnMapping(_message.Message):
    __slots__ = ("column", "source")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    column: str
    source: str
    def __init__(self, column: _Optional[str] = ..., source: _Optional[str] = ...) -> None: ...

class UploadSpec(_message.Message):
    __slots__ = ("transfer_id", "table", "dialect", "columns", "create_table", "commit_mode", "total_bytes", "source_name", "values", "rejects", "dry_run", "sniff", "create_statement", "ignore_extra_fields", "start_offset", "prefix_crc32c", "allow_empty", "create_on_cluster", "default_missing_columns", "renames", "full_scan")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    DIALECT_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TABLE_FIELD_NUMBER: _ClassVar[int]
    COMMIT_MODE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    SOURCE_NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    REJECTS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    SNIFF_FIELD_NUMBER: _ClassVar[int]
    CREATE_STATEMENT_FIELD_NUMBER: _ClassVar[int]
    IGNORE_EXTRA_FIELDS_FIELD_NUMBER: _ClassVar[int]
    START_OFFSET_FIELD_NUMBER: _ClassVar[int]
    PREFIX_CRC32C_FIELD_NUMBER: _ClassVar[int]
    ALLOW_EMPTY_FIELD_NUMBER: _ClassVar[int]
    CREATE_ON_CLUSTER_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_MISSING_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    RENAMES_FIELD_NUMBER: _ClassVar[int]
    FULL_SCAN_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    table: _schema_pb2.TableRef
    dialect: _dialect_pb2.Dialect
    columns: _containers.RepeatedCompositeFieldContainer[ColumnMapping]
    create_table: bool
    commit_mode: CommitMode
    total_bytes: int
    source_name: str
    values: _dialect_pb2.ValueOptions
    rejects: RejectPolicy
    dry_run: bool
    sniff: bool
    create_statement: str
    ignore_extra_fields: bool
    start_offset: int
    prefix_crc32c: int
    allow_empty: bool
    create_on_cluster: str
    default_missing_columns: bool
    renames: _containers.RepeatedCompositeFieldContainer[ColumnMapping]
    full_scan: bool
    def __init__(self, transfer_id: _Optional[str] = ..., table: _Optional[_Union[_schema_pb2.TableRef, _Mapping]] = ..., dialect: _Optional[_Union[_dialect_pb2.Dialect, _Mapping]] = ..., columns: _Optional[_Iterable[_Union[ColumnMapping, _Mapping]]] = ..., create_table: bool = ..., commit_mode: _Optional[_Union[CommitMode, str]] = ..., total_bytes: _Optional[int] = ..., source_name: _Optional[str] = ..., values: _Optional[_Union[_dialect_pb2.ValueOptions, _Mapping]] = ..., rejects: _Optional[_Union[RejectPolicy, _Mapping]] = ..., dry_run: bool = ..., sniff: bool = ..., create_statement: _Optional[str] = ..., ignore_extra_fields: bool = ..., start_offset: _Optional[int] = ..., prefix_crc32c: _Optional[int] = ..., allow_empty: bool = ..., create_on_cluster: _Optional[str] = ..., default_missing_columns: bool = ..., renames: _Optional[_Iterable[_Union[ColumnMapping, _Mapping]]] = ..., full_scan: bool = ...) -> None: ...

class RejectPolicy(_message.Message):
    __slots__ = ("max_rows", "max_share")
    MAX_ROWS_FIELD_NUMBER: _ClassVar[int]
    MAX_SHARE_FIELD_NUMBER: _ClassVar[int]
    max_rows: int
    max_share: float
    def __init__(self, max_rows: _Optional[int] = ..., max_share: _Optional[float] = ...) -> None: ...

class UploadRequest(_message.Message):
    __slots__ = ("spec", "data", "end")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    spec: UploadSpec
    data: bytes
    end: UploadEnd
    def __init__(self, spec: _Optional[_Union[UploadSpec, _Mapping]] = ..., data: _Optional[bytes] = ..., end: _Optional[_Union[UploadEnd, _Mapping]] = ...) -> None: ...

class UploadEnd(_message.Message):
    __slots__ = ("total_bytes", "crc32c")
    TOTAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    CRC32C_FIELD_NUMBER: _ClassVar[int]
    total_bytes: int
    crc32c: int
    def __init__(self, total_bytes: _Optional[int] = ..., crc32c: _Optional[int] = ...) -> None: ...

class ColumnMatch(_message.Message):
    __slots__ = ("column", "type", "source", "kind")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    column: str
    type: str
    source: str
    kind: MatchKind
    def __init__(self, column: _Optional[str] = ..., type: _Optional[str] = ..., source: _Optional[str] = ..., kind: _Optional[_Union[MatchKind, str]] = ...) -> None: ...

class UploadResponse(_message.Message):
    __slots__ = ("transfer", "columns", "create_statement", "profile", "rejected_rows", "ignored_lines", "replayed", "account", "fault_counts")
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    CREATE_STATEMENT_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    REJECTED_ROWS_FIELD_NUMBER: _ClassVar[int]
    IGNORED_LINES_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    FAULT_COUNTS_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    columns: _containers.RepeatedCompositeFieldContainer[ColumnMatch]
    create_statement: str
    profile: _profile_pb2.FileProfile
    rejected_rows: _containers.RepeatedCompositeFieldContainer[_profile_pb2.RejectedRow]
    ignored_lines: int
    replayed: bool
    account: FileAccount
    fault_counts: _containers.RepeatedCompositeFieldContainer[_profile_pb2.FaultCount]
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ..., columns: _Optional[_Iterable[_Union[ColumnMatch, _Mapping]]] = ..., create_statement: _Optional[str] = ..., profile: _Optional[_Union[_profile_pb2.FileProfile, _Mapping]] = ..., rejected_rows: _Optional[_Iterable[_Union[_profile_pb2.RejectedRow, _Mapping]]] = ..., ignored_lines: _Optional[int] = ..., replayed: bool = ..., account: _Optional[_Union[FileAccount, _Mapping]] = ..., fault_counts: _Optional[_Iterable[_Union[_profile_pb2.FaultCount, _Mapping]]] = ...) -> None: ...

class FileAccount(_message.Message):
    __slots__ = ("text_bytes", "header", "loaded", "rejected", "blank", "comments", "before", "after")
    TEXT_BYTES_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    LOADED_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    BLANK_FIELD_NUMBER: _ClassVar[int]
    COMMENTS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    text_bytes: int
    header: LineCount
    loaded: LineCount
    rejected: LineCount
    blank: LineCount
    comments: LineCount
    before: LineCount
    after: LineCount
    def __init__(self, text_bytes: _Optional[int] = ..., header: _Optional[_Union[LineCount, _Mapping]] = ..., loaded: _Optional[_Union[LineCount, _Mapping]] = ..., rejected: _Optional[_Union[LineCount, _Mapping]] = ..., blank: _Optional[_Union[LineCount, _Mapping]] = ..., comments: _Optional[_Union[LineCount, _Mapping]] = ..., before: _Optional[_Union[LineCount, _Mapping]] = ..., after: _Optional[_Union[LineCount, _Mapping]] = ...) -> None: ...

class LineCount(_message.Message):
    __slots__ = ("lines", "bytes", "examples")
    LINES_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    lines: int
    bytes: int
    examples: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, lines: _Optional[int] = ..., bytes: _Optional[int] = ..., examples: _Optional[_Iterable[bytes]] = ...) -> None: ...

class BeginUploadRequest(_message.Message):
    __slots__ = ("spec",)
    SPEC_FIELD_NUMBER: _ClassVar[int]
    spec: UploadSpec
    def __init__(self, spec: _Optional[_Union[UploadSpec, _Mapping]] = ...) -> None: ...

class BeginUploadResponse(_message.Message):
    __slots__ = ("transfer_id", "committed_offset", "max_append_bytes", "max_early_appends", "transfer")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_OFFSET_FIELD_NUMBER: _ClassVar[int]
    MAX_APPEND_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_EARLY_APPENDS_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    committed_offset: int
    max_append_bytes: int
    max_early_appends: int
    transfer: Transfer
    def __init__(self, transfer_id: _Optional[str] = ..., committed_offset: _Optional[int] = ..., max_append_bytes: _Optional[int] = ..., max_early_appends: _Optional[int] = ..., transfer: _Optional[_Union[Transfer, _Mapping]] = ...) -> None: ...

class AppendUploadRequest(_message.Message):
    __slots__ = ("transfer_id", "offset", "data", "crc32c")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    CRC32C_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    offset: int
    data: bytes
    crc32c: int
    def __init__(self, transfer_id: _Optional[str] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., crc32c: _Optional[int] = ...) -> None: ...

class AppendUploadResponse(_message.Message):
    __slots__ = ("committed_offset", "counters", "durable_offset")
    COMMITTED_OFFSET_FIELD_NUMBER: _ClassVar[int]
    COUNTERS_FIELD_NUMBER: _ClassVar[int]
    DURABLE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    committed_offset: int
    counters: Counters
    durable_offset: int
    def __init__(self, committed_offset: _Optional[int] = ..., counters: _Optional[_Union[Counters, _Mapping]] = ..., durable_offset: _Optional[int] = ...) -> None: ...

class FinishUploadRequest(_message.Message):
    __slots__ = ("transfer_id", "total_bytes", "crc32c")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    TOTAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    CRC32C_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    total_bytes: int
    crc32c: int
    def __init__(self, transfer_id: _Optional[str] = ..., total_bytes: _Optional[int] = ..., crc32c: _Optional[int] = ...) -> None: ...

class FinishUploadResponse(_message.Message):
    __slots__ = ("result", "replayed")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    result: UploadResponse
    replayed: bool
    def __init__(self, result: _Optional[_Union[UploadResponse, _Mapping]] = ..., replayed: bool = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ("column", "operator", "values", "alternatives")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    ALTERNATIVES_FIELD_NUMBER: _ClassVar[int]
    column: str
    operator: Operator
    values: _containers.RepeatedScalarFieldContainer[str]
    alternatives: _containers.RepeatedCompositeFieldContainer[Condition]
    def __init__(self, column: _Optional[str] = ..., operator: _Optional[_Union[Operator, str]] = ..., values: _Optional[_Iterable[str]] = ..., alternatives: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ...) -> None: ...

class OrderBy(_message.Message):
    __slots__ = ("column", "descending")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    DESCENDING_FIELD_NUMBER: _ClassVar[int]
    column: str
    descending: bool
    def __init__(self, column: _Optional[str] = ..., descending: bool = ...) -> None: ...

class TableSource(_message.Message):
    __slots__ = ("table", "columns", "where", "order_by", "limit")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    WHERE_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    table: _schema_pb2.TableRef
    columns: _containers.RepeatedScalarFieldContainer[str]
    where: _containers.RepeatedCompositeFieldContainer[Condition]
    order_by: _containers.RepeatedCompositeFieldContainer[OrderBy]
    limit: int
    def __init__(self, table: _Optional[_Union[_schema_pb2.TableRef, _Mapping]] = ..., columns: _Optional[_Iterable[str]] = ..., where: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., order_by: _Optional[_Iterable[_Union[OrderBy, _Mapping]]] = ..., limit: _Optional[int] = ...) -> None: ...

class ExportRequest(_message.Message):
    __slots__ = ("transfer_id", "table", "query", "dialect", "style")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    DIALECT_FIELD_NUMBER: _ClassVar[int]
    STYLE_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    table: TableSource
    query: str
    dialect: _dialect_pb2.Dialect
    style: _dialect_pb2.ExportStyle
    def __init__(self, transfer_id: _Optional[str] = ..., table: _Optional[_Union[TableSource, _Mapping]] = ..., query: _Optional[str] = ..., dialect: _Optional[_Union[_dialect_pb2.Dialect, _Mapping]] = ..., style: _Optional[_Union[_dialect_pb2.ExportStyle, _Mapping]] = ...) -> None: ...

class ExportSchema(_message.Message):
    __slots__ = ("transfer_id", "columns", "table_uuid")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    TABLE_UUID_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    columns: _containers.RepeatedCompositeFieldContainer[_schema_pb2.Column]
    table_uuid: str
    def __init__(self, transfer_id: _Optional[str] = ..., columns: _Optional[_Iterable[_Union[_schema_pb2.Column, _Mapping]]] = ..., table_uuid: _Optional[str] = ...) -> None: ...

class ExportProgress(_message.Message):
    __slots__ = ("rows", "bytes", "total_rows", "rows_per_second", "bytes_per_second")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_ROWS_FIELD_NUMBER: _ClassVar[int]
    ROWS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    BYTES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    rows: int
    bytes: int
    total_rows: int
    rows_per_second: float
    bytes_per_second: float
    def __init__(self, rows: _Optional[int] = ..., bytes: _Optional[int] = ..., total_rows: _Optional[int] = ..., rows_per_second: _Optional[float] = ..., bytes_per_second: _Optional[float] = ...) -> None: ...

class ExportSummary(_message.Message):
    __slots__ = ("transfer", "has_invalid_utf8")
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    HAS_INVALID_UTF8_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    has_invalid_utf8: bool
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ..., has_invalid_utf8: bool = ...) -> None: ...

class ExportResponse(_message.Message):
    __slots__ = ("schema", "data", "progress", "summary")
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    schema: ExportSchema
    data: bytes
    progress: ExportProgress
    summary: ExportSummary
    def __init__(self, schema: _Optional[_Union[ExportSchema, _Mapping]] = ..., data: _Optional[bytes] = ..., progress: _Optional[_Union[ExportProgress, _Mapping]] = ..., summary: _Optional[_Union[ExportSummary, _Mapping]] = ...) -> None: ...

class InspectFileRequest(_message.Message):
    __slots__ = ("sample", "complete", "dialect", "table", "values", "columns", "row_count", "source_name")
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    DIALECT_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_NAME_FIELD_NUMBER: _ClassVar[int]
    sample: bytes
    complete: bool
    dialect: _dialect_pb2.Dialect
    table: _schema_pb2.TableRef
    values: _dialect_pb2.ValueOptions
    columns: _containers.RepeatedCompositeFieldContainer[ColumnMapping]
    row_count: int
    source_name: str
    def __init__(self, sample: _Optional[bytes] = ..., complete: bool = ..., dialect: _Optional[_Union[_dialect_pb2.Dialect, _Mapping]] = ..., table: _Optional[_Union[_schema_pb2.TableRef, _Mapping]] = ..., values: _Optional[_Union[_dialect_pb2.ValueOptions, _Mapping]] = ..., columns: _Optional[_Iterable[_Union[ColumnMapping, _Mapping]]] = ..., row_count: _Optional[int] = ..., source_name: _Optional[str] = ...) -> None: ...

class InspectFileResponse(_message.Message):
    __slots__ = ("profile", "rows", "create_statement", "sorting_key_reason", "matches", "rows_tried", "rows_rejected", "rejected_rows", "error")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    CREATE_STATEMENT_FIELD_NUMBER: _ClassVar[int]
    SORTING_KEY_REASON_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    ROWS_TRIED_FIELD_NUMBER: _ClassVar[int]
    ROWS_REJECTED_FIELD_NUMBER: _ClassVar[int]
    REJECTED_ROWS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    profile: _profile_pb2.FileProfile
    rows: _containers.RepeatedCompositeFieldContainer[_schema_pb2.Row]
    create_statement: str
    sorting_key_reason: str
    matches: _containers.RepeatedCompositeFieldContainer[ColumnMatch]
    rows_tried: int
    rows_rejected: int
    rejected_rows: _containers.RepeatedCompositeFieldContainer[_profile_pb2.RejectedRow]
    error: TransferError
    def __init__(self, profile: _Optional[_Union[_profile_pb2.FileProfile, _Mapping]] = ..., rows: _Optional[_Iterable[_Union[_schema_pb2.Row, _Mapping]]] = ..., create_statement: _Optional[str] = ..., sorting_key_reason: _Optional[str] = ..., matches: _Optional[_Iterable[_Union[ColumnMatch, _Mapping]]] = ..., rows_tried: _Optional[int] = ..., rows_rejected: _Optional[int] = ..., rejected_rows: _Optional[_Iterable[_Union[_profile_pb2.RejectedRow, _Mapping]]] = ..., error: _Optional[_Union[TransferError, _Mapping]] = ...) -> None: ...

class GetTransferRequest(_message.Message):
    __slots__ = ("transfer_id",)
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    def __init__(self, transfer_id: _Optional[str] = ...) -> None: ...

class GetTransferResponse(_message.Message):
    __slots__ = ("transfer",)
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ...) -> None: ...

class ListTransfersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "states", "kind", "table", "owner")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    states: _containers.RepeatedScalarFieldContainer[TransferState]
    kind: TransferKind
    table: _schema_pb2.TableRef
    owner: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., states: _Optional[_Iterable[_Union[TransferState, str]]] = ..., kind: _Optional[_Union[TransferKind, str]] = ..., table: _Optional[_Union[_schema_pb2.TableRef, _Mapping]] = ..., owner: _Optional[str] = ...) -> None: ...

class ListTransfersResponse(_message.Message):
    __slots__ = ("transfers", "next_page_token")
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    next_page_token: str
    def __init__(self, transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelTransferRequest(_message.Message):
    __slots__ = ("transfer_id",)
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    def __init__(self, transfer_id: _Optional[str] = ...) -> None: ...

class CancelTransferResponse(_message.Message):
    __slots__ = ("transfer",)
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ...) -> None: ...

class WatchTransferRequest(_message.Message):
    __slots__ = ("transfer_id", "interval")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    interval: _duration_pb2.Duration
    def __init__(self, transfer_id: _Optional[str] = ..., interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WatchTransferResponse(_message.Message):
    __slots__ = ("transfer",)
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ...) -> None: ...

class ListRejectedRowsRequest(_message.Message):
    __slots__ = ("transfer_id", "as_csv")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    AS_CSV_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    as_csv: bool
    def __init__(self, transfer_id: _Optional[str] = ..., as_csv: bool = ...) -> None: ...

class ListRejectedRowsResponse(_message.Message):
    __slots__ = ("row", "csv")
    ROW_FIELD_NUMBER: _ClassVar[int]
    CSV_FIELD_NUMBER: _ClassVar[int]
    row: _profile_pb2.RejectedRow
    csv: bytes
    def __init__(self, row: _Optional[_Union[_profile_pb2.RejectedRow, _Mapping]] = ..., csv: _Optional[bytes] = ...) -> None: ...
