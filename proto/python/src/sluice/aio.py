"""The same client for asyncio.

Each call runs in a thread of its own, in the same code as that of `sluice.Client`, so that the event loop never waits
and breaks are survived in the same way. A task that is cancelled ends its call.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast, overload
from uuid import UUID

from sluice import _client
from sluice._channel import PathLike
from sluice._export import Export
from sluice._options import Format
from sluice._results import (
    ExportResult,
    Inspection,
    Progress,
    ProgressCallback,
    RejectedRow,
    Rows,
    Transfer,
    UploadResult,
)
from sluice._source import REPLAY_BYTES
from sluice.v1 import catalog_service_pb2 as catalog

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sluice._options import ExportOptions, ReadOptions, UploadOptions

__all__ = ["AsyncClient", "AsyncExport", "connect"]

T = TypeVar("T")
#: Calls that may run at once; each has a thread while it runs.
MAX_CALLS = 64


def connect(url: str = "http://127.0.0.1:50051", **options: Any) -> AsyncClient:
    """Return a client of the server at this URL; the options are those of `sluice.connect`."""
    return AsyncClient(_client.connect(url, **options))


class AsyncClient:
    """A connection to a server; also an async context manager."""

    def __init__(self, client: _client.Client) -> None:
        """Take a client; `connect` makes one."""
        self._client = client
        self._pool = ThreadPoolExecutor(MAX_CALLS, thread_name_prefix="sluice")

    async def __aenter__(self) -> AsyncClient:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        self._client.close()
        self._pool.shutdown(wait=False)

    async def _run(self, stop: threading.Event, call: Callable[[], T]) -> T:
        """Run a call in a thread; a task that is cancelled waits for the call to end."""
        future = asyncio.get_running_loop().run_in_executor(self._pool, call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([future])
            if not future.cancelled():
                # Seen, so that nobody is warned of it.
                future.exception()
            raise

    async def _do(self, call: Callable[..., T], *args: Any, **options: Any) -> T:
        return await self._run(threading.Event(), functools.partial(call, *args, **options))

    async def upload(
        self,
        source: Any,
        table: str,
        *,
        id: UUID | str | None = None,
        resume: bool = False,
        retry_time: float = _client.RETRY_TIME,
        progress: ProgressCallback | bool | None = None,
        buffer_bytes: int = REPLAY_BYTES,
        **options: Unpack[UploadOptions],
    ) -> UploadResult:
        """As `Client.upload`; the source may be an async iterable of bytes too. The progress is told on the loop."""
        stop = threading.Event()
        loop = asyncio.get_running_loop()
        if isinstance(source, AsyncIterable):
            source = _pieces(source, loop, stop)
        call = functools.partial(
            self._client._upload,
            source,
            table,
            cast("dict[str, Any]", dict(options)),
            id=id,
            resume=resume,
            retry_time=retry_time,
            progress=_on_loop(progress, loop),
            buffer_bytes=buffer_bytes,
            stop=stop,
        )
        return await self._run(stop, call)

    async def inspect(
        self,
        source: Any,
        table: str | None = None,
        *,
        rows: int = 10,
        columns: Sequence[str] | None = None,
        source_name: str = "",
        **options: Unpack[ReadOptions],
    ) -> Inspection:
        """As `Client.inspect`."""
        return await self._do(
            self._client.inspect,
            source,
            table,
            rows=rows,
            columns=columns,
            source_name=source_name,
            **options,
        )

    @overload
    async def export(
        self,
        table: str | None = None,
        *,
        query: str | None = None,
        to: None = None,
        format: Format | None = None,
        columns: Sequence[str] = (),
        where: Sequence[tuple[str, str, Any]] = (),
        order_by: Sequence[str] = (),
        limit: int | None = None,
        id: UUID | str | None = None,
        progress: ProgressCallback | None = None,
        **options: Unpack[ExportOptions],
    ) -> AsyncExport: ...

    @overload
    async def export(
        self,
        table: str | None = None,
        *,
        query: str | None = None,
        to: PathLike | IO[bytes],
        format: Format | None = None,
        columns: Sequence[str] = (),
        where: Sequence[tuple[str, str, Any]] = (),
        order_by: Sequence[str] = (),
        limit: int | None = None,
        id: UUID | str | None = None,
        retry_time: float = _client.RETRY_TIME,
        progress: ProgressCallback | bool | None = None,
        **options: Unpack[ExportOptions],
    ) -> ExportResult: ...

    async def export(
        self,
        table: str | None = None,
        *,
        query: str | None = None,
        to: PathLike | IO[bytes] | None = None,
        format: Format | None = None,
        columns: Sequence[str] = (),
        where: Sequence[tuple[str, str, Any]] = (),
        order_by: Sequence[str] = (),
        limit: int | None = None,
        id: UUID | str | None = None,
        retry_time: float = _client.RETRY_TIME,
        progress: ProgressCallback | bool | None = None,
        **options: Unpack[ExportOptions],
    ) -> AsyncExport | ExportResult:
        """As `Client.export`; without `to` the bytes come as an async iterator."""
        stop = threading.Event()
        call = functools.partial(
            self._client._export,
            _client._source_of(table, query, columns, where, order_by, limit),
            cast("dict[str, Any]", dict(options)),
            to=to,
            format=format,
            id=id,
            retry_time=retry_time,
            progress=_on_loop(progress, asyncio.get_running_loop()),
            stop=stop,
        )
        found = await self._run(stop, call)
        return AsyncExport(self, found) if isinstance(found, Export) else found

    async def as_arrow(self, table: str | None = None, **options: Any) -> Any:
        """As `Client.as_arrow`."""
        return await self._do(self._client.as_arrow, table, **options)

    async def as_pandas(self, table: str | None = None, **options: Any) -> Any:
        """As `Client.as_pandas`."""
        return await self._do(self._client.as_pandas, table, **options)

    async def as_polars(self, table: str | None = None, **options: Any) -> Any:
        """As `Client.as_polars`."""
        return await self._do(self._client.as_polars, table, **options)

    async def transfer(self, id: UUID | str) -> Transfer:
        """As `Client.transfer`."""
        return await self._do(self._client.transfer, id)

    def transfers(self, **options: Any) -> AsyncIterator[Transfer]:
        """As `Client.transfers`."""
        return self._each(self._client.transfers(**options))

    def watch(self, id: UUID | str, *, interval: float = 0.25) -> AsyncIterator[Transfer]:
        """As `Client.watch`."""
        return self._each(self._client.watch(id, interval=interval))

    async def cancel(self, id: UUID | str) -> Transfer:
        """As `Client.cancel`."""
        return await self._do(self._client.cancel, id)

    def rejects(self, id: UUID | str) -> AsyncIterator[RejectedRow]:
        """As `Client.rejects`."""
        return self._each(self._client.rejects(id))

    def rejects_csv(self, id: UUID | str) -> AsyncIterator[bytes]:
        """As `Client.rejects_csv`."""
        return self._each(self._client.rejects_csv(id))

    async def ping(self) -> catalog.CheckConnectionResponse:
        """As `Client.ping`."""
        return await self._do(self._client.ping)

    async def server_info(self) -> catalog.GetServerInfoResponse:
        """As `Client.server_info`."""
        return await self._do(self._client.server_info)

    async def databases(self) -> list[str]:
        """As `Client.databases`."""
        return await self._do(self._client.databases)

    async def tables(self, database: str = "") -> list[str]:
        """As `Client.tables`."""
        return await self._do(self._client.tables, database)

    async def describe(self, table: str) -> catalog.GetTableResponse:
        """As `Client.describe`."""
        return await self._do(self._client.describe, table)

    async def preview(self, table: str | None = None, *, query: str | None = None, limit: int = 100) -> Rows:
        """As `Client.preview`."""
        return await self._do(self._client.preview, table, query=query, limit=limit)

    async def _each(self, items: Iterator[T]) -> AsyncIterator[T]:
        end = object()
        while True:
            item = await self._do(next, items, end)
            if item is end:
                return
            yield cast(T, item)


class AsyncExport:
    """The bytes of an export as they come; also an async context manager, which cancels it at its end."""

    def __init__(self, client: AsyncClient, export: Export) -> None:
        """Take an export that has begun."""
        self._client = client
        self._export = export
        self.transfer_id = export.transfer_id
        #: The columns: name and ClickHouse type.
        self.columns = export.columns

    @property
    def result(self) -> ExportResult | None:
        """Set at the end: rows, bytes and columns."""
        return self._export.result

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the iterator over the bytes; there is one."""
        return self._client._each(self._export)

    async def __aenter__(self) -> AsyncExport:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the export, whole or not."""
        self._export.close()

    async def read(self) -> bytes:
        """Return all bytes that are left."""
        return b"".join([piece async for piece in self])


def _on_loop(
    progress: ProgressCallback | bool | None, loop: asyncio.AbstractEventLoop
) -> ProgressCallback | bool | None:
    if progress is None or isinstance(progress, bool):
        return progress
    tell = progress

    def told(now: Progress) -> None:
        loop.call_soon_threadsafe(tell, now)

    return told


def _pieces(source: AsyncIterable[bytes], loop: asyncio.AbstractEventLoop, stop: threading.Event) -> Iterator[bytes]:
    """Read an async iterable from another thread, one piece at a time."""
    items = source.__aiter__()

    async def following() -> bytes | None:
        return await anext(items, None)

    while not stop.is_set():
        piece = asyncio.run_coroutine_threadsafe(following(), loop).result()
        if piece is None:
            return
        yield piece
    # Whoever has stopped cancels the call: the end of the iteration must not be that of the file.
    raise RuntimeError("the call was stopped")
