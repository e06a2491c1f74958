from sluice.v1 import dialect_pb2 as _dialect_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Finding(_message.Message):
    __slots__ = ("name", "value", "confidence", "runner_up", "given")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    RUNNER_UP_FIELD_NUMBER: _ClassVar[int]
    GIVEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    confidence: float
    runner_up: str
    given: bool
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ..., confidence: _Optional[float] = ..., runner_up: _Optional[str] = ..., given: bool = ...) -> None: ...

class ProfileColumn(_message.Message):
    __slots__ = ("name", "original_name", "type", "null_markers", "date_format", "decimal_comma", "notes", "thousands", "unit", "excel_text")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NULL_MARKERS_FIELD_NUMBER: _ClassVar[int]
    DATE_FORMAT_FIELD_NUMBER: _ClassVar[int]
    DECIMAL_COMMA_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    THOUSANDS_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    EXCEL_TEXT_FIELD_NUMBER: _ClassVar[int]
    name: str
    original_name: str
    type: str
    null_markers: _containers.RepeatedScalarFieldContainer[str]
    date_format: str
    decimal_comma: bool
    notes: _containers.RepeatedScalarFieldContainer[str]
    thousands: str
    unit: str
    excel_text: bool
    def __init__(self, name: _Optional[str] = ..., original_name: _Optional[str] = ..., type: _Optional[str] = ..., null_markers: _Optional[_Iterable[str]] = ..., date_format: _Optional[str] = ..., decimal_comma: bool = ..., notes: _Optional[_Iterable[str]] = ..., thousands: _Optional[str] = ..., unit: _Optional[str] = ..., excel_text: bool = ...) -> None: ...

class FileProfile(_message.Message):
    __slots__ = ("dialect", "findings", "columns", "sample_bytes", "trailing_lines", "workbook")
    DIALECT_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_BYTES_FIELD_NUMBER: _ClassVar[int]
    TRAILING_LINES_FIELD_NUMBER: _ClassVar[int]
    WORKBOOK_FIELD_NUMBER: _ClassVar[int]
    dialect: _dialect_pb2.Dialect
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    columns: _containers.RepeatedCompositeFieldContainer[ProfileColumn]
    sample_bytes: int
    trailing_lines: int
    workbook: Workbook
    def __init__(self, dialect: _Optional[_Union[_dialect_pb2.Dialect, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., columns: _Optional[_Iterable[_Union[ProfileColumn, _Mapping]]] = ..., sample_bytes: _Optional[int] = ..., trailing_lines: _Optional[int] = ..., workbook: _Optional[_Union[Workbook, _Mapping]] = ...) -> None: ...

class Workbook(_message.Message):
    __slots__ = ("kind", "sheets", "sheet", "range", "notes")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SHEETS_FIELD_NUMBER: _ClassVar[int]
    SHEET_FIELD_NUMBER: _ClassVar[int]
    RANGE_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    kind: str
    sheets: _containers.RepeatedCompositeFieldContainer[Sheet]
    sheet: str
    range: str
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, kind: _Optional[str] = ..., sheets: _Optional[_Iterable[_Union[Sheet, _Mapping]]] = ..., sheet: _Optional[str] = ..., range: _Optional[str] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class Sheet(_message.Message):
    __slots__ = ("name", "hidden")
    NAME_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    hidden: bool
    def __init__(self, name: _Optional[str] = ..., hidden: bool = ...) -> None: ...

class RejectedRow(_message.Message):
    __slots__ = ("line", "record", "byte_offset", "column", "type", "value", "reason", "raw", "more")
    LINE_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    BYTE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    line: int
    record: int
    byte_offset: int
    column: str
    type: str
    value: bytes
    reason: str
    raw: bytes
    more: _containers.RepeatedCompositeFieldContainer[CellFault]
    def __init__(self, line: _Optional[int] = ..., record: _Optional[int] = ..., byte_offset: _Optional[int] = ..., column: _Optional[str] = ..., type: _Optional[str] = ..., value: _Optional[bytes] = ..., reason: _Optional[str] = ..., raw: _Optional[bytes] = ..., more: _Optional[_Iterable[_Union[CellFault, _Mapping]]] = ...) -> None: ...

class CellFault(_message.Message):
    __slots__ = ("column", "type", "value", "reason")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    column: str
    type: str
    value: bytes
    reason: str
    def __init__(self, column: _Optional[str] = ..., type: _Optional[str] = ..., value: _Optional[bytes] = ..., reason: _Optional[str] = ...) -> None: ...

class FaultCount(_message.Message):
    __slots__ = ("column", "reason", "count")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    column: str
    reason: str
    count: int
    def __init__(self, column: _Optional[str] = ..., reason: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...
