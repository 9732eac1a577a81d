"""A pyramid that takes over what has not changed is the one that would have been drawn anew."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from memtiles.errors import DamageError
from memtiles.pictures.patch import Patch
from memtiles.pictures.placement import Rect
from memtiles.tiles.earlier import Earlier
from memtiles.tiles.grid import Grid
from memtiles.tiles.pyramid import save_pyramid
from tiles.planes import ArrayPlane, Pixels, noise

TILE = 256
WIDTH, HEIGHT = 2300, 1900


def plane_with_everything() -> Pixels:
    """Noise with holes, and large pieces that are blank, zero, or whole."""
    pixels = noise(WIDTH, HEIGHT, 2)
    pixels[:700, :800] = 0
    pixels[1024:, 1024:, 0] = 0
    pixels[1024:, 1024:, 1] = 255
    pixels[300:1024, 1200:, 1] = 255
    return pixels


def content(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def save(pixels: Pixels, folder: Path, earlier: Earlier | None = None) -> dict[str, bytes]:
    folder.mkdir()
    save_pyramid(ArrayPlane(pixels), folder, TILE, 2, earlier=earlier)
    return content(folder)


GRID = Grid(WIDTH, HEIGHT, TILE)


@pytest.mark.parametrize("seed", range(12))
def test_random_changes(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    before = plane_with_everything()
    save(before, tmp_path / "before")
    after, changed = before.copy(), []
    for _ in range(chance.choice([0, 1, 1, 2, 5])):
        x, y = chance.randrange(WIDTH), chance.randrange(HEIGHT)
        width, height = (chance.choice([1, 64, 500, 1500]) for _ in "wh")
        rect = Rect(x, y, min(width, WIDTH - x), min(height, HEIGHT - y))
        place = after[y : y + rect.height, x : x + rect.width]
        match chance.randrange(3):
            case 0:
                place[:] = noise(rect.width, rect.height, 2, seed + 99)
            case 1:
                place[:] = 0
            case 2:
                place[:] = (0, 255)
        changed.append(rect)
    anew = save(after, tmp_path / "anew")
    earlier = Earlier(tmp_path / "before", GRID, changed)
    assert save(after, tmp_path / "after", earlier) == anew


def test_a_hole_that_has_faded_away_beside_a_byte_that_has(tmp_path: Path) -> None:
    """At the sixth level above it a hole of one pixel has gone, and so have 32 times 32 ones.

    The tile there is black and all there: with an alpha when it was drawn, and without one when it
    was made out of the files of the earlier pyramid, whose alpha had been left out before.
    """
    before = np.zeros((2048, 2048, 2), np.uint8)
    before[:, :, 1] = 255
    before[0, 0] = 0
    before[64:96, 64:96, 0] = 1
    after = before.copy()
    after[1500, 1500, 0] = 1
    folders = [tmp_path / name for name in ("before", "anew", "after")]
    for folder in folders:
        folder.mkdir()
    save_pyramid(ArrayPlane(before), folders[0], 32, 1)
    save_pyramid(ArrayPlane(after), folders[1], 32, 1)
    earlier = Earlier(folders[0], Grid(2048, 2048, 32), [Rect(1500, 1500, 1, 1)])
    save_pyramid(ArrayPlane(after), folders[2], 32, 1, earlier=earlier)
    assert content(folders[2]) == content(folders[1])
    with Image.open(folders[1] / "tiles_files/5/0_0.png") as image:
        assert (image.mode, image.getextrema()) == ("L", (0, 0))


def test_only_what_changed_is_drawn(tmp_path: Path) -> None:
    """One pixel: its own tile is read, and no other."""
    before = plane_with_everything()
    save(before, tmp_path / "before")
    after = before.copy()
    after[900, 1300] = (7, 255)
    asked: list[tuple[int, int, int, int]] = []

    class Watched(ArrayPlane):
        def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
            asked.append((left, top, width, height))
            return super().patches(left, top, width, height)

    earlier = Earlier(tmp_path / "before", GRID, [Rect(1300, 900, 1, 1)])
    (tmp_path / "after").mkdir()
    save_pyramid(Watched(after), tmp_path / "after", TILE, 2, earlier=earlier)
    assert asked == [(1280, 768, 256, 256)]
    tile = "tiles_files/12/3_2.png"
    assert (tmp_path / "before" / tile).samefile(tmp_path / "after" / tile)
    tile = "tiles_files/12/5_3.png"
    assert not (tmp_path / "before" / tile).samefile(tmp_path / "after" / tile)


def test_tiles_are_copied_where_links_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    before = plane_with_everything()
    anew = save(before, tmp_path / "before")
    monkeypatch.setattr("os.link", refuse)
    earlier = Earlier(tmp_path / "before", GRID, [Rect(0, 0, 1, 1)])
    assert save(before, tmp_path / "after", earlier) == anew


@pytest.mark.parametrize("file", ["tiles.sha256", "unwritten.json"])
def test_lists_that_are_gone_are_damage(tmp_path: Path, file: str) -> None:
    save(noise(300, 300, 1), tmp_path / "before")
    (tmp_path / "before" / file).unlink()
    with pytest.raises(DamageError, match=file.replace(".", r"\.")):
        Earlier(tmp_path / "before", Grid(300, 300, TILE), [])


def test_a_damaged_tile_is_damage(tmp_path: Path) -> None:
    """It is decoded because the tile above it is drawn anew, and from it."""
    before = plane_with_everything()
    save(before, tmp_path / "before")
    (tmp_path / "before/tiles_files/11/3_1.png").write_bytes(b"no picture")
    earlier = Earlier(tmp_path / "before", GRID, [Rect(1300, 900, 1, 1)])
    (tmp_path / "after").mkdir()
    with pytest.raises(DamageError, match=r"3_1\.png"):
        save_pyramid(ArrayPlane(before), tmp_path / "after", TILE, 2, earlier=earlier)


def test_progress_tells_only_what_is_drawn(tmp_path: Path) -> None:
    before = plane_with_everything()
    save(before, tmp_path / "before")
    steps: list[int] = []
    expected: list[int] = []
    earlier = Earlier(tmp_path / "before", GRID, [Rect(1300, 900, 1, 1)])
    folder, plane = tmp_path / "after", ArrayPlane(before)
    folder.mkdir()
    save_pyramid(plane, folder, TILE, 2, steps.append, expected.append, earlier=earlier)
    assert steps == expected == [TILE * TILE]
