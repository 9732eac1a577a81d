"""A second build: of a dump that is untouched, and of one of which a region has changed."""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

from blake3 import blake3

from builds import build
from core import file_offset
from goals import at_most
from inputs import make_build_input, mixed
from library import library_bytes
from measure import MIB
from page_cache import load

UNTOUCHED_GOAL = 3.0
CHANGED_GOAL = 15.0
SMALL = {"again_mib": [64], "again_times": 2}

_HASH_ROUNDS = 20
_HASH_BLOCKS = 64

# Five of the hundred regions are of the fourteenth size: each holds a hundredth of all memory.
_OF_MIDDLE_SIZE = (14, 34, 54, 74, 94)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--again-mib", type=int, nargs="+", default=[1024, 4096], help="default: 1024 4096"
    )
    parser.add_argument(
        "--again-times", type=int, default=5, help="second builds of each kind (default: 5)"
    )


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    return {
        "hashes": _hash_speeds(),
        "builds": [_again(folder, mib, options.again_times) for mib in options.again_mib],
    }


def _hash_speeds() -> dict[str, float]:
    """MB a second of what tells a changed region, by one thread: the best of some rounds each."""
    block = next(library_bytes())
    speeds = {}
    for name, new in (("SHA-256", sha256), ("BLAKE3", blake3)):
        best = 0.0
        for _ in range(_HASH_ROUNDS):
            start = time.perf_counter()
            for _ in range(_HASH_BLOCKS):
                new(block).digest()
            best = max(best, len(block) * _HASH_BLOCKS / (time.perf_counter() - start) / 1e6)
        speeds[name] = best
    return speeds


def _again(folder: Path, mib: int, times: int) -> dict[str, Any]:
    """One site is built again and again; each change is followed by one build."""
    config = make_build_input(folder, mib)
    core = config.parent / "app.core"
    site = config.parent / "site"
    load(core)
    first = build(config, site)
    untouched = [build(config, site) for _ in range(times)]
    changed = []
    for number in range(times):
        _change(core, mib, number)
        changed.append(build(config, site))
    shutil.rmtree(config.parent)
    return {"mib": mib, "first": first, "untouched": untouched, "changed": changed}


def _change(core: Path, mib: int, number: int) -> None:
    """Turns all bits of 64 bytes within one region, each time of another or at another place."""
    region = _OF_MIDDLE_SIZE[number % len(_OF_MIDDLE_SIZE)]
    at = file_offset(mixed(mib * MIB), region) + 4096 + 64 * (number // len(_OF_MIDDLE_SIZE))
    with core.open("r+b") as file:
        file.seek(at)
        before = file.read(64)
        file.seek(at)
        file.write(bytes(byte ^ 0xFF for byte in before))
        file.flush()
        os.fsync(file.fileno())


def lines(results: dict[str, Any]) -> Iterator[str]:
    speeds = results["hashes"]
    yield "second builds against the first"
    yield (
        f"a thread hashes {speeds['SHA-256']:,.0f} MB/s by SHA-256 and {speeds['BLAKE3']:,.0f} by "
        "BLAKE3, which tells what has changed"
    )
    yield "                        first s    second s    CPU s    of first    others' processors"
    for row in results["builds"]:
        first = row["first"]["wall"]
        for name, goal in (("untouched", UNTOUCHED_GOAL), ("changed", CHANGED_GOAL)):
            wall, cpu, others = (
                median(one[key] for one in row[name]) for key in ("wall", "cpu", "others")
            )
            percent = 100 * wall / first
            yield (
                f"{row['mib']:5} MiB {name:11} {first:10.2f} {wall:11.2f} {cpu:8.2f} "
                f"{percent:9.1f} % {row['first']['others']:9.1f}, {others:.1f}      "
                f"{at_most(percent, goal, ' %')}"
            )
