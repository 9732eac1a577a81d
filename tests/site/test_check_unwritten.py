"""Tiles without a file: each is below an entry of the list, and `check` holds that it is."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders.elf import Load, elf_core
from memtiles.cli import run
from sites import tiled

TILE = 256


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bytes, zeros and holes, each of many tiles, and in one another; one region has a pyramid."""
    folder = tmp_path_factory.mktemp("unwritten")
    randbytes = random.Random(5).randbytes
    data = randbytes(300_000) + bytes(1_500_000) + randbytes(300_000)
    loads = [
        Load(0x1000_0000, data, memsz=4_000_000, flags=6),
        Load(0x2000_0000, b"one byte of a page"[:1], memsz=4096, flags=6),
        Load(0x3000_0000, bytes(900_000), flags=6),
    ]
    (folder / "app.core").write_bytes(elf_core(loads))
    (folder / "config.yaml").write_text(
        f"dump: app.core\ntiles: {{size: {TILE}, region_pyramids_from: 1MiB}}\n"
    )
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0
    return folder / "site"


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    """A copy of the site, to be damaged."""
    return Path(shutil.copytree(built, tmp_path / "site"))


def rows_of(site: Path) -> list[dict[str, Any]]:
    """All pyramids: rows of pictures and atlases that have one."""
    manifest = json.loads((site / "manifest.json").read_bytes())
    rows = [*manifest["pictures"], *map(tiled, manifest["atlases"])]
    return [row for row in rows if row["pyramid"]]


