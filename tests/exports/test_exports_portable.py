"""Nothing Unix-only is required: the same files on a Python without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from exports.exported import noise
from memtiles.cli import run
from test_portable import WITHOUT_UNIX


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("own.bmp", ["picture", "dump.bin"]),
        ("own.png", ["picture", "dump.bin"]),
        ("range.bmp", ["picture", "app.core", "--region", "made up"]),
        ("cut.tif", ["slice", "dump.bin", "--crop", "30x40+5+6"]),
        ("cut.bmp", ["slice", "app.core", "--region", "made up", "--bits", "8"]),
        ("flat.bin", ["extract", "app.core", "--range", "0x555555556000+0x4000"]),
    ],
)
def test_the_same_file(
    core: Path, name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(core.parent)
    Path("dump.bin").write_bytes(noise(70_001) + bytes(200_000) + noise(9))
    kind, dump, *more = arguments
    assert run([kind, dump, name, *more]) == 0
    again = [kind, dump, f"again-{name}", *more]
    child = [sys.executable, "-c", WITHOUT_UNIX, *again]
    done = subprocess.run(child, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(f"again-{name}").read_bytes() == Path(name).read_bytes()


def test_the_same_on_standard_output(core: Path) -> None:
    data = noise(70_001)
    child = [sys.executable, "-c", WITHOUT_UNIX, "picture", "-", "-"]
    done = subprocess.run(child, input=data, capture_output=True, check=True)
    assert done.stdout[54:] == data
