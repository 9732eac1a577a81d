"""Width finding: at which widths the pictures and tables in raw memory stand upright.

People try widths until an image in a dump no longer leans. Where memory repeats after a stride, the
row is that long: `strides` finds these in pieces of memory, `pixel_size` how many bytes a pixel
has, and this file what of it can be drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span
from memtiles.pictures.layout import Bits, width_step
from memtiles.pictures.pixel_size import pixel_bits
from memtiles.pictures.strides import FEWEST_ROWS, IN_STEP, SHORTEST, Stride, find_strides

# Eight rows of the longest stride, and a Fourier transform of few factors.
_PIECE = 512 << 10
_PART = 64 << 10

SAMPLE = 8 << 20
"""Bytes that are looked at, however large the region is."""

LEAST_SIZE = FEWEST_ROWS * SHORTEST
"""Bytes in which a width can be found."""

# What a config takes for a width.
_WIDEST = 65_536

# So many rows of the image may lie beside each other to fill whole words.
_MOST_BESIDE = 4

# A multiple of a stride is as good as the stride; it has to be clearly better to be meant.
_CLEARLY = 1.25

# What is so near to a stride, as a share of it or in bytes, is the slope of its peak.
_NEAR_SHARE = 64
_NEAR_BYTES = 32

# How far an exact stride may be from where its peak was seen, and bytes to measure it on.
_MOVED = 4
_MEASURED = 512 << 10
_ASKED = 6
_STEPS = (4, IN_STEP)

# What is so much weaker than the best of its piece is an echo of that, and than the best of all
# not worth a look.
_LEAST_OF_PIECE = 0.45

# Parts are for icons, and chance makes more of few bytes.
_LONGEST_IN_PART = 4096
_LEAST_IN_PART = 0.18
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
        place: Where it is clearest: the first byte of a row there, counted from the start.
    """

    width: int
    bits: Bits
    stride: int
    score: float
    beside: int = 1
    place: int = 0


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
        _Piece(
            start,
            data[start : start + size],
            None if present is None else present[start : start + size],
        )
        for start, size in sample_of(Runs.of([(0, len(data))]), len(data))
    ]
    return _widths(pieces, most, bits)


def find_region_widths(
    space: AddressSpace, span: Span, most: int = 5, bits: Bits | None = None, sample: int = SAMPLE
) -> list[FoundWidth]:
    """As `find_widths`, of a span of memory, of which no more than `sample` bytes are read.

    Raises:
        DumpError: The dump changed or was cut while it was read.
    """
    pieces = []
    for start, size in sample_of(space.runs(span), span.size, sample):
        memory = space.read(Span(span.start + start, size))
        mask = None if memory.runs.is_whole(size) else memory.present
        pieces.append(_Piece(start, memory.data, mask))
    return _widths(pieces, most, bits)


