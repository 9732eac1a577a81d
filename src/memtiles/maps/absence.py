"""Absence: long stretches of a region that the dump does not hold are listed, but not drawn.

A hole is drawn as such, but a reservation must not become the whole map: an address sanitizer's
shadow is 16 TiB, a runtime's heap cage 64 GiB, and an ELF header of 56 bytes can claim 2**60 bytes
of which it holds one. What is drawn of absence is bounded by what is present, never by a number
that a file claims.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from memtiles.maps.region import Region
from memtiles.memory.dump import Kind
from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span
from memtiles.printable import counted

# A longer stretch is never drawn, and shorter ones only while together they are no more than this,
# or than FACTOR times what is present. The longest are left out first.
STRETCH_LIMIT = 64 << 20
ABSENT_ALLOWANCE = 256 << 20
FACTOR = 4


@dataclass(frozen=True, slots=True)
class Stretch:
    """A region, or the piece of one, and what of it is present; `drawn` says if it will be."""

    region: Region
    runs: Runs
    drawn: bool


def without_long_absence(
    regions: Sequence[Region], space: AddressSpace
) -> tuple[list[Stretch], list[str]]:
    """Cuts regions at the absent stretches that are too long to be drawn.

    A range of the user's is never cut: he has said what he wants to see.

    Returns:
        The pieces in address order, and a line for the report where something is left out.
    """
    runs = [space.runs(region.span) for region in regions]
    sizes = [
        size
        for region, present in zip(regions, runs, strict=True)
        if region.kind is not Kind.RANGE and not present.is_whole(region.span.size)
        for _, size in _holes(present, region.span.size)
    ]
    longest = _longest_drawn(sizes, sum(present.total for present in runs))
    stretches: list[Stretch] = []
    for region, present in zip(regions, runs, strict=True):
        if region.kind is Kind.RANGE or present.is_whole(region.span.size):
            stretches.append(Stretch(region, present, True))
        else:
            stretches += _cut(region, present, longest)
    return stretches, _report([one for one in stretches if not one.drawn])


def _longest_drawn(sizes: Sequence[int], present: int) -> int:
    """The longest absent stretch that is drawn; all of one length share their fate."""
    budget = max(ABSENT_ALLOWANCE, FACTOR * present)
    drawn = total = 0
    for size in sorted(sizes):
        total += size
        if total > budget or size > STRETCH_LIMIT:
            return drawn if drawn < size else size - 1
        drawn = size
    return drawn


def _holes(present: Runs, size: int) -> Iterator[tuple[int, int]]:
    """What lies between the runs, as (offset, size)."""
    end = 0
    for start, length in present:
        if start > end:
            yield end, start - end
        end = start + length
    if end < size:
        yield end, size - end


def _cut(region: Region, present: Runs, longest: int) -> Iterator[Stretch]:
    start = 0
    for offset, size in _holes(present, region.span.size):
        if size > longest:
            yield from _piece(region, present, start, offset, drawn=True)
            yield from _piece(region, present, offset, offset + size, drawn=False)
            start = offset + size
    yield from _piece(region, present, start, region.span.size, drawn=True)


def _piece(
    region: Region, present: Runs, start: int, end: int, *, drawn: bool
) -> Iterator[Stretch]:
    if (start, end) == (0, region.span.size):
        yield Stretch(region, present, drawn)
    elif start < end:
        span = Span(region.span.start + start, end - start)
        yield Stretch(replace(region, span=span), present.clip(start, end - start), drawn)


def _report(left_out: Sequence[Stretch]) -> list[str]:
    if not left_out:
        return []
    names = list(dict.fromkeys(one.region.name for one in left_out))
    named = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    total = sum(one.region.span.size for one in left_out)
    return [
        f"{total:,} bytes in {counted(len(left_out), 'stretch', 'stretches')} too long to be "
        f"drawn ({named}) are not in "
        "the dump: they are listed, and lie in the atlas as gaps"
    ]
