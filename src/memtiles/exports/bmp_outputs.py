"""The files of one BMP picture: one, or several above 4 GiB, since its size field has 32 bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from memtiles.errors import LimitError, UsageError
from memtiles.exports.target import STANDARD_OUTPUT, Output, new_output
from memtiles.pictures.bmp import RASTER_LIMIT
from memtiles.pictures.layout import Geometry
from memtiles.pictures.parts import BmpPart, bmp_parts, part_header


def bmp_files(
    shape: Geometry, target: str, raster_limit: int = RASTER_LIMIT
) -> tuple[tuple[str, BmpPart], ...]:
    """What is written for `target`: itself, or `hal.0000.bmp`, `hal.0001.bmp` … for `hal.bmp`.

    Raises:
        LimitError: Standard output cannot take several files.
    """
    path = Path(target)
    parts = bmp_parts(shape, path.stem, raster_limit)
    if len(parts) == 1:
        return ((target, parts[0]),)
    if target == STANDARD_OUTPUT:
        raise LimitError("a BMP ends at 4 GiB: name a file to get several, or write a .png or .tif")
    return tuple((str(path.with_name(part.file)), part) for part in parts)


@contextmanager
def bmp_outputs(
    shape: Geometry, files: Sequence[tuple[str, BmpPart]], inputs: Sequence[Path], *, force: bool
) -> Iterator[tuple[tuple[BmpPart, Output], ...]]:
    """The files open for writing behind their headers; none appears before all are written.

    Raises:
        UsageError: A further part of an earlier picture would be taken for one of this.
        MemtilesError: As `target.new_output`.
    """
    if len(files) > 1:
        first = files[0][0]
        later = Path(first.removesuffix(".0000.bmp") + f".{len(files):04}.bmp")
        if later.exists():
            raise UsageError(f"{later}: is left of a larger picture: remove it, or name another")
    with ExitStack() as stack:
        outputs = tuple(
            (part, stack.enter_context(new_output(name, inputs, force=force)))
            for name, part in files
        )
        for part, output in outputs:
            output.write(part_header(shape, part))
        yield outputs
