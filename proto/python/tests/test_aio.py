"""The client for asyncio: the same calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from conftest import Server, sums

import sluice
import sluice.aio


def test_every_call(server: Server, table: str, tmp_path: Path) -> None:
    async def main() -> None:
        seen: list[sluice.Progress] = []
        async with sluice.aio.connect(server.url) as client:
            result = await client.upload(b"n\n1\n2\n", table, create=True, progress=seen.append)
            await asyncio.sleep(0)
            assert result.rows == 2 and seen[-1].state == "done"
            many = await asyncio.gather(*(client.upload(b"n\n%d\n" % n, table) for n in range(3, 20)))
            assert sum(one.rows for one in many) == 17
            export = await client.export(table, order_by=["n"], format="csv")
            assert (await export.read()).split()[:3] == [b"n", b"1", b"2"]
            assert export.result is not None and export.result.rows == 19
            done = await client.export(table, to=tmp_path / "t.csv")
            assert done.rows == 19 and (tmp_path / "t.csv").exists()
            assert (await client.as_arrow(table)).num_rows == 19
            assert (await client.inspect(b"a\n1\n")).columns[0][0] == "a"
            assert (await client.ping()).embedded
            assert table in await client.tables()
            assert (await client.transfer(result.transfer_id)).state == "succeeded"
            assert [one.state async for one in client.watch(result.transfer_id)] == ["succeeded"]
            assert [row async for row in client.rejects(result.transfer_id)] == []
            assert len([one async for one in client.transfers(table=table)]) >= 18
            with pytest.raises(sluice.DataError):
                await client.upload(b"n\nx\n", table)

    asyncio.run(main())


def test_a_task_that_is_cancelled_cancels_its_upload(server: Server, client: sluice.Client, table: str) -> None:
    client.upload(b"n\n1\n", table, create=True)

    async def endless() -> AsyncIterator[bytes]:
        yield b"n\n"
        while True:
            await asyncio.sleep(0.01)
            yield b"7\n" * 1000

    async def main() -> None:
        async with sluice.aio.connect(server.url) as client:
            task = asyncio.create_task(client.upload(endless(), table))
            await asyncio.sleep(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert sums(client, table) == (1, 1)
    assert [one.state for one in client.transfers(table=table)] == ["cancelled", "succeeded"]
