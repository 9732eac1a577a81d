"""Lenses in the plan of a build: what cannot be drawn is told, with its key, before anything is."""

from __future__ import annotations

from pathlib import Path

import pytest

from memtiles.cli import run
from own_lens_source import own_lens_source
from reliability.builds import write_inputs

REFUSED = {
    "number": (
        "lenses: [bytes, entropy:1000]",
        "pictures.lenses[1]: the lens entropy takes no number '1000'; it takes 64 to 4096",
    ),
    "number of a lens without": (
        "lenses: [class:8]",
        "pictures.lenses[0]: the lens class takes no number; write class",
    ),
    "no file": ("lenses: [none.py]", "pictures.lenses[0]: "),
    "name of another": (
        "lenses: [one.py, two.py]",
        "pictures.lenses[1]: there is another lens of the name same",
    ),
    "name of a built-in lens": ("lenses: [bytes, class.py]", "pictures.lenses[1]: "),
    "engine": (
        "lenses: [bytes, class]",
        "pictures.lenses[1]: engine vips draws only the lens bytes",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    lenses, words = REFUSED[name]
    config = write_inputs(tmp_path)
    for file, called in (("one", "same"), ("two", "same"), ("class", "class")):
        (tmp_path / f"{file}.py").write_text(own_lens_source(called))
    engine = "vips" if name == "engine" else "fast"
    config.write_text(f"dump: app.core\npictures: {{{lenses}}}\ntiles: {{engine: {engine}}}\n")
    for more in ([], ["--dry-run"]):
        assert run(["build", str(config), "--quiet", *more]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"memtiles: {words}")
    assert not (tmp_path / "site").exists()
