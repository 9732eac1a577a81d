"""How the work of a plan grows with the number of regions: counted in lines, never in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from builders.elf import Load, elf_core
from builders.minidump import Minidump
from memtiles.config import parse_config
from memtiles.info import describe_dump
from memtiles.init import Source, make_config
from memtiles.maps.region import regions_of_dump
from memtiles.memory.dump import Dump
from memtiles.memory.formats import open_dump
from memtiles.plan import make_plan

PAGE = 4096
FEW, MANY = 300, 1200


def pages(count: int, apart: int) -> bytes:
    loads = [Load(0x1000_0000 + number * apart, bytes([1] * PAGE)) for number in range(count)]
    return elf_core(loads, extended=True)


def mostly_holes(count: int) -> bytes:
    """Segments of 4 KiB and, between them, of 1 MiB that have a page in the file."""
    loads = [
        Load(
            0x1000_0000 + (number << 22), bytes([1] * PAGE), memsz=(1 << 20) if number % 2 else None
        )
        for number in range(count)
    ]
    return elf_core(loads, extended=True)


def modules(count: int, size: Callable[[int], int]) -> bytes:
    rows = [(0x7FF0_0000_0000 + at * PAGE, size(at), f"m{at}.dll") for at in range(count)]
    return Minidump().system().modules(rows).memory64([(rows[0][0], bytes([1] * PAGE))]).data


DUMPS: dict[str, Callable[[int], bytes]] = {
    "pages side by side": lambda count: pages(count, 17 * PAGE),
    "pages with a gap mark before each": lambda count: pages(count, 1 << 30),
    "segments of which most is missing": mostly_holes,
    "modules in a staircase": lambda count: modules(count, lambda _: 64 << 20),
    "modules in one another": lambda count: modules(count, lambda at: 2 * (count - at) * PAGE),
}


def plan(dump: Dump, file: Path) -> None:
    make_plan(parse_config("dump: dump\n", file), dump, [])


def init(dump: Dump, file: Path) -> None:
    make_config(dump, Source("dump"), file, "map/", "https://example.org/schema.json")


def info(dump: Dump, _: Path) -> None:
    describe_dump(dump)


def lines(work: Callable[[Dump, Path], None], content: bytes, folder: Path) -> int:
    """The lines of Python that are run to do it, the dump open already."""
    path = folder / "dump"
    path.write_bytes(content)
    count = 0

    def trace(_frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    with open_dump(path) as dump:
        regions_of_dump(dump)
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            work(dump, folder / "config.yaml")
        finally:
            sys.settrace(before)
    return count


@pytest.mark.parametrize("work", [plan, init, info])
@pytest.mark.parametrize("make", DUMPS.values(), ids=DUMPS)
def test_the_work_grows_with_the_regions_and_not_with_their_square(
    tmp_path: Path, make: Callable[[int], bytes], work: Callable[[Dump, Path], None]
) -> None:
    few, many = (lines(work, make(count), tmp_path) for count in (FEW, MANY))
    # Four times as many; that widths are found by halving adds two tries for some of the lines.
    assert many < 1.3 * (MANY / FEW) * few
