"""A whole dump as one small picture: all of its memory in address order, many bytes a pixel.

How much is read for it does not grow with the dump: a pixel that stands for many bytes is the mean
of some of them. What is a hole is taken from the dump's tables, which know it of every byte.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from memtiles.maps.region import Region, regions_of_dump
from memtiles.memory.dump import Dump
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span

MOST_SAMPLES = 1024
"""The most bytes that are read for one pixel."""

_PAGE = 4096
_WINDOWS = 4  # where a pixel's bytes are sampled, they come from as many places


@dataclass(frozen=True)
class Line:
    """Some rows of pixels: the address of their first byte, and what begins in them.

    `names` has the regions' names, largest first.
    """

    start: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """A picture whose addresses grow to the right, and then down.

    Attributes:
        greys: The mean of the bytes behind each pixel, (rows, width).
        present: Whether there are any in the dump, (rows, width).
        count: How many pixels stand for addresses; the rest of the last row is no memory at all.
        pixel_bytes: How many bytes each of them stands for.
        longest_hole: How much of a hole is shown at most; None where all of each is.
        lines: One for each `line_rows` rows.
    """

    greys: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]
    count: int
    pixel_bytes: int
    longest_hole: int | None
    lines: tuple[Line, ...]


def make_preview(dump: Dump, width: int, rows: int, line_rows: int = 2) -> Preview | None:
    """Shrinks a dump to `width` pixels and at most `rows` rows.

    Its regions are laid out one behind the other, without the gaps between them. Their holes take
    at most a third of the picture: of the longest only the beginning is shown.

    Returns:
        The picture, or None where nothing is present.

    Raises:
        DumpError: The dump was cut or changed while it was read.
    """
    space = dump.spaces[0]
    tape = _Tape.of(regions_of_dump(dump).rows, space)
    if not tape.held:
        return None
    pixel_bytes = _rounded_up(-(-tape.size // (width * rows)))
    count = -(-tape.size // pixel_bytes)
    height = -(-count // width)
    samples = min(pixel_bytes, MOST_SAMPLES)
    values = np.zeros((height * width, samples), np.float32)
    weights = np.zeros_like(values)
    borders = [tape.held_before(pixel * pixel_bytes) for pixel in range(count + 1)]
    for pixel, (first, end) in enumerate(pairwise(borders)):
        at = 0
        for start, size in _windows(first, end):
            for span in tape.spans(start, size):
                memory = space.read(span)
                values[pixel, at : at + span.size] = memory.data
                weights[pixel, at : at + span.size] = memory.present
                at += span.size
    sums, looked_at = (_sums(plane.reshape(height, -1), samples) for plane in (values, weights))
    greys = (2 * sums + looked_at) // np.maximum(2 * looked_at, 1)
    return Preview(
        greys.astype(np.uint8),
        looked_at > 0,
        count,
        pixel_bytes,
        tape.longest_hole,
        tuple(tape.lines(width * line_rows * pixel_bytes)),
    )


class _Piece(NamedTuple):
    """Neighbouring addresses of a region that are all in the dump, or all not."""

    start: int
    size: int
    present: bool


class _Tape:
    """Pieces of memory one behind the other.

    A place on the tape is counted in bytes from its start. What is present is counted on its own,
    too, so that samples are only taken where there is something.
    """

    def __init__(
        self, regions: Sequence[Region], heads: Sequence[int], pieces: Sequence[_Piece]
    ) -> None:
        """Lays out pieces; `heads[i]` is the number of the first one of region i."""
        holes = [piece.size for piece in pieces if not piece.present]
        self.held = sum(piece.size for piece in pieces if piece.present)
        self.longest_hole = _longest_shown(holes, self.held // 2)
        self._pieces = [
            piece
            if piece.present or self.longest_hole is None
            else piece._replace(size=min(piece.size, self.longest_hole))
            for piece in pieces
        ]
        self._places = _sums_before(piece.size for piece in self._pieces)
        self._held = _sums_before(piece.size * piece.present for piece in self._pieces)
        self.size = self._places.pop()
        self._held.pop()
        self._regions = regions
        self._heads = [self._places[head] for head in heads]

    @classmethod
    def of(cls, regions: Sequence[Region], space: AddressSpace) -> _Tape:
        """The tape of regions in address order."""
        heads: list[int] = []
        pieces: list[_Piece] = []
        for region in regions:
            heads.append(len(pieces))
            pieces += _cut(region.span, space)
        return cls(regions, heads, pieces)

    def held_before(self, place: int) -> int:
        """How many bytes are present before a place; all of them for one behind the end."""
        number = bisect_right(self._places, place) - 1
        piece = self._pieces[number]
        inside = min(place - self._places[number], piece.size)
        return self._held[number] + inside * piece.present

    def spans(self, first: int, size: int) -> Iterator[Span]:
        """Where `size` present bytes lie, from present byte number `first` on."""
        number = bisect_right(self._held, first) - 1
        while size:
            skipped = first - self._held[number]
            piece = self._pieces[number]
            part = min(size, piece.size * piece.present - skipped)
            if part:
                yield Span(piece.start + skipped, part)
            first, size, number = first + part, size - part, number + 1

    def lines(self, line_bytes: int) -> Iterator[Line]:
        """The lines of a picture that has so many bytes in each."""
        for place in range(0, self.size, line_bytes):
            number = bisect_right(self._places, place) - 1
            start = self._pieces[number].start + place - self._places[number]
            begun = self._regions[
                bisect_left(self._heads, place) : bisect_left(self._heads, place + line_bytes)
            ]
            largest = sorted(begun, key=lambda region: -region.span.size)
            yield Line(start, tuple(region.name for region in largest))


def _cut(span: Span, space: AddressSpace) -> Iterator[_Piece]:
    end = 0
    for offset, size in space.runs(span):
        if offset > end:
            yield _Piece(span.start + end, offset - end, False)
        yield _Piece(span.start + offset, size, True)
        end = offset + size
    if end < span.size:
        yield _Piece(span.start + end, span.size - end, False)


def _longest_shown(holes: Sequence[int], room: int) -> int | None:
    """How much is shown of a hole at most, for all to fit the room; None where they do anyway.

    Whole pages where it is more than one: what comes after a hole keeps its round addresses.
    """
    for number, size in enumerate(sorted(holes)):
        share = room // (len(holes) - number)
        if size > share:
            return share - share % _PAGE if share > _PAGE else share
        room -= size
    return None


def _sums_before(sizes: Iterator[int]) -> list[int]:
    """The sum of the sizes before each, and of all."""
    return list(accumulate(sizes, initial=0))


def _rounded_up(size: int) -> int:
    """A rounder number, at most an eighth larger, so that addresses of lines are rounder, too."""
    step = 1 << max(0, size.bit_length() - 4)
    return -(-size // step) * step


def _windows(first: int, end: int) -> Iterator[tuple[int, int]]:
    """Which of some present bytes are looked at: all, or as many from each part of them."""
    size = end - first
    if size <= MOST_SAMPLES:
        yield first, size
        return
    window = MOST_SAMPLES // _WINDOWS
    for number in range(_WINDOWS):
        middle = first + size * (2 * number + 1) // (2 * _WINDOWS)
        yield middle - window // 2, window


def _sums(plane: npt.NDArray[np.float32], across: int) -> npt.NDArray[np.int64]:
    """The sums of each `across` bytes of a row: whole numbers, which 1,024 floats do not blur."""
    means = np.asarray(Image.fromarray(plane).reduce((across, 1)), np.float64)
    return np.rint(means * across).astype(np.int64)
