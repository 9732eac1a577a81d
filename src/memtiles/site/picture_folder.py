"""The folder of one picture: its name, how it is made, and how it is read back.

The name is a slug for people and a digest of everything that the content depends on. So a folder
that is there is right, and is never made twice: not for equal regions, not for equal builds.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from memtiles.errors import MEND, DamageError, LayoutError
from memtiles.manifest import BmpRow, PictureRow, RunsRow, TileSize
from memtiles.memory.runs import Runs
from memtiles.pictures.bmp import RASTER_LIMIT
from memtiles.pictures.bundle import bundled_bytes, bundled_part
from memtiles.pictures.layout import Geometry, geometry
from memtiles.pictures.lenses import colour_lens, lens
from memtiles.pictures.parts import BmpPart, bmp_parts
from memtiles.pictures.picture import Picture
from memtiles.pictures.raster import BmpRaster
from memtiles.pictures.render import RUNS_FILE, Rendered, read_runs_json
from memtiles.site.pyramid_folder import describe_pyramid, make_pyramid, pyramid_key
from memtiles.site.store import Store, slug
from memtiles.tiles.pyramid import Engine

RUNS_SCRIPT = "runs.js"

# Raised when the files of a picture folder change their form.
VERSION = 1


@dataclass(frozen=True)
class PictureOrder:
    """What a picture is to be, without the bytes that it is of."""

    name: str
    shape: Geometry
    lens: str
    tile_size: TileSize
    engine: Engine
    has_pyramid: bool

    def key(self, digest: str) -> str:
        """Stands for this picture of the bytes with that digest."""
        content = {
            "folder": VERSION,
            "bytes": digest,
            "shape": asdict(self.shape),
            "lens": [self.lens, lens(self.lens).version],
            "pyramid": pyramid_key(self.tile_size, self.engine) if self.has_pyramid else None,
        }
        return content_key(content)


class PicturePaths:
    """The folders of one build: regions with the same bytes share that of the first of them."""

    def __init__(self) -> None:
        self._paths: dict[str, str] = {}

    def path(self, order: PictureOrder, digest: str) -> str:
        """Where a picture of the bytes with that digest lies, or will."""
        return self._paths.setdefault(order.key(digest), self.likely(order, digest))

    def likely(self, order: PictureOrder, digest: str) -> str:
        """Where it would lie if the region had these bytes, which is not known yet.

        Nothing is noted: a region that turns out to have changed gives no picture its name.
        """
        key = order.key(digest)
        return self._paths.get(key, f"pictures/{slug(order.name)}-{key}")


def content_key(content: object) -> str:
    """The part of a folder's name that stands for its content: 80 bits of SHA-256."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def keep_picture(
    store: Store, staged: Path, rendered: Rendered, order: PictureOrder, path: str, jobs: int
) -> None:
    """Puts what was rendered into a staged folder in its place in the store, with its pyramid."""
    if not store.holds(path):
        if not rendered.runs.is_whole(order.shape.size):
            (staged / RUNS_SCRIPT).write_bytes(runs_script(path, (staged / RUNS_FILE).read_bytes()))
        if order.has_pyramid:
            raster = BmpRaster(staged, order.shape, rendered.bmp, rendered.runs)
            picture = Picture(order.shape, raster, colour_lens(order.lens))
            make_pyramid(picture, staged, path, order.tile_size, order.engine, jobs)
    store.keep(staged, path)


def runs_script(path: str, run_list: bytes) -> bytes:
    """`runs.js`: the run list for a page on file://, which cannot fetch JSON."""
    return b"memtilesRuns(" + json.dumps(path).encode() + b", " + run_list + b");\n"


def finished_picture(root: Path, path: str, order: PictureOrder) -> tuple[PictureRow, Picture]:
    """A finished folder: its row in the manifest, read from the folder itself, and its picture."""
    folder = root / path
    text, runs = read_runs(folder / RUNS_FILE)
    parts = bmp_parts(order.shape)
    whole = runs.is_whole(order.shape.size)
    row = PictureRow(
        path=path,
        first=0,
        layout=order.shape.bmp_layout,
        lens=order.lens,
        bits=order.shape.bits,
        size=order.shape.size,
        width=order.shape.width,
        height=order.shape.height,
        bmp=[BmpRow(**asdict(part)) for part in parts],
        runs=RunsRow(
            file=RUNS_FILE,
            script=None if whole else RUNS_SCRIPT,
            sha256=hashlib.sha256(text).hexdigest(),
            pieces=len(runs),
            whole=whole,
        ),
        pyramid=describe_pyramid(
            folder, order.shape.width, order.shape.height, order.tile_size, order.engine
        )
        if order.has_pyramid
        else None,
    )
    raster = BmpRaster(folder, order.shape, parts, runs)
    return row, Picture(order.shape, raster, colour_lens(order.lens))


def open_picture(root: Path, row: PictureRow, runs: Runs | None = None) -> Picture:
    """A picture of a site, to read its pixels; as `open_raster`."""
    raster = open_raster(root, row, runs)
    return Picture(raster.shape, raster, colour_lens(row.lens))


def open_raster(root: Path, row: PictureRow, runs: Runs | None = None) -> BmpRaster:
    """The bytes of a picture of a site.

    Args:
        root: The site.
        row: The picture.
        runs: The run list of its folder, which thousands may share, if it was read already.

    Raises:
        DamageError: Its run list is not there or none, or the row contradicts itself.
    """
    folder = root / row.path
    if runs is None:
        _, runs = read_runs(folder / row.runs.file)
    shape = _shape_of(row)
    parts = tuple(BmpPart(**asdict(one)) for one in row.bmp)
    return BmpRaster(folder, shape, parts, runs.clip(row.first, row.size))


def _shape_of(row: PictureRow) -> Geometry:
    """The geometry that a row states, if it and the parts are what its bytes need.

    The number of parts is compared before they are listed: a row that claims 2**63 bytes would
    have 2**31 of them.
    """
    wrong = DamageError(f"{row.path}: its size, geometry and parts do not fit each other")
    try:
        shape = geometry(
            row.layout, row.bits, row.size, row.width if row.layout == "rows" else None
        )
    except LayoutError:
        raise wrong from None
    fitting = RASTER_LIMIT // shape.row_bytes
    if fitting < 1 or len(row.bmp) != -(-shape.height // fitting):
        raise wrong
    expected = bmp_parts(shape)
    end = row.first + bundled_bytes(shape)
    if (end > row.bmp[0].size) if row.bundled else row.first:
        raise wrong
    if row.bundled:
        expected = (bundled_part(shape, row.first, row.bmp[0].size),)
    parts = [BmpRow(**asdict(part)) for part in expected]
    if (shape.width, shape.height, parts) != (row.width, row.height, row.bmp):
        raise wrong
    return shape


def read_runs(file: Path) -> tuple[bytes, Runs]:
    """A run list as it stands in its file, and the runs.

    Raises:
        DamageError: It is not there, or none.
    """
    text = _read(file)
    try:
        return text, read_runs_json(text)[0]
    except ValueError as error:
        raise DamageError(f"{file}: {error}; {MEND}") from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DamageError(f"{file}: {error.strerror}; {MEND}") from None
