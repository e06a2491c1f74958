"""Frames of pandas, polars and Arrow as NDJSON, with the ClickHouse types that hold them.

NDJSON tells NULL from the empty text and numbers from texts, so that nothing is left to guess. It must never
send another value than the frame holds: what has no exact form is refused with its column.
"""

from __future__ import annotations

import json
import math
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import IO, Any, NamedTuple
from uuid import UUID

from sluice.errors import SourceError

#: Rows that are written at once.
SLICE_ROWS = 20_000
EPOCH = datetime(1970, 1, 1)
#: Ticks of a second, and the digits of their fraction.
UNITS = {"s": (1, 0), "ms": (10**3, 3), "us": (10**6, 6), "ns": (10**9, 9)}

_text = json.encoder.encode_basestring


class Column(NamedTuple):
    """One column: its name, its type, and its values as JSON."""

    name: str
    #: The ClickHouse type, or why there is none.
    type: str | TypeError
    #: Whether it holds a NULL.
    nullable: bool
    #: The JSON of the values from one row to another.
    texts: Callable[[int, int], Sequence[str]]


def is_frame(source: Any) -> bool:
    """Whether it is a frame, or a column of one."""
    module = type(source).__module__.partition(".")[0]
    return module in ("pandas", "polars", "pyarrow") and not hasattr(source, "read")


def columns_of(frame: Any) -> tuple[int, list[Column]]:
    """Return the number of rows, and the columns."""
    kind = type(frame).__module__.partition(".")[0]
    name = type(frame).__name__
    if kind == "polars" and name == "LazyFrame":
        frame, name = frame.collect(), "DataFrame"
    if kind == "pyarrow" and name == "RecordBatch":
        import pyarrow as pa

        frame, name = pa.Table.from_batches([frame]), "Table"
    if (kind, name) not in (("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table")):
        raise TypeError(f"a {kind}.{name} is no frame: make a DataFrame or a Table of it")
    reader = {"pandas": _pandas, "polars": _polars, "pyarrow": _arrow}[kind]
    columns = reader(frame)
    names = [column.name for column in columns]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise TypeError(f"the frame has two columns {sorted(twice)[0]!r}")
    return len(frame), columns


def write(rows: int, columns: list[Column]) -> IO[bytes]:
    """Write the frame into a temporary file."""
    file = tempfile.TemporaryFile(prefix="sluice-")  # whoever uploads it closes it
    try:
        for piece in _pieces(rows, columns):
            file.write(piece)
        file.flush()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _pieces(rows: int, columns: list[Column]) -> Iterator[bytes]:
    # `{"a":%s,"b":%s}` for each row.
    heads = [("," if index else "{") + _text(c.name) + ":" for index, c in enumerate(columns)]
    row = "".join(head.replace("%", "%%") + "%s" for head in heads) + "}\n"
    for start in range(0, rows, SLICE_ROWS):
        end = min(start + SLICE_ROWS, rows)
        parts = []
        for column in columns:
            try:
                texts = column.texts(start, end)
                "".join(texts).encode("utf-8")
            except (TypeError, ValueError, OverflowError) as fault:
                raise SourceError(f"column {column.name!r} of the frame: {fault}") from None
            parts.append(texts)
        yield "".join(map(row.__mod__, zip(*parts, strict=True))).encode("utf-8")


def create_statement(table: str, columns: list[Column]) -> str:
    """Return the CREATE TABLE for the frame, in the order of its columns, without a sorting key."""
    lines = []
    for column in columns:
        if isinstance(column.type, TypeError):
            raise TypeError(f"column {column.name!r} of the frame: {column.type}; give create_statement=")
        kind = column.type
        # Only what stands for itself can be NULL in ClickHouse.
        if column.nullable and not kind.startswith(("Array(", "Map(", "Tuple(")):
            kind = f"Nullable({kind})"
        lines.append(f"{_quoted(column.name)} {kind}")
    return f"CREATE TABLE {table} ({', '.join(lines)}) ENGINE = MergeTree ORDER BY tuple()"


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


# Values


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return '"nan"' if math.isnan(value) else ('"inf"' if value > 0 else '"-inf"')


def _float32(value: float) -> str:
    """Return the shortest text that is this Float32."""
    if not math.isfinite(value):
        return _float(value)
    for digits in range(6, 10):
        text = f"{value:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == value:
            break
    return text


def _ticks(unit: str, suffix: str) -> Callable[[int], str]:
    """Return what writes a count of ticks since 1970 as a time."""
    second, digits = UNITS[unit]

    def text(value: int) -> str:
        seconds, rest = divmod(value, second)
        whole = (EPOCH + timedelta(seconds=seconds)).isoformat()
        fraction = f".{rest:0{digits}d}" if rest else ""
        return f'"{whole}{fraction}{suffix}"'

    return text


