"""A build of memory that is mostly zero, or mostly missing, against one of as much that is full."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from builds import build
from core import FIRST, GAP, PAGE, Piece, Segment
from goals import at_most
from inputs import make_core, region_sizes
from measure import MIB
from page_cache import evict_all, load

GOAL = 20.0
SMALL = {"zeros_mib": 64, "zeros_rounds": 1}

_TENTH = 10
_LONGEST = MIB  # of a piece of library bytes


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--zeros-mib", type=int, default=1024, help="memory (default: 1024)")
    parser.add_argument("--zeros-rounds", type=int, default=5, help="of all (default: 5)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All in turn; the largest is made last, so that the others are in the page cache, too."""
    sizes = region_sizes(options.zeros_mib * MIB)
    configs = {
        "zero": make_core(folder, "zero", nine_tenths_zero(options.zeros_mib * MIB)),
        "zero, by pages": make_core(folder, "scattered", [_by_pages(size) for size in sizes]),
        "missing": make_core(folder, "missing", [_begun(size) for size in sizes]),
        "missing, drawn": make_core(
            folder, "drawn", [_begun(size) for size in sizes], _all_of(sizes)
        ),
        "a tenth, dense": make_core(
            folder, "tenth", [[Piece("library", _tenth(size))] for size in sizes]
        ),
        "a page": make_core(folder, "page", [[Piece("library", PAGE)]]),
        "full": make_core(folder, "full", [[Piece("library", size)] for size in sizes]),
    }
    rows = []
    for number in range(options.zeros_rounds):
        row = {}
        for name, config in configs.items():
            site = config.parent / f"site{number}"
            load(config.parent / "app.core")
            row[name] = build(config, site)
            if name == "zero":
                (config.parent / "app.core").touch()
                row["zero, only read"] = build(config, site)
            evict_all(site)
        rows.append(row)
    for config in configs.values():
        shutil.rmtree(config.parent)
    return {"mib": options.zeros_mib, "rounds": rows}


def nine_tenths_zero(size: int) -> list[Segment]:
    """100 regions that all have library bytes, with long stretches of written zeros between."""
    return [_in_pieces(one) for one in region_sizes(size)]


def _in_pieces(size: int) -> Segment:
    """A tenth of library bytes, in pieces of a MiB at most, with written zeros between them."""
    pieces = []
    while size:
        part = min(size, _LONGEST * _TENTH)
        held = _tenth(part)
        pieces += [Piece("library", held), Piece("zeros", part - held)]
        size -= part
    return pieces


def _by_pages(size: int) -> Segment:
    """Every tenth page: the worst case, for no tile is without library bytes."""
    pages = size // PAGE
    return [Piece("zeros" if page % _TENTH else "library", PAGE) for page in range(pages)]


def _begun(size: int) -> Segment:
    """The first tenth; what follows is not in the file, as Linux leaves out what was never used."""
    held = _tenth(size)
    return [Piece("library", held), Piece("missing", size - held)]


def _tenth(size: int) -> int:
    return max(PAGE, size // _TENTH // PAGE * PAGE)


def _all_of(sizes: list[int]) -> str:
    """Asks for each region as a range: a build leaves out long absence that nobody asked for."""
    ranges: list[str] = []
    address = FIRST
    for size in sizes:
        ranges.append(f"{{name: r{len(ranges)}, range: {address:#x}+{size:#x}}}")
        address += size + GAP
    return f"regions: {{include: [{{kind: range}}], ranges: [{', '.join(ranges)}]}}\n"


def lines(results: dict[str, Any]) -> Iterator[str]:
    rows = results["rounds"]
    yield f"builds of {results['mib']:,} MiB of which nine tenths are zero or missing"
    yield "                   wall s    CPU s    on disk MiB    of full: time / disk    others"
    for name in rows[0]:
        wall, cpu, disk, others = (
            median(row[name][key] for row in rows) for key in ("wall", "cpu", "disk_mib", "others")
        )
        time, room = (
            100 * median(row[name][key] / row["full"][key] for row in rows)
            for key in ("wall", "disk_mib")
        )
        goal = at_most(max(time, room), GOAL, " %") if name in ("zero", "missing") else ""
        yield (
            f"{name:16} {wall:8.2f} {cpu:8.2f} {disk:14.1f} {time:14.1f} % / {room:5.1f} % "
            f"{others:7.1f}   {goal}"
        ).rstrip()
    least = 100 * median(_least(row) / row["full"]["wall"] for row in rows)
    yield (
        f"to start, to read `zero` and to draw a tenth that lies densely takes about {least:.1f} % "
        "of full: what `zero` takes beyond that are tiles that are partly empty"
    )


def _least(row: dict[str, dict[str, float]]) -> float:
    """A second build that finds nothing changed reads all; both of these start."""
    return row["zero, only read"]["wall"] + row["a tenth, dense"]["wall"] - row["a page"]["wall"]
