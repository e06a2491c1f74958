"""Breaks in the middle: the line, the server, the caller. The rows are counted each time."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Proxy, Server, sums

import sluice
import sluice.aio

MB = 1 << 20


def _slowly(data: bytes, pause: float = 0.01) -> Iterator[bytes]:
    for at in range(0, len(data), 1 << 17):
        time.sleep(pause)
        yield data[at : at + (1 << 17)]


@pytest.mark.parametrize("kind", ["path", "memory", "iterator"])
def test_the_line_is_cut_twice(
    server: Server, client: sluice.Client, table: str, tmp_path: Path, rows: tuple[int, bytes], kind: str
) -> None:
    total, data = rows
    path = tmp_path / "rows.csv"
    path.write_bytes(data)
    source: Any = {"path": path, "memory": data, "iterator": iter([data[:MB], data[MB:]])}[kind]
    states = set()
    proxy = Proxy(server.port, [3 * MB, 4 * MB])
    try:
        with sluice.connect(proxy.url) as broken:
            result = broken.upload(
                source,
                table,
                create=True,
                full_scan=False,
                progress=lambda now: states.add(now.state),
            )
    finally:
        proxy.close()
    assert proxy.cut >= 2
    assert result.attempts >= 3 and len(result.resumed_at) == result.attempts - 1
    assert result.bytes == len(data) and result.rows == 400_000
    assert sums(client, table) == (400_000, total)
    assert "done" in states


def test_the_line_is_cut_with_asyncio(
    server: Server, client: sluice.Client, table: str, rows: tuple[int, bytes]
) -> None:
    total, data = rows

    async def pieces() -> Any:
        for piece in _slowly(data, 0):
            await asyncio.sleep(0)
            yield piece

    async def main() -> sluice.UploadResult:
        async with sluice.aio.connect(proxy.url) as broken:
            return await broken.upload(pieces(), table, create=True)

    proxy = Proxy(server.port, [3 * MB, 4 * MB])
    try:
        result = asyncio.run(main())
    finally:
        proxy.close()
    assert result.attempts >= 3
    assert sums(client, table) == (400_000, total)


def test_what_is_no_longer_kept_is_said(server: Server, client: sluice.Client, table: str) -> None:
    """Of an iterator little is kept, and the server begins a compressed file at its beginning."""
    import gzip

    data = gzip.compress(b"n\n" + b"".join(b"%d\n" % (n * 7919) for n in range(1_000_000)), 1)
    proxy = Proxy(server.port, [2 * MB])
    try:
        with sluice.connect(proxy.url) as broken:
            with pytest.raises(sluice.SourceError, match="can be read once") as caught:
                broken.upload(_slowly(data, 0), table, create=True, buffer_bytes=MB)
    finally:
        proxy.close()
    assert "buffer_bytes" in str(caught.value)
    assert caught.value.transfer_id in caught.value.hint
    assert client.transfer(caught.value.transfer_id).state == "cancelled"


def test_a_file_that_is_written_to_is_not_loaded(client: sluice.Client, table: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"n\n" + b"1\n" * 300_000)
    client.upload(b"n\n1\n", table, create=True)

    def grow(now: sluice.Progress) -> None:
        with path.open("ab") as file:
            file.write(b"2\n")

    proxy_free = threading.Event()

    def file_that_waits() -> Any:
        class Slow:
            def __init__(self) -> None:
                self._file = path.open("rb")
                self.name = str(path)

            def __getattr__(self, name: str) -> Any:
                return getattr(self._file, name)

            def read(self, size: int) -> bytes:
                proxy_free.wait(0.3)
                return self._file.read(size)

        return Slow()

    with pytest.raises(sluice.SourceError, match="has changed"):
        client.upload(file_that_waits(), table, progress=grow)
    assert len(client.preview(table).rows) == 1


def test_the_server_is_killed_and_started_again(tmp_path: Path, rows: tuple[int, bytes]) -> None:
    total, data = rows
    path = tmp_path / "rows.csv"
    path.write_bytes(data)
    server = Server(tmp_path / "data")
    server.start()
    killed = threading.Event()
    states = []

    def kill(now: sluice.Progress) -> None:
        states.append(now.state)
        if now.rows > 0 and not killed.is_set():
            killed.set()
            server.kill()
            threading.Thread(target=server.start).start()

    proxy = Proxy(server.port, [], pause=0.02)
    try:
        with sluice.connect(proxy.url) as client:
            name = uuid.uuid4()
            result = client.upload(path, "rows", create=True, full_scan=False, id=name, progress=kill)
            assert killed.is_set() and "waiting" in states
            assert result.transfer_id == str(name) and result.attempts >= 2
            assert result.rows == 400_000
        with sluice.connect(server.url) as direct:
            assert sums(direct, "rows") == (400_000, total)
    finally:
        proxy.close()
        server.stop()


def test_an_upload_is_cancelled_by_another(client: sluice.Client, table: str, rows: tuple[int, bytes]) -> None:
    client.upload(b"n,text\n1,a\n", table, create=True)
    name = uuid.uuid4()
    raised: list[sluice.Error] = []

    def run() -> None:
        try:
            client.upload(_slowly(rows[1], 0.05), table, id=name)
        except sluice.Error as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while True:
        try:
            if client.transfer(name).bytes > 0:
                break
        except sluice.PreconditionError:
            pass
        time.sleep(0.05)
    watched = client.watch(name, interval=0.1)
    assert next(watched).state == "running"
    assert client.cancel(name).state == "cancelled"
    thread.join(10)
    assert [type(error) for error in raised] == [sluice.Cancelled]
    assert raised[0].reason == sluice.Reason.TRANSFER_CANCELLED
    assert [one.state for one in watched][-1] == "cancelled"
    assert len(client.preview(table).rows) == 1
    # The id is used up, and the error says how it ended.
    with pytest.raises(sluice.Error) as caught:
        client.upload(rows[1], table, id=name)
    assert caught.value.reason == sluice.Reason.TRANSFER_ENDED


def test_an_interrupted_upload_goes_on_by_its_id(
    client: sluice.Client, table: str, tmp_path: Path, rows: tuple[int, bytes], server: Server
) -> None:
    total, data = rows
    path = tmp_path / "rows.csv"
    path.write_bytes(data)
    name = uuid.uuid4()

    def stop(now: sluice.Progress) -> None:
        if now.rows > 0:
            raise KeyboardInterrupt

    proxy = Proxy(server.port, [], pause=0.02)
    with sluice.connect(proxy.url) as slow, pytest.raises(KeyboardInterrupt) as caught:
        slow.upload(path, table, create=True, full_scan=False, id=name, progress=stop)
    proxy.close()
    assert str(name) in "".join(getattr(caught.value, "__notes__", [str(name)]))
    for _ in range(100):
        if client.transfer(name).state == "interrupted":
            break
        time.sleep(0.05)
    result = client.upload(path, table, create=True, full_scan=False, id=name, resume=True)
    assert result.rows == 400_000
    assert sums(client, table) == (400_000, total)
