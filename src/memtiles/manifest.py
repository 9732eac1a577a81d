"""The manifest: what is in an output folder. `docs/manifest.md` describes every key.

Addresses and sizes of memory are hex strings in JSON, because JSON numbers lose everything above
2**53; here they are ints.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError
from pydantic import Field as Key

from memtiles.errors import DamageError, UsageError

VERSION = 1
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
Folder = Annotated[str, Key(pattern="^(pictures|atlases)/[a-z0-9-]+$")]
StripFolder = Annotated[str, Key(pattern="^strips/[a-z0-9-]+$")]
FileName = Annotated[str, Key(pattern="^[a-z0-9][a-z0-9.-]*$")]


class Row(BaseModel):
    """A JSON object with exactly the keys that are declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DumpRow(Row):
    """What the dump is."""

    name: str
    format: str
    size: Hex
    machine: str | None
    address_bits: Literal[32, 64]


class SpaceRow(Row):
    """An address space; the first one is what addresses mean by default."""

    name: str


class SectionRow(Row):
    """A section of a module; one without a name is a segment of an ELF image."""

    name: str
    start: Hex
    size: Hex
    protection: str


class ModuleRow(Row):
    """A module; names are not unique."""

    name: str
    path: str
    space: str
    start: Hex
    size: Hex
    # Not in the folders of the first builds.
    sections: list[SectionRow] = []


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


class BmpRow(Row):
    """One BMP of a picture."""

    file: FileName
    offset: Count
    first_row: Count
    rows: Count
    size: Count


class RunsRow(Row):
    """The run list of a picture."""

    file: FileName
    script: FileName | None
    sha256: Digest
    pieces: Count
    whole: bool


class PyramidRow(Row):
    """A Deep Zoom pyramid and the list of its files' digests."""

    width: Count
    height: Count
    tile_size: Count
    overlap: Count
    format: str
    levels: Count
    tiles: Count
    list: FileName
    sha256: Digest


class PictureRow(Row):
    """A distinct picture; regions with the same bytes share it."""

    path: Folder
    layout: Literal["rows", "classic"]
    lens: str
    bits: Literal[8, 16, 24, 32]
    size: Hex
    width: Count
    height: Count
    bmp: list[BmpRow]
    runs: RunsRow
    pyramid: PyramidRow | None


class RectRow(Row):
    """Pixels of an atlas."""

    x: Count
    y: Count
    width: Count
    height: Count


class PlacementRow(Row):
    """A region's picture in an atlas, and the room for its name."""

    region: Count
    picture: Count
    x: Count
    y: Count
    label: RectRow


class GapRow(Row):
    """The mark of `size` addresses between two regions."""

    x: Count
    y: Count
    width: Count
    height: Count
    size: Hex
    before: Count
    after: Count


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


class Manifest(Row):
    """The whole of `manifest.json`."""

    version: Literal[1]
    generator: str
    title: str
    dump: DumpRow
    spaces: list[SpaceRow]
    modules: list[ModuleRow]
    regions: list[RegionRow]
    pictures: list[PictureRow]
    atlases: list[AtlasRow]
    # Not in the folders of the first builds.
    strips: list[StripRow] = []
    viewer: dict[FileName, Digest]

    def to_json(self) -> bytes:
        """The bytes of `manifest.json`: sorted keys, ASCII, no dates."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return (text + "\n").encode("ascii")

    def to_script(self) -> bytes:
        """The bytes of `manifest.js`, which a page on file:// can load."""
        return script_of(self.to_json())


def script_of(text: bytes) -> bytes:
    """The bytes of `manifest.js` beside a `manifest.json` of these bytes."""
    return b"memtilesManifest = " + text.rstrip(b"\n") + b";\n"


def read_manifest(text: bytes) -> Manifest:
    """The manifest in `text`.

    Raises:
        UsageError: Another version of memtiles wrote it.
        DamageError: It is not a manifest.
    """
    try:
        content: Any = json.loads(text)
        version = content["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DamageError(f"{FILE} is not a manifest of memtiles") from None
    if type(version) is not int or version != VERSION:
        raise UsageError(
            f"{FILE} has version {version!r} and this memtiles knows {VERSION}: "
            "use the memtiles that made it"
        )
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise DamageError(f"{FILE}: {key}: {first['msg']}") from None


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of `manifest.json`."""
    schema = Manifest.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
