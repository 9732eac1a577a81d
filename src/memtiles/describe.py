"""What a build has made, in the words of the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from memtiles import __version__
from memtiles import manifest as rows
from memtiles.exports.description import describe_cut, plain
from memtiles.maps.region import Region
from memtiles.memory.dump import Dump, Module
from memtiles.memory.sections.of_module import sections_of_all
from memtiles.pictures.lens import ColourLens, ValueLens
from memtiles.pictures.picture import Picture
from memtiles.pictures.placement import Rect
from memtiles.pictures.zoom import Foremost, Highest, Mean, Zoom
from memtiles.plan import Plan, PlannedAtlas, PlannedStrip
from memtiles.site.strip_folder import StripOrder
from memtiles.site.viewer import viewer_digests


@dataclass(frozen=True)
class DrawnRegion:
    """A region's picture in place.

    Attributes:
        row: Of the picture.
        picture: In the store.
        digest: Of the region's bytes, as the manifest has it.
        fingerprint: BLAKE3 of them, for the next build; None of regions in bundles.
    """

    row: rows.PictureRow
    picture: Picture
    digest: str
    fingerprint: str | None = None


def describe_atlas(
    plan: Plan,
    planned: PlannedAtlas,
    drawn: Sequence[DrawnRegion | None],
    lenses: list[rows.AtlasLensRow],
) -> rows.AtlasRow:
    """The manifest's row of an atlas: where everything lies."""
    landscape = planned.landscape
    pictures = _picture_numbers(drawn)
    return rows.AtlasRow(
        name=planned.config.name,
        style=planned.config.style,
        space=plan.space.name,
        layout=planned.layout,
        lenses=lenses,
        placements=[
            rows.PlacementRow(
                region=member,
                picture=pictures[member],
                x=rect.x,
                y=rect.y,
                label=_rect_row(label),
            )
            for member, rect, label in zip(
                planned.members, landscape.pictures, landscape.labels, strict=True
            )
        ],
        gaps=[
            rows.GapRow(
                gap.rect.x,
                gap.rect.y,
                gap.rect.width,
                gap.rect.height,
                size=planned.gaps[gap.before - 1],
                before=planned.members[gap.before - 1],
                after=planned.members[gap.before],
            )
            for gap in landscape.gaps
        ],
    )


def _rect_row(rect: Rect) -> rows.RectRow:
    return rows.RectRow(rect.x, rect.y, rect.width, rect.height)


_ZOOMS: dict[type[Zoom], Literal["mean", "highest", "foremost"]] = {
    Mean: "mean",
    Highest: "highest",
    Foremost: "foremost",
}


def describe_lens(lens: ColourLens | ValueLens) -> rows.LensRow:
    """The manifest's row of a lens: its legend, and what it does to many pixels."""
    return rows.LensRow(
        name=lens.name,
        summary=lens.summary,
        zoom=_ZOOMS[type(lens.zoom)],
        rule=lens.zoom.sentence,
        legend=[rows.SwatchRow(colour, label) for colour, label in lens.legend],
    )


def describe_strip(
    planned: PlannedStrip, order: StripOrder, size: int, digest: str
) -> rows.StripRow:
    """The manifest's row of a strip whose file has that size and digest."""
    return rows.StripRow(
        name=order.name,
        path=order.path,
        file=order.file,
        format=order.format,
        region=planned.region,
        atlas=planned.atlas,
        **asdict(order.crop),
        dpi=order.dpi,
        size=size,
        sha256=digest,
    )


def strip_description(dump: Dump, plan: Plan, planned: PlannedStrip) -> str:
    """What a strip's file says that it is of, in ASCII: whoever finds the print can find the place.

    Names are those of a dump, which may hold anything.
    """
    if planned.region is not None:
        region, shape = plan.regions[planned.region].region, plan.regions[planned.region].shape
        assert shape is not None
        where = f"{region.span.start:#x}+{region.span.size:#x}"
        what = f"memtiles: {plain(region.name)} {where}, {shape.bits} bits {shape.layout}"
    else:
        what = f"memtiles: {plain(dump.name)}, atlas {planned.config.atlas}"
    return describe_cut(what, planned.crop, planned.width, planned.height)


def describe_site(
    dump: Dump,
    plan: Plan,
    drawn: Sequence[DrawnRegion | None],
    lenses: list[rows.LensRow],
    atlases: list[rows.AtlasRow],
    strips: list[rows.StripRow],
    viewer: dict[str, bytes],
) -> rows.Manifest:
    """The manifest of a finished build; `drawn` has one entry for each region of the plan.

    The headers of modules are read for it.
    """
    modules = _modules(plan)
    sections = sections_of_all(plan.space, modules)
    pictures = {(one.row.path, one.row.first): one.row for one in drawn if one}
    numbers = _picture_numbers(drawn)
    module_numbers = {module: number for number, module in enumerate(modules)}

    def region_row(number: int, region: Region, one: DrawnRegion | None) -> rows.RegionRow:
        return rows.RegionRow(
            name=region.name,
            kind=region.kind.value,
            space=plan.space.name,
            start=region.span.start,
            size=region.span.size,
            present=one.picture.runs.total if one else 0,
            protection=region.protection,
            module=module_numbers[region.module] if region.module else None,
            picture=numbers.get(number),
            sha256=one.digest if one else None,
        )

    return rows.Manifest(
        version=3,
        generator=f"memtiles {__version__}",
        title=dump.name,
        dump=rows.DumpRow(
            name=dump.name,
            format=dump.format,
            size=dump.size,
            machine=dump.machine,
            address_bits=32 if dump.address_bits == 32 else 64,
            byte_order=dump.byte_order,
        ),
        spaces=[rows.SpaceRow(name=plan.space.name)],
        modules=[
            rows.ModuleRow(
                name=module.name,
                path=module.path,
                space=plan.space.name,
                start=module.span.start,
                size=module.span.size,
                sections=[
                    rows.SectionRow(
                        name=section.name,
                        start=section.span.start,
                        size=section.span.size,
                        protection=section.protection,
                    )
                    for section in sections[module]
                ],
            )
            for module in modules
        ],
        regions=[
            region_row(number, planned.region, one)
            for number, (planned, one) in enumerate(zip(plan.regions, drawn, strict=True))
        ],
        pictures=list(pictures.values()),
        lenses=lenses,
        atlases=atlases,
        strips=strips,
        viewer=viewer_digests(viewer),
    )


def _picture_numbers(drawn: Sequence[DrawnRegion | None]) -> dict[int, int]:
    """The index in `pictures` of each region that has one, by the region's own index."""
    numbers: dict[tuple[str, int], int] = {}
    return {
        region: numbers.setdefault((one.row.path, one.row.first), len(numbers))
        for region, one in enumerate(drawn)
        if one is not None
    }


def _modules(plan: Plan) -> list[Module]:
    """The modules that regions lie in, in address order."""
    found = {planned.region.module for planned in plan.regions} - {None}
    return sorted((one for one in found if one), key=lambda one: (one.span, one.path))
