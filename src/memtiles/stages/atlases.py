"""The stage of the tiles: the atlases, out of the pictures that are in the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from memtiles import manifest as rows
from memtiles.config import Config
from memtiles.describe import DrawnRegion, describe_atlas
from memtiles.pictures.placement import Rect
from memtiles.plan import Plan, PlannedAtlas
from memtiles.progress import Advance
from memtiles.site.atlas_folder import AtlasOrder, make_atlas, place
from memtiles.site.pyramid_folder import describe_pyramid
from memtiles.site.store import Store
from memtiles.stages.before import Before
from memtiles.tiles.atlas import AtlasPlane, Tenant


def stitch(
    config: Config,
    plan: Plan,
    store: Store,
    jobs: int,
    before: Before,
    pictures: Sequence[DrawnRegion | None],
    advance: Advance,
    expect: Callable[[int], object],
) -> list[rows.AtlasRow]:
    """Every planned atlas; `expect` is told of each how many pixels will be drawn."""
    found = []
    for planned in plan.atlases:
        landscape, tiles = planned.landscape, config.tiles
        places = _places(planned, pictures)
        order = AtlasOrder(
            planned.config.name,
            landscape.width,
            landscape.height,
            tuple(place(one.row, one.digest, rect) for rect, one in places),
            tiles.size,
            tiles.engine,
        )
        if store.holds(order.path):
            expect(0)
        else:
            plane = atlas_plane(planned, pictures)
            make_atlas(store, order, plane, jobs, advance, expect, before.atlases)
        folder = store.folder / order.path
        pyramid = describe_pyramid(folder, order.width, order.height, tiles.size, tiles.engine)
        found.append(describe_atlas(config, plan, planned, pictures, order.path, pyramid))
    return found


def atlas_plane(planned: PlannedAtlas, pictures: Sequence[DrawnRegion | None]) -> AtlasPlane:
    """The pixels of an atlas."""
    tenants = [Tenant(drawn.picture, rect) for rect, drawn in _places(planned, pictures)]
    return AtlasPlane(planned.landscape.width, planned.landscape.height, tenants)


def _places(
    planned: PlannedAtlas, pictures: Sequence[DrawnRegion | None]
) -> list[tuple[Rect, DrawnRegion]]:
    """What lies where in an atlas."""
    found = []
    for member, rect in zip(planned.members, planned.landscape.pictures, strict=True):
        drawn = pictures[member]
        assert drawn is not None
        found.append((rect, drawn))
    return found
