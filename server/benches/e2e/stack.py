"""Runs the programs that are measured; used by `bench.py` and by nothing else.

`Stack` is a `sluice-server` with its embedded ClickHouse, `measure` runs one client command against
it and reads what the kernel counted. Nothing here knows what is moved or in which format.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from memory import Memory

ROOT = Path(__file__).resolve().parents[3]
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Content:
    """What a table holds, as far as two tables can differ."""

    rows: int
    hash_sum: int


@dataclass(frozen=True)
class Sample:
    """One run of one way: seconds of wall and CPU time, bytes of peak memory."""

    wall: float
    client_cpu: float
    service_cpu: float
    engine_cpu: float
    peak_bytes: int

    @property
    def cpu(self) -> float:
        """CPU time of all processes, in seconds."""
        return self.client_cpu + self.service_cpu + self.engine_cpu


@dataclass
class Way:
    """One way to move the table, and what its runs took."""

    name: str
    command: list[str]
    output: Path | None = None
    uses_service: bool = False
    samples: list[Sample] = field(default_factory=list)

    def median(self, value: Callable[[Sample], float]) -> float:
        """The median of `value` over the runs."""
        return statistics.median(value(sample) for sample in self.samples)


class Stack:
    """A running `sluice-server` and the ClickHouse that it hosts."""

    def __init__(self, server: Path, client: Path, work_dir: Path, memory: Memory) -> None:
        """Starts the server on free ports with an empty data directory below `work_dir`."""
        self.client = client
        self.memory = memory
        self.data_dir = work_dir / "engine"
        self.before_dir = work_dir / "before"
        for directory in (self.data_dir, self.before_dir):
            shutil.rmtree(directory, ignore_errors=True)
        self.before_dir.mkdir()
        grpc_port, http_port = free_port(), free_port()
        self.grpc_url = f"http://127.0.0.1:{grpc_port}"
        self.http_url = f"http://127.0.0.1:{http_port}/"
        self.log_path = work_dir / "server.log"
        command = [str(server), "--listen", f"127.0.0.1:{grpc_port}"]
        command += ["--data-dir", str(self.data_dir), "--embedded-http-port", str(http_port)]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        ping = [str(self.client), "--server", self.grpc_url, "ping"]
        while subprocess.run(ping, capture_output=True, check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                sys.exit(f"the server did not start, see {self.log_path}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends the server, and with it its ClickHouse, and removes what both have left."""
        self.process.terminate()
        try:
            self.process.wait(timeout=STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for directory in (self.data_dir, self.before_dir):
            shutil.rmtree(directory, ignore_errors=True)

    def set_aside(self, path: Path) -> None:
        """Keeps a file of the run before to the end: its memory would be free, see `memory.py`."""
        if path.exists():
            path.rename(self.before_dir / f"{time.time_ns()}-{path.name}")

    def sql(self, statement: str) -> str:
        """Runs one statement over HTTP and returns the answer without the last line end."""
        try:
            with urllib.request.urlopen(self.query_url(""), data=statement.encode()) as answer:
                text: str = answer.read().decode()
        except urllib.error.HTTPError as error:
            sys.exit(f"ClickHouse refused {statement[:200]!r}: {error.read().decode()[:1000]}")
        return text.rstrip("\n")

    def query_url(self, query: str) -> str:
        """The address that runs `query`; what is posted to it follows the query.

        curl adds the name of the file to a path that ends in a slash, hence `/query`.
        """
        password = (self.data_dir / "clickhouse-password").read_text().strip()
        values = {"user": "default", "password": password, "query": query}
        return f"{self.http_url}query?{urllib.parse.urlencode(values)}"

    def content(self, table: str) -> Content:
        """Counts and hashes a table; the sum does not depend on the order of the rows.

        The tuple is for the NULLs: `cityHash64(*)` of a row with one is NULL, and `sum` skips it.
        """
        query = f"SELECT count(), sum(cityHash64(tuple(*))) FROM {table}"
        rows, hash_sum = self.sql(query).split("\t")
        return Content(int(rows), int(hash_sum))

    def cpu_seconds(self) -> tuple[float, float]:
        """CPU time so far of the service and of the processes below it."""
        service = self.process.pid
        return process_cpu(service), sum(process_cpu(pid) for pid in descendants(service))

    def reset_peak(self) -> None:
        """Makes the peak memory of the service start again from what it holds now."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def peak_bytes(self) -> int:
        """Peak resident memory of the service, without ClickHouse, since `reset_peak`."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        sys.exit("the kernel does not report VmHWM")


def measure(stack: Stack, way: Way) -> Sample:
    """Runs one way once, with nothing of the run before left to be written to disk, or free."""
    if way.output:
        stack.set_aside(way.output)
    os.sync()
    stack.memory.fill()
    stack.reset_peak()
    service_before, engine_before = stack.cpu_seconds()
    start = time.monotonic()
    client = subprocess.Popen(
        way.command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert client.stdout is not None
    printed = client.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(client.pid, 0)
    wall = time.monotonic() - start
    client.returncode = os.waitstatus_to_exitcode(status)
    if client.returncode != 0:
        sys.exit(f"{way.name} failed with code {client.returncode}:\n{printed}")
    service_after, engine_after = stack.cpu_seconds()
    return Sample(
        wall=wall,
        client_cpu=usage.ru_utime + usage.ru_stime,
        service_cpu=service_after - service_before,
        engine_cpu=engine_after - engine_before,
        peak_bytes=stack.peak_bytes(),
    )


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def process_cpu(pid: int) -> float:
    """User and system time of a process with all its threads, in seconds."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / TICKS_PER_SECOND
    return 0.0


def descendants(pid: int) -> Iterator[int]:
    """All processes below `pid`."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            yield child
            yield from descendants(child)
