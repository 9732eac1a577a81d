"""The benchmark, one command: `make bench`. See docs/benchmarks.md for what it measures and why."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import build_memory
import build_speed
import cut
import page_tables
import picture_copy
import start
import tile_writer
import user_dump
import whole_picture

RESULTS = Path(__file__).resolve().parent / "results" / "latest.json"


class Benchmark(Protocol):
    """What each of the modules offers."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Adds what can be chosen about it."""

    def run(self, folder: Path, options: argparse.Namespace) -> Any:
        """Measures in a temp folder, and leaves nothing in it; returns what goes into the JSON."""

    def lines(self, results: Any) -> Iterator[str]:
        """The table of a run."""


BENCHMARKS: dict[str, Benchmark] = {
    "tiles": tile_writer,
    "build": build_speed,
    "memory": build_memory,
    "start": start,
    "picture": picture_copy,
    "cut": cut,
    "whole": whole_picture,
    "paging": page_tables,
    "runs": user_dump,
}


def main() -> int:
    """Measures, prints tables, and writes the results."""
    parser = argparse.ArgumentParser(description="The benchmark of memtiles.")
    parser.add_argument(
        "--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), help="default: all"
    )
    for benchmark in BENCHMARKS.values():
        benchmark.add_options(parser)
    options = parser.parse_args()
    results: dict[str, Any] = {
        "machine": {"processors": os.cpu_count(), "python": sys.version.split()[0]}
    }
    # An installed package is byte-compiled; this would compile it anew at every start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="memtiles-bench-") as name:
        # What a build remembers of its dump stays in the temp folder, too.
        os.environ["XDG_CACHE_HOME"] = str(Path(name, "cache"))
        for key, benchmark in BENCHMARKS.items():
            if key in options.only:
                results[key] = benchmark.run(Path(name), options)
                print("", *benchmark.lines(results[key]), sep="\n", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
