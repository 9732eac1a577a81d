"""A picture or an atlas as a pyramid for other viewers: Deep Zoom, the same in one file, or TIFF.

One file goes the way of all exports, by `target`. Deep Zoom is a file and a folder beside it, and
no system renames two at once: the tiles come first and the .dzi last, so that what a viewer opens
is whole, or not there.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from memtiles.disk import disk_errors
from memtiles.errors import DiskFullError, UsageError
from memtiles.exports.image_format import check_limit
from memtiles.exports.szi import write_szi
from memtiles.exports.target import STANDARD_OUTPUT, new_image
from memtiles.limits import OUTPUT_LIMIT
from memtiles.tiles.grid import TILES_FOLDER
from memtiles.tiles.plane import Plane
from memtiles.tiles.standalone import (
    DZI_FILE,
    PyramidFormat,
    pixel_bytes,
    save_deep_zoom,
    save_pyramid_tiff,
)

# The first one is for names that have none of them.
_ENDINGS: dict[PyramidFormat, tuple[str, ...]] = {
    "dzi": (".dzi",),
    "szi": (".szi",),
    "tiff": (".tif", ".tiff"),
}

# What a Deep Zoom folder holds, ours or another program's.
_LEVEL = re.compile(r"[0-9]+|vips-properties\.xml")
_TILE = re.compile(r"[0-9]+_[0-9]+\.[a-z]+")


def target_of(output: Path | None, kind: PyramidFormat, name: str) -> str:
    """Where an export goes.

    Args:
        output: What the user said: a file, with or without its ending, a folder, `-`, or nothing.
        kind: What is written.
        name: The file's name where the user gave none, without its ending.
    """
    if output is None:
        output = Path(name)
    elif str(output) == STANDARD_OUTPUT:
        return STANDARD_OUTPUT
    elif os.path.isdir(output):  # noqa: PTH112 - Path's raises without permission
        output = output / name
    if output.suffix.lower() in _ENDINGS[kind]:
        return str(output)
    return f"{output}{_ENDINGS[kind][0]}"


def save_export(
    plane: Plane,
    kind: PyramidFormat,
    target: str,
    inputs: Sequence[Path],
    *,
    name: str,
    tile_size: int,
    description: str = "",
    limit: int = OUTPUT_LIMIT,
    force: bool = False,
    jobs: int = 2,
    advance: Callable[[int], object] = lambda _: None,
) -> None:
    """Writes a plane as a pyramid.

    Args:
        plane: What is exported.
        kind: What it is written as.
        target: From `target_of`. A .dzi has its tiles in a folder `…_files` beside it.
        inputs: Files that must not be written over.
        name: What an archive calls it inside, from `site.store.file_stem`.
        tile_size: Pixels of a tile's side.
        description: What it is of, for TIFF.
        limit: The most bytes to write, before compression.
        force: Replace what is there.
        jobs: Threads.
        advance: Told the number of pixels that are done.

    Raises:
        UsageError: Deep Zoom is no single file for standard output.
        LimitError: It is too large.
        MemtilesError: As `target.new_image`.
    """
    check_limit(target, pixel_bytes(kind, plane, tile_size), limit)
    if kind == "dzi":
        if target == STANDARD_OUTPUT:
            raise UsageError("standard output takes one file: name one, or write szi or tiff")
        with _new_deep_zoom(Path(target), inputs, force=force) as folder:
            save_deep_zoom(plane, folder, tile_size, jobs, advance)
        return
    with new_image(target, inputs, force=force) as staged, _beside(staged) as folder:
        if kind == "szi":
            save_deep_zoom(plane, folder, tile_size, jobs, advance)
            write_szi(staged, folder, name, plane.width, plane.height)
        else:
            save_pyramid_tiff(
                plane, staged, folder, tile_size, jobs, advance, description=description
            )


def deep_zoom_folder(target: Path) -> Path:
    """Where the tiles of a .dzi are: viewers know no other place."""
    return target.with_name(f"{target.stem}_files")


@contextmanager
def _beside(staged: Path) -> Iterator[Path]:
    """A folder beside a staged file, for as long as the block takes."""
    with _private_folder(staged.with_name(f"{staged.name.removesuffix('.part')}.tiles.part")) as it:
        yield it


@contextmanager
def _private_folder(folder: Path) -> Iterator[Path]:
    """A new folder, removed at the end. What is made in it meanwhile is the user's only."""
    umask = os.umask(0o077)
    try:
        folder.mkdir()
        yield folder
    finally:
        os.umask(umask)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _new_deep_zoom(target: Path, inputs: Sequence[Path], *, force: bool) -> Iterator[Path]:
    """A folder for a pyramid, which takes the names of `target` when the block ends well.

    Raises:
        MemtilesError: As `target.new_file`.
    """
    parent = Path(os.path.realpath(target.parent))
    staged = parent / f".{target.name[:40]}.{os.urandom(8).hex()}.part"
    try:
        with disk_errors():
            _check(target, inputs, force=force)
            try:
                with _private_folder(staged):
                    yield staged
                    _check(target, inputs, force=force)  # somebody may have made one meanwhile
                    _publish(staged, parent / target.name)
            except OSError as error:
                if error.filename == str(staged):
                    error.filename = str(target)  # the user knows no other name
                raise
    except DiskFullError:
        raise DiskFullError(
            f"{target}: no space left; free some or choose another output"
        ) from None


def _check(target: Path, inputs: Sequence[Path], *, force: bool) -> None:
    final = Path(os.path.realpath(target.parent)) / target.name
    if not final.parent.is_dir():
        raise UsageError(f"{target}: there is no folder {target.parent}")
    for folder in inputs:
        if final.is_relative_to(folder.resolve()):
            raise UsageError(f"{target}: lies in the site that is exported: name a file elsewhere")
    tiles = deep_zoom_folder(target)
    for path in (target, tiles):
        if not _is_there(path):
            continue
        if not force:
            raise UsageError(
                f"{path}: is there already: name another file, or replace it with --force"
            )
        if path.is_symlink():
            raise UsageError(f"{path}: is a link: name another file")
    if _is_there(target) and not target.is_file():
        raise UsageError(f"{target}: is no file: name another one")
    if _is_there(tiles) and not _holds_only_tiles(tiles):
        raise UsageError(
            f"{tiles}: holds more than tiles: name another file, or remove it yourself"
        )


def _is_there(path: Path) -> bool:
    """Unlike `Path.exists`, it says so of a link to nowhere, and raises if a name is too long."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def _holds_only_tiles(folder: Path) -> bool:
    """Whether a folder can be removed without harm."""
    if not folder.is_dir():
        return False
    for top, folders, files in os.walk(folder):
        is_level = top != str(folder)
        known = _TILE if is_level else _LEVEL
        if (is_level and folders) or not all(map(known.fullmatch, [*folders, *files])):
            return False
    return True


def _publish(staged: Path, final: Path) -> None:
    """Takes away what is there, the .dzi first, and gives the new its names, the .dzi last."""
    old = staged / "old"
    old.mkdir()
    tiles = deep_zoom_folder(final)
    moves = [
        (final, old / DZI_FILE),
        (tiles, old / TILES_FOLDER),
        (staged / TILES_FOLDER, tiles),
        (staged / DZI_FILE, final),
    ]
    moves = [(source, to) for source, to in moves if to.parent != old or _is_there(source)]
    try:
        for source, to in moves:
            source.rename(to)
    except BaseException:
        # An interrupt may come between a rename and any note of it: what is where tells.
        for source, to in reversed(moves):
            if _is_there(to) and not _is_there(source):
                to.rename(source)
        raise
