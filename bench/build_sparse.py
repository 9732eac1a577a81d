"""A build of a sparse file of a TiB that holds one page."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from builds import build
from goals import at_most

TIME_GOAL = 10.0
DISK_GOAL = 50.0
SMALL = {"sparse_gib": 16, "sparse_times": 1}

_DATA = 4096


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sparse-gib", type=int, default=1024, help="the file (default: 1024)")
    parser.add_argument("--sparse-times", type=int, default=5, help="builds (default: 5)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    place = folder / "sparse"
    place.mkdir()
    size = options.sparse_gib << 30
    with (place / "memory.bin").open("wb") as file:
        # At no multiple of anything.
        file.seek(size // 3 * 2 + 1234567)
        file.write(b"\x2a" * _DATA)
        file.truncate(size)
    config = place / "config.yaml"
    # The limit counts sizes of files, and a BMP is as large as the memory that it shows.
    config.write_text(
        "dump: {path: memory.bin, format: raw}\n"
        f"limits: {{output: {2 * options.sparse_gib}GiB}}\n"
    )
    builds = [build(config, place / f"site{number}") for number in range(options.sparse_times)]
    shutil.rmtree(place)
    return {"gib": options.sparse_gib, "builds": builds}


def lines(results: dict[str, Any]) -> Iterator[str]:
    wall, cpu, rss, disk, files, others = (
        median(one[key] for one in results["builds"])
        for key in ("wall", "cpu", "peak_tree_rss", "disk_mib", "files", "others")
    )
    yield f"build of a sparse file of {results['gib']:,} GiB that holds {_DATA:,} bytes"
    yield f"{wall:.2f} s, {cpu:.2f} s of CPU time; {at_most(wall, TIME_GOAL, ' s')}"
    yield f"{disk:.1f} MiB on disk in {files:,.0f} files; {at_most(disk, DISK_GOAL, ' MiB')}"
    yield f"peak memory {rss:.0f} MiB; others kept {others:.1f} processors busy"
