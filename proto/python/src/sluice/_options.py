"""The words of a call as the messages of the contract."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, cast

from google.protobuf.descriptor import FieldDescriptor

from sluice.v1 import dialect_pb2, ingest_service_pb2, schema_pb2

Format = Literal["csv", "tsv", "ndjson"]
Compression = Literal["none", "gzip", "zstd", "bzip2", "xz", "zip"]
Mode = Literal["auto", "atomic", "blocks", "replace", "direct"]


class DialectOptions(TypedDict, total=False):
    """How the bytes of a file are cut into fields; what is left out is found."""

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
    row_names: bool
    #: Of a workbook (xlsx, ods): the sheet, by its name or its number from 1, and its cells, such as "A1:F200".
    sheet: str
    range: str


class ColumnOptions(TypedDict, total=False):
    """How the texts of one column are read."""

    null_markers: Sequence[str]
    date_format: str
    decimal_comma: bool
    thousands: str
    strip_units: bool
    list_separator: str
    unit: str
    excel_text: bool


class ReadOptions(DialectOptions, total=False):
    """How a file is read. By default a value fits its column exactly, or its record is rejected."""

    null_markers: Sequence[str]
    trim: bool
    decimal_comma: bool
    true_words: Sequence[str]
    false_words: Sequence[str]
    round: bool
    empty_as_default: bool
    ragged: Literal["reject", "pad"]
    quotes: Literal["strict", "lenient"]
    thousands: str
    strip_units: bool
    excel_text: bool
    column_options: Mapping[str, ColumnOptions]


class UploadOptions(ReadOptions, total=False):
    """What an upload may be told beside its source and its table."""

    #: Make the table, with types found in the file or taken from the frame.
    create: bool
    #: With `create`, the CREATE TABLE to run.
    create_statement: str
    #: With `create`, the cluster on whose servers to make it.
    create_on_cluster: str
    #: With `create`: whether to read all of the file for the types, or only its first MiB. By default files up
    #: to 64 MiB that can be read twice.
    full_scan: bool
    #: The columns to load; a mapping names the field of each.
    columns: Sequence[str] | Mapping[str, str]
    #: Columns whose fields have other names in the header.
    rename: Mapping[str, str]
    #: How rows become visible.
    mode: Mode
    #: Rejected records that are allowed: a number of them, or a share of all as a float from 0 to 1.
    max_rejects: int | float
    #: Leave out fields that have no column.
    ignore_extra: bool
    #: Columns without a field, a DEFAULT and NULL get the default of their type.
    default_missing: bool
    #: With mode="replace", whether a file without a row may empty the table.
    allow_empty: bool
    #: Read and check everything, load nothing.
    dry_run: bool
    #: Whether to find out what the options leave open.
    sniff: bool
    #: The name of the file in lists of transfers.
    source_name: str
    #: The size of a source that does not tell it; a file that ends at another one is refused.
    total_bytes: int


class ExportOptions(TypedDict, total=False):
    """How a file is written."""

    delimiter: str
    quote: str
    header_rows: int
    escape: str
    encoding: str
    compression: Compression
    line_end: Literal["lf", "crlf", "cr"]
    quote_style: Literal["necessary", "always", "non_numeric"]
    excel_safe: bool
    null_marker: str
    compression_level: int


_ENUMS = {
    "Format": "FORMAT",
    "Compression": "COMPRESSION",
    "Ragged": "RAGGED",
    "Quotes": "QUOTES",
    "LineEnd": "LINE_END",
    "QuoteStyle": "QUOTE_STYLE",
    "CommitMode": "COMMIT_MODE",
    "TransferState": "TRANSFER_STATE",
    "TransferKind": "TRANSFER_KIND",
}


def word(enum: Any, number: int) -> str:
    """Return the word for a number of an enum: `succeeded` for TRANSFER_STATE_SUCCEEDED."""
    found = enum.DESCRIPTOR.values_by_number.get(number)
    if found is None:
        return str(number)
    prefix = _ENUMS[enum.DESCRIPTOR.name]
    name: str = found.name.removeprefix(f"{prefix}_").lower()
    return "" if name == "unspecified" else name


def number(descriptor: Any, name: str, value: str) -> int:
    """Return the number for a word of an enum."""
    prefix = _ENUMS[descriptor.name]
    found = descriptor.values_by_name.get(f"{prefix}_{value.upper()}")
    if found is None or found.number == 0:
        words = [v.name.removeprefix(f"{prefix}_").lower() for v in descriptor.values if v.number]
        raise ValueError(f"{name}={value!r} is none of {', '.join(words)}")
    return int(found.number)


def take(message: Any, options: dict[str, Any], names: set[str] | None = None) -> None:
    """Move those options into the message that are fields of it. None is as if it was not given."""
    for field in message.DESCRIPTOR.fields:
        if field.name not in options or (names is not None and field.name not in names):
            continue
        value = options.pop(field.name)
        if value is None:
            continue
        if field.type == FieldDescriptor.TYPE_ENUM:
            setattr(message, field.name, number(field.enum_type, field.name, value))
        elif isinstance(getattr(message, field.name), (str, int, bool, float)):
            setattr(message, field.name, value)
        elif isinstance(value, str):
            raise TypeError(f"{field.name} is a list of texts")
        else:
            getattr(message, field.name).extend(value)


def reading(options: dict[str, Any]) -> tuple[dialect_pb2.Dialect, dialect_pb2.ValueOptions]:
    """Take what says how a file is read out of the options."""
    dialect, values = dialect_pb2.Dialect(), dialect_pb2.ValueOptions()
    take(dialect, options)
    columns = options.pop("column_options", None) or {}
    take(values, options, set(ReadOptions.__annotations__))
    for name, given in columns.items():
        rest = dict(given)
        entry = values.columns.add(column=name)
        take(entry, rest, set(ColumnOptions.__annotations__))
        refuse(rest, f"column_options[{name!r}]")
    return dialect, values


def refuse(rest: Mapping[str, Any], where: str) -> None:
    """Raise TypeError for options that nobody knows."""
    if rest:
        raise TypeError(f"{where} got an unexpected keyword argument {next(iter(rest))!r}")


def table_ref(name: str) -> schema_pb2.TableRef:
    """Read `db.table` or `table`; a name with other characters stands in backticks."""
    parts: list[str] = []
    rest = name
    while True:
        if rest.startswith("`"):
            part, _, rest = rest[1:].partition("`")
            while rest.startswith("`"):
                more, _, rest = rest[1:].partition("`")
                part += "`" + more
        else:
            part, dot, rest = rest.partition(".")
            rest = dot + rest
        parts.append(part)
        if not rest.startswith("."):
            break
        rest = rest[1:]
    if rest or len(parts) > 2 or not all(parts):
        raise ValueError(f"{name!r} is no table: `db.table` or `table`, other names in backticks")
    return schema_pb2.TableRef(database=parts[0] if len(parts) == 2 else "", table=parts[-1])


def table_name(table: schema_pb2.TableRef) -> str:
    """Write the name as `table_ref` reads it."""
    parts = [part for part in (table.database, table.table) if part]
    plain = [p if p.replace("_", "a").isalnum() else "`" + p.replace("`", "``") + "`" for p in parts]
    return ".".join(plain)


def transfer_id(given: str | uuid.UUID | None) -> str:
    """Return the id as the server writes it, or a new one."""
    return str(uuid.UUID(str(given))) if given is not None else str(uuid.uuid4())


def upload_spec(table: str, transfer: str, options: dict[str, Any]) -> ingest_service_pb2.UploadSpec:
    """Make the spec of an upload; takes what it knows out of the options."""
    dialect, values = reading(options)
    spec = ingest_service_pb2.UploadSpec(transfer_id=transfer, table=table_ref(table))
    if dialect.ByteSize():
        spec.dialect.CopyFrom(dialect)
    if values.ByteSize():
        spec.values.CopyFrom(values)
    columns = options.pop("columns", None)
    if isinstance(columns, str):
        raise TypeError("columns is a list of names, or a mapping")
    pairs = columns.items() if isinstance(columns, Mapping) else ((c, "") for c in columns or ())
    for column, source in pairs:
        spec.columns.add(column=column, source=source)
    for column, source in (options.pop("rename", None) or {}).items():
        spec.renames.add(column=column, source=source)
    mode = options.pop("mode", None) or "auto"
    if mode != "auto":
        descriptor = ingest_service_pb2.CommitMode.DESCRIPTOR
        spec.commit_mode = cast(Any, number(descriptor, "mode", mode))
    limit = options.pop("max_rejects", None)
    if isinstance(limit, bool):
        raise TypeError("max_rejects is a number of records or a share from 0 to 1")
    if isinstance(limit, int):
        spec.rejects.max_rows = limit
    elif limit is not None:
        spec.rejects.max_share = limit
    renamed = {
        "create": "create_table",
        "ignore_extra": "ignore_extra_fields",
        "default_missing": "default_missing_columns",
    }
    for name, field in renamed.items():
        setattr(spec, field, bool(options.pop(name, None)))
    plain = {"create_statement", "create_on_cluster", "allow_empty", "dry_run", "sniff"}
    take(spec, options, plain | {"source_name", "total_bytes"})
    if spec.create_statement or spec.create_on_cluster:
        spec.create_table = True
    return spec
