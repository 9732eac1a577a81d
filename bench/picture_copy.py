"""`memtiles picture` of a file into a BMP against `cp`: the raster is the file's own bytes."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inputs import make_file
from measure import MIB, measure, memtiles
from page_cache import load
from pairs import alternate

TIME_GOAL = 1.3
RSS_GOAL = 150.0
SMALL = {"picture_mib": 64, "picture_pairs": 2}
MEMORY_DISK = Path("/dev/shm")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--picture-mib", type=int, default=1024, help="the file (default: 1024)")
    parser.add_argument("--picture-pairs", type=int, default=20, help="against cp (default: 20)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Into the temp folder, and into memory, where no disk disturbs."""
    source = folder / "picture.bin"
    make_file(source, options.picture_mib * MIB)
    places = {"temp folder": _against_cp(source, folder, options.picture_pairs)}
    room = shutil.disk_usage(MEMORY_DISK).free if MEMORY_DISK.is_dir() else 0
    if room > 2 * source.stat().st_size:
        with tempfile.TemporaryDirectory(prefix="memtiles-bench-", dir=MEMORY_DISK) as name:
            places["memory"] = _against_cp(source, Path(name), options.picture_pairs)
    source.unlink()
    return {"mib": options.picture_mib, "places": places}


def _against_cp(source: Path, place: Path, count: int) -> dict[str, Any]:
    print(f"{count} pictures against cp in {place}", file=sys.stderr)
    bmp, copy = place / "out.bmp", place / "out.bin"

    def prepare() -> None:
        # What was written before is gone and the disk idle, or the next run would wait for it.
        bmp.unlink(missing_ok=True)
        copy.unlink(missing_ok=True)
        os.sync()
        load(source)

    prepare()
    measure(memtiles("picture", source, bmp))
    _compare(source, bmp)
    results = alternate(count, memtiles("picture", source, bmp), ["cp", source, copy], prepare)
    prepare()
    return results


def _compare(source: Path, bmp: Path) -> None:
    """Holds every byte of the raster against the input.

    Raises:
        SystemExit: One differs.
    """
    with source.open("rb") as expected, bmp.open("rb") as found:
        header = found.read(54)
        width, height = (
            abs(int.from_bytes(header[at : at + 4], "little", signed=True)) for at in (18, 22)
        )
        found.seek(int.from_bytes(header[10:14], "little"))
        left = width * height * 4
        while left:
            wanted = min(left, MIB)
            if found.read(wanted) != expected.read(wanted):
                raise SystemExit(f"{bmp.name}: the raster is not the bytes of the input")
            left -= wanted


def lines(results: dict[str, Any]) -> Iterator[str]:
    yield f"memtiles picture of {results['mib']} MiB into a BMP against cp"
    yield "out to        memtiles wall / CPU s    cp wall / CPU s    ratio wall / CPU"
    for place, row in results["places"].items():
        wall, cpu = row["wall"], row["cpu"]
        for kind in ("median", "fastest"):
            yield (
                f"{place:11} {wall[kind]['memtiles']:14.2f} / {cpu[kind]['memtiles']:4.2f}    "
                f"{wall[kind]['other']:11.2f} / {cpu[kind]['other']:4.2f}    "
                f"{wall[kind + '_ratio']:10.2f} / {cpu[kind + '_ratio']:.2f}   {kind}"
            )
    for place, row in results["places"].items():
        time = "met" if row["wall"]["median_ratio"] <= TIME_GOAL else "MISSED"
        memory = "met" if row["peak_tree_rss"] <= RSS_GOAL else "MISSED"
        yield (
            f"{place}: median ratio {row['wall']['median_ratio']:.2f}, goal {TIME_GOAL}: {time}; "
            f"peak memory {row['peak_tree_rss']:.0f} MiB, goal {RSS_GOAL:.0f}: {memory}; "
            f"others kept {row['others']:.1f} processors busy"
        )
