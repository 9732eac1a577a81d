"""Runs: which bytes are present. The only authority on holes, from the dump to the last tile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt


def numbered(
    firsts: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each row the numbers `first .. first + count`, one after the other.

    Returns:
        The row of each number, and the numbers.
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) + np.repeat(firsts - (np.cumsum(counts) - counts), counts)


@dataclass(frozen=True, eq=False)
class Runs:
    """Sorted, disjoint, non-adjacent pieces `(start, size)`; what lies between them is a hole.

    The pieces are kept as first and *last* bytes in two uint64 arrays, because the end of a piece
    may be 2**64, which no uint64 holds.
    """

    firsts: npt.NDArray[np.uint64]
    lasts: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, pieces: Iterable[tuple[int, int]]) -> Runs:
        """Runs from `(start, size)` pieces in any order; overlapping and adjacent ones are joined.

        Empty pieces are dropped.
        """
        joined: list[list[int]] = []
        for start, size in sorted(piece for piece in pieces if piece[1] > 0):
            if joined and start <= joined[-1][1] + 1:
                joined[-1][1] = max(joined[-1][1], start + size - 1)
            else:
                joined.append([start, start + size - 1])
        table = np.array(joined, dtype=np.uint64).reshape(-1, 2)
        return cls(table[:, 0].copy(), table[:, 1].copy())

    @classmethod
    def of_sorted(cls, firsts: npt.NDArray[np.uint64], lasts: npt.NDArray[np.uint64]) -> Runs:
        """Runs from pieces in address order that do not overlap; adjacent ones are joined."""
        if not len(firsts):
            return cls(firsts, lasts)
        apart = firsts[1:] - lasts[:-1] != 1
        return cls(firsts[np.append(True, apart)], lasts[np.append(apart, True)])

    def __len__(self) -> int:
        return len(self.firsts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for first, last in zip(self.firsts.tolist(), self.lasts.tolist(), strict=True):
            yield first, last - first + 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Runs) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Runs({list(self)!r})" if len(self) < 8 else f"Runs(<{len(self)} pieces>)"

    @cached_property
    def total(self) -> int:
        """How many bytes are present."""
        return int((self.lasts - self.firsts).sum()) + len(self)

    def is_whole(self, size: int) -> bool:
        """Whether all of `0 .. size` is present."""
        return len(self) == 1 and self.total == size and int(self.firsts[0]) == 0

    def clip(self, start: int, size: int) -> Runs:
        """The pieces inside `start .. start + size`, counted from `start`."""
        if size <= 0 or not len(self):
            return NO_RUNS
        last = start + size - 1
        low = int(self.lasts.searchsorted(np.uint64(start), side="left"))
        high = int(self.firsts.searchsorted(np.uint64(last), side="right"))
        if low >= high:
            return NO_RUNS
        if high - low == 1:
            return _one_run(
                max(int(self.firsts[low]), start) - start, min(int(self.lasts[low]), last) - start
            )
        firsts = np.maximum(self.firsts[low:high], np.uint64(start)) - np.uint64(start)
        lasts = np.minimum(self.lasts[low:high], np.uint64(last)) - np.uint64(start)
        return Runs(firsts, lasts)

    def joined_with(self, other: Runs) -> Runs:
        """What is in either of two runs that have no byte in common."""
        firsts = np.append(self.firsts, other.firsts)
        order = np.argsort(firsts, kind="stable")
        return Runs.of_sorted(firsts[order], np.append(self.lasts, other.lasts)[order])

    def within(self, other: Runs) -> Runs:
        """What is in both."""
        low = np.searchsorted(other.lasts, self.firsts, side="left")
        counts = np.searchsorted(other.firsts, self.lasts, side="right") - low
        owner, at = numbered(low, counts)
        return Runs.of_sorted(
            np.maximum(self.firsts[owner], other.firsts[at]),
            np.minimum(self.lasts[owner], other.lasts[at]),
        )

    def rest(self, size: int) -> Runs:
        """What of `0 .. size` is missing; `size` is at least 1 and no piece lies beyond it."""
        if not len(self):
            return _one_run(0, size - 1)
        firsts = np.append(np.uint64(0), self.lasts + np.uint64(1))
        lasts = np.append(self.firsts - np.uint64(1), np.uint64(size - 1))
        # Where a piece touches an end, the rest before or behind it would have -1 for its last
        # or 2**64 for its first byte.
        kept = np.ones(len(firsts), np.bool_)
        kept[0] = self.firsts[0] > 0
        kept[-1] = int(self.lasts[-1]) < size - 1
        return Runs(firsts[kept], lasts[kept])

    def mask(self, start: int, size: int) -> npt.NDArray[np.bool_]:
        """Presence of each byte of `start .. start + size`, as `size` booleans."""
        present = np.zeros(size, dtype=np.bool_)
        for first, length in self.clip(start, size):
            present[first : first + length] = True
        return present


# Tens of thousands of regions may have nothing present: one object says so of all of them.
NO_RUNS = Runs.of([])


@lru_cache(maxsize=1024)
def _one_run(first: int, last: int) -> Runs:
    """A single piece.

    Most regions are present as a whole, and tens of thousands may be of one size. One object serves
    all of them, which nobody may write to then.
    """
    firsts, lasts = np.array([first], np.uint64), np.array([last], np.uint64)
    firsts.flags.writeable = lasts.flags.writeable = False
    return Runs(firsts, lasts)


def parting_gap(gaps: npt.NDArray[np.uint64], limit: int, least: int, smallest: int) -> int:
    """The gap up to which pieces have to be joined so that there are no more than `limit` of them.

    Args:
        gaps: What lies between each piece and the next.
        limit: How many pieces there may be.
        least: The gap up to which they are joined anyway; 0 for none.
        smallest: Where that leaves too many, the first gap to try; the next are twice as wide.
    """
    gap = least
    while int((gaps > gap).sum()) >= limit:
        gap = max(2 * gap, smallest)
    return gap
