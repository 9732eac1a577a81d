"""Mappings of memory that a dump holds without telling what it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from memtiles.memory.dump import Kind, Mapping
from memtiles.memory.overlap import Addresses, Pieces, first_wins
from memtiles.memory.process.landmarks import Landmark
from memtiles.memory.process.listed_modules import ModuleTable
from memtiles.memory.process.stored_ranges import StoredRanges
from memtiles.memory.span import Span


def with_bare_ranges(
    described: Sequence[Mapping],
    ranges: StoredRanges,
    modules: ModuleTable,
    landmarks: Sequence[Landmark],
) -> tuple[Mapping, ...]:
    """Mappings in address order: those that are described, and what ranges lie outside of them.

    Small dumps describe nothing. And where a list of regions is cut or forgets some, no byte that
    the dump holds may fall through.
    """
    pieces = _outside(described, ranges)
    kinds = [Kind.ANONYMOUS] * len(pieces.firsts)
    names = [""] * len(pieces.firsts)
    for number, landmark in _marked(pieces, landmarks).items():
        kinds[number], names[number] = landmark.kind, landmark.title
    homes = modules.covering(pieces.firsts, pieces.lasts)
    for number in np.flatnonzero(homes >= 0).tolist():
        kinds[number], names[number] = Kind.MODULE, modules.modules[homes[number]].path
    sizes = pieces.lasts - pieces.firsts + np.uint64(1)
    spans = map(Span, pieces.firsts.tolist(), sizes.tolist())
    bare = list(map(Mapping, spans, kinds, names))
    if not described:
        return tuple(bare)
    return tuple(sorted([*described, *bare], key=lambda mapping: mapping.span.start))


def _outside(described: Sequence[Mapping], ranges: StoredRanges) -> Pieces:
    """The pieces of ranges that lie in no mapping, sorted and disjoint."""
    if not described:
        return first_wins(ranges.addresses, ranges.lasts)
    firsts = np.array([mapping.span.start for mapping in described], np.uint64)
    lasts = np.array([mapping.span.end - 1 for mapping in described], np.uint64)
    # Nearly all ranges lie inside; sweeping them all would take seconds for a million.
    left = ~_inside(firsts, lasts, ranges.addresses, ranges.lasts)
    pieces = first_wins(
        np.append(firsts, ranges.addresses[left]), np.append(lasts, ranges.lasts[left])
    )
    of_ranges = pieces.owner >= len(described)
    return Pieces(pieces.firsts[of_ranges], pieces.lasts[of_ranges], pieces.owner[of_ranges])


def _inside(
    firsts: Addresses, lasts: Addresses, starts: Addresses, ends: Addresses
) -> npt.NDArray[np.bool_]:
    """Which of the ranges `starts .. ends` lie wholly in the union of others (both inclusive)."""
    order = np.argsort(firsts, kind="stable")
    firsts, reach = firsts[order], np.maximum.accumulate(lasts[order])
    apart = (firsts[1:] > reach[:-1]) & (firsts[1:] - reach[:-1] > 1)
    union_firsts = firsts[np.append(True, apart)]
    union_lasts = reach[np.append(apart, True)]
    at = np.searchsorted(union_firsts, starts, side="right") - 1
    inside: npt.NDArray[np.bool_] = (at >= 0) & (ends <= union_lasts[at])
    return inside


def _marked(pieces: Pieces, landmarks: Sequence[Landmark]) -> dict[int, Landmark]:
    """The numbers of pieces that landmarks lie in, each with the first of them."""
    marked: dict[int, Landmark] = {}
    addresses = np.array([landmark.address for landmark in landmarks], np.uint64)
    at = np.searchsorted(pieces.firsts, addresses, side="right") - 1
    for landmark, number in zip(landmarks, at.tolist(), strict=True):
        if number >= 0 and landmark.address <= int(pieces.lasts[number]):
            marked.setdefault(number, landmark)
    return marked
