"""The picture of a whole file: a BMP header, then the file's own bytes, as Dump2Picture made it.

Nothing looks at the bytes, so they are copied as fast as the system copies files, and holes of a
sparse file stay holes. numpy is not imported: its import takes longer than a small picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from memtiles.errors import DumpError
from memtiles.exports.bmp_outputs import bmp_outputs
from memtiles.exports.read_ahead import BLOCK, Piece, read_ahead
from memtiles.memory.files.file_holes import holes_of
from memtiles.pictures.layout import Geometry
from memtiles.pictures.parts import BmpPart


def save_flat_picture(
    file: io.FileIO,
    name: str,
    shape: Geometry,
    files: Sequence[tuple[str, BmpPart]],
    inputs: Sequence[Path],
    *,
    force: bool = False,
    advance: Callable[[int], object] = lambda _: None,
) -> None:
    """Writes the BMP, or the BMPs, of a file's first `shape.size` bytes.

    Args:
        file: The file, open at any position.
        name: What messages call it.
        shape: The geometry.
        files: What to write, from `bmp_files`.
        inputs: Files that must not be written over.
        force: Replace files that are there.
        advance: Told the number of bytes that are done.

    Raises:
        DumpError: The file got shorter meanwhile, or cannot be read.
        MemtilesError: As `target.new_output`.
    """
    holes = holes_of(file.fileno(), shape.size)
    with bmp_outputs(shape, files, inputs, force=force) as outputs:
        for part, output in outputs:
            start = part.first_row * shape.row_bytes
            size = part.size - part.offset
            held = min(size, shape.size - start)
            pieces = _pieces(start, start + held, holes, part.offset - start)
            for piece, data in read_ahead(file, name, pieces):
                if data is None:
                    output.zeros(piece.size)
                else:
                    output.write(data)
                advance(piece.size)
            output.zeros(size - held)  # what layout rows pads its last row with
        if file.seek(0, io.SEEK_END) < shape.size:  # holes are not read
            raise DumpError(f"{name}: it was cut while it was read")


def _pieces(start: int, end: int, holes: Sequence[tuple[int, int]], shift: int) -> Iterator[Piece]:
    """The bytes `start .. end` of the file; `shift` further on is where they are written."""
    for hole, length in [*holes, (end, 0)]:
        low, high = max(start, min(end, hole)), min(end, hole + length)
        while start < low:
            # Writes end where pages of the output do: the kernel takes whole pages faster.
            size = min(low - start, BLOCK - (start + shift) % BLOCK)
            yield Piece(start, size, is_hole=False)
            start += size
        if start < high:
            yield Piece(start, high - start, is_hole=True)
            start = high
