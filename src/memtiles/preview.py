"""A whole dump as one small picture: all of its memory in address order, many bytes a pixel.

How much is read for it does not grow with the dump: a pixel that stands for many bytes is the mean
of some of them. What is a hole is taken from the dump's tables, which know it of every byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image

from memtiles.maps.absence import Stretch, without_long_absence
from memtiles.maps.region import regions_of_dump
from memtiles.memory.dump import Dump
from memtiles.memory.span import Span

MOST_SAMPLES = 1024
"""The most bytes that are read for one pixel."""

_WINDOWS = 4  # where a pixel's bytes are sampled, they come from as many places

_Numbers = npt.NDArray[np.int64]


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
        pixel_bytes: For how many addresses each of them stands.
        sampled: Whether some bytes were not looked at.
        lines: One for each `line_rows` rows.
    """

    greys: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]
    count: int
    pixel_bytes: int
    sampled: bool
    lines: tuple[Line, ...]


def make_preview(dump: Dump, width: int, rows: int, line_rows: int = 2) -> Preview | None:
    """Shrinks a dump to `width` pixels and at most `rows` rows.

    Its regions are laid out one behind the other, without the gaps between them, and without the
    stretches that are too long to be drawn.

    Returns:
        The picture, or None where nothing is drawn.

    Raises:
        DumpError: The dump was cut or changed while it was read.
    """
    space = dump.spaces[0]
    stretches, _ = without_long_absence(regions_of_dump(dump).rows, space)
    tape = _Tape([stretch for stretch in stretches if stretch.drawn])
    if tape.size == 0:
        return None
    pixel_bytes = _rounded_up(-(-tape.size // (width * rows)))
    count = -(-tape.size // pixel_bytes)
    height = -(-count // width)
    borders = np.minimum(np.arange(width * height + 1, dtype=np.int64) * pixel_bytes, tape.size)
    held = tape.present_before(borders)
    samples = min(pixel_bytes, MOST_SAMPLES)
    values = np.zeros((width * height, samples), np.float32)
    weights = np.zeros_like(values)
    for pixel, (first, end) in enumerate(pairwise(held.tolist())):
        at = 0
        for start, size in _windows(first, end):
            for address, piece in tape.pieces(start, size):
                memory = space.read(Span(address, piece))
                values[pixel, at : at + piece] = memory.data
                weights[pixel, at : at + piece] = memory.present
                at += piece
    sums, weight = (_shrunk(plane.reshape(height, -1), samples) for plane in (values, weights))
    greys = (2 * sums + weight) // np.maximum(2 * weight, 1)
    return Preview(
        greys.astype(np.uint8),
        weight > 0,
        count,
        pixel_bytes,
        bool(np.any(np.diff(held) > MOST_SAMPLES)),
        tuple(tape.lines(width * line_rows * pixel_bytes)),
    )


class _Tape:
    """Stretches of memory one behind the other.

    A place on the tape is counted in bytes from its start, holes included. What is present is
    counted on its own, so that samples are only taken where there is something.
    """

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._stretches = stretches
        self._starts = np.array([stretch.region.span.start for stretch in stretches], np.uint64)
        sizes = np.array([stretch.region.span.size for stretch in stretches], np.int64)
        self._places = _sums_before(sizes)
        self.size = int(sizes.sum())
        counts = [len(stretch.runs) for stretch in stretches]
        offsets = _joined([stretch.runs.firsts for stretch in stretches])
        lasts = _joined([stretch.runs.lasts for stretch in stretches])
        self._run_addresses = np.repeat(self._starts, counts) + offsets
        self._run_places = np.repeat(self._places, counts) + offsets.astype(np.int64)
        self._run_sizes = (lasts - offsets).astype(np.int64) + 1
        self._held = _sums_before(self._run_sizes)

    def present_before(self, places: _Numbers) -> _Numbers:
        """How many bytes are present before each place."""
        if not len(self._held):
            return np.zeros_like(places)
        run = np.maximum(np.searchsorted(self._run_places, places, "right") - 1, 0)
        inside: _Numbers = np.clip(places - self._run_places[run], 0, self._run_sizes[run])
        return self._held[run] + inside

    def pieces(self, first: int, size: int) -> Iterator[tuple[int, int]]:
        """Where `size` present bytes lie, from present byte number `first` on: (address, size)."""
        run = int(np.searchsorted(self._held, first, "right")) - 1
        while size:
            skipped = first - int(self._held[run])
            piece = min(size, int(self._run_sizes[run]) - skipped)
            yield int(self._run_addresses[run]) + skipped, piece
            first, size, run = first + piece, size - piece, run + 1

    def lines(self, line_bytes: int) -> Iterator[Line]:
        """The lines of a picture that has so many bytes in each."""
        for place in range(0, self.size, line_bytes):
            within = int(np.searchsorted(self._places, place, "right")) - 1
            start = int(self._starts[within]) + place - int(self._places[within])
            borders = np.searchsorted(self._places, (place, place + line_bytes))
            begun = [stretch.region for stretch in self._stretches[slice(*borders)]]
            begun.sort(key=lambda region: -region.span.size)
            yield Line(start, tuple(region.name for region in begun))


def _joined(columns: Sequence[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    return np.concatenate([np.zeros(0, np.uint64), *columns])


def _sums_before(sizes: _Numbers) -> _Numbers:
    return np.cumsum(sizes) - sizes


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


def _shrunk(plane: npt.NDArray[np.float32], across: int) -> _Numbers:
    """The sums of each `across` values of a row; whole numbers below 2**24, so floats are exact."""
    means = np.asarray(Image.fromarray(plane).reduce((across, 1)), np.float64)
    return np.rint(means * across).astype(np.int64)
