"""What is very large or very many: files, disk and memory as counted by the system, no seconds."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders.elf import Load, elf_core
from exports.exported import disk_bytes, sparse_file
from reliability.builds import command
from sites import SiteEyes, tiled

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counted as Linux counts")

KIB, MIB, TIB = 1 << 10, 1 << 20, 1 << 40
PAGE = 4096

# A small process of its own, for a child inherits the size of the process that starts it. It counts
# what its child had resident at its peak, and what that and all processes below it had together,
# fifty times a second.
MEASURE = """
import json, os, resource, subprocess, sys, time
def tree(process):
    try:
        with open(f"/proc/{process}/statm") as file:
            pages = int(file.read().split()[1])
        with open(f"/proc/{process}/task/{process}/children") as file:
            children = file.read().split()
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(tree, children))
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
most = 0
while child.poll() is None:
    most = max(most, tree(child.pid))
    time.sleep(0.02)
alone = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
print(json.dumps([child.returncode, max(most, alone)]))
"""


def resident(*arguments: str | Path) -> int:
    """Runs memtiles; gives the most bytes that all its processes had in memory."""
    child = [sys.executable, "-c", MEASURE, *command(*arguments)]
    done = subprocess.run(child, capture_output=True, text=True, check=True)
    code, size = json.loads(done.stdout)
    assert code == 0, done.stderr
    return int(size)


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# ----------------------------------------------------------------------------------- a tebibyte


@pytest.fixture(scope="module")
def tebibyte(tmp_path_factory: pytest.TempPathFactory) -> SiteEyes:
    """The site of a raw file of a TiB that is all hole but for one page of 0x80 … 0xff."""
    folder = tmp_path_factory.mktemp("tebibyte")
    sparse_file(folder / "memory.bin", TIB, {TIB // 2: bytes(range(128, 256)) * 32})
    (folder / "config.yaml").write_text("dump: {path: memory.bin, format: raw}\n")
    assert resident("build", folder / "config.yaml", "--quiet") < 350 * MIB
    return SiteEyes(folder / "site")


def test_a_sparse_tebibyte_takes_little_disk(tebibyte: SiteEyes) -> None:
    """259 BMPs of nearly 4 GiB each, which are holes, and a few dozen tiles."""
    files = files_of(tebibyte.folder)
    assert sum(disk_bytes(file) for file in files) < 50 * MIB
    assert sum(file.stat().st_size for file in files) > TIB
    assert len(files) < 400


def test_the_one_page_of_a_tebibyte_is_where_it_belongs(tebibyte: SiteEyes) -> None:
    (atlas,) = tebibyte.manifest["atlases"]
    (placement,) = atlas["placements"]
    (picture,) = tebibyte.manifest["pictures"]
    width = picture["width"]
    assert width * picture["height"] == TIB

    def byte(offset: int) -> tuple[int, ...] | None:
        row, column = divmod(offset, width)
        return tebibyte.pixel(atlas, placement["x"] + column, placement["y"] + row)

    for at in (0, 1, 127, 128, 2000, PAGE - 1):
        assert byte(TIB // 2 + at) == (128 + at % 128,)
    for offset in (0, TIB // 4, TIB // 2 - 1, TIB // 2 + PAGE, TIB // 2 + width, TIB - 1):
        assert byte(offset) == (0,), hex(offset)
    # Every level shows that something is there, down to the tile of the whole atlas.
    row = placement["y"] + TIB // 2 // width
    pyramid = tiled(atlas)["pyramid"]
    for level in range(pyramid["levels"]):
        shift = pyramid["levels"] - 1 - level
        tile = (
            (placement["x"] >> shift) // pyramid["tile_size"],
            (row >> shift) // pyramid["tile_size"],
        )
        assert "tiles_files" in tebibyte.tile_file(atlas, level, *tile)


def test_all_tiles_of_a_tebibyte_are_written_or_below_an_entry(tebibyte: SiteEyes) -> None:
    """Without a walk over millions: what is written and what is listed has only such below it."""
    (atlas,) = tebibyte.manifest["atlases"]
    drawn = tiled(atlas)
    pyramid, folder = drawn["pyramid"], tebibyte.folder / drawn["path"]
    content = json.loads((folder / "unwritten.json").read_bytes())
    tops = {_tile(name) for what in ("blank", "zero") for name in content[what]}
    listed = (line[66:] for line in (folder / "tiles.sha256").read_text().splitlines())
    written = {_tile(name[12:-4]) for name in listed if name.startswith("tiles_files/")}
    assert len(tops) + len(written) < 500
    assert (0, 0, 0) in written
    met: set[tuple[int, int, int]] = set()
    for tile in sorted(written):
        met.add(tile)
        for below in _below(pyramid, tile):
            assert (below in tops) != (below in written), below
            met.add(below)
    assert met == tops | written


def _tile(name: str) -> tuple[int, int, int]:
    level, _, place = name.partition("/")
    column, row = place.split("_")
    return int(level), int(column), int(row)


def _below(pyramid: dict[str, Any], tile: tuple[int, int, int]) -> Iterator[tuple[int, int, int]]:
    level, column, row = tile
    if level + 1 == pyramid["levels"]:
        return
    half = 1 << (pyramid["levels"] - 2 - level)
    wide, high = (-(-pyramid[side] // half) for side in ("width", "height"))
    for x in (2 * column, 2 * column + 1):
        for y in (2 * row, 2 * row + 1):
            if x * pyramid["tile_size"] < wide and y * pyramid["tile_size"] < high:
                yield level + 1, x, y


def test_a_tebibyte_is_sound(tebibyte: SiteEyes) -> None:
    assert resident("check", tebibyte.folder, "--quiet") < 350 * MIB


# ------------------------------------------------------------------------------- many regions


def test_65536_regions(tmp_path: Path) -> None:
    """Of a page each, as a browser has them: planned, and built, in few files and little memory."""
    page = random.Random(65_536).randbytes(PAGE - 4)
    loads = [
        Load(0x1000_0000 + number * 2 * PAGE, number.to_bytes(4, "little") + page, flags=6)
        for number in range(65_536)
    ]
    (tmp_path / "app.core").write_bytes(elf_core(loads, extended=True))
    config = tmp_path / "config.yaml"
    config.write_text("dump: app.core\n")
    assert resident("build", config, "--dry-run") < 500 * MIB
    assert not (tmp_path / "site").exists()
    assert resident("build", config, "--quiet") < 500 * MIB
    site = tmp_path / "site"
    assert len(files_of(site)) < 20_000
    bundles = sorted((site / "bundles").iterdir())
    assert len(bundles) == 16, "of 16 MiB each"
    assert all(len(list(one.iterdir())) == 3 for one in bundles)
    assert not list((site / "pictures").iterdir())
    content = {one.name: (one / "bundle.bmp").read_bytes() for one in bundles}
    manifest = json.loads((site / "manifest.json").read_bytes())
    assert len(manifest["regions"]) == 65_536
    for number in range(0, 65_536, 97):
        row = manifest["pictures"][manifest["regions"][number]["picture"]]
        (part,) = row["bmp"]
        raw = content[row["path"].removeprefix("bundles/")]
        assert raw[part["offset"] : part["offset"] + PAGE] == loads[number].data


# ------------------------------------------------------------------------------ constant memory


def write_core(path: Path, size: int) -> None:
    """Regions from a page to a share of the whole, of bytes that repeat after a MiB."""
    block = random.Random(size).randbytes(MIB)
    shares = [1, 2, 5, 10, 22, 60]
    sizes = [max(PAGE, size * share // 100 // PAGE * PAGE) for share in shares]
    heads = [
        Load(0x7000_0000_0000 + (at << 32), filesz=one, memsz=one) for at, one in enumerate(sizes)
    ]
    table = len(elf_core(heads))
    offset = table
    for head, one in zip(heads, sizes, strict=True):
        head.offset = offset
        offset += one
    with path.open("wb") as file:
        file.write(elf_core(heads))
        for one in sizes:
            for start in range(0, one, MIB):
                file.write(block[: min(MIB, one - start)])


def test_memory_does_not_grow_with_the_dump(tmp_path: Path) -> None:
    """Eight times as much of it, in an atlas of any aspect; two jobs, as each has a share.

    Rows are as wide as they get by themselves above 64 MiB: a wider picture is drawn in wider
    strips, up to there.
    """
    peaks: dict[str, list[int]] = {}
    for mib in (64, 512):
        write_core(tmp_path / "app.core", mib * MIB)
        for aspect in ("16:9", "100:1"):
            (tmp_path / "config.yaml").write_text(
                "dump: app.core\npictures: {width: 16384}\n"
                f'atlases: [{{name: all, aspect: "{aspect}"}}]\n'
            )
            site = tmp_path / "site"
            words = ("build", tmp_path / "config.yaml", "--output", site, "--quiet", "--jobs", "2")
            peaks.setdefault(aspect, []).append(resident(*words, "--rehash"))
            _remove(site)
    for small, large in peaks.values():
        assert large <= 350 * MIB, peaks
        assert large <= small * 1.1 + 10 * MIB, peaks


def _remove(site: Path) -> None:
    for top, _, files in os.walk(site, topdown=False):
        for name in files:
            Path(top, name).unlink()
        Path(top).rmdir()
