"""A site whose every pixel a test knows, and readers of pyramids as other viewers have them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from builders.elf import Load, elf_core, nt_file
from exports.exported import Outcome, Pixels, classic, colours, held, noise, rows
from memtiles.cli import run
from sites import PAGE, Memory

Call = Callable[..., Outcome]
KINDS = ["dzi", "szi", "tiff"]
ENDINGS = {"dzi": ".dzi", "szi": ".szi", "tiff": ".tif"}
each_kind = pytest.mark.parametrize("kind", KINDS)

# --------------------------------------------------------------------------------- what is drawn


@dataclass(frozen=True)
class Drawn:
    """A region: where it is, how it is drawn, and how large the tiles of its export are."""

    name: str
    start: int
    pages: int
    bits: int
    width: int | None
    tile_size: int

    @property
    def size(self) -> int:
        return self.pages * PAGE

    def pixels(self) -> Pixels:
        """Red, green, blue, alpha, by the arithmetic of `exported`."""
        made = classic(self.size, self.bits) if self.width is None else self.rows()
        data, present = held(MEMORY, self.start, self.size)
        return colours(data, self.bits, *made, present)

    def rows(self) -> tuple[int, int]:
        return rows(self.size, self.bits, self.width)


# Those of 600 KiB and more have a pyramid in the site, whose tiles are of 256 pixels.
WHOLE = [
    Drawn("whole8", 0x1000_0000, 171, 8, 912, 256),
    Drawn("whole16", 0x2000_0000, 171, 16, 608, 256),
    Drawn("whole24", 0x3000_0000, 171, 24, None, 256),
    Drawn("whole32", 0x4000_0000, 171, 32, 171, 256),
]
HOLED = [
    Drawn("holed8", 0x5000_0000, 120, 8, 700, 512),
    Drawn("holed16", 0x6000_0000, 120, 16, 514, 512),
    Drawn("holed24", 0x7000_0000, 120, 24, 64, 512),
    Drawn("holed32", 0x8000_0000, 120, 32, None, 512),
]
# Names that would do harm as the names of files.
NAMED = {"a.zip": 0x9000_0000, "con": 0x9001_0000, "Größe $(id)\n.szi": 0x9002_0000}
# And one with slashes, which only the user can give.
CLIMBS = "../../x"
CLIMBS_FROM = 0x9003_0000
REGIONS = [*WHOLE, *HOLED]
MEMORY = Memory(
    [
        *(Load(one.start, noise(one.size, one.bits), flags=6) for one in WHOLE),
        *(
            load
            for one in HOLED
            for load in (
                Load(one.start, noise(61 * PAGE + 77, one.bits), memsz=100 * PAGE, flags=6),
                Load(one.start + 101 * PAGE, noise(19 * PAGE, one.bits + 1), flags=6),
            )
        ),
        *(Load(start, noise(PAGE), flags=6) for start in [*NAMED.values(), CLIMBS_FROM]),
    ]
)
CONFIG = "tiles: {size: 256, region_pyramids_from: 600KiB}\n"
CONFIG += f'regions: {{ranges: [{{name: "{CLIMBS}", range: {CLIMBS_FROM:#x}+0x1000}}]}}\n'
CONFIG += "overrides:\n" + "".join(
    f"- {{match: {{name: {one.name}}}, bits: {one.bits}, "
    + (f"width: {one.width}}}\n" if one.width else "layout: classic}\n")
    for one in REGIONS
)


def build_regions(folder: Path) -> Path:
    """A site of all that; returns its folder."""
    files = [(one.start, one.start + one.size, 0, f"/mnt/{one.name}".encode()) for one in REGIONS]
    for name, start in NAMED.items():
        files.append((start, start + PAGE, 0, b"/mnt/" + name.encode()))
    (folder / "app.core").write_bytes(elf_core(MEMORY.loads, nt_file(files)))
    (folder / "config.yaml").write_text(f"dump: app.core\n{CONFIG}")
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0
    return folder / "site"


each_region = pytest.mark.parametrize("drawn", REGIONS, ids=lambda drawn: drawn.name)

# --------------------------------------------------------------------------- what viewers would do


class DeepZoom:
    """Reads a pyramid as Deep Zoom has it, from a folder or an archive."""

    def __init__(self, dzi: str, read: Callable[[str], bytes]) -> None:
        image = ElementTree.fromstring(read(dzi))
        assert image.tag == "{http://schemas.microsoft.com/deepzoom/2008}Image"
        assert (image.get("Format"), image.get("Overlap")) == ("png", "0")
        (size,) = image
        self.tile_size = int(image.get("TileSize", ""))
        self.width, self.height = int(size.get("Width", "")), int(size.get("Height", ""))
        self._files = f"{dzi.removesuffix('.dzi')}_files"
        self._read = read

    def sizes(self) -> list[tuple[int, int]]:
        """Of all levels: halves, rounded up, down to one pixel; the smallest first."""
        sizes = [(self.width, self.height)]
        while max(sizes[0]) > 1:
            width, height = sizes[0]
            sizes.insert(0, ((width + 1) // 2, (height + 1) // 2))
        return sizes

    def tiles(self) -> Iterator[tuple[str, int, int, int, tuple[int, int]]]:
        """The files that there must be: each with its level, its place in it and its size."""
        for level, (width, height) in enumerate(self.sizes()):
            for top in range(0, height, self.tile_size):
                for left in range(0, width, self.tile_size):
                    name = f"{left // self.tile_size}_{top // self.tile_size}.png"
                    size = min(self.tile_size, width - left), min(self.tile_size, height - top)
                    yield f"{self._files}/{level}/{name}", level, left, top, size

    def levels(self) -> list[Pixels]:
        """All levels put together, as red, green, blue, alpha."""
        levels = [np.zeros((height, width, 4), np.uint8) for width, height in self.sizes()]
        for path, level, left, top, (width, height) in self.tiles():
            with Image.open(io.BytesIO(self._read(path))) as tile:
                assert (tile.format, tile.size) == ("PNG", (width, height))
                pixels = np.asarray(tile.convert("RGBA"))
            levels[level][top : top + height, left : left + width] = pixels
        return levels


def deep_zoom_of(dzi: Path) -> DeepZoom:
    """A pyramid in files, after a look at which there are: all tiles, and no more."""
    found = DeepZoom(dzi.name, lambda name: (dzi.parent / name).read_bytes())
    files = {
        path.relative_to(dzi.parent).as_posix()
        for path in dzi.with_name(f"{dzi.stem}_files").rglob("*")
        if not path.is_dir()
    }
    assert files == {path for path, *_ in found.tiles()}
    return found


def archived(szi: Path) -> DeepZoom:
    """A pyramid in an archive, after a look at how it is packed."""
    archive = zipfile.ZipFile(szi)
    assert archive.testzip() is None
    entries = archive.infolist()
    (root,) = {entry.filename.split("/")[0] for entry in entries}
    found = DeepZoom(f"{root}/{root}.dzi", archive.read)
    names = [entry.filename for entry in entries]
    assert len(names) == len(set(names))
    more = {f"{root}/{root}.dzi", f"{root}/scan-properties.xml"}
    assert set(names) == {path for path, *_ in found.tiles()} | more
    for entry in entries:
        assert entry.compress_type == zipfile.ZIP_STORED, "it is read without unpacking"
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    properties = archive.read(f"{root}/scan-properties.xml").decode()
    assert f'<value type="gint">{found.width}</value>' in properties
    assert "date" not in properties
    return found


def halved(pixels: Pixels) -> Pixels:
    """The mean of each four pixels; the last row and column count twice where they are odd."""
    height, width = pixels.shape[:2]
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge").astype(int)
    return (
        (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2] + 2) // 4
    ).astype(np.uint8)


@dataclass(frozen=True)
class Blank:
    """A plane that nobody may read."""

    width: int
    height: int
    bands: int

    def area(self, left: int, top: int, width: int, height: int) -> Pixels:
        raise AssertionError("it is refused before it is read")
