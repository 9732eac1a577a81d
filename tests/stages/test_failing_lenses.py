"""A lens of the user's that fails is left out, as if the config had not named it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import memtiles
from memtiles.cli import run
from own_lens_source import own_lens_source
from reliability.builds import tree, write_inputs

FAILS = 'raise RuntimeError("no such thing")'
ATLASES = "atlases: [{name: first}, {name: second, layout: hilbert}]\n"


def config(folder: Path, lenses: str) -> Path:
    found = write_inputs(folder)
    with found.open("a") as file:
        file.write(f"pictures: {{lenses: [{lenses}]}}\n{ATLASES}")
    (folder / "failing.py").write_text(own_lens_source("failing", 4096, FAILS))
    (folder / "sound.py").write_text(own_lens_source("sound", 4096))
    return found


@pytest.mark.parametrize(
    ("named", "left"),
    [
        ("failing.py, class", "class"),
        ("bytes, failing.py, sound.py", "bytes, sound.py"),
        ("failing.py", "bytes"),
    ],
    ids=["first", "middle", "only"],
)
def test_the_map_is_that_of_the_other_lenses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], named: str, left: str
) -> None:
    """With one line on stderr and an exit code, also when all else is there already."""
    given, other = config(tmp_path / "given", named), config(tmp_path / "other", left)
    assert run(["build", str(other), "--quiet"]) == 0
    for _ in range(2):
        capsys.readouterr()
        assert run(["build", str(given), "--quiet"]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert re.search(r"failing.*RuntimeError: no such thing.*built without it", line)
        assert tree(given.parent / "site") == tree(other.parent / "site")
        assert run(["check", str(given.parent / "site"), "--quiet"]) == 0


def test_a_lens_that_fails_where_it_was_drawn_before(tmp_path: Path) -> None:
    """Its atlases go, as all that no manifest names."""
    given = config(tmp_path, "bytes, sound.py")
    assert run(["build", str(given), "--quiet"]) == 0
    (tmp_path / "sound.py").write_text(own_lens_source("sound", 4096, FAILS))
    assert run(["build", str(given), "--quiet"]) == 1
    manifest = json.loads((tmp_path / "site" / "manifest.json").read_bytes())
    assert [row["name"] for row in manifest["lenses"]] == ["bytes"]
    folders = {row["path"] for atlas in manifest["atlases"] for row in atlas["lenses"]}
    assert {f"atlases/{one.name}" for one in (tmp_path / "site" / "atlases").iterdir()} == folders


def test_python_hears_of_it_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    manifest = memtiles.build(config(tmp_path, "failing.py, class"))
    assert [row.name for row in manifest.lenses] == ["class"]
    assert any("no such thing" in record.getMessage() for record in caplog.records)
