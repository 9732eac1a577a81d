"""How many bytes a second each lens gives values to, on one thread."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from library import library_bytes
from measure import MIB, measure

GOALS = {"entropy": 200.0, "class": 400.0, "pointers": 150.0}  # MB/s
SMALL = {"lens_mib": 8}
_ROW = 4096
_REGIONS = 200
_EVERY = 2  # one word in so many of the rich memory is a pointer


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lens-mib", type=int, default=64, help="for each lens (default: 64)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """In a process of its own: numpy stays out of this one, whose peak its children inherit."""
    results = folder / "lenses.json"
    measure([sys.executable, __file__, options.lens_mib], results)
    found: dict[str, Any] = json.loads(results.read_text())
    results.unlink()
    return found


def lines(results: dict[str, Any]) -> Iterator[str]:
    yield f"values of {results['mib']} MiB in calls of 1 MiB, one thread"
    yield f"{'lens':20} {'bytes':16} {'median MB/s':>11}"
    for row in results["rows"]:
        goal = GOALS.get(row["lens"]) if row["bytes"] != "zeros" else None
        verdict = ""
        if goal is not None:
            verdict = f"   goal {goal:.0f}: {'met' if row['mbs'] >= goal else 'MISSED'}"
        yield f"{row['lens']:20} {row['bytes']:16} {row['mbs']:11.0f}{verdict}"


def _main(mib: int) -> None:
    import numpy as np

    from memtiles.maps.region import Region
    from memtiles.memory.dump import Kind
    from memtiles.memory.span import Span
    from memtiles.pictures.lens import Surroundings, ValueLens
    from memtiles.pictures.lenses import lens

    collected = bytearray()
    for chunk in library_bytes():
        collected += chunk
        if len(collected) >= mib * MIB:
            break
    library = np.frombuffer(bytes(collected[: mib * MIB]), np.uint8).reshape(mib, -1, _ROW)

    # Modules below the stack as Linux places them, and a kernel at the other end.
    random = np.random.default_rng(2007)
    kinds = list(Kind)
    starts = [0x7F00_0000_0000 + 0x20_0000 * number for number in range(_REGIONS - 20)]
    starts += [0xFFFF_8880_0000_0000 + 0x4000_0000 * number for number in range(20)]
    regions = tuple(
        Region("r", kinds[number % len(kinds)], Span(start, 0x18_0000))
        for number, start in enumerate(starts)
    )
    surroundings = Surroundings(regions)
    rich = library.copy()
    words = rich.reshape(-1).view("<u8")
    count = len(words[::_EVERY])
    targets = np.array(starts, np.uint64)[random.integers(0, len(starts), count)]
    words[::_EVERY] = targets + random.integers(0, 0x20_0000, count, np.uint64)
    zeros = np.zeros_like(library)

    rows = []
    for name in ("class", "entropy", "pointers", "words", "words-big", "gradient", "entropy:64"):
        made = lens(name)
        assert isinstance(made, ValueLens)
        bound = made.for_dump(surroundings)
        for what, memory in (("library", library), ("pointers", rich), ("zeros", zeros)):
            if (what == "pointers") is not (name == "pointers") and what != "zeros":
                continue
            seconds = []
            for call in memory:
                start = perf_counter()
                bound.values(call, None)
                seconds.append(perf_counter() - start)
            median = sorted(seconds)[len(seconds) // 2]
            rows.append({"lens": name, "bytes": what, "mbs": MIB / median / 1e6})
    print(json.dumps({"mib": mib, "rows": rows}))


if __name__ == "__main__":
    _main(int(sys.argv[1]))
