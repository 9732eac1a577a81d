"""Runs, by property against sets of present offsets."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from memtiles.memory.runs import Runs

pieces = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=12)


def members(found: list[tuple[int, int]]) -> set[int]:
    return {start + i for start, size in found for i in range(size)}


@given(pieces)
def test_pieces_are_sorted_disjoint_and_joined(given_pieces: list[tuple[int, int]]) -> None:
    runs = Runs.of(given_pieces)
    assert members(list(runs)) == members(given_pieces)
    assert runs.total == len(members(given_pieces))
    ends = [start + size for start, size in runs]
    assert all(end < start for end, (start, _) in zip(ends, list(runs)[1:], strict=False))


@given(pieces, st.integers(0, 70), st.integers(0, 30))
def test_clip_and_mask(given_pieces: list[tuple[int, int]], start: int, size: int) -> None:
    runs = Runs.of(given_pieces)
    inside = {offset - start for offset in members(given_pieces) if start <= offset < start + size}
    assert members(list(runs.clip(start, size))) == inside
    assert set(np.flatnonzero(runs.mask(start, size)).tolist()) == inside


def test_a_run_to_the_last_address() -> None:
    runs = Runs.of([(2**64 - 4096, 4096)])
    assert list(runs) == [(2**64 - 4096, 4096)]
    assert list(runs.clip(2**64 - 16, 16)) == [(0, 16)]


@given(st.integers(1, 50), pieces)
def test_whole(size: int, given_pieces: list[tuple[int, int]]) -> None:
    expected = members(given_pieces) == set(range(size))
    assert Runs.of(given_pieces).is_whole(size) is expected


ends = st.sampled_from([0, 2**64 - 72])
"""Runs near both ends of the addresses: nothing may wrap around."""


@given(pieces, pieces, ends)
def test_what_is_in_both(
    ours: list[tuple[int, int]], theirs: list[tuple[int, int]], base: int
) -> None:
    found = moved(ours, base).within(moved(theirs, base))
    assert found == Runs.of((base + i, 1) for i in members(ours) & members(theirs))


@given(pieces, pieces, ends)
def test_what_is_in_either(
    ours: list[tuple[int, int]], theirs: list[tuple[int, int]], base: int
) -> None:
    others = members(theirs) - members(ours)
    found = moved(ours, base).joined_with(Runs.of((base + i, 1) for i in others))
    assert found == Runs.of((base + i, 1) for i in members(ours) | others)


@given(pieces, ends)
def test_what_is_missing(given_pieces: list[tuple[int, int]], base: int) -> None:
    size = base + 72
    missing = moved(given_pieces, base).rest(size)
    assert missing.total + len(members(given_pieces)) == size
    assert missing.within(moved(given_pieces, base)) == Runs.of([])
    assert missing.joined_with(moved(given_pieces, base)) == Runs.of([(0, size)])


def test_what_is_missing_of_all_addresses() -> None:
    everything = Runs.of([(0, 2**64)])
    assert everything.rest(2**64) == Runs.of([])
    assert Runs.of([]).rest(2**64) == everything


@given(pieces)
def test_pieces_in_order_are_joined(given_pieces: list[tuple[int, int]]) -> None:
    single = np.array(sorted(members(given_pieces)), np.uint64)
    assert Runs.of_sorted(single, single) == Runs.of(given_pieces)


def moved(given_pieces: list[tuple[int, int]], base: int) -> Runs:
    return Runs.of((base + start, size) for start, size in given_pieces)


def test_one_object_serves_all_regions_of_a_size_that_are_present() -> None:
    """65,536 pages, each apart from the next, took a hundred bytes of tables each."""
    runs = Runs.of((number << 13, 4096) for number in range(4))
    found = [runs.clip(number << 13, 4096) for number in range(4)]
    assert {id(one) for one in found} == {id(found[0])}
    assert found[0] == Runs.of([(0, 4096)])
    assert not found[0].firsts.flags.writeable
    assert not found[0].lasts.flags.writeable
