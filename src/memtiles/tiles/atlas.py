"""Atlases: many pictures as one plane, composed a few rows at a time from their BMPs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memtiles.pictures.placement import Rect
from memtiles.tiles.plane import Plane

# Bytes of one row of the widest atlas. Tiling holds about two rows of tiles of every level:
# measured 208 MiB resident at this width, and 338 MiB at twice as much.
ROW_LIMIT = 65_536


@dataclass(frozen=True)
class Tenant:
    """A picture and its place in the atlas."""

    plane: Plane
    rect: Rect


class AtlasPlane:
    """The whole atlas: transparent wherever no picture lies.

    Grey and alpha while all pictures are grey; red, green, blue and alpha as soon as one is not.
    """

    def __init__(self, width: int, height: int, tenants: Sequence[Tenant]) -> None:
        self.width = width
        self.height = height
        self.bands = 4 if any(tenant.plane.bands > 2 for tenant in tenants) else 2
        self._tenants = sorted(tenants, key=lambda tenant: tenant.rect.y)
        self._tops = [tenant.rect.y for tenant in self._tenants]
        self._tallest = max((tenant.rect.height for tenant in tenants), default=0)

    def area(self, left: int, top: int, width: int, height: int) -> npt.NDArray[np.uint8]:
        found = np.zeros((height, width, self.bands), dtype=np.uint8)
        start = bisect_left(self._tops, top - self._tallest)
        end = bisect_left(self._tops, top + height)
        for tenant in self._tenants[start:end]:
            rect = tenant.rect
            x1, x2 = max(left, rect.x), min(left + width, rect.x + rect.width)
            y1, y2 = max(top, rect.y), min(top + height, rect.y + rect.height)
            if x1 < x2 and y1 < y2:
                place = found[y1 - top : y2 - top, x1 - left : x2 - left]
                _paint(place, tenant.plane.area(x1 - rect.x, y1 - rect.y, x2 - x1, y2 - y1))
        return found


def _paint(place: npt.NDArray[np.uint8], pixels: npt.NDArray[np.uint8]) -> None:
    """Copies pixels of 1 to 4 bands into a place of 2 (grey, alpha) or 4 (RGBA)."""
    bands = pixels.shape[2]
    colours = bands - (bands % 2 == 0)
    place[:, :, :-1] = pixels[:, :, :colours]
    place[:, :, -1] = pixels[:, :, -1] if bands % 2 == 0 else 255
