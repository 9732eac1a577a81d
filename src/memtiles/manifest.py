"""The manifest: what is in an output folder. `docs/manifest.md` describes every key.

Addresses and sizes of memory are hex strings in JSON, because JSON numbers lose everything above
2**53; here they are ints.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from io import BytesIO
from typing import Annotated, Any, ClassVar, Literal, get_type_hints

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter, ValidationError
from pydantic import Field as Key

from memtiles.errors import DamageError, OlderVersionError, UsageError

VERSION = 2
FILE = "manifest.json"
SCRIPT_FILE = "manifest.js"


def _from_hex(value: object) -> object:
    if isinstance(value, str) and value.startswith("0x"):
        return int(value, 16)
    if isinstance(value, int):
        return value
    raise ValueError("a hex string such as 0x1000 is needed")


Hex = Annotated[
    int,
    BeforeValidator(_from_hex, json_schema_input_type=str),
    PlainSerializer(hex, return_type=str),
    Key(json_schema_extra={"type": "string", "pattern": "^0x[0-9a-f]+$"}),
]
# Pixels, counts and indices: `true` is none of them, though Python takes it for 1.
Count = Annotated[int, Key(ge=0, strict=True)]
Digest = Annotated[str, Key(pattern="^[0-9a-f]{64}$")]
# Nothing that an input names becomes a path, and nothing in a manifest leads out of its folder.
BUNDLES = "bundles"
Folder = Annotated[str, Key(pattern="^(pictures|bundles|atlases)/[a-z0-9-]+$")]
StripFolder = Annotated[str, Key(pattern="^strips/[a-z0-9-]+$")]
FileName = Annotated[str, Key(pattern="^[a-z0-9][a-z0-9.-]*$")]


class Row:
    """A JSON object with exactly the keys that are declared.

    Plain dataclasses: of 65,536 regions there are 400,000 rows, which as models would take as many
    KiB.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class DumpRow(Row):
    """What the dump is."""

    name: str
    format: str
    size: Hex
    machine: str | None
    address_bits: Literal[32, 64]


@dataclass(frozen=True, slots=True)
class SpaceRow(Row):
    """An address space; the first one is what addresses mean by default."""

    name: str


@dataclass(frozen=True, slots=True)
class SectionRow(Row):
    """A section of a module; one without a name is a segment of an ELF image."""

    name: str
    start: Hex
    size: Hex
    protection: str


@dataclass(frozen=True, slots=True)
class ModuleRow(Row):
    """A module; names are not unique."""

    name: str
    path: str
    space: str
    start: Hex
    size: Hex
    sections: list[SectionRow]


@dataclass(frozen=True, slots=True)
class RegionRow(Row):
    """A region, and where it is drawn."""

    name: str
    kind: str
    space: str
    start: Hex
    size: Hex
    present: Hex
    protection: str | None
    module: Count | None
    picture: Count | None
    sha256: Digest | None


@dataclass(frozen=True, slots=True)
class BmpRow(Row):
    """One BMP of a picture."""

    file: FileName
    offset: Count
    first_row: Count
    rows: Count
    size: Count


@dataclass(frozen=True, slots=True)
class RunsRow(Row):
    """The run list of a picture."""

    file: FileName
    script: FileName | None
    sha256: Digest
    pieces: Count
    whole: bool


@dataclass(frozen=True, slots=True)
class PyramidRow(Row):
    """A Deep Zoom pyramid, the list of its files' digests, and that of the tiles without a file."""

    width: Count
    height: Count
    tile_size: Count
    overlap: Count
    format: str
    levels: Count
    engine: Literal["fast", "vips"]
    tiles: Count
    unwritten: FileName
    unwritten_script: FileName | None
    list: FileName
    sha256: Digest


@dataclass(frozen=True, slots=True)
class PictureRow(Row):
    """A distinct picture; regions with the same bytes share it.

    Small pictures may share a folder: `first` is where in its raster and its run list this one
    begins.
    """

    path: Folder
    first: Hex
    layout: Literal["rows", "classic"]
    lens: str
    bits: Literal[8, 16, 24, 32]
    size: Hex
    width: Count
    height: Count
    bmp: list[BmpRow]
    runs: RunsRow
    pyramid: PyramidRow | None

    @property
    def bundled(self) -> bool:
        """Whether it shares its folder with other pictures."""
        return self.path.startswith(f"{BUNDLES}/")


@dataclass(frozen=True, slots=True)
class RectRow(Row):
    """Pixels of an atlas."""

    x: Count
    y: Count
    width: Count
    height: Count


@dataclass(frozen=True, slots=True)
class PlacementRow(Row):
    """A region's picture in an atlas, and the room for its name."""

    region: Count
    picture: Count
    x: Count
    y: Count
    label: RectRow


