"""Ranges against a table of every single address, filled in the order of the list."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from builders.effort import little_work
from memtiles.memory.overlap import first_wins

TOP = (1 << 64) - 1
ranges = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 30)).map(
        lambda pair: (pair[0], min(pair[0] + pair[1], 63))
    ),
    max_size=12,
)


@given(ranges, st.sampled_from([0, 1 << 33, TOP - 63]))
def test_each_address_belongs_to_the_first_range_that_claims_it(
    rows: list[tuple[int, int]], base: int
) -> None:
    owners: dict[int, int] = {}
    for index, (first, last) in enumerate(rows):
        for address in range(first, last + 1):
            owners.setdefault(base + address, index)
    pieces = first_wins(
        np.array([base + first for first, _ in rows], np.uint64),
        np.array([base + last for _, last in rows], np.uint64),
    )
    found: dict[int, int] = {}
    end = -1
    for first, last, owner in zip(*(column.tolist() for column in pieces), strict=True):
        assert end < first <= last, "sorted and disjoint"
        end = last
        found.update(dict.fromkeys(range(first, last + 1), owner))
    assert found == owners
    assert len(pieces.firsts) <= 2 * len(rows)


def test_a_pile_of_ranges_is_not_quadratic() -> None:
    """60,000 ranges, each inside the one listed after it."""
    count = 60_000
    firsts = np.arange(count, 0, -1).astype(np.uint64)
    lasts = np.arange(3 * count, 4 * count).astype(np.uint64)
    with little_work(100 * count):
        pieces = first_wins(firsts, lasts)
    assert len(pieces.firsts) == 2 * count - 1
