"""Sections of modules: `hal!.text+0x12` says more than `hal+0x1012`.

They are read out of a module's own headers where these are in the dump: a page or two of each
module. Opening a dump never asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from memtiles.errors import DumpError
from memtiles.memory.dump import Module
from memtiles.memory.elf.ident import MAGIC as ELF_MAGIC
from memtiles.memory.overlap import first_wins
from memtiles.memory.sections.elf import elf_sections
from memtiles.memory.sections.image import Claim, Image
from memtiles.memory.sections.pe import MAGIC as PE_MAGIC
from memtiles.memory.sections.pe import pe_sections
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span

TOTAL_LIMIT = 1 << 16
"""Sections of all modules together: a file can name the same headers a million times."""


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of a module, as the module's own headers have it.

    Attributes:
        name: Such as ".text", or "header" for the headers themselves. "" for a segment of an ELF
            image whose section table is not in memory. It comes out of the dump and may hold
            anything, or nothing.
        span: Its addresses, all of them in the module.
        protection: What the image asks for, "r-x"; the system may have changed it since.
    """

    name: str
    span: Span
    protection: str


def sections_of(space: AddressSpace, module: Module) -> tuple[Section, ...]:
    """The sections of a module in address order, disjoint; none where its headers are not there.

    Where the headers are damaged, these are what is left of them: where two sections overlap, the
    one that is listed first has the say.
    """
    image = Image(space, module.span)
    try:
        claims = _claims(image)
    except DumpError:
        # A process that ended, or a file that was cut: told where the bytes themselves are read.
        return ()
    return _disjoint(claims, module.span)


def sections_of_all(
    space: AddressSpace, modules: Iterable[Module]
) -> dict[Module, tuple[Section, ...]]:
    """The sections of each module; none from the module on that brings more than `TOTAL_LIMIT`."""
    found: dict[Module, tuple[Section, ...]] = {}
    total = 0
    for module in modules:
        sections = sections_of(space, module) if total <= TOTAL_LIMIT else ()
        total += len(sections)
        found[module] = sections if total <= TOTAL_LIMIT else ()
    return found


def _claims(image: Image) -> Sequence[Claim]:
    magic = image.read(image.span.start, 4)
    if magic.startswith(PE_MAGIC):
        return pe_sections(image)
    return elf_sections(image) if magic == ELF_MAGIC else []


def _disjoint(claims: Sequence[Claim], within: Span) -> tuple[Section, ...]:
    """Claims inside a span, each as far as no other takes it.

    A claim that lost its start is left out: offsets are counted from there.
    """
    inside = [claim for claim in claims if claim.size and within.start <= claim.start < within.end]
    if not inside:
        return ()
    starts = np.array([claim.start for claim in inside], np.uint64)
    ends = [min(claim.start + claim.size, within.end) - 1 for claim in inside]
    pieces = first_wins(starts, np.array(ends, np.uint64))
    return tuple(
        Section(inside[owner].name, Span.between(first, last + 1), inside[owner].protection)
        for first, last, owner in zip(
            pieces.firsts.tolist(), pieces.lasts.tolist(), pieces.owner.tolist(), strict=True
        )
        if first == inside[owner].start
    )
