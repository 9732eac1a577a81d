"""The folder of one atlas: named after the pictures in it and their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from memtiles.manifest import PictureRow
from memtiles.pictures.placement import Rect
from memtiles.site.picture_folder import content_key, open_picture
from memtiles.site.store import Store, slug
from memtiles.tiles import pyramid
from memtiles.tiles.atlas import AtlasPlane, Tenant

# Raised when the files of an atlas folder change their form.
VERSION = 1


def atlas_path(
    name: str, size: tuple[int, int], tenants: Mapping[Rect, PictureRow], tile_size: int
) -> str:
    """The folder of an atlas with these pictures at these places."""
    key = {
        "folder": VERSION,
        "pyramid": [pyramid.VERSION, tile_size],
        "size": size,
        "pictures": [[row.path, rect.x, rect.y] for rect, row in tenants.items()],
    }
    return f"atlases/{slug(name)}-{content_key(key)}"


def make_atlas(
    store: Store,
    path: str,
    size: tuple[int, int],
    tenants: Mapping[Rect, PictureRow],
    tile_size: int,
    jobs: int,
    advance: Callable[[int], object],
) -> None:
    """Composes the pictures that lie in the store and leaves the atlas beside them."""
    staged = store.stage()
    plane = compose(store.folder, size, tenants)
    pyramid.save_pyramid(plane, staged, tile_size, jobs, advance)
    store.keep(staged, path)


def compose(root: Path, size: tuple[int, int], tenants: Mapping[Rect, PictureRow]) -> AtlasPlane:
    """The plane of an atlas over the BMPs of a site."""
    pictures = {row.path: open_picture(root, row) for row in tenants.values()}
    return AtlasPlane(*size, [Tenant(pictures[row.path], rect) for rect, row in tenants.items()])
