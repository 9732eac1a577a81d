"""The folder of one picture: its name, how it is made, and how it is read back.

The name is a slug for people and a digest of everything that the content depends on. So a folder
that is there is right, and is never made twice: not for equal regions, not for equal builds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from memtiles.manifest import BmpRow, PictureRow, PyramidRow, RunsRow
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span
from memtiles.pictures.layout import Geometry
from memtiles.pictures.lenses import lens
from memtiles.pictures.picture import Picture
from memtiles.pictures.render import RUNS_FILE, BmpPart, bmp_parts, read_runs_json, render
from memtiles.site.store import Store, slug
from memtiles.tiles import pyramid

RUNS_SCRIPT = "runs.js"

# Raised when the files of a picture folder change their form.
VERSION = 1


@dataclass(frozen=True)
class PictureOrder:
    """What a picture is to be, without the bytes that it is of."""

    name: str
    shape: Geometry
    lens: str
    tile_size: int
    has_pyramid: bool

    def path(self, digest: str) -> str:
        """The folder of this picture of the bytes with that digest."""
        key = {
            "folder": VERSION,
            "bytes": digest,
            "shape": asdict(self.shape),
            "lens": [self.lens, lens(self.lens).version],
            "pyramid": [pyramid.VERSION, self.tile_size] if self.has_pyramid else None,
        }
        return f"pictures/{slug(self.name)}-{content_key(key)}"


def content_key(content: object) -> str:
    """The part of a folder's name that stands for its content: 80 bits of SHA-256."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def make_picture(
    store: Store,
    space: AddressSpace,
    span: Span,
    order: PictureOrder,
    jobs: int,
    advance: Callable[[int], object],
) -> tuple[str, str]:
    """Reads a span once and leaves its finished folder in the store.

    Returns:
        The folder's path and the digest of run list and present bytes.
    """
    staged = store.stage()
    rendered = render(space, span, order.shape, staged, advance)
    path = order.path(rendered.digest)
    if not store.holds(path):
        if not rendered.runs.is_whole(span.size):
            (staged / RUNS_SCRIPT).write_bytes(runs_script(path, (staged / RUNS_FILE).read_bytes()))
        if order.has_pyramid:
            picture = Picture(staged, order.shape, rendered.bmp, rendered.runs, lens(order.lens))
            pyramid.save_pyramid(picture, staged, order.tile_size, jobs, advance)
    elif order.has_pyramid:
        advance(order.shape.raster_bytes)
    store.keep(staged, path)
    return path, rendered.digest


def runs_script(path: str, run_list: bytes) -> bytes:
    """`runs.js`: the run list for a page on file://, which cannot fetch JSON."""
    return b"memtilesRuns(" + json.dumps(path).encode() + b", " + run_list + b");\n"


def describe_picture(root: Path, path: str, order: PictureOrder) -> PictureRow:
    """The manifest's row of a finished folder, read from the folder itself."""
    folder = root / path
    text = (folder / RUNS_FILE).read_bytes()
    runs, _ = read_runs_json(text)
    whole = runs.is_whole(order.shape.size)
    return PictureRow(
        path=path,
        layout=order.shape.layout,
        lens=order.lens,
        bits=order.shape.bits,
        size=order.shape.size,
        width=order.shape.width,
        height=order.shape.height,
        bmp=[BmpRow(**asdict(part)) for part in bmp_parts(order.shape)],
        runs=RunsRow(
            file=RUNS_FILE,
            script=None if whole else RUNS_SCRIPT,
            sha256=hashlib.sha256(text).hexdigest(),
            pieces=len(runs),
            whole=whole,
        ),
        pyramid=describe_pyramid(folder, order.shape.width, order.shape.height, order.tile_size)
        if order.has_pyramid
        else None,
    )


def describe_pyramid(folder: Path, width: int, height: int, tile_size: int) -> PyramidRow:
    """The manifest's row of a finished pyramid."""
    text = (folder / pyramid.TILE_LIST).read_bytes()
    return PyramidRow(
        width=width,
        height=height,
        tile_size=tile_size,
        overlap=pyramid.OVERLAP,
        format=pyramid.FORMAT,
        levels=pyramid.level_count(width, height),
        tiles=text.count(b"\n"),
        list=pyramid.TILE_LIST,
        sha256=hashlib.sha256(text).hexdigest(),
    )


def open_picture(root: Path, row: PictureRow) -> Picture:
    """A picture of a site, to read its rows."""
    folder = root / row.path
    runs, _ = read_runs_json((folder / row.runs.file).read_bytes())
    shape = Geometry(row.layout, row.bits, row.size, row.width, row.height)
    bmp = tuple(
        BmpPart(part.file, part.offset, part.first_row, part.rows, part.size) for part in row.bmp
    )
    return Picture(folder, shape, bmp, runs, lens(row.lens))
