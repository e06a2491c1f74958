"""The client: what a program does with a server."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, cast, overload
from uuid import UUID

import grpc
from google.protobuf.duration_pb2 import Duration

from sluice import _frames, _scan, _tables
from sluice._channel import Channel, PathLike, Token
from sluice._export import Export, to_file, to_path
from sluice._options import (
    Format,
    reading,
    refuse,
    table_name,
    table_ref,
    take,
    transfer_id,
    upload_spec,
)
from sluice._progress import shown
from sluice._results import (
    ExportResult,
    Inspection,
    ProgressCallback,
    RejectedRow,
    Rows,
    Transfer,
    UploadResult,
    cells,
)
from sluice._source import REPLAY_BYTES, FileSource, Source, open_source
from sluice._upload import Stopped, Uploader
from sluice.errors import Cancelled, Error, of_call
from sluice.v1 import catalog_service_pb2 as catalog
from sluice.v1 import ingest_service_pb2 as pb

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sluice._options import ExportOptions, ReadOptions, UploadOptions

#: Seconds to go on trying without getting anywhere.
RETRY_TIME = 300.0
#: Files up to this size are read twice where a table is made of them.
FULL_SCAN_BYTES = 64 << 20
SAMPLE_BYTES = 1 << 20

#: What an archive begins with, such as a workbook: its end says what is in it, so that all of it is looked at.
_ARCHIVE = b"PK\x03\x04"
_ARCHIVE_BYTES = 15 << 20
#: What a call other than a transfer waits for its answer.
TIMEOUT = 60.0

_FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}

#: Names of files that an export does not write.
_NOT_WRITTEN = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".parquet", ".arrow", ".feather", ".avro", ".orc"}


def connect(
    url: str = "http://127.0.0.1:50051",
    *,
    token: Token | None = None,
    token_file: PathLike | None = None,
    connection: str | None = None,
    clickhouse: str | None = None,
    user: str | None = None,
    password: str | None = None,
    database: str | None = None,
    clickhouse_token: str | None = None,
    ca: PathLike | None = None,
    cert: PathLike | None = None,
    key: PathLike | None = None,
) -> Client:
    """Return a client of the server at this URL.

    `token` (or a function that returns one, asked before each call) or `token_file` shows the server who calls; so
    do `cert` and `key`, the files of a client certificate. `ca` is the file of the authorities to trust instead of
    the usual ones. `connection` names one of the server's connections; `clickhouse` is a ClickHouse of your own
    (`http://host:port`) with `user`, `password`, `database`, or `clickhouse_token`.

    Nothing is sent yet: `client.ping()` does.
    """
    place = {
        "connection": connection,
        "clickhouse": clickhouse,
        "user": user,
        "password": password,
        "database": database,
        "clickhouse_token": clickhouse_token,
    }
    return Client(Channel(url, token=token, token_file=token_file, place=place, ca=ca, cert=cert, key=key))


class Client:
    """A connection to a server; also a context manager. It may be used by several threads at once."""

    def __init__(self, channel: Channel) -> None:
        """Take a channel; `connect` makes one."""
        self._channel = channel

    def __enter__(self) -> Client:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    # Uploads

    def upload(
        self,
        source: Any,
        table: str,
        *,
        id: UUID | str | None = None,
        resume: bool = False,
        retry_time: float = RETRY_TIME,
        progress: ProgressCallback | bool | None = None,
        buffer_bytes: int = REPLAY_BYTES,
        **options: Unpack[UploadOptions],
    ) -> UploadResult:
        """Load a source into a table, and return when every row is there.

        `source` is a path, a binary file, bytes, an iterable of bytes, or a frame of pandas, polars or Arrow.
        `table` is `db.table` or `table`. `options` are those of `UploadOptions`: how to read it, whether to
        create the table, the mode, how many records may be rejected.

        The upload goes on by itself for `retry_time` seconds without progress after a break of the connection, the
        server or ClickHouse. Of an iterable or a pipe, which can be read once, the last `buffer_bytes` are
        kept for that.

        `id` is a UUID that stands for this source: sent again it goes on, or returns its result (`replayed`); no
        row is loaded twice. With `resume` the server is asked where it goes on first, which saves sending again
        what is there already. An upload that is interrupted (Ctrl-C) is cancelled unless it was given an id.

        `progress` is called with a `Progress` some times a second; True shows a bar where tqdm is installed.
        Raises `Error`.
        """
        return self._upload(
            source,
            table,
            cast("dict[str, Any]", dict(options)),
            id=id,
            resume=resume,
            retry_time=retry_time,
            progress=progress,
            buffer_bytes=buffer_bytes,
            stop=threading.Event(),
        )

    def _upload(
        self,
        source: Any,
        table: str,
        options: dict[str, Any],
        *,
        id: UUID | str | None,
        resume: bool,
        retry_time: float,
        progress: ProgressCallback | bool | None,
        buffer_bytes: int,
        stop: threading.Event,
    ) -> UploadResult:
        if resume and id is None:
            raise ValueError("resume needs the id of the upload")
        full_scan = options.pop("full_scan", None)
        spec = upload_spec(table, transfer_id(id), options)
        refuse(options, "upload()")
        with contextlib.ExitStack() as stack:
            opened = self._open(source, spec, buffer_bytes)
            stack.callback(opened.close)
            spec.source_name = spec.source_name or opened.name
            if spec.total_bytes and opened.total_bytes is None:
                opened.total_bytes = spec.total_bytes
            tell = stack.enter_context(shown(progress, f"upload to {table}"))

            def uploader(of: pb.UploadSpec) -> Uploader:
                return Uploader(
                    self._channel,
                    opened,
                    of,
                    retry_time=retry_time,
                    keep_on_stop=id is not None,
                    progress=tell,
                    stop=stop,
                )

            try:
                if _scan.is_due(spec, opened, full_scan, FULL_SCAN_BYTES):
                    try:
                        found = uploader(_scan.question(spec)).run(resume=False)
                        spec = _scan.settle(spec, found.raw)
                    except Error as error:
                        # The upload meets it too, under its own id and by its own rules.
                        if full_scan or not error.reason:
                            raise
                return uploader(spec).run(resume=resume)
            except Stopped:
                raise Cancelled("the call was stopped", transfer_id=spec.transfer_id) from None

    def _open(self, source: Any, spec: pb.UploadSpec, buffer_bytes: int) -> Source:
        if not _frames.is_frame(source):
            return open_source(source, buffer_bytes)
        if spec.HasField("dialect") or spec.HasField("values"):
            raise TypeError("a frame says itself how it is read: leave the options of files out")
        rows, columns = _frames.columns_of(source)
        if spec.create_table and not spec.create_statement:
            name = ".".join(
                "`" + part.replace("\\", "\\\\").replace("`", "\\`") + "`"
                for part in (spec.table.database, spec.table.table)
                if part
            )
            spec.create_statement = _frames.create_statement(name, columns)
        take(spec.dialect, {"format": "ndjson", "encoding": "utf-8", "compression": "none"})
        spec.sniff = False
        spec.source_name = spec.source_name or f"{type(source).__module__.partition('.')[0]} frame"
        return FileSource(_frames.write(rows, columns), "the frame", owned=True)

    def inspect(
        self,
        source: Any,
        table: str | None = None,
        *,
        rows: int = 10,
        columns: Sequence[str] | None = None,
        source_name: str = "",
        **options: Unpack[ReadOptions],
    ) -> Inspection:
        """Look at the beginning of a file: how it would be read, and how it fits a table. Loads nothing."""
        given = cast("dict[str, Any]", dict(options))
        dialect, values = reading(given)
        refuse(given, "inspect()")
        opened = open_source(source, SAMPLE_BYTES)
        try:
            sample, most = bytearray(), SAMPLE_BYTES
            # One byte more tells whether there is one.
            while len(sample) <= most and (chunk := opened.read_at(len(sample))):
                sample += chunk
                if sample.startswith(_ARCHIVE):
                    most = _ARCHIVE_BYTES
        finally:
            opened.close()
        request = pb.InspectFileRequest(
            sample=bytes(sample[:most]),
            complete=len(sample) <= most,
            dialect=dialect,
            values=values,
            table=table_ref(table) if table is not None else None,
            row_count=rows,
            source_name=source_name or opened.name,
        )
        for column in columns or ():
            request.columns.add(column=column)
        return Inspection.of(
            self._channel.unary("IngestService/InspectFile", request, pb.InspectFileResponse, timeout=TIMEOUT)
        )

    # Exports

    @overload
    def export(
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
    ) -> Export: ...

    @overload
    def export(
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
        retry_time: float = RETRY_TIME,
        progress: ProgressCallback | bool | None = None,
        **options: Unpack[ExportOptions],
    ) -> ExportResult: ...

    def export(
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
        retry_time: float = RETRY_TIME,
        progress: ProgressCallback | bool | None = None,
        **options: Unpack[ExportOptions],
    ) -> Export | ExportResult:
        """Write a table or a SELECT as a file.

        `to` is a path, whose file appears when it is whole, or an open binary file; without it the bytes come as an
        iterator. `format` and compression are found in the name of the path where they are not given.
        Of a table `columns`, `where` (`("age", ">=", 18)`, `("name", "is null", None)`, `("id", "in", [1, 2])`),
        `order_by` (`"-age"` for large values first) and `limit` choose. A path is written anew from its beginning
        after a break, for `retry_time` seconds. Raises `Error`.
        """
        return self._export(
            _source_of(table, query, columns, where, order_by, limit),
            cast("dict[str, Any]", dict(options)),
            to=to,
            format=format,
            id=id,
            retry_time=retry_time,
            progress=progress,
            stop=threading.Event(),
        )

    def _export(
        self,
        request: pb.ExportRequest,
        options: dict[str, Any],
        *,
        to: PathLike | IO[bytes] | None,
        format: Format | None,
        id: UUID | str | None,
        retry_time: float,
        progress: ProgressCallback | bool | None,
        stop: threading.Event,
    ) -> Export | ExportResult:
        path = None if to is None or hasattr(to, "write") else Path(to)
        if path is not None:
            suffixes = [suffix.lower() for suffix in path.suffixes]
            packed = {".gz": "gzip", ".zst": "zstd"}.get(suffixes[-1] if suffixes else "")
            if packed is not None:
                suffixes.pop()
                options.setdefault("compression", packed)
            if format is None and suffixes:
                format = _FORMATS.get(suffixes[-1])
                if suffixes[-1] in _NOT_WRITTEN:
                    msg = f"files such as {suffixes[-1]} are not written: name a .csv, .tsv or .ndjson, or give format="
                    raise ValueError(msg)
        if format is not None:
            options["format"] = format
        take(request.dialect, options)
        take(request.style, options)
        refuse(options, "export()")

        def begin() -> Export:
            # An export is tried again under another id.
            attempt = pb.ExportRequest()
            attempt.CopyFrom(request)
            attempt.transfer_id = transfer_id(id)
            return Export(self._channel, attempt, tell, stop)

        with shown(progress, "export") as tell:
            if to is None:
                return begin()
            if path is not None:
                return to_path(begin, path, 0.0 if id is not None else retry_time, stop)
            return to_file(begin(), cast("IO[bytes]", to))

    def as_arrow(
        self,
        table: str | None = None,
        *,
        query: str | None = None,
        columns: Sequence[str] = (),
        where: Sequence[tuple[str, str, Any]] = (),
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> Any:
        """Return a table or a SELECT as a `pyarrow.Table`, each value exactly as it is. Wants pyarrow."""
        request = _source_of(table, query, columns, where, order_by, limit)
        return self._arrow(request, threading.Event())

    def _arrow(self, request: pb.ExportRequest, stop: threading.Event) -> Any:
        export = self._export(
            request,
            {},
            to=None,
            format="ndjson",
            id=None,
            retry_time=0.0,
            progress=None,
            stop=stop,
        )
        assert isinstance(export, Export)
        with export:
            found = _tables.arrow_table(export.columns, export)
        if export.result is None or export.result.rows != found.num_rows:
            raise Error("the rows that came are not those of the summary")
        return found

    def as_pandas(self, table: str | None = None, **options: Any) -> Any:
        """As `as_arrow`, as a `pandas.DataFrame` whose columns are Arrow's, so that NULL stays apart from NaN."""
        import pandas as pd

        return self.as_arrow(table, **options).to_pandas(types_mapper=pd.ArrowDtype)

    def as_polars(self, table: str | None = None, **options: Any) -> Any:
        """As `as_arrow`, as a `polars.DataFrame`."""
        import polars as pl

        return pl.from_arrow(self.as_arrow(table, **options))

    # Transfers

    def transfer(self, id: UUID | str) -> Transfer:
        """Return the state and counters of a transfer."""
        name = transfer_id(id)
        request = pb.GetTransferRequest(transfer_id=name)
        answer = self._channel.unary(
            "IngestService/GetTransfer",
            request,
            pb.GetTransferResponse,
            transfer_id=name,
            timeout=TIMEOUT,
        )
        return Transfer.of(answer.transfer)

    def transfers(
        self,
        *,
        state: str | Sequence[str] = (),
        kind: str | None = None,
        table: str | None = None,
        owner: str = "",
    ) -> Iterator[Transfer]:
        """List the transfers that run or ended lately, the newest first."""
        request = pb.ListTransfersRequest(owner=owner, page_size=100)
        if table is not None:
            request.table.CopyFrom(table_ref(table))
        filters: dict[str, Any] = {"kind": kind}
        take(request, filters)
        from sluice._options import number

        for one in [state] if isinstance(state, str) else state:
            value = number(pb.TransferState.DESCRIPTOR, "state", one)
            request.states.append(cast(Any, value))
        while True:
            page = self._channel.unary(
                "IngestService/ListTransfers", request, pb.ListTransfersResponse, timeout=TIMEOUT
            )
            yield from map(Transfer.of, page.transfers)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def watch(self, id: UUID | str, *, interval: float = 0.25) -> Iterator[Transfer]:
        """Follow a transfer until it has ended; the last one holds its final state."""
        name = transfer_id(id)
        request = pb.WatchTransferRequest(transfer_id=name)
        request.interval.CopyFrom(Duration(nanos=0))
        request.interval.FromNanoseconds(int(interval * 1e9))
        messages = self._messages("IngestService/WatchTransfer", request, pb.WatchTransferResponse, name)
        return (Transfer.of(message.transfer) for message in messages)

    def cancel(self, id: UUID | str) -> Transfer:
        """End a transfer and drop what was staged. One that has ended or is being committed stays as it is."""
        name = transfer_id(id)
        request = pb.CancelTransferRequest(transfer_id=name)
        answer = self._channel.unary(
            "IngestService/CancelTransfer",
            request,
            pb.CancelTransferResponse,
            transfer_id=name,
            timeout=TIMEOUT,
        )
        return Transfer.of(answer.transfer)

    def rejects(self, id: UUID | str) -> Iterator[RejectedRow]:
        """Return the rows of an upload that were rejected, in the order of the file."""
        name = transfer_id(id)
        request = pb.ListRejectedRowsRequest(transfer_id=name)
        messages = self._messages("IngestService/ListRejectedRows", request, pb.ListRejectedRowsResponse, name)
        return (RejectedRow.of(message.row) for message in messages)

    def rejects_csv(self, id: UUID | str) -> Iterator[bytes]:
        """Return the rejected rows as a CSV file that loads again once it is corrected."""
        name = transfer_id(id)
        request = pb.ListRejectedRowsRequest(transfer_id=name, as_csv=True)
        messages = self._messages("IngestService/ListRejectedRows", request, pb.ListRejectedRowsResponse, name)
        return (message.csv for message in messages)

    def _messages(self, method: str, request: Any, response: type[Any], name: str) -> Iterator[Any]:
        call = self._channel.stream(method, request, response, transfer_id=name)
        try:
            yield from call
        except grpc.RpcError as failure:
            raise of_call(failure, name) from None
        finally:
            call.cancel()

    # What is there

    def ping(self) -> catalog.CheckConnectionResponse:
        """Ask whether ClickHouse answers: its version, user, database, time zone, and the grants that lack."""
        return self._channel.unary(
            "CatalogService/CheckConnection",
            catalog.CheckConnectionRequest(),
            catalog.CheckConnectionResponse,
            timeout=TIMEOUT,
        )

    def server_info(self) -> catalog.GetServerInfoResponse:
        """Return what the server is and asks of its callers. Needs no token."""
        return self._channel.unary(
            "CatalogService/GetServerInfo",
            catalog.GetServerInfoRequest(),
            catalog.GetServerInfoResponse,
            timeout=TIMEOUT,
        )

    def databases(self) -> list[str]:
        """Return the names of the databases."""
        answer = self._channel.unary(
            "CatalogService/ListDatabases",
            catalog.ListDatabasesRequest(),
            catalog.ListDatabasesResponse,
            timeout=TIMEOUT,
        )
        return [database.name for database in answer.databases]

    def tables(self, database: str = "") -> list[str]:
        """Return the names of the tables of a database, by default that of the connection, as `upload` takes them."""
        request = catalog.ListTablesRequest(database=database)
        names: list[str] = []
        while True:
            page = self._channel.unary(
                "CatalogService/ListTables", request, catalog.ListTablesResponse, timeout=TIMEOUT
            )
            names.extend(table_name(table.table) for table in page.tables)
            if not page.next_page_token:
                return names
            request.page_token = page.next_page_token

    def describe(self, table: str) -> catalog.GetTableResponse:
        """Return the columns, the keys and the CREATE TABLE of a table."""
        request = catalog.GetTableRequest(table=table_ref(table))
        return self._channel.unary("CatalogService/GetTable", request, catalog.GetTableResponse, timeout=TIMEOUT)

    def preview(self, table: str | None = None, *, query: str | None = None, limit: int = 100) -> Rows:
        """Return the first rows of a table or of a SELECT as text."""
        if (table is None) == (query is None):
            raise ValueError("give a table or a query")
        request = catalog.PreviewRowsRequest(query=query, limit=limit)
        if table is not None:
            request.table.CopyFrom(table_ref(table))
        answer = self._channel.unary(
            "CatalogService/PreviewRows", request, catalog.PreviewRowsResponse, timeout=TIMEOUT
        )
        columns = [(column.name, column.type) for column in answer.columns]
        return Rows(columns, [cells(row) for row in answer.rows], answer.truncated)


