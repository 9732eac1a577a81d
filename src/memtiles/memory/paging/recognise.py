"""Which kind of page tables begins at an address, if any."""

from __future__ import annotations

import numpy as np

from memtiles.errors import DumpError
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.overlap import Addresses
from memtiles.memory.paging.entries import Entries, decode
from memtiles.memory.paging.mode import PageTables, PagingMode
from memtiles.memory.paging.walk import walk_all
from memtiles.memory.span import Span

_SAMPLE = 4096  # pages that are looked at
_SURE = 0.5  # measured: 0.97 and more for what is right, 0.2 and less for what is too wide
_POSSIBLE = 0.1  # measured: 0.01 and less where there are no tables
_WEIGHT_OF_REFUSED = 10
_NAMED = np.uint64((1 << 52) - 4096)  # what of an entry is an address
_WIDEST_FIRST = (PagingMode.X64_5, PagingMode.X64, PagingMode.PAE, PagingMode.X86)


def tables_of_root(physical: ExtentSpace, root: int, known: PageTables | None) -> PageTables:
    """The page tables at a physical address that the user gives.

    A dump that tells its own tables tells their layout. Elsewhere that layout is taken most of
    whose pages are there: read in too wide a way, tables lead to nowhere. Read in too narrow a way
    they lead to the tables below, which are there, too; so the widest come first.

    Raises:
        DumpError: No way of reading leads to memory.
    """
    if known is not None:
        known = PageTables.of_register(root, known.mode, windows=known.windows)
        if not leads_to_memory(physical, known):
            raise _nothing_there(physical, root)
        return known
    candidates = [PageTables.of_register(root, mode) for mode in _WIDEST_FIRST]
    shares: list[float] = []
    for tables in candidates:
        shares.append(_share_in_memory(physical, tables))
        if shares[-1] > _SURE:
            break
    if max(shares) < _POSSIBLE:
        raise _nothing_there(physical, root)
    chosen = candidates[shares.index(max(shares))]
    return chosen._replace(windows=maps_itself(physical, chosen))


def has_top_table(physical: ExtentSpace, tables: PageTables) -> bool:
    """Whether all of the top table is in the dump; nothing is read for it."""
    span = _top_span(tables)
    return physical.runs(span).is_whole(span.size)


def leads_to_memory(physical: ExtentSpace, tables: PageTables) -> bool:
    """Whether the top table is in the dump, and something that it names, too."""
    top = _top_entries(physical, tables)
    return _count_in_memory(physical, top.physical[top.is_page | top.is_table]) > 0


def maps_itself(physical: ExtentSpace, tables: PageTables) -> bool:
    """Whether the tables are among what they map as tables: Windows does so, Linux never.

    That is how Windows reaches its page tables; so entries that are not valid are to be understood
    as its own. An entry of the top table names that table; with PAE, whose top table is too small
    to be one of pages, the last directory names all four of them (0xC0600000).
    """
    top = _top_entries(physical, tables)
    if tables.mode is not PagingMode.PAE:
        return bool(np.any(top.is_table & (top.physical == np.uint64(tables.root))))
    directories = top.physical[top.is_table]
    if len(directories) < 4:
        return False
    last = Span(int(directories[3]), 32)
    named = physical.read(last).data.view("<u8").astype(np.uint64) & _NAMED
    return bool(np.array_equal(named, directories))


def is_isolated(physical: ExtentSpace, tables: PageTables, others: PageTables) -> bool:
    """Whether `tables` are those that Linux gives a program, and `others` the kernel's (KPTI).

    Both have the same programs in their lower half: Linux keeps them so.
    """
    half = tables.mode.levels[0].entries // 2
    lower, other = (_top_words(physical, each)[:half] & _NAMED for each in (tables, others))
    return bool(np.any(lower)) and bool(np.array_equal(lower, other))


def _top_entries(physical: ExtentSpace, tables: PageTables) -> Entries:
    """The entries of the top table that are not 0."""
    words = _top_words(physical, tables)
    return decode(words[words != 0], tables.mode.levels[0], tables)


def _top_words(physical: ExtentSpace, tables: PageTables) -> Addresses:
    """The entries of the top table as they are; none where it is not in the dump."""
    if not has_top_table(physical, tables):
        return np.empty(0, np.uint64)
    data = physical.read(_top_span(tables)).data
    return data.view(f"<u{tables.mode.entry_size}").astype(np.uint64)


def _top_span(tables: PageTables) -> Span:
    return Span(tables.root, tables.mode.levels[0].entries * tables.mode.entry_size)


def _share_in_memory(physical: ExtentSpace, tables: PageTables) -> float:
    """How many of the first pages that tables map begin in the dump, from 0 to 1.

    Page 0 does not count: any small odd number looks like an entry that names it. Entries that no
    processor takes do: real tables have none, but for those that changed while they were dumped.
    """
    walked = walk_all(physical, tables, _SAMPLE)
    named = walked.pages.physical[walked.pages.physical > 0]
    count = len(named) + _WEIGHT_OF_REFUSED * walked.refused
    return _count_in_memory(physical, named) / count if count else 0.0


def _count_in_memory(physical: ExtentSpace, addresses: Addresses) -> int:
    pieces = physical.pieces_of(addresses, np.ones(len(addresses), np.uint64), len(addresses))
    return len(pieces.owner)


def _nothing_there(physical: ExtentSpace, root: int) -> DumpError:
    return DumpError(
        f"{physical.source.name}: no page tables at physical address {root:#x}: what they would "
        "map is not in the dump"
    )
