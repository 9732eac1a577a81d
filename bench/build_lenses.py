"""What layouts and lenses cost: builds of one dump against one of its bytes row by row."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from goals import at_most
from inputs import make_build_input
from measure import MIB, memtiles
from pairs import in_turn, median_of, median_others, median_ratio

CURVE_GOAL = 1.5
FURTHER_GOAL = 1.0
SMALL = {"lens_rounds": 1, "lens_build_mib": 32}

FIRST = "rows, bytes"
CURVE = "hilbert, class"
_FURTHER = ("class", "entropy", "pointers", "words", "gradient")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lens-rounds", type=int, default=5, help="of all builds (default: 5)")
    parser.add_argument("--lens-build-mib", type=int, default=256, help="memory (default: 256)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All in turn; what they write is kept to the end, as in `build_speed`."""
    config = make_build_input(folder, options.lens_build_mib)
    place = config.parent
    wanted = {
        FIRST: "{lenses: [bytes]}",
        CURVE: "{layout: hilbert, lenses: [class]}",
        "hilbert, bytes": "{layout: hilbert, lenses: [bytes]}",
        "pages, bytes": "{layout: pages, lenses: [bytes]}",
        **{f"and {lens}": f"{{lenses: [bytes, {lens}]}}" for lens in _FURTHER},
    }
    configs = {}
    for number, (name, pictures) in enumerate(wanted.items()):
        configs[name] = place / f"config{number}.yaml"
        configs[name].write_text(f"{config.read_text()}pictures: {pictures}\n")
    build = memtiles("build", "--quiet", "--output")
    print(f"{options.lens_rounds} builds through each lens", file=sys.stderr)
    rows = in_turn(
        options.lens_rounds,
        {
            name: lambda number, one=one: [*build, place / f"{one.stem}-{number}", one]
            for name, one in configs.items()
        },
    )
    size = options.lens_build_mib * MIB
    shutil.rmtree(place)
    return {"bytes": size, "rounds": rows}


def lines(results: dict[str, Any]) -> Iterator[str]:
    rows = results["rounds"]
    yield f"builds of {results['bytes'] // MIB} MiB in 100 regions, by layout and lens"
    yield "                  wall s    CPU s    peak MiB    of rows, bytes: wall / CPU"
    for name in rows[0]:
        wall, cpu = (median_ratio(rows, name, FIRST, key) for key in ("wall", "cpu"))
        yield (
            f"{name:16} {median_of(rows, name):7.2f} {median_of(rows, name, 'cpu'):8.2f} "
            f"{median_of(rows, name, 'peak_tree_rss'):11.0f} {wall:14.2f} / {cpu:.2f}"
        )
    curve = median_ratio(rows, CURVE, FIRST, "cpu")
    yield f"{CURVE}: {curve:.2f} times; {at_most(curve, CURVE_GOAL)}"
    for lens in _FURTHER:
        further = median_ratio(rows, f"and {lens}", FIRST, "cpu") - 1
        goal = at_most(further, FURTHER_GOAL)
        yield f"a further lens {lens}: {further:.2f} times the first; {goal}"
    yield f"others kept {median_others(rows):.1f} processors busy"
