"""Large planes are drawn by processes where the system can fork: the same files as by one."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="not run: only Linux forks here")

# 11,000 × 4,500 pixels are more than what threads draw, and 18 squares.
PROGRAM = """
import json, os, sys
from hashlib import sha256
from pathlib import Path
import numpy as np
from memtiles.errors import DamageError
from memtiles.pictures.patch import Uniform
from memtiles.pictures.placement import Rect
from memtiles.pictures.zoom import Foremost
from memtiles.tiles.colours import MEAN_OF_COLOURS
from memtiles.tiles.earlier import Earlier
from memtiles.tiles.grid import Grid
from memtiles.tiles.pyramid import save_pyramid
from memtiles.tiles.shares import ForemostOfShares
from memtiles.tiles.values import HighestValue
from tiles.planes import ArrayPlane

HEIGHT, WIDTH = 4500, 11_000
random = np.random.default_rng(5)
PALETTE = np.arange(768, dtype=np.uint8).reshape(256, 3)

class Repeated(ArrayPlane):
    # Some rows again and again, for a process of hundreds of MiB is not forked.
    height = HEIGHT
    changed = False
    def area(self, left, top, width, height):
        rows = np.arange(top, top + height) % len(self.pixels)
        found = self.pixels[rows, left : left + width].copy()
        if self.bands == 2:
            found[max(0, 2100 - top) : max(0, 3000 - top), :, 0] = 0
            found[: max(0, 2100 - top), : max(0, 2100 - left)] = 0
        if self.changed:
            found[max(0, 600 - top) :, max(0, 2100 - left) :, 0] ^= 255
        return found
    def uniform(self, left, top, width, height):
        is_blank = self.bands == 2 and left + width <= 2100 and top + height <= 2100
        return Uniform.BLANK if is_blank else None
    def patches(self, left, top, width, height):
        with open(f"{os.getpid()}.drew", "w"):
            return super().patches(left, top, width, height)

class Changed(Repeated):
    changed = True

def grey():
    pixels = random.integers(0, 256, (300, WIDTH, 2), dtype=np.uint8)
    pixels[:, :, 1] = 255
    return Repeated(pixels)

def values():
    return Repeated(random.integers(0, 5, (300, WIDTH, 1), dtype=np.uint8))

def save(plane, name, jobs, **options):
    folder = Path(name)
    folder.mkdir()
    steps, expected = [], []
    save_pyramid(plane, folder, 512, jobs, steps.append, expected.append, **options)
    assert expected == [sum(steps)]
    files = (file for file in folder.rglob("*") if file.is_file())
    found = {file.relative_to(folder): sha256(file.read_bytes()).digest() for file in files}
    drew = [int(file.stem) for file in Path().glob("*.drew")]
    for file in Path().glob("*.drew"):
        file.unlink()
    return found, len(drew), os.getpid() in drew
"""


def run(folder: Path, program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + program],
        cwd=folder,
        # As the command does: else numpy has threads of its own, and nothing is forked.
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    ("plane", "reduction"),
    [
        ("grey()", "MEAN_OF_COLOURS"),
        ("values()", "HighestValue(PALETTE, 4)"),
        ("values()", "ForemostOfShares(PALETTE, 4, Foremost((1, 2), (3, 4)))"),
    ],
    ids=["mean", "highest", "foremost"],
)
def test_processes_leave_the_same_files(tmp_path: Path, plane: str, reduction: str) -> None:
    found = run(
        tmp_path,
        f"""
plane = {plane}
one, drew, here = save(plane, "one", 1, reduction={reduction})
assert (drew, here) == (1, True)
for jobs in (2, 3):
    many, drew, here = save(plane, str(jobs), jobs, reduction={reduction})
    assert not here and drew == jobs, (drew, here)
    assert many == one
print(len(one))
""",
    )
    assert int(found) > 180


def test_tiles_of_an_earlier_pyramid_are_taken_over(tmp_path: Path) -> None:
    """As far as they are kept, also those that are not written."""
    run(
        tmp_path,
        """
plane = grey()
save(plane, "before", 2)
grid = Grid(WIDTH, HEIGHT, 512)
after = Changed(plane.pixels)
changed = [Rect(2100, 600, WIDTH - 2100, HEIGHT - 600)]
anew = save(after, "anew", 2)[0]
again, _, here = save(after, "again", 2, earlier=Earlier(Path("before"), grid, changed))
assert not here
assert again == anew
tile = "tiles_files/14/6_0.png"
assert os.path.samefile("again/" + tile, "before/" + tile)
""",
    )


def test_damage_that_a_process_finds_is_told(tmp_path: Path) -> None:
    """Of an earlier tile, which is decoded where the one above it is drawn anew."""
    found = run(
        tmp_path,
        """
plane = grey()
save(plane, "before", 2)
Path("before/tiles_files/14/6_6.png").write_bytes(b"no picture")
changed = [
    Rect(0, 0, WIDTH, 3072),
    Rect(0, 3072, 3072, 512),
    Rect(3584, 3072, WIDTH - 3584, 512),
    Rect(0, 3584, WIDTH, HEIGHT - 3584),
]
earlier = Earlier(Path("before"), Grid(WIDTH, HEIGHT, 512), changed)
try:
    save(plane, "after", 2, earlier=earlier)
except DamageError as error:
    print(json.dumps(str(error)))
""",
    )
    assert "6_6.png" in json.loads(found)


def test_no_process_goes_on_where_the_first_one_fails(tmp_path: Path) -> None:
    """It cannot write a tile above those that the others draw: the disk is full."""
    found = run(
        tmp_path,
        """
from memtiles.tiles.tile_folder import TileFolder
write, first = TileFolder.write, os.getpid()
def refuse(self, *words):
    if os.getpid() == first:
        raise OSError(28, "No space left on device")
    write(self, *words)
TileFolder.write = refuse
try:
    save(grey(), "full", 2)
except OSError as error:
    print(error.errno, Path(f"/proc/self/task/{first}/children").read_text())
""",
    )
    assert found.split() == ["28"]


def test_a_build_in_a_terminal_is_drawn_by_processes_too(tmp_path: Path) -> None:
    """Where a bar is drawn meanwhile: by a thread, and nothing would be forked."""
    import pty

    (tmp_path / "memory.bin").write_bytes(random.Random(5).randbytes(1 << 20) * 64)
    (tmp_path / "config.yaml").write_text("dump: {path: memory.bin, format: raw}\n")
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "memtiles", "build", str(tmp_path / "config.yaml")]
    seen: set[str] = set()
    with subprocess.Popen([*words, "--jobs", "2"], stderr=theirs, stdout=theirs) as process:
        os.close(theirs)
        os.set_blocking(ours, False)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.poll() is None:
            with suppress(OSError):  # nothing to read, or the process has ended
                os.read(ours, 1 << 16)
            with suppress(OSError):
                seen.update(children.read_text().split())
            time.sleep(0.005)
    os.close(ours)
    assert process.returncode == 0
    assert len(seen) == 2
