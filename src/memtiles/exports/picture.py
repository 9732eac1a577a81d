"""One picture of one range, or of a whole file: Dump2Picture, right."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from memtiles.errors import DumpError, LayoutError
from memtiles.exports.bmp_outputs import bmp_files
from memtiles.exports.image_format import check_limit
from memtiles.limits import OUTPUT_LIMIT
from memtiles.pictures.layout import (
    BITS,
    BMP_LAYOUTS,
    Bits,
    BmpLayoutName,
    Geometry,
    LayoutName,
    geometry,
)

if TYPE_CHECKING:
    from memtiles.memory.space import AddressSpace
    from memtiles.memory.span import Span
    from memtiles.pictures.picture import Picture
    from memtiles.tiles.strip import StripFormat


@dataclass(frozen=True)
class Look:
    """How a range is drawn; the defaults are Dump2Picture's."""

    bits: Bits = 32
    layout: LayoutName = "classic"
    width: int | None = None

    @classmethod
    def of(cls, bits: Bits | None, layout: BmpLayoutName | None, width: int | None) -> Look:
        """What is meant where only some of it is said: a width is one of layout rows.

        Raises:
            LayoutError: Bits or a layout that there are not.
        """
        for value, known in ((bits, BITS), (layout, BMP_LAYOUTS)):
            if value not in (None, *known):
                raise LayoutError(f"{value!r}: write one of {', '.join(map(str, known))}")
        return cls(bits or 32, layout or ("classic" if width is None else "rows"), width)

    def geometry(self, size: int) -> Geometry:
        """The geometry of `size` bytes.

        Raises:
            LayoutError: They cannot be drawn so.
        """
        return geometry(self.layout, self.bits, size, self.width)


@dataclass(frozen=True)
class PictureFile:
    """What was written.

    Attributes:
        files: One, or several BMPs above 4 GiB.
        shape: The geometry.
        missing: Bytes that are not in the dump.
        bits: Bits of a pixel in the file: 24 instead of 8 in a BMP with holes.
    """

    files: tuple[str, ...]
    shape: Geometry
    missing: int
    bits: int


def save_file_picture(
    file: io.FileIO,
    name: str,
    target: str,
    inputs: Sequence[Path],
    look: Look,
    *,
    limit: int = OUTPUT_LIMIT,
    force: bool = False,
    advance: Callable[[int], object] = lambda _: None,
) -> PictureFile:
    """Writes the BMP of all bytes of a file.

    Args:
        file: An open file on disk.
        name: What messages call it.
        target: The file to write, or `-` for standard output.
        inputs: Files that must not be written over.
        look: How it is drawn.
        limit: The most bytes to write.
        force: Replace a file that is there.
        advance: Told the number of bytes that are done.

    Raises:
        LayoutError: It cannot be drawn so.
        DumpError: It is empty, or changed meanwhile.
        LimitError: It is too large.
        MemtilesError: As `target.new_output`.
    """
    from memtiles.exports.flat_picture import save_flat_picture

    size = file.seek(0, io.SEEK_END)
    if size == 0:
        raise DumpError(f"{name}: the file is empty")
    shape = look.geometry(size)
    check_limit(target, max(size, shape.raster_bytes), limit)
    files = bmp_files(shape, target)
    save_flat_picture(file, name, shape, files, inputs, force=force, advance=advance)
    return PictureFile(tuple(path for path, _ in files), shape, 0, shape.bits)


def draw(space: AddressSpace, span: Span, look: Look) -> Picture:
    """The picture of a range, read when its pixels are asked for.

    Raises:
        LayoutError: It cannot be drawn so.
        DumpError: Nothing of it is in the dump.
    """
    from memtiles.memory.holes import holes_in_words
    from memtiles.pictures.lenses import colour_lens
    from memtiles.pictures.picture import Picture
    from memtiles.pictures.raster import SpaceRaster

    raster = SpaceRaster(space, span)
    if not len(raster.runs):
        why = holes_in_words(space, span)
        raise DumpError(f"nothing of {span} is in the dump{why}; `memtiles info` lists what is")
    return Picture(look.geometry(span.size), raster, colour_lens("bytes"))


def save_picture(
    space: AddressSpace,
    span: Span,
    target: str,
    inputs: Sequence[Path],
    look: Look,
    kind: StripFormat,
    *,
    description: str = "",
    limit: int = OUTPUT_LIMIT,
    force: bool = False,
    jobs: int = 2,
    advance: Callable[[int], object] = lambda _: None,
) -> PictureFile:
    """Writes the picture of a range of memory.

    Args:
        space: Where the bytes come from.
        span: Which.
        target: The file to write, or `-` for standard output.
        inputs: Files that must not be written over.
        look: How it is drawn.
        kind: In a BMP the pixels are the bytes, and holes are magenta; in PNG and TIFF they are
            transparent.
        description: What it is of, for PNG and TIFF.
        limit: The most bytes to write, before compression.
        force: Replace a file that is there.
        jobs: Threads.
        advance: Told how much is done, in bytes for a BMP and in pixels otherwise.

    Raises:
        LayoutError: It cannot be drawn so.
        DumpError: Nothing of it is in the dump, or the dump changed meanwhile.
        LimitError: It is too large.
        MemtilesError: As `target.new_output`.
    """
    from memtiles.exports.region_picture import save_region_bmp
    from memtiles.exports.target import new_image
    from memtiles.tiles.strip import pixel_bytes, save_strip

    picture = draw(space, span, look)
    shape, raster = picture.shape, picture.raster
    if kind == "bmp" and (shape.bits > 8 or raster.runs.is_whole(span.size)):
        check_limit(target, max(span.size, shape.raster_bytes), limit)
        files = bmp_files(shape, target)
        missing = save_region_bmp(raster, shape, files, inputs, force=force, advance=advance)
        return PictureFile(tuple(path for path, _ in files), shape, missing, shape.bits)
    check_limit(target, pixel_bytes(kind, shape.width, shape.height, picture.bands), limit)
    with new_image(target, inputs, force=force) as staged:
        save_strip(picture, staged, kind, description=description, jobs=jobs, advance=advance)
    missing = span.size - raster.runs.total
    return PictureFile((target,), shape, missing, 24 if kind == "bmp" else shape.bits)
