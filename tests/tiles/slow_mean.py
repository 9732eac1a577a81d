"""The mean of four with holes, pixel by pixel by the rule in docs/manifest.md: knows no tiles."""

from __future__ import annotations

import numpy as np

from tiles.planes import Pixels


def with_alpha(pixels: Pixels) -> Pixels:
    """The same with alpha: opaque where there is none."""
    if pixels.shape[2] % 2 == 0:
        return pixels
    return np.concatenate([pixels, np.full_like(pixels[:, :, :1], 255)], axis=2)


def halved_slowly(pixels: list[list[tuple[int, int]]]) -> list[list[tuple[int, int]]]:
    """Grey and alpha, pixel by pixel by the rule in docs/manifest.md."""
    high, wide = len(pixels), len(pixels[0])
    rows = []
    for y in range(0, high, 2):
        row = []
        for x in range(0, wide, 2):
            four = [
                pixels[min(y + down, high - 1)][min(x + right, wide - 1)]
                for down in (0, 1)
                for right in (0, 1)
            ]
            present = sum(alpha for _, alpha in four)
            alpha = (present + 2) // 4
            mean = (sum(grey * alpha for grey, alpha in four) + present // 2) // max(present, 1)
            row.append((mean if alpha else 0, alpha))
        rows.append(row)
    return rows


def levels_slowly(pixels: Pixels) -> dict[int, Pixels]:
    """All levels of a plane of grey and alpha, by their numbers."""
    found = [pixels]
    rows = [[(int(grey), int(alpha)) for grey, alpha in row] for row in pixels]
    while len(rows) > 1 or len(rows[0]) > 1:
        rows = halved_slowly(rows)
        found.append(np.array(rows, np.uint8))
    return dict(enumerate(reversed(found)))
