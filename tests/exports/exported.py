"""What single files must look like, by arithmetic of our own, and real processes that make them.

Pixels and geometries follow from the bytes by `reference/dump2picture.md` and Microsoft's BMP
pages; nothing here shares code with what is tested.
"""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from PIL import Image

from reliability.builds import command, tree
from sites import Memory

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


CLEAR = (0, 0, 0, 0)
MAGENTA = (255, 0, 255, 255)

# ------------------------------------------------------------------------------------ processes


@dataclass(frozen=True)
class Outcome:
    """How a command ended; notes are not errors."""

    code: int
    out: str
    errors: list[str]
    notes: list[str]

    @classmethod
    def of(cls, code: int, out: str, err: str) -> Outcome:
        lines = err.splitlines()
        notes = [line for line in lines if line.startswith("note: ")]
        return cls(code, out, [line for line in lines if line not in notes], notes)


def memtiles(
    *arguments: str | Path,
    stdin: bytes | IO[bytes] | int = b"",
    stdout: IO[bytes] | int = subprocess.PIPE,
    environment: Mapping[str, str] | None = None,
    wrapper: Sequence[str] = (),
) -> tuple[Outcome, bytes]:
    """Runs a real process; gives how it ended, and its standard output as bytes.

    Args:
        arguments: Of the command line.
        stdin: Bytes for a pipe, or an open file.
        stdout: An open file, instead of a pipe that is read.
        environment: Variables besides those of this process.
        wrapper: A command that runs the command.
    """
    given: Mapping[str, Any] = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    done = subprocess.run(
        [*wrapper, *command(*arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        check=False,
        **given,
    )
    out = done.stdout or b""
    return Outcome.of(done.returncode, out.decode(errors="replace"), done.stderr.decode()), out


def refused(outcome: Outcome, code: int, *words: str) -> None:
    """One line, of ours, that holds these words, and nothing on standard output."""
    assert (outcome.code, len(outcome.errors)) == (code, 1), outcome
    (line,) = outcome.errors
    assert line.startswith("memtiles: ")
    assert "bug" not in line
    for word in words:
        assert word in line, outcome
    assert outcome.out == ""


@contextmanager
def nothing_changes(folder: Path) -> Iterator[None]:
    """Whatever happens in the block, the folder is afterwards as it was: no `*.part` either."""
    before = tree(folder)
    yield
    assert tree(folder) == before


def sparse_file(path: Path, size: int, marks: Mapping[int, bytes] | None = None) -> Path:
    """A file of holes with some bytes in it; skips where files have no holes."""
    with path.open("wb") as file:
        file.truncate(size)
        if not hasattr(os, "SEEK_HOLE") or disk_bytes(path) > 1 << 20:
            pytest.skip("this file system has no holes in files")
        for offset, mark in (marks or {}).items():
            file.seek(offset)
            file.write(mark)
    assert path.stat().st_size == size
    return path


def disk_bytes(path: Path) -> int:
    """What a file takes on the disk."""
    return path.stat().st_blocks * 512


# -------------------------------------------------------------------------------------- geometry


def classic(size: int, bits: int) -> tuple[int, int]:
    """Width and height after Dump2Picture; at 24 bits with whole 4-byte words in a row."""
    side = isqrt(size // (bits // 8))
    return side - side % {8: 8, 16: 2, 24: 4, 32: 2}[bits], side - side % 2


def rows(size: int, bits: int, width: int | None = None) -> tuple[int, int]:
    """Width and height of layout rows: the power of two next above the root, 64 to 2**20."""
    pixels = -(-size // (bits // 8))
    if width is None:
        width = 64
        while width * width < pixels and width < 1 << 20:
            width *= 2
    return width, -(-pixels // width)


# ---------------------------------------------------------------------------------------- pixels


def noise(size: int, seed: int = 5) -> bytes:
    """Bytes that repeat nowhere."""
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8).tobytes()


def held(memory: Memory, start: int, size: int) -> tuple[Pixels, Pixels]:
    """The bytes of a range of the made-up process, and 1 for each that is there."""
    data, present = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for load in memory.loads:
        low, high = max(start, load.vaddr), min(start + size, load.vaddr + len(load.data))
        if low < high:
            piece = load.data[low - load.vaddr : high - load.vaddr]
            data[low - start : high - start] = np.frombuffer(piece, np.uint8)
            present[low - start : high - start] = 1
    return data, present


def colours(
    data: bytes | Pixels, bits: int, width: int, height: int, present: Pixels | None = None
) -> Pixels:
    """Red, green, blue, alpha of each pixel; clear where one of its bytes is not there."""
    count = bits // 8
    size = width * height * count
    raw = np.frombuffer(bytes(data), np.uint8)
    there = np.ones(len(raw), np.uint8) if present is None else present
    bytes_of = np.resize(np.pad(raw, (0, max(0, size - len(raw)))), (height, width, count))
    held_of = np.resize(np.pad(there, (0, max(0, size - len(raw)))), (height, width, count))
    if bits == 8:
        colour = np.repeat(bytes_of, 3, axis=2)
    elif bits == 16:
        word = bytes_of[:, :, 0].astype(int) + 256 * bytes_of[:, :, 1].astype(int)
        red, green, blue = word // 1024 % 32, word // 32 % 32, word % 32
        colour = (np.stack([red, green, blue], axis=2) * 255 // 31).astype(np.uint8)
    else:
        colour = bytes_of[:, :, [2, 1, 0]]
    whole = held_of.all(axis=2, keepdims=True).astype(np.uint8)
    return np.concatenate([colour * whole, whole * 255], axis=2).astype(np.uint8)


def on_magenta(pixels: Pixels) -> Pixels:
    """The same without alpha, as a BMP has it."""
    opaque = pixels.copy()
    opaque[pixels[:, :, 3] == 0] = MAGENTA
    return opaque


def seen(path: Path) -> Pixels:
    """Red, green, blue, alpha of an image as Pillow sees it."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA"))


# ------------------------------------------------------------------------------------------- BMP


@dataclass(frozen=True)
class Bmp:
    """What the header of a BMP says."""

    width: int
    height: int
    bits: int
    offset: int
    per_metre: tuple[int, int]


def bmp_of(path: Path) -> Bmp:
    """Reads a header, and holds every field of it against the others and the file's size.

    BITMAPFILEHEADER: bfType, bfSize, two reserved words, bfOffBits. BITMAPINFOHEADER: biSize,
    biWidth, biHeight, biPlanes, biBitCount, biCompression, biSizeImage, pixels per metre in x and
    y, biClrUsed, biClrImportant. The sizes are those that Dump2Picture left at 0.
    """
    with path.open("rb") as file:
        head = file.read(1078)
    kind, size, reserved, offset = struct.unpack_from("<2sIII", head)
    assert (kind, size, reserved) == (b"BM", path.stat().st_size, 0)
    fields = struct.unpack_from("<IiiHHIIiiII", head, 14)
    header, width, height, planes, bits, compression, raster, x, y, used, important = fields
    assert (header, planes, compression, used, important) == (40, 1, 0, 0, 0)
    assert width > 0
    assert height < 0, "a top-down picture has a negative height"
    assert raster == -height * ((width * bits + 31) // 32 * 4)
    assert offset == (1078 if bits == 8 else 54)
    assert offset + raster <= size
    if bits == 8:
        assert head[54:1078] == b"".join(bytes([grey, grey, grey, 0]) for grey in range(256))
    return Bmp(width, -height, bits, offset, (x, y))


def body(path: Path) -> bytes:
    """Everything behind the header."""
    return path.read_bytes()[bmp_of(path).offset :]
