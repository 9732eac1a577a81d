"""What a build expects of itself: it gets better as it goes on, and is right in the end."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from builders.elf import Load as Segment
from builders.elf import elf_core
from memtiles.config import load_config
from memtiles.pipeline import build
from memtiles.progress import Advance, Load
from own_lens_source import own_lens_source

MIB = 1 << 20
START = 0x10_0000
TILES = "tiles: {size: 256}\n"
WIDTH = "pictures: {width: 512, lenses: [%s]}\n"


class Notes:
    """Takes down all that is expected, and counts what is done."""

    def __init__(self) -> None:
        self.expected: list[dict[str, Load]] = []
        self.done: dict[str, int] = defaultdict(int)
        self.after_memory: dict[str, Load] = {}

    def expect(self, loads: Sequence[Load]) -> None:
        self.expected.append({load.stage: load for load in loads})

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        def advance(units: int) -> None:
            self.done[name] += units

        yield advance
        if name == "memory":
            self.after_memory = self.expected[-1]


def notes_of(folder: Path, memory: bytes, size: int = 0, more: str = "") -> Notes:
    """Of the build of one segment, of which what is beyond its bytes is missing."""
    core = elf_core([Segment(START, memory, memsz=size or len(memory), flags=6)])
    (folder / "app.core").write_bytes(core)
    config = folder / "config.yaml"
    config.write_text(f"dump: app.core\n{TILES}{more or WIDTH % 'bytes'}")
    notes = Notes()
    build(load_config(config), jobs=1, watcher=notes)
    return notes


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def units(loads: dict[str, Load]) -> dict[str, int]:
    return {stage: load.units for stage, load in loads.items()}


def test_before_anything_is_read_all_is_taken_to_be_full(tmp_path: Path) -> None:
    notes = notes_of(tmp_path, noise(MIB), 4 * MIB)
    assert units(notes.expected[0]) == {"memory": 4 * MIB, "tiles": 4 * MIB, "strips": 0}


def test_what_is_read_tells_how_much_of_the_rest_will_be_drawn(tmp_path: Path) -> None:
    """A row of tiles has 256 times 4,096 bytes; something in it is enough to draw all of it.

    Of 32 such rows these have some: the first, in two places; the eighth and the ninth, by a piece
    that lies in both; and the last.
    """
    memory = bytearray(32 * MIB)
    memory[0] = memory[MIB // 2] = 1
    memory[8 * MIB - 4096 : 8 * MIB + 4096] = noise(8192)
    memory[-1] = 1
    notes = notes_of(tmp_path, bytes(memory), more="pictures: {width: 4096}\n")
    assert notes.after_memory["tiles"].units == 4 * MIB


@pytest.mark.parametrize("held", [MIB, 3 * MIB + 5, 4 * MIB])
@pytest.mark.parametrize("lenses", ["bytes", "bytes, class, entropy"])
def test_what_was_expected_last_is_what_was_done(tmp_path: Path, held: int, lenses: str) -> None:
    memory = bytearray(noise(held))
    memory[MIB // 2 : MIB - 5000] = bytes(MIB // 2 - 5000)
    more = f"{WIDTH % lenses}atlases: [{{name: first}}, {{name: second, layout: hilbert}}]\n"
    more += "strips: [{name: print, atlas: first, crop: 100x200+3+5}]\n"
    notes = notes_of(tmp_path, bytes(memory), 4 * MIB, more)
    assert units(notes.expected[-1]) == {one: notes.done[one] for one in notes.expected[-1]}
    assert notes.done["strips"] == 100 * 200


@pytest.mark.parametrize("at", [0, 4 * MIB - 1], ids=["at once", "in the end"])
@pytest.mark.parametrize("lenses", ["bad.py, bytes", "bytes, bad.py", "bad.py"])
def test_of_a_lens_that_fails_nothing_more_is_expected(
    tmp_path: Path, at: int, lenses: str
) -> None:
    """It was counted before: the bar stood still short of the end."""
    memory = bytearray(noise(4 * MIB).replace(b"\xee", b"\xef"))
    memory[at] = 0xEE
    fails = "if (data == 0xEE).any(): raise RuntimeError\n        return np.maximum(data, 1)"
    (tmp_path / "bad.py").write_text(own_lens_source("bad", 4096, fails))
    more = f"{WIDTH % lenses}atlases: [{{name: first}}, {{name: second, layout: hilbert}}]\n"
    notes = notes_of(tmp_path, bytes(memory), 0, more)
    assert notes.expected[-1]["tiles"].units == notes.done["tiles"]
    # What is drawn are two atlases of the bytes; and, where it fails late, some of the other lens.
    assert (notes.done["tiles"] > 8 * MIB) == (at > 0)


def test_a_pixel_costs_several_bytes_and_more_of_them_where_most_are_zeros(tmp_path: Path) -> None:
    """Bytes are read, hashed and copied, but zeros are only read; of tiles both are pixels."""
    full = notes_of(tmp_path, noise(4 * MIB)).after_memory["tiles"]
    assert 3 < full.weight < 20
    sparse = bytearray(4 * MIB)
    for at in range(0, 4 * MIB, 512 * 256):  # something in each row of tiles
        sparse[at] = 1
    empty = notes_of(tmp_path, bytes(sparse)).after_memory["tiles"]
    assert empty.units == full.units
    assert full.weight < empty.weight < 4 * full.weight
