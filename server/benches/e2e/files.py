"""Makes the table and the files that are measured; used by `bench.py` and by nothing else.

The rows come from `trips.sql`. The files are kept from run to run, under names that change with
everything they are made of.
"""

from __future__ import annotations

import hashlib
import shutil
import urllib.request
from pathlib import Path

from stack import Stack

STATEMENTS = (Path(__file__).parent / "trips.sql").read_text()
CSV_LINE = r"""concatWithSeparator(',', toString(trip_id), vendor,
    toString(pickup), toString(dropoff), ifNull(toString(passenger_count), ''), toString(distance),
    toString(pickup_longitude), toString(pickup_latitude),
    toString(dropoff_longitude), toString(dropoff_latitude), toString(fare), toString(payment),
    if(match(note, '[,"\n]'), concat('"', replaceAll(note, '"', '""'), '"'), note))"""


def file_stem(rows: int) -> str:
    """The name of the files of this many rows, without what stands after the dot."""
    digest = hashlib.sha256((STATEMENTS + CSV_LINE).encode()).hexdigest()
    return f"trips-{rows}-{digest[:8]}"


def make_source(stack: Stack, rows: int) -> None:
    """Creates the tables and fills the source."""
    text = STATEMENTS.replace("{rows}", str(rows))
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    for statement in code.split(";\n"):
        if statement.strip(" ;\n"):
            stack.sql(statement.strip(" ;\n"))


def fetch(stack: Stack, query: str, path: Path, prefix: bytes = b"") -> None:
    """Writes the answer of a query to a file unless the file is there."""
    if path.exists():
        return
    partial = path.with_suffix(".partial")
    with urllib.request.urlopen(stack.query_url(query)) as answer, partial.open("wb") as file:
        file.write(prefix)
        shutil.copyfileobj(answer, file, 1 << 20)
    partial.rename(path)


def make_files(stack: Stack, csv: Path, native: Path) -> None:
    """Writes the source as CSV (quotes only where they are needed) and as Native blocks."""
    names = stack.sql("SELECT * FROM bench.source LIMIT 0 FORMAT CSVWithNames").replace('"', "")
    ordered = "FROM bench.source ORDER BY trip_id"
    fetch(stack, f"SELECT {CSV_LINE} {ordered} FORMAT TSVRaw", csv, f"{names}\n".encode())
    fetch(stack, f"SELECT * {ordered} FORMAT Native", native)


def repeat_csv(csv: Path, path: Path, times: int) -> None:
    """Writes a CSV whose records are those of `csv`, several times over."""
    if path.exists():
        return
    partial = path.with_suffix(".partial")
    with csv.open("rb") as source, partial.open("wb") as file:
        file.write(source.readline())
        body = source.tell()
        for _ in range(times):
            source.seek(body)
            shutil.copyfileobj(source, file, 1 << 20)
    partial.rename(path)
