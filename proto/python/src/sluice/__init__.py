"""Flat files and data frames into ClickHouse and back, through a Sluice server.

    import sluice

    with sluice.connect("http://127.0.0.1:50051") as client:
        result = client.upload("orders.csv", "default.orders", create=True)
        print(result.rows, "rows;", result.guarantee)

`sluice.aio` is the same for asyncio. Every failure is a `sluice.Error`.
"""

from sluice import aio, errors
from sluice._client import Client, connect
from sluice._export import Export
from sluice._options import ColumnOptions, ExportOptions, ReadOptions, UploadOptions
from sluice._results import (
    ExportResult,
    Inspection,
    Progress,
    RejectedRow,
    Rows,
    Transfer,
    UploadResult,
)
from sluice.errors import (
    Cancelled,
    DataError,
    Error,
    IncompleteError,
    NotAllowed,
    PreconditionError,
    Reason,
    RequestError,
    SourceError,
    Unavailable,
)

__all__ = [
    "Cancelled",
    "Client",
    "ColumnOptions",
    "DataError",
    "Error",
    "Export",
    "ExportOptions",
    "ExportResult",
    "IncompleteError",
    "Inspection",
    "NotAllowed",
    "PreconditionError",
    "Progress",
    "ReadOptions",
    "Reason",
    "RejectedRow",
    "RequestError",
    "Rows",
    "SourceError",
    "Transfer",
    "Unavailable",
    "UploadOptions",
    "UploadResult",
    "aio",
    "connect",
    "errors",
]
