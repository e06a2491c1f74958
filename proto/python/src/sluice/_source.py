"""What is uploaded: bytes that are read piece by piece, again from an offset where that is possible.

It must never hand out other bytes than at the beginning, nor keep more of them than was said.
"""

from __future__ import annotations

import io
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from google_crc32c import extend

from sluice.errors import SourceError

#: Bytes of one message.
CHUNK_BYTES = 256 << 10
#: Bytes between two offsets whose checksum is remembered.
MARK_BYTES = 16 << 20
#: What is kept of a source that can be read once, so that a broken connection is no end.
REPLAY_BYTES = 64 << 20


class Source(Protocol):
    """Bytes to upload."""

    name: str
    #: The size; None where it is not known before the end.
    total_bytes: int | None
    #: Whether it can be read from its beginning at any time.
    rereadable: bool

    def read_at(self, offset: int) -> bytes:
        """Return the next bytes from an offset; none at the end."""

    def sum_before(self, offset: int) -> int:
        """Return the CRC-32C of all bytes before an offset."""

    def check(self) -> None:
        """Raise `SourceError` if it is not what it was when it was opened."""

    def close(self) -> None:
        """Let go of it."""


class FileSource:
    """A file, or whatever can be read from any place."""

    rereadable = True

    def __init__(self, file: Any, name: str, *, owned: bool, start: int = 0) -> None:
        """Take an open file; one that is `owned` is closed at the end."""
        self.name = name
        self._file = file
        self._owned = owned
        self._start = start
        self._lock = threading.Lock()
        self._marks = [(0, 0)]
        self._stamp = self._look()
        self.total_bytes: int | None = max(self._stamp[0] - start, 0)
        if self._stamp[0] == 0:
            # Files that the system makes up say 0, and may hold more.
            self.total_bytes = None

    def _look(self) -> tuple[int, int]:
        try:
            found = os.fstat(self._file.fileno())
        except (AttributeError, OSError, io.UnsupportedOperation):
            with self._lock:
                place = self._file.tell()
                size = self._file.seek(0, os.SEEK_END)
                self._file.seek(place)
            return size, 0
        return found.st_size, found.st_mtime_ns

    def read_at(self, offset: int) -> bytes:
        """Read from an offset."""
        with self._lock:
            self._file.seek(self._start + offset)
            return bytes(self._file.read(CHUNK_BYTES))

    def sum_before(self, offset: int) -> int:
        """Read what lies between the last mark and the offset."""
        at, total = max(mark for mark in self._marks if mark[0] <= offset)
        while at < offset:
            chunk = self.read_at(at)[: offset - at]
            if not chunk:
                raise SourceError(f"{self.name} has {at} bytes, and the server has {offset}")
            at += len(chunk)
            total = extend(total, chunk)
            if at >= self._marks[-1][0] + MARK_BYTES:
                self._marks.append((at, total))
        return total

    def check(self) -> None:
        """Compare size and time with those of the beginning."""
        size, time = self._look()
        if size != self._stamp[0]:
            what = f"it had {self._stamp[0]} bytes, and has {size}"
        elif size and time != self._stamp[1]:
            what = "it was written to"
        else:
            return
        raise SourceError(f"{self.name} has changed since its upload began: {what}")

    def close(self) -> None:
        """Close the file if it was opened here."""
        if self._owned:
            self._file.close()


class OnceSource:
    """Bytes that can be read once: an iterator or a pipe. The last of them are kept."""

    rereadable = False

    def __init__(self, pull: Callable[[], bytes], name: str, keep: int) -> None:
        """Take what returns the next bytes, and none at the end."""
        self.name = name
        self.total_bytes: int | None = None
        self._pull = pull
        self._keep = keep
        self._lock = threading.Lock()
        # Offset, checksum of what lies before, bytes.
        self._chunks: deque[tuple[int, int, bytes]] = deque()
        self._kept = 0
        self._end = 0
        self._sum = 0
        self._ended = False

    def read_at(self, offset: int) -> bytes:
        """Return kept bytes, or read on."""
        with self._lock:
            while offset == self._end and not self._ended:
                chunk = self._pull()
                if not chunk:
                    self._ended = True
                    break
                self._chunks.append((self._end, self._sum, chunk))
                self._end += len(chunk)
                self._sum = extend(self._sum, chunk)
                self._kept += len(chunk)
                while len(self._chunks) > 1 and self._kept - len(self._chunks[0][2]) >= self._keep:
                    self._kept -= len(self._chunks.popleft()[2])
            if offset == self._end:
                return b""
            at, _, chunk = self._find(offset)
            return chunk[offset - at : offset - at + CHUNK_BYTES]

    def _find(self, offset: int) -> tuple[int, int, bytes]:
        for at, total, chunk in reversed(self._chunks):
            if at <= offset < at + len(chunk):
                return at, total, chunk
        first = self._chunks[0][0] if self._chunks else self._end
        raise SourceError(
            f"{self.name} can be read once, the server needs its bytes from {offset} on, and only those "
            f"from {first} to {self._end} are kept: give a file, or a larger buffer_bytes"
        )

    def sum_before(self, offset: int) -> int:
        """Return the checksum, for an offset that is kept."""
        with self._lock:
            if offset == self._end:
                return self._sum
            if offset == 0:
                self._find(0)
                return 0
            at, total, chunk = self._find(offset)
            return int(extend(total, chunk[: offset - at]))

    def check(self) -> None:
        """Nothing can be compared."""

    def close(self) -> None:
        """Whoever made the iterator keeps it."""


def open_source(source: Any, keep: int) -> Source:
    """Open a path, a file, bytes or an iterable of bytes. Frames are for `_frames`."""
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        if path.exists() and not path.is_file() and not path.is_dir():
            pipe = path.open("rb")
            return OnceSource(_chunks_of(pipe), path.name, keep)
        return FileSource(path.open("rb"), path.name, owned=True)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return FileSource(io.BytesIO(source), "", owned=True)
    if isinstance(source, io.TextIOBase):
        raise TypeError("the source is text: open the file with mode 'rb', or encode the text")
    if hasattr(source, "read"):
        name = getattr(source, "name", "")
        name = Path(name).name if isinstance(name, str) else ""
        if hasattr(source, "seekable") and source.seekable():
            return FileSource(source, name, owned=False, start=source.tell())
        return OnceSource(_chunks_of(source), name or "the pipe", keep)
    if isinstance(source, Iterable):
        return OnceSource(_pieces_of(iter(source)), "the iterator", keep)
    raise TypeError(
        f"a {type(source).__name__} cannot be uploaded: give a path, a file, bytes, an iterable of bytes, "
        "or a frame of pandas, polars or Arrow"
    )


def _chunks_of(file: Any) -> Callable[[], bytes]:
    read = getattr(file, "read1", None) or file.read

    def pull() -> bytes:
        chunk = read(CHUNK_BYTES)
        if chunk is None:
            raise TypeError("the file does not wait for its bytes: make it blocking")
        if isinstance(chunk, str):
            raise TypeError("the source is text: open the file with mode 'rb', or encode the text")
        return bytes(chunk)

    return pull


def _pieces_of(pieces: Iterator[Any]) -> Callable[[], bytes]:
    def pull() -> bytes:
        for piece in pieces:
            if isinstance(piece, str) or not isinstance(piece, (bytes, bytearray, memoryview)):
                raise TypeError(f"the iterator yields {type(piece).__name__}: it has to yield bytes")
            if len(piece):
                return bytes(piece)
        return b""

    return pull
