"""Bands: rows of a rectangle that need not be read, because all that they show is zero or missing.

A tile half of which is zeros would cost as much to read as any other: the system fills the holes of
a file with zeros before it copies them, page by page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from memtiles.memory.runs import Runs
from memtiles.pictures.patch import Uniform

# To read so many bytes costs as much as to ask for two pieces instead of one.
_LEAST = 1 << 15


class Band(NamedTuple):
    """Rows of a rectangle from `top` on: uniform, or None where they have to be read."""

    top: int
    height: int
    what: Uniform | None


def bands(
    zeros: Runs, missing: Runs, columns: tuple[int, int], stride: int, height: int
) -> Iterator[Band]:
    """The bands of a rectangle, from top to bottom; one of them where nothing is known.

    Args:
        zeros: What is known to be zeros, counted from the first byte of the rectangle's first row.
        missing: Likewise, what is missing.
        columns: The bytes of each row that the rectangle shows, from the first up to the second.
        stride: Bytes of a row.
        height: Rows of the rectangle.
    """
    known = [(*rows, Uniform.ZERO) for rows in _whole_rows(zeros, columns, stride, height)]
    known += [(*rows, Uniform.BLANK) for rows in _whole_rows(missing, columns, stride, height)]
    at = 0
    for first, end, what in sorted(known, key=lambda one: one[0]):
        if at < first:
            yield Band(at, first - at, None)
        yield Band(first, end - first, what)
        at = end
    if at < height:
        yield Band(at, height - at, None)


def _whole_rows(
    pieces: Runs, columns: tuple[int, int], stride: int, height: int
) -> Iterator[tuple[int, int]]:
    """The rows that lie in one piece as a whole, as (first, end); short ones are left out."""
    begin, end = columns
    firsts, lasts = pieces.firsts.astype(np.int64), pieces.lasts.astype(np.int64)
    first_rows = np.maximum(-((begin - firsts) // stride), 0)
    end_rows = np.minimum((lasts + 1 - end) // stride + 1, height)
    kept = (end_rows - first_rows) * (end - begin) >= _LEAST
    yield from zip(first_rows[kept].tolist(), end_rows[kept].tolist(), strict=True)
