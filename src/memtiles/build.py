"""The pipeline, and the only module that knows the order of its stages.

dump → regions → pictures → atlases → site
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from memtiles import manifest as rows
from memtiles.config import Config
from memtiles.describe import DrawnRegion, describe_atlas, describe_site
from memtiles.errors import DiskFullError, DumpError, LimitError
from memtiles.maps.importers import ImportedMap, read_map
from memtiles.memory.dump import Dump
from memtiles.memory.formats import open_dump, open_process
from memtiles.memory.source import identity_of
from memtiles.pictures.placement import Rect
from memtiles.plan import Plan, PlannedAtlas, PlannedRegion, make_plan
from memtiles.progress import Advance, Progress, Silence
from memtiles.site.atlas_folder import atlas_path, make_atlas
from memtiles.site.picture_folder import (
    PictureOrder,
    describe_picture,
    describe_pyramid,
    make_picture,
    open_picture,
)
from memtiles.site.remembered import is_unchanged, remember
from memtiles.site.store import PRIVATE_MODE, Store, check_folder, disk_errors
from memtiles.site.viewer import viewer_files


def open_input(config: Config) -> Dump:
    """Opens the dump or the live process that a config names."""
    if config.dump.live is not None:
        return open_process(config.dump.live.find_pid())
    assert config.dump.path is not None
    return open_dump(
        config.dump.path, config.dump.format, base=config.dump.base, space=config.dump.space
    )


def open_maps(config: Config) -> list[ImportedMap]:
    """Reads the maps that a config names."""
    return [read_map(one.path, one.format, one.rebase) for one in config.maps]


def build(
    config: Config,
    *,
    jobs: int = 2,
    mode: int = PRIVATE_MODE,
    force: bool = False,
    rehash: bool = False,
    progress: Progress | None = None,
) -> tuple[rows.Manifest, Plan]:
    """Builds the site of a config.

    Args:
        config: What to build, and where.
        jobs: Threads.
        mode: Permissions of the output folder.
        force: Build in a folder that holds other files, which are left alone.
        rehash: Read and draw everything, whatever is there; mends a damaged output folder.
        progress: Told what is going on.

    Returns:
        The manifest, as it is written, and the plan behind it.

    Raises:
        MemtilesError: Any leaf of it. What the output folder's manifest names is as it was.
    """
    check_folder(config.output, adopt=force)
    with open_input(config) as dump:
        plan = make_plan(config, dump, open_maps(config))
        _check_limit(config, plan)
        with Store(config.output, mode, adopt=force, distrust=rehash) as store, disk_errors():
            known = {} if rehash else _known_digests(config, store, dump)
            _check_disk(config, plan, known)
            stages = _Stages(config, plan, store, jobs, progress or Silence())
            pictures = stages.draw(known)
            atlases = stages.stitch(pictures)
            _check_unchanged(config, dump)
            viewer = viewer_files()
            manifest = describe_site(dump, plan, pictures, atlases, viewer)
            store.publish(manifest, viewer)
            if dump.identity is not None:
                remember(store.folder, dump.identity, _reading(config))
    return manifest, plan


def _check_unchanged(config: Config, dump: Dump) -> None:
    """Refuses to publish a picture of two states of a dump.

    A file that only got shorter is noticed where it is read; one that was written to in place is
    noticed here, by its times.

    Raises:
        DumpError: The file is not the one that was opened.
    """
    path = config.dump.path
    if path is not None and identity_of(path) != dump.identity:
        raise DumpError(f"{path}: changed while it was read; build again when it is complete")


def _check_limit(config: Config, plan: Plan) -> None:
    if plan.output_bytes > config.limits.output:
        raise LimitError(
            f"the output may take {plan.output_bytes:,} bytes, limits.output allows "
            f"{config.limits.output:,}: raise it, or draw less (regions: include, exclude)"
        )


def _check_disk(config: Config, plan: Plan, known: dict[tuple[str, int, int], str]) -> None:
    """Refuses before anything is read; regions of known digest are on the disk already."""
    needed = 0
    for planned in plan.drawn:
        span = planned.region.span
        if (plan.space.name, span.start, span.size) not in known:
            needed += planned.present
    free = shutil.disk_usage(config.output).free
    if needed > free:
        raise DiskFullError(
            f"{config.output}: the pictures alone take {needed:,} bytes, {free:,} are free"
        )


def _reading(config: Config) -> str:
    """What besides the dump's file decides which byte is at which address: base and the like."""
    return config.dump.model_dump_json(exclude={"path"})


def _known_digests(config: Config, store: Store, dump: Dump) -> dict[tuple[str, int, int], str]:
    """Digests by (space, start, size) that an untouched dump's last build found."""
    before = store.manifest()
    if before is None or dump.identity is None:
        return {}
    if not is_unchanged(store.folder, dump.identity, _reading(config)):
        return {}
    return {
        (row.space, row.start, row.size): row.sha256
        for row in before.regions
        if row.sha256 is not None and before.dump.format == dump.format
    }


@dataclass(frozen=True)
class _Stages:
    """What every stage needs."""

    config: Config
    plan: Plan
    store: Store
    jobs: int
    progress: Progress

    def draw(self, known: dict[tuple[str, int, int], str]) -> list[DrawnRegion | None]:
        """The picture of every planned region, None where it gets none."""
        total = sum(
            planned.shape.size + planned.shape.raster_bytes * planned.has_pyramid
            for planned in self.plan.regions
            if planned.shape is not None
        )
        with self.progress.stage("pictures", total) as advance:
            return [self._draw_one(planned, known, advance) for planned in self.plan.regions]

    def _draw_one(
        self, planned: PlannedRegion, known: dict[tuple[str, int, int], str], advance: Advance
    ) -> DrawnRegion | None:
        if planned.shape is None:
            return None
        space, span = self.plan.space, planned.region.span
        order = PictureOrder(
            planned.region.name,
            planned.shape,
            self.config.pictures.lenses[0],
            self.config.tiles.size,
            planned.has_pyramid,
        )
        digest = known.get((space.name, span.start, span.size))
        if digest is not None and self.store.holds(order.path(digest)):
            path = order.path(digest)
            advance(span.size + planned.shape.raster_bytes * planned.has_pyramid)
        else:
            path, digest = make_picture(self.store, space, span, order, self.jobs, advance)
        row = describe_picture(self.store.folder, path, order)
        return DrawnRegion(row, digest, open_picture(self.store.folder, row).runs.total)

    def stitch(self, pictures: list[DrawnRegion | None]) -> list[rows.AtlasRow]:
        """Every planned atlas."""
        return [self._stitch_one(planned, pictures) for planned in self.plan.atlases]

    def _stitch_one(
        self, planned: PlannedAtlas, pictures: list[DrawnRegion | None]
    ) -> rows.AtlasRow:
        tenants: dict[Rect, rows.PictureRow] = {}
        for member, rect in zip(planned.members, planned.landscape.pictures, strict=True):
            drawn = pictures[member]
            assert drawn is not None
            tenants[rect] = drawn.row
        size = (planned.landscape.width, planned.landscape.height)
        tile_size = self.config.tiles.size
        path = atlas_path(planned.config.name, size, tenants, tile_size)
        if not self.store.holds(path):
            total = size[0] * size[1] * planned.bands
            with self.progress.stage(f"atlas {planned.config.name}", total) as advance:
                make_atlas(self.store, path, size, tenants, tile_size, self.jobs, advance)
        pyramid = describe_pyramid(self.store.folder / path, *size, tile_size)
        return describe_atlas(self.config, self.plan, planned, pictures, path, pyramid)
