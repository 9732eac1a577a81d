"""Opens damaged dumps: an error of ours is an answer, any other exception a failure."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from builders.effort import little_work
from memtiles.errors import DumpError, LimitError
from memtiles.memory.formats import open_dump
from memtiles.memory.span import Span

ABSURD = [0, 1, (1 << 31) - 1, (1 << 32) - 1, 1 << 63, (1 << 64) - 1]
_READ = 0x10000


def survives(path: Path, contents: bytes, format: str) -> str:
    """Opens a dump and reads some of all its mappings; gives the error or the warnings."""
    path.write_bytes(contents)
    said = []
    tracemalloc.start()
    try:
        with little_work(), open_dump(path, format=format) as dump:
            said += dump.warnings
            for space in dump.spaces:
                for mapping in dump.read_contents(space).mappings:
                    span = Span(mapping.span.start, min(mapping.span.size, _READ))
                    runs = space.runs(span)
                    assert space.read(span).runs == runs
    except (DumpError, LimitError) as problem:
        said.append(str(problem))
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert not any("\n" in line for line in said)
    assert peak < 50 << 20
    return "; ".join(said)
