"""The plan of a build: which regions, which geometry, which places, how much it will be.

Made from the dump's tables alone: no byte of memory is read for it. `build --dry-run` prints it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from memtiles.config import Atlas, Config
from memtiles.errors import LayoutError, LimitError, UsageError
from memtiles.maps.absence import Stretch, without_long_absence
from memtiles.maps.importers import ImportedMap
from memtiles.maps.region import Region, Regions, cut_into_regions
from memtiles.memory.dump import Dump, Kind
from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace
from memtiles.pictures import bmp
from memtiles.pictures.layout import Geometry, geometry
from memtiles.pictures.placement import Landscape, Size, place_landscape
from memtiles.tiles.atlas import ROW_LIMIT
from memtiles.tiles.libvips import SIDE_LIMIT
from memtiles.tiles.pyramid import tile_count

# Chunk headers of a PNG tile, and the bound of deflate's growth on bytes that do not compress.
_PNG_OVERHEAD = 200

# The page, its data files and the lock; the page's bytes; and what a region and a run take in the
# manifest, the run list and the script twin of either (a name may be escaped to 12 bytes a letter).
_PAGE_FILES = 8
_PAGE_BYTES = 1 << 20
_ROW_BYTES = 4096
_RUN_BYTES = 100


@dataclass(frozen=True)
class PlannedRegion:
    """A region, what of it is present by the dump's tables, and how it will be drawn if at all."""

    region: Region
    runs: Runs
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

    def check(self, limit: int) -> None:
        """Refuses work that is larger than the config allows, before anything is done.

        Raises:
            LimitError: Says how large it may become, and by what.
        """
        if self.output_bytes > limit:
            largest = sorted(self.regions, key=lambda planned: -planned.region.span.size)[:3]
            names = ", ".join(f"{one.region.name} ({one.region.span.size:,})" for one in largest)
            raise LimitError(
                f"the output may take {self.output_bytes:,} bytes, limits.output allows {limit:,}: "
                f"raise it, or leave out the largest regions with regions.exclude: {names}"
            )


def regions_of(config: Config, dump: Dump, maps: Sequence[ImportedMap]) -> Regions:
    """All regions that the config asks for, in address order."""
    found = cut_into_regions(
        [(one.name, one.span) for one in config.regions.ranges],
        [module for one in maps for module in one.modules] + list(dump.modules),
        [mapping for one in maps for mapping in one.mappings] + list(dump.mappings),
        config.regions.group,
    )
    wanted = tuple(region for region in found.rows if _is_wanted(config, region))
    return Regions(wanted, (*found.report, *_idle(config, found.rows)))


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
    stretches, left_out = without_long_absence(found.rows, space)
    of_maps = [warning for one in maps for warning in one.warnings]
    report = [*dump.warnings, *of_maps, *found.report, *left_out]
    regions = tuple(_plan_region(config, stretch, report) for stretch in stretches)
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


def _plan_region(config: Config, stretch: Stretch, report: list[str]) -> PlannedRegion:
    region = stretch.region
    if not stretch.drawn:
        return PlannedRegion(region, stretch.runs, None, False)
    shape = _shape(config, region, report)
    _check_side(f"{region.name}: its picture", shape.width, shape.height, _bands(shape))
    has_pyramid = region.span.size >= config.tiles.region_pyramids_from
    return PlannedRegion(region, stretch.runs, shape, has_pyramid)


def _bands(shape: Geometry) -> int:
    """Bands of a picture's tiles when it has holes."""
    return (1 if shape.bits == 8 else 3) + 1


def _check_side(what: str, width: int, height: int, bands: int) -> None:
    """Refuses what libvips cannot tile, or only in memory that grows with the width.

    Raises:
        LayoutError: Says which side is too long.
    """
    if width * bands > ROW_LIMIT:
        raise LayoutError(f"{what} is {width} pixels wide; at most {ROW_LIMIT // bands} are tiled")
    if height > SIDE_LIMIT:
        raise LayoutError(f"{what} is {height} pixels high; at most {SIDE_LIMIT} are tiled")


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
            bands = max(bands, _bands(planned.shape))
    spans = [regions[number].region.span for number in members]
    gaps = tuple(after.start - before.end for before, after in pairwise(spans))
    wide, high = atlas.aspect
    landscape = place_landscape(sizes, gaps, wide / high, config.tiles.size, ROW_LIMIT // bands)
    _check_side(f"atlas {atlas.name}", landscape.width, landscape.height, bands)
    return PlannedAtlas(atlas, tuple(members), gaps, landscape, bands)


def _count(
    config: Config,
    space: AddressSpace,
    regions: tuple[PlannedRegion, ...],
    atlases: tuple[PlannedAtlas, ...],
    report: list[str],
) -> Plan:
    tile = config.tiles.size
    files = _PAGE_FILES
    tiles = bmp_bytes = tile_bytes = 0
    table_bytes = _PAGE_BYTES
    for planned in regions:
        shape = planned.shape
        table_bytes += _ROW_BYTES + 24 * len(planned.region.name)
        if shape is None:
            continue
        table_bytes += _RUN_BYTES * (1 + len(planned.runs))
        # Not by listing the parts: a segment of 2**60 bytes would have 2**28 of them, and whether
        # that is too much is only decided by this count.
        parts = shape.raster_bytes // bmp.RASTER_LIMIT + 1
        files += parts + 2
        bmp_bytes += planned.runs.total + parts * bmp.raster_offset(shape.bits)
        if planned.has_pyramid:
            tiles += tile_count(shape.width, shape.height, tile)
            tile_bytes += shape.width * shape.height * _bands(shape)
            files += 2
    for atlas in atlases:
        # Only pictures weigh something: transparent pixels compress to nothing.
        tiles += tile_count(atlas.landscape.width, atlas.landscape.height, tile)
        pixels = sum(rect.width * rect.height for rect in atlas.landscape.pictures)
        tile_bytes += pixels * atlas.bands
        files += 2
    estimate = bmp_bytes + table_bytes + tile_bytes * 4 // 3 + tiles * _PNG_OVERHEAD
    return Plan(space, regions, atlases, tuple(report), files + tiles, tiles, estimate)
