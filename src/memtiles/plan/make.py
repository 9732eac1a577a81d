"""A config and a dump's tables → the plan of a build."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from memtiles.config import Atlas, Config
from memtiles.errors import LayoutError, UsageError
from memtiles.maps.absence import Stretch, without_long_absence
from memtiles.maps.importers import ImportedMap
from memtiles.maps.region import Region, Regions, cut_into_regions
from memtiles.memory.address import without_sign
from memtiles.memory.dump import Dump, Kind
from memtiles.pictures.layout import Geometry, geometry
from memtiles.pictures.placement import Size, place_landscape
from memtiles.plan.bundles import plan_bundles
from memtiles.plan.estimate import estimate
from memtiles.plan.lenses import plan_lenses
from memtiles.plan.map_addresses import check_maps
from memtiles.plan.offsets import without_offsets
from memtiles.plan.planned import AtlasLayout, Plan, PlannedAtlas, PlannedRegion, bands_with_holes
from memtiles.plan.strips import plan_strips
from memtiles.plan.widths import WidthFinder
from memtiles.tiles.atlas import ROW_LIMIT
from memtiles.tiles.libvips import SIDE_LIMIT

# OpenSeadragon counts pixels as shares of the width; at this width a share still has 22 bits to
# spare for what lies inside a pixel.
_WIDEST_ATLAS = 1 << 30


def _all_regions(config: Config, dump: Dump, maps: Sequence[ImportedMap]) -> Regions:
    """All regions of the address space, in address order."""
    return cut_into_regions(
        [(one.name, without_sign(one.span, dump.address_bits)) for one in config.regions.ranges],
        [module for one in maps for module in one.modules] + list(dump.modules),
        [mapping for one in maps for mapping in one.mappings] + list(dump.mappings),
        config.regions.group,
    )


def _wanted(config: Config, every: Regions) -> Regions:
    """Those that the config asks for."""
    wanted = tuple(region for region in every.rows if _is_wanted(config, region))
    return Regions(wanted, (*every.report, *_idle(config, every.rows)))


def make_plan(config: Config, dump: Dump, maps: Sequence[ImportedMap]) -> Plan:
    """Plans a build.

    Raises:
        UsageError: The dump has no such space, a map is of another one, no region is left to draw,
            an override's offset leaves nothing of one, or a strip cannot be cut.
        DumpError: A width is to be found, and what is read for it was cut or changed.
    """
    space = dump.space(config.dump.space)
    if space is None:
        names = ", ".join(space.name for space in dump.spaces)
        raise UsageError(f"{dump.name} has no {config.dump.space} addresses; it has: {names}")
    every = _all_regions(config, dump, maps)
    found = _wanted(config, every)
    stretches, left_out = without_long_absence(without_offsets(config, found.rows), space)
    of_maps = [warning for one in maps for warning in one.warnings]
    of_maps += check_maps(config, dump, space, maps)
    report = [*dump.warnings, *dump.contents.warnings, *of_maps, *found.report, *left_out]
    widths = WidthFinder(space)
    regions = tuple(_plan_region(config, stretch, widths, report) for stretch in stretches)
    report += widths.report()
    if not any(planned.shape for planned in regions):
        raise UsageError(
            f"nothing to draw: of {len(regions)} regions none has bytes in {dump.name}; "
            "see `memtiles info`, and regions: in the config"
        )
    atlases = tuple(_plan_atlas(config, one, regions) for one in config.atlases)
    lenses, failures = plan_lenses(config, dump, every.rows)
    bundles = plan_bundles([None if one.has_pyramid else one.shape for one in regions])
    strips = plan_strips(config.strips, regions, atlases, steady=space.steady)
    files, tiles, size = estimate(space, regions, bundles, lenses, atlases, strips, config.tiles)
    return Plan(
        space,
        regions,
        bundles,
        lenses,
        failures,
        atlases,
        strips,
        tuple(report),
        files,
        tiles,
        size,
    )


def _is_wanted(config: Config, region: Region) -> bool:
    """The user's ranges are always wanted unless he excludes them; so is all without `include`."""
    include, exclude = config.regions.include, config.regions.exclude
    if any(match.matches(region.name, region.kind) for match in exclude):
        return False
    if region.kind is Kind.RANGE or not include:
        return True
    return any(match.matches(region.name, region.kind) for match in include)


