"""A real server for all tests, others that a test may kill, and a line that a test may cut."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

import sluice

ROOT = Path(__file__).resolve().parents[3]
ENGINE = ROOT / "server/engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"


def server_binary() -> Path:
    given = os.environ.get("SLUICE_SERVER")
    if given:
        return Path(given)
    built = [ROOT / "target" / kind / "sluice-server" for kind in ("debug", "release")]
    found = [path for path in built if path.exists()]
    if not found:
        pytest.exit("no server is built: `cargo build`, or SLUICE_SERVER=PATH", 2)
    return max(found, key=lambda path: path.stat().st_mtime)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Server:
    """A server with a data directory, which outlives the process."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = self._folder.with_suffix(".log")
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    server_binary(),
                    f"--listen=127.0.0.1:{self.port}",
                    f"--data-dir={self._folder}",
                    f"--engine-library={ENGINE}",
                    *self._options,
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        with sluice.connect(self.url) as client:
            while True:
                try:
                    client.server_info()
                    return
                except sluice.Unavailable:
                    dead = self._process.poll() is not None
                    if dead or time.monotonic() > deadline:
                        pytest.fail(f"the server does not start:\n{log.read_text()[-2000:]}")
                    time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(tmp_path_factory.mktemp("server") / "data")
    one.start()
    yield one
    one.stop()


@pytest.fixture
def client(server: Server) -> Iterator[sluice.Client]:
    with sluice.connect(server.url) as one:
        yield one


@pytest.fixture
def table(request: pytest.FixtureRequest) -> str:
    """A table of the test's own, which is not there yet."""
    return "default." + re.sub(r"\W", "_", str(request.node.name))


class Proxy:
    """A line to the server that breaks after so many bytes, and stands again at once."""

    def __init__(self, port: int, cuts: list[int], *, pause: float = 0.0) -> None:
        self._target = port
        self._cuts = cuts
        self._pause = pause
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cut = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            # Every connection but the last is cut after its bytes.
            limit = self._cuts.pop(0) if self._cuts else None
            self._open += [near, far]
            for pair, share in (((near, far), limit), ((far, near), limit)):
                threading.Thread(target=self._pump, args=(*pair, share), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        moved = 0
        try:
            while piece := source.recv(1 << 16):
                moved += len(piece)
                if limit is not None and moved > limit:
                    self.cut += 1
                    break
                if self._pause:
                    time.sleep(self._pause)
                target.sendall(piece)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self) -> None:
        # Wakes the thread that waits for connections.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            end.close()


@pytest.fixture
def rows() -> tuple[int, bytes]:
    """A file of some MB, and the sum of its numbers."""
    count = 400_000
    body = "".join(f"{n},text of the row {n}\n" for n in range(count))
    return count * (count - 1) // 2, ("n,text\n" + body).encode()


@pytest.fixture(scope="session", autouse=True)
def no_server_is_left() -> Iterator[None]:
    # A test run that is ended by a signal ends like one that has failed.
    def leave(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    yield


def sums(client: sluice.Client, table: str) -> tuple[int, int]:
    """Return how many rows a table has, and the sum of their numbers."""
    found = client.preview(query=f"SELECT count(), sum(n) FROM {table}")
    count, total = found.rows[0]
    assert count is not None and total is not None
    return int(count), int(total)
