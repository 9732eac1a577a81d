"""The folder of one atlas: named after the pictures in it and their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from memtiles.pictures.placement import Rect
from memtiles.site.picture_folder import content_key
from memtiles.site.store import Store, slug
from memtiles.tiles import pyramid
from memtiles.tiles.atlas import AtlasPlane

# Raised when the files of an atlas folder change their form.
VERSION = 1


def atlas_path(
    name: str, size: tuple[int, int], tenants: Mapping[Rect, str], tile_size: int
) -> str:
    """The folder of an atlas with the pictures of these folders at these places."""
    key = {
        "folder": VERSION,
        "pyramid": [pyramid.VERSION, tile_size],
        "size": size,
        "pictures": [[name, rect.x, rect.y] for rect, name in tenants.items()],
    }
    return f"atlases/{slug(name)}-{content_key(key)}"


def make_atlas(
    store: Store,
    path: str,
    plane: AtlasPlane,
    tile_size: int,
    jobs: int,
    advance: Callable[[int], object],
) -> None:
    """Composes the pictures that lie in the store and leaves the atlas beside them."""
    staged = store.stage()
    pyramid.save_pyramid(plane, staged, tile_size, jobs, advance)
    store.keep(staged, path)
