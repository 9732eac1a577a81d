"""The pipeline, and the only module that knows the order of its stages.

dump → regions → pictures → atlases → strips → site
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from memtiles import manifest as rows
from memtiles.config import Config
from memtiles.describe import (
    DrawnRegion,
    describe_atlas,
    describe_site,
    describe_strip,
    strip_description,
)
from memtiles.disk import disk_errors
from memtiles.errors import DamageError, DumpError
from memtiles.maps.importers import ImportedMap, read_map
from memtiles.memory.dump import Dump
from memtiles.memory.files.source import identity_of
from memtiles.memory.formats import open_dump, open_process
from memtiles.memory.options import Options
from memtiles.memory.span import Span
from memtiles.pictures.picture import Picture
from memtiles.pictures.placement import Rect
from memtiles.plan import Plan, PlannedAtlas, PlannedRegion, PlannedStrip, make_plan
from memtiles.progress import Advance, Progress, Silence
from memtiles.site.atlas_folder import atlas_path, make_atlas
from memtiles.site.picture_folder import (
    PictureOrder,
    PicturePaths,
    describe_pyramid,
    finished_picture,
    make_picture,
)
from memtiles.site.remembered import is_unchanged, remember
from memtiles.site.store import PRIVATE_MODE, Store, check_folder
from memtiles.site.strip_folder import StripOrder, finished_strip, make_strip
from memtiles.site.viewer import viewer_files
from memtiles.tiles.atlas import AtlasPlane, Tenant
from memtiles.tiles.plane import Plane


def open_input(config: Config) -> Dump:
    """Opens the dump or the live process that a config names."""
    if config.dump.live is not None:
        return open_process(config.dump.live.find_pid())
    assert config.dump.path is not None
    said = config.dump
    return open_dump(config.dump.path, said.format, Options(said.base, said.space, said.cr3))


def open_maps(config: Config) -> list[ImportedMap]:
    """Reads the maps that a config names."""
    return [read_map(one.path, one.format, one.rebase, one.pid) for one in config.maps]


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
        plan.check(config.limits.output)
        with Store(config.output, mode, adopt=force, distrust=rehash) as store, disk_errors():
            before = _manifest_before(store, rehash=rehash)
            known = {} if rehash else _known_digests(config, store, dump, before)
            stages = _Stages(config, plan, store, jobs, progress or Silence())
            pictures = stages.draw(known)
            atlases = stages.stitch(pictures)
            strips = stages.cut(dump, pictures, atlases)
            _check_unchanged(config, dump)
            viewer = viewer_files()
            manifest = describe_site(dump, plan, pictures, atlases, strips, viewer)
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


def _reading(config: Config) -> str:
    """What besides the dump's file decides which byte is at which address: base and the like."""
    return config.dump.model_dump_json(exclude={"path"})


def _manifest_before(store: Store, *, rehash: bool) -> rows.Manifest | None:
    """The manifest of the build before; a damaged one is as good as none where all is made anew."""
    try:
        return store.manifest()
    except DamageError as damage:
        if rehash:
            return None
        mend = "`memtiles build CONFIG --rehash` makes it anew"
        raise DamageError(f"{store.folder}: {damage}; {mend}") from None


def _known_digests(
    config: Config, store: Store, dump: Dump, before: rows.Manifest | None
) -> dict[Span, str]:
    """Digests by span that an untouched dump's last build found."""
    if before is None or dump.identity is None or before.dump.format != dump.format:
        return {}
    if not is_unchanged(store.folder, dump.identity, _reading(config)):
        return {}
    return {
        Span(row.start, row.size): row.sha256
        for row in before.regions
        if row.sha256 is not None and row.space == dump.spaces[0].name
    }


