"""What is blank or zero is not asked for, however much of it there is: counted, never timed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace, Memory, SpaceKind
from memtiles.memory.span import Span
from memtiles.pictures.layout import Bits, geometry
from memtiles.pictures.lenses import lens
from memtiles.pictures.patch import Patch, Uniform
from memtiles.pictures.picture import Picture
from memtiles.pictures.placement import Rect
from memtiles.pictures.raster import SpaceRaster
from memtiles.tiles.atlas import AtlasPlane, Tenant
from memtiles.tiles.plane import SparsePlane
from memtiles.tiles.pyramid import save_pyramid
from tiles.planes import ArrayPlane, Pixels

MIB = 1 << 20
TILE = 256


class Counted(ArrayPlane):
    """Knows what is uniform of it, and remembers what it was asked for."""

    def __init__(self, pixels: Pixels) -> None:
        super().__init__(pixels)
        object.__setattr__(self, "asked", [])
        object.__setattr__(self, "lock", threading.Lock())

    asked: list[Rect]
    lock: threading.Lock

    def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
        with self.lock:
            self.asked.append(Rect(left, top, width, height))
        return super().patches(left, top, width, height)

    def uniform(self, left: int, top: int, width: int, height: int) -> Uniform | None:
        place = self.pixels[top : top + height, left : left + width]
        if not place[:, :, 1].any():
            return Uniform.BLANK
        return Uniform.ZERO if place[:, :, 1].all() and not place[:, :, 0].any() else None


def with_marks(width: int, height: int, marks: list[tuple[int, int]], alpha: int) -> Pixels:
    pixels = np.zeros((height, width, 2), np.uint8)
    pixels[:, :, 1] = alpha
    for x, y in marks:
        pixels[y, x] = (200, 255)
    return pixels


@pytest.mark.parametrize("alpha", [0, 255], ids=["blank", "zero"])
@pytest.mark.parametrize("marks", [[], [(0, 0)], [(5000, 3000)], [(6999, 4999), (10, 4999)]])
def test_only_the_tiles_around_what_is_there_are_drawn(
    tmp_path: Path, marks: list[tuple[int, int]], alpha: int
) -> None:
    """For each mark its own tile; nothing where nothing is."""
    plane = Counted(with_marks(7000, 5000, marks, alpha))
    save_pyramid(plane, tmp_path, TILE, 3)
    expected = {
        Rect(
            x // TILE * TILE,
            y // TILE * TILE,
            min(TILE, 7000 - x // TILE * TILE),
            min(TILE, 5000 - y // TILE * TILE),
        )
        for x, y in marks
    }
    assert len(plane.asked) == len(expected)
    assert set(plane.asked) == expected


def test_no_pixel_is_asked_for_twice(tmp_path: Path) -> None:
    """Something is in every tile: all of the plane is drawn, each pixel once."""
    marks = [(x, y) for x in range(0, 3000, 50) for y in range(0, 2100, 50)]
    plane = Counted(with_marks(3000, 2100, marks, 255))
    save_pyramid(plane, tmp_path, TILE, 3)
    drawn = np.zeros((2100, 3000), np.uint8)
    for one in plane.asked:
        drawn[one.y : one.y + one.height, one.x : one.x + one.width] += 1
    assert (drawn == 1).all()


@dataclass
class CountedSpace(AddressSpace):
    """A TiB of which a few pieces are neither missing nor known to be zeros."""

    present: Runs
    known: Runs
    read_bytes: int = 0
    reads: list[tuple[int, int]] = field(default_factory=list)
    kind = SpaceKind.VIRTUAL

    def runs(self, span: Span) -> Runs:
        return self.present.clip(span.start, span.size)

    def zeros(self, span: Span) -> Runs:
        return self.known.clip(span.start, span.size)

    def read(self, span: Span) -> Memory:
        self.reads.append((span.start, span.size))
        return Memory(np.full(span.size, 7, np.uint8), self.runs(span))


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_a_tebibyte_of_holes_and_zeros_costs_what_is_in_it(tmp_path: Path, bits: Bits) -> None:
    """From an address space whose first half is missing, its second zeros but for a page."""
    # In whole squares of tiles, so that what is missing and what is zeros do not share one.
    square = 16_384 * bits // 8 * 1024
    size = (1 << 40) // square // 4 * 4 * square
    page = size // 4 * 3
    second = Runs.of([(size // 2, size // 2)])
    known = Runs.of([(size // 2, page - size // 2), (page + 4096, size - page - 4096)])
    space = CountedSpace(second, known)
    shape = geometry("rows", bits, size, 16_384)
    picture = Picture(shape, SpaceRaster(space, Span(0, size)), lens("bytes"))
    save_pyramid(picture, tmp_path, 512, 2)
    assert space.reads
    # Rows of the four tiles around it, or what lies between these rows besides.
    rows_of_a_square = 1024 * shape.row_bytes
    assert sum(size for _, size in space.reads) <= 2 * rows_of_a_square
    assert all(page - rows_of_a_square < start + size for start, size in space.reads)
    assert all(start < page + 2 * rows_of_a_square for start, _ in space.reads)
    assert sum(size for _, size in space.reads) >= 4096
    assert len(list(tmp_path.rglob("*_*.png"))) < 5 * (shape.height - 1).bit_length()


def test_an_atlas_asks_only_tenants_that_lie_there(tmp_path: Path) -> None:
    """One of blank, one of zeros, one of bytes, and room between them."""
    blank, zero = (Counted(with_marks(2000, 1000, [], alpha)) for alpha in (0, 255))
    data = Counted(with_marks(600, 600, [(x, 300) for x in range(600)], 255))
    places: list[tuple[SparsePlane, Rect]] = [
        (blank, Rect(0, 0, 2000, 1000)),
        (zero, Rect(2048, 0, 2000, 1000)),
        (data, Rect(512, 2048, 600, 600)),
    ]
    atlas = AtlasPlane(4048, 4000, [Tenant(plane, rect) for plane, rect in places])
    save_pyramid(atlas, tmp_path, TILE, 2)
    assert blank.asked == []
    # Its edges lie in tiles with room in them, so they are neither blank nor zero.
    inner = sum(one.width * one.height for one in zero.asked)
    assert 0 < inner < 2000 * 1000 // 2
    assert sum(one.width * one.height for one in data.asked) <= 600 * 600
