"""What the README shows runs as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Server

import sluice

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCKS = re.findall(r"^```python *(\S*)\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_blocks_run_in_order(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text("id,amount\n1,5\n2,10\n3,20\n")
    Path("messy.csv").write_text("id;amount\n4;7\n5;x\n")
    ran = 0
    for mark, block in BLOCKS:
        compile(block, str(README), "exec")
        if mark != "compiled-only":
            exec(block.replace("http://127.0.0.1:50051", server.url), {"__name__": "__main__"})
            ran += 1
    assert ran >= 7
    assert Path("large.csv.gz").exists()
    with sluice.connect(server.url) as client:
        # Three at first, one of the messy ones, the day once, two at once, and the run once.
        assert client.preview(query="SELECT count() FROM default.orders").rows == [["16"]]
