"""A whole build with several lenses and atlases, against slow references of each byte."""

from __future__ import annotations

import random
import struct
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders.elf import Load, elf_core, nt_file
from lens_oracles import LensEyes, values_of
from memtiles.cli import run
from memtiles.pictures.layout import Bits, geometry
from memtiles.pictures.lenses import lens
from reliability.builds import memtiles, tree

PAGE = 4096
PROGRAM, HEAP, LIBRARY = 0x55_5555_554000, 0x56_0000_000000, 0x7FFF_F7A0_0000
LENSES = ("class", "pointers", "entropy", "words-big", "gradient:7", "bytes")
LAYOUTS: dict[str, str] = {"landscape": "rows", "curve": "hilbert", "blocks": "pages"}
CONFIG = f"""
dump: app.core
pictures: {{bits: BITS, lenses: [{", ".join(f'"{name}"' for name in LENSES)}]}}
atlases: [{{name: landscape}}, {{name: curve, layout: hilbert}}, {{name: blocks, layout: pages}}]
tiles: {{size: 256}}
"""


def pages(kind: str, count: int) -> bytes:
    """Memory of one sort."""
    made = random.Random(kind)
    size = count * PAGE
    match kind:
        case "text":
            return (b"Every byte is a pixel.\r\n" * size)[:size]
        case "utf-16":
            return ("Every byte, twice. ".encode("utf-16-le") * size)[:size]
        case "pointers":
            words = [
                made.choice((PROGRAM, HEAP, LIBRARY, 0)) + made.randrange(12 * PAGE)
                for _ in range(size // 8)
            ]
            return struct.pack(f"<{len(words)}Q", *words)
        case "zeros":
            return bytes(size)
    return made.randbytes(size)


@cache
def loads(changed: bool = False) -> tuple[Load, ...]:
    """Segments with holes and odd ends; a change of one of them."""
    heap = pages("pointers", 5) + pages("zeros", 9) + pages("text", 2) + b"odd"
    if changed:
        heap = heap[: 9 * PAGE + 100] + pages("noise", 1) + heap[10 * PAGE + 100 :]
    return (
        Load(PROGRAM, pages("text", 2) + pages("utf-16", 1) + pages("noise", 3), flags=5),
        Load(PROGRAM + 6 * PAGE, pages("pointers", 2)[:-5], memsz=4 * PAGE, flags=6),
        Load(HEAP + 0x123, heap, memsz=20 * PAGE, flags=6),
        Load(LIBRARY, pages("noise", 1) + pages("zeros", 17) + b"\xff" * PAGE, flags=5),
        Load(LIBRARY + 19 * PAGE, b"", memsz=2 * PAGE, flags=4),
    )


@cache
def core(changed: bool = False) -> bytes:
    files = [
        (PROGRAM, PROGRAM + 10 * PAGE, 0, b"/usr/bin/made up"),
        (LIBRARY, LIBRARY + 21 * PAGE, 0, b"/usr/lib/libmade.so.6"),
    ]
    return elf_core(list(loads(changed)), nt_file(files))


def byte_at(address: int) -> int | None:
    for load in loads():
        if 0 <= address - load.vaddr < len(load.data):
            return load.data[address - load.vaddr]
    return None


def write(folder: Path, *, changed: bool = False, bits: int = 8) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "app.core").write_bytes(core(changed))
    (folder / "config.yaml").write_text(CONFIG.replace("BITS", str(bits)))
    return folder / "config.yaml"


def build(config: Path, *more: str) -> Path:
    assert run(["build", str(config), "--quiet", *more]) == 0
    return config.parent / "site"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(write(tmp_path_factory.mktemp("site")))


