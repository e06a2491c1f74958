"""What calls return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal, NamedTuple

from sluice._options import table_name, word
from sluice.errors import Error, of_transfer
from sluice.v1 import ingest_service_pb2 as pb
from sluice.v1 import profile_pb2, schema_pb2

State = Literal["running", "succeeded", "failed", "cancelled", "interrupted", "committing"]


class Progress(NamedTuple):
    """How far an upload or an export is."""

    #: Bytes of the file that were sent, or have come.
    bytes: int
    #: The size of the file; None where it is not known.
    total_bytes: int | None
    #: Rows that the server has read, or written.
    rows: int
    #: `sending`, `receiving`, `waiting` (for a server or connection that is away), `committing`, `done`.
    state: str
    #: What is waited for; empty otherwise.
    note: str = ""


#: What is called with the progress, some times a second, in the thread of the call.
ProgressCallback = Callable[[Progress], object]


@dataclass(frozen=True)
class Transfer:
    """An upload or an export, as the server has it."""

    id: str
    kind: str
    state: str
    table: str
    bytes: int
    rows_parsed: int
    rows_committed: int
    rows_rejected: int
    rows_exported: int
    committed_offset: int
    resumable: bool
    commit_mode: str
    guarantee: str
    source_name: str
    owner: str
    start_time: datetime
    elapsed: float
    #: Why it failed or was cancelled.
    error: Error | None
    #: All that the server says.
    raw: pb.Transfer = field(repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """Whether nothing moves any more."""
        return self.state in ("succeeded", "failed", "cancelled")

    @classmethod
    def of(cls, raw: pb.Transfer) -> Transfer:
        """Read the message."""
        counts = raw.counters
        failed = raw.HasField("error")
        return cls(
            id=raw.transfer_id,
            kind=word(pb.TransferKind, raw.kind),
            state=word(pb.TransferState, raw.state),
            table=table_name(raw.table),
            bytes=counts.bytes_received or counts.bytes_sent,
            rows_parsed=counts.rows_parsed,
            rows_committed=counts.rows_committed,
            rows_rejected=counts.rows_rejected,
            rows_exported=counts.rows_exported,
            committed_offset=raw.committed_offset,
            resumable=raw.resumable,
            commit_mode=word(pb.CommitMode, raw.commit_mode),
            guarantee=raw.guarantee,
            source_name=raw.source_name,
            owner=raw.owner,
            start_time=raw.start_time.ToDatetime(timezone.utc),
            elapsed=raw.elapsed.ToNanoseconds() / 1e9,
            error=of_transfer(raw.error, raw.transfer_id) if failed else None,
            raw=raw,
        )


@dataclass(frozen=True)
class RejectedRow:
    """A record that was not loaded."""

    line: int
    record: int
    column: str
    type: str
    #: At most 256 bytes of the value.
    value: bytes
    reason: str
    #: The record as it stands in the file.
    raw: bytes

    @classmethod
    def of(cls, raw: profile_pb2.RejectedRow) -> RejectedRow:
        """Read the message."""
        return cls(raw.line, raw.record, raw.column, raw.type, raw.value, raw.reason, raw.raw)


@dataclass(frozen=True)
class UploadResult:
    """An upload that has succeeded: every row is in the table."""

    transfer_id: str
    table: str
    #: Rows that are in the table; in a dry run 0.
    rows: int
    #: Records of the file, without its header.
    rows_parsed: int
    rows_rejected: int
    #: The size of the file.
    bytes: int
    #: Which promise was kept, in words.
    commit_mode: str
    guarantee: str
    #: Whether it had succeeded before this call, which has loaded nothing.
    replayed: bool
    #: The CREATE TABLE that was run, or would be.
    create_statement: str
    #: The first 100 rejected rows; `Client.rejects` returns all.
    rejected_rows: list[RejectedRow]
    #: Calls that were made, and where those after the first went on.
    attempts: int
    resumed_at: list[int]
    #: All that the server says.
    raw: pb.UploadResponse = field(repr=False, compare=False)


@dataclass(frozen=True)
class ExportResult:
    """An export that has succeeded: the file is whole."""

    transfer_id: str
    rows: int
    bytes: int
    #: The columns: name and ClickHouse type.
    columns: list[tuple[str, str]]


def cells(row: schema_pb2.Row) -> list[str | None]:
    """Return the texts of a row."""
    return [cell.text if cell.HasField("text") else None for cell in row.cells]


@dataclass(frozen=True)
class Rows:
    """Rows to look at, as text."""

    #: The columns: name and ClickHouse type.
    columns: list[tuple[str, str]]
    rows: list[list[str | None]]
    #: Whether rows were left out because they did not fit into one answer.
    truncated: bool


@dataclass(frozen=True)
class Inspection:
    """How a file would be read."""

    #: The columns: name and ClickHouse type.
    columns: list[tuple[str, str]]
    #: What was found: `delimiter`, `encoding`, `compression` …, each as text.
    findings: dict[str, str]
    rows: list[list[str | None]]
    create_statement: str
    #: Where a table was named: records that were tried against it, and those of them that would be rejected.
    rows_tried: int
    rows_rejected: int
    rejected_rows: list[RejectedRow]
    #: Why the file cannot be loaded into the table at all.
    error: Error | None
    #: All that the server says.
    raw: pb.InspectFileResponse = field(repr=False, compare=False)

    @classmethod
    def of(cls, raw: pb.InspectFileResponse) -> Inspection:
        """Read the message."""
        return cls(
            columns=[(column.name, column.type) for column in raw.profile.columns],
            findings={found.name: found.value for found in raw.profile.findings},
            rows=[cells(row) for row in raw.rows],
            create_statement=raw.create_statement,
            rows_tried=raw.rows_tried,
            rows_rejected=raw.rows_rejected,
            rejected_rows=[RejectedRow.of(row) for row in raw.rejected_rows],
            error=of_transfer(raw.error, "") if raw.HasField("error") else None,
            raw=raw,
        )
