"""Width finding: at which widths the pictures and tables in raw memory stand upright.

People try widths until an image in a dump no longer leans. Where memory repeats after a stride, the
row is that long: `strides` finds these in pieces of memory, `pixel_size` how many bytes a pixel
has, and this file what of it can be drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import gcd

import numpy as np
import numpy.typing as npt

from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span
from memtiles.pictures.layout import Bits, width_step
from memtiles.pictures.pixel_size import pixel_bits
from memtiles.pictures.strides import IN_STEP, Stride, find_strides

# Eight rows of the longest stride, and a Fourier transform of few factors.
PIECE = 512 << 10

_PART = 64 << 10

SAMPLE = 16 << 20
"""Bytes that are looked at, however large the region is."""

# So many rows of the image may lie beside each other to fill whole words.
_MOST_BESIDE = 4

# A multiple of a stride is as good as the stride; it has to be clearly better to be meant.
_CLEARLY = 1.25

# What is so near to a stride, as a share of it or in bytes, is the slope of its peak.
_NEAR_SHARE = 64
_NEAR_BYTES = 32

# How far an exact stride may be from where its peak was seen, and bytes to measure it on.
_MOVED = 4
_MEASURED = 128 << 10

# What is so much weaker than the best is not told.
_LEAST_SHARE = 0.1

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FoundWidth:
    """A width at which memory stands upright.

    Attributes:
        width: Pixels.
        bits: Bits of a pixel.
        stride: Bytes of a row, which are those of `width` pixels.
        score: From 0 to 1: how much of the memory is like what lies one row below.
        beside: Rows of the image that lie beside each other in one of the picture.
    """

    width: int
    bits: Bits
    stride: int
    score: float
    beside: int = 1


def find_widths(
    data: Bytes, present: Mask | None = None, most: int = 5, bits: Bits | None = None
) -> list[FoundWidth]:
    """The widths at which memory stands upright, best first; none where nothing stands out.

    At most `SAMPLE` bytes are looked at, in pieces spread over all of it.

    A row of a picture is whole 4-byte words. A stride that is not, such as 333 bytes, is proposed
    twice or four times as long, so that two or four rows of the image lie beside each other. One
    of 24 bits that is no multiple of 3, for its rows are padded, is proposed at 8 bits, where it
    stands upright without colours.

    Args:
        data: The bytes.
        present: Which of them are there; None for all. Holes are not equal to each other.
        most: How many are wanted.
        bits: Those that are wanted; without, those that each image seems to have.
    """
    pieces = [
        (data[start : start + size], None if present is None else present[start : start + size])
        for start, size in sample_of(len(data))
    ]
    return _widths(pieces, most, bits)


def find_region_widths(
    space: AddressSpace, span: Span, most: int = 5, bits: Bits | None = None, sample: int = SAMPLE
) -> list[FoundWidth]:
    """As `find_widths`, of a span of memory, of which no more than `sample` bytes are read.

    Raises:
        DumpError: The dump changed or was cut while it was read.
    """
    pieces: list[tuple[Bytes, Mask | None]] = []
    for start, size in sample_of(span.size, sample):
        memory = space.read(Span(span.start + start, size))
        pieces.append((memory.data, None if memory.runs.is_whole(size) else memory.present))
    return _widths(pieces, most, bits)


def sample_of(size: int, sample: int = SAMPLE) -> list[tuple[int, int]]:
    """Pieces of a region, as (start, size): all of it, or pieces spread evenly over it."""
    if size <= sample:
        return [(start, min(PIECE, size - start)) for start in range(0, size, PIECE)]
    count = max(1, sample // PIECE)
    piece = min(PIECE, sample)
    return [(number * (size - piece) // max(1, count - 1), piece) for number in range(count)]


@dataclass(frozen=True)
class _Candidate:
    """A stride of all pieces, and the piece in which it is clearest."""

    stride: int
    score: float
    best: Stride
    data: Bytes


def _widths(
    pieces: Sequence[tuple[Bytes, Mask | None]], most: int, bits: Bits | None
) -> list[FoundWidth]:
    found: dict[int, list[tuple[Stride, Bytes]]] = {}
    for data, mask in pieces:
        for size, one in _strides_of_piece(data, mask).items():
            found.setdefault(size, []).append(one)
    candidates = [_candidate(size, seen, len(pieces)) for size, seen in found.items()]
    widths: dict[tuple[int, int], FoundWidth] = {}
    for one in _meant(candidates):
        width = _drawable(_exact(one), one, bits)
        if width is not None:
            widths.setdefault((width.stride, width.bits), width)
    return list(widths.values())[:most]


def _strides_of_piece(data: Bytes, mask: Mask | None) -> dict[int, tuple[Stride, Bytes]]:
    """The strides of a piece, and of parts of it: an icon is lost in half a megabyte.

    Returns:
        Each stride where it is clearest, and what that was found in.
    """
    best: dict[int, tuple[Stride, Bytes]] = {}
    for size in (PIECE, _PART):
        for start in range(0, len(data) if size < len(data) or size == PIECE else 0, size):
            part = data[start : start + size]
            there = None if mask is None else mask[start : start + size]
            for stride in find_strides(part, there):
                if stride.size not in best or best[stride.size][0].score < stride.score:
                    best[stride.size] = stride, part
    return best


def _candidate(size: int, seen: Sequence[tuple[Stride, Bytes]], pieces: int) -> _Candidate:
    """What is clear in one place counts, and more so if it is in all."""
    scores = [stride.score for stride, _ in seen]
    best, data = max(seen, key=lambda one: one[0].score)
    return _Candidate(size, (max(scores) + sum(scores) / pieces) / 2, best, data)


def _meant(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """Candidates without the multiples of others and without the slopes of their peaks."""
    order = sorted(candidates, key=lambda one: (-one.score, one.stride))
    kept: list[_Candidate] = []
    for one in order:
        divisors = [
            other
            for other in order
            if other.stride < one.stride
            and one.stride % other.stride == 0
            and other.score * _CLEARLY >= one.score
        ]
        if divisors:
            one = replace(min(divisors, key=lambda other: other.stride), score=one.score)
        if one.score < _LEAST_SHARE * order[0].score:
            break
        if not any(_is_echo(one.stride, other.stride) for other in kept):
            kept.append(one)
    return kept


def _is_echo(stride: int, other: int) -> bool:
    """Whether a stride is another one, a multiple of it, or near to one of these."""
    times = max(1, round(stride / other))
    near = max(min(_NEAR_BYTES, other // 4), times * other // _NEAR_SHARE)
    return abs(stride - times * other) <= near


def _exact(one: _Candidate) -> int:
    """The stride, measured again on those rows alone that repeat.

    Smooth pictures in other memory have flat peaks, whose tops the other memory moves.
    """
    size, values = one.best.size, one.data.astype(np.int16)
    values = values[IN_STEP:] - values[:-IN_STEP]  # a slope, too, moves a peak
    starts = one.best.rows * size

    def unlikeness(stride: int) -> float:
        usable = starts[starts + size + stride <= len(values)]
        places = usable[:, None] + np.arange(size)
        return float(np.abs(values[places] - values[places + stride]).mean(dtype=np.float64))

    if len(starts) > (most := max(2, _MEASURED // size)):
        starts = starts[:: len(starts) // most]
    near = range(max(1, size - _MOVED), size + _MOVED + 1)
    if starts[0] + size + near[-1] > len(values):
        return size
    return min(near, key=lambda stride: (round(unlikeness(stride), 6), abs(stride - size)))


def _bits(stride: int, one: _Candidate) -> Bits:
    """Bits of a pixel, from the rows that repeat."""
    starts = one.best.rows * one.best.size
    starts = starts[starts + stride <= len(one.data)][: max(1, _MEASURED // stride)]
    return pixel_bits(one.data[starts[:, None] + np.arange(stride)]) if len(starts) else 8


def _drawable(stride: int, one: _Candidate, bits: Bits | None) -> FoundWidth | None:
    """The width of a stride, at the bits wanted or at its own, or else at 8."""
    for at in (bits,) if bits else (_bits(stride, one), 8):
        size = at // 8
        # Of 32 bits any width will do, but rows that are no whole pixels lean.
        step = size * width_step(at)
        beside = step // gcd(stride, step)
        if stride % size == 0 and beside <= _MOST_BESIDE:
            row = stride * beside
            return FoundWidth(row // size, at, row, round(one.score, 3), beside)
    return None