@pytest.fixture(scope="module")
def site_of_dwords(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(write(tmp_path_factory.mktemp("dwords"), bits=32))


def expected_values(eyes: LensEyes, name: str, row: dict[str, Any]) -> list[int]:
    """The value of each byte of a region; all bytes of the dump, but no others, are there."""
    regions = [
        (int(one["start"], 16), int(one["start"], 16) + int(one["size"], 16), one["kind"])
        for one in eyes.manifest["regions"]
    ]
    start, size = int(row["start"], 16), int(row["size"], 16)
    memory = [byte_at(start + at) for at in range(size)]
    return values_of(name, memory, start, regions)


def check_all_pixels(site: Path, bits: Bits, name: str, atlas: str) -> None:
    """Of one atlas through one lens: values, colours, and what is transparent."""
    eyes = LensEyes(site)
    number = eyes.lens_names().index(name)
    row = next(one for one in eyes.manifest["atlases"] if one["name"] == atlas)
    seen = next(one for one in row["lenses"] if one["lens"] == number)
    found = eyes.full(seen)
    is_bytes = name == "bytes"
    expected = np.zeros_like(found)
    pixel = bits // 8
    for placed in row["placements"]:
        region = eyes.manifest["regions"][placed["region"]]
        size = int(region["size"], 16)
        shape = geometry(LAYOUTS[atlas], bits, size)  # type: ignore[arg-type]
        if is_bytes:
            start = int(region["start"], 16)
            told = [byte_at(start + at) for at in range(size)]
            values = np.array([-1 if byte is None else byte for byte in told])
        else:
            values = np.array(expected_values(eyes, name, region))
        values = np.pad(values, (0, -size % pixel), constant_values=-1 if is_bytes else 0)
        values = values.reshape(-1, pixel)
        held = (values >= 0 if is_bytes else values > 0).all(axis=1)
        columns, rows = eyes.places(shape, placed["x"], placed["y"])[held].T
        if is_bytes:
            colours = np.repeat(values, 3, axis=1) if bits == 8 else values[:, 2::-1]
            expected[rows, columns, :3] = colours[held]
        else:
            shown = values.max(axis=1)[held]
            expected[rows, columns, 4] = shown
            expected[rows, columns, :3] = lens(name).palette[shown]  # type: ignore[union-attr]
        expected[rows, columns, 3] = 255
    assert np.array_equal(found[:, :, 3], expected[:, :, 3]), "transparent elsewhere"
    visible = found[:, :, 3] == 255
    assert np.array_equal(found[visible][:, :3], expected[visible][:, :3])
    if not is_bytes:
        assert np.array_equal(found[:, :, 4], expected[:, :, 4])
        assert len(np.unique(found[:, :, 4])) > 2


@pytest.mark.parametrize("atlas", LAYOUTS)
@pytest.mark.parametrize("name", LENSES)
def test_each_pixel_is_the_lens_s_colour_of_its_byte(site: Path, name: str, atlas: str) -> None:
    check_all_pixels(site, 8, name, atlas)


@pytest.mark.parametrize("atlas", LAYOUTS)
@pytest.mark.parametrize("name", ["class", "pointers", "bytes"])
def test_a_pixel_of_four_bytes(site_of_dwords: Path, name: str, atlas: str) -> None:
    """It shows the highest value of them."""
    check_all_pixels(site_of_dwords, 32, name, atlas)


def test_the_colours_are_those_of_the_legend(site: Path) -> None:
    """All that the map shows in full strength of a lens with categories, a legend explains."""
    eyes = LensEyes(site)
    for number, row in enumerate(eyes.manifest["lenses"]):
        if row["zoom"] != "foremost":
            continue
        told = {one["colour"] for one in row["legend"]}
        for atlas in eyes.manifest["atlases"]:
            pixels = eyes.full(atlas["lenses"][number]).reshape(-1, 5)
            seen = np.unique(pixels[pixels[:, 3] == 255][:, :3], axis=0).tolist()
            assert {"#{:02x}{:02x}{:02x}".format(*one) for one in seen} <= told


def test_atlases_share_the_bmps_and_the_lenses_share_the_places(site: Path) -> None:
    manifest = LensEyes(site).manifest
    assert [row["name"] for row in manifest["lenses"]] == list(LENSES)
    drawn = [row for row in manifest["regions"] if row["picture"] is not None]
    assert len(list((site / "pictures").glob("*/region.bmp"))) == len(manifest["pictures"])
    assert len(manifest["pictures"]) == len(drawn) == 3  # a module is one region
    shown = []
    for atlas in manifest["atlases"]:
        assert [one["lens"] for one in atlas["lenses"]] == list(range(len(LENSES)))
        sizes = {(one["pyramid"]["width"], one["pyramid"]["height"]) for one in atlas["lenses"]}
        assert len(sizes) == 1
        shown.append([(one["region"], one["picture"]) for one in atlas["placements"]])
    assert shown[0] == shown[1] == shown[2]
    paths = [one["path"] for atlas in manifest["atlases"] for one in atlas["lenses"]]
    assert len(set(paths)) == len(paths) == len(list((site / "atlases").iterdir()))


def test_the_check_is_clean(site: Path) -> None:
    assert run(["check", str(site)]) == 0


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for room in ("pictures", "atlases")
        for path in (folder / room).rglob("*")
    }


