"""Which kind of page tables begins at an address that somebody gives."""

from __future__ import annotations

import numpy as np

from memtiles.errors import DumpError
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.page_entries import is_followable
from memtiles.memory.paging import walk_all
from memtiles.memory.paging_mode import PageTables, PagingMode
from memtiles.memory.span import Span

_SAMPLE = 4096  # pages that are looked at
_SURE = 0.9
_OTHERS = (PagingMode.X64, PagingMode.PAE, PagingMode.X86)


def tables_of_root(physical: ExtentSpace, root: int, known: PageTables | None) -> PageTables:
    """The page tables at a physical address that the user gives.

    A dump that tells its own tables tells their layout. Elsewhere that layout is taken which leads
    to the most pages that are there: read in a wrong way, tables lead to nowhere. But five levels
    read as four lead to tables of the last level, which are there, too; so five come first.

    Raises:
        DumpError: No way of reading leads to memory.
    """
    if known is not None:
        return PageTables.of_register(root, known.mode, windows=known.windows)
    five = PageTables.of_register(root, PagingMode.X64_5)
    if _share_in_memory(physical, five) > _SURE:
        return five._replace(windows=maps_itself(physical, five))
    candidates = [PageTables.of_register(root, mode) for mode in _OTHERS]
    scores = [_share_in_memory(physical, tables) for tables in candidates]
    best = int(np.argmax(scores))
    if scores[best] == 0:
        raise DumpError(
            f"{physical.source.name}: no page tables at physical address {root:#x}: nothing that "
            "they could map is in the dump"
        )
    chosen = candidates[best]
    return chosen._replace(windows=maps_itself(physical, chosen))


def maps_itself(physical: ExtentSpace, tables: PageTables) -> bool:
    """Whether an entry of the top table names that table: Windows does so, Linux never.

    On 64 bits Windows reaches its page tables that way; so entries that are not valid are to be
    understood as its own.
    """
    if tables.mode not in (PagingMode.X64, PagingMode.X64_5):
        return False
    table = physical.read(Span(tables.root, 4096)).data.view("<u8").astype(np.uint64)
    followed = table[is_followable(table, tables)]
    return bool(np.any(followed & np.uint64((1 << 52) - 4096) == tables.root))


def _share_in_memory(physical: ExtentSpace, tables: PageTables) -> float:
    """How many of the first pages that tables map begin in the dump, from 0 to 1.

    Page 0 does not count: any small odd number looks like an entry that names it.
    """
    pages = walk_all(physical, tables, _SAMPLE).pages
    named = pages.physical[pages.physical > 0]
    if not len(named):
        return 0
    pieces = physical.pieces_of(named, np.ones(len(named), np.uint64), len(named))
    return len(pieces.owner) / len(named)
