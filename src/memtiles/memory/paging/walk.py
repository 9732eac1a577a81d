"""Page tables of x86 processors: which physical page stands at a virtual address.

The layouts are those of the Intel manual (volume 3A, chapter 4): 32-bit, PAE, and x64 with four or
five levels. Tables are gathered level by level, each level with one numpy expression for all of its
entries, so that a million pages take a fraction of a second, and one range reads only the tables
that it needs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.errors import DumpError, LimitError
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.overlap import Addresses
from memtiles.memory.paging.entries import Entries, Rights, decode, is_followable
from memtiles.memory.paging.mode import Level, PageTables
from memtiles.memory.runs import Runs, numbered
from memtiles.memory.span import ADDRESS_LIMIT, Span

# Entries of this many tables at a time are in memory.
_TABLES_AT_ONCE = 256

# Tables of one level, for so many pages: of real ones few hold less, and a self-map counts twice.
_PAGES_PER_TABLE = 8
_LEAST_TABLES = 512

# A table may lie in pieces; images whose pieces are shorter than tables have none worth reading.
_PIECES_OF_TABLES = 4096


class Pages(NamedTuple):
    """Pages in address order, one row each; `rights` are bits of `Rights`."""

    starts: Addresses
    sizes: Addresses
    physical: Addresses
    rights: npt.NDArray[np.uint8]

    def chosen(self, rows: npt.NDArray[np.int64]) -> Pages:
        """Those of these rows."""
        return Pages(self.starts[rows], self.sizes[rows], self.physical[rows], self.rights[rows])


class Walk(NamedTuple):
    """What tables say about a span.

    Attributes:
        pages: What they map, cut to the span.
        mapped: The addresses of these pages.
        paged_out: Addresses whose page is elsewhere: in a page file, a mapped file, or not made
            yet.
        unreadable: Addresses whose table is not in the dump, so that nothing is known.
        repeated: Addresses whose table names one and the same thing in all entries; only `walk_all`
            leaves them so.
        refused: How many entries name something that no processor takes.
        stopped_at: From where on the limit left out pages; only `walk_all` does.
    """

    pages: Pages
    mapped: Runs
    paged_out: Runs
    unreadable: Runs
    repeated: Runs
    refused: int
    stopped_at: int | None

    def tells_all_of(self, span: Span) -> bool:
        """Whether a walk of everything left nothing of a span out."""
        if self.stopped_at is not None and span.end > self.stopped_at:
            return False
        return not len(self.repeated.clip(span.start, span.size))


def walk(physical: ExtentSpace, tables: PageTables, span: Span, limit: int) -> Walk:
    """What the tables say about one span.

    Raises:
        LimitError: It has more than `limit` pages.
    """
    return _Walker(physical, tables, span, limit, is_whole=False).walk()


def walk_all(physical: ExtentSpace, tables: PageTables, limit: int) -> Walk:
    """What the tables map anywhere, up to `limit` pages.

    A table that says the same in all entries is not followed: a kernel with an address sanitizer
    maps 16 TiB to one page of zeros that way, and a hostile dump anything it likes.
    """
    return _Walker(physical, tables, Span(0, ADDRESS_LIMIT), limit, is_whole=True).walk()


class _Tables(NamedTuple):
    """Tables of one level to be read: the first address that each covers, where, and rights."""

    starts: Addresses
    physical: Addresses
    rights: npt.NDArray[np.uint8]

    def chosen(self, rows: npt.NDArray[np.int64] | slice) -> _Tables:
        return _Tables(self.starts[rows], self.physical[rows], self.rights[rows])


class _Walker:
    """One walk: what was found so far."""

    def __init__(
        self, physical: ExtentSpace, tables: PageTables, span: Span, limit: int, *, is_whole: bool
    ) -> None:
        self._physical = physical
        self._tables = tables
        self._first, self._last = np.uint64(span.start), np.uint64(span.end - 1)
        self._limit = limit
        self._tables_limit = max(limit // _PAGES_PER_TABLE, _LEAST_TABLES)
        self._is_whole = is_whole
        self._stopped_at: int | None = None
        self._refused = 0
        self._found = 0  # pages, and pieces that are paged out
        self._pages: list[Pages] = []
        self._paged_out: list[Runs] = []
        self._unreadable: list[tuple[Addresses, Addresses]] = []
        self._repeated: list[tuple[Addresses, Addresses]] = []

    def walk(self) -> Walk:
        found = _Tables(
            np.zeros(1, np.uint64),
            np.array([self._tables.root], np.uint64),
            np.array([Rights.ALL], np.uint8),
        )
        for level in self._tables.mode.levels:
            below = []
            rows = 0
            for start in range(0, len(found.starts), _TABLES_AT_ONCE):
                end = start + _TABLES_AT_ONCE
                below.append(self._read(found.chosen(slice(start, end)), level))
                rows += len(below[-1].starts)
                if rows >= self._tables_limit or self._found >= self._limit:
                    self._stop(found.starts[end:])
                    break
            columns = zip(*below, strict=True)
            found = self._cut(_Tables(*(np.concatenate(column) for column in columns)))
            if not len(found.starts):
                break
        return self._result()

    def _stop(self, left: Addresses) -> None:
        """The limit is reached: an error for one range; of all memory, what comes first is told."""
        if not self._is_whole:
            raise LimitError(
                f"{self._physical.source.name}: its page tables map {self._limit} pages or more in "
                "this range: ask for a smaller one"
            )
        if len(left):
            self._note_stop(int(left[0]))

    def _cut(self, below: _Tables) -> _Tables:
        limit = self._tables_limit
        if len(below.starts) <= limit:
            return below
        self._note_stop(int(below.starts[limit]))
        return below.chosen(slice(0, limit))

    def _note_stop(self, address: int) -> None:
        known = self._stopped_at
        self._stopped_at = address if known is None else min(address, known)

    def _read(self, some: _Tables, level: Level) -> _Tables:
        """Reads tables; keeps the pages that they name, and gives the tables that they name."""
        mode = self._tables.mode
        # Each is read once, though a hostile dump may name one a thousand times.
        physical, row = np.unique(some.physical, return_inverse=True)
        raw, whole = _gather(self._physical, physical, level.entries * mode.entry_size)
        words = raw.view(f"<u{mode.entry_size}").astype(np.uint64)
        wanted = whole[row]
        self._note(self._unreadable, some.starts[~wanted], level)
        if self._is_whole:
            same = wanted & _is_repeated(words, self._tables)[row]
            self._note(self._repeated, some.starts[same], level)
            wanted &= ~same
        some, row = some.chosen(np.flatnonzero(wanted)), row[wanted]
        # Only what is not 0 is looked at for each: a hostile dump has many almost empty tables.
        _, index = np.nonzero(words)
        counts = np.count_nonzero(words, axis=1)
        table, at = numbered((np.cumsum(counts) - counts)[row], counts[row])
        starts = some.starts[table] + self._steps(level)[index[at]]
        lasts = starts + np.uint64((1 << level.shift) - 1)
        inside = np.flatnonzero((starts <= self._last) & (lasts >= self._first))
        table, at = table[inside], at[inside]
        entries = decode(words[words != 0][at], level, self._tables)
        return self._sorted_out(entries, starts[inside], some.rights[table], level)

    def _steps(self, level: Level) -> Addresses:
        """How far behind a table's first address that of each entry is."""
        steps = np.arange(level.entries, dtype=np.uint64) << np.uint64(level.shift)
        if self._is_top(level) and self._tables.mode.address_bits == 64:
            # The upper half of the addresses is the one with all higher bits set.
            steps[level.entries // 2 :] |= ~np.uint64(level.covered - 1)
        return steps

    def _is_top(self, level: Level) -> bool:
        return level is self._tables.mode.levels[0]

    def _sorted_out(
        self,
        entries: Entries,
        starts: Addresses,
        inherited: npt.NDArray[np.uint8],
        level: Level,
    ) -> _Tables:
        """Pages and absent ones are kept, tables given back."""
        size = 1 << level.shift
        absent = starts[entries.is_absent]
        self._paged_out.append(Runs.of_sorted(absent, absent + np.uint64(size - 1)))
        self._found += len(self._paged_out[-1])
        rights = entries.rights & inherited
        pages, tables = entries.is_page, entries.is_table
        self._refused += int(np.count_nonzero(~(pages | tables | entries.is_absent)))
        self._keep(starts[pages], entries.physical[pages], rights[pages], size)
        return _Tables(starts[tables], entries.physical[tables], rights[tables])

    def _keep(
        self, starts: Addresses, physical: Addresses, rights: npt.NDArray[np.uint8], size: int
    ) -> None:
        room = max(0, self._limit - self._found)
        if len(starts) > room and self._is_whole:
            self._note_stop(int(starts[room]))
            starts, physical, rights = starts[:room], physical[:room], rights[:room]
        self._found += len(starts)
        firsts: Addresses = np.maximum(starts, self._first)
        lasts: Addresses = np.minimum(starts + np.uint64(size - 1), self._last)
        sizes: Addresses = lasts - firsts + np.uint64(1)
        self._pages.append(Pages(firsts, sizes, physical + (firsts - starts), rights))

    def _note(
        self, kept: list[tuple[Addresses, Addresses]], starts: Addresses, level: Level
    ) -> None:
        """Keeps what tables cover: the top one all addresses, the others from `starts` on."""
        is_widest = self._is_top(level) and self._tables.mode.address_bits == 64
        covered = ADDRESS_LIMIT if is_widest else level.covered
        kept.append((starts, starts + np.uint64(covered - 1)))

    def _result(self) -> Walk:
        pages = Pages(*(np.concatenate(columns) for columns in zip(*self._pages, strict=True)))
        pages = pages.chosen(np.argsort(pages.starts, kind="stable"))
        return Walk(
            pages,
            Runs.of_sorted(pages.starts, pages.starts + (pages.sizes - np.uint64(1))),
            self._runs([(runs.firsts, runs.lasts) for runs in self._paged_out]),
            self._runs(self._unreadable),
            self._runs(self._repeated),
            self._refused,
            self._stopped_at,
        )

    def _runs(self, found: list[tuple[Addresses, Addresses]]) -> Runs:
        none = np.empty(0, np.uint64)
        firsts = np.concatenate([none, *(one[0] for one in found)])
        lasts = np.concatenate([none, *(one[1] for one in found)])
        order = np.argsort(firsts, kind="stable")
        firsts = np.maximum(firsts[order], self._first)
        lasts = np.minimum(lasts[order], self._last)
        inside = firsts <= lasts  # the top table of 32 bits covers nothing of 64-bit addresses
        return Runs.of_sorted(firsts[inside], lasts[inside])


def _gather(
    physical: ExtentSpace, addresses: Addresses, size: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """The bytes of tables of one size, a row each, and whether all of them are in the dump."""
    tables = np.zeros((len(addresses), size), np.uint8)
    pieces = physical.pieces_of(
        addresses, np.full(len(addresses), size, np.uint64), _PIECES_OF_TABLES + len(addresses)
    )
    found = np.zeros(len(addresses), np.uint64)
    np.add.at(found, pieces.owner, pieces.sizes)
    view = tables.reshape(-1).data
    for owner, skipped, length, offset in zip(*(column.tolist() for column in pieces), strict=True):
        start = owner * size + skipped
        found[owner] -= np.uint64(length - _read(physical, offset, view[start : start + length]))
    return tables, found == size


def _read(physical: ExtentSpace, offset: int, buffer: memoryview) -> int:
    try:
        return physical.source.read_into(offset, buffer)
    except DumpError:
        # A damaged page with a table costs what it maps, and not all of the rest.
        return 0


def _is_repeated(words: Addresses, tables: PageTables) -> npt.NDArray[np.bool_]:
    """Whether all entries of a table, a row each, name the same page or table."""
    first = words[:, :1]
    same: npt.NDArray[np.bool_] = (words == first).all(axis=1)
    return same & is_followable(first[:, 0], tables)
