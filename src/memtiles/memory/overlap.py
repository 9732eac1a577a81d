"""Ranges that overlap, cut so that each address belongs to the first range that claims it."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.memory.runs import Runs

Addresses = npt.NDArray[np.uint64]


class Pieces(NamedTuple):
    """Sorted, disjoint ranges as first and last addresses; `owner` is each one's input row."""

    firsts: Addresses
    lasts: Addresses
    owner: npt.NDArray[np.int64]


def first_wins(firsts: Addresses, lasts: Addresses) -> Pieces:
    """Cuts ranges into disjoint pieces; where ranges overlap, the one listed first keeps all.

    Tables without an overlap, the usual case, cost one sort. The others cost O(n log n) for the
    ranges that do overlap, and give at most 2n pieces.

    Args:
        firsts: First address of each range.
        lasts: Last address of each range, which belongs to it.
    """
    order = np.argsort(firsts, kind="stable")
    firsts, lasts = firsts[order], lasts[order]
    if len(order) < 2 or bool(np.all(lasts[:-1] < firsts[1:])):
        return Pieces(firsts, lasts, order)
    # Ranges in one another's reach form a cluster; only clusters of two and more are swept.
    reach = np.maximum.accumulate(lasts)
    opens = np.append(True, firsts[1:] > reach[:-1])
    alone = opens & np.append(opens[1:], True)
    swept = _sweep(
        firsts[~alone].tolist(),
        lasts[~alone].tolist(),
        order[~alone].tolist(),
    )
    all_firsts = np.append(firsts[alone], np.array([piece[0] for piece in swept], np.uint64))
    all_lasts = np.append(lasts[alone], np.array([piece[1] for piece in swept], np.uint64))
    all_owners = np.append(order[alone], np.array([piece[2] for piece in swept], np.int64))
    by_address = np.argsort(all_firsts, kind="stable")
    return Pieces(all_firsts[by_address], all_lasts[by_address], all_owners[by_address])


def union_of(firsts: Addresses, lasts: Addresses) -> Runs:
    """All addresses of ranges that may overlap.

    Args:
        firsts: First address of each range.
        lasts: Last address of each range, which belongs to it.
    """
    pieces = first_wins(firsts, lasts)
    return Runs.of_sorted(pieces.firsts, pieces.lasts)


def _sweep(firsts: list[int], lasts: list[int], owners: list[int]) -> list[list[int]]:
    """Walks up the addresses with a heap of the ranges that are open, lowest owner on top."""
    pieces: list[list[int]] = []
    open_ranges: list[tuple[int, int]] = []
    at = 0
    for first, last, owner in zip(
        [*firsts, 1 << 64], [*lasts, 1 << 64], [*owners, -1], strict=True
    ):
        while open_ranges and at < first:
            top, end = open_ranges[0]
            if end < at:
                heapq.heappop(open_ranges)
                continue
            stop = min(end, first - 1)
            if pieces and pieces[-1][2] == top and pieces[-1][1] + 1 == at:
                pieces[-1][1] = stop
            else:
                pieces.append([at, stop, top])
            at = stop + 1
        at = first
        heapq.heappush(open_ranges, (owner, last))
    return pieces
