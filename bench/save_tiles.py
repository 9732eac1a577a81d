"""Only the pyramid of a region without holes, by the fast engine, out of its BMP of 8 bits.

save_tiles.py BMP SIZE OUT JOBS            all of it; SIZE is that of the region
save_tiles.py BMP SIZE OUT JOBS PART OF    one of so many parts, cut across, as if it were all
save_tiles.py BMP SIZE OUT JOBS --of N     N processes, each of which takes one such part
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memtiles.pictures.patch import Patch, Uniform
    from memtiles.pictures.picture import Picture

TILE_SIZE = 512


# As the command `memtiles` does, whose work this is: see cli/main.py.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main(bmp: str, size: str, out: str, jobs: str, *rest: str) -> int:
    if rest[:1] == ("--of",):
        return _side_by_side(bmp, size, out, jobs, rest[1])
    part, parts = map(int, rest) if rest else (0, 1)
    _save(Path(bmp), int(size), Path(out), int(jobs), part, parts)
    return 0


def _side_by_side(bmp: str, size: str, out: str, jobs: str, parts: str) -> int:
    """This process imports nothing of memtiles: what costs time is in its children."""
    words = [sys.executable, __file__, bmp, size]
    processes = [
        subprocess.Popen([*words, f"{out}-{part}", jobs, str(part), parts])
        for part in range(int(parts))
    ]
    return max(process.wait() for process in processes)


def _save(bmp: Path, size: int, out: Path, jobs: int, part: int, parts: int) -> None:
    # No manifest is read: its types take longer to import than all of this.
    from memtiles.memory.runs import Runs
    from memtiles.pictures.layout import geometry
    from memtiles.pictures.lenses import lens
    from memtiles.pictures.parts import bmp_parts
    from memtiles.pictures.picture import Picture
    from memtiles.pictures.raster import BmpRaster
    from memtiles.tiles.pyramid import save_pyramid

    shape = geometry("rows", 8, size)
    raster = BmpRaster(bmp.parent, shape, bmp_parts(shape, bmp.stem), Runs.of([(0, size)]))
    picture = Picture(shape, raster, lens("bytes"))
    rows = picture.height // parts
    out.mkdir()
    plane = _Rows(picture, part * rows, rows) if parts > 1 else picture
    save_pyramid(plane, out, TILE_SIZE, jobs)


class _Rows:
    """Some rows of a picture, a plane of their own."""

    def __init__(self, picture: Picture, first: int, height: int) -> None:
        self._picture = picture
        self._first = first
        self.width = picture.width
        self.height = height
        self.bands = picture.bands
        self.area = picture.area  # the fast engine asks for patches only

    def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
        return self._picture.patches(left, self._first + top, width, height)

    def uniform(self, left: int, top: int, width: int, height: int) -> Uniform | None:
        return self._picture.uniform(left, self._first + top, width, height)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