def _value(value: Any) -> str:
    """Return the JSON of any value."""
    if value is None:
        return "null"
    write = _BY_TYPE.get(type(value))
    if write is not None:
        return write(value)
    for kind, write in _BY_TYPE.items():
        if isinstance(value, kind):
            return write(value)
    if hasattr(value, "tolist"):
        # Arrays and numbers of numpy.
        return _value(value.tolist())
    if type(value).__name__ in ("NAType", "NaTType"):
        return "null"
    if isinstance(value, Sequence):
        return _list(value)
    raise TypeError(f"a {type(value).__name__} has no exact form in a table")


def _bytes(value: bytes) -> str:
    try:
        return _text(value.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("bytes that are no UTF-8 cannot be sent: make hex or base64 text of them") from None


def _list(values: Sequence[Any]) -> str:
    return f"[{','.join(map(_value, values))}]"


def _dict(values: Mapping[Any, Any]) -> str:
    pairs = (f"{_text(_key(key))}:{_value(value)}" for key, value in values.items())
    return "{" + ",".join(pairs) + "}"


def _datetime(value: datetime) -> str:
    if type(value).__name__ == "NaTType":
        return "null"
    if value.tzinfo is not None:
        value = value.astimezone(timezone.utc).replace(tzinfo=None)
        return f'"{value.isoformat()}Z"'
    return f'"{value.isoformat()}"'


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is no number of a Decimal")
    return f"{value:f}"


def _timedelta(value: timedelta) -> str:
    if type(value).__name__ == "NaTType":
        return "null"
    raise TypeError("a duration has no type in a table: make a number of it")


# In this order, because bool is an int and datetime a date.
_BY_TYPE: dict[type, Callable[[Any], str]] = {
    str: _text,
    bool: _bool,
    int: str,
    float: _float,
    Decimal: _decimal,
    datetime: _datetime,
    date: lambda value: f'"{value.isoformat()}"',
    time: lambda value: f'"{value.isoformat()}"',
    timedelta: _timedelta,
    bytes: _bytes,
    UUID: lambda value: f'"{value}"',
    list: _list,
    tuple: _list,
    dict: _dict,
}


def _nullable(write: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: "null" if value is None else write(value)


# Arrow, and what has its types


def _arrow(table: Any) -> list[Column]:
    return [_arrow_column(str(name), table.column(index)) for index, name in enumerate(table.column_names)]


def _arrow_column(name: str, column: Any) -> Column:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    nullable = column.null_count > 0
    try:
        type_name: str | TypeError = _arrow_type(kind)
    except TypeError as fault:
        type_name = fault
    write: Callable[[Any], str] = _value
    if pa.types.is_timestamp(kind):
        write = _ticks(kind.unit, "Z" if kind.tz else "")
        column = column.cast(pa.int64())
    elif pa.types.is_date64(kind):
        column = column.cast(pa.date32())
    elif pa.types.is_float16(kind) or pa.types.is_float32(kind):
        write = _float32
    elif kind.num_fields and not _has_nanoseconds(kind):
        write = _arrow_nested(kind)
    elif _has_nanoseconds(kind):
        write = _refused("times in nanoseconds within lists: cast them to microseconds")
    elif pa.types.is_time64(kind) and kind.unit == "ns":
        write = _refused("times of day in nanoseconds: cast them to microseconds")
    write = _nullable(write)

    def texts(start: int, end: int) -> list[str]:
        return list(map(write, column.slice(start, end - start).to_pylist()))

    return Column(name, type_name, nullable, texts)


def _arrow_nested(kind: Any) -> Callable[[Any], str]:
    """Return what writes the values of a type, whose maps Arrow hands out as pairs."""
    import pyarrow as pa

    if pa.types.is_map(kind):
        item = _arrow_nested(kind.item_type)

        def pairs(values: Any) -> str:
            parts = (f"{_text(_key(key))}:{item(value)}" for key, value in values)
            return "{" + ",".join(parts) + "}"

        return _nullable(pairs)
    if pa.types.is_struct(kind):
        fields = [(f.name, _arrow_nested(f.type)) for f in (kind.field(n) for n in range(kind.num_fields))]

        def record(value: Any) -> str:
            parts = (f"{_text(name)}:{write(value[name])}" for name, write in fields)
            return "{" + ",".join(parts) + "}"

        return _nullable(record)
    if kind.num_fields:
        inner = _arrow_nested(kind.value_type)
        return _nullable(lambda values: f"[{','.join(map(inner, values))}]")
    return _float32_or_null if pa.types.is_float32(kind) else _value


def _float32_or_null(value: float | None) -> str:
    return "null" if value is None else _float32(value)


def _key(key: Any) -> str:
    if isinstance(key, (str, int)):
        return str(key)
    raise TypeError(f"a {type(key).__name__} as key of a map")


def _refused(what: str) -> Callable[[Any], str]:
    def write(_: Any) -> str:
        raise TypeError(f"no exact form for {what}")

    return write


def _has_nanoseconds(kind: Any) -> bool:
    if getattr(kind, "num_fields", 0) == 0:
        return getattr(kind, "unit", "") == "ns"
    return any(_has_nanoseconds(kind.field(index).type) for index in range(kind.num_fields))


def _arrow_type(kind: Any) -> str:
    import pyarrow as pa

    types = pa.types
    if types.is_boolean(kind):
        return "Bool"
    if types.is_integer(kind):
        return ("Int" if types.is_signed_integer(kind) else "UInt") + str(kind.bit_width)
    if types.is_floating(kind):
        return "Float64" if kind.bit_width == 64 else "Float32"
    if types.is_decimal(kind):
        return _decimal_type(kind.precision, kind.scale)
    if types.is_date(kind):
        return "Date32"
    if types.is_timestamp(kind):
        return _time_type(kind.unit, kind.tz)
    if types.is_map(kind):
        return f"Map({_arrow_type(kind.key_type)}, {_arrow_inner(kind.item_type)})"
    if types.is_struct(kind):
        fields = [kind.field(index) for index in range(kind.num_fields)]
        inner = ", ".join(f"{_quoted(field.name)} {_arrow_inner(field.type)}" for field in fields)
        return f"Tuple({inner})"
    if getattr(types, "is_dictionary", lambda _: False)(kind):
        return _arrow_type(kind.value_type)
    if hasattr(kind, "value_type"):
        return f"Array({_arrow_inner(kind.value_type)})"
    if types.is_null(kind):
        return "String"
    name = str(kind)
    if "string" in name or "binary" in name:
        return "String"
    raise TypeError(f"there is no type for {kind}")


def _arrow_inner(kind: Any) -> str:
    """Return the type within a list, whose values can be NULL."""
    name = _arrow_type(kind)
    return name if name.startswith(("Array(", "Map(", "Tuple(")) else f"Nullable({name})"


def _decimal_type(precision: int, scale: int) -> str:
    if scale < 0:
        precision, scale = precision - scale, 0
    if precision > 76:
        raise TypeError(f"a decimal of {precision} digits is larger than any type")
    return f"Decimal({precision}, {scale})"


def _time_type(unit: str, zone: str | None) -> str:
    # Without a zone the times stay as they are written, and UTC has every time once.
    zone = str(zone or "UTC").replace("'", "")
    if zone[:1] in "+-":
        zone = "UTC"
    return f"DateTime64({UNITS[unit][1]}, '{zone}')"


# polars


def _polars(frame: Any) -> list[Column]:
    return [_polars_column(name, frame.get_column(name)) for name in frame.columns]


def _polars_column(name: str, series: Any) -> Column:
    import polars as pl

    kind = series.dtype
    nullable = series.null_count() > 0
    try:
        type_name: str | TypeError = _polars_type(kind)
    except TypeError as fault:
        type_name = fault
    write: Callable[[Any], str] = _value
    if isinstance(kind, pl.Datetime):
        write = _ticks(kind.time_unit, "Z" if kind.time_zone else "")
        series = series.to_physical()
    elif kind == pl.Float32:
        write = _float32
    elif kind in (pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    elif kind == pl.Object:
        write = _value
    elif kind.is_nested() and "'ns'" in repr(kind):
        write = _refused("times in nanoseconds within lists: cast them to microseconds")
    elif kind == pl.Time:
        write = _day_time
        series = series.to_physical()
    write = _nullable(write)

    def texts(start: int, end: int) -> list[str]:
        return list(map(write, series.slice(start, end - start).to_list()))

    return Column(name, type_name, nullable, texts)


def _day_time(value: int) -> str:
    """Write nanoseconds since midnight."""
    seconds, rest = divmod(value, 10**9)
    whole = (EPOCH + timedelta(seconds=seconds)).time().isoformat()
    return f'"{whole}{f".{rest:09d}" if rest else ""}"'


def _polars_type(kind: Any) -> str:
    import polars as pl

    if kind == pl.Boolean:
        return "Bool"
    if kind.is_integer():
        return str(kind)
    if kind.is_float():
        return "Float64" if kind == pl.Float64 else "Float32"
    if isinstance(kind, pl.Decimal):
        return _decimal_type(kind.precision or 38, kind.scale)
    if kind == pl.Date:
        return "Date32"
    if isinstance(kind, pl.Datetime):
        return _time_type(kind.time_unit, kind.time_zone)
    if isinstance(kind, (pl.List, pl.Array)):
        return f"Array({_polars_inner(kind.inner)})"
    if isinstance(kind, pl.Struct):
        inner = (f"{_quoted(f.name)} {_polars_inner(f.dtype)}" for f in kind.fields)
        return f"Tuple({', '.join(inner)})"
    if kind in (pl.String, pl.Categorical, pl.Enum, pl.Binary, pl.Null):
        return "String"
    raise TypeError(f"there is no type for {kind}")


def _polars_inner(kind: Any) -> str:
    name = _polars_type(kind)
    return name if name.startswith(("Array(", "Tuple(")) else f"Nullable({name})"


# pandas


def _pandas(frame: Any) -> list[Column]:
    import pandas as pd

    if not isinstance(frame.index, pd.RangeIndex):
        raise TypeError(
            "the index of the frame would be left out: frame.reset_index() makes a column of it, "
            "frame.reset_index(drop=True) drops it"
        )
    if isinstance(frame.columns, pd.MultiIndex):
        raise TypeError("the columns of the frame have several levels: join their names")
    return [_pandas_column(str(name), frame.iloc[:, index]) for index, name in enumerate(frame.columns)]


def _pandas_column(name: str, series: Any) -> Column:
    import numpy as np
    import pandas as pd

    kind = series.dtype
    if isinstance(kind, pd.ArrowDtype):
        import pyarrow as pa

        return _arrow_column(name, pa.chunked_array([pa.array(series)]))
    if isinstance(kind, pd.CategoricalDtype):
        return _pandas_column(name, series.astype(kind.categories.dtype))
    # NaN, NaT and None are all how pandas says that there is nothing.
    empty = series.isna().to_numpy(dtype=bool)
    write: Callable[[Any], str] = _value
    if isinstance(kind, pd.DatetimeTZDtype) or kind.kind == "M":
        zone = getattr(kind, "tz", None)
        unit = kind.unit if zone is not None else np.datetime_data(kind)[0]
        if zone is not None:
            series = series.dt.tz_convert("UTC").dt.tz_localize(None)
        values: Any = series.to_numpy().view("int64")
        write = _ticks(unit, "Z" if zone is not None else "")
        type_name: str | TypeError = _time_type(unit, str(zone) if zone is not None else None)
    else:
        values = series
        type_name = _pandas_type(kind, series, empty)
        if kind == np.float32 or kind == np.float16:
            write = _float32

    def texts(start: int, end: int) -> list[str]:
        cells = values[start:end].tolist()
        return ["null" if gone else write(cell) for cell, gone in zip(cells, empty[start:end], strict=True)]

    return Column(name, type_name, bool(empty.any()), texts)


def _pandas_type(kind: Any, series: Any, empty: Any) -> str | TypeError:
    letter = kind.kind
    if letter == "b":
        return "Bool"
    if letter in "iu":
        return ("Int" if letter == "i" else "UInt") + str(8 * kind.itemsize)
    if letter == "f":
        return "Float64" if kind.itemsize == 8 else "Float32"
    if str(kind).startswith(("string", "str")):
        return "String"
    try:
        return _type_of(series[~empty].tolist())
    except TypeError as fault:
        return fault


def _type_of(values: list[Any]) -> str:
    """Return the type of values of which nothing is known."""
    kinds = {type(value) for value in values if value is not None}
    if not kinds or kinds <= {str, bytes}:
        return "String"
    if kinds == {bool}:
        return "Bool"
    if kinds == {int}:
        small, large = (
            min(v for v in values if v is not None),
            max(v for v in values if v is not None),
        )
        for name, low, high in (
            ("Int64", -(2**63), 2**63 - 1),
            ("UInt64", 0, 2**64 - 1),
            ("Int128", -(2**127), 2**127 - 1),
            ("Int256", -(2**255), 2**255 - 1),
        ):
            if low <= small and large <= high:
                return name
        raise TypeError("a number is larger than any type")
    if kinds == {float}:
        return "Float64"
    if kinds == {Decimal}:
        parts = [v.as_tuple() for v in values if v is not None and v.is_finite()]
        scale = max((max(-int(p.exponent), 0) for p in parts), default=0)
        whole = max((len(p.digits) + int(p.exponent) for p in parts), default=0)
        return _decimal_type(max(38, whole + scale), scale)
    if kinds == {date}:
        return "Date32"
    if all(issubclass(kind, datetime) for kind in kinds):
        zones = {value.tzinfo is not None for value in values if value is not None}
        if len(zones) == 1:
            unit = "ns" if any(hasattr(value, "nanosecond") for value in values) else "us"
            return _time_type(unit, None)
    if kinds == {UUID}:
        return "UUID"
    if kinds <= {list, tuple} or all(hasattr(v, "tolist") for v in values if v is not None):
        lists = [v.tolist() if hasattr(v, "tolist") else v for v in values if v is not None]
        inner = _type_of([item for one in lists for item in one])
        return f"Array({inner})" if inner.startswith("Array(") else f"Array(Nullable({inner}))"
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise TypeError(f"its values ({names}) have no common type")
