"""Files beside an output that would be harmed by it, or be taken for a part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from memtiles.cli import run
from sites import build_site


def test_a_site_is_not_cut_into_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--force would replace a BMP of the site by a cut of it, which `check` calls damage."""
    site = build_site(tmp_path)
    bmp = next(site.glob("pictures/*/region.bmp"))
    before = bmp.read_bytes()
    for out in (bmp, site / "new.bmp"):
        assert run(["slice", str(site), str(out), "--crop", "4x4+0+0", "--force"]) == 2
        assert "lies in the site" in capsys.readouterr().err
    assert bmp.read_bytes() == before
    assert not (site / "new.bmp").exists()
    assert run(["check", str(site), "--quiet"]) == 0


def test_parts_of_a_larger_picture_are_not_mixed_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """5 GiB make two parts; a third one is left of something larger."""
    memory = tmp_path / "memory.bin"
    with memory.open("wb") as file:
        file.truncate(5 << 30)
    stale = tmp_path / "out.0002.bmp"
    stale.write_bytes(b"BM")
    arguments = ["picture", str(memory), str(tmp_path / "out.bmp"), "--force"]
    assert run(arguments) == 2
    assert "out.0002.bmp: is left of a larger picture" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["memory.bin", "out.0002.bmp"]
    stale.unlink()
    assert run(arguments) == 0
    assert {path.name for path in tmp_path.glob("out*")} == {"out.0000.bmp", "out.0001.bmp"}
