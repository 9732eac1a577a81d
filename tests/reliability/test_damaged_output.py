"""An output folder that somebody damaged: told in one line with the way out, and mended by it."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.elf import Load, elf_core
from memtiles.cli import run
from sites import build_site


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A sound site, whose dump is untouched since."""
    return build_site(tmp_path)


def one(site: Path, pattern: str) -> Path:
    return sorted(site.glob(pattern))[0]


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


HARM: dict[str, Callable[[Path], object]] = {
    "no run list": lambda site: one(site, "pictures/*/runs.json").unlink(),
    "a run list that is none": lambda site: one(site, "pictures/*/runs.json").write_text("{}"),
    "no tile list": lambda site: one(site, "atlases/*/tiles.sha256").unlink(),
    "a cut BMP and no atlas": lambda site: (
        cut(one(site, "pictures/libmade*/region.bmp")),
        shutil.rmtree(one(site, "atlases/*")),
    ),
    "a manifest that is none": lambda site: (site / "manifest.json").write_text("[]"),
}


@pytest.mark.parametrize("harm", HARM)
def test_it_is_told_and_mended(site: Path, harm: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(site.parent / "config.yaml")
    HARM[harm](site)
    assert run(["build", config]) == 7
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "--rehash" in captured.err
    assert run(["build", config, "--quiet", "--rehash"]) == 0
    assert run(["check", str(site), "--quiet"]) == 0


def test_a_site_of_a_newer_version_is_left_alone_by_rehash_too(site: Path) -> None:
    manifest = json.loads((site / "manifest.json").read_text())
    (site / "manifest.json").write_text(json.dumps({**manifest, "version": 4}))
    before = sorted(site.rglob("*"))
    assert run(["build", str(site.parent / "config.yaml"), "--rehash"]) == 2
    assert sorted(site.rglob("*")) == before


@pytest.mark.parametrize(
    ("key", "value"),
    [("rows", 2**31), ("offset", 2**31), ("first_row", True), ("size", -1), ("rows", 2**63)],
)
def test_a_hostile_manifest_is_damage_and_no_bug(
    site: Path, key: str, value: int, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads((site / "manifest.json").read_text())
    manifest["pictures"][0]["bmp"][0][key] = value
    (site / "manifest.json").write_text(json.dumps(manifest))
    assert run(["check", str(site)]) == 7
    assert "a bug" not in capsys.readouterr().err


def test_a_picture_that_claims_two_to_the_63_bytes_is_damage(site: Path) -> None:
    manifest = json.loads((site / "manifest.json").read_text())
    manifest["pictures"][0]["size"] = hex(2**63)
    (site / "manifest.json").write_text(json.dumps(manifest))
    assert run(["check", str(site)]) == 7


def test_regions_with_the_same_bytes_share_a_picture(tmp_path: Path) -> None:
    loads = [Load(0x10000 * i, bytes(4096), flags=6) for i in range(1, 4)]
    (tmp_path / "app.core").write_bytes(elf_core(loads))
    (tmp_path / "config.yaml").write_text("dump: app.core\n")
    assert run(["build", str(tmp_path / "config.yaml"), "--quiet"]) == 0
    manifest = json.loads((tmp_path / "site" / "manifest.json").read_text())
    assert [row["picture"] for row in manifest["regions"]] == [0, 0, 0]
    assert len(list((tmp_path / "site" / "pictures").iterdir())) == 1
    assert len(manifest["atlases"][0]["placements"]) == 3


def test_a_user_without_a_home_can_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run under numbers that no passwd file knows, and without HOME."""

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    build_site(tmp_path)
    build_site(tmp_path)
