"""Strides: after how many bytes memory repeats itself, as the rows of a picture or a table do.

The autocorrelation of memory is high at many distances that say nothing: words of 4 and 8 bytes,
smooth data, long runs of one value. So a stride has to stand out from those strides around it at
which words are in step with it, has to do so at more than two places of the piece, and over more
of its row than the header of a page.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

SHORTEST = 16
"""Bytes of the shortest stride that is found."""

LONGEST = 80_000
"""Bytes of the longest one."""

IN_STEP = 24
"""Bytes after which rows of pixels of 1, 2, 3, 4 or 8 bytes, and of words, are in step again."""

FEWEST_ROWS = 6
"""Rows in which a stride is found at least."""

# What is left of 1 above the strides around it, and how many standard deviations of chance.
_LEAST_CONTRAST = 0.12
_LEAST_DEVIATIONS = 7.0

# What is so much weaker than the best of a piece is an echo of it.
_LEAST_SHARE = 0.4

# Rows repeat after two strides, too, if less so. Words of text only seem to have a stride, by how
# often they are of some lengths.
_LEAST_AT_TWICE = 0.25

# How far a peak has to fall beside itself, as a share of what it stands out: a wide hill is smooth
# data, and its top is anywhere.
_LEAST_FALL = 0.1
_SHARE_OF_STRIDE = 16

_AROUND = 32
_LOOKED_AT = 24
_LEAST_BREADTH = 1 / 24
_PAGE = 4096


class Stride(NamedTuple):
    """A stride of one piece of memory.

    Attributes:
        size: Bytes.
        score: How much of the memory's variation repeats after it, from 0 to 1.
        rows: Numbers of those rows, of that many bytes from the piece's start on, that repeat.
    """

    size: int
    score: float
    rows: Numbers


def find_strides(data: Bytes, present: Mask | None, longest: int = LONGEST) -> list[Stride]:
    """The strides at which a piece of memory repeats, best first, with their multiples.

    Args:
        data: At most some hundreds of KiB: an array of eight bytes for each is made.
        present: Which of it is there; None for all. What is not there equals nothing.
        longest: The longest stride that is wanted.
    """
    longest = min(longest, len(data) // FEWEST_ROWS)
    if longest < SHORTEST or data.min(initial=255) == data.max(initial=0):
        return []
    mask = None if present is None or present.all() else present
    best: dict[int, Stride] = {}
    for values, there in _signals(data, mask):
        for stride in _strides(values, there, longest):
            if stride.size not in best or best[stride.size].score < stride.score:
                best[stride.size] = stride
    order = sorted(best.values(), key=lambda one: -one.score)
    return [one for one in order if one.score > _LEAST_SHARE * order[0].score]


def _signals(data: Bytes, mask: Mask | None) -> list[tuple[Floats, Mask | None]]:
    """The bytes without their mean, and how they change from one pixel to a near one.

    The first has what is smooth, such as a sky; the second what is sharp, and nothing of words that
    all have the same bytes in the same places.
    """
    values = data.astype(np.float32)
    if mask is None:
        return [(values - values.mean(), None), (values[IN_STEP:] - values[:-IN_STEP], None)]
    if not mask.any():
        return []
    values = np.where(mask, values - values[mask].mean(), np.float32(0))
    both = mask[IN_STEP:] & mask[:-IN_STEP]
    changes = np.where(both, values[IN_STEP:] - values[:-IN_STEP], np.float32(0))
    return [(values, mask), (changes, both)]


def _strides(values: Floats, mask: Mask | None, longest: int) -> list[Stride]:
    likeness = autocorrelation(values, mask, longest + longest // 2 + 2 * IN_STEP)
    # Bartlett: how much chance adds to a likeness of 0 in data that is like its neighbours.
    near = likeness[1:256]
    chance = np.sqrt((1 + 2 * np.square(near).sum()) / max(1, np.count_nonzero(values)))
    peaks = _peaks(likeness, longest)
    if not len(peaks):
        return []
    beside = _beside(peaks)
    ground = _ground(likeness, peaks)
    above = likeness[peaks] - ground
    contrast = above / np.maximum(1 - ground, 1e-3)
    fall = likeness[peaks] - (likeness[peaks - beside] + likeness[peaks + beside]) / 2
    twice = 2 * peaks
    at_twice = likeness[np.minimum(twice, len(likeness) - 1)] - ground
    good = (
        (contrast > _LEAST_CONTRAST)
        & (above > _LEAST_DEVIATIONS * chance)
        & (fall > _LEAST_FALL * above)
        & ((twice >= len(likeness)) | (at_twice > _LEAST_AT_TWICE * above))
    )
    order = np.flatnonzero(good)[np.argsort(-contrast[good], kind="stable")][:_LOOKED_AT]
    found = []
    for at in order.tolist():
        size = int(peaks[at])
        rows = _rows_that_repeat(values, size, int(beside[at]))
        if len(rows):
            found.append(Stride(size, float(min(1.0, contrast[at])), rows))
    return found


def autocorrelation(values: Floats, mask: Mask | None, longest: int) -> Floats:
    """How like the values are to themselves, shifted by 0 to `longest`: from -1 to 1.

    Each shift is measured on the pairs that are both there, with their own energies.
    """
    longest = min(longest, len(values) - 1)
    size = _quick_size(len(values) + longest)
    spectrum = np.fft.rfft(values, size)
    products = np.fft.irfft(np.square(np.abs(spectrum)), size)[: longest + 1]
    squares = np.square(values, dtype=np.float64)
    if mask is None:
        total = np.append(0.0, np.cumsum(squares))
        shifts = np.arange(longest + 1)
        left, right = total[len(values) - shifts], total[-1] - total[shifts]
    else:
        energy = np.fft.rfft(squares, size)
        there = np.fft.rfft(mask.astype(np.float32), size)
        left = np.fft.irfft(energy.conj() * there, size)[: longest + 1]
        right = np.fft.irfft(energy * there.conj(), size)[: longest + 1]
    # A shift at which next to nothing meets says nothing, however well that fits.
    least = 1e-2 * squares.sum() + 1e-9
    enough = (left > least) & (right > least)
    scale = np.sqrt(np.where(enough, left * right, 1.0))
    found: Floats = np.where(enough, products / scale, 0.0).clip(-1, 1).astype(np.float32)
    return found


def _quick_size(least: int) -> int:
    """The next size of a Fourier transform that is made of small factors."""
    sizes = (step << (least.bit_length() - 4) for step in (8, 9, 10, 12, 15, 16))
    return min(size for size in sizes if size >= least) if least > 16 else 16


def _peaks(likeness: Floats, longest: int) -> Numbers:
    """The strides that are the best of those near them."""
    window = 2 * (IN_STEP // 2) + 1
    padded = np.pad(likeness, IN_STEP // 2, constant_values=-1)
    highest = np.lib.stride_tricks.sliding_window_view(padded, window).max(axis=1)
    # Short strides have near ones that are words: these are looked at closely.
    close = np.lib.stride_tricks.sliding_window_view(np.pad(likeness, 4, constant_values=-1), 9)
    small = min(3 * IN_STEP, len(likeness))
    highest[:small] = close[:small].max(axis=1)
    shifts = np.flatnonzero((likeness >= highest) & (likeness > 0))
    last = min(longest, len(likeness) * 2 // 3 - 2 * IN_STEP)
    shifts = shifts[(shifts >= SHORTEST) & (shifts <= last)]
    beside = _beside(shifts)
    found: Numbers = shifts[
        2 * likeness[shifts] > likeness[shifts - beside] + likeness[shifts + beside]
    ]
    return found


def _beside(strides: Numbers) -> Numbers:
    """How far from a stride its peak has to have fallen."""
    words = np.maximum(1, strides // (_SHARE_OF_STRIDE * IN_STEP)) * IN_STEP
    return np.where(strides <= 2 * IN_STEP, np.minimum(8, strides // 2), words)


def _ground(likeness: Floats, strides: Numbers) -> Floats:
    """How like the memory is to itself around each stride, where words are in step."""
    step = np.maximum(1, strides // (2 * _AROUND * IN_STEP)) * IN_STEP
    # No multiple of the stride, which is as good as it.
    reach = np.append(np.arange(-_AROUND, 0), np.arange(1, _AROUND + 1))
    own = strides[:, None]
    around = own + reach * step[:, None]
    usable = (around >= 8) & (around < 1.6 * own + IN_STEP) & (around % own != 0)
    # Changes from one byte to that in step are unlike themselves there, by how they are made.
    usable &= (around != IN_STEP) & (around < len(likeness))
    # Of 24 itself all are multiples.
    around = np.where(usable.any(axis=1, keepdims=True), around, own + own // 2)
    usable |= ~usable.any(axis=1, keepdims=True)
    around = np.where(usable, around, 0)
    found: Floats = np.nanmedian(np.where(usable, likeness[around], np.nan), axis=1)
    return found


def _rows_that_repeat(values: Floats, stride: int, beside: int) -> Numbers:
    """The rows that are more like the next one than like what lies beside it.

    Empty where these are too few for a picture: two equal blocks far from each other are none, nor
    are pages of which only a few bytes are alike.
    """
    count = (len(values) - beside) // stride - 1
    if count < FEWEST_ROWS - 1:
        return np.zeros(0, np.int64)
    end = count * stride
    shifted = values[stride : stride + end]
    before = values[stride - beside : stride - beside + end]
    after = values[stride + beside : stride + beside + end]
    gain = (values[:end] * (shifted - (before + after) / 2)).reshape(count, stride)
    rows = gain.sum(axis=1, dtype=np.float64)
    columns = gain.sum(axis=0, dtype=np.float64)
    if _participants(rows) < FEWEST_ROWS / 2:
        return np.zeros(0, np.int64)
    if _participants(columns) < _LEAST_BREADTH * stride and stride % _PAGE == 0:
        return np.zeros(0, np.int64)
    good: Numbers = np.flatnonzero(rows > 0.3 * np.percentile(rows, 90))
    return good


def _participants(gains: npt.NDArray[np.float64]) -> float:
    """How many of the gains make up their sum: all if they are equal, 1 if one is everything."""
    total = gains.sum()
    return float(total * total / max(np.square(gains).sum(), 1e-9)) if total > 0 else 0.0