def test_a_second_build_writes_nothing_anew(tmp_path: Path, site: Path) -> None:
    config = write(tmp_path / "again")
    once = build(config)
    before, files = stamps(once), tree(once)
    build(config)
    assert stamps(once) == before
    assert tree(once) == files == tree(site)


def test_a_lens_more_keeps_those_that_are_there(tmp_path: Path) -> None:
    config = write(tmp_path / "more")
    text = config.read_text()
    config.write_text(text.replace('"words-big", ', ""))
    folder = build(config)
    before = stamps(folder)
    config.write_text(text)
    after = stamps(build(config))
    # A folder's own time may change, no file's does.
    assert {path: after[path] for path in before if "." in path} == {
        path: before[path] for path in before if "." in path
    }
    assert len(after) > len(before)


@pytest.mark.parametrize("changed_first", [False, True])
def test_a_change_gives_what_a_fresh_build_gives(tmp_path: Path, *, changed_first: bool) -> None:
    """There and back: some tiles are taken over, others are drawn out of them."""
    config = write(tmp_path / "one", changed=changed_first)
    build(config)
    write(tmp_path / "one", changed=not changed_first)
    second = tree(build(config))
    fresh = tree(build(write(tmp_path / "two", changed=not changed_first)))
    assert second == fresh
    assert run(["check", str(tmp_path / "one" / "site")]) == 0


@pytest.mark.parametrize("jobs", ["1", "8"])
def test_any_number_of_jobs_gives_the_same_folder(tmp_path: Path, site: Path, jobs: str) -> None:
    assert tree(build(write(tmp_path / "jobs"), "--jobs", jobs)) == tree(site)


REFUSED = {
    "entropy:100": ["entropy", "'100'", "64 to 4096 bytes, a power of two"],
    "entropi": ["'entropi' is no lens; did you mean entropy?"],
    "bytes:3": ["the lens bytes takes no number"],
    "entropy, 'entropy:256'": ["pictures.lenses[1]", "another lens of the name entropy"],
    "class, class": ["names a lens twice"],
}


@pytest.mark.parametrize("names", REFUSED)
def test_a_lens_that_there_is_not(tmp_path: Path, names: str) -> None:
    config = tmp_path / "config.yaml"
    (tmp_path / "dump.bin").write_bytes(b"x" * PAGE)
    quoted = names if "," in names else f"'{names}'"
    config.write_text(f"dump: {{path: dump.bin, format: raw}}\npictures: {{lenses: [{quoted}]}}\n")
    done = memtiles("build", config)
    assert done.code == 2
    assert len(done.errors) == 1
    assert all(words in done.errors[0] for words in REFUSED[names])
    assert not (tmp_path / "site").exists()


def test_engine_vips_has_no_lens_but_bytes(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    (tmp_path / "dump.bin").write_bytes(b"x" * PAGE)
    text = (
        "dump: {path: dump.bin, format: raw}\ntiles: {engine: vips}\npictures: {lenses: [LENS]}\n"
    )
    config.write_text(text.replace("LENS", "bytes, class"))
    done = memtiles("build", config)
    assert (done.code, len(done.errors)) == (2, 1)
    assert "pictures.lenses[1]: engine vips draws only the lens bytes" in done.errors[0]
    config.write_text(text.replace("LENS", "bytes"))
    assert memtiles("build", config, "--quiet").code == 0
