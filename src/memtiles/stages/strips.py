"""The stage of the strips: cuts for printing, out of the pictures and atlases of the store."""

from __future__ import annotations

from collections.abc import Sequence

from memtiles import manifest as rows
from memtiles.config.outputs import Tiles
from memtiles.describe import DrawnRegion, describe_strip, strip_description
from memtiles.memory.dump import Dump
from memtiles.plan import Plan, PlannedStrip
from memtiles.progress import Advance
from memtiles.site.store import Store
from memtiles.site.strip_folder import StripOrder, finished_strip, make_strip
from memtiles.stages.atlases import BYTES, atlas_order, atlas_plane
from memtiles.tiles.plane import Plane


def cut(
    dump: Dump,
    plan: Plan,
    store: Store,
    jobs: int,
    pictures: Sequence[DrawnRegion | None],
    tiles: Tiles,
    advance: Advance,
) -> list[rows.StripRow]:
    """Every planned strip."""
    found = []
    for planned in plan.strips:
        source, plane = _source(plan, planned, pictures, tiles)
        config = planned.config
        description = strip_description(dump, plan, planned)
        order = StripOrder(
            config.name, source, planned.crop, config.format, config.dpi, description
        )
        if store.holds(order.path):
            advance(order.crop.width * order.crop.height)
        else:
            make_strip(store, order, plane, jobs, advance)
        found.append(describe_strip(planned, order, *finished_strip(store.folder, order)))
    return found


def _source(
    plan: Plan,
    planned: PlannedStrip,
    pictures: Sequence[DrawnRegion | None],
    tiles: Tiles,
) -> tuple[str, Plane]:
    """What stands for the source of a strip in its folder's name, and the source's pixels."""
    if planned.region is not None:
        drawn = pictures[planned.region]
        assert drawn is not None
        first = f"+{drawn.row.first:#x}" if drawn.row.bundled else ""
        return drawn.row.path + first, drawn.picture
    assert planned.atlas is not None
    atlas = plan.atlases[planned.atlas]
    order = atlas_order(plan, atlas, pictures, BYTES, tiles)
    return order.path, atlas_plane(plan, atlas, pictures, BYTES)
