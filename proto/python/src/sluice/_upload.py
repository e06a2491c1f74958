"""The calls that make one upload: after a failure that passes, the next one goes on where the last one stood.

It must never report success without the server's response, send a byte again without asking the server where
the file goes on, nor leave a transfer behind without saying so.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google_crc32c import extend

from sluice._channel import Channel
from sluice._options import table_name, word
from sluice._results import Progress, ProgressCallback, RejectedRow, Transfer, UploadResult
from sluice._retry import Patience, Seen, Send, Stop, decide, is_passing
from sluice._source import Source
from sluice.errors import (
    Error,
    IncompleteError,
    PreconditionError,
    SourceError,
    Unavailable,
    of_call,
)
from sluice.v1 import ingest_service_pb2 as pb

#: How often the progress is told.
TICK = 0.1
#: How long the answer to a question about a transfer may take.
ASK_TIMEOUT = 10.0
#: How long the end of a call may wait for the server to cancel its transfer.
CANCEL_TIMEOUT = 5.0
UPLOAD = "IngestService/Upload"


class Stopped(BaseException):
    """Another thread wants the call to end."""


class Uploader:
    """One upload."""

    def __init__(
        self,
        channel: Channel,
        source: Source,
        spec: pb.UploadSpec,
        *,
        retry_time: float,
        keep_on_stop: bool,
        progress: ProgressCallback | None,
        stop: threading.Event,
    ) -> None:
        """Take what to send. `keep_on_stop`: one that is interrupted waits for its id to come back."""
        self._channel = channel
        self._source = source
        self._spec = spec
        self._id = spec.transfer_id
        self._patience = Patience(retry_time)
        self._keep_on_stop = keep_on_stop
        self._progress = progress
        self._stop = stop
        self._seen = Seen()
        self._furthest = Seen()
        self._sent = 0
        self._rows = 0
        self._end: tuple[int, int] | None = None
        self._attempts = 0
        self._resumed_at: list[int] = []
        if source.total_bytes is not None:
            spec.total_bytes = source.total_bytes

    def run(self, *, resume: bool) -> UploadResult:
        """Send the file, whatever happens in between."""
        try:
            offset = self._next_offset(None) if resume else 0
            while True:
                try:
                    return self._checked(self._send(offset))
                except Error as error:
                    offset = self._recover(error)
        except (Error, GeneratorExit):
            raise
        except BaseException as interruption:
            # Ctrl-C, a callback that raises, a task that is cancelled.
            self._leave(interruption)
            raise

    # One call

    def _send(self, offset: int) -> pb.UploadResponse:
        self._spec.start_offset = offset
        self._spec.ClearField("prefix_crc32c")
        total = 0
        try:
            if offset:
                total = self._source.sum_before(offset)
                self._spec.prefix_crc32c = total
        except (OSError, SourceError) as fault:
            raise self._given_up(fault) from None
        if self._attempts:
            self._resumed_at.append(offset)
        self._attempts += 1
        self._sent = offset
        self._end = None
        if word(pb.CommitMode, self._spec.commit_mode) == "direct":
            self._seen.at_risk = True

        sender = _Sender(self._source, self._spec, offset, total, self._note)
        call = self._channel.upload(UPLOAD, sender.messages(), pb.UploadResponse, transfer_id=self._id)
        sender.begin(call)
        done = threading.Event()
        call.add_done_callback(lambda _: done.set())
        watch = _Watch(self._channel, self._id, self._saw)
        try:
            while not done.wait(TICK):
                if sender.fault is not None:
                    break
                self._tell("committing" if sender.ended else "sending")
            if sender.fault is not None:
                raise self._given_up(sender.fault) from sender.fault
            response: pb.UploadResponse = call.result()
        except grpc.RpcError as failure:
            raise of_call(failure, self._id) from None
        finally:
            # Cancelled before its messages end: the server must not take the end for that of the file.
            call.cancel()
            sender.stop()
            watch.stop()
        return response

    def _note(self, sent: int, total: int | None) -> None:
        """Hear of the thread that sends: bytes so far, and their sum where they are all."""
        self._sent = sent
        if total is not None:
            self._end = sent, total

    def _saw(self, transfer: pb.Transfer) -> None:
        self._seen.update(transfer)
        self._rows = transfer.counters.rows_parsed

    def _tell(self, state: str, note: str = "") -> None:
        if self._stop.is_set():
            raise Stopped
        if self._progress is not None:
            total = self._source.total_bytes
            self._progress(Progress(self._sent, total, self._rows, state, note))

    def _checked(self, response: pb.UploadResponse) -> UploadResult:
        """Compare what the server says with what was sent."""
        transfer = response.transfer
        counts = transfer.counters
        state = word(pb.TransferState, transfer.state)
        loaded = counts.rows_parsed - counts.rows_rejected
        wrong = None
        if state != "succeeded":
            wrong = f"the server answered with a transfer that is {state or 'of an unknown state'}"
        elif transfer.transfer_id != self._id:
            wrong = f"the server answered for the transfer {transfer.transfer_id}"
        elif self._end is not None and counts.bytes_received != self._end[0]:
            wrong = f"{self._end[0]} bytes were sent, and the server has {counts.bytes_received}"
        elif not self._spec.dry_run and counts.rows_committed != loaded:
            wrong = f"{loaded} rows were to be loaded, and {counts.rows_committed} are"
        if wrong is not None:
            raise IncompleteError(f"{wrong}: look at the table", transfer_id=self._id)
        self._rows = counts.rows_parsed
        self._sent = counts.bytes_received
        self._tell("done")
        return UploadResult(
            transfer_id=transfer.transfer_id,
            table=table_name(transfer.table),
            rows=counts.rows_committed,
            rows_parsed=counts.rows_parsed,
            rows_rejected=counts.rows_rejected,
            bytes=counts.bytes_received,
            commit_mode=word(pb.CommitMode, transfer.commit_mode),
            guarantee=transfer.guarantee,
            replayed=response.replayed,
            create_statement=response.create_statement,
            rejected_rows=[RejectedRow.of(row) for row in response.rejected_rows],
            attempts=self._attempts,
            resumed_at=self._resumed_at,
            raw=response,
        )

    # After a failure

    def _recover(self, error: Error) -> int:
        """Return where the file goes on after a failure that passes; any other one is the end."""
        # A token that is asked for each call can be a new one.
        renewed = error.reason == "TOKEN_EXPIRED" and self._channel.renews_token
        if not renewed and not is_passing(error):
            raise self._explained(error)
        if error.reason == "TOO_MANY_TRANSFERS":
            # The server has not begun with it.
            self._seen.at_risk = False
        return self._next_offset(error)

    def _explained(self, error: Error) -> Error:
        """Add how the upload ended, where the server says only that its id is used up."""
        if error.reason == "COMMIT_PENDING":
            return error.with_hint(
                f"its rows are on their way: upload it again with id={self._id}, never under another",
                transfer_id=self._id,
                resumable=True,
            )
        if error.reason not in ("TRANSFER_ENDED", "TRANSFER_NOT_RESUMABLE"):
            return error
        try:
            transfer = Transfer.of(self._ask())
        except Error:
            return error
        if transfer.error is None:
            return error
        return error.with_hint(
            f"upload {self._id} {transfer.state}: {transfer.error.message}; a new upload of the file needs a new id"
        )

    def _next_offset(self, failure: Error | None) -> int:
        """Ask the server where the file goes on, after a failure not before it is time for that."""
        while True:
            if failure is not None:
                self._pause(failure)
            found: pb.Transfer | None = None
            try:
                found = self._ask()
            except Error as error:
                if error.reason == "TRANSFER_NOT_FOUND":
                    if failure is None and not self._seen.known:
                        # Resumed, and never there: it is begun.
                        return 0
                elif is_passing(error):
                    failure = error
                    continue
                else:
                    raise
            if self._spec.dry_run:
                # It holds nothing, and is made anew.
                self._id = self._spec.transfer_id = str(uuid.uuid4())
                return 0
            if found is not None and word(pb.TransferKind, found.kind) == "export":
                raise PreconditionError(f"transfer {self._id} is an export", transfer_id=self._id)
            taken_over = failure is not None and failure.reason == "TRANSFER_TAKEN_OVER"
            verdict = decide(self._seen, found, taken_over=taken_over)
            if found is not None:
                self._saw(found)
                self._look_further()
            if isinstance(verdict, Send):
                return verdict.offset
            if isinstance(verdict, Stop):
                raise self._stopped(verdict, failure)
            if failure is None:
                state = word(pb.TransferState, found.state) if found is not None else "unknown"
                failure = Unavailable(f"transfer {self._id} is {state}", transfer_id=self._id)
                if state == "running":
                    # Somebody else's, for which there is nothing to wait.
                    raise failure

    def _stopped(self, verdict: Stop, failure: Error | None) -> Error:
        if verdict.lost:
            error = failure or verdict.error or Error("the upload is lost", transfer_id=self._id)
            rows = f"up to {self._seen.rows}" if self._seen.rows else "the first"
            return error.with_hint(
                f"the upload {self._id} cannot go on, and {rows} rows of it may be in the table",
                transfer_id=self._id,
            )
        return verdict.error or Error("the upload has ended", transfer_id=self._id)

    def _look_further(self) -> None:
        """Begin anew with the patience when something has moved."""
        far, now = self._furthest, self._seen
        if now.rows > far.rows or now.offset > far.offset or now.durable > far.durable:
            self._patience.renew()
        far.rows = max(far.rows, now.rows)
        far.offset = max(far.offset, now.offset)
        far.durable = max(far.durable, now.durable)

    def _pause(self, failure: Error) -> None:
        """Wait before the next question; raise the failure when there has been enough of that."""
        delay = self._patience.delay(failure)
        if delay is None:
            raise self._worn_out(failure)
        while delay > 0:
            self._tell("waiting", failure.message)
            self._stop.wait(min(TICK, delay))
            delay -= TICK

    def _worn_out(self, failure: Error) -> Error:
        seen = self._seen
        if not seen.resumable and (seen.rows > 0 or seen.at_risk):
            return self._stopped(Stop(failure, lost=True), failure)
        again = f"`upload` of the same bytes with id={self._id} goes on with it"
        if not self._source.rereadable:
            again += ", from their beginning"
        return failure.with_hint(again, transfer_id=self._id, resumable=True)

    def _ask(self) -> pb.Transfer:
        request = pb.GetTransferRequest(transfer_id=self._id)
        try:
            return self._channel.unary(
                "IngestService/GetTransfer",
                request,
                pb.GetTransferResponse,
                transfer_id=self._id,
                timeout=ASK_TIMEOUT,
            ).transfer
        except Unavailable as error:
            # A server that does not answer in time is away.
            error.broke = error.broke or not error.reason
            raise

    # The end without success

    def _given_up(self, fault: BaseException) -> Error:
        """Cancel the transfer because its source is at fault, and return the error."""
        transfer = self._cancel()
        rows = 0
        if transfer is not None:
            left = Transfer.of(transfer).error
            rows = left.rows_left if left is not None else 0
        elif self._seen.shown:
            rows = self._seen.shown
        if isinstance(fault, Error):
            error: Error = fault
        else:
            name = self._source.name or "the source"
            error = SourceError(f"cannot read {name} (after {self._sent} bytes): {fault}")
        error.transfer_id = self._id
        state = word(pb.TransferState, transfer.state) if transfer is not None else ""
        if state in ("committing", "succeeded"):
            return error.with_hint(f"the upload {self._id} is {state} all the same: every row of it will be there")
        hint = f"the upload {self._id} is {state or 'not confirmed to be cancelled'}"
        if rows:
            error.metadata.setdefault("rowsLeft", str(rows))
            hint += f"; up to {rows} rows of it are in the table and stay there"
        return error.with_hint(hint)

    def _leave(self, interruption: BaseException) -> None:
        """Cancel the transfer, or leave it to whoever comes back with its id, and say which."""
        seen = self._seen
        can_go_on = seen.resumable or (not seen.known and not seen.at_risk)
        if self._keep_on_stop and can_go_on and not self._spec.dry_run:
            hint = f"`upload` of the same bytes with id={self._id} goes on with it"
        else:
            transfer = self._cancel()
            state = word(pb.TransferState, transfer.state) if transfer is not None else ""
            hint = f"the upload {self._id} is {state or 'not confirmed to be cancelled'}"
        note = getattr(interruption, "add_note", None)
        if note is not None:
            note(hint)

    def _cancel(self) -> pb.Transfer | None:
        request = pb.CancelTransferRequest(transfer_id=self._id)
        with contextlib.suppress(Error, ValueError):
            return self._channel.unary(
                "IngestService/CancelTransfer",
                request,
                pb.CancelTransferResponse,
                transfer_id=self._id,
                timeout=CANCEL_TIMEOUT,
            ).transfer
        return None


class _Sender:
    """The messages of one call, read in a thread of the gRPC library."""

    def __init__(self, source: Source, spec: pb.UploadSpec, offset: int, total: int, note: Any) -> None:
        self._source = source
        self._first = pb.UploadRequest(spec=spec).SerializeToString()
        self._offset = offset
        self._sum = total
        self._note = note
        self._call: Any = None
        self._begun = threading.Event()
        self._stopped = False
        self.fault: BaseException | None = None
        self.ended = False

    def begin(self, call: Any) -> None:
        self._call = call
        self._begun.set()

    def stop(self) -> None:
        """Say nothing more of what is sent."""
        self._stopped = True

    def messages(self) -> Iterator[bytes]:
        """Yield the spec, the bytes, and the end. Whatever goes wrong, the stream must not end like a whole file."""
        self._begun.wait()
        try:
            yield from self._pieces()
        except GeneratorExit:
            raise
        except BaseException as fault:
            self.fault = fault
            # A call that is cancelled cannot be ended: the server sees it break.
            self._call.cancel()

    def _pieces(self) -> Iterator[bytes]:
        yield self._first
        expected = self._source.total_bytes
        # One that grows while it is read has no end.
        while (expected is None or self._offset <= expected) and (chunk := self._source.read_at(self._offset)):
            self._sum = extend(self._sum, chunk)
            self._offset += len(chunk)
            yield pb.UploadRequest(data=chunk).SerializeToString()
            if self._stopped:
                return
            self._note(self._offset, None)
        self._source.check()
        if expected is not None and self._offset != expected:
            raise SourceError(f"{self._source.name} had {expected} bytes when it was opened, and has {self._offset}")
        if self._stopped:
            return
        self._note(self._offset, self._sum)
        self.ended = True
        end = pb.UploadEnd(total_bytes=self._offset, crc32c=self._sum)
        yield pb.UploadRequest(end=end).SerializeToString()


class _Watch:
    """Follows the transfer on the server. It never fails the upload."""

    def __init__(self, channel: Channel, transfer_id: str, saw: Any) -> None:
        self._channel = channel
        self._id = transfer_id
        self._saw = saw
        self._stopped = threading.Event()
        self._call: Any = None
        self._thread = threading.Thread(target=self._run, name="sluice-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._call is not None:
            self._call.cancel()

    def _run(self) -> None:
        pause = 0.02
        request = pb.WatchTransferRequest(transfer_id=self._id, interval=Duration(nanos=250_000_000))
        while not self._stopped.wait(pause):
            pause = min(pause * 2, 0.25)
            try:
                self._call = self._channel.stream(
                    "IngestService/WatchTransfer",
                    request,
                    pb.WatchTransferResponse,
                    transfer_id=self._id,
                )
                for message in self._call:
                    if self._stopped.is_set():
                        self._call.cancel()
                        return
                    self._saw(message.transfer)
                return
            except grpc.RpcError as failure:
                # One that is not known yet is asked for again.
                if failure.code() != grpc.StatusCode.NOT_FOUND:
                    return
            except ValueError:
                # The client is closed.
                return
