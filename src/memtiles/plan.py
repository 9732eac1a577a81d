"""The plan of a build: which regions, which geometry, which places, how much it will be.

Made from the dump's tables alone: no byte of memory is read for it. `build --dry-run` prints it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from memtiles.config import Atlas, Config
from memtiles.errors import LayoutError, UsageError
from memtiles.maps.importers import ImportedMap
from memtiles.maps.region import Region, Regions, cut_into_regions
from memtiles.memory.dump import Dump, Kind
from memtiles.memory.space import AddressSpace
from memtiles.pictures import bmp
from memtiles.pictures.layout import Geometry, geometry
from memtiles.pictures.placement import Landscape, Size, place_landscape
from memtiles.tiles.atlas import ROW_LIMIT
from memtiles.tiles.pyramid import tile_count

# A region of which nothing is present is drawn, all hatch, up to this size. Larger ones are
# reservations: the shadow of an address sanitizer is 16 TiB, a runtime's heap cage 64 GiB.
# They would be the whole map, so they are listed and lie in the atlas as a gap.
ABSENT_LIMIT = 64 << 20

# Chunk headers of a PNG tile, and the bound of deflate's growth on bytes that do not compress.
_PNG_OVERHEAD = 200


@dataclass(frozen=True)
class PlannedRegion:
    """A region and how it will be drawn; `shape` is None where it will not be."""

    region: Region
    present: int
    shape: Geometry | None
    has_pyramid: bool


@dataclass(frozen=True)
class PlannedAtlas:
    """An atlas: picture i of the landscape is `regions[members[i]]` of the plan."""

    config: Atlas
    members: tuple[int, ...]
    gaps: tuple[int, ...]
    landscape: Landscape
    bands: int


@dataclass(frozen=True)
class Plan:
    """Everything that a build will do, in the order in which it will.

    `files`, `tiles` and `output_bytes` are upper bounds: equal pictures are stored once, and tiles
    are counted as if they did not compress.
    """

    space: AddressSpace
    regions: tuple[PlannedRegion, ...]
    atlases: tuple[PlannedAtlas, ...]
    report: tuple[str, ...]
    files: int
    tiles: int
    output_bytes: int

    @property
    def drawn(self) -> list[PlannedRegion]:
        """The regions that get a picture."""
        return [planned for planned in self.regions if planned.shape is not None]


def regions_of(config: Config, dump: Dump, maps: Sequence[ImportedMap]) -> Regions:
    """All regions that the config asks for, in address order."""
    found = cut_into_regions(
        [(one.name, one.span) for one in config.regions.ranges],
        [module for one in maps for module in one.modules] + list(dump.modules),
        [mapping for one in maps for mapping in one.mappings] + list(dump.mappings),
        config.regions.group,
    )
    wanted = tuple(region for region in found.rows if _is_wanted(config, region))
    return Regions(wanted, found.report)


def make_plan(config: Config, dump: Dump, maps: Sequence[ImportedMap]) -> Plan:
    """Plans a build.

    Raises:
        UsageError: The dump has no such space, or no region is left to draw.
    """
    space = dump.space(config.dump.space)
    if space is None:
        names = ", ".join(space.name for space in dump.spaces)
        raise UsageError(f"{dump.name} has no {config.dump.space} addresses; it has: {names}")
    found = regions_of(config, dump, maps)
    report = [*dump.warnings, *found.report]
    regions = tuple(_plan_region(config, space, region, report) for region in found.rows)
    if not any(planned.shape for planned in regions):
        raise UsageError(
            f"nothing to draw: of {len(regions)} regions none has bytes in {dump.name}; "
            "see `memtiles info`, and regions: in the config"
        )
    atlases = tuple(_plan_atlas(config, one, regions) for one in config.atlases)
    return _count(config, space, regions, atlases, report)


def _is_wanted(config: Config, region: Region) -> bool:
    """The user's ranges are always wanted unless he excludes them; so is all without `include`."""
    include, exclude = config.regions.include, config.regions.exclude
    if any(match.matches(region.name, region.kind) for match in exclude):
        return False
    if region.kind is Kind.RANGE or not include:
        return True
    return any(match.matches(region.name, region.kind) for match in include)


def _plan_region(
    config: Config, space: AddressSpace, region: Region, report: list[str]
) -> PlannedRegion:
    present = space.runs(region.span).total
    if not present and region.span.size > ABSENT_LIMIT:
        report.append(f"{region.name} {region.span}: nothing of it is in the dump, not drawn")
        return PlannedRegion(region, present, None, False)
    shape = _shape(config, region, report)
    return PlannedRegion(
        region, present, shape, region.span.size >= config.tiles.region_pyramids_from
    )


def _shape(config: Config, region: Region, report: list[str]) -> Geometry:
    pictures = config.pictures
    for override in config.overrides:
        if override.match.matches(region.name, region.kind):
            pictures = pictures.overridden(override)
    bits, layout, width = pictures.bits, pictures.layout, pictures.width
    if layout == "classic":
        try:
            return geometry("classic", bits, region.span.size)
        except LayoutError as error:
            report.append(f"{region.name}: {error}; drawn in rows")
            return geometry("rows", bits, region.span.size)
    try:
        return geometry("rows", bits, region.span.size, width)
    except LayoutError as error:
        raise LayoutError(f"{region.name}: {error}") from None


def _plan_atlas(config: Config, atlas: Atlas, regions: Sequence[PlannedRegion]) -> PlannedAtlas:
    members: list[int] = []
    sizes: list[Size] = []
    bands = 2
    for number, planned in enumerate(regions):
        if planned.shape is not None:
            members.append(number)
            sizes.append(Size(planned.shape.width, planned.shape.height))
            bands = max(bands, 2 if planned.shape.bits == 8 else 4)
    spans = [regions[number].region.span for number in members]
    gaps = tuple(after.start - before.end for before, after in pairwise(spans))
    wide, high = atlas.aspect
    landscape = place_landscape(sizes, gaps, wide / high, config.tiles.size, ROW_LIMIT // bands)
    return PlannedAtlas(atlas, tuple(members), gaps, landscape, bands)


def _count(
    config: Config,
    space: AddressSpace,
    regions: tuple[PlannedRegion, ...],
    atlases: tuple[PlannedAtlas, ...],
    report: list[str],
) -> Plan:
    tile = config.tiles.size
    files = tiles = bmp_bytes = tile_bytes = 0
    for planned in regions:
        shape = planned.shape
        if shape is None:
            continue
        # Not by listing the parts: a segment of 2**60 bytes would have 2**28 of them, and whether
        # that is too much is only decided by this count.
        parts = shape.raster_bytes // bmp.RASTER_LIMIT + 1
        files += parts + 2
        bmp_bytes += planned.present + parts * bmp.raster_offset(shape.bits)
        if planned.has_pyramid:
            bands = (1 if shape.bits == 8 else 3) + 1
            tiles += tile_count(shape.width, shape.height, tile)
            tile_bytes += shape.width * shape.height * bands
            files += 2
    for atlas in atlases:
        # Only pictures weigh something: transparent pixels compress to nothing.
        tiles += tile_count(atlas.landscape.width, atlas.landscape.height, tile)
        pixels = sum(rect.width * rect.height for rect in atlas.landscape.pictures)
        tile_bytes += pixels * atlas.bands
        files += 2
    estimate = bmp_bytes + tile_bytes * 4 // 3 + tiles * _PNG_OVERHEAD
    return Plan(space, regions, atlases, tuple(report), files + tiles, tiles, estimate)
