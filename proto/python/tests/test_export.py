"""Exports: bytes, files, frames; and what the catalogue says."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from conftest import Proxy, Server

import sluice

CSV = b'id,name\n1,Anna\n2,\\N\n3,"a ""b"""\n'


@pytest.fixture
def people(client: sluice.Client, table: str) -> str:
    client.upload(CSV, table, create=True)
    return table


def test_bytes(client: sluice.Client, people: str) -> None:
    with client.export(people, order_by=["id"]) as export:
        assert [name for name, _ in export.columns] == ["id", "name"]
        assert export.result is None
        assert export.read() == CSV
        assert export.result is not None and export.result.rows == 3
    found = client.export(people, columns=["id"], where=[("id", ">=", 2)], order_by=["-id"], limit=1)
    assert b"".join(found) == b"id\n3\n"
    found = client.export(people, where=[("id", "in", [1, 3]), ("name", "is not null", None)], format="ndjson")
    assert found.read().count(b"\n") == 2
    found = client.export(people, where=[("id", "between", (2, 3)), ("name", "ilike", "A%")], columns=["id"])
    assert found.read() == b"id\n3\n"
    assert client.export(query="SELECT 1 AS a", header_rows=0).read() == b"1\n"


def test_a_file(client: sluice.Client, people: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    result = client.export(people, to=path, order_by=["id"])
    assert path.read_bytes() == CSV and result.rows == 3 and result.bytes == len(CSV)
    packed = tmp_path / "people.ndjson.gz"
    client.export(people, to=str(packed))
    assert b'"name":"Anna"' in gzip.decompress(packed.read_bytes())
    memory = io.BytesIO()
    client.export(people, to=memory, delimiter=";", line_end="crlf", order_by=["id"])
    assert memory.getvalue().startswith(b"id;name\r\n1;Anna\r\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["people.csv", "people.ndjson.gz"]


def test_no_half_file(server: Server, client: sluice.Client, tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_bytes(b"old")
    query = "SELECT number, toString(number) AS s FROM numbers(2000000)"
    proxy = Proxy(server.port, [1 << 20])
    try:
        with sluice.connect(proxy.url) as broken:
            with pytest.raises(sluice.Unavailable):
                broken.export(query=query, to=path, retry_time=0)
            assert path.read_bytes() == b"old"
            assert [p.name for p in tmp_path.iterdir()] == ["numbers.csv"]
    finally:
        proxy.close()
    proxy = Proxy(server.port, [1 << 20, 1 << 20])
    try:
        with sluice.connect(proxy.url) as broken:
            result = broken.export(query=query, to=path)
    finally:
        proxy.close()
    assert proxy.cut >= 2 and result.rows == 2_000_000
    assert path.read_bytes().count(b"\n") == 2_000_001
    with pytest.raises(sluice.PreconditionError):
        client.export(query="SELECT nobody", to=tmp_path / "x.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["numbers.csv"]


def test_bytes_of_a_broken_line_are_an_error(server: Server) -> None:
    proxy = Proxy(server.port, [1 << 20])
    try:
        with sluice.connect(proxy.url) as broken, pytest.raises(sluice.Unavailable):
            for _ in broken.export(query="SELECT number FROM numbers(10000000)"):
                pass
    finally:
        proxy.close()


def test_inspect(client: sluice.Client, people: str) -> None:
    found = client.inspect(b"id;born\n1;31.12.2024\n2;01.02.2025\n")
    assert found.columns[0] == ("id", "Int64") and found.columns[1][1].startswith("Date")
    assert found.findings["delimiter"] == ";" and found.rows[0][0] == "1"
    fit = client.inspect(b"id,name\n1,A\nx,B\n", people)
    assert (fit.rows_tried, fit.rows_rejected, fit.error) == (2, 1, None)
    assert fit.rejected_rows[0].value == b"x"
    wrong = client.inspect(b"a,b\n1,A\n", people)
    assert wrong.error is not None and wrong.error.reason


def test_the_catalogue(client: sluice.Client, people: str) -> None:
    assert client.ping().embedded
    assert client.server_info().version
    assert "default" in client.databases()
    assert people in client.tables() and people in client.tables("default")
    described = client.describe(people)
    assert [column.name for column in described.columns] == ["id", "name"]
    assert client.preview(people, limit=1).columns[0][0] == "id"
    uploads = list(client.transfers(state="succeeded", kind="upload", table=people))
    assert [one.rows_committed for one in uploads] == [3]
    assert uploads[0].ended and uploads[0].start_time.tzinfo is not None
    last = list(client.watch(uploads[0].id))
    assert [one.state for one in last] == ["succeeded"]
