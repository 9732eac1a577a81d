"""The picture of a range of memory, as one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from memtiles.errors import DumpError
from memtiles.exports.bmp_outputs import bmp_outputs
from memtiles.exports.target import Output
from memtiles.memory.runs import Runs
from memtiles.pictures.layout import Geometry
from memtiles.pictures.parts import BmpPart
from memtiles.pictures.raster import Raster

# Magenta in the bytes of one pixel: X1R5G5B5; blue, green, red; the same, and unused.
_HOLE_PIXEL = {16: b"\x1f\x7c", 24: b"\xff\x00\xff", 32: b"\xff\x00\xff\x00"}

# A multiple of all pixel sizes, so that each block starts with a whole pixel.
_BLOCK = 3 << 20


def save_region_bmp(
    raster: Raster,
    shape: Geometry,
    files: Sequence[tuple[str, BmpPart]],
    inputs: Sequence[Path],
    *,
    force: bool = False,
    advance: Callable[[int], object] = lambda _: None,
) -> int:
    """Writes the BMP, or the BMPs, of a region: header, its bytes, and nothing else.

    Bytes that are missing are those of magenta pixels, so that nobody takes them for zeros. At
    8 bits all 256 bytes are greys: a picture with holes is for `tiles.strip` then, in colours.

    Args:
        raster: The bytes.
        shape: The geometry; `shape.size` is the region's size.
        files: What to write, from `bmp_files`.
        inputs: Files that must not be written over.
        force: Replace files that are there.
        advance: Told the number of bytes that are done.

    Returns:
        How many bytes were missing.

    Raises:
        DumpError: The dump changed while it was read.
        MemtilesError: As `target.new_output`.
    """
    missing = 0
    with bmp_outputs(shape, files, inputs, force=force) as outputs:
        for part, output in outputs:
            start = part.first_row * shape.row_bytes
            size = part.size - part.offset
            held = min(size, shape.size - start)
            for offset in range(0, held, _BLOCK):
                block = min(_BLOCK, held - offset)
                data, runs = raster.read(start + offset, block)
                if not runs.is_whole(block):
                    missing += block - runs.total
                    _fill_holes(data, runs, start + offset, shape)
                _write(output, data)
                advance(block)
            output.zeros(size - held)
    return missing


def _fill_holes(data: npt.NDArray[np.uint8], runs: Runs, start: int, shape: Geometry) -> None:
    pixel = _HOLE_PIXEL.get(shape.bits)
    if pixel is None:
        raise DumpError("memory went away while it was pictured: picture it again")
    turned = np.roll(np.frombuffer(pixel, np.uint8), -(start % len(pixel)))
    colour = np.resize(turned, len(data))
    missing = ~runs.mask(0, len(data))
    data[missing] = colour[missing]


def _write(output: Output, data: npt.NDArray[np.uint8]) -> None:
    """Writes a block; one of zeros costs no disk."""
    if data.any():
        output.write(data.data)
    else:
        output.zeros(len(data))
