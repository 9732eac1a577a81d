"""The holes of a sparse file: zeros that the file holds and the disk does not."""

from __future__ import annotations

import os

_LIMIT = 1 << 16  # a file of a million small holes is not worth a million seeks


def holes_of(descriptor: int, end: int, start: int = 0) -> list[tuple[int, int]]:
    """Offset and size of each hole, as the file system tells them; none where it cannot.

    The position of the descriptor is moved.

    Args:
        descriptor: Of a file.
        end: Where to end, at most at the end of the file.
        start: Where to begin.
    """
    holes: list[tuple[int, int]] = []
    if not hasattr(os, "SEEK_DATA"):
        return holes
    at = start
    try:
        for _ in range(_LIMIT):
            hole = os.lseek(descriptor, at, os.SEEK_HOLE)
            if hole >= end:
                break
            at = _next_data(descriptor, hole, end)
            holes.append((hole, at - hole))
            if at >= end:
                break
    except OSError:
        return []
    return holes


def _next_data(descriptor: int, hole: int, end: int) -> int:
    try:
        return min(os.lseek(descriptor, hole, os.SEEK_DATA), end)
    except OSError:  # ENXIO: holes up to the end
        return end
