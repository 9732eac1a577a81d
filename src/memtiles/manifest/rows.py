"""The rows of a manifest. `docs/manifest.md` describes every key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Annotated, Literal

from pydantic import Field as Key

from memtiles.manifest.row import Count, Digest, Hex, Row, Side, TableRow

# Nothing that an input names becomes a path, and nothing in a manifest leads out of its folder.
TileSize = Literal[256, 512, 1024]
BUNDLES = "bundles"
Folder = Annotated[str, Key(pattern="^(pictures|bundles|atlases)/[a-z0-9-]+$")]
StripFolder = Annotated[str, Key(pattern="^strips/[a-z0-9-]+$")]
FileName = Annotated[str, Key(pattern="^[a-z0-9][a-z0-9.-]*$")]


@dataclass(frozen=True, slots=True)
class DumpRow(Row):
    """What the dump is."""

    name: str
    format: str
    size: Hex
    machine: str | None
    address_bits: Literal[32, 64]
    byte_order: Literal["little", "big"]


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

    width: Side
    height: Side
    tile_size: TileSize
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
    width: Side
    height: Side
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
class SwatchRow(Row):
    """A line of a legend."""

    colour: Annotated[str, Key(pattern="^#[0-9a-f]{6}$")]
    label: str


@dataclass(frozen=True, slots=True)
class LensRow(Row):
    """A lens, and what one pixel shows that stands for many: `zoom` is the rule, `rule` says it."""

    name: str
    summary: str
    zoom: Literal["mean", "highest", "foremost"]
    rule: str
    legend: list[SwatchRow]


@dataclass(frozen=True, slots=True)
class AtlasLensRow(Row):
    """An atlas seen through a lens; all of an atlas have one size."""

    lens: Count
    path: Folder
    pyramid: PyramidRow


@dataclass(frozen=True, slots=True)
class AtlasRow(TableRow):
    """An atlas; without a layout of its own each picture in it has its own."""

    name: str
    style: str
    space: str
    layout: Literal["rows", "classic", "hilbert", "pages"] | None
    lenses: Annotated[list[AtlasLensRow], Key(min_length=1)]
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
class Manifest(TableRow):
    """The whole of `manifest.json`."""

    version: Literal[3]
    generator: str
    title: str
    dump: DumpRow
    spaces: list[SpaceRow]
    modules: list[ModuleRow]
    regions: list[RegionRow]
    pictures: list[PictureRow]
    lenses: list[LensRow]
    atlases: list[AtlasRow]
    strips: list[StripRow]
    viewer: dict[FileName, Digest]

    def to_json(self) -> bytes:
        """The bytes of `manifest.json`: sorted keys, ASCII, no dates."""
        buffer = BytesIO()
        buffer.writelines(self.json_pieces())
        buffer.write(b"\n")
        return buffer.getvalue()

    def to_script(self) -> bytes:
        """The bytes of `manifest.js`, which a page on file:// can load."""
        return b"".join(script_of(self.to_json()))


def script_of(text: bytes) -> Iterator[bytes | memoryview]:
    """The pieces of `manifest.js` beside a `manifest.json` of these bytes, which may be 50 MB."""
    yield b"memtilesManifest = "
    yield memoryview(text)[: -1 if text.endswith(b"\n") else None]
    yield b";\n"
