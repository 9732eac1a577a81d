"""The stage of the memory: each region's bytes into the store, unless they are there already."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from memtiles.config import Config
from memtiles.describe import DrawnRegion
from memtiles.manifest import PictureRow
from memtiles.memory.span import Span
from memtiles.pictures.bundle import Bundle, read_bundle
from memtiles.pictures.digest import BLAKE3, SHA256
from memtiles.pictures.layout import Geometry
from memtiles.pictures.picture import Picture
from memtiles.pictures.render import READ_BLOCK, Rendered, digests_of, render
from memtiles.plan import Plan, PlannedRegion
from memtiles.progress import Advance
from memtiles.site.bundle_folder import bundle_path, finished_bundle, make_bundle
from memtiles.site.picture_folder import (
    PictureOrder,
    PicturePaths,
    finished_picture,
    keep_picture,
)
from memtiles.site.store import Store
from memtiles.stages.before import Before
from memtiles.stages.outlook import Outlook
from memtiles.threads import in_order


class _Alone(NamedTuple):
    """The region with that number in the plan, which gets a folder of its own."""

    at: int
    span: Span
    order: PictureOrder


class _Read(NamedTuple):
    """A region's digests, and what was rendered unless its picture was there."""

    alone: _Alone
    digest: str
    fingerprint: str | None
    staged: Path | None = None
    rendered: Rendered | None = None


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
        drawn: list[DrawnRegion | None] = [None] * len(self._plan.regions)
        alone = [
            _Alone(at, planned.region.span, self._order(planned, planned.shape))
            for at, planned in enumerate(self._plan.regions)
            if planned.shape is not None and at not in bundled
        ]
        # Regions with much to read are each read by all threads, others by one thread each.
        for is_large, some in groupby(alone, self._is_large):
            side_by_side, jobs = (1, self._jobs) if is_large else (self._jobs, 1)
            read = partial(self._read, jobs=jobs, advance=advance)
            with closing(in_order(read, some, side_by_side)) as found:
                for region in found:
                    drawn[region.alone.at] = self._keep(region)
        for members in self._plan.bundles:
            for at, one in zip(members, self._draw_bundle(members, advance), strict=True):
                drawn[at] = one
        return drawn

    def _is_large(self, alone: _Alone) -> bool:
        space, span = self._plan.space, alone.span
        if span.size <= READ_BLOCK:
            return False
        return space.runs(span).total - space.zeros(span).total > READ_BLOCK

    def _order(self, planned: PlannedRegion, shape: Geometry) -> PictureOrder:
        return PictureOrder(
            planned.region.name,
            shape,
            "bytes",
            self._config.tiles.size,
            self._config.tiles.engine,
            planned.has_pyramid,
        )

    def _read(self, alone: _Alone, jobs: int, advance: Advance) -> _Read:
        """Reads a region into a staged folder, unless the store has its picture; from any thread.

        Bytes that may have changed are read and hashed first, because most have not: then nothing
        is written. Those of a live process always have.
        """
        space, span = self._plan.space, alone.span
        digest = self._before.digests.get(span)
        if digest is not None and self._store.holds(self._paths.likely(alone.order, digest)):
            if self._before.is_of_this_dump:
                advance(span.size)
                return _Read(alone, digest, self._before.fingerprints.get(span))
            fingerprint = self._read_as_before(span, digest, jobs) if space.steady else None
            if fingerprint is not None:
                advance(span.size)
                return _Read(alone, digest, fingerprint)
        staged = self._store.stage()
        rendered = render(
            space, span, alone.order.shape, staged, jobs, advance, hashes=(SHA256, BLAKE3)
        )
        digest, fingerprint = rendered.digests
        return _Read(alone, digest, fingerprint, staged, rendered)

    def _read_as_before(self, span: Span, digest: str, jobs: int) -> str | None:
        """Reads a region that had that digest; its fingerprint, or None if it has changed."""
        before = self._before.fingerprints.get(span)
        if before is not None:
            (found,) = digests_of(self._plan.space, span, jobs, hashes=(BLAKE3,))
            return found if found == before else None
        now, found = digests_of(self._plan.space, span, jobs, hashes=(SHA256, BLAKE3))
        return found if now == digest else None

    def _keep(self, read: _Read) -> DrawnRegion:
        """What was read, in the store: in the order of the regions, as that gives folders names."""
        order = read.alone.order
        path = self._paths.path(order, read.digest)
        if read.rendered is not None and read.staged is not None:
            keep_picture(self._store, read.staged, read.rendered, order, path, self._jobs)
        if path not in self._done:
            self._done[path] = finished_picture(self._store.folder, path, order)
        row, picture = self._done[path]
        self._outlook.add([picture])
        return DrawnRegion(row, picture, read.digest, read.fingerprint)

    def _draw_bundle(self, members: Sequence[int], advance: Advance) -> list[DrawnRegion]:
        regions = [self._plan.regions[at] for at in members]
        spans = [one.region.span for one in regions]
        bundle = Bundle(tuple(one.shape for one in regions if one.shape is not None))
        digests = self._known(spans)
        path = bundle_path(bundle, digests, "bytes") if digests else ""
        if digests and self._store.holds(path):
            advance(sum(span.size for span in spans))
        else:
            content = read_bundle(self._plan.space, spans, bundle, advance)
            digests = content.digests
            path = bundle_path(bundle, digests, "bytes")
            if not self._store.holds(path):
                make_bundle(self._store, path, content, bundle)
        finished = finished_bundle(self._store.folder, path, bundle, "bytes")
        self._outlook.add(picture for _, picture in finished)
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
