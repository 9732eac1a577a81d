"""Address spaces: what can be read at an address, and what is a hole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from itertools import accumulate
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.memory.runs import NO_RUNS, Runs
from memtiles.memory.span import Span


class SpaceKind(StrEnum):
    """Virtual addresses are not physical ones, though both are numbers."""

    VIRTUAL = "virtual"
    PHYSICAL = "physical"


class Absence(StrEnum):
    """Why a byte is not there."""

    NOT_MAPPED = "not mapped"
    PAGED_OUT = "paged out"
    NOT_IN_FILE = "not in the file"


class Memory(NamedTuple):
    """Bytes read: `data` has one uint8 per address, 0 in holes; `runs` counts from its start."""

    data: npt.NDArray[np.uint8]
    runs: Runs

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Presence of each byte of `data`, as as many booleans; made anew each time."""
        return self.runs.mask(0, len(self.data))


def joined(memories: Sequence[Memory]) -> Memory:
    """Several pieces of memory one after the other, as if they were one."""
    ends = list(accumulate(len(one.data) for one in memories))
    pieces = [
        (end - len(one.data) + start, size)
        for end, one in zip(ends, memories, strict=True)
        for start, size in one.runs
    ]
    return Memory(np.concatenate([one.data for one in memories]), Runs.of(pieces))


class AddressSpace(ABC):
    """One address space of a dump."""

    kind: SpaceKind
    steady: ClassVar[bool] = True
    """Whether `read` finds all that `runs` promises."""

    @property
    def name(self) -> str:
        """The word before the colon in a permalink, such as `virtual:0x7ffe0000`."""
        return self.kind.value

    @abstractmethod
    def runs(self, span: Span) -> Runs:
        """What the dump's own tables call present in `span`, counted from its start.

        Nothing of the memory is read for it. Reading can find fewer bytes (a live process), never
        more.
        """

    def zeros(self, span: Span) -> Runs:
        """What of `runs` is known to be zeros without reading it; there can be more."""
        return NO_RUNS

    @abstractmethod
    def read(self, span: Span) -> Memory:
        """The bytes of `span`, with zeros in its holes, and which of them are present.

        Raises:
            DumpError: Bytes that the tables promise are not there any more: the dump was cut or
                changed. Says the address, how many bytes were wanted and how many came.
        """

    def holes(self, span: Span) -> dict[Absence, Runs]:
        """What of `span` is missing, counted from its start, by the reason why.

        Every byte that `runs` does not have is in one of them; a reason without bytes is left out.
        """
        missing = self.runs(span).rest(span.size)
        return {Absence.NOT_IN_FILE: missing} if len(missing) else {}

    def read_rows(self, row: Span, stride: int, count: int) -> Memory:
        """`count` spans of one size, the first of them `row`, each `stride` after the one before.

        Returns:
            Their bytes one after the other; `runs` counts from the start of that.

        Raises:
            DumpError: As `read`.
        """
        starts = range(row.start, row.start + count * stride, stride)
        return joined([self.read(Span(start, row.size)) for start in starts])
