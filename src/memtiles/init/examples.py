"""Which regions the examples of a config name.

Every example must work when it is switched on, alone and with all others. So one region, the
subject, is never excluded and always included, and stays whole enough for what is cut from it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isqrt

from memtiles.config import Match
from memtiles.crop import Crop
from memtiles.init.quoting import pattern
from memtiles.maps.absence import ABSENT_ALLOWANCE
from memtiles.maps.region import Region
from memtiles.memory.address import format_address
from memtiles.memory.dump import Kind
from memtiles.memory.span import Span
from memtiles.plan import PlannedRegion
from memtiles.tiles.atlas import ROW_LIMIT

RANGE_NAMES = ("first piece", "second piece")

_LARGEST_OF_A_KIND = 3
_LARGEST_PIECE = 4096
_WIDEST_CROP = 512


@dataclass(frozen=True)
class Group:
    """The regions that a match fits, and their bytes together."""

    match: Match
    count: int
    size: int


@dataclass(frozen=True)
class Examples:
    """What the examples say.

    Attributes:
        exclude: The kinds of regions, and the largest of each kind; nothing that is the subject.
        include: The kind of the subject, and the subject; none where nothing else is drawn.
        ranges: Two neighbouring pieces of a region; none where it is too small.
        subject: The region that is drawn in another way.
        fits_classic: Whether it is small enough to be tiled as a square of 32 bits a pixel.
        strip_region: What a strip calls the subject: its name, or an address in it.
        crop: Lies in the subject's picture however that is drawn; None for all of it.
    """

    exclude: tuple[Group, ...]
    include: tuple[Group, ...]
    ranges: tuple[Span, ...]
    subject: Match
    fits_classic: bool
    strip_region: str
    crop: Crop | None


def pick_examples(drawn: Sequence[PlannedRegion]) -> Examples:
    """Picks them from the regions of a plan that get a picture; there is at least one."""
    names = Counter(planned.region.name.casefold() for planned in drawn)
    # Below the allowance no hole is too long to be drawn, whatever else is left out.
    stay_whole = sum(map(_absent, drawn)) <= ABSENT_ALLOWANCE

    def is_plain(planned: PlannedRegion) -> bool:
        """Whether its name means all of it and nothing else, whichever examples are switched on."""
        name = planned.region.name
        return (
            pattern(name) == name
            and names[name.casefold()] == 1
            and name not in RANGE_NAMES
            and (stay_whole or _absent(planned) == 0)
        )

    def rank(planned: PlannedRegion) -> tuple[bool, bool, bool, int]:
        present = planned.runs.total
        return is_plain(planned), present > 0, planned.region.kind is Kind.MODULE, present

    subject = max(drawn, key=rank)
    others = [planned for planned in drawn if planned is not subject]
    home = max(others, key=lambda planned: planned.runs.total, default=subject)
    plain = is_plain(subject)
    groups = _groups([planned.region for planned in drawn])
    return Examples(
        tuple(_exclude(groups, subject.region)),
        tuple(_include(groups, subject.region)) if others else (),
        _pieces(home.region.span),
        Match(name=pattern(subject.region.name)),
        isqrt(subject.region.span.size // 4) <= ROW_LIMIT // 4,
        subject.region.name if plain else _present_address(subject),
        _crop(subject.region.span.size) if plain else None,
    )


def _absent(planned: PlannedRegion) -> int:
    return planned.region.span.size - planned.runs.total


def _groups(regions: Sequence[Region]) -> dict[Kind, dict[str, list[int]]]:
    """The sizes of regions by their kind and by what fits their name."""
    groups: dict[Kind, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for region in regions:
        groups[region.kind][pattern(region.name)].append(region.span.size)
    return groups


def _exclude(groups: dict[Kind, dict[str, list[int]]], subject: Region) -> Iterator[Group]:
    for kind in sorted(groups, key=lambda kind: -_of_kind(groups, kind).size):
        if kind is not subject.kind:
            yield _of_kind(groups, kind)
        largest = sorted(groups[kind], key=lambda name: -sum(groups[kind][name]))
        of_names = (_of_name(groups, kind, name) for name in largest)
        others = (one for one in of_names if not one.match.matches(subject.name, subject.kind))
        yield from islice(others, _LARGEST_OF_A_KIND)


def _include(groups: dict[Kind, dict[str, list[int]]], subject: Region) -> Iterator[Group]:
    yield _of_kind(groups, subject.kind)
    yield _of_name(groups, subject.kind, pattern(subject.name))


def _of_kind(groups: dict[Kind, dict[str, list[int]]], kind: Kind) -> Group:
    sizes = [size for each in groups[kind].values() for size in each]
    return Group(Match(kind=kind), len(sizes), sum(sizes))


def _of_name(groups: dict[Kind, dict[str, list[int]]], kind: Kind, name: str) -> Group:
    sizes = groups[kind][name]
    return Group(Match(name=name), len(sizes), sum(sizes))


def _pieces(span: Span) -> tuple[Span, ...]:
    """Two pieces from the start of a region, at most half of it together."""
    size = min(_LARGEST_PIECE, span.size // 4)
    return (Span(span.start, size), Span(span.start + size, size)) if size else ()


def _present_address(planned: PlannedRegion) -> str:
    """An address with which no name can be confused; what holds it is drawn in any case."""
    return format_address(planned.region.span.start + int(planned.runs.lasts[-1]))


def _crop(size: int) -> Crop | None:
    """A square at the top left.

    It fits half of the bytes, which are left by the pieces, in rows of bytes and in layout classic
    with four bytes a pixel; rows are at least 64 pixels wide.
    """
    side = min(isqrt(size) // 4, max(1, size // 128), _WIDEST_CROP)
    return Crop(side, side, 0, 0) if side else None
