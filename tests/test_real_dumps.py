"""Whole builds of real ELF cores that nobody here wrote, with pyelftools as the oracle.

They stand beside the checkout in ../shared/dumps; where they are absent the tests say so.
"""

from __future__ import annotations

import gzip
import lzma
import random
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from builders.samples import ELF_CORES, sample
from memtiles.cli import run
from sites import SiteEyes, tiled


def unpacked(path: Path) -> bytes:
    opener: Any = {".xz": lzma.open, ".gz": gzip.open}.get(path.suffix, open)
    with opener(path, "rb") as file:
        return bytes(file.read())


def segments(core: bytes) -> list[tuple[int, int, bytes]]:
    """(virtual address, physical address, bytes in the file) of each PT_LOAD, by pyelftools."""
    return [
        (segment["p_vaddr"], segment["p_paddr"], segment.data())
        for segment in ELFFile(BytesIO(core)).iter_segments("PT_LOAD")
        if segment["p_filesz"]
    ]


@pytest.mark.parametrize("name", ELF_CORES)
def test_every_byte_of_the_core_is_at_its_address(name: str, tmp_path: Path) -> None:
    path = sample(name)
    # Through page tables, the bytes of a machine stand at more addresses than the segments tell.
    space = "physical" if name.startswith("gen_") else "virtual"
    config = f"dump: {{path: {path}, space: {space}}}\noutput: site\n"
    (tmp_path / "config.yaml").write_text(config)
    assert run(["build", str(tmp_path / "config.yaml"), "--quiet"]) == 0
    assert run(["check", str(tmp_path / "site"), "--quiet"]) == 0
    eyes = SiteEyes(tmp_path / "site")
    assert eyes.manifest["spaces"] == [{"name": space}]
    loads = [
        (paddr if space == "physical" else vaddr, data)
        for vaddr, paddr, data in segments(unpacked(path))
    ]
    regions = [row for row in eyes.manifest["regions"] if row["picture"] is not None]
    present = sum(int(row["present"], 16) for row in regions)
    if "paging" not in name:  # there, several segments tell of the same memory
        assert present == sum(len(data) for _, data in loads)

    atlas = eyes.manifest["atlases"][0]
    places = {row["region"]: row for row in atlas["placements"]}
    choose = random.Random(4)
    for _ in range(300):
        start, data = choose.choice(loads)
        offset = choose.randrange(len(data))
        number, region = next(
            (number, row)
            for number, row in enumerate(eyes.manifest["regions"])
            if 0 <= start + offset - int(row["start"], 16) < int(row["size"], 16)
        )
        picture = eyes.manifest["pictures"][region["picture"]]
        row, column = divmod(start + offset - int(region["start"], 16), picture["width"])
        x, y = places[number]["x"] + column, places[number]["y"] + row
        assert eyes.pixel(atlas, x, y) == (data[offset],), hex(start + offset)


def test_headers_without_memory_are_a_map_of_holes(tmp_path: Path) -> None:
    """The FreeBSD core of LLDB's tests is cut after its headers; all segments lie past its end."""
    path = sample("lldb_x86-64-freebsd.core")
    (tmp_path / "config.yaml").write_text(f"dump: {path}\noutput: site\n")
    assert run(["build", str(tmp_path / "config.yaml"), "--quiet"]) == 0
    eyes = SiteEyes(tmp_path / "site")
    assert {row["present"] for row in eyes.manifest["regions"]} == {"0x0"}
    atlas = eyes.manifest["atlases"][0]
    choose = random.Random(5)
    for _ in range(300):
        x = choose.randrange(tiled(atlas)["pyramid"]["width"])
        y = choose.randrange(tiled(atlas)["pyramid"]["height"])
        assert eyes.pixel(atlas, x, y) is None