_OPERATORS = {
    "=": "EQUAL",
    "==": "EQUAL",
    "!=": "NOT_EQUAL",
    "<": "LESS",
    "<=": "LESS_OR_EQUAL",
    ">": "GREATER",
    ">=": "GREATER_OR_EQUAL",
    "like": "LIKE",
    "not like": "NOT_LIKE",
    "ilike": "ILIKE",
    "not ilike": "NOT_ILIKE",
    "between": "BETWEEN",
    "not between": "NOT_BETWEEN",
    "in": "IN",
    "not in": "NOT_IN",
    "is null": "IS_NULL",
    "is not null": "IS_NOT_NULL",
}


def _source_of(
    table: str | None,
    query: str | None,
    columns: Sequence[str],
    where: Sequence[tuple[str, str, Any]],
    order_by: Sequence[str],
    limit: int | None,
) -> pb.ExportRequest:
    if (table is None) == (query is None):
        raise ValueError("give a table or a query")
    if table is None:
        if columns or where or order_by or limit is not None:
            raise ValueError("columns, where, order_by and limit are for a table: say it in the query")
        return pb.ExportRequest(query=query)
    if isinstance(columns, str) or isinstance(order_by, str):
        raise TypeError("columns and order_by are lists of names")
    source = pb.TableSource(table=table_ref(table), columns=columns, limit=limit)
    for column, sign, value in where:
        name = _OPERATORS.get(sign.lower())
        if name is None:
            raise ValueError(f"{sign!r} is none of {', '.join(_OPERATORS)}")
        values = [] if name.endswith("NULL") else [value]
        if name in ("IN", "NOT_IN", "BETWEEN", "NOT_BETWEEN"):
            values = list(value)
        condition = source.where.add(column=column, values=[str(v) for v in values])
        take_operator = pb.Operator.Value(f"OPERATOR_{name}")
        condition.operator = cast(Any, take_operator)
    for name in order_by:
        source.order_by.add(column=name.removeprefix("-"), descending=name.startswith("-"))
    return pb.ExportRequest(table=source)
