"""The folder of one atlas: named after the pictures in it and their places."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from memtiles.errors import LensError
from memtiles.manifest import AtlasRow, Manifest, PictureRow, TileSize
from memtiles.pictures.layout import geometry
from memtiles.pictures.lens import ColourLens, ValueLens
from memtiles.pictures.lenses import lens
from memtiles.pictures.placement import Rect
from memtiles.site.picture_folder import content_key
from memtiles.site.pyramid_folder import make_pyramid, pyramid_key
from memtiles.site.store import Store, slug
from memtiles.tiles.atlas import AtlasPlane
from memtiles.tiles.by_lens import reduction_of
from memtiles.tiles.earlier import Earlier
from memtiles.tiles.grid import Grid
from memtiles.tiles.pyramid import Engine

# Raised when the files of an atlas folder change their form.
VERSION = 3


# No lens looks at larger blocks, so that no more of a region's address matters.
_LARGEST_BLOCK = 4096


class Placed(NamedTuple):
    """A picture, by what its pixels depend on, and its place."""

    picture: str
    rect: Rect
    phase: int


def place(row: PictureRow, digest: str, start: int, rect: Rect) -> Placed:
    """A picture of a region with that digest that begins at that address, in its place.

    A folder of its own has a name that stands for all its pixels depend on. That of a bundle stands
    for its other pictures, too.
    """
    phase = start % _LARGEST_BLOCK
    if not row.bundled:
        return Placed(row.path.partition("/")[2], rect, phase)
    version = lens(row.lens).version
    key = [digest, row.layout, row.bits, row.size, row.width, row.lens, version]
    return Placed(content_key(key), rect, phase)


class AtlasOrder(NamedTuple):
    """What an atlas is to be."""

    name: str
    layout: str | None
    lens: ColourLens | ValueLens
    width: int
    height: int
    placed: tuple[Placed, ...]
    tile_size: TileSize
    engine: Engine

    @property
    def path(self) -> str:
        """The atlas's folder."""
        key = {
            "folder": VERSION,
            "pyramid": pyramid_key(self.tile_size, self.engine),
            "layout": self.layout,
            "lens": _lens_key(self.lens),
            "size": (self.width, self.height),
            "pictures": [[one.picture, one.rect.x, one.rect.y, one.phase] for one in self.placed],
        }
        return f"atlases/{slug(self.name)}-{content_key(key)}"


def _lens_key(lens: ColourLens | ValueLens) -> list[object]:
    return [lens.name, lens.version, lens.key if isinstance(lens, ValueLens) else ""]


@dataclass(frozen=True)
class EarlierAtlas:
    """An atlas that is in the store: its folder and size, and what lies in it."""

    path: str
    width: int
    height: int
    list_digest: str
    placed: tuple[Placed, ...]


def atlases_of(manifest: Manifest) -> tuple[EarlierAtlas, ...]:
    """The atlases that a manifest names."""
    return tuple(
        EarlierAtlas(
            seen.path, seen.pyramid.width, seen.pyramid.height, seen.pyramid.sha256, placed
        )
        for row in manifest.atlases
        for placed in [_placed(manifest, row)]
        for seen in row.lenses
    )


def _placed(manifest: Manifest, row: AtlasRow) -> tuple[Placed, ...]:
    found = []
    for one in row.placements:
        region, picture = manifest.regions[one.region], manifest.pictures[one.picture]
        width, height = size_in_atlas(row, picture)
        rect = Rect(one.x, one.y, width, height)
        found.append(place(picture, region.sha256 or "", region.start, rect))
    return tuple(found)


def size_in_atlas(row: AtlasRow, picture: PictureRow) -> tuple[int, int]:
    """Pixels of a picture there: an atlas may have a layout of its own."""
    if row.layout is None:
        return picture.width, picture.height
    shape = geometry(row.layout, picture.bits, picture.size)
    return shape.width, shape.height


def make_atlas(
    store: Store,
    order: AtlasOrder,
    plane: AtlasPlane,
    jobs: int,
    advance: Callable[[int], object],
    expect: Callable[[int], object],
    before: Sequence[EarlierAtlas] = (),
) -> None:
    """Composes the pictures that lie in the store and leaves the atlas beside them.

    Args:
        store: Where to.
        order: What of.
        plane: Its pixels.
        jobs: Threads.
        advance: Told the number of pixels as they are drawn.
        expect: Told beforehand how many these will be.
        before: What is in the store: an atlas there of the same size, in which some pictures
            changed, is taken over but for these.
    """
    staged = store.stage()
    path = order.path
    earlier = _earlier(store, order, before) if order.engine == "fast" else None
    try:
        make_pyramid(
            plane,
            staged,
            path,
            order.tile_size,
            order.engine,
            jobs,
            advance,
            expect,
            earlier,
            reduction_of(order.lens),
        )
    except LensError:
        # The build goes on without it, and may need the room.
        shutil.rmtree(staged, ignore_errors=True)
        raise
    store.keep(staged, path)


def _earlier(store: Store, order: AtlasOrder, before: Sequence[EarlierAtlas]) -> Earlier | None:
    for one in before:
        # Its name says which code made it, besides all else: an atlas of another version, or of
        # another tile size, would have another one.
        was = order._replace(placed=one.placed, width=one.width, height=one.height)
        same_size = (one.width, one.height) == (order.width, order.height)
        if same_size and was.path == one.path and store.holds(one.path):
            changed = [placed.rect for placed in {*one.placed} ^ {*order.placed}]
            grid = Grid(order.width, order.height, order.tile_size)
            return Earlier(store.folder / one.path, grid, changed, one.list_digest)
    return None
