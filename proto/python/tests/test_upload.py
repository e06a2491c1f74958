"""Uploads: every kind of source, the options, what comes back."""

from __future__ import annotations

import gzip
import io
import os
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

import sluice

CSV = b"id,name\n1,Anna\n2,Bert\n"


def test_a_path_makes_its_table(client: sluice.Client, table: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(CSV)
    result = client.upload(path, table, create=True)
    assert (result.rows, result.rows_rejected, result.bytes) == (2, 0, len(CSV))
    assert "CREATE TABLE" in result.create_statement
    assert result.commit_mode == "atomic" and result.guarantee
    assert client.transfer(result.transfer_id).source_name == "people.csv"
    assert client.preview(table).rows == [["1", "Anna"], ["2", "Bert"]]


@pytest.mark.parametrize("kind", ["str", "bytes", "file", "seeked", "memory", "iterator", "pipe"])
def test_a_source_of_any_kind(client: sluice.Client, table: str, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(CSV)
    source: Any
    if kind == "str":
        source = str(path)
    elif kind == "bytes":
        source = CSV
    elif kind == "file":
        source = path.open("rb")
    elif kind == "seeked":
        # A file is sent from where it stands.
        source = io.BytesIO(b"no table\n" + CSV)
        source.readline()
    elif kind == "memory":
        source = io.BytesIO(CSV)
    elif kind == "iterator":
        source = (CSV[at : at + 5] for at in range(0, len(CSV), 5))
    else:
        end, start = os.pipe()
        source = os.fdopen(end, "rb")

        def fill() -> None:
            with os.fdopen(start, "wb") as pipe:
                pipe.write(CSV)

        threading.Thread(target=fill).start()
    result = client.upload(source, table, create=True)
    assert result.rows == 2 and result.bytes == len(CSV)
    assert client.preview(table).rows == [["1", "Anna"], ["2", "Bert"]]


def test_what_is_no_source_is_said(client: sluice.Client, table: str) -> None:
    text: Any = io.StringIO("a\n1\n")
    with pytest.raises(TypeError, match="text"):
        client.upload(text, table, create=True)
    with pytest.raises(TypeError, match="cannot be uploaded"):
        client.upload(7, table)
    with pytest.raises(FileNotFoundError):
        client.upload("/no/such/file", table)
    with pytest.raises(sluice.SourceError, match="yields str"):
        client.upload(iter(["a\n1\n"]), table, create=True)
    assert table not in client.tables()


def test_an_iterator_that_fails_loads_nothing(client: sluice.Client, table: str) -> None:
    client.upload(CSV, table, create=True)

    def broken() -> Any:
        yield b"id,name\n3,Carl\n"
        raise RuntimeError("the other side is gone")

    with pytest.raises(sluice.SourceError, match="the other side is gone") as caught:
        client.upload(broken(), table)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert "cancelled" in caught.value.hint
    assert client.transfer(caught.value.transfer_id).state == "cancelled"
    assert len(client.preview(table).rows) == 2


def test_options_reach_the_server(client: sluice.Client, table: str) -> None:
    client.upload(CSV, table, create_statement=_statement(table, "id UInt8, name String, at Nullable(Date)"))
    data = "nr;who;when\n3;Carl;31/12/2024\n4;n/a;-\n".encode("utf-16")
    result = client.upload(
        data,
        table,
        encoding="utf-16le",
        delimiter=";",
        columns={"id": "nr", "name": "who", "at": "when"},
        column_options={"at": {"date_format": "%d/%m/%Y", "null_markers": ["-"]}},
        mode="atomic",
    )
    assert result.rows == 2
    assert client.preview(query=f"SELECT * FROM {table} WHERE id > 2 ORDER BY id").rows == [
        ["3", "Carl", "2024-12-31"],
        ["4", "n/a", None],
    ]


def test_wrong_words_are_said_here(client: sluice.Client, table: str) -> None:
    wrong: dict[str, Any] = {"delimeter": ";"}
    with pytest.raises(TypeError, match="delimeter"):
        client.upload(CSV, table, **wrong)
    wrong = {"mode": "fast"}
    with pytest.raises(ValueError, match="atomic"):
        client.upload(CSV, table, **wrong)
    with pytest.raises(ValueError, match="no table"):
        client.upload(CSV, "a.b.c")
    with pytest.raises(ValueError, match="badly formed"):
        client.upload(CSV, table, id="7")


def test_gzip_and_a_name_in_backticks(client: sluice.Client) -> None:
    table = "default.`people of.2024`"
    assert client.upload(gzip.compress(CSV), table, create=True).rows == 2
    assert table in client.tables()
    assert len(client.preview(table).rows) == 2


def test_replace_and_dry_run(client: sluice.Client, table: str) -> None:
    client.upload(CSV, table, create=True)
    dry = client.upload(b"id,name\n9,Zoe\n", table, dry_run=True)
    assert dry.rows == 0 and dry.rows_parsed == 1
    result = client.upload(b"id,name\n9,Zoe\n", table, mode="replace")
    assert result.commit_mode == "replace"
    assert client.preview(table).rows == [["9", "Zoe"]]


def test_an_id_loads_once(client: sluice.Client, table: str) -> None:
    name = uuid.uuid4()
    first = client.upload(CSV, table, create=True, id=name)
    again = client.upload(CSV, table, create=True, id=name)
    assert first.transfer_id == again.transfer_id == str(name)
    assert again.replayed and again.rows == 2
    assert client.upload(CSV, table, create=True, id=name, resume=True).replayed
    assert len(client.preview(table).rows) == 2
    with pytest.raises(sluice.PreconditionError) as caught:
        client.upload(CSV + b"3,Carl\n", table, create=True, id=name)
    assert caught.value.reason in (sluice.Reason.FILE_CHANGED, sluice.Reason.SPEC_MISMATCH)


def test_rejects(client: sluice.Client, table: str) -> None:
    client.upload(CSV, table, create_statement=_statement(table, "id UInt8, name String"))
    bad = b"id,name\n3,Carl\nx,Dora\n5,Emil\n1000,Fritz\n"
    result = client.upload(bad, table, max_rejects=2)
    assert (result.rows, result.rows_parsed, result.rows_rejected) == (2, 4, 2)
    assert [row.raw for row in result.rejected_rows] == [b"x,Dora", b"1000,Fritz"]
    found = list(client.rejects(result.transfer_id))
    assert [(row.line, row.column, row.reason) for row in found] == [
        (3, "id", "INVALID_NUMBER"),
        (5, "id", "OVERFLOW"),
    ]
    text = b"".join(client.rejects_csv(result.transfer_id))
    assert text.startswith(b"id,name,_sluice_line") and text.count(b"\n") == 3
    share = client.upload(bad, table, max_rejects=0.5)
    assert share.rows == 2
    with pytest.raises(sluice.DataError) as caught:
        client.upload(bad, table, max_rejects=1)
    assert caught.value.reason == sluice.Reason.TOO_MANY_REJECTS


def test_full_scan_finds_what_comes_late(client: sluice.Client, table: str) -> None:
    data = b"n\n" + b"1\n" * 600_000 + b"1.5\n"
    assert len(data) > 1 << 20
    assert "Float64" in client.upload(data, table, create=True).create_statement
    with pytest.raises(sluice.DataError):
        client.upload(data, f"{table}_b", create=True, full_scan=False)
    with pytest.raises(ValueError, match="read once"):
        client.upload(iter([data]), f"{table}_c", create=True, full_scan=True)


def test_progress_comes_to_the_end(client: sluice.Client, table: str, rows: tuple[int, bytes]) -> None:
    seen: list[sluice.Progress] = []
    client.upload(rows[1], table, create=True, progress=seen.append)
    assert seen[-1] == sluice.Progress(len(rows[1]), len(rows[1]), 400_000, "done")
    assert client.upload(CSV, f"{table}_b", create=True, progress=True).rows == 2


def test_a_callback_that_raises_cancels(client: sluice.Client, table: str, rows: tuple[int, bytes]) -> None:
    client.upload(rows[1][:20], table, create=True)
    ids = {one.id for one in client.transfers()}

    def enough(_: sluice.Progress) -> None:
        raise KeyboardInterrupt

    def slow() -> Any:
        for at in range(0, len(rows[1]), 1 << 16):
            threading.Event().wait(0.02)
            yield rows[1][at : at + (1 << 16)]

    with pytest.raises(KeyboardInterrupt):
        client.upload(slow(), table, progress=enough)
    new = [one for one in client.transfers(kind="upload") if one.id not in ids]
    assert [one.state for one in new] in ([], ["cancelled"])


def _statement(table: str, columns: str) -> str:
    return f"CREATE TABLE {table} ({columns}) ENGINE = MergeTree ORDER BY tuple()"
