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
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from memtiles.pictures.patch import Patch, Uniform
from memtiles.threads import workers
from memtiles.tiles.assembly import Assembly, Half, draw_tile
from memtiles.tiles.earlier import Earlier
from memtiles.tiles.grid import Tile
from memtiles.tiles.plane import SparsePlane
from memtiles.tiles.tile_folder import TileFolder

# What a thread holds are a strip's rows of a tile: 1 MiB of a picture, however wide that is. Pieces
# of rows of twice the length are 3 % faster, but atlases wider than that would take a fifth more
# memory than narrow ones.
_SQUARE = 2048

# Strips a thread that wait or are done: some are drawn ten times as quickly as others.
_AHEAD = 4

# Of so many tiles it is remembered whether they are to be drawn: those of 1 GiB.
_REMEMBERED = 1 << 12


def write_tiles(
    plane: SparsePlane,
    target: TileFolder,
    jobs: int,
    advance: Callable[[int], object] = lambda _: None,
    expect: Callable[[int], object] = lambda _: None,
    earlier: Earlier | None = None,
) -> None:
    """Writes all tiles of a plane.

    Args:
        plane: What to draw; read from several threads at once.
        target: Where to; its grid is that of the plane.
        jobs: Threads.
        advance: Told the number of pixels as they are drawn.
        expect: Told before anything is drawn how many these will be: those of all tiles of full
            resolution that are neither known to be uniform nor taken over.
        earlier: A pyramid of the plane as it was before.
    """
    walk = _Walk(plane, target, earlier)
    expect(sum(step.pixels for step in walk.steps() if isinstance(step, _Strip)))
    above = Assembly(target)

    # Each thread puts together what its strip completes. Were that left to this thread, there would
    # be one more that waits for Python's lock at each step (5 % of a build).
    def draw(strip: _Strip) -> None:
        for tile, half in _draw(walk, target, strip, advance):
            above.add(tile, half)

    waiting: deque[Future[None]] = deque()
    with workers(jobs) as pool:
        for step in walk.steps():
            if isinstance(step, _Strip):
                waiting.append(pool.submit(draw, step))
                if len(waiting) > _AHEAD * jobs:
                    waiting.popleft().result()
            else:
                above.add(step.tile, walk.half(step))
        for future in waiting:
            future.result()
    if earlier is not None:
        earlier.take_over(walk.kept, target)


@dataclass(frozen=True)
class _Finished:
    """A tile with nothing to draw in it or below it: uniform, or None for one that is kept."""

    tile: Tile
    what: Uniform | None


@dataclass(frozen=True)
class _Strip:
    """Tiles side by side of one level above full resolution, to be drawn in one go.

    Attributes:
        tiles: They.
        to_draw: The tiles of full resolution below them that have to be drawn.
        finished: The others.
        pixels: Of what has to be drawn.
    """

    tiles: list[Tile]
    to_draw: list[Tile]
    finished: list[_Finished]
    pixels: int


class _Walk:
    """The order in which a plane is drawn, without what need not be."""

    def __init__(self, plane: SparsePlane, target: TileFolder, earlier: Earlier | None) -> None:
        self.plane = plane
        self.kept: set[Tile] = set()
        self._reduction = target.reduction
        self._grid = grid = target.grid
        self._earlier = earlier
        self._known: dict[Tile, _Finished | None] = {}
        self._strip_level = max(0, grid.levels - 2)
        self._square_level = max(0, grid.levels - (_SQUARE // grid.tile_size).bit_length())

    def steps(self) -> Iterator[_Strip | _Finished]:
        """Strips to draw, and finished tiles that are not in one of them."""
        return self._from(Tile(0, 0, 0))

    def half(self, finished: _Finished) -> Half:
        """What a finished tile is for the one above it."""
        if finished.what is not None:
            return finished.what
        assert self._earlier is not None
        pixels = self._earlier.pixels(finished.tile)
        if finished.tile.level == self._grid.levels - 1:
            return self._reduction.first_half(pixels)
        return self._reduction.half(pixels)

    def _from(self, tile: Tile) -> Iterator[_Strip | _Finished]:
        if (finished := self._finished(tile)) is not None:
            yield finished
        elif tile.level < self._square_level:
            for one in self._grid.below(tile):
                yield from self._from(one)
        else:
            to_draw: list[Tile] = []
            yield from self._sorted_out(tile, to_draw)
            to_draw.sort(key=lambda one: (one.row, one.column))
            yield from map(self._strip, _side_by_side(to_draw))

    def _sorted_out(self, tile: Tile, to_draw: list[Tile]) -> Iterator[_Finished]:
        """Tells finished tiles of a square from those to draw, by the largest that are either."""
        if (finished := self._finished(tile)) is not None:
            yield finished
        elif tile.level == self._strip_level:
            to_draw.append(tile)
        else:
            for one in self._grid.below(tile):
                yield from self._sorted_out(one, to_draw)

    def _strip(self, tiles: list[Tile]) -> _Strip:
        if self._strip_level == self._grid.levels - 1:  # the plane is a single pixel
            return _Strip(tiles, tiles, [], 1)
        to_draw: list[Tile] = []
        finished: list[_Finished] = []
        for tile in tiles:
            for below in self._grid.below(tile):
                if (one := self._finished(below)) is not None:
                    finished.append(one)
                else:
                    to_draw.append(below)
        rects = map(self._grid.rect, to_draw)
        return _Strip(tiles, to_draw, finished, sum(one.width * one.height for one in rects))

    def _finished(self, tile: Tile) -> _Finished | None:
        """Whether nothing of a tile is to be drawn; asked once for the forecast, then to draw."""
        if tile in self._known:
            return self._known.pop(tile)
        found = self._find_out(tile)
        if len(self._known) < _REMEMBERED:
            self._known[tile] = found
        return found

    def _find_out(self, tile: Tile) -> _Finished | None:
        shown = self._grid.shown(tile)
        what = self.plane.uniform(shown.x, shown.y, shown.width, shown.height)
        if what is None and self._earlier is not None:
            what = self._earlier.uniform(tile)
            if what is None and self._restores(tile) and self._earlier.keeps(tile):
                self.kept.add(tile)
                return _Finished(tile, None)
        return None if what is None else _Finished(tile, what)

    def _restores(self, tile: Tile) -> bool:
        """Whether the file of a tile is all that the tile above it needs."""
        return self._reduction.restores or tile.level == self._grid.levels - 1


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
    walk: _Walk, target: TileFolder, strip: _Strip, advance: Callable[[int], object]
) -> list[tuple[Tile, Half]]:
    """Draws a strip.

    Returns:
        What its tiles are for those above them.
    """
    grid = target.grid
    above = Assembly(target, strip.tiles[0].level)
    for finished in strip.finished:
        above.add(finished.tile, walk.half(finished))
    for tiles in _side_by_side(sorted(strip.to_draw, key=lambda one: (one.row, one.column))):
        rects = list(map(grid.rect, tiles))
        left, top, height = rects[0].x, rects[0].y, rects[0].height
        width = rects[-1].x + rects[-1].width - left
        patches = walk.plane.patches(left, top, width, height)
        shared = _shared_out(patches, grid.tile_size, len(tiles))
        for tile, pieces in zip(tiles, shared, strict=True):
            above.add(tile, draw_tile(target, tile, pieces))
        advance(width * height)
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
