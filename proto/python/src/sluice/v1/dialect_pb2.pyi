from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Format(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FORMAT_UNSPECIFIED: _ClassVar[Format]
    FORMAT_CSV: _ClassVar[Format]
    FORMAT_TSV: _ClassVar[Format]
    FORMAT_NDJSON: _ClassVar[Format]
    FORMAT_WORKBOOK: _ClassVar[Format]

class Compression(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMPRESSION_UNSPECIFIED: _ClassVar[Compression]
    COMPRESSION_NONE: _ClassVar[Compression]
    COMPRESSION_GZIP: _ClassVar[Compression]
    COMPRESSION_ZSTD: _ClassVar[Compression]
    COMPRESSION_BZIP2: _ClassVar[Compression]
    COMPRESSION_XZ: _ClassVar[Compression]
    COMPRESSION_ZIP: _ClassVar[Compression]

class Ragged(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RAGGED_UNSPECIFIED: _ClassVar[Ragged]
    RAGGED_REJECT: _ClassVar[Ragged]
    RAGGED_PAD: _ClassVar[Ragged]

class Quotes(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUOTES_UNSPECIFIED: _ClassVar[Quotes]
    QUOTES_STRICT: _ClassVar[Quotes]
    QUOTES_LENIENT: _ClassVar[Quotes]

class LineEnd(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LINE_END_UNSPECIFIED: _ClassVar[LineEnd]
    LINE_END_LF: _ClassVar[LineEnd]
    LINE_END_CRLF: _ClassVar[LineEnd]
    LINE_END_CR: _ClassVar[LineEnd]

class QuoteStyle(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUOTE_STYLE_UNSPECIFIED: _ClassVar[QuoteStyle]
    QUOTE_STYLE_NECESSARY: _ClassVar[QuoteStyle]
    QUOTE_STYLE_ALWAYS: _ClassVar[QuoteStyle]
    QUOTE_STYLE_NON_NUMERIC: _ClassVar[QuoteStyle]
FORMAT_UNSPECIFIED: Format
FORMAT_CSV: Format
FORMAT_TSV: Format
FORMAT_NDJSON: Format
FORMAT_WORKBOOK: Format
COMPRESSION_UNSPECIFIED: Compression
COMPRESSION_NONE: Compression
COMPRESSION_GZIP: Compression
COMPRESSION_ZSTD: Compression
COMPRESSION_BZIP2: Compression
COMPRESSION_XZ: Compression
COMPRESSION_ZIP: Compression
RAGGED_UNSPECIFIED: Ragged
RAGGED_REJECT: Ragged
RAGGED_PAD: Ragged
QUOTES_UNSPECIFIED: Quotes
QUOTES_STRICT: Quotes
QUOTES_LENIENT: Quotes
LINE_END_UNSPECIFIED: LineEnd
LINE_END_LF: LineEnd
LINE_END_CRLF: LineEnd
LINE_END_CR: LineEnd
QUOTE_STYLE_UNSPECIFIED: QuoteStyle
QUOTE_STYLE_NECESSARY: QuoteStyle
QUOTE_STYLE_ALWAYS: QuoteStyle
QUOTE_STYLE_NON_NUMERIC: QuoteStyle

class Dialect(_message.Message):
    __slots__ = ("format", "delimiter", "quote", "header_rows", "escape", "comment", "skip_lines", "skip_initial_space", "end_line", "encoding", "compression", "sheet", "range", "row_names")
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    DELIMITER_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    HEADER_ROWS_FIELD_NUMBER: _ClassVar[int]
    ESCAPE_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    SKIP_LINES_FIELD_NUMBER: _ClassVar[int]
    SKIP_INITIAL_SPACE_FIELD_NUMBER: _ClassVar[int]
    END_LINE_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    SHEET_FIELD_NUMBER: _ClassVar[int]
    RANGE_FIELD_NUMBER: _ClassVar[int]
    ROW_NAMES_FIELD_NUMBER: _ClassVar[int]
    format: Format
    delimiter: str
    quote: str
    header_rows: int
    escape: str
    comment: str
    skip_lines: int
    skip_initial_space: bool
    end_line: int
    encoding: str
    compression: Compression
    sheet: str
    range: str
    row_names: bool
    def __init__(self, format: _Optional[_Union[Format, str]] = ..., delimiter: _Optional[str] = ..., quote: _Optional[str] = ..., header_rows: _Optional[int] = ..., escape: _Optional[str] = ..., comment: _Optional[str] = ..., skip_lines: _Optional[int] = ..., skip_initial_space: bool = ..., end_line: _Optional[int] = ..., encoding: _Optional[str] = ..., compression: _Optional[_Union[Compression, str]] = ..., sheet: _Optional[str] = ..., range: _Optional[str] = ..., row_names: bool = ...) -> None: ...

class ColumnValueOptions(_message.Message):
    __slots__ = ("column", "null_markers", "date_format", "decimal_comma", "thousands", "strip_units", "list_separator", "unit", "excel_text")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    NULL_MARKERS_FIELD_NUMBER: _ClassVar[int]
    DATE_FORMAT_FIELD_NUMBER: _ClassVar[int]
    DECIMAL_COMMA_FIELD_NUMBER: _ClassVar[int]
    THOUSANDS_FIELD_NUMBER: _ClassVar[int]
    STRIP_UNITS_FIELD_NUMBER: _ClassVar[int]
    LIST_SEPARATOR_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    EXCEL_TEXT_FIELD_NUMBER: _ClassVar[int]
    column: str
    null_markers: _containers.RepeatedScalarFieldContainer[str]
    date_format: str
    decimal_comma: bool
    thousands: str
    strip_units: bool
    list_separator: str
    unit: str
    excel_text: bool
    def __init__(self, column: _Optional[str] = ..., null_markers: _Optional[_Iterable[str]] = ..., date_format: _Optional[str] = ..., decimal_comma: bool = ..., thousands: _Optional[str] = ..., strip_units: bool = ..., list_separator: _Optional[str] = ..., unit: _Optional[str] = ..., excel_text: bool = ...) -> None: ...

class ValueOptions(_message.Message):
    __slots__ = ("null_markers", "trim", "decimal_comma", "true_words", "false_words", "round", "empty_as_default", "ragged", "columns", "quotes", "thousands", "strip_units", "excel_text")
    NULL_MARKERS_FIELD_NUMBER: _ClassVar[int]
    TRIM_FIELD_NUMBER: _ClassVar[int]
    DECIMAL_COMMA_FIELD_NUMBER: _ClassVar[int]
    TRUE_WORDS_FIELD_NUMBER: _ClassVar[int]
    FALSE_WORDS_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    EMPTY_AS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    RAGGED_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    THOUSANDS_FIELD_NUMBER: _ClassVar[int]
    STRIP_UNITS_FIELD_NUMBER: _ClassVar[int]
    EXCEL_TEXT_FIELD_NUMBER: _ClassVar[int]
    null_markers: _containers.RepeatedScalarFieldContainer[str]
    trim: bool
    decimal_comma: bool
    true_words: _containers.RepeatedScalarFieldContainer[str]
    false_words: _containers.RepeatedScalarFieldContainer[str]
    round: bool
    empty_as_default: bool
    ragged: Ragged
    columns: _containers.RepeatedCompositeFieldContainer[ColumnValueOptions]
    quotes: Quotes
    thousands: str
    strip_units: bool
    excel_text: bool
    def __init__(self, null_markers: _Optional[_Iterable[str]] = ..., trim: bool = ..., decimal_comma: bool = ..., true_words: _Optional[_Iterable[str]] = ..., false_words: _Optional[_Iterable[str]] = ..., round: bool = ..., empty_as_default: bool = ..., ragged: _Optional[_Union[Ragged, str]] = ..., columns: _Optional[_Iterable[_Union[ColumnValueOptions, _Mapping]]] = ..., quotes: _Optional[_Union[Quotes, str]] = ..., thousands: _Optional[str] = ..., strip_units: bool = ..., excel_text: bool = ...) -> None: ...

class ExportStyle(_message.Message):
    __slots__ = ("line_end", "quote_style", "excel_safe", "null_marker", "compression_level")
    LINE_END_FIELD_NUMBER: _ClassVar[int]
    QUOTE_STYLE_FIELD_NUMBER: _ClassVar[int]
    EXCEL_SAFE_FIELD_NUMBER: _ClassVar[int]
    NULL_MARKER_FIELD_NUMBER: _ClassVar[int]
    COMPRESSION_LEVEL_FIELD_NUMBER: _ClassVar[int]
    line_end: LineEnd
    quote_style: QuoteStyle
    excel_safe: bool
    null_marker: str
    compression_level: int
    def __init__(self, line_end: _Optional[_Union[LineEnd, str]] = ..., quote_style: _Optional[_Union[QuoteStyle, str]] = ..., excel_safe: bool = ..., null_marker: _Optional[str] = ..., compression_level: _Optional[int] = ...) -> None: ...
