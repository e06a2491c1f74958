"""The progress on a terminal, with tqdm where it is installed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sluice._results import Progress, ProgressCallback


@contextlib.contextmanager
def shown(progress: ProgressCallback | bool | None, title: str) -> Iterator[ProgressCallback | None]:
    """Return what to call: the callback, or a bar."""
    if not isinstance(progress, bool):
        yield progress
        return
    if not progress:
        yield None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield None
        return
    with tqdm(desc=title, unit="B", unit_scale=True) as bar:

        def show(now: Progress) -> None:
            bar.total = now.total_bytes
            bar.set_postfix_str(now.note or f"{now.state}, {now.rows} rows", refresh=False)
            # An upload that goes on can stand further back than it was.
            bar.n = now.bytes
            bar.refresh()

        yield show
