"""What a config says about its outputs: pictures, atlases, tiles and limits.

The names of layouts, lenses, styles and formats of strips are stated here again rather than
imported: the config stands beside the maps and knows nothing of pictures. A test holds the two
together.
"""

from __future__ import annotations

from math import gcd
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from memtiles.config import lens_names, scalars
from memtiles.config.inputs import Match, Section
from memtiles.config.notyet import hint
from memtiles.config.scalars import one_of
from memtiles.limits import DPI, OUTPUT_LIMIT

BmpLayoutName = Annotated[Literal["rows", "classic"], one_of("rows", "classic")]
LayoutName = Annotated[
    Literal["rows", "classic", "hilbert", "pages"], one_of("rows", "classic", "hilbert", "pages")
]
AtlasLayoutName = Annotated[Literal["rows", "hilbert", "pages"], one_of("rows", "hilbert", "pages")]
Bits = Annotated[Literal[8, 16, 24, 32], one_of(8, 16, 24, 32)]


class Override(Section):
    """Another picture for some regions."""

    match: Match = Field(description="The regions it is for.")
    layout: BmpLayoutName | None = Field(default=None, description="As in pictures.")
    bits: Bits | None = Field(default=None, description="As in pictures.")
    width: scalars.WidthOverride | None = Field(default=None, description="As in pictures.")
    offset: scalars.Size | None = Field(
        default=None,
        description="Bytes at a region's beginning that are left out: rows begin behind them.",
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Override:
        if (self.layout, self.bits, self.width, self.offset) == (None, None, None, None):
            raise ValueError("changes nothing; give layout, bits, width or offset")
        return self


class Pictures(Section):
    """How a region is drawn."""

    bits: Bits = Field(default=8, description="Bits of a pixel: 1, 2, 3 or 4 bytes of memory each.")
    layout: LayoutName = Field(
        default="rows",
        description=(
            "rows shows every byte; classic is the square that Dump2Picture draws; in hilbert what "
            "is near in memory is near on the map; in pages each page is a square."
        ),
    )
    width: scalars.Width = Field(
        default=None,
        description=(
            "Pixels of a row; or auto: the power of two next above the square root; or find: that "
            "at which most of what is in the region stands upright."
        ),
        json_schema_extra={"default": "auto"},
    )
    lenses: tuple[lens_names.LensName, ...] = Field(
        default=("bytes",),
        description=(
            "What colours mean; the first one opens. A name, name:number, or the path of a lens of "
            "your own, a .py file."
        ),
        json_schema_extra={**hint("pictures.lenses[]"), "minItems": 1, "uniqueItems": True},
    )
    bmp: Annotated[Literal["keep"], one_of("keep")] = Field(
        default="keep",
        description="Whether the output keeps each region's BMP.",
        json_schema_extra=hint("pictures.bmp"),
    )

    @field_validator("width")
    @classmethod
    def _width_fits(
        cls, value: int | Literal["find"] | None, info: ValidationInfo
    ) -> int | Literal["find"] | None:
        if "layout" in info.data and "bits" in info.data:
            wrong = misfit(info.data["layout"], info.data["bits"], value)
            if wrong:
                raise ValueError(wrong)
        return value

    @field_validator("lenses")
    @classmethod
    def _some_each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError(scalars.NO_ITEMS)
        if len(set(value)) < len(value):
            raise ValueError("names a lens twice; name each once")
        return value

    @property
    def bmp_layout(self) -> Literal["rows", "classic"]:
        """That of the BMPs, which have the bytes in address order whatever the atlases have."""
        return "classic" if self.layout == "classic" else "rows"

    def overridden(self, override: Override) -> Pictures:
        """These settings with those of the override in their place.

        A width belongs to layout rows: an override to classic drops the width that it inherits.
        """
        layout, bits = override.layout or self.layout, override.bits or self.bits
        width = self.width if override.width is None else override.width
        if width == "auto" or (override.layout == "classic" and override.width is None):
            width = None
        return self.model_copy(update={"layout": layout, "bits": bits, "width": width})


def misfit(layout: str, bits: int, width: int | Literal["find"] | None) -> str | None:
    """What is wrong with a width, as `pictures` would say it later and without a line number."""
    if width is None:
        return None
    if layout != "rows":
        return f"is not for layout {layout}, which computes it; remove it or use layout rows"
    if width != "find" and width * bits % 32:
        step = 32 // gcd(32, bits)
        return f"{width} at {bits} bits needs padded rows; use a multiple of {step}"
    return None


class Atlas(Section):
    """Many pictures on one plane."""

    name: scalars.Slug = Field(description="The atlas's name in the output.")
    style: Annotated[Literal["landscape"], one_of("landscape")] = Field(
        default="landscape",
        description="How the pictures lie: in address order on shelves.",
        json_schema_extra=hint("atlases[].style"),
    )
    layout: AtlasLayoutName | None = Field(
        default=None,
        description=(
            "That of all pictures in this atlas instead of pictures.layout; in rows each has its "
            "own."
        ),
    )
    aspect: scalars.Aspect = Field(
        default=(16, 9),
        description="The plane's width to its height, between 1:100 and 100:1; quote it.",
        json_schema_extra={"default": "16:9"},
    )


class Strip(Section):
    """A cut for printing, at full resolution, of one region's picture or of one atlas."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["region"]}, {"required": ["atlas"]}]}
    )

    name: scalars.Slug = Field(description="The strip's name in the output; each once.")
    region: scalars.RegionText | None = Field(
        default=None,
        description="The region to cut from: its name, or an address in it that starts with 0x.",
    )
    atlas: scalars.Slug | None = Field(
        default=None,
        validate_default=True,
        description="The atlas to cut from, by its name in this config.",
    )
    crop: scalars.CropText | None = Field(
        default=None,
        description="WIDTHxHEIGHT+X+Y in pixels of the picture or atlas; without it, all of it.",
    )
    dpi: scalars.Dpi = Field(default=DPI, description="Pixels per inch, written into the file.")
    format: Annotated[Literal["png", "tif", "bmp"], one_of("png", "tif", "bmp")] = Field(
        default="png",
        description="png and tif keep what is missing transparent; in bmp it is magenta.",
    )

    @field_validator("atlas")
    @classmethod
    def _one_of_two(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "region" in info.data:
            if value is None and info.data["region"] is None:
                raise ValueError("is missing; give region or atlas")
            if value is not None and info.data["region"] is not None:
                raise ValueError("cannot stand beside region; remove one of the two")
        return value


class Tiles(Section):
    """How pictures are cut into tiles."""

    size: Annotated[Literal[256, 512, 1024], one_of(256, 512, 1024)] = Field(
        default=512, description="Pixels of a tile's side."
    )
    engine: Annotated[Literal["fast", "vips"], one_of("fast", "vips")] = Field(
        default="fast",
        description="Who writes them: vips is the reference, in several times the time.",
    )
    region_pyramids_from: scalars.SizeOrNever = Field(
        default=None,
        description="Regions of this size and more get a pyramid besides their place in the atlas.",
        json_schema_extra={"default": "never"},
    )


class Limits(Section):
    """What a build may cost."""

    output: scalars.PositiveSize = Field(
        default=OUTPUT_LIMIT,
        description="The most bytes that the output folder may take.",
        json_schema_extra={"default": "64GiB"},
    )
