"""What a config may hold: frozen, with nothing of YAML left in it.

The names of layouts, lenses and styles are stated here again rather than imported: the config
stands beside the maps and knows nothing of pictures. A test holds the two together.
"""

from __future__ import annotations

import fnmatch
from math import gcd
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from memtiles.config import scalars
from memtiles.config.notyet import NOT_YET, hint
from memtiles.config.scalars import one_of
from memtiles.errors import ConfigError
from memtiles.memory.dump import Kind
from memtiles.memory.space import SpaceKind

LayoutName = Annotated[Literal["rows", "classic"], one_of("rows", "classic")]
Bits = Annotated[Literal[8, 16, 24, 32], one_of(8, 16, 24, 32)]
LensName = Annotated[Literal["bytes"], one_of("bytes", later=NOT_YET["pictures.lenses[]"].values)]

NO_ITEMS = "is an empty list; give at least one item or remove the key"


class Section(BaseModel):
    """One mapping of the config: fixed keys, never changed after it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Live(Section):
    """A running process."""

    pid: scalars.Pid | None = Field(
        default=None, description="The process's number.", examples=[1234]
    )
    pid_file: scalars.FilePath | None = Field(
        default=None,
        validate_default=True,
        description="A file that holds the process's number; read when the build starts.",
        examples=["demo.pid"],
    )

    @field_validator("pid_file")
    @classmethod
    def _one_of_two(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if "pid" in info.data:
            if value is None and info.data["pid"] is None:
                raise ValueError("is missing; give pid or pid_file")
            if value is not None and info.data["pid"] is not None:
                raise ValueError("cannot stand beside pid; remove one of the two")
        return value

    def find_pid(self) -> int:
        """The process's number, from the file if the config names one.

        Raises:
            ConfigError: The file is not there or holds no process number.
        """
        if self.pid_file is None:
            assert self.pid is not None
            return self.pid
        try:
            with self.pid_file.open("rb") as file:
                text = file.read(64).strip()
        except OSError as error:
            raise ConfigError(
                f"{self.pid_file}: {error.strerror}; start the process that writes its number there"
            ) from error
        if not text.isdigit() or not 1 <= int(text) <= scalars.LARGEST_PID:
            raise ConfigError(f"{self.pid_file}: does not hold the number of a process")
        return int(text)


class Dump(Section):
    """What is pictured: a file, or a running process."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["path"]}, {"required": ["live"]}],
            "x-not-yet": {"cr3": hint("dump.cr3")["x-not-yet"]},
        }
    )

    format: scalars.Slug = Field(
        default="auto",
        description="The dump's format; auto looks into the file, raw takes any.",
        examples=["auto", "raw", "elf-core"],
    )
    space: Annotated[SpaceKind, one_of(*SpaceKind)] | None = Field(
        default=None,
        description="The address space to picture; without it the dump's own first one.",
    )
    live: Live | None = Field(default=None, description="A running process instead of a file.")
    path: scalars.FilePath | None = Field(
        default=None,
        validate_default=True,
        description="The dump's file, relative to the config file.",
        examples=["MEMORY.DMP"],
    )
    base: scalars.Address | None = Field(
        default=None,
        description="The address of the first byte of a file of format raw; without it 0x0.",
    )

    @field_validator("live")
    @classmethod
    def _format_of_a_process(cls, value: Live | None, info: ValidationInfo) -> Live | None:
        found = info.data.get("format", "auto")
        if value is not None and found not in ("auto", "process"):
            raise ValueError(f"is of format process, not {found}; remove format or live")
        return value

    @field_validator("path")
    @classmethod
    def _file_or_process(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if "live" in info.data:
            if value is None and info.data["live"] is None:
                raise ValueError("is missing; give path: FILE, or live: {pid: NUMBER}")
            if value is not None and info.data["live"] is not None:
                raise ValueError("cannot stand beside live; remove one of the two")
        return value

    @field_validator("base")
    @classmethod
    def _base_of_raw(cls, value: int | None, info: ValidationInfo) -> int | None:
        found = info.data.get("format", "raw")
        if value is not None and found != "raw":
            raise ValueError(f"is only for format raw, not {found}; the dump has its own addresses")
        return value


class Map(Section):
    """A list of modules or mappings that another tool wrote."""

    path: scalars.FilePath = Field(
        description="The map's file, relative to the config file.", examples=["lm.txt"]
    )
    format: scalars.Slug = Field(
        default="auto", description="The map's format; auto looks into the file.", examples=["auto"]
    )
    rebase: scalars.Address = Field(
        default=0,
        description="Added to every address of the map.",
        json_schema_extra={"default": "0x0"},
    )


class Match(Section):
    """Which regions are meant: all that is given must fit."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: scalars.Text | None = Field(
        default=None,
        description="The region's name; * and ? stand for any characters, case does not matter.",
        examples=["nt*"],
    )
    kind: Annotated[Kind, one_of(*Kind)] | None = Field(
        default=None, description="The region's kind."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Match:
        if self.name is None and self.kind is None:
            raise ValueError("fits nothing; give name, kind or both")
        return self

    def matches(self, name: str, kind: Kind) -> bool:
        """Whether a region of that name and kind is meant."""
        return self.kind in (None, kind) and (
            self.name is None or fnmatch.fnmatchcase(name.casefold(), self.name.casefold())
        )


class NamedRange(Section):
    """A region of one's own: a range of addresses with a name."""

    name: scalars.Text = Field(description="The region's name.", examples=["hal"])
    span: scalars.AddressRange = Field(
        alias="range",
        description=(
            "WinDbg's START END (END is in the range), START Lsize, START L?size, START L-size; "
            "or 0xSTART..0xEND (END is not in the range), 0xSTART+0xSIZE. Quote what does not "
            "start with 0x, and L?."
        ),
    )


class Regions(Section):
    """Which parts of the dump are pictured."""

    group: Annotated[Literal["module", "mapping"], one_of("module", "mapping")] = Field(
        default="module",
        description="One region for each module, or one for each of its mappings.",
    )
    include: tuple[Match, ...] = Field(
        default=(), description="Only regions that one of these fits; without any, all regions."
    )
    exclude: tuple[Match, ...] = Field(
        default=(), description="No regions that one of these fits, though included."
    )
    ranges: tuple[NamedRange, ...] = Field(default=(), description="Regions of one's own.")


class Override(Section):
    """Another picture for some regions."""

    match: Match = Field(description="The regions it is for.")
    layout: LayoutName | None = Field(
        default=None, description="As in pictures.", json_schema_extra=hint("overrides[].layout")
    )
    bits: Bits | None = Field(default=None, description="As in pictures.")
    width: scalars.WidthOverride | None = Field(
        default=None, description="As in pictures.", json_schema_extra=hint("overrides[].width")
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Override:
        if self.layout is None and self.bits is None and self.width is None:
            raise ValueError("changes nothing; give layout, bits or width")
        return self


class Pictures(Section):
    """How a region is drawn."""

    bits: Bits = Field(default=8, description="Bits of a pixel: 1, 2, 3 or 4 bytes of memory each.")
    layout: LayoutName = Field(
        default="rows",
        description="rows shows every byte; classic is the square that Dump2Picture draws.",
        json_schema_extra=hint("pictures.layout"),
    )
    width: scalars.Width = Field(
        default=None,
        description="Pixels of a row, or auto: the power of two next above the square root.",
        json_schema_extra={**hint("pictures.width"), "default": "auto"},
    )
    lenses: tuple[LensName, ...] = Field(
        default=("bytes",),
        description="What colours mean, one picture each.",
        json_schema_extra={**hint("pictures.lenses[]"), "minItems": 1, "uniqueItems": True},
    )
    bmp: Annotated[Literal["keep"], one_of("keep")] = Field(
        default="keep",
        description="Whether the output keeps each region's BMP.",
        json_schema_extra=hint("pictures.bmp"),
    )

    @field_validator("width")
    @classmethod
    def _width_fits(cls, value: int | None, info: ValidationInfo) -> int | None:
        if "layout" in info.data and "bits" in info.data:
            wrong = _misfit(info.data["layout"], info.data["bits"], value)
            if wrong:
                raise ValueError(wrong)
        return value

    @field_validator("lenses")
    @classmethod
    def _some_each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError(NO_ITEMS)
        if len(set(value)) < len(value):
            raise ValueError("names a lens twice; name each once")
        return value

    def overridden(self, override: Override) -> Pictures:
        """These settings with those of the override in their place.

        A width belongs to layout rows: an override to classic drops the width that it inherits.
        """
        layout, bits = override.layout or self.layout, override.bits or self.bits
        width = self.width if override.width is None else override.width
        if width == "auto" or (override.layout == "classic" and override.width is None):
            width = None
        return self.model_copy(update={"layout": layout, "bits": bits, "width": width})


def _misfit(layout: str, bits: int, width: int | None) -> str | None:
    """What is wrong with a width, as `pictures` would say it later and without a line number."""
    if width is None:
        return None
    if layout == "classic":
        return "is not for layout classic, which computes it; remove it or use layout rows"
    if width * bits % 32:
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
    aspect: scalars.Aspect = Field(
        default=(16, 9),
        description="The plane's width to its height, between 1:100 and 100:1; quote it.",
        json_schema_extra={"default": "16:9"},
    )


class Tiles(Section):
    """How pictures are cut into tiles."""

    size: Annotated[Literal[256, 512, 1024], one_of(256, 512, 1024)] = Field(
        default=512, description="Pixels of a tile's side."
    )
    region_pyramids_from: scalars.Size = Field(
        default=1 << 20,
        description="Regions of this size and more get a pyramid besides their place in the atlas.",
        json_schema_extra={"default": "1MiB"},
    )


class Limits(Section):
    """What a build may cost."""

    output: scalars.PositiveSize = Field(
        default=64 << 30,
        description="The most bytes that the output folder may take.",
        json_schema_extra={"default": "64GiB"},
    )


def _shorthand(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


class Config(Section):
    """A memtiles config: what is pictured, how, and where the output goes."""

    model_config = ConfigDict(title="memtiles config")

    version: Annotated[Literal[1], one_of(1)] = Field(
        default=1, description="The version of this shape."
    )
    dump: Annotated[Dump, BeforeValidator(_shorthand, json_schema_input_type=str | Dump)] = Field(
        description="What is pictured: a file's path, or more about it.",
        examples=["app.core", {"path": "memory.bin", "format": "raw", "base": "0x1000"}],
    )
    maps: tuple[Map, ...] = Field(
        default=(), description="Lists of modules and mappings from other tools."
    )
    regions: Regions = Field(
        default_factory=Regions, description="Which parts of the dump are pictured."
    )
    redact: tuple[Match, ...] = Field(
        default=(),
        max_length=0,
        description="Regions whose bytes never reach the output.",
        json_schema_extra=hint("redact"),
    )
    pictures: Pictures = Field(default_factory=Pictures, description="How regions are drawn.")
    overrides: tuple[Override, ...] = Field(
        default=(),
        description="Other pictures for some regions; of several that fit, later ones win.",
    )
    atlases: tuple[Atlas, ...] = Field(
        default_factory=lambda: (Atlas(name="landscape"),),
        description="Planes of many pictures; the first is the one that opens.",
        json_schema_extra={"minItems": 1},
    )
    strips: tuple[Any, ...] = Field(
        default=(),
        max_length=0,
        description="Cuts for printing.",
        json_schema_extra=hint("strips"),
    )
    tiles: Tiles = Field(default_factory=Tiles, description="How pictures are cut into tiles.")
    limits: Limits = Field(default_factory=Limits, description="What a build may cost.")
    output: scalars.FilePath = Field(
        default=Path("site"),
        validate_default=True,
        description="The output folder, relative to the config file.",
        examples=["site/"],
    )

    @field_validator("overrides")
    @classmethod
    def _widths_fit(cls, value: tuple[Override, ...], info: ValidationInfo) -> tuple[Override, ...]:
        wrong: dict[tuple[int, str], str] = {}
        for index, override in enumerate(value if "pictures" in info.data else ()):
            drawn = info.data["pictures"].overridden(override)
            misfit = _misfit(drawn.layout, drawn.bits, drawn.width)
            if misfit and override.width is not None:
                wrong[index, "width"] = misfit
            elif misfit:
                key = "layout" if override.bits is None else "bits"
                wrong[index, key] = f"does not go with pictures.width: {misfit}"
        _refuse(wrong)
        return value

    @field_validator("atlases")
    @classmethod
    def _some_of_different_names(cls, value: tuple[Atlas, ...]) -> tuple[Atlas, ...]:
        if not value:
            raise ValueError(NO_ITEMS)
        wrong: dict[tuple[int, str], str] = {}
        seen: set[str] = set()
        for index, atlas in enumerate(value):
            if atlas.name in seen:
                wrong[index, "name"] = f"{atlas.name} is another atlas's name; names must differ"
            seen.add(atlas.name)
        _refuse(wrong)
        return value

    def pictures_for(self, name: str, kind: Kind) -> Pictures:
        """How a region of that name and kind is drawn: `pictures`, overridden in order."""
        found = self.pictures
        for override in self.overrides:
            if override.match.matches(name, kind):
                found = found.overridden(override)
        return found


def _refuse(wrong: dict[tuple[int, str], str]) -> None:
    """Raises each mistake at its own item of a list; a ValueError would blame the whole list."""
    if wrong:
        raise ValidationError.from_exception_data(
            "items",
            [
                InitErrorDetails(
                    type=PydanticCustomError("value_error", "{error}", {"error": text}),
                    loc=location,
                    input=None,
                )
                for location, text in wrong.items()
            ],
        )
