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

import bmp_stage
import build_again
import build_lenses
import build_linear
import build_memory
import build_sparse
import build_speed
import build_zeros
import cut
import forecast
import info_start
import lens_kernels
import many_regions
import page_tables
import picture_copy
import start
import tile_writer
import user_dump
import whole_picture
from settle import settle

RESULTS = Path(__file__).resolve().parent / "results" / "latest.json"


class Benchmark(Protocol):
    """What each of the modules offers.

    Attributes:
        SMALL: Its options for a quick look, by their names in a namespace.
    """

    SMALL: dict[str, Any]

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Adds what can be chosen about it."""

    def run(self, folder: Path, options: argparse.Namespace) -> Any:
        """Measures in a temp folder, and leaves nothing in it; returns what goes into the JSON."""

    def lines(self, results: Any) -> Iterator[str]:
        """The table of a run."""


BENCHMARKS: dict[str, Benchmark] = {
    "tiles": tile_writer,
    "build": build_speed,
    "bmp": bmp_stage,
    "again": build_again,
    "zeros": build_zeros,
    "sparse": build_sparse,
    "memory": build_memory,
    "linear": build_linear,
    "many": many_regions,
    "info": info_start,
    "eta": forecast,
    "start": start,
    "picture": picture_copy,
    "cut": cut,
    "whole": whole_picture,
    "paging": page_tables,
    "runs": user_dump,
    "kernels": lens_kernels,
    "lenses": build_lenses,
}


def main() -> int:
    """Measures, prints tables, and writes the results."""
    parser = argparse.ArgumentParser(description="The benchmark of memtiles.")
    parser.add_argument(
        "--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), help="default: all"
    )
    parser.add_argument("--small", action="store_true", help="a quick look, at small sizes")
    for benchmark in BENCHMARKS.values():
        benchmark.add_options(parser)
    if parser.parse_args().small:
        for benchmark in BENCHMARKS.values():
            parser.set_defaults(**benchmark.SMALL)
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
                settle(Path(name))
                results[key] = benchmark.run(Path(name), options)
                print("", *benchmark.lines(results[key]), sep="\n", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
