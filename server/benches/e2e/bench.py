"""Measures Sluice against ClickHouse's own formats, side by side on one engine, for `make bench`.

Starts a `sluice-server` with its embedded ClickHouse, makes the files once, and then moves the same
table in and out in several ways, in turns (A B C A B C), so that a slow spell of the machine hits
all alike. For each way it reports the median wall time, the CPU time of every process that takes
part (client, service, ClickHouse) and the peak resident memory of the service. Every way must leave
the same rows behind, or the run fails. It needs the standard library and curl.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from files import file_stem, make_files, make_source, repeat_csv
from memory import Memory
from report import print_large, print_table
from stack import ROOT, Content, Sample, Stack, Way, measure

LARGE_FACTOR = 4


def curl_in(stack: Stack, table: str, form: str, path: Path) -> list[str]:
    """The command that posts a file to an INSERT; `Expect:` saves a wait for leave to send."""
    url = stack.query_url(f"INSERT INTO {table} FORMAT {form}")
    return ["curl", "-sS", "--fail-with-body", "-X", "POST", "-H", "Expect:", "-T", str(path), url]


def curl_out(stack: Stack, form: str, path: Path) -> list[str]:
    """The command that writes the answer of a SELECT to a file."""
    url = stack.query_url(f"SELECT * FROM bench.source FORMAT {form}")
    return ["curl", "-sS", "--fail-with-body", "-o", str(path), url]


def sluice(stack: Stack, *arguments: str) -> list[str]:
    """A command of Sluice's own client."""
    return [str(stack.client), "--server", stack.grpc_url, "--json", *arguments]


def expect(name: str, found: Content, wanted: Content) -> None:
    """Ends the run when a way did not keep the rows as they are."""
    if found != wanted:
        sys.exit(f"{name}: the table holds {found}, expected {wanted}")


def renew_target(stack: Stack) -> None:
    """Sets the table of the last run aside and makes an empty one.

    Nothing is deleted before all is measured: ext4 without a journal looks at every inode that
    was freed in the last minutes (`recently_deleted` in fs/ext4/ialloc.c) whenever a file is made,
    and so charges a run for the tables of those before it.
    """
    stack.sql(f"RENAME TABLE bench.target TO bench.before_{time.time_ns()}")
    stack.sql("CREATE TABLE bench.target AS bench.source")
    stack.sql("SYSTEM STOP MERGES bench.target")


def run_ways_in(stack: Stack, ways: list[Way], wanted: Content, runs: int) -> None:
    """Measures the ways in, in turns, each into an empty table, and compares what it holds then."""
    for _ in range(runs):
        for way in ways:
            renew_target(stack)
            way.samples.append(measure(stack, way))
            expect(way.name, stack.content("bench.target"), wanted)


def run_ways_out(stack: Stack, ways: list[Way], wanted: Content, runs: int) -> None:
    """Measures the ways out, in turns, then loads each file with curl and compares."""
    for _ in range(runs):
        for way in ways:
            way.samples.append(measure(stack, way))
    for way in ways:
        assert way.output is not None
        form = "Native" if way.output.suffix == ".native" else "CSVWithNames"
        stack.sql("TRUNCATE TABLE bench.check SYNC")
        subprocess.run(curl_in(stack, "bench.check", form, way.output), check=True)
        expect(way.name, stack.content("bench.check"), wanted)
        stack.set_aside(way.output)


def run_large(stack: Stack, csv: Path, work_dir: Path, wanted: Content) -> list[tuple[str, Sample]]:
    """Moves a file several times as large in and out; it is the memory that this is about."""
    large = csv.with_name(f"{csv.stem}-x{LARGE_FACTOR}.csv")
    repeat_csv(csv, large, LARGE_FACTOR)
    renew_target(stack)
    upload = Way("sluice upload", sluice(stack, "upload", str(large), "--table", "bench.target"))
    export_path = work_dir / "out-large.csv"
    export = Way(
        "sluice export",
        sluice(stack, "export", "--table", "bench.target", "-o", str(export_path)),
        export_path,
    )
    upload_sample = measure(stack, upload)
    whole = Content(wanted.rows * LARGE_FACTOR, wanted.hash_sum * LARGE_FACTOR % 2**64)
    expect(upload.name, stack.content("bench.target"), whole)
    export_sample = measure(stack, export)
    megabytes = large.stat().st_size / 1e6
    stack.set_aside(export_path)
    return [
        (f"sluice upload, {megabytes:.0f} MB", upload_sample),
        (f"sluice export, {megabytes:.0f} MB", export_sample),
    ]


