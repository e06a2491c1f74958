"""Prints what was measured as Markdown tables; used by `bench.py` and by nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from stack import Sample, Way

HEADINGS = (
    "wall s",
    "min-max",
    "vs curl CSV",
    "CPU s",
    "of curl CSV",
    "client",
    "service",
    "engine",
    "peak MiB",
)


def print_table(title: str, ways: list[Way]) -> None:
    """Prints the medians; the first way is the one that the others are compared with."""
    base_wall, base_cpu = ways[0].median(lambda s: s.wall), ways[0].median(lambda s: s.cpu)
    rows = [(title, *HEADINGS)]
    for way in ways:
        wall, cpu = way.median(lambda s: s.wall), way.median(lambda s: s.cpu)
        walls = [sample.wall for sample in way.samples]
        peak = max(sample.peak_bytes for sample in way.samples) / 2**20
        rows.append(
            (
                way.name,
                f"{wall:.2f}",
                f"{min(walls):.2f}-{max(walls):.2f}",
                f"{base_wall / wall:.2f}x as fast",
                f"{cpu:.2f}",
                f"{cpu / base_cpu:.2f}",
                f"{way.median(lambda s: s.client_cpu):.2f}",
                f"{way.median(lambda s: s.service_cpu):.2f}",
                f"{way.median(lambda s: s.engine_cpu):.2f}",
                f"{peak:.0f}" if way.uses_service else "-",
            )
        )
    print_rows(rows)


def print_large(samples: list[tuple[str, Sample]]) -> None:
    """Prints the rows of the large file."""
    rows = [("large file, one run", "wall s", "CPU s", "peak MiB")]
    for name, sample in samples:
        peak = f"{sample.peak_bytes / 2**20:.0f}"
        rows.append((name, f"{sample.wall:.2f}", f"{sample.cpu:.2f}", peak))
    print_rows(rows)


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Prints a table in Markdown, the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ("-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:]))
    for row in (rows[0], rule, *rows[1:]):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("| " + " | ".join(cells) + " |")
    print(flush=True)
