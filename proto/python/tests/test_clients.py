"""The programs of `docs/clients.md`, with the real tools of their languages. Run by `make test-clients`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import uuid
from pathlib import Path

import pytest
from conftest import ROOT, Server, sums

import sluice

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

PROTOS = sorted(str(path) for path in (ROOT / "proto/sluice/v1").glob("*.proto"))
JARS = Path("/usr/share/java")
JAVA = [
    *(f"grpc-{part}" for part in ("api", "context", "core", "netty", "protobuf", "protobuf-lite", "stub")),
    *(f"netty-{part}" for part in ("buffer", "codec", "codec-http", "codec-http2", "common", "handler", "resolver")),
    *("netty-transport", "netty-transport-native-unix-common", "guava", "protobuf", "gson", "jsr305"),
    *("geronimo-annotation-1.3-spec", "perfmark-api"),
]


def block(language: str) -> str:
    text = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    assert found[1].count("\n") < 60
    return found[1]


def run(*command: object, **options: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, **options},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def file(tmp_path: Path, rows: tuple[int, bytes]) -> Path:
    path = tmp_path / "rows.csv"
    path.write_bytes(rows[1])
    return path


def name_of(table: str) -> str:
    return table.removeprefix("default.")


def test_go(
    server: Server, client: sluice.Client, table: str, tmp_path: Path, file: Path, rows: tuple[int, bytes]
) -> None:
    source = tmp_path / "src"
    (source / "upload").mkdir(parents=True)
    (source / "upload/main.go").write_text(block("go"))
    run("protoc", f"-I{ROOT / 'proto'}", f"--go_out={source}", f"--go-grpc_out={source}", *PROTOS)
    program = tmp_path / "program"
    run("go", "build", "-o", program, "upload", GO111MODULE="off", GOPATH=f"{tmp_path}:/usr/share/gocode")
    said = run(program, f"127.0.0.1:{server.port}", name_of(table), file, uuid.uuid4())
    assert "400000 rows; all or nothing" in said
    assert sums(client, table) == (400_000, rows[0])


def test_java(
    server: Server, client: sluice.Client, table: str, tmp_path: Path, file: Path, rows: tuple[int, bytes]
) -> None:
    plugin = shutil.which("grpc_java_plugin")
    common = sysconfig.get_paths()["purelib"]
    options = [f"--java_out={tmp_path}", f"--grpc-java_out={tmp_path}", f"--plugin=protoc-gen-grpc-java={plugin}"]
    run("protoc", f"-I{ROOT / 'proto'}", *options, *PROTOS)
    rpc = ["google/rpc/error_details.proto", "google/rpc/status.proto"]
    run("protoc", f"-I{common}", f"--java_out={tmp_path}", *rpc)
    (tmp_path / "Upload.java").write_text(block("java"))
    path = ":".join(str(JARS / f"{jar}.jar") for jar in JAVA)
    run("javac", "-nowarn", "-cp", path, "-d", tmp_path / "out", *tmp_path.rglob("*.java"))
    said = run(
        "java",
        "-cp",
        f"{tmp_path / 'out'}:{path}",
        "Upload",
        f"127.0.0.1:{server.port}",
        name_of(table),
        file,
        uuid.uuid4(),
    )
    assert "400000 rows; all or nothing" in said
    assert sums(client, table) == (400_000, rows[0])


def test_shell(server: Server, client: sluice.Client, table: str, file: Path, rows: tuple[int, bytes]) -> None:
    run(
        "sh",
        "-ec",
        block("sh"),
        SERVER=f"127.0.0.1:{server.port}",
        TABLE=name_of(table),
        FILE=str(file),
        PATH=f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
    )
    assert sums(client, table) == (400_000, rows[0])
