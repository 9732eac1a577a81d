"""The fast engine: all tiles of a plane in one pass, in memory that does not grow with the plane.

The plane is walked in squares of `_SQUARE` pixels, in the order of a Z curve:

    1 2 5 6      A square goes to the threads in strips of two rows of tiles, because rows of
    3 4 7 8      memory are read as they lie. Each strip becomes its tiles and the one level above
    9 …          them; whatever is above that is put together as soon as all below it is there.

On a Z curve a tile is complete before the next of its size is begun, so that only one unfinished
tile of each level waits in memory, however wide or high the plane is.

A tile that is blank or zero is known before it is read (`SparsePlane.uniform`) or seen when it is,
and never written; a tile that an earlier pyramid of the same plane has is linked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from memtiles.pictures.patch import Patch
from memtiles.tiles.assembly import Assembly, Half, draw_tile
from memtiles.tiles.canvas import halved
from memtiles.tiles.earlier import Earlier
from memtiles.tiles.grid import Grid, Tile
from memtiles.tiles.plane import SparsePlane
from memtiles.tiles.tile_folder import TileFolder

# As wide as the widest picture that is drawn without being asked for, so that its rows are read
# in one piece.
_SQUARE = 16_384


def write_tiles(
    plane: SparsePlane,
    target: TileFolder,
    jobs: int,
    advance: Callable[[int], object] = lambda _: None,
    earlier: Earlier | None = None,
) -> None:
    """Writes all tiles of a plane.

    Args:
        plane: What to draw; read from several threads at once.
        target: Where to; its grid is that of the plane.
        jobs: Threads.
        advance: Told the number of pixels as they are drawn. What is known to be uniform, or is
            taken over, is not.
        earlier: A pyramid of the plane as it was before.
    """
    walk = _Walk(plane, target.grid, earlier)
    above = Assembly(target)
    pool = ThreadPoolExecutor(jobs)
    waiting: deque[Future[list[tuple[Tile, Half]]]] = deque()

    def take_one() -> None:
        for tile, half in waiting.popleft().result():
            above.add(tile, half)

    try:
        for step in walk.steps():
            if isinstance(step, _Strip):
                waiting.append(pool.submit(_draw, plane, target, step.tiles, advance))
                if len(waiting) > jobs:
                    take_one()
            else:
                above.add(*step)
        while waiting:
            take_one()
    finally:
        pool.shutdown(cancel_futures=True)
    if earlier is not None:
        earlier.take_over(walk.kept, target)


@dataclass(frozen=True)
class _Strip:
    """Tiles side by side, all of the level above full resolution, to be drawn in one go."""

    tiles: list[Tile]


class _Walk:
    """The order in which a plane is drawn, without what need not be."""

    def __init__(self, plane: SparsePlane, grid: Grid, earlier: Earlier | None) -> None:
        self._plane = plane
        self._grid = grid
        self._earlier = earlier
        self._strip_level = max(0, grid.levels - 2)
        self._square_level = max(0, grid.levels - (_SQUARE // grid.tile_size).bit_length())
        self.kept: set[Tile] = set()

    def steps(self) -> Iterator[_Strip | tuple[Tile, Half]]:
        """Strips to draw, and finished tiles with nothing to draw below them."""
        return self._from(Tile(0, 0, 0))

    def _from(self, tile: Tile) -> Iterator[_Strip | tuple[Tile, Half]]:
        if (half := self._finished(tile)) is not None:
            yield tile, half
        elif tile.level < self._square_level:
            for one in self._grid.below(tile):
                yield from self._from(one)
        else:
            yield from self._square(tile)

    def _square(self, tile: Tile) -> Iterator[_Strip | tuple[Tile, Half]]:
        to_draw: list[Tile] = []
        yield from self._sorted_out(tile, to_draw)
        to_draw.sort(key=lambda one: (one.row, one.column))
        for strip in _side_by_side(to_draw):
            yield _Strip(strip)

    def _sorted_out(self, tile: Tile, to_draw: list[Tile]) -> Iterator[tuple[Tile, Half]]:
        """Tells finished tiles of a square from those to draw, by the largest that are either."""
        if (half := self._finished(tile)) is not None:
            yield tile, half
        elif tile.level == self._strip_level:
            to_draw.append(tile)
        else:
            for one in self._grid.below(tile):
                yield from self._sorted_out(one, to_draw)

    def _finished(self, tile: Tile) -> Half | None:
        shown = self._grid.shown(tile)
        what = self._plane.uniform(shown.x, shown.y, shown.width, shown.height)
        if what is not None or self._earlier is None:
            return what
        if (what := self._earlier.uniform(tile)) is not None:
            return what
        if not self._earlier.keeps(tile):
            return None
        self.kept.add(tile)
        return halved(self._earlier.pixels(tile))


def _side_by_side(tiles: Iterable[Tile]) -> Iterator[list[Tile]]:
    strip: list[Tile] = []
    for tile in tiles:
        if strip and (tile.row, tile.column) != (strip[-1].row, strip[-1].column + 1):
            yield strip
            strip = []
        strip.append(tile)
    if strip:
        yield strip


def _draw(
    plane: SparsePlane,
    target: TileFolder,
    tiles: Sequence[Tile],
    advance: Callable[[int], object],
) -> list[tuple[Tile, Half]]:
    """Draws tiles that lie side by side, and all below them.

    Returns:
        What they are for the tiles above them.
    """
    grid = target.grid
    last = grid.levels - 1
    above = Assembly(target, tiles[0].level)
    # Where the plane is one tile, there is no level below that of the strip.
    below = [one for tile in tiles for one in grid.below(tile)] if tiles[0].level < last else tiles
    for row in sorted({one.row for one in below}):
        strip = [one for one in below if one.row == row]
        rects = [grid.rect(one) for one in strip]
        left, top, height = rects[0].x, rects[0].y, rects[0].height
        width = rects[-1].x + rects[-1].width - left
        patches = plane.patches(left, top, width, height)
        shared = _shared_out(patches, grid.tile_size, len(strip))
        for tile, pieces in zip(strip, shared, strict=True):
            above.add(tile, draw_tile(target, tile, pieces))
        advance(sum(one.pixels.shape[0] * one.pixels.shape[1] for one in patches))
    return above.finished


def _shared_out(patches: Iterable[Patch], side: int, count: int) -> list[list[Patch]]:
    """Patches of a strip cut at the edges of its tiles; each counts from its tile's corner."""
    found: list[list[Patch]] = [[] for _ in range(count)]
    for x, y, pixels in patches:
        end = x + pixels.shape[1]
        for number in range(x // side, (end - 1) // side + 1):
            left = number * side
            start, stop = max(x, left), min(end, left + side)
            found[number].append(Patch(start - left, y, pixels[:, start - x : stop - x]))
    return found
