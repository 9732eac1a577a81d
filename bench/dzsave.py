"""libvips alone: the bytes of a file as one grey picture, cut into Deep Zoom tiles.

dzsave.py FILE OFFSET WIDTH HEIGHT OUT TILE_SIZE SUFFIX
"""

from __future__ import annotations

import sys

import pyvips

DEFAULT = (256, ".png")
"""Tile size and suffix: PNG as it comes."""

TUNED = (512, ".png[compression=1,filter=none]")
"""The same as the fast engine writes."""


def main(file: str, offset: str, width: str, height: str, out: str, size: str, suffix: str) -> None:
    image = pyvips.Image.rawload(file, int(width), int(height), 1, offset=int(offset))
    grey = image.copy(interpretation="b-w")
    grey.dzsave(out, suffix=suffix, tile_size=int(size), overlap=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
