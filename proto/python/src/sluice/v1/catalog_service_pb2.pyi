from google.protobuf import duration_pb2 as _duration_pb2
from sluice.v1 import ingest_service_pb2 as _ingest_service_pb2
from sluice.v1 import schema_pb2 as _schema_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IdentityMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IDENTITY_MODE_UNSPECIFIED: _ClassVar[IdentityMode]
    IDENTITY_MODE_SERVICE: _ClassVar[IdentityMode]
    IDENTITY_MODE_TOKEN: _ClassVar[IdentityMode]
    IDENTITY_MODE_ROLE: _ClassVar[IdentityMode]
    IDENTITY_MODE_IMPERSONATE: _ClassVar[IdentityMode]

class GrantPurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GRANT_PURPOSE_UNSPECIFIED: _ClassVar[GrantPurpose]
    GRANT_PURPOSE_EXPORT: _ClassVar[GrantPurpose]
    GRANT_PURPOSE_QUERY: _ClassVar[GrantPurpose]
    GRANT_PURPOSE_DRY_RUN: _ClassVar[GrantPurpose]
    GRANT_PURPOSE_DIRECT: _ClassVar[GrantPurpose]
    GRANT_PURPOSE_BLOCKS: _ClassVar[GrantPurpose]
    GRANT_PURPOSE_ATOMIC: _ClassVar[GrantPurpose]
    GRANT_PURPOSE_REPLACE: _ClassVar[GrantPurpose]
    GRANT_PURPOSE_CREATE: _ClassVar[GrantPurpose]
    GRANT_PURPOSE_JOURNAL: _ClassVar[GrantPurpose]
    GRANT_PURPOSE_RECOVERY: _ClassVar[GrantPurpose]
IDENTITY_MODE_UNSPECIFIED: IdentityMode
IDENTITY_MODE_SERVICE: IdentityMode
IDENTITY_MODE_TOKEN: IdentityMode
IDENTITY_MODE_ROLE: IdentityMode
IDENTITY_MODE_IMPERSONATE: IdentityMode
GRANT_PURPOSE_UNSPECIFIED: GrantPurpose
GRANT_PURPOSE_EXPORT: GrantPurpose
GRANT_PURPOSE_QUERY: GrantPurpose
GRANT_PURPOSE_DRY_RUN: GrantPurpose
GRANT_PURPOSE_DIRECT: GrantPurpose
GRANT_PURPOSE_BLOCKS: GrantPurpose
GRANT_PURPOSE_ATOMIC: GrantPurpose
GRANT_PURPOSE_REPLACE: GrantPurpose
GRANT_PURPOSE_CREATE: GrantPurpose
GRANT_PURPOSE_JOURNAL: GrantPurpose
GRANT_PURPOSE_RECOVERY: GrantPurpose

class GetServerInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServerInfoResponse(_message.Message):
    __slots__ = ("version", "requires_token", "allows_other_clickhouse", "max_message_bytes")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ALLOWS_OTHER_CLICKHOUSE_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    version: str
    requires_token: bool
    allows_other_clickhouse: bool
    max_message_bytes: int
    def __init__(self, version: _Optional[str] = ..., requires_token: bool = ..., allows_other_clickhouse: bool = ..., max_message_bytes: _Optional[int] = ...) -> None: ...

class ListConnectionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListConnectionsResponse(_message.Message):
    __slots__ = ("connections",)
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    connections: _containers.RepeatedCompositeFieldContainer[Connection]
    def __init__(self, connections: _Optional[_Iterable[_Union[Connection, _Mapping]]] = ...) -> None: ...

class Connection(_message.Message):
    __slots__ = ("name", "url", "database", "identity_mode")
    NAME_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_MODE_FIELD_NUMBER: _ClassVar[int]
    name: str
    url: str
    database: str
    identity_mode: IdentityMode
    def __init__(self, name: _Optional[str] = ..., url: _Optional[str] = ..., database: _Optional[str] = ..., identity_mode: _Optional[_Union[IdentityMode, str]] = ...) -> None: ...

class MissingGrant(_message.Message):
    __slots__ = ("privilege", "on", "grantee", "needed_for")
    PRIVILEGE_FIELD_NUMBER: _ClassVar[int]
    ON_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_FIELD_NUMBER: _ClassVar[int]
    NEEDED_FOR_FIELD_NUMBER: _ClassVar[int]
    privilege: str
    on: str
    grantee: str
    needed_for: _containers.RepeatedScalarFieldContainer[GrantPurpose]
    def __init__(self, privilege: _Optional[str] = ..., on: _Optional[str] = ..., grantee: _Optional[str] = ..., needed_for: _Optional[_Iterable[_Union[GrantPurpose, str]]] = ...) -> None: ...

class CheckConnectionRequest(_message.Message):
    __slots__ = ("table", "commit_mode", "create_table")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    COMMIT_MODE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TABLE_FIELD_NUMBER: _ClassVar[int]
    table: _schema_pb2.TableRef
    commit_mode: _ingest_service_pb2.CommitMode
    create_table: bool
    def __init__(self, table: _Optional[_Union[_schema_pb2.TableRef, _Mapping]] = ..., commit_mode: _Optional[_Union[_ingest_service_pb2.CommitMode, str]] = ..., create_table: bool = ...) -> None: ...

