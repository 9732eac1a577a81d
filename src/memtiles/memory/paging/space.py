"""A virtual address space over physical memory: page tables say what stands where."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property

from memtiles.memory.extents import ExtentSpace
from memtiles.memory.paging.mode import PageTables
from memtiles.memory.paging.walk import Walk, walk, walk_all
from memtiles.memory.runs import Runs
from memtiles.memory.space import Absence, AddressSpace, Memory, SpaceKind
from memtiles.memory.span import ADDRESS_LIMIT, Span

# A table of the last level covers 2 MiB: neighbours of what was asked for cost nothing more.
_ALIGNMENT = 2 << 20
_REMEMBERED = 16

# Stated limit of pages: some for every page of memory, for kernels map memory more than once; and
# as many as 256 MiB have, for large pages need no memory.
_LEAST_PAGES = 1 << 16
_BYTES_PER_PAGE = 512


class PagedSpace(AddressSpace):
    """Virtual memory of a machine's dump.

    Only the tables that a span needs are read. `walk_all` reads all of them, once, and from then
    on every answer comes out of what it found.
    """

    kind = SpaceKind.VIRTUAL

    def __init__(self, physical: ExtentSpace, tables: PageTables) -> None:
        self.tables = tables
        self._physical = physical
        self._limit = _LEAST_PAGES + physical.stored // _BYTES_PER_PAGE
        self._lock = threading.Lock()
        self._walked: OrderedDict[Span, tuple[Walk, ExtentSpace]] = OrderedDict()
        self._whole: Walk | None = None

    def walk_all(self) -> Walk:
        """Everything that the tables map, up to a limit; see `paging.walk_all`."""
        with self._lock:
            if self._whole is None:
                self._whole = walk_all(self._physical, self.tables, self._limit)
            return self._whole

    def runs(self, span: Span) -> Runs:
        return self._extents(span).runs(span)

    def zeros(self, span: Span) -> Runs:
        return self._extents(span).zeros(span)

    def read(self, span: Span) -> Memory:
        return self._extents(span).read(span)

    def read_rows(self, row: Span, stride: int, count: int) -> Memory:
        whole = Span(row.start, (count - 1) * stride + row.size)
        return self._extents(whole).read_rows(row, stride, count)

    def holes(self, span: Span) -> dict[Absence, Runs]:
        found = self._found(span)[0]
        mapped = found.mapped.clip(span.start, span.size)
        elsewhere = found.paged_out.clip(span.start, span.size)
        unknown = found.unreadable.clip(span.start, span.size)
        missing = self.runs(span).rest(span.size)
        reasons = {
            Absence.NOT_MAPPED: mapped.joined_with(elsewhere).joined_with(unknown).rest(span.size),
            Absence.PAGED_OUT: elsewhere,
            Absence.NOT_IN_FILE: mapped.within(missing).joined_with(unknown),
        }
        return {reason: runs for reason, runs in reasons.items() if len(runs)}

    def _extents(self, span: Span) -> ExtentSpace:
        return self._found(span)[1]

    def _found(self, span: Span) -> tuple[Walk, ExtentSpace]:
        """What is known of a span: from the walk of everything if it was made, or from its own."""
        whole = self._whole
        if whole is not None and whole.tells_all_of(span):
            return whole, self._all_extents
        with self._lock:
            for known, found in reversed(self._walked.items()):
                if known.covers(span):
                    return found
        wanted = Span.between(
            span.start // _ALIGNMENT * _ALIGNMENT,
            min(-(-span.end // _ALIGNMENT) * _ALIGNMENT, ADDRESS_LIMIT),
        )
        walked = walk(self._physical, self.tables, wanted, self._limit)
        found = walked, self._extents_of(walked)
        with self._lock:
            self._walked[wanted] = found
            while len(self._walked) > _REMEMBERED or self._remembered_pages() > self._limit:
                self._walked.popitem(last=False)
        return found

    def _remembered_pages(self) -> int:
        return sum(len(walked.pages.starts) for walked, _ in self._walked.values())

    @cached_property
    def _all_extents(self) -> ExtentSpace:
        return self._extents_of(self.walk_all())

    def _extents_of(self, walked: Walk) -> ExtentSpace:
        """Virtual addresses straight to places in the file."""
        pages = walked.pages
        pieces = self._physical.pieces_of(pages.physical, pages.sizes, 2 * self._limit)
        return ExtentSpace(
            self.kind,
            self._physical.source,
            pages.starts[pieces.owner] + pieces.skipped,
            pieces.sizes,
            pieces.offsets,
        )
