"""Regions: the named spans to be pictured, made from what the dump, maps and the user say.

Three layers may claim the same addresses. The user's ranges beat modules, modules beat mappings;
inside a layer the claim that comes first wins. A loser keeps what is left of it, in as many
regions as there are pieces, and the report says so: an address belongs to exactly one region, and
nothing disappears without a word.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

from memtiles.memory.dump import Dump, Kind, Mapping, Module
from memtiles.memory.modules import last_part
from memtiles.memory.span import Span

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
            last_part(mapping.name) or f"{mapping.kind.value} {mapping.span.start:#x}",
            mapping.kind,
            mapping.span,
            mapping.protection,
            homes.of(mapping.span),
        )
        for mapping in mappings
    ]
    layers = (
        (of_ranges, of_modules, of_mappings)
        if group == "module"
        else (of_ranges, of_mappings, of_modules)
    )
    taken = _Taken()
    report: list[str] = []
    for layer in layers:
        for claim in layer:
            report += taken.claim(claim)
    return Regions(tuple(taken.rows), tuple(report))


def regions_of_dump(dump: Dump) -> Regions:
    """The regions that a dump's own words give, without maps and ranges of the user's."""
    return cut_into_regions([], dump.modules, dump.mappings, "module")


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


class _Taken:
    """Disjoint regions in address order, and what a further claim still gets."""

    def __init__(self) -> None:
        self.rows: list[Region] = []
        self._starts: list[int] = []

    def claim(self, claim: Region) -> list[str]:
        winners = self._overlapping(claim.span)
        pieces: tuple[Span, ...] = (claim.span,)
        for winner in winners:
            pieces = (*pieces[:-1], *pieces[-1].without(winner.span)) if pieces else ()
        for piece in pieces:
            at = bisect_right(self._starts, piece.start)
            self._starts.insert(at, piece.start)
            self.rows.insert(at, replace(claim, span=piece))
        if not winners or _is_part(claim, winners):
            return []
        return [_explain(claim, winners, pieces)]

    def _overlapping(self, span: Span) -> list[Region]:
        at = max(0, bisect_right(self._starts, span.start) - 1)
        found = []
        while at < len(self.rows) and self.rows[at].span.start < span.end:
            if self.rows[at].span.intersection(span) is not None:
                found.append(self.rows[at])
            at += 1
        return found


def _is_part(claim: Region, winners: list[Region]) -> bool:
    """Whether claim and winners are one module seen as a whole and as its mappings."""
    return claim.module is not None and all(
        winner.module == claim.module and winner.kind is not Kind.RANGE for winner in winners
    )


def _explain(claim: Region, winners: list[Region], pieces: tuple[Span, ...]) -> str:
    others = ", ".join(winner.name for winner in winners[:3])
    if len(winners) > 3:
        others += f" and {len(winners) - 3} more"
    kept = ", ".join(str(piece) for piece in pieces[:3]) or "nothing"
    if len(pieces) > 3:
        kept += f" and {len(pieces) - 3} more pieces"
    return f"{claim.name} {claim.span} overlaps {others}: it keeps {kept}"
