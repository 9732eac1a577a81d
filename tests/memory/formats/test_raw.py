"""Raw files of a few bytes written here."""

from __future__ import annotations

from pathlib import Path

import pytest

from memtiles.errors import DumpError
from memtiles.memory.dump import Kind, Mapping
from memtiles.memory.formats import open_dump
from memtiles.memory.options import Options
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "flash.bin"
    file.write_bytes(b"\0hello")
    return file


def test_the_whole_file_stands_at_the_base(path: Path) -> None:
    with open_dump(path, format="raw", options=Options(base=0xFFFF0000)) as dump:
        assert (dump.name, dump.format, dump.size) == ("flash.bin", "raw", 6)
        expected = Mapping(Span(0xFFFF0000, 6), Kind.FILE, "flash.bin", file_offset=0)
        assert dump.mappings == (expected,)
        assert dump.modules == ()
        memory = dump.spaces[0].read(Span(0xFFFF0000, 6))
        assert memory.data.tobytes() == b"\0hello"
        assert memory.runs.is_whole(6)
        assert dump.spaces[0].kind is SpaceKind.VIRTUAL


def test_the_base_is_zero_unless_said(path: Path) -> None:
    with open_dump(path, format="raw", options=Options(space=SpaceKind.PHYSICAL)) as dump:
        assert dump.mappings[0].span == Span(0, 6)
        assert dump.spaces[0].kind is SpaceKind.PHYSICAL


def test_the_last_place_in_the_address_space(path: Path) -> None:
    with open_dump(path, format="raw", options=Options(base=(1 << 64) - 6)) as dump:
        assert dump.spaces[0].read(Span((1 << 64) - 2, 2)).data.tobytes() == b"lo"


@pytest.mark.parametrize("base", [(1 << 64) - 5, 1 << 64, -1])
def test_a_base_that_leaves_the_address_space(path: Path, base: int) -> None:
    with pytest.raises(DumpError, match="leave the 64-bit address space"):
        open_dump(path, format="raw", options=Options(base=base))
