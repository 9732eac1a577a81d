"""What page tables map, as mappings: of tables written by builders.page_tables."""

from __future__ import annotations

import pytest

from builders.page_tables import (
    NO_EXECUTE,
    PRESENT,
    PROTOTYPE,
    TRANSITION,
    USER,
    WRITE,
    PageTables,
)
from memory.machines import paged
from memtiles.memory.dump import Kind
from memtiles.memory.paging.mappings import MAPPINGS_LIMIT, page_mappings

PAGE, MIB = 4096, 1 << 20
Row = tuple[int, int, str | None, Kind]


def mapped(tables: PageTables, *, windows: bool = False) -> list[Row]:
    found = page_mappings(paged(tables, windows=windows).walk_all())
    return [(m.span.start, m.span.end, m.protection, m.kind) for m in found]


@pytest.mark.parametrize(
    ("flags", "protection", "kind"),
    [
        (PRESENT, "r-x", Kind.KERNEL),
        (PRESENT | WRITE, "rwx", Kind.KERNEL),
        (PRESENT | WRITE | NO_EXECUTE, "rw-", Kind.KERNEL),
        (PRESENT | USER, "r-x", Kind.ANONYMOUS),
        (PRESENT | USER | NO_EXECUTE, "r--", Kind.ANONYMOUS),
        (PRESENT | USER | WRITE, "rwx", Kind.ANONYMOUS),
    ],
)
@pytest.mark.parametrize(("mode", "size"), [("pae", PAGE), ("x64", PAGE), ("x64-5", 2 * MIB)])
def test_rights(mode: str, size: int, flags: int, protection: str, kind: Kind) -> None:
    tables = PageTables(mode)
    tables.map(0x4000_0000, 0, size, flags)
    assert mapped(tables) == [(0x4000_0000, 0x4000_0000 + size, protection, kind)]


def test_32_bit_entries_forbid_no_execution() -> None:
    tables = PageTables("x86")
    tables.map(0xC000_0000, 0, PAGE, PRESENT)
    tables.map(0xFFFF_F000, 0, PAGE, PRESENT | USER | WRITE)
    assert mapped(tables) == [
        (0xC000_0000, 0xC000_1000, "r-x", Kind.KERNEL),
        (0xFFFF_F000, 1 << 32, "rwx", Kind.ANONYMOUS),
    ]


@pytest.mark.parametrize("size", [2 * MIB, 1 << 30, 1 << 39])
@pytest.mark.parametrize(
    ("clear", "set", "protection", "kind"),
    [
        (WRITE, 0, "r-x", Kind.ANONYMOUS),
        (USER, 0, "rwx", Kind.KERNEL),
        (0, NO_EXECUTE, "rw-", Kind.ANONYMOUS),
        (WRITE | USER, NO_EXECUTE, "r--", Kind.KERNEL),
    ],
)
def test_what_a_table_above_forbids_stays_forbidden(
    size: int, clear: int, set: int, protection: str, kind: Kind
) -> None:
    tables = PageTables("x64")
    tables.map(0x1000, 0x80_0000)
    tables.change(0x1000, size, clear=clear, set=set)
    assert mapped(tables) == [(0x1000, 0x2000, protection, kind)]


def test_the_top_entries_of_pae_forbid_nothing() -> None:
    """They have no such bits: where they would be, 0 is prescribed."""
    tables = PageTables("pae")
    tables.map(0x4000_0000, 0)
    assert tables.word(0x4000_0000, 1 << 30) & (WRITE | USER) == 0
    assert mapped(tables) == [(0x4000_0000, 0x4000_1000, "rwx", Kind.ANONYMOUS)]


def test_neighbours_that_are_alike_are_one_over_all_sizes_of_pages() -> None:
    tables = PageTables("x64")
    for page in range(512):
        tables.map(page * PAGE, 0x80_0000 + (page ^ 1) * PAGE)
    tables.map(2 * MIB, 0x4000_0000, 2 * MIB)
    tables.map(4 * MIB, 0x80_0000, PAGE, PRESENT | USER)
    tables.map(4 * MIB + 2 * PAGE, 0x80_0000)
    assert mapped(tables) == [
        (0, 4 * MIB, "rwx", Kind.ANONYMOUS),
        (4 * MIB, 4 * MIB + PAGE, "r-x", Kind.ANONYMOUS),
        (4 * MIB + 2 * PAGE, 4 * MIB + 3 * PAGE, "rwx", Kind.ANONYMOUS),
    ]


