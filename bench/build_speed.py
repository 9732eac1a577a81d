"""A whole build against libvips alone on the same bytes."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dzsave
from goals import at_least
from inputs import make_build_input
from measure import MIB, memtiles
from pairs import in_turn, median_of, median_others, median_ratio

GOAL = 3.0
SMALL = {"pairs": 1, "mib": 32}

WIDTH = 16_384
PYRAMIDS = "tiles: {region_pyramids_from: 1MiB}\n"
DZSAVE = Path(dzsave.__file__).resolve()


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pairs", type=int, default=5, help="builds against dzsave (default: 5)")
    parser.add_argument("--mib", type=int, default=256, help="size of their dump (default: 256)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Whole builds and dzsave in turn, so that a busy machine disturbs both alike.

    What they write is kept to the end: ext4 makes files slowly for some seconds after others were
    deleted, which would be measured instead.
    """
    config = make_build_input(folder, options.mib)
    place = config.parent
    core = place / "app.core"
    with_pyramids = place / "pyramids.yaml"
    with_pyramids.write_text(config.read_text() + PYRAMIDS)
    size = options.mib * MIB
    raster = (core, core.stat().st_size - size, WIDTH, size // WIDTH)
    vips = [sys.executable, DZSAVE, *raster]
    build = memtiles("build", "--quiet", "--output")
    print(f"{options.pairs} builds of {options.mib} MiB against dzsave", file=sys.stderr)
    rows = in_turn(
        options.pairs,
        {
            "memtiles": lambda number: [*build, place / f"site{number}", config],
            "dzsave": lambda number: [*vips, place / f"dzsave{number}", *dzsave.DEFAULT],
            "with pyramids": lambda number: [*build, place / f"more{number}", with_pyramids],
        },
    )
    shutil.rmtree(place)
    return {"mib": options.mib, "rounds": rows}


def lines(results: dict[str, Any]) -> Iterator[str]:
    rows = results["rounds"]
    yield f"whole build of {results['mib']} MiB in 100 regions against dzsave (256 px PNG)"
    yield "                wall s    CPU s    dzsave takes times as long: wall / CPU"
    for name in rows[0]:
        yield (
            f"{name:13} {median_of(rows, name):8.2f} {median_of(rows, name, 'cpu'):8.2f} "
            f"{median_ratio(rows, 'dzsave', name):28.2f} / "
            f"{median_ratio(rows, 'dzsave', name, 'cpu'):.2f}"
        )
    yield (
        f"{at_least(median_ratio(rows, 'dzsave', 'memtiles'), GOAL)}; "
        f"others kept {median_others(rows):.1f} processors busy"
    )
