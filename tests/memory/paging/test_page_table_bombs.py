"""Page tables that want to be more than a reader can hold: all of them small files.

The limits are of memory. That they take no longer than a moment was seen by hand.
"""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from builders.page_tables import LARGE, flat_tables
from memory.machines import physical_memory
from memtiles.errors import LimitError
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.machine.spaces import Machine
from memtiles.memory.paging.mappings import MAPPINGS_LIMIT
from memtiles.memory.paging.mode import PageTables, PagingMode
from memtiles.memory.paging.space import PagedSpace
from memtiles.memory.space import Absence
from memtiles.memory.span import Span

PAGE = 4096
EVERYTHING = Span(0, 1 << 64)
MODES = list(PagingMode)
SIZES = [8 << 10, 1 << 20, 4 << 20]
Rows = list[list[int]]


@contextmanager
def little_memory(limit: int = 50 << 20) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def itself(_: int) -> Rows:
    return [[7]]


def two_that_take_turns(_: int) -> Rows:
    return [[7, PAGE | 7], [PAGE | 7, 7]]


def two_at_each_level(_: int) -> Rows:
    return [[(2 * level + side) * PAGE | 7 for side in (1, 2)] for level in range(6) for _ in "ab"]


def each_the_next(count: int) -> Rows:
    return [[(page + 1) % count * PAGE | 7] for page in range(count)]


def at_random(count: int) -> Rows:
    chance = random.Random(4)
    return [[chance.randrange(count) * PAGE | 7 for _ in range(512)] for _ in range(count)]


def large_at_random(count: int) -> Rows:
    chance = random.Random(5)
    large = [7 | chance.randrange(2) * LARGE for _ in range(512)]
    return [[chance.randrange(count) * PAGE | flags for flags in large] for _ in range(count)]


def holes_between(count: int) -> Rows:
    """Every other entry is paged out, so that nothing can be joined."""
    return [[(page + 1) % count * PAGE | 7, 2, 0] for page in range(count)]


def nothing_but_paged_out(count: int) -> Rows:
    return [[(page + 1) % count * PAGE | 7] * 4 + [0] for page in range(4)] + [[2, 0]] * (count - 4)


def almost_empty(count: int) -> Rows:
    """As many tables as the limit allows, with one entry each."""
    chance = random.Random(6)
    quarter = max(1, count // 4)
    wide = [[(1 + i % quarter) % count * PAGE | 7 for i in range(512)]]
    for _ in range(quarter - 1):
        wide.append([chance.randrange(quarter, count) * PAGE | 7 for _ in range(140)] + [0] * 372)
    for _ in range(count - quarter):
        row = [0] * 512
        row[chance.randrange(512)] = chance.randrange(quarter, count) * PAGE | 7
        wide.append(row)
    return wide


def noise(count: int) -> Rows:
    chance = random.Random(7)
    return [[chance.getrandbits(64) for _ in range(512)] for _ in range(count)]


BOMBS = [
    itself, two_that_take_turns, two_at_each_level, each_the_next, at_random, large_at_random,
    holes_between, nothing_but_paged_out, almost_empty, noise,
]  # fmt: skip


def machine(rows: Rows, size: int) -> ExtentSpace:
    count = size // PAGE
    return physical_memory({0: flat_tables((rows + [[0]] * count)[:count])})


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs(bomb: Callable[[int], Rows], mode: PagingMode, size: int) -> None:
    physical = machine(bomb(size // PAGE), size)
    tables = PageTables(0, mode, windows=True)
    with little_memory():
        opened = Machine(physical, tables)
        contents = opened.contents_of(opened.spaces[0])
    assert len(contents.mappings) <= MAPPINGS_LIMIT
    space = PagedSpace(physical, tables)
    with little_memory(), suppress(LimitError):
        space.runs(EVERYTHING)
    for mapping in contents.mappings[:3]:
        some = Span(mapping.span.start, min(mapping.span.size, 3 * PAGE))
        assert opened.spaces[0].read(some).runs == space.runs(some)


@pytest.mark.parametrize("mode", [PagingMode.X64, PagingMode.X64_5])
def test_what_repeats_itself_is_not_listed_but_can_be_read(mode: PagingMode) -> None:
    """A kernel with an address sanitizer maps 16 TiB to one page of zeros in this way."""
    levels = len(mode.levels)
    rows = [[page * PAGE | 7] for page in range(1, levels + 1)]
    rows[0] += [0] * 511
    physical = physical_memory({0: flat_tables(rows) + b"\xf3" * PAGE})
    opened = Machine(physical, PageTables(0, mode))
    virtual = opened.spaces[0]
    assert opened.contents_of(virtual).mappings == ()
    assert "mapped to the same page again and again" in opened.contents_of(virtual).warnings[-1]
    memory = virtual.read(Span(0x12_3456_7FFF, 2))
    assert memory.data.tobytes() == b"\xf3\xf3"


def test_an_entry_that_names_the_last_page_of_all() -> None:
    rows = [
        [PAGE | 7] + [0] * 511,
        [(1 << 52) - PAGE | 7] * 2 + [LARGE | 7 | (1 << 52) - (1 << 30)],
    ]
    physical = physical_memory({0: flat_tables(rows)})
    space = PagedSpace(physical, PageTables(0, PagingMode.X64))
    span = Span(0, 4 << 30)
    space.walk_all()
    assert space.holes(span) == PagedSpace(physical, space.tables).holes(span)
    assert Absence.NOT_IN_FILE in space.holes(span)


def test_segments_that_share_the_same_bytes_do_not_raise_the_limit() -> None:
    """A thousand pieces of physical memory that all stand at the same place of the file."""
    blob = flat_tables([[7 | PAGE, 7], [7, 7 | PAGE]])
    one = physical_memory({0: blob})
    again = [number << 32 for number in range(4096)]
    many = ExtentSpace(one.kind, one.source, again, [len(blob)] * 4096, [7] * 4096)
    assert many.stored == len(blob)
    with little_memory():
        space = PagedSpace(many, PageTables(0, PagingMode.X64))
        assert len(space.walk_all().pages.starts) <= (1 << 16) + len(blob) // 512


def test_what_is_remembered_of_many_wide_ranges_is_little() -> None:
    """Each has nearly as many pages as may be in one."""
    wide = 240 << 20
    space = PagedSpace(machine(at_random(2), 8 << 10), PageTables(0, PagingMode.X64))
    with little_memory(32 << 20):
        for number in range(20):
            assert space.runs(Span(number * wide, wide)).total > wide // 4
