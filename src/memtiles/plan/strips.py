"""Which strips are cut, of what, and whether they can be."""

from __future__ import annotations

from collections.abc import Sequence

from memtiles.config import Strip
from memtiles.crop import Crop
from memtiles.errors import LayoutError, LimitError, UsageError
from memtiles.maps.lookup import find_region
from memtiles.memory.address import show
from memtiles.plan.planned import PlannedAtlas, PlannedRegion, PlannedStrip, bands_with_holes
from memtiles.tiles.strip import largest_file


def plan_strips(
    strips: Sequence[Strip],
    regions: Sequence[PlannedRegion],
    atlases: Sequence[PlannedAtlas],
    *,
    steady: bool,
) -> tuple[PlannedStrip, ...]:
    """The strips of a config.

    Args:
        strips: What the config says.
        regions: All regions of the plan.
        atlases: All atlases of the plan.
        steady: Whether what the tables promise will be there when it is read.

    Raises:
        UsageError: Starts with the strip's key in the config.
    """
    return tuple(
        _plan_strip(f"strips[{number}]", strip, regions, atlases, steady=steady)
        for number, strip in enumerate(strips)
    )


def _plan_strip(
    key: str,
    strip: Strip,
    regions: Sequence[PlannedRegion],
    atlases: Sequence[PlannedAtlas],
    *,
    steady: bool,
) -> PlannedStrip:
    region = atlas = None
    if strip.region is not None:
        region = _region(key, strip.region, regions)
        width, height, bands = _picture(regions[region], steady=steady)
    else:
        atlas = next(number for number, one in enumerate(atlases) if one.config.name == strip.atlas)
        landscape = atlases[atlas].landscape
        width, height, bands = landscape.width, landscape.height, atlases[atlas].bands
    crop = strip.crop or Crop(width, height, 0, 0)
    try:
        crop.check(width, height)
    except LayoutError as error:
        raise UsageError(f"{key}.crop: {error}") from None
    try:
        file_bytes = largest_file(strip.format, crop.width, crop.height, bands)
    except LimitError as error:
        raise UsageError(f"{key}.format: {error}") from None
    return PlannedStrip(strip, region, atlas, width, height, crop, file_bytes)


def _region(key: str, text: str, regions: Sequence[PlannedRegion]) -> int:
    """The index of the region that is meant.

    A long absence is a region of the same name as what is drawn beside it, and is never meant.
    """
    wanted = text.casefold()
    drawn = [
        number
        for number, planned in enumerate(regions)
        if planned.shape is not None and planned.region.name.casefold() == wanted
    ]
    among = drawn or range(len(regions))
    try:
        found = among[
            find_region([(regions[at].region.name, regions[at].region.span) for at in among], text)
        ]
    except UsageError as error:
        raise UsageError(f"{key}.region: {error}") from None
    if regions[found].shape is None:
        name = show(regions[found].region.name)
        raise UsageError(f"{key}.region: {name} is not in the dump: it gets no picture to cut from")
    return found


def _picture(planned: PlannedRegion, *, steady: bool) -> tuple[int, int, int]:
    """Width, height and bands of a region's picture."""
    shape = planned.shape
    assert shape is not None
    opaque = planned.runs.clip(0, shape.raster_bytes).is_whole(shape.raster_bytes)
    return shape.width, shape.height, bands_with_holes(shape) - (opaque and steady)
