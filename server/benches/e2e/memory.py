"""Brings the memory of the machine into the state of one that has been up for a while; used by
`bench.py` and by nothing else.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Left free, so that nothing has to be reclaimed while the memory is filled.
RESERVE_BYTES = 512 << 20
# What is measured writes less than half of it; a machine with more is not filled for a minute.
MAX_BYTES = 32 << 30
CHUNK_BYTES = 1 << 20


@contextlib.contextmanager
def all_in_use(work_dir: Path) -> Iterator[int]:
    """Keeps the free memory in the page cache, and gives the number of bytes that were.

    A virtual machine's host may have taken free memory back. Whoever writes to it first then waits
    for the host, and the kernel counts that as CPU of the writer. Pages that the page cache holds
    are there, and taken for something else as soon as they are needed. They come from a file that
    is one hole: it takes no room on the disk.
    """
    fill_bytes = max(0, min(free_bytes() - RESERVE_BYTES, MAX_BYTES))
    with tempfile.TemporaryFile(dir=work_dir, buffering=0) as hole:
        hole.truncate(fill_bytes)
        chunk = bytearray(CHUNK_BYTES)
        while hole.readinto(chunk):
            pass
        yield fill_bytes


def free_bytes() -> int:
    """Memory that holds nothing at all."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemFree:"):
            return int(line.split()[1]) * 1024
    return 0
