"""Saved `/proc/PID/maps` and smaps: real ones of a Python process with numpy."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.maps import MAPS
from builders.samples import sample
from memtiles.maps.importers import importers, read_map
from memtiles.memory.dump import Kind


@pytest.mark.parametrize("name", ["maps.txt", "smaps.txt"])
def test_a_real_map(name: str) -> None:
    read = read_map(sample(f"truth/{name}"))
    assert len(read.mappings) == 107
    assert len(read.modules) == len({module.path for module in read.modules})
    assert read.warnings == ()
    paths = {mapping.name for mapping in read.mappings if mapping.kind is Kind.MODULE}
    assert {module.path for module in read.modules} == paths - {""}


def test_a_pasted_map(tmp_path: Path) -> None:
    path = tmp_path / "maps.txt"
    path.write_text(MAPS)
    read = read_map(path)
    assert [mapping.kind for mapping in read.mappings] == [Kind.MODULE, Kind.HEAP, Kind.STACK]
    assert read.warnings == ()


@pytest.mark.parametrize(
    "row",
    [
        "00500000-00400000 r--p 00000000 00:00 0",
        "00500000-00500000 r--p 00000000 00:00 0",
        "0050000g-00600000 r--p 00000000 00:00 0",
        "00500000-00600000 r--q 00000000 00:00 0",
        "00500000-00600000",
        "10000000000000000-10000000000001000 r--p 00000000 00:00 0",
    ],
)
def test_a_damaged_row_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "maps.txt"
    path.write_text(f"00400000-00401000 r--p 00000000 00:00 0 /x\n{row}\n")
    read = read_map(path)
    assert len(read.mappings) == 1
    assert [warning.split(" ")[0] for warning in read.warnings] == ["maps.txt:2:"]


def test_it_is_known_by_its_first_lines(tmp_path: Path) -> None:
    sniff = importers()["proc-maps"].sniff
    assert sniff("\n00400000-00401000 r--p 00000000 00:00 0 \nwhatever")
    assert not sniff("")
    assert not sniff("00400000 00401000 app\n")
