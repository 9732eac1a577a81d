"""What is still to do: a forecast for the whole build that gets better as it goes on.

Only tiles that are not uniform are drawn, and drawing is most of a build. How many pixels these
have is known when the pictures are there; until then the rest of memory is taken to be like what
was read of it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from memtiles.pictures.picture import Picture
from memtiles.plan import Plan
from memtiles.progress import Load, Watcher

# Measured by bench/: to draw a pixel of one byte takes so many times as long as to read, hash and
# copy a byte. That is not done with zeros, which are only read; and what is zero or missing in a
# tile that has something in it takes a part of the time of the rest.
_TILE_WEIGHT = 7.5
_EMPTY_SHARE = 0.6
_ZERO_WEIGHT = 0.5
_LEAST_WEIGHT = 0.05  # of bytes of which most were not even read


class Outlook:
    """Tells a watcher what to expect, as a build goes on."""

    def __init__(self, plan: Plan, tile_size: int, watcher: Watcher) -> None:
        """Tells it what can be told before anything is read."""
        self._watcher = watcher
        self._bytes = sum(one.shape.size for one in plan.regions if one.shape is not None)
        self._atlases = {
            (lens, number): sum(rect.width * rect.height for rect in atlas.landscape.pictures)
            for lens in range(len(plan.lenses))
            for number, atlas in enumerate(plan.atlases)
        }
        self._tile_weight = _TILE_WEIGHT * max(atlas.bands - 1 for atlas in plan.atlases)
        self._tile_size = tile_size
        self._strips = sum(one.crop.width * one.crop.height for one in plan.strips)
        self._seen = self._drawn = self._held = 0
        self._cost = 0.0  # of what was seen
        self._known: dict[tuple[int, int], int] = {}
        self._tell()

    def add(self, pictures: Iterable[Picture]) -> None:
        """Pictures are in the store."""
        for picture in pictures:
            self._seen += picture.shape.size
            self._cost += _cost_of_reading(picture)
            self._drawn += _bytes_to_draw(picture, self._tile_size)
            self._held += picture.runs.total - picture.raster.zeros.total
        self._tell()

    def atlas(self, lens: int, atlas: int, pixels: int) -> None:
        """So many pixels of an atlas through a lens, both by their numbers, are to be drawn."""
        self._known[lens, atlas] = pixels
        self._tell()

    def left_out(self, lens: int, drawn: int) -> None:
        """A lens has failed after so many pixels, and will draw no more."""
        for one in self._atlases:
            if one[0] == lens:
                self._known[one] = 0
        self._known[lens, 0] = drawn
        self._tell()

    def _tell(self) -> None:
        share = self._drawn / self._seen if self._seen else 1.0
        # Tiles are weighed by a byte of memory as it was found, of which zeros are no measure.
        cost = max(_LEAST_WEIGHT, self._cost / self._seen) if self._seen else 1.0
        empty = 1 - self._held / self._drawn if self._drawn else 0.0
        part = 1 - (1 - _EMPTY_SHARE) * max(0.0, empty)
        unknown = sum(self._atlases[one] for one in self._atlases.keys() - self._known.keys())
        pixels = sum(self._known.values()) + round(unknown * share)
        self._watcher.expect(
            [
                Load("memory", self._bytes, 1.0),
                Load("tiles", pixels, part * self._tile_weight / cost),
                Load("strips", self._strips, _TILE_WEIGHT / cost),
            ]
        )


def _cost_of_reading(picture: Picture) -> float:
    """What the bytes of a picture took to read, in bytes that are no zeros."""
    zeros = picture.raster.zeros.total
    return picture.runs.total - zeros + _ZERO_WEIGHT * zeros


def _bytes_to_draw(picture: Picture, tile_size: int) -> int:
    """Bytes of the rows of tiles in which something is neither zero nor missing.

    A single page makes a tile that is drawn as a whole: of memory that is zero for nine tenths, two
    thirds of the tiles may be.
    """
    shape = picture.shape
    if picture.runs.is_whole(shape.size) and not len(picture.raster.zeros):
        return shape.size
    row = np.uint64(min(shape.size, tile_size * shape.row_bytes))
    pieces = picture.runs.within(picture.not_zero)
    firsts, lasts = pieces.firsts // row, pieces.lasts // row
    shared = np.count_nonzero(firsts[1:] == lasts[:-1])
    rows = int((lasts - firsts).sum()) + len(firsts) - int(shared)
    return min(shape.size, rows * int(row))
