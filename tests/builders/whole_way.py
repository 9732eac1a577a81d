"""The way that a dump goes through `info`, `init` and `build --dry-run`, and some of its bytes."""

from __future__ import annotations

from pathlib import Path

from memtiles.config import parse_config
from memtiles.errors import MemtilesError
from memtiles.info import describe_dump
from memtiles.init import Source, make_config
from memtiles.maps.region import regions_of_dump
from memtiles.memory.dump import Dump
from memtiles.memory.formats import open_dump
from memtiles.memory.options import Options
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span
from memtiles.plan import make_plan

_REGIONS = 200
_READ = 4096


def go_through(path: Path, format: str = "auto", options: Options = Options()) -> str:
    """Goes the whole way, as far as there is one; gives what was told, errors of ours too."""
    said: list[str] = []
    try:
        with open_dump(path, format, options) as dump:
            _describe(dump, said)
            for space in dump.spaces:
                _read(space, dump)
            _plan(dump, path, options, said)
    except MemtilesError as problem:
        said.append(str(problem))
    assert not any("\n" in line for line in said)
    return "; ".join(said)


def _describe(dump: Dump, said: list[str]) -> None:
    told = describe_dump(dump, sections=True)
    told.to_json()
    said += told.report
    assert all(module.name for module in dump.modules)


def _read(space: AddressSpace, dump: Dump) -> None:
    """Both ends of regions: what is read is what was promised, and the rest are holes."""
    if space is dump.spaces[0]:
        spans = [region.span for region in regions_of_dump(dump).rows[:_REGIONS]]
    else:
        spans = [mapping.span for mapping in dump.read_contents(space).mappings[:_REGIONS]]
    for whole in spans:
        size = min(whole.size, _READ)
        for span in (Span(whole.start, size), Span(whole.end - size, size)):
            runs = space.runs(span)
            assert space.read(span).runs == runs
            holes = space.holes(span)
            assert runs.total + sum(one.total for one in holes.values()) == size


def _plan(dump: Dump, path: Path, options: Options, said: list[str]) -> None:
    """Each by itself: where one has nothing to draw, the other must say so, too."""
    file = path.parent / "config.yaml"
    for plan in (_build, _init):
        try:
            plan(dump, path, file, options)
        except MemtilesError as problem:
            said.append(str(problem))


def _build(dump: Dump, path: Path, file: Path, options: Options) -> None:
    make_plan(parse_config(f"dump: {path.name}\n", file), dump, []).check(1 << 34)


def _init(dump: Dump, path: Path, file: Path, options: Options) -> None:
    format = "raw" if dump.format == "raw" else None
    source = Source(path.name, format=format, base=options.base, cr3=options.cr3)
    make_config(dump, source, file, "map/", "https://example.org/schema.json")
