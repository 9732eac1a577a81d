"""The whole config: frozen, with nothing of YAML left in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from memtiles.config import scalars
from memtiles.config.inputs import Dump, Map, Match, Regions, Section
from memtiles.config.notyet import hint
from memtiles.config.outputs import Atlas, Limits, Override, Pictures, Strip, Tiles, misfit
from memtiles.config.scalars import nearest, one_of

# An error message names no more atlases than this, and guesses at no others.
_MOST_NAMES = 10


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
    strips: tuple[Strip, ...] = Field(
        default=(), description="Cuts for printing, at full resolution."
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
            problem = misfit(drawn.layout, drawn.bits, drawn.width)
            if problem and override.width is not None:
                wrong[index, "width"] = problem
            elif problem:
                key = "layout" if override.bits is None else "bits"
                wrong[index, key] = f"does not go with pictures.width, which {problem}"
        _refuse(wrong)
        return value

    @field_validator("atlases")
    @classmethod
    def _some_of_different_names(cls, value: tuple[Atlas, ...]) -> tuple[Atlas, ...]:
        if not value:
            raise ValueError(scalars.NO_ITEMS)
        _refuse(_repeated((atlas.name for atlas in value), "atlas"))
        return value

    @field_validator("strips")
    @classmethod
    def _of_atlases_that_there_are(
        cls, value: tuple[Strip, ...], info: ValidationInfo
    ) -> tuple[Strip, ...]:
        wrong = _repeated((strip.name for strip in value), "strip")
        names = {atlas.name: None for atlas in info.data.get("atlases", ())}
        some = list(names)[:_MOST_NAMES]
        known = ", ".join(some) + ", ..." * (len(names) > len(some))
        for index, strip in enumerate(value if names else ()):
            if strip.atlas is not None and strip.atlas not in names:
                near = nearest(strip.atlas, some)
                wrong[index, "atlas"] = f"{strip.atlas} is no atlas{near}; atlases here are {known}"
        _refuse(wrong)
        return value


def _repeated(names: Iterable[str], what: str) -> dict[tuple[int, str], str]:
    """A mistake for each item that has the name of one before it."""
    wrong: dict[tuple[int, str], str] = {}
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            wrong[index, "name"] = f"{name} is another {what}'s name; names must differ"
        seen.add(name)
    return wrong


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
