"""Memory does not grow with what is pictured: the largest resident size of real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from exports.exported import bmp_of, disk_bytes, sparse_file
from reliability.builds import command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measured as Linux counts")

GIB = 1 << 30
PAGE_FILE = 1_354_240_000

# A small process of its own, for a child inherits the size of the process that starts it.
MEASURE = """
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(json.dumps([code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10]))
"""


def resident(*arguments: str | Path) -> int:
    """Runs memtiles; gives the most bytes that it had in memory, in MiB."""
    child = [sys.executable, "-c", MEASURE, *command(*arguments)]
    done = subprocess.run(child, capture_output=True, text=True, check=True)
    code, size = json.loads(done.stdout)
    assert code == 0, done.stderr
    return int(size) >> 20


@pytest.mark.parametrize("kind", ["png", "tif", "bmp"])
def test_a_strip_of_a_page_file(tmp_path: Path, kind: str) -> None:
    page_file = sparse_file(tmp_path / "pagefile.sys", PAGE_FILE)
    out = tmp_path / f"strip.{kind}"
    assert resident("slice", page_file, out, "--crop", "100x18400+9150+0") < 200


@pytest.mark.parametrize("kind", ["png", "bmp"])
def test_the_picture_of_1_gib(tmp_path: Path, kind: str) -> None:
    memory = sparse_file(tmp_path / "memory.bin", GIB)
    out = tmp_path / f"out.{kind}"
    assert resident("picture", memory, out) < 200
    if kind == "bmp":
        assert bmp_of(out).width == 16_384
        assert disk_bytes(out) < 1 << 20


@pytest.mark.parametrize("command", ["picture", "extract"])
def test_a_range_of_1_gib(tmp_path: Path, command: str) -> None:
    memory = sparse_file(tmp_path / "memory.bin", GIB)
    raw = ["--format", "raw", "--range", "0x0+0x40000000"]
    assert resident(command, memory, tmp_path / "out.bmp", *raw) < 200


def test_what_comes_through_a_pipe_lies_on_disk(tmp_path: Path) -> None:
    memory = sparse_file(tmp_path / "memory.bin", GIB)
    child = [sys.executable, "-c", MEASURE, *command("picture", "-", tmp_path / "out.bmp")]
    with subprocess.Popen(["cat", memory], stdout=subprocess.PIPE) as cat:
        done = subprocess.run(child, stdin=cat.stdout, capture_output=True, text=True, check=True)
    code, size = json.loads(done.stdout)
    assert code == 0
    assert int(size) >> 20 < 200
    assert (tmp_path / "out.bmp").stat().st_size == GIB + 54


@pytest.mark.parametrize(
    ("kind", "width", "most"),
    [
        # libvips holds some hundred rows, however high the picture is: 760 of them, measured.
        ("png", 65_536, 400),
        ("tif", 65_536, 400),
        ("png", 163_840, 800),
        ("bmp", 65_536, 200),
        ("bmp", 4_000_000, 200),
    ],
)
def test_wide_pictures(tmp_path: Path, kind: str, width: int, most: int) -> None:
    """Of rows alone, and of a part of each row."""
    memory = sparse_file(tmp_path / "memory.bin", GIB // 2)
    look = ["--bits", "32", "--width", str(width)]
    assert resident("slice", memory, tmp_path / f"out.{kind}", *look) < most
    cut = ["--crop", "10x60+5+5"]
    out = tmp_path / f"cut.{kind}"
    assert resident("slice", memory, out, *look[:3], "2000000", *cut) < 200
