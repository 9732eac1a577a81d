"""`memtiles check` names the very file that is not what the build wrote."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memtiles.cli import run
from reliability.builds import CONFIG, write_inputs


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of `small_core`: a picture with holes, padding and a pyramid is among them.

    The heap is 200,123 bytes of 60 pages, so it has a hole at its end; a row of its picture is 512
    bytes, so its last row is whole, and that of a range of 1,000 bytes is not.
    """
    folder = tmp_path_factory.mktemp("built")
    config = write_inputs(folder)
    config.write_text(CONFIG + "regions: {ranges: [{name: odd, range: 0x20000000+0x3e8}]}\n")
    assert run(["build", str(config), "--quiet"]) == 0
    return folder / "site"


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    """A copy of the site, to be damaged."""
    return Path(shutil.copytree(built, tmp_path / "site"))


def check(site: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """The exit code, and the complaints without the count that comes last."""
    capsys.readouterr()
    code = run(["check", str(site), "--quiet"])
    lines = [line.removeprefix("memtiles: ") for line in capsys.readouterr().err.splitlines()]
    return code, lines[:-1] if code == 7 else lines


def flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 0x10
    file.write_bytes(content)


def only(site: Path, pattern: str) -> Path:
    (found,) = site.glob(pattern)
    return found


HEAP = "pictures/anonymous-0x10000000-*"
ODD = "pictures/odd-*"
LANDSCAPE = "atlases/landscape-*"
RASTER = 14 + 40 + 1024


def test_a_sound_site(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["check", str(built)]) == 0
    out, err = capsys.readouterr()
    assert "sound" in out
    assert err == ""


@pytest.mark.parametrize(
    ("pattern", "at", "why"),
    [
        (f"{HEAP}/region.bmp", 0, "header"),
        (f"{HEAP}/region.bmp", 22, "header"),
        (f"{HEAP}/region.bmp", RASTER - 1, "header"),
        (f"{HEAP}/region.bmp", RASTER, "bytes are changed"),
        (f"{HEAP}/region.bmp", RASTER + 123_456, "bytes are changed"),
        (f"{HEAP}/region.bmp", RASTER + 200_122, "bytes are changed"),
        (f"{HEAP}/region.bmp", RASTER + 200_123, "holes"),
        (f"{HEAP}/region.bmp", RASTER + 60 * 4096 - 1, "holes"),
        (f"{ODD}/region.bmp", RASTER + 999, "bytes are changed"),
        (f"{ODD}/region.bmp", RASTER + 1000, "padding"),
        (f"{ODD}/region.bmp", -1, "padding"),
        (f"{HEAP}/runs.json", 3, "changed"),
        (f"{ODD}/runs.json", -3, "changed"),
        (f"{HEAP}/runs.js", 5, "not the same"),
        (f"{HEAP}/tiles.dzi", 30, "changed"),
        (f"{HEAP}/tiles.sha256", 0, "changed"),
        (f"{HEAP}/tiles_files/0/0_0.png", 20, "changed"),
        (f"{HEAP}/tiles_files/9/1_1.png", -1, "changed"),
        (f"{LANDSCAPE}/tiles.dzi", 30, "changed"),
        (f"{LANDSCAPE}/tiles.sha256", 100, "changed"),
        (f"{LANDSCAPE}/tiles_files/7/0_0.png", 40, "changed"),
        ("manifest.js", 100, "not the same"),
        ("index.html", 10, "changed"),
        ("viewer.js", 1000, "changed"),
        ("viewer.css", 0, "changed"),
        ("icon.svg", 0, "changed"),
        ("licenses.txt", 0, "changed"),
    ],
)
def test_a_flipped_bit(
    site: Path, capsys: pytest.CaptureFixture[str], pattern: str, at: int, why: str
) -> None:
    file = only(site, pattern)
    flip(file, at)
    code, lines = check(site, capsys)
    assert code == 7
    (line,) = lines
    assert line.startswith(f"{file.relative_to(site)}: ")
    assert why in line


@pytest.mark.parametrize(
    "pattern",
    [
        f"{HEAP}/region.bmp",
        f"{HEAP}/runs.json",
        f"{HEAP}/runs.js",
        f"{HEAP}/tiles.dzi",
        f"{HEAP}/tiles.sha256",
        f"{HEAP}/tiles_files/9/0_0.png",
        f"{LANDSCAPE}/tiles_files/0/0_0.png",
        "manifest.js",
        "viewer.js",
    ],
)
@pytest.mark.parametrize("harm", [Path.unlink, lambda file: flip_size(file)], ids=["gone", "cut"])
def test_a_file_that_is_gone_or_cut(
    site: Path, capsys: pytest.CaptureFixture[str], pattern: str, harm: Callable[[Path], None]
) -> None:
    file = only(site, pattern)
    harm(file)
    code, lines = check(site, capsys)
    assert code == 7
    (line,) = lines
    assert line.startswith(f"{file.relative_to(site)}: ")


def flip_size(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize("pattern", [HEAP, LANDSCAPE])
def test_a_stray_tile(site: Path, capsys: pytest.CaptureFixture[str], pattern: str) -> None:
    """As dzsave over an older pyramid would leave it."""
    tile = only(site, pattern) / "tiles_files" / "9" / "99_0.png"
    tile.write_bytes(b"left over")
    code, lines = check(site, capsys)
    assert (code, lines) == (7, [f"{tile.relative_to(site)}: is a tile that no list names"])


@pytest.mark.parametrize(
    "text",
    [
        b"no blanks\n",
        b"\xff\xff  tiles.dzi\n",
        b"0" * 64 + b"  ../../../../etc/passwd\n",
        b"0" * 64 + b"  /etc/passwd\n",
        b"0" * 64 + b"  tiles_files/../../region.bmp\n",
    ],
)
def test_a_hostile_list_leads_nowhere(
    site: Path, capsys: pytest.CaptureFixture[str], text: bytes
) -> None:
    """Whoever made the site made its manifest, too, so the list has the digest that it names."""
    file = only(site, f"{HEAP}/tiles.sha256")
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_bytes(text)
    for name in ("manifest.json", "manifest.js"):
        manifest = (site / name).read_text()
        (site / name).write_text(manifest.replace(before, hashlib.sha256(text).hexdigest()))
    code, lines = check(site, capsys)
    assert (code, lines) == (7, [f"{file.relative_to(site)}: is not a list of tiles"])


def test_every_damage_is_named(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [only(site, one) for one in (f"{HEAP}/region.bmp", f"{ODD}/runs.json", "viewer.js")]
    for file in files:
        flip(file, -1)
    code, lines = check(site, capsys)
    assert code == 7
    assert {line.split(": ")[0] for line in lines} == {
        str(file.relative_to(site)) for file in files
    }


def test_a_picture_folder_that_is_gone(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = only(site, ODD)
    shutil.rmtree(folder)
    code, lines = check(site, capsys)
    assert code == 7
    assert all(line.startswith(f"{folder.relative_to(site)}/") for line in lines)


@pytest.mark.parametrize(
    ("version", "code"),
    [(4, 2), (2, 2), (1, 2), (0, 2), ("1", 2), (None, 2), ([], 2), (True, 2), (1.5, 2)],
)
def test_an_unknown_version(
    site: Path, capsys: pytest.CaptureFixture[str], version: Any, code: int
) -> None:
    file = site / "manifest.json"
    content = json.loads(file.read_bytes())
    file.write_text(json.dumps({**content, "version": version}))
    capsys.readouterr()
    assert run(["check", str(site)]) == code
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "{}", '{"version": 3}', "[" * 100_000])
def test_a_manifest_that_is_none(site: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (site / "manifest.json").write_text(text)
    capsys.readouterr()
    assert run(["check", str(site)]) == 7
    (line,) = capsys.readouterr().err.splitlines()
    assert "manifest.json" in line


@pytest.mark.parametrize("name", ["nothing", "empty", "file"])
def test_no_site_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    assert run(["check", str(tmp_path / name)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