class CheckConnectionResponse(_message.Message):
    __slots__ = ("server_version", "user", "database", "timezone", "round_trip", "embedded", "warnings", "missing_grants", "grant_statements", "upload_needs")
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    ROUND_TRIP_FIELD_NUMBER: _ClassVar[int]
    EMBEDDED_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    MISSING_GRANTS_FIELD_NUMBER: _ClassVar[int]
    GRANT_STATEMENTS_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_NEEDS_FIELD_NUMBER: _ClassVar[int]
    server_version: str
    user: str
    database: str
    timezone: str
    round_trip: _duration_pb2.Duration
    embedded: bool
    warnings: _containers.RepeatedScalarFieldContainer[str]
    missing_grants: _containers.RepeatedCompositeFieldContainer[MissingGrant]
    grant_statements: _containers.RepeatedScalarFieldContainer[str]
    upload_needs: _containers.RepeatedScalarFieldContainer[GrantPurpose]
    def __init__(self, server_version: _Optional[str] = ..., user: _Optional[str] = ..., database: _Optional[str] = ..., timezone: _Optional[str] = ..., round_trip: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., embedded: bool = ..., warnings: _Optional[_Iterable[str]] = ..., missing_grants: _Optional[_Iterable[_Union[MissingGrant, _Mapping]]] = ..., grant_statements: _Optional[_Iterable[str]] = ..., upload_needs: _Optional[_Iterable[_Union[GrantPurpose, str]]] = ...) -> None: ...

class ListDatabasesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListDatabasesResponse(_message.Message):
    __slots__ = ("databases",)
    DATABASES_FIELD_NUMBER: _ClassVar[int]
    databases: _containers.RepeatedCompositeFieldContainer[Database]
    def __init__(self, databases: _Optional[_Iterable[_Union[Database, _Mapping]]] = ...) -> None: ...

class Database(_message.Message):
    __slots__ = ("name", "engine", "comment")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    engine: str
    comment: str
    def __init__(self, name: _Optional[str] = ..., engine: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class ListTablesRequest(_message.Message):
    __slots__ = ("database", "page_size", "page_token")
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    database: str
    page_size: int
    page_token: str
    def __init__(self, database: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTablesResponse(_message.Message):
    __slots__ = ("tables", "next_page_token")
    TABLES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tables: _containers.RepeatedCompositeFieldContainer[TableSummary]
    next_page_token: str
    def __init__(self, tables: _Optional[_Iterable[_Union[TableSummary, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class TableSummary(_message.Message):
    __slots__ = ("table", "engine", "row_count", "byte_count", "comment")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    BYTE_COUNT_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    table: _schema_pb2.TableRef
    engine: str
    row_count: int
    byte_count: int
    comment: str
    def __init__(self, table: _Optional[_Union[_schema_pb2.TableRef, _Mapping]] = ..., engine: _Optional[str] = ..., row_count: _Optional[int] = ..., byte_count: _Optional[int] = ..., comment: _Optional[str] = ...) -> None: ...

class GetTableRequest(_message.Message):
    __slots__ = ("table",)
    TABLE_FIELD_NUMBER: _ClassVar[int]
    table: _schema_pb2.TableRef
    def __init__(self, table: _Optional[_Union[_schema_pb2.TableRef, _Mapping]] = ...) -> None: ...

class GetTableResponse(_message.Message):
    __slots__ = ("summary", "columns", "sorting_key", "primary_key", "partition_key", "create_statement")
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SORTING_KEY_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    PARTITION_KEY_FIELD_NUMBER: _ClassVar[int]
    CREATE_STATEMENT_FIELD_NUMBER: _ClassVar[int]
    summary: TableSummary
    columns: _containers.RepeatedCompositeFieldContainer[_schema_pb2.Column]
    sorting_key: str
    primary_key: str
    partition_key: str
    create_statement: str
    def __init__(self, summary: _Optional[_Union[TableSummary, _Mapping]] = ..., columns: _Optional[_Iterable[_Union[_schema_pb2.Column, _Mapping]]] = ..., sorting_key: _Optional[str] = ..., primary_key: _Optional[str] = ..., partition_key: _Optional[str] = ..., create_statement: _Optional[str] = ...) -> None: ...

class PreviewRowsRequest(_message.Message):
    __slots__ = ("table", "query", "limit")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    table: _schema_pb2.TableRef
    query: str
    limit: int
    def __init__(self, table: _Optional[_Union[_schema_pb2.TableRef, _Mapping]] = ..., query: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class PreviewRowsResponse(_message.Message):
    __slots__ = ("columns", "rows", "truncated")
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedCompositeFieldContainer[_schema_pb2.Column]
    rows: _containers.RepeatedCompositeFieldContainer[_schema_pb2.Row]
    truncated: bool
    def __init__(self, columns: _Optional[_Iterable[_Union[_schema_pb2.Column, _Mapping]]] = ..., rows: _Optional[_Iterable[_Union[_schema_pb2.Row, _Mapping]]] = ..., truncated: bool = ...) -> None: ...
