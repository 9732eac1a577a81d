"""The stage of the tiles: the atlases, out of the pictures that are in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from memtiles import manifest as rows
from memtiles.config import Config
from memtiles.config.outputs import Tiles
from memtiles.describe import DrawnRegion, describe_atlas, describe_lens
from memtiles.errors import LensError
from memtiles.pictures.layout import Geometry
from memtiles.pictures.lens import ColourLens, ValueLens
from memtiles.pictures.lenses import colour_lens
from memtiles.pictures.picture import Picture
from memtiles.pictures.placement import Rect
from memtiles.plan import Plan, PlannedAtlas
from memtiles.progress import Advance
from memtiles.site.atlas_folder import AtlasOrder, make_atlas, place
from memtiles.site.pyramid_folder import describe_pyramid
from memtiles.site.store import Store
from memtiles.stages.before import Before
from memtiles.stages.outlook import Outlook
from memtiles.tiles.atlas import AtlasPlane, Tenant

Lens = ColourLens | ValueLens

BYTES = colour_lens("bytes")
"""What an atlas shows where nothing else is asked for, and what strips are cut from."""


class Stitched(NamedTuple):
    """What the stage leaves: rows of the manifest, and a line for each lens that failed."""

    lenses: list[rows.LensRow]
    atlases: list[rows.AtlasRow]
    failures: list[str]


class AtlasStage:
    """Stitches the atlases of a plan."""

    def __init__(
        self,
        config: Config,
        plan: Plan,
        store: Store,
        jobs: int,
        before: Before,
        pictures: Sequence[DrawnRegion | None],
        outlook: Outlook,
    ) -> None:
        """Nothing is drawn yet; the outlook hears of all that is to be."""
        self._plan = plan
        self._tiles = config.tiles
        self._store = store
        self._jobs = jobs
        self._before = before
        self._pictures = pictures
        self._outlook = outlook

    def stitch(self, advance: Advance) -> Stitched:
        """Every planned atlas through every lens.

        A lens of the user's that fails is left out, of all atlases; where none is left, the bytes
        themselves are drawn.

        Args:
            advance: Told the number of pixels as they are drawn.
        """
        drawn: list[tuple[Lens, list[str]]] = []
        failures = list(self._plan.lens_failures)
        for number, lens in enumerate(self._plan.lenses):
            try:
                drawn.append((lens, self._through(number, lens, advance)))
            except LensError as error:
                failures.append(str(error))
        if not drawn:
            drawn = [(BYTES, self._through(len(self._plan.lenses), BYTES, advance))]
        rows_of = [
            [self._row(number, planned, paths[at]) for number, (_, paths) in enumerate(drawn)]
            for at, planned in enumerate(self._plan.atlases)
        ]
        return Stitched(
            [describe_lens(lens) for lens, _ in drawn],
            [
                describe_atlas(self._plan, planned, self._pictures, seen)
                for planned, seen in zip(self._plan.atlases, rows_of, strict=True)
            ],
            failures,
        )

    def _through(self, number: int, lens: Lens, advance: Advance) -> list[str]:
        """Every planned atlas through one lens, by its folder.

        Raises:
            LensError: The lens failed.
        """
        drawn = 0

        def count(pixels: int) -> None:
            nonlocal drawn
            drawn += pixels
            advance(pixels)

        try:
            return [
                self._draw(planned, lens, count, partial(self._outlook.atlas, number, at))
                for at, planned in enumerate(self._plan.atlases)
            ]
        except LensError:
            self._outlook.left_out(number, drawn)
            raise

    def _draw(
        self,
        planned: PlannedAtlas,
        lens: Lens,
        advance: Advance,
        expect: Callable[[int], object],
    ) -> str:
        """The folder of an atlas through a lens."""
        order = atlas_order(self._plan, planned, self._pictures, lens, self._tiles)
        if self._store.holds(order.path):
            expect(0)
        else:
            plane = atlas_plane(self._plan, planned, self._pictures, lens)
            make_atlas(self._store, order, plane, self._jobs, advance, expect, self._before.atlases)
        return order.path

    def _row(self, lens: int, planned: PlannedAtlas, path: str) -> rows.AtlasLensRow:
        width, height = planned.landscape.width, planned.landscape.height
        folder = self._store.folder / path
        pyramid = describe_pyramid(folder, width, height, self._tiles.size, self._tiles.engine)
        return rows.AtlasLensRow(lens, path, pyramid)


def atlas_order(
    plan: Plan,
    planned: PlannedAtlas,
    pictures: Sequence[DrawnRegion | None],
    lens: Lens,
    tiles: Tiles,
) -> AtlasOrder:
    """What an atlas through a lens is to be."""
    return AtlasOrder(
        planned.config.name,
        planned.layout,
        lens,
        planned.landscape.width,
        planned.landscape.height,
        tuple(
            place(one.drawn.row, one.drawn.digest, one.start, one.rect)
            for one in _members(plan, planned, pictures)
        ),
        tiles.size,
        tiles.engine,
    )


def atlas_plane(
    plan: Plan, planned: PlannedAtlas, pictures: Sequence[DrawnRegion | None], lens: Lens
) -> AtlasPlane:
    """The pixels of an atlas through a lens."""
    tenants = [
        Tenant(Picture(one.shape, one.drawn.picture.raster, lens, one.start), one.rect)
        for one in _members(plan, planned, pictures)
    ]
    return AtlasPlane(planned.landscape.width, planned.landscape.height, tenants)


class _Member(NamedTuple):
    """A region in an atlas: its picture in the store, its address, and how and where it lies."""

    drawn: DrawnRegion
    start: int
    shape: Geometry
    rect: Rect


def _members(
    plan: Plan, planned: PlannedAtlas, pictures: Sequence[DrawnRegion | None]
) -> Iterator[_Member]:
    places = zip(planned.members, planned.shapes, planned.landscape.pictures, strict=True)
    for member, shape, rect in places:
        drawn = pictures[member]
        assert drawn is not None
        yield _Member(drawn, plan.regions[member].region.span.start, shape, rect)
