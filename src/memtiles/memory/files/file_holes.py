"""The holes of a sparse file: zeros that the file holds and the disk does not."""

from __future__ import annotations

import os

_LIMIT = 1 << 16  # a file of a million small holes is not worth a million seeks


def holes_of(descriptor: int, size: int) -> list[tuple[int, int]]:
    """Offset and size of each hole, as the file system tells them; none where it cannot.

    The position of the descriptor is moved.
    """
    holes: list[tuple[int, int]] = []
    if not hasattr(os, "SEEK_DATA"):
        return holes
    at = 0
    try:
        for _ in range(_LIMIT):
            start = os.lseek(descriptor, at, os.SEEK_HOLE)
            if start >= size:
                break
            at = _next_data(descriptor, start, size)
            holes.append((start, at - start))
            if at >= size:
                break
    except OSError:
        return []
    return holes


def _next_data(descriptor: int, start: int, size: int) -> int:
    try:
        return min(os.lseek(descriptor, start, os.SEEK_DATA), size)
    except OSError:  # ENXIO: holes up to the end
        return size
