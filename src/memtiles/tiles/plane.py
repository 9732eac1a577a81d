"""Planes: anything that yields rows of pixels, however large the whole is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from memtiles.crop import Crop
from memtiles.pictures.patch import Patch, Pixels, Uniform

# Pixels of this many bytes are asked for in one go, in at most this many rows.
_BYTES_AT_ONCE = 4 << 20
_ROWS_AT_ONCE = 64


def rows_at_once(row_bytes: int) -> int:
    """How many rows to ask a plane for in one go, so that wide ones take no more memory."""
    return max(1, min(_ROWS_AT_ONCE, _BYTES_AT_ONCE // row_bytes))


class Plane(Protocol):
    """A picture or an atlas, asked for one rectangle at a time.

    `bands` is 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA), 8 bits each.
    """

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def bands(self) -> int: ...

    def area(self, left: int, top: int, width: int, height: int) -> Pixels:
        """The pixels of a rectangle that lies in the plane, as an array (height, width, bands)."""


class SparsePlane(Plane, Protocol):
    """A plane that knows where it has nothing, so that what is empty costs nothing."""

    def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
        """What is drawn in a rectangle, as patches that do not overlap, counted from its corner.

        Where no patch lies all is transparent.
        """

    def uniform(self, left: int, top: int, width: int, height: int) -> Uniform | None:
        """What a rectangle is known to be without reading it; None where it has to be read."""


@dataclass(frozen=True)
class CroppedPlane:
    """What a crop leaves of a plane.

    Raises:
        LayoutError: The crop leaves the plane.
    """

    plane: Plane
    crop: Crop

    def __post_init__(self) -> None:
        self.crop.check(self.plane.width, self.plane.height)

    @property
    def width(self) -> int:
        return self.crop.width

    @property
    def height(self) -> int:
        return self.crop.height

    @property
    def bands(self) -> int:
        return self.plane.bands

    def area(self, left: int, top: int, width: int, height: int) -> Pixels:
        return self.plane.area(self.crop.x + left, self.crop.y + top, width, height)
