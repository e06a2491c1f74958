"""An export as an Arrow table: NDJSON, read by the ClickHouse types of its columns.

It must never change a value: integers keep all their digits, NULL is null, and NaN is NaN.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

#: Rows that are converted at once.
BATCH_ROWS = 20_000
_TIME = re.compile(r"(\d+-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LARGE = {"Int128": 39, "UInt128": 39, "Int256": 77, "UInt256": 78}
_UNITS = {0: "s", 3: "ms", 6: "us", 9: "ns"}


class Reader(NamedTuple):
    """How a ClickHouse type is read: the type of Arrow, and what makes a value of JSON."""

    arrow: Any
    convert: Callable[[Any], Any] | None


def arrow_table(columns: list[tuple[str, str]], pieces: Iterable[bytes]) -> Any:
    """Read NDJSON into a `pyarrow.Table`."""
    import pyarrow as pa

    readers = [reader(kind) for _, kind in columns]
    schema = pa.schema([(name, found.arrow) for (name, _), found in zip(columns, readers, strict=True)])
    batches = []
    rows: list[list[Any]] = []
    for line in _lines(pieces):
        # By place: a name can stand twice in the result of a query.
        rows.append([v for _, v in json.loads(line, parse_float=Number, object_pairs_hook=list)])
        if len(rows) == BATCH_ROWS:
            batches.append(_batch(rows, readers, schema))
            rows = []
    if rows:
        batches.append(_batch(rows, readers, schema))
    return pa.Table.from_batches(batches, schema)


class Number(str):
    """A number with a point, as it is written: it may be a Decimal."""

    __slots__ = ()


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _batch(rows: list[list[Any]], readers: list[Reader], schema: Any) -> Any:
    import pyarrow as pa

    arrays = []
    for cells, (kind, convert) in zip(zip(*rows, strict=True), readers, strict=True):
        values: list[Any] = list(cells)
        if convert is not None:
            values = [None if value is None else convert(value) for value in cells]
        arrays.append(pa.array(values, kind))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def reader(kind: str) -> Reader:
    """Return how a ClickHouse type is read."""
    import pyarrow as pa

    name, inner = _parts(kind)
    if name in ("Nullable", "LowCardinality"):
        return reader(inner[0])
    if re.fullmatch(r"U?Int(8|16|32|64)", name):
        return Reader(getattr(pa, name.lower())(), int)
    if name in _LARGE:
        digits = _LARGE[name]
        if digits <= 76:
            return Reader(pa.decimal256(digits, 0), Decimal)
        # Arrow has no number of 77 digits.
        return Reader(pa.string(), str)
    if name in ("Float32", "Float64", "BFloat16"):
        return Reader(pa.float64() if name == "Float64" else pa.float32(), float)
    if name == "Bool":
        return Reader(pa.bool_(), None)
    if name.startswith("Decimal"):
        precision, scale = int(inner[0]), int(inner[1])
        large = pa.decimal128 if precision <= 38 else pa.decimal256
        return Reader(large(precision, scale), Decimal)
    if name in ("Date", "Date32"):
        return Reader(pa.date32(), date.fromisoformat)
    if name in ("DateTime", "DateTime64"):
        return _time(name, inner)
    if name == "Array":
        return _array(reader(inner[0]))
    if name == "Map":
        return _map(reader(inner[0]), reader(inner[1]))
    if name == "Tuple" and inner:
        return _tuple(inner)
    # Texts, and what is written as text: UUID, addresses, Enum, JSON, geometries …
    return Reader(pa.string(), _text)


def _text(value: Any) -> str:
    if isinstance(value, str) and not isinstance(value, Number):
        return value
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Undo what `arrow_table` reads JSON as."""
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, list):
        if value and all(isinstance(item, tuple) for item in value):
            return {key: _plain(item) for key, item in value}
        return [_plain(item) for item in value]
    return value


def _time(name: str, inner: list[str]) -> Reader:
    import pyarrow as pa

    digits = int(inner.pop(0)) if name == "DateTime64" else 0
    zone = inner[0].strip("'") if inner else None
    digits = -(-digits // 3) * 3
    place = ZoneInfo(zone) if zone else timezone.utc

    def convert(text: str) -> int:
        found = _TIME.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no time")
        whole, fraction, offset = found.groups()
        moment = datetime.fromisoformat(whole + (offset or "").replace("Z", "+00:00"))
        if moment.tzinfo is None:
            # Of a time that the clock shows twice the second one comes with its offset.
            moment = moment.replace(tzinfo=place)
        since = moment - _EPOCH
        seconds = since // timedelta(seconds=1)
        ticks: int = seconds * 10**digits
        return ticks + int((fraction or "").ljust(digits, "0")[:digits] or "0")

    return Reader(pa.timestamp(_UNITS[digits], zone), convert)


def _array(item: Reader) -> Reader:
    import pyarrow as pa

    convert = item.convert
    if convert is None:
        return Reader(pa.list_(item.arrow), None)
    return Reader(pa.list_(item.arrow), lambda values: [None if v is None else convert(v) for v in values])


def _map(key: Reader, item: Reader) -> Reader:
    import pyarrow as pa

    def convert(pairs: Any) -> list[tuple[Any, Any]]:
        return [(_apply(key, name), _apply(item, value)) for name, value in pairs]

    return Reader(pa.map_(key.arrow, item.arrow), convert)


def _tuple(inner: list[str]) -> Reader:
    import pyarrow as pa

    fields = []
    for index, part in enumerate(inner, 1):
        found = re.match(r"(`(?:[^`\\]|\\.)*`|\w+) (.+)", part, re.DOTALL)
        is_named = found is not None and not part.startswith(("Nullable(", "Array("))
        if found is not None and is_named:
            fields.append((re.sub(r"\\(.)", r"\1", found[1].strip("`")), reader(found[2])))
        else:
            fields.append((str(index), reader(part)))

    def convert(values: Any) -> dict[str, Any]:
        # By name or by place, as the server writes it.
        items = [v[1] if isinstance(v, tuple) else v for v in values]
        return {name: _apply(item, value) for (name, item), value in zip(fields, items, strict=True)}

    return Reader(pa.struct([(name, item.arrow) for name, item in fields]), convert)


def _apply(item: Reader, value: Any) -> Any:
    if value is None or item.convert is None:
        return value
    return item.convert(value)


def _parts(kind: str) -> tuple[str, list[str]]:
    """Part `Map(String, Array(Int8))` into its name and what stands between its parentheses."""
    name, bracket, rest = kind.partition("(")
    if not bracket:
        return name, []
    parts, depth, quote, part = [], 0, "", ""
    skip = False
    for letter in rest[:-1]:
        if skip:
            skip = False
        elif quote:
            skip = letter == "\\"
            quote = "" if letter == quote else quote
        elif letter in "'`":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == "," and depth == 0:
            parts.append(part.strip())
            part = ""
            continue
        part += letter
    return name, [*parts, part.strip()]
