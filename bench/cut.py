"""A narrow cut out of the middle of a large file, against reading the bytes that it needs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from measure import measure, memtiles
from page_cache import evict, load
from pairs import alternate
from square import PIXEL_BYTES, SIDE, check, crop, make_square

TIME_GOAL = 2.0
RSS_GOAL = 200.0
SMALL = {"cut_side": 2000, "cut_pairs": 2}
WIDTH = 100

# The least that a cut can do: one read for each of its rows.
READ = """
import os, sys
first, step, size, count = map(int, sys.argv[2:])
file = os.open(sys.argv[1], os.O_RDONLY)
pieces = [os.pread(file, size, first + row * step) for row in range(count)]
assert sum(map(len, pieces)) == size * count
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cut-side", type=int, default=SIDE, help="of the square, even (default: 18400)"
    )
    parser.add_argument("--cut-pairs", type=int, default=6, help="against reading (default: 6)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """With the file out of the page cache, where a file larger than memory is, and in it."""
    side = options.cut_side
    left = (side - WIDTH) // 2
    source = folder / "cut.bin"
    make_square(source, side)
    numbers = (left * PIXEL_BYTES, side * PIXEL_BYTES, WIDTH * PIXEL_BYTES, side)
    read = [sys.executable, "-c", READ, source, *numbers]
    cuts = []
    for suffix in (".png", ".tif"):
        output = (folder / "cut").with_suffix(suffix)
        ours = memtiles("slice", source, output, *crop(left, WIDTH, side), "--force")
        measure(ours)
        check(source, side, output, left, WIDTH, side)
        for cache, ready in (("cold", evict), ("warm", load)):
            print(f"{options.cut_pairs} cuts to {suffix}, cache {cache}", file=sys.stderr)
            found = alternate(options.cut_pairs, ours, read, partial(ready, source))
            cuts.append({"output": suffix, "cache": cache, **found})
        output.unlink()
    source.unlink()
    return {"side": side, "bytes": WIDTH * side * PIXEL_BYTES, "cuts": cuts}


def lines(results: dict[str, Any]) -> Iterator[str]:
    side = results["side"]
    yield (
        f"memtiles slice of {WIDTH}x{side} out of {side}x{side} against reading its "
        f"{results['bytes']:,} bytes"
    )
    yield (
        "         memtiles median / fastest s   reading median / fastest s   ratio   peak MiB   "
        "others' processors"
    )
    for row in results["cuts"]:
        wall = row["wall"]
        memory = "met" if row["peak_tree_rss"] <= RSS_GOAL else "MISSED"
        time = "met" if wall["median_ratio"] <= TIME_GOAL else "MISSED"
        goals = f"; time {TIME_GOAL:.0f}: {time}" if row["cache"] == "cold" else ""
        yield (
            f"{row['output']} {row['cache']} {wall['median']['memtiles']:11.2f} / "
            f"{wall['fastest']['memtiles']:5.2f} {wall['median']['other']:22.2f} / "
            f"{wall['fastest']['other']:5.2f} {wall['median_ratio']:13.2f} "
            f"{row['peak_tree_rss']:10.0f} {row['others']:12.1f}"
            f"      memory {RSS_GOAL:.0f}: {memory}{goals}"
        )
