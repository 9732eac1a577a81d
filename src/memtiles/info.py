"""What `memtiles info` tells of a dump, from its tables alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from memtiles.maps.region import regions_of_dump
from memtiles.memory.dump import Dump
from memtiles.memory.span import Span


@dataclass(frozen=True)
class InfoRow:
    """A module or region, and how many of its bytes the dump holds."""

    name: str
    kind: str
    span: Span
    protection: str | None
    present: int

    def to_json(self) -> dict[str, Any]:
        """Addresses and sizes as hex strings, `present` in bytes."""
        return {
            "name": self.name,
            "kind": self.kind,
            "start": hex(self.span.start),
            "size": hex(self.span.size),
            "protection": self.protection,
            "present": self.present,
        }


@dataclass(frozen=True)
class Info:
    """Everything that is told."""

    dump: Dump
    modules: tuple[InfoRow, ...]
    regions: tuple[InfoRow, ...]
    report: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that `info --json` prints."""
        return {
            "name": self.dump.name,
            "format": self.dump.format,
            "size": self.dump.size,
            "machine": self.dump.machine,
            "address_bits": self.dump.address_bits,
            "spaces": [{"name": space.name} for space in self.dump.spaces],
            "modules": [row.to_json() for row in self.modules],
            "regions": [row.to_json() for row in self.regions],
            "warnings": list(self.report),
        }


def describe_dump(dump: Dump) -> Info:
    """Modules, and the regions that a build with no further words would draw."""
    space = dump.spaces[0]
    found = regions_of_dump(dump)

    def row(name: str, kind: str, span: Span, protection: str | None) -> InfoRow:
        return InfoRow(name, kind, span, protection, space.runs(span).total)

    return Info(
        dump,
        tuple(row(one.name, "module", one.span, None) for one in dump.modules),
        tuple(row(one.name, one.kind.value, one.span, one.protection) for one in found.rows),
        (*dump.warnings, *dump.contents.warnings, *found.report),
    )
