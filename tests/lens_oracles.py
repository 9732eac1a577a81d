"""What lenses make of memory, byte by byte and slowly, from docs/lenses.md; colours by legends.

Memory is a list of bytes from an address on, None where the dump has none.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from memtiles.pictures.layout import Geometry, number_to_pixel

Bytes = Sequence[int | None]
Values = list[int]
Regions = list[tuple[int, int, str]]
"""(start, end, kind)"""

PRINTABLE = range(0x20, 0x7F)
POINTED = ("anonymous", "file", "kernel", "module", "heap", "stack", "range")


def blocks(memory: Bytes, start: int, size: int) -> list[list[int | None]]:
    """Aligned blocks; what is not of the region is missing."""
    before = [None] * (start % size)
    whole = [*before, *memory, *[None] * (-(len(before) + len(memory)) % size)]
    return [whole[at : at + size] for at in range(0, len(whole), size)]


def by_blocks(
    memory: Bytes, start: int, size: int, values: Callable[[list[int | None]], Values]
) -> Values:
    found = [value for block in blocks(memory, start, size) for value in values(block)]
    shown = found[start % size :][: len(memory)]
    return [0 if byte is None else value for byte, value in zip(memory, shown, strict=True)]


def classes(block: list[int | None]) -> Values:
    for letters, others in ((block[0::2], block[1::2]), (block[1::2], block[0::2])):
        if others == [0] * 4 and all(letter in PRINTABLE for letter in letters):
            return [6] * 8
    return [0 if byte is None else class_of(byte) for byte in block]


def class_of(byte: int) -> int:
    if byte in (0x00, 0xFF):
        return 1 if byte == 0 else 2
    if byte in PRINTABLE or byte in b"\t\r\n":
        return 4
    return 5 if byte >= 0x80 else 3


def entropy(block: list[int | None]) -> Values:
    counts = Counter(byte for byte in block if byte is not None)
    total = sum(counts.values())
    bits = -sum(count / total * math.log2(count / total) for count in counts.values())
    return [math.floor(1 + 254 * bits / 8 + 0.5 + 1e-9)] * len(block)


def gradient(block: list[int | None], stride: int = 7) -> Values:
    found = []
    for at, byte in enumerate(block):
        partner = block[at - stride] if at >= stride else None
        difference = 0 if byte is None or partner is None else (byte - partner) % 256
        found.append(1 + min(difference, 256 - difference) % 256)
    return found


def words_big(block: list[int | None]) -> Values:
    return [1 + int.from_bytes([byte or 0 for byte in block], "big") * 254 // (2**32 - 1)] * 4


def pointers(block: list[int | None], regions: Regions) -> Values:
    if None not in block:
        word = int.from_bytes([byte or 0 for byte in block], "little")
        for start, end, kind in regions:
            if start <= word < end:
                return [2 + POINTED.index(kind)] * 8
    return [1] * 8


def values_of(name: str, memory: Bytes, start: int, regions: Regions) -> Values:
    """The value of each byte, 0 where it is missing."""
    match name:
        case "class":
            return by_blocks(memory, start, 8, classes)
        case "entropy":
            return by_blocks(memory, start, 256, entropy)
        case "gradient:7":
            return by_blocks(memory, start, 4096, gradient)
        case "words-big":
            return by_blocks(memory, start, 4, words_big)
        case "pointers":
            return by_blocks(memory, start, 8, lambda block: pointers(block, regions))
    raise AssertionError(name)


class LensEyes:
    """Reads a site of the manifest of version 3 as another viewer would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())

    def lens_names(self) -> list[str]:
        return [row["name"] for row in self.manifest["lenses"]]

    def level(self, seen: dict[str, Any], level: int) -> npt.NDArray[np.uint8]:
        """RGBA of a level of an atlas through a lens, and behind it the value or grey."""
        row = seen["pyramid"]
        side, shift = row["tile_size"], row["levels"] - 1 - level
        width, height = -(-row["width"] >> shift), -(-row["height"] >> shift)
        folder = self.folder / seen["path"]
        listed = json.loads((folder / row["unwritten"]).read_bytes())
        kind_of = {name: kind for kind in ("blank", "zero") for name in listed[kind]}
        found = np.zeros((height, width, 5), np.uint8)
        for y in range(0, height, side):
            for x in range(0, width, side):
                file = f"tiles_files/{level}/{x // side}_{y // side}.png"
                for up in range(level + 1):
                    name = f"{level - up}/{x // side >> up}_{y // side >> up}"
                    file = f"{kind_of[name]}.png" if name in kind_of else file
                with Image.open(folder / file) as image:
                    colours = np.asarray(image.convert("RGBA"))
                    values = np.asarray(image if image.mode in "PL" else image.getchannel(0))
                place = found[y : y + side, x : x + side]
                place[:, :, :4] = colours[: place.shape[0], : place.shape[1]]
                place[:, :, 4] = values[: place.shape[0], : place.shape[1]]
        return found

    def full(self, seen: dict[str, Any]) -> npt.NDArray[np.uint8]:
        return self.level(seen, seen["pyramid"]["levels"] - 1)

    def places(self, shape: Geometry, x: int, y: int) -> npt.NDArray[np.intp]:
        """The atlas pixel (x, y) of each pixel of a picture by its number."""
        found = np.array([number_to_pixel(shape, one) for one in range(shape.pixels)], np.intp)
        return found + np.array([x, y], np.intp)
