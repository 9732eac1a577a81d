"""How programs say which addresses they mean."""

from __future__ import annotations

from memtiles.errors import AddressError
from memtiles.maps.region import Region
from memtiles.memory.address import parse_range
from memtiles.memory.dump import Module
from memtiles.memory.sections.of_module import Section
from memtiles.memory.span import Span

Where = Region | Module | Section | Span | str
"""Which addresses are meant; a str is a range such as "fffff800`00800000 L1000"."""


def span_of(where: Where) -> Span:
    """The addresses that are meant.

    Raises:
        AddressError: A text that is not a range.
    """
    if isinstance(where, Span):
        return where
    if isinstance(where, Region | Module | Section):
        return where.span
    if not isinstance(where, str):
        raise TypeError(
            f"a Region, Module, Span, Section or the text of a range is needed, not {where!r}"
        )
    try:
        return parse_range(where)
    except AddressError as error:
        raise AddressError(f"{error}; `region` finds a region by its name") from None
