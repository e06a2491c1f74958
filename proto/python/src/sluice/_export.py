"""A table or a query as a file: its bytes one by one, on disk, or as a frame.

It must never leave half a file under a name, nor call one whole without the server's summary.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import grpc

from sluice._channel import Channel
from sluice._options import word
from sluice._results import ExportResult, Progress, ProgressCallback
from sluice._retry import Patience, is_passing
from sluice.errors import Error, IncompleteError, Unavailable, of_call
from sluice.v1 import ingest_service_pb2 as pb


class Export:
    """The bytes of an export as they come; also a context manager, which cancels it at its end.

    The file is whole when the iteration ends without an exception: then `result` is set.
    """

    def __init__(
        self,
        channel: Channel,
        request: pb.ExportRequest,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """Begin the export; the columns are there when this returns."""
        self.transfer_id = request.transfer_id
        #: Set at the end: rows, bytes and columns.
        self.result: ExportResult | None = None
        self._progress = progress
        self._stop = stop or threading.Event()
        self._bytes = 0
        self._rows = 0
        self._call = channel.stream("IngestService/Export", request, pb.ExportResponse, transfer_id=self.transfer_id)
        schema = self._next()
        if schema is None or not schema.HasField("schema"):
            self._call.cancel()
            raise IncompleteError("the export began without its columns")
        #: The columns: name and ClickHouse type.
        self.columns = [(column.name, column.type) for column in schema.schema.columns]
        self._pieces = self._read()

    def __iter__(self) -> Iterator[bytes]:
        """Return the iterator over the bytes; there is one."""
        return self

    def __next__(self) -> bytes:
        """Return the next bytes of the file."""
        return next(self._pieces)

    def __enter__(self) -> Export:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the export, whole or not."""
        self.close()

    def close(self) -> None:
        """End the export; one that runs is cancelled on the server."""
        self._call.cancel()

    def read(self) -> bytes:
        """Return all bytes that are left."""
        return b"".join(self)

    def _next(self) -> pb.ExportResponse | None:
        try:
            message: pb.ExportResponse | None = next(self._call, None)
        except grpc.RpcError as failure:
            raise of_call(failure, self.transfer_id) from None
        return message

    def _read(self) -> Iterator[bytes]:
        try:
            while (message := self._next()) is not None:
                if self._stop.is_set():
                    return
                if message.HasField("data"):
                    self._bytes += len(message.data)
                    yield message.data
                elif message.HasField("progress"):
                    self._rows = message.progress.rows
                    self._tell("receiving")
                elif message.HasField("summary"):
                    self.result = self._check(message.summary.transfer)
            if self.result is None:
                error = Unavailable(
                    f"the export ended after {self._bytes} bytes without its summary: the file is not whole",
                    transfer_id=self.transfer_id,
                )
                error.broke = True
                raise error
            self._tell("done")
        finally:
            self._call.cancel()

    def _check(self, transfer: pb.Transfer) -> ExportResult:
        counts = transfer.counters
        state = word(pb.TransferState, transfer.state)
        if state != "succeeded":
            raise IncompleteError(f"the export is {state}", transfer_id=self.transfer_id)
        if counts.bytes_sent != self._bytes:
            raise IncompleteError(
                f"the export has {counts.bytes_sent} bytes by its summary, {self._bytes} arrived: the file is "
                "not whole",
                transfer_id=self.transfer_id,
            )
        self._rows = counts.rows_exported
        return ExportResult(self.transfer_id, self._rows, self._bytes, self.columns)

    def _tell(self, state: str) -> None:
        if self._progress is not None:
            self._progress(Progress(self._bytes, None, self._rows, state))


def to_stream(export: Export, write: Callable[[bytes], Any]) -> ExportResult:
    """Hand all bytes on, and return the result."""
    with export:
        for piece in export:
            write(piece)
    if export.result is None:
        raise IncompleteError("the export was stopped", transfer_id=export.transfer_id)
    return export.result


def to_path(begin: Callable[[], Export], path: Path, retry_time: float, stop: threading.Event) -> ExportResult:
    """Write a file that appears under its name when it is whole. It is begun anew after a break."""
    folder = path.parent
    patience = Patience(retry_time)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            while True:
                try:
                    result = to_stream(begin(), file.write)
                    break
                except Error as error:
                    delay = patience.delay(error) if is_passing(error) else None
                    if delay is None or stop.is_set():
                        raise
                    time.sleep(delay)
                    file.seek(0)
                    file.truncate()
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files for their owner only; others are made as the umask says.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    return result


def to_file(export: Export, file: IO[bytes]) -> ExportResult:
    """Write into an open file; what came before an error stays in it."""
    return to_stream(export, file.write)
