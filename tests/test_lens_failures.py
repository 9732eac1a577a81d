"""Lenses of users that fail in a real build: one line, a map without them, and an exit code.

And memory that is as small, as empty or as large as it gets.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lens_oracles import LensEyes
from memtiles.cli import run
from own_lens_source import VALUES, own_lens_source
from reliability.builds import Outcome, memtiles

EXAMPLE = Path(__file__).parents[1] / "configs" / "lens_example.py"
SIZE = 300_000

GOOD = own_lens_source(block=16)

# What is wrong, and the words that are told.
FAILING = {
    "raises": ("raise RuntimeError('too\\nmuch')", "values raised RuntimeError: too much"),
    "exits": ("raise SystemExit(0)", "values raised SystemExit: 0"),
    "shape": ("return data[:, :-1] | 1", "values gave the shape"),
    "dtype": ("return (data | 1).astype(int)", "values gave int64, not uint8"),
    "no array": ("return None", "values gave NoneType"),
    "missing": ("return data", "a byte that is present the value 0"),
    "sleeps": ("time.sleep(1.2); return data | 1", "seconds for one call; at most 1 is allowed"),
    "hangs": ("while True: pass", "values did not come back from a call within 5 seconds"),
    "writes": ("data[:] = 1; return data", "values raised ValueError"),
    "later": (
        "return data | 1 if b'M' * 40 not in data.tobytes() else None",
        "values gave NoneType, not a numpy array",
    ),
}

UNUSABLE = {
    "syntax": (GOOD.replace("block = 16", "block = ="), ":12: SyntaxError"),
    "no lens": ("x = 1", "defines no LENS"),
    "raises": ("raise ValueError('two\\nlines')", ":1: ValueError: two lines"),
    "built-in name": (GOOD.replace("'mine'", "'class'"), "class is the name of a built-in lens"),
    "property": (
        GOOD.replace("    block = 16", "    block = property(lambda self: 1 // 0)"),
        "ZeroDivisionError",
    ),
    "summary": (
        GOOD.replace('    summary = "All."', "    summary = property(lambda self: self.x['y'])"),
        "summary",
    ),
}


def build(folder: Path, lenses: str, code: str | None, size: int = SIZE) -> Outcome:
    if code is not None:
        (folder / "mine.py").write_text(code)
    data = np.random.default_rng(1).integers(0, 256, size).astype(np.uint8)
    data[65_536:131_072] = 0
    data[196_608:196_700] = 77
    (folder / "dump.bin").write_bytes(data.tobytes())
    (folder / "config.yaml").write_text(
        f"dump: {{path: dump.bin, format: raw}}\npictures: {{lenses: [{lenses}]}}\n"
        "atlases: [{name: landscape}, {name: curve, layout: hilbert}]\n"
    )
    return memtiles("build", folder / "config.yaml", "--quiet")


def check_site(folder: Path, lenses: list[str]) -> LensEyes:
    eyes = LensEyes(folder / "site")
    assert eyes.lens_names() == lenses
    for atlas in eyes.manifest["atlases"]:
        assert [one["lens"] for one in atlas["lenses"]] == list(range(len(lenses)))
    assert run(["check", str(folder / "site")]) == 0
    return eyes


@pytest.mark.parametrize("wrong", FAILING)
def test_the_map_is_built_without_a_lens_that_fails(tmp_path: Path, wrong: str) -> None:
    code, words = FAILING[wrong]
    done = build(tmp_path, "bytes, mine.py, class", GOOD.replace(VALUES, code))
    assert done.code == 1
    assert len(done.errors) == 1
    assert "lens mine: " in done.errors[0]
    assert words in done.errors[0]
    assert done.errors[0].endswith("the map was built without it")
    check_site(tmp_path, ["bytes", "class"])
    named = {
        one["path"]
        for row in LensEyes(tmp_path / "site").manifest["atlases"]
        for one in row["lenses"]
    }
    assert len(named) == 4


@pytest.mark.parametrize("wrong", ["raises", "later"])
def test_where_the_only_lens_fails_the_map_shows_bytes(tmp_path: Path, wrong: str) -> None:
    done = build(tmp_path, "mine.py", GOOD.replace(VALUES, FAILING[wrong][0]))
    assert (done.code, len(done.errors)) == (1, 1)
    check_site(tmp_path, ["bytes"])


def test_a_lens_that_fails_to_look_at_the_dump(tmp_path: Path) -> None:
    """`for_dump` and `key` are the lens's own code, too."""
    for more, words in (
        ("    def for_dump(self, around): raise RuntimeError('no')\n", "for_dump raised"),
        ("    key = property(lambda self: 1 // 0)\n", "key raised ZeroDivisionError"),
    ):
        done = build(tmp_path, "class, mine.py", GOOD.replace("LENS =", more + "\nLENS ="))
        assert (done.code, len(done.errors)) == (1, 1), done.errors
        assert "lens mine: " in done.errors[0]
        assert words in done.errors[0]
        check_site(tmp_path, ["class"])
        shutil.rmtree(tmp_path / "site")


