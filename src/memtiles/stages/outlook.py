"""What is still to do: a forecast for the whole build that gets better while memory is read.

Only pixels that are not uniform are encoded, and encoding is most of a build. How many there are is
known for a picture when it is drawn; until then the rest of memory is taken to be like what was
read.
"""

from __future__ import annotations

from memtiles.plan import Plan
from memtiles.progress import Load, Watcher

# Measured by bench/: to encode the tiles of a pixel of one byte takes so many times as long as to
# read, hash and copy a byte.
_TILE_WEIGHT = 4.0
_STRIP_WEIGHT = 4.0


class Outlook:
    """Tells a watcher what to expect, as a build goes on."""

    def __init__(self, plan: Plan, watcher: Watcher) -> None:
        """Tells it what can be told before anything is read."""
        self._watcher = watcher
        self._bytes = sum(one.shape.size for one in plan.regions if one.shape is not None)
        self._pixels = sum(
            rect.width * rect.height for atlas in plan.atlases for rect in atlas.landscape.pictures
        )
        self._colours = max(atlas.bands for atlas in plan.atlases) - 1
        self._strips = sum(one.crop.width * one.crop.height for one in plan.strips)
        self._seen = self._drawn = 0
        self._tell(1.0)

    def add(self, size: int, drawn: int) -> None:
        """So many bytes of memory are in the store, and so many of them have to be drawn."""
        self._seen += size
        self._drawn += drawn
        self._tell(self._drawn / self._seen)

    def _tell(self, share: float) -> None:
        self._watcher.expect(
            [
                Load("memory", self._bytes, 1.0),
                Load("tiles", round(self._pixels * share), _TILE_WEIGHT * self._colours),
                Load("strips", self._strips, _STRIP_WEIGHT),
            ]
        )
