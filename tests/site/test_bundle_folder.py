"""Thousands of small regions share BMPs: each is as readable as in a folder of its own."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from builders.elf import Load
from builders.segments import core_of, mixed_segments
from exports.exported import bmp_of, body, colours, seen
from memtiles.cli import run
from sites import SiteEyes, expected_colour, tiled

MIB = 1 << 20
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "manifest.schema.json"
LOOKS = ["rows 8", "rows 16", "rows 24", "rows 32", "classic 8"]
STRIP_OF = mixed_segments()[3]


@dataclass(frozen=True)
class Built:
    """A site of `mixed_segments`, beside its core, and its regions by their segments."""

    eyes: SiteEyes
    layout: str
    bits: int

    @property
    def site(self) -> Path:
        return self.eyes.folder

    @property
    def manifest(self) -> dict[str, Any]:
        return self.eyes.manifest

    def drawn(self) -> list[tuple[Load, dict[str, Any], dict[str, Any]]]:
        """Each segment with its region and its picture."""
        regions = {int(row["start"], 16): row for row in self.manifest["regions"]}
        found = []
        for load in mixed_segments():
            region = regions[load.vaddr]
            found.append((load, region, self.manifest["pictures"][region["picture"]]))
        return found


@pytest.fixture(scope="module", params=LOOKS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    layout, bits = request.param.split()
    folder = tmp_path_factory.mktemp("bundled")
    (folder / "app.core").write_bytes(core_of(mixed_segments()))
    (folder / "config.yaml").write_text(
        f"dump: app.core\npictures: {{layout: {layout}, bits: {bits}}}\n"
        f"strips: [{{name: cut, region: {STRIP_OF.vaddr:#x}, format: bmp}}]\n"
    )
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0
    return Built(SiteEyes(folder / "site"), layout, int(bits))


def whole_size(load: Load) -> int:
    return len(load.data) if load.memsz is None else load.memsz


def presence(load: Load) -> list[list[str]]:
    """The run list that a folder of its own would have."""
    return [["0x0", hex(len(load.data))]] if load.data else []


def test_every_segment_is_a_region_of_that_size(built: Built) -> None:
    rows = built.manifest["regions"]
    assert [(int(row["start"], 16), int(row["size"], 16), int(row["present"], 16)) for row in rows]
    assert len(rows) == len(mixed_segments())
    for load, region, picture in built.drawn():
        assert int(region["size"], 16) == int(picture["size"], 16) == whole_size(load)
        assert int(region["present"], 16) == len(load.data)


def test_small_ones_share_and_large_ones_do_not(built: Built) -> None:
    by_folder: dict[str, list[tuple[Load, dict[str, Any]]]] = defaultdict(list)
    for load, _, picture in built.drawn():
        by_folder[picture["path"]].append((load, picture))
    for path, members in by_folder.items():
        kind = path.partition("/")[0]
        if kind == "pictures":
            assert len({picture["first"] for _, picture in members}) == 1
            assert members[0][1]["first"] == "0x0"
        else:
            assert kind == "bundles"
            assert all(whole_size(load) < MIB for load, _ in members)
            shapes = {(row["layout"], row["bits"], row["width"]) for _, row in members}
            assert len(shapes) == 1
            assert len({row["first"] for _, row in members}) == len(members) > 1
    large = [row for load, _, row in built.drawn() if whole_size(load) >= MIB]
    assert len(large) == 2
    assert all(row["path"].startswith("pictures/") for row in large)
    # What fits into no bundle: at most one picture of each shape.
    alone = [path for path in by_folder if path.startswith("pictures/")]
    shapes = {(row["layout"], row["width"]) for row in built.manifest["pictures"]}
    assert len(alone) <= 2 + len(shapes)


def test_few_files(built: Built) -> None:
    """Three for each BMP; and there are no more of these than widths, for all fit in 16 MiB."""
    sizes: dict[tuple[str, int], int] = defaultdict(int)
    for row in built.manifest["pictures"]:
        sizes[row["layout"], row["width"]] += row["width"] * row["height"] * built.bits // 8
    bundles = sum(1 + size // (16 * MIB) for size in sizes.values())
    files = [
        path
        for path in built.site.rglob("*")
        if path.is_file() and path.relative_to(built.site).parts[0] != "atlases"
    ]
    page_and_strip, large = 12, 2
    assert len(files) <= 3 * (bundles + large) + page_and_strip
    if built.layout == "rows":
        assert len(files) < 3 * 4200 // 4096 + 40


def test_bytes_are_where_the_bmp_row_says(built: Built) -> None:
    content = {
        path: path.read_bytes()
        for path in built.site.glob("*/*/*.bmp")
        if path.parent.parent.name != "strips"
    }
    for load, _, row in built.drawn():
        (part,) = row["bmp"]
        raw = content[built.site / row["path"] / part["file"]]
        start, size = part["offset"], whole_size(load)
        assert raw[start : start + size] == load.data.ljust(size, b"\0")
        assert part["size"] == len(raw)
        assert (part["first_row"], part["rows"]) == (0, row["height"])
        header = 1078 if built.bits == 8 else 54
        assert start == header + int(row["first"], 16)
        # From one row on, so that the picture is a piece of the image that the BMP shows.
        assert int(row["first"], 16) % (row["width"] * built.bits // 8) == 0


def test_pictures_do_not_overlap_and_zeros_lie_between_them(built: Built) -> None:
    for path in built.site.glob("bundles/*"):
        members = sorted(
            (int(row["first"], 16), int(row["size"], 16), row["width"] * row["height"])
            for row in built.manifest["pictures"]
            if row["path"] == f"bundles/{path.name}"
        )
        raster = np.frombuffer(body(path / "bundle.bmp"), np.uint8).copy()
        for first, size, _ in members:
            raster[first : first + size] = 0
        assert not raster.any()
        for (first, size, pixels), (following, *_) in itertools.pairwise(members):
            assert first + max(size, pixels * built.bits // 8) <= following


def test_the_bmp_is_one_that_others_open(built: Built) -> None:
    """Every field of the header is right, and Pillow sees the pixels that the bytes make."""
    paths = list(built.site.glob("bundles/*/bundle.bmp"))
    assert paths
    for path in paths:
        header = bmp_of(path)
        raster = body(path)
        assert len(raster) == header.width * header.height * built.bits // 8
        expected = colours(raster, built.bits, header.width, header.height)
        found = seen(path)
        assert found.shape == expected.shape
        assert np.array_equal(found[:, :, :3], expected[:, :, :3])


def test_the_run_list_tells_what_of_each_is_present(built: Built) -> None:
    lists: dict[str, list[tuple[int, int]]] = {}
    for load, _, row in built.drawn():
        folder = built.site / row["path"]
        if row["path"] not in lists:
            text = (folder / row["runs"]["file"]).read_bytes()
            assert hashlib.sha256(text).hexdigest() == row["runs"]["sha256"]
            content = json.loads(text)
            assert content["version"] == 1
            if row["path"].startswith("bundles/"):
                assert int(content["size"], 16) == len(body(folder / "bundle.bmp"))
                script = f'memtilesRuns("{row["path"]}", '.encode() + text + b");\n"
                assert (folder / "runs.js").read_bytes() == script
            pieces = [(int(start, 16), int(size, 16)) for start, size in content["runs"]]
            ends = [start + size for start, size in pieces]
            starts = [start for start, _ in pieces]
            assert all(end < start for end, start in zip(ends, starts[1:], strict=False))
            lists[row["path"]] = pieces
        first, size = int(row["first"], 16), whole_size(load)
        clipped = []
        near = bisect_left(lists[row["path"]], (first, 0))
        for start, length in lists[row["path"]][max(0, near - 1) : near + 3]:
            low, high = max(start, first), min(start + length, first + size)
            if low < high:
                clipped.append([hex(low - first), hex(high - low)])
        assert clipped == presence(load)
        whole = len(load.data) == size
        assert row["runs"]["whole"] is whole
        assert row["runs"]["script"] == (None if whole else "runs.js")
        assert row["runs"]["pieces"] == len(clipped)


def test_digests_are_those_of_a_folder_of_its_own(built: Built) -> None:
    """The definition of docs/manifest.md, computed here: of bytes alone, wherever they lie."""
    for load, region, _ in built.drawn():
        run_list = {"version": 1, "size": hex(whole_size(load)), "runs": presence(load)}
        text = json.dumps(run_list, separators=(",", ":")).encode()
        for start in range(0, whole_size(load), MIB):
            text += hashlib.sha256(load.data[start : start + MIB]).digest()
        assert region["sha256"] == hashlib.sha256(text).hexdigest()


def test_pixels_of_the_atlas(built: Built) -> None:
    (atlas,) = built.manifest["atlases"]
    loads = {load.vaddr: load for load in mixed_segments()}
    choose = random.Random(built.bits)
    wanted: list[tuple[int, int, int, int, Any]] = []
    size = tiled(atlas)["pyramid"]["tile_size"]
    for placement in atlas["placements"]:
        region = built.manifest["regions"][placement["region"]]
        picture = built.manifest["pictures"][placement["picture"]]
        assert placement["picture"] == region["picture"]
        load = loads[int(region["start"], 16)]
        count, total = built.bits // 8, whole_size(load)
        for corner in (True, False):
            x = picture["width"] - 1 if corner else choose.randrange(picture["width"])
            y = picture["height"] - 1 if corner else choose.randrange(picture["height"])
            first = (y * picture["width"] + x) * count
            values = [
                load.data[at] if at < len(load.data) else None
                for at in range(first, min(first + count, total))
            ]
            left, top = placement["x"] + x, placement["y"] + y
            expected = expected_colour(values, built.bits)
            wanted.append((top // size, left // size, left, top, expected))
    wanted.sort(key=lambda one: one[:2])
    for _, _, left, top, expected in wanted:
        found = built.eyes.pixel(atlas, left, top)
        assert found == expected, (left, top)
    assert sum(expected is None for *_, expected in wanted) > 100
    assert len(wanted) == 2 * len(loads)


@pytest.mark.parametrize("number", [0, 3, 13, 500, 507, 1040, 4199])
def test_a_region_is_sliced_like_any_other(built: Built, tmp_path: Path, number: int) -> None:
    load, region, picture = built.drawn()[number]
    out = tmp_path / "out.png"
    name = hex(load.vaddr) if number % 2 else region["name"]
    assert run(["slice", str(built.site), str(out), "--region", name]) == 0
    there = np.zeros(whole_size(load), np.uint8)
    there[: len(load.data)] = 1
    data = load.data.ljust(whole_size(load), b"\0")
    width, height = picture["width"], picture["height"]
    assert np.array_equal(seen(out), colours(data, built.bits, width, height, there))


def test_what_extract_writes_lies_in_the_bundle(built: Built, tmp_path: Path) -> None:
    load, _, row = built.drawn()[13]
    assert whole_size(load) > len(load.data), "the end is missing"
    core, out = built.site.parent / "app.core", tmp_path / "out.bin"
    assert run(["extract", str(core), str(out), "--region", hex(load.vaddr)]) == 0
    (part,) = row["bmp"]
    raw = (built.site / row["path"] / part["file"]).read_bytes()
    assert out.read_bytes() == raw[part["offset"] : part["offset"] + int(row["size"], 16)]


def test_a_strip_of_one_is_its_own_bytes(built: Built) -> None:
    """Those that have no pixel of their own are missing, and so are the last ones."""
    (strip,) = built.manifest["strips"]
    load, _, row = built.drawn()[3]
    assert load is STRIP_OF
    there = np.zeros(whole_size(load), np.uint8)
    there[: len(load.data)] = 1
    data = load.data.ljust(whole_size(load), b"\0")
    expected = colours(data, built.bits, row["width"], row["height"], there)
    found = seen(built.site / strip["path"] / strip["file"])
    present = expected[:, :, 3] > 0
    assert np.array_equal(found[present], expected[present])
    assert present.any()
    assert not present.all()
    assert np.all(found[~present] == (255, 0, 255, 255))


def test_a_pyramid_of_one_for_another_viewer(built: Built, tmp_path: Path) -> None:
    load, _, row = built.drawn()[20]
    out = tmp_path / "one.dzi"
    name = hex(load.vaddr)
    words = ["export", str(built.site), "--region", name, "--to", "dzi", "-o", str(out)]
    assert run(words) == 0
    levels = (max(row["width"], row["height"]) - 1).bit_length()
    tile = tmp_path / "one_files" / str(levels) / "0_0.png"
    there = np.ones(whole_size(load), np.uint8)
    expected = colours(load.data, built.bits, row["width"], row["height"], there)
    assert np.array_equal(seen(tile), expected[:512, :512])


def test_the_whole_site_is_sound(built: Built) -> None:
    assert run(["check", str(built.site), "--quiet"]) == 0


@pytest.mark.parametrize("words", [["check"], ["slice", "--crop", "64x64+0+0"]], ids=lambda w: w[0])
def test_a_run_list_that_thousands_share_is_read_once(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Read for each picture, it would cost the square of their number: minutes."""
    read: Counter[str] = Counter()
    plain = Path.read_bytes

    def counted(path: Path) -> bytes:
        read[str(path)] += 1
        # Enough is known; what is wrong should not take minutes.
        assert read[str(path)] <= 5
        return plain(path)

    if (built.layout, built.bits) != ("rows", 8):
        pytest.skip("is the same however they are drawn")
    monkeypatch.setattr(Path, "read_bytes", counted)
    command, *options = words
    out = [str(tmp_path / "out.png")] if command == "slice" else []
    assert run([command, str(built.site), *out, *options]) == 0
    assert any(path.endswith("/runs.json") for path in read)


def test_the_manifest_fits_the_schema(built: Built) -> None:
    """Rows of a kind are alike: a few hundred of each."""
    schema = json.loads(SCHEMA.read_text(encoding="ascii"))
    few = dict(built.manifest)
    for key in ("regions", "pictures"):
        few[key] = few[key][::16]
    few["atlases"] = [{**one, "placements": one["placements"][::16]} for one in few["atlases"]]
    jsonschema.validate(few, schema, cls=jsonschema.Draft202012Validator)
