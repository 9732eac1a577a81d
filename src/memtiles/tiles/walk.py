"""The order in which a plane is drawn: squares along a Z curve, and strips of tiles in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from memtiles.pictures.patch import Uniform
from memtiles.tiles.assembly import Half
from memtiles.tiles.earlier import Earlier
from memtiles.tiles.grid import Grid, Tile
from memtiles.tiles.plane import SparsePlane
from memtiles.tiles.reduction import AnyReduction

SQUARES = (4096, 2048)
"""Sides of squares in pixels.

Rows of a wide one are long pieces of a picture, which are read sooner than short ones far apart.
But a worker has a strip as wide as it is in memory.
"""

# Of large squares each worker should get so many, or some are idle in the end.
_SQUARES_EACH = 4

# Of so many tiles it is remembered whether they are to be drawn: all those of half a GiB, by 512
# pixels. Every process has them in memory.
_REMEMBERED = 1 << 12


@dataclass(frozen=True)
class Finished:
    """A tile with nothing to draw in it or below it: uniform, or None for one that is kept."""

    tile: Tile
    what: Uniform | None


@dataclass(frozen=True)
class Strip:
    """Tiles side by side of one level above full resolution, to be drawn in one go.

    Attributes:
        tiles: Of that level, from left to right.
        to_draw: The tiles of full resolution below them that have to be drawn.
        finished: The others.
        pixels: Of what has to be drawn.
    """

    tiles: list[Tile]
    to_draw: list[Tile]
    finished: list[Finished]
    pixels: int


class Walk:
    """The order in which a plane is drawn, without what need not be.

    Attributes:
        plane: That is drawn.
        kept: The topmost tiles that an earlier pyramid has, as far as they were asked for.
    """

    def __init__(
        self,
        plane: SparsePlane,
        grid: Grid,
        reduction: AnyReduction,
        earlier: Earlier | None,
    ) -> None:
        """Nothing is looked at yet."""
        self.plane = plane
        self.kept: set[Tile] = set()
        self._reduction = reduction
        self._grid = grid
        self._earlier = earlier
        self._known: dict[Tile, Finished | None] = {}
        self._strip_level = max(0, grid.levels - 2)

    def pixels(self) -> int:
        """How many there are to draw, of full resolution."""
        squares = (one for one in self.squares(SQUARES[0]) if isinstance(one, Tile))
        steps = chain.from_iterable(map(self.steps, squares))
        return sum(step.pixels for step in steps if isinstance(step, Strip))

    def squares(self, side: int) -> Iterator[Tile | Finished]:
        """Squares with something to draw, and finished tiles that are not in one of them."""
        tiles_wide = side // self._grid.tile_size
        level = max(0, self._grid.levels - tiles_wide.bit_length())
        return self._squares_from(Tile(0, 0, 0), level)

    def steps(self, square: Tile) -> Iterator[Strip | Finished]:
        """Strips of a square to draw, and finished tiles that are not in one of them."""
        to_draw: list[Tile] = []
        if square.level == self._strip_level:
            to_draw.append(square)
        else:
            for one in self._grid.below(square):
                yield from self._sorted_out(one, to_draw)
        to_draw.sort(key=lambda one: (one.row, one.column))
        yield from map(self._strip, side_by_side(to_draw))

    def half(self, finished: Finished) -> Half:
        """What a finished tile is for the one above it."""
        if finished.what is not None:
            return finished.what
        assert self._earlier is not None
        drawn = self._reduction.taken_over(self._earlier.pixels(finished.tile))
        if finished.tile.level == self._grid.levels - 1:
            return self._reduction.first_half(drawn)
        return self._reduction.half(drawn)

    def _squares_from(self, tile: Tile, level: int) -> Iterator[Tile | Finished]:
        if (finished := self._finished(tile)) is not None:
            yield finished
        elif tile.level < level:
            for one in self._grid.below(tile):
                yield from self._squares_from(one, level)
        else:
            yield tile

    def _sorted_out(self, tile: Tile, to_draw: list[Tile]) -> Iterator[Finished]:
        """Tells finished tiles of a square from those to draw, by the largest that are either."""
        if (finished := self._finished(tile)) is not None:
            yield finished
        elif tile.level == self._strip_level:
            to_draw.append(tile)
        else:
            for one in self._grid.below(tile):
                yield from self._sorted_out(one, to_draw)

    def _strip(self, tiles: list[Tile]) -> Strip:
        if self._strip_level == self._grid.levels - 1:  # the plane is a single pixel
            return Strip(tiles, tiles, [], 1)
        to_draw: list[Tile] = []
        finished: list[Finished] = []
        for tile in tiles:
            for below in self._grid.below(tile):
                if (one := self._finished(below)) is not None:
                    finished.append(one)
                else:
                    to_draw.append(below)
        rects = map(self._grid.rect, to_draw)
        return Strip(tiles, to_draw, finished, sum(one.width * one.height for one in rects))

    def _finished(self, tile: Tile) -> Finished | None:
        """Whether nothing of a tile is to be drawn; asked once for the forecast, then to draw."""
        if tile in self._known:
            return self._known.pop(tile)
        found = self._find_out(tile)
        if len(self._known) < _REMEMBERED:
            self._known[tile] = found
        return found

    def _find_out(self, tile: Tile) -> Finished | None:
        shown = self._grid.shown(tile)
        what = self.plane.uniform(shown.x, shown.y, shown.width, shown.height)
        if what is None and self._earlier is not None:
            what = self._earlier.uniform(tile)
            if what is None and self._restores(tile) and self._earlier.keeps(tile):
                self.kept.add(tile)
                return Finished(tile, None)
        return None if what is None else Finished(tile, what)

    def _restores(self, tile: Tile) -> bool:
        """Whether the file of a tile is all that the tile above it needs."""
        return self._reduction.restores or tile.level == self._grid.levels - 1


def square_for(pixels: int, jobs: int) -> int:
    """The side of the squares in which to draw so many pixels."""
    fitting = (side for side in SQUARES if pixels >= side * side * _SQUARES_EACH * jobs)
    return next(fitting, SQUARES[-1])


def side_by_side(tiles: Iterable[Tile]) -> Iterator[list[Tile]]:
    """Tiles, sorted by rows, in strips without a gap."""
    strip: list[Tile] = []
    for tile in tiles:
        if strip and (tile.row, tile.column) != (strip[-1].row, strip[-1].column + 1):
            yield strip
            strip = []
        strip.append(tile)
    if strip:
        yield strip