@pytest.mark.parametrize("wrong", UNUSABLE)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, wrong: str) -> None:
    code, words = UNUSABLE[wrong]
    done = build(tmp_path, "bytes, mine.py", code)
    assert done.code == 2, done.errors
    assert len(done.errors) == 1
    assert "mine.py" in done.errors[0]
    assert words in done.errors[0]
    assert not (tmp_path / "site").exists()


def test_a_file_that_there_is_not(tmp_path: Path) -> None:
    done = build(tmp_path, "bytes, mine.py", None)
    assert (done.code, len(done.errors)) == (2, 1)
    assert "mine.py: No such file or directory" in done.errors[0]


def test_a_mended_lens_is_drawn(tmp_path: Path) -> None:
    assert build(tmp_path, "bytes, mine.py", GOOD.replace(VALUES, "return None")).code == 1
    assert build(tmp_path, "bytes, mine.py", GOOD).code == 0
    eyes = check_site(tmp_path, ["bytes", "mine"])
    seen = eyes.manifest["atlases"][0]["lenses"][1]
    values = eyes.full(seen)[:, :, 4]
    data = np.fromfile(tmp_path / "dump.bin", np.uint8)
    shown = values[: -(-SIZE // 1024), :1024].reshape(-1)
    assert np.array_equal(shown[:SIZE], np.maximum(data, 1))


def test_the_example_of_a_lens_in_a_build(tmp_path: Path) -> None:
    """Its four values, counted from the bytes."""
    (tmp_path / "example.py").write_bytes(EXAMPLE.read_bytes())
    done = build(tmp_path, "example.py", None)
    assert (done.code, done.errors) == (0, [])
    eyes = check_site(tmp_path, ["repeated"])
    atlas = next(one for one in eyes.manifest["atlases"] if one["name"] == "curve")
    found = eyes.full(atlas["lenses"][0])[:, :, 4]
    data = (tmp_path / "dump.bin").read_bytes()
    alike = [
        at for at in range(0, SIZE - SIZE % 16, 16) if data[at : at + 16] == data[at : at + 1] * 16
    ]
    assert np.count_nonzero(found == 1) in range(16 * len(alike), 16 * len(alike) + 17)
    assert set(np.unique(found).tolist()) == {0, 1, 2}


ALL = 'class, entropy, pointers, words, words-big, "gradient:2048", bytes'


@pytest.mark.parametrize("size", [1, 2, 7, 4095, 4097])
def test_very_little_memory(tmp_path: Path, size: int) -> None:
    (tmp_path / "dump.bin").write_bytes(b"\x07" * size)
    (tmp_path / "config.yaml").write_text(
        f"dump: {{path: dump.bin, format: raw}}\npictures: {{bits: 32, lenses: [{ALL}]}}\n"
        "atlases: [{name: r}, {name: h, layout: hilbert}, {name: p, layout: pages}]\n"
    )
    assert run(["build", str(tmp_path / "config.yaml"), "--quiet"]) == 0
    assert run(["check", str(tmp_path / "site")]) == 0
    eyes = LensEyes(tmp_path / "site")
    for atlas in eyes.manifest["atlases"]:
        for one in atlas["lenses"]:
            # A pixel shows four bytes; the last one is transparent where it lacks some of them.
            assert np.count_nonzero(eyes.full(one)[:, :, 3]) == size // 4


@pytest.mark.parametrize("size", [1 << 20, (1 << 32) + 1])
def test_nothing_but_holes_of_a_file(tmp_path: Path, size: int) -> None:
    """Zeros that no disk holds: hardly a tile, though that curve is 2**34 pixels long."""
    with (tmp_path / "dump.bin").open("wb") as file:
        file.truncate(size)
    (tmp_path / "config.yaml").write_text(
        "dump: {path: dump.bin, format: raw}\npictures: {lenses: [class, entropy, pointers]}\n"
        "atlases: [{name: h, layout: hilbert}, {name: p, layout: pages}]\n"
    )
    assert run(["build", str(tmp_path / "config.yaml"), "--quiet"]) == 0
    eyes = LensEyes(tmp_path / "site")
    for atlas in eyes.manifest["atlases"]:
        for one in atlas["lenses"]:
            assert one["pyramid"]["tiles"] < 300
