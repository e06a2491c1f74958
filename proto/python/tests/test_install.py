"""A user from nothing: a fresh environment, the wheel, a CSV and a frame, an error. In under two minutes."""

from __future__ import annotations

import os
import subprocess
import time
import venv
from pathlib import Path

import pytest
from conftest import ROOT, Server

SCRIPT = """
import sys
import pandas as pd
import sluice

with sluice.connect(sys.argv[1]) as client:
    print(client.upload(sys.argv[2], "default.airports_of_a_user", create=True).rows)
    print(client.upload(pd.DataFrame({"id": [1, 2], "name": ["x", None]}), "default.frame_of_a_user", create=True).rows)
    try:
        client.upload(sys.argv[2], "default.nobody")
    except sluice.Error as error:
        print(type(error).__name__, error.reason, error)
"""


@pytest.mark.timeout(120)
def test_the_wheel_in_a_fresh_environment(server: Server, tmp_path: Path) -> None:
    wheels = sorted((ROOT / "dist/python").glob("sluice-*.whl"), key=lambda path: path.stat().st_mtime)
    assert wheels, "no wheel is built: make python"
    start = time.monotonic()
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([python, *quiet, wheels[-1], "pandas"], check=True, env=clean)
    csv = ROOT / "server/tests/data/airports.csv"
    done = subprocess.run(
        [python, "-c", SCRIPT, server.url, csv], check=True, capture_output=True, text=True, env=clean, cwd=tmp_path
    )
    lines = done.stdout.splitlines()
    assert int(lines[0]) == csv.read_bytes().count(b"\n") - 1
    assert lines[1] == "2"
    assert lines[2].startswith("PreconditionError TABLE_NOT_FOUND")
    assert time.monotonic() - start < 120
