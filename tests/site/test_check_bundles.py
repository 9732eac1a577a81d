"""`memtiles check` names the bundle, and the picture in it, that is not what the build wrote."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders.segments import core_of, tiny_segments
from memtiles.cli import run

# Of the segments: one as most are, the first with its end missing, and the last of all.
PLAIN, PARTLY, LAST = 100, 5, 4096
RASTER = 14 + 40 + 1024
ROW = 64


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of `tiny_segments`: one bundle, whose rows are 64 bytes."""
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "app.core").write_bytes(core_of(tiny_segments()))
    (folder / "config.yaml").write_text("dump: app.core\n")
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0
    return folder / "site"


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    """A copy of the site, to be damaged."""
    return Path(shutil.copytree(built, tmp_path / "site"))


def bundle_of(site: Path) -> Path:
    (found,) = site.glob("bundles/*")
    return found


def place(number: int) -> int:
    """Where in the raster a segment begins: those before it take whole rows."""
    sizes = [load.memsz or len(load.data) for load in tiny_segments()[:number]]
    return sum(-(-size // ROW) * ROW for size in sizes)


def damage(site: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What `check` says, without the count that comes last."""
    capsys.readouterr()
    assert run(["check", str(site), "--quiet"]) == 7
    lines = capsys.readouterr().err.splitlines()
    return [line.removeprefix("memtiles: ") for line in lines][:-1]


def flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 0x10
    file.write_bytes(content)


def change_manifest(site: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """As somebody would who knows that there is a twin."""
    content = json.loads((site / "manifest.json").read_bytes())
    change(content)
    text = json.dumps(content, separators=(",", ":"), sort_keys=True)
    (site / "manifest.json").write_text(text + "\n")
    (site / "manifest.js").write_text(f"memtilesManifest = {text};\n")


def test_a_sound_bundle_with_what_damage_needs(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bmp = bundle_of(built) / "bundle.bmp"
    raster = bmp.read_bytes()[RASTER:]
    for number in (PLAIN, PARTLY, LAST):
        data = tiny_segments()[number].data
        assert raster[place(number) : place(number) + len(data)] == data
    capsys.readouterr()
    assert run(["check", str(built)]) == 0
    out, err = capsys.readouterr()
    assert "sound" in out
    assert err == ""


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (RASTER + place(PLAIN), f"the bytes from {place(PLAIN):#x} of its raster on are changed"),
        (RASTER + place(PLAIN) + 69, f"the bytes from {place(PLAIN):#x} of"),
        (RASTER + place(PARTLY) + 69, f"the bytes from {place(PARTLY):#x} of"),
        (RASTER + place(LAST) + 325, f"the bytes from {place(LAST):#x} of"),
        (RASTER + place(PARTLY) + 70, "has bytes where the run list has holes"),
        (RASTER + place(PLAIN) + 70, "has bytes where the run list has holes"),
        (-1, "has bytes where the run list has holes"),
        (0, "its header is changed"),
        (RASTER - 1, "its header is changed"),
    ],
)
def test_a_flipped_bit_of_the_bmp(
    site: Path, capsys: pytest.CaptureFixture[str], at: int, why: str
) -> None:
    bmp = bundle_of(site) / "bundle.bmp"
    flip(bmp, at)
    (line,) = damage(site, capsys)
    assert line.startswith(f"{bmp.relative_to(site)}: ")
    assert why in line


def test_every_changed_picture_is_named(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two that changed places are both wrong, and nothing else is."""
    bmp = bundle_of(site) / "bundle.bmp"
    content = bytearray(bmp.read_bytes())
    one, other = (slice(RASTER + place(at), RASTER + place(at) + ROW) for at in (40, 2001))
    content[one], content[other] = content[other], content[one]
    bmp.write_bytes(content)
    name = bmp.relative_to(site)
    assert damage(site, capsys) == [
        f"{name}: the bytes from {place(at):#x} of its raster on are changed" for at in (40, 2001)
    ]


@pytest.mark.parametrize("size", [0, RASTER, -ROW, -1, 1, ROW])
def test_a_bmp_of_another_size(site: Path, capsys: pytest.CaptureFixture[str], size: int) -> None:
    bmp = bundle_of(site) / "bundle.bmp"
    content = bmp.read_bytes()
    bmp.write_bytes(content + bytes(size) if size in (1, ROW) else content[:size])
    (line,) = damage(site, capsys)
    assert line.startswith(f"{bmp.relative_to(site)}: has not {len(content):,} bytes")


@pytest.mark.parametrize("name", ["bundle.bmp", "runs.json", "runs.js"])
@pytest.mark.parametrize("harm", [Path.unlink, lambda file: flip(file, 30)], ids=["gone", "bit"])
def test_a_file_that_is_gone_or_changed(
    site: Path, capsys: pytest.CaptureFixture[str], name: str, harm: Callable[[Path], None]
) -> None:
    file = bundle_of(site) / name
    harm(file)
    (line,) = damage(site, capsys)
    assert line.startswith(f"{file.relative_to(site)}: ")


def test_a_folder_that_is_gone(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = bundle_of(site)
    shutil.rmtree(folder)
    lines = damage(site, capsys)
    assert lines
    assert all(line.startswith(f"{folder.relative_to(site)}/") for line in lines)


def test_a_run_list_that_is_made_to_fit(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One byte less is present, the manifest has the list's new digest, and all twins are right."""
    folder = bundle_of(site)
    text = (folder / "runs.json").read_bytes()
    # The first piece begins with the first segment, and ends in the first one that is cut.
    end = place(PARTLY) + 70
    assert f'"runs":[["0x0","{end:#x}"]'.encode() in text
    changed = text.replace(f'["0x0","{end:#x}"]'.encode(), f'["0x1","{end - 1:#x}"]'.encode())
    (folder / "runs.json").write_bytes(changed)
    path = f"bundles/{folder.name}"
    (folder / "runs.js").write_bytes(f'memtilesRuns("{path}", '.encode() + changed + b");\n")
    flip_to_zero(folder / "bundle.bmp", RASTER)

    def sign(manifest: dict[str, Any]) -> None:
        for row in manifest["pictures"]:
            if row["path"] == path:
                row["runs"]["sha256"] = hashlib.sha256(changed).hexdigest()

    change_manifest(site, sign)
    lines = damage(site, capsys)
    assert lines == [f"{path}/bundle.bmp: the bytes from 0x0 of its raster on are changed"]


def flip_to_zero(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] = 0
    file.write_bytes(content)


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.update(first=hex(int(row["first"], 16) + ROW)),
        lambda row: row["bmp"][0].update(offset=row["bmp"][0]["offset"] + ROW),
        lambda row: row["bmp"][0].update(size=row["bmp"][0]["size"] + ROW),
        lambda row: row["bmp"][0].update(file="other.bmp"),
        lambda row: row.update(size="0x47"),
        lambda row: row.update(size=hex(2**63)),
        lambda row: row.update(height=row["height"] + 1),
        lambda row: row.update(bits=32),
        lambda row: row.update(bmp=[]),
        lambda row: row.update(path="bundles/somewhere-else"),
    ],
    ids=["first", "offset", "size", "file", "smaller", "huge", "height", "bits", "none", "path"],
)
def test_a_row_that_does_not_fit_its_bundle(
    site: Path, capsys: pytest.CaptureFixture[str], change: Callable[[dict[str, Any]], None]
) -> None:
    change_manifest(site, lambda manifest: change(manifest["pictures"][PLAIN]))
    lines = damage(site, capsys)
    assert 1 <= len(lines) <= 3
    assert not any("a bug" in line for line in lines)


def test_a_row_that_is_left_out(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Then bytes lie in the bundle that belong to nothing."""

    def leave_out(manifest: dict[str, Any]) -> None:
        del manifest["pictures"][LAST]
        manifest["regions"][LAST].update(picture=None, sha256=None)
        manifest["atlases"][0]["placements"].pop()

    change_manifest(site, leave_out)
    assert damage(site, capsys)


@pytest.mark.parametrize("harm", ["runs.json", "all"])
def test_a_build_over_damage_tells_the_way_out(
    site: Path, built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], harm: str
) -> None:
    """It is told in one line where the build needs what is gone, and else made again."""
    config = str(built.parent / "config.yaml")
    words = ["build", config, "--output", str(site), "--quiet"]
    folder = bundle_of(site)
    if harm == "all":
        shutil.rmtree(folder)
        assert run(words) == 0
    else:
        (folder / harm).unlink()
        capsys.readouterr()
        assert run(words) == 7
        (line,) = capsys.readouterr().err.splitlines()
        assert "--rehash" in line
        assert run([*words, "--rehash"]) == 0
    assert run(["check", str(site), "--quiet"]) == 0
    assert (bundle_of(site) / "bundle.bmp").read_bytes() == (
        bundle_of(built) / "bundle.bmp"
    ).read_bytes()


def test_rehash_mends_a_changed_byte(site: Path, built: Path) -> None:
    flip(bundle_of(site) / "bundle.bmp", RASTER + place(PLAIN))
    words = ["build", str(built.parent / "config.yaml"), "--output", str(site), "--quiet"]
    assert run([*words, "--rehash"]) == 0
    assert run(["check", str(site), "--quiet"]) == 0
