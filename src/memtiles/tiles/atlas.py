"""Atlases: many pictures as one plane, composed from their BMPs rectangle by rectangle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memtiles.pictures.patch import Patch, Pixels, Uniform
from memtiles.pictures.placement import Rect
from memtiles.tiles.canvas import paint
from memtiles.tiles.plane import SparsePlane

# Bytes of one row of the widest plane that libvips tiles: it holds about two rows of tiles of every
# level, measured 208 MiB resident at this width, and 338 MiB at twice as much.
ROW_LIMIT = 65_536


@dataclass(frozen=True)
class Tenant:
    """A picture and its place in the atlas."""

    plane: SparsePlane
    rect: Rect


class AtlasPlane:
    """The whole atlas: transparent wherever no picture lies.

    Grey and alpha while all pictures are grey; red, green, blue and alpha as soon as one is not.
    """

    def __init__(self, width: int, height: int, tenants: Sequence[Tenant]) -> None:
        self.width = width
        self.height = height
        self.bands = 4 if any(tenant.plane.bands > 2 for tenant in tenants) else 2
        self._tenants = tenants
        rects = [tenant.rect for tenant in tenants]
        table = np.array([(r.x, r.y, r.x + r.width, r.y + r.height) for r in rects], np.int64)
        self._left, self._top, self._right, self._bottom = table.reshape(-1, 4).T.copy()

    def area(self, left: int, top: int, width: int, height: int) -> Pixels:
        found = np.zeros((height, width, self.bands), dtype=np.uint8)
        for x, y, pixels in self.patches(left, top, width, height):
            paint(found[y : y + pixels.shape[0], x : x + pixels.shape[1]], pixels)
        return found

    def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
        found = []
        area = Rect(left, top, width, height)
        for tenant in self._in(area):
            x, y, common = _common(area, tenant.rect)
            found += [
                Patch(x + patch.x, y + patch.y, patch.pixels)
                for patch in tenant.plane.patches(common.x, common.y, common.width, common.height)
            ]
        return found

    def uniform(self, left: int, top: int, width: int, height: int) -> Uniform | None:
        area = Rect(left, top, width, height)
        found = Uniform.BLANK
        for tenant in self._in(area):
            _, _, common = _common(area, tenant.rect)
            what = tenant.plane.uniform(common.x, common.y, common.width, common.height)
            if what is Uniform.ZERO and (common.width, common.height) == (width, height):
                found = what
            elif what is not Uniform.BLANK:
                return None
        return found

    def _in(self, area: Rect) -> list[Tenant]:
        inside = (self._left < area.x + area.width) & (self._right > area.x)
        inside &= (self._top < area.y + area.height) & (self._bottom > area.y)
        return [self._tenants[at] for at in np.flatnonzero(inside).tolist()]


def _common(area: Rect, place: Rect) -> tuple[int, int, Rect]:
    """Where in an area a place that touches it begins, and the pixels of it that lie there."""
    x1, x2 = max(area.x, place.x), min(area.x + area.width, place.x + place.width)
    y1, y2 = max(area.y, place.y), min(area.y + area.height, place.y + place.height)
    return x1 - area.x, y1 - area.y, Rect(x1 - place.x, y1 - place.y, x2 - x1, y2 - y1)
