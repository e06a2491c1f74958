"""What can go wrong, as exceptions: one class for each thing that a program can do about it.

`str(error)` is what the server said, in its own words; `error.reason` is one of `Reason`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from sluice._reasons import Reason
from sluice.v1 import errors_pb2

__all__ = [
    "Cancelled",
    "DataError",
    "Error",
    "IncompleteError",
    "NotAllowed",
    "PreconditionError",
    "Reason",
    "RequestError",
    "SourceError",
    "Unavailable",
]


class Error(Exception):
    """An error of the server, of the connection to it, or of what came from it."""

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        code: str = "",
        metadata: Mapping[str, str] | None = None,
        transfer_id: str = "",
        retry_after: float | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """Hold the message and what programs read of it."""
        super().__init__(message)
        #: What the server said.
        self.message = message
        #: Why, as `Reason` lists them; empty for what the server has not said itself.
        self.reason = reason
        #: The gRPC code, such as `NOT_FOUND`; empty where no call failed.
        self.code = code
        #: The variables of the message.
        self.metadata = dict(metadata or {})
        #: The transfer that it is about; empty where there is none.
        self.transfer_id = transfer_id or self.metadata.get("transferId", "")
        #: Seconds after which the same call may succeed; None where the server names none.
        self.retry_after = retry_after
        #: The fields of the request that are wrong, each with what is.
        self.fields = dict(fields or {})
        #: What has become of the upload, and what to do; empty where the message says all.
        self.hint = ""
        #: Whether `upload` with this `transfer_id` goes on with it.
        self.resumable = False

    @property
    def rows_left(self) -> int:
        """Up to so many rows of the file are in the table and stay there."""
        rows = self.metadata.get("rowsLeft", "0")
        return int(rows) if rows.isdigit() else 0

    def with_hint(self, hint: str, *, transfer_id: str = "", resumable: bool = False) -> Error:
        """Add what has become of the upload."""
        self.hint = hint
        self.resumable = resumable
        self.transfer_id = self.transfer_id or transfer_id
        # Shown below the message where nobody catches it, from Python 3.11 on.
        note = getattr(self, "add_note", None)
        if note is not None:
            note(hint)
        return self


class DataError(Error):
    """The file or a value in it is bad. The metadata have `line`, `column`, `value`."""


class RequestError(Error):
    """The call is wrong: an argument, a query, options that do not go together."""


class PreconditionError(Error):
    """A table, a column or a transfer is missing or not as it has to be."""


class NotAllowed(Error):
    """Not signed in, or without the right."""


class Unavailable(Error):
    """The server or ClickHouse is away, too busy or too slow; the same call may succeed later."""

    #: Whether the connection broke, so that nobody knows what the server has done.
    broke: bool = False


class Cancelled(Error):
    """The transfer was cancelled."""


class SourceError(Error):
    """What was to be sent cannot be read, or has changed since its upload began."""


class IncompleteError(Error):
    """What came is not what was promised: sizes or counts of both sides differ."""


_UNAVAILABLE = {
    "TOO_MANY_TRANSFERS",
    "MEMORY_LIMIT",
    "TRANSFER_TAKEN_OVER",
    "OFFSET_ALREADY_COMMITTED",
    "OFFSET_OUT_OF_RANGE",
    "CHECKSUM_MISMATCH",
    "CLICKHOUSE_RESOURCES",
    "RATE_LIMITED",
}
_BY_CODE: dict[str, type[Error]] = {
    "INVALID_ARGUMENT": RequestError,
    "NOT_FOUND": PreconditionError,
    "FAILED_PRECONDITION": PreconditionError,
    "ALREADY_EXISTS": PreconditionError,
    "UNAVAILABLE": Unavailable,
    "DEADLINE_EXCEEDED": Unavailable,
    "UNAUTHENTICATED": NotAllowed,
    "PERMISSION_DENIED": NotAllowed,
    "CANCELLED": Cancelled,
}
# Codes that the gRPC library makes where the connection breaks; the server's own errors have a reason.
_BROKEN = {"UNAVAILABLE", "UNKNOWN", "INTERNAL", "CANCELLED"}


def class_of(code: str, reason: str) -> type[Error]:
    """Return the class by the reason, where it says more than the code."""
    try:
        number = errors_pb2.ErrorReason.Value(f"ERROR_REASON_{reason}")
    except ValueError:
        number = 0
    # The contract numbers the reasons by what they are about.
    if 20 <= number <= 49 or reason == "FILE_TOO_LARGE":
        return DataError
    if 50 <= number <= 69:
        return PreconditionError
    if reason in _UNAVAILABLE:
        return Unavailable
    return _BY_CODE.get(code, Error)


def of_call(failure: Any, transfer_id: str = "") -> Error:
    """Return the exception for a failed call."""
    code: grpc.StatusCode = failure.code()
    text = failure.details() or ""
    reason, metadata, fields = "", {}, {}
    retry_after = None
    for detail in _details(failure):
        info = error_details_pb2.ErrorInfo()
        retry = error_details_pb2.RetryInfo()
        request = error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(retry):
            retry_after = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
        elif detail.Unpack(request):
            fields = {wrong.field: wrong.description for wrong in request.field_violations}
    broke = not reason and code.name in _BROKEN
    kind = Unavailable if broke else class_of(code.name, reason)
    if broke:
        text = f"no connection to the server: {text}"
    error = kind(
        text or f"the server answered {code.name} without a message",
        reason=reason,
        code=code.name,
        metadata=metadata,
        transfer_id=transfer_id,
        retry_after=retry_after,
        fields=fields,
    )
    if isinstance(error, Unavailable):
        error.broke = broke
    return error


def _details(failure: Any) -> list[Any]:
    for key, value in failure.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status()
            try:
                status.ParseFromString(value)
            except DecodeError:
                return []
            return list(status.details)
    return []


def of_transfer(failure: Any, transfer_id: str) -> Error:
    """Return the exception for a transfer that has ended by an error (`TransferError`)."""
    numbers = {code.value[0]: code.name for code in grpc.StatusCode}
    code = numbers.get(failure.code, "")
    return class_of(code, failure.reason)(
        failure.message or f"the transfer {transfer_id} has failed",
        reason=failure.reason,
        code=code,
        metadata=failure.metadata,
        transfer_id=transfer_id,
    )
