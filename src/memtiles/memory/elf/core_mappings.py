"""Mappings of a core: its segments, cut where the list of mapped files begins another file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from memtiles.memory.dump import Kind, Mapping
from memtiles.memory.elf.notes import MappedFile
from memtiles.memory.overlap import Pieces, first_wins
from memtiles.memory.process.modules import with_kinds
from memtiles.memory.span import Span


def mappings_of(
    starts: npt.NDArray[np.uint64],
    sizes: npt.NDArray[np.uint64],
    flags: Sequence[int | None],
    files: Sequence[MappedFile],
) -> tuple[Mapping, ...]:
    """Joins segments and mapped files to mappings, in address order and without overlaps.

    A segment may hold several files and a file several segments, so each piece between two
    borders of either is a mapping. A file that no segment covers is one too, a whole hole.

    Args:
        starts: First address of each segment.
        sizes: Bytes of each segment, at least 1.
        flags: `p_flags` of each segment, or None.
        files: Rows of NT_FILE.
    """
    segments = first_wins(starts, starts + (sizes - np.uint64(1)))
    named = first_wins(
        np.array([file.start for file in files], np.uint64),
        np.array([file.end - 1 for file in files], np.uint64),
    )
    mappings = []
    for span, segment, row in _pieces(_rows(segments), _rows(named)):
        flag = None if segment is None else flags[segment]
        file = None if row is None else files[row]
        offset = None
        if file is not None and file.offset is not None:
            offset = file.offset + span.start - file.start
        mappings.append(
            Mapping(
                span,
                Kind.ANONYMOUS,
                "" if file is None else file.path,
                None if flag is None else _protection(flag),
                offset,
            )
        )
    return with_kinds(mappings)


_Row = tuple[int, int, int]  # start, end, owner


def _rows(pieces: Pieces) -> list[_Row]:
    return [
        (first, last + 1, owner)
        for first, last, owner in zip(
            pieces.firsts.tolist(), pieces.lasts.tolist(), pieces.owner.tolist(), strict=True
        )
    ]


def _pieces(left: list[_Row], right: list[_Row]) -> list[tuple[Span, int | None, int | None]]:
    """All pieces between borders of two sorted lists, with the owner from each where it has one."""
    borders = sorted({border for row in (*left, *right) for border in row[:2]})
    pieces = []
    i = j = 0
    for start, end in pairwise(borders):
        while i < len(left) and left[i][1] <= start:
            i += 1
        while j < len(right) and right[j][1] <= start:
            j += 1
        in_left = left[i][2] if i < len(left) and left[i][0] <= start else None
        in_right = right[j][2] if j < len(right) and right[j][0] <= start else None
        if in_left is not None or in_right is not None:
            pieces.append((Span.between(start, end), in_left, in_right))
    return pieces


def _protection(flags: int) -> str:
    return "".join(letter if flags & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))
