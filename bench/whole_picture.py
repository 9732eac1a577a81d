"""The whole square as one picture in each kind of file, every pixel held against the input."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measure import MIB, measure, memtiles
from square import SIDE, check, crop, make_square

SMALL = {"whole_side": 2000}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--whole-side", type=int, default=SIDE, help="of the square, even (default: 18400)"
    )


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    side = options.whole_side
    source = folder / "whole.bin"
    make_square(source, side)
    rows = []
    for command, suffix, words in (
        ("picture", ".bmp", ()),
        ("picture", ".png", ()),
        ("picture", ".tif", ()),
        ("slice", ".tif", crop(0, side, side)),
    ):
        print(f"{command} of {side}x{side} to {suffix}", file=sys.stderr)
        output = (folder / "whole").with_suffix(suffix)
        os.sync()
        cost = measure(memtiles(command, source, output, *words))
        size = output.stat().st_size
        check(source, side, output, 0, side, side)
        output.unlink()
        rows.append({"command": command, "output": suffix, "bytes": size, **asdict(cost)})
    source.unlink()
    return {"side": side, "files": rows}


def lines(results: dict[str, Any]) -> Iterator[str]:
    side = results["side"]
    yield (
        f"the whole {side}x{side}, every pixel equal to the bytes of the input as Pillow reads it, "
        "and as libvips does where it reads the format"
    )
    yield "                 wall s    CPU s    peak MiB    file MiB    others' processors"
    for row in results["files"]:
        yield (
            f"{row['command']:7} {row['output']} {row['wall']:10.1f} {row['cpu']:8.1f} "
            f"{row['peak_tree_rss']:11.0f} {row['bytes'] / MIB:11.0f} {row['others']:14.1f}"
        )
