"""Lenses by name: those in the folder, those with a number, and those of other packages."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import memtiles.pictures.lenses
from memtiles.errors import UsageError
from memtiles.pictures.lens import ColourLens, ValueLens
from memtiles.pictures.lenses import colour_lens, lens, lens_names, lenses
from memtiles.pictures.zoom import Foremost, Highest, Mean
from own_lens_source import own_lens_source

FOLDER = Path(memtiles.pictures.lenses.__file__).parent
GUIDE = Path(__file__).parents[3] / "docs" / "lenses.md"


def test_every_file_is_a_lens_of_its_name() -> None:
    files = {file.stem for file in FOLDER.glob("*.py")} - {"__init__"}
    assert len(lens_names()) == len(files)
    for name, made in lenses().items():
        assert made is lens(name)
        assert made.name == name
        assert re.fullmatch("[a-z0-9-]+", name)
        assert made.version >= 1
        assert made.summary.endswith(".")


@pytest.mark.parametrize("name", lens_names())
def test_value_lenses_say_what_the_contract_asks_for(name: str) -> None:
    made = lens(name)
    if name == "bytes":
        assert isinstance(made, ColourLens)
        assert not isinstance(made, ValueLens)
        return
    assert isinstance(made, ValueLens)
    assert made.block in [2**power for power in range(13)]
    assert made.palette.shape == (256, 3)
    assert made.palette.dtype == np.uint8
    if isinstance(made.zoom, Foremost):
        values = [*made.zoom.order, *made.zoom.filling]
        assert len(set(values)) == len(values) <= 8
        assert set(values) <= set(range(1, 16))


@pytest.mark.parametrize("name", lens_names())
def test_every_lens_is_explained(name: str) -> None:
    section = re.search(rf"^## {name}\n(.+?)^## ", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert section, f"docs/lenses.md has no section {name}"
    rule = {Mean: "mean", Highest: "highest", Foremost: "foremost"}[type(lens(name).zoom)]
    assert f"Zoom: {rule}" in section[1]
    assert "Block: " in section[1]
    assert "egend" in section[1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("entrpy", "no lens 'entrpy'; did you mean entropy? there are: "),
        ("Class", "did you mean class?"),
        ("clas:7", "did you mean class?"),
        ("", "no lens ''; there are: "),
        ("class_", "did you mean class?"),
        ("__init__", "no lens '__init__'; there are: "),
        ("../class_", "no lens '../class_'"),
        ("x" * 100_000, "no lens 'xxx"),
        ("bytes:3", "the lens bytes takes no number; write bytes"),
        ("class:", "the lens class takes no number; write class"),
        *(
            (f"entropy:{bad}", "it takes 64 to 4096 bytes, a power of two")
            for bad in ("32", "100", "8192", "0", "-64", "64.0", "", "²", "9" * 5000, "+64")
        ),
        *(
            (f"gradient:{bad}", "it takes 1 to 2048 bytes")
            for bad in ("0", "2049", "-1", "1e3", "x", "1:2")
        ),
    ],
)
def test_a_name_that_is_none_is_told_in_one_line(name: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        lens(name)
    text = str(caught.value)
    assert words in text
    assert "\n" not in text
    assert len(text) < 300
    if "no lens" in words:
        assert all(name in text for name in lens_names())


def test_names_with_numbers() -> None:
    assert [lens(name).name for name in ("entropy:1024", "gradient:64", "gradient:0064")] == [
        "entropy:1024",
        "gradient:64",
        "gradient:64",
    ]
    assert lens("entropy:1024").legend != lens("entropy").legend


def test_pixels_are_not_drawn_by_a_lens_of_values() -> None:
    assert colour_lens("bytes") is lens("bytes")
    with pytest.raises(UsageError, match="entropy gives values"):
        colour_lens("entropy")


def test_a_built_in_lens_is_found_without_a_look_at_what_is_installed() -> None:
    program = (
        "import sys; from memtiles.pictures.lenses import lens; lens('bytes')\n"
        "names = ['importlib.metadata', 'difflib', 'memtiles.pictures.lenses.entropy']\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def installed(folder: Path, point: str, name: str, version: str = "1.2") -> None:
    """A package with one lens, as pip leaves it in a folder."""
    (folder / "some_lenses.py").write_text(own_lens_source(name))
    info = folder / "some_lenses-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: some-lenses\nVersion: {version}\n"
    )
    (info / "entry_points.txt").write_text(f"[memtiles.lenses]\n{point} = some_lenses:LENS\n")


def asked(folder: Path, name: str, before: str = "") -> str:
    """What a new Python that has this folder on its path says of a lens."""
    program = (
        f"import sys; sys.path.insert(0, {str(folder)!r})\n{before}\n"
        "from memtiles.errors import UsageError\n"
        "from memtiles.pictures.lenses import lens\n"
        f"try: found = lens({name!r}); print(found.name, found.key)\n"
        "except UsageError as error: print(error)"
    )
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_an_installed_package_brings_a_lens(tmp_path: Path) -> None:
    installed(tmp_path, "paper", "paper")
    assert asked(tmp_path, "paper") == "paper some-lenses 1.2"
    assert "did you mean paper?" in asked(tmp_path, "papre")


def test_an_installed_package_replaces_no_built_in_lens(tmp_path: Path) -> None:
    installed(tmp_path, "words", "words")
    assert asked(tmp_path, "words") == "words"


def test_an_installed_lens_that_is_none(tmp_path: Path) -> None:
    installed(tmp_path, "paper", "plastic")
    assert asked(tmp_path, "paper") == (
        "the lens paper of some-lenses 1.2: it calls itself plastic"
    )
    (tmp_path / "some_lenses.py").write_text("1 / 0")
    assert asked(tmp_path, "paper") == (
        "the lens paper of some-lenses 1.2: ZeroDivisionError: division by zero"
    )
    (tmp_path / "some_lenses.py").write_text("raise SystemExit(3)")
    assert asked(tmp_path, "paper") == "the lens paper of some-lenses 1.2: SystemExit: 3"


def test_an_installed_lens_that_is_never_loaded(tmp_path: Path) -> None:
    installed(tmp_path, "paper", "paper")
    (tmp_path / "some_lenses.py").write_text("while True: pass")
    limit = "from memtiles.pictures import patience; patience.LONGEST_LOAD = 0.2"
    assert asked(tmp_path, "paper", limit) == (
        "the lens paper of some-lenses 1.2: does not come to an end within 0.2 seconds"
    )
