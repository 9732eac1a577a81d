"""What `memtiles info` tells of a dump, from its tables and the headers of its modules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from memtiles.maps.region import Region, regions_of_dump
from memtiles.memory.dump import Dump, Module
from memtiles.memory.sections.of_module import sections_of_all
from memtiles.memory.space import Absence, AddressSpace, SpaceKind
from memtiles.memory.span import ADDRESS_LIMIT, Span


@dataclass(frozen=True, slots=True)
class InfoRow:
    """A module, section or region, and how many of its bytes the dump holds.

    Attributes:
        missing: How many it does not, by the reason why; None where that was not looked into.
    """

    name: str
    kind: str
    span: Span
    protection: str | None
    present: int
    missing: dict[Absence, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Addresses and sizes as hex strings, `present` and `missing` in bytes."""
        row: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "start": hex(self.span.start),
            "size": hex(self.span.size),
            "protection": self.protection,
            "present": self.present,
        }
        if self.missing is not None:
            row["missing"] = _in_words(self.missing)
        return row


def _in_words(missing: dict[Absence, int]) -> dict[str, int]:
    return {reason.value: count for reason, count in missing.items()}


@dataclass(frozen=True)
class ModuleInfo:
    """A module and what its own headers tell of it."""

    row: InfoRow
    sections: tuple[InfoRow, ...]

    def to_json(self) -> dict[str, Any]:
        """A row, and the rows of its sections."""
        return {**self.row.to_json(), "sections": [one.to_json() for one in self.sections]}


@dataclass(frozen=True)
class SpaceInfo:
    """An address space, as far as its size is known without walking all of its page tables.

    Attributes:
        size: Bytes of the regions that are listed; None where those of this space are not.
        present: How many bytes the dump holds: of these regions, or of a physical space at all.
        missing: How many bytes of these regions it does not hold, by the reason why.
    """

    name: str
    size: int | None = None
    present: int | None = None
    missing: dict[Absence, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As in rows: `size` as a hex string, the others in bytes; null where unknown."""
        size = None if self.size is None else hex(self.size)
        return {
            "name": self.name,
            "size": size,
            "present": self.present,
            "missing": _in_words(self.missing),
        }


@dataclass(frozen=True)
class Info:
    """Everything that is told."""

    dump: Dump
    spaces: tuple[SpaceInfo, ...]
    modules: tuple[ModuleInfo, ...]
    regions: tuple[InfoRow, ...]
    report: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that `info --json` prints."""
        return {
            "name": self.dump.name,
            "format": self.dump.format,
            "size": self.dump.size,
            "system": self.dump.system,
            "machine": self.dump.machine,
            "address_bits": self.dump.address_bits,
            "spaces": [space.to_json() for space in self.spaces],
            "modules": [module.to_json() for module in self.modules],
            "regions": [row.to_json() for row in self.regions],
            "warnings": list(self.report),
        }


def describe_dump(dump: Dump, *, sections: bool = False) -> Info:
    """Modules, and the regions that a build with no further words would draw.

    Args:
        dump: Which.
        sections: Whether the headers of modules are read to tell their sections, too.
    """
    space = dump.spaces[0]
    found = regions_of_dump(dump)

    def row(name: str, kind: str, span: Span, protection: str | None) -> InfoRow:
        return InfoRow(name, kind, span, protection, space.runs(span).total)

    known = sections_of_all(space, dump.modules) if sections else {}

    def module_info(module: Module) -> ModuleInfo:
        return ModuleInfo(
            row(module.name, "module", module.span, None),
            tuple(
                row(one.name, "section" if one.name else "segment", one.span, one.protection)
                for one in known.get(module, ())
            ),
        )

    regions = tuple(_region_row(space, region) for region in found.rows)
    return Info(
        dump,
        (_regions_of(space, regions), *map(_other_space, dump.spaces[1:])),
        tuple(map(module_info, dump.modules)),
        regions,
        (*dump.warnings, *dump.contents.warnings, *found.report),
    )


def _region_row(space: AddressSpace, region: Region) -> InfoRow:
    span = region.span
    present = space.runs(span).total
    holes = space.holes(span) if present < span.size else {}
    missing = {reason: runs.total for reason, runs in holes.items()}
    return InfoRow(region.name, region.kind.value, span, region.protection, present, missing)


def _regions_of(space: AddressSpace, regions: Sequence[InfoRow]) -> SpaceInfo:
    missing: Counter[Absence] = Counter()
    for row in regions:
        missing.update(row.missing or {})
    return SpaceInfo(
        space.name,
        sum(row.span.size for row in regions),
        sum(row.present for row in regions),
        {reason: missing[reason] for reason in Absence if missing[reason]},
    )


def _other_space(space: AddressSpace) -> SpaceInfo:
    """Of a virtual space nothing: to count its bytes, all page tables would have to be walked."""
    if space.kind is SpaceKind.VIRTUAL:
        return SpaceInfo(space.name)
    return SpaceInfo(space.name, None, space.runs(Span(0, ADDRESS_LIMIT)).total)
