"""Rendering: a span of an address space becomes BMP + run list + digest, in one pass.

Each byte of the dump is read here and nowhere else; tiles come from what this leaves behind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span
from memtiles.pictures import bmp
from memtiles.pictures.layout import Geometry
from memtiles.pictures.parts import BmpPart, bmp_parts, part_header, part_pieces

HASH_BLOCK = 1 << 20
READ_BLOCK = 4 * HASH_BLOCK

# Zeros of at least this size are not written, so that holes and empty pages of a dump cost no
# disk where files get holes by themselves, as on ext4 and APFS (NTFS has to be asked).
SPARSE_BLOCK = 1 << 16

RUNS_FILE = "runs.json"


@dataclass(frozen=True)
class Rendered:
    """What rendering leaves in a folder; `digest` is SHA-256 over run list and present bytes."""

    shape: Geometry
    bmp: tuple[BmpPart, ...]
    runs: Runs
    digest: str


def render(
    space: AddressSpace,
    span: Span,
    shape: Geometry,
    folder: Path,
    advance: Callable[[int], object] = lambda _: None,
    raster_limit: int = bmp.RASTER_LIMIT,
) -> Rendered:
    """Reads `span` once and writes its BMP and `runs.json` into `folder`.

    Args:
        space: Where the bytes come from.
        span: Which bytes.
        shape: Its geometry; `shape.size` is the span's size.
        folder: An existing, empty folder.
        advance: Told the number of bytes after each block.
        raster_limit: Bytes of raster in one BMP.

    Raises:
        DumpError: The dump changed or was cut while it was read.
    """
    digests = RegionDigest()
    pieces: list[tuple[int, int]] = []
    files = bmp_parts(shape, raster_limit=raster_limit)
    with _Raster(folder, shape, files) as raster:
        for offset in range(0, span.size, READ_BLOCK):
            block = Span(span.start + offset, min(READ_BLOCK, span.size - offset))
            memory = space.read(block)
            raster.write(offset, memory.data)
            digests.add(memory.data, memory.runs)
            pieces += [(offset + start, size) for start, size in memory.runs]
            advance(block.size)
    runs = Runs.of(pieces)
    text = runs_json(runs, span.size)
    (folder / RUNS_FILE).write_bytes(text)
    return Rendered(shape, files, runs, digests.hexdigest(text))


class RegionDigest:
    """The digest of a region: its run list, then the SHA-256 of the present bytes of each MiB.

    Digests of blocks instead of one over everything: blocks of zeros can be known beforehand,
    and others be computed side by side.
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def add(self, data: npt.NDArray[np.uint8], runs: Runs) -> None:
        """Adds the next bytes of the region: whole MiBs, but for the region's last bytes."""
        for start in range(0, len(data), HASH_BLOCK):
            block = data[start : start + HASH_BLOCK]
            digest = hashlib.sha256()
            for first, size in runs.clip(start, len(block)):
                digest.update(block[first : first + size].data)
            self._blocks.append(digest.digest())

    def hexdigest(self, run_list: bytes) -> str:
        """The digest, with the bytes of `runs.json` before those of the blocks."""
        return hashlib.sha256(run_list + b"".join(self._blocks)).hexdigest()


def runs_json(runs: Runs, size: int) -> bytes:
    """The content of `runs.json`: `[offset, size]` pieces of a region of `size` bytes, in hex."""
    pieces = [[hex(start), hex(length)] for start, length in runs]
    content = {"version": 1, "size": hex(size), "runs": pieces}
    return json.dumps(content, separators=(",", ":")).encode("ascii")


def read_runs_json(text: bytes) -> tuple[Runs, int]:
    """Runs and region size out of `runs.json`.

    Raises:
        ValueError: It is not one that this version writes.
    """
    try:
        content = json.loads(text)
        if content["version"] != 1:
            raise ValueError(f"run list of unknown version {content['version']!r}")
        pieces = [(int(start, 16), int(size, 16)) for start, size in content["runs"]]
        return Runs.of(pieces), int(content["size"], 16)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a run list: {error}") from None


class _Raster:
    """The BMP files of one picture while they are written; a region offset finds its place."""

    def __init__(self, folder: Path, shape: Geometry, files: tuple[BmpPart, ...]) -> None:
        self._shape = shape
        self._open: dict[BmpPart, BinaryIO] = {
            part: (folder / part.file).open("xb") for part in files
        }

    def __enter__(self) -> _Raster:
        for part, file in self._open.items():
            file.write(part_header(self._shape, part))
            file.truncate(part.size)
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._open.values():
            file.close()

    def write(self, offset: int, data: npt.NDArray[np.uint8]) -> None:
        for piece in part_pieces(self._shape, tuple(self._open), offset, len(data)):
            file = self._open[piece.part]
            for at, block in _not_zero(data[piece.start : piece.start + piece.size]):
                file.seek(piece.position + at)
                file.write(block.data)


def _not_zero(
    data: npt.NDArray[np.uint8],
) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """The pieces of `data` that are worth writing, with their offsets."""
    for start in range(0, len(data), SPARSE_BLOCK):
        piece = data[start : start + SPARSE_BLOCK]
        if piece.any():
            yield start, piece
