"""Holes in words: what is missing, and why as far as page tables tell."""

from __future__ import annotations

from memtiles.memory.space import Absence, AddressSpace
from memtiles.memory.span import Span


def holes_in_words(space: AddressSpace, span: Span) -> str:
    """Why bytes of `span` are missing, such as " (4,096 not mapped, 8,192 paged out)".

    "" where no more is to be said than that they are not in the file.
    """
    holes = space.holes(span)
    if set(holes) <= {Absence.NOT_IN_FILE}:
        return ""
    if len(holes) == 1:
        return f" ({next(iter(holes))})"
    return f" ({', '.join(f'{runs.total:,} {reason}' for reason, runs in holes.items())})"
