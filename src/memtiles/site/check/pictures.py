"""Are the BMPs and run lists of pictures what was written?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from memtiles import manifest as rows
from memtiles.errors import DamageError
from memtiles.memory.runs import Runs
from memtiles.memory.span import Span
from memtiles.pictures.parts import BmpPart, part_header
from memtiles.pictures.raster import BmpRaster, RasterSpace
from memtiles.pictures.render import READ_BLOCK, digests_of, read_runs_json
from memtiles.site.check.files import Damage, read_bytes
from memtiles.site.picture_folder import open_raster, runs_script

# Threads that read and hash.
_JOBS = 2


def picture_damage(
    root: Path, row: rows.PictureRow, digests: set[str | None], advance: Callable[[int], object]
) -> Damage:
    """What is wrong with the folder of one picture, but for its pyramid."""
    folder = root / row.path
    run_list = read_bytes(folder / row.runs.file)
    if run_list is None or hashlib.sha256(run_list).hexdigest() != row.runs.sha256:
        yield f"{row.path}/{row.runs.file}", "missing or changed; nothing below it can be checked"
        return
    script = row.runs.script
    if script is not None and read_bytes(folder / script) != runs_script(row.path, run_list):
        yield f"{row.path}/{script}", f"not the same as {row.runs.file}"
    try:
        picture = open_raster(root, row)
    except DamageError as damage:
        yield rows.FILE, str(damage)
        return
    sound = True
    for part in picture.parts:
        what = _part_damage(picture, part)
        if what:
            sound = False
            yield f"{row.path}/{part.file}", what
    if sound:
        yield from _byte_damage(picture, row, run_list, digests, advance)


def _part_damage(picture: BmpRaster, part: BmpPart) -> str | None:
    file = picture.folder / part.file
    try:
        if file.stat().st_size != part.size:
            return f"has {file.stat().st_size:,} bytes instead of {part.size:,}"
        with file.open("rb") as opened:
            header = part_header(picture.shape, part)
            return None if opened.read(len(header)) == header else "its header is changed"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _byte_damage(
    picture: BmpRaster,
    row: rows.PictureRow,
    run_list: bytes,
    digests: set[str | None],
    advance: Callable[[int], object],
) -> Damage:
    """Reads the region back from its BMPs; bytes outside the runs must be zeros."""
    runs, size = read_runs_json(run_list)
    if size != row.size:
        yield f"{row.path}/{row.runs.file}", "is of a region of another size"
        return
    missing = picture.unwritten.rest(size).within(runs.rest(size))
    for start in _blocks(missing):
        count = min(READ_BLOCK, size - start)
        if picture.stored(start, count)[missing.mask(start, count)].any():
            yield f"{row.path}/{row.bmp[0].file}", "has bytes where the run list has holes"
            return
    if digests != {*digests_of(RasterSpace(picture), Span(0, size), _JOBS, advance)}:
        yield f"{row.path}/{row.bmp[0].file}", "its bytes are changed"
    padding = picture.shape.raster_bytes - size
    if padding > 0 and picture.stored(size, padding).any():
        yield f"{row.path}/{row.bmp[-1].file}", "has bytes in the padding of its last row"


def _blocks(pieces: Runs) -> Iterator[int]:
    """Where the blocks begin that pieces have a part of, each once."""
    done = 0
    for start, size in pieces:
        first = max(done, start // READ_BLOCK)
        done = max(done, -(-(start + size) // READ_BLOCK))
        yield from range(first * READ_BLOCK, done * READ_BLOCK, READ_BLOCK)
