"""Reading all memory of a full user dump, against `cat`."""

from __future__ import annotations

import argparse
import json
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from inputs import make_file
from page_cache import load

SPEED_GOAL = 0.5
RANGES = 2000
SMALL = {"user_dump_mib": 64, "user_dump_pairs": 2}
SCRIPT = Path(__file__).with_name("read_runs.py")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--user-dump-mib", type=int, default=1024, help="memory of the process (default: 1024)"
    )
    parser.add_argument("--user-dump-pairs", type=int, default=7, help="against cat (default: 7)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Both read the file out of the page cache; ours is timed from the first read to the last."""
    dump = folder / "app.dmp"
    size = options.user_dump_mib << 20
    make_user_dump(dump, size, RANGES)
    rows = []
    for _ in range(options.user_dump_pairs):
        load(dump)
        start = time.perf_counter()
        with open("/dev/null", "wb") as nowhere:  # noqa: PTH123 - a device
            subprocess.run(["cat", dump], stdout=nowhere, check=True)
        cat = time.perf_counter() - start
        done = subprocess.run(
            [sys.executable, SCRIPT, dump], capture_output=True, check=True, text=True
        )
        found = json.loads(done.stdout)
        if found["bytes"] != size:
            raise SystemExit("not all memory of the dump was read")
        rows.append({"cat": cat, "memtiles": found["seconds"]})
    dump.unlink()
    return {"bytes": size, "ranges": RANGES, "pairs": rows}


def make_user_dump(dump: Path, size: int, count: int) -> None:
    """A minidump of `size` library bytes in `count` ranges, and of nothing else."""
    make_file(dump, size)
    _add_head(dump, size, count)


def _add_head(dump: Path, size: int, count: int) -> None:
    """Turns a file of memory into a minidump: header, directory and ranges go to its end.

    The directory may stand anywhere; the memory of a Memory64List begins where that says, so that
    nothing has to be moved but the first 32 bytes, which the header takes.
    """
    ranges = [size // count] * (count - 1)
    ranges.append(size - sum(ranges))
    address = 0x10000
    rows = bytearray()
    for one in ranges:
        rows += struct.pack("<QQ", address, one)
        address += one + 0x10000
    with dump.open("r+b") as file:
        first = file.read(32)
        file.seek(0, 2)
        file.write(first)  # the memory begins at byte 32, and so ends 32 bytes later
        listed = file.tell()
        stream = struct.pack("<QQ", len(ranges), 32) + rows
        file.write(stream)
        directory = file.tell()
        file.write(struct.pack("<III", 9, len(stream), listed))
        file.seek(0)
        file.write(struct.pack("<4sIIIIIQ", b"MDMP", 0xA793, 1, directory, 0, 0, 2))


def lines(results: dict[str, Any]) -> Iterator[str]:
    cat = median(row["cat"] for row in results["pairs"])
    ours = median(row["memtiles"] for row in results["pairs"])
    speed = median(row["cat"] / row["memtiles"] for row in results["pairs"])
    met = "met" if speed >= SPEED_GOAL else "MISSED"
    yield (
        f"all {results['ranges']:,} ranges of a user dump of {results['bytes'] >> 20:,} MiB: "
        f"{ours:.2f} s, cat {cat:.2f} s: {speed:.2f} of its speed, goal {SPEED_GOAL}: {met}"
    )
