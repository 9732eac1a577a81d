"""A made-up process in an ELF core, whose every byte a test knows, and eyes that read its site.

The core comes from `builders.elf`, tiles are read by Pillow, manifests by `json`: nothing here
shares code with what is tested.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from builders.elf import Load, elf_core, nt_file
from memtiles.cli import run

PAGE = 4096


@dataclass(frozen=True)
class Memory:
    """What the process holds: bytes by address, None for holes."""

    loads: list[Load]

    def byte(self, address: int) -> int | None:
        for load in self.loads:
            offset = address - load.vaddr
            if 0 <= offset < len(load.data):
                return load.data[offset]
        return None


@cache
def made_up_process() -> tuple[bytes, Memory]:
    """A core with two modules, a large heap, single pages, holes inside and around them."""
    random_bytes = random.Random(2007).randbytes
    program = 0x55_5555_554000
    library = 0x7FFF_F7A0_0000
    loads = [
        Load(program, random_bytes(3 * PAGE), flags=5),
        # The rest of this segment was not dumped: a hole to its end.
        Load(program + 3 * PAGE, random_bytes(PAGE + 123), memsz=5 * PAGE, flags=6),
        Load(0x55_5600_0000_00, random_bytes(1_300_000 + 7), memsz=1_304_576, flags=6),
        *(Load(0x60_0000_0000 + i * 2 * PAGE, random_bytes(PAGE), flags=6) for i in range(20)),
        Load(library, random_bytes(700_000), memsz=172 * PAGE, flags=5),
        Load(library + 180 * PAGE, random_bytes(4 * PAGE), flags=6),
        # Nothing of this one is in the file.
        Load(library + 200 * PAGE, b"", memsz=3 * PAGE, flags=4),
        Load(0xFFFF_FFFF_FF60_0000, random_bytes(PAGE), flags=1),
    ]
    files = [
        (program, program + 3 * PAGE, 0, b"/usr/bin/made up"),
        (program + 3 * PAGE, program + 8 * PAGE, 3, b"/usr/bin/made up"),
        (library, library + 172 * PAGE, 0, b"/usr/lib/libmade.so.6"),
        (library + 180 * PAGE, library + 184 * PAGE, 172, b"/usr/lib/libmade.so.6"),
    ]
    return elf_core(loads, nt_file(files)), Memory(loads)


def build_site(folder: Path, more: str = "") -> Path:
    """Builds the made-up process with further lines of config; returns the output folder."""
    (folder / "app.core").write_bytes(made_up_process()[0])
    (folder / "config.yaml").write_text(f"dump: app.core\n{more}")
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0
    return folder / "site"


def tiled(row: dict[str, Any], lens: int = 0) -> dict[str, Any]:
    """What has `path` and `pyramid`: a picture, or an atlas through one of its lenses."""
    found: dict[str, Any] = row["lenses"][lens] if "lenses" in row else row
    return found


class SiteEyes:
    """Reads a site as a second viewer would, from `docs/manifest.md`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
        self._tile = lru_cache(maxsize=64)(self._read_tile)
        self._unwritten = cache(self._read_unwritten)

    def pixel(self, row: dict[str, Any], x: int, y: int) -> tuple[int, ...] | None:
        """The colour of a full-resolution pixel, (grey,) or (red, green, blue); None if clear."""
        row = tiled(row)
        size = row["pyramid"]["tile_size"]
        level = row["pyramid"]["levels"] - 1
        tile = self._tile(self.tile_file(row, level, x // size, y // size))
        values = tuple(int(value) for value in tile[y % size, x % size])
        if len(values) in (1, 3):
            return values
        assert values[-1] in (0, 255)
        return values[:-1] if values[-1] else None

    def tile_file(self, row: dict[str, Any], level: int, column: int, row_number: int) -> str:
        """The file of a tile: its own, or that of all blank or all zero ones."""
        row = tiled(row)
        unwritten = self._unwritten(f"{row['path']}/{row['pyramid']['unwritten']}")
        for above in range(level + 1):
            name = f"{level - above}/{column >> above}_{row_number >> above}"
            for what in ("blank", "zero"):
                if name in unwritten[what]:
                    return f"{row['path']}/{what}.png"
        return f"{row['path']}/tiles_files/{level}/{column}_{row_number}.png"

    def _read_unwritten(self, path: str) -> dict[str, set[str]]:
        content = json.loads((self.folder / path).read_bytes())
        return {what: set(content[what]) for what in ("blank", "zero")}

    def _read_tile(self, path: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
        with Image.open(self.folder / path) as image:
            # Values with a palette, of which index 0 is transparent.
            pixels = np.asarray(image.convert("RGBA") if image.mode == "P" else image)
        return pixels[:, :, None] if pixels.ndim == 2 else pixels


def expected_colour(values: list[int | None], bits: int) -> tuple[int, ...] | None:
    """What a pixel of these bytes must look like; None where one of them is missing."""
    if len(values) < bits // 8 or None in values:
        return None
    known = [value for value in values if value is not None]
    if bits == 8:
        return (known[0],)
    if bits == 16:
        word = known[0] | known[1] << 8
        red, green, blue = word >> 10 & 31, word >> 5 & 31, word & 31
        return red * 255 // 31, green * 255 // 31, blue * 255 // 31
    return known[2], known[1], known[0]