def describe_run(stack: Stack, arguments: argparse.Namespace, csv: Path) -> None:
    """Says what was measured, and on what."""
    cpu_info = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in cpu_info if line.startswith("model name")]
    machine = f"{os.cpu_count()} x {models[0] if models else platform.machine()}"
    load = f"load average {os.getloadavg()[0]:.1f} at the start"
    print(f"{time.strftime('%Y-%m-%d')}, {machine}, Linux {platform.release()}, {load}")
    print(f"ClickHouse {stack.sql('SELECT version()')}, medians of {arguments.runs} runs in turns")
    print(f"{arguments.rows:,} rows x 13 columns, {csv.stat().st_size / 1e6:.0f} MB of CSV")
    memory = "as it was" if arguments.cold else "in use"
    print(f"free memory {memory}; CPU: client, service and engine together; ", end="")
    print("peak: of the service alone\n", flush=True)


def run(stack: Stack, arguments: argparse.Namespace) -> None:
    """Prepares, measures, checks and prints."""
    work_dir: Path = arguments.work_dir
    csv, native = (work_dir / f"{file_stem(arguments.rows)}.{kind}" for kind in ("csv", "native"))
    make_source(stack, arguments.rows)
    make_files(stack, csv, native)
    describe_run(stack, arguments, csv)
    wanted = stack.content("bench.source")
    upload = sluice(stack, "upload", str(csv), "--table", "bench.target")
    ways_in = [
        Way("curl CSVWithNames", curl_in(stack, "bench.target", "CSVWithNames", csv)),
        Way("curl Native, prepared", curl_in(stack, "bench.target", "Native", native)),
        Way("sluice upload", upload, uses_service=True),
        Way("sluice upload --no-sniff", [*upload, "--no-sniff"], uses_service=True),
        Way("sluice upload --commit direct", [*upload, "--commit", "direct"], uses_service=True),
    ]
    run_ways_in(stack, ways_in, wanted, arguments.runs)
    print_table("way in", ways_in)
    out_names = ("out-curl.csv", "out-curl.native", "out-sluice.csv")
    out_csv, out_native, out = (work_dir / name for name in out_names)
    export = sluice(stack, "export", "--table", "bench.source", "-o", str(out))
    ways_out = [
        Way("curl CSVWithNames", curl_out(stack, "CSVWithNames", out_csv), out_csv),
        Way("curl Native", curl_out(stack, "Native", out_native), out_native),
        Way("sluice export", export, out, uses_service=True),
    ]
    run_ways_out(stack, ways_out, wanted, arguments.runs)
    print_table("way out", ways_out)
    if not arguments.quick:
        print_large(run_large(stack, csv, work_dir, wanted))
    print(f"every way kept the same content: {wanted.rows:,} rows, sum of hashes {wanted.hash_sum}")


def main() -> None:
    """Reads the options, starts the server, measures, and stops it whatever happens."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--runs", type=int, default=3, help="runs of each way (default: 3)")
    add("--rows", type=int, default=4_000_000, help="rows of the file (default: 4000000)")
    add("--quick", action="store_true", help="leave out the large file")
    add("--cold", action="store_true", help="leave free memory as it is, see benches/README.md")
    add("--bin-dir", type=Path, default=ROOT / "target/release", help="where the programs are")
    add("--work-dir", type=Path, default=ROOT / "bench-data", help="for the files and the engine")
    arguments = parser.parse_args()
    arguments.work_dir.mkdir(parents=True, exist_ok=True)
    server, client = (arguments.bin_dir / name for name in ("sluice-server", "sluice"))
    memory = Memory(arguments.work_dir, is_filled=not arguments.cold)
    stack = Stack(server, client, arguments.work_dir, memory)
    try:
        run(stack, arguments)
    finally:
        stack.stop()
        memory.release()


if __name__ == "__main__":
    main()
