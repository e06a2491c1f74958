"""Frames: every value arrives as it is, and comes back as it is."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sluice

BERLIN = ZoneInfo("Europe/Berlin")
# Everything that a column of texts must keep apart.
TEXTS = ["", None, "\\N", "NULL", "nan", 'a "b", c', "line\nbreak\ttab\\", "ä€😀", " blanks ", "0012"]


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return bool(left == right)


def _check(found: pa.Table, expected: dict[str, list[Any]]) -> None:
    assert set(found.column_names) == set(expected)
    for name, values in expected.items():
        got = found.column(name).to_pylist()
        assert len(got) == len(values)
        for left, right in zip(values, got, strict=True):
            assert _same(left, right), f"{name}: {left!r} came back as {right!r}"


def test_polars(client: sluice.Client, table: str) -> None:
    count = len(TEXTS)
    moment = datetime(2024, 10, 27, 2, 30, 0, 123456, tzinfo=timezone.utc)
    values: dict[str, list[Any]] = {
        "row": list(range(count)),
        "text": TEXTS,
        "small": [-128, 127, None] + [0] * (count - 3),
        "large": [2**64 - 1, 0] + [1] * (count - 2),
        "float": [math.nan, None, math.inf, -math.inf, -0.0, 0.1, 1e300, 5e-324, 1 / 3, 2.0],
        "single": [0.1, None, math.nan] + [2.5] * (count - 3),
        "flag": [True, False, None] + [True] * (count - 3),
        "money": [Decimal("1.10"), None, Decimal("-99999999.99")] + [Decimal(0)] * (count - 3),
        "day": [date(1900, 1, 1), None, date(2299, 12, 31)] + [date(2024, 2, 29)] * (count - 3),
        "moment": [moment, None] + [moment + timedelta(hours=n) for n in range(count - 2)],
        "local": [datetime(2024, 3, 31, 2, 30)] * count,
        "list": [[1, None, 3], []] + [[n] for n in range(count - 2)],
        "lists": [[["a", None], []], []] + [[["b\n"]]] * (count - 2),
        "pair": [{"x": 1, "y": "a'b"}] * count,
        "kind": ["red", None] + ["green"] * (count - 2),
    }
    frame = pl.DataFrame(
        values,
        schema={
            "row": pl.UInt32,
            "text": pl.String,
            "small": pl.Int8,
            "large": pl.UInt64,
            "float": pl.Float64,
            "single": pl.Float32,
            "flag": pl.Boolean,
            "money": pl.Decimal(12, 2),
            "day": pl.Date,
            "moment": pl.Datetime("us", "Europe/Berlin"),
            "local": pl.Datetime("ms"),
            "list": pl.List(pl.Int16),
            "lists": pl.List(pl.List(pl.String)),
            "pair": pl.Struct({"x": pl.Int32, "y": pl.String}),
            "kind": pl.Categorical,
        },
    )
    assert client.upload(frame, table, create=True).rows == count
    found = client.as_arrow(table, order_by=["row"])
    assert found.schema.field("large").type == pa.uint64()
    assert found.schema.field("money").type == pa.decimal128(12, 2)
    assert found.schema.field("moment").type == pa.timestamp("us", "Europe/Berlin")
    values["local"] = [value.replace(tzinfo=timezone.utc) for value in values["local"]]
    values["single"] = [None if v is None else float(np.float32(v)) for v in values["single"]]
    _check(found, values)
    # What came back is uploaded again, and is the same.
    client.upload(found, f"{table}_b", create=True)
    assert client.as_arrow(f"{table}_b", order_by=["row"]).to_pydict().keys() == values.keys()
    _check(client.as_arrow(f"{table}_b", order_by=["row"]), values)
    again = client.as_polars(table, order_by=["row"])
    assert again["text"].to_list() == TEXTS


def test_nanoseconds_and_what_has_no_exact_form(client: sluice.Client, table: str) -> None:
    tick = 1_730_000_000_123_456_789
    frame = pl.DataFrame({"at": [tick, None]}, schema={"at": pl.Int64}).cast(pl.Datetime("ns", "UTC"))
    client.upload(frame, table, create=True)
    client.upload(frame.to_arrow(), table)
    client.upload(pd.DataFrame({"at": pd.to_datetime([tick, None], utc=True)}), table)
    found = client.as_arrow(table).column("at").cast(pa.int64()).to_pylist()
    assert sorted(found, key=str) == [tick] * 3 + [None] * 3
    refused = [
        pl.DataFrame({"a": [timedelta(1)]}),
        pl.DataFrame({"a": [b"\xff"]}),
        pd.DataFrame({"a": [object()]}),
        pd.DataFrame({"a": [1, "x"]}),
        pl.DataFrame({"a": [[datetime(2024, 1, 1)]]}, schema={"a": pl.List(pl.Datetime("ns"))}),
    ]
    for frame in refused:
        with pytest.raises((TypeError, sluice.SourceError), match="column 'a'"):
            client.upload(frame, f"{table}_no", create=True)
    assert f"{table}_no" not in client.tables()


def test_arrow(client: sluice.Client, table: str) -> None:
    found = pa.table(
        {
            "n": pa.array([1, 2], pa.int32()),
            "map": pa.array([[("a", 1), ("b", None)], []], pa.map_(pa.string(), pa.int64())),
            "name": pa.array(["x", None]).dictionary_encode(),
            "bytes": pa.array([b"abc", None], pa.binary()),
            "far": pa.array([Decimal("1" * 50), None], pa.decimal256(60, 4)),
            "day": pa.array([86_400_000, None], pa.date64()),
        }
    )
    client.upload(found, table, create=True)
    _check(
        client.as_arrow(table, order_by=["n"]),
        {
            "n": [1, 2],
            "map": [[("a", 1), ("b", None)], []],
            "name": ["x", None],
            "bytes": ["abc", None],
            "far": [Decimal("1" * 50), None],
            "day": [date(1970, 1, 2), None],
        },
    )
    client.upload(found.to_batches()[0], table)
    assert client.as_arrow(table).num_rows == 4


def test_pandas(client: sluice.Client, table: str) -> None:
    frame = pd.DataFrame(
        {
            "n": np.array([1, 2, 3], dtype="uint16"),
            "float": [0.5, np.nan, -1.0],
            "single": np.array([0.1, np.nan, 2], dtype="float32"),
            "whole": pd.array([2**62 + 1, None, 3], dtype="Int64"),
            "text": ["", None, "x"],
            "string": pd.array(["", None, "NA"], dtype="string"),
            "flag": [True, False, True],
            "at": pd.to_datetime(["2024-01-01 10:00:00.5", None, "2024-06-01 00:00:00.0"]),
            "zone": pd.to_datetime(["2024-01-01 10:00", None, "2024-06-01 12:00"]).tz_localize(BERLIN),
            "kind": pd.Categorical(["a", None, "b"]),
            "list": [[1, 2], [], [3]],
            "array": [np.array([1.5]), np.array([]), np.array([2.5, 3])],
            "id": [UUID(int=1), None, UUID(int=2)],
            "money": [Decimal("1.10"), None, Decimal("-2")],
            "day": [date(2024, 1, 1), None, date(2024, 1, 2)],
            "arrow": pd.array([1, None, 3], dtype=pd.ArrowDtype(pa.int8())),
        }
    )
    client.upload(frame, table, create=True)
    utc = timezone.utc
    _check(
        client.as_arrow(table, order_by=["n"]),
        {
            "n": [1, 2, 3],
            "float": [0.5, None, -1.0],
            "single": [float(np.float32(0.1)), None, 2.0],
            "whole": [2**62 + 1, None, 3],
            "text": ["", None, "x"],
            "string": ["", None, "NA"],
            "flag": [True, False, True],
            "at": [datetime(2024, 1, 1, 10, 0, 0, 500_000, utc), None, datetime(2024, 6, 1, tzinfo=utc)],
            "zone": [
                datetime(2024, 1, 1, 10, tzinfo=BERLIN),
                None,
                datetime(2024, 6, 1, 12, tzinfo=BERLIN),
            ],
            "kind": ["a", None, "b"],
            "list": [[1, 2], [], [3]],
            "array": [[1.5], [], [2.5, 3]],
            "id": [str(UUID(int=1)), None, str(UUID(int=2))],
            "money": [Decimal("1.10"), None, Decimal("-2")],
            "day": [date(2024, 1, 1), None, date(2024, 1, 2)],
            "arrow": [1, None, 3],
        },
    )
    back = client.as_pandas(table, order_by=["n"])
    assert back["whole"].tolist()[0] == 2**62 + 1
    assert client.upload(back, f"{table}_b", create=True).rows == 3
    _check(
        client.as_arrow(f"{table}_b", order_by=["n"]),
        client.as_arrow(table, order_by=["n"]).to_pydict(),
    )


def test_a_frame_into_a_table(client: sluice.Client, table: str) -> None:
    statement = (
        f"CREATE TABLE {table} (id UInt64, name LowCardinality(String), amount Decimal(9, 2), made DEFAULT 7,"
        " at DateTime('Asia/Tokyo'), tags Array(String)) ENGINE = MergeTree ORDER BY id"
    ).replace("made DEFAULT", "made UInt8 DEFAULT")
    frame = pl.DataFrame(
        {
            "ID": [1],
            "name": [""],
            "amount": [1.25],
            "at": [datetime(2024, 1, 1, 12, tzinfo=timezone.utc)],
            "tags": [["a,b", "'"]],
        }
    )
    client.upload(frame, table, create_statement=statement)
    assert client.preview(table).rows == [["1", "", "1.25", "7", "2024-01-01 21:00:00", "['a,b','\\'']"]]
    with pytest.raises(sluice.DataError) as caught:
        client.upload(frame.with_columns(name=pl.lit(None)), table)
    assert caught.value.reason == sluice.Reason.NULL_NOT_ALLOWED
    with pytest.raises(TypeError, match="leave the options"):
        client.upload(frame, table, delimiter=";")


def test_frames_that_would_lose_something(client: sluice.Client, table: str) -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    with pytest.raises(TypeError, match="reset_index"):
        client.upload(frame, table, create=True)
    assert client.upload(frame.reset_index(), table, create=True).rows == 2
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(TypeError, match="two columns"):
        client.upload(twice, table)
    with pytest.raises(TypeError, match="no frame"):
        client.upload(frame["a"], table)


def test_clickhouse_types_as_arrow(client: sluice.Client) -> None:
    found = client.as_arrow(
        query="""SELECT toInt256('-12345678901234567890') AS i256,
        toInt128('-12345678901234567890') AS i128, toDate32('2024-01-01') AS d,
        toDateTime('2024-10-27 00:30:00', 'UTC')::DateTime('Europe/Berlin') AS first,
        toDateTime('2024-10-27 01:30:00', 'UTC')::DateTime('Europe/Berlin') AS second,
        CAST((1, 'x'), 'Tuple(Int8, String)') AS t, CAST((1, 'x'), 'Tuple(a Int8, `b c` Nullable(String))') AS n,
        [map('a', [1.5])] AS m, toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0') AS u, toIPv4('127.0.0.1') AS ip,
        toDecimal128('1.000000000000000001', 18) AS x, NULL AS nothing, 1 = 1 AS flag"""
    )
    assert found.to_pylist() == [
        {
            "i256": "-12345678901234567890",
            "i128": Decimal("-12345678901234567890"),
            "d": date(2024, 1, 1),
            "first": datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN),
            "second": datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1),
            "t": {"1": 1, "2": "x"},
            "n": {"a": 1, "b c": "x"},
            "m": [[("a", [1.5])]],
            "u": "61f0c404-5cb3-11e7-907b-a6006ad3dba0",
            "ip": "127.0.0.1",
            "x": Decimal("1.000000000000000001"),
            "nothing": None,
            "flag": 1,
        }
    ]
    moments = [found.column(name).cast(pa.int64())[0].as_py() for name in ("first", "second")]
    assert moments[1] - moments[0] == 3600


def test_many_rows(client: sluice.Client, table: str) -> None:
    count = 300_000
    frame = pl.DataFrame({"n": range(count), "text": [f"row {n}" for n in range(count)]})
    assert client.upload(frame, table, create=True).rows == count
    found = client.as_arrow(table)
    assert found.num_rows == count
    assert found.column("n").to_numpy().sum() == count * (count - 1) // 2
