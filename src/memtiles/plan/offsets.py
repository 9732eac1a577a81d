"""Offsets: what overrides leave out at the beginning of regions.

An image hardly ever begins where its region does: what stands before it, such as a header, shifts
all of its rows. With a width alone it stands upright, but wraps around somewhere in the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memtiles.config import Config
from memtiles.errors import UsageError
from memtiles.maps.region import Region
from memtiles.memory.address import show
from memtiles.memory.span import Span


def without_offsets(config: Config, regions: Sequence[Region]) -> list[Region]:
    """The regions without the bytes that overrides leave out; of several overrides the last wins.

    Raises:
        UsageError: Nothing is left of a region.
    """
    return [_without_offset(config, region) for region in regions]


def _without_offset(config: Config, region: Region) -> Region:
    key, offset = "", 0
    for number, override in enumerate(config.overrides):
        if override.offset is not None and override.match.matches(region.name, region.kind):
            key, offset = f"overrides[{number}].offset", override.offset
    if offset == 0:
        return region
    span = region.span
    if offset >= span.size:
        raise UsageError(
            f"{key}: {offset:,} bytes leave nothing of {show(region.name)}, which has {span.size:,}"
        )
    return replace(region, span=Span.between(span.start + offset, span.end))
