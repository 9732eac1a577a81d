"""Strips of a site as files: named, kept, made anew, swept, checked."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memtiles.cli import run
from reliability.builds import CONFIG, memtiles, tree, write_inputs
from sites import tiled

STRIPS = """\
strips:
- {name: library, region: 0x7fff00000000, format: tif}
- {name: heap, region: 0x10000000, crop: 200x300+10+20}
- {name: landscape, atlas: landscape}
- {name: landscape-bmp, atlas: landscape, format: bmp}
"""

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The config of `small_core` with four strips, in a folder of its own."""
    path = write_inputs(tmp_path)
    path.write_text(CONFIG + STRIPS)
    return path


def build(config: Path, *more: str) -> int:
    return run(["build", str(config), "--quiet", *more])


def rows(config: Path) -> list[dict[str, Any]]:
    manifest = json.loads((config.parent / "site" / "manifest.json").read_bytes())
    return list(manifest["strips"])


def marks(config: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of every strip and of its digest."""
    site = config.parent / "site"
    return {
        path.relative_to(site).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in site.glob("strips/*/*")
    }


def test_what_the_manifest_says_of_them(config: Path) -> None:
    assert build(config) == 0
    site = config.parent / "site"
    manifest = json.loads((site / "manifest.json").read_bytes())
    pyramid = tiled(manifest["atlases"][0])["pyramid"]
    whole = {"x": 0, "y": 0, "width": pyramid["width"], "height": pyramid["height"]}
    expected = [
        ("library", "tif", "0x7fff00000000", {"x": 0, "y": 0, "width": 1024, "height": 280}),
        ("heap", "png", "0x10000000", {"x": 10, "y": 20, "width": 200, "height": 300}),
        ("landscape", "png", None, whole),
        ("landscape-bmp", "bmp", None, whole),
    ]
    for row, (name, kind, start, crop) in zip(manifest["strips"], expected, strict=True):
        assert (row["name"], row["format"], row["file"]) == (name, kind, f"{name}.{kind}")
        assert {key: row[key] for key in crop} == crop
        assert row["dpi"] == 300
        region, atlas = row["region"], row["atlas"]
        assert atlas == (None if start else 0)
        assert region is None or manifest["regions"][region]["start"] == start
        content = (site / row["path"] / row["file"]).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        assert (row["size"], row["sha256"]) == (len(content), digest)
        line = (site / row["path"] / "strip.sha256").read_text()
        assert line == f"{digest}  {row['file']}\n"
    assert len(list((site / "strips").iterdir())) == 4


def test_a_second_build_leaves_them_alone(config: Path) -> None:
    assert build(config) == 0
    before = marks(config)
    assert len(before) == 8
    for more in ([], ["--rehash"], ["--mode", "0755"]):
        assert build(config, *more) == 0
        assert marks(config) == before


def test_only_what_changed_is_cut_anew(config: Path) -> None:
    assert build(config) == 0
    before = marks(config)
    changed = STRIPS.replace("200x300+10+20", "200x300+10+21").replace("tif}", "tif, dpi: 72}")
    config.write_text(CONFIG + changed)
    assert build(config) == 0
    after = marks(config)
    kept = {name for name in before if name.startswith("strips/landscape")}
    assert len(kept) == 4
    assert {name: mark for name, mark in after.items() if name in before} == {
        name: before[name] for name in kept
    }
    assert len(after) == len(before)
    assert run(["check", str(config.parent / "site"), "--quiet"]) == 0


def test_other_bytes_are_other_strips(config: Path) -> None:
    """The heap changes, so do its strip and those of the atlas; the library stays."""
    assert build(config) == 0
    before = marks(config)
    write_inputs(config.parent, "second")
    config.write_text(CONFIG + STRIPS)
    assert build(config) == 0
    after = marks(config)
    assert {name.split("-")[0] for name in before.keys() & after.keys()} == {"strips/library"}
    assert all(before[name] == after[name] for name in before.keys() & after.keys())


def test_a_strip_that_nothing_names_is_swept(config: Path) -> None:
    assert build(config) == 0
    site = config.parent / "site"
    (site / "strips" / "left-over").mkdir()
    assert build(config) == 0
    assert len(list((site / "strips").iterdir())) == 4
    config.write_text(CONFIG)
    assert build(config) == 0
    assert list((site / "strips").iterdir()) == []
    assert json.loads((site / "manifest.json").read_bytes())["strips"] == []


def test_they_are_private_or_as_the_mode_says(config: Path) -> None:
    def modes() -> set[tuple[bool, int]]:
        folder = config.parent / "site" / "strips"
        paths = [folder, *folder.rglob("*")]
        return {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths}

    assert build(config) == 0
    assert modes() == {(True, 0o700), (False, 0o600)}
    assert build(config, "--mode", "0755") == 0
    assert modes() == {(True, 0o755), (False, 0o644)}


def test_any_number_of_threads_writes_the_same(config: Path, tmp_path: Path) -> None:
    sites = []
    for jobs in ("1", "3"):
        sites.append(tmp_path / jobs)
        done = memtiles("build", config, "--quiet", "--jobs", jobs, "--output", sites[-1])
        assert (done.code, done.errors) == (0, [])
    assert tree(sites[0] / "strips") == tree(sites[1] / "strips")
    assert tree(sites[0]) == tree(sites[1])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("library.tif", ["--region", "0x7fff00000000"]),
        ("heap.png", ["--region", "0x10000000", "--crop", "200x300+10+20"]),
        ("landscape.png", ["--atlas", "landscape"]),
        ("landscape-bmp.bmp", ["--atlas", "landscape", "--dpi", "300"]),
    ],
)
def test_slice_cuts_the_very_same_file(config: Path, name: str, options: list[str]) -> None:
    assert build(config) == 0
    (strip,) = (config.parent / "site").glob(f"strips/*/{name}")
    out = config.parent / name
    assert run(["slice", str(config.parent / "site"), str(out), *options]) == 0
    assert out.read_bytes() == strip.read_bytes()


def test_a_name_that_windows_keeps_for_itself_or_is_none(config: Path) -> None:
    config.write_text(
        CONFIG + "strips:\n- {name: con, atlas: landscape}\n- {name: '---', atlas: landscape}\n"
        "- {name: console, atlas: landscape}\n"
    )
    assert build(config) == 0
    assert [row["file"] for row in rows(config)] == ["strip-con.png", "unnamed.png", "console.png"]
    assert run(["check", str(config.parent / "site"), "--quiet"]) == 0


def test_a_crop_may_touch_the_edges(config: Path) -> None:
    config.write_text(
        CONFIG + "strips:\n- {name: corner, region: 0x10000000, crop: 1x1+511+479}\n"
        "- {name: all, region: 0x10000000, crop: 512x480+0+0}\n"
    )
    assert build(config) == 0
    assert [(row["width"], row["height"]) for row in rows(config)] == [(1, 1), (512, 480)]


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x10
    file.write_bytes(content)


HARMS = {
    "changed": damage,
    "gone": Path.unlink,
    "cut": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"\0"),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
@pytest.mark.parametrize("pattern", ["library-*/library.tif", "heap-*/heap.png", "heap-*/*.sha256"])
def test_damage_is_found_and_mended(
    config: Path, capsys: Capture, pattern: str, harm: Callable[[Path], object]
) -> None:
    site = config.parent / "site"
    assert build(config) == 0
    before = tree(site)
    (file,) = (site / "strips").glob(pattern)
    harm(file)
    capsys.readouterr()
    assert run(["check", str(site), "--quiet"]) == 7
    line, _ = capsys.readouterr().err.splitlines()
    assert line.startswith(f"memtiles: {file.relative_to(site).as_posix()}: ")
    assert build(config, "--rehash") == 0
    assert tree(site) == before


@pytest.mark.parametrize("pattern", ["heap-*/heap.png", "heap-*/strip.sha256"])
def test_a_build_over_a_strip_that_is_gone_says_how_to_mend_it(
    config: Path, capsys: Capture, pattern: str
) -> None:
    assert build(config) == 0
    (file,) = (config.parent / "site" / "strips").glob(pattern)
    file.unlink()
    capsys.readouterr()
    assert build(config) == 7
    (line,) = capsys.readouterr().err.splitlines()
    assert str(file) in line
    assert "--rehash" in line


def test_the_build_says_where_they_are(config: Path, capsys: Capture) -> None:
    assert run(["build", str(config)]) == 0
    lines = capsys.readouterr().out.splitlines()
    site = config.parent / "site"
    paths = [site / row["path"] / row["file"] for row in rows(config)]
    assert [line for line in lines if line.startswith("strip ")] == [
        f"strip {one}" for one in paths
    ]
