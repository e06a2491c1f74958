"""What to do after a failure: whether it passes, how long to wait, where an upload goes on.

Decides and asks nobody. It must never call a failure passing that the same bytes would meet again, nor send a
row again that may be in the table.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from sluice._options import word
from sluice._results import Transfer
from sluice.errors import Cancelled, Error, Unavailable, of_transfer
from sluice.v1 import ingest_service_pb2 as pb

FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0

# Reasons that pass, whatever code they come with. Where the file goes on is known only to the server, which is
# asked before every try.
PASSING = {
    "CLIENT_GONE",
    "SERVER_GONE",
    "TRANSFER_TAKEN_OVER",
    "CLICKHOUSE_UNAVAILABLE",
    "CLICKHOUSE_TIMEOUT",
    "CLICKHOUSE_RESOURCES",
    "TOO_MANY_TRANSFERS",
    "MEMORY_LIMIT",
    "MESSAGE_TIMEOUT",
    "SHUTTING_DOWN",
    "IDLE_TIMEOUT",
    "OFFSET_OUT_OF_RANGE",
    "OFFSET_ALREADY_COMMITTED",
}
# A call with another or a damaged file, or other options, was refused, which is not the end of the transfer.
REFUSALS = {"SPEC_MISMATCH", "FILE_CHANGED", "CHECKSUM_MISMATCH"}


def is_passing(error: Error) -> bool:
    """Whether the same call may succeed later."""
    if isinstance(error, Unavailable) and error.broke:
        return True
    return error.code == "UNAVAILABLE" or error.retry_after is not None or error.reason in PASSING


class Patience:
    """How long to go on trying without getting anywhere."""

    def __init__(self, limit: float) -> None:
        """Have patience for this many seconds; for 0 none."""
        self.limit = limit
        self._since: float | None = None
        self._tries = 0

    def renew(self) -> None:
        """Begin anew, because something has moved."""
        self._since = None
        self._tries = 0

    def delay(self, error: Error) -> float | None:
        """Return the seconds to wait before the next try; None when there has been enough of it."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        left = self.limit - (now - self._since)
        if left <= 0:
            return None
        full = min(FIRST_DELAY * 2.0 ** min(self._tries, 16), LONGEST_DELAY)
        self._tries += 1
        # The last try is at the very end of the time.
        return min(max(full * random.uniform(0.5, 1.0), error.retry_after or 0.0), left)


@dataclass
class Seen:
    """What is known of an upload from before."""

    #: Whether the server knew of it, and whether it could go on.
    known: bool = False
    resumable: bool = False
    #: Rows that may be in the table, or staged; those that are in the table for sure.
    rows: int = 0
    shown: int = 0
    #: Whether rows may be in the table that nobody has counted.
    at_risk: bool = False
    offset: int = 0
    durable: int = 0

    def update(self, raw: pb.Transfer) -> None:
        """Take over what the server says."""
        self.known = True
        self.resumable = raw.resumable
        self.rows = max(raw.counters.rows_staged, raw.counters.rows_committed)
        leaves_rows = word(pb.CommitMode, raw.commit_mode) in ("blocks", "direct")
        self.shown = self.rows if leaves_rows else 0
        self.offset = raw.committed_offset
        self.durable = raw.durable_offset


@dataclass
class Send:
    """Send the file from this offset on."""

    offset: int


@dataclass
class Wait:
    """Ask again later."""


@dataclass
class Stop:
    """The upload has ended so; rows of it may be in the table where it is `lost`."""

    error: Error | None
    lost: bool = False


Verdict = Send | Wait | Stop


def decide(seen: Seen, now: pb.Transfer | None, *, taken_over: bool) -> Verdict:
    """Decide by what was seen before and what the server says now (None: it knows no such transfer)."""
    if now is None:
        may_hold_rows = seen.rows > 0 or seen.at_risk
        if seen.resumable or not may_hold_rows:
            return Send(0)
        return Stop(None, lost=True)
    state = Transfer.of(now).state
    # Of one that has succeeded the server compares what it has loaded, and returns its result.
    if state in ("succeeded", "interrupted"):
        return Send(now.committed_offset)
    if state == "failed":
        return _failed(now)
    if state == "cancelled":
        error = of_transfer(now.error, now.transfer_id) if now.HasField("error") else None
        cancelled = Cancelled("the transfer was cancelled", reason="TRANSFER_CANCELLED", transfer_id=now.transfer_id)
        return Stop(error or cancelled)
    if state == "running" and taken_over and now.committed_offset != seen.offset:
        # The other caller is at work, unless nothing moves from one look to the next.
        return Wait()
    # Whoever sends it again completes the commit too, where its server has gone.
    return Send(now.committed_offset) if now.resumable else Wait()


def _failed(now: pb.Transfer) -> Verdict:
    """Decide about one that nobody goes on with: it may be made again unless its file is at fault."""
    error = of_transfer(now.error, now.transfer_id)
    if error.reason not in REFUSALS and error.reason not in PASSING:
        return Stop(error)
    if word(pb.CommitMode, now.commit_mode) == "direct" and now.counters.rows_staged > 0:
        return Stop(error, lost=True)
    return Send(0)
