"""The fast engine: all tiles of a plane in one pass, in memory that does not grow with the plane.

The plane is walked (`walk.py`) in squares of some thousand pixels, in the order of a Z curve:

    1 2 5 6      Each square is drawn by one worker, up to the tile that shows all of it, in strips
    3 4 7 8      of two rows of tiles, because rows of memory are read as they lie. Whatever is
    9 …          above the squares is put together as soon as all below it is there.

On a Z curve a tile is complete before the next of its size is begun, so that only one unfinished
tile of each level waits in memory, and some finished squares for those before them, however wide or
high the plane is.

A tile that is blank or zero is known before it is read (`SparsePlane.uniform`) or seen when it is,
and never written; a tile that an earlier pyramid of the same plane has is linked.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from memtiles.pictures.patch import Patch
from memtiles.threads import in_order
from memtiles.tiles.assembly import Assembly, Half, draw_tile
from memtiles.tiles.earlier import Earlier, Part
from memtiles.tiles.grid import Tile
from memtiles.tiles.plane import SparsePlane
from memtiles.tiles.tile_folder import TileFolder, TileLists
from memtiles.tiles.walk import Strip, Walk, side_by_side, square_for

# Fewer pixels are drawn by threads, which are there sooner than processes.
_LEAST_FOR_PROCESSES = 1 << 25


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
        plane: What to draw; read by several workers at once.
        target: Where to; its grid is that of the plane.
        jobs: Workers: processes where there is much to draw and the system can fork, else threads.
        advance: Told the number of pixels as they are drawn.
        expect: Told before anything is drawn how many these will be: those of all tiles of full
            resolution that are neither known to be uniform nor taken over.
        earlier: A pyramid of the plane as it was before.
    """
    walk = Walk(plane, target.grid, target.reduction, earlier)
    pixels = walk.pixels()
    expect(pixels)
    above = Assembly(target)

    def pieces() -> Iterator[Tile | Part]:
        if earlier is not None and walk.kept:
            yield from earlier.parts()
        for square in walk.squares(square_for(pixels, jobs)):
            if isinstance(square, Tile):
                yield square
            else:
                above.add(square.tile, walk.half(square))

    def make(piece: Tile | Part) -> _Made:
        if isinstance(piece, Tile):
            return _draw_square(walk, target, piece)
        assert earlier is not None
        own = target.with_own_lists()
        earlier.take_over(piece, walk.kept, own)
        return _Made([], own.lists, 0)

    # Closed before this returns, whatever happens: nobody writes into the folder any more then.
    with closing(_in_order(make, pieces(), jobs, pixels)) as all_made:
        for made in all_made:
            target.lists.add(made.lists)
            for tile, half in made.finished:
                above.add(tile, half)
            if made.pixels:
                advance(made.pixels)
    if earlier is not None:
        earlier.take_over_unwritten(walk.kept, target)


@dataclass(frozen=True)
class _Made:
    """A square that is drawn, or some tiles that are taken over.

    Attributes:
        finished: The top tile of the square, for the one above it.
        lists: Of all these tiles.
        pixels: What was drawn.
    """

    finished: list[tuple[Tile, Half]]
    lists: TileLists
    pixels: int


def _in_order(
    make: Callable[[Tile | Part], _Made], pieces: Iterable[Tile | Part], jobs: int, pixels: int
) -> Generator[_Made, None, None]:
    if jobs > 1 and pixels >= _LEAST_FOR_PROCESSES:
        from memtiles import processes

        if processes.can_fork():
            return processes.in_order(make, pieces, jobs)
    return in_order(make, pieces, jobs)


def _draw_square(walk: Walk, target: TileFolder, square: Tile) -> _Made:
    """Draws a square; its lists are its own, so that any number are drawn at the same time."""
    target = target.with_own_lists()
    above = Assembly(target, square.level)
    pixels = 0
    for step in walk.steps(square):
        if isinstance(step, Strip):
            pixels += step.pixels
            for tile, half in _draw_strip(walk, target, step):
                above.add(tile, half)
        else:
            above.add(step.tile, walk.half(step))
    return _Made(above.finished, target.lists, pixels)


def _draw_strip(walk: Walk, target: TileFolder, strip: Strip) -> list[tuple[Tile, Half]]:
    """Draws a strip.

    Returns:
        What its tiles are for those above them.
    """
    above = Assembly(target, strip.tiles[0].level)
    for finished in strip.finished:
        above.add(finished.tile, walk.half(finished))
    for tiles in side_by_side(sorted(strip.to_draw, key=lambda one: (one.row, one.column))):
        for tile, half in _draw_row(walk, target, tiles):
            above.add(tile, half)
    return above.finished


def _draw_row(walk: Walk, target: TileFolder, tiles: Sequence[Tile]) -> list[tuple[Tile, Half]]:
    """Draws tiles of full resolution that lie side by side; what they read is gone afterwards."""
    grid = target.grid
    rects = list(map(grid.rect, tiles))
    left, top, height = rects[0].x, rects[0].y, rects[0].height
    width = rects[-1].x + rects[-1].width - left
    patches = walk.plane.patches(left, top, width, height)
    shared = _shared_out(patches, grid.tile_size, len(tiles))
    return [
        (tile, draw_tile(target, tile, pieces)) for tile, pieces in zip(tiles, shared, strict=True)
    ]


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
