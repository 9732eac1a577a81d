"""What a config says about its inputs: the dump, the maps, and which regions are meant."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from memtiles.config import addresses, scalars
from memtiles.config.scalars import one_of
from memtiles.errors import ConfigError
from memtiles.memory.dump import Kind
from memtiles.memory.space import SpaceKind


class Section(BaseModel):
    """One mapping of the config: fixed keys, never changed after it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Live(Section):
    """A running process."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["pid"]}, {"required": ["pid_file"]}]}
    )

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
        json_schema_extra={"oneOf": [{"required": ["path"]}, {"required": ["live"]}]}
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
    base: addresses.Address | None = Field(
        default=None,
        description="The address of the first byte of a file of format raw; without it 0x0.",
    )

    cr3: addresses.PageTableRoot | None = Field(
        default=None,
        description=(
            "The physical address of the machine's top page table, where the dump does not tell "
            "it; auto searches the image for that of Linux."
        ),
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
    rebase: addresses.Distance = Field(
        default=0,
        description="Added to every address of the map; -0x... moves them down.",
        json_schema_extra={"default": "0x0"},
    )
    pid: scalars.Pid | None = Field(
        default=None,
        description="The process that is meant, in a map that tells of several.",
        examples=[1234],
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
            self.name is None
            or re.fullmatch(_pattern(self.name.casefold()), name.casefold(), re.DOTALL) is not None
        )


def _pattern(wildcards: str) -> str:
    """The regular expression for a name in which only `*` and `?` stand for other characters.

    Names of regions have brackets ("[heap]", "[anon:x]"), which `fnmatch` takes for a choice of one
    character: excluding "[heap]" would quietly exclude nothing but a region called "h", and the
    heap would be published. Test: test_brackets_in_a_name_are_brackets.
    """
    first, *rest = re.escape(wildcards).replace(r"\?", ".").split(r"\*")
    if not rest:
        return first
    # A piece never has to move from where it first fits (hence the atomic groups): trying all
    # places would take hours for a dump's name that nearly fits.
    middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1])
    return f"{first}{middle}.*{rest[-1]}"


class NamedRange(Section):
    """A region of one's own: a range of addresses with a name."""

    name: scalars.Text = Field(description="The region's name.", examples=["hal"])
    span: addresses.AddressRange = Field(
        alias="range",
        description=(
            "WinDbg's START END (END is in the range), START Lsize, START L?size, START L-size; "
            "or 0xSTART..0xEND (END is not in the range), 0xSTART+0xSIZE. Quote what does not "
            "start with 0x."
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
