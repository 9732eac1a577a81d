"""A whole machine's memory: physical, and through its page tables virtual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from memtiles.errors import DumpError
from memtiles.memory.dump import Contents, Kind, Mapping, Module
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.machine.vmcoreinfo import find_vmcoreinfo, linux_release, linux_tables
from memtiles.memory.overlap import union_of
from memtiles.memory.paging.mappings import page_mappings
from memtiles.memory.paging.mode import PageTables
from memtiles.memory.paging.recognise import has_top_table, tables_of_root
from memtiles.memory.paging.space import PagedSpace
from memtiles.memory.paging.walk import Walk
from memtiles.memory.runs import NO_RUNS, Runs, parting_gap
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import ADDRESS_LIMIT, Span

ListModules = Callable[[AddressSpace], tuple[tuple[Module, ...], tuple[str, ...]]]
"""Reads the modules out of virtual memory: these, and what went wrong, one line each."""

_SMALLEST_GAP = 64 << 10
_BLOCKS_LIMIT = 4096


class Paging(NamedTuple):
    """The page tables that are meant, and the system that they are of; None where unknown."""

    tables: PageTables | None
    system: str | None = None


def paging_of(physical: ExtentSpace, cr3: int | Literal["auto"] | None, told: Paging) -> Paging:
    """The page tables that the user means, or else those that the dump tells.

    Args:
        physical: The machine's memory.
        cr3: What the user says; "auto" searches all memory for those of Linux.
        told: What the dump says.

    Raises:
        DumpError: There are none where the user says, or none are found.
    """
    if cr3 is None:
        return told
    if cr3 != "auto":
        return told._replace(tables=tables_of_root(physical, cr3, told.tables))
    info = find_vmcoreinfo(physical)
    if info is None:
        raise DumpError(
            f"{physical.source.name}: no page tables of Linux on x86-64 were found in it (its "
            "VMCOREINFO): give their physical address as cr3, or take physical addresses"
        )
    return Paging(linux_tables(info), linux_release(info))


def _no_modules(_: AddressSpace) -> tuple[tuple[Module, ...], tuple[str, ...]]:
    return (), ()


@dataclass(frozen=True)
class Machine:
    """A machine's spaces, and what lies where in them.

    Attributes:
        physical: Its memory.
        tables: Those of the virtual space; None where there are none.
        list_modules: How its modules are found in the virtual space.
        claimed: Physical memory that the dump should hold; what is cut off of it is a hole.
    """

    physical: ExtentSpace
    tables: PageTables | None
    list_modules: ListModules = _no_modules
    claimed: Runs = NO_RUNS

    @cached_property
    def virtual(self) -> PagedSpace | None:
        """None without page tables, and where the top one is not in the dump."""
        if self.tables is None or not has_top_table(self.physical, self.tables):
            return None
        return PagedSpace(self.physical, self.tables)

    @property
    def spaces(self) -> tuple[AddressSpace, ...]:
        """The virtual space first, where there is one."""
        return (self.physical,) if self.virtual is None else (self.virtual, self.physical)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why there is no virtual space though there should be one."""
        if self.tables is None or self.virtual is not None:
            return ()
        return (
            f"its page tables should be at physical address {self.tables.root:#x}, but are not "
            "in the dump: they are not used; cr3 can name others",
        )

    def contents_of(self, space: AddressSpace) -> Contents:
        """The mappings of a space: for physical memory its blocks, else what the tables map."""
        if not isinstance(space, PagedSpace):
            present = space.runs(Span(0, ADDRESS_LIMIT))
            whole = union_of(
                np.append(self.claimed.firsts, present.firsts),
                np.append(self.claimed.lasts, present.lasts),
            )
            return Contents(memory_blocks(whole))
        modules, warnings = self.list_modules(space)
        walked = space.walk_all()
        # Tables that map more than there is are walked anew for each module where they were not
        # walked to their end, and each may find tens of thousands of pages: a list of 300 modules
        # made many seconds of work of 340 KB.
        listed = tuple(module for module in modules if walked.tells_all_of(module.span))
        warnings += _left_out(walked)
        if len(listed) < len(modules):
            warnings += (f"{len(modules) - len(listed)} modules lie there: not listed either",)
        return Contents(page_mappings(walked), listed, warnings)


def memory_blocks(runs: Runs) -> tuple[Mapping, ...]:
    """Physical memory as blocks: its runs, or where these are too many, those near one another.

    A kernel's dump has the pages that the kernel uses, which may lie anywhere among the others.
    """
    if not len(runs):
        return ()
    gaps = runs.firsts[1:] - runs.lasts[:-1]
    apart = gaps > parting_gap(gaps, _BLOCKS_LIMIT, 0, _SMALLEST_GAP)
    firsts = [runs.firsts[0], *runs.firsts[1:][apart]]
    lasts = [*runs.lasts[:-1][apart], runs.lasts[-1]]
    return tuple(
        Mapping(Span.between(int(first), int(last) + 1), Kind.ANONYMOUS, f"physical {first:#x}")
        for first, last in zip(firsts, lasts, strict=True)
    )


def _left_out(walked: Walk) -> tuple[str, ...]:
    told = []
    if not len(walked.pages.starts):
        told.append("its page tables map nothing: take physical addresses (space: physical)")
    if walked.stopped_at is not None:
        told.append(
            f"the page tables map more than memory can hold: from {walked.stopped_at:#x} on they "
            "are not listed; a range there can be read"
        )
    if len(walked.repeated):
        told.append(
            f"{walked.repeated.total:,} bytes of addresses are mapped to the same page again and "
            "again, or the like: they are not listed; a range there can be read"
        )
    if len(walked.unreadable):
        told.append(
            f"page tables of {walked.unreadable.total:,} bytes of addresses are not in the dump, "
            "or are damaged"
        )
    return tuple(told)
