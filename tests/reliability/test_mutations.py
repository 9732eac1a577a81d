"""Dumps of every format, damaged at random, on the whole way through `info`, `init` and `build`.

An error of ours or a warning is an answer. `make fuzz` looks further than the usual run.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.damage import ABSURD
from builders.seeds import TABLES_AT, seeds
from builders.whole_way import go_through
from fuzzing import fuzz
from memtiles.memory.formats import formats
from memtiles.memory.options import Options

SEEDS = seeds()
RAW = [
    Options(),
    Options(base=TABLES_AT, cr3=TABLES_AT),
    Options(base=TABLES_AT, cr3="auto"),
]
LARGEST = 1 << 20


class Edit(NamedTuple):
    """A change of some bytes, at a place between the two ends of a file."""

    how: str
    place: float
    size: int
    value: int

    def apply(self, data: bytes) -> bytes:
        at = int(self.place * len(data))
        # Most fields stand on a multiple of four.
        at -= at % 4 * (self.value % 3 > 0)
        match self.how:
            case "flip":
                return data[:at] + bytes([data[at] ^ 1 << self.value % 8]) + data[at + 1 :]
            case "little" | "big":
                width = 1 << self.size % 4
                word = (self.value % (1 << 8 * width)).to_bytes(width, self.how)
                return data[:at] + word + data[at + width :]
            case "cut":
                return data[:at]
            case "remove":
                return data[:at] + data[at + self.size :]
            case "repeat":
                block = data[at : at + self.size] * min(self.value, 1000)
                return (data[:at] + block + data[at:])[:LARGEST]
            case "move":
                source = self.value % len(data)
                block = data[source : source + self.size]
                return data[:at] + block + data[at + len(block) :]
        other = list(SEEDS.values())[self.value % len(SEEDS)]
        return (data[:at] + other[at:])[:LARGEST]


HOWS = ["flip", "little", "little", "little", "big", "cut", "remove", "repeat", "move", "splice"]
NEAR = [1 << 12, (1 << 15) - 1, 1 << 60, (1 << 63) - 1, (1 << 64) - 4096]
# Tables stand at the front: a square lets a place fall there more often than not.
PLACES = st.floats(0, 1, exclude_max=True).map(lambda place: place**3)
EDITS = st.lists(
    st.builds(
        Edit,
        st.sampled_from(HOWS),
        PLACES | st.floats(0, 1, exclude_max=True),
        st.sampled_from([1, 2, 3, 4, 8, 16, 24, 48, 56, 108, 4096]),
        st.sampled_from([*ABSURD, *NEAR]) | st.integers(0, 1 << 16) | st.integers(0, (1 << 64) - 1),
    ),
    min_size=1,
    max_size=8,
)


def damaged(data: bytes, edits: list[Edit]) -> bytes:
    for edit in edits:
        if data:
            data = edit.apply(data)
    return data


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutations") / "app.dmp"


def test_a_seed_for_each_format() -> None:
    files = {name for name in formats() if name != "process"}
    assert files == {name.split()[0] for name in SEEDS}


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_are_sound(path: Path, name: str) -> None:
    assert len(SEEDS[name]) <= 64 << 10
    path.write_bytes(SEEDS[name])
    if name == "raw":
        assert [go_through(path, "raw", options) for options in RAW[:2]] == ["", ""]
    else:
        assert go_through(path) == ""


@pytest.mark.parametrize("name", SEEDS)
@fuzz(20)
@given(edits=EDITS, way=st.sampled_from(RAW))
def test_a_damaged_dump(path: Path, name: str, edits: list[Edit], way: Options) -> None:
    path.write_bytes(damaged(SEEDS[name], edits))
    if name == "raw":
        go_through(path, "raw", way)
    else:
        go_through(path)
        go_through(path, name.split()[0])


@pytest.mark.parametrize("name", SEEDS)
def test_a_dump_that_ends_somewhere(path: Path, name: str) -> None:
    """The tests of each format cut at every byte, and go no further than to open what is left."""
    chance = random.Random(name)
    data = SEEDS[name]
    for end in sorted(chance.randrange(len(data)) for _ in range(10)):
        path.write_bytes(data[:end])
        go_through(path, name.split()[0])