@dataclass(frozen=True, slots=True)
class GapRow(Row):
    """The mark of `size` addresses between two regions."""

    x: Count
    y: Count
    width: Count
    height: Count
    size: Hex
    before: Count
    after: Count


@dataclass(frozen=True, slots=True)
class AtlasRow(Row):
    """An atlas."""

    name: str
    style: str
    space: str
    lens: str
    path: Folder
    pyramid: PyramidRow
    placements: list[PlacementRow]
    gaps: list[GapRow]


@dataclass(frozen=True, slots=True)
class StripRow(Row):
    """A cut of a region's picture or of an atlas, for printing."""

    name: str
    path: StripFolder
    file: FileName
    format: Literal["png", "tif", "bmp"]
    region: Count | None
    atlas: Count | None
    x: Count
    y: Count
    width: Count
    height: Count
    dpi: Annotated[Count, Key(ge=1)]
    size: Count
    sha256: Digest


@dataclass(frozen=True, slots=True)
class Manifest(Row):
    """The whole of `manifest.json`."""

    version: Literal[2]
    generator: str
    title: str
    dump: DumpRow
    spaces: list[SpaceRow]
    modules: list[ModuleRow]
    regions: list[RegionRow]
    pictures: list[PictureRow]
    atlases: list[AtlasRow]
    strips: list[StripRow]
    viewer: dict[FileName, Digest]

    def to_json(self) -> bytes:
        """The bytes of `manifest.json`: sorted keys, ASCII, no dates."""
        buffer = BytesIO()
        buffer.writelines(_pieces(self))
        buffer.write(b"\n")
        return buffer.getvalue()

    def to_script(self) -> bytes:
        """The bytes of `manifest.js`, which a page on file:// can load."""
        return b"".join(script_of(self.to_json()))


def _pieces(row: Row) -> Iterator[bytes]:
    """The JSON of an object, its long tables row by row: as a whole they would be there twice."""
    for number, name in enumerate(sorted(_keys(row))):
        yield (b"," if number else b"{") + _json(name) + b":"
        value = getattr(row, name)
        if isinstance(value, list) and value and isinstance(value[0], Row):
            for at, item in enumerate(value):
                yield b"," if at else b"["
                yield from _pieces(item) if isinstance(item, AtlasRow) else (_json(item),)
            yield b"]"
        else:
            yield _json(_plain(row, name))
    yield b"}"


def _json(value: object) -> bytes:
    return _encoder().encode(value).encode("ascii")


@cache
def _encoder() -> json.JSONEncoder:
    return json.JSONEncoder(default=_as_dict, sort_keys=True, separators=(",", ":"))


def _as_dict(row: Row) -> dict[str, object]:
    return {name: _plain(row, name) for name in _keys(row)}


def _plain(row: Row, name: str) -> object:
    value = getattr(row, name)
    return hex(value) if _keys(row)[name] else value


def _keys(row: Row) -> dict[str, bool]:
    """The keys of an object, and which are written in hex."""
    # mypy asks of the class whether its instances have a hash.
    return _keys_of(type(row))  # type: ignore[arg-type]


@cache
def _keys_of(kind: Any) -> dict[str, bool]:
    hints = get_type_hints(kind, include_extras=True)
    return {one.name: hints[one.name] == Hex for one in fields(kind)}


def script_of(text: bytes) -> Iterator[bytes | memoryview]:
    """The pieces of `manifest.js` beside a `manifest.json` of these bytes, which may be 50 MB."""
    yield b"memtilesManifest = "
    yield memoryview(text)[: -1 if text.endswith(b"\n") else None]
    yield b";\n"


def read_manifest(text: bytes) -> Manifest:
    """The manifest in `text`.

    Raises:
        OlderVersionError: An older version of memtiles wrote it.
        UsageError: A newer one did.
        DamageError: It is not a manifest.
    """
    try:
        # Out of the bytes, without a tree of Python objects in between.
        return _adapter().validate_json(text)
    except ValidationError:
        pass
    try:
        content: Any = json.loads(text)
        version = content["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DamageError(f"{FILE} is not a manifest of memtiles") from None
    if type(version) is not int or version != VERSION:
        older = type(version) is int and version < VERSION
        raise (OlderVersionError if older else UsageError)(
            f"{FILE} has version {version!r} and this memtiles knows {VERSION}: "
            f"{'build it again' if older else 'use the memtiles that made it'}"
        )
    try:
        # A name may have half of a surrogate pair, which only Python's own reader takes.
        return _adapter().validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise DamageError(f"{FILE}: {key}: {first['msg']}") from None


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of `manifest.json`."""
    schema = _adapter().json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
