"""The stage of the memory: each region's bytes into the store, unless they are there already."""

from __future__ import annotations

from collections.abc import Sequence

from memtiles.config import Config
from memtiles.describe import DrawnRegion
from memtiles.manifest import PictureRow
from memtiles.memory.span import Span
from memtiles.pictures.bundle import Bundle, read_bundle
from memtiles.pictures.picture import Picture
from memtiles.pictures.render import digest_of
from memtiles.plan import Plan, PlannedRegion
from memtiles.progress import Advance
from memtiles.site.bundle_folder import bundle_path, finished_bundle, make_bundle
from memtiles.site.picture_folder import (
    PictureOrder,
    PicturePaths,
    finished_picture,
    make_picture,
)
from memtiles.site.store import Store
from memtiles.stages.before import Before
from memtiles.stages.outlook import Outlook


class PictureStage:
    """Draws the regions of a plan."""

    def __init__(
        self,
        config: Config,
        plan: Plan,
        store: Store,
        jobs: int,
        before: Before,
        outlook: Outlook,
    ) -> None:
        """Nothing is drawn yet; the outlook hears of all that is."""
        self._config = config
        self._plan = plan
        self._store = store
        self._jobs = jobs
        self._before = before
        self._outlook = outlook
        self._paths = PicturePaths()
        self._done: dict[str, tuple[PictureRow, Picture]] = {}

    def draw(self, advance: Advance) -> list[DrawnRegion | None]:
        """The picture of every planned region, None where it gets none."""
        bundled = {at for members in self._plan.bundles for at in members}
        drawn = [
            None if at in bundled else self._draw_one(planned, advance)
            for at, planned in enumerate(self._plan.regions)
        ]
        for members in self._plan.bundles:
            for at, one in zip(members, self._draw_bundle(members, advance), strict=True):
                drawn[at] = one
        return drawn

    def _draw_one(self, planned: PlannedRegion, advance: Advance) -> DrawnRegion | None:
        if planned.shape is None:
            return None
        order = PictureOrder(
            planned.region.name,
            planned.shape,
            self._config.pictures.lenses[0],
            self._config.tiles.size,
            self._config.tiles.engine,
            planned.has_pyramid,
        )
        digest = self._unchanged(planned, order, advance)
        if digest is None:
            digest = make_picture(
                self._store, self._plan.space, planned.region.span, order, self._paths,
                self._jobs, advance,
            )  # fmt: skip
        path = self._paths.path(order, digest)
        if path not in self._done:
            self._done[path] = finished_picture(self._store.folder, path, order)
        row, picture = self._done[path]
        self._outlook.add(picture.shape.size, picture.runs.total - picture.raster.zeros.total)
        return DrawnRegion(row, picture, digest)

    def _unchanged(
        self, planned: PlannedRegion, order: PictureOrder, advance: Advance
    ) -> str | None:
        """The digest of a region whose picture is there; None where it has to be drawn.

        Bytes that may have changed are read and hashed first, because most have not: then nothing
        is written. Those of a live process always have.
        """
        span, space = planned.region.span, self._plan.space
        digest = self._before.digests.get(span)
        if digest is None or not self._store.holds(self._paths.likely(order, digest)):
            return None
        if self._before.is_of_this_dump:
            advance(span.size)
            return digest
        if not space.steady or digest_of(space, span, self._jobs) != digest:
            return None
        advance(span.size)
        return digest

    def _draw_bundle(self, members: Sequence[int], advance: Advance) -> list[DrawnRegion]:
        regions = [self._plan.regions[at] for at in members]
        spans = [one.region.span for one in regions]
        bundle = Bundle(tuple(one.shape for one in regions if one.shape is not None))
        lens = self._config.pictures.lenses[0]
        digests = self._known(spans)
        path = bundle_path(bundle, digests, lens) if digests else ""
        if digests and self._store.holds(path):
            advance(sum(span.size for span in spans))
        else:
            content = read_bundle(self._plan.space, spans, bundle, advance)
            digests = content.digests
            path = bundle_path(bundle, digests, lens)
            if not self._store.holds(path):
                make_bundle(self._store, path, content, bundle)
        finished = finished_bundle(self._store.folder, path, bundle, lens)
        size = sum(span.size for span in spans)
        self._outlook.add(size, size)
        return [
            DrawnRegion(row, picture, digest)
            for (row, picture), digest in zip(finished, digests, strict=True)
        ]

    def _known(self, spans: Sequence[Span]) -> tuple[str, ...]:
        """The digests of all spans where the dump is untouched; else none."""
        if not self._before.is_of_this_dump:
            return ()
        found = [self._before.digests.get(span) for span in spans]
        return tuple(one for one in found if one) if all(found) else ()