def test_the_two_ends_of_the_addresses_do_not_touch() -> None:
    tables = PageTables("x64")
    for address in (0, (1 << 47) - PAGE, (1 << 64) - (1 << 47), (1 << 64) - PAGE):
        tables.map(address, 0)
    assert [row[:2] for row in mapped(tables)] == [
        (0, PAGE),
        ((1 << 47) - PAGE, 1 << 47),
        ((1 << 64) - (1 << 47), (1 << 64) - (1 << 47) + PAGE),
        ((1 << 64) - PAGE, 1 << 64),
    ]


def test_what_is_paged_out_belongs_to_its_neighbours() -> None:
    """A heap of which every other page was paged out is one heap, not hundreds."""
    tables = PageTables("x64")
    for page in range(40):
        if page % 2:
            tables.map(0x1_0000 + page * PAGE, 0x80_0000, PAGE, PRESENT | USER | WRITE | NO_EXECUTE)
        else:
            tables.put(0x1_0000 + page * PAGE, PAGE, 0x1234_0000_0080)
    assert mapped(tables) == [(0x1_0000, 0x1_0000 + 40 * PAGE, "rw-", Kind.ANONYMOUS)]


def test_what_is_paged_out_between_others_belongs_to_what_is_before_it() -> None:
    tables = PageTables("x64")
    tables.map(0x1000, 0, PAGE, PRESENT | USER)
    tables.put(0x2000, PAGE, PROTOTYPE)
    tables.map(0x3000, 0, PAGE, PRESENT | USER | WRITE)
    assert [row[:3] for row in mapped(tables)] == [
        (0x1000, 0x3000, "r-x"), (0x3000, 0x4000, "rwx")
    ]  # fmt: skip


def test_of_what_is_paged_out_alone_no_rights_are_known() -> None:
    tables = PageTables("x64")
    tables.put(0x1000, PAGE, PROTOTYPE)
    tables.put(0xFFFF_8000_0000_0000, PAGE, PROTOTYPE)
    assert mapped(tables) == [
        (0x1000, 0x2000, None, Kind.ANONYMOUS),
        (0xFFFF_8000_0000_0000, 0xFFFF_8000_0000_1000, None, Kind.KERNEL),
    ]


@pytest.mark.parametrize(
    ("protection", "expected"),
    [(1, "r--"), (2, "r-x"), (3, "r-x"), (4, "rw-"), (5, "rw-"), (6, "rwx"), (7, "rwx")],
)
def test_the_rights_of_a_page_in_transition(protection: int, expected: str) -> None:
    """Windows' MM_READONLY, MM_EXECUTE, MM_EXECUTE_READ, MM_READWRITE and so on, in bits 5 to 9."""
    tables = PageTables("x64")
    tables.put(0x1000, PAGE, 0x80_0000 | TRANSITION | protection << 5)
    assert mapped(tables, windows=True) == [(0x1000, 0x2000, expected, Kind.ANONYMOUS)]


def test_a_table_in_transition_forbids_nothing() -> None:
    """Its protection is its own: who may write to the table, not who may execute the pages."""
    tables = PageTables("x64")
    tables.map(0x1000, 0x80_0000, PAGE, PRESENT | USER)
    tables.change(0x1000, 2 * MIB, clear=PRESENT | WRITE | USER, set=TRANSITION | 4 << 5)
    assert mapped(tables, windows=True) == [(0x1000, 0x2000, "r-x", Kind.ANONYMOUS)]


def test_too_many_rights_are_joined() -> None:
    tables = PageTables("x64", 1 << 20)
    count = 2 * MAPPINGS_LIMIT
    for page in range(count):
        tables.map(page * PAGE, 0x80_0000, PAGE, PRESENT | (WRITE if page % 2 else 0))
    tables.map(1 << 30, 0x80_0000)
    assert [row[:3] for row in mapped(tables)] == [
        (0, count * PAGE, None),
        (1 << 30, (1 << 30) + PAGE, None),
    ]


def test_of_too_many_gaps_the_smallest_are_joined() -> None:
    tables = PageTables("x64", 2 << 20)
    count = 2 * MAPPINGS_LIMIT
    for page in range(count):
        tables.map(page * 2 * PAGE, 0x80_0000)
    tables.map(1 << 40, 0x80_0000)
    assert [row[:2] for row in mapped(tables)] == [
        (0, (2 * count - 1) * PAGE),
        (1 << 40, (1 << 40) + PAGE),
    ]
