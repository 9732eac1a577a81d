"""The pyramid of one region: the fast engine against dzsave, one thread, and two processes."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dzsave
from goals import at_least
from inputs import make_file
from measure import MIB, Word, measure, memtiles
from pairs import in_turn, median_of, median_others, median_ratio

GOALS = {"dzsave": 5.0, "dzsave tuned": 2.0}
SMALL = {"tiles_mib": 32, "tiles_rounds": 1}

HERE = Path(__file__).resolve().parent


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tiles-mib", type=int, default=256, help="the region (default: 256)")
    parser.add_argument("--tiles-rounds", type=int, default=5, help="of all in turn (default: 5)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All in turn, each a process from start to end.

    What they write is kept to the end: ext4 makes files slowly for some seconds after others were
    deleted, which would be measured instead.
    """
    place = folder / "tiles"
    place.mkdir()
    site = _make_site(place, options.tiles_mib)
    commands = _commands(site, place)
    print("tiles compared", file=sys.stderr)
    first = {name: commands[name](-1) for name in ("fast", "dzsave tuned")}
    for command in first.values():
        measure(command)
    measure([sys.executable, HERE / "compare_tiles.py", place / "fast-1", place / "tuned-1"])
    print(f"{options.tiles_rounds} times all ways to write tiles", file=sys.stderr)
    rows = in_turn(options.tiles_rounds, commands)
    shutil.rmtree(place)
    return {"mib": options.tiles_mib, "rounds": rows}


def _make_site(place: Path, mib: int) -> Path:
    """The region's BMP, as a build leaves it."""
    make_file(place / "memory.bin", mib * MIB)
    config = place / "config.yaml"
    config.write_text("dump: {path: memory.bin, format: raw}\n")
    site = place / "site"
    measure(memtiles("build", config, "--output", site, "--quiet"))
    return site


def _commands(site: Path, place: Path) -> dict[str, Callable[[int], Sequence[Word]]]:
    picture = json.loads((site / "manifest.json").read_bytes())["pictures"][0]
    (bmp,) = picture["bmp"]
    file = site / picture["path"] / bmp["file"]
    raster = (file, bmp["offset"], picture["width"], picture["height"])
    fast = [sys.executable, HERE / "save_tiles.py", file, int(picture["size"], 16)]
    vips = [sys.executable, HERE / "dzsave.py", *raster]
    return {
        "fast": lambda number: [*fast, place / f"fast{number}", 2],
        "dzsave": lambda number: [*vips, place / f"default{number}", *dzsave.DEFAULT],
        "dzsave tuned": lambda number: [*vips, place / f"tuned{number}", *dzsave.TUNED],
        "one thread": lambda number: [*fast, place / f"one{number}", 1],
        "two processes": lambda number: [*fast, place / f"half{number}", 1, "--of", 2],
    }


def lines(results: dict[str, Any]) -> Iterator[str]:
    rows = results["rounds"]
    yield (
        f"the pyramid of a region of {results['mib']} MiB; the fast engine has two jobs, and "
        "all its tiles are those of dzsave tuned"
    )
    yield "                 wall s    CPU s    peak MiB    times as long as fast: wall / CPU"
    for name in rows[0]:
        goal = ""
        if name in GOALS:
            goal = "   " + at_least(median_ratio(rows, name, "fast"), GOALS[name])
        yield (
            f"{name:14} {median_of(rows, name):8.2f} {median_of(rows, name, 'cpu'):8.2f} "
            f"{median_of(rows, name, 'peak_tree_rss'):11.0f} "
            f"{median_ratio(rows, name, 'fast'):24.2f} / "
            f"{median_ratio(rows, name, 'fast', 'cpu'):.2f}{goal}"
        )
    yield f"others kept {median_others(rows):.1f} processors busy"
