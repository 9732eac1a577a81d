"""Holds every tile of a pyramid of the fast engine against that of `dzsave`, pixel by pixel.

    compare_tiles.py FAST DZSAVE

FAST is the folder of `tiles_files`, DZSAVE the base name given to dzsave. A tile that FAST lists as
unwritten has to be zeros. Exits 1 and names the first tile that differs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image


def main(fast: str, dzsave: str) -> None:
    ours, theirs = Path(fast, "tiles_files"), Path(f"{dzsave}_files")
    zeros = set(json.loads(Path(fast, "unwritten.json").read_bytes())["zero"])
    expected = {path.relative_to(theirs) for path in theirs.rglob("*.png")}
    extra = {path.relative_to(ours) for path in ours.rglob("*.png")} - expected
    if extra or not expected:
        raise SystemExit(f"{len(expected)} tiles of dzsave; not among them: {sorted(extra)[:3]}")
    for name in sorted(expected):
        with Image.open(theirs / name) as image:
            wanted = np.asarray(image)
        if (ours / name).exists():
            with Image.open(ours / name) as image:
                found = np.asarray(image)
        elif _is_in(name, zeros):
            found = np.zeros_like(wanted)
        else:
            raise SystemExit(f"tile {name} is neither there nor listed")
        if found.shape != wanted.shape or (found != wanted).any():
            raise SystemExit(f"tile {name} differs from that of dzsave")


def _is_in(name: Path, tops: set[str]) -> bool:
    """Whether a tile, or one that it is a part of, is among these."""
    level = int(name.parts[0])
    column, row = map(int, name.stem.split("_"))
    return any(f"{level - up}/{column >> up}_{row >> up}" in tops for up in range(level + 1))


if __name__ == "__main__":
    main(*sys.argv[1:])
