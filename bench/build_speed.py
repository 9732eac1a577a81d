"""A whole build against libvips alone on the same bytes."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from inputs import make_build_input
from measure import MIB, measure, memtiles

# libvips alone on the same bytes as one picture: 256 px PNG tiles, all else as it comes.
DZSAVE = """
import os, sys, pyvips
core, out, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
width = 16384
offset = os.path.getsize(core) - size
image = pyvips.Image.rawload(core, width, size // width, 1, offset=offset)
image.copy(interpretation="b-w").dzsave(out, suffix=".png", tile_size=256, overlap=0)
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pairs", type=int, default=5, help="builds against dzsave (default: 5)")
    parser.add_argument("--mib", type=int, default=256, help="size of their dump (default: 256)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Whole builds and dzsave in turn, so that a busy machine disturbs both alike.

    What they write is kept to the end: ext4 makes files slowly for some seconds after others were
    deleted, which would be measured instead.
    """
    config = make_build_input(folder, options.mib)
    core = config.parent / "app.core"
    rows = []
    for number in range(options.pairs):
        print(f"pair {number + 1} of {options.pairs}", file=sys.stderr)
        site = config.parent / f"site{number}"
        ours = measure(memtiles("build", config, "--output", site, "--quiet"))
        tiles = config.parent / f"dzsave{number}"
        theirs = measure([sys.executable, "-c", DZSAVE, core, tiles, options.mib * MIB])
        rows.append({"memtiles": asdict(ours), "dzsave": asdict(theirs)})
    shutil.rmtree(config.parent)
    ratios = {
        key: median(row["memtiles"][key] / row["dzsave"][key] for row in rows)
        for key in ("wall", "cpu")
    }
    return {"mib": options.mib, "pairs": rows, "median_ratio": ratios}


def lines(results: dict[str, Any]) -> Iterator[str]:
    yield f"whole build of {results['mib']} MiB against dzsave (256 px PNG, one picture)"
    yield "pair   memtiles wall / CPU s    dzsave wall / CPU s    ratio wall / CPU"
    for number, row in enumerate(results["pairs"], 1):
        ours, theirs = row["memtiles"], row["dzsave"]
        yield (
            f"{number:4}   {ours['wall']:13.2f} / {ours['cpu']:5.2f}    "
            f"{theirs['wall']:11.2f} / {theirs['cpu']:5.2f}    "
            f"{ours['wall'] / theirs['wall']:10.2f} / {ours['cpu'] / theirs['cpu']:.2f}"
        )
    ratio = results["median_ratio"]
    yield f"median of the ratios: wall {ratio['wall']:.2f}, CPU {ratio['cpu']:.2f}"
