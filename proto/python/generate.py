#!/usr/bin/env python3
"""Makes what the package takes from the protos: the messages in `sluice/v1`, and `_reasons.py`.

Run by `make python-generate`, and by `make lint-python` into another folder to see that what is checked in is
fresh. The compiler is an old one on purpose: its code runs with every protobuf from 5.29 on.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from importlib import resources
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]

HERE = Path(__file__).resolve().parent
PROTOS = HERE.parent / "sluice" / "v1"
# A reason with its comment: `// …` lines, then `ERROR_REASON_NAME = 1;`.
REASON = re.compile(r"((?:  //[^\n]*\n)+)  ERROR_REASON_(\w+) = (\d+);")
# The codes of a reason, in brackets before its comment.
CODES = re.compile(r"^\[([^\]]*)\] ?")
MARKS = ("<!-- reasons: made by proto/python/generate.py -->\n", "<!-- end of reasons -->")
GROUPS = {
    "The file and its values": range(20, 50),
    "Columns and tables": range(50, 70),
    "ClickHouse": range(70, 90),
    "Who calls, and what they may do": range(110, 130),
}
HEAD = '"""The reasons of errors, from `errors.proto`. Made by `generate.py`, not by hand."""\n'


def main() -> None:
    """Write the code below the folder that was given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path, default=HERE / "src")
    output: Path = parser.parse_args().output
    folder = output / "sluice" / "v1"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*_pb2.py*"):
        old.unlink()
    files = sorted(str(path) for path in PROTOS.glob("*.proto"))
    builtin = str(resources.files("grpc_tools") / "_proto")
    options = [f"-I{HERE.parent}", f"-I{builtin}", f"--python_out={output}", f"--pyi_out={output}"]
    if protoc.main(["protoc", *options, *files]) != 0:
        sys.exit("the protos do not compile")
    reasons = (PROTOS / "errors.proto").read_text(encoding="utf-8")
    (output / "sluice" / "_reasons.py").write_text(python_of(reasons), encoding="utf-8")
    readme = HERE.parent / "README.md"
    head, _, rest = readme.read_text(encoding="utf-8").partition(MARKS[0])
    tail = rest.partition(MARKS[1])[2]
    target = readme if output == HERE / "src" else output / "README.md"
    target.write_text(head + MARKS[0] + table_of(reasons) + MARKS[1] + tail, encoding="utf-8")


def python_of(proto: str) -> str:
    """Return the enum of the reasons as Python."""
    lines = [HEAD, "from enum import Enum\n\n", "class Reason(str, Enum):"]
    lines.append('    """Why a call failed. A later server may have others."""\n')
    for comment, name, number in REASON.findall(proto):
        if number == "0":
            continue
        # A comment on a group of reasons, parted by an empty line, belongs to no single one.
        words = " ".join(line.strip(" /") for line in comment.splitlines())
        lines.append(f'    {name} = "{name}"')
        words = words.replace("\\", "\\\\").replace('"', "'")
        lines.extend(textwrap.wrap(f'"""{words}"""', 96, initial_indent="    ", subsequent_indent="    "))
    return "\n".join(lines) + "\n"


def table_of(proto: str) -> str:
    """Return the reasons by group, each with its code and the first sentence about it."""
    groups: dict[str, list[str]] = {name: [] for name in ("Calls and transfers", *GROUPS)}
    for comment, name, digits in REASON.findall(proto):
        number = int(digits)
        if number == 0:
            continue
        words = " ".join(line.strip(" /") for line in comment.splitlines())
        found = CODES.match(words)
        codes = found[1] if found else ""
        text = CODES.sub("", words)
        # What says nothing but metadata is as the group says.
        text = re.split(r"(?<=\.) |Metadata", text + " ")[0].strip().rstrip(":") or "As its name says."
        again = "yes" if "may be retried" in codes else ""
        code = codes.replace(", may be retried", "").replace("; ", ", ").split(" where")[0]
        data, table = GROUPS["The file and its values"], GROUPS["Columns and tables"]
        code = code or ("INVALID_ARGUMENT" if number in data else "FAILED_PRECONDITION" if number in table else "")
        group = next((name for name, numbers in GROUPS.items() if number in numbers), "Calls and transfers")
        groups[group].append(f"| `{name}` | {code} | {again} | {text} |")
    parts = []
    for group, lines in groups.items():
        head = "| reason | code | again | what it says |\n| --- | --- | --- | --- |"
        parts.append(f"\n### {group}\n\n{head}\n" + "\n".join(lines) + "\n")
    return "".join(parts) + "\n"


if __name__ == "__main__":
    main()
