"""From the rows of a map to its mappings and modules, process by process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from memtiles.maps.importers import ImportedMap
from memtiles.memory.dump import Kind, Mapping, Module
from memtiles.memory.process.modules import last_part
from memtiles.memory.span import Span

# As memory/process/modules.py has it: pieces of one image lie no further apart than its alignment.
_ROOM_LIMIT = 64 << 20


@dataclass
class Gathered:
    """The rows of one process, or of a map that knows no processes, in any order."""

    mappings: list[Mapping] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)

    def add_module(self, path: str, span: Span, protection: str | None = None) -> None:
        """Takes in a row that is a whole module."""
        self.mappings.append(Mapping(span, Kind.MODULE, path, protection))
        self.modules.append(Module(_name(path, span), path, span))

    def add_images(self, mappings: Sequence[Mapping]) -> None:
        """Takes in rows of which those of Kind.MODULE are pieces of modules."""
        self.mappings += mappings
        self.modules += joined(mappings)

    def map(self, warnings: Iterable[str], process: int | None = None) -> ImportedMap:
        """The map of these rows."""
        return ImportedMap(
            tuple(sorted(self.mappings, key=lambda mapping: mapping.span)),
            tuple(sorted(self.modules, key=lambda module: module.span)),
            tuple(warnings),
            process,
        )


class ByProcess(defaultdict[int | None, Gathered]):
    """Rows by the process that they tell of."""

    def __init__(self) -> None:
        super().__init__(Gathered)

    def maps(self, warnings: Sequence[str]) -> list[ImportedMap]:
        """A map for each process."""
        return [gathered.map(warnings, process) for process, gathered in self.items()]


def _name(path: str, span: Span) -> str:
    return last_part(path) or f"module {span.start:#x}"


def joined(mappings: Iterable[Mapping]) -> list[Module]:
    """The modules of pieces: those of one path that follow each other, with some room at most."""
    modules: list[Module] = []
    last: Mapping | None = None
    for mapping in sorted(mappings, key=lambda mapping: mapping.span):
        if mapping.kind is Kind.MODULE and mapping.name:
            if last is not None and _continues(modules[-1], mapping, last):
                end = max(modules[-1].span.end, mapping.span.end)
                start = modules.pop().span.start
                span = Span.between(start, end)
            else:
                span = mapping.span
            modules.append(Module(last_part(mapping.name), mapping.name, span))
            last = mapping
        else:
            last = None
    return modules


def _continues(module: Module, piece: Mapping, last: Mapping) -> bool:
    room = piece.span.start - module.span.end
    return last.name == piece.name == module.path and room <= _ROOM_LIMIT
