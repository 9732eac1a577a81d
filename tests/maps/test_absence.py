"""What is drawn of absence is bounded by what is present."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from memtiles.maps.absence import (
    ABSENT_ALLOWANCE,
    FACTOR,
    STRETCH_LIMIT,
    Stretch,
    without_long_absence,
)
from memtiles.maps.region import Region
from memtiles.memory.dump import Kind
from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace, Memory, SpaceKind
from memtiles.memory.span import Span

MIB = 1 << 20


class Table(AddressSpace):
    """A space that has a table of present bytes and no bytes."""

    kind = SpaceKind.VIRTUAL

    def __init__(self, *present: tuple[int, int]) -> None:
        self._present = Runs.of(present)

    def runs(self, span: Span) -> Runs:
        return self._present.clip(span.start, span.size)

    def read(self, span: Span) -> Memory:
        raise NotImplementedError


def region(start: int, size: int, kind: Kind = Kind.ANONYMOUS) -> Region:
    return Region("memory", kind, Span(start, size))


def rows(stretches: list[Stretch]) -> list[tuple[int, int, int, bool]]:
    return [
        (one.region.span.start, one.region.span.size, one.runs.total, one.drawn)
        for one in stretches
    ]


def test_short_holes_are_drawn() -> None:
    found, report = without_long_absence([region(0, 10 * MIB)], Table((MIB, MIB)))
    assert rows(found) == [(0, 10 * MIB, MIB, True)]
    assert report == []


def test_a_reservation_with_one_page_in_it() -> None:
    """A segment of 4 KiB in the file and 8 GiB in memory: 4,216 bytes that once took 5 minutes."""
    found, report = without_long_absence([region(0x1000, 8 << 30)], Table((0x1000, 4096)))
    assert rows(found) == [(0x1000, 4096, 4096, True), (0x2000, (8 << 30) - 4096, 0, False)]
    assert len(report) == 1
    assert "memory" in report[0]


def test_a_range_of_the_users_is_never_cut() -> None:
    found, _ = without_long_absence([region(0, 1 << 30, Kind.RANGE)], Table())
    assert rows(found) == [(0, 1 << 30, 0, True)]


def test_many_stretches_of_the_limit_are_not_drawn_either() -> None:
    regions = [region(i << 32, STRETCH_LIMIT) for i in range(150)]
    found, _ = without_long_absence(regions, Table())
    assert not any(one.drawn for one in found)


layouts = st.lists(
    st.tuples(st.integers(1, 100 * MIB), st.integers(1, 100 * MIB)), min_size=1, max_size=30
)


@given(layouts)
def test_absence_is_bounded_and_presence_is_all_there(layout: list[tuple[int, int]]) -> None:
    regions = []
    present = []
    start = 0
    for absent, there in layout:
        regions.append(region(start, absent + there))
        present.append((start + absent, there))
        start += absent + there
    found, _ = without_long_absence(regions, Table(*present))
    spans = [(one.region.span.start, one.region.span.end) for one in found]
    assert spans[0][0] == 0
    assert spans[-1][1] == start
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    held = sum(size for _, size in present)
    assert sum(one.runs.total for one in found if one.drawn) == held
    drawn = sum(one.region.span.size for one in found if one.drawn)
    assert drawn - held <= max(ABSENT_ALLOWANCE, FACTOR * held)