def _plan_region(
    config: Config, stretch: Stretch, widths: WidthFinder, report: list[str]
) -> PlannedRegion:
    region = stretch.region
    if not stretch.drawn:
        return PlannedRegion(region, stretch.runs, None, False)
    shape = _shape(config, region, widths, report)
    least = config.tiles.region_pyramids_from
    has_pyramid = least is not None and region.span.size >= least
    if has_pyramid and config.tiles.engine == "vips":
        what = f"{region.name}: its picture"
        _check_sides(what, shape.width, shape.height, bands_with_holes(shape))
    return PlannedRegion(region, stretch.runs, shape, has_pyramid)


def _check_sides(what: str, width: int, height: int, bands: int) -> None:
    """Refuses what libvips cannot tile, or only in memory that grows with the width.

    Raises:
        LayoutError: Says which side is too long.
    """
    if width * bands > ROW_LIMIT:
        raise LayoutError(
            f"{what} is {width} pixels wide; at most {ROW_LIMIT // bands} are tiled by engine vips"
        )
    if height > SIDE_LIMIT:
        raise LayoutError(
            f"{what} is {height} pixels high; at most {SIDE_LIMIT} are tiled by engine vips"
        )


def _idle(config: Config, regions: Sequence[Region]) -> list[str]:
    """A line for each match of the config that fits nothing: most likely a misspelt name.

    An exclude that is silently idle would publish what somebody meant to keep to himself.
    """
    lists = {
        "regions.exclude": config.regions.exclude,
        "regions.include": config.regions.include,
        "overrides": [override.match for override in config.overrides],
    }
    return [
        f"{key}[{number}] fits no region"
        for key, matches in lists.items()
        for number, match in enumerate(matches)
        if not any(match.matches(region.name, region.kind) for region in regions)
    ]


def _shape(config: Config, region: Region, widths: WidthFinder, report: list[str]) -> Geometry:
    pictures = config.pictures
    for override in config.overrides:
        if override.match.matches(region.name, region.kind):
            pictures = pictures.overridden(override)
    bits, layout, width = pictures.bits, pictures.bmp_layout, pictures.width
    if layout == "classic":
        try:
            return geometry("classic", bits, region.span.size)
        except LayoutError as error:
            report.append(f"{region.name}: {error}; drawn in rows")
            return geometry("rows", bits, region.span.size)
    if width == "find":
        width = widths.width(region, bits)
    try:
        return geometry("rows", bits, region.span.size, width)
    except LayoutError as error:
        raise LayoutError(f"{region.name}: {error}") from None


def _plan_atlas(config: Config, atlas: Atlas, regions: Sequence[PlannedRegion]) -> PlannedAtlas:
    layout = _atlas_layout(config, atlas)
    members: list[int] = []
    shapes: list[Geometry] = []
    for number, planned in enumerate(regions):
        shape = planned.shape
        if shape is not None:
            members.append(number)
            shapes.append(geometry(layout, shape.bits, shape.size) if layout else shape)
    bands = max(2, *map(bands_with_holes, shapes))
    spans = [regions[number].region.span for number in members]
    gaps = tuple(after.start - before.end for before, after in pairwise(spans))
    wide, high = atlas.aspect
    is_vips = config.tiles.engine == "vips"
    widest = ROW_LIMIT // bands if is_vips else _WIDEST_ATLAS
    sizes = [Size(shape.width, shape.height) for shape in shapes]
    landscape = place_landscape(sizes, gaps, wide / high, config.tiles.size, widest)
    if is_vips:
        _check_sides(f"atlas {atlas.name}", landscape.width, landscape.height, bands)
    return PlannedAtlas(atlas, layout, tuple(members), tuple(shapes), gaps, landscape, bands)


def _atlas_layout(config: Config, atlas: Atlas) -> AtlasLayout | None:
    layout = atlas.layout or config.pictures.layout
    return layout if layout == "hilbert" or layout == "pages" else None
