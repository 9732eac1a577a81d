"""Regions: the named spans to be pictured, made from what the dump, maps and the user say.

Three layers may claim the same addresses. The user's ranges beat modules, modules beat mappings;
inside a layer the claim that comes first wins. A loser keeps what is left of it, in as many
regions as there are pieces, and the report says so: an address belongs to exactly one region, and
nothing disappears without a word.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

import numpy as np
import numpy.typing as npt

from memtiles.memory.dump import Dump, Kind, Mapping, Module
from memtiles.memory.overlap import Addresses, Pieces, first_wins
from memtiles.memory.process.modules import last_part
from memtiles.memory.span import Span

_MOST_LINES = 100

Group = Literal["module", "mapping"]


@dataclass(frozen=True)
class Region:
    """A named span that gets a picture.

    Attributes:
        module: What `name+offset` is counted from, or None.
        protection: As the mapping has it; None for spans of several mappings.
    """

    name: str
    kind: Kind
    span: Span
    protection: str | None = None
    module: Module | None = None


@dataclass(frozen=True)
class Regions:
    """Disjoint regions in address order, and a line for each claim that lost addresses."""

    rows: tuple[Region, ...]
    report: tuple[str, ...]


def cut_into_regions(
    ranges: Sequence[tuple[str, Span]],
    modules: Sequence[Module],
    mappings: Sequence[Mapping],
    group: Group,
) -> Regions:
    """Resolves all claims on addresses into disjoint regions.

    Args:
        ranges: The user's `(name, span)` ranges, in the order of the config.
        modules: Those of maps before those of the dump.
        mappings: Likewise.
        group: `module` draws a module's mappings as one region, `mapping` each on its own.
    """
    homes = _Homes(modules)
    of_ranges = [Region(name, Kind.RANGE, span, None, homes.of(span)) for name, span in ranges]
    of_modules = [Region(m.name, Kind.MODULE, m.span, None, m) for m in modules]
    of_mappings = [
        Region(
            _name(mapping),
            mapping.kind,
            mapping.span,
            mapping.protection,
            homes.of(mapping.span),
        )
        for mapping in mappings
    ]
    rest = [*of_modules, *of_mappings] if group == "module" else [*of_mappings, *of_modules]
    return _resolved([*of_ranges, *rest])


def regions_of_dump(dump: Dump) -> Regions:
    """The regions that a dump's own words give, without maps and ranges of the user's."""
    return cut_into_regions([], dump.modules, dump.mappings, "module")


def _name(mapping: Mapping) -> str:
    """What a mapping is called: the last part of a path, or else its kind and address.

    A stack may be called after a thread named "kworker/0", a tag may be "[anon:dalvik-/dev/…]".
    """
    is_path = mapping.kind is not Kind.STACK and not mapping.name.startswith("[")
    name = last_part(mapping.name) if is_path else mapping.name
    return name or f"{mapping.kind.value} {mapping.span.start:#x}"


class _Homes:
    """Finds the module that a span lies in."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules = sorted(modules, key=lambda module: module.span)
        self._starts = [module.span.start for module in self._modules]
        self._ends = list(accumulate((module.span.end for module in self._modules), max))

    def of(self, span: Span) -> Module | None:
        at = bisect_right(self._starts, span.start) - 1
        # Modules may be nested or overlap; no module further down reaches this span once the
        # farthest end of all of them lies before its own.
        while at >= 0 and self._ends[at] >= span.end:
            if self._modules[at].span.covers(span):
                return self._modules[at]
            at -= 1
        return None


def _resolved(claims: Sequence[Region]) -> Regions:
    """Gives each address to the first of the claims on it.

    Millions of addresses may be claimed thousands of times over: a hostile list of modules that lie
    in one another. So all are cut in one sweep, and only losers are looked at one by one.
    """
    firsts = np.array([claim.span.start for claim in claims], np.uint64)
    lasts = np.array([claim.span.end - 1 for claim in claims], np.uint64)
    pieces = first_wins(firsts, lasts)
    rows = tuple(
        claims[owner]
        if claims[owner].span == (span := Span.between(first, last + 1))
        else replace(claims[owner], span=span)
        for first, last, owner in zip(
            pieces.firsts.tolist(), pieces.lasts.tolist(), pieces.owner.tolist(), strict=True
        )
    )
    return Regions(rows, tuple(_report(claims, firsts, lasts, pieces)))


def _report(
    claims: Sequence[Region], firsts: Addresses, lasts: Addresses, pieces: Pieces
) -> Iterator[str]:
    """A line for each claim that lost addresses to others than its own module's."""
    numbers: dict[Module | None, int] = {None: -1}
    modules = np.array(
        [numbers.setdefault(claim.module, len(numbers)) for claim in claims], np.int64
    )
    is_range = np.array([claim.kind is Kind.RANGE for claim in claims], np.bool_)
    whole = np.zeros(len(claims), np.bool_)
    same = (firsts[pieces.owner] == pieces.firsts) & (lasts[pieces.owner] == pieces.lasts)
    whole[pieces.owner[same]] = True
    told = 0
    for number in np.flatnonzero(~whole).tolist():
        claim = claims[number]
        low = int(np.searchsorted(pieces.lasts, firsts[number], side="left"))
        high = int(np.searchsorted(pieces.firsts, lasts[number], side="right"))
        owners = pieces.owner[low:high]
        winners = owners[owners < number]
        # A module seen as a whole and as its mappings is not at odds with itself.
        is_part = claim.module is not None and bool(
            np.all((modules[winners] == modules[number]) & ~is_range[winners])
        )
        if is_part:
            continue
        told += 1
        if told <= _MOST_LINES:
            kept = np.flatnonzero(owners == number) + low
            yield _explain(claim, [claims[owner] for owner in winners], _spans(pieces, kept))
    if told > _MOST_LINES:
        yield f"{told - _MOST_LINES} more overlap others"


def _spans(pieces: Pieces, kept: npt.NDArray[np.int64]) -> list[Span]:
    return [
        Span.between(first, last + 1)
        for first, last in zip(
            pieces.firsts[kept].tolist(), pieces.lasts[kept].tolist(), strict=True
        )
    ]


def _explain(claim: Region, winners: Sequence[Region], pieces: Sequence[Span]) -> str:
    others = ", ".join(winner.name for winner in winners[:3])
    if len(winners) > 3:
        others += f" and {len(winners) - 3} more"
    kept = ", ".join(str(piece) for piece in pieces[:3]) or "nothing"
    if len(pieces) > 3:
        kept += f" and {len(pieces) - 3} more pieces"
    return f"{claim.name} {claim.span} overlaps {others}: it keeps {kept}"
