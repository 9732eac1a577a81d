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
from typing import Literal

import numpy as np
import numpy.typing as npt

from memtiles.memory.dump import Dump, Kind, Mapping, Module
from memtiles.memory.overlap import Addresses, Pieces, first_wins
from memtiles.memory.process.modules import last_part
from memtiles.memory.span import Span

_MOST_LINES = 100
_NAMED = 3  # of the winners and of the pieces in such a line

# What stands for a claim's module where it has none, and where the user made the claim.
_OF_NO_MODULE, _OF_A_RANGE = -1, -2

Group = Literal["module", "mapping"]


@dataclass(frozen=True, slots=True)
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
    spans = [span for _, span in ranges] + [mapping.span for mapping in mappings]
    homes = _homes(modules, spans)
    of_ranges = [
        Region(name, Kind.RANGE, span, None, home)
        for (name, span), home in zip(ranges, homes, strict=False)
    ]
    of_modules = [Region(m.name, Kind.MODULE, m.span, None, m) for m in modules]
    of_mappings = [
        Region(_name(mapping), mapping.kind, mapping.span, mapping.protection, home)
        for mapping, home in zip(mappings, homes[len(ranges) :], strict=True)
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
    if not mapping.name:
        return _nameless(mapping)
    is_path = mapping.kind is not Kind.STACK and not mapping.name.startswith("[")
    name = last_part(mapping.name) if is_path else mapping.name
    return name or _nameless(mapping)


def _nameless(mapping: Mapping) -> str:
    return f"{mapping.kind.value} {mapping.span.start:#x}"


def _homes(modules: Iterable[Module], spans: Sequence[Span]) -> list[Module | None]:
    """The module that each span lies in: of several, the one that starts last.

    Modules may be nested or overlap, as deep as a hostile list has it: one that covers 4 GiB before
    thousands of small ones is asked for by each mapping behind those. So all are swept once, and
    only modules that reach further than all that start later are kept.
    """
    behind = sorted(modules, key=lambda module: module.span)[::-1]
    reaching: list[Module] = []
    ends: list[int] = []  # theirs, negative: they fall, and bisect wants them to rise
    homes: list[Module | None] = [None] * len(spans)
    for number in sorted(range(len(spans)), key=lambda number: spans[number].start):
        span = spans[number]
        while behind and behind[-1].span.start <= span.start:
            module = behind.pop()
            while ends and -ends[-1] <= module.span.end:
                ends.pop()
                reaching.pop()
            ends.append(-module.span.end)
            reaching.append(module)
        at = bisect_right(ends, -span.end)
        homes[number] = reaching[at - 1] if at else None
    return homes


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
    """A line for each claim that lost addresses to others than its own module's.

    Modules of one span are one module: a map names those that the dump lists, too.
    """
    numbers: dict[Span | None, int] = {None: _OF_NO_MODULE}
    modules = np.array(
        [
            _OF_A_RANGE
            if claim.kind is Kind.RANGE
            else numbers.setdefault(claim.module.span if claim.module else None, number)
            for number, claim in enumerate(claims)
        ],
        np.int64,
    )
    whole = np.zeros(len(claims), np.bool_)
    same = (firsts[pieces.owner] == pieces.firsts) & (lasts[pieces.owner] == pieces.lasts)
    whole[pieces.owner[same]] = True
    losers = np.flatnonzero(~whole)
    low = np.searchsorted(pieces.lasts, firsts[losers], side="left")
    high = np.searchsorted(pieces.firsts, lasts[losers], side="right")
    # A module seen as a whole and as its mappings is not at odds with itself. Whether all pieces
    # of a claim are of one module is seen without a look at each: tens of thousands of modules
    # that lie in one another have as many pieces each.
    of_pieces = modules[pieces.owner]
    changes = np.append(0, np.cumsum(of_pieces[1:] != of_pieces[:-1]))
    is_part = (
        (modules[losers] >= 0)
        & (of_pieces[low] == modules[losers])
        & (changes[low] == changes[high - 1])
    )
    told = np.flatnonzero(~is_part)
    for at in told[:_MOST_LINES].tolist():
        number = int(losers[at])
        owners = pieces.owner[low[at] : high[at]]
        winners = owners[owners != number]
        kept = np.flatnonzero(owners == number) + low[at]
        yield _explain(
            claims[number],
            [claims[owner] for owner in winners[:_NAMED]],
            len(winners),
            _spans(pieces, kept[:_NAMED]),
            len(kept),
        )
    if len(told) > _MOST_LINES:
        yield f"{len(told) - _MOST_LINES} more overlap others"


def _spans(pieces: Pieces, kept: npt.NDArray[np.int64]) -> list[Span]:
    return [
        Span.between(first, last + 1)
        for first, last in zip(
            pieces.firsts[kept].tolist(), pieces.lasts[kept].tolist(), strict=True
        )
    ]


def _explain(
    claim: Region,
    winners: Sequence[Region],
    winner_count: int,
    pieces: Sequence[Span],
    piece_count: int,
) -> str:
    """One line, of the first few winners and of the first few pieces that are kept."""
    others = ", ".join(winner.name for winner in winners)
    if winner_count > len(winners):
        others += f" and {winner_count - len(winners)} more"
    kept = ", ".join(map(str, pieces)) or "nothing"
    if piece_count > len(pieces):
        kept += f" and {piece_count - len(pieces)} more pieces"
    return f"{claim.name} {claim.span} overlaps {others}: it keeps {kept}"
