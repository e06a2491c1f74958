"""Keeps the memory of the machine in the state of one that has been up for a while; used by the
other files here and by nothing else.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

# Left free, so that nothing has to be reclaimed while the memory is filled.
RESERVE_BYTES = 256 << 20
# More than is written in all; a machine with much more free memory is not filled for minutes.
MAX_BYTES = 32 << 30
CHUNK_BYTES = 1 << 20


class Memory:
    """The free memory, or what of it is filled.

    A virtual machine's host takes back what is free. Whoever writes to it first then waits for the
    host, and the kernel counts that as CPU of the writer. Pages that the page cache holds are
    there, and are taken for something else as soon as they are needed. They come from files that
    are one hole each, and take no room on the disk.
    """

    def __init__(self, work_dir: Path, is_filled: bool) -> None:
        """Leaves the memory as it is unless `is_filled`."""
        self._work_dir = work_dir
        self._left_bytes = MAX_BYTES if is_filled else 0
        self._holes = ExitStack()

    def fill(self) -> None:
        """Has the page cache take what is free now."""
        fill_bytes = min(free_bytes() - RESERVE_BYTES, self._left_bytes)
        if fill_bytes <= 0:
            return
        self._left_bytes -= fill_bytes
        hole = tempfile.TemporaryFile(dir=self._work_dir, buffering=0)
        self._holes.enter_context(hole)
        hole.truncate(fill_bytes)
        chunk = bytearray(CHUNK_BYTES)
        while hole.readinto(chunk):
            pass

    def release(self) -> None:
        """Gives back what was filled."""
        self._holes.close()


def free_bytes() -> int:
    """Memory that holds nothing at all."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemFree:"):
            return int(line.split()[1]) * 1024
    return 0
