"""What a plan holds: regions, atlases, strips, and how much they will be at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from memtiles.config import Atlas, Strip
from memtiles.crop import Crop
from memtiles.errors import LimitError
from memtiles.maps.region import Region
from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace
from memtiles.pictures.layout import Geometry
from memtiles.pictures.lens import ColourLens, ValueLens
from memtiles.pictures.placement import Landscape

AtlasLayout = Literal["hilbert", "pages"]


@dataclass(frozen=True, slots=True)
class PlannedRegion:
    """A region, what of it is present by the dump's tables, and how it will be drawn if at all."""

    region: Region
    runs: Runs
    shape: Geometry | None
    has_pyramid: bool


@dataclass(frozen=True)
class PlannedAtlas:
    """An atlas: picture i of the landscape is `regions[members[i]]` of the plan.

    Attributes:
        config: What the config says of it.
        layout: That of all its pictures; None where each has that of its BMP.
        members: Regions.
        shapes: How each is drawn here.
        gaps: Addresses between each and the next.
        landscape: Where they lie.
        bands: Of a pixel, in the lens `bytes`.
    """

    config: Atlas
    layout: AtlasLayout | None
    members: tuple[int, ...]
    shapes: tuple[Geometry, ...]
    gaps: tuple[int, ...]
    landscape: Landscape
    bands: int


@dataclass(frozen=True)
class PlannedStrip:
    """A strip of `regions[region]` or of `atlases[atlas]` of the plan; the other one is None.

    `width` and `height` are the pixels of what it is cut from, `file_bytes` an upper bound.
    """

    config: Strip
    region: int | None
    atlas: int | None
    width: int
    height: int
    crop: Crop
    file_bytes: int


@dataclass(frozen=True)
class Plan:
    """Everything that a build will do, in the order in which it will.

    `bundles` are indices of regions whose pictures share a BMP. Each atlas is seen through each of
    `lenses`; `lens_failures` are lines about others. `files`, `tiles` and `output_bytes` are upper
    bounds: equal pictures are stored once, and tiles are counted as if
    they did not compress.
    """

    space: AddressSpace
    regions: tuple[PlannedRegion, ...]
    bundles: tuple[tuple[int, ...], ...]
    lenses: tuple[ColourLens | ValueLens, ...]
    lens_failures: tuple[str, ...]
    atlases: tuple[PlannedAtlas, ...]
    strips: tuple[PlannedStrip, ...]
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
            strips = sum(strip.file_bytes for strip in self.strips)
            smaller = f", crop the strips ({strips:,})" if strips else ""
            raise LimitError(
                f"the output may take {self.output_bytes:,} bytes, limits.output allows {limit:,}: "
                f"raise it{smaller}, or leave out the largest regions with regions.exclude: {names}"
            )


def bands_with_holes(shape: Geometry) -> int:
    """Bands of a picture that is not opaque: its colours, and alpha."""
    return (1 if shape.bits == 8 else 3) + 1