class _Stages:
    """What every stage needs, and the pictures that are done."""

    def __init__(
        self, config: Config, plan: Plan, store: Store, jobs: int, progress: Progress
    ) -> None:
        self._config = config
        self._plan = plan
        self._store = store
        self._jobs = jobs
        self._progress = progress
        self._paths = PicturePaths()
        self._done: dict[str, tuple[rows.PictureRow, Picture]] = {}

    def draw(self, known: Mapping[Span, str]) -> list[DrawnRegion | None]:
        """The picture of every planned region, None where it gets none."""
        total = sum(_work(planned) for planned in self._plan.regions)
        with self._progress.stage("pictures", total) as advance:
            return [self._draw_one(planned, known, advance) for planned in self._plan.regions]

    def _draw_one(
        self, planned: PlannedRegion, known: Mapping[Span, str], advance: Advance
    ) -> DrawnRegion | None:
        if planned.shape is None:
            return None
        order = PictureOrder(
            planned.region.name,
            planned.shape,
            self._config.pictures.lenses[0],
            self._config.tiles.size,
            planned.has_pyramid,
        )
        span = planned.region.span
        digest = known.get(span)
        if digest is not None and self._store.holds(self._paths.path(order, digest)):
            advance(_work(planned))
        else:
            digest = make_picture(
                self._store, self._plan.space, span, order, self._paths, self._jobs, advance
            )
        path = self._paths.path(order, digest)
        if path not in self._done:
            self._done[path] = finished_picture(self._store.folder, path, order)
        return DrawnRegion(*self._done[path], digest)

    def stitch(self, pictures: Sequence[DrawnRegion | None]) -> list[rows.AtlasRow]:
        """Every planned atlas."""
        return [self._stitch_one(planned, pictures) for planned in self._plan.atlases]

    def _stitch_one(
        self, planned: PlannedAtlas, pictures: Sequence[DrawnRegion | None]
    ) -> rows.AtlasRow:
        places = _places(planned, pictures)
        folders = {rect: drawn.row.path.partition("/")[2] for rect, drawn in places.items()}
        size = (planned.landscape.width, planned.landscape.height)
        tile_size = self._config.tiles.size
        path = atlas_path(planned.config.name, size, folders, tile_size)
        if not self._store.holds(path):
            plane = _atlas_plane(planned, pictures)
            with self._progress.stage(f"atlas {planned.config.name}", size[0] * size[1]) as advance:
                make_atlas(self._store, path, plane, tile_size, self._jobs, advance)
        pyramid = describe_pyramid(self._store.folder / path, *size, tile_size)
        return describe_atlas(self._config, self._plan, planned, pictures, path, pyramid)

    def cut(
        self,
        dump: Dump,
        pictures: Sequence[DrawnRegion | None],
        atlases: Sequence[rows.AtlasRow],
    ) -> list[rows.StripRow]:
        """Every planned strip."""
        return [self._cut_one(dump, one, pictures, atlases) for one in self._plan.strips]

    def _cut_one(
        self,
        dump: Dump,
        planned: PlannedStrip,
        pictures: Sequence[DrawnRegion | None],
        atlases: Sequence[rows.AtlasRow],
    ) -> rows.StripRow:
        source, plane = self._source(planned, pictures, atlases)
        config = planned.config
        description = strip_description(dump, self._plan, planned)
        order = StripOrder(
            config.name, source, planned.crop, config.format, config.dpi, description
        )
        if not self._store.holds(order.path):
            pixels = order.crop.width * order.crop.height
            with self._progress.stage(f"strip {order.name}", pixels) as advance:
                make_strip(self._store, order, plane, self._jobs, advance)
        return describe_strip(planned, order, *finished_strip(self._store.folder, order))

    def _source(
        self,
        planned: PlannedStrip,
        pictures: Sequence[DrawnRegion | None],
        atlases: Sequence[rows.AtlasRow],
    ) -> tuple[str, Plane]:
        """The folder of what a strip is cut from, and its pixels."""
        if planned.region is not None:
            drawn = pictures[planned.region]
            assert drawn is not None
            return drawn.row.path, drawn.picture
        assert planned.atlas is not None
        plane = _atlas_plane(self._plan.atlases[planned.atlas], pictures)
        return atlases[planned.atlas].path, plane


def _places(
    planned: PlannedAtlas, pictures: Sequence[DrawnRegion | None]
) -> dict[Rect, DrawnRegion]:
    """What lies where in an atlas."""
    found = {}
    for member, rect in zip(planned.members, planned.landscape.pictures, strict=True):
        drawn = pictures[member]
        assert drawn is not None
        found[rect] = drawn
    return found


def _atlas_plane(planned: PlannedAtlas, pictures: Sequence[DrawnRegion | None]) -> AtlasPlane:
    places = _places(planned, pictures)
    tenants = [Tenant(drawn.picture, rect) for rect, drawn in places.items()]
    return AtlasPlane(planned.landscape.width, planned.landscape.height, tenants)


def _work(planned: PlannedRegion) -> int:
    """Bytes to read and pixels to tile."""
    shape = planned.shape
    if shape is None:
        return 0
    return shape.size + shape.width * shape.height * planned.has_pyramid
