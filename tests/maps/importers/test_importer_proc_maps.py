"""Saved `/proc/PID/maps` and smaps: real ones of a Python process with numpy."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_only_its_first_line_is_looked_at(tmp_path: Path) -> None:
    sniff = importers()["proc-maps"].sniff
    assert sniff("\n00400000-00401000 r--p 00000000 00:00 0 \nwhatever")
    assert not sniff("")
    assert not sniff("00400000 00401000 app\n")
