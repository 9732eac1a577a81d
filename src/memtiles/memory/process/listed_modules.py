"""Modules as a dump of Windows lists them, and which of them an address lies in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.memory.dump import Module
from memtiles.memory.overlap import Addresses, first_wins
from memtiles.memory.process.modules import last_part
from memtiles.memory.span import ADDRESS_LIMIT, Span

MODULES_LIMIT = 1 << 16


class ListedModule(NamedTuple):
    """A row of a list of modules, not held against anything yet."""

    start: int
    size: int
    path: str


def modules_in_order(listed: Iterable[ListedModule], warnings: list[str]) -> tuple[Module, ...]:
    """The modules in address order; those that have no addresses are left out with a warning.

    A name need not be the only one of its kind, nor a span: dumps of 32-bit processes on 64-bit
    Windows list the program twice, and an `ntdll.dll` for either width.
    """
    modules = []
    homeless = 0
    for start, size, path in listed:
        if size < 1 or start + size > ADDRESS_LIMIT:
            homeless += 1
            continue
        name = last_part(path) or f"module {start:#x}"
        modules.append(Module(name, path, Span(start, size)))
    if homeless:
        warnings.append(f"{homeless} modules have no addresses, or leave 64 bits: left out")
    return tuple(sorted(modules, key=lambda module: module.span))


class ModuleTable:
    """Finds modules by address, many at a time."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = modules
        self._pieces = first_wins(
            np.array([module.span.start for module in modules], np.uint64),
            np.array([module.span.end - 1 for module in modules], np.uint64),
        )

    def covering(self, firsts: Addresses, lasts: Addresses) -> npt.NDArray[np.int64]:
        """The number of the module that each range lies in, -1 where none has all of it."""
        if not self.modules:
            return np.full(len(firsts), -1)
        at = np.searchsorted(self._pieces.firsts, firsts, side="right") - 1
        covered = (at >= 0) & (lasts <= self._pieces.lasts[at])
        return np.where(covered, self._pieces.owner[at], -1)