def sample_of(present: Runs, size: int, sample: int = SAMPLE) -> list[tuple[int, int]]:
    """Pieces of a region in which something is present, as (start, size), evenly spread.

    A reservation of a TiB may hold a MiB: so not the region is spread over, but what is there.
    """
    if not len(present):
        return []
    firsts = (present.firsts // np.uint64(_PIECE)).astype(np.int64)
    lasts = (present.lasts // np.uint64(_PIECE)).astype(np.int64)
    firsts[1:] = np.maximum(firsts[1:], lasts[:-1] + 1)  # each piece counts once
    counts = lasts - firsts + 1
    ends = np.cumsum(counts)
    most = max(1, sample // _PIECE)
    picked = np.unique(np.linspace(0, ends[-1] - 1, min(most, int(ends[-1]))).round())
    runs = np.searchsorted(ends, picked, side="right")
    pieces = firsts[runs] + picked.astype(np.int64) - (ends[runs] - counts[runs])
    starts = (pieces * _PIECE).tolist()
    return [(start, min(_PIECE, size - start)) for start in starts]


class _Piece(NamedTuple):
    """Memory from `start` of a region on, and which of it is there; None for all."""

    start: int
    data: Bytes
    mask: Mask | None


class _Seen(NamedTuple):
    """A stride, and the memory in which it was seen."""

    stride: Stride
    piece: _Piece


@dataclass(frozen=True)
class _Candidate:
    """A stride of all pieces, and where it is clearest."""

    stride: int
    score: float
    best: _Seen


def _widths(pieces: Sequence[_Piece], most: int, bits: Bits | None) -> list[FoundWidth]:
    found: dict[int, list[_Seen]] = {}
    for piece in pieces:
        for one in _strides_of_piece(piece):
            found.setdefault(one.stride.size, []).append(one)
    candidates = [_candidate(seen, len(pieces)) for seen in found.values()]
    widths: dict[tuple[int, int], FoundWidth] = {}
    for candidate in _meant(candidates):
        size = candidate.stride
        near = [
            one for other in range(size - _MOVED, size + _MOVED + 1) for one in found.get(other, ())
        ]
        width = _drawable(_exact(size, near), candidate, bits)
        if width is not None:
            widths.setdefault((width.stride, width.bits), width)
    return list(widths.values())[:most]


def _strides_of_piece(piece: _Piece) -> list[_Seen]:
    """The strides of a piece and of parts of it: an icon is lost in half a megabyte."""
    seen = [_Seen(stride, piece) for stride in find_strides(piece.data, piece.mask)]
    for part in _parts(piece):
        strides = find_strides(part.data, part.mask, _LONGEST_IN_PART)
        seen += [_Seen(stride, part) for stride in strides if stride.score > _LEAST_IN_PART]
    best: dict[int, _Seen] = {}
    for one in seen:
        if one.stride.size not in best or best[one.stride.size].stride.score < one.stride.score:
            best[one.stride.size] = one
    highest = max((one.stride.score for one in best.values()), default=0.0)
    return [one for one in best.values() if one.stride.score > _LEAST_OF_PIECE * highest]


def _parts(piece: _Piece) -> Iterator[_Piece]:
    start, data, mask = piece
    for at in range(0, len(data) if len(data) > _PART else 0, _PART):
        there = None if mask is None else mask[at : at + _PART]
        yield _Piece(start + at, data[at : at + _PART], there)


def _candidate(seen: Sequence[_Seen], pieces: int) -> _Candidate:
    """What is clear in one place counts, and more so if it is in all."""
    scores = [one.stride.score for one in seen]
    best = max(seen, key=lambda one: one.stride.score)
    return _Candidate(best.stride.size, (max(scores) + sum(scores) / pieces) / 2, best)


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
            one = min(divisors, key=lambda other: other.stride)
        if one.score < _LEAST_SHARE * order[0].score:
            break
        if not any(_is_echo(one.stride, other.stride) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: -one.score)


def _is_echo(stride: int, other: int) -> bool:
    """Whether a stride is another one, a multiple of it, or near to one of these."""
    times = max(1, round(stride / other))
    near = max(min(_NEAR_BYTES, other // 4), times * other // _NEAR_SHARE)
    return abs(stride - times * other) <= near


def _exact(size: int, seen: Sequence[_Seen]) -> int:
    """The stride near `size`, measured again on those rows alone that repeat.

    Smooth pictures in other memory have flat peaks, whose tops the other memory moves, and where
    there is but a slope, any stride is as good. So all places that have a near one are asked.
    """
    near = range(max(1, size - _MOVED), size + _MOVED + 1)
    unlikeness = np.zeros(len(near))
    for stride, piece in sorted(seen, key=lambda one: -one.stride.score)[:_ASKED]:
        for step in _STEPS:  # of changes, for a slope, too, moves a peak
            values = piece.data.astype(np.int16)
            values = values[step:] - values[:-step]
            # The same rows for all: one row more or less may weigh more than a byte of shift.
            starts = stride.rows * stride.size
            starts = starts[starts + size + near[-1] <= len(values)]
            if len(starts):
                every = -(-len(starts) * size * _ASKED // _MEASURED)
                places = starts[::every, None] + np.arange(size)
                rows = values[places]
                each = np.array([np.abs(rows - values[places + one]).mean(axis=1) for one in near])
                # The better half of them: the others may lie in other memory.
                best = np.argsort(each.min(axis=0), kind="stable")[: -(-each.shape[1] // 2)]
                unlikeness += each[:, best].mean(axis=1)
    return min(zip(unlikeness, (abs(one - size) for one in near), near, strict=True))[2]


def _bits(stride: int, one: _Candidate) -> Bits:
    """Bits of a pixel, from the rows that repeat."""
    data = one.best.piece.data
    starts = one.best.stride.rows * one.stride
    starts = starts[starts + stride <= len(data)][: max(1, _MEASURED // stride)]
    return pixel_bits(data[starts[:, None] + np.arange(stride)]) if len(starts) else 8


def _drawable(stride: int, one: _Candidate, bits: Bits | None) -> FoundWidth | None:
    """The width of a stride, at the bits wanted or at its own, or else at 8."""
    for at in (bits,) if bits else (_bits(stride, one), 8):
        size = at // 8
        # Of 32 bits any width will do, but rows that are no whole pixels lean.
        step = size * width_step(at)
        beside = step // gcd(stride, step)
        row = stride * beside
        if stride % size == 0 and beside <= _MOST_BESIDE and row // size <= _WIDEST:
            place = one.best.piece.start + int(one.best.stride.rows[0]) * one.stride
            return FoundWidth(row // size, at, row, round(one.score, 3), beside, place)
    return None