def all_tiles(width: int, height: int, size: int) -> dict[str, tuple[int, int, int]]:
    """Every tile of a Deep Zoom pyramid, as the format counts them."""
    sides = [(width, height)]
    while sides[-1] != (1, 1):
        sides.append(((sides[-1][0] + 1) // 2, (sides[-1][1] + 1) // 2))
    return {
        f"{level}/{column}_{row}": (level, column, row)
        for level, (wide, high) in enumerate(reversed(sides))
        for column in range((wide + size - 1) // size)
        for row in range((high + size - 1) // size)
    }


def entry_above(tile: tuple[int, int, int], tops: dict[str, str]) -> list[str]:
    """The entries that a tile is, or lies below."""
    level, column, row = tile
    names = [f"{level - up}/{column >> up}_{row >> up}" for up in range(level + 1)]
    return [name for name in names if name in tops]


def lists_of(folder: Path) -> tuple[dict[str, str], set[str]]:
    """What is listed as uniform, by tile, and the tiles that have a file by the list of files."""
    content = json.loads((folder / "unwritten.json").read_bytes())
    tops = {name: what for what in ("blank", "zero") for name in content[what]}
    assert len(tops) == len(content["blank"]) + len(content["zero"])
    names = {line[66:] for line in (folder / "tiles.sha256").read_text().splitlines()}
    prefix, suffix = "tiles_files/", ".png"
    written = {one.removeprefix(prefix)[: -len(suffix)] for one in names if one.startswith(prefix)}
    return tops, written


def test_every_tile_is_written_or_below_exactly_one_entry(built: Path) -> None:
    rows = rows_of(built)
    assert len(rows) == 2
    for row in rows:
        pyramid, folder = row["pyramid"], built / row["path"]
        tops, written = lists_of(folder)
        tiles = all_tiles(pyramid["width"], pyramid["height"], pyramid["tile_size"])
        assert {*tops, *written} <= set(tiles)
        assert pyramid["tiles"] == len(written)
        assert pyramid["levels"] == 1 + max(level for level, *_ in tiles.values())
        for name, tile in tiles.items():
            assert len(entry_above(tile, tops)) == (name not in written), name
            assert (folder / "tiles_files" / f"{name}.png").exists() == (name in written)
        assert set(tops.values()) == {"blank", "zero"}
        assert len(tops) + len(written) < len(tiles)
        for what in ("blank", "zero"):
            assert (folder / f"{what}.png").is_file()


def test_the_script_is_the_same_list(built: Path) -> None:
    for row in rows_of(built):
        folder = built / row["path"]
        text = (folder / row["pyramid"]["unwritten"]).read_bytes()
        script = (folder / row["pyramid"]["unwritten_script"]).read_text()
        start = f'memtilesUnwritten("{row["path"]}", '
        assert script.startswith(start)
        assert json.loads(script.removeprefix(start).removesuffix(");\n")) == json.loads(text)


def test_a_pyramid_whose_tiles_are_all_written_needs_no_script(tmp_path: Path) -> None:
    (tmp_path / "memory.bin").write_bytes(random.Random(1).randbytes(1 << 16))
    (tmp_path / "config.yaml").write_text(
        "dump: {path: memory.bin, format: raw}\ntiles: {size: 256, region_pyramids_from: 1}\n"
    )
    assert run(["build", str(tmp_path / "config.yaml"), "--quiet"]) == 0
    site = tmp_path / "site"
    (picture, _) = rows_of(site)
    assert picture["pyramid"]["unwritten_script"] is None
    assert not (site / picture["path"] / "unwritten.js").exists()
    assert json.loads((site / picture["path"] / "unwritten.json").read_bytes()) == {
        "version": 1, "blank": [], "zero": [],
    }  # fmt: skip
    assert run(["check", str(site), "--quiet"]) == 0


# ------------------------------------------------------------------------------------- damage


def damage(site: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What `check` says, without the count that comes last."""
    capsys.readouterr()
    assert run(["check", str(site), "--quiet"]) == 7
    lines = capsys.readouterr().err.splitlines()
    return [line.removeprefix("memtiles: ") for line in lines][:-1]


def sign(site: Path, row: dict[str, Any], unwritten: bytes, without: str | None = None) -> None:
    """Other lists in a pyramid's folder, with all digests and twins made to fit.

    Args:
        site: Where.
        row: Which.
        unwritten: The new `unwritten.json`.
        without: A line's path that the list of files does not have any more.
    """
    folder = site / row["path"]
    (folder / "unwritten.json").write_bytes(unwritten)
    script = f'memtilesUnwritten("{row["path"]}", '.encode() + unwritten + b");\n"
    (folder / "unwritten.js").write_bytes(script)
    lines = []
    for line in (folder / "tiles.sha256").read_text().splitlines():
        if line[66:] == "unwritten.json":
            line = f"{hashlib.sha256(unwritten).hexdigest()}  unwritten.json"
        if line[66:] != without:
            lines.append(f"{line}\n")
    before = hashlib.sha256((folder / "tiles.sha256").read_bytes()).hexdigest()
    (folder / "tiles.sha256").write_text("".join(lines))
    after = hashlib.sha256("".join(lines).encode()).hexdigest()
    for name in ("manifest.json", "manifest.js"):
        text = (site / name).read_text()
        assert before in text
        (site / name).write_text(text.replace(before, after))


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> bytes:
    content = json.loads((folder / "unwritten.json").read_bytes())
    change(content)
    return json.dumps(content, separators=(",", ":")).encode()


@pytest.fixture(params=[0, 1], ids=["picture", "atlas"])
def pyramid(request: pytest.FixtureRequest, site: Path) -> dict[str, Any]:
    """The row of each pyramid of the copy."""
    return rows_of(site)[request.param]


def test_the_signing_is_right(site: Path, pyramid: dict[str, Any]) -> None:
    sign(site, pyramid, (site / pyramid["path"] / "unwritten.json").read_bytes())
    assert run(["check", str(site), "--quiet"]) == 0


@pytest.mark.parametrize("what", ["blank", "zero"])
def test_an_entry_is_gone(
    site: Path, pyramid: dict[str, Any], capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """Then a tile is neither written nor listed, and it is the topmost one that is named."""
    folder = site / pyramid["path"]
    gone = json.loads((folder / "unwritten.json").read_bytes())[what][-1]
    sign(site, pyramid, changed(folder, lambda lists: lists[what].remove(gone)))
    assert damage(site, capsys) == [
        f"{pyramid['path']}/tiles_files/{gone}.png: neither written nor listed as uniform"
    ]


@pytest.mark.parametrize("level", ["first", "last"])
def test_a_tile_is_gone_and_its_line(
    site: Path, pyramid: dict[str, Any], capsys: pytest.CaptureFixture[str], level: str
) -> None:
    folder = site / pyramid["path"]
    _, written = lists_of(folder)
    number = (min if level == "first" else max)(int(name.split("/")[0]) for name in written)
    name = min(one for one in written if one.startswith(f"{number}/"))
    file = f"tiles_files/{name}.png"
    (folder / file).unlink()
    sign(site, pyramid, (folder / "unwritten.json").read_bytes(), without=file)
    assert damage(site, capsys) == [
        f"{pyramid['path']}/{file}: neither written nor listed as uniform"
    ]


def test_a_tile_is_gone_and_its_line_is_not(
    site: Path, pyramid: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = site / pyramid["path"]
    _, written = lists_of(folder)
    file = f"tiles_files/{max(written)}.png"
    (folder / file).unlink()
    assert damage(site, capsys) == [f"{pyramid['path']}/{file}: missing"]


def test_a_written_tile_is_listed(
    site: Path, pyramid: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """A page would show zeros in its place."""
    folder = site / pyramid["path"]
    _, written = lists_of(folder)
    last = max(int(name.split("/")[0]) for name in written)
    name = min(one for one in written if one.startswith(f"{last}/"))
    sign(site, pyramid, changed(folder, lambda lists: lists["zero"].append(name)))
    (line,) = damage(site, capsys)
    assert line.startswith(f"{pyramid['path']}/tiles_files/{name}.png: ")
    assert "listed besides" in line


def test_a_tile_above_written_ones_is_listed(
    site: Path, pyramid: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole pyramid in one entry, as if nothing were in it."""
    folder = site / pyramid["path"]
    sign(site, pyramid, changed(folder, lambda lists: lists["blank"].append("0/0_0")))
    (line,) = damage(site, capsys)
    assert "listed besides" in line


def test_an_entry_below_another(
    site: Path, pyramid: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = site / pyramid["path"]
    tops, _ = lists_of(folder)
    tiles = all_tiles(*(pyramid["pyramid"][key] for key in ("width", "height", "tile_size")))
    name = next(
        name for name, tile in tiles.items() if name not in tops and entry_above(tile, tops)
    )
    for what in ("blank", "zero"):
        before = (folder / "unwritten.json").read_bytes()
        sign(site, pyramid, changed(folder, lambda lists, what=what: lists[what].append(name)))
        (line,) = damage(site, capsys)
        assert line.startswith(f"{pyramid['path']}/tiles_files/{name}.png: ")
        assert "listed besides" in line
        # As it was, but for the manifest, whose digests are made to fit again.
        sign(site, rows_of(site)[0 if "pictures" in pyramid["path"] else 1], before)


def test_an_entry_in_both_lists(
    site: Path, pyramid: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """It cannot be both: which one a page shows is chance."""
    folder = site / pyramid["path"]
    name = json.loads((folder / "unwritten.json").read_bytes())["blank"][-1]
    sign(site, pyramid, changed(folder, lambda lists: lists["zero"].append(name)))
    assert damage(site, capsys)


@pytest.mark.parametrize("place", ["99/0_0", "0/1_0", "0/0_1", "7/999_0", "7/0_999"])
def test_an_entry_outside_the_pyramid(
    site: Path, pyramid: dict[str, Any], capsys: pytest.CaptureFixture[str], place: str
) -> None:
    folder = site / pyramid["path"]
    sign(site, pyramid, changed(folder, lambda lists: lists["zero"].append(place)))
    assert damage(site, capsys) == [
        f"{pyramid['path']}/tiles_files/{place}.png: is no tile of this pyramid"
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"[]", b"7", b"null", b"\xff", b"[" * 100_000,
        b'{"version":2,"blank":[],"zero":[]}', b'{"version":1,"blank":[]}',
        b'{"version":1,"blank":7,"zero":[]}', b'{"version":1,"blank":[7],"zero":[]}',
        b'{"version":1,"blank":["../x"],"zero":[]}', b'{"version":1,"blank":["0/0_-1"],"zero":[]}',
        b'{"version":1,"blank":["0/0_0\\n"],"zero":[]}',
        b'{"version":1,"blank":["00/0_0"],"zero":[]}',
    ],
)  # fmt: skip
def test_a_list_that_is_none(site: Path, capsys: pytest.CaptureFixture[str], text: bytes) -> None:
    row = rows_of(site)[0]
    sign(site, row, text)
    assert damage(site, capsys) == [
        f"{row['path']}/unwritten.json: is not a list of unwritten tiles"
    ]


@pytest.mark.parametrize("name", ["unwritten.json", "unwritten.js", "blank.png", "zero.png"])
@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_what_tiles_share_is_gone_or_changed(
    site: Path, pyramid: dict[str, Any], capsys: pytest.CaptureFixture[str], name: str, harm: str
) -> None:
    file = site / pyramid["path"] / name
    if harm == "gone":
        file.unlink()
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    lines = damage(site, capsys)
    assert lines[0].startswith(f"{pyramid['path']}/{name}: ")
    if name != "unwritten.json":
        assert len(lines) == 1


@pytest.mark.parametrize("what", ["blank", "zero"])
def test_a_shared_tile_that_no_list_has(
    site: Path, pyramid: dict[str, Any], capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """Tiles are listed as such, and what a page shows for them is not there."""
    folder = site / pyramid["path"]
    (folder / f"{what}.png").unlink()
    text = (folder / "unwritten.json").read_bytes()
    sign(site, pyramid, text, without=f"{what}.png")
    assert damage(site, capsys)
