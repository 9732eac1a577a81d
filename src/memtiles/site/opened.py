"""A site that is there: its manifest, and its pictures and atlases as planes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from memtiles.errors import UsageError
from memtiles.manifest import FILE, Manifest, RegionRow, read_manifest
from memtiles.maps.lookup import find_region
from memtiles.memory.runs import Runs
from memtiles.memory.span import Span
from memtiles.pictures.layout import geometry
from memtiles.pictures.picture import Picture
from memtiles.pictures.placement import Rect
from memtiles.site.picture_folder import open_picture, read_runs
from memtiles.tiles.atlas import AtlasPlane, Tenant


def read_site(folder: Path) -> Manifest:
    """The manifest of an output folder.

    Raises:
        UsageError: There is none, or one of another version.
        DamageError: It is damaged.
    """
    try:
        text = (folder / FILE).read_bytes()
    except OSError:
        raise UsageError(f"{folder}: no {FILE} there; is it an output folder?") from None
    return read_manifest(text)


def region_row(manifest: Manifest, name: str) -> RegionRow:
    """The region of that name, or that holds that address.

    Raises:
        UsageError: There is none, or several.
    """
    names = [(row.name, Span(row.start, row.size)) for row in manifest.regions]
    return manifest.regions[find_region(names, name)]


def region_plane(folder: Path, manifest: Manifest, row: RegionRow) -> Picture:
    """A region's picture at full resolution.

    Raises:
        UsageError: The region is listed, but not drawn.
        DamageError: Its files are damaged.
    """
    if row.picture is None:
        raise UsageError(f"{row.name}: is listed, but has no picture: it is not in the dump")
    return open_picture(folder, manifest.pictures[row.picture])


def atlas_plane(folder: Path, manifest: Manifest, name: str | None) -> AtlasPlane:
    """The bytes of an atlas at full resolution; the first one without a name.

    Raises:
        UsageError: There is none of that name.
        DamageError: Files of it are damaged.
    """
    atlases = {row.name: row for row in reversed(manifest.atlases)}
    name = name or manifest.atlases[0].name
    if name not in atlases:
        raise UsageError(f"no atlas {name!r}; there are: {', '.join(sorted(atlases))}")
    row = atlases[name]

    @cache
    def run_list(file: Path) -> Runs:
        return read_runs(file)[1]

    @cache
    def picture(number: int) -> Picture:
        one = manifest.pictures[number]
        return open_picture(folder, one, run_list(folder / one.path / one.runs.file))

    tenants = []
    for placed in row.placements:
        found = picture(placed.picture)
        if row.layout is not None:
            shape = geometry(row.layout, found.shape.bits, found.shape.size)
            found = replace(found, shape=shape)
        tenants.append(Tenant(found, Rect(placed.x, placed.y, found.width, found.height)))
    pyramid = row.lenses[0].pyramid
    return AtlasPlane(pyramid.width, pyramid.height, tenants)
