"""The lens `pointers` knows all regions of the address space, drawn or not."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from memtiles.config import load_config
from memtiles.pictures.lens import ValueLens
from memtiles.pipeline import open_input
from memtiles.plan import make_plan

PAGE = 4096


@pytest.mark.parametrize(
    "drawn",
    [
        "regions: {ranges: RANGES}",
        "regions: {ranges: RANGES, exclude: [{name: b}]}",
        "regions: {ranges: RANGES}\noverrides: [{match: {name: b}, offset: 0x800}]",
    ],
)
def test_pointers_into_what_is_not_drawn_are_pointers(tmp_path: Path, drawn: str) -> None:
    """The first half of b is pointed into; once b is left out, once that half of it."""
    words = struct.pack("<512Q", *range(PAGE, 2 * PAGE - 4, 4)[:512])
    (tmp_path / "memory.bin").write_bytes(words + bytes(PAGE))
    ranges = f"[{{name: a, range: '0x0+{PAGE:#x}'}}, {{name: b, range: '{PAGE:#x}+{PAGE:#x}'}}]"
    (tmp_path / "c.yaml").write_text(
        "dump: {path: memory.bin, format: raw}\npictures: {lenses: [pointers]}\n"
        + drawn.replace("RANGES", ranges)
    )
    config = load_config(tmp_path / "c.yaml")
    with open_input(config) as dump:
        (lens,) = make_plan(config, dump, []).lenses
    assert isinstance(lens, ValueLens)
    of_pointers = lens.values(np.frombuffer(words, np.uint8)[None], None)
    of_none = lens.values(np.zeros((1, 8), np.uint8) + 0xEE, None)
    assert not (of_pointers == of_none[0, 0]).any()
